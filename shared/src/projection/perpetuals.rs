//! The projection of the perpetuals as a whole, with the signals about them.

use super::head::Provenance;
use super::mobile::PerpsView;
use crate::analysis::pulse::{FundingSentiment, FundingStrength, PulseSignal, pulse_signals};
use crate::freshness::Freshness;
use crate::snapshot::Snapshot;
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct PerpetualsPulse {
    #[serde(flatten)]
    provenance: Provenance,
    #[serde(flatten)]
    perps: PerpsView,
    funding_sentiment: Option<FundingSentiment>,
    funding_strength: Option<FundingStrength>,
    /// Exchanges whose contracts are counted.
    exchange_count: Option<usize>,
    signals: Vec<PulseSignal>,
    signal_count: usize,
}

pub(super) fn pulse(snapshot: &Snapshot, class: Freshness) -> PerpetualsPulse {
    let signals = pulse_signals(&snapshot.perps);
    PerpetualsPulse {
        provenance: Provenance::of(snapshot, class),
        perps: PerpsView::of(&snapshot.perps),
        funding_sentiment: snapshot.perps.funding_rate.map(FundingSentiment::of),
        funding_strength: snapshot.perps.funding_rate.map(FundingStrength::of),
        // One, because a snapshot has the tickers of one venue.
        exchange_count: snapshot.perps.contract_count.map(|_| 1),
        signal_count: signals.len(),
        signals,
    }
}
