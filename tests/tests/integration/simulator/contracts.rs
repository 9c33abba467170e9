//! What is told about one contract: book, trades, positions. Each agrees with the ticker and with
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use simulator::Config;

use super::*;

/// Link and path, without the symbol.
const LINKS: [(&str, &str); 6] = [
    (
        "bybit-klines",
        "/v5/market/kline?category=linear&interval=5",
    ),
    ("bybit-orderbook", "/v5/market/orderbook?category=linear"),
    ("bybit-trades", "/v5/market/recent-trade?category=linear"),
    (
        "bybit-open-interest",
        "/v5/market/open-interest?category=linear&intervalTime=5min",
    ),
    (
        "bybit-account-ratio",
        "/v5/market/account-ratio?category=linear&period=5min",
    ),
    (
        "bybit-funding",
        "/v5/market/funding/history?category=linear",
    ),
];

fn orderbook(symbol: &str, limit: usize) -> String {
    format!("/v5/market/orderbook?category=linear&symbol={symbol}&limit={limit}")
}

fn trades(symbol: &str, limit: usize) -> String {
    format!("/v5/market/recent-trade?category=linear&symbol={symbol}&limit={limit}")
}

#[tokio::test]
async fn the_book_begins_at_the_prices_of_the_ticker_and_gets_worse_from_there() {
    let exchange = Exchange::start().await;
    for symbol in CONTRACTS {
        let ticker = exchange.ticker(symbol).await;
        let book = exchange.json(&orderbook(symbol, 50)).await["result"].clone();
        assert_eq!(book["s"], symbol);
        for (side, price, size, sign) in [
            ("b", "bid1Price", "bid1Size", -1.0),
            ("a", "ask1Price", "ask1Size", 1.0),
        ] {
            assert_eq!(
                book[side][0],
                json!([ticker[price], ticker[size]]),
                "{symbol}"
            );
            let levels = all_cells(book[side].as_array().unwrap());
            assert_eq!(levels.len(), 50, "{symbol}");
            assert!(
                levels
                    .windows(2)
                    .all(|pair| sign * pair[1][0] > sign * pair[0][0]),
                "{symbol} {levels:?}"
            );
            assert!(
                levels.iter().all(|level| level[0] > 0.0 && level[1] > 0.0),
                "{symbol} {levels:?}"
            );
        }
        for field in ["ts", "u", "seq", "cts"] {
            assert!(book[field].is_i64(), "{field} is no bare number");
        }
        let (made_ms, answered_ms) = (book["cts"].as_i64().unwrap(), book["ts"].as_i64().unwrap());
        assert!(
            made_ms <= answered_ms && answered_ms == NOW_MS && NOW_MS - made_ms < 1_000,
            "{made_ms}"
        );
    }
}

#[tokio::test]
async fn a_book_has_two_hundred_levels_and_busy_ones_are_deeper() {
    let exchange = Exchange::start().await;
    let mut depths = BTreeMap::new();
    for symbol in ["BTCUSDT", "YGGUSDT"] {
        let book = exchange.json(&orderbook(symbol, 1_000)).await["result"].clone();
        let bids = all_cells(book["b"].as_array().unwrap());
        assert_eq!(
            (bids.len(), book["a"].as_array().unwrap().len()),
            (200, 200)
        );
        depths.insert(
            symbol,
            bids.iter().map(|level| level[0] * level[1]).sum::<f64>(),
        );
    }
    assert!(depths["BTCUSDT"] > 10.0 * depths["YGGUSDT"], "{depths:?}");
    let default = exchange
        .json("/v5/market/orderbook?category=linear&symbol=BTCUSDT")
        .await;
    assert_eq!(default["result"]["b"].as_array().unwrap().len(), 25);
}

#[tokio::test]
async fn the_book_leans_now_to_one_side_now_to_the_other() {
    let exchange = Exchange::start().await;
    let mut leaning_up = 0;
    for _ in 0..40 {
        exchange.clock.advance(HOUR_MS);
        let book = exchange.json(&orderbook("SOLUSDT", 50)).await["result"].clone();
        let sum = |side: &str| {
            all_cells(book[side].as_array().unwrap())
                .iter()
                .map(|level| level[1])
                .sum::<f64>()
        };
        leaning_up += i32::from(sum("b") > sum("a"));
    }
    assert!(
        (8..=32).contains(&leaning_up),
        "{leaning_up} of 40 books lean up"
    );
}

#[tokio::test]
async fn trades_come_up_to_the_present_newest_first() {
    let exchange = Exchange::start().await;
    for symbol in CONTRACTS {
        let rows = exchange.list(&trades(symbol, 1_000)).await;
        assert_eq!(rows.len(), 1_000, "{symbol}");
        let times: Vec<_> = rows.iter().map(|row| number(row, "time") as i64).collect();
        assert!(
            times[0] <= NOW_MS && times.is_sorted_by(|newer, older| newer >= older),
            "{symbol}"
        );
        let names: BTreeSet<_> = rows.iter().map(|row| text(row, "execId")).collect();
        assert_eq!(names.len(), rows.len(), "{symbol}");
        for row in &rows {
            assert_eq!(row["symbol"], symbol);
            assert!(
                number(row, "price") > 0.0 && number(row, "size") > 0.0,
                "{row}"
            );
            assert!(["Buy", "Sell"].contains(&text(row, "side")), "{row}");
            assert!(
                row["isBlockTrade"].is_boolean()
                    && row["isRPITrade"].is_boolean()
                    && row["seq"].is_string()
            );
        }
    }
    let newest = &exchange.list(&trades("BTCUSDT", 1)).await[0];
    assert!(NOW_MS - (number(newest, "time") as i64) < 1_000, "{newest}");
    let last = number(&exchange.ticker("BTCUSDT").await, "lastPrice");
    assert!(
        (number(newest, "price") / last - 1.0).abs() < 1e-4,
        "{newest} {last}"
    );
    assert_eq!(
        exchange
            .list("/v5/market/recent-trade?category=linear&symbol=BTCUSDT")
            .await
            .len(),
        500
    );
}

#[tokio::test]
async fn a_trade_is_the_same_whenever_it_is_told() {
    let exchange = Exchange::start().await;
    let before = exchange.list(&trades("BTCUSDT", 1_000)).await;
    exchange.clock.advance(5_000);
    let after = exchange.list(&trades("BTCUSDT", 1_000)).await;
    let place = after.iter().position(|row| *row == before[0]).unwrap();
    assert!(place > 10, "only {place} trades in five seconds");
    assert_eq!(after[place..], before[..1_000 - place]);
}

#[tokio::test]
async fn takers_push_the_price() {
    let exchange = Exchange::start().await;
    let mut agreeing = 0;
    let mut clear = 0;
    for _ in 0..12 {
        exchange.clock.advance(HOUR_MS);
        for symbol in ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"] {
            let rows = exchange.list(&trades(symbol, 1_000)).await;
            let buys = rows.iter().filter(|row| row["side"] == "Buy").count();
            let change = number(&rows[0], "price") / number(&rows[999], "price") - 1.0;
            if change.abs() > 2e-4 && buys.abs_diff(500) > 40 {
                clear += 1;
                agreeing += i32::from((buys > 500) == (change > 0.0));
            }
        }
    }
    assert!(
        clear >= 10 && agreeing * 10 >= clear * 8,
        "{agreeing} of {clear}"
    );
}

#[tokio::test]
async fn the_trades_of_a_span_turn_over_what_the_candles_say() {
    let exchange = Exchange::start().await;
    let daily = number(&exchange.ticker("ETHUSDT").await, "turnover24h");
    let mut turned_over = 0.0;
    let mut span_ms = 0.0;
    for _ in 0..10 {
        exchange.clock.advance(HOUR_MS);
        let rows = exchange.list(&trades("ETHUSDT", 1_000)).await;
        turned_over += rows
            .iter()
            .map(|row| number(row, "price") * number(row, "size"))
            .sum::<f64>();
        span_ms += number(&rows[0], "time") - number(&rows[999], "time");
    }
    let ratio = turned_over / span_ms * DAY_MS as f64 / daily;
    assert!((0.6..1.6).contains(&ratio), "{ratio}");
}

#[tokio::test]
async fn the_open_interest_is_that_of_the_ticker() {
    let exchange = Exchange::start().await;
    exchange.to_the_full();
    for symbol in CONTRACTS {
        let path = format!(
            "/v5/market/open-interest?category=linear&symbol={symbol}&intervalTime=5min&limit=200"
        );
        let body = exchange.json(&path).await;
        assert_eq!(body["result"]["symbol"], symbol);
        let rows = list(&body);
        assert_eq!(rows.len(), 200);
        let ticker = exchange.ticker(symbol).await;
        for field in ["openInterest", "singleOpenInterest"] {
            assert_eq!(number(&rows[0], field), number(&ticker, field), "{symbol}");
            let (_, decimals) = text(&rows[0], field).split_once('.').unwrap();
            assert_eq!(decimals.len(), 8);
        }
        for (row, age) in rows.iter().zip(0..) {
            assert_eq!(
                number(row, "timestamp") as i64,
                exchange.clock.now_ms() - age * 5 * MINUTE_MS
            );
            assert_eq!(
                number(row, "openInterest"),
                2.0 * number(row, "singleOpenInterest")
            );
        }
    }
}

#[tokio::test]
async fn older_statistics_are_behind_the_cursor() {
    let exchange = Exchange::start().await;
    for path in [
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h",
        "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=1h",
    ] {
        let whole = exchange.list(&format!("{path}&limit=100")).await;
        let first = exchange.json(path).await;
        let cursor = text(&first["result"], "nextPageCursor");
        assert!(cursor.contains("%3D") && cursor.contains("%26"), "{cursor}");
        let second = exchange.list(&format!("{path}&cursor={cursor}")).await;
        assert_eq!([list(&first), second].concat(), whole);
        let (start, end) = (&whole[20]["timestamp"], &whole[10]["timestamp"]);
        let (start, end) = (start.as_str().unwrap(), end.as_str().unwrap());
        assert_eq!(
            exchange
                .list(&format!("{path}&startTime={start}&endTime={end}"))
                .await,
            whole[10..=20]
        );
    }
}

#[tokio::test]
async fn the_accounts_of_both_sides_are_all_accounts() {
    let exchange = Exchange::start().await;
    let path = "/v5/market/account-ratio?category=linear&symbol=ETHUSDT&period=5min&limit=500";
    let body = exchange.json(path).await;
    assert!(body["result"].get("category").is_none());
    let rows = list(&body);
    assert_eq!(rows.len(), 500);
    let shares: Vec<_> = rows.iter().map(|row| number(row, "buyRatio")).collect();
    assert!(shares.iter().all(|share| (0.2..0.9).contains(share)));
    assert!(
        rows.iter()
            .all(|row| (number(row, "buyRatio") + number(row, "sellRatio") - 1.0).abs() < 1e-9)
    );
    assert!(
        shares.iter().copied().fold(0.0, f64::max) - shares.iter().copied().fold(1.0, f64::min)
            > 0.01
    );
}

#[tokio::test]
async fn what_the_ticker_announces_is_what_is_paid() {
    let exchange = Exchange::start().await;
    let path = "/v5/market/funding/history?category=linear&symbol=";
    for symbol in [
        "BTCUSDT", "ETHUSDT", "SOLUSDT", "WIFUSDT", "TSLAUSDT", "4USDT",
    ] {
        let ticker = exchange.ticker(symbol).await;
        let due_ms = number(&ticker, "nextFundingTime") as i64;
        let interval_ms = number(&ticker, "fundingIntervalHour") as i64 * HOUR_MS;
        let rows = exchange.list(&format!("{path}{symbol}")).await;
        assert_eq!(rows.len(), 200);
        for (row, age) in rows.iter().zip(1..) {
            assert_eq!(row["symbol"], symbol);
            assert_eq!(
                number(row, "fundingRateTimestamp") as i64,
                due_ms - age * interval_ms,
                "{symbol}"
            );
        }
        exchange
            .clock
            .advance(due_ms - 1_000 - exchange.clock.now_ms());
        let announced = number(&exchange.ticker(symbol).await, "fundingRate");
        exchange.clock.advance(2_000);
        let paid = &exchange.list(&format!("{path}{symbol}&limit=1")).await[0];
        assert_eq!(number(paid, "fundingRateTimestamp") as i64, due_ms);
        assert!(
            (number(paid, "fundingRate") - announced).abs() < 1e-6,
            "{symbol} {announced} {paid}"
        );
    }
    let ended = exchange
        .list(&format!(
            "{path}BTCUSDT&limit=2&endTime={}",
            NOW_MS - 10 * DAY_MS
        ))
        .await;
    assert!(number(&ended[0], "fundingRateTimestamp") <= (NOW_MS - 10 * DAY_MS) as f64);
    assert_eq!(
        exchange.json(&format!("{path}BTCUSDT&startTime=1")).await["retCode"],
        10_001
    );
    assert_eq!(
        exchange.list(&format!("{path}BTCUSDT-25DEC26")).await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn a_bad_question_about_a_contract_is_an_error_with_http_200() {
    let exchange = Exchange::start().await;
    let mut paths = vec![
        "/v5/market/kline?category=linear&symbol=BTCUSDT".to_owned(),
        klines("BTCUSDT", "7", 1),
        klines("BTCUSDT", "M", 1),
        klines("BTCUSDT", "1", 1_001),
        format!("{}&start=soon", klines("BTCUSDT", "1", 1)),
        orderbook("BTCUSDT", 1_001),
        trades("BTCUSDT", 1_001),
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT".to_owned(),
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=201"
            .to_owned(),
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&cursor=x"
            .to_owned(),
        "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=5m".to_owned(),
        "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=5min&limit=501".to_owned(),
        "/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=201".to_owned(),
    ];
    for (_, path) in LINKS {
        paths.push(path.to_owned());
        paths.push(format!("{path}&symbol=NOSUCHUSDT"));
        paths.push(format!("{path}&symbol=btcusdt"));
        paths.push(format!("{path}&symbol=BTCUSDT&limit=0"));
        paths.push(format!(
            "{}&symbol=BTCUSDT",
            path.replace("category=linear", "category=spot")
        ));
    }
    for path in paths {
        let answer = exchange.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json()["retCode"], 10_001, "{path}");
        assert_eq!(answer.json()["result"], json!({}), "{path}");
    }
}

#[tokio::test]
async fn before_its_opening_a_contract_has_neither_book_nor_trades() {
    let exchange = Exchange::start().await;
    for symbol in ["OPALXUSDT", "VANTISUSDT", "KRILLAUSDT"] {
        assert_eq!(
            exchange.list(&trades(symbol, 10)).await,
            Vec::<Value>::new()
        );
        assert_eq!(
            exchange.list(&klines(symbol, "5", 10)).await,
            Vec::<Value>::new()
        );
        let book = exchange.json(&orderbook(symbol, 10)).await["result"].clone();
        assert_eq!((&book["b"], &book["a"]), (&json!([]), &json!([])));
    }
    // There are candles from the first matching on, and everything once trading is continuous.
    assert_eq!(
        exchange.list(&klines("MONADROUSDT", "5", 10)).await.len(),
        10
    );
    assert_eq!(exchange.list(&trades("ZEPHYXUSDT", 10)).await.len(), 10);
}

#[tokio::test]
async fn a_dead_future_has_candles_without_volume_and_no_trades() {
    let exchange = Exchange::start().await;
    let tickers = exchange.tickers().await;
    let dead = tickers
        .iter()
        .find(|row| row["turnover24h"] == "0.0000" && row["deliveryTime"] != "0")
        .unwrap();
    let symbol = text(dead, "symbol");
    assert_eq!(
        exchange.list(&trades(symbol, 10)).await,
        Vec::<Value>::new()
    );
    for row in all_cells(&exchange.list(&klines(symbol, "60", 10)).await) {
        assert_eq!((row[5], row[6]), (0.0, 0.0));
    }
}

#[tokio::test]
async fn the_same_question_at_the_same_time_has_the_same_answer() {
    let one = Exchange::start().await;
    let other = Exchange::start().await;
    other.clock.advance(-DAY_MS);
    for (_, path) in LINKS {
        other.get(&format!("{path}&symbol=ETHUSDT")).await;
    }
    other.clock.advance(DAY_MS);
    for (_, path) in LINKS {
        let path = format!("{path}&symbol=BTCUSDT");
        assert_eq!(
            one.get(&path).await.body,
            other.get(&path).await.body,
            "{path}"
        );
    }
    let seeded = Exchange::start_with(Config {
        seed: 8,
        ..Config::default()
    })
    .await;
    assert_ne!(
        seeded.get(&klines("BTCUSDT", "5", 9)).await.body,
        one.get(&klines("BTCUSDT", "5", 9)).await.body
    );
}

#[tokio::test]
async fn each_question_has_its_own_link_to_count_and_to_break() {
    let exchange = Exchange::start().await;
    for (link, path) in LINKS {
        let path = format!("{path}&symbol=BTCUSDT");
        let answer = exchange.get(&path).await;
        assert_eq!(
            (answer.status, answer.header("x-market-data")),
            (StatusCode::OK, Some("simulated")),
            "{link}"
        );
        assert_eq!(answer.json()["time"], NOW_MS, "{link}");
        exchange
            .set_fault(link, &json!({"kind": "status", "status": 503}))
            .await;
        assert_eq!(
            exchange.get(&path).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{link}"
        );
        assert_eq!(
            exchange.json("/control/requests").await["by_link"][link],
            2,
            "{link}"
        );
    }
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::OK);
    exchange.clear_faults().await;
    exchange
        .set_fault("bybit", &json!({"kind": "geo_403"}))
        .await;
    for (link, path) in LINKS {
        assert_eq!(
            exchange.get(&format!("{path}&symbol=BTCUSDT")).await.status,
            StatusCode::FORBIDDEN,
            "{link}"
        );
    }
}

#[tokio::test]
async fn faults_of_rows_and_prices_reach_candles_books_and_trades() {
    let exchange = Exchange::start().await;
    let (candles, book, tape) = (
        klines("BTCUSDT", "1", 9),
        orderbook("BTCUSDT", 9),
        trades("BTCUSDT", 9),
    );
    exchange
        .set_fault("bybit", &json!({"kind": "few_rows", "rows": 2}))
        .await;
    assert_eq!(exchange.list(&candles).await.len(), 2);
    assert_eq!(
        exchange.json(&book).await["result"]["a"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    exchange
        .set_fault("bybit", &json!({"kind": "zero_prices"}))
        .await;
    assert_eq!(exchange.list(&candles).await[0][4], "0");
    assert_eq!(exchange.json(&book).await["result"]["b"][3][0], "0");
    assert_eq!(exchange.list(&tape).await[0]["price"], "0");
    exchange
        .set_fault("bybit", &json!({"kind": "number_prices"}))
        .await;
    assert!(exchange.list(&candles).await[0][4].is_number());
    exchange.clear_faults().await;
    let before = cells(&exchange.list(&candles).await[5]);
    exchange
        .set_fault("bybit", &json!({"kind": "scale_all", "factor": 2.0}))
        .await;
    let doubled = cells(&exchange.list(&candles).await[5]);
    assert_eq!(
        (doubled[0], doubled[1], doubled[5]),
        (before[0], 2.0 * before[1], before[5])
    );
}
