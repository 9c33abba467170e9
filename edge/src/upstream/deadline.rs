//! The deadline of one or more fetches, which ends them all.

use super::fetch_error::FetchError;
use crate::clock;
use shared::units::UnixMs;
use std::future::Future;
use web_sys::{AbortController, AbortSignal};

/// A deadline over everything that is fetched with it, bodies included. Dropping it aborts what is
/// still under way.
///
/// The runtime's own `AbortSignal.timeout` would keep the request alive until its time is over,
/// however early the answer.
#[derive(Debug)]
pub struct Deadline {
    until: UnixMs,
    abort: Option<AbortController>,
}

impl Deadline {
    /// A deadline so many milliseconds from now.
    #[must_use]
    pub fn after(millis: u64) -> Self {
        // No runtime is known to refuse a controller. Without one calls still end by the timer, and
        // only their connections stay open for longer.
        Self {
            until: clock::now().plus_millis(millis),
            abort: AbortController::new().ok(),
        }
    }

    /// What is left of it, milliseconds.
    #[must_use]
    pub fn left_ms(&self) -> u64 {
        self.until.millis_since(clock::now())
    }

    /// The signal that aborts what is fetched under this deadline.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.abort.as_ref().map(AbortController::signal)
    }

    /// Waits for `work` until the deadline.
    pub(super) async fn hold<T>(
        &self,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        clock::within(self.left_ms(), work)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}
