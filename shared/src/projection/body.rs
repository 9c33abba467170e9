//! The table of endpoints and their projections.

use super::{
    alerts, beta, books, confluence, contracts, dashboard, liquidations, mobile, perpetuals,
};
use crate::endpoints::Endpoint;
use crate::freshness::{Freshness, Limits};
use crate::validate::ValidSnapshot;
use serde::Serialize;

/// The body of one endpoint, as JSON.
///
/// # Errors
/// None that can occur, as for [`answer()`](super::answer()).
pub fn body(
    valid: &ValidSnapshot,
    endpoint: Endpoint,
    class: Freshness,
    limits: &Limits,
) -> Result<Vec<u8>, serde_json::Error> {
    // The end of the class: the body stays unchanged until then, see the module above.
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
        // Only asked for where the section is there: its absence is answered with its reason first.
        Endpoint::Liquidations => json(&liquidations::liquidations(snapshot, class)),
        Endpoint::Contracts => json(&contracts::contracts(snapshot, class, until)),
        Endpoint::Books => json(&books::books(snapshot, class)),
        Endpoint::Beta => json(&beta::beta(snapshot, class)),
        // As assembled and not as served: the edge classifies its sections itself, at its own time.
        Endpoint::Snapshot => valid.to_json(),
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}
