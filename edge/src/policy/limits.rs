//! How often one colo may call an exchange.

/// The time between two calls of one colo: even, so that what all of it shares is never older than
/// this and a little. A first call that failed may be followed sooner, once.
pub(super) const PACE_MS: u64 = 10_000;

/// What is counted of a colo's calls: those of this time …
pub(super) const CALLS_WITHIN_MS: u64 = 60_000;

/// … and so many at most, which leaves room for isolates that begin a call at the same moment, and
/// for one that has nothing to show and does not wait for its turn.
pub(super) const MAX_CALLS: usize = 12;
