//! What every body says, whatever the endpoint: how old the data is, from where, and that unknown
//! is unknown.

use crate::support::json::{array, keys, leaves, number, repeated_key, text};
use crate::support::{
    self, AS_OF, NOW, Scene, ago, body, body_in, bytes, client_endpoints, global_market, known,
};
use serde_json::{Value, json};
use shared::assemble::{AssembleError, Slow};
use shared::endpoints::{Endpoint, Question};
use shared::freshness::{Freshness, Limits};
use shared::headers;
use shared::market::Dated;
use shared::projection::MOBILE_ROWS;
use shared::provenance::{Feed, Source, Venue};
use shared::snapshot::Producer;
use shared::units::Amount;
use shared::validate::ValidSnapshot;
use std::collections::HashSet;

/// Runs a check over every body that clients can get, of a full and of a poor snapshot.
#[track_caller]
fn for_every_body(mut check: impl FnMut(&ValidSnapshot, Endpoint, Freshness, &Value)) {
    for scene in [Scene::good(), Scene::fallback()] {
        let valid = scene.valid();
        for endpoint in client_endpoints() {
            for class in Freshness::ALL {
                check(&valid, endpoint, class, &body_in(&valid, endpoint, class));
            }
        }
    }
}

#[test]
fn every_body_says_how_good_and_how_old_it_is() {
    for_every_body(|_, endpoint, class, body| {
        assert_eq!(text(body, "/status"), "success", "{endpoint:?}");
        assert_eq!(text(body, "/freshness"), class.name(), "{endpoint:?}");
        assert_eq!(body["as_of_ms"], json!(AS_OF.as_millis()), "{endpoint:?}");
        assert_eq!(body["timestamp"], json!(AS_OF.as_secs()), "{endpoint:?}");
        assert!(body["degraded"].is_array(), "{endpoint:?}");
    });
}

#[test]
fn a_body_for_phones_has_the_forty_contracts_with_most_turnover_however_many_are_monitored() {
    let mut scene = Scene::good();
    scene.settings.monitored_symbols = 60;
    let valid = scene.valid();
    let scores = &valid.get().scores;
    assert_eq!(scores.len(), 60);
    let mut turnovers: Vec<f64> = scores
        .iter()
        .map(|row| row.turnover_24h.unwrap().get())
        .collect();
    turnovers.sort_by(|a, b| b.total_cmp(a));
    let least = turnovers[MOBILE_ROWS - 1];
    // In the order of the scores.
    let expected: Vec<&str> = scores
        .iter()
        .filter(|row| row.turnover_24h.unwrap().get() >= least)
        .map(|row| row.symbol.as_str())
        .collect();
    for (endpoint, field) in [
        (Endpoint::MobileData, "/confluence_scores"),
        (Endpoint::DashboardMobileData, "/symbols"),
    ] {
        let body = body(&valid, endpoint);
        let symbols: Vec<&str> = array(&body, field)
            .iter()
            .map(|row| row["symbol"].as_str().unwrap())
            .collect();
        assert_eq!(symbols, expected, "{endpoint:?}");
        assert!(symbols.contains(&"BTCUSDT") && symbols.contains(&"ETHUSDT"));
    }
    let all = body(&valid, Endpoint::Symbols);
    assert_eq!(array(&all, "/symbols").len(), 60);
}

#[test]
fn stale_data_is_the_last_known_good_and_all_else_names_its_producer() {
    for_every_body(|valid, endpoint, class, body| {
        let expected = match (class, valid.get().producer) {
            (Freshness::Stale, _) => "last_known_good",
            (_, Producer::Origin) => "origin",
            (_, Producer::BybitDirect) => "bybit_direct",
            (_, Producer::SecondaryExchange) => "secondary_exchange",
        };
        assert_eq!(
            text(body, "/data_source"),
            expected,
            "{endpoint:?} {class:?}"
        );
    });
}

#[test]
fn every_body_names_exchange_and_producer_also_as_the_last_known_good() {
    for_every_body(|valid, endpoint, class, body| {
        let (producer, served_as) = match (class, valid.get().producer) {
            (Freshness::Stale, Producer::Origin) => ("origin", "last_known_good"),
            (Freshness::Stale, _) => ("bybit_direct", "last_known_good"),
            (_, Producer::Origin) => ("origin", "current"),
            (_, _) => ("bybit_direct", "current"),
        };
        let said = ["/venue", "/producer", "/served_as"].map(|field| text(body, field));
        assert_eq!(
            said,
            ["bybit", producer, served_as],
            "{endpoint:?} {class:?}"
        );
    });
}

#[test]
fn data_that_is_not_fresh_is_called_degraded() {
    let valid = Scene::good().valid();
    let degraded = |class| body_in(&valid, Endpoint::MobileData, class)["degraded"].clone();
    // Neither analysis nor what rests on candles is in the scene.
    let missing = [
        "analysis_missing",
        "beta_not_asked",
        "performance_not_asked",
        "statistics_not_asked",
        "alerts_not_asked",
    ];
    assert_eq!(degraded(Freshness::Fresh), json!(missing));
    assert_eq!(
        degraded(Freshness::Aging),
        json!([&["data_aging"], missing.as_slice()].concat())
    );
    assert_eq!(
        degraded(Freshness::Stale),
        json!([&["data_stale"], missing.as_slice()].concat())
    );
}

#[test]
fn unchanged_data_gives_the_same_bytes() {
    for endpoint in Endpoint::ALL {
        for class in Freshness::ALL {
            let made = |scene: Scene<'_>| bytes(&scene.valid(), endpoint, class);
            assert!(
                made(Scene::good()) == made(Scene::good()),
                "{endpoint:?} {class:?} changed without its data"
            );
        }
    }
}

#[test]
fn no_body_has_a_key_twice() {
    for endpoint in Endpoint::ALL {
        let body = bytes(&Scene::good().valid(), endpoint, Freshness::Fresh);
        assert_eq!(repeated_key(&body), None, "{endpoint:?}");
    }
}

#[test]
fn numbers_are_never_texts() {
    for_every_body(|_, endpoint, _, body| {
        leaves(body, &mut |path, _, leaf| {
            let number = leaf
                .as_str()
                .is_some_and(|text| text.parse::<f64>().is_ok());
            assert!(!number, "{endpoint:?}: {path} is the text {leaf}");
        });
    });
}

#[test]
fn no_price_is_zero_in_any_body() {
    for_every_body(|_, endpoint, _, body| {
        let mut prices = 0;
        leaves(body, &mut |path, key, leaf| {
            if ["price", "btc_price", "high_24h", "low_24h"].contains(&key) {
                prices += 1;
                assert!(
                    leaf.as_f64().is_some_and(|price| price > 0.0),
                    "{endpoint:?}: {path} is {leaf}"
                );
            }
        });
        let rests_on_analysis = matches!(
            endpoint,
            Endpoint::Signals
                | Endpoint::Opportunities
                | Endpoint::Alerts
                | Endpoint::PerpetualsPulse
                | Endpoint::Liquidations
                | Endpoint::Contracts
                | Endpoint::Books
                | Endpoint::Beta
        );
        assert!(prices > 0 || rests_on_analysis, "{endpoint:?} has no price");
    });
}

#[test]
fn a_body_for_a_phone_stays_under_100_kb() {
    for_every_body(|valid, endpoint, class, _| {
        let size = bytes(valid, endpoint, class).len();
        assert!(size < 100_000, "{endpoint:?} has {size} bytes");
    });
    assert!(
        bytes(
            &Scene::good().valid(),
            Endpoint::MobileData,
            Freshness::Fresh
        )
        .len()
            < 30_000
    );
}

/// Figures that only a slow source tells.
const FOREIGN_FIGURES: [&str; 14] = [
    "btc_dominance",
    "eth_dominance",
    "stablecoin_dominance",
    "altcoin_dominance",
    "altcoin_season",
    "total_market_cap",
    "market_cap_change_24h",
    "coingecko_volume_24h",
    "total_volume",
    "volume_mcap_ratio",
    "fear_greed_value",
    "fear_greed_label",
    "defi_market_cap",
    "active_cryptocurrencies",
];

#[test]
fn a_silent_source_leaves_nulls_and_is_named() {
    let valid = Scene::from_tickers_alone().valid();
    for (endpoint, overview) in [
        (Endpoint::MobileData, "/market_overview"),
        (Endpoint::DashboardMobileData, "/market_overview"),
        (Endpoint::Overview, "/market_overview"),
        (Endpoint::MarketOverview, ""),
    ] {
        let body = body(&valid, endpoint);
        for figure in FOREIGN_FIGURES {
            assert_eq!(
                body.pointer(&format!("{overview}/{figure}")),
                Some(&Value::Null),
                "{endpoint:?}: {figure}"
            );
        }
        let named = json!([
            "analysis_missing",
            "global_market_timeout",
            "defi_market_rate_limited",
            "fear_greed_not_asked",
            "beta_not_asked",
            "performance_not_asked",
            "statistics_not_asked",
            "alerts_not_asked",
        ]);
        assert_eq!(body["degraded"], named, "{endpoint:?}");
    }
    let dashboard = body(&valid, Endpoint::DashboardMobileData);
    assert_eq!(dashboard["btc_dominance"], Value::Null);
    assert_eq!(
        dashboard["sections"]["global_market"]["status"],
        "unavailable"
    );
    assert_eq!(dashboard["sections"]["global_market"]["reason"], "timeout");
    assert_eq!(
        dashboard["sections"]["global_market"]["source"],
        Value::Null
    );
    assert_eq!(
        dashboard["sections"]["global_market"]["as_of_ms"],
        Value::Null
    );
}

#[test]
fn a_figure_that_was_sent_is_served() {
    let body = body(&Scene::good().valid(), Endpoint::MarketOverview);
    for figure in FOREIGN_FIGURES {
        assert_ne!(body[figure], Value::Null, "{figure}");
    }
    assert_eq!(number(&body, "/btc_dominance"), 60.7086);
    assert_eq!(number(&body, "/total_market_cap"), 2_515_268_352_188.77);
    assert_eq!(number(&body, "/altcoin_dominance"), 23.7914);
    assert_eq!(number(&body, "/volume_mcap_ratio"), 7.8836);
    assert_eq!(
        (
            number(&body, "/fear_greed_value"),
            text(&body, "/fear_greed_label")
        ),
        (69.0, "Greed")
    );
}

#[test]
fn all_market_volume_and_our_turnover_are_never_swapped() {
    let scene = Scene::good();
    let turnover: f64 = scene
        .tickers
        .rows
        .iter()
        .filter_map(|row| row.turnover_24h)
        .map(Amount::get)
        .sum();
    let body = body(&scene.valid(), Endpoint::MarketOverview);
    for ours in ["/total_volume_24h", "/total_turnover"] {
        assert!((number(&body, ours) - turnover).abs() < 0.01, "{ours}");
    }
    for whole in ["/coingecko_volume_24h", "/total_volume"] {
        assert_eq!(number(&body, whole), 198_293_501_804.33, "{whole}");
    }
}

#[test]
fn an_etag_tells_projection_class_number_producer_and_time_apart() {
    let mut scenes = vec![
        Scene::good(),
        Scene::fallback(),
        Scene::good(),
        Scene::good(),
    ];
    scenes[2].identity.sequence += 1;
    scenes[3].tickers.server_time = ago(2_000);
    let mut seen = HashSet::new();
    for scene in &scenes {
        let snapshot = scene.snapshot();
        for endpoint in Endpoint::ALL {
            for class in Freshness::ALL {
                let etag = headers::etag(&snapshot, &Question::Whole(endpoint), class);
                assert!(etag.starts_with("W/\"") && etag.ends_with('"'), "{etag}");
                assert_eq!(
                    etag,
                    headers::etag(&snapshot, &Question::Whole(endpoint), class)
                );
                assert!(headers::matches_etag([etag.as_bytes()], &etag));
                assert!(seen.insert(etag.clone()), "{etag} names two bodies");
            }
        }
    }
}

#[test]
fn headers_say_the_same_as_the_body() {
    for_every_body(|valid, endpoint, class, body| {
        let headers = headers::of_body(valid, &Question::Whole(endpoint), class, &Limits::DEFAULT);
        let header = |name: &str| {
            headers
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(header("content-type"), Some("application/json"));
        assert_eq!(header(headers::DATA_SOURCE), body["data_source"].as_str());
        assert_eq!(header(headers::DATA_FRESHNESS), body["freshness"].as_str());
        assert_eq!(
            header(headers::DATA_AS_OF),
            Some(&*body["as_of_ms"].to_string())
        );
        assert_eq!(
            header(headers::MARKET_DATA),
            None,
            "the real market is not labelled"
        );
    });
}

/// A market whose tickers or one of whose other parts is not real.
#[track_caller]
fn check_label(scene: &Scene<'_>, feed: Feed, section: &str, source: &str) {
    let valid = scene.valid();
    let label = json!(format!("{}_data", feed.name()));
    for endpoint in client_endpoints() {
        let body = body(&valid, endpoint);
        assert!(
            array(&body, "/degraded").contains(&label),
            "{endpoint:?} does not say {label}"
        );
        let headers = headers::of_body(
            &valid,
            &Question::Whole(endpoint),
            Freshness::Fresh,
            &Limits::DEFAULT,
        );
        assert!(
            headers.contains(&(headers::MARKET_DATA, feed.name().to_owned())),
            "{endpoint:?}"
        );
    }
    let body = body(&valid, Endpoint::MobileData);
    assert_eq!(text(&body, &format!("/sections/{section}/source")), source);
}

#[test]
fn a_market_that_is_not_real_says_so_in_every_body() {
    let simulated = Source {
        venue: Venue::Bybit,
        feed: Feed::Simulated,
    };
    let scene = Scene {
        tickers_source: simulated,
        ..Scene::good()
    };
    check_label(&scene, Feed::Simulated, "tickers", "simulated:bybit");
    let mut scene = Scene::good();
    scene.universe.source = simulated;
    check_label(&scene, Feed::Simulated, "instruments", "simulated:bybit");
    let replayed = Source {
        venue: Venue::CoinGecko,
        feed: Feed::Replayed,
    };
    let recorded = Slow::Known(Dated {
        value: global_market(),
        as_of_ms: ago(1_000),
        source: replayed,
    });
    check_label(
        &Scene {
            global_market: recorded,
            ..Scene::good()
        },
        Feed::Replayed,
        "global_market",
        "replayed:coingecko",
    );
}

#[test]
fn the_real_market_carries_no_label() {
    let body = body(&Scene::good().valid(), Endpoint::MobileData);
    let labels = array(&body, "/degraded")
        .iter()
        .filter(|reason| reason.as_str().unwrap().ends_with("_data"));
    assert_eq!(labels.count(), 0, "{}", body["degraded"]);
    for (section, source) in [
        ("tickers", "bybit"),
        ("instruments", "bybit"),
        ("global_market", "coingecko"),
        ("defi_market", "coingecko"),
        ("fear_greed", "alternative_me"),
    ] {
        assert_eq!(text(&body, &format!("/sections/{section}/source")), source);
    }
    for section in ["beta", "performance", "statistics", "alerts"] {
        assert_eq!(
            text(&body, &format!("/sections/{section}/status")),
            "unavailable"
        );
    }
    assert_eq!(keys(&body["sections"]).len(), 9);
}

#[test]
fn a_part_that_is_carried_over_keeps_its_own_time_and_ages() {
    let hour_old = known(global_market(), Venue::CoinGecko, 3_600_000);
    let earlier = Scene {
        global_market: hour_old,
        ..Scene::good()
    }
    .snapshot();
    let mut later = Scene {
        global_market: Slow::carried_over(&earlier.global_market),
        ..Scene::fallback()
    };
    let body_at = |scene: &Scene<'_>| {
        body(&scene.valid(), Endpoint::MobileData)["sections"]["global_market"].clone()
    };
    let carried =
        json!({"source": "coingecko", "as_of_ms": ago(3_600_000).as_millis(), "status": "aging"});
    assert_eq!(body_at(&later), carried);
    // A millisecond past its two hours it is gone, and says why.
    later.identity.now = NOW.plus_millis(3_600_001);
    let snapshot = later.snapshot();
    let valid = ValidSnapshot::admit(snapshot, later.identity.now, support::NO_BASELINE).unwrap();
    let body = body(&valid, Endpoint::MobileData);
    let gone =
        json!({"source": null, "as_of_ms": null, "status": "unavailable", "reason": "too_old"});
    assert_eq!(body["sections"]["global_market"], gone);
    assert_eq!(body["market_overview"]["btc_dominance"], Value::Null);
    assert!(array(&body, "/degraded").contains(&json!("global_market_too_old")));
}

#[test]
fn why_a_part_is_absent_is_carried_over_too() {
    let earlier = Scene::from_tickers_alone().snapshot();
    assert_eq!(
        Slow::carried_over(&earlier.fear_greed),
        Slow::unknown("not_asked")
    );
}

#[test]
fn a_fallback_says_why_it_was_needed() {
    let body = body(&Scene::fallback().valid(), Endpoint::MobileData);
    assert_eq!(text(&body, "/data_source"), "bybit_direct");
    assert_eq!(text(&body, "/degraded/0"), "origin_timeout");
}

#[test]
fn a_list_of_contracts_ages_after_an_hour_and_carries_no_snapshot_after_a_day() {
    let listed = |age_ms: u64| {
        let mut scene = Scene::good();
        scene.universe.as_of_ms = ago(age_ms);
        scene
    };
    let status = |age_ms| {
        let body = body(&listed(age_ms).valid(), Endpoint::MobileData);
        text(&body, "/sections/instruments/status").to_owned()
    };
    // A fresh body is served until its tickers are 15 s old, and they are 1.5 s old now.
    let (last_fresh, first_aging) = (3_600_000 - 13_500, 3_600_000 - 13_499);
    assert_eq!(
        (status(last_fresh), status(first_aging)),
        ("fresh".to_owned(), "aging".to_owned())
    );
    let too_old = AssembleError::UniverseTooOld { age_ms: 86_400_001 };
    assert_eq!(listed(86_400_000).try_assemble().err(), None);
    assert_eq!(listed(86_400_001).try_assemble().err(), Some(too_old));
}
