//! `GET /v5/market/open-interest?category=linear`: the open interest of one contract, every five
//! or fifteen minutes. <https://bybit-exchange.github.io/docs/v5/market/open-interest>
//!
//! ```json
//! {"openInterest":"56404.95300000","singleOpenInterest":"28202.47650000","timestamp":"1669571400000"}
//! ```

use super::rows::{List, Once, Reading, past_moment, required};
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber};
use crate::market::RowRefusal;
use crate::market::positioning::OpenInterest;
use crate::units::{Amount, UnixMs};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireInterest {
    /// Both sides, base coin.
    open_interest: WireNumber,
    /// One side, base coin; sent since 2026-06.
    single_open_interest: WireNumber,
    /// Milliseconds.
    timestamp: WireNumber,
}

/// Reads the open interest of `symbol`, oldest first. The cursor to older rows is not followed: one
/// page of five minutes is 16 hours, one of fifteen two days.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no open-interest list.
pub fn parse(body: &[u8], symbol: &str) -> Result<Reading<Vec<OpenInterest>>, ParseError> {
    let text = wire::text(body)?;
    let list = List::open(&text, symbol)?;
    let mut once = Once::new();
    Ok(list.read(
        |row: WireInterest| {
            let interest = interest(&row, list.server_time)?;
            once.check(interest.time_ms)?;
            Ok(Some(interest))
        },
        |interest| interest.time_ms,
    ))
}

fn interest(row: &WireInterest, server_time: UnixMs) -> Result<OpenInterest, RowRefusal> {
    let time_ms = past_moment("timestamp", &row.timestamp, server_time)?;
    let one_sided_base = match &row.single_open_interest {
        // The older field counts both sides of each contract; other venues, and we, count one.
        WireNumber::Absent => {
            let both_sides: Amount = required("openInterest", &row.open_interest)?;
            Amount::new(both_sides.get() / 2.0).map_err(|_| RowRefusal::Unusable {
                field: "openInterest",
                value: row.open_interest.quoted().to_string(),
            })?
        }
        single => required("singleOpenInterest", single)?,
    };
    Ok(OpenInterest {
        time_ms,
        one_sided_base,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::{NOW_MS, body, check_refusals};
    use super::*;
    use proptest::prelude::*;

    fn read(rows: &str) -> Reading<Vec<OpenInterest>> {
        let fields = r#""symbol":"BTCUSDT","category":"linear","nextPageCursor":"lastid%3D%26lasttime%3D1","#;
        parse(body(fields, rows).as_bytes(), "BTCUSDT").unwrap()
    }

    fn row(minutes: u64, fields: &str) -> String {
        format!(
            r#"{{{fields},"timestamp":"{}"}}"#,
            NOW_MS - minutes * 60_000
        )
    }

    #[test]
    fn one_side_is_taken_where_it_is_sent_and_else_half_of_both() {
        let reading = read(
            &[
                row(
                    0,
                    r#""openInterest":"56404.95300000","singleOpenInterest":"28200""#,
                ),
                row(5, r#""openInterest":"56404.95300000""#),
                row(
                    10,
                    r#""openInterest":"56404.95300000","singleOpenInterest":"""#,
                ),
            ]
            .join(","),
        );
        let values: Vec<_> = reading
            .value
            .iter()
            .map(|one| one.one_sided_base.get())
            .collect();
        assert_eq!(values, [28_202.476_5, 28_202.476_5, 28_200.0]);
        assert!(reading.value.is_sorted_by_key(|one| one.time_ms));
    }

    #[test]
    fn a_bad_row_is_refused_by_name_and_the_rest_is_kept() {
        let reading = read(
            &[
                row(0, r#""openInterest":"2""#),
                row(0, r#""openInterest":"2""#),
                row(5, r#""openInterest":"-2""#),
                row(5, r#""singleOpenInterest":"much""#),
                row(5, r#""openInterestValue":"2""#),
            ]
            .join(","),
        );
        assert_eq!(reading.value.len(), 1);
        check_refusals(
            &reading,
            &[
                RowRefusal::Repeated,
                RowRefusal::Unusable {
                    field: "openInterest",
                    value: "-2".to_owned(),
                },
                RowRefusal::Unusable {
                    field: "singleOpenInterest",
                    value: "much".to_owned(),
                },
                RowRefusal::Missing {
                    field: "openInterest",
                },
            ],
        );
    }

    #[test]
    fn nothing_open_is_a_fact() {
        assert_eq!(
            read(&row(0, r#""openInterest":"0""#)).value[0]
                .one_sided_base
                .get(),
            0.0
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "BTCUSDT");
        }

        #[test]
        fn what_is_kept_is_in_order_and_never_negative(
            rows in proptest::collection::vec((0_u64..5, "[0-9eE+.\\-Na]{0,6}"), 1..9)
        ) {
            let rows: Vec<_> = rows
                .iter()
                .map(|(minutes, text)| row(*minutes, &format!(r#""openInterest":"{text}""#)))
                .collect();
            let reading = read(&rows.join(","));
            prop_assert_eq!(reading.value.len() + reading.refused.len(), rows.len());
            prop_assert!(reading.value.iter().all(|one| one.one_sided_base.get() >= 0.0));
            prop_assert!(reading.value.windows(2).all(|pair| pair[0].time_ms < pair[1].time_ms));
        }
    }
}
