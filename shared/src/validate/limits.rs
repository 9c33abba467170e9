//! The limits that both the rules ([`super::rules`]) and the texts of the rejections quote. They
//! stand in a module of their own because each of the two would otherwise import the other.

/// The fewest scores that a snapshot may have. Bybit lists several hundred contracts, so fewer than
/// thirty scores are a fragment.
pub const MIN_SCORES: usize = 30;

/// The largest share of the universe's ticker rows that may be refused: one in twenty.
pub(super) const REFUSED_ONE_IN: usize = 20;
