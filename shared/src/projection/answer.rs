//! The answer of a snapshot to a query, or the reason why it has none.
//!
//! An absent section is answered with a reason and never with an empty list. The reason is read
//! from the snapshot as assembled, since a section that has expired since then only says that it is
//! too old.

use super::body::{body, json};
use super::{alerts, beta, confluence};
use crate::endpoints::{Absence, Endpoint, Question, SymbolEndpoint};
use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Lack, Section, Snapshot};
use crate::validate::ValidSnapshot;

/// The reason where no contract, or not this one, has a six-dimension score.
const NOT_ANALYSED: &str = "not_analysed";

/// The answer of a snapshot to a query: a body as JSON, or why it has none.
///
/// # Errors
/// None that can occur: the contract's types hold only finite numbers and string keys.
pub fn answer<'s>(
    valid: &'s ValidSnapshot,
    question: &Question<'_>,
    class: Freshness,
    limits: &Limits,
) -> Result<Result<Vec<u8>, Absence<'s>>, serde_json::Error> {
    let assembled = valid.get();
    let served = assembled.served_at(limits.end_of(class, assembled.as_of_ms));
    let snapshot = &*served;
    let body = match question {
        Question::Whole(endpoint) => match absence(valid, *endpoint, class, limits) {
            Some(reason) => return Ok(Err(Absence::NotAnalysed(reason))),
            None => body(valid, *endpoint, class, limits),
        },
        Question::OfSymbol { endpoint, symbol } => {
            match (confluence::Analysed::find(snapshot, symbol), endpoint) {
                (None, _) => return Ok(Err(without_analysis(snapshot, symbol))),
                (Some(analysed), SymbolEndpoint::Analysis) => {
                    json(&confluence::analysis(snapshot, analysed, class))
                }
                (Some(analysed), SymbolEndpoint::Breakdown) => {
                    json(&confluence::breakdown(snapshot, analysed, class))
                }
            }
        }
        Question::RecentAlerts { limit } => match snapshot.alerts.value() {
            None => return Ok(Err(absent(&assembled.alerts, &snapshot.alerts))),
            Some(_) => json(&alerts::alerts(snapshot, class, *limit)),
        },
        Question::BetaChart(timeframe) => match beta::chart(snapshot, *timeframe, class) {
            None => return Ok(Err(absent(&assembled.performance, &snapshot.performance))),
            Some(chart) => json(&chart),
        },
    };
    body.map(Ok)
}

/// Why a snapshot has no body for an endpoint, as a machine-readable word. An empty list would read
/// as a market in which nothing happened.
#[must_use]
pub fn absence<'s>(
    valid: &'s ValidSnapshot,
    endpoint: Endpoint,
    class: Freshness,
    limits: &Limits,
) -> Option<&'s str> {
    let snapshot = valid.get();
    // Only where a section decides: a snapshot of which one changed is copied.
    let served = || snapshot.served_at(limits.end_of(class, snapshot.as_of_ms));
    match endpoint {
        Endpoint::Signals | Endpoint::Opportunities => {
            // An edge's own snapshot has no analysis at all, which is not the same as no signal.
            (snapshot.analysed() == 0).then_some(NOT_ANALYSED)
        }
        Endpoint::PerpetualsPulse => snapshot.perps.is_unknown().then_some("perpetuals_unknown"),
        Endpoint::Alerts => reason(&snapshot.alerts, &served().alerts),
        Endpoint::Liquidations => reason(&snapshot.liquidations, &served().liquidations),
        Endpoint::Contracts => reason(&snapshot.contracts, &served().contracts),
        Endpoint::Books => reason(&snapshot.books, &served().books),
        Endpoint::Beta => reason(&snapshot.beta, &served().beta),
        _ => None,
    }
}

/// A contract without an analysis: unmonitored, or merely not analysed now. When nothing at all is
/// analysed, the monitored contracts are unknown, so every contract that trades counts as
/// monitored.
fn without_analysis<'s>(snapshot: &Snapshot, symbol: &str) -> Absence<'s> {
    let is_scored = snapshot.scores.iter().any(|row| row.symbol == symbol);
    if is_scored || (snapshot.analysed() == 0 && snapshot.universe.contracts.contains_key(symbol)) {
        Absence::NotAnalysed(NOT_ANALYSED)
    } else {
        Absence::NotMonitored
    }
}

/// Also for a section that is present but has nothing for the query, such as a chart of this
/// length.
fn absent<'s, T>(assembled: &'s Section<T>, served: &Section<T>) -> Absence<'s> {
    Absence::NotAnalysed(reason(assembled, served).unwrap_or("absent"))
}

/// Why a section is not served: the reason of its absence at assembly, or that it has become too
/// old since. `None` when it is served.
fn reason<'s, T>(assembled: &'s Section<T>, served: &Section<T>) -> Option<&'s str> {
    served.reason()?;
    Some(assembled.reason().unwrap_or(Lack::TooOld.label()))
}
