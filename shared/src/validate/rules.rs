//! The rules, each with a name and a text that quotes what was found and what is allowed.

use super::Baseline;
use crate::assemble::BITCOIN;
use crate::freshness::is_from_the_future;
use crate::market::is_plausible_symbol;
use crate::snapshot::{Mover, ScoreBasis, ScoreRow, Section, Snapshot, is_reason};
use crate::units::UnixMs;
use std::collections::HashSet;

/// The fewest scores that make a dashboard.
pub const MIN_SCORES: usize = 30;

/// The most earlier scores of one symbol.
pub const MAX_HISTORY: usize = 24;

/// The second symbol without which a table of the market is broken.
const ETHER: &str = "ETHUSDT";

/// 2020-01-01: a time before it is seconds taken for milliseconds, or nobody's clock.
const EARLIEST_TIME: UnixMs = UnixMs::from_millis(1_577_836_800_000);

/// The largest share of a universe's ticker rows that may be refused: one in twenty.
const REFUSED_ONE_IN: usize = 20;

/// The least share of the usual number of contracts: four of five.
const EXPECTED_FOUR_OF_FIVE: (usize, usize) = (4, 5);

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
    /// The two symbols that every market has are not both scored.
    #[error("{symbol} has no score")]
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
    /// A symbol that is none: a placeholder, markup.
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
    #[error("breadth counts {counted} contracts, {priced} have a price")]
    CountsDisagree {
        /// Counted by breadth.
        counted: usize,
        /// Contracts with a price.
        priced: usize,
    },
    /// A momentum score dressed as confluence, or a confluence score without its dimensions.
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
    /// A market in which nothing was traded.
    #[error("total turnover is {found} USD")]
    NoTurnover {
        /// Turnover found.
        found: f64,
    },
    /// A text that should be plain words and is not.
    #[error("{field} is no plain text")]
    ForeignText {
        /// The field.
        field: &'static str,
    },
}

impl Rejection {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ImplausibleTime { .. } => "implausible_time",
            Self::FromTheFuture { .. } => "from_the_future",
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
            Self::NoTurnover { .. } => "no_turnover",
            Self::ForeignText { .. } => "foreign_text",
        }
    }
}

/// Something unusual that does not make a snapshot unusable.
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
    /// A label for metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ThinCoverage { .. } => "thin_coverage",
            Self::RowsRefused { .. } => "rows_refused",
            Self::OutsideRange { .. } => "outside_range",
        }
    }
}

/// Every rule that the snapshot breaks.
pub(super) fn rejections(snapshot: &Snapshot, now: UnixMs, baseline: Baseline) -> Vec<Rejection> {
    let mut found = Vec::new();
    times(snapshot, now, &mut found);
    counts(snapshot, baseline, &mut found);
    scores(snapshot, &mut found);
    movers(snapshot, &mut found);
    symbols(snapshot, "volume_leaders", snapshot.volume_leaders.iter().map(|row| &*row.symbol), &mut found);
    texts(snapshot, &mut found);
    found
}

fn times(snapshot: &Snapshot, now: UnixMs, found: &mut Vec<Rejection>) {
    let section_time = |present: Option<UnixMs>, field| present.map(|time| (field, time));
    let all = [
        Some(("as_of_ms", snapshot.as_of_ms)),
        Some(("generated_at_ms", snapshot.generated_at_ms)),
        Some(("universe.as_of_ms", snapshot.universe.as_of_ms)),
        section_time(as_of(&snapshot.global_market), "global_market.as_of_ms"),
        section_time(as_of(&snapshot.defi_market), "defi_market.as_of_ms"),
        section_time(as_of(&snapshot.fear_greed), "fear_greed.as_of_ms"),
    ];
    for (field, time) in all.into_iter().flatten() {
        if time < EARLIEST_TIME {
            found.push(Rejection::ImplausibleTime { field, found: time });
        }
        if is_from_the_future(time, now) {
            found.push(Rejection::FromTheFuture { field, ahead_ms: time.millis_since(now) });
        }
    }
}

fn as_of<T>(section: &Section<T>) -> Option<UnixMs> {
    match section {
        Section::Present { as_of_ms, .. } => Some(*as_of_ms),
        Section::Absent { .. } => None,
    }
}

fn counts(snapshot: &Snapshot, baseline: Baseline, found: &mut Vec<Rejection>) {
    let coverage = snapshot.coverage;
    let rows = coverage.priced.saturating_add(coverage.refused);
    if coverage.refused.saturating_mul(REFUSED_ONE_IN) > rows {
        found.push(Rejection::TooManyRowsRefused { refused: coverage.refused, rows });
    }
    let (four, five) = EXPECTED_FOUR_OF_FIVE;
    if let Some(usual) = baseline.expected_symbols
        && coverage.priced.saturating_mul(five) < usual.saturating_mul(four)
    {
        found.push(Rejection::TooFewContracts { found: coverage.priced, usual });
    }
    let Some(counted) =
        snapshot.breadth.up.checked_add(snapshot.breadth.down).and_then(|n| n.checked_add(snapshot.breadth.flat))
    else {
        found.push(Rejection::CountsDisagree { counted: usize::MAX, priced: coverage.priced });
        return;
    };
    if counted != coverage.priced || coverage.priced == 0 {
        found.push(Rejection::CountsDisagree { counted, priced: coverage.priced });
    }
    if snapshot.overview.total_turnover.get() <= 0.0 {
        found.push(Rejection::NoTurnover { found: snapshot.overview.total_turnover.get() });
    }
}

fn scores(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let rows = &snapshot.scores;
    if rows.len() < MIN_SCORES {
        found.push(Rejection::TooFewScores { found: rows.len() });
    }
    for major in [BITCOIN, ETHER] {
        if !rows.iter().any(|row| row.symbol == major) {
            found.push(Rejection::MajorMissing { symbol: major });
        }
    }
    symbols(snapshot, "scores", rows.iter().map(|row| &*row.symbol), found);
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        if before.score < after.score {
            found.push(Rejection::OutOfOrder { list: "scores", symbol: after.symbol.clone() });
        }
    }
    for row in rows {
        if contradicts_its_basis(row) {
            found.push(Rejection::BasisContradicted { symbol: row.symbol.clone() });
        }
        if row.score_history.len() > MAX_HISTORY {
            found.push(Rejection::HistoryTooLong { symbol: row.symbol.clone(), found: row.score_history.len() });
        }
    }
}

fn contradicts_its_basis(row: &ScoreRow) -> bool {
    match row.score_basis {
        ScoreBasis::TickerMomentum => row.components.is_some() || row.momentum_score != Some(row.score),
        ScoreBasis::SixDimension => row.components.is_none(),
    }
}

fn movers(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    mover_list(snapshot, "gainers", &snapshot.movers.gainers, 1.0, found);
    mover_list(snapshot, "losers", &snapshot.movers.losers, -1.0, found);
}

/// `sign` is 1 for a list of rising contracts and −1 for one of falling contracts; both have the largest move first.
fn mover_list(snapshot: &Snapshot, list: &'static str, rows: &[Mover], sign: f64, found: &mut Vec<Rejection>) {
    symbols(snapshot, list, rows.iter().map(|row| &*row.symbol), found);
    let floor = snapshot.movers.turnover_floor;
    for row in rows {
        let change_pct = row.change_24h.get();
        if change_pct * sign < 0.0 {
            found.push(Rejection::WrongSign { symbol: row.symbol.clone(), list, change_pct });
        }
        if row.turnover_24h < floor {
            let (turnover_usd, floor_usd) = (row.turnover_24h.get(), floor.get());
            found.push(Rejection::BelowFloor { symbol: row.symbol.clone(), list, turnover_usd, floor_usd });
        }
    }
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        if before.change_24h.get() * sign < after.change_24h.get() * sign {
            found.push(Rejection::OutOfOrder { list, symbol: after.symbol.clone() });
        }
    }
}

/// Every symbol of a list is one, is listed, and stands once.
fn symbols<'s>(
    snapshot: &Snapshot,
    list: &'static str,
    all: impl Iterator<Item = &'s str>,
    found: &mut Vec<Rejection>,
) {
    let mut seen = HashSet::new();
    for symbol in all {
        if !is_plausible_symbol(symbol) {
            found.push(Rejection::MalformedSymbol { symbol: symbol.chars().take(64).collect() });
        } else if !snapshot.universe.contains(symbol) {
            found.push(Rejection::ForeignSymbol { symbol: symbol.to_owned(), list });
        } else if !seen.insert(symbol) {
            found.push(Rejection::RepeatedSymbol { symbol: symbol.to_owned(), list });
        }
    }
}

/// Texts that reach a client are ours or plain words.
fn texts(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let plain =
        |text: &str| text.len() <= 64 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let reasons = [
        ("fallback_reason", snapshot.fallback_reason.as_deref()),
        ("global_market.reason", reason(&snapshot.global_market)),
        ("defi_market.reason", reason(&snapshot.defi_market)),
        ("fear_greed.reason", reason(&snapshot.fear_greed)),
    ];
    for (field, text) in reasons {
        if text.is_some_and(|text| !is_reason(text)) {
            found.push(Rejection::ForeignText { field });
        }
    }
    let words = [
        ("regime.label", Some(&*snapshot.regime.label)),
        ("regime.breadth", Some(&*snapshot.regime.breadth)),
        ("regime.dispersion", Some(&*snapshot.regime.dispersion)),
        ("regime.sentiment", snapshot.regime.sentiment.as_deref()),
        ("fear_greed.label", snapshot.fear_greed.value().map(|index| &*index.label)),
    ];
    for (field, text) in words {
        if text.is_some_and(|text| text.is_empty() || !plain(text)) {
            found.push(Rejection::ForeignText { field });
        }
    }
}

fn reason<T>(section: &Section<T>) -> Option<&str> {
    match section {
        Section::Absent { reason } => Some(reason),
        Section::Present { .. } => None,
    }
}

/// Everything unusual.
pub(super) fn warnings(snapshot: &Snapshot) -> Vec<Warning> {
    let mut found = Vec::new();
    let coverage = snapshot.coverage;
    let (four, five) = EXPECTED_FOUR_OF_FIVE;
    if coverage.priced.saturating_mul(five) < coverage.listed.saturating_mul(four) {
        found.push(Warning::ThinCoverage { priced: coverage.priced, listed: coverage.listed });
    }
    if coverage.refused > 0 {
        found.push(Warning::RowsRefused { refused: coverage.refused });
    }
    for row in &snapshot.scores {
        if row.price < row.low_24h || row.price > row.high_24h {
            found.push(Warning::OutsideRange { symbol: row.symbol.clone() });
        }
    }
    found
}
