//! One snapshot → each endpoint's body, and each stored key's value.
//!
//! A body is a pure function of snapshot, class and limits: no clock, no cache state. So it is
//! byte-identical for every client, and a client that reads only JSON still sees how old it is.
//!
//! A body is kept for as long as its class is served. So its parts are shown in the class that they
//! have when that ends, and none is ever shown as younger than it is; one that is past its own
//! limit by then is absent.

mod alerts;
mod beta;
mod confluence;
mod dashboard;
mod head;
mod market;
mod mobile;
mod perpetuals;
mod rows;
mod stored;
#[cfg(feature = "typescript")]
pub mod typescript;

use crate::endpoints::{Endpoint, Question, SymbolEndpoint};
use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Lack, Section, Snapshot};
use crate::validate::ValidSnapshot;
use serde::Serialize;

pub use stored::{StoredEntry, stored};

/// The reason where no contract, or not this one, has a six-dimension score.
const NOT_ANALYSED: &str = "not_analysed";

/// Why a snapshot has no answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence<'s> {
    /// The contract is not among those that are scored.
    NotMonitored,
    /// The analysis that the answer rests on is not there, for this machine-readable reason. An
    /// empty list would be taken for a market in which nothing is to be told.
    NotAnalysed(&'s str),
}

/// What a snapshot says to a question: a body as JSON, or why it has none.
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

/// The body of one endpoint, as JSON.
///
/// # Errors
/// None that can occur, as for [`answer`].
pub fn body(
    valid: &ValidSnapshot,
    endpoint: Endpoint,
    class: Freshness,
    limits: &Limits,
) -> Result<Vec<u8>, serde_json::Error> {
    let until = limits.end_of(class, valid.get().as_of_ms);
    let served = valid.get().served_at(until);
    let snapshot = &*served;
    match endpoint {
        Endpoint::MobileData => json(&mobile::mobile_data(snapshot, class, until)),
        Endpoint::DashboardMobileData => {
            json(&mobile::dashboard_mobile_data(snapshot, class, until))
        }
        Endpoint::Symbols => json(&dashboard::symbols(snapshot, class)),
        Endpoint::Overview => json(&dashboard::overview(snapshot, class)),
        Endpoint::MarketOverview => json(&dashboard::market_overview(snapshot, class)),
        Endpoint::MarketMovers => json(&dashboard::market_movers(snapshot, class)),
        Endpoint::TopSymbols => json(&dashboard::top_symbols(snapshot, class)),
        Endpoint::Signals => json(&confluence::signals(snapshot, class)),
        Endpoint::Opportunities => json(&confluence::opportunities(snapshot, class)),
        Endpoint::Alerts => json(&alerts::alerts(snapshot, class, usize::MAX)),
        Endpoint::PerpetualsPulse => json(&perpetuals::pulse(snapshot, class)),
        Endpoint::Beta => json(&beta::beta(snapshot, class)),
        Endpoint::Snapshot => valid.to_json(),
    }
}

/// Why a snapshot has nothing to say at an endpoint, as a machine-readable word: an empty list
/// would be taken for a market in which nothing is to be told.
#[must_use]
pub fn absence<'s>(
    valid: &'s ValidSnapshot,
    endpoint: Endpoint,
    class: Freshness,
    limits: &Limits,
) -> Option<&'s str> {
    let snapshot = valid.get();
    let served = snapshot.served_at(limits.end_of(class, snapshot.as_of_ms));
    match endpoint {
        Endpoint::Signals | Endpoint::Opportunities => {
            (snapshot.analysed() == 0).then_some(NOT_ANALYSED)
        }
        Endpoint::PerpetualsPulse => snapshot.perps.is_unknown().then_some("perpetuals_unknown"),
        Endpoint::Alerts => reason(&snapshot.alerts, &served.alerts),
        Endpoint::Beta => reason(&snapshot.beta, &served.beta),
        _ => None,
    }
}

/// A contract without an analysis: unknown, or merely not analysed now. Where nothing at all is
/// analysed, which contracts would be is unknown too, so every contract that trades counts.
fn without_analysis<'s>(snapshot: &Snapshot, symbol: &str) -> Absence<'s> {
    let is_scored = snapshot.scores.iter().any(|row| row.symbol == symbol);
    if is_scored || (snapshot.analysed() == 0 && snapshot.universe.contracts.contains_key(symbol)) {
        Absence::NotAnalysed(NOT_ANALYSED)
    } else {
        Absence::NotMonitored
    }
}

/// Where a section is there but holds nothing for the question, such as a chart of this length.
fn absent<'s, T>(assembled: &'s Section<T>, served: &Section<T>) -> Absence<'s> {
    Absence::NotAnalysed(reason(assembled, served).unwrap_or("absent"))
}

/// Why a section is not served, when it is not: why it was absent from the beginning, or that it
/// became too old since.
fn reason<'s, T>(assembled: &'s Section<T>, served: &Section<T>) -> Option<&'s str> {
    served.reason()?;
    Some(assembled.reason().unwrap_or(Lack::TooOld.label()))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}
