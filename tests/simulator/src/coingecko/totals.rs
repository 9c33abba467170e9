//! The size of the whole market.

use crate::clock::DAY_MS;
use crate::market::Market;
use crate::market::noise::{fork, wave};

/// Coins in circulation.
const BITCOINS: f64 = 19_960_000.0;
const ETHERS: f64 = 120_700_000.0;

/// The size of the market, in agreement with the prices on the exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) bitcoin_price: f64,
    pub(super) ether_price: f64,
    pub(super) market_cap_usd: f64,
    pub(super) volume_usd: f64,
}

impl Totals {
    pub(super) fn at(market: &Market, at_ms: i64) -> Option<Self> {
        let bitcoin_price = market.coin_price("BTC", at_ms)?;
        let ether_price = market.coin_price("ETH", at_ms)?;
        // Bitcoin's share of the market changes slowly.
        let bitcoin_share =
            0.015_f64.mul_add(wave(fork(market.seed(), 21), at_ms, 20 * DAY_MS), 0.58);
        let market_cap_usd = bitcoin_price * BITCOINS / bitcoin_share;
        let turnover = 0.015_f64.mul_add(wave(fork(market.seed(), 22), at_ms, DAY_MS), 0.048);
        Some(Self {
            bitcoin_price,
            ether_price,
            market_cap_usd,
            volume_usd: market_cap_usd * turnover,
        })
    }

    pub(super) fn bitcoin_percent(&self) -> f64 {
        100.0 * self.bitcoin_price * BITCOINS / self.market_cap_usd
    }

    pub(super) fn ether_cap_usd(&self) -> f64 {
        self.ether_price * ETHERS
    }
}
