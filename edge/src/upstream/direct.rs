//! The direct Worker, which owns the route to the exchanges: it runs near them, and keeps the
//! budgets and the cache of that route. This Worker runs near its clients and calls it through a
//! service binding, which costs no more than the round trip.
//!
//! Its answers name what failed behind it: a 503 in the body, a snapshot in `Proxy-Status`. Only
//! names and reason codes that are known here are taken over, for both are shown to clients.

use super::colo_name::is_colo_name;
use super::deadline::Deadline;
use super::fetch::{self, Answer};
use super::fetch_error::FetchError;
use super::handover::{self, HandoverError};
use super::materials::{Materials, Purpose};
use super::outcome::{AttemptFailure, Health, Refused};
use super::outlier_filter;
use super::reported::{self, SourceFailure};
use crate::bindings::Service;
use crate::config::Config;
use crate::policy::{Denied, Upstream};
use shared::assemble::with_sections_of;
use shared::endpoints;
use shared::exchange::secondary::Secondary;
use shared::headers::DIRECT_PLACE;
use shared::headers::request_id::RequestId;
use shared::judge::WildTable;
use shared::snapshot::Snapshot;
use shared::validate::ValidSnapshot;

/// Its name in outcomes, where the Worker itself failed.
pub const DIRECT_WORKER: &str = "direct-worker";

/// A binding ignores the host, but a URL needs one.
const BASE: &str = "https://direct.internal";

/// How much of a problem's body is read, bytes.
const MAX_PROBLEM_BYTES: usize = 8_192;

/// A snapshot that is good enough to end the search.
#[derive(Debug)]
pub struct FromDirect {
    /// The snapshot.
    pub snapshot: ValidSnapshot,
    /// The data centre of that Worker, by the platform's word or the exchange's.
    pub colo: Option<String>,
    /// The source that it is made from.
    pub source: &'static str,
    /// The sources that failed before that one, with their outcomes.
    pub failed_before: Vec<SourceFailure>,
}

/// Why a call to the direct Worker does not end the search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DirectError {
    /// It gave no good snapshot.
    #[error("{0}")]
    Handover(#[from] HandoverError),
    /// Its prices jumped against what is held here, so the outlier filter rejects them for now.
    #[error("{wild}")]
    Wild {
        /// The source of the prices.
        of: &'static str,
        /// How many.
        wild: WildTable,
        /// The sources that failed before that one, with their outcomes.
        failed: Vec<SourceFailure>,
    },
    /// It has nothing to show: these sources failed.
    #[error("it has nothing: {}", in_words(.0))]
    Nothing(Vec<SourceFailure>),
}

fn in_words(sources: &[SourceFailure]) -> String {
    sources
        .iter()
        .map(|(name, outcome)| format!("{name} {outcome}"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl DirectError {
    /// The failures as they are reported: one for each source that it names, or its own.
    #[must_use]
    pub fn to_failures(&self) -> Vec<(&'static str, AttemptFailure)> {
        match self {
            Self::Handover(error) => vec![(DIRECT_WORKER, error.to_failure())],
            Self::Wild {
                of,
                wild,
                failed: before,
            } => failures(before)
                .chain([(*of, failure(wild.label(), wild.to_string()))])
                .collect(),
            Self::Nothing(sources) => failures(sources).collect(),
        }
    }

    /// Whether the direct Worker itself works: it does when it names what failed behind it, or
    /// hands over data that is only old.
    #[must_use]
    pub fn works(&self) -> bool {
        match self {
            Self::Handover(error) => error.health() == Health::Works,
            // It did what it is for: the breaker must not keep us from its next answer.
            Self::Wild { .. } | Self::Nothing(_) => true,
        }
    }

    /// Whether no source failed: all budgets there are spent.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        // Only then is its 503 a matter of seconds, and Bybit not to be replaced.
        let of_budget = [Denied::IsolateBudget.label(), Denied::ColoBudget.label()];
        matches!(self, Self::Nothing(sources) if sources.iter().all(|(_, outcome)| of_budget.contains(&outcome.as_str())))
    }
}

/// The failures behind the direct Worker, as they are reported.
pub fn failures(sources: &[SourceFailure]) -> impl Iterator<Item = (&'static str, AttemptFailure)> {
    sources.iter().map(|(name, outcome)| {
        (
            *name,
            failure(outcome, format!("by the word of {DIRECT_WORKER}")),
        )
    })
}

fn failure(outcome: &str, message: String) -> AttemptFailure {
    AttemptFailure::without_answer(outcome.to_owned(), message)
}

/// Calls the direct Worker in the name of a request. Its snapshots are the same for every caller,
/// so the fallback reason is added here, and with it the sections that only the origin collects,
/// while what is held may still be shown.
///
/// # Errors
/// [`Refused`] when its answer does not end the search.
pub async fn snapshot(
    config: &Config,
    service: &Service,
    materials: Materials<'_>,
    request_id: Option<&RequestId>,
    deadline: &Deadline,
) -> Result<FromDirect, Refused<DirectError>> {
    let Materials {
        held,
        reason,
        purpose,
        ..
    } = materials;
    let url = format!("{BASE}{}", endpoints::SNAPSHOT);
    let answer = fetch::get_from(service, &url, request_id, deadline)
        .await
        .map_err(HandoverError::from);
    let answer = answer.map_err(DirectError::from)?;
    // A 503 of ours has a body that says which sources failed; any other status is its own failure.
    if answer.status() == 503 {
        return Err(why_nothing(answer).await.into());
    }
    // A snapshot of OKX says in its headers why it is not of Bybit.
    let failed = answer
        .header("proxy-status")
        .map(|members| reported::in_proxy_status(&members))
        .unwrap_or_default();
    let colo = colo(&answer);
    let add = |snapshot: Snapshot, now| {
        let snapshot = Snapshot {
            fallback_reason: Some(reason),
            ..snapshot
        };
        match held {
            Some(held) => with_sections_of(snapshot, held.get(), now),
            None => snapshot,
        }
    };
    let read = handover::read(answer, held, &config.limits, add).await;
    let snapshot = read.map_err(|Refused { error, candidate }| Refused {
        error: error.into(),
        candidate,
    })?;
    let source = Secondary::of(snapshot.get().tickers_source.venue)
        .map_or(Upstream::Bybit, Upstream::of)
        .name();
    // Its filter compares with what it holds; clients here saw what this isolate holds.
    if purpose == Purpose::Show
        && let Err(wild) = outlier_filter::examine_snapshot(held, &snapshot)
    {
        return Err(DirectError::Wild {
            of: source,
            wild,
            failed,
        }
        .into());
    }
    Ok(FromDirect {
        snapshot,
        colo,
        source,
        failed_before: failed,
    })
}

/// The data centre of the direct Worker. The platform's word counts before the exchange's, which
/// names the entry to its network that is nearest to that Worker.
fn colo(answer: &Answer<'_>) -> Option<String> {
    answer
        .header("cf-placement")
        .or_else(|| answer.header(DIRECT_PLACE))
        .filter(|colo| is_colo_name(colo))
}

/// The error that a 503 stands for: the sources behind it, or the status where it names none.
async fn why_nothing(answer: Answer<'_>) -> DirectError {
    let sources = reported::in_problem(&answer.beginning(MAX_PROBLEM_BYTES).await);
    if sources.is_empty() {
        HandoverError::from(FetchError::Status(503)).into()
    } else {
        DirectError::Nothing(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::BYBIT_DIRECT;

    #[test]
    fn what_failed_behind_it_is_reported_by_its_own_name() {
        let problem = br#"{"sources":[{"name":"bybit-direct","outcome":"forbidden_region","as_of_ms":null},
            {"name":"okx","outcome":"timeout"},{"name":"edge-last-good","outcome":"empty"},{"name":"<b>","outcome":"x"},
            {"name":"binance","outcome":"No Word"}]}"#;
        let found = reported::in_problem(problem);
        assert_eq!(
            found,
            [
                ("bybit-direct", "forbidden_region".to_owned()),
                ("okx", "timeout".to_owned())
            ]
        );
        let error = DirectError::Nothing(found);
        assert_eq!(
            error.to_string(),
            "it has nothing: bybit-direct forbidden_region, okx timeout"
        );
        let failures: Vec<_> = error
            .to_failures()
            .into_iter()
            .map(|(name, failed)| (name, failed.outcome))
            .collect();
        assert_eq!(failures[0], ("bybit-direct", "forbidden_region".to_owned()));
        assert_eq!((error.works(), error.is_over_budget()), (true, false));
    }

    #[test]
    fn a_turn_that_is_over_budget_there_is_over_budget_here() {
        let nothing = |outcomes: &[&str]| {
            DirectError::Nothing(
                outcomes
                    .iter()
                    .map(|outcome| (BYBIT_DIRECT, (*outcome).to_owned()))
                    .collect(),
            )
        };
        assert!(nothing(&["withheld_by_colo_budget", "withheld_by_budget"]).is_over_budget());
        assert!(!nothing(&["withheld_by_colo_budget", "timeout"]).is_over_budget());
        let silent = DirectError::from(HandoverError::from(FetchError::Timeout));
        assert_eq!((silent.works(), silent.is_over_budget()), (false, false));
    }
}
