//! What moves all contracts of a kind together.

use super::noise;

/// The move that all contracts of a kind share, as a logarithm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tide {
    pub(crate) coins: f64,
    pub(crate) stocks: f64,
}

impl Tide {
    /// The curve of a kind, and how much of it a usual day is.
    pub(super) const COINS: (u64, f64) = (11, 0.012);
    pub(super) const STOCKS: (u64, f64) = (12, 0.010);

    pub(crate) fn at(seed: u64, at_ms: i64) -> Self {
        let part =
            |(branch, scale): (u64, f64)| scale * noise::wander(noise::fork(seed, branch), at_ms);
        Self {
            coins: part(Self::COINS),
            stocks: part(Self::STOCKS),
        }
    }
}
