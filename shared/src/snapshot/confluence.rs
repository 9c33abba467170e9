//! One contract's score in six dimensions, as it is published.

use super::Components;
use super::dimension::Dimension;
use super::sub_component::SubComponent;
use crate::units::{Fraction, Score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The least reliability that makes a score.
pub const MIN_RELIABILITY: f64 = 0.6;

/// A contract's score in six dimensions. Scores have two decimals, consensus and reliability four.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confluence {
    /// The weighted mean of the dimensions; nothing below [`MIN_RELIABILITY`].
    pub score: Option<Score>,
    /// The dimensions; nothing where all parts are missing.
    pub components: Components,
    /// Every part, `None` where it is missing.
    pub sub_components: BTreeMap<SubComponent, Option<Score>>,
    /// The parts without input: their weight went to the others of their dimension.
    pub missing: Vec<SubComponent>,
    /// How much the dimensions agree, 1 when they all say the same; nothing without a dimension.
    pub consensus: Option<Fraction>,
    /// The share of the score's evidence that was there and fresh.
    pub reliability: Fraction,
    /// A sentence for each dimension that has a score.
    pub interpretations: BTreeMap<Dimension, String>,
}
