//! A ticker table: one row per contract, and what of it is not used, with the reason.
//!
//! Invariants: every row has a price. A figure is `None` when it was not sent or contradicts its
//! row, and then it is in [`Tickers::odd`], unless its absence is ordinary. A row without a usable
//! price is in [`Tickers::refused`]. Nothing is dropped silently.
//!
//! A table borrows its symbols from the body. The labels of refusals and oddities are metric labels
//! and therefore stable.

use crate::units::{Amount, Percent, Price, UnixMs};
use std::borrow::Cow;

/// One contract's row of the ticker table. Only the price is always present. A figure that was not
/// sent, or that contradicts the rest of the row, is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticker<'a> {
    /// The venue's full symbol, such as `BTCUSDT`.
    pub symbol: Cow<'a, str>,
    /// Last traded price, USDT.
    pub last: Price,
    /// Best bid, USDT.
    pub bid: Option<Price>,
    /// Best ask, USDT.
    pub ask: Option<Price>,
    /// Change over 24 hours, percent.
    pub change_24h_pct: Option<Percent>,
    /// Change over one hour, percent.
    pub change_1h_pct: Option<Percent>,
    /// Highest price of 24 hours, USDT.
    pub high_24h: Option<Price>,
    /// Lowest price of 24 hours, USDT.
    pub low_24h: Option<Price>,
    /// Volume of 24 hours in the base coin.
    pub volume_base_24h: Option<Amount>,
    /// Turnover of 24 hours, USD (USDT); an estimate where [`crate::provenance::Venue::caveat`]
    /// says so.
    pub turnover_24h: Option<Amount>,
    /// Funding rate as a fraction per funding interval; positive when longs pay.
    pub funding_rate: Option<f64>,
    /// Hours between fundings, as the ticker row states them.
    pub funding_interval_hours: Option<f64>,
    /// When funding is paid next.
    pub next_funding_ms: Option<UnixMs>,
    /// One side's open interest, USD.
    pub open_interest_usd: Option<Amount>,
    /// One side's open interest in the base coin; only beside the one in USD, with which it agrees.
    pub open_interest_base: Option<Amount>,
    /// Mark price, USDT.
    pub mark: Option<Price>,
    /// Index price, USDT.
    pub index: Option<Price>,
}

/// The whole ticker table of one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Tickers<'a> {
    /// The venue's clock when it answered. For a venue that dates its rows and not its answer, the
    /// time of the busiest rows.
    pub server_time: UnixMs,
    /// Rows with a price.
    pub rows: Vec<Ticker<'a>>,
    /// Rows that were refused, each with its reason.
    pub refused: Vec<RefusedRow<'a>>,
    /// Figures of the rows that were sent and are not used.
    pub odd: Vec<OddField<'a>>,
}

impl Tickers<'_> {
    /// The same table without borrowing from the body.
    #[must_use]
    pub fn into_owned(self) -> Tickers<'static> {
        let own = |symbol: Cow<'_, str>| Cow::Owned(symbol.into_owned());
        let row = |row: Ticker<'_>| Ticker {
            symbol: own(row.symbol),
            ..row
        };
        Tickers {
            server_time: self.server_time,
            rows: self.rows.into_iter().map(row).collect(),
            refused: self
                .refused
                .into_iter()
                .map(|row| RefusedRow {
                    symbol: own(row.symbol),
                    reason: row.reason,
                })
                .collect(),
            odd: self
                .odd
                .into_iter()
                .map(|odd| OddField {
                    symbol: own(odd.symbol),
                    ..odd
                })
                .collect(),
        }
    }
}

/// A figure of a row, independent of a venue's field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// Best bid.
    Bid,
    /// Best ask.
    Ask,
    /// Mark price.
    Mark,
    /// Index price.
    Index,
    /// The price 24 hours ago.
    Price24h,
    /// The price one hour ago.
    Price1h,
    /// The change over 24 hours, as the venue states it or the prices give it.
    Change24h,
    /// Highest price of 24 hours.
    High24h,
    /// Lowest price of 24 hours.
    Low24h,
    /// Volume of 24 hours.
    Volume24h,
    /// Turnover of 24 hours.
    Turnover24h,
    /// Funding rate.
    FundingRate,
    /// The most that the funding rate can be.
    FundingCap,
    /// Hours between fundings.
    FundingInterval,
    /// When funding is paid next.
    NextFunding,
    /// Open interest in the quote currency.
    OpenInterest,
    /// Open interest in coins.
    OpenInterestCoins,
}

impl Figure {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(self) {
            Self::Bid => "bid",
            Self::Ask => "ask",
            Self::Mark => "mark",
            Self::Index => "index",
            Self::Price24h => "price_24h_ago",
            Self::Price1h => "price_1h_ago",
            Self::Change24h => "change_24h",
            Self::High24h => "high_24h",
            Self::Low24h => "low_24h",
            Self::Volume24h => "volume_24h",
            Self::Turnover24h => "turnover_24h",
            Self::FundingRate => "funding_rate",
            Self::FundingCap => "funding_cap",
            Self::FundingInterval => "funding_interval",
            Self::NextFunding => "next_funding",
            Self::OpenInterest => "open_interest",
            Self::OpenInterestCoins => "open_interest_coins",
        }
    }
}

/// A figure that was sent and is not used. The rest of its row is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddField<'a> {
    /// The row's symbol.
    pub symbol: Cow<'a, str>,
    /// The figure.
    pub figure: Figure,
    /// What is odd about it.
    pub oddity: Oddity,
}

/// What is odd about a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// It is no number of its kind.
    Unusable,
    /// No contract has such a figure.
    OutOfRange,
    /// It contradicts what else the row says.
    Contradicted,
    /// It is zero in nearly every row of the table: the venue does not fill the field.
    ZeroEverywhere,
    /// It jumped from the last accepted table, and no further tables have confirmed it.
    Leapt,
}

impl Oddity {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(self) {
            Self::Unusable => "unusable",
            Self::OutOfRange => "out_of_range",
            Self::Contradicted => "contradicted",
            Self::ZeroEverywhere => "zero_everywhere",
            Self::Leapt => "leapt",
        }
    }
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
    /// Most other figures of the row imply another price.
    #[error(
        "the last price of {last} is contradicted by {against} of {witnesses} other figures of its row"
    )]
    PriceContradicted {
        /// Last price.
        last: f64,
        /// Figures that contradict it.
        against: usize,
        /// Figures that imply a price.
        witnesses: usize,
    },
    /// The price jumped from the last accepted table, and no further tables have confirmed it.
    #[error("the price leapt from {before} to {after}")]
    Leapt {
        /// The last accepted price.
        before: f64,
        /// The price that is not accepted yet.
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
    /// A candle that does not begin at a multiple of its length: it has another length, or is no
    /// candle.
    #[error("a candle of this length does not begin at {start_ms}")]
    OffGrid {
        /// Where it begins.
        start_ms: UnixMs,
    },
    /// Open or close of a candle lies outside its range.
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
    /// The long and the short share of the accounts do not sum to 1.
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
            Self::PriceContradicted { .. } => "price_contradicted",
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
