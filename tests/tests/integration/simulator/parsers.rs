//! What the simulated exchange says, our own parsers understand: every answer, to the last row.

use serde_json::json;
use shared::exchange::ParseError;
use shared::exchange::bybit::{
    Reading, account_ratio, funding_history, klines, open_interest, orderbook, paths, trades,
};
use shared::market::candles::{Candles, Interval};
use shared::units::UnixMs;

use super::*;

/// Busy and quiet ones, each kind of name, each funding interval.
const SYMBOLS: [&str; 20] = [
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "XRPUSDT",
    "DOGEUSDT",
    "HYPEUSDT",
    "BNBUSDT",
    "1000PEPEUSDT",
    "SHIB1000USDT",
    "10000SATSUSDT",
    "1000000BABYDOGEUSDT",
    "1000000MOGUSDT",
    "YFIUSDT",
    "USDCUSDT",
    "PAXGUSDT",
    "1INCHUSDT",
    "0GUSDT",
    "4USDT",
    "HMSTRUSDT",
    "ZENUSDT",
];

fn now(exchange: &Exchange) -> UnixMs {
    UnixMs::from_millis(u64::try_from(exchange.clock.now_ms()).unwrap())
}

/// Nothing was refused, and the answer has the simulator's time.
#[track_caller]
fn whole<T>(reading: Result<Reading<T>, ParseError>) -> T {
    let reading = reading.unwrap();
    assert_eq!(reading.refused, []);
    reading.value
}

async fn candles(
    exchange: &Exchange,
    symbol: &str,
    interval: Interval,
    limit: u16,
    start: Option<UnixMs>,
) -> Candles {
    let body = exchange
        .get(&paths::klines(symbol, interval, limit, start))
        .await
        .body;
    whole(klines::parse(&body, symbol, interval, now(exchange)))
}

#[tokio::test]
async fn every_answer_about_twenty_contracts_is_read_to_the_last_row() {
    let exchange = Exchange::start().await;
    let mut block_trades = 0;
    for symbol in SYMBOLS {
        for interval in Interval::ALL {
            let candles = candles(&exchange, symbol, interval, 200, None).await;
            // The newest of the 200 is open.
            assert_eq!(
                (candles.closed.len(), candles.missing()),
                (199, 0),
                "{symbol} {interval:?}"
            );
        }
        let body = exchange.get(&paths::orderbook(symbol, 50)).await.body;
        let book = orderbook::parse(&body, symbol).unwrap();
        assert_eq!((book.bids.len(), book.asks.len()), (50, 50), "{symbol}");
        assert!(now(&exchange).millis_since(book.as_of_ms) < 1_000);

        let body = exchange.get(&paths::trades(symbol, 1_000)).await.body;
        let trades = whole(trades::parse(&body, symbol)).trades;
        block_trades += 1_000 - trades.len();
        assert!(trades.iter().all(|trade| trade.taker.is_some()));

        let body = exchange.get(&paths::open_interest(symbol, 200)).await.body;
        assert_eq!(whole(open_interest::parse(&body, symbol)).len(), 200);
        let body = exchange.get(&paths::account_ratio(symbol, 500)).await.body;
        assert_eq!(whole(account_ratio::parse(&body, symbol)).len(), 500);
        let body = exchange
            .get(&paths::funding_history(symbol, 200, None))
            .await
            .body;
        assert_eq!(whole(funding_history::parse(&body, symbol)).len(), 200);
    }
    assert!(
        (10..200).contains(&block_trades),
        "{block_trades} trades were left out"
    );
}

#[tokio::test]
async fn a_series_that_is_continued_is_the_series_that_is_loaded_at_once() {
    let exchange = Exchange::start().await;
    let mut kept = candles(&exchange, "ETHUSDT", Interval::OneMinute, 100, None).await;
    for minutes in [1, 3, 17, 1, 60] {
        exchange.clock.advance(minutes * 60_000);
        let start = kept.closed.last().map(|candle| candle.start_ms);
        let loaded = candles(&exchange, "ETHUSDT", Interval::OneMinute, 100, start).await;
        assert_eq!(
            loaded.closed.len() as i64,
            minutes + 1,
            "the overlap and what came after it"
        );
        kept = kept.merge(&loaded, 99).unwrap();
        assert_eq!(
            kept,
            candles(&exchange, "ETHUSDT", Interval::OneMinute, 100, None).await
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_makes_no_row_implausible_and_no_open_candle_closed() {
    let exchange = Exchange::start().await;
    for skew_ms in [-HOUR_MS, 90_000, HOUR_MS] {
        exchange
            .set_fault("bybit", &json!({"kind": "clock_skew", "ms": skew_ms}))
            .await;
        let minutes = candles(&exchange, "BTCUSDT", Interval::OneMinute, 200, None).await;
        let last = minutes.closed.last().unwrap();
        assert!(
            last.end_ms(Interval::OneMinute) <= now(&exchange),
            "{skew_ms}"
        );
        let body = exchange.get(&paths::orderbook("BTCUSDT", 50)).await.body;
        orderbook::parse(&body, "BTCUSDT").unwrap();
        let body = exchange.get(&paths::trades("BTCUSDT", 1_000)).await.body;
        whole(trades::parse(&body, "BTCUSDT"));
        let body = exchange
            .get(&paths::open_interest("BTCUSDT", 200))
            .await
            .body;
        whole(open_interest::parse(&body, "BTCUSDT"));
        let body = exchange
            .get(&paths::account_ratio("BTCUSDT", 200))
            .await
            .body;
        whole(account_ratio::parse(&body, "BTCUSDT"));
        let body = exchange
            .get(&paths::funding_history("BTCUSDT", 200, None))
            .await
            .body;
        whole(funding_history::parse(&body, "BTCUSDT"));
    }
}

#[tokio::test]
async fn each_broken_answer_is_refused_by_its_name() {
    let exchange = Exchange::start().await;
    let path = paths::klines("BTCUSDT", Interval::FiveMinutes, 20, None);
    for (fault, label) in [
        (json!({"kind": "empty_list"}), "empty_list"),
        (json!({"kind": "null_result"}), "result_missing"),
        (json!({"kind": "empty_result"}), "result_missing"),
        (json!({"kind": "html_200"}), "html_body"),
        (json!({"kind": "empty_body"}), "empty_body"),
        (
            json!({"kind": "truncate", "mode": "short_json"}),
            "truncated_body",
        ),
        (
            json!({"kind": "ret_code", "code": 10_006, "message": "Too many visits!"}),
            "refused_by_venue",
        ),
    ] {
        exchange.set_fault("bybit-klines", &fault).await;
        let body = exchange.get(&path).await.body;
        let refusal =
            klines::parse(&body, "BTCUSDT", Interval::FiveMinutes, now(&exchange)).unwrap_err();
        assert_eq!(refusal.label(), label, "{fault}");
    }
    for (fault, kept, label) in [
        (json!({"kind": "duplicate_symbols"}), 19, "repeated_row"),
        (json!({"kind": "zero_prices"}), 0, "unusable_field"),
        (json!({"kind": "nan_prices"}), 0, "unusable_field"),
        (json!({"kind": "null_prices"}), 0, "missing_field"),
        (
            json!({"kind": "scale_all", "factor": 3.0, "fields": "last"}),
            0,
            "candle_contradicted",
        ),
    ] {
        exchange.set_fault("bybit-klines", &fault).await;
        let body = exchange.get(&path).await.body;
        let reading =
            klines::parse(&body, "BTCUSDT", Interval::FiveMinutes, now(&exchange)).unwrap();
        assert_eq!(reading.value.closed.len(), kept, "{fault}");
        assert_eq!(reading.refused[0].reason.label(), label, "{fault}");
    }
    exchange
        .set_fault("bybit-orderbook", &json!({"kind": "zero_prices"}))
        .await;
    let body = exchange.get(&paths::orderbook("BTCUSDT", 50)).await.body;
    assert_eq!(
        orderbook::parse(&body, "BTCUSDT").unwrap_err().label(),
        "bad_book_level"
    );
    exchange
        .set_fault("bybit-trades", &json!({"kind": "placeholder_symbol"}))
        .await;
    let body = exchange.get(&paths::trades("BTCUSDT", 50)).await.body;
    let reading = trades::parse(&body, "BTCUSDT").unwrap();
    assert!(
        reading
            .refused
            .iter()
            .all(|refused| refused.reason.label() == "other_symbol")
    );
    assert_eq!(reading.refused.len(), 2);
}
