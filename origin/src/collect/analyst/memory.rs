//! What is remembered of one contract between two rounds, and its analysis against that.

use super::super::inputs::SymbolInputs;
use shared::analysis::scores::Analysis;
use shared::analysis::scores::inputs::{Measures, OwnHistory, ScoreInputs, TickerFacts, Timed};
use shared::analysis::scores::six_dimension::six_dimension;
use shared::market::Dated;
use shared::market::candles::Candles;
use shared::units::{Score, UnixMs};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many measures are kept of each kind: an hour at the usual pace.
const MAX_MEASURES: usize = 360;

/// What is remembered of one contract.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The last distinct scores, oldest first.
    pub(super) scores: Vec<Score>,
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

impl Memory {
    /// The analysis of what is known now.
    pub(super) fn analyse(
        &mut self,
        inputs: &SymbolInputs,
        ticker: Option<Timed<'_, TickerFacts>>,
        now: UnixMs,
    ) -> Analysis {
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
