//! Scores in six dimensions.
//!
//! Order: `inputs` (facts with their ages) → `bars`, `flow`, `orderbook` (facts prepared for
//! formulas) → the formulas of the six dimensions → `charts` (what candles alone say, kept) →
//! `six_dimension` (which formula reads which input) → [`combine`], by the weights in [`shared::analysis::scores::weights`]. `missing` says
//! why a part has no input.
//!
//! Every formula gives a signal from −1 (bearish) to 1 (bullish), the type `Lean`. A mirrored
//! market gives the negated signal, and small changes of an input change the signal little;
//! [`technical::adx`] names the one exception. `tanh` maps measures without bounds into that range;
//! each has a scale at which it gives tanh(1) ≈ 0.76.

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

pub mod book_flow;

pub mod price_structure;

pub mod sentiment;

pub mod charts;

pub mod inputs;

mod missing;

pub mod six_dimension;
