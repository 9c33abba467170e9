//! `GET /api/v5/public/instruments?instType=SWAP`: what is listed, and so which swaps count.
//! <https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments>
//!
//! The swaps contain shares, metals and currencies beside crypto. `instCategory` says which each
//! is. As for Bybit, only what is known to be crypto counts, and an unknown category is reported.

use super::{envelope, symbol};
use crate::exchange::ParseError;
use crate::exchange::wire::{self, Row, WireText};
use crate::market::{Universe, is_plausible_symbol};
use crate::provenance::Source;
use crate::units::UnixMs;
use serde::Deserialize;
use std::collections::BTreeSet;

/// `instCategory` of crypto.
const CRYPTO: &str = "1";

/// `instCategory` of shares, commodities, currencies and bonds, and of what the venue has no
/// category for.
const OTHERS: [&str; 5] = ["3", "4", "5", "6", ""];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireInstrument<'a> {
    #[serde(borrow)]
    inst_id: WireText<'a>,
    #[serde(borrow)]
    ct_type: WireText<'a>,
    #[serde(borrow)]
    settle_ccy: WireText<'a>,
    #[serde(borrow)]
    state: WireText<'a>,
    #[serde(borrow)]
    rule_type: WireText<'a>,
    #[serde(borrow)]
    inst_category: WireText<'a>,
}

/// The swaps that count, by their symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    symbols: BTreeSet<String>,
    unknown_categories: BTreeSet<String>,
}

impl Listing {
    /// Reads the list.
    ///
    /// # Errors
    /// Any [`ParseError`]; [`ParseError::NoUsableRow`] when none of the swaps is crypto in USDT
    /// that trades.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let text = wire::text(body)?;
        let list: Vec<Row<WireInstrument<'_>>> = envelope::open(&text)?;
        let mut listing = Self {
            symbols: BTreeSet::new(),
            unknown_categories: BTreeSet::new(),
        };
        // A malformed row names no contract, so it is skipped. A list that lacks contracts is
        // noticed by comparison with the one before ([`crate::judge::ListJudge`]).
        for row in list.iter().flatten() {
            listing.take(row);
        }
        if listing.symbols.is_empty() {
            Err(ParseError::NoUsableRow { rows: list.len() })
        } else {
            Ok(listing)
        }
    }

    /// The rule: linear perpetual swaps in USDT, of crypto, that trade by the ordinary rules.
    fn take(&mut self, row: &WireInstrument<'_>) {
        let Some(symbol) = symbol(row.inst_id.get()) else {
            return;
        };
        let trades = row.ct_type.get() == "linear"
            && row.settle_ccy.get() == "USDT"
            && row.state.get() == "live"
            // Other rule types are pre-market swaps, whose price no index bounds.
            && row.rule_type.get() == "normal";
        if !trades || !is_plausible_symbol(&symbol) {
            return;
        }
        match row.inst_category.get() {
            CRYPTO => {
                self.symbols.insert(symbol);
            }
            other if OTHERS.contains(&other) => {}
            unknown => {
                self.unknown_categories
                    .insert(unknown.chars().take(32).collect());
            }
        }
    }

    /// Categories that no rule knows, for the log. Their swaps are left out.
    #[must_use]
    pub fn unknown_categories(&self) -> &BTreeSet<String> {
        &self.unknown_categories
    }

    /// The universe. The answer has no time of its own, so its time is that of its sending, see
    /// [`crate::exchange::sent_time`].
    #[must_use]
    pub fn universe(self, source: Source, sent_at: UnixMs) -> Universe {
        let contracts = self
            .symbols
            .into_iter()
            .map(|symbol| (symbol, None))
            .collect();
        Universe::new(sent_at, source, contracts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Venue;
    use proptest::prelude::*;

    fn instrument(instrument: &str, changed: &[(&str, serde_json::Value)]) -> serde_json::Value {
        let mut row = serde_json::json!({
            "instType": "SWAP", "instId": instrument, "uly": "BTC-USDT", "instFamily": "BTC-USDT", "baseCcy": "", "quoteCcy": "",
            "settleCcy": "USDT", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC", "ctType": "linear", "state": "live",
            "ruleType": "normal", "instCategory": "1", "category": "1", "futureSettlement": false, "instIdCode": 7, "upcChg": []
        });
        for (field, value) in changed {
            row[*field] = value.clone();
        }
        row
    }

    fn body(rows: &[serde_json::Value]) -> Vec<u8> {
        serde_json::json!({"code": "0", "msg": "", "data": rows})
            .to_string()
            .into_bytes()
    }

    fn symbols(rows: &[serde_json::Value]) -> Vec<String> {
        Listing::parse(&body(rows))
            .unwrap()
            .symbols
            .into_iter()
            .collect()
    }

    #[test]
    fn only_crypto_swaps_in_usdt_that_trade_are_ours() {
        let found = symbols(&[
            instrument("BTC-USDT-SWAP", &[]),
            instrument("PEPE-USDT-SWAP", &[]),
            instrument("TSLA-USDT-SWAP", &[("instCategory", "3".into())]),
            instrument("XAU-USDT-SWAP", &[("instCategory", "4".into())]),
            instrument("EUR-USDT-SWAP", &[("instCategory", "5".into())]),
            instrument("TLT-USDT-SWAP", &[("instCategory", "6".into())]),
            instrument("NEW-USDT-SWAP", &[("instCategory", "".into())]),
            instrument(
                "BTC-USD-SWAP",
                &[("ctType", "inverse".into()), ("settleCcy", "BTC".into())],
            ),
            instrument("BTC-USDC-SWAP", &[("settleCcy", "USDC".into())]),
            instrument("SOON-USDT-SWAP", &[("state", "preopen".into())]),
            instrument("HALT-USDT-SWAP", &[("state", "suspend".into())]),
            instrument("SPLIT-USDT-SWAP", &[("state", "rebase".into())]),
            instrument("EARLY-USDT-SWAP", &[("ruleType", "pre_market".into())]),
            instrument("<b>-USDT-SWAP", &[]),
        ]);
        assert_eq!(found, ["BTCUSDT", "PEPEUSDT"]);
    }

    #[test]
    fn a_category_that_is_new_is_left_out_and_told() {
        let rows = [
            instrument("BTC-USDT-SWAP", &[]),
            instrument("RAIN-USDT-SWAP", &[("instCategory", "9".into())]),
        ];
        let listing = Listing::parse(&body(&rows)).unwrap();
        assert_eq!(
            listing.unknown_categories().iter().collect::<Vec<_>>(),
            ["9"]
        );
        assert_eq!(listing.symbols.iter().collect::<Vec<_>>(), ["BTCUSDT"]);
    }

    #[test]
    fn a_list_that_cannot_tell_crypto_from_shares_is_no_list() {
        let rows = [
            instrument(
                "BTC-USDT-SWAP",
                &[("instCategory", serde_json::Value::Null)],
            ),
            instrument("TSLA-USDT-SWAP", &[("instCategory", 3.into())]),
        ];
        assert_eq!(
            Listing::parse(&body(&rows)),
            Err(ParseError::NoUsableRow { rows: 2 })
        );
        assert_eq!(Listing::parse(&body(&[])), Err(ParseError::ListEmpty));
    }

    #[test]
    fn the_list_is_as_old_as_its_arrival() {
        let source = Source::live(Venue::Okx);
        let listing = Listing::parse(&body(&[instrument("BTC-USDT-SWAP", &[])])).unwrap();
        let universe = listing.universe(source, UnixMs::from_millis(5));
        assert_eq!(
            (universe.as_of_ms, universe.source),
            (UnixMs::from_millis(5), source)
        );
        assert_eq!(universe.contracts["BTCUSDT"], None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Listing::parse(&bytes);
        }
    }
}
