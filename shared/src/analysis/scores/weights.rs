//! The weight of every part in a score, from one table of parts and dimensions, in which parts that
//! read the same figure share one weight.
//!
//! Six parts read the balance of taker trades, five the sizes in the book. Counted one by one, such
//! a figure would make a quarter of the score. So the parts of one [`Measurement`] count together,
//! and none weighs more than [`MOST_SHARE`].
//!
//! Invariants: shares sum to 1, and none is above [`MOST_SHARE`]. [`version`] changes with every
//! weight.

use super::momentum;
use super::timeframe::Timeframe;
use crate::snapshot::dimension::Dimension;
use crate::snapshot::measurement::Measurement;
use crate::snapshot::sub_component::SubComponent;
use std::fmt::Write;
use std::sync::LazyLock;

/// The largest weight of one measurement in a score.
pub const MOST_SHARE: f64 = 0.10;

/// The most by which a measurement's weight may grow where others are missing. With less evidence
/// there is no score.
pub const MOST_GROWTH: f64 = 2.0;

/// Raised by hand with every change of a formula, which the tables of weights do not show.
const FORMULAS: u32 = 3;

/// The weight of a measurement when everything is available: by the tables of parts and dimensions,
/// none above [`MOST_SHARE`], together 1.
#[must_use]
pub fn share(measurement: Measurement) -> f64 {
    static SHARES: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let nominal: Vec<f64> = Measurement::ALL
            .iter()
            .map(|one| parts_of(*one).map(nominal).sum())
            .collect();
        capped(&nominal).weights
    });
    SHARES.get(measurement as usize).copied().unwrap_or(0.0)
}

/// The same for one part: the weight of its measurement, split among its parts by their weights.
#[must_use]
pub fn share_of_part(part: SubComponent) -> f64 {
    let measurement = part.measurement();
    share(measurement) * nominal(part) / parts_of(measurement).map(nominal).sum::<f64>()
}

/// The same for one dimension: the sum over its parts.
#[must_use]
pub fn share_of_dimension(dimension: Dimension) -> f64 {
    SubComponent::of(dimension).map(share_of_part).sum()
}

/// The weight in the score by the tables alone, before parts that measure the same are merged.
#[must_use]
pub fn nominal(part: SubComponent) -> f64 {
    part.dimension().weight() * part.weight()
}

/// The parts that read a measurement.
pub fn parts_of(measurement: Measurement) -> impl Iterator<Item = SubComponent> {
    SubComponent::ALL
        .iter()
        .copied()
        .filter(move |part| part.measurement() == measurement)
}

/// Weights that sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Capped {
    /// In the order of what was given.
    pub weights: Vec<f64>,
    /// The factor by which weights below the limit grew; infinite when too few are available for
    /// the limit, which then applies to none.
    pub growth: f64,
}

/// Weights in proportion to `nominal`, but none above [`MOST_SHARE`]. What is cut off goes to the
/// others in proportion.
#[must_use]
pub fn capped(nominal: &[f64]) -> Capped {
    let all: f64 = nominal.iter().sum();
    let mut growth = 1.0 / all;
    // What is cut off raises the others, which may put one of them above the limit. So this repeats
    // until no further weight reaches it; each round adds at least one, which bounds the rounds.
    for _ in nominal {
        let is_cut = |weight: &&f64| *weight * growth > MOST_SHARE;
        let cut = nominal.iter().filter(is_cut).count() as f64;
        let rest: f64 = nominal.iter().filter(|weight| !is_cut(weight)).sum();
        let next = (1.0 - cut * MOST_SHARE) / rest;
        // Fewer than ten weights of at most a tenth cannot sum to 1.
        if !next.is_finite() || next < 0.0 {
            return Capped {
                weights: nominal.iter().map(|weight| weight / all).collect(),
                growth: f64::INFINITY,
            };
        }
        if next <= growth {
            break;
        }
        growth = next;
    }
    Capped {
        weights: nominal
            .iter()
            .map(|weight| (weight * growth).min(MOST_SHARE))
            .collect(),
        growth,
    }
}

/// The version of all weights and formulas, eight hexadecimal digits. Scores of different versions
/// are not comparable.
#[must_use]
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| format!("{:08x}", fnv_1a(&table())));
    &VERSION
}

/// Every weight as text: the input of [`version`].
fn table() -> String {
    let mut table = format!(
        "formulas {FORMULAS}; most {MOST_SHARE}, grown {MOST_GROWTH}; momentum {:?}",
        momentum::WEIGHTS
    );
    // Writing to a String cannot fail.
    for dimension in Dimension::ALL {
        let _ = write!(table, "; {} {}", dimension.name(), dimension.weight());
    }
    for part in SubComponent::ALL {
        let (name, measurement) = (part.wire_name(), part.measurement().wire_name());
        let _ = write!(
            table,
            "; {name} {} {measurement} {:?}",
            part.percent(),
            part.reads()
        );
    }
    for timeframe in Timeframe::ALL {
        let _ = write!(table, "; {} {}", timeframe.title(), timeframe.weight());
    }
    table
}

/// Fowler, Noll and Vo's hash FNV-1a, 32 bits. The standard library's hasher may change between
/// releases, and this value is compared across processes.
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_measurement_weighs_more_than_a_tenth_and_together_they_are_the_score() {
        let shares: Vec<f64> = Measurement::ALL.iter().map(|one| share(*one)).collect();
        assert!(
            (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12,
            "{shares:?}"
        );
        assert!(
            shares
                .iter()
                .all(|share| *share > 0.01 && *share <= MOST_SHARE),
            "{shares:?}"
        );
        let dimensions: f64 = Dimension::ALL.into_iter().map(share_of_dimension).sum();
        assert!((dimensions - 1.0).abs() < 1e-12, "{dimensions}");
        assert_eq!(
            [
                share(Measurement::TradeImbalance),
                share(Measurement::BookImbalance)
            ],
            [0.1, 0.1]
        );
    }

    #[test]
    fn what_measures_the_same_reads_it_the_same_way() {
        for measurement in Measurement::ALL {
            let ways: Vec<_> = parts_of(*measurement).map(SubComponent::reads).collect();
            assert!(
                !ways.is_empty() && ways.windows(2).all(|pair| pair[0] == pair[1]),
                "{measurement:?}: {ways:?}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_goes_to_the_others_in_proportion() {
        // One of 0.5 and ten of 0.05: 0.1, and 0.9 among the ten.
        let found = capped(&[vec![0.5], vec![0.05; 10]].concat());
        assert_eq!(found.weights[0], 0.1);
        assert!((found.weights[1] - 0.09).abs() < 1e-12, "{found:?}");
        assert!((found.growth - 1.8).abs() < 1e-12, "{found:?}");
        // What grows reaches the limit, too: 0.5 → 0.1, then 0.08 → 0.1, and the rest is shared by
        // the others.
        let found = capped(&[vec![0.5, 0.08], vec![0.042; 10]].concat());
        assert_eq!(found.weights[..2], [0.1, 0.1]);
        assert!(
            (found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12,
            "{found:?}"
        );
        // Nine cannot be a score between them.
        assert_eq!(capped(&[1.0; 9]).growth, f64::INFINITY);
        assert_eq!(capped(&[]).weights, Vec::<f64>::new());
    }

    #[test]
    fn the_version_is_that_of_the_tables() {
        // A changed weight changes the version by itself, a changed formula by `FORMULAS`;
        // docs/methodology.md tells both.
        expect_test::expect!["9b3d17fa"].assert_eq(version());
        assert_eq!(fnv_1a("foobar"), 0xbf9c_f968);
    }
}
