//! The kinds of input, how often each changes at the venue, and which of them come first.
//!
//! Pure tables and arithmetic. `planner` decides with them what is due.

use shared::market::candles::Interval;
use shared::units::UnixMs;
use std::time::Duration;

/// A kind of input of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::collect) enum InputKind {
    Book,
    Trades,
    Candles(Interval),
    OpenInterest,
    AccountRatio,
    Funding,
}

/// The least interval between two books, or two lists of trades, ms.
const FAST_MS: u64 = 10_000;

/// The venue's period of open interest and account ratio, ms. More frequent requests would fetch
/// the same rows.
const FIVE_MINUTES_MS: u64 = 300_000;

/// How long after its close a candle is requested, ms: the venue may still add late trades.
const AFTER_CLOSE_MS: u64 = 1_500;

/// The longest span over which the requests of all contracts for one close are spread, ms. All
/// contracts' candles close at the same moment, and the budget would be spent at once.
const MAX_SPREAD_MS: u64 = 60_000;

/// The funding interval where the venue states none, hours: the shortest, because a superfluous
/// request costs little.
const UNKNOWN_FUNDING_HOURS: f64 = 1.0;

/// How long after a funding's time it is requested, ms: the venue may list the settlement late.
const AFTER_FUNDING_MS: u64 = 60_000;

impl InputKind {
    /// What is fetched of every monitored contract. [`Self::OF_BITCOIN`] is fetched of one alone.
    pub(in crate::collect) const OF_ALL: [Self; 10] = [
        Self::Trades,
        Self::Book,
        Self::Candles(Interval::OneMinute),
        Self::Candles(Interval::FiveMinutes),
        Self::Candles(Interval::ThirtyMinutes),
        Self::Candles(Interval::FourHours),
        Self::OpenInterest,
        Self::AccountRatio,
        Self::Funding,
        Self::Candles(Interval::OneHour),
    ];

    /// Daily closes, for Bitcoin's volatility.
    pub(in crate::collect) const OF_BITCOIN: Self = Self::Candles(Interval::OneDay);

    /// The name in metrics.
    pub(in crate::collect) const fn name(self) -> &'static str {
        match self {
            Self::Book => "bybit_orderbook",
            Self::Trades => "bybit_trades",
            Self::Candles(_) => "bybit_klines",
            Self::OpenInterest => "bybit_open_interest",
            Self::AccountRatio => "bybit_account_ratio",
            Self::Funding => "bybit_funding",
        }
    }

    /// Which of a contract's first loads come first: 0, what a score needs; 1, what improves it; 2,
    /// what only the long view needs.
    pub(super) const fn stage(self) -> u8 {
        match self {
            Self::Book
            | Self::Trades
            | Self::Candles(Interval::ThirtyMinutes | Interval::FourHours) => 0,
            Self::Candles(Interval::OneHour) => 2,
            _ => 1,
        }
    }

    /// How long until the next value can be fetched, after one was fetched at `now`.
    ///
    /// `place` is the contract's place among all, from 0 to 1; requests that fall due at one moment
    /// are spread by it. `fast_ms` is the interval of books and trades. Only the distance to the
    /// next close or funding is calendar time; the result is for a timer.
    pub(super) fn next_in(
        self,
        now: UnixMs,
        place: f64,
        fast_ms: u64,
        funding_interval_hours: Option<f64>,
    ) -> Duration {
        Duration::from_millis(match self {
            Self::Book | Self::Trades => fast_ms.max(FAST_MS),
            Self::OpenInterest | Self::AccountRatio => FIVE_MINUTES_MS,
            Self::Candles(interval) => {
                // Half a candle at most, so that the next close does not overtake the spread
                // requests.
                let spread_ms = (interval.millis() / 2).min(MAX_SPREAD_MS) as f64;
                until_multiple(now, interval.millis()) + AFTER_CLOSE_MS + (place * spread_ms) as u64
            }
            Self::Funding => {
                let hours = funding_interval_hours.unwrap_or(UNKNOWN_FUNDING_HOURS);
                let spread_ms = (place * MAX_SPREAD_MS as f64) as u64;
                until_multiple(now, (hours * 3_600_000.0) as u64) + AFTER_FUNDING_MS + spread_ms
            }
        })
    }
}

/// Milliseconds from `now` to the next moment after it that is a multiple of `period_ms` of Unix
/// time.
const fn until_multiple(now: UnixMs, period_ms: u64) -> u64 {
    // An interval of 0 hours would divide by zero; a millisecond makes it due after the pause
    // alone.
    let period_ms = if period_ms == 0 { 1 } else { period_ms };
    period_ms - now.as_millis() % period_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    // 12:00:10 UTC on some day.
    const NOW: UnixMs = UnixMs::from_millis(1_788_868_810_000);

    #[track_caller]
    fn check(kind: InputKind, place: f64, expected_after_ms: u64) {
        let expected = Duration::from_millis(expected_after_ms);
        assert_eq!(
            kind.next_in(NOW, place, 10_000, Some(4.0)),
            expected,
            "for {kind:?}"
        );
    }

    #[test]
    fn candles_are_due_after_their_close_spread_over_the_contracts() {
        check(InputKind::Candles(Interval::OneMinute), 0.0, 50_000 + 1_500);
        check(
            InputKind::Candles(Interval::OneMinute),
            0.5,
            50_000 + 1_500 + 15_000,
        );
        check(
            InputKind::Candles(Interval::FourHours),
            1.0,
            4 * 3_600_000 - 10_000 + 1_500 + 60_000,
        );
    }

    #[test]
    fn what_changes_all_the_time_has_its_pause() {
        check(InputKind::Book, 0.7, 10_000);
        check(InputKind::OpenInterest, 0.7, 300_000);
        assert_eq!(
            InputKind::Trades.next_in(NOW, 0.0, 25_000, None),
            Duration::from_secs(25)
        );
        assert_eq!(
            InputKind::Trades.next_in(NOW, 0.0, 1, None),
            Duration::from_secs(10)
        );
    }

    #[test]
    fn a_funding_is_due_after_its_own_interval() {
        check(InputKind::Funding, 0.0, 4 * 3_600_000 - 10_000 + 60_000);
        assert_eq!(
            InputKind::Funding.next_in(NOW, 0.0, 1, Some(0.0)),
            Duration::from_millis(60_001)
        );
    }
}
