//! `GET /api/v5/market/tickers?instType=SWAP`: the ticker table.
//! <https://www.okx.com/docs-v5/en/#order-book-trading-market-data-get-tickers>
//!
//! ```json
//! {"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"31206.4","open24h":"30600","high24h":"31855.4","low24h":"30458.4",
//!  "volCcy24h":"241207.22","vol24h":"24120722","ts":"1689327738425",…}
//! ```
//!
//! The venue states no change and no turnover. The change is computed from `last` and `open24h`;
//! the turnover is estimated as `volCcy24h`, which counts base coins, times the day's typical price
//! (high + low + last) / 3. The true turnover lies between volume × low and volume × high, and so
//! does the estimate.

use super::{envelope, symbol};
use crate::exchange::ParseError;
use crate::exchange::claims::Claims;
use crate::exchange::dated_rows::{Facts, Table};
use crate::exchange::wire::{self, Row, WireNumber, WireText, required};
use crate::market::{Figure, RowRefusal, Tickers, is_plausible_symbol};
use crate::units::{Amount, UnixMs};
use serde::Deserialize;
use std::borrow::Cow;

/// The fields that we use. Every one may be missing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTicker<'a> {
    #[serde(borrow)]
    inst_id: WireText<'a>,
    last: WireNumber,
    bid_px: WireNumber,
    ask_px: WireNumber,
    #[serde(rename = "open24h")]
    open_24h: WireNumber,
    #[serde(rename = "high24h")]
    high_24h: WireNumber,
    #[serde(rename = "low24h")]
    low_24h: WireNumber,
    /// Base coins, for a swap; `vol24h` counts contracts.
    #[serde(rename = "volCcy24h")]
    vol_ccy_24h: WireNumber,
    /// Milliseconds; when the row was made.
    ts: WireNumber,
}

/// Reads the ticker table: the swaps in USDT, without those that had no trade for a day.
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
                // Swaps in other coins are not ours, so they are neither read nor counted as
                // refused.
                let Some(symbol) = symbol(row.inst_id.get()) else {
                    continue;
                };
                // A contract without a trade for a day keeps its last price, which says nothing
                // about now.
                if row.vol_ccy_24h != WireNumber::Value(0.0) {
                    let facts = facts(&symbol, &row);
                    table.push(symbol.into(), facts);
                }
            }
        }
    }
    table.finish()
}

fn facts(symbol: &str, row: &WireTicker<'_>) -> Result<Facts, RowRefusal> {
    if !is_plausible_symbol(symbol) {
        return Err(RowRefusal::MalformedSymbol);
    }
    let mut claims = Claims::of(required("last", &row.last)?);
    claims.bid = claims.claim(Figure::Bid, &row.bid_px);
    claims.ask = claims.claim(Figure::Ask, &row.ask_px);
    claims.high = claims.claim(Figure::High24h, &row.high_24h);
    claims.low = claims.claim(Figure::Low24h, &row.low_24h);
    claims.volume = claims.claim(Figure::Volume24h, &row.vol_ccy_24h);
    claims.price_24h = claims.claim(Figure::Price24h, &row.open_24h);
    // `Amount` refuses what is negative, NaN or infinite, which the conversion below would hide.
    let time: Amount = required("ts", &row.ts)?;
    Ok(Facts {
        claims,
        time: UnixMs::from_millis(time.get() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row of a real answer, of 2023-07-14.
    const BITCOIN: &str = r#"{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"31206.4","lastSz":"23","askPx":"31206.4","askSz":"352",
        "bidPx":"31206.3","bidSz":"1057","open24h":"30600","high24h":"31855.4","low24h":"30458.4","volCcy24h":"241207.22",
        "vol24h":"24120722","sodUtc0":"31457.5","sodUtc8":"30919.1","ts":"1689327738425"}"#;

    fn body(rows: &str) -> String {
        format!(r#"{{"code":"0","msg":"","data":[{rows}]}}"#)
    }

    /// [`BITCOIN`] beside a row that differs from it in one field, given as raw JSON.
    fn with(field: &str, value: &str) -> String {
        let mut row: serde_json::Value = serde_json::from_str(BITCOIN).unwrap();
        row["instId"] = "ETH-USDT-SWAP".into();
        row[field] = serde_json::from_str(value).unwrap();
        body(&format!("{BITCOIN},{row}"))
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

    #[test]
    fn a_row_becomes_a_ticker_in_our_units() {
        let body = body(BITCOIN);
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!((tickers.rows.len(), tickers.refused.len()), (1, 0));
        assert_eq!(tickers.server_time.as_millis(), 1_689_327_738_425);
        let row = &tickers.rows[0];
        assert_eq!((&*row.symbol, row.last.get()), ("BTCUSDT", 31_206.4));
        // 31206.4 / 30600 − 1 = 1.98169934640523 %.
        assert!(
            (row.change_24h_pct.unwrap().get() - 1.981_699_346_405_23).abs() < 1e-9,
            "{:?}",
            row.change_24h_pct
        );
        assert_eq!(
            (row.high_24h.unwrap().get(), row.low_24h.unwrap().get()),
            (31_855.4, 30_458.4)
        );
        assert_eq!(
            row.volume_base_24h.unwrap().get(),
            241_207.22,
            "contracts were taken for coins"
        );
        // 241207.22 · (31855.4 + 30458.4 + 31206.4) / 3 = 241207.22 · 31173.4.
        assert!(
            (row.turnover_24h.unwrap().get() - 7_519_249_151.948).abs() < 0.01,
            "{:?}",
            row.turnover_24h
        );
    }

    #[test]
    fn what_the_table_does_not_tell_is_unknown() {
        let body = body(BITCOIN);
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
    fn inverse_swaps_and_those_in_other_coins_are_left_out() {
        let mut rows = BITCOIN.to_owned();
        for other in ["BTC-USD-SWAP", "BTC-USDC-SWAP", "BTC-USD_UM-SWAP"] {
            rows.push(',');
            rows.push_str(&BITCOIN.replace("BTC-USDT-SWAP", other));
        }
        let body = body(&rows);
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!((tickers.rows.len(), tickers.refused.len()), (1, 0));
    }

    #[test]
    fn a_coin_keeps_the_unit_that_this_venue_trades_it_in() {
        let row = BITCOIN.replace("BTC-USDT-SWAP", "PEPE-USDT-SWAP");
        let body = body(&row);
        assert_eq!(parse(body.as_bytes()).unwrap().rows[0].symbol, "PEPEUSDT");
    }

    #[test]
    fn a_swap_that_was_not_traded_for_a_day_is_left_out() {
        for nothing in ["\"0\"", "0", "\"0.000\""] {
            let body = with("volCcy24h", nothing);
            let tickers = parse(body.as_bytes()).unwrap();
            assert_eq!(
                (tickers.rows.len(), tickers.refused.len()),
                (1, 0),
                "for {nothing}"
            );
        }
    }

    #[test]
    fn a_row_without_a_usable_core_field_is_refused_by_name() {
        for field in ["last", "ts"] {
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
        check_refused(
            "last",
            "\"0\"",
            &RowRefusal::Unusable {
                field: "last",
                value: "0".to_owned(),
            },
        );
    }

    #[test]
    fn a_side_field_that_is_none_costs_itself() {
        for field in ["open24h", "high24h", "low24h", "volCcy24h"] {
            for value in ["\"\"", "null", "\"NaN\"", "\"1e999\"", "\"-1\"", "\"soon\""] {
                let body = with(field, value);
                let tickers = parse(body.as_bytes()).unwrap();
                assert_eq!(
                    (tickers.rows.len(), tickers.refused.len()),
                    (2, 0),
                    "{field} = {value}"
                );
                let row = &tickers.rows[1];
                assert!(
                    row.change_24h_pct.is_none() || row.turnover_24h.is_none(),
                    "{field} = {value}: {row:?}"
                );
            }
        }
    }

    #[test]
    fn a_price_ten_times_too_high_is_refused() {
        // Bid, ask and the day's range.
        let outside = RowRefusal::PriceContradicted {
            last: 312_064.0,
            against: 3,
            witnesses: 3,
        };
        check_refused("last", "\"312064\"", &outside);
    }

    #[test]
    fn markup_in_place_of_a_name_is_refused() {
        let body = with("instId", "\"<script>alert(1)</script>-USDT-SWAP\"");
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!(tickers.refused[0].reason, RowRefusal::MalformedSymbol);
    }

    #[test]
    fn an_answer_without_a_row_of_ours_is_named() {
        assert_eq!(parse(body("").as_bytes()), Err(ParseError::ListEmpty));
        assert_eq!(
            parse(body("null,{}").as_bytes()),
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
            field in prop::sample::select(vec!["last", "open24h", "high24h", "low24h", "volCcy24h", "ts", "instId"]),
            text in "[0-9eE+.\\-NaInfty\"]{0,12}"
        ) {
            let quoted = serde_json::to_string(&text).unwrap();
            let body = with(field, &quoted);
            let tickers = parse(body.as_bytes()).unwrap();
            for row in &tickers.rows {
                prop_assert!(row.last.get() > 0.0 && row.last.get().is_finite());
                prop_assert!(row.change_24h_pct.is_none_or(|change| change.get().is_finite()));
                let Some(turnover) = row.turnover_24h.map(Amount::get) else { continue };
                let volume = row.volume_base_24h.unwrap().get();
                let (low, high) = (row.low_24h.unwrap().get(), row.high_24h.unwrap().get());
                prop_assert!(turnover >= volume * low * 0.99 && turnover <= volume * high * 1.01);
            }
        }
    }
}
