//! The limits that both the rules and the sentences about them quote.

/// The fewest scores that make a dashboard.
pub const MIN_SCORES: usize = 30;

/// The largest share of a universe's ticker rows that may be refused: one in twenty.
pub(super) const REFUSED_ONE_IN: usize = 20;
