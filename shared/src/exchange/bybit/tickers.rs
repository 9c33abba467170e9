//! `GET /v5/market/tickers?category=linear`: the ticker table.
//! <https://bybit-exchange.github.io/docs/v5/market/tickers>
//!
//! ```json
//! {"symbol":"BTCUSDT","lastPrice":"29180.70","prevPrice24h":"29412.80","price24hPcnt":"-0.007891","turnover24h":"2.1e9",…}
//! ```

use super::envelope;
use super::rows::required;
use crate::exchange::ParseError;
use crate::exchange::claims::{Claims, Turnover, settle};
use crate::exchange::wire::{self, Row, WireNumber, WireText};
use crate::market::{Figure, RefusedRow, RowRefusal, Tickers, is_plausible_symbol};
use crate::units::{Price, UnixMs};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::{Borrow, Cow};

#[derive(Deserialize)]
struct Result_<'a> {
    #[serde(borrow)]
    list: Option<&'a RawValue>,
}

/// The fields that we use of the 32 that are sent. Every one may be missing: older rows have 24.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireTicker<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    last_price: WireNumber,
    /// `""` or `"0"` when nobody bids.
    #[serde(rename = "bid1Price")]
    bid_price: WireNumber,
    #[serde(rename = "ask1Price")]
    ask_price: WireNumber,
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
    /// Both sides, coins.
    open_interest: WireNumber,
    /// Both sides, quote currency: the above times the mark price.
    open_interest_value: WireNumber,
    /// One side, coins; sent since 2026-06.
    single_open_interest: WireNumber,
    /// One side, quote currency.
    single_open_interest_value: WireNumber,
    /// Quote currency.
    turnover24h: WireNumber,
    /// Base coin.
    volume24h: WireNumber,
    /// A fraction per funding interval; `""` on dated contracts.
    funding_rate: WireNumber,
    funding_interval_hour: WireNumber,
    /// Milliseconds; `"0"` or `""` on dated contracts.
    next_funding_time: WireNumber,
    /// The most that the rate can be, a fraction; sent since 2025-10.
    funding_cap: WireNumber,
}

/// A field of a row.
type Field = for<'r> fn(&'r mut WireTicker<'static>) -> &'r mut WireNumber;

/// Every number of a row by the venue's name, for the stream, which sends those that changed.
pub(super) const FIELDS: [(&str, Field); 20] = [
    ("lastPrice", |row| &mut row.last_price),
    ("bid1Price", |row| &mut row.bid_price),
    ("ask1Price", |row| &mut row.ask_price),
    ("indexPrice", |row| &mut row.index_price),
    ("markPrice", |row| &mut row.mark_price),
    ("prevPrice24h", |row| &mut row.prev_price_24h),
    ("prevPrice1h", |row| &mut row.prev_price_1h),
    ("price24hPcnt", |row| &mut row.price_24h_pcnt),
    ("highPrice24h", |row| &mut row.high_price_24h),
    ("lowPrice24h", |row| &mut row.low_price_24h),
    ("openInterest", |row| &mut row.open_interest),
    ("openInterestValue", |row| &mut row.open_interest_value),
    ("singleOpenInterest", |row| &mut row.single_open_interest),
    ("singleOpenInterestValue", |row| {
        &mut row.single_open_interest_value
    }),
    ("turnover24h", |row| &mut row.turnover24h),
    ("volume24h", |row| &mut row.volume24h),
    ("fundingRate", |row| &mut row.funding_rate),
    ("fundingIntervalHour", |row| &mut row.funding_interval_hour),
    ("nextFundingTime", |row| &mut row.next_funding_time),
    ("fundingCap", |row| &mut row.funding_cap),
];

impl WireTicker<'static> {
    /// A row of which only the contract is known.
    pub(super) fn of(symbol: &str) -> Self {
        Self {
            symbol: WireText::owned(symbol),
            ..Self::default()
        }
    }

    pub(super) fn symbol(&self) -> &str {
        self.symbol.get()
    }
}

/// Reads the ticker table.
///
/// A row without a price is refused by itself. A figure that is unusable or contradicts its row is
/// left out by itself. The rest is kept.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no ticker table.
pub fn parse(body: &[u8]) -> Result<Tickers<'_>, ParseError> {
    match wire::text(body)? {
        // The usual case borrows every symbol from the body. Only a body with bad bytes is copied.
        Cow::Borrowed(text) => table(text),
        Cow::Owned(text) => table(&text).map(Tickers::into_owned),
    }
}

fn table(text: &str) -> Result<Tickers<'_>, ParseError> {
    let (result, server_time) = envelope::open(text)?;
    let list = wire::object::<Result_<'_>>(result)?
        .list
        .ok_or(ParseError::ResultMissing)?;
    // The list stays raw until here, so that one bad row does not fail the whole result.
    let list: Vec<Row<WireTicker<'_>>> = wire::rows(list.get())?;
    if list.is_empty() {
        return Err(ParseError::ListEmpty);
    }
    let mut refused = Vec::new();
    let rows = list.into_iter().filter_map(|row| match row {
        Ok(row) => Some((row.symbol.clone().into_inner(), row)),
        Err(row) => {
            refused.push(RefusedRow {
                symbol: Cow::Borrowed(""),
                reason: RowRefusal::Malformed { row },
            });
            None
        }
    });
    let rows: Vec<_> = rows.collect();
    Ok(read_rows(rows, refused, server_time))
}

/// Rows with their symbols → a table. `refused` are rows that could not be read at all.
pub(super) fn read_rows<'s, 'w>(
    rows: impl IntoIterator<Item = (Cow<'s, str>, impl Borrow<WireTicker<'w>>)>,
    mut refused: Vec<RefusedRow<'s>>,
    server_time: UnixMs,
) -> Tickers<'s> {
    let rows = rows.into_iter();
    let mut all = Vec::with_capacity(rows.size_hint().0);
    for (symbol, row) in rows {
        match claims(row.borrow(), server_time) {
            Ok(claims) => all.push((symbol, claims)),
            Err(reason) => refused.push(RefusedRow { symbol, reason }),
        }
    }
    let settled = settle(all);
    refused.extend(settled.refused);
    Tickers {
        server_time,
        rows: settled.rows,
        refused,
        odd: settled.odd,
    }
}

fn claims(row: &WireTicker<'_>, server_time: UnixMs) -> Result<Claims, RowRefusal> {
    // Before the price: a placeholder row is reported as such, and not as a missing price.
    if !is_plausible_symbol(row.symbol.get()) {
        return Err(RowRefusal::MalformedSymbol);
    }
    // The only field that a row must have; every other figure is a claim that is checked later.
    let last: Price = required("lastPrice", &row.last_price)?;
    let mut claims = Claims::of(last);
    claims.bid = claims.claim(Figure::Bid, &row.bid_price);
    claims.ask = claims.claim(Figure::Ask, &row.ask_price);
    claims.mark = claims.claim(Figure::Mark, &row.mark_price);
    claims.index = claims.claim(Figure::Index, &row.index_price);
    claims.price_24h = claims.claim(Figure::Price24h, &row.prev_price_24h);
    claims.price_1h = claims.claim(Figure::Price1h, &row.prev_price_1h);
    claims.change_24h = claims.claim(Figure::Change24h, &row.price_24h_pcnt);
    claims.high = claims.claim(Figure::High24h, &row.high_price_24h);
    claims.low = claims.claim(Figure::Low24h, &row.low_price_24h);
    claims.volume = claims.claim(Figure::Volume24h, &row.volume24h);
    claims.turnover = Turnover::Stated(claims.claim(Figure::Turnover24h, &row.turnover24h));
    claims.funding_rate = claims.claim(Figure::FundingRate, &row.funding_rate);
    claims.funding_cap = claims.claim(Figure::FundingCap, &row.funding_cap);
    claims.funding_interval = claims.claim(Figure::FundingInterval, &row.funding_interval_hour);
    claims.next_funding = claims.claim(Figure::NextFunding, &row.next_funding_time);
    claims.sent_at = Some(server_time);
    claims.interest_single = claims.claim(Figure::OpenInterest, &row.single_open_interest_value);
    claims.interest_both = claims.claim(Figure::OpenInterest, &row.open_interest_value);
    claims.coins_single = claims.claim(Figure::OpenInterestCoins, &row.single_open_interest);
    claims.coins_both = claims.claim(Figure::OpenInterestCoins, &row.open_interest);
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Oddity, Ticker};
    use crate::units::{Amount, Percent};
    use proptest::prelude::*;

    const GOOD: &str = r#"{"symbol":"ETHUSDT","lastPrice":"1800","prevPrice24h":"2000","prevPrice1h":"1810","price24hPcnt":"-0.1",
        "highPrice24h":"2100","lowPrice24h":"1790","openInterestValue":"500","turnover24h":"900000","volume24h":"480",
        "fundingRate":"0.0001","fundingIntervalHour":"4","markPrice":"1801","indexPrice":"1799","aNewField":{"x":[1]}}"#;

    fn body(rows: &str) -> String {
        format!(
            r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"linear","list":[{rows}]}},"retExtInfo":{{}},"time":1692163167245}}"#
        )
    }

    #[test]
    fn every_number_of_a_row_is_found_by_its_name() {
        for (name, field) in FIELDS {
            let sent = format!(r#"{{"{name}":"7"}}"#);
            let mut row: WireTicker<'static> = serde_json::from_str(sent.leak()).unwrap();
            assert_eq!(*field(&mut row), WireNumber::Value(7.0), "{name}");
        }
        // Each field of the row but its symbol has an entry.
        let debug = format!("{:?}", WireTicker::of("BTCUSDT"));
        assert_eq!(debug.matches("Absent").count(), FIELDS.len(), "{debug}");
    }

    /// [`GOOD`] with one field's value replaced by raw JSON.
    fn with(field: &str, value: &str) -> String {
        let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        row[field] = serde_json::from_str(value).unwrap();
        body(&row.to_string())
    }

    #[test]
    fn an_odd_row_a_repeated_field_and_a_bad_byte_cost_themselves() {
        let cases: [(&[u8], usize); 5] = [
            (b"\"maintenance\"", 1),
            (b"null", 1),
            (
                br#"{"symbol":"BUSDT","lastPrice":"1","lastPrice":"2","turnover24h":"1"}"#,
                1,
            ),
            (b"{\"symbol\":\"B\xffUSDT\",\"lastPrice\":\"1\"}", 1),
            (
                br#"{"symbol":"BUSDT","lastPrice":"1","turnover24h":1e999}"#,
                0,
            ),
        ];
        for (odd, refused) in cases {
            let whole = body(&format!("{GOOD},ODD"));
            let at = whole.find("ODD").unwrap();
            let body = [&whole.as_bytes()[..at], odd, &whole.as_bytes()[at + 3..]].concat();
            let tickers = parse(&body).unwrap();
            let found = (
                tickers.rows.len() + tickers.refused.len(),
                tickers.refused.len(),
            );
            assert_eq!(found, (2, refused), "{}", String::from_utf8_lossy(odd));
            assert_eq!(tickers.rows[0].symbol, "ETHUSDT");
        }
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
        assert!(
            matches!(row.symbol, Cow::Borrowed("ETHUSDT")),
            "the symbol was copied"
        );
        assert_eq!(
            row.change_24h_pct.map(Percent::get),
            Some(-10.0),
            "a fraction was shown as percent"
        );
        assert_eq!(
            row.open_interest_usd.map(Amount::get),
            Some(250.0),
            "both sides were counted"
        );
        assert_eq!(row.volume_base_24h.map(Amount::get), Some(480.0));
        assert_eq!(row.turnover_24h.map(Amount::get), Some(900_000.0));
        assert_eq!(row.funding_interval_hours, Some(4.0));
    }

    #[test]
    fn one_sided_open_interest_is_taken_where_it_is_sent() {
        let body = with("singleOpenInterestValue", "\"249.5\"");
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!(
            tickers.rows[0].open_interest_usd.map(Amount::get),
            Some(249.5)
        );
    }

    #[test]
    fn open_interest_in_coins_is_one_sided_and_agrees_with_the_one_in_dollars() {
        for (field, value, expected) in [
            ("openInterest", "\"0.28\"", Some(0.14)),
            ("singleOpenInterest", "\"0.139\"", Some(0.139)),
            // Two statements that contradict each other tell nothing.
            ("singleOpenInterest", "\"280\"", None),
        ] {
            let body = with(field, value);
            let tickers = parse(body.as_bytes()).unwrap();
            let found = tickers.rows[0].open_interest_base.map(Amount::get);
            assert_eq!(found, expected, "{field} {value}");
        }
    }

    #[test]
    fn the_next_funding_lies_ahead_by_at_most_one_interval() {
        const NOW: i64 = 1_692_163_167_245;
        let next = |ahead_ms: i64| {
            let body = with("nextFundingTime", &format!("\"{}\"", NOW + ahead_ms));
            let tickers = parse(body.as_bytes()).unwrap();
            let next = tickers.rows[0].next_funding_ms;
            let ahead = next.map(|next| next.as_millis() as i64 - NOW);
            (ahead, !tickers.odd.is_empty())
        };
        let interval = 4 * 3_600_000;
        assert_eq!(next(1), (Some(1), false));
        assert_eq!(next(interval), (Some(interval), false));
        assert_eq!(next(interval + 60_001), (None, true));
        // The row may be renewed a moment after the settlement.
        assert_eq!(next(0), (None, false));
        assert_eq!(next(-60_000), (None, false));
        assert_eq!(next(-60_001), (None, true));
        for (value, odd) in [
            ("\"0\"", vec![]),
            ("\"\"", vec![]),
            ("\"soon\"", vec![(Figure::NextFunding, Oddity::Unusable)]),
            ("\"-1\"", vec![(Figure::NextFunding, Oddity::OutOfRange)]),
            // Seconds for milliseconds.
            (
                "\"1692163200\"",
                vec![(Figure::NextFunding, Oddity::OutOfRange)],
            ),
        ] {
            check_odd("nextFundingTime", value, &odd, |row| {
                row.next_funding_ms.is_none()
            });
        }
    }

    #[test]
    fn tickers_with_an_unusable_price_are_refused_by_name() {
        for (json, value) in [
            ("\"0\"", "0"),
            ("\"-1\"", "-1"),
            ("\"NaN\"", "NaN"),
            ("\"1e999\"", "1e999"),
            ("0", "0"),
        ] {
            check_refused(
                &with("lastPrice", json),
                &RowRefusal::Unusable {
                    field: "lastPrice",
                    value: value.to_owned(),
                },
            );
        }
        for json in ["\"\"", "null"] {
            check_refused(
                &with("lastPrice", json),
                &RowRefusal::Missing { field: "lastPrice" },
            );
        }
    }

    /// What [`GOOD`] tells once one of its fields is another: the row without the figures that are
    /// odd.
    #[track_caller]
    fn check_odd(
        field: &str,
        value: &str,
        odd: &[(Figure, Oddity)],
        lost: impl Fn(&Ticker<'_>) -> bool,
    ) {
        let body = with(field, value);
        let tickers = parse(body.as_bytes()).unwrap();
        assert_eq!(tickers.refused, [], "{field} = {value} cost the row");
        let found: Vec<_> = tickers
            .odd
            .iter()
            .map(|odd| (odd.figure, odd.oddity))
            .collect();
        assert_eq!(found, odd, "{field} = {value}");
        assert!(
            lost(&tickers.rows[0]),
            "{field} = {value}: {:?}",
            tickers.rows[0]
        );
    }

    #[test]
    fn a_figure_that_is_odd_costs_itself() {
        use Oddity::{Contradicted, OutOfRange, Unusable};
        let no_trade = [
            (Figure::Volume24h, Contradicted),
            (Figure::Turnover24h, Contradicted),
        ];
        let nothing_traded =
            |row: &Ticker<'_>| row.turnover_24h.is_none() && row.volume_base_24h.is_none();
        for absent in ["\"\"", "null"] {
            check_odd("turnover24h", absent, &[], |row| {
                row.turnover_24h.is_none() && row.volume_base_24h.is_some()
            });
            check_odd("volume24h", absent, &[], |row| {
                row.volume_base_24h.is_none() && row.turnover_24h.is_some()
            });
            check_odd("highPrice24h", absent, &[], |row| {
                row.high_24h.is_none() && row.low_24h.is_none()
            });
            check_odd("fundingRate", absent, &[], |row| row.funding_rate.is_none());
            check_odd("prevPrice24h", absent, &[], |row| {
                row.change_24h_pct.map(Percent::get) == Some(-10.0)
            });
        }
        for zero in ["\"0\"", "0"] {
            check_odd("turnover24h", zero, &no_trade, nothing_traded);
            check_odd("volume24h", zero, &no_trade, nothing_traded);
            check_odd("markPrice", zero, &[(Figure::Mark, Unusable)], |row| {
                row.mark.is_none()
            });
            check_odd(
                "openInterestValue",
                zero,
                &[(Figure::OpenInterest, Contradicted)],
                |row| row.open_interest_usd.is_none(),
            );
        }
        check_odd("turnover24h", "\"900000000000\"", &no_trade, nothing_traded);
        check_odd(
            "turnover24h",
            "\"soon\"",
            &[(Figure::Turnover24h, Unusable)],
            |row| row.turnover_24h.is_none(),
        );
        let range = [(Figure::High24h, OutOfRange), (Figure::Low24h, OutOfRange)];
        check_odd("highPrice24h", "\"2100000\"", &range, |row| {
            row.high_24h.is_none() && row.low_24h.is_none()
        });
        check_odd(
            "markPrice",
            "\"18010\"",
            &[(Figure::Mark, Contradicted)],
            |row| row.mark.is_none(),
        );
        check_odd(
            "prevPrice1h",
            "\"18\"",
            &[(Figure::Price1h, Contradicted)],
            |row| row.change_1h_pct.is_none(),
        );
        check_odd(
            "fundingRate",
            "\"0.75\"",
            &[(Figure::FundingRate, OutOfRange)],
            |row| row.funding_rate.is_none(),
        );
        check_odd(
            "fundingIntervalHour",
            "\"-1\"",
            &[(Figure::FundingInterval, OutOfRange)],
            |row| row.funding_interval_hours.is_none(),
        );
    }

    #[test]
    fn a_rate_above_the_rows_own_cap_is_unknown() {
        let body = with("fundingCap", "\"0.00005\"");
        assert_eq!(parse(body.as_bytes()).unwrap().rows[0].funding_rate, None);
        let body = with("fundingCap", "\"0.005\"");
        assert_eq!(
            parse(body.as_bytes()).unwrap().rows[0].funding_rate,
            Some(0.0001)
        );
    }

    #[test]
    fn both_tellings_of_open_interest_must_agree() {
        let interest = |single: &str, coins: &str| {
            let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
            row["singleOpenInterestValue"] = single.into();
            row["openInterest"] = coins.into();
            parse(body(&row.to_string()).as_bytes()).unwrap().rows[0]
                .open_interest_usd
                .map(Amount::get)
        };
        assert_eq!(interest("", ""), Some(250.0));
        assert_eq!(interest("249.5", ""), Some(249.5));
        assert_eq!(interest("0", ""), None, "a zero was taken for an answer");
        assert_eq!(interest("249500", ""), None, "one of two was believed");
        // 0.2778 coins of both sides at 1800 are 250 of one.
        assert_eq!(
            interest("249500", "0.2778"),
            Some(250.0),
            "two of three agree"
        );
        assert_eq!(interest("0", "0.2778"), Some(250.0));
        assert_eq!(interest("249.5", "277.8"), Some(249.5));
    }

    #[test]
    fn interest_and_turnover_are_in_proportion() {
        let row = |fields: &[(&str, &str)]| {
            let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
            for (name, value) in fields {
                row[*name] = (*value).into();
            }
            let body = body(&row.to_string());
            let row = &parse(body.as_bytes()).unwrap().rows[0];
            (
                row.turnover_24h.map(Amount::get),
                row.open_interest_usd.map(Amount::get),
            )
        };
        let (most_held, more_held) = ("1800000000", "1800000200");
        assert_eq!(
            row(&[("openInterestValue", most_held)]),
            (Some(900_000.0), Some(900_000_000.0))
        );
        assert_eq!(
            row(&[("openInterestValue", more_held)]),
            (Some(900_000.0), None)
        );
        let hardly_traded = [("turnover24h", "180"), ("volume24h", "0.1")];
        assert_eq!(row(&hardly_traded), (Some(180.0), Some(250.0)));
        assert_eq!(
            row(&[
                hardly_traded[0],
                hardly_traded[1],
                ("openInterestValue", "190000000")
            ])
            .1,
            Some(95_000_000.0)
        );
        assert_eq!(
            row(&[("turnover24h", "900000000000"), ("volume24h", "480000000")]),
            (None, Some(250.0))
        );
        assert_eq!(
            row(&[("turnover24h", "9000000000"), ("volume24h", "4800000")]),
            (Some(9e9), Some(250.0))
        );
    }

    #[test]
    fn without_a_range_turnover_lies_between_the_days_two_ends() {
        let turnover = |yesterday: &str, paid: &str| {
            let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
            row["prevPrice24h"] = yesterday.into();
            row["price24hPcnt"] = "".into();
            row["turnover24h"] = paid.into();
            for absent in ["highPrice24h", "lowPrice24h"] {
                row[absent] = "".into();
            }
            parse(body(&row.to_string()).as_bytes()).unwrap().rows[0]
                .turnover_24h
                .map(Amount::get)
        };
        // 480 coins at 3000 each, on a day from 3600 to 1800.
        assert_eq!(turnover("3600", "1440000"), Some(1_440_000.0));
        assert_eq!(turnover("", "1440000"), None);
        assert_eq!(turnover("3600", "14400000"), None);
    }

    #[test]
    fn what_is_zero_in_every_row_is_not_there() {
        let table = |rate: &dyn Fn(usize) -> String| {
            let row = |index: usize| {
                let mut row: serde_json::Value = serde_json::from_str(GOOD).unwrap();
                row["symbol"] = format!("S{index}USDT").into();
                row["fundingRate"] = rate(index).into();
                row.to_string()
            };
            let rows: Vec<String> = (0..40).map(row).collect();
            let body = body(&rows.join(","));
            parse(body.as_bytes())
                .unwrap()
                .rows
                .iter()
                .filter(|row| row.funding_rate.is_some())
                .count()
        };
        assert_eq!(table(&|_| "0".to_owned()), 0);
        assert_eq!(
            table(&|index| if index < 4 { "0.0001" } else { "0" }.to_owned()),
            0,
            "nearly everywhere"
        );
        assert_eq!(
            table(&|index| if index < 5 { "0.0001" } else { "0" }.to_owned()),
            40
        );
    }

    #[test]
    fn a_placeholder_symbol_is_refused() {
        for symbol in ["\"SYSTEM_STATUS\"", "\"\"", "\"<script>alert(1)</script>\""] {
            check_refused(&with("symbol", symbol), &RowRefusal::MalformedSymbol);
        }
    }

    #[test]
    fn a_price_that_most_of_its_row_contradicts_is_refused() {
        for price in ["\"18000\"", "\"0.0000018\""] {
            let body = with("lastPrice", price);
            let tickers = parse(body.as_bytes()).unwrap();
            let reason = &tickers.refused[0].reason;
            assert!(
                matches!(
                    reason,
                    RowRefusal::PriceContradicted {
                        against: 4,
                        witnesses: 4,
                        ..
                    }
                ),
                "{reason:?}"
            );
        }
    }

    #[test]
    fn a_stated_change_that_contradicts_the_prices_costs_the_change() {
        check_odd(
            "price24hPcnt",
            "\"-0.2\"",
            &[(Figure::Change24h, Oddity::Contradicted)],
            |row| row.change_24h_pct.is_none(),
        );
        // A price that rose to six times its former self, and a change that was read a third of a
        // percent earlier.
        let risen = r#"{"symbol":"AUSDT","lastPrice":"6.00","prevPrice24h":"1.00","price24hPcnt":"4.982",
            "highPrice24h":"6.10","lowPrice24h":"0.99","turnover24h":"9000000","volume24h":"2500000"}"#;
        let body = body(risen);
        assert_eq!(
            parse(body.as_bytes()).unwrap().rows[0]
                .change_24h_pct
                .map(Percent::get),
            Some(500.0)
        );
    }

    #[test]
    fn a_change_that_is_slightly_off_is_computed_from_the_prices() {
        let body = with("price24hPcnt", "\"-0.0997\"");
        assert_eq!(
            parse(body.as_bytes()).unwrap().rows[0]
                .change_24h_pct
                .unwrap()
                .get()
                .round(),
            -10.0
        );
        let body = with("price24hPcnt", "\"\"");
        assert_eq!(
            parse(body.as_bytes()).unwrap().rows[0]
                .change_24h_pct
                .unwrap()
                .get()
                .round(),
            -10.0
        );
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
                prop_assert!(row.change_24h_pct.is_none_or(|change| change.get().is_finite()));
            }
        }
    }
}
