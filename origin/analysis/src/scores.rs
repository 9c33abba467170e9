//! Scores in six dimensions.
//!
//! Facts flow down the modules below: `inputs` → `bars`, `flow` → the formulas of the six
//! dimensions → `six_dimension` → [`combine`], by the weights that stand in
//! [`shared::analysis::scores::weights`].

pub mod reading;

pub mod interpret;

pub mod combine;

pub mod maths;

pub mod indicators;

pub mod bars;

mod profile;

pub mod flow;

mod swings;

pub mod technical;

pub mod volume;

pub mod orderflow;

pub mod orderbook;

pub mod price_structure;

pub mod sentiment;

pub mod inputs;

mod missing;

pub mod six_dimension;
