//! How long something counts, whichever way the clock was set.

use shared::units::{HOUR_MS, UnixMs};

/// After this time without an observation, what was seen of a contract or of the market is no
/// baseline any more, ms.
pub const BASELINE_LIFE_MS: u64 = HOUR_MS;

/// Whether two moments are less than `span_ms` apart, in either order: a clock that was set back
/// must neither end a cooldown nor prolong it without end.
pub(super) fn within(one: UnixMs, other: UnixMs, span_ms: u64) -> bool {
    one.as_millis().abs_diff(other.as_millis()) < span_ms
}
