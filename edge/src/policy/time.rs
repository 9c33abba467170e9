//! Intervals that end by themselves.
//!
//! The policy keeps moments and never flags, so nothing has to be reset: a mark whose time is over
//! counts for nothing.

use shared::units::UnixMs;

/// Whether `moment` is less than `ms` past. One that lies ahead of the clock is not: the clock was
/// set back.
pub(crate) fn is_within(moment: UnixMs, now: UnixMs, ms: u64) -> bool {
    moment <= now && now.millis_since(moment) < ms
}
