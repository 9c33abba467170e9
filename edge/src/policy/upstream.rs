//! The upstreams, in the order of preference, and a value for each of them.

use shared::exchange::secondary::Secondary;

/// A server that may have data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Upstream {
    /// Our origin, whose snapshots have every section.
    Origin,
    /// Bybit itself: the same market, from its ticker table alone.
    Bybit,
    /// OKX: another perpetual market, when Bybit fails here.
    Okx,
    /// Binance: a spot market, when OKX fails too.
    Binance,
}

impl Upstream {
    /// Every upstream, the preferred first.
    pub const ALL: [Self; 4] = [Self::Origin, Self::Bybit, Self::Okx, Self::Binance];

    /// The exchanges, which limit calls per address.
    pub const EXCHANGES: [Self; 3] = [Self::Bybit, Self::Okx, Self::Binance];

    /// The upstream of a fallback exchange.
    #[must_use]
    pub const fn of(secondary: Secondary) -> Self {
        match secondary {
            Secondary::Okx => Self::Okx,
            Secondary::Binance => Self::Binance,
        }
    }

    /// The name in outcomes, headers and the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Bybit => "bybit-direct",
            Self::Okx => "okx",
            Self::Binance => "binance",
        }
    }
}

/// One value for each upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerUpstream<T> {
    origin: T,
    bybit: T,
    okx: T,
    binance: T,
}

impl<T> PerUpstream<T> {
    /// The value that `of` gives for each.
    pub fn new(mut of: impl FnMut(Upstream) -> T) -> Self {
        Self {
            // By name and not by index: a lookup cannot fail, so it cannot panic.
            origin: of(Upstream::Origin),
            bybit: of(Upstream::Bybit),
            okx: of(Upstream::Okx),
            binance: of(Upstream::Binance),
        }
    }

    /// The value of one.
    pub const fn get(&self, upstream: Upstream) -> &T {
        match upstream {
            Upstream::Origin => &self.origin,
            Upstream::Bybit => &self.bybit,
            Upstream::Okx => &self.okx,
            Upstream::Binance => &self.binance,
        }
    }

    /// The same, to be changed.
    pub const fn get_mut(&mut self, upstream: Upstream) -> &mut T {
        match upstream {
            Upstream::Origin => &mut self.origin,
            Upstream::Bybit => &mut self.bybit,
            Upstream::Okx => &mut self.okx,
            Upstream::Binance => &mut self.binance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_value_and_its_own_name() {
        let mut all = PerUpstream::new(Upstream::name);
        for upstream in Upstream::ALL {
            assert_eq!(*all.get(upstream), upstream.name());
            *all.get_mut(upstream) = "";
            assert_eq!(*all.get(upstream), "");
        }
    }
}
