//! What is served is shown in the class that its parts have while it is served, not in that of the
//! moment of assembly.

use crate::support::json::{number, text};
use crate::support::{NOW, Scene, ago, body_in, fear_greed, global_market, known, tree};
use serde_json::Value;
use shared::endpoints::{Absence, Endpoint, Question};
use shared::freshness::{Freshness, Limits};
use shared::headers::{self, DATA_QUALITY};
use shared::projection;
use shared::provenance::Venue;
use shared::snapshot::Withheld;
use shared::snapshot::alerts::AlertSection;
use shared::validate::ValidSnapshot;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The good market with figures of the whole market that will be of `age_ms` when a fresh body
/// ends.
fn with_global(age_ms: u64) -> ValidSnapshot {
    let fresh_ends_in = Limits::DEFAULT.fresh_ms - 1_500;
    Scene {
        global_market: known(global_market(), Venue::CoinGecko, age_ms - fresh_ends_in),
        ..Scene::good()
    }
    .valid()
}

#[track_caller]
fn check_global(valid: &ValidSnapshot, class: Freshness, expected: &str) {
    let body = body_in(valid, Endpoint::MobileData, class);
    assert_eq!(
        text(&body, "/sections/global_market/status"),
        expected,
        "{class:?}"
    );
    let is_shown = body["market_overview"]["btc_dominance"].is_number();
    assert_eq!(is_shown, expected != "unavailable", "{class:?}");
}

#[test]
fn a_section_is_in_the_class_that_it_has_when_its_body_ends() {
    check_global(&with_global(25 * MINUTE_MS), Freshness::Fresh, "fresh");
    check_global(&with_global(25 * MINUTE_MS), Freshness::Aging, "aging");
    check_global(&with_global(25 * MINUTE_MS + 1), Freshness::Fresh, "aging");
    check_global(&with_global(2 * HOUR_MS), Freshness::Fresh, "aging");
    check_global(&with_global(2 * HOUR_MS), Freshness::Stale, "unavailable");
}

#[test]
fn a_section_past_its_limit_is_null_and_says_so() {
    let body = body_in(
        &with_global(2 * HOUR_MS),
        Endpoint::MobileData,
        Freshness::Aging,
    );
    assert_eq!(text(&body, "/sections/global_market/reason"), "too_old");
    assert_eq!(body["market_overview"]["total_market_cap"], Value::Null);
    assert!(
        body["degraded"]
            .as_array()
            .unwrap()
            .contains(&"global_market_too_old".into()),
        "{}",
        body["degraded"]
    );
    assert_eq!(text(&body, "/sections/fear_greed/status"), "fresh");
}

#[test]
fn a_day_s_index_and_the_list_of_contracts_are_judged_the_same_way() {
    let mut scene = Scene::good();
    scene.fear_greed = known(fear_greed(), Venue::AlternativeMe, 48 * HOUR_MS - MINUTE_MS);
    scene.universe.as_of_ms = ago(24 * HOUR_MS - MINUTE_MS);
    let valid = scene.valid();
    let fresh = body_in(&valid, Endpoint::MobileData, Freshness::Fresh);
    let stale = body_in(&valid, Endpoint::MobileData, Freshness::Stale);
    assert_eq!(
        (
            number(&fresh, "/market_overview/fear_greed_value"),
            text(&fresh, "/sections/instruments/status")
        ),
        (69.0, "aging")
    );
    assert_eq!(stale["market_overview"]["fear_greed_value"], Value::Null);
    assert_eq!(
        stale["market_overview"]["market_regime_details"]["sentiment"],
        Value::Null
    );
    assert_eq!(text(&stale, "/sections/instruments/status"), "stale");
}

#[test]
fn a_question_about_a_section_past_its_limit_is_told_why() {
    let mut scene = Scene::good();
    scene.long_view.alerts = known(
        AlertSection { alerts: Vec::new() },
        Venue::Bybit,
        HOUR_MS - MINUTE_MS,
    );
    let valid = scene.valid();
    let absence = |class| projection::absence(&valid, Endpoint::Alerts, class, &Limits::DEFAULT);
    assert_eq!(
        (absence(Freshness::Fresh), absence(Freshness::Stale)),
        (None, Some("too_old"))
    );
    let question = Question::RecentAlerts { limit: 5 };
    let answer = projection::answer(&valid, &question, Freshness::Stale, &Limits::DEFAULT).unwrap();
    assert_eq!(answer, Err(Absence::NotAnalysed("too_old")));
    let silent = Scene::from_tickers_alone().valid();
    let absence = projection::absence(
        &silent,
        Endpoint::Alerts,
        Freshness::Stale,
        &Limits::DEFAULT,
    );
    assert_eq!(
        absence,
        Some("not_asked"),
        "what was absent from the beginning keeps its reason"
    );
}

#[test]
fn the_quality_is_that_of_the_parts_as_they_are_shown() {
    let valid = with_global(25 * MINUTE_MS);
    let quality = |class| {
        let sent = headers::of_body(
            &valid,
            &Question::Whole(Endpoint::MobileData),
            class,
            &Limits::DEFAULT,
        );
        let quality = sent
            .into_iter()
            .find(|(name, _)| *name == DATA_QUALITY)
            .map(|(_, value)| value);
        quality.unwrap().parse::<f64>().unwrap()
    };
    // An aging part counts half, and the whole market's figures are a tenth.
    assert_eq!(quality(Freshness::Fresh), valid.quality().get());
    assert!((quality(Freshness::Fresh) - quality(Freshness::Aging) - 0.05).abs() < 1e-9);
}

#[test]
fn what_is_past_its_limit_is_withheld_with_its_time_for_whoever_goes_on_from_it() {
    let age_ms = 24 * HOUR_MS;
    let scene = Scene {
        global_market: known(global_market(), Venue::CoinGecko, age_ms),
        ..Scene::good()
    };
    let snapshot = scene.snapshot();
    assert_eq!(snapshot.global_market.reason(), Some("too_old"));
    let stated = snapshot.withheld.global_market.clone().unwrap();
    assert_eq!(
        (stated.value, stated.as_of_ms),
        (global_market(), ago(age_ms))
    );
    assert_eq!(snapshot.withheld.defi_market, None, "that one is shown");
    let body = body_in(&scene.valid(), Endpoint::MobileData, Freshness::Fresh);
    assert_eq!(body["market_overview"]["total_market_cap"], Value::Null);

    // So is what ends while a stored snapshot is good.
    let ending = with_global(2 * HOUR_MS);
    assert_eq!(ending.get().withheld, Withheld::NOTHING);
    let later = ending.get().served_at(NOW.plus_millis(HOUR_MS));
    assert!(later.global_market.value().is_none() && later.withheld.global_market.is_some());

    let good = tree(&Scene::good().valid());
    assert_eq!(good.get("withheld"), None);
    assert_eq!(Scene::good().snapshot().withheld, Withheld::NOTHING);
    // Only the origin asks these publishers and stores what they said.
    let at_the_edge = Scene {
        global_market: known(global_market(), Venue::CoinGecko, age_ms),
        ..Scene::fallback()
    };
    assert_eq!(at_the_edge.snapshot().withheld, Withheld::NOTHING);
}
