//! The only place that reads the clock.

use shared::units::UnixMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// The present moment; 1970 when the machine's clock is set before it, which the door then refuses as implausible.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
