//! Path and query of every request about one contract.
//!
//! The venue answers a limit above its own with an error, so each builder cuts the limit to the
//! allowed range.

use crate::exchange::percent::encoded;
use crate::market::candles::Interval;
use crate::units::UnixMs;

/// The most candles of one answer.
pub const MAX_KLINES: u16 = 1_000;

/// The most price levels on each side of one answer.
pub const MAX_LEVELS: u16 = 1_000;

/// The most trades of one answer.
pub const MAX_TRADES: u16 = 1_000;

/// The most open-interest rows of one answer.
pub const MAX_OPEN_INTEREST: u16 = 200;

/// The most account-ratio rows of one answer.
pub const MAX_ACCOUNT_RATIO: u16 = 500;

/// The most fundings of one answer.
pub const MAX_FUNDINGS: u16 = 200;

/// Candles: the newest `limit`, or with `start` the first `limit` that begin there or later.
///
/// To continue a series, `start` is the beginning of its last candle. The overlap proves that
/// nothing is missing, and replaces a candle whose last trades arrived after it was read.
#[must_use]
pub fn klines(symbol: &str, interval: Interval, limit: u16, start: Option<UnixMs>) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_KLINES));
    let code = interval_code(interval);
    let path =
        format!("/v5/market/kline?category=linear&symbol={symbol}&interval={code}&limit={limit}");
    match start {
        Some(start) => format!("{path}&start={start}"),
        None => path,
    }
}

/// The order book, `limit` levels on each side.
#[must_use]
pub fn orderbook(symbol: &str, limit: u16) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_LEVELS));
    format!("/v5/market/orderbook?category=linear&symbol={symbol}&limit={limit}")
}

/// The newest `limit` trades.
#[must_use]
pub fn trades(symbol: &str, limit: u16) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_TRADES));
    format!("/v5/market/recent-trade?category=linear&symbol={symbol}&limit={limit}")
}

/// The newest `limit` open-interest rows, one per five minutes.
#[must_use]
pub fn open_interest(symbol: &str, limit: u16) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_OPEN_INTEREST));
    format!(
        "/v5/market/open-interest?category=linear&symbol={symbol}&intervalTime=5min&limit={limit}"
    )
}

/// The newest `limit` open-interest rows, one per fifteen minutes: a day in one answer.
#[must_use]
pub fn open_interest_record(symbol: &str, limit: u16) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_OPEN_INTEREST));
    format!(
        "/v5/market/open-interest?category=linear&symbol={symbol}&intervalTime=15min&limit={limit}"
    )
}

/// The newest `limit` account ratios, one per five minutes.
#[must_use]
pub fn account_ratio(symbol: &str, limit: u16) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_ACCOUNT_RATIO));
    format!("/v5/market/account-ratio?category=linear&symbol={symbol}&period=5min&limit={limit}")
}

/// The newest `limit` fundings, up to `end` where one is given.
///
/// There is no `start`: the venue refuses a `startTime` without an `endTime`.
#[must_use]
pub fn funding_history(symbol: &str, limit: u16, end: Option<UnixMs>) -> String {
    let (symbol, limit) = (encoded(symbol), limit.clamp(1, MAX_FUNDINGS));
    let path = format!("/v5/market/funding/history?category=linear&symbol={symbol}&limit={limit}");
    match end {
        Some(end) => format!("{path}&endTime={end}"),
        None => path,
    }
}

/// The venue's name of a candle's length: minutes, or a letter.
pub(super) const fn interval_code(interval: Interval) -> &'static str {
    match interval {
        Interval::OneMinute => "1",
        Interval::FiveMinutes => "5",
        Interval::ThirtyMinutes => "30",
        Interval::OneHour => "60",
        Interval::FourHours => "240",
        Interval::OneDay => "D",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_written_as_the_venue_documents_it() {
        assert_eq!(
            klines("BTCUSDT", Interval::FourHours, 200, None),
            "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=240&limit=200"
        );
        assert_eq!(
            klines(
                "BTCUSDT",
                Interval::OneDay,
                3,
                Some(UnixMs::from_millis(1_670_601_600_000))
            ),
            "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=D&limit=3&start=1670601600000"
        );
        assert_eq!(
            orderbook("BTCUSDT", 50),
            "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50"
        );
        assert_eq!(
            trades("BTCUSDT", 1_000),
            "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=1000"
        );
        assert_eq!(
            open_interest("BTCUSDT", 200),
            "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=200"
        );
        assert_eq!(
            account_ratio("BTCUSDT", 50),
            "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=5min&limit=50"
        );
        assert_eq!(
            funding_history("BTCUSDT", 200, None),
            "/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=200"
        );
    }

    #[test]
    fn fundings_are_never_asked_for_by_their_start() {
        for end in [None, Some(UnixMs::from_millis(5))] {
            assert!(!funding_history("BTCUSDT", 200, end).contains("startTime"));
        }
    }

    #[test]
    fn a_limit_is_cut_to_what_the_venue_allows() {
        for (path, allowed) in [
            (klines("A", Interval::OneMinute, u16::MAX, None), 1_000),
            (orderbook("A", u16::MAX), 1_000),
            (trades("A", u16::MAX), 1_000),
            (open_interest("A", u16::MAX), 200),
            (account_ratio("A", u16::MAX), 500),
            (funding_history("A", u16::MAX, None), 200),
        ] {
            assert!(path.ends_with(&format!("&limit={allowed}")), "{path}");
        }
        assert!(trades("A", 0).ends_with("&limit=1"));
    }

    #[test]
    fn a_symbol_beyond_ascii_is_percent_encoded_everywhere() {
        for path in [
            klines("币USDT", Interval::OneMinute, 1, None),
            orderbook("币USDT", 1),
            trades("币USDT", 1),
            open_interest("币USDT", 1),
            account_ratio("币USDT", 1),
            funding_history("币USDT", 1, None),
        ] {
            assert!(path.contains("&symbol=%E5%B8%81USDT&"), "{path}");
        }
    }
}
