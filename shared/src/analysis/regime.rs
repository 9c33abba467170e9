//! The market regime: direction by the mean score, width by breadth, beside words for dispersion
//! and fear & greed.
//!
//! Every text comes from an enum of this file or of the snapshot, and [`vocabulary`] lists them
//! all: a golden test keeps a word from changing unnoticed.

use super::join::is_most;
use super::means::mean;
use crate::market::FearGreed;
use crate::snapshot::{Breadth, Direction, Overview, Regime, ScoreBasis, ScoreRow};
use crate::units::Score;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Broad,
    Mixed,
    Narrow,
}

impl Width {
    const ALL: [Self; 3] = [Self::Broad, Self::Mixed, Self::Narrow];

    crate::labels! {
        const fn name(self) {
            Self::Broad => "broad",
            Self::Mixed => "mixed",
            Self::Narrow => "narrow",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dispersion {
    High,
    Elevated,
    Normal,
}

impl Dispersion {
    crate::labels! {
        const fn name(self) {
            Self::High => "high",
            Self::Elevated => "elevated",
            Self::Normal => "normal",
        }
    }
}

/// Ordered from fear to greed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    ExtremeFear,
    Fear,
    Neutral,
    Greed,
    ExtremeGreed,
}

impl Mood {
    crate::labels! {
        const fn name(self) {
            Self::ExtremeFear => "extreme_fear",
            Self::Fear => "fear",
            Self::Neutral => "neutral",
            Self::Greed => "greed",
            Self::ExtremeGreed => "extreme_greed",
        }
    }
}

/// Every label of a regime.
pub fn labels() -> impl Iterator<Item = &'static str> {
    Direction::ALL
        .into_iter()
        .flat_map(|direction| Width::ALL.map(|width| label(direction, width)))
}

/// Every word that the texts of a [`Regime`] may hold, by the name of the field.
#[must_use]
pub fn vocabulary() -> [(&'static str, BTreeSet<&'static str>); 4] {
    let words = |list: &[&'static str]| list.iter().copied().collect();
    [
        ("label", labels().collect()),
        ("breadth", words(Width::LABELS)),
        ("dispersion", words(Dispersion::LABELS)),
        ("sentiment", words(Mood::LABELS)),
    ]
}

/// The regime; `None` without a score. The mean uses one scale: six-dimension scores where most
/// contracts have one, else every ticker's momentum.
#[must_use]
pub fn regime(
    scores: &[ScoreRow],
    breadth: &Breadth,
    overview: &Overview,
    fear_greed: Option<&FearGreed>,
) -> Option<Regime> {
    let full = scores
        .iter()
        .filter(|row| row.score_basis == ScoreBasis::SixDimension);
    let full: Vec<f64> = full.map(|row| row.score.get()).collect();
    // Never a mixture: the two scales differ, so a mean of both would move with the share of each.
    let (score_basis, values) = if is_most(full.len(), scores.len()) {
        (ScoreBasis::SixDimension, full)
    } else {
        let momentum = scores
            .iter()
            .filter_map(|row| row.momentum_score)
            .map(Score::get);
        (ScoreBasis::TickerMomentum, momentum.collect())
    };
    let mean_score = Score::new(mean(&values)).ok()?;
    let direction = direction(mean_score);
    let width = width(breadth);
    Some(Regime {
        direction,
        label: label(direction, width).to_owned(),
        mean_score: mean_score.rounded(2),
        score_basis,
        breadth: width.name().to_owned(),
        dispersion: dispersion(overview).name().to_owned(),
        sentiment: fear_greed.map(|index| mood(index).name().to_owned()),
    })
}

// Thresholds are symmetric about 50, so that a mirrored market gets the mirrored word.
fn direction(mean: Score) -> Direction {
    match mean.get() {
        mean if mean >= 70.0 => Direction::StrongBullish,
        mean if mean >= 60.0 => Direction::Bullish,
        mean if mean <= 30.0 => Direction::StrongBearish,
        mean if mean <= 40.0 => Direction::Bearish,
        _ => Direction::Neutral,
    }
}

fn width(breadth: &Breadth) -> Width {
    match breadth.percentage {
        // The thresholds of breadth's own mood.
        Some(share) if share.get() >= 60.0 => Width::Broad,
        Some(share) if share.get() <= 40.0 => Width::Narrow,
        // Unknown breadth is neither broad nor narrow.
        _ => Width::Mixed,
    }
}

fn dispersion(overview: &Overview) -> Dispersion {
    match overview.dispersion {
        // Percent, by the standard deviation of the 24-hour changes.
        Some(dispersion) if dispersion.get() > 15.0 => Dispersion::High,
        Some(dispersion) if dispersion.get() > 8.0 => Dispersion::Elevated,
        _ => Dispersion::Normal,
    }
}

fn mood(index: &FearGreed) -> Mood {
    match index.value.get() {
        value if value >= 75.0 => Mood::ExtremeGreed,
        value if value >= 55.0 => Mood::Greed,
        value if value <= 25.0 => Mood::ExtremeFear,
        value if value <= 45.0 => Mood::Fear,
        _ => Mood::Neutral,
    }
}

/// States only what was measured: how high the scores are, and whether most contracts rise or fall.
/// Every label has its mirror image.
const fn label(direction: Direction, width: Width) -> &'static str {
    match (direction, width) {
        (Direction::StrongBullish, Width::Broad) => "Strong Widespread Rise",
        (Direction::StrongBullish, Width::Mixed) => "Strong Scores",
        (Direction::StrongBullish, Width::Narrow) => "Strong Scores and Few Rising",
        (Direction::Bullish, Width::Broad) => "Widespread Rise",
        (Direction::Bullish, Width::Mixed) => "Mild Strength",
        (Direction::Bullish, Width::Narrow) => "Mild Strength and Few Rising",
        (Direction::Neutral, Width::Broad) => "Most Rising",
        (Direction::Neutral, Width::Mixed) => "No Direction",
        (Direction::Neutral, Width::Narrow) => "Most Falling",
        (Direction::Bearish, Width::Broad) => "Mild Weakness and Few Falling",
        (Direction::Bearish, Width::Mixed) => "Mild Weakness",
        (Direction::Bearish, Width::Narrow) => "Widespread Fall",
        (Direction::StrongBearish, Width::Broad) => "Weak Scores and Few Falling",
        (Direction::StrongBearish, Width::Mixed) => "Weak Scores",
        (Direction::StrongBearish, Width::Narrow) => "Strong Widespread Fall",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::join::Market;
    use crate::analysis::testing::ticker;
    use crate::market::{Tickers, Universe};
    use crate::provenance::{Source, Venue};
    use crate::units::{Share, UnixMs};
    use std::collections::BTreeMap;

    #[test]
    fn the_direction_changes_at_its_thresholds() {
        let at = |mean| direction(Score::new(mean).unwrap());
        assert_eq!(at(70.0), Direction::StrongBullish);
        assert_eq!(at(60.0), Direction::Bullish);
        assert_eq!(at(59.99), Direction::Neutral);
        assert_eq!(at(40.01), Direction::Neutral);
        assert_eq!(at(40.0), Direction::Bearish);
        assert_eq!(at(30.0), Direction::StrongBearish);
    }

    #[test]
    fn a_mirrored_market_has_the_mirrored_breadth() {
        let of = |share| {
            width(&Breadth {
                up: 1,
                down: 1,
                flat: 0,
                percentage: Share::new(share).ok(),
                mood: None,
            })
        };
        for share in [0.0, 20.0, 30.0, 40.0, 40.01, 50.0] {
            let mirrored = match of(share) {
                Width::Broad => Width::Narrow,
                Width::Mixed => Width::Mixed,
                Width::Narrow => Width::Broad,
            };
            assert!(of(100.0 - share) == mirrored, "at {share}");
        }
    }

    /// Ten contracts of which so many have a score of 90 in six dimensions.
    fn rows(full: usize) -> (Vec<ScoreRow>, Breadth, Overview) {
        let symbols: Vec<String> = (0..10).map(|index| format!("A{index}USDT")).collect();
        let contracts = symbols
            .iter()
            .map(|symbol| (symbol.clone(), None))
            .collect();
        let universe = Universe::new(
            UnixMs::from_millis(1),
            Source::live(Venue::Bybit),
            contracts,
        );
        let table = symbols
            .iter()
            .map(|symbol| ticker(symbol, 100.0, 1.0, 1e6))
            .collect();
        let tickers = Tickers {
            server_time: UnixMs::from_millis(1),
            rows: table,
            refused: vec![],
            odd: vec![],
        };
        let market = Market::join(&tickers, &universe);
        let breadth = crate::analysis::breadth::breadth(&market);
        let price = market.rows[0].last;
        let overview = crate::analysis::overview::overview(&market, &breadth, price, None).unwrap();
        let mut rows = crate::analysis::scores::rows(&market, 10, &BTreeMap::new());
        for row in rows.iter_mut().take(full) {
            (row.score, row.score_basis) = (Score::new(90.0).unwrap(), ScoreBasis::SixDimension);
        }
        (rows, breadth, overview)
    }

    #[test]
    fn the_mean_is_on_one_scale() {
        let of = |full| {
            let (rows, breadth, overview) = rows(full);
            let momentum = rows[9].momentum_score.unwrap().rounded(2);
            let regime = regime(&rows, &breadth, &overview, None).unwrap();
            (regime.mean_score, regime.score_basis, momentum)
        };
        for full in [0, 1, 7] {
            let (mean, basis, momentum) = of(full);
            assert_eq!(
                (mean, basis),
                (momentum, ScoreBasis::TickerMomentum),
                "{full} of ten"
            );
        }
        for full in [8, 10] {
            let (mean, basis, _) = of(full);
            assert_eq!(
                (mean.get(), basis),
                (90.0, ScoreBasis::SixDimension),
                "{full} of ten"
            );
        }
    }
}
