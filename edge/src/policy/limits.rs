//! The budget of calls that all isolates of one colo share. Exchanges count per address, and many
//! Workers share one: <https://bybit-exchange.github.io/docs/v5/rate-limit>.

/// The time between two calls of one colo, milliseconds. Even pacing keeps what all of it shares no
/// older than this and a little. A first call that failed may be followed sooner, once.
pub(super) const PACE_MS: u64 = 10_000;

/// The window in which a colo's calls are counted, milliseconds.
pub(super) const WINDOW_MS: u64 = 60_000;

/// The maximum number of calls per window. That is more than the pace needs, which leaves room for
/// isolates that begin a call at the same moment, and for one that has nothing to show and does not
/// wait for its turn.
pub(super) const MAX_CALLS: usize = 12;
