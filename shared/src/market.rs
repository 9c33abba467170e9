//! Facts about the market, free of any venue's wire format. Parsers make them and the analysis
//! reads them.
//!
//! A fact carries its own time where it has one ([`OwnTime`]), its receipt ([`Timed`]), or its
//! publisher ([`Dated`]). Invariant: `None` means unknown, and never zero.

pub mod book;
pub mod candles;
pub mod liquidations;
pub mod majors;
pub mod positioning;
mod table;
pub mod trades;
pub mod whole;

use crate::provenance::Source;
use crate::units::{Amount, Percent, Share, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use table::{Figure, OddField, Oddity, RefusedRow, RowRefusal, Ticker, Tickers};

/// The longest symbol that is accepted, characters.
const MAX_SYMBOL_CHARS: usize = 40;

/// A fact with its data time and its publisher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dated<T> {
    /// The fact.
    pub value: T,
    /// Its data time, by the venue's clock where it sends one.
    pub as_of_ms: UnixMs,
    /// The publisher.
    pub source: Source,
}

/// Facts whose rows have times of their own. Those times, and not the time of the answer, decide
/// how old the facts are.
pub trait OwnTime {
    /// The moment until which they are known; `None` without a row.
    fn known_until(&self) -> Option<UnixMs>;
}

/// Facts and the moment of the answer that brought them.
#[derive(Debug, PartialEq)]
pub struct Timed<'a, T: ?Sized> {
    /// The facts.
    pub value: &'a T,
    /// When the venue answered, by its clock where it sends one, but never later than the receipt.
    pub as_of_ms: UnixMs,
}

// Written out: a derive would require `T: Clone`, although only the reference is copied.
impl<T: ?Sized> Clone for Timed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Timed<'_, T> {}

impl<T: OwnTime + ?Sized> Timed<'_, T> {
    /// The moment until which the facts are known: a new answer does not make the rows in it new.
    #[must_use]
    pub fn known_until(&self) -> Option<UnixMs> {
        Some(self.as_of_ms.min(self.value.known_until()?))
    }
}

/// Whether a text can be a trading symbol: letters and digits, with `-` for dated contracts.
///
/// Placeholders such as `SYSTEM_STATUS` and anything with markup fail here. Letters need not be
/// ASCII: venues do list coins whose ticker is not.
#[must_use]
pub fn is_plausible_symbol(symbol: &str) -> bool {
    !symbol.is_empty()
        // Characters and not bytes: a letter beyond ASCII has several bytes.
        && symbol.chars().count() <= MAX_SYMBOL_CHARS
        && symbol.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Whether a number can be the hours between two fundings. Venues use 1 to 24; the bounds are wide
/// because new intervals do appear, and exclude minutes or seconds sent as hours.
#[must_use]
pub fn is_funding_interval(hours: f64) -> bool {
    (0.1..=168.0).contains(&hours)
}

/// The universe: the crypto USDT linear perpetuals that trade. No figure of ours counts any other
/// contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Universe {
    /// When the venue listed them.
    pub as_of_ms: UnixMs,
    /// The venue of the list.
    pub source: Source,
    /// Symbol → hours between fundings, where the list states them.
    pub contracts: BTreeMap<String, Option<f64>>,
    /// The other names in the list: shares, metals, dated contracts. Known only where the list was
    /// fetched; it is not published.
    #[serde(skip)]
    pub others: Option<Arc<BTreeSet<String>>>,
}

impl Universe {
    /// A universe without the other names of its list.
    #[must_use]
    pub const fn new(
        as_of_ms: UnixMs,
        source: Source,
        contracts: BTreeMap<String, Option<f64>>,
    ) -> Self {
        Self {
            as_of_ms,
            source,
            contracts,
            others: None,
        }
    }

    /// Whether the list names a symbol at all; `None` when the other names of the list are unknown
    /// and the symbol is not in the universe.
    #[must_use]
    pub fn names(&self, symbol: &str) -> Option<bool> {
        if self.contains(symbol) {
            Some(true)
        } else {
            self.others.as_ref().map(|others| others.contains(symbol))
        }
    }

    /// Whether a symbol belongs to the universe.
    #[must_use]
    pub fn contains(&self, symbol: &str) -> bool {
        self.contracts.contains_key(symbol)
    }

    /// How many contracts are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contracts.len()
    }

    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contracts.is_empty()
    }
}

/// All-market figures, the whole of crypto and not only what we list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalMarket {
    /// Market capitalisation, USD.
    pub total_market_cap: Amount,
    /// All-market volume of 24 hours, USD.
    pub volume_24h: Amount,
    /// Change of the market capitalisation over 24 hours, percent.
    pub market_cap_change_24h_pct: Option<Percent>,
    /// Bitcoin's share of the capitalisation, percent.
    pub btc_dominance: Option<Share>,
    /// Ether's share, percent.
    pub eth_dominance: Option<Share>,
    /// Share of the stablecoins that stand among the ten largest coins, percent; unknown when none
    /// does.
    pub stablecoin_dominance: Option<Share>,
    /// Number of coins that the publisher counts.
    pub active_cryptocurrencies: Option<u64>,
}

/// Figures of decentralised finance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefiMarket {
    /// Market capitalisation, USD.
    pub market_cap: Amount,
    /// Volume of 24 hours, USD.
    pub volume_24h: Option<Amount>,
    /// Share of the whole market's capitalisation, percent.
    pub dominance: Option<Share>,
}

/// The Fear & Greed index of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FearGreed {
    /// 0 extreme fear – 100 extreme greed.
    pub value: Share,
    /// The publisher's word for the value, as sent.
    pub label: String,
    /// When the next value is due, where the publisher states it.
    pub next_update_ms: Option<UnixMs>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_markup_are_no_symbols() {
        for bad in [
            "",
            "SYSTEM_STATUS",
            "<script>",
            "BTC USDT",
            "BTC/USDT",
            "BTC\"USDT",
            "BTC\nUSDT",
            "&amp;",
        ] {
            assert!(!is_plausible_symbol(bad), "{bad:?} was taken for a symbol");
        }
        assert!(!is_plausible_symbol(&"A".repeat(41)));
    }

    #[test]
    fn real_symbols_are_symbols() {
        for good in [
            "BTCUSDT",
            "1000PEPEUSDT",
            "1INCHUSDT",
            "BTCUSDT-25DEC26",
            "BTC-26DEC25",
            "币安人生USDT",
        ] {
            assert!(is_plausible_symbol(good), "{good:?} was refused");
        }
    }
}
