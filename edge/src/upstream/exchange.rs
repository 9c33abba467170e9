//! One GET to an exchange: the body, or why there is none, and whether the exchange turned us away.

use super::colo_name::is_colo_name;
use super::deadline::Deadline;
use super::exchange_error::AnswerError;
use super::fetch::{self, Introduction};
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

/// The largest list of contracts, or page of one, bytes.
pub(super) const MAX_LIST_BYTES: usize = 6_000_000;

/// The header by which the network in front of Bybit says where a call arrived.
const ARRIVED_AT: &str = "x-amz-cf-pop";

/// How much of the body of a 403 is read for its reason, bytes.
const REASON_BYTES: usize = 4_096;

/// A body, its publisher, and when its last byte came.
#[derive(Clone, Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their publisher, by the host's own word: the simulator says that it is one.
    pub source: Source,
    /// When the last byte came, by the local clock.
    pub received_at: UnixMs,
    /// What its `Age` says, which names how long it lay in caches.
    pub age: Option<String>,
}

/// Gets one path of an exchange.
///
/// # Errors
/// [`AnswerError::Fetch`] or [`AnswerError::Refused`].
pub async fn get(
    venue: Venue,
    base: &str,
    path: &str,
    deadline: &Deadline,
    limit: usize,
) -> Result<Body, AnswerError> {
    let answer = fetch::get(&format!("{base}{path}"), Introduction::default(), deadline).await?;
    let status = answer.status();
    // Before the content type: a block page is HTML, and not a failure of the exchange.
    if refusal::of_status(venue, status, b"", None).is_some() {
        let retry_after_secs = answer
            .header("retry-after")
            .and_then(|secs| secs.trim().parse().ok());
        // The other statuses say all by themselves, so their bodies are not waited for.
        let body = if status == FORBIDDEN {
            answer.beginning(REASON_BYTES).await
        } else {
            answer.discard();
            Vec::new()
        };
        let refusal = refusal::of_status(venue, status, &body, retry_after_secs)
            // The status alone already stood for a refusal, so there is one with the body, too.
            .unwrap_or(Refusal::Unexplained);
        return Err(AnswerError::Refused { refusal, status });
    }
    if let Err(error) = answer.expect_json() {
        answer.discard();
        return Err(error.into());
    }
    // Before the body is read: where the call arrived is known even if the body breaks off.
    if let Some(colo) = answer.header(ARRIVED_AT).filter(|colo| is_colo_name(colo)) {
        memory::keep_arrival(&colo);
    }
    let source = Source::declared(venue, answer.header(MARKET_DATA).as_deref());
    let age = answer.header("age");
    let bytes = answer.body(limit).await?;
    Ok(Body {
        bytes,
        source,
        received_at: clock::now(),
        age,
    })
}

/// Reports kinds of contracts that no rule knows. They are left out of the list, and without a
/// warning a new kind would be missed for good.
pub fn report_unknown_kinds(venue: Venue, kinds: &BTreeSet<String>) {
    if !kinds.is_empty() {
        metrics::event(Event::UnknownKindListed);
        let line = serde_json::json!({"event": Event::UnknownKindListed.name(), "venue": venue.name(), "kinds": kinds});
        worker::console_warn!("{line}");
    }
}
