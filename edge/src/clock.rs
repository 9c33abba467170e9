//! The one place where the clock is read and time is waited for.

use futures_util::future::{Either, select};
use shared::units::UnixMs;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// The moment, by the runtime's clock. In production it stands still between two waits for I/O.
#[must_use]
pub fn now() -> UnixMs {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let millis = js_sys::Date::now();
    // A float becomes the nearest integer of its range.
    UnixMs::from_millis(millis as u64)
}

/// Waits for `future`, but not longer than `millis`; nothing when the time is over first.
///
/// The timer belongs to the request that waits. Without one the runtime takes a request that waits
/// for another request's work for hung, and ends it.
pub async fn within<F: Future>(millis: u64, future: F) -> Option<F::Output> {
    match select(
        pin!(future),
        pin!(Delay::from(Duration::from_millis(millis))),
    )
    .await
    {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
