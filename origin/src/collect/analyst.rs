//! The long analysis of every monitored contract, and what it remembers of each between two rounds.

use super::inputs::SymbolInputs;
use shared::analysis::perps::funding_rate_8h;
use shared::analysis::scores::Analysis;
use shared::analysis::scores::inputs::{Measures, OwnHistory, ScoreInputs, TickerFacts, Timed};
use shared::analysis::scores::six_dimension::six_dimension;
use shared::market::candles::Candles;
use shared::market::{Dated, Ticker, Tickers, Universe};
use shared::units::{Score, UnixMs};
use shared::validate::ValidSnapshot;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// How many measures are kept of each kind: an hour at the usual pace.
const MAX_MEASURES: usize = 360;

/// What is remembered of one contract.
#[derive(Debug, Default)]
struct Memory {
    /// The last distinct scores, oldest first.
    scores: Vec<Score>,
    trade_rates: Series,
    spreads: Series,
    depths: Series,
    /// The times of the book and the trades that were measured last, so that none is measured twice.
    book_at: Option<UnixMs>,
    trades_at: Option<UnixMs>,
    measured_at: Option<UnixMs>,
}

/// Measures of one kind, oldest first.
#[derive(Debug, Default)]
struct Series(VecDeque<f64>);

impl Series {
    fn push(&mut self, measure: Option<f64>) {
        let Some(measure) = measure else { return };
        if self.0.len() >= MAX_MEASURES {
            self.0.pop_front();
        }
        self.0.push_back(measure);
    }

    fn as_slice(&mut self) -> &[f64] {
        self.0.make_contiguous()
    }
}

/// Analyses contracts, and remembers.
#[derive(Debug, Default)]
pub(super) struct Analyst {
    memories: HashMap<String, Memory>,
}

/// The inputs of every contract.
pub(super) type Inputs = HashMap<String, Arc<SymbolInputs>>;

impl Analyst {
    /// Analyses every contract that has inputs. Pure CPU, milliseconds for forty contracts.
    pub(super) fn analyse(
        &mut self,
        inputs: &Inputs,
        tickers: &Tickers<'_>,
        received_at: UnixMs,
        universe: &Universe,
        now: UnixMs,
    ) -> BTreeMap<String, Analysis> {
        self.memories.retain(|symbol, _| inputs.contains_key(symbol));
        let rows: HashMap<&str, &Ticker<'_>> = tickers.rows.iter().map(|row| (&*row.symbol, row)).collect();
        inputs
            .iter()
            .map(|(symbol, inputs)| {
                let memory = self.memories.entry(symbol.clone()).or_default();
                let ticker = rows.get(symbol.as_str()).map(|row| facts(row, universe));
                let as_of_ms = tickers.server_time.min(received_at);
                let ticker = ticker.as_ref().map(|value| Timed { value, as_of_ms });
                (symbol.clone(), memory.analyse(inputs, ticker, now))
            })
            .collect()
    }

    /// Remembers the scores that were published, or those that an earlier process had published.
    pub(super) fn remember(&mut self, valid: &ValidSnapshot) {
        for row in valid.get().scores.iter().filter(|row| row.confluence.is_some()) {
            self.memories.entry(row.symbol.clone()).or_default().scores.clone_from(&row.score_history);
        }
    }
}

fn facts(row: &Ticker<'_>, universe: &Universe) -> TickerFacts {
    TickerFacts {
        change_24h_pct: row.change_24h_pct,
        volume_base_24h: row.volume_base_24h,
        funding_rate_8h: funding_rate_8h(row, universe),
    }
}

impl Memory {
    fn analyse(&mut self, inputs: &SymbolInputs, ticker: Option<Timed<'_, TickerFacts>>, now: UnixMs) -> Analysis {
        let candles: Vec<Timed<'_, Candles>> = inputs.candles.values().map(timed).collect();
        let history = OwnHistory {
            trade_rates: self.trade_rates.as_slice(),
            spreads: self.spreads.as_slice(),
            depths: self.depths.as_slice(),
        };
        let confluence = six_dimension(
            &ScoreInputs {
                candles: &candles,
                book: inputs.book.as_ref().map(|book| &*book.value),
                trades: inputs.trades.as_ref().map(timed),
                open_interest: inputs
                    .open_interest
                    .as_ref()
                    .map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                account_ratios: inputs
                    .account_ratio
                    .as_ref()
                    .map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                fundings: inputs.funding.as_ref().map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                ticker,
                history: self.measured_at.map(|as_of_ms| Timed { value: &history, as_of_ms }),
            },
            now,
        );
        self.measure(inputs, now);
        Analysis { confluence, history: self.scores.clone() }
    }

    /// Measures what came since the last time, for later rounds to compare with.
    fn measure(&mut self, inputs: &SymbolInputs, now: UnixMs) {
        let new_book = inputs.book.as_ref().filter(|book| Some(book.as_of_ms) != self.book_at);
        let new_trades = inputs.trades.as_ref().filter(|trades| Some(trades.as_of_ms) != self.trades_at);
        if new_book.is_none() && new_trades.is_none() {
            return;
        }
        let measures = Measures::of(new_book.map(|book| &*book.value), new_trades.map(|trades| &*trades.value));
        self.trade_rates.push(measures.trade_rate);
        self.spreads.push(measures.spread);
        self.depths.push(measures.depth);
        self.book_at = new_book.map_or(self.book_at, |book| Some(book.as_of_ms));
        self.trades_at = new_trades.map_or(self.trades_at, |trades| Some(trades.as_of_ms));
        self.measured_at = Some(now);
    }
}

fn timed<T>(dated: &Dated<Arc<T>>) -> Timed<'_, T> {
    Timed { value: &dated.value, as_of_ms: dated.as_of_ms }
}
