//! The generated market: reproducible, shaped like the real one, consistent in itself.

use std::collections::{BTreeMap, BTreeSet};

use simulator::Config;

use super::*;

#[tokio::test]
async fn the_same_seed_and_time_give_the_same_bytes() {
    let one = Exchange::start().await;
    let other = Exchange::start().await;
    for path in [TICKERS, INSTRUMENTS, GLOBAL, DEFI, FEAR_GREED] {
        assert_eq!(
            one.get(path).await.body,
            other.get(path).await.body,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_was_asked_before_does_not_change_the_answer() {
    let wanderer = Exchange::start().await;
    wanderer.clock.advance(-3 * DAY_MS);
    wanderer.tickers().await;
    wanderer.clock.advance(DAY_MS * 3 - HOUR_MS);
    wanderer.tickers().await;
    wanderer.clock.advance(HOUR_MS);
    let newcomer = Exchange::start().await;
    assert_eq!(
        wanderer.get(TICKERS).await.body,
        newcomer.get(TICKERS).await.body
    );
}

#[tokio::test]
async fn another_seed_gives_another_market_with_the_same_symbols() {
    let one = Exchange::start().await.tickers().await;
    let config = Config {
        seed: 8,
        ..Config::default()
    };
    let other = Exchange::start_with(config).await.tickers().await;
    let symbols = |rows: &[Value]| {
        rows.iter()
            .map(|row| row["symbol"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(symbols(&one), symbols(&other));
    assert_ne!(
        find(&one, "BTCUSDT")["lastPrice"],
        find(&other, "BTCUSDT")["lastPrice"]
    );
}

#[tokio::test]
async fn prices_move_on_without_jumping() {
    let exchange = Exchange::start().await;
    let before = exchange.tickers().await;
    exchange.clock.advance(1_000);
    let after = exchange.tickers().await;
    let mut moved = 0;
    for (before, after) in before
        .iter()
        .zip(&after)
        .filter(|(row, _)| row["curPreListingPhase"] == "")
    {
        let change = number(after, "lastPrice") / number(before, "lastPrice") - 1.0;
        assert!(
            change.abs() < 0.01,
            "{} moved by {change} within a second",
            before["symbol"]
        );
        moved += i32::from(change != 0.0);
    }
    assert!(moved > 600, "only {moved} prices moved");
}

#[tokio::test]
async fn the_listing_has_the_shape_of_the_real_one() {
    let rows = Exchange::start().await.instruments().await;
    let mut counts = BTreeMap::new();
    for row in &rows {
        assert_eq!(row["status"], "Trading");
        let kind = (
            text(row, "contractType"),
            text(row, "quoteCoin"),
            text(row, "symbolType"),
        );
        *counts.entry(kind).or_insert(0) += 1;
    }
    let expected = BTreeMap::from([
        (("LinearFutures", "USDT", ""), 40),
        (("LinearPerpetual", "USDC", ""), 68),
        (("LinearPerpetual", "USDT", ""), 397),
        (("LinearPerpetual", "USDT", "commodity"), 4),
        (("LinearPerpetual", "USDT", "forex"), 2),
        (("LinearPerpetual", "USDT", "innovation"), 117),
        (("LinearPerpetual", "USDT", "stock"), 174),
    ]);
    assert_eq!(counts, expected);
    for symbol in [
        "1000PEPEUSDT",
        "10000SATSUSDT",
        "1000000BABYDOGEUSDT",
        "1000000MOGUSDT",
        "SHIB1000USDT",
        "1INCHUSDT",
        "0GUSDT",
        "4USDT",
        "USDCUSDT",
        "BTCPERP",
        "AAPLUSDT",
        "XAUUSDT",
    ] {
        find(&rows, symbol);
    }
}

#[tokio::test]
async fn funding_intervals_are_mixed_as_on_the_exchange() {
    let rows = Exchange::start().await.instruments().await;
    let with_minutes = |minutes: i64| {
        rows.iter()
            .filter(|row| row["fundingInterval"] == minutes)
            .count()
    };
    assert_eq!(with_minutes(240), 407);
    // The two currencies come on top of the 352 of the recording.
    assert_eq!(with_minutes(480), 354);
    assert_eq!(with_minutes(60), 1);
    assert_eq!(with_minutes(0), 40);
}

#[tokio::test]
async fn instrument_rows_mix_strings_numbers_booleans_and_null() {
    let rows = Exchange::start().await.instruments().await;
    for row in &rows {
        assert_eq!(row.as_object().unwrap().len(), 25);
        assert!(row["symbolId"].is_u64() && row["fundingInterval"].is_u64());
        assert!(row["unifiedMarginTrade"].is_boolean() && row["forbidUplWithdrawal"].is_boolean());
        assert_eq!(row["isPreListing"], false);
        assert!(row["preListingInfo"].is_null());
        assert!(number(row, "launchTime") < NOW_MS as f64);
        assert!(number(&row["priceFilter"], "tickSize") > 0.0);
    }
}

#[tokio::test]
async fn dated_futures_expire_on_fridays_to_come() {
    let exchange = Exchange::start().await;
    for _ in 0..3 {
        let rows = exchange.instruments().await;
        let futures: Vec<_> = rows
            .iter()
            .filter(|row| row["contractType"] == "LinearFutures")
            .collect();
        assert_eq!(futures.len(), 40);
        for row in futures {
            let expiry_ms = number(row, "deliveryTime") as i64;
            assert!(expiry_ms > NOW_MS, "{row}");
            // 1970-01-02 was a Friday.
            assert_eq!(expiry_ms % (7 * DAY_MS), DAY_MS + 8 * HOUR_MS, "{row}");
        }
        exchange.clock.advance(10 * DAY_MS);
    }
    let at_first = Exchange::start().await.instruments().await;
    find(&at_first, "BTCUSDT-25DEC26");
    find(&at_first, "DOGEUSDT-25SEP26");
}

#[tokio::test]
async fn contracts_before_their_opening_are_among_the_tickers_but_not_among_the_instruments() {
    let exchange = Exchange::start().await;
    let tickers = exchange.tickers().await;
    let trading = exchange.instruments().await;
    let waiting = list(
        &exchange
            .json(&format!("{INSTRUMENTS}&status=PreLaunch"))
            .await,
    );
    let symbols = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter()
            .map(|row| text(row, "symbol").to_owned())
            .collect()
    };
    assert_eq!(waiting.len(), 5);
    assert!(symbols(&trading).is_disjoint(&symbols(&waiting)));
    let both: BTreeSet<_> = symbols(&trading)
        .union(&symbols(&waiting))
        .cloned()
        .collect();
    assert_eq!(symbols(&tickers), both);
    for row in &waiting {
        assert_eq!(row["isPreListing"], true);
        assert!(row["preListingInfo"].is_object());
        assert_ne!(
            find(&tickers, text(row, "symbol"))["curPreListingPhase"],
            ""
        );
    }
    let prices: BTreeSet<_> = waiting
        .iter()
        .map(|row| text(find(&tickers, text(row, "symbol")), "lastPrice"))
        .collect();
    assert!(prices.contains("") && prices.contains("0"), "{prices:?}");
}

#[tokio::test]
async fn tickers_have_todays_32_fields_as_strings_in_the_order_of_the_symbols() {
    let rows = Exchange::start().await.tickers().await;
    for row in &rows {
        let fields = row.as_object().unwrap();
        assert_eq!(fields.len(), 32);
        assert!(fields.values().all(Value::is_string), "{row}");
    }
    assert!(rows.is_sorted_by_key(|row| text(row, "symbol").to_owned()));
}

#[tokio::test]
async fn the_numbers_of_a_ticker_agree_with_each_other() {
    let exchange = Exchange::start().await;
    for hours in [0, 1, 100, 1_000] {
        exchange.clock.advance(hours * HOUR_MS);
        for row in exchange
            .tickers()
            .await
            .iter()
            .filter(|row| row["curPreListingPhase"] == "")
        {
            check_arithmetic(row);
        }
    }
}

#[track_caller]
fn check_arithmetic(row: &Value) {
    let last = number(row, "lastPrice");
    let mark = number(row, "markPrice");
    let prev = number(row, "prevPrice24h");
    let (high, low) = (number(row, "highPrice24h"), number(row, "lowPrice24h"));
    assert!(
        low > 0.0 && low <= last && last <= high && low <= prev && prev <= high,
        "{row}"
    );
    assert!(
        number(row, "bid1Price") <= last && last <= number(row, "ask1Price"),
        "{row}"
    );
    assert!(
        number(row, "bid1Price") < number(row, "ask1Price") && number(row, "bid1Price") > 0.0,
        "{row}"
    );
    assert!(
        number(row, "bid1Size") > 0.0 && number(row, "ask1Size") > 0.0,
        "{row}"
    );

    let exact = last / prev - 1.0;
    let told = number(row, "price24hPcnt");
    assert!(
        (exact - told).abs() < 1.000_001e-6 && told.abs() <= exact.abs() + 1e-12,
        "{exact} {row}"
    );

    let volume = number(row, "volume24h");
    if volume > 0.0 {
        let mean = number(row, "turnover24h") / volume;
        // The turnover is rounded to four decimals.
        let slack = 0.000_1 / volume;
        assert!(low - slack <= mean && mean <= high + slack, "{mean} {row}");
    } else {
        assert_eq!(text(row, "turnover24h"), "0.0000");
    }
    let (both_sides, one_side) = (
        number(row, "openInterest"),
        number(row, "singleOpenInterest"),
    );
    assert!(
        (both_sides - 2.0 * one_side).abs() <= both_sides * 1e-12,
        "{row}"
    );
    assert!(
        (number(row, "openInterestValue") - both_sides * mark).abs()
            <= 0.006 + both_sides * mark * 1e-12,
        "{row}"
    );
    assert!(
        (number(row, "singleOpenInterestValue") - one_side * mark).abs()
            <= 0.006 + one_side * mark * 1e-12,
        "{row}"
    );
    if text(row, "symbol").contains('-') {
        assert_eq!(
            (text(row, "fundingRate"), text(row, "nextFundingTime")),
            ("", "0")
        );
    } else {
        assert!(
            number(row, "fundingRate").abs() <= number(row, "fundingCap"),
            "{row}"
        );
        let next_ms = number(row, "nextFundingTime") as i64;
        let interval_ms = number(row, "fundingIntervalHour") as i64 * HOUR_MS;
        assert!(next_ms > NOW_MS && next_ms % interval_ms == 0, "{row}");
    }
}

#[tokio::test]
async fn the_market_has_winners_and_losers_and_a_long_tail() {
    let exchange = Exchange::start().await;
    for days in [0, 3, 30, 300] {
        exchange.clock.advance(days * DAY_MS);
        let tickers = exchange.tickers().await;
        let crypto: Vec<_> = exchange
            .instruments()
            .await
            .iter()
            .filter(|row| row["contractType"] == "LinearPerpetual" && row["quoteCoin"] == "USDT")
            .filter(|row| ["", "innovation"].contains(&text(row, "symbolType")))
            .map(|row| find(&tickers, text(row, "symbol")).clone())
            .collect();
        assert_eq!(crypto.len(), 514);
        let up = crypto
            .iter()
            .filter(|row| number(row, "price24hPcnt") > 0.0)
            .count();
        assert!((60..=454).contains(&up), "{up} of 514 rose");
        let small = crypto
            .iter()
            .filter(|row| number(row, "turnover24h") < 1e6)
            .count();
        assert!(
            (5..=200).contains(&small),
            "{small} of 514 have a turnover below a million"
        );
        assert!(number(find(&tickers, "BTCUSDT"), "turnover24h") > 5e9);
        assert_eq!(find(&tickers, "USDCUSDT")["fundingRate"], "0");
    }
}

#[tokio::test]
async fn whoever_forgets_to_filter_the_shares_sees_them_on_top() {
    let exchange = Exchange::start().await;
    let instruments = exchange.instruments().await;
    let stocks = instruments
        .iter()
        .filter(|row| row["symbolType"] == "stock");
    let stocks: BTreeSet<_> = stocks.map(|row| text(row, "symbol")).collect();
    for days in [0, 3, 30, 300] {
        exchange.clock.advance(days * DAY_MS);
        let tickers = exchange.tickers().await;
        for (field, sign) in [
            ("price24hPcnt", 1.0),
            ("price24hPcnt", -1.0),
            ("turnover24h", 1.0),
        ] {
            let mut rows: Vec<_> = tickers
                .iter()
                .filter(|row| row["curPreListingPhase"] == "")
                .collect();
            rows.sort_by(|left, right| {
                (sign * number(right, field)).total_cmp(&(sign * number(left, field)))
            });
            let leaders = rows
                .iter()
                .take(10)
                .filter(|row| stocks.contains(text(row, "symbol")));
            assert!(leaders.count() > 0, "{field} {sign} {days}");
        }
    }
}
