//! The contracts whose score stands out most, long and short alike, each with its reason.
//!
//! The ranking is |score − 50| × reliability × a factor of the day's move. It ranks what stands out
//! and forecasts nothing.

use super::signals::{Stance, six_dimension};
use crate::snapshot::ScoreRow;
use crate::snapshot::confluence::MIN_RELIABILITY;
use crate::units::{Amount, Fraction, Percent, Ratio, Score};
use serde::Serialize;

/// The most opportunities.
pub const MAX_OPPORTUNITIES: usize = 20;

/// The change over 24 hours that doubles an opportunity, percent. A larger one does not raise it
/// further.
const DOUBLING_CHANGE_PCT: f64 = 10.0;

/// The largest momentum factor. With a score 50 from neutral and full reliability it makes 100.
const MAX_MOMENTUM_FACTOR: f64 = 2.0;

/// An opportunity score from here on is high: a strong signal (30) whose price moves by a third of
/// the doubling change.
const HIGH_POTENTIAL: f64 = 40.0;

/// An opportunity score from here on is medium: a medium signal (20) whose price stands still.
const MEDIUM_POTENTIAL: f64 = 20.0;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The score is above neutral.
    Long,
    /// The score is below neutral.
    Short,
}

impl Direction {
    /// The direction of a score; a neutral one has none.
    #[must_use]
    pub fn of(score: Score) -> Option<Self> {
        match score.get() {
            score if score > 50.0 => Some(Self::Long),
            score if score < 50.0 => Some(Self::Short),
            _ => None,
        }
    }

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

/// How much an opportunity stands out, in a word. It is no forecast of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Potential {
    /// 40 and more.
    High,
    /// 20 and more.
    Medium,
    /// Less.
    Low,
}

impl Potential {
    fn of(opportunity_score: Score) -> Self {
        match opportunity_score.get() {
            score if score >= HIGH_POTENTIAL => Self::High,
            score if score >= MEDIUM_POTENTIAL => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// One opportunity, as clients read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Opportunity<'s> {
    /// Symbol and direction: the same as long as both are.
    pub id: String,
    /// `long` or `short`.
    #[serde(rename = "type")]
    pub kind: Direction,
    /// The venue's full symbol.
    pub symbol: &'s str,
    /// The same, under the name that existing clients read.
    pub full_symbol: &'s str,
    /// The six-dimension score.
    pub score: Score,
    /// `long` or `short`.
    pub direction: Direction,
    /// The momentum factor, 1–2.
    pub momentum: Ratio,
    /// Turnover of 24 hours, USD.
    pub volume: Amount,
    /// Change over 24 hours, percent.
    pub price_change: Percent,
    /// |score − 50| × reliability × momentum factor, 0–100.
    pub opportunity_score: Score,
    /// Which side the score takes: most opportunities are of scores that take none.
    pub stance: Stance,
    /// The same as `opportunity_score` with a factor that only a price moving the score's way
    /// raises, 0–100.
    pub aligned_score: Score,
    /// The share of the score's inputs that was there.
    pub confidence: Fraction,
    /// How much it stands out, in a word.
    pub potential: Potential,
    /// The reason, in a sentence.
    pub description: String,
}

/// The opportunities among six-dimension scores, the most outstanding first; symbols settle ties.
///
/// `opportunity_score` = |score − 50| × reliability × min(2, 1 + |change| / 10 %), which is at most
/// 50 · 1 · 2 = 100. Mirroring a score about 50 changes its direction and nothing else.
#[must_use]
pub fn opportunities(rows: &[ScoreRow]) -> Vec<Opportunity<'_>> {
    let mut found: Vec<Opportunity<'_>> = six_dimension(rows).filter_map(opportunity).collect();
    found.sort_by(|a, b| {
        b.opportunity_score
            .get()
            .total_cmp(&a.opportunity_score.get())
            .then_with(|| a.symbol.cmp(b.symbol))
    });
    found.truncate(MAX_OPPORTUNITIES);
    found
}

fn opportunity(row: &ScoreRow) -> Option<Opportunity<'_>> {
    // A six-dimension score below it is not published; this keeps the ranking right for any rows.
    if row.reliability.get() < MIN_RELIABILITY {
        return None;
    }
    let direction = Direction::of(row.score)?;
    // Without a change the factor is unknown, and 1 would rank the row too low.
    let (change, turnover) = (row.change_24h?, row.turnover_24h?);
    let factor =
        |change_pct: f64| (1.0 + change_pct / DOUBLING_CHANGE_PCT).min(MAX_MOMENTUM_FACTOR);
    // The size of the move alone: a large move against the score stands out, too. `aligned` is the
    // one that counts only moves in the score's direction.
    let momentum = factor(change.get().abs());
    let aligned = factor(match direction {
        Direction::Long => change.get().max(0.0),
        Direction::Short => (-change.get()).max(0.0),
    });
    let deviation = (row.score.get() - 50.0).abs();
    let opportunity_score = Score::new(deviation * row.reliability.get() * momentum)
        .ok()?
        .rounded(2);
    Some(Opportunity {
        id: format!("{}-{}", row.symbol, direction.name()),
        kind: direction,
        symbol: &row.symbol,
        full_symbol: &row.symbol,
        score: row.score,
        direction,
        momentum: Ratio::new(momentum).ok()?.rounded(4),
        volume: turnover,
        price_change: change,
        opportunity_score,
        stance: Stance::of(row.score),
        aligned_score: Score::new(deviation * row.reliability.get() * aligned)
            .ok()?
            .rounded(2),
        confidence: row.reliability,
        potential: Potential::of(opportunity_score),
        description: format!(
            "{}: the score of {:.2} is {deviation:.2} {} neutral, rests on {:.0} % of its inputs, and the price {}.",
            row.symbol,
            row.score.get(),
            match direction {
                Direction::Long => "above",
                Direction::Short => "below",
            },
            row.reliability.get() * 100.0,
            moved(change.rounded(2).get()),
        ),
    })
}

/// The day's move in words. A move that rounds to zero is not printed as "-0.00 %".
fn moved(change_pct: f64) -> String {
    if change_pct == 0.0 {
        "hardly moved in 24 hours".to_owned()
    } else {
        format!("moved {change_pct:+.2} % in 24 hours")
    }
}
