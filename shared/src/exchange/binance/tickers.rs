//! `GET /api/v3/ticker/24hr?type=MINI`: the table of the last 24 hours.
//! <https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints>
//!
//! ```json
//! {"symbol":"BNBUSDT","openPrice":"99.00000000","highPrice":"100.00000000","lowPrice":"0.10000000","lastPrice":"4.00000200",
//!  "volume":"8913.30000000","quoteVolume":"15.30000000","openTime":1499783499040,"closeTime":1499869899040,"count":76,…}
//! ```
//!
//! The change is computed from `lastPrice` and `openPrice`; the long form's `priceChangePercent` is
//! a percentage, unlike Bybit's fraction, and is not read. `quoteVolume` counts the quote coin, so
//! for a pair in USDT it is the turnover.

use super::envelope;
use crate::exchange::ParseError;
use crate::exchange::claims::{Claims, Turnover};
use crate::exchange::dated_rows::{Facts, Table};
use crate::exchange::wire::{self, Row, WireNumber, WireText, required};
use crate::market::{Figure, RowRefusal, Tickers, is_plausible_symbol};
use crate::units::{Amount, UnixMs};
use serde::Deserialize;
use std::borrow::Cow;

/// The suffix of the pairs that we read.
const QUOTE: &str = "USDT";

/// The fields that we use. Every one may be missing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTicker<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    open_price: WireNumber,
    high_price: WireNumber,
    low_price: WireNumber,
    last_price: WireNumber,
    /// Base coin.
    volume: WireNumber,
    /// Quote coin.
    quote_volume: WireNumber,
    /// Milliseconds; the end of the window.
    close_time: WireNumber,
    /// Trades of 24 hours.
    count: WireNumber,
}

/// Reads the table: the pairs in USDT, without those that had no trade for a day. Pairs that no
/// longer trade stay in the table, some with zeros and some with their last prices;
/// `Table::finish` drops them by the time of their rows.
///
/// A row that lacks a core field is refused by itself and the rest is kept.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no ticker table.
pub fn parse(body: &[u8]) -> Result<Tickers<'_>, ParseError> {
    match wire::text(body)? {
        Cow::Borrowed(text) => read(text),
        Cow::Owned(text) => read(&text).map(Tickers::into_owned),
    }
}

fn read(text: &str) -> Result<Tickers<'_>, ParseError> {
    let list: Vec<Row<WireTicker<'_>>> = envelope::open(text)?;
    let mut table = Table::of(list.len());
    for row in list {
        match row {
            Err(row) => table.malformed(row),
            Ok(row) => {
                let is_ours = row
                    .symbol
                    .get()
                    .strip_suffix(QUOTE)
                    .is_some_and(|base| !base.is_empty());
                if is_ours && row.count != WireNumber::Value(0.0) {
                    let facts = facts(&row);
                    table.push(row.symbol.into_inner(), facts);
                }
            }
        }
    }
    table.finish()
}

fn facts(row: &WireTicker<'_>) -> Result<Facts, RowRefusal> {
    if !is_plausible_symbol(row.symbol.get()) {
        return Err(RowRefusal::MalformedSymbol);
    }
    // Only whether the count is zero matters, but a row without it is not a row of this table.
    let _: Amount = required("count", &row.count)?;
    let time: Amount = required("closeTime", &row.close_time)?;
    let mut claims = Claims::of(required("lastPrice", &row.last_price)?);
    claims.high = claims.claim(Figure::High24h, &row.high_price);
    claims.low = claims.claim(Figure::Low24h, &row.low_price);
    claims.volume = claims.claim(Figure::Volume24h, &row.volume);
    claims.turnover = Turnover::Stated(claims.claim(Figure::Turnover24h, &row.quote_volume));
    claims.price_24h = claims.claim(Figure::Price24h, &row.open_price);
    Ok(Facts {
        claims,
        time: UnixMs::from_millis(time.get() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    /// The documentation's example, in USDT, with a turnover and a range that agree with the
    /// volume.
    const COIN: &str = r#"{"symbol":"BNBUSDT","openPrice":"99.00000000","highPrice":"100.00000000","lowPrice":"3.10000000",
        "lastPrice":"4.00000200","volume":"8913.30000000","quoteVolume":"153000.30000000","openTime":1499783499040,
        "closeTime":1499869899040,"firstId":28385,"lastId":28460,"count":76}"#;

    /// [`COIN`] beside a row that differs from it in one field, given as raw JSON.
    fn with(field: &str, value: &str) -> String {
        let mut row: serde_json::Value = serde_json::from_str(COIN).unwrap();
        row["symbol"] = "ETHUSDT".into();
        row[field] = serde_json::from_str(value).unwrap();
        format!("[{COIN},{row}]")
    }

    #[track_caller]
    fn check_refused(field: &str, value: &str, expected: &RowRefusal) {
        let body = with(field, value);
        let tickers = parse(body.as_bytes()).unwrap();
        let reasons: Vec<_> = tickers
            .refused
            .iter()
            .map(|refused| (&*refused.symbol, &refused.reason))
            .collect();
        assert_eq!(reasons, [("ETHUSDT", expected)], "for {field} = {value}");
        assert_eq!(tickers.rows.len(), 1, "one bad row costs only itself");
    }

    #[track_caller]
    fn check_left_out(body: &str) {
        let tickers = parse(body.as_bytes()).unwrap();
        let symbols: Vec<_> = tickers.rows.iter().map(|row| &*row.symbol).collect();
        assert_eq!(
            (symbols.as_slice(), tickers.refused.len()),
            (["BNBUSDT"].as_slice(), 0),
            "for {body}"
        );
    }

    #[test]
    fn a_row_becomes_a_ticker_in_our_units() {
        let body = format!("[{COIN}]");
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!(tickers.server_time.as_millis(), 1_499_869_899_040);
        let row = &tickers.rows[0];
        assert!(
            matches!(row.symbol, Cow::Borrowed("BNBUSDT")),
            "the symbol was copied"
        );
        // The documentation's own priceChangePercent is -95.960.
        assert_eq!(row.change_24h_pct.unwrap().rounded(3).get(), -95.960);
        assert_eq!(
            (
                row.last.get(),
                row.high_24h.unwrap().get(),
                row.low_24h.unwrap().get()
            ),
            (4.000_002, 100.0, 3.1)
        );
        assert_eq!(
            (
                row.volume_base_24h.unwrap().get(),
                row.turnover_24h.unwrap().get()
            ),
            (8_913.3, 153_000.3)
        );
    }

    #[test]
    fn the_long_form_is_read_alike() {
        let mut row: serde_json::Value = serde_json::from_str(COIN).unwrap();
        row["priceChangePercent"] = "-95.960".into();
        row["weightedAvgPrice"] = "0.29628482".into();
        row["bidPrice"] = "4.00000000".into();
        let (long, short) = (format!("[{row}]"), format!("[{COIN}]"));
        assert_eq!(parse(long.as_bytes()), parse(short.as_bytes()));
    }

    #[test]
    fn what_the_table_does_not_tell_is_unknown() {
        let body = format!("[{COIN}]");
        let row = &parse(body.as_bytes()).unwrap().rows[0];
        assert_eq!(
            (
                row.change_1h_pct,
                row.funding_rate,
                row.funding_interval_hours
            ),
            (None, None, None)
        );
        assert_eq!(
            (row.open_interest_usd, row.mark, row.index),
            (None, None, None)
        );
    }

    #[test]
    fn pairs_in_other_coins_are_left_out() {
        for symbol in ["ETHBTC", "BTCUSDC", "BTCTRY", "USDTTRY", "USDT"] {
            check_left_out(&with("symbol", &format!("\"{symbol}\"")));
        }
    }

    #[test]
    fn dead_pairs_are_left_out_with_zeros_or_with_their_last_prices() {
        let zeros = r#"{"symbol":"VENUSDT","openPrice":"0.00000000","highPrice":"0.00000000","lowPrice":"0.00000000",
            "lastPrice":"0.00000000","volume":"0.00000000","quoteVolume":"0.00000000","openTime":1499183499040,
            "closeTime":1499269899040,"firstId":-1,"lastId":-1,"count":0}"#;
        check_left_out(&format!("[{COIN},{zeros}]"));
        // Both rows are busy here, so a third one tells which of them is of today.
        let busy = COIN.replace("153000.30000000", "160000.0");
        let frozen = with("closeTime", "1492373428321").replace(COIN, &format!("{COIN},{busy}"));
        let tickers = parse(frozen.as_bytes()).unwrap();
        assert!(
            tickers.rows.iter().all(|row| row.symbol == "BNBUSDT"),
            "a dead pair was shown"
        );
        assert_eq!(tickers.refused, []);
    }

    #[test]
    fn a_row_without_a_usable_core_field_is_refused_by_name() {
        for field in ["lastPrice", "closeTime", "count"] {
            for absent in ["\"\"", "null"] {
                check_refused(field, absent, &RowRefusal::Missing { field });
            }
            for rubbish in ["NaN", "1e999", "-1", "soon"] {
                let value = rubbish.to_owned();
                check_refused(
                    field,
                    &format!("\"{rubbish}\""),
                    &RowRefusal::Unusable { field, value },
                );
            }
        }
        let field = "lastPrice";
        check_refused(
            field,
            "\"0.00000000\"",
            &RowRefusal::Unusable {
                field,
                value: "0".to_owned(),
            },
        );
    }

    #[test]
    fn a_side_field_that_is_none_costs_itself() {
        for field in [
            "openPrice",
            "highPrice",
            "lowPrice",
            "volume",
            "quoteVolume",
        ] {
            for value in [
                "\"\"",
                "null",
                "\"NaN\"",
                "\"1e999\"",
                "\"-1\"",
                "\"soon\"",
                "\"0\"",
            ] {
                let body = with(field, value);
                let tickers = parse(body.as_bytes()).unwrap();
                assert_eq!(
                    (tickers.rows.len(), tickers.refused.len()),
                    (2, 0),
                    "{field} = {value}"
                );
                let row = &tickers.rows[1];
                let known = [
                    row.change_24h_pct.is_some(),
                    row.high_24h.is_some(),
                    row.turnover_24h.is_some(),
                ];
                assert!(
                    known.contains(&false) || row.volume_base_24h.is_none(),
                    "{field} = {value}: {row:?}"
                );
            }
        }
    }

    #[test]
    fn a_price_outside_the_days_range_is_refused() {
        check_refused(
            "lastPrice",
            "\"400\"",
            &RowRefusal::PriceContradicted {
                last: 400.0,
                against: 1,
                witnesses: 1,
            },
        );
    }

    #[test]
    fn markup_in_place_of_a_name_is_refused() {
        let body = with("symbol", "\"<b>USDT\"");
        assert_eq!(
            parse(body.as_bytes()).unwrap().refused[0].reason,
            RowRefusal::MalformedSymbol
        );
    }

    #[test]
    fn an_answer_without_a_row_of_ours_is_named() {
        assert_eq!(parse(b"[]"), Err(ParseError::ListEmpty));
        assert_eq!(
            parse(br#"[null,{"symbol":"ETHBTC"}]"#),
            Err(ParseError::NoUsableRow { rows: 2 })
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_field_value_makes_a_figure_that_is_none(
            field in prop::sample::select(vec!["lastPrice", "openPrice", "highPrice", "lowPrice", "volume", "quoteVolume", "closeTime"]),
            text in "[0-9eE+.\\-NaInfty\"]{0,12}"
        ) {
            let quoted = serde_json::to_string(&text).unwrap();
            let body = with(field, &quoted);
            let tickers = parse(body.as_bytes()).unwrap();
            for row in &tickers.rows {
                prop_assert!(row.last.get() > 0.0 && row.last.get().is_finite());
                prop_assert!(row.change_24h_pct.is_none_or(|change| change.get().is_finite()));
            }
        }
    }
}
