//! `GET /v5/market/kline?category=linear`: the candles of one contract.
//! <https://bybit-exchange.github.io/docs/v5/market/kline>
//!
//! A row is an array of strings, the newest first: start (ms), open, high, low, close, volume (base
//! coin), turnover (USDT).
//!
//! ```json
//! ["1670608800000","17071","17073","17027","17055.5","268611","15.74462667"]
//! ```

use super::rows::{List, Once, Reading, past_moment, required};
use crate::exchange::cells::Cells;
use crate::exchange::{ParseError, wire};
use crate::market::RowRefusal;
use crate::market::candles::{Candle, Candles, Interval};
use crate::units::{Amount, Price, UnixMs};

/// Start, open, high, low, close, volume, turnover.
pub(super) type WireCandle = Cells<7>;

/// Reads the closed candles of `symbol`. The newest row of an answer is usually the open candle,
/// which is left out.
///
/// A candle is closed when its interval is over by the venue's clock and by ours. Of two clocks
/// that disagree the slower one decides, because a candle that is taken as closed too early never
/// changes again.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no list of candles.
pub fn parse(
    body: &[u8],
    symbol: &str,
    interval: Interval,
    received_at: UnixMs,
) -> Result<Reading<Candles>, ParseError> {
    let text = wire::text(body)?;
    let list = List::open(&text, symbol)?;
    let now = list.server_time.min(received_at);
    let mut once = Once::new();
    let closed = list.read(
        |row: WireCandle| {
            let candle = candle(&row, interval, list.server_time)?;
            // Checked after the row itself, so that a bad row does not reserve its place.
            once.check(candle.start_ms)?;
            Ok(Some(candle).filter(|candle| candle.end_ms(interval) <= now))
        },
        |candle| candle.start_ms,
    );
    Ok(closed.map(|closed| Candles { interval, closed }))
}

/// A candle, open or closed.
pub(super) fn candle(
    row: &WireCandle,
    interval: Interval,
    server_time: UnixMs,
) -> Result<Candle, RowRefusal> {
    let Cells([start, open, high, low, close, volume, turnover]) = row;
    let start_ms = past_moment("start", start, server_time)?;
    // Unix time starts at midnight UTC, so every interval up to a day begins at a multiple of its
    // length.
    if !start_ms.as_millis().is_multiple_of(interval.millis()) {
        return Err(RowRefusal::OffGrid { start_ms });
    }
    let candle = Candle {
        start_ms,
        open: required::<Price>("open", open)?,
        high: required("high", high)?,
        low: required("low", low)?,
        close: required("close", close)?,
        volume_base: required::<Amount>("volume", volume)?,
        turnover: required("turnover", turnover)?,
    };
    if candle.is_coherent() {
        Ok(candle)
    } else {
        Err(RowRefusal::CandleContradicted {
            open: candle.open.get(),
            high: candle.high.get(),
            low: candle.low.get(),
            close: candle.close.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::{NOW_MS, body, check_refusals};
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(NOW_MS);
    const MINUTE: Interval = Interval::OneMinute;

    /// The row of the minute that began `minutes` before the present one.
    fn row(minutes: u64) -> String {
        format!(
            r#"["{}","10","12","9","11","5","52.5"]"#,
            NOW_MS - minutes * 60_000
        )
    }

    fn read(rows: &str) -> Reading<Candles> {
        parse(
            body(r#""category":"linear","symbol":"BTCUSDT","#, rows).as_bytes(),
            "BTCUSDT",
            MINUTE,
            NOW,
        )
        .unwrap()
    }

    /// How many minutes before the present one each kept candle began.
    fn ages(reading: &Reading<Candles>) -> Vec<u64> {
        reading
            .value
            .closed
            .iter()
            .map(|candle| NOW.millis_since(candle.start_ms) / 60_000)
            .collect()
    }

    #[test]
    fn rows_become_candles_oldest_first_without_the_open_one() {
        let reading = read(&[row(0), row(1), row(2)].join(","));
        assert_eq!(ages(&reading), [2, 1]);
        check_refusals(&reading, &[]);
        let candle = reading.value.closed[0];
        assert_eq!(
            (
                candle.open.get(),
                candle.high.get(),
                candle.low.get(),
                candle.close.get()
            ),
            (10.0, 12.0, 9.0, 11.0)
        );
        assert_eq!(
            (candle.volume_base.get(), candle.turnover.get()),
            (5.0, 52.5)
        );
    }

    #[test]
    fn of_two_clocks_the_slower_one_decides_whether_a_candle_is_closed() {
        let body = body("", &[row(0), row(1), row(2)].join(","));
        let at =
            |received_at| ages(&parse(body.as_bytes(), "BTCUSDT", MINUTE, received_at).unwrap());
        assert_eq!(
            at(UnixMs::from_millis(NOW_MS + 600_000)),
            [2, 1],
            "our clock is ahead"
        );
        assert_eq!(
            at(UnixMs::from_millis(NOW_MS - 1)),
            [2],
            "our clock is behind"
        );
    }

    #[test]
    fn a_candle_is_closed_from_the_first_millisecond_after_it() {
        let last = format!(
            r#"{{"retCode":0,"result":{{"list":[{}]}},"time":{}}}"#,
            row(1),
            NOW_MS - 1
        );
        assert_eq!(
            parse(last.as_bytes(), "BTCUSDT", MINUTE, NOW)
                .unwrap()
                .value
                .closed,
            []
        );
        assert_eq!(read(&row(1)).value.closed.len(), 1);
    }

    #[test]
    fn any_order_is_put_right_and_a_repeated_candle_is_dropped() {
        let reading = read(&[row(2), row(1), row(3), row(1)].join(","));
        assert_eq!(ages(&reading), [3, 2, 1]);
        check_refusals(&reading, &[RowRefusal::Repeated]);
    }

    #[track_caller]
    fn check_refused(bad: &str, expected: &RowRefusal) {
        let reading = read(&format!("{},{bad}", row(1)));
        assert_eq!(ages(&reading), [1], "the good row went with the bad one");
        check_refusals(&reading, std::slice::from_ref(expected));
    }

    #[test]
    fn a_candle_whose_range_does_not_hold_its_prices_is_refused() {
        let start = NOW_MS - 120_000;
        for (open, high, low, close) in [
            (10.0, 9.5, 9.0, 9.2),
            (10.0, 12.0, 10.5, 11.0),
            (10.0, 12.0, 9.0, 12.5),
        ] {
            check_refused(
                &format!(r#"["{start}","{open}","{high}","{low}","{close}","5","52.5"]"#),
                &RowRefusal::CandleContradicted {
                    open,
                    high,
                    low,
                    close,
                },
            );
        }
    }

    #[test]
    fn a_row_with_a_hole_is_refused_by_the_name_of_the_hole() {
        let start = NOW_MS - 120_000;
        check_refused(
            &format!(r#"["{start}","10","12","9","11","5"]"#),
            &RowRefusal::Missing { field: "turnover" },
        );
        check_refused(
            &format!(r#"["{start}","10","12","9","","5","1"]"#),
            &RowRefusal::Missing { field: "close" },
        );
        check_refused(
            &format!(r#"["{start}","10","12","9","0","5","1"]"#),
            &RowRefusal::Unusable {
                field: "close",
                value: "0".to_owned(),
            },
        );
        check_refused(
            &format!(r#"["{start}","10","12","9","11","-5","1"]"#),
            &RowRefusal::Unusable {
                field: "volume",
                value: "-5".to_owned(),
            },
        );
        check_refused(
            r#""later""#,
            &RowRefusal::Malformed {
                row: "\"later\"".to_owned(),
            },
        );
    }

    #[test]
    fn a_candle_that_does_not_begin_on_the_grid_is_refused() {
        let start_ms = UnixMs::from_millis(NOW_MS - 120_001);
        check_refused(
            &format!(r#"["{start_ms}","10","12","9","11","5","52.5"]"#),
            &RowRefusal::OffGrid { start_ms },
        );
        let body = body("", &row(1));
        let hourly = parse(body.as_bytes(), "BTCUSDT", Interval::OneHour, NOW).unwrap();
        assert_eq!(
            hourly.refused[0].reason.label(),
            "off_grid",
            "a candle of another length was taken"
        );
    }

    #[test]
    fn bare_numbers_and_further_columns_are_read() {
        let reading = read(&format!(
            r#"[{},10,12,9,11,5,52.5,"a new column",{{}}]"#,
            NOW_MS - 60_000
        ));
        assert_eq!(ages(&reading), [1]);
    }

    fn price_text() -> impl Strategy<Value = String> {
        prop_oneof![
            (1_u32..200).prop_map(|price| price.to_string()),
            "[0-9eE+.\\-Na\"]{0,6}"
        ]
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "BTCUSDT", MINUTE, NOW);
        }

        #[test]
        fn every_candle_that_is_kept_is_closed_coherent_and_in_its_place(
            rows in proptest::collection::vec((0_u64..6, proptest::collection::vec(price_text(), 6)), 1..12)
        ) {
            let rows: Vec<_> = rows
                .iter()
                .map(|(minutes, cells)| {
                    let start = (NOW_MS - minutes * 60_000).to_string();
                    let cells: Vec<_> = std::iter::once(&start).chain(cells).collect();
                    serde_json::to_string(&cells).unwrap()
                })
                .collect();
            let reading = read(&rows.join(","));
            let closed = &reading.value.closed;
            prop_assert!(closed.len() + reading.refused.len() <= rows.len());
            for candle in closed {
                prop_assert!(candle.is_coherent());
                prop_assert!(candle.end_ms(MINUTE) <= NOW);
            }
            for pair in closed.windows(2) {
                prop_assert!(pair[0].start_ms < pair[1].start_ms);
            }
        }
    }
}
