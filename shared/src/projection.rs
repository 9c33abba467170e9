//! One snapshot → each endpoint's body, and each stored key's value.
//!
//! A body is a pure function of snapshot and class: no clock, no cache state. So it is byte-identical for every client,
//! and a client that reads only JSON still sees how old it is.

mod confluence;
mod dashboard;
mod head;
mod market;
mod mobile;
mod rows;
mod stored;

use crate::endpoints::{Endpoint, SymbolEndpoint};
use crate::freshness::Freshness;
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
        Endpoint::Snapshot => valid.to_json(),
    }
}

/// Why a snapshot has nothing to say at an endpoint, as a machine-readable word: an empty list would be taken for a market
/// in which nothing is to be told.
#[must_use]
pub fn absence(valid: &ValidSnapshot, endpoint: Endpoint) -> Option<&'static str> {
    let analysed = || valid.get().scores.iter().any(|row| row.confluence.is_some());
    (endpoint == Endpoint::Signals && !analysed()).then_some("not_analysed")
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
