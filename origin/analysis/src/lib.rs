//! What the origin alone computes: scores in six dimensions, betas, charts, statistics, positions,
//! liquidations and alerts, from candles, books and what happens to them, trades, positions and what
//! is heard of liquidations.
//!
//! Pure, as `shared` is: no I/O, no clock, no environment, no panic; `now` is an argument. The edge
//! serves all of it and computes none of it, so its WebAssembly contains nothing of this crate. The
//! results are types of `shared`: sections of a snapshot, and their parts.
//!
//! Conventions: a figure that cannot be computed is `None`, never a neutral value. Fractions and
//! percentages are named as such; prices are USDT, sizes are in the base coin.

pub mod agreement;

pub mod volatility;

pub mod book_flow;

pub mod liquidations;

pub mod funding;

pub mod positioning;

pub mod scores;

pub mod beta;

pub mod performance;

pub mod statistics;

pub mod past_interest;

pub mod alerts;

#[cfg(test)]
pub(crate) mod testing;
