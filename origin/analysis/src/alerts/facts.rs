//! The facts about a contract that can alert.

use shared::market::candles::Candles;
use shared::market::positioning::OpenInterest;
use shared::market::trades::Trade;
use shared::snapshot::alerts::LARGE_TRADE_USD;
use shared::units::{Amount, HOUR_MS, MINUTE_MS, Percent, Score, UnixMs};

/// The span over which open interest and price are compared.
const SPAN_MS: u64 = 4 * HOUR_MS;

/// How far the row that stands for the start of the span may be from it, ms: three rows of the
/// venue.
const SPAN_TOLERANCE_MS: u64 = 15 * MINUTE_MS;

/// Open interest older than this is not the latest, ms: six rows of the venue.
const MAX_INTEREST_AGE_MS: u64 = 30 * MINUTE_MS;

/// The facts about one contract.
#[derive(Clone, Copy, Debug)]
pub struct ContractFacts<'o> {
    /// The venue's full symbol.
    pub symbol: &'o str,
    /// The six-dimension score; `None` for a momentum score.
    pub score: Option<Score>,
    /// Funding, percent per 8 hours.
    pub funding_8h_pct: Option<Percent>,
    /// Open interest and price over 4 hours.
    pub open_interest: Option<OpenInterestMove>,
    /// The last trades. Those that an earlier observation had count once.
    pub trades: &'o [Trade],
}

/// The changes of open interest and price over the same 4 hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenInterestMove {
    /// Growth of the open interest, percent.
    pub change_pct: Percent,
    /// Move of the price, percent.
    pub price_change_pct: Percent,
}

/// The latest open interest against that of 4 hours before, and the closes of the candles that end
/// there.
///
/// `None` when the latest is not recent, a row or a candle at either end is missing, or nothing was
/// open.
#[must_use]
pub fn open_interest_move(
    history: &[OpenInterest],
    candles: &Candles,
    now: UnixMs,
) -> Option<OpenInterestMove> {
    // By time, not by place: the order of rows is the venue's.
    let latest = history.iter().max_by_key(|row| row.time_ms)?;
    if now.millis_since(latest.time_ms) > MAX_INTEREST_AGE_MS {
        return None;
    }
    let from_ms = UnixMs::from_millis(latest.time_ms.as_millis().checked_sub(SPAN_MS)?);
    let distance = |row: &&OpenInterest| row.time_ms.as_millis().abs_diff(from_ms.as_millis());
    let earlier = history
        .iter()
        .min_by_key(distance)
        // A change over another span would be measured by the wrong thresholds.
        .filter(|row| distance(row) <= SPAN_TOLERANCE_MS)?;
    let change_pct = |before: f64, after: f64| Percent::new((after / before - 1.0) * 100.0).ok();
    Some(OpenInterestMove {
        change_pct: change_pct(earlier.one_sided_base.get(), latest.one_sided_base.get())?
            .rounded(4),
        // Between the same two moments, since the alert relates the two changes.
        price_change_pct: change_pct(
            close_by(candles, earlier.time_ms)?,
            close_by(candles, latest.time_ms)?,
        )?
        .rounded(4),
    })
}

/// The close of the last candle that had ended at `moment`, unless it ended long before.
fn close_by(candles: &Candles, moment: UnixMs) -> Option<f64> {
    let ended = candles
        .closed
        .iter()
        .filter(|candle| candle.end_ms(candles.interval) <= moment);
    let last = ended.max_by_key(|candle| candle.start_ms)?;
    let age_ms = moment.millis_since(last.end_ms(candles.interval));
    (age_ms <= SPAN_TOLERANCE_MS.max(candles.interval.millis())).then(|| last.close.get())
}

/// Price times size of a large trade, USD; `None` for others.
pub(super) fn large_value(trade: &Trade) -> Option<Amount> {
    Amount::new(trade.price.get() * trade.size_base.get())
        .ok()
        .filter(|value| value.get() >= LARGE_TRADE_USD)
}
