//! `GET /api/v3/global`.

use serde_json::{Map, Value, json};

use super::totals::Totals;
use crate::clock::{DAY_MS, SECOND_MS};
use crate::market::Market;
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// New totals appear once in so long, as at the publisher.
const PERIOD_MS: i64 = 600 * SECOND_MS;
/// The totals are this old when they appear.
const LAG_MS: i64 = 20 * SECOND_MS;

/// Units of a currency per dollar. Bitcoin, ether and the multiples of bitcoin follow the
/// exchange's prices.
const PER_DOLLAR: [(&str, f64); 24] = [
    ("usd", 1.0),
    ("aed", 3.673),
    ("ars", 1_073.5),
    ("aud", 1.653),
    ("brl", 5.844),
    ("cad", 1.425),
    ("chf", 0.854),
    ("clp", 980.0),
    ("cny", 7.311),
    ("eur", 0.914),
    ("gbp", 0.781),
    ("idr", 16_986.2),
    ("inr", 85.82),
    ("jpy", 146.4),
    ("krw", 1_463.9),
    ("mxn", 20.58),
    ("ngn", 1_548.3),
    ("pln", 3.928),
    ("rub", 86.3),
    ("sgd", 1.346),
    ("try", 38.01),
    ("uah", 41.05),
    ("vef", 0.1001),
    ("vnd", 25_806.5),
];

/// Shares of the coins below bitcoin and ether in what those leave, largest first: the rest is of
/// thousands of others.
const OTHERS: [(&str, f64); 8] = [
    ("usdt", 0.216),
    ("xrp", 0.177),
    ("bnb", 0.137),
    ("usdc", 0.090),
    ("sol", 0.089),
    ("trx", 0.041),
    ("doge", 0.032),
    ("ada", 0.030),
];

pub(super) fn answer(source: &Source, _query: &Query, moment: Moment) -> Reply {
    match source {
        Source::Replayed(recordings) => match &recordings.coingecko_global {
            Some(body) => Reply::json(body.clone()),
            None => Reply::not_recorded("/api/v3/global"),
        },
        Source::Generated(generated) => {
            let updated = |at_ms: i64| (at_ms - LAG_MS).div_euclid(PERIOD_MS) * PERIOD_MS;
            let body = body(
                &generated.market,
                updated(moment.data_ms),
                updated(moment.stamp_ms),
            );
            body.map_or_else(
                || Reply::not_recorded("bitcoin"),
                |body| Reply::json(body.to_string()),
            )
        }
    }
}

fn body(market: &Market, at_ms: i64, stamp_ms: i64) -> Option<Value> {
    let now = Totals::at(market, at_ms)?;
    let yesterday = Totals::at(market, at_ms - DAY_MS)?;
    let change_percent = |now: f64, then: f64| 100.0 * (now / then - 1.0);
    Some(json!({"data": {
        "active_cryptocurrencies": 17_111,
        "upcoming_icos": 0,
        "ongoing_icos": 49,
        "ended_icos": 3_376,
        "markets": 1_297,
        "total_market_cap": in_all_currencies(&now, now.market_cap_usd),
        "total_volume": in_all_currencies(&now, now.volume_usd),
        "market_cap_percentage": shares(&now),
        "market_cap_change_percentage_24h_usd": change_percent(now.market_cap_usd, yesterday.market_cap_usd),
        "volume_change_percentage_24h_usd": change_percent(now.volume_usd, yesterday.volume_usd),
        "updated_at": stamp_ms / SECOND_MS,
    }}))
}

fn in_all_currencies(totals: &Totals, usd: f64) -> Map<String, Value> {
    let bitcoins = usd / totals.bitcoin_price;
    let coins = [
        ("btc", bitcoins),
        ("eth", usd / totals.ether_price),
        ("bits", bitcoins * 1e6),
        ("sats", bitcoins * 1e8),
    ];
    let currencies = PER_DOLLAR
        .into_iter()
        .map(|(code, rate)| (code, usd * rate));
    coins
        .into_iter()
        .chain(currencies)
        .map(|(code, amount)| (code.to_owned(), json!(amount)))
        .collect()
}

fn shares(totals: &Totals) -> Map<String, Value> {
    let ether = 100.0 * totals.ether_cap_usd() / totals.market_cap_usd;
    let large = [("btc", totals.bitcoin_percent()), ("eth", ether)];
    let left = 100.0 - totals.bitcoin_percent() - ether;
    let others = OTHERS.into_iter().map(|(id, share)| (id, share * left));
    large
        .into_iter()
        .chain(others)
        .map(|(id, percent)| (id.to_owned(), json!(percent)))
        .collect()
}
