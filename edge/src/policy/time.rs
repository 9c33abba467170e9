//! Intervals that end by themselves.
//!
//! The policy keeps moments and never flags, so nothing has to be reset: a mark whose time is over
//! counts for nothing.

use shared::units::UnixMs;

/// Whether `moment` was less than `ms` ago. A moment ahead of the clock was not: the clock was set
/// back, and no mark may outlive that.
pub(crate) fn is_within(moment: UnixMs, now: UnixMs, ms: u64) -> bool {
    moment <= now && now.millis_since(moment) < ms
}
