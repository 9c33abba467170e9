//! One GET to an exchange: the body, or why there is none.

use super::colo_name::is_colo_name;
use super::exchange_error::AnswerError;
use super::fetch::{self, Deadline, Introduction};
use super::refusal::{self, FORBIDDEN};
use crate::metrics::{self, Event};
use crate::policy::Refusal;
use crate::{clock, memory};
use shared::headers::MARKET_DATA;
use shared::provenance::{Source, Venue};
use shared::units::UnixMs;
use std::collections::BTreeSet;

/// The largest ticker table that is read, bytes: many times today's largest.
pub(super) const MAX_TICKERS_BYTES: usize = 4_000_000;

/// The largest list of contracts, or page of one.
pub(super) const MAX_LIST_BYTES: usize = 6_000_000;

/// Where a call arrived, by the word of the network in front of Bybit.
const ARRIVED_AT: &str = "x-amz-cf-pop";

/// How much of that body is read.
const REASON_BYTES: usize = 4_096;

/// A body, who published it, and when its last byte came.
#[derive(Clone, Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Who published them, by the host's own word.
    pub source: Source,
    /// When they were there.
    pub received_at: UnixMs,
}

/// Asks one question of an exchange.
///
/// # Errors
/// [`AnswerError::Fetch`] or [`AnswerError::SentAway`].
pub async fn get(
    venue: Venue,
    base: &str,
    path: &str,
    deadline: &Deadline,
    limit: usize,
) -> Result<Body, AnswerError> {
    let answer = fetch::get(&format!("{base}{path}"), Introduction::default(), deadline).await?;
    let status = answer.status();
    if refusal::of_status(venue, status, b"", None).is_some() {
        let retry_after_secs = answer
            .header("retry-after")
            .and_then(|secs| secs.trim().parse().ok());
        let body = if status == FORBIDDEN {
            answer.beginning(REASON_BYTES).await
        } else {
            answer.discard();
            Vec::new()
        };
        let refusal = refusal::of_status(venue, status, &body, retry_after_secs)
            .unwrap_or(Refusal::Unexplained);
        return Err(AnswerError::SentAway { refusal, status });
    }
    if let Err(error) = answer.expect_json() {
        answer.discard();
        return Err(error.into());
    }
    if let Some(colo) = answer.header(ARRIVED_AT).filter(|colo| is_colo_name(colo)) {
        memory::keep_arrival(&colo);
    }
    let source = Source::declared(venue, answer.header(MARKET_DATA).as_deref());
    let bytes = answer.body(limit).await?;
    Ok(Body {
        bytes,
        source,
        received_at: clock::now(),
    })
}

/// Tells what a list of contracts holds that no rule knows and that is left out of it, so that a
/// new kind of contract is not missed for ever.
pub fn tell_unknown_kinds(venue: Venue, kinds: &BTreeSet<String>) {
    if !kinds.is_empty() {
        metrics::event(Event::UnknownKindListed);
        let line = serde_json::json!({"event": Event::UnknownKindListed.name(), "venue": venue.name(), "kinds": kinds});
        worker::console_warn!("{line}");
    }
}
