//! One round: a ticker table and the values that are held → a publication, or the reason why not.
//! Pure CPU on a blocking thread; no I/O, and `now` is an argument.
//!
//! Order: parse → date → outlier filter → long view → assemble → alerts → validation boundary →
//! remember → render.
//!
//! Invariant: believed prices, score histories, premiums and alerts change only after the snapshot
//! was admitted, so a rejected table leaves no trace in what is served later. The filter's account
//! of jumps changes with every table: it needs the suspicious ones to confirm a jump.

use super::analyst::{Analyst, Heard, Table};
use super::inputs::Inputs;
use super::interest::InterestRecords;
use super::stream::{Streamed, StreamedLiquidations};
use crate::publication::{Demand, Publication};
use crate::upstream::Fetched;
use shared::analysis::Settings;
use shared::assemble::{AssembleError, Identity, LongView, Slow, assemble};
use shared::exchange::{ParseError, bybit};
use shared::freshness::{ClockAhead, Limits, table_time};
use shared::judge::{Judge, WildTable};
use shared::market::{DefiMarket, FearGreed, Figure, GlobalMarket, Oddity, RowRefusal, Universe};
use shared::provenance::Delivery;
use shared::snapshot::Producer;
use shared::units::UnixMs;
use shared::validate::{Baseline, Rejection, Rejections, ValidSnapshot};
use std::sync::{Arc, Mutex, PoisonError};

/// A ticker table, whichever way it came.
#[derive(Clone, Debug)]
pub(super) enum TickerTable {
    /// The answer to a request.
    Fetched(Fetched),
    /// What the stream amounts to.
    Streamed(Streamed),
}

/// Everything that a round needs, collected before it starts.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) tickers: TickerTable,
    pub(super) universe: Arc<Universe>,
    pub(super) global_market: Slow<GlobalMarket>,
    pub(super) defi_market: Slow<DefiMarket>,
    pub(super) fear_greed: Slow<FearGreed>,
    pub(super) inputs: Inputs,
    pub(super) liquidations: StreamedLiquidations,
    pub(super) interest: InterestRecords,
    pub(super) analyst: Arc<Mutex<Analyst>>,
    pub(super) judge: Arc<Mutex<Judge>>,
    pub(super) sequence: u64,
    pub(super) now: UnixMs,
    pub(super) baseline: Baseline,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    pub(super) demand: Demand,
}

/// A round that made a publication.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) publication: Publication,
    /// Rows of listed contracts that are not used, and those that name no contract.
    pub(super) refused: Vec<(String, RowRefusal)>,
    /// Figures of listed contracts that are not used.
    pub(super) odd: Vec<(String, Figure, Oddity)>,
    /// The time that the venue states for the table.
    pub(super) told: UnixMs,
    /// How long the market has stood still by that time, ms.
    pub(super) still_ms: u64,
}

/// Why a round made none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Clock(#[from] ClockAhead),
    #[error(transparent)]
    Wild(#[from] WildTable),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error("rejected: {0}")]
    Rejected(#[from] Rejections),
}

impl RoundError {
    /// A label for each reason: a rejection may have several.
    pub(super) fn labels(&self) -> Vec<&'static str> {
        match self {
            Self::Parse(error) => vec![error.label()],
            Self::Clock(error) => vec![error.label()],
            Self::Wild(error) => vec![error.label()],
            Self::Assemble(error) => vec![error.label()],
            Self::Rejected(rejections) => rejections.all().iter().map(Rejection::label).collect(),
        }
    }
}

impl RoundError {
    /// How many contracts had a price, if the snapshot was rejected for having too few.
    pub(super) fn too_few_contracts(&self) -> Option<usize> {
        let Self::Rejected(rejections) = self else {
            return None;
        };
        rejections
            .all()
            .iter()
            .find_map(|rejection| match rejection {
                Rejection::TooFewContracts { found, .. } => Some(*found),
                _ => None,
            })
    }
}

impl Round {
    /// Runs the round.
    ///
    /// # Errors
    /// The first stage that refuses the table. Nothing is remembered of it but by the outlier
    /// filter.
    pub(super) fn run(self) -> Result<Outcome, RoundError> {
        // A parsed table borrows its symbols from the body, which therefore outlives it.
        let body;
        let (mut tickers, received_at, source, delivery) = match self.tickers {
            TickerTable::Fetched(fetched) => {
                body = fetched.body;
                (
                    bybit::tickers::parse(&body)?,
                    fetched.received_at,
                    fetched.source,
                    Delivery::Request,
                )
            }
            TickerTable::Streamed(streamed) => {
                let (received_at, source) = (streamed.received_at, streamed.source);
                (streamed.tickers, received_at, source, Delivery::Stream)
            }
        };
        let told = table_time(tickers.server_time, received_at)?;
        // Every round locks the filter before the analyst and holds both to its end. A restore
        // locks one at a time, so no deadlock is possible.
        let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        // `as_of` is when the market last moved, not when the venue answered: a halted market ages.
        let as_of = judge.examine(&mut tickers, &self.universe, source, told)?;
        let table = Table::new(&tickers, as_of);
        // Held for the whole round, because there is only one at a time.
        let mut analyst = self.analyst.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = Heard {
            section: self.liquidations.section(),
            cascade: self.liquidations.cascade(),
            lately: self.liquidations.lately(),
        };
        let long_view = LongView {
            past_open_interest: self.interest.before(&tickers, as_of),
            ..analyst.long_view(&self.inputs, &heard, &table, &self.universe, self.now)
        };
        let inputs = shared::assemble::Inputs {
            tickers: &tickers,
            tickers_source: source,
            tickers_delivery: delivery,
            as_of,
            universe: &self.universe,
            global_market: &self.global_market,
            defi_market: &self.defi_market,
            fear_greed: &self.fear_greed,
            long_view: &long_view,
        };
        let identity = Identity {
            sequence: self.sequence,
            producer: Producer::Origin,
            fallback_reason: None,
            now: self.now,
        };
        let mut assembled = assemble(&inputs, identity, &self.settings)?;
        // Observed on the assembled snapshot, since alerts rest on its scores and regime, but on a
        // copy of their state: validation may still refuse it.
        let alerts = analyst.alerts(&assembled.snapshot, &table, &self.inputs, &heard, self.now);
        assembled.snapshot.alerts = alerts.section(&assembled.snapshot);
        let refused = assembled
            .refused
            .into_iter()
            .map(|row| (row.symbol.into_owned(), row.reason))
            .collect();
        // The validation boundary. Everything below is reached only by an admitted snapshot.
        let valid = ValidSnapshot::admit(assembled.snapshot, self.now, self.baseline)?;
        analyst.keep(alerts);
        analyst.remember(&valid);
        // From now on the next table is compared with this one.
        judge.believe(&tickers, as_of);
        let odd = tickers
            .odd
            .iter()
            .filter(|odd| self.universe.contains(&odd.symbol));
        let odd = odd
            .map(|odd| (odd.symbol.to_string(), odd.figure, odd.oddity))
            .collect();
        let publication =
            Publication::collected(valid, analyst.remembered_alerts(), self.limits, self.demand);
        Ok(Outcome {
            publication,
            refused,
            odd,
            told,
            still_ms: told.millis_since(as_of),
        })
    }
}

#[cfg(test)]
mod tests;
