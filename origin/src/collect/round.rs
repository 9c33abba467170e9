//! One round: a ticker table and what is known → a publication, or the reason why not. Pure CPU.

use super::analyst::{Analyst, Inputs, Table};
use crate::publication::Publication;
use crate::upstream::Fetched;
use shared::analysis::Settings;
use shared::assemble::{AssembleError, Identity, Slow, assemble};
use shared::exchange::{ParseError, bybit};
use shared::freshness::{Limits, data_time};
use shared::judge::{Judge, WildTable};
use shared::market::{DefiMarket, FearGreed, GlobalMarket, RowRefusal, Universe};
use shared::snapshot::Producer;
use shared::units::UnixMs;
use shared::validate::{Baseline, Rejections, ValidSnapshot};
use std::sync::{Arc, Mutex, PoisonError};

/// Everything that a round needs.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) tickers: Fetched,
    pub(super) universe: Arc<Universe>,
    pub(super) global_market: Slow<GlobalMarket>,
    pub(super) defi_market: Slow<DefiMarket>,
    pub(super) fear_greed: Slow<FearGreed>,
    pub(super) inputs: Inputs,
    pub(super) analyst: Arc<Mutex<Analyst>>,
    pub(super) judge: Arc<Mutex<Judge>>,
    pub(super) sequence: u64,
    pub(super) now: UnixMs,
    pub(super) baseline: Baseline,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
}

/// A round that made a publication.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) publication: Publication,
    /// Rows of listed contracts that are not used.
    pub(super) refused: Vec<(String, RowRefusal)>,
}

/// Why a round made none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Wild(#[from] WildTable),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error("rejected: {0}")]
    Rejected(#[from] Rejections),
}

impl RoundError {
    /// Every reason's label.
    pub(super) fn labels(&self) -> Vec<&'static str> {
        match self {
            Self::Parse(error) => vec![error.label()],
            Self::Wild(error) => vec![error.label()],
            Self::Assemble(error) => vec![error.label()],
            Self::Rejected(rejections) => rejections.all().iter().map(shared::validate::Rejection::label).collect(),
        }
    }
}

impl Round {
    /// Parses, judges, assembles, passes the door, renders.
    pub(super) fn run(self) -> Result<Outcome, RoundError> {
        let mut tickers = bybit::tickers::parse(&self.tickers.body)?;
        let as_of = data_time(tickers.server_time, self.tickers.received_at);
        let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        judge.examine(&mut tickers, &self.universe, as_of)?;
        let table = Table::new(&tickers, self.tickers.received_at);
        // Held for the whole round: there is one at a time.
        let mut analyst = self.analyst.lock().unwrap_or_else(PoisonError::into_inner);
        let long_view = analyst.long_view(&self.inputs, &table, &self.universe, self.now);
        let inputs = shared::assemble::Inputs {
            tickers: &tickers,
            tickers_source: self.tickers.source,
            received_at: self.tickers.received_at,
            universe: &self.universe,
            global_market: &self.global_market,
            defi_market: &self.defi_market,
            fear_greed: &self.fear_greed,
            long_view: &long_view,
        };
        let identity =
            Identity { sequence: self.sequence, producer: Producer::Origin, fallback_reason: None, now: self.now };
        let mut assembled = assemble(&inputs, identity, &self.settings)?;
        assembled.snapshot.alerts = analyst.alerts(&assembled.snapshot, &table, &self.inputs, self.now);
        let refused = assembled.refused.into_iter().map(|row| (row.symbol.into_owned(), row.reason)).collect();
        let valid = ValidSnapshot::admit(assembled.snapshot, self.now, self.baseline)?;
        analyst.remember(&valid);
        judge.believe(&tickers, as_of);
        Ok(Outcome { publication: Publication::collected(valid, analyst.remembered_alerts(), self.limits), refused })
    }
}
