//! The reasons for which a snapshot is rejected, and the warnings that do not reject it.
//!
//! One variant per rule. Its text quotes what was found and what is allowed, for the log; its label
//! has no fields, for metrics. Labels are a stable interface: dashboards and alerts are written
//! against them.

use super::limits::{MIN_SCORES, REFUSED_ONE_IN};
use crate::analysis::scores::{MAX_CARRIED_AGE_MS, MAX_HISTORY};
use crate::units::UnixMs;

/// A rule that a snapshot breaks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// A time that is no Unix time in milliseconds.
    #[error("{field} is {found}, which is no time in Unix milliseconds")]
    ImplausibleTime {
        /// The field.
        field: &'static str,
        /// The time found.
        found: UnixMs,
    },
    /// A time ahead of the reader's clock.
    #[error("{field} is {ahead_ms} ms in the future")]
    FromTheFuture {
        /// The field.
        field: &'static str,
        /// How far ahead.
        ahead_ms: u64,
    },
    /// A part of a venue that the snapshot's producer does not read.
    #[error("{part} of {venue} in a snapshot of {producer}")]
    ForeignVenue {
        /// The part.
        part: &'static str,
        /// Who published it.
        venue: &'static str,
        /// Who assembled the snapshot.
        producer: &'static str,
    },
    /// A symbol that every market has is neither priced nor scored.
    #[error("{symbol} has neither price nor score")]
    MajorMissing {
        /// The symbol.
        symbol: &'static str,
    },
    /// Fewer scores than a dashboard needs.
    #[error("{found} scores are fewer than {MIN_SCORES}")]
    TooFewScores {
        /// Scores found.
        found: usize,
    },
    /// Far fewer contracts than usual.
    #[error("{found} contracts are fewer than four fifths of the usual {usual}")]
    TooFewContracts {
        /// Contracts with a price.
        found: usize,
        /// The usual number.
        usual: usize,
    },
    /// Too many rows of listed contracts were unusable.
    #[error("{refused} of {rows} rows were unusable, more than one in {REFUSED_ONE_IN}")]
    TooManyRowsRefused {
        /// Unusable rows.
        refused: usize,
        /// All rows of listed contracts.
        rows: usize,
    },
    /// A text in the place of a symbol: a placeholder, markup.
    #[error("{symbol:?} is no symbol")]
    MalformedSymbol {
        /// What stands in its place.
        symbol: String,
    },
    /// A contract that is not listed: a share, a metal, a dated future.
    #[error("{symbol} in {list} is not of the universe")]
    ForeignSymbol {
        /// The symbol.
        symbol: String,
        /// The list.
        list: &'static str,
    },
    /// A symbol that stands twice in one list.
    #[error("{symbol} stands twice in {list}")]
    RepeatedSymbol {
        /// The symbol.
        symbol: String,
        /// The list.
        list: &'static str,
    },
    /// A list that is not in its order.
    #[error("{list} is out of order at {symbol}")]
    OutOfOrder {
        /// The list.
        list: &'static str,
        /// The first symbol out of order.
        symbol: String,
    },
    /// A gainer that fell, or a loser that rose.
    #[error("{symbol} in {list} moved {change_pct} %")]
    WrongSign {
        /// The symbol.
        symbol: String,
        /// The list.
        list: &'static str,
        /// Its change.
        change_pct: f64,
    },
    /// A mover with less turnover than the floor.
    #[error("{symbol} in {list} turned over {turnover_usd} USD, less than {floor_usd}")]
    BelowFloor {
        /// The symbol.
        symbol: String,
        /// The list.
        list: &'static str,
        /// Its turnover.
        turnover_usd: f64,
        /// The floor.
        floor_usd: f64,
    },
    /// Counts that belong together do not add up.
    #[error(
        "breadth counts {counted} contracts, {priced} have a price; at least four fifths of those, and no others, count"
    )]
    CountsDisagree {
        /// Counted by breadth.
        counted: usize,
        /// Contracts with a price.
        priced: usize,
    },
    /// A momentum score marked as confluence, or a confluence score without its dimensions.
    #[error("the score of {symbol} contradicts its basis")]
    BasisContradicted {
        /// The symbol.
        symbol: String,
    },
    /// More history than there may be.
    #[error("{symbol} has {found} earlier scores, more than {MAX_HISTORY}")]
    HistoryTooLong {
        /// The symbol.
        symbol: String,
        /// Earlier scores.
        found: usize,
    },
    /// A score that was worked out after the snapshot's prices, or too long before it.
    #[error(
        "the score of {symbol} was worked out at {scored_at}: after the prices, or more than {MAX_CARRIED_AGE_MS} ms ago"
    )]
    ScoreOfAnotherTime {
        /// The symbol.
        symbol: String,
        /// When the score was worked out.
        scored_at: UnixMs,
    },
    /// A market in which nothing was traded.
    #[error("total turnover is {found} USD")]
    NoTurnover {
        /// Turnover found.
        found: f64,
    },
    /// A count of the listed contracts that is not the number that is listed.
    #[error("{counted} contracts are said to be listed, {listed} are")]
    ListedDisagrees {
        /// As counted.
        counted: usize,
        /// As listed.
        listed: usize,
    },
    /// A funding interval that no contract has.
    #[error("{symbol} is said to pay funding every {hours} hours")]
    ImplausibleInterval {
        /// The symbol.
        symbol: String,
        /// The interval, hours.
        hours: f64,
    },
    /// A section that breaks its own rules.
    #[error("{section}: {fault}")]
    BadSection {
        /// The section.
        section: &'static str,
        /// The rule.
        fault: String,
    },
    /// A figure that cannot honestly be zero.
    #[error("{field} is not above zero")]
    NotAboveZero {
        /// The field.
        field: &'static str,
    },
    /// More rows than a list has.
    #[error("{list} has {rows} rows, more than {limit}")]
    ListTooLong {
        /// The list.
        list: &'static str,
        /// Its rows.
        rows: usize,
        /// The most it may have.
        limit: usize,
    },
    /// A text that should be plain words and is not.
    #[error("{field} is no plain text")]
    ForeignText {
        /// The field.
        field: &'static str,
    },
}

impl Rejection {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::ImplausibleTime { .. } => "implausible_time",
            Self::FromTheFuture { .. } => "from_the_future",
            Self::ForeignVenue { .. } => "foreign_venue",
            Self::MajorMissing { .. } => "major_missing",
            Self::TooFewScores { .. } => "too_few_scores",
            Self::TooFewContracts { .. } => "too_few_contracts",
            Self::TooManyRowsRefused { .. } => "too_many_rows_refused",
            Self::MalformedSymbol { .. } => "malformed_symbol",
            Self::ForeignSymbol { .. } => "foreign_symbol",
            Self::RepeatedSymbol { .. } => "repeated_symbol",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::WrongSign { .. } => "wrong_sign",
            Self::BelowFloor { .. } => "below_floor",
            Self::CountsDisagree { .. } => "counts_disagree",
            Self::BasisContradicted { .. } => "basis_contradicted",
            Self::HistoryTooLong { .. } => "history_too_long",
            Self::ScoreOfAnotherTime { .. } => "score_of_another_time",
            Self::NoTurnover { .. } => "no_turnover",
            Self::ListedDisagrees { .. } => "listed_disagrees",
            Self::ImplausibleInterval { .. } => "implausible_interval",
            Self::BadSection { .. } => "bad_section",
            Self::NotAboveZero { .. } => "not_above_zero",
            Self::ListTooLong { .. } => "list_too_long",
            Self::ForeignText { .. } => "foreign_text",
        }
    }
}

/// An anomaly that does not make a snapshot unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Many listed contracts have no ticker.
    #[error("{priced} of {listed} listed contracts have a price")]
    ThinCoverage {
        /// Contracts with a price.
        priced: usize,
        /// Contracts listed.
        listed: usize,
    },
    /// Some rows of listed contracts were unusable.
    #[error("{refused} rows were unusable")]
    RowsRefused {
        /// Unusable rows.
        refused: usize,
    },
    /// A last price outside the day's range that the same row states.
    #[error("the last price of {symbol} is outside its 24-hour range")]
    OutsideRange {
        /// The symbol.
        symbol: String,
    },
}

impl Warning {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(&self) {
            Self::ThinCoverage { .. } => "thin_coverage",
            Self::RowsRefused { .. } => "rows_refused",
            Self::OutsideRange { .. } => "outside_range",
        }
    }
}
