//! One contract's score in six dimensions, as it is published.
//!
//! Data model: parts → measurements (parts that read one figure) → score; dimensions group the
//! parts for people. The origin computes all of it; this crate checks, stores and shows it.
//!
//! Old and new releases run side by side during a rollout. So names that this release does not know
//! are dropped on reading instead of failing the snapshot.

use super::components::Components;
use super::dimension::Dimension;
use super::measurement::Measurement;
use super::missing_reason::MissingReason;
use super::sub_component::SubComponent;
use crate::units::{Fraction, Score};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The least reliability that makes a score.
pub const MIN_RELIABILITY: f64 = 0.6;

/// A contract's score in six dimensions. Scores have two decimals, consensus and reliability four.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confluence {
    /// The weighted mean of the measurements; nothing below [`MIN_RELIABILITY`], or where
    /// a measurement would weigh too much of it.
    pub score: Option<Score>,
    /// The weighted means of each dimension's parts; nothing where all are missing.
    pub components: Components,
    /// Every part, `None` where it is missing.
    #[serde(deserialize_with = "known_parts")]
    pub sub_components: BTreeMap<SubComponent, Option<Score>>,
    /// What the parts that measure the same say together, and what that weighs; nothing from a
    /// release before this field.
    #[serde(default)]
    pub measurements: BTreeMap<Measurement, Measured>,
    /// The parts without input: their weight went to the others.
    #[serde(deserialize_with = "known_names")]
    pub missing: Vec<SubComponent>,
    /// Why each of them has none; nothing from a release before this field.
    #[serde(default, deserialize_with = "known_reasons")]
    pub missing_reasons: BTreeMap<SubComponent, MissingReason>,
    /// How much the measurements agree, 1 when they all say the same; nothing without one.
    pub consensus: Option<Fraction>,
    /// The share of the score's evidence that was there and fresh.
    pub reliability: Fraction,
    /// A sentence for each dimension that has a score.
    pub interpretations: BTreeMap<Dimension, String>,
    /// The version of the weights and formulas by which it was worked out; nothing from a release
    /// before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
}

/// What one measurement says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// 0 bearish – 100 bullish, two decimals.
    pub score: Score,
    /// The share of the whole score that it has now, four decimals.
    pub weight: Fraction,
}

/// The parts that this release knows: another one may have more.
fn known_parts<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<SubComponent, Option<Score>>, D::Error> {
    let all = BTreeMap::<String, Option<Score>>::deserialize(from)?;
    Ok(all
        .into_iter()
        // A part of a newer release has a weight in the score already; only its detail cannot be
        // shown.
        .filter_map(|(name, score)| Some((SubComponent::of_wire_name(&name)?, score)))
        .collect())
}

/// The same of a list of names.
fn known_names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SubComponent>, D::Error> {
    let all = Vec::<String>::deserialize(from)?;
    Ok(all
        .iter()
        .filter_map(|name| SubComponent::of_wire_name(name))
        .collect())
}

/// The same of reasons, by the names of their parts.
fn known_reasons<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<SubComponent, MissingReason>, D::Error> {
    let all = BTreeMap::<String, String>::deserialize(from)?;
    Ok(all
        .iter()
        .filter_map(|(part, reason)| {
            Some((
                SubComponent::of_wire_name(part)?,
                MissingReason::of_wire_name(reason)?,
            ))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_release_has_more_or_less_is_no_error() {
        let other = r#"{"score":50.0,"components":{"technical":null,"volume":null,"orderflow":null,"orderbook":null,
            "price_structure":null,"sentiment":null},"sub_components":{"orderbook.mpi":null,"technical.rsi":61.5},
            "missing":["orderbook.mpi","technical.ao"],"consensus":null,"reliability":0.9,"interpretations":{}}"#;
        let read: Confluence = serde_json::from_str(other).unwrap();
        assert_eq!(
            read.sub_components,
            BTreeMap::from([(SubComponent::Rsi, Some(Score::new(61.5).unwrap()))])
        );
        assert_eq!(read.missing, [SubComponent::Ao]);
        assert_eq!((read.measurements.len(), read.weights), (0, None));
        assert_eq!(read.missing_reasons, BTreeMap::new());
        let later = other.replace(
            r#""consensus""#,
            r#""missing_reasons":{"orderbook.mpi":"too_old","technical.ao":"too_old","technical.rsi":"on_strike"},"consensus""#,
        );
        let read: Confluence = serde_json::from_str(&later).unwrap();
        assert_eq!(
            read.missing_reasons,
            BTreeMap::from([(SubComponent::Ao, MissingReason::TooOld)])
        );
    }
}
