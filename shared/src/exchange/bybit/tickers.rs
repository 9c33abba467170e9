//! `GET /v5/market/tickers?category=linear`: the ticker table.
//! <https://bybit-exchange.github.io/docs/v5/market/tickers>
//!
//! ```json
//! {"symbol":"BTCUSDT","lastPrice":"29180.70","prevPrice24h":"29412.80","price24hPcnt":"-0.007891","turnover24h":"2.1e9",…}
//! ```

use super::envelope;
use super::rows::required;
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::{
    MAX_TURNOVER_USD, RefusedRow, RowRefusal, Ticker, Tickers, is_funding_interval, is_plausible_symbol,
};
use crate::units::{Amount, Percent, Price};
use serde::Deserialize;
use std::borrow::Cow;

/// How far the stated change may be from the prices' own before the prices are believed instead: the venue cuts its
/// fraction after six decimals, and the two are not always read at the same instant.
const CHANGE_TOLERANCE_PCT: f64 = 0.001;

/// How far they may be apart before neither is believed.
const CHANGE_CONTRADICTION_PCT: f64 = 1.0;

#[derive(Deserialize)]
struct Result_<'a> {
    #[serde(borrow)]
    list: Option<Vec<Option<WireTicker<'a>>>>,
}

/// The fields that we use of the 32 that are sent. Every one may be missing: older rows have 24.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct WireTicker<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    last_price: WireNumber,
    index_price: WireNumber,
    mark_price: WireNumber,
    #[serde(rename = "prevPrice24h")]
    prev_price_24h: WireNumber,
    #[serde(rename = "prevPrice1h")]
    prev_price_1h: WireNumber,
    /// A fraction: `-0.007958` is −0.7958 %.
    #[serde(rename = "price24hPcnt")]
    price_24h_pcnt: WireNumber,
    #[serde(rename = "highPrice24h")]
    high_price_24h: WireNumber,
    #[serde(rename = "lowPrice24h")]
    low_price_24h: WireNumber,
    /// Both sides, quote currency.
    open_interest_value: WireNumber,
    /// One side, quote currency; sent since 2026-06.
    single_open_interest_value: WireNumber,
    /// Quote currency.
    turnover24h: WireNumber,
    /// Base coin.
    volume24h: WireNumber,
    /// A fraction per funding interval; `""` on dated contracts.
    funding_rate: WireNumber,
    funding_interval_hour: WireNumber,
}

/// Reads the ticker table.
///
/// A row that lacks a core field is refused by itself and the rest is kept.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no ticker table.
pub fn parse(body: &[u8]) -> Result<Tickers<'_>, ParseError> {
    let (result, server_time) = envelope::open(body)?;
    let list = wire::json::<Result_<'_>>(result)?.list.ok_or(ParseError::ResultMissing)?;
    if list.is_empty() {
        return Err(ParseError::ListEmpty);
    }
    let mut rows = Vec::with_capacity(list.len());
    let mut refused = Vec::new();
    for row in list {
        let row = row.unwrap_or_default();
        match ticker(&row) {
            Ok(facts) => rows.push(facts.named(row.symbol.into_inner())),
            Err(reason) => refused.push(RefusedRow { symbol: row.symbol.into_inner(), reason }),
        }
    }
    Ok(Tickers { server_time, rows, refused })
}

/// A checked row that still lacks its name, so that the name can move from the wire row without being copied.
struct Unnamed(Ticker<'static>);

impl Unnamed {
    fn named(self, symbol: Cow<'_, str>) -> Ticker<'_> {
        Ticker { symbol, ..self.0 }
    }
}

fn ticker(row: &WireTicker<'_>) -> Result<Unnamed, RowRefusal> {
    if !is_plausible_symbol(row.symbol.get()) {
        return Err(RowRefusal::MalformedSymbol);
    }
    let last: Price = required("lastPrice", &row.last_price)?;
    let prev_24h: Price = required("prevPrice24h", &row.prev_price_24h)?;
    let turnover_24h: Amount = required("turnover24h", &row.turnover24h)?;
    if turnover_24h.get() > MAX_TURNOVER_USD {
        return Err(RowRefusal::Unusable { field: "turnover24h", value: turnover_24h.get().to_string() });
    }
    let single = row.single_open_interest_value.checked::<Amount>();
    Ok(Unnamed(Ticker {
        symbol: Cow::Borrowed(""),
        last,
        change_24h_pct: change(last, prev_24h, &row.price_24h_pcnt)?,
        change_1h_pct: row.prev_price_1h.checked::<Price>().and_then(|prev| change_pct(last, prev)),
        high_24h: required("highPrice24h", &row.high_price_24h)?,
        low_24h: required("lowPrice24h", &row.low_price_24h)?,
        volume_base_24h: required("volume24h", &row.volume24h)?,
        turnover_24h,
        funding_rate: row.funding_rate.value(),
        funding_interval_hours: row.funding_interval_hour.value().filter(|hours| is_funding_interval(*hours)),
        // Both sides are counted in the older field; other venues, and we, count one.
        open_interest_usd: single.or_else(|| {
            let both_sides = row.open_interest_value.checked::<Amount>()?;
            Amount::new(both_sides.get() / 2.0).ok()
        }),
        mark: row.mark_price.checked(),
        index: row.index_price.checked(),
    }))
}

fn change_pct(last: Price, prev: Price) -> Option<Percent> {
    Percent::new((last.get() / prev.get() - 1.0) * 100.0).ok()
}

/// The stated change when the prices bear it out, the prices' own when they nearly do.
fn change(last: Price, prev_24h: Price, stated: &WireNumber) -> Result<Percent, RowRefusal> {
    let computed = change_pct(last, prev_24h)
        .ok_or_else(|| RowRefusal::Unusable { field: "prevPrice24h", value: prev_24h.get().to_string() })?;
    let Some(stated) = stated.value().and_then(|fraction| Percent::new(fraction * 100.0).ok()) else {
        return Ok(computed);
    };
    let apart = (stated.get() - computed.get()).abs();
    if apart > CHANGE_CONTRADICTION_PCT {
        return Err(RowRefusal::ChangeContradicted { stated_pct: stated.get(), computed_pct: computed.get() });
    }
    Ok(if apart > CHANGE_TOLERANCE_PCT { computed } else { stated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"{"symbol":"ETHUSDT","lastPrice":"1800","prevPrice24h":"2000","prevPrice1h":"1810","price24hPcnt":"-0.1",
        "highPrice24h":"2100","lowPrice24h":"1790","openInterestValue":"500","turnover24h":"900000","volume24h":"480",
        "fundingRate":"0.0001","fundingIntervalHour":"4","markPrice":"1801","indexPrice":"1799","aNewField":{"x":[1]}}"#;

    fn body(rows: &str) -> String {
        format!(
            r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"linear","list":[{rows}]}},"retExtInfo":{{}},"time":1692163167245}}"#
        )
    }

    /// [`GOOD`] with one field's value replaced by raw JSON.
    fn with(field: &str, value: &str) -> String {
        let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        row[field] = serde_json::from_str(value).unwrap();
        body(&row.to_string())
    }

    #[track_caller]
    fn check_refused(body: &str, expected: &RowRefusal) {
        let tickers = parse(body.as_bytes()).unwrap();
        assert!(tickers.rows.is_empty(), "the row was kept");
        assert_eq!(&tickers.refused[0].reason, expected);
    }

    #[test]
    fn a_row_becomes_a_ticker_in_our_units() {
        let body = body(GOOD);
        let tickers = parse(body.as_bytes()).unwrap();
        let row = &tickers.rows[0];
        assert_eq!(tickers.server_time.as_millis(), 1_692_163_167_245);
        assert!(matches!(row.symbol, Cow::Borrowed("ETHUSDT")), "the symbol was copied");
        assert_eq!(row.change_24h_pct.get(), -10.0, "a fraction was shown as percent");
        assert_eq!(row.open_interest_usd.map(Amount::get), Some(250.0), "both sides were counted");
        assert_eq!(row.volume_base_24h.get(), 480.0);
        assert_eq!(row.turnover_24h.get(), 900_000.0);
        assert_eq!(row.funding_interval_hours, Some(4.0));
    }

    #[test]
    fn one_sided_open_interest_is_taken_where_it_is_sent() {
        let body = with("singleOpenInterestValue", "\"249.5\"");
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!(tickers.rows[0].open_interest_usd.map(Amount::get), Some(249.5));
    }

    #[test]
    fn tickers_with_an_unusable_price_are_refused_by_name() {
        for (json, value) in [("\"0\"", "0"), ("\"-1\"", "-1"), ("\"NaN\"", "NaN"), ("\"1e999\"", "1e999"), ("0", "0")]
        {
            check_refused(
                &with("lastPrice", json),
                &RowRefusal::Unusable { field: "lastPrice", value: value.to_owned() },
            );
        }
        for json in ["\"\"", "null"] {
            check_refused(&with("lastPrice", json), &RowRefusal::Missing { field: "lastPrice" });
        }
        check_refused(&with("turnover24h", "\"\""), &RowRefusal::Missing { field: "turnover24h" });
        check_refused(
            &with("prevPrice24h", "\"0\""),
            &RowRefusal::Unusable { field: "prevPrice24h", value: "0".to_owned() },
        );
    }

    #[test]
    fn a_placeholder_symbol_is_refused() {
        for symbol in ["\"SYSTEM_STATUS\"", "\"\"", "\"<script>alert(1)</script>\""] {
            check_refused(&with("symbol", symbol), &RowRefusal::MalformedSymbol);
        }
    }

    #[test]
    fn a_price_that_contradicts_the_stated_change_is_refused() {
        let body = with("lastPrice", "\"18000\"");
        let tickers = parse(body.as_bytes()).unwrap();
        assert!(matches!(tickers.refused[0].reason, RowRefusal::ChangeContradicted { .. }));
    }

    #[test]
    fn a_change_that_is_slightly_off_is_computed_from_the_prices() {
        let body = with("price24hPcnt", "\"-0.0997\"");
        assert_eq!(parse(body.as_bytes()).unwrap().rows[0].change_24h_pct.get().round(), -10.0);
        let body = with("price24hPcnt", "\"\"");
        assert_eq!(parse(body.as_bytes()).unwrap().rows[0].change_24h_pct.get().round(), -10.0);
    }

    #[test]
    fn numbers_in_place_of_strings_are_read() {
        let body = with("lastPrice", "1800.0");
        assert_eq!(parse(body.as_bytes()).unwrap().rows.len(), 1);
    }

    #[test]
    fn an_empty_or_missing_list_is_named() {
        assert_eq!(parse(body("").as_bytes()), Err(ParseError::ListEmpty));
        let null = r#"{"retCode":0,"result":{"list":null},"time":1}"#;
        assert_eq!(parse(null.as_bytes()), Err(ParseError::ResultMissing));
        let other = r#"{"retCode":0,"result":{"category":"linear"},"time":1}"#;
        assert_eq!(parse(other.as_bytes()), Err(ParseError::ResultMissing));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_field_value_makes_a_price_that_is_not_one(text in "[0-9eE+.\\-NaInfty\"]{0,12}") {
            let quoted = serde_json::to_string(&text).unwrap();
            let body = with("lastPrice", &quoted);
            let tickers = parse(body.as_bytes()).unwrap();
            for row in &tickers.rows {
                prop_assert!(row.last.get() > 0.0 && row.last.get().is_finite());
                prop_assert!(row.change_24h_pct.get().is_finite());
            }
        }
    }
}
