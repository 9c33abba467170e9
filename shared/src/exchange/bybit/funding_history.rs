//! `GET /v5/market/funding/history?category=linear`: the fundings that a position paid.
//! <https://bybit-exchange.github.io/docs/v5/market/history-fund-rate>
//!
//! One row per funding. The hours between two differ from contract to contract, and can change.
//!
//! ```json
//! {"symbol":"ETHPERP","fundingRate":"0.0001","fundingRateTimestamp":"1672041600000"}
//! ```

use super::rows::{List, Once, Reading, check_row_symbol, past_moment, required};
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::RowRefusal;
use crate::market::positioning::Funding;
use crate::units::UnixMs;
use serde::Deserialize;

/// The largest rate of one funding that is accepted, as a fraction. The venue's own caps end at a
/// few hundredths.
const MAX_RATE: f64 = 0.5;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireFunding<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    /// A fraction of the position; positive when longs pay.
    funding_rate: WireNumber,
    /// Milliseconds.
    funding_rate_timestamp: WireNumber,
}

/// Reads the past fundings of `symbol`, oldest first.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no list of fundings. Dated contracts have none,
/// so their list is empty.
pub fn parse(body: &[u8], symbol: &str) -> Result<Reading<Vec<Funding>>, ParseError> {
    let text = wire::text(body)?;
    let list = List::open(&text, symbol)?;
    let mut once = Once::new();
    Ok(list.read(
        |row: WireFunding<'_>| {
            let funding = funding(&row, symbol, list.server_time)?;
            // A contract pays once at a time, so the time is the key.
            once.check(funding.time_ms)?;
            Ok(Some(funding))
        },
        |funding| funding.time_ms,
    ))
}

fn funding(
    row: &WireFunding<'_>,
    symbol: &str,
    server_time: UnixMs,
) -> Result<Funding, RowRefusal> {
    check_row_symbol(symbol, &row.symbol)?;
    let time_ms = past_moment(
        "fundingRateTimestamp",
        &row.funding_rate_timestamp,
        server_time,
    )?;
    let rate: f64 = required("fundingRate", &row.funding_rate)?;
    if rate.abs() > MAX_RATE {
        return Err(RowRefusal::Unusable {
            field: "fundingRate",
            value: row.funding_rate.quoted().to_string(),
        });
    }
    Ok(Funding { time_ms, rate })
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::{NOW_MS, body, check_refusals};
    use super::*;
    use proptest::prelude::*;

    fn row(hours: u64, rate: &str) -> String {
        let time = NOW_MS - hours * 3_600_000;
        format!(r#"{{"symbol":"BTCUSDT","fundingRate":"{rate}","fundingRateTimestamp":"{time}"}}"#)
    }

    fn read(rows: &[String]) -> Reading<Vec<Funding>> {
        parse(
            body(r#""category":"linear","#, &rows.join(",")).as_bytes(),
            "BTCUSDT",
        )
        .unwrap()
    }

    #[test]
    fn rates_are_read_oldest_first_with_their_sign() {
        let reading = read(&[row(0, "0.0001"), row(8, "-0.00025"), row(16, "0")]);
        check_refusals(&reading, &[]);
        assert_eq!(
            reading.value.iter().map(|one| one.rate).collect::<Vec<_>>(),
            [0.0, -0.000_25, 0.000_1]
        );
        assert_eq!(reading.value[2].time_ms, UnixMs::from_millis(NOW_MS));
    }

    #[test]
    fn a_bad_row_is_refused_by_name_and_the_rest_is_kept() {
        let reading = read(&[
            row(0, "0.0001"),
            row(8, ""),
            row(16, "1.5"),
            row(0, "0.0002"),
            row(24, "NaN"),
        ]);
        assert_eq!(reading.value.len(), 1);
        check_refusals(
            &reading,
            &[
                RowRefusal::Missing {
                    field: "fundingRate",
                },
                RowRefusal::Unusable {
                    field: "fundingRate",
                    value: "1.5".to_owned(),
                },
                RowRefusal::Repeated,
                RowRefusal::Unusable {
                    field: "fundingRate",
                    value: "NaN".to_owned(),
                },
            ],
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "BTCUSDT");
        }

        #[test]
        fn what_is_kept_is_in_order_and_a_rate(
            rows in proptest::collection::vec((0_u64..5, "[0-9eE+.\\-Na]{0,6}"), 1..9)
        ) {
            let rows: Vec<_> = rows.iter().map(|(hours, text)| row(*hours, text)).collect();
            let reading = read(&rows);
            prop_assert_eq!(reading.value.len() + reading.refused.len(), rows.len());
            prop_assert!(reading.value.iter().all(|one| one.rate.abs() <= MAX_RATE));
            prop_assert!(reading.value.windows(2).all(|pair| pair[0].time_ms < pair[1].time_ms));
        }
    }
}
