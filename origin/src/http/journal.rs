//! The id of each request: in its answer, and in the log beside what was answered.
//!
//! Invariant: at most a few lines a second at `info`, whatever clients do; how many were left out
//! stands on the next line.

use super::reply;
use crate::clock::Clock;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use shared::endpoints::SNAPSHOT;
use shared::headers::request_id::RequestId;
use shared::headers::{DATA_AS_OF, NO_STORE, REQUEST_ID};
use shared::units::UnixMs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::Level;
use uuid::Uuid;

/// The most lines about requests in a second. Every isolate of an edge asks once in three seconds,
/// and a flood of failures must not fill the disk.
const LINES_PER_SECOND: u32 = 10;

/// The log of requests, with its rate limit.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    clock: Clock,
    volume: Arc<Mutex<Volume>>,
}

impl Journal {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            volume: Arc::default(),
        }
    }

    /// Names a request by its client's id or a new one, and logs what an edge was answered and what
    /// failed; with `RUST_LOG=debug` everything.
    ///
    /// Only answers that no cache may store carry the id: a cache would pass one client's id to
    /// others.
    pub(super) fn note(
        &self,
        route: &str,
        request: &HeaderMap,
        response: &mut Response,
        took: Duration,
    ) {
        let is_kept_by_none = response
            .headers()
            .get(header::CACHE_CONTROL)
            .is_some_and(|value| value == NO_STORE);
        // The common case, an answer of cacheable data, costs neither an id nor a line.
        if !is_kept_by_none && !tracing::enabled!(Level::DEBUG) {
            return;
        }
        let claimed = only_line(request).and_then(|value| value.to_str().ok());
        let id = RequestId::take_or_make(claimed, || Uuid::new_v4().to_string());
        if is_kept_by_none {
            reply::insert(
                response.headers_mut(),
                [(REQUEST_ID, id.as_str())].into_iter(),
            );
        }
        let (request_id, status) = (id.as_str(), response.status().as_u16());
        let as_of_ms = response
            .headers()
            .get(DATA_AS_OF)
            .and_then(|value| value.to_str().ok());
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // An edge's request (the id leads from its log to this one) or a failure of ours.
        let is_news = route == SNAPSHOT || response.status().is_server_error();
        match is_news.then(|| self.admits()).flatten() {
            Some(left_out) => tracing::info!(
                request_id, route, status, as_of_ms, took_us, left_out, "answered"
            ),
            None => tracing::debug!(request_id, route, status, as_of_ms, took_us, "answered"),
        }
    }

    fn admits(&self) -> Option<u64> {
        self.volume
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .admits(self.clock.now())
    }
}

/// The id that a request claims; `None` for several, since it is unknown which one was meant.
fn only_line(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(REQUEST_ID).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// How many lines were written in this second, and how many were left out since the last line.
#[derive(Debug, Default)]
struct Volume {
    second: u64,
    written: u32,
    left_out: u64,
}

impl Volume {
    /// Whether another line may be written; if so, how many were left out before it.
    fn admits(&mut self, now: UnixMs) -> Option<u64> {
        if self.second != now.as_secs() {
            (self.second, self.written) = (now.as_secs(), 0);
        }
        if self.written >= LINES_PER_SECOND {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn a_flood_of_lines_is_cut_off_and_counted() {
        let mut volume = Volume::default();
        let of_a_second = |volume: &mut Volume, now: UnixMs| {
            (0..25)
                .filter_map(|_| volume.admits(now))
                .collect::<Vec<_>>()
        };
        assert_eq!(of_a_second(&mut volume, NOW), [0; 10]);
        let mut next = [0; 10];
        next[0] = 15;
        assert_eq!(of_a_second(&mut volume, NOW.plus_millis(1_000)), next);
    }
}
