//! The origin's snapshot, which is complete: with analysis and the figures of the whole market.

use super::deadline::Deadline;
use super::fetch::{self, Introduction};
use super::fetch_error::FetchError;
use super::handover::{self, HandoverError};
use super::outcome::Refused;
use crate::clock;
use crate::config::Config;
use shared::endpoints;
use shared::headers::request_id::RequestId;
use shared::validate::ValidSnapshot;

/// A snapshot that is good enough to end the search.
#[derive(Debug)]
pub struct FromOrigin {
    /// The snapshot.
    pub snapshot: ValidSnapshot,
    /// What the origin says of its own store, in its `Cache-Status`.
    pub cache_status: Option<String>,
}

/// Calls the origin at `base` in the name of a request, for `millis` at most.
///
/// # Errors
/// [`Refused`] when its answer does not end the search.
pub async fn snapshot(
    config: &Config,
    base: &str,
    held: Option<&ValidSnapshot>,
    request_id: &RequestId,
    millis: u64,
) -> Result<FromOrigin, Refused<HandoverError>> {
    let url = format!("{base}{}", endpoints::SNAPSHOT);
    let deadline = Deadline::after(millis);
    let introduction = Introduction {
        request_id: Some(request_id),
        secret: config.origin_secret.as_ref(),
    };
    let answer = fetch::get(&url, introduction, &deadline);
    // Its headers have a deadline of their own: an origin that has begun to answer is waited for
    // longer than one that is silent.
    let headers = clock::within(config.deadlines.origin_headers_ms, answer).await;
    let answer = headers
        .unwrap_or(Err(FetchError::Timeout))
        .map_err(HandoverError::from)?;
    // Read before the body, which consumes the answer.
    let cache_status = answer.header(shared::headers::cache_status::NAME);
    let snapshot = handover::read(answer, held, &config.limits, |snapshot, _| snapshot).await?;
    Ok(FromOrigin {
        snapshot,
        cache_status,
    })
}
