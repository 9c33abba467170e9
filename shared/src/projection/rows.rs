//! Rows as clients read them, one contract a row; shared by several bodies.

use crate::analysis::overview::range_pct;
use crate::market::majors::MAJORS;
use crate::snapshot::{
    BreadthMood, Components, Mover, ScoreBasis, ScoreRow, Sentiment, Snapshot, display_symbol,
};
use crate::units::{Amount, Fraction, Percent, Price, Score, Share, UnixMs, round_to};
use serde::Serialize;

/// The scored contracts in a body for phones, whose bytes are to stay while more contracts are
/// monitored; the others are in the lists.
pub const MOBILE_ROWS: usize = 40;

/// One scored symbol.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct ScoredSymbol<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    score: Score,
    score_basis: ScoreBasis,
    /// When the score was worked out: up to a minute before the prices where the process that led
    /// before did.
    score_as_of_ms: UnixMs,
    /// The time that the score looks at, hours: it says nothing of longer ones.
    horizon_hours: u32,
    /// The version of its weights and formulas: scores of different versions cannot be compared.
    weights: Option<&'s str>,
    sentiment: Sentiment,
    reliability: Fraction,
    price: Price,
    change_24h: Option<Percent>,
    /// USD.
    volume_24h: Option<Amount>,
    /// Base coin.
    volume_base_24h: Option<Amount>,
    turnover_24h: Option<Amount>,
    high_24h: Option<Price>,
    low_24h: Option<Price>,
    range_24h: Option<f64>,
    components: Option<&'s Components>,
    score_history: &'s [Score],
    has_breakdown: bool,
}

impl<'s> ScoredSymbol<'s> {
    pub(super) fn of(row: &'s ScoreRow, as_of_ms: UnixMs) -> Self {
        Self {
            symbol: &row.symbol,
            display_symbol: display_symbol(&row.symbol),
            score: row.score,
            score_basis: row.score_basis,
            // A carried score is older than the prices beside it, so each row states its time.
            score_as_of_ms: row.scored_at(as_of_ms),
            horizon_hours: row.score_basis.horizon_hours(),
            weights: row.weights.as_deref(),
            sentiment: Sentiment::of(row.score),
            reliability: row.reliability,
            price: row.price,
            change_24h: row.change_24h,
            // In dollars under this name, as existing clients read it; base coins have a field of
            // their own.
            volume_24h: row.turnover_24h,
            volume_base_24h: row.volume_base_24h,
            turnover_24h: row.turnover_24h,
            high_24h: row.high_24h,
            low_24h: row.low_24h,
            range_24h: range_24h(row),
            components: row.components(),
            score_history: &row.score_history,
            // Clients request the breakdown only where there is one, which saves them a 503.
            has_breakdown: row.confluence.is_some(),
        }
    }

    /// The rows of the [`MOBILE_ROWS`] contracts with most turnover, highest score first.
    pub(super) fn of_phone(snapshot: &'s Snapshot) -> Vec<Self> {
        Self::of_rows(snapshot, most_traded(&snapshot.scores))
    }

    /// The same without rows of which a figure is unknown, for clients that draw `null` as a number.
    pub(super) fn whole_of_phone(snapshot: &'s Snapshot) -> Vec<Self> {
        let mut rows = most_traded(&snapshot.scores);
        rows.retain(|row| row.is_whole());
        Self::of_rows(snapshot, rows)
    }

    fn of_rows(snapshot: &'s Snapshot, rows: Vec<&'s ScoreRow>) -> Vec<Self> {
        rows.into_iter()
            .map(|row| Self::of(row, snapshot.as_of_ms))
            .collect()
    }

    /// The rows without unknown figures, for clients that draw `null` as a number.
    pub(super) fn whole(snapshot: &'s Snapshot) -> Vec<Self> {
        snapshot
            .scores
            .iter()
            .filter(|row| row.is_whole())
            .map(|row| Self::of(row, snapshot.as_of_ms))
            .collect()
    }
}

fn range_24h(row: &ScoreRow) -> Option<f64> {
    Some(round_to(
        range_pct(row.high_24h?, row.low_24h?, row.price),
        4,
    ))
}

/// The rows with most turnover, Bitcoin's and Ether's among them, in the order in which they stand.
fn most_traded(rows: &[ScoreRow]) -> Vec<&ScoreRow> {
    let is_other = |row: &ScoreRow| !MAJORS.contains(&row.symbol.as_str());
    let turnover = |row: &ScoreRow| row.turnover_24h.map_or(0.0, Amount::get);
    let mut kept: Vec<(usize, &ScoreRow)> = rows.iter().enumerate().collect();
    kept.sort_by(|(_, a), (_, b)| {
        let majors_first = is_other(a).cmp(&is_other(b));
        majors_first.then_with(|| turnover(b).total_cmp(&turnover(a)))
    });
    kept.truncate(MOBILE_ROWS);
    kept.sort_by_key(|(place, _)| *place);
    kept.into_iter().map(|(_, row)| row).collect()
}

/// One contract that moved, or turned over much.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct MovedSymbol<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    price: Price,
    change: Percent,
    change_24h: Percent,
    percentage: Percent,
    /// USD.
    volume_24h: Amount,
    turnover_24h: Amount,
}

impl<'s> MovedSymbol<'s> {
    pub(super) fn all(rows: &'s [Mover]) -> Vec<Self> {
        rows.iter()
            .map(|row| Self {
                symbol: &row.symbol,
                display_symbol: display_symbol(&row.symbol),
                price: row.price,
                change: row.change_24h,
                change_24h: row.change_24h,
                percentage: row.change_24h,
                volume_24h: row.turnover_24h,
                turnover_24h: row.turnover_24h,
            })
            .collect()
    }
}

/// Gainers and losers: always an object with two arrays.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct TopMovers<'s> {
    gainers: Vec<MovedSymbol<'s>>,
    losers: Vec<MovedSymbol<'s>>,
}

impl<'s> TopMovers<'s> {
    pub(super) fn of(snapshot: &'s Snapshot) -> Self {
        Self {
            gainers: MovedSymbol::all(&snapshot.movers.gainers),
            losers: MovedSymbol::all(&snapshot.movers.losers),
        }
    }
}

/// Rising against falling.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct MarketBreadth {
    up: usize,
    down: usize,
    flat: usize,
    up_count: usize,
    down_count: usize,
    total: usize,
    breadth_percentage: Option<Share>,
    sentiment: Option<BreadthMood>,
}

impl MarketBreadth {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let breadth = &snapshot.breadth;
        Self {
            up: breadth.up,
            down: breadth.down,
            flat: breadth.flat,
            up_count: breadth.up,
            down_count: breadth.down,
            // Contracts with a known change; it may be below the number of priced ones.
            total: breadth.total(),
            breadth_percentage: breadth.percentage,
            sentiment: breadth.mood,
        }
    }
}
