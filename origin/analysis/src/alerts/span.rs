//! How long something counts, whichever way a clock was set.

use shared::units::{HOUR_MS, UnixMs};

/// What was seen of a contract this long ago is no baseline any more, nor is what was seen of the
/// market.
pub const BASELINE_LIFE_MS: u64 = HOUR_MS;

/// Whether two moments lie less than `span_ms` apart, whichever is the later: a clock that was set
/// back must neither end a cooldown nor make it endless.
pub(super) fn within(one: UnixMs, other: UnixMs, span_ms: u64) -> bool {
    one.as_millis().abs_diff(other.as_millis()) < span_ms
}
