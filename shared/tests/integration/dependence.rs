//! A change of one upstream value changes exactly the fields that rest on it; a source that falls
//! silent takes exactly its own.

use crate::support::{Scene, amount, body, fear_greed, global_market, known, share};
use serde_json::Value;
use shared::assemble::Slow;
use shared::endpoints::Endpoint;
use shared::market::{FearGreed, GlobalMarket};
use shared::provenance::Venue;
use std::collections::BTreeSet;

/// Pointers to the leaves in which two bodies differ. A leaf that only one of them has counts too.
fn differences(before: &Value, after: &Value) -> BTreeSet<String> {
    fn walk(
        path: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        found: &mut BTreeSet<String>,
    ) {
        if before == after {
            return;
        }
        let (before_fields, after_fields) = (
            before.and_then(Value::as_object),
            after.and_then(Value::as_object),
        );
        let (before_items, after_items) = (
            before.and_then(Value::as_array),
            after.and_then(Value::as_array),
        );
        if let (Some(one), Some(other)) = (before_fields, after_fields) {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                walk(
                    &format!("{path}/{key}"),
                    one.get(key),
                    other.get(key),
                    found,
                );
            }
        } else if let (Some(one), Some(other)) = (before_items, after_items)
            && path == "/degraded"
        {
            // Reasons have no place of their own: what counts is which are told.
            let differing = one.iter().filter(|reason| !other.contains(reason));
            let differing = differing.chain(other.iter().filter(|reason| !one.contains(reason)));
            found.extend(differing.map(|reason| format!("{path}/{}", reason.as_str().unwrap())));
        } else if let (Some(one), Some(other)) = (before_items, after_items) {
            for index in 0..one.len().max(other.len()) {
                walk(
                    &format!("{path}/{index}"),
                    one.get(index),
                    other.get(index),
                    found,
                );
            }
        } else {
            found.insert(path.to_owned());
        }
    }
    let mut found = BTreeSet::new();
    walk("", Some(before), Some(after), &mut found);
    found
}

#[track_caller]
fn check(changed: &Scene<'_>, expected: &[&str]) {
    let before = body(&Scene::good().valid(), Endpoint::MobileData);
    let after = body(&changed.valid(), Endpoint::MobileData);
    let expected: BTreeSet<String> = expected.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(differences(&before, &after), expected);
}

fn with_global(change: impl FnOnce(&mut GlobalMarket)) -> Scene<'static> {
    let mut global = global_market();
    change(&mut global);
    Scene {
        global_market: known(global, Venue::CoinGecko, 60_000),
        ..Scene::good()
    }
}

#[test]
fn bitcoins_share_moves_itself_and_what_is_left_for_the_others() {
    let share_before = global_market().btc_dominance.unwrap().get();
    check(
        &with_global(|global| global.btc_dominance = Some(share(share_before - 1.0))),
        &[
            "/market_overview/altcoin_dominance",
            "/market_overview/remaining_dominance",
            "/market_overview/btc_dominance",
        ],
    );
}

#[test]
fn the_markets_volume_moves_both_of_its_names_and_their_ratio_and_never_our_turnover() {
    check(
        &with_global(|global| global.volume_24h = amount(global.volume_24h.get() * 1.5)),
        &[
            "/market_overview/coingecko_volume_24h",
            "/market_overview/total_volume",
            "/market_overview/volume_mcap_ratio",
        ],
    );
}

#[test]
fn fear_and_greed_within_one_mood_moves_its_value_alone() {
    let index = FearGreed {
        value: share(60.0),
        ..fear_greed()
    };
    check(
        &Scene {
            fear_greed: known(index, Venue::AlternativeMe, 36_000_000),
            ..Scene::good()
        },
        &["/market_overview/fear_greed_value"],
    );
}

#[test]
fn one_contracts_funding_moves_the_mean_rates_alone() {
    let mut scene = Scene::good();
    scene.tickers.rows[3].funding_rate = Some(0.0123);
    check(&scene, &["/perps/funding_rate", "/perps/funding_paid"]);
}

#[test]
fn one_contracts_open_interest_moves_the_sum_alone() {
    let mut scene = Scene::good();
    scene.tickers.rows[3].open_interest_usd = Some(amount(9.87e9));
    check(&scene, &["/perps/total_open_interest"]);
}

#[test]
fn a_silent_market_wide_source_takes_exactly_its_own_figures_and_says_why() {
    let silent = Scene {
        global_market: Slow::unknown("timeout"),
        ..Scene::good()
    };
    check(
        &silent,
        &[
            "/degraded/global_market_timeout",
            "/market_overview/active_cryptocurrencies",
            "/market_overview/altcoin_dominance",
            "/market_overview/remaining_dominance",
            "/market_overview/altcoin_season",
            "/market_overview/btc_dominance",
            "/market_overview/coingecko_volume_24h",
            "/market_overview/eth_dominance",
            "/market_overview/market_cap_change_24h",
            "/market_overview/stablecoin_dominance",
            "/market_overview/stablecoin_top10_dominance",
            "/market_overview/total_market_cap",
            "/market_overview/total_volume",
            "/market_overview/volume_mcap_ratio",
            "/sections/global_market/as_of_ms",
            "/sections/global_market/reason",
            "/sections/global_market/source",
            "/sections/global_market/status",
        ],
    );
    let overview = body(&silent.valid(), Endpoint::MobileData)["market_overview"].clone();
    assert_eq!(overview["btc_dominance"], Value::Null);
}

#[test]
fn a_silent_fear_and_greed_takes_exactly_its_own_figures_and_says_why() {
    check(
        &Scene {
            fear_greed: Slow::unknown("http_503"),
            ..Scene::good()
        },
        &[
            "/degraded/fear_greed_http_503",
            "/market_overview/fear_greed_label",
            "/market_overview/fear_greed_value",
            "/market_overview/market_regime_details/sentiment",
            "/sections/fear_greed/as_of_ms",
            "/sections/fear_greed/reason",
            "/sections/fear_greed/source",
            "/sections/fear_greed/status",
        ],
    );
}
