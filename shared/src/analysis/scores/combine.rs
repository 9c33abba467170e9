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
/// A part weighs its weight times its freshness f, so what ages fades out and does not vanish at once. A dimension is
/// Σw·f·s/Σw·f over its parts that are there, and as fresh as they are by the same weights, F = Σw·f·f/Σw·f. The score is
/// Σw·F·s/Σw·F over the dimensions that are there. The consensus is exp(−2·Σw(nᵢ − D)²) with nᵢ = (sᵢ − 50)/50 and
/// D = Σw·nᵢ, the weights w·F renormalised to 1. The reliability is Σ(weight in the score · coverage) over the parts that
/// are there.
///
/// With fresh inputs every f and F is 1, and the weights are those of the tables.
#[must_use]
pub fn combine(evidence: &BTreeMap<SubComponent, Evidence>) -> Confluence {
    let views: BTreeMap<Dimension, View> =
        Dimension::ALL.into_iter().filter_map(|dimension| Some((dimension, View::of(dimension, evidence)?))).collect();
    let direction = weighted(&views, |lean| lean);
    let spread = direction.map(|d| weighted(&views, |lean| (lean - d).powi(2)).unwrap_or(0.0));
    let reliability: f64 =
        evidence.iter().map(|(part, found)| part.dimension().weight() * part.weight() * found.coverage).sum();
    let reliability = Fraction::saturating(reliability).rounded(4);
    let reliable = reliability.get() >= MIN_RELIABILITY;
    let score_of = |dimension| views.get(&dimension).and_then(|view| published(view.lean));
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

/// What the parts of a dimension that are there say together.
#[derive(Clone, Copy, Debug)]
struct View {
    lean: Lean,
    freshness: f64,
}

impl View {
    /// Nothing when no part is there.
    fn of(dimension: Dimension, evidence: &BTreeMap<SubComponent, Evidence>) -> Option<Self> {
        let (mut lean, mut freshness, mut weights) = (0.0, 0.0, 0.0);
        for (part, found) in evidence.iter().filter(|(part, _)| part.dimension() == dimension) {
            let weight = part.weight() * found.freshness;
            lean += weight * found.reading.lean.get();
            freshness += weight * found.freshness;
            weights += weight;
        }
        Some(Self { lean: Lean::new(lean / weights)?, freshness: freshness / weights })
    }
}

/// Σw·F·f(lean)/Σw·F over the dimensions that are there.
fn weighted(views: &BTreeMap<Dimension, View>, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (sum, weights) = views.iter().fold((0.0, 0.0), |(sum, weights), (dimension, view)| {
        let weight = dimension.weight() * view.freshness;
        (sum + weight * f(view.lean.get()), weights + weight)
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
        let found = |lean| Evidence::whole(Reading::new(lean, 1.0).unwrap(), 1.0);
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
        let parts = all(0.8);
        let aged =
            |freshness| parts.iter().map(move |(part, found)| (*part, Evidence::whole(found.reading, freshness)));
        assert_eq!(combine(&aged(0.6).collect()).score.map(Score::get), Some(90.0));
        assert_eq!(combine(&aged(0.599).collect()).score, None);
    }

    #[test]
    fn what_ages_weighs_less_and_fades_out() {
        // Order flow at 1 and half fresh, the others at 0: .3·.5/(.3·.5 + .7) = .176471, 50 + 50·.176471 = 58.82.
        let with_flow = |freshness: f64| {
            let mut parts = all(0.0);
            let reading = Reading::new(1.0, 1.0).unwrap();
            parts
                .extend(SubComponent::of(Dimension::Orderflow).map(|part| (part, Evidence::whole(reading, freshness))));
            combine(&parts)
        };
        assert_eq!(with_flow(0.5).score.map(Score::get), Some(58.82));
        assert_eq!(with_flow(0.5).components.orderflow.map(Score::get), Some(100.0));
        // One second before it is gone it moves the score no more.
        assert_eq!(with_flow(1e-6).score.map(Score::get), Some(50.0));
        // cvd .22 at 1 and half fresh, imbalance .13 at −1: (.11 − .13)/.24 = −0.083333, 50 − 50·0.083333 = 45.83.
        let mut parts = evidence(&[(SubComponent::Cvd, 1.0), (SubComponent::TradeImbalance, -1.0)]);
        parts.insert(SubComponent::Cvd, Evidence::whole(Reading::new(1.0, 1.0).unwrap(), 0.5));
        assert_eq!(combine(&parts).components.orderflow.map(Score::get), Some(45.83));
    }

    #[test]
    fn what_is_missing_of_a_part_takes_no_weight_from_it() {
        let whole = all(0.0);
        let mut parts = whole.clone();
        parts.extend(evidence(&[(SubComponent::Rsi, 1.0)]));
        let expected = combine(&parts).score;
        parts.entry(SubComponent::Rsi).and_modify(|found| found.coverage = 0.4);
        assert_eq!(combine(&parts).score, expected);
        assert!(combine(&parts).reliability < combine(&whole).reliability);
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
