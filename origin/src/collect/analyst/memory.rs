//! What is remembered of one contract between rounds, and its analysis against that.
//!
//! State: the last published scores; series of the contract's own trade rate, spread and depth,
//! with which the newest measures are compared; the book imbalances of the last minutes; what its
//! candles alone say, while they are the same.
//!
//! Invariants: an input counts once, however many rounds analyse it. A measure is never compared
//! with itself.

use super::super::inputs::SymbolInputs;
use analysis::agreement::Priced;
use analysis::liquidations::LiquidatedLately;
use analysis::scores::charts::Charts;
use analysis::scores::inputs::{
    BOOKS_WINDOW_MS, Measures, OwnHistory, ScoreInputs, TickerFacts, Timed,
};
use analysis::scores::orderbook::Imbalances;
use analysis::scores::six_dimension::six_dimension;
use shared::analysis::scores::Analysis;
use shared::market::Dated;
use shared::market::candles::Candles;
use shared::units::{Price, Score, UnixMs};
use std::collections::VecDeque;
use std::sync::Arc;

/// Measures of each kind that are kept: an hour at one per ten seconds.
const MAX_MEASURES: usize = 360;

/// The least time between two measures of one kind that are remembered, ms. Requests bring an input
/// each ten seconds, a stream all the time, and an hour of history is an hour in both.
const MEASURES_APART_MS: u64 = 8_000;

/// What is remembered of one contract.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The last distinct scores, oldest first.
    pub(super) scores: Vec<Score>,
    trade_rates: Series,
    spreads: Series,
    depths: Series,
    imbalances: Recent,
    charts: Charts,
}

/// The imbalances of the books of the last [`BOOKS_WINDOW_MS`], oldest first.
#[derive(Debug, Default)]
struct Recent(VecDeque<(UnixMs, Imbalances)>);

impl Recent {
    /// Adds the imbalances of a book from `at`. Entries that are not older are dropped: they are of
    /// the same book, or from before the clock was set back.
    fn put(&mut self, at: UnixMs, imbalances: Option<Imbalances>) {
        self.0
            // Equal times are dropped too: the newest book is added below, once.
            .retain(|(time, _)| *time < at && at.millis_since(*time) <= BOOKS_WINDOW_MS);
        let is_too_soon = |(time, _): &(UnixMs, _)| at.millis_since(*time) < MEASURES_APART_MS;
        if self.0.back().is_some_and(is_too_soon) {
            return;
        }
        self.0.extend(imbalances.map(|imbalances| (at, imbalances)));
    }

    fn all(&mut self) -> &[(UnixMs, Imbalances)] {
        self.0.make_contiguous()
    }
}

/// Measures of one kind, one for each input.
///
/// The newest stands apart until a later input arrives. So a measure is never among the values that
/// it is compared with, and analysing the same inputs again gives the same result.
#[derive(Debug, Default)]
struct Series {
    /// Oldest first.
    earlier: VecDeque<f64>,
    /// When the last of `earlier` was measured.
    earlier_at: Option<UnixMs>,
    /// The newest input's time and measure.
    newest: Option<(UnixMs, Option<f64>)>,
}

impl Series {
    /// Adds the measure of an input from `at`. Of inputs with the same time the last one counts; an
    /// older input is ignored.
    fn put(&mut self, at: UnixMs, measure: Option<f64>) {
        // The first measure only becomes the newest: there is nothing to compare it with yet.
        let (newest_at, newest) = *self.newest.get_or_insert((at, measure));
        if at < newest_at {
            return;
        }
        self.newest = Some((at, measure));
        if at == newest_at {
            return;
        }
        // An input that could not be measured takes no place in the series.
        let Some(newest) = newest else { return };
        let is_too_soon = |earlier: UnixMs| newest_at.millis_since(earlier) < MEASURES_APART_MS;
        if self.earlier_at.is_some_and(is_too_soon) {
            return;
        }
        if self.earlier.len() >= MAX_MEASURES {
            self.earlier.pop_front();
        }
        self.earlier.push_back(newest);
        self.earlier_at = Some(newest_at);
    }

    fn earlier(&mut self) -> &[f64] {
        self.earlier.make_contiguous()
    }
}

impl Memory {
    /// The analysis of what is known at `now`.
    pub(super) fn analyse(
        &mut self,
        inputs: &SymbolInputs,
        ticker: Option<Timed<'_, TickerFacts>>,
        liquidated: Option<Timed<'_, LiquidatedLately>>,
        now: UnixMs,
    ) -> Analysis {
        // Before the comparison: a new input moves the former newest measure into the series.
        self.measure(inputs, ticker.map(|ticker| ticker.value.last));
        let held = inputs.candles.values().map(|dated| &dated.value);
        self.charts.renew(held);
        let candles: Vec<Timed<'_, Candles>> = inputs.candles.values().map(timed).collect();
        let measured_at = [&self.trade_rates, &self.spreads, &self.depths]
            .into_iter()
            .filter_map(|one| one.earlier_at);
        // The history is as old as the last value in any series, and older histories weigh less.
        let measured_at = measured_at.max();
        let history = OwnHistory {
            trade_rates: self.trade_rates.earlier(),
            spreads: self.spreads.earlier(),
            depths: self.depths.earlier(),
            imbalances: self.imbalances.all(),
        };
        let confluence = six_dimension(
            &ScoreInputs {
                candles: &candles,
                charts: Some(&self.charts),
                book: inputs.book.as_ref().map(timed),
                book_flow: inputs.book_flow.as_ref().map(timed),
                trades: inputs.trades.as_ref().map(timed),
                open_interest: inputs.open_interest.as_ref().map(timed_rows),
                account_ratios: inputs.account_ratio.as_ref().map(timed_rows),
                fundings: inputs.funding.as_ref().map(timed_rows),
                liquidated,
                ticker,
                history: measured_at.map(|as_of_ms| Timed {
                    value: &history,
                    as_of_ms,
                }),
            },
            now,
        );
        Analysis {
            confluence,
            history: self.scores.clone(),
            carried_from_ms: None,
        }
    }

    /// Measures the inputs, for later rounds to compare with. Inputs at another price than the
    /// ticker's are left out: their measures would be in another unit.
    fn measure(&mut self, inputs: &SymbolInputs, last: Option<Price>) {
        if let Some(book) = inputs
            .book
            .as_ref()
            .filter(|book| book.value.agrees_with(last))
        {
            let measures = Measures::of(Some(&book.value), None);
            self.spreads.put(book.as_of_ms, measures.spread);
            self.depths.put(book.as_of_ms, measures.depth);
            self.imbalances.put(book.as_of_ms, measures.imbalances);
        }
        if let Some(trades) = inputs
            .trades
            .as_ref()
            .filter(|trades| trades.value.agrees_with(last))
        {
            self.trade_rates.put(
                trades.as_of_ms,
                Measures::of(None, Some(&trades.value)).trade_rate,
            );
        }
    }
}

fn timed<T>(dated: &Dated<Arc<T>>) -> Timed<'_, T> {
    Timed {
        value: &dated.value,
        as_of_ms: dated.as_of_ms,
    }
}

fn timed_rows<T>(dated: &Dated<Arc<Vec<T>>>) -> Timed<'_, [T]> {
    Timed {
        value: dated.value.as_slice(),
        as_of_ms: dated.as_of_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::book::{Book, Level};
    use shared::units::Amount;

    fn at(second: u64) -> UnixMs {
        UnixMs::from_secs(1_788_870_000 + second)
    }

    #[test]
    fn a_measure_is_remembered_once_and_never_stands_among_its_own_earlier_ones() {
        let mut series = Series::default();
        let mut check = |at: UnixMs, measure, expected: &[f64], measured_at| {
            series.put(at, measure);
            assert_eq!(series.earlier_at, measured_at, "after the input of {at}");
            assert_eq!(series.earlier(), expected, "after the input of {at}");
        };
        check(at(0), Some(1.0), &[], None);
        check(at(0), Some(1.0), &[], None);
        check(at(10), Some(2.0), &[1.0], Some(at(0)));
        check(at(10), Some(2.0), &[1.0], Some(at(0)));
        // An input that comes late is no newer one.
        check(at(5), Some(9.0), &[1.0], Some(at(0)));
        check(at(20), None, &[1.0, 2.0], Some(at(10)));
        // Nothing was measured at 20.
        check(at(30), Some(4.0), &[1.0, 2.0], Some(at(10)));
    }

    #[test]
    fn what_a_stream_brings_each_second_is_remembered_each_eight() {
        let mut series = Series::default();
        for second in 0..=20 {
            series.put(at(second), Some(second as f64));
        }
        assert_eq!(series.earlier(), [0.0, 8.0, 16.0]);
    }

    #[test]
    fn the_imbalances_of_a_quarter_of_an_hour_are_remembered_each_once() {
        let level = |price: f64| Level {
            price: Price::new(price).unwrap(),
            size_base: Amount::new(1.0).unwrap(),
        };
        let book = Book {
            as_of_ms: at(0),
            bids: vec![level(9.0), level(8.0)],
            asks: vec![level(10.0), level(12.0)],
        };
        let even = Imbalances::of(&book);
        assert!(even.is_some());
        let mut recent = Recent::default();
        for second in [0, 10, 10, 20] {
            recent.put(at(second), even);
        }
        let times = |recent: &mut Recent| {
            recent
                .all()
                .iter()
                .map(|(time, _)| *time)
                .collect::<Vec<_>>()
        };
        assert_eq!(times(&mut recent), [at(0), at(10), at(20)]);
        // A broken book has none, and time goes on.
        recent.put(at(905), None);
        assert_eq!(times(&mut recent), [at(10), at(20)]);
        // A clock that was set back leaves nothing of what is to come.
        recent.put(at(18), even);
        assert_eq!(times(&mut recent), [at(10), at(18)]);
    }

    #[test]
    fn the_oldest_measures_are_forgotten() {
        let mut series = Series::default();
        for nth in 0..=MAX_MEASURES as u64 + 5 {
            series.put(at(10 * nth), Some(nth as f64));
        }
        assert_eq!(series.earlier().len(), MAX_MEASURES);
        assert_eq!(series.earlier().first(), Some(&5.0));
    }
}
