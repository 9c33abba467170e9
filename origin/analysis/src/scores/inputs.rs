//! What a score is computed from: market facts, each with its time, and how much of their weight
//! they keep as they age.

use super::charts::Charts;
use super::flow;
use super::orderbook::{self, Imbalances};
use crate::book_flow::BookFlow;
use crate::liquidations::LiquidatedLately;
use crate::positioning::{MAX_FUNDING_AGE_MS, MAX_RATIO_AGE_MS};
use shared::market::book::Book;
use shared::market::candles::{Candles, Interval};
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::{TRADES_WINDOW_MS, Trades};
use shared::units::{Amount, Percent, Price, UnixMs};

pub use shared::market::Timed;

/// What a ticker row adds to candles and trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickerFacts {
    /// Last traded price, USDT: what every other price of the contract must agree with.
    pub last: Price,
    /// Change over 24 hours, percent.
    pub change_24h_pct: Option<Percent>,
    /// Volume of 24 hours in the base coin.
    pub volume_base_24h: Option<Amount>,
    /// Funding rate as a fraction per 8 hours; positive when longs pay.
    pub funding_rate_8h: Option<f64>,
}

/// Earlier measures of the same contract (see [`Measures`]), in any order. An empty list only
/// removes the parts that compare with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnHistory<'a> {
    /// Earlier [`Measures::trade_rate`].
    pub trade_rates: &'a [f64],
    /// Earlier [`Measures::spread`].
    pub spreads: &'a [f64],
    /// Earlier [`Measures::depth`].
    pub depths: &'a [f64],
    /// Earlier [`Measures::imbalances`] of the last [`BOOKS_WINDOW_MS`], with the times of their
    /// books; oldest first.
    pub imbalances: &'a [(UnixMs, Imbalances)],
}

/// The window over which book imbalances are averaged, ms: the same as that of the trades.
pub const BOOKS_WINDOW_MS: u64 = TRADES_WINDOW_MS;

/// Everything that is known of one contract. Each part may be unknown.
#[derive(Clone, Copy, Debug)]
pub struct ScoreInputs<'a> {
    /// Candles, one entry per interval; intervals that are no timeframe of the scores are not
    /// read.
    pub candles: &'a [Timed<'a, Candles>],
    /// What those candles alone say, where it is kept from an earlier score.
    pub charts: Option<&'a Charts>,
    /// The book.
    pub book: Option<Timed<'a, Book>>,
    /// What happens to the book between its updates; only a stream shows it.
    pub book_flow: Option<Timed<'a, BookFlow>>,
    /// The last trades.
    pub trades: Option<Timed<'a, Trades>>,
    /// Open interest, oldest first, four hours or more.
    pub open_interest: Option<Timed<'a, [OpenInterest]>>,
    /// Account ratios, oldest first.
    pub account_ratios: Option<Timed<'a, [AccountRatio]>>,
    /// Fundings that were paid, oldest first.
    pub fundings: Option<Timed<'a, [Funding]>>,
    /// What was liquidated; only a stream tells it.
    pub liquidated: Option<Timed<'a, LiquidatedLately>>,
    /// The ticker row.
    pub ticker: Option<Timed<'a, TickerFacts>>,
    /// What was measured before.
    pub history: Option<Timed<'a, OwnHistory<'a>>>,
}

impl ScoreInputs<'_> {
    /// Nothing is known.
    pub const NONE: Self = Self {
        candles: &[],
        charts: None,
        book: None,
        book_flow: None,
        trades: None,
        open_interest: None,
        account_ratios: None,
        fundings: None,
        liquidated: None,
        ticker: None,
        history: None,
    };
}

/// What one round measures of a contract, kept as its [`OwnHistory`] for later rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Base coin per second over the last trades.
    pub trade_rate: Option<f64>,
    /// (best ask − best bid) / middle.
    pub spread: Option<f64>,
    /// The sizes of 25 levels of both sides, base coin.
    pub depth: Option<f64>,
    /// How far bids outweigh asks.
    pub imbalances: Option<Imbalances>,
}

impl Measures {
    /// Measures the inputs that are there.
    #[must_use]
    pub fn of(book: Option<&Book>, trades: Option<&Trades>) -> Self {
        Self {
            trade_rate: trades.and_then(flow::trade_rate),
            spread: book.and_then(orderbook::spread),
            depth: book.and_then(orderbook::total_depth),
            imbalances: book.and_then(Imbalances::of),
        }
    }
}

/// The ages between which facts lose their freshness: 1 up to the first, linearly falling to 0 at
/// the second, from which on they count as absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    full_ms: u64,
    none_ms: u64,
}

impl Limits {
    /// Book, trades and ticker: fresh for as long as a snapshot is, absent when a snapshot of that
    /// age raises an alert.
    pub(super) const LIVE: Self = Self {
        // `shared`'s default of a fresh snapshot, and the age at which stale data alerts.
        full_ms: 15_000,
        none_ms: 120_000,
    };

    /// Open interest and account ratios: fresh for three rows of the venue, absent when the share
    /// of long accounts does without them as well.
    pub(super) const POSITIONING: Self = Self {
        full_ms: 15 * 60_000,
        // One limit for both uses of the same rows, so that they disappear together.
        none_ms: MAX_RATIO_AGE_MS,
    };

    /// Histories that something is compared with: fresh as long as the newest funding counts as the
    /// latest, absent after a day.
    pub(super) const HISTORY: Self = Self {
        full_ms: MAX_FUNDING_AGE_MS,
        none_ms: 24 * 3_600_000,
    };

    /// Candles: fresh until the next one has closed and a minute has passed to fetch it, absent
    /// when three are missing.
    pub(super) const fn candles(interval: Interval) -> Self {
        const FETCH_MS: u64 = 60_000;
        Self {
            full_ms: interval.millis() + FETCH_MS,
            none_ms: 3 * interval.millis() + FETCH_MS,
        }
    }

    /// The freshness at `now` of facts from `as_of`, above 0 up to 1; `None` where it is 0.
    pub(super) fn freshness(self, as_of: UnixMs, now: UnixMs) -> Option<f64> {
        // Linear: a weight that drops at once would make the score jump when a fetch is late.
        let left = self.none_ms.saturating_sub(now.millis_since(as_of));
        let freshness = (left as f64 / (self.none_ms - self.full_ms) as f64).min(1.0);
        (freshness > 0.0).then_some(freshness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(limits: Limits, age_ms: u64, expected: Option<f64>) {
        let now = UnixMs::from_secs(1_800_000_000);
        let as_of = UnixMs::from_millis(now.as_millis() - age_ms);
        assert_eq!(limits.freshness(as_of, now), expected, "at {age_ms} ms");
    }

    #[test]
    fn freshness_falls_evenly_between_its_limits() {
        check(Limits::LIVE, 0, Some(1.0));
        check(Limits::LIVE, 15_000, Some(1.0));
        check(Limits::LIVE, 67_500, Some(0.5));
        check(Limits::LIVE, 120_000, None);
        check(Limits::candles(Interval::OneMinute), 120_000, Some(1.0));
        check(Limits::candles(Interval::OneMinute), 240_000, None);
    }

    #[test]
    fn facts_from_a_clock_ahead_of_ours_are_fresh() {
        let now = UnixMs::from_secs(1_800_000_000);
        assert_eq!(
            Limits::LIVE.freshness(now.plus_millis(5_000), now),
            Some(1.0)
        );
    }
}
