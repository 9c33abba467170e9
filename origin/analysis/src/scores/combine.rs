//! Parts → measurements → one score with its reliability; and the parts of each dimension together.
//!
//! Pure arithmetic on signals, weights and freshness. Nothing missing is replaced by a neutral
//! value: weights are renormalised over what is there, and the reliability says how much that is.

use super::interpret::interpret;
use super::reading::{Evidence, Lean};
use shared::analysis::scores::weights::{self, Capped};
use shared::snapshot::Components;
use shared::snapshot::confluence::{Confluence, MIN_RELIABILITY, Measured};
use shared::snapshot::dimension::Dimension;
use shared::snapshot::measurement::Measurement;
use shared::snapshot::sub_component::SubComponent;
use shared::units::{Fraction, Score};
use std::collections::BTreeMap;

/// How fast disagreement of the measurements lowers the consensus: a weighted variance of 0.5 gives
/// e⁻¹.
const DISAGREEMENT_PENALTY: f64 = 2.0;

/// Combines the evidence of the parts.
///
/// A part's weight is its nominal weight times its freshness f, so an ageing input fades out
/// instead of vanishing at once. The signal of several parts is Σw·f·s/Σw·f, and their freshness F
/// = Σw·f·f/Σw·f.
///
/// - A measurement combines the parts that read it, a dimension its own parts.
/// - The score is Σv·s over the measurements. v is share · F, normalised to a sum of 1 with none
///   above a tenth ([`weights`]). There is no score if the shares had to grow more than
///   [`weights::MOST_GROWTH`] times for that.
/// - The consensus is exp(−2·Σv(nᵢ − D)²) with nᵢ = (sᵢ − 50)/50 and D = Σv·nᵢ.
/// - The reliability is Σ(share · coverage) over the parts that are there; below
///   [`MIN_RELIABILITY`] there is no score.
#[must_use]
pub fn combine(evidence: &BTreeMap<SubComponent, Evidence>) -> Confluence {
    // By measurement: parts that read the same thing count as one voice, or it would be counted
    // several times.
    let views: BTreeMap<Measurement, View> =
        of_each(Measurement::ALL, evidence, SubComponent::measurement);
    let dimensions: BTreeMap<Dimension, View> =
        of_each(&Dimension::ALL, evidence, SubComponent::dimension);
    // A measurement loses weight as its inputs age.
    let shares: Vec<f64> = views
        .iter()
        .map(|(one, view)| weights::share(*one) * view.freshness)
        .collect();
    // The cap keeps one measurement from deciding alone when others are missing.
    let Capped {
        weights: voices,
        growth,
    } = weights::capped(&shares);
    let weighed = |f: &dyn Fn(f64) -> f64| {
        let sum: f64 = views
            .values()
            .zip(&voices)
            .map(|(view, weight)| weight * f(view.lean.get()))
            .sum();
        (!views.is_empty())
            .then_some(sum)
            // Not a number where no measurement has weight, and then there is no direction.
            .filter(|sum| sum.is_finite())
    };
    let direction = weighed(&|lean| lean);
    // The weighted variance of the measurements about their mean.
    let spread = direction.and_then(|d| weighed(&|lean| (lean - d).powi(2)));
    let reliability = evidence
        .iter()
        .map(|(part, found)| weights::share_of_part(*part) * found.coverage)
        .sum();
    let reliability = Fraction::saturating(reliability).rounded(4);
    // Two separate limits: how much is there, and how far the rest had to be scaled up.
    let is_enough = reliability.get() >= MIN_RELIABILITY && growth <= weights::MOST_GROWTH;
    let score_of = |dimension| {
        dimensions
            .get(&dimension)
            .and_then(|view| published(view.lean))
    };
    Confluence {
        score: direction
            .filter(|_| is_enough)
            .and_then(Lean::new)
            .and_then(published),
        components: Components {
            technical: score_of(Dimension::Technical),
            volume: score_of(Dimension::Volume),
            orderflow: score_of(Dimension::Orderflow),
            orderbook: score_of(Dimension::Orderbook),
            price_structure: score_of(Dimension::PriceStructure),
            sentiment: score_of(Dimension::Sentiment),
        },
        sub_components: SubComponent::ALL
            .iter()
            .map(|part| {
                (
                    *part,
                    evidence
                        .get(part)
                        .and_then(|found| published(found.reading.lean)),
                )
            })
            .collect(),
        measurements: views
            .iter()
            .zip(&voices)
            .filter_map(|((measurement, view), weight)| {
                let weight = Fraction::saturating(*weight).rounded(4);
                Some((
                    *measurement,
                    Measured {
                        score: published(view.lean)?,
                        weight,
                    },
                ))
            })
            .collect(),
        missing: SubComponent::ALL
            .iter()
            .copied()
            .filter(|part| !evidence.contains_key(part))
            .collect(),
        // The caller knows the inputs, so it fills in the reasons.
        missing_reasons: BTreeMap::new(),
        consensus: spread
            .map(|spread| Fraction::saturating((-DISAGREEMENT_PENALTY * spread).exp()).rounded(4)),
        reliability,
        interpretations: Dimension::ALL
            .into_iter()
            .filter_map(|dimension| {
                Some((
                    dimension,
                    interpret(dimension, score_of(dimension)?, evidence)?,
                ))
            })
            .collect(),
        weights: Some(weights::version().to_owned()),
    }
}

/// The combined signal and freshness of some parts.
#[derive(Clone, Copy, Debug)]
struct View {
    lean: Lean,
    freshness: f64,
}

/// The view of each group. A group without a part has none.
fn of_each<G: Copy + Ord>(
    groups: &[G],
    evidence: &BTreeMap<SubComponent, Evidence>,
    group_of: impl Fn(SubComponent) -> G,
) -> BTreeMap<G, View> {
    let view = |group| {
        View::of(
            evidence
                .iter()
                .filter(|(part, _)| group_of(**part) == group),
        )
    };
    groups
        .iter()
        .filter_map(|group| Some((*group, view(*group)?)))
        .collect()
}

impl View {
    /// `None` when no part is there.
    fn of<'e>(parts: impl Iterator<Item = (&'e SubComponent, &'e Evidence)>) -> Option<Self> {
        let (mut lean, mut freshness, mut weights) = (0.0, 0.0, 0.0);
        for (part, found) in parts {
            let weight = weights::nominal(*part) * found.freshness;
            lean += weight * found.reading.lean.get();
            freshness += weight * found.freshness;
            weights += weight;
        }
        Some(Self {
            // 0/0 without parts is not a number, which `Lean` refuses.
            lean: Lean::new(lean / weights)?,
            freshness: freshness / weights,
        })
    }
}

/// A score as it is published.
fn published(lean: Lean) -> Option<Score> {
    lean.score().ok().map(|score| score.rounded(2))
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reading;
    use super::*;
    use shared::analysis::scores::weights::parts_of;

    fn evidence(parts: &[(SubComponent, f64)]) -> BTreeMap<SubComponent, Evidence> {
        let found = |lean| Evidence::whole(Reading::new(lean, 1.0).unwrap(), 1.0);
        parts
            .iter()
            .map(|&(part, lean)| (part, found(lean)))
            .collect()
    }

    fn all(lean: f64) -> BTreeMap<SubComponent, Evidence> {
        evidence(
            &SubComponent::ALL
                .iter()
                .map(|part| (*part, lean))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn what_is_missing_leaves_its_weight_to_the_others() {
        // cvd .22 at 1 and smart money flow .15 at −1: (.22 − .15)/.37 = 0.189189, 50 + 50·0.189189
        // = 59.46.
        let found = combine(&evidence(&[
            (SubComponent::Cvd, 1.0),
            (SubComponent::SmartMoneyFlow, -1.0),
        ]));
        assert_eq!(found.components.orderflow.map(Score::get), Some(59.46));
        assert_eq!(found.components.orderbook, None);
        assert_eq!(found.missing.len(), SubComponent::ALL.len() - 2);
        assert!(!found.missing.contains(&SubComponent::Cvd));
        assert_eq!(found.sub_components.len(), SubComponent::ALL.len());
        assert_eq!(found.sub_components[&SubComponent::BookImbalance], None);
        assert_eq!(found.measurements.len(), 2);
        assert_eq!(found.score, None, "a tenth of the evidence makes no score");
        assert!(found.reliability.get() < 0.1);
    }

    #[test]
    fn parts_that_measure_the_same_have_one_voice_of_a_tenth() {
        // Whatever reads the takers at 1 and all else at 0: 0.1 of the score.
        let mut parts = all(0.0);
        parts.extend(evidence(
            &parts_of(Measurement::TradeImbalance)
                .map(|part| (part, 1.0))
                .collect::<Vec<_>>(),
        ));
        let found = combine(&parts);
        assert_eq!(found.score.map(Score::get), Some(55.0));
        let takers = found.measurements[&Measurement::TradeImbalance];
        assert_eq!((takers.score.get(), takers.weight.get()), (100.0, 0.1));
        // Σv(n − D)² = .1·.81 + .9·.01 = .09, exp(−.18) = 0.835270.
        assert_eq!(found.consensus.map(Fraction::get), Some(0.8353));
        assert_eq!(found.reliability.get(), 1.0);
        assert_eq!(found.missing, []);
        assert_eq!(found.interpretations.len(), 6);
        assert_eq!(found.weights.as_deref(), Some(weights::version()));
        let voices = found.measurements.values();
        let sum: f64 = voices
            .clone()
            .map(|one| one.weight.get() * one.score.get())
            .sum();
        assert!(
            (sum - 55.0).abs() < 0.1 && voices.clone().all(|one| one.weight.get() <= 0.1),
            "{found:?}"
        );
    }

    #[test]
    fn no_voice_outgrows_a_tenth_where_others_are_missing() {
        // All but the price structure and the technical indicators.
        let mut parts = all(0.5);
        parts.retain(|part, _| {
            !matches!(
                part.dimension(),
                Dimension::PriceStructure | Dimension::Technical
            ) || part.measurement() == Measurement::ValueArea
        });
        let found = combine(&parts);
        let weights: Vec<f64> = found
            .measurements
            .values()
            .map(|one| one.weight.get())
            .collect();
        assert!(weights.iter().all(|weight| *weight <= 0.1), "{weights:?}");
        assert!(
            (weights.iter().sum::<f64>() - 1.0).abs() < 0.01,
            "{weights:?}"
        );
    }

    #[test]
    fn a_dimension_without_data_is_left_out_and_not_neutral() {
        let mut parts = all(0.8);
        parts.retain(|part, _| part.dimension() != Dimension::Orderbook);
        let found = combine(&parts);
        assert_eq!(found.score.map(Score::get), Some(90.0));
        assert_eq!(found.consensus.map(Fraction::get), Some(1.0));
        assert_eq!(found.reliability.get(), 0.8266);
    }

    #[test]
    fn stale_evidence_makes_no_score() {
        let parts = all(0.8);
        let aged = |freshness| {
            parts
                .iter()
                .map(move |(part, found)| (*part, Evidence::whole(found.reading, freshness)))
        };
        assert_eq!(
            combine(&aged(0.6).collect()).score.map(Score::get),
            Some(90.0)
        );
        assert_eq!(combine(&aged(0.599).collect()).score, None);
    }

    #[test]
    fn what_ages_weighs_less_and_fades_out() {
        // The funding at 1 and half fresh, all else at 0: it has half its voice, and the others
        // grow.
        let with_funding = |freshness: f64| {
            let mut parts = all(0.0);
            let reading = Reading::new(1.0, 1.0).unwrap();
            parts.insert(
                SubComponent::FundingRate,
                Evidence::whole(reading, freshness),
            );
            combine(&parts)
        };
        let share = weights::share(Measurement::FundingRate);
        let [whole, half] =
            [1.0, 0.5].map(|freshness| with_funding(freshness).score.unwrap().get() - 50.0);
        assert!((whole - 50.0 * share).abs() < 0.01, "{whole}");
        // Two measurements are at the limit, so what half the voice leaves is shared by the rest.
        let grown = 0.8 / (0.8 - share / 2.0);
        assert!((half - 25.0 * share * grown).abs() < 0.01, "{half}");
        // One second before it is gone it moves the score no more.
        assert_eq!(with_funding(1e-6).score.map(Score::get), Some(50.0));
        // cvd .22 at 1 and half fresh, smart money flow .15 at −1: (.11 − .15)/.26 = −0.153846, 50
        // − 50·0.153846 = 42.31.
        let mut parts = evidence(&[
            (SubComponent::Cvd, 1.0),
            (SubComponent::SmartMoneyFlow, -1.0),
        ]);
        parts.insert(
            SubComponent::Cvd,
            Evidence::whole(Reading::new(1.0, 1.0).unwrap(), 0.5),
        );
        assert_eq!(
            combine(&parts).components.orderflow.map(Score::get),
            Some(42.31)
        );
    }

    #[test]
    fn what_is_missing_of_a_part_takes_no_weight_from_it() {
        let whole = all(0.0);
        let mut parts = whole.clone();
        parts.extend(evidence(&[(SubComponent::Rsi, 1.0)]));
        let expected = combine(&parts).score;
        parts
            .entry(SubComponent::Rsi)
            .and_modify(|found| found.coverage = 0.4);
        assert_eq!(combine(&parts).score, expected);
        assert!(combine(&parts).reliability < combine(&whole).reliability);
    }

    #[test]
    fn nothing_known_is_no_score_and_no_dimension() {
        let found = combine(&BTreeMap::new());
        assert_eq!(
            (found.score, found.consensus, found.reliability.get()),
            (None, None, 0.0)
        );
        assert_eq!(found.missing.len(), SubComponent::ALL.len());
        assert!(found.interpretations.is_empty());
    }

    #[test]
    fn a_confluence_survives_json() {
        let found = combine(&all(0.25));
        let json = serde_json::to_string(&found).unwrap();
        assert!(json.contains("\"technical.rsi\":62.5"), "{json}");
        assert_eq!(serde_json::from_str::<Confluence>(&json).unwrap(), found);
    }
}
