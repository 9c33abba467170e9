//! Candles agree with the ticker, with one another and with what was told before.

use super::*;

#[tokio::test]
async fn the_newest_candle_is_open_and_closes_at_the_last_price() {
    let exchange = Exchange::start().await;
    for symbol in CONTRACTS {
        let last = exchange.ticker(symbol).await["lastPrice"].clone();
        for (interval, minutes) in [
            ("1", 1),
            ("3", 3),
            ("30", 30),
            ("60", 60),
            ("240", 240),
            ("720", 720),
            ("D", 1_440),
        ] {
            let rows = exchange.list(&klines(symbol, interval, 2)).await;
            assert_eq!(rows[0][4], last, "{symbol} {interval}");
            let length_ms = minutes * MINUTE_MS;
            assert_eq!(
                cells(&rows[0])[0] as i64,
                NOW_MS - NOW_MS % length_ms,
                "{symbol} {interval}"
            );
        }
    }
}

#[tokio::test]
async fn candles_stand_newest_first_without_a_hole_and_hold_their_prices() {
    let exchange = Exchange::start().await;
    for symbol in CONTRACTS {
        for (interval, minutes) in [
            ("1", 1),
            ("5", 5),
            ("30", 30),
            ("60", 60),
            ("240", 240),
            ("D", 1_440),
        ] {
            let rows = all_cells(&exchange.list(&klines(symbol, interval, 300)).await);
            assert_eq!(rows.len(), 300, "{symbol} {interval}");
            for pair in rows.windows(2) {
                assert_eq!(
                    pair[0][0] - pair[1][0],
                    (minutes * MINUTE_MS) as f64,
                    "{symbol} {interval}"
                );
                assert_eq!(
                    pair[0][1], pair[1][4],
                    "{symbol} {interval} does not open where it closed"
                );
            }
            rows.iter().for_each(|row| check_candle(row));
        }
    }
}

#[track_caller]
fn check_candle(row: &[f64]) {
    let &[_, open, high, low, close, volume, turnover] = row else {
        panic!("{row:?}")
    };
    assert!(
        low > 0.0 && low <= open.min(close) && high >= open.max(close),
        "{row:?}"
    );
    // The turnover is rounded to four decimals.
    let slack = 0.000_1;
    assert!(
        volume * low - slack <= turnover && turnover <= volume * high + slack,
        "{row:?}"
    );
}

#[tokio::test]
async fn the_candles_of_a_day_have_the_range_and_the_trading_of_the_ticker() {
    let exchange = Exchange::start().await;
    for days in [0, 3, 40] {
        exchange.clock.advance(days * DAY_MS);
        exchange.to_the_full();
        for symbol in CONTRACTS {
            let ticker = exchange.ticker(symbol).await;
            let rows = all_cells(&exchange.list(&klines(symbol, "5", 289)).await);
            // The newest one has only begun.
            let day = &rows[1..];
            let (told_high, told_low) = (
                number(&ticker, "highPrice24h"),
                number(&ticker, "lowPrice24h"),
            );
            let high = day.iter().map(|row| row[2]).fold(f64::MIN, f64::max);
            let low = day.iter().map(|row| row[3]).fold(f64::MAX, f64::min);
            let slack = 0.12 * (told_high - told_low) + 1e-4 * told_high;
            assert!(
                (high - told_high).abs() <= slack,
                "{symbol}: {high} {ticker}"
            );
            assert!((low - told_low).abs() <= slack, "{symbol}: {low} {ticker}");
            assert_eq!(number(&ticker, "prevPrice24h"), day[287][1], "{symbol}");
            let sum = |cell: usize| day.iter().map(|row| row[cell]).sum::<f64>();
            for (cell, field) in [(5, "volume24h"), (6, "turnover24h")] {
                let (found, told) = (sum(cell), number(&ticker, field));
                // A quiet contract trades less than a step in five minutes, which is rounded.
                let steps = if symbol.contains('-') { 0.2 } else { 0.02 };
                assert!(
                    (found - told).abs() <= steps * told,
                    "{symbol} {field}: {found} {told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn short_candles_add_up_to_long_ones() {
    let exchange = Exchange::start().await;
    exchange.to_the_full();
    let minutes = all_cells(&exchange.list(&klines("BTCUSDT", "1", 6)).await);
    let five = &all_cells(&exchange.list(&klines("BTCUSDT", "5", 2)).await)[1];
    let minutes = &minutes[1..];
    assert_eq!(
        (minutes[4][0], minutes[4][1], minutes[0][4]),
        (five[0], five[1], five[4])
    );
    let turnover: f64 = minutes.iter().map(|row| row[6]).sum();
    assert!(
        (turnover / five[6] - 1.0).abs() < 1e-4,
        "{turnover} {five:?}"
    );
}

#[tokio::test]
async fn what_was_closed_stays_as_it_was() {
    let exchange = Exchange::start().await;
    let before = exchange.list(&klines("ETHUSDT", "1", 50)).await;
    exchange.clock.advance(3 * MINUTE_MS);
    let after = exchange.list(&klines("ETHUSDT", "1", 53)).await;
    assert_eq!(after[4..], before[1..]);
    assert_eq!(after[3][0], before[0][0]);
}

#[tokio::test]
async fn days_reach_back_further_than_two_hundred_and_no_further_than_the_launch() {
    let exchange = Exchange::start().await;
    let instruments = exchange.instruments().await;
    for symbol in CONTRACTS {
        let launch_ms = number(find(&instruments, symbol), "launchTime") as i64;
        let days = (NOW_MS / DAY_MS - launch_ms / DAY_MS + 1).min(1_000);
        assert!(days > 200, "{symbol}");
        assert_eq!(
            exchange.list(&klines(symbol, "D", 1_000)).await.len() as i64,
            days,
            "{symbol}"
        );
    }
}

/// The beginnings of the candles in minutes from now, newest first.
async fn minutes_ago(exchange: &Exchange, parameters: &str) -> Vec<i64> {
    let rows = exchange
        .list(&format!("{}{parameters}", klines("BTCUSDT", "1", 3)))
        .await;
    all_cells(&rows)
        .iter()
        .map(|row| (NOW_MS - NOW_MS % MINUTE_MS - row[0] as i64) / MINUTE_MS)
        .collect()
}

#[tokio::test]
async fn a_start_goes_forward_and_an_end_backward() {
    let exchange = Exchange::start().await;
    let ago = |minutes: i64| NOW_MS - NOW_MS % MINUTE_MS - minutes * MINUTE_MS;
    assert_eq!(minutes_ago(&exchange, "").await, [0, 1, 2]);
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", ago(10))).await,
        [8, 9, 10]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", ago(10) - 1)).await,
        [8, 9, 10]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", ago(10) + 1)).await,
        [7, 8, 9]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", ago(1))).await,
        [0, 1]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&end={}", ago(10))).await,
        [10, 11, 12]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}&end={}", ago(20), ago(10))).await,
        [10, 11, 12]
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}&end={}", ago(11), ago(10))).await,
        [10, 11]
    );
    let nothing: [i64; 0] = [];
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", ago(-1))).await,
        nothing
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}", i64::MAX)).await,
        nothing
    );
    assert_eq!(
        minutes_ago(&exchange, &format!("&start={}&end={}", ago(10), ago(20))).await,
        nothing
    );
}

#[tokio::test]
async fn weeks_begin_on_mondays() {
    let exchange = Exchange::start().await;
    for row in all_cells(&exchange.list(&klines("BTCUSDT", "W", 3)).await) {
        // 1970-01-05 was a Monday.
        assert_eq!((row[0] as i64 - 4 * DAY_MS) % (7 * DAY_MS), 0);
    }
}
