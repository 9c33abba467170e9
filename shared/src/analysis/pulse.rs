//! What stands out in the perpetuals as a whole, as kinds and as sentences.
//!
//! Thresholds are those of the alerts where there are alerts for the same figure, so that page and
//! alerts never disagree.

use crate::snapshot::alerts::{FUNDING_TIERS_PCT, Tier};
use crate::snapshot::{BasisStatus, Perps};
use crate::units::{Percent, Share};
use serde::Serialize;

/// A mean z-score from here on is unusual: two standard deviations of the contracts' own histories.
const UNUSUAL_ZSCORE: f64 = 2.0;

/// A side with this share of the accounts is crowded, percent.
const CROWDED_PCT: f64 = 60.0;

/// Who pays, beyond the first funding tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum FundingSentiment {
    /// Longs pay shorts: more want to be long.
    Bullish,
    /// Less than the first tier either way.
    Neutral,
    /// Shorts pay longs.
    Bearish,
}

/// How much is paid, by the tiers at which funding alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum FundingStrength {
    /// Below 0.05 % per 8 hours.
    Normal,
    /// 0.05 % and more.
    Elevated,
    /// 0.1 % and more.
    High,
    /// 0.15 % and more.
    Extreme,
}

impl FundingSentiment {
    /// Of a rate in percent per 8 hours.
    #[must_use]
    pub fn of(rate_8h: Percent) -> Self {
        match Tier::reached(rate_8h.get().abs(), &FUNDING_TIERS_PCT) {
            None => Self::Neutral,
            Some(_) if rate_8h.get() > 0.0 => Self::Bullish,
            Some(_) => Self::Bearish,
        }
    }
}

impl FundingStrength {
    /// Of a rate in percent per 8 hours.
    #[must_use]
    pub fn of(rate_8h: Percent) -> Self {
        match Tier::reached(rate_8h.get().abs(), &FUNDING_TIERS_PCT) {
            None => Self::Normal,
            Some(Tier::First) => Self::Elevated,
            Some(Tier::Second) => Self::High,
            Some(Tier::Third) => Self::Extreme,
        }
    }
}

/// What stands out in the perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PulseKind {
    /// Funding at or beyond the first tier.
    FundingElevated,
    /// Funding far from its own history.
    FundingUnusual,
    /// Most accounts are long.
    CrowdedLong,
    /// Most accounts are short.
    CrowdedShort,
    /// Mark prices above the index: a premium, by the word of dated futures.
    Contango,
    /// Mark prices below the index.
    Backwardation,
}

/// One thing that stands out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PulseSignal {
    /// What.
    pub kind: PulseKind,
    /// The same in a sentence.
    pub message: String,
}

/// Everything that stands out in the perpetuals, in a fixed order; empty when nothing does or
/// nothing is known.
#[must_use]
pub fn pulse_signals(perps: &Perps) -> Vec<PulseSignal> {
    let side_of = |signed: f64| {
        if signed > 0.0 {
            "longs pay shorts"
        } else {
            "shorts pay longs"
        }
    };
    // Each figure is `None` when unknown, and then has no entry: unknown is not unremarkable.
    let funding = perps
        .funding_rate
        .map(Percent::get)
        // The first alert tier: below it funding is ordinary.
        .filter(|rate| rate.abs() >= FUNDING_TIERS_PCT[0])
        .map(|rate| {
            (
                PulseKind::FundingElevated,
                format!("Funding is {rate:+.4} % per 8 hours: {}.", side_of(rate)),
            )
        });
    let unusual = perps.funding_zscore.filter(|zscore| zscore.abs() >= UNUSUAL_ZSCORE).map(|zscore| {
        let message = format!(
            "The last funding paid is {zscore:+.1} standard deviations from its own history, the mean of the contracts by \
             turnover."
        );
        (PulseKind::FundingUnusual, message)
    });
    let crowded = |share: Option<Share>, kind, side: &str| {
        let share = share
            .map(Share::get)
            // The two shares sum to 100, so at most one side is crowded.
            .filter(|share| *share >= CROWDED_PCT)?;
        Some((
            kind,
            format!(
                "{share:.1} % of the accounts are {side}, the mean of the contracts by turnover."
            ),
        ))
    };
    let basis = perps
        .basis_pct
        .zip(perps.basis_status)
        .and_then(|(basis, status)| match status {
            BasisStatus::Contango => Some((PulseKind::Contango, basis.get(), "above")),
            BasisStatus::Backwardation => Some((PulseKind::Backwardation, basis.get(), "below")),
            BasisStatus::Neutral => None,
        });
    // The side is in the word, so the number is shown without its sign.
    let basis = basis.map(|(kind, basis, side)| {
        let basis = basis.abs();
        (kind, format!("Mark prices are {basis:.3} % {side} the index, the mean of the contracts by turnover."))
    });
    let all = [
        funding,
        unusual,
        crowded(perps.long_pct, PulseKind::CrowdedLong, "long"),
        crowded(perps.short_pct, PulseKind::CrowdedShort, "short"),
        basis,
    ];
    all.into_iter()
        .flatten()
        .map(|(kind, message)| PulseSignal { kind, message })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_funding(rate: f64, sentiment: FundingSentiment, strength: FundingStrength) {
        let rate = Percent::new(rate).unwrap();
        assert_eq!(
            (FundingSentiment::of(rate), FundingStrength::of(rate)),
            (sentiment, strength),
            "at {rate:?}"
        );
    }

    #[test]
    fn funding_has_a_side_and_a_strength() {
        check_funding(0.01, FundingSentiment::Neutral, FundingStrength::Normal);
        check_funding(0.05, FundingSentiment::Bullish, FundingStrength::Elevated);
        check_funding(-0.0499, FundingSentiment::Neutral, FundingStrength::Normal);
        check_funding(-0.1, FundingSentiment::Bearish, FundingStrength::High);
        check_funding(0.15, FundingSentiment::Bullish, FundingStrength::Extreme);
    }

    fn perps() -> Perps {
        Perps {
            contract_count: Some(0),
            ..Perps::UNKNOWN
        }
    }

    #[test]
    fn what_stands_out_is_said_in_sentences() {
        assert_eq!(pulse_signals(&perps()), []);
        let loud = Perps {
            funding_rate: Percent::new(-0.0612).ok(),
            funding_zscore: Some(-2.34),
            long_pct: Share::new(38.0).ok(),
            short_pct: Share::new(62.0).ok(),
            basis_pct: Percent::new(-0.021).ok(),
            basis_status: Some(BasisStatus::Backwardation),
            ..perps()
        };
        let told: Vec<_> = pulse_signals(&loud)
            .into_iter()
            .map(|signal| (signal.kind, signal.message))
            .collect();
        assert_eq!(
            told,
            [
                (PulseKind::FundingElevated, "Funding is -0.0612 % per 8 hours: shorts pay longs.".to_owned()),
                (PulseKind::FundingUnusual, "The last funding paid is -2.3 standard deviations from its own history, the mean of the contracts by turnover.".to_owned()),
                (PulseKind::CrowdedShort, "62.0 % of the accounts are short, the mean of the contracts by turnover.".to_owned()),
                (PulseKind::Backwardation, "Mark prices are 0.021 % below the index, the mean of the contracts by turnover.".to_owned()),
            ]
        );
    }
}
