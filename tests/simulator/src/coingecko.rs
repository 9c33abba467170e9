//! CoinGecko's totals of the whole market. <https://docs.coingecko.com/reference/crypto-global>

mod defi;
mod global;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::clock::DAY_MS;
use super::link::Link;
use super::market::Market;
use super::market::noise::{fork, wave};
use super::pipeline::{Request, Simulator};

/// Coins in circulation.
const BITCOINS: f64 = 19_960_000.0;
const ETHERS: f64 = 120_700_000.0;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route(
            "/api/v3/global",
            get(|request: Request| request.answer(Link::CoinGeckoGlobal, global::answer)),
        )
        .route(
            "/api/v3/global/decentralized_finance_defi",
            get(|request: Request| request.answer(Link::CoinGeckoDefi, defi::answer)),
        )
}

/// The size of the market, in agreement with the prices on the exchange.
#[derive(Clone, Copy, Debug)]
struct Totals {
    bitcoin_price: f64,
    ether_price: f64,
    market_cap_usd: f64,
    volume_usd: f64,
}

impl Totals {
    fn at(market: &Market, at_ms: i64) -> Option<Self> {
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

    fn bitcoin_percent(&self) -> f64 {
        100.0 * self.bitcoin_price * BITCOINS / self.market_cap_usd
    }

    fn ether_cap_usd(&self) -> f64 {
        self.ether_price * ETHERS
    }
}
