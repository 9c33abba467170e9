//! `GET /v5/market/instruments-info?category=linear`: what is listed, and so which contracts count.
//! <https://bybit-exchange.github.io/docs/v5/market/instrument>
//!
//! The linear category contains shares, metals, oil, dated futures and USDC contracts beside
//! crypto, and a ticker row does not say which it is. So the tickers are joined with this list.
//!
//! Order: [`Listing::parse`] reads one page, [`UniverseBuilder::add`] collects pages and returns
//! the next cursor, [`UniverseBuilder::finish`] makes the [`Universe`].
//!
//! Invariant: only what is known to be crypto counts. A type that no rule knows is left out and
//! reported, because a share among the scores is worse than a missing coin.

use super::envelope;
use crate::exchange::ParseError;
use crate::exchange::wire::{self, Row, WireNumber, WireText};
use crate::market::{Universe, is_funding_interval, is_plausible_symbol};
use crate::provenance::Source;
use crate::units::UnixMs;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Symbol types that are crypto. Ordinary coins have an empty one; `innovation` is the venue's zone
/// for young coins.
const CRYPTO_TYPES: [&str; 2] = ["", "innovation"];

/// Symbol types that are known not to be crypto.
const OTHER_TYPES: [&str; 3] = ["stock", "commodity", "forex"];

/// The most pages that are followed. At 1000 rows each this is ten times the list of 2026.
pub const MAX_PAGES: usize = 10;

/// The largest share of rows that name no contract: one in twenty, as for tickers.
const NAMELESS_ONE_IN: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Result_<'a> {
    #[serde(borrow)]
    list: Option<&'a RawValue>,
    #[serde(borrow, default)]
    next_page_cursor: WireText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireInstrument<'a> {
    #[serde(borrow)]
    symbol: WireText<'a>,
    #[serde(borrow)]
    contract_type: WireText<'a>,
    #[serde(borrow)]
    status: WireText<'a>,
    #[serde(borrow)]
    quote_coin: WireText<'a>,
    #[serde(borrow)]
    settle_coin: WireText<'a>,
    #[serde(borrow)]
    symbol_type: WireText<'a>,
    is_pre_listing: WireNumber,
    /// Minutes; 0 on dated contracts.
    funding_interval: WireNumber,
}

/// Why a listed contract does not belong to the universe.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exclusion {
    /// A dated future, a USDC contract, not trading, a pre-listing, or a share, metal, oil or
    /// currency.
    NotOurs,
    /// A symbol type that no rule knows: left out, and reported.
    UnknownType(String),
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    server_time: UnixMs,
    contracts: Vec<(String, Option<f64>)>,
    /// Contracts that are listed and do not count.
    others: BTreeSet<String>,
    unknown_types: BTreeSet<String>,
    rows: usize,
    /// Rows that name no contract.
    nameless: usize,
    next_cursor: Option<String>,
}

impl Listing {
    /// Reads one page. It may be empty, as the last one sometimes is. A malformed row costs itself.
    ///
    /// # Errors
    /// Any [`ParseError`] when the answer is no page of instruments.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let text = wire::text(body)?;
        let (result, server_time) = envelope::open(&text)?;
        let result: Result_<'_> = wire::object(result)?;
        let list: Vec<Row<WireInstrument<'_>>> =
            wire::rows(result.list.ok_or(ParseError::ResultMissing)?.get())?;
        let mut page = Self {
            server_time,
            contracts: Vec::new(),
            others: BTreeSet::new(),
            unknown_types: BTreeSet::new(),
            rows: list.len(),
            nameless: 0,
            next_cursor: result
                .next_page_cursor
                .sent()
                .filter(|cursor| !cursor.is_empty())
                .map(str::to_owned),
        };
        for row in &list {
            match row {
                Ok(row) if is_plausible_symbol(row.symbol.get()) => page.take(row),
                // Counted and not ignored: many such rows mean that the format has changed, see
                // [`UniverseBuilder::finish`].
                _ => page.nameless += 1,
            }
        }
        Ok(page)
    }

    fn take(&mut self, row: &WireInstrument<'_>) {
        let symbol = row.symbol.get().to_owned();
        match judge(row) {
            Ok(()) => self.contracts.push((symbol, funding_hours(row))),
            Err(exclusion) => {
                self.others.insert(symbol);
                if let Exclusion::UnknownType(symbol_type) = exclusion {
                    self.unknown_types.insert(symbol_type);
                }
            }
        }
    }
}

/// The rule: crypto USDT linear perpetuals that trade.
fn judge(row: &WireInstrument<'_>) -> Result<(), Exclusion> {
    let perpetual_in_usdt = row.contract_type.get() == "LinearPerpetual"
        && row.quote_coin.get() == "USDT"
        && row.settle_coin.get() == "USDT";
    let trades = row.status.get() == "Trading" && !row.is_pre_listing.is_true();
    // A missing field is another thing than an empty one, which means crypto. It is reported only
    // for contracts that the type would decide about.
    let Some(symbol_type) = row.symbol_type.sent() else {
        return Err(if perpetual_in_usdt && trades {
            Exclusion::UnknownType("none".to_owned())
        } else {
            Exclusion::NotOurs
        });
    };
    if !perpetual_in_usdt || !trades || OTHER_TYPES.contains(&symbol_type) {
        Err(Exclusion::NotOurs)
    } else if CRYPTO_TYPES.contains(&symbol_type) {
        Ok(())
    } else {
        Err(Exclusion::UnknownType(
            symbol_type.chars().take(32).collect(),
        ))
    }
}

fn funding_hours(row: &WireInstrument<'_>) -> Option<f64> {
    row.funding_interval
        .value()
        // The list states minutes, the ticker row hours.
        .map(|minutes| minutes / 60.0)
        .filter(|hours| is_funding_interval(*hours))
}

/// Why the pages together are no universe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UniverseError {
    /// None of the listed contracts is a crypto USDT perpetual that trades.
    #[error("the instruments list holds no crypto USDT perpetual")]
    Empty,
    /// The venue's cursors do not come to an end.
    #[error("the instruments list did not end within {MAX_PAGES} pages")]
    Endless,
    /// So many rows name no contract that the rest is no complete list.
    #[error(
        "{nameless} of {rows} rows of the instruments list name no contract, more than one in {NAMELESS_ONE_IN}"
    )]
    TooManyNameless {
        /// Rows that name no contract.
        nameless: usize,
        /// All rows.
        rows: usize,
    },
}

impl UniverseError {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::Empty => "empty_universe",
            Self::Endless => "endless_list",
            Self::TooManyNameless { .. } => "too_many_nameless_rows",
        }
    }
}

/// Collects the pages of the list into a [`Universe`].
#[derive(Debug, Default)]
pub struct UniverseBuilder {
    contracts: BTreeMap<String, Option<f64>>,
    others: BTreeSet<String>,
    unknown_types: BTreeSet<String>,
    oldest_page: Option<UnixMs>,
    pages: usize,
    rows: usize,
    nameless: usize,
    /// Cursors that were followed. One that comes again would be followed in a circle.
    cursors: BTreeSet<String>,
}

impl UniverseBuilder {
    /// Starts with no page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a page and returns the cursor of the next; `None` after the last. A page is the last
    /// when it has no cursor, repeats one, or adds no contract. The list is then what was
    /// collected.
    ///
    /// # Errors
    /// [`UniverseError::Endless`] when there are more pages than any real list has.
    pub fn add(&mut self, page: Listing) -> Result<Option<String>, UniverseError> {
        let known = self.contracts.len() + self.others.len();
        self.contracts.extend(page.contracts);
        self.others.extend(page.others);
        self.unknown_types.extend(page.unknown_types);
        // The oldest page dates the whole, so that the list is never shown as younger than any part
        // of it.
        self.oldest_page = Some(
            self.oldest_page
                .map_or(page.server_time, |oldest| oldest.min(page.server_time)),
        );
        self.pages += 1;
        self.rows += page.rows;
        self.nameless += page.nameless;
        let brought_something = self.contracts.len() + self.others.len() > known;
        let Some(cursor) = page.next_cursor.filter(|_| brought_something) else {
            return Ok(None);
        };
        if !self.cursors.insert(cursor.clone()) {
            return Ok(None);
        }
        // Bounds the requests of one refresh, whatever cursors the venue sends.
        if self.pages >= MAX_PAGES {
            return Err(UniverseError::Endless);
        }
        Ok(Some(cursor))
    }

    /// Symbol types that no rule knows, for the log. Their contracts are left out.
    #[must_use]
    pub fn unknown_types(&self) -> &BTreeSet<String> {
        &self.unknown_types
    }

    /// The universe. Its time is that of the oldest page, and never later than `received_at`.
    ///
    /// # Errors
    /// [`UniverseError::Empty`] when no contract passed the rule,
    /// [`UniverseError::TooManyNameless`] when much of the list is none.
    pub fn finish(self, source: Source, received_at: UnixMs) -> Result<Universe, UniverseError> {
        // One such row is always allowed, however short the list.
        if self.nameless > (self.rows / NAMELESS_ONE_IN).max(1) {
            return Err(UniverseError::TooManyNameless {
                nameless: self.nameless,
                rows: self.rows,
            });
        }
        match self.oldest_page {
            Some(oldest) if !self.contracts.is_empty() => Ok(Universe {
                // Not refused where the venue's clock is ahead, as tickers are: a list changes once in
                // days, and without one there is no market at all. It is never younger than its
                // receipt.
                as_of_ms: oldest.min(received_at),
                source,
                contracts: self.contracts,
                others: Some(Arc::new(self.others)),
            }),
            _ => Err(UniverseError::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Venue;
    use proptest::prelude::*;

    const SOURCE: Source = Source::live(Venue::Bybit);

    fn instrument(symbol: &str, changed: &[(&str, serde_json::Value)]) -> serde_json::Value {
        let mut row = serde_json::json!({
            "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "quoteCoin": "USDT", "settleCoin": "USDT",
            "symbolType": "", "isPreListing": false, "preListingInfo": null, "fundingInterval": 240, "symbolId": 7
        });
        for (field, value) in changed {
            row[*field] = value.clone();
        }
        row
    }

    fn page(rows: &[serde_json::Value], cursor: &str) -> String {
        serde_json::json!({
            "retCode": 0, "retMsg": "OK", "time": 1_692_163_167_245_u64,
            "result": {"category": "linear", "list": rows, "nextPageCursor": cursor}
        })
        .to_string()
    }

    fn universe(rows: &[serde_json::Value]) -> Result<Universe, UniverseError> {
        let mut builder = UniverseBuilder::new();
        builder.add(Listing::parse(page(rows, "").as_bytes()).unwrap())?;
        builder.finish(SOURCE, UnixMs::from_millis(u64::MAX))
    }

    #[test]
    fn only_crypto_usdt_perpetuals_that_trade_are_ours() {
        let universe = universe(&[
            instrument("BTCUSDT", &[]),
            instrument("YOUNGUSDT", &[("symbolType", "innovation".into())]),
            instrument("AAPLUSDT", &[("symbolType", "stock".into())]),
            instrument("XAUUSDT", &[("symbolType", "commodity".into())]),
            instrument("EURUSDT", &[("symbolType", "forex".into())]),
            instrument(
                "BTCUSDT-25DEC26",
                &[("contractType", "LinearFutures".into())],
            ),
            instrument(
                "BTCPERP",
                &[("quoteCoin", "USDC".into()), ("settleCoin", "USDC".into())],
            ),
            instrument("SOONUSDT", &[("isPreListing", true.into())]),
            instrument("LATERUSDT", &[("status", "PreLaunch".into())]),
            instrument("GONEUSDT", &[("status", "Closed".into())]),
            instrument("SYSTEM_STATUS", &[]),
        ])
        .unwrap();
        assert_eq!(
            universe.contracts.keys().collect::<Vec<_>>(),
            ["BTCUSDT", "YOUNGUSDT"]
        );
        assert_eq!(universe.contracts["BTCUSDT"], Some(4.0));
    }

    #[test]
    fn a_symbol_type_that_is_new_is_left_out_and_told() {
        let mut builder = UniverseBuilder::new();
        let rows = [
            instrument("BTCUSDT", &[]),
            instrument("RAINUSDT", &[("symbolType", "weather".into())]),
        ];
        builder
            .add(Listing::parse(page(&rows, "").as_bytes()).unwrap())
            .unwrap();
        assert_eq!(
            builder.unknown_types().iter().collect::<Vec<_>>(),
            ["weather"]
        );
        let universe = builder.finish(SOURCE, UnixMs::from_millis(5)).unwrap();
        assert!(!universe.contains("RAINUSDT"));
        assert_eq!(
            universe.as_of_ms,
            UnixMs::from_millis(5),
            "a venue's clock ahead of ours made the list young"
        );
    }

    #[test]
    fn a_symbol_type_that_is_not_sent_is_not_taken_for_crypto() {
        let nothing = universe(&[instrument(
            "RAINUSDT",
            &[("symbolType", serde_json::Value::Null)],
        )]);
        assert_eq!(nothing, Err(UniverseError::Empty));
        let odd = [("symbolType", 7.into()), ("status", "Trading".into())];
        let universe =
            universe(&[instrument("BTCUSDT", &[]), instrument("RAINUSDT", &odd)]).unwrap();
        assert_eq!(universe.len(), 1);
    }

    #[test]
    fn the_cursor_is_followed_as_it_was_sent() {
        let mut builder = UniverseBuilder::new();
        let cursor = "first%3DBTCUSDT%26last%3DETHUSDT";
        let first = Listing::parse(page(&[instrument("BTCUSDT", &[])], cursor).as_bytes()).unwrap();
        assert_eq!(builder.add(first).unwrap().as_deref(), Some(cursor));
        assert!(
            super::super::instruments_after(cursor)
                .ends_with("&cursor=first%3DBTCUSDT%26last%3DETHUSDT")
        );
        let last = Listing::parse(page(&[instrument("ETHUSDT", &[])], "").as_bytes()).unwrap();
        assert_eq!(builder.add(last).unwrap(), None);
        assert_eq!(
            builder
                .finish(SOURCE, UnixMs::from_millis(5))
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn a_list_that_never_ends_is_refused() {
        let mut builder = UniverseBuilder::new();
        let body = |index: usize| {
            page(
                &[instrument(&format!("S{index}USDT"), &[])],
                &format!("after{index}"),
            )
        };
        let outcome = (0..=MAX_PAGES).try_for_each(|index| {
            builder
                .add(Listing::parse(body(index).as_bytes()).unwrap())
                .map(drop)
        });
        assert_eq!(outcome, Err(UniverseError::Endless));
    }

    #[test]
    fn an_odd_end_of_the_list_keeps_what_came() {
        let full = page(&[instrument("BTCUSDT", &[])], "next");
        let ends = [
            page(&[], ""),
            page(&[], "further"),
            page(&[instrument("BTCUSDT", &[])], "further"),
            page(&[instrument("ETHUSDT", &[])], "next"),
        ];
        for end in ends {
            let mut builder = UniverseBuilder::new();
            assert_eq!(
                builder.add(Listing::parse(full.as_bytes()).unwrap()),
                Ok(Some("next".to_owned()))
            );
            assert_eq!(
                builder.add(Listing::parse(end.as_bytes()).unwrap()),
                Ok(None),
                "{end}"
            );
            assert!(
                builder
                    .finish(SOURCE, UnixMs::from_millis(5))
                    .unwrap()
                    .contains("BTCUSDT"),
                "{end}"
            );
        }
    }

    #[test]
    fn a_row_that_is_none_costs_itself_and_many_cost_the_list() {
        let good: Vec<_> = (0..40)
            .map(|index| instrument(&format!("S{index}USDT"), &[]))
            .collect();
        let odd = [
            serde_json::json!("maintenance"),
            serde_json::json!(null),
            instrument("", &[]),
        ];
        let with = |odd: &[serde_json::Value]| universe(&[&good, odd].concat());
        assert_eq!(with(&odd[..2]).map(|universe| universe.len()), Ok(40));
        assert_eq!(
            with(&odd),
            Err(UniverseError::TooManyNameless {
                nameless: 3,
                rows: 43
            })
        );
        for text in ["false", "no", "7"] {
            let flagged = universe(&[instrument("BTCUSDT", &[("isPreListing", text.into())])]);
            assert_eq!(flagged.map(|universe| universe.len()), Ok(1), "{text}");
        }
        let flagged = universe(&[instrument("BTCUSDT", &[("isPreListing", "true".into())])]);
        assert_eq!(flagged, Err(UniverseError::Empty));
    }

    #[test]
    fn a_list_without_crypto_is_no_universe() {
        assert_eq!(
            universe(&[instrument("AAPLUSDT", &[("symbolType", "stock".into())])]),
            Err(UniverseError::Empty)
        );
        assert_eq!(universe(&[]), Err(UniverseError::Empty));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Listing::parse(&bytes);
        }
    }
}
