//! `GET /v5/market/instruments-info?category=linear`: what is listed, and so which contracts count.
//! <https://bybit-exchange.github.io/docs/v5/market/instrument>
//!
//! The linear category holds shares, metals, oil, dated futures and USDC contracts beside crypto, and a ticker row does not
//! tell which it is. So the tickers are joined with this list.

use super::envelope;
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::{Universe, is_funding_interval, is_plausible_symbol};
use crate::provenance::Source;
use crate::units::UnixMs;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Symbol types that are crypto. `innovation` is the venue's zone for young coins.
const CRYPTO_TYPES: [&str; 2] = ["", "innovation"];

/// Symbol types that are known not to be crypto.
const OTHER_TYPES: [&str; 3] = ["stock", "commodity", "forex"];

/// The most pages that are followed; at 1000 rows each this is ten times today's list.
pub const MAX_PAGES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Result_<'a> {
    #[serde(borrow)]
    list: Option<Vec<Option<WireInstrument<'a>>>>,
    #[serde(borrow, default)]
    next_page_cursor: Option<Cow<'a, str>>,
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
    is_pre_listing: Option<bool>,
    /// Minutes; 0 on dated contracts.
    funding_interval: WireNumber,
}

/// Why a listed contract does not belong to the universe.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exclusion {
    /// A dated future, a USDC contract, not trading, a pre-listing, or a share, metal, oil or currency.
    NotOurs,
    /// A symbol type that did not exist when this was written: left out, and told.
    UnknownType(String),
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    server_time: UnixMs,
    contracts: Vec<(String, Option<f64>)>,
    unknown_types: BTreeSet<String>,
    next_cursor: Option<String>,
}

impl Listing {
    /// Reads one page.
    ///
    /// # Errors
    /// Any [`ParseError`] when the answer is no page of instruments.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let (result, server_time) = envelope::open(body)?;
        let result: Result_<'_> = wire::json(result)?;
        let list = result.list.ok_or(ParseError::ResultMissing)?;
        if list.is_empty() {
            return Err(ParseError::ListEmpty);
        }
        let mut contracts = Vec::new();
        let mut unknown_types = BTreeSet::new();
        for row in list.iter().flatten() {
            match judge(row) {
                Ok(()) => contracts.push((row.symbol.get().to_owned(), funding_hours(row))),
                Err(Exclusion::NotOurs) => {}
                Err(Exclusion::UnknownType(symbol_type)) => {
                    unknown_types.insert(symbol_type);
                }
            }
        }
        let next_cursor = result.next_page_cursor.filter(|cursor| !cursor.is_empty()).map(Cow::into_owned);
        Ok(Self { server_time, contracts, unknown_types, next_cursor })
    }
}

/// The rule: crypto USDT linear perpetuals that trade.
fn judge(row: &WireInstrument<'_>) -> Result<(), Exclusion> {
    let perpetual_in_usdt = row.contract_type.get() == "LinearPerpetual"
        && row.quote_coin.get() == "USDT"
        && row.settle_coin.get() == "USDT";
    let trades = row.status.get() == "Trading" && row.is_pre_listing != Some(true);
    let Some(symbol_type) = row.symbol_type.sent() else {
        return Err(if perpetual_in_usdt && trades {
            Exclusion::UnknownType("none".to_owned())
        } else {
            Exclusion::NotOurs
        });
    };
    if !perpetual_in_usdt || !trades || OTHER_TYPES.contains(&symbol_type) || !is_plausible_symbol(row.symbol.get()) {
        Err(Exclusion::NotOurs)
    } else if CRYPTO_TYPES.contains(&symbol_type) {
        Ok(())
    } else {
        Err(Exclusion::UnknownType(symbol_type.chars().take(32).collect()))
    }
}

fn funding_hours(row: &WireInstrument<'_>) -> Option<f64> {
    row.funding_interval.value().map(|minutes| minutes / 60.0).filter(|hours| is_funding_interval(*hours))
}

/// Why the pages together are no universe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UniverseError {
    /// None of the listed contracts is a crypto USDT perpetual that trades.
    #[error("the instruments list holds no crypto USDT perpetual")]
    Empty,
    /// The venue's cursor never came to an end.
    #[error("the instruments list did not end within {MAX_PAGES} pages")]
    Endless,
}

impl UniverseError {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::Empty => "empty_universe",
            Self::Endless => "endless_list",
        }
    }
}

/// Collects the pages of the list into a [`Universe`].
#[derive(Debug, Default)]
pub struct UniverseBuilder {
    contracts: BTreeMap<String, Option<f64>>,
    unknown_types: BTreeSet<String>,
    oldest_page: Option<UnixMs>,
    pages: usize,
}

impl UniverseBuilder {
    /// Starts with no page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a page; gives the cursor of the next one, or nothing when this was the last.
    ///
    /// # Errors
    /// [`UniverseError::Endless`] when there are more pages than any real list has.
    pub fn add(&mut self, page: Listing) -> Result<Option<String>, UniverseError> {
        self.contracts.extend(page.contracts);
        self.unknown_types.extend(page.unknown_types);
        self.oldest_page = Some(self.oldest_page.map_or(page.server_time, |oldest| oldest.min(page.server_time)));
        self.pages += 1;
        if page.next_cursor.is_some() && self.pages >= MAX_PAGES {
            return Err(UniverseError::Endless);
        }
        Ok(page.next_cursor)
    }

    /// Symbol types that no rule knows, for the log: their contracts are left out.
    #[must_use]
    pub fn unknown_types(&self) -> &BTreeSet<String> {
        &self.unknown_types
    }

    /// The universe. Its time is that of the oldest page, and never later than `received_at`.
    ///
    /// # Errors
    /// [`UniverseError::Empty`] when no contract passed the rule.
    pub fn finish(self, source: Source, received_at: UnixMs) -> Result<Universe, UniverseError> {
        match self.oldest_page {
            Some(oldest) if !self.contracts.is_empty() => {
                Ok(Universe { as_of_ms: oldest.min(received_at), source, contracts: self.contracts })
            }
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
            instrument("BTCUSDT-25DEC26", &[("contractType", "LinearFutures".into())]),
            instrument("BTCPERP", &[("quoteCoin", "USDC".into()), ("settleCoin", "USDC".into())]),
            instrument("SOONUSDT", &[("isPreListing", true.into())]),
            instrument("LATERUSDT", &[("status", "PreLaunch".into())]),
            instrument("GONEUSDT", &[("status", "Closed".into())]),
            instrument("SYSTEM_STATUS", &[]),
        ])
        .unwrap();
        assert_eq!(universe.contracts.keys().collect::<Vec<_>>(), ["BTCUSDT", "YOUNGUSDT"]);
        assert_eq!(universe.contracts["BTCUSDT"], Some(4.0));
    }

    #[test]
    fn a_symbol_type_that_is_new_is_left_out_and_told() {
        let mut builder = UniverseBuilder::new();
        let rows = [instrument("BTCUSDT", &[]), instrument("RAINUSDT", &[("symbolType", "weather".into())])];
        builder.add(Listing::parse(page(&rows, "").as_bytes()).unwrap()).unwrap();
        assert_eq!(builder.unknown_types().iter().collect::<Vec<_>>(), ["weather"]);
        let universe = builder.finish(SOURCE, UnixMs::from_millis(5)).unwrap();
        assert!(!universe.contains("RAINUSDT"));
        assert_eq!(universe.as_of_ms, UnixMs::from_millis(5), "a venue's clock ahead of ours made the list young");
    }

    #[test]
    fn a_symbol_type_that_is_not_sent_is_not_taken_for_crypto() {
        let nothing = universe(&[instrument("RAINUSDT", &[("symbolType", serde_json::Value::Null)])]);
        assert_eq!(nothing, Err(UniverseError::Empty));
        let odd = [("symbolType", 7.into()), ("status", "Trading".into())];
        let universe = universe(&[instrument("BTCUSDT", &[]), instrument("RAINUSDT", &odd)]).unwrap();
        assert_eq!(universe.len(), 1);
    }

    #[test]
    fn the_cursor_is_followed_as_it_was_sent() {
        let mut builder = UniverseBuilder::new();
        let cursor = "first%3DBTCUSDT%26last%3DETHUSDT";
        let first = Listing::parse(page(&[instrument("BTCUSDT", &[])], cursor).as_bytes()).unwrap();
        assert_eq!(builder.add(first).unwrap().as_deref(), Some(cursor));
        assert!(super::super::instruments_after(cursor).ends_with("&cursor=first%3DBTCUSDT%26last%3DETHUSDT"));
        let last = Listing::parse(page(&[instrument("ETHUSDT", &[])], "").as_bytes()).unwrap();
        assert_eq!(builder.add(last).unwrap(), None);
        assert_eq!(builder.finish(SOURCE, UnixMs::from_millis(5)).unwrap().len(), 2);
    }

    #[test]
    fn a_list_that_never_ends_is_refused() {
        let mut builder = UniverseBuilder::new();
        let body = page(&[instrument("BTCUSDT", &[])], "again");
        let outcome = (0..=MAX_PAGES).try_for_each(|_| builder.add(Listing::parse(body.as_bytes()).unwrap()).map(drop));
        assert_eq!(outcome, Err(UniverseError::Endless));
    }

    #[test]
    fn a_list_without_crypto_is_no_universe() {
        assert_eq!(universe(&[instrument("AAPLUSDT", &[("symbolType", "stock".into())])]), Err(UniverseError::Empty));
        assert_eq!(Listing::parse(page(&[], "").as_bytes()), Err(ParseError::ListEmpty));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Listing::parse(&bytes);
        }
    }
}
