//! What the origin alone works out: scores in six dimensions, betas, charts, statistics, positions and
//! alerts, from candles, books, trades and positions.
//!
//! Pure, as `shared` is: no I/O, no clock, no environment, no panic; `now` is an argument. The edge
//! serves all of it and works none of it out, so its WebAssembly holds nothing of this crate. What
//! comes out are the types of `shared`: sections of a snapshot, and what they are put together of.

pub mod agreement;

pub mod volatility;

pub mod funding;

pub mod positioning;

pub mod scores;

pub mod beta;

pub mod performance;

pub mod statistics;

pub mod alerts;

#[cfg(test)]
pub(crate) mod testing;
