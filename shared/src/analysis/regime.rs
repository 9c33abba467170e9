//! The market's state in words, from mean score, breadth, dispersion and fear & greed.

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
enum Spread {
    High,
    Elevated,
    Normal,
}

impl Spread {
    const ALL: [Self; 3] = [Self::High, Self::Elevated, Self::Normal];

    crate::labels! {
        const fn name(self) {
            Self::High => "high",
            Self::Elevated => "elevated",
            Self::Normal => "normal",
        }
    }
}

/// Ordered from fear to greed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mood {
    ExtremeFear,
    Fear,
    Neutral,
    Greed,
    ExtremeGreed,
}

impl Mood {
    const ALL: [Self; 5] = [Self::ExtremeFear, Self::Fear, Self::Neutral, Self::Greed, Self::ExtremeGreed];

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

/// Every word that the texts of a [`Regime`] may hold, by the name of the field.
#[must_use]
pub fn vocabulary() -> [(&'static str, BTreeSet<&'static str>); 4] {
    let mut labels = BTreeSet::new();
    for direction in Direction::ALL {
        for width in Width::ALL {
            for spread in Spread::ALL {
                let moods = Mood::ALL.into_iter().map(Some).chain([None]);
                labels.extend(moods.map(|mood| label(direction, width, spread, mood)));
            }
        }
    }
    let words = |list: &[&'static str]| list.iter().copied().collect();
    [
        ("label", labels),
        ("breadth", words(Width::LABELS)),
        ("dispersion", words(Spread::LABELS)),
        ("sentiment", words(Mood::LABELS)),
    ]
}

/// The regime; nothing without a score. The basis is the strongest that every score has.
#[must_use]
pub fn regime(
    scores: &[ScoreRow],
    breadth: &Breadth,
    overview: &Overview,
    fear_greed: Option<&FearGreed>,
) -> Option<Regime> {
    let mean = scores.iter().map(|row| row.score.get()).sum::<f64>() / scores.len() as f64;
    let mean_score = Score::new(mean).ok()?;
    let direction = direction(mean_score);
    let width = width(breadth);
    let spread = spread(overview);
    let mood = fear_greed.map(mood);
    let full = scores.iter().all(|row| row.score_basis == ScoreBasis::SixDimension);
    Some(Regime {
        direction,
        label: label(direction, width, spread, mood).to_owned(),
        mean_score: mean_score.rounded(2),
        score_basis: if full { ScoreBasis::SixDimension } else { ScoreBasis::TickerMomentum },
        breadth: width.name().to_owned(),
        dispersion: spread.name().to_owned(),
        sentiment: mood.map(|mood| mood.name().to_owned()),
    })
}

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
        Some(share) if share.get() >= 60.0 => Width::Broad,
        Some(share) if share.get() <= 30.0 => Width::Narrow,
        _ => Width::Mixed,
    }
}

fn spread(overview: &Overview) -> Spread {
    match overview.dispersion {
        Some(dispersion) if dispersion.get() > 15.0 => Spread::High,
        Some(dispersion) if dispersion.get() > 8.0 => Spread::Elevated,
        _ => Spread::Normal,
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

/// The first that matches, from the most to the least particular.
fn label(direction: Direction, width: Width, spread: Spread, mood: Option<Mood>) -> &'static str {
    let greed = mood.is_some_and(|mood| mood >= Mood::Greed);
    let fear = mood.is_some_and(|mood| mood <= Mood::Fear);
    let extreme_fear = mood == Some(Mood::ExtremeFear);
    if spread == Spread::High {
        return match direction {
            Direction::StrongBullish | Direction::Bullish => "Volatile Rally",
            Direction::StrongBearish | Direction::Bearish => "Volatile Selloff",
            Direction::Neutral => "Choppy Waters",
        };
    }
    match (direction, width) {
        (Direction::StrongBullish, Width::Broad) if greed => "Euphoric Rally",
        (Direction::StrongBullish, Width::Broad) => "Broad Rally",
        (Direction::StrongBullish, Width::Narrow) => "Selective Strength",
        (Direction::StrongBullish, Width::Mixed) => "Bullish Momentum",
        (Direction::Bullish, Width::Broad) => "Risk-On",
        (Direction::Bullish, _) if fear => "Accumulation Zone",
        (Direction::Bullish, _) => "Mild Uptrend",
        (Direction::StrongBearish, Width::Narrow) if extreme_fear => "Capitulation",
        (Direction::StrongBearish, Width::Narrow) => "Broad Selloff",
        (Direction::StrongBearish, _) => "Bearish Momentum",
        (Direction::Bearish, _) if greed => "Distribution Zone",
        (Direction::Bearish, Width::Narrow) => "Risk-Off",
        (Direction::Bearish, _) => "Mild Downtrend",
        (Direction::Neutral, _) if spread == Spread::Elevated => "Choppy Range",
        (Direction::Neutral, Width::Broad) if greed => "Topping Formation",
        (Direction::Neutral, Width::Narrow) if fear => "Bottoming Formation",
        (Direction::Neutral, _) => "Consolidation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(direction: Direction, width: Width, spread: Spread, mood: Option<Mood>, expected: &str) {
        assert_eq!(label(direction, width, spread, mood), expected);
    }

    #[test]
    fn high_dispersion_comes_before_everything() {
        check(Direction::StrongBullish, Width::Broad, Spread::High, Some(Mood::Greed), "Volatile Rally");
        check(Direction::Bearish, Width::Narrow, Spread::High, None, "Volatile Selloff");
        check(Direction::Neutral, Width::Mixed, Spread::High, None, "Choppy Waters");
    }

    #[test]
    fn the_particular_label_needs_its_evidence() {
        check(Direction::StrongBullish, Width::Broad, Spread::Normal, Some(Mood::ExtremeGreed), "Euphoric Rally");
        check(Direction::StrongBullish, Width::Broad, Spread::Normal, None, "Broad Rally");
        check(Direction::Bullish, Width::Mixed, Spread::Normal, Some(Mood::ExtremeFear), "Accumulation Zone");
        check(Direction::Bullish, Width::Mixed, Spread::Normal, None, "Mild Uptrend");
        check(Direction::StrongBearish, Width::Narrow, Spread::Normal, Some(Mood::ExtremeFear), "Capitulation");
        check(Direction::StrongBearish, Width::Narrow, Spread::Normal, Some(Mood::Fear), "Broad Selloff");
        check(Direction::Bearish, Width::Mixed, Spread::Normal, Some(Mood::Greed), "Distribution Zone");
        check(Direction::Neutral, Width::Broad, Spread::Elevated, Some(Mood::Greed), "Choppy Range");
        check(Direction::Neutral, Width::Narrow, Spread::Normal, Some(Mood::Fear), "Bottoming Formation");
        check(Direction::Neutral, Width::Narrow, Spread::Normal, Some(Mood::Neutral), "Consolidation");
    }

    #[test]
    fn the_direction_changes_at_its_thresholds() {
        let at = |mean| direction(Score::new(mean).unwrap());
        assert_eq!(at(70.0), Direction::StrongBullish);
        assert_eq!(at(60.0), Direction::Bullish);
        assert_eq!(at(59.99), Direction::Neutral);
        assert_eq!(at(40.0), Direction::Bearish);
        assert_eq!(at(30.0), Direction::StrongBearish);
    }
}
