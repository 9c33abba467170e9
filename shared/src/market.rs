//! Facts about the market, free of any venue's wire format.

pub mod book;
pub mod candles;
pub mod positioning;
pub mod trades;

use crate::provenance::Source;
use crate::units::{Amount, Percent, Price, Share, UnixMs};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest symbol that is believed.
const MAX_SYMBOL_CHARS: usize = 40;

/// The most that one contract can turn over in a day, USD: a thousand times what the whole market does.
pub const MAX_TURNOVER_USD: f64 = 1e15;

/// A fact with its time and its publisher.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated<T> {
    /// The fact.
    pub value: T,
    /// When it was true, by the venue's clock where it tells one.
    pub as_of_ms: UnixMs,
    /// Who said so.
    pub source: Source,
}

/// One contract's row of the ticker table.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticker<'a> {
    /// The venue's full symbol, such as `BTCUSDT`.
    pub symbol: Cow<'a, str>,
    /// Last traded price, USDT.
    pub last: Price,
    /// Change over 24 hours, percent.
    pub change_24h_pct: Percent,
    /// Change over one hour, percent.
    pub change_1h_pct: Option<Percent>,
    /// Highest price of 24 hours, USDT.
    pub high_24h: Price,
    /// Lowest price of 24 hours, USDT.
    pub low_24h: Price,
    /// Volume of 24 hours in the base coin.
    pub volume_base_24h: Amount,
    /// Turnover of 24 hours, USD (USDT); an estimate where [`crate::provenance::Venue::caveat`] says so.
    pub turnover_24h: Amount,
    /// Funding rate as a fraction per funding interval; positive when longs pay.
    pub funding_rate: Option<f64>,
    /// Hours between fundings, as the ticker row tells it.
    pub funding_interval_hours: Option<f64>,
    /// One side's open interest, USD.
    pub open_interest_usd: Option<Amount>,
    /// Mark price, USDT.
    pub mark: Option<Price>,
    /// Index price, USDT.
    pub index: Option<Price>,
}

/// The whole ticker table of one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Tickers<'a> {
    /// The venue's clock when it answered; of a venue that dates its rows and not its answer, the time of the busiest rows.
    pub server_time: UnixMs,
    /// Rows with every core field in order.
    pub rows: Vec<Ticker<'a>>,
    /// Rows that were refused, each with its reason.
    pub refused: Vec<RefusedRow<'a>>,
}

/// A row that is not used.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedRow<'a> {
    /// The row's symbol as sent; empty when it had none.
    pub symbol: Cow<'a, str>,
    /// Why it was refused.
    pub reason: RowRefusal,
}

/// Why a row is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RowRefusal {
    /// The symbol is empty, too long, or has a character that no symbol has.
    #[error("the symbol is malformed")]
    MalformedSymbol,
    /// A field that every row must have is not there.
    #[error("{field} is missing")]
    Missing {
        /// The venue's name of the field.
        field: &'static str,
    },
    /// A field holds something that is no number of its kind.
    #[error("{field} is {value:?}, which is not usable")]
    Unusable {
        /// The venue's name of the field.
        field: &'static str,
        /// What was sent, cut short.
        value: String,
    },
    /// The change that the venue states and the change that its prices give contradict one another.
    #[error("the stated change of {stated_pct} % contradicts the prices' {computed_pct} %")]
    ChangeContradicted {
        /// As stated by the venue, percent.
        stated_pct: f64,
        /// As computed from the last price and the one 24 hours ago, percent.
        computed_pct: f64,
    },
    /// The last price is not within the day's range that the same row states.
    #[error("the last price of {last} lies outside the day's range from {low} to {high}")]
    RangeContradicted {
        /// Last price.
        last: f64,
        /// Lowest price of the day.
        low: f64,
        /// Highest price of the day.
        high: f64,
    },
    /// The price is far from what it was in the table before, and no further tables have confirmed it.
    #[error("the price leapt from {before} to {after}")]
    Leapt {
        /// The price that was believed last.
        before: f64,
        /// The price that is not believed yet.
        after: f64,
    },
    /// The symbol was already seen in the same answer.
    #[error("the symbol stands twice in one answer")]
    Duplicate,
    /// The row is of another shape than the rows of its kind.
    #[error("the row is {row}, which is none of its kind")]
    Malformed {
        /// How it begins.
        row: String,
    },
    /// The row is about another contract than the one that was asked for.
    #[error("the row is about {found:?}")]
    OtherSymbol {
        /// The contract that the row names.
        found: String,
    },
    /// A time before the venue existed, or after its present.
    #[error("{field} is {time_ms}, which is no moment of the past at {server_ms}")]
    ImplausibleTime {
        /// The venue's name of the field.
        field: &'static str,
        /// What was sent.
        time_ms: UnixMs,
        /// The venue's clock when it answered.
        server_ms: UnixMs,
    },
    /// A candle that does not begin at a multiple of its length: it is of another length, or no candle.
    #[error("a candle of this length does not begin at {start_ms}")]
    OffGrid {
        /// Where it begins.
        start_ms: UnixMs,
    },
    /// A candle's highest and lowest price do not hold the others between them.
    #[error("the range from {low} to {high} does not hold open {open} and close {close}")]
    CandleContradicted {
        /// First price.
        open: f64,
        /// Highest price.
        high: f64,
        /// Lowest price.
        low: f64,
        /// Last price.
        close: f64,
    },
    /// The shares of the accounts on either side are no whole.
    #[error("the shares {long} and {short} do not sum to 1")]
    SharesContradicted {
        /// Share of the accounts that are net long.
        long: f64,
        /// Share of the accounts that are net short.
        short: f64,
    },
    /// The same moment, or the same trade, stands twice in one answer.
    #[error("the row stands twice in one answer")]
    Repeated,
}

impl RowRefusal {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(&self) {
            Self::MalformedSymbol => "malformed_symbol",
            Self::Missing { .. } => "missing_field",
            Self::Unusable { .. } => "unusable_field",
            Self::ChangeContradicted { .. } => "change_contradicted",
            Self::RangeContradicted { .. } => "range_contradicted",
            Self::Leapt { .. } => "price_leapt",
            Self::Duplicate => "duplicate_symbol",
            Self::Malformed { .. } => "malformed_row",
            Self::OtherSymbol { .. } => "other_symbol",
            Self::ImplausibleTime { .. } => "implausible_time",
            Self::OffGrid { .. } => "off_grid",
            Self::CandleContradicted { .. } => "candle_contradicted",
            Self::SharesContradicted { .. } => "shares_contradicted",
            Self::Repeated => "repeated_row",
        }
    }
}

/// Whether a text can be a trading symbol: letters and digits, with `-` for dated contracts.
///
/// Placeholders such as `SYSTEM_STATUS` and anything with markup fail here. Letters need not be ASCII: venues do list
/// coins whose ticker is not.
#[must_use]
pub fn is_plausible_symbol(symbol: &str) -> bool {
    !symbol.is_empty()
        && symbol.chars().count() <= MAX_SYMBOL_CHARS
        && symbol.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Whether a number can be the hours between two fundings: venues use 1 to 24.
#[must_use]
pub fn is_funding_interval(hours: f64) -> bool {
    (0.1..=168.0).contains(&hours)
}

/// The crypto USDT linear perpetuals that trade: the only contracts that any figure of ours counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Universe {
    /// When the venue listed them.
    pub as_of_ms: UnixMs,
    /// Who listed them.
    pub source: Source,
    /// Symbol → hours between fundings, where the listing tells it.
    pub contracts: BTreeMap<String, Option<f64>>,
}

impl Universe {
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
    /// Share of the stablecoins that stand among the ten largest coins, percent; unknown when none does.
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
    /// When the next value is due, where the publisher tells it.
    pub next_update_ms: Option<UnixMs>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_markup_are_no_symbols() {
        for bad in ["", "SYSTEM_STATUS", "<script>", "BTC USDT", "BTC/USDT", "BTC\"USDT", "BTC\nUSDT", "&amp;"] {
            assert!(!is_plausible_symbol(bad), "{bad:?} was taken for a symbol");
        }
        assert!(!is_plausible_symbol(&"A".repeat(41)));
    }

    #[test]
    fn real_symbols_are_symbols() {
        for good in ["BTCUSDT", "1000PEPEUSDT", "1INCHUSDT", "BTCUSDT-25DEC26", "BTC-26DEC25", "币安人生USDT"] {
            assert!(is_plausible_symbol(good), "{good:?} was refused");
        }
    }
}
