//! One snapshot → each endpoint's body, and each stored key's value.
//!
//! A body is a pure function of snapshot and class: no clock, no cache state. So it is byte-identical for every client,
//! and a client that reads only JSON still sees how old it is.

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

use crate::endpoints::{Endpoint, SymbolEndpoint};
use crate::freshness::Freshness;
use crate::snapshot::performance::ChartTimeframe;
use crate::validate::ValidSnapshot;
use serde::Serialize;

pub use stored::{StoredEntry, stored};

/// The body of one endpoint, as JSON.
///
/// # Errors
/// None that can occur: the contract's types hold only finite numbers and string keys.
pub fn body(valid: &ValidSnapshot, endpoint: Endpoint, class: Freshness) -> Result<Vec<u8>, serde_json::Error> {
    let snapshot = valid.get();
    match endpoint {
        Endpoint::MobileData => json(&mobile::mobile_data(snapshot, class)),
        Endpoint::DashboardMobileData => json(&mobile::dashboard_mobile_data(snapshot, class)),
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

/// Why a snapshot has nothing to say at an endpoint, as a machine-readable word: an empty list would be taken for a market
/// in which nothing is to be told.
#[must_use]
pub fn absence(valid: &ValidSnapshot, endpoint: Endpoint) -> Option<&str> {
    let snapshot = valid.get();
    match endpoint {
        Endpoint::Signals | Endpoint::Opportunities => {
            let analysed = snapshot.scores.iter().any(|row| row.confluence.is_some());
            (!analysed).then_some("not_analysed")
        }
        Endpoint::Alerts => snapshot.alerts.reason(),
        Endpoint::Beta => snapshot.beta.reason(),
        _ => None,
    }
}

/// The newest alerts, as JSON; nothing where alerts are unknown.
///
/// # Errors
/// None that can occur, as for [`body`].
pub fn recent_alerts(
    valid: &ValidSnapshot,
    limit: usize,
    class: Freshness,
) -> Result<Option<Vec<u8>>, serde_json::Error> {
    match valid.get().alerts.value() {
        Some(_) => json(&alerts::alerts(valid.get(), class, limit)).map(Some),
        None => Ok(None),
    }
}

/// The chart of one timeframe, as JSON; nothing where there is none.
///
/// # Errors
/// None that can occur, as for [`body`].
pub fn beta_chart(
    valid: &ValidSnapshot,
    timeframe: ChartTimeframe,
    class: Freshness,
) -> Result<Option<Vec<u8>>, serde_json::Error> {
    beta::chart(valid.get(), timeframe, class).map(|chart| json(&chart)).transpose()
}

/// The body about one contract, as JSON; nothing for a contract that has no analysis.
///
/// # Errors
/// None that can occur, as for [`body`].
pub fn symbol_body(
    valid: &ValidSnapshot,
    endpoint: SymbolEndpoint,
    symbol: &str,
    class: Freshness,
) -> Result<Option<Vec<u8>>, serde_json::Error> {
    let snapshot = valid.get();
    let Some(analysed) = confluence::Analysed::find(snapshot, symbol) else { return Ok(None) };
    match endpoint {
        SymbolEndpoint::Analysis => json(&confluence::analysis(snapshot, analysed, class)).map(Some),
        SymbolEndpoint::Breakdown => json(&confluence::breakdown(snapshot, analysed, class)).map(Some),
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}
