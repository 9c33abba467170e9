//! `GET /api/v3/global/decentralized_finance_defi`: decimals of absurd length in strings, one
//! number among them.

use serde_json::json;

use super::totals::Totals;
use crate::clock::{DAY_MS, HOUR_MS};
use crate::market::Market;
use crate::market::noise::{fork, mix, wave};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

pub(super) fn answer(source: &Source, _query: &Query, moment: Moment) -> Reply {
    match source {
        Source::Replayed(recordings) => match &recordings.coingecko_defi {
            Some(body) => Reply::json(body.clone()),
            None => Reply::not_recorded("/api/v3/global/decentralized_finance_defi"),
        },
        Source::Generated(generated) => {
            // New totals appear once an hour.
            let at_ms = moment.data_ms.div_euclid(HOUR_MS) * HOUR_MS;
            let body = body(&generated.market, at_ms);
            body.map_or_else(
                || Reply::not_recorded("bitcoin"),
                |body| Reply::json(body.to_string()),
            )
        }
    }
}

fn body(market: &Market, at_ms: i64) -> Option<serde_json::Value> {
    let totals = Totals::at(market, at_ms)?;
    let key = fork(market.seed(), 31);
    let share = 0.004_f64.mul_add(wave(key, at_ms, 10 * DAY_MS), 0.041);
    let defi_usd = totals.market_cap_usd * share;
    let ether_usd = totals.ether_cap_usd();
    let volume_usd = defi_usd * 0.015_f64.mul_add(wave(fork(key, 1), at_ms, DAY_MS), 0.05);
    let digits = fork(key, at_ms.cast_unsigned());
    Some(json!({"data": {
        "defi_market_cap": long(defi_usd, 18, digits),
        "eth_market_cap": long(ether_usd, 19, fork(digits, 1)),
        "defi_to_eth_ratio": long(100.0 * defi_usd / ether_usd, 61, fork(digits, 2)),
        "trading_volume_24h": long(volume_usd, 21, fork(digits, 3)),
        "defi_dominance": long(100.0 * share, 52, fork(digits, 4)),
        "top_coin_name": "Lido Staked Ether",
        "top_coin_defi_dominance": 2.0_f64.mul_add(wave(fork(key, 5), at_ms, 10 * DAY_MS), 28.0),
    }}))
}

/// A number with far more decimals than an `f64` can hold.
fn long(value: f64, decimals: usize, key: u64) -> String {
    const HONEST_DECIMALS: usize = 4;
    let noise = (0..decimals.saturating_sub(HONEST_DECIMALS) as u64)
        .map(|place| mix(fork(key, place)) % 10);
    let mut text = format!("{value:.HONEST_DECIMALS$}");
    text.extend(noise.filter_map(|digit| char::from_digit(u32::try_from(digit).ok()?, 10)));
    text
}
