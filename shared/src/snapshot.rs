//! The contract: one snapshot of the market, from which every endpoint's body is projected.
//!
//! These types are what origin publishes and what the edge keeps. Unknown is `None`; nothing has a
//! default.

pub mod dimension;

mod wire_enum;

pub mod measurement;

pub mod sub_component;

pub mod confluence;

pub mod beta;

pub mod performance;

pub mod statistics;

pub mod alerts;

mod served;

use crate::freshness::Freshness;
use crate::market::{DefiMarket, FearGreed, GlobalMarket, Universe};
use crate::provenance::Source;
use crate::units::{Amount, Fraction, Percent, Price, Score, Share, UnixMs};
use alerts::AlertSection;
use beta::BetaSection;
use confluence::Confluence;
use performance::PerformanceSection;
use serde::{Deserialize, Serialize};
use statistics::Statistics;

/// The version of the snapshot's shape. A reader refuses any other.
///
/// It rises when a reader of the version before would misread what is written. A value that such a
/// reader does not know, such as a new [`Producer`] or venue, does not raise it: the reader refuses
/// that one snapshot by its shape, as it should, and goes on reading all others while old and new
/// run side by side.
pub const SCHEMA_VERSION: u32 = 1;

/// Who assembled a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Producer {
    /// The origin, with every source at hand.
    Origin,
    /// An edge that went to Bybit itself.
    BybitDirect,
    /// An edge that could not use Bybit and went to another exchange; `tickers_source` says to
    /// which.
    SecondaryExchange,
}

impl Producer {
    crate::labels! {
        /// The word on the wire.
        pub const fn name(self) {
            Self::Origin => "origin",
            Self::BybitDirect => "bybit_direct",
            Self::SecondaryExchange => "secondary_exchange",
        }
    }
}

/// One snapshot of the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Rises with every snapshot, across restarts and producers.
    pub sequence: u64,
    /// Who assembled it.
    pub producer: Producer,
    /// Why this producer and not the origin, as a machine-readable word.
    pub fallback_reason: Option<String>,
    /// When the tickers were true, by the venue's clock.
    pub as_of_ms: UnixMs,
    /// When the snapshot was assembled.
    pub generated_at_ms: UnixMs,
    /// Who published the tickers.
    pub tickers_source: Source,
    /// The contracts that count.
    pub universe: Universe,
    /// How much of the universe the tickers covered.
    pub coverage: Coverage,
    /// Figures over all contracts.
    pub overview: Overview,
    /// Rising against falling contracts.
    pub breadth: Breadth,
    /// The market's state in words.
    pub regime: Regime,
    /// The contracts that moved most.
    pub movers: Movers,
    /// The contracts with most turnover, most first.
    pub volume_leaders: Vec<Mover>,
    /// Scores, highest first.
    pub scores: Vec<ScoreRow>,
    /// Funding, open interest and basis.
    pub perps: Perps,
    /// The whole crypto market.
    pub global_market: Section<GlobalMarket>,
    /// Decentralised finance.
    pub defi_market: Section<DefiMarket>,
    /// Fear & greed.
    pub fear_greed: Section<FearGreed>,
    /// Contracts against Bitcoin.
    pub beta: Section<BetaSection>,
    /// Contracts side by side.
    pub performance: Section<PerformanceSection>,
    /// Figures of the monitored contracts' candles; a writer of before they were there has none.
    #[serde(default = "not_collected")]
    pub statistics: Section<Statistics>,
    /// The last alerts, newest first.
    pub alerts: Section<AlertSection>,
}

/// What a snapshot lacks whose writer did not know the section yet.
fn not_collected() -> Section<Statistics> {
    Section::absent(Lack::NotFetchedYet.label())
}

impl Snapshot {
    /// How many of the scores rest on six dimensions.
    #[must_use]
    pub fn analysed(&self) -> usize {
        self.scores
            .iter()
            .filter(|row| row.confluence.is_some())
            .count()
    }
}

/// How much of the universe the tickers covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Contracts in the universe.
    pub listed: usize,
    /// Contracts with a usable ticker.
    pub priced: usize,
    /// Contracts whose ticker was refused.
    pub refused: usize,
    /// Contracts that have a ticker and that the list does not even name, so that it seems to lack
    /// a part; unknown where the whole list is not at hand.
    pub unlisted: Option<usize>,
}

/// A part with its own source and clock: there with its value, or absent with the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Section<T> {
    /// The part is known.
    Present {
        /// Who said so.
        source: Source,
        /// When it was true.
        as_of_ms: UnixMs,
        /// Its own class by its own limits, when the snapshot was assembled.
        freshness: Freshness,
        /// The part.
        value: T,
    },
    /// The part is unknown.
    Absent {
        /// Why, as a machine-readable word such as `too_old` or `timeout`.
        reason: String,
    },
}

impl<T> Section<T> {
    /// An absent part.
    #[must_use]
    pub fn absent(reason: &str) -> Self {
        Self::Absent {
            reason: reason.to_owned(),
        }
    }

    /// When the part was true, when it is there.
    #[must_use]
    pub const fn as_of_ms(&self) -> Option<UnixMs> {
        match self {
            Self::Present { as_of_ms, .. } => Some(*as_of_ms),
            Self::Absent { .. } => None,
        }
    }

    /// Who said so, when the part is there.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        match self {
            Self::Present { source, .. } => Some(*source),
            Self::Absent { .. } => None,
        }
    }

    /// Why the part is unknown, when it is.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Present { .. } => None,
            Self::Absent { reason } => Some(reason),
        }
    }

    /// The value, when the part is there.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Present { value, .. } => Some(value),
            Self::Absent { .. } => None,
        }
    }
}

/// Why a part is absent where no failure of its source says it. Such a failure gives its own label
/// as the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its source was not asked yet.
    NotFetchedYet,
    /// No snapshot was looked at yet, so nothing can have happened.
    NotObservedYet,
    /// The candles that it is made of are not loaded yet.
    CandlesNotLoadedYet,
    /// There are fewer candles than it needs.
    TooFewCandles,
    /// The candles that it is made of tell another price than the ticker.
    CandlesContradictPrice,
    /// Its last value is past its limit.
    TooOld,
    /// Its last value claims a time that is not yet.
    FromTheFuture,
    /// Its last value breaks a rule of its own.
    FailedValidation,
    /// Its last value and another part of the same snapshot cannot both be true.
    FiguresContradict,
    /// An edge made the snapshot, and only the origin collects this part.
    NotCollectedAtEdge,
    /// Another exchange's tickers are shown, and this part is made of Bybit's data.
    UnknownToSecondaryExchange,
    /// It is not taken over from an earlier snapshot.
    NotCarriedOver,
    /// The reason that was given is no machine-readable word.
    Unknown,
}

impl Lack {
    crate::labels! {
        /// The machine-readable word.
        pub const fn label(self) {
            Self::NotFetchedYet => "not_fetched_yet",
            Self::NotObservedYet => "not_observed_yet",
            Self::CandlesNotLoadedYet => "candles_not_loaded_yet",
            Self::TooFewCandles => "too_few_candles",
            Self::CandlesContradictPrice => "candles_contradict_price",
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
            Self::FailedValidation => "failed_validation",
            Self::FiguresContradict => "figures_contradict",
            Self::NotCollectedAtEdge => "not_collected_at_edge",
            Self::UnknownToSecondaryExchange => "unknown_to_secondary_exchange",
            Self::NotCarriedOver => "not_carried_over",
            Self::Unknown => "unknown",
        }
    }
}

/// Figures over all contracts of the universe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Last price of `BTCUSDT`.
    pub btc_price: Price,
    /// Last price of `ETHUSDT`; unknown where an earlier version wrote the snapshot.
    pub eth_price: Option<Price>,
    /// Σ turnover of 24 hours, USD.
    pub total_turnover: Option<Amount>,
    /// Contracts in that sum; unknown where an earlier version wrote the snapshot.
    pub turnover_contracts: Option<usize>,
    /// Mean of the 24-hour changes, percent.
    pub average_change: Percent,
    /// Sample standard deviation of the 24-hour changes, percent; unknown for fewer than two
    /// contracts.
    pub dispersion: Option<Amount>,
    /// Mean 24-hour range, (high − low) / last, percent; unknown when much of the market does not
    /// tell its range.
    pub average_range: Option<Amount>,
    /// 1.4826 × the median distance of the 24-hour changes from their median, percent: what the
    /// deviation would be of a bell curve, and one contract that leapt does not move it. Unknown
    /// for fewer than two contracts.
    #[serde(default)]
    pub robust_dispersion: Option<Amount>,
    /// 50 + 50·(up − down)/(up + down); unknown when nothing moved.
    pub trend_strength: Option<Score>,
    /// Standard deviation of Bitcoin's daily log returns over 30 days, percent.
    pub btc_daily_volatility: Option<Amount>,
    /// The same for a year, percent.
    pub btc_volatility: Option<Amount>,
}

/// The mood that the count of rising and falling contracts tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BreadthMood {
    /// 60 % or more rise.
    Bullish,
    /// 40 % or fewer rise.
    Bearish,
    /// In between.
    Neutral,
}

/// Rising against falling contracts, by their 24-hour change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breadth {
    /// Contracts that rose.
    pub up: usize,
    /// Contracts that fell.
    pub down: usize,
    /// Contracts that did not move.
    pub flat: usize,
    /// up / (up + down) · 100; unknown when nothing moved.
    pub percentage: Option<Share>,
    /// The mood; unknown when nothing moved.
    pub mood: Option<BreadthMood>,
}

impl Breadth {
    /// All contracts that were counted.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.up + self.down + self.flat
    }
}

/// Where the market heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Mean score 70 or more.
    #[serde(rename = "Strong Bullish")]
    StrongBullish,
    /// 60 or more.
    Bullish,
    /// In between.
    Neutral,
    /// 40 or less.
    Bearish,
    /// 30 or less.
    #[serde(rename = "Strong Bearish")]
    StrongBearish,
}

impl Direction {
    /// Every direction, from bullish to bearish.
    pub const ALL: [Self; 5] = [
        Self::StrongBullish,
        Self::Bullish,
        Self::Neutral,
        Self::Bearish,
        Self::StrongBearish,
    ];

    crate::labels! {
        /// The category of the regime's wire form.
        pub const fn name(self) {
            Self::StrongBullish => "Strong Bullish",
            Self::Bullish => "Bullish",
            Self::Neutral => "Neutral",
            Self::Bearish => "Bearish",
            Self::StrongBearish => "Strong Bearish",
        }
    }
}

/// The market's state in words, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// The category.
    pub direction: Direction,
    /// The label, such as `Broad Rally`.
    pub label: String,
    /// Mean of the scores.
    pub mean_score: Score,
    /// What those scores are made of.
    pub score_basis: ScoreBasis,
    /// `broad`, `mixed` or `narrow`.
    pub breadth: String,
    /// `high`, `elevated` or `normal`.
    pub dispersion: String,
    /// `extreme_fear` … `extreme_greed`; unknown without fear & greed.
    pub sentiment: Option<String>,
}

impl Regime {
    /// The wire form, `"Category: Label"`: always one string.
    #[must_use]
    pub fn wire_form(&self) -> String {
        format!("{}: {}", self.direction.name(), self.label)
    }
}

/// The contracts that moved most in 24 hours, among those with enough turnover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movers {
    /// The least turnover that a mover must have, USD.
    pub turnover_floor: Amount,
    /// Up to five that rose, most first.
    pub gainers: Vec<Mover>,
    /// Up to five that fell, most first.
    pub losers: Vec<Mover>,
}

/// One contract in a list of movers or leaders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mover {
    /// The venue's full symbol.
    pub symbol: String,
    /// Last price, USDT.
    pub price: Price,
    /// Change over 24 hours, percent.
    pub change_24h: Percent,
    /// Turnover of 24 hours, USD.
    pub turnover_24h: Amount,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ScoreBasis {
    /// The full analysis in six dimensions.
    SixDimension,
    /// The ticker row alone: momentum, never presented as confluence.
    TickerMomentum,
}

impl ScoreBasis {
    /// The time that such a score looks at, hours; it says nothing of longer ones. In six
    /// dimensions: a quarter of an hour of trades and books, and candles whose weights fit it.
    /// Momentum: the day.
    #[must_use]
    pub const fn horizon_hours(self) -> u32 {
        match self {
            Self::SixDimension => 4,
            Self::TickerMomentum => 24,
        }
    }
}

/// What a score says, by the one table of thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum Sentiment {
    /// 70 or more.
    Bullish,
    /// Between.
    Neutral,
    /// 35 or less.
    Bearish,
}

impl Sentiment {
    /// Scores from here on are long.
    pub const LONG_FROM: f64 = 70.0;

    /// Scores down to here are short.
    pub const SHORT_TO: f64 = 35.0;

    /// What `score` says.
    #[must_use]
    pub fn of(score: Score) -> Self {
        if score.get() >= Self::LONG_FROM {
            Self::Bullish
        } else if score.get() <= Self::SHORT_TO {
            Self::Bearish
        } else {
            Self::Neutral
        }
    }
}

/// The six dimensions of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Components {
    /// Indicators on candles.
    pub technical: Option<Score>,
    /// Volume.
    pub volume: Option<Score>,
    /// Trades.
    pub orderflow: Option<Score>,
    /// The book.
    pub orderbook: Option<Score>,
    /// Structure of prices.
    pub price_structure: Option<Score>,
    /// Funding and positioning.
    pub sentiment: Option<Score>,
}

impl Components {
    /// Whether no dimension is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let all = [
            self.technical,
            self.volume,
            self.orderflow,
            self.orderbook,
            self.price_structure,
            self.sentiment,
        ];
        all.iter().all(Option::is_none)
    }
}

/// One symbol's latest score, with the ticker it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// The venue's full symbol.
    pub symbol: String,
    /// 0 extreme bearish – 100 extreme bullish.
    pub score: Score,
    /// What the score is made of.
    pub score_basis: ScoreBasis,
    /// The analysis in six dimensions; `None` for a momentum score.
    pub confluence: Option<Box<Confluence>>,
    /// The version of the weights and formulas by which the score was worked out; nothing from a
    /// release before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The ticker's own momentum score, whatever the basis of `score` is.
    pub momentum_score: Option<Score>,
    /// When the score was worked out, where that is earlier than the snapshot's time: it is
    /// carried over from the process that led before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_as_of_ms: Option<UnixMs>,
    /// The share of the score's inputs that was there.
    pub reliability: Fraction,
    /// The last distinct six-dimension scores, oldest first, this one last; 24 at most.
    pub score_history: Vec<Score>,
    /// Last price, USDT.
    pub price: Price,
    /// Change over 24 hours, percent.
    pub change_24h: Option<Percent>,
    /// Highest price of 24 hours.
    pub high_24h: Option<Price>,
    /// Lowest price of 24 hours.
    pub low_24h: Option<Price>,
    /// Turnover of 24 hours, USD.
    pub turnover_24h: Option<Amount>,
    /// Volume of 24 hours in the base coin.
    pub volume_base_24h: Option<Amount>,
}

impl ScoreRow {
    /// Whether change and turnover are known: some clients draw what is `null` as a number.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.change_24h.is_some() && self.turnover_24h.is_some()
    }

    /// When the score was worked out, in a snapshot of `as_of_ms`.
    #[must_use]
    pub fn scored_at(&self, as_of_ms: UnixMs) -> UnixMs {
        self.score_as_of_ms.unwrap_or(as_of_ms)
    }

    /// The six dimensions, where the score has them.
    #[must_use]
    pub fn components(&self) -> Option<&Components> {
        self.confluence
            .as_deref()
            .map(|confluence| &confluence.components)
    }
}

/// Contango or backwardation of the perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum BasisStatus {
    /// Basis above 0.01 %.
    Contango,
    /// Basis below −0.01 %.
    Backwardation,
    /// In between.
    Neutral,
}

/// The perpetuals as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perps {
    /// Turnover-weighted mean of the funding rates, each normalised to 8 hours, percent.
    pub funding_rate: Option<Percent>,
    /// Contracts in that mean.
    pub funding_contracts: Option<usize>,
    /// How unusual that rate is against its own history.
    pub funding_zscore: Option<f64>,
    /// Share of accounts that are long, percent.
    pub long_pct: Option<Share>,
    /// Share of accounts that are short, percent.
    pub short_pct: Option<Share>,
    /// −Σ p·log₂ p over long and short.
    pub ls_entropy: Option<Fraction>,
    /// One side's open interest, USD; unknown when much of the market does not tell it.
    pub total_open_interest: Option<Amount>,
    /// Contracts in that sum.
    pub open_interest_contracts: Option<usize>,
    /// Turnover-weighted mean of (mark − index) / index, percent.
    pub basis_pct: Option<Percent>,
    /// Contracts in that mean.
    pub basis_contracts: Option<usize>,
    /// What the basis means.
    pub basis_status: Option<BasisStatus>,
    /// Perpetual contracts that are counted; unknown where the tickers are those of a spot market.
    pub contract_count: Option<usize>,
    /// What those who hold positions pay: the mean of the funding rates weighted by open interest,
    /// percent per 8 hours.
    #[serde(default)]
    pub funding_paid: Option<Percent>,
    /// How unusual that rate is, see [`crate::analysis::positioning::unusual_funding`].
    #[serde(default)]
    pub funding_unusual: Option<f64>,
    /// The mean of (mark − index) / index weighted by open interest, percent.
    #[serde(default)]
    pub premium: Option<Percent>,
}

/// Who pays funding to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// The rate is positive: longs pay shorts.
    Longs,
    /// It is negative: shorts pay longs.
    Shorts,
}

impl Payer {
    /// By the sign of a rate; nothing where nobody pays.
    #[must_use]
    pub fn of(rate: Percent) -> Option<Self> {
        match rate.get() {
            rate if rate > 0.0 => Some(Self::Longs),
            rate if rate < 0.0 => Some(Self::Shorts),
            _ => None,
        }
    }
}

impl Perps {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        funding_rate: None,
        funding_contracts: None,
        funding_zscore: None,
        long_pct: None,
        short_pct: None,
        ls_entropy: None,
        total_open_interest: None,
        open_interest_contracts: None,
        basis_pct: None,
        basis_contracts: None,
        basis_status: None,
        contract_count: None,
        funding_paid: None,
        funding_unusual: None,
        premium: None,
    };

    /// Whether nothing is known but how many contracts there are.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.funding_rate.is_none()
            && self.funding_zscore.is_none()
            && self.long_pct.is_none()
            && self.short_pct.is_none()
            && self.ls_entropy.is_none()
            && self.total_open_interest.is_none()
            && self.basis_pct.is_none()
            && self.basis_status.is_none()
            && self.funding_paid.is_none()
            && self.funding_unusual.is_none()
            && self.premium.is_none()
    }
}

/// The longest machine-readable reason.
const MAX_REASON_BYTES: usize = 64;

/// Whether a text is a machine-readable reason: lower-case words joined by `_`.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_REASON_BYTES
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The short form of a full symbol: `BTC` for `BTCUSDT`.
#[must_use]
pub fn display_symbol(symbol: &str) -> &str {
    symbol
        .strip_suffix("USDT")
        .filter(|short| !short.is_empty())
        .unwrap_or(symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_sentiment(score: f64, expected: Sentiment) {
        assert_eq!(
            Sentiment::of(Score::new(score).unwrap()),
            expected,
            "at {score}"
        );
    }

    #[test]
    fn one_table_says_what_a_score_means() {
        check_sentiment(70.0, Sentiment::Bullish);
        check_sentiment(69.99, Sentiment::Neutral);
        check_sentiment(35.01, Sentiment::Neutral);
        check_sentiment(35.0, Sentiment::Bearish);
    }

    #[test]
    fn the_short_symbol_never_becomes_empty() {
        assert_eq!(display_symbol("BTCUSDT"), "BTC");
        assert_eq!(display_symbol("1000PEPEUSDT"), "1000PEPE");
        assert_eq!(display_symbol("USDT"), "USDT");
    }

    #[test]
    fn a_reason_is_words_and_nothing_else() {
        assert!(is_reason("http_503"));
        for bad in ["", "Too Old", "<b>", "a-b", &"a".repeat(65)] {
            assert!(!is_reason(bad), "{bad:?}");
        }
    }
}
