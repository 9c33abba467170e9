//! `GET /v5/market/account-ratio?category=linear`: the share of the accounts that is long, every
//! five minutes. <https://bybit-exchange.github.io/docs/v5/market/long-short-ratio>
//!
//! Accounts are counted, not contracts. Unlike the results of other endpoints this one has no
//! `category`.
//!
//! ```json
//! {"symbol":"BTCUSDT","buyRatio":"0.5777","sellRatio":"0.4223","timestamp":"1695772800000"}
//! ```

use super::rows::{List, Once, Reading, check_row_symbol, past_moment, required};
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::RowRefusal;
use crate::market::positioning::AccountRatio;
use crate::units::{Fraction, UnixMs};
use serde::Deserialize;

/// How far the two shares may be from a whole: each is rounded to four decimals.
const SUM_TOLERANCE: f64 = 1e-3;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireRatio<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    /// A fraction of all accounts with a position.
    buy_ratio: WireNumber,
    /// The rest of them.
    sell_ratio: WireNumber,
    /// Milliseconds.
    timestamp: WireNumber,
}

/// Reads the account ratios of `symbol`, oldest first.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no list of ratios.
pub fn parse(body: &[u8], symbol: &str) -> Result<Reading<Vec<AccountRatio>>, ParseError> {
    let text = wire::text(body)?;
    let list = List::open(&text, symbol)?;
    let mut once = Once::new();
    Ok(list.read(
        |row: WireRatio<'_>| {
            let ratio = ratio(&row, symbol, list.server_time)?;
            once.check(ratio.time_ms)?;
            Ok(Some(ratio))
        },
        |ratio| ratio.time_ms,
    ))
}

fn ratio(
    row: &WireRatio<'_>,
    symbol: &str,
    server_time: UnixMs,
) -> Result<AccountRatio, RowRefusal> {
    check_row_symbol(symbol, &row.symbol)?;
    let time_ms = past_moment("timestamp", &row.timestamp, server_time)?;
    let long: Fraction = required("buyRatio", &row.buy_ratio)?;
    let short: Fraction = required("sellRatio", &row.sell_ratio)?;
    // Two shares that are no whole are not both right, and which is wrong cannot be told.
    if (long.get() + short.get() - 1.0).abs() > SUM_TOLERANCE {
        return Err(RowRefusal::SharesContradicted {
            long: long.get(),
            short: short.get(),
        });
    }
    Ok(AccountRatio {
        time_ms,
        long,
        short,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::{NOW_MS, body, check_refusals};
    use super::*;
    use proptest::prelude::*;

    fn row(minutes: u64, buy: &str, sell: &str) -> String {
        let time = NOW_MS - minutes * 60_000;
        format!(
            r#"{{"symbol":"BTCUSDT","buyRatio":"{buy}","sellRatio":"{sell}","timestamp":"{time}"}}"#
        )
    }

    fn read(rows: &[String]) -> Reading<Vec<AccountRatio>> {
        parse(body("", &rows.join(",")).as_bytes(), "BTCUSDT").unwrap()
    }

    #[test]
    fn shares_are_read_oldest_first() {
        let reading = read(&[row(0, "0.5777", "0.4223"), row(5, "0.6", "0.4")]);
        check_refusals(&reading, &[]);
        let shares: Vec<_> = reading
            .value
            .iter()
            .map(|one| (one.long.get(), one.short.get()))
            .collect();
        assert_eq!(shares, [(0.6, 0.4), (0.5777, 0.4223)]);
    }

    #[test]
    fn shares_that_are_no_whole_are_refused() {
        let reading = read(&[
            row(0, "0.5", "0.5009"),
            row(5, "0.5", "0.502"),
            row(10, "0", "0"),
            row(15, "60", "40"),
        ]);
        assert_eq!(
            reading.value.len(),
            1,
            "a rounding of less than a thousandth was refused"
        );
        check_refusals(
            &reading,
            &[
                RowRefusal::SharesContradicted {
                    long: 0.5,
                    short: 0.502,
                },
                RowRefusal::SharesContradicted {
                    long: 0.0,
                    short: 0.0,
                },
                RowRefusal::Unusable {
                    field: "buyRatio",
                    value: "60".to_owned(),
                },
            ],
        );
    }

    #[test]
    fn repeated_rows_and_other_contracts_are_refused() {
        let other = row(5, "0.6", "0.4").replace("BTCUSDT", "ETHUSDT");
        let reading = read(&[row(0, "0.6", "0.4"), row(0, "0.6", "0.4"), other]);
        assert_eq!(reading.value.len(), 1);
        check_refusals(
            &reading,
            &[
                RowRefusal::Repeated,
                RowRefusal::OtherSymbol {
                    found: "ETHUSDT".to_owned(),
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
        fn what_is_kept_is_in_order_and_two_shares_of_a_whole(
            rows in proptest::collection::vec((0_u64..5, 0_u32..12, 0_u32..12), 1..9)
        ) {
            let rows: Vec<_> = rows
                .iter()
                .map(|(minutes, buy, sell)| row(*minutes, &tenths(*buy), &tenths(*sell)))
                .collect();
            let reading = read(&rows);
            prop_assert_eq!(reading.value.len() + reading.refused.len(), rows.len());
            prop_assert!(reading.value.iter().all(|one| (one.long.get() + one.short.get() - 1.0).abs() <= SUM_TOLERANCE));
            prop_assert!(reading.value.windows(2).all(|pair| pair[0].time_ms < pair[1].time_ms));
        }
    }

    fn tenths(count: u32) -> String {
        (f64::from(count) / 10.0).to_string()
    }
}
