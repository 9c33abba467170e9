//! The one place where the clock is read and time is waited for. Everything else takes `now` as an
//! argument; `clippy.toml` bans the other clocks, which panic in a Worker.

use futures_util::future::{Either, select};
use shared::units::UnixMs;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// Now, by the runtime's clock. In production it only advances with I/O, so two reads without a
/// wait between them are equal:
/// <https://developers.cloudflare.com/workers/reference/security-model/>.
#[must_use]
pub fn now() -> UnixMs {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let millis = js_sys::Date::now();
    // A cast from a float saturates.
    UnixMs::from_millis(millis as u64)
}

/// Waits for `future` for `millis` at most; `None` when the time is over first.
///
/// The timer belongs to the request that waits. A request that only waits for another request's
/// work has no I/O of its own, and the runtime ends it as hung.
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
