//! Defects of the system that this one replaces: each test's name says what can no longer happen.

use crate::support::json::{array, leaves, number, text};
use crate::support::{
    AS_OF, BYBIT, NO_BASELINE, NOW, Scene, ago, body, body_in, bybit_row, bybit_tickers, bytes,
    rows,
};
use crate::support::{client_endpoints, percent, ticker};
use serde_json::{Value, json};
use shared::assemble::{AssembleError, Slow};
use shared::endpoints::{Endpoint, StoreKey, store_ttl_ms};
use shared::exchange::bybit::{Listing, UniverseBuilder, tickers};
use shared::exchange::{ParseError, alternative_me};
use shared::freshness::Freshness;
use shared::market::RowRefusal;
use shared::problem::Failure;
use shared::projection::stored;
use shared::snapshot::Sentiment;
use shared::units::Percent;
use shared::validate::{Inadmissible, Unreadable, ValidSnapshot};

/// The good market with one more contract, whose row came from Bybit with one field changed.
fn with_bybit_row<'a>(bytes: &'a [u8]) -> Scene<'a> {
    let parsed = tickers::parse(bytes).unwrap();
    let mut all = rows(59);
    all.extend(parsed.rows);
    let mut scene = Scene::of(all);
    scene.settings.monitored_symbols = 60;
    scene
}

#[track_caller]
fn row_of<'v>(body: &'v Value, list: &str, symbol: &str) -> &'v Value {
    array(body, list)
        .iter()
        .find(|row| row["symbol"] == symbol)
        .expect("the row is there")
}

#[test]
fn a_start_without_prices_makes_no_snapshot_of_zeros() {
    let zero = |symbol: &str| {
        let mut row = bybit_row(symbol);
        row["lastPrice"] = json!("0");
        row
    };
    let bytes = bybit_tickers(&[zero("BTCUSDT"), zero("ETHUSDT")]);
    let parsed = tickers::parse(&bytes).unwrap();
    assert_eq!(parsed.rows, []);
    let mut scene = Scene::of(rows(2));
    scene.tickers = parsed;
    assert_eq!(
        scene.try_assemble().err(),
        Some(AssembleError::BitcoinMissing {
            priced: 0,
            refused: 2
        })
    );
}

#[test]
fn a_placeholder_never_takes_the_place_of_real_data() {
    let placeholder =
        br#"{"status":"cache_warmer_generated","market_regime":"Loading","btc_price":0}"#;
    assert_eq!(
        ValidSnapshot::from_json(placeholder, NOW, NO_BASELINE),
        Err(Inadmissible::Unreadable(Unreadable::Placeholder))
    );
}

#[test]
fn the_placeholder_symbol_never_reaches_a_snapshot() {
    let bytes = bybit_tickers(&[bybit_row("SYSTEM_STATUS"), bybit_row("GOODUSDT")]);
    let parsed = tickers::parse(&bytes).unwrap();
    assert_eq!(parsed.refused[0].reason, RowRefusal::MalformedSymbol);
    assert_eq!(parsed.rows.len(), 1);
    for endpoint in Endpoint::ALL {
        let body = bytes_of(&with_bybit_row(&bytes), endpoint);
        assert!(
            !String::from_utf8(body).unwrap().contains("SYSTEM_STATUS"),
            "{endpoint:?}"
        );
    }
}

fn bytes_of(scene: &Scene<'_>, endpoint: Endpoint) -> Vec<u8> {
    bytes(&scene.valid(), endpoint, Freshness::Fresh)
}

#[test]
fn no_stored_value_is_json_within_json() {
    for entry in stored(&Scene::good().valid()).unwrap() {
        leaves(
            &serde_json::from_slice(&entry.value).unwrap(),
            &mut |path, _, leaf| {
                let nested = leaf
                    .as_str()
                    .is_some_and(|text| text.starts_with(['{', '[', '"']));
                assert!(!nested, "{} holds JSON as text at {path}", entry.key);
            },
        );
    }
}

#[test]
fn the_regime_is_always_one_string() {
    for scene in [Scene::good(), Scene::fallback()] {
        let valid = scene.valid();
        for (endpoint, place) in [
            (Endpoint::MobileData, "/market_overview/market_regime"),
            (Endpoint::DashboardMobileData, "/market_regime"),
            (Endpoint::DashboardMobileData, "/regime"),
            (Endpoint::Overview, "/market_regime"),
            (Endpoint::Overview, "/market_overview/market_regime"),
            (Endpoint::MarketOverview, "/market_regime"),
        ] {
            let body = body(&valid, endpoint);
            let (category, label) = text(&body, place)
                .split_once(": ")
                .expect("a category and a label");
            assert!(
                [
                    "Strong Bullish",
                    "Bullish",
                    "Neutral",
                    "Bearish",
                    "Strong Bearish"
                ]
                .contains(&category)
            );
            assert!(
                !label.is_empty() && !label.contains([':', '{', '"']),
                "{label}"
            );
        }
    }
}

#[test]
fn two_holders_of_one_snapshot_serve_the_same_bytes() {
    let here = Scene::good().valid();
    let there = ValidSnapshot::from_json(&here.to_json().unwrap(), NOW, NO_BASELINE).unwrap();
    for endpoint in Endpoint::ALL {
        for class in Freshness::ALL {
            assert!(
                bytes(&here, endpoint, class) == bytes(&there, endpoint, class),
                "{endpoint:?} {class:?}"
            );
        }
    }
}

#[test]
fn of_two_writers_the_one_with_older_data_never_wins() {
    let younger = Scene::good();
    let mut older = Scene::good();
    older.tickers.server_time = ago(9_000);
    older.identity.sequence = younger.identity.sequence + 1_000;
    assert!(!older.valid().supersedes(&younger.valid(), NOW));
    assert!(younger.valid().supersedes(&older.valid(), NOW));
}

#[test]
fn no_key_expires_before_ten_publications() {
    for interval_ms in [1, 500, 2_000, 6_000, 60_000, 3_600_000] {
        assert!(store_ttl_ms(interval_ms) >= 10 * interval_ms);
    }
    assert_eq!(store_ttl_ms(u64::MAX), u64::MAX);
}

#[test]
fn reading_data_back_refreshes_no_time() {
    let written = Scene::good().valid().to_json().unwrap();
    let much_later = NOW.plus_millis(86_400_000);
    let back = ValidSnapshot::from_json(&written, much_later, NO_BASELINE).unwrap();
    assert_eq!(
        (back.get().as_of_ms, back.get().generated_at_ms),
        (AS_OF, NOW)
    );
    for endpoint in client_endpoints() {
        assert_eq!(
            body_in(&back, endpoint, Freshness::Stale)["timestamp"],
            json!(AS_OF.as_secs())
        );
    }
}

#[test]
fn assembling_does_not_make_data_younger_than_the_venue_says() {
    let mut scene = Scene::good();
    scene.tickers.server_time = ago(250_000);
    assert_eq!(scene.snapshot().as_of_ms, ago(250_000));
    scene.tickers.server_time = NOW.plus_millis(60_000);
    assert_eq!(
        scene.snapshot().as_of_ms,
        NOW,
        "a venue's clock ahead of ours made data younger than its arrival"
    );
}

#[test]
fn no_failure_is_a_success() {
    let no_data = Failure::NoValidData {
        sources: Vec::new(),
        retry_after_secs: 3,
    };
    for failure in [
        Failure::NotFound,
        Failure::MethodNotAllowed,
        no_data,
        Failure::Overloaded,
        Failure::Internal,
    ] {
        assert!(failure.status() >= 400, "{failure:?}");
        let body: Value = serde_json::from_str(&failure.body()).unwrap();
        assert_ne!(body["status"], "success");
        assert!(
            failure
                .headers()
                .iter()
                .any(|(_, value)| value == "application/problem+json"),
            "{failure:?}"
        );
        assert!(
            failure
                .headers()
                .iter()
                .any(|(_, value)| value == "no-store"),
            "{failure:?}"
        );
    }
}

#[test]
fn what_nobody_sent_is_null_and_not_a_usual_value() {
    let mut scene = Scene::from_tickers_alone();
    for row in &mut scene.tickers.rows {
        row.funding_rate = None;
        row.open_interest_usd = None;
        row.mark = None;
    }
    let body = body(&scene.valid(), Endpoint::MobileData);
    for unknown in [
        "funding_rate",
        "total_open_interest",
        "basis_pct",
        "basis_status",
        "long_pct",
    ] {
        assert_eq!(body["perps"][unknown], Value::Null, "{unknown}");
    }
    for unknown in [
        "btc_volatility",
        "btc_daily_volatility",
        "btc_dominance",
        "fear_greed_value",
    ] {
        assert_eq!(body["market_overview"][unknown], Value::Null, "{unknown}");
    }
}

#[test]
fn a_contract_without_enough_known_is_left_out_and_not_scored_50() {
    let mut scene = Scene::good();
    let silent = scene
        .tickers
        .rows
        .iter_mut()
        .find(|row| row.symbol == "COIN004USDT")
        .unwrap();
    silent.change_1h_pct = None;
    silent.high_24h = Some(silent.last);
    silent.low_24h = Some(silent.last);
    let body = body(&scene.valid(), Endpoint::MobileData);
    assert!(
        array(&body, "/confluence_scores")
            .iter()
            .all(|row| row["symbol"] != "COIN004USDT")
    );
}

#[test]
fn neutral_symbols_are_not_filtered_out() {
    let body = body(&Scene::good().valid(), Endpoint::MobileData);
    let neutral = array(&body, "/confluence_scores")
        .iter()
        .filter(|row| row["sentiment"] == "NEUTRAL")
        .count();
    assert!(neutral > 0, "only strong symbols are left");
    let mut quiet = Scene::good();
    for row in &mut quiet.tickers.rows {
        row.change_24h_pct = Some(percent(0.1));
    }
    assert!(
        quiet
            .snapshot()
            .scores
            .iter()
            .all(|row| Sentiment::of(row.score) == Sentiment::Neutral)
    );
    assert_eq!(
        quiet.valid().get().scores.len(),
        40,
        "a quiet market lost its symbols"
    );
}

#[test]
fn the_latest_score_is_kept_and_not_the_highest() {
    let of_bitcoin = |change_pct: f64, age_ms: u64| {
        let mut scene = Scene::good();
        scene.tickers.server_time = ago(age_ms);
        scene.tickers.rows[0].change_24h_pct = Some(percent(change_pct));
        scene.valid()
    };
    let (high, low) = (of_bitcoin(40.0, 2_000), of_bitcoin(-40.0, 0));
    assert!(low.supersedes(&high, NOW));
    let score = |valid: &ValidSnapshot| {
        number(
            row_of(&body(valid, Endpoint::Symbols), "/symbols", "BTCUSDT"),
            "/score",
        )
    };
    assert!(score(&low) < score(&high));
}

#[test]
fn a_fraction_is_never_shown_as_percent() {
    let bytes = bybit_tickers(&[bybit_row("FALLUSDT")]);
    let valid = with_bybit_row(&bytes).valid();
    let row = row_of(&body(&valid, Endpoint::Symbols), "/symbols", "FALLUSDT").clone();
    assert_eq!(number(&row, "/change_24h"), -9.9975);
}

#[test]
fn base_volume_is_never_shown_as_dollars() {
    let bytes = bybit_tickers(&[bybit_row("FALLUSDT")]);
    let valid = with_bybit_row(&bytes).valid();
    let row = row_of(&body(&valid, Endpoint::Symbols), "/symbols", "FALLUSDT").clone();
    assert_eq!(number(&row, "/volume_24h"), 90_000_000.12);
    assert_eq!(number(&row, "/turnover_24h"), 90_000_000.12);
    assert_eq!(number(&row, "/volume_base_24h"), 48_000.12);
}

#[test]
fn a_coin_that_nobody_trades_is_no_mover() {
    let mut all = rows(58);
    all.push(ticker("ROCKETUSDT", 0.01, 900.0, 999_999.0));
    all.push(ticker("CRASHUSDT", 0.01, -90.0, 999_999.0));
    let body = body(&Scene::of(all).valid(), Endpoint::MobileData);
    for row in array(&body, "/top_movers/gainers")
        .iter()
        .chain(array(&body, "/top_movers/losers"))
    {
        assert!(number(row, "/turnover_24h") >= 1_000_000.0, "{row}");
    }
}

#[test]
fn losers_come_worst_first() {
    let body = body(&Scene::good().valid(), Endpoint::MobileData);
    let changes = |list: &str| -> Vec<f64> {
        array(&body, list)
            .iter()
            .map(|row| number(row, "/change"))
            .collect()
    };
    let (gainers, losers) = (
        changes("/top_movers/gainers"),
        changes("/top_movers/losers"),
    );
    assert!(
        losers.is_sorted() && losers.iter().all(|change| *change < 0.0),
        "{losers:?}"
    );
    assert!(
        gainers.is_sorted_by(|a, b| a >= b) && gainers.iter().all(|change| *change > 0.0),
        "{gainers:?}"
    );
    let worst = Scene::good()
        .tickers
        .rows
        .iter()
        .filter_map(|row| row.change_24h_pct)
        .map(Percent::get)
        .fold(0.0, f64::min);
    assert_eq!(losers[0], Percent::new(worst).unwrap().rounded(4).get());
}

#[test]
fn no_body_holds_nan_or_infinity() {
    let mut scene = Scene::good();
    for row in &mut scene.tickers.rows {
        row.funding_rate = Some(f64::MAX);
        row.funding_interval_hours = Some(f64::MIN_POSITIVE);
        row.high_24h = Some(row.last);
        row.low_24h = Some(row.last);
    }
    let valid = scene.valid();
    for endpoint in Endpoint::ALL {
        let text = String::from_utf8(bytes(&valid, endpoint, Freshness::Fresh)).unwrap();
        assert!(
            !text.contains("NaN") && !text.contains("inf"),
            "{endpoint:?}"
        );
    }
    assert_eq!(
        body(&valid, Endpoint::MobileData)["perps"]["funding_rate"],
        Value::Null
    );
}

#[test]
fn one_source_missing_does_not_take_the_rest_down() {
    let gone = || "refused_by_venue";
    for scene in [
        Scene {
            global_market: Slow::unknown(gone()),
            ..Scene::good()
        },
        Scene {
            defi_market: Slow::unknown(gone()),
            ..Scene::good()
        },
        Scene {
            fear_greed: Slow::unknown(gone()),
            ..Scene::good()
        },
        Scene::from_tickers_alone(),
    ] {
        let body = body(&scene.valid(), Endpoint::MobileData);
        assert_eq!(array(&body, "/confluence_scores").len(), 40);
        assert_eq!(array(&body, "/top_movers/losers").len(), 5);
        assert!(!array(&body, "/degraded").is_empty());
    }
}

#[test]
fn one_bad_row_does_not_take_the_rest_down() {
    let mut bad = bybit_row("BADUSDT");
    bad["lastPrice"] = json!({"amount": "1"});
    let bytes = bybit_tickers(&[bad, bybit_row("GOODUSDT")]);
    let parsed = tickers::parse(&bytes).unwrap();
    assert_eq!((parsed.rows.len(), parsed.refused.len()), (1, 1));
}

#[test]
fn a_fallback_never_presents_momentum_as_confluence() {
    let body = body(&Scene::fallback().valid(), Endpoint::MobileData);
    for row in array(&body, "/confluence_scores") {
        assert_eq!(row["score_basis"], "ticker_momentum");
        assert_eq!(row["components"], Value::Null);
        assert_eq!(row["has_breakdown"], false);
    }
    assert_eq!(
        body["market_overview"]["market_regime_details"]["score_basis"],
        "ticker_momentum"
    );
}

#[test]
fn a_delisted_contract_goes_with_its_listing() {
    let mut scene = Scene::good();
    let winner = scene.snapshot().movers.gainers[0].symbol.clone();
    scene.universe.contracts.remove(&winner);
    let text = String::from_utf8(bytes(
        &scene.valid(),
        Endpoint::MobileData,
        Freshness::Fresh,
    ))
    .unwrap();
    assert!(!text.contains(&winner), "{winner} is still shown");
}

#[test]
fn shares_metals_and_futures_never_count() {
    let mut scene = Scene::good();
    let before = scene.snapshot();
    for other in ["AAPLUSDT", "XAUUSDT", "BTCUSDT-25DEC26", "BTCPERP"] {
        scene.tickers.rows.push(ticker(other, 300.0, 77.0, 9e12));
    }
    assert!(
        scene.snapshot() == before,
        "a contract that is no crypto perpetual changed the market"
    );
}

#[test]
fn markup_of_others_never_reaches_a_client() {
    let hostile = "<script>alert(1)</script>";
    let bytes = bybit_tickers(&[bybit_row(hostile), bybit_row("GOODUSDT")]);
    let listing = json!({"retCode": 0, "time": 1_788_870_000_000_u64, "result": {"nextPageCursor": "", "list": [
        {"symbol": hostile, "contractType": "LinearPerpetual", "status": "Trading", "quoteCoin": "USDT",
         "settleCoin": "USDT", "symbolType": "", "isPreListing": false, "fundingInterval": 480},
        {"symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "quoteCoin": "USDT",
         "settleCoin": "USDT", "symbolType": "", "isPreListing": false, "fundingInterval": 480}
    ]}});
    let mut builder = UniverseBuilder::new();
    builder
        .add(Listing::parse(listing.to_string().as_bytes()).unwrap())
        .unwrap();
    assert!(!builder.finish(BYBIT, NOW).unwrap().contains(hostile));
    let label = json!({"data": [{"value": "5", "value_classification": hostile, "timestamp": "1788825600"}]});
    let refused = alternative_me::parse(label.to_string().as_bytes(), NOW);
    assert!(
        matches!(
            refused,
            Err(ParseError::Unusable {
                field: "value_classification",
                ..
            })
        ),
        "{refused:?}"
    );
    for endpoint in Endpoint::ALL {
        let body = bytes_of(&with_bybit_row(&bytes), endpoint);
        assert!(
            !String::from_utf8(body).unwrap().contains(['<', '>']),
            "{endpoint:?}"
        );
    }
}

#[test]
fn the_stored_time_is_the_data_s_and_the_same_under_every_key() {
    let valid = Scene::good().valid();
    let times: Vec<Value> = stored(&valid)
        .unwrap()
        .iter()
        .map(|entry| serde_json::from_slice::<Value>(&entry.value).unwrap()["as_of_ms"].clone())
        .collect();
    assert_eq!(times, vec![json!(AS_OF.as_millis()); StoreKey::ALL.len()]);
}
