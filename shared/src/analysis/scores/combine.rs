//! Parts → dimensions → one score, with what it is worth.

use super::interpret::interpret;
use super::reading::{Evidence, Lean};
use crate::snapshot::Components;
use crate::snapshot::confluence::{Confluence, MIN_RELIABILITY};
use crate::snapshot::dimension::Dimension;
use crate::snapshot::sub_component::SubComponent;
use crate::units::{Fraction, Score};
use std::collections::BTreeMap;

/// How fast disagreement of the dimensions lowers the consensus.
const DISAGREEMENT_PENALTY: f64 = 2.0;

/// Combines what was found.
///
/// A dimension is Σw·s/Σw over its parts that are there, the score Σw·s/Σw over the dimensions that are there. The
/// consensus is exp(−2·Σw(nᵢ − D)²) with nᵢ = (sᵢ − 50)/50 and D = Σw·nᵢ, the weights renormalised to 1. The reliability
/// is Σ(weight in the score · freshness) over the parts that are there.
#[must_use]
pub fn combine(evidence: &BTreeMap<SubComponent, Evidence>) -> Confluence {
    let leans: BTreeMap<Dimension, Lean> =
        Dimension::ALL.into_iter().filter_map(|dimension| Some((dimension, lean_of(dimension, evidence)?))).collect();
    let direction = weighted(&leans, |lean| lean);
    let spread = direction.map(|d| weighted(&leans, |lean| (lean - d).powi(2)).unwrap_or(0.0));
    let reliability: f64 =
        evidence.iter().map(|(part, found)| part.dimension().weight() * part.weight() * found.freshness).sum();
    let reliability = Fraction::saturating(reliability).rounded(4);
    let reliable = reliability.get() >= MIN_RELIABILITY;
    let score_of = |dimension| leans.get(&dimension).and_then(|lean| published(*lean));
    Confluence {
        score: direction.filter(|_| reliable).and_then(Lean::new).and_then(published),
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
            .map(|part| (*part, evidence.get(part).and_then(|found| published(found.reading.lean))))
            .collect(),
        missing: SubComponent::ALL.iter().copied().filter(|part| !evidence.contains_key(part)).collect(),
        consensus: spread.map(|spread| Fraction::saturating((-DISAGREEMENT_PENALTY * spread).exp()).rounded(4)),
        reliability,
        interpretations: Dimension::ALL
            .into_iter()
            .filter_map(|dimension| Some((dimension, interpret(dimension, score_of(dimension)?, evidence)?)))
            .collect(),
    }
}

/// Σw·lean/Σw over the parts of a dimension that are there.
fn lean_of(dimension: Dimension, evidence: &BTreeMap<SubComponent, Evidence>) -> Option<Lean> {
    let parts = evidence.iter().filter(|(part, _)| part.dimension() == dimension);
    let (sum, weights) = parts.fold((0.0, 0.0), |(sum, weights), (part, found)| {
        (sum + part.weight() * found.reading.lean.get(), weights + part.weight())
    });
    Lean::new(sum / weights)
}

/// Σw·f(lean)/Σw over the dimensions that are there.
fn weighted(leans: &BTreeMap<Dimension, Lean>, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (sum, weights) = leans.iter().fold((0.0, 0.0), |(sum, weights), (dimension, lean)| {
        (sum + dimension.weight() * f(lean.get()), weights + dimension.weight())
    });
    Some(sum / weights).filter(|mean| mean.is_finite())
}

/// A score as it is published.
fn published(lean: Lean) -> Option<Score> {
    lean.score().ok().map(|score| score.rounded(2))
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reading;
    use super::*;

    fn evidence(parts: &[(SubComponent, f64)]) -> BTreeMap<SubComponent, Evidence> {
        let found = |lean| Evidence { reading: Reading::new(lean, 1.0).unwrap(), freshness: 1.0 };
        parts.iter().map(|&(part, lean)| (part, found(lean))).collect()
    }

    fn all(lean: f64) -> BTreeMap<SubComponent, Evidence> {
        evidence(&SubComponent::ALL.iter().map(|part| (*part, lean)).collect::<Vec<_>>())
    }

    #[test]
    fn a_missing_parts_weight_goes_to_the_others_of_its_dimension() {
        // cvd .22 at 1 and imbalance .13 at −1: (.22 − .13)/.35 = 0.257143, 50 + 50·0.257143 = 62.86.
        let found = combine(&evidence(&[(SubComponent::Cvd, 1.0), (SubComponent::TradeImbalance, -1.0)]));
        assert_eq!(found.components.orderflow.map(Score::get), Some(62.86));
        assert_eq!(found.components.orderbook, None);
        assert_eq!(found.missing.len(), SubComponent::ALL.len() - 2);
        assert!(!found.missing.contains(&SubComponent::Cvd));
        assert_eq!(found.sub_components.len(), SubComponent::ALL.len());
        assert_eq!(found.sub_components[&SubComponent::BookImbalance], None);
        assert_eq!(found.score, None, "0.105 of the evidence makes no score");
        assert_eq!(found.reliability.get(), 0.105);
    }

    #[test]
    fn dimensions_are_weighed_and_their_disagreement_is_told() {
        // Order flow .30 at 1 and the other .70 at 0: D = .3, score 65.
        // Σw(n − D)² = .3·.49 + .7·.09 = .21, exp(−.42) = 0.657047.
        let mut parts = all(0.0);
        parts.extend(evidence(&SubComponent::of(Dimension::Orderflow).map(|part| (part, 1.0)).collect::<Vec<_>>()));
        let found = combine(&parts);
        assert_eq!(found.score.map(Score::get), Some(65.0));
        assert_eq!(found.consensus.map(Fraction::get), Some(0.657));
        assert_eq!(found.reliability.get(), 1.0);
        assert_eq!(found.missing, []);
        assert_eq!(found.interpretations.len(), 6);
    }

    #[test]
    fn a_dimension_without_data_is_left_out_and_not_neutral() {
        let mut parts = all(0.8);
        parts.retain(|part, _| part.dimension() != Dimension::Orderbook);
        let found = combine(&parts);
        assert_eq!(found.score.map(Score::get), Some(90.0));
        assert_eq!(found.consensus.map(Fraction::get), Some(1.0));
        assert_eq!(found.reliability.get(), 0.8);
    }

    #[test]
    fn stale_evidence_makes_no_score() {
        let mut parts = all(0.8);
        parts.values_mut().for_each(|found| found.freshness = 0.6);
        assert_eq!(combine(&parts).score.map(Score::get), Some(90.0));
        parts.values_mut().for_each(|found| found.freshness = 0.599);
        assert_eq!(combine(&parts).score, None);
    }

    #[test]
    fn nothing_known_is_no_score_and_no_dimension() {
        let found = combine(&BTreeMap::new());
        assert_eq!((found.score, found.consensus, found.reliability.get()), (None, None, 0.0));
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
