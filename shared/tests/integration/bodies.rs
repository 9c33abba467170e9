//! The fields of each body, and of each stored key, exactly as clients read them.

use crate::support::json::{array, keys, number, repeated_key, text};
use crate::support::{AS_OF, NO_BASELINE, NOW, Scene, ago, amount, body, bytes, known, price};
use serde_json::{Value, json};
use shared::endpoints::{CLIENT_ROUTES, Endpoint, StoreKey};
use shared::freshness::{Freshness, Limits};
use shared::market::liquidations::Position;
use shared::projection::{absence, stored};
use shared::provenance::Venue;
use shared::snapshot::Section;
use shared::snapshot::books::{BookTop, Books};
use shared::snapshot::contracts::PastOpenInterest;
use shared::snapshot::liquidations::{
    LiquidatedContract, LiquidatedSides, LiquidationRow, Liquidations,
};
use shared::units::Percent;
use shared::validate::ValidSnapshot;

const HEAD: [&str; 10] = [
    "as_of_ms",
    "data_source",
    "degraded",
    "delivery",
    "freshness",
    "producer",
    "served_as",
    "status",
    "timestamp",
    "venue",
];

const MOBILE: [&str; 9] = [
    "confluence_scores",
    "generated_at",
    "market_breadth",
    "market_overview",
    "perps",
    "schema_version",
    "sections",
    "sequence",
    "top_movers",
];

const SCORE_ROW: [&str; 20] = [
    "change_24h",
    "components",
    "display_symbol",
    "has_breakdown",
    "high_24h",
    "horizon_hours",
    "low_24h",
    "price",
    "range_24h",
    "reliability",
    "score",
    "score_as_of_ms",
    "score_basis",
    "score_history",
    "sentiment",
    "symbol",
    "turnover_24h",
    "volume_24h",
    "volume_base_24h",
    "weights",
];

const MOVER_ROW: [&str; 8] = [
    "change",
    "change_24h",
    "display_symbol",
    "percentage",
    "price",
    "symbol",
    "turnover_24h",
    "volume_24h",
];

const MARKET_OVERVIEW: [&str; 44] = [
    "active_cryptocurrencies",
    "active_symbols",
    "altcoin_dominance",
    "altcoin_season",
    "altcoin_share",
    "altcoin_share_contracts",
    "average_change",
    "avg_volatility",
    "btc_daily_volatility",
    "btc_dominance",
    "btc_price",
    "btc_volatility",
    "coingecko_volume_24h",
    "current_volatility",
    "defi_dominance",
    "defi_market_cap",
    "defi_volume_24h",
    "dispersion",
    "eth_dominance",
    "fear_greed_label",
    "fear_greed_value",
    "flat",
    "gainers",
    "losers",
    "market_cap_change_24h",
    "market_dispersion",
    "market_regime",
    "market_regime_details",
    "realised_volatility",
    "realised_volatility_avg",
    "realised_volatility_contracts",
    "remaining_dominance",
    "stablecoin_dominance",
    "stablecoin_top10_dominance",
    "total_market_cap",
    "total_turnover",
    "total_volume",
    "total_volume_24h",
    "trend_adx",
    "trend_adx_contracts",
    "trend_strength",
    "turnover_contracts",
    "volatility",
    "volume_mcap_ratio",
];

/// The object has exactly these fields.
#[track_caller]
fn check_fields(object: &Value, expected: &[&[&str]]) {
    let mut expected: Vec<&str> = expected.concat();
    expected.sort_unstable();
    assert_eq!(keys(object), expected);
}

#[track_caller]
fn check_rows(body: &Value, pointer: &str, count: usize, fields: &[&str]) {
    let rows = array(body, pointer);
    assert_eq!(rows.len(), count, "{pointer}");
    for row in rows {
        check_fields(row, &[fields]);
    }
}

fn good() -> ValidSnapshot {
    Scene::good().valid()
}

#[test]
fn mobile_data_has_its_fields_and_no_other() {
    let body = body(&good(), Endpoint::MobileData);
    check_fields(&body, &[&HEAD, &MOBILE]);
    check_fields(&body["market_overview"], &[&MARKET_OVERVIEW]);
    check_rows(&body, "/confluence_scores", 40, &SCORE_ROW);
    check_rows(&body, "/top_movers/gainers", 5, &MOVER_ROW);
    check_rows(&body, "/top_movers/losers", 5, &MOVER_ROW);
    check_fields(
        &body["market_breadth"],
        &[&[
            "up",
            "down",
            "flat",
            "up_count",
            "down_count",
            "total",
            "breadth_percentage",
            "sentiment",
        ]],
    );
    assert_eq!(text(&body, "/generated_at"), NOW.rfc3339());
    assert_eq!(
        (number(&body, "/schema_version"), number(&body, "/sequence")),
        (1.0, 7.0)
    );
}

#[test]
fn scores_are_thirty_or_more_and_highest_first() {
    let body = body(&good(), Endpoint::MobileData);
    let scores: Vec<f64> = array(&body, "/confluence_scores")
        .iter()
        .map(|row| number(row, "/score"))
        .collect();
    assert!(
        scores.len() >= 30 && scores.is_sorted_by(|a, b| a >= b),
        "{scores:?}"
    );
    for row in array(&body, "/confluence_scores") {
        let expected = match number(row, "/score") {
            score if score >= 70.0 => "BULLISH",
            score if score <= 35.0 => "BEARISH",
            _ => "NEUTRAL",
        };
        assert_eq!(text(row, "/sentiment"), expected);
        assert_eq!(
            text(row, "/symbol"),
            format!("{}USDT", text(row, "/display_symbol"))
        );
    }
}

#[test]
fn the_same_three_changes_stand_in_a_mover() {
    let body = body(&good(), Endpoint::MobileData);
    for list in ["gainers", "losers"] {
        for row in array(&body, &format!("/top_movers/{list}")) {
            assert_eq!(row["change"], row["change_24h"]);
            assert_eq!(row["change"], row["percentage"]);
            assert_eq!(row["volume_24h"], row["turnover_24h"]);
        }
    }
}

#[test]
fn movers_are_an_object_with_two_arrays_even_when_nothing_moved() {
    let mut scene = Scene::good();
    for row in &mut scene.tickers.rows {
        row.change_24h_pct = Some(Percent::new(0.0).unwrap());
    }
    let valid = scene.valid();
    for endpoint in [Endpoint::MobileData, Endpoint::DashboardMobileData] {
        assert_eq!(
            body(&valid, endpoint)["top_movers"],
            json!({"gainers": [], "losers": []})
        );
    }
    let body = body(&valid, Endpoint::MobileData);
    assert_eq!(
        body["market_breadth"]["breadth_percentage"],
        Value::Null,
        "a percentage of nothing was invented"
    );
    assert_eq!(body["market_breadth"]["sentiment"], Value::Null);
    assert_eq!(body["market_overview"]["trend_strength"], Value::Null);
}

#[test]
fn perpetuals_have_their_fields_and_what_has_no_source_is_null() {
    let body = body(&good(), Endpoint::MobileData);
    check_fields(
        &body["perps"],
        &[
            &[
                "funding_rate",
                "funding_zscore",
                "long_pct",
                "short_pct",
                "ls_entropy",
                "total_open_interest",
            ],
            &[
                "basis_pct",
                "basis_status",
                "cex_pct",
                "dex_pct",
                "contract_count",
            ],
            &[
                "funding_contracts",
                "open_interest_contracts",
                "basis_contracts",
            ],
            &[
                "funding_paid",
                "payer",
                "funding_unusual",
                "premium",
                "premium_unusual",
            ],
        ],
    );
    for unknown in [
        "funding_zscore",
        "funding_unusual",
        "premium_unusual",
        "long_pct",
        "short_pct",
        "ls_entropy",
        "cex_pct",
        "dex_pct",
    ] {
        assert_eq!(body["perps"][unknown], Value::Null, "{unknown}");
    }
    assert_eq!(number(&body, "/perps/funding_rate"), 0.01);
    assert_eq!(text(&body, "/perps/basis_status"), "NEUTRAL");
    assert_eq!(
        (
            number(&body, "/perps/funding_paid"),
            text(&body, "/perps/payer")
        ),
        (0.01, "longs")
    );
    assert_eq!(number(&body, "/perps/premium"), 0.0);
}

#[test]
fn the_dashboard_finds_each_value_under_each_of_its_names() {
    let full = body(&good(), Endpoint::MobileData);
    let aliased = body(&good(), Endpoint::DashboardMobileData);
    for field in keys(&full) {
        assert_eq!(aliased[field], full[field], "{field}");
    }
    let overview = &full["market_overview"];
    for (alias, value) in [
        ("market_regime", &overview["market_regime"]),
        ("regime", &overview["market_regime"]),
        ("trend_strength", &overview["trend_strength"]),
        ("trend_score", &overview["trend_strength"]),
        ("current_volatility", &overview["current_volatility"]),
        ("btc_price", &overview["btc_price"]),
        ("btc_dominance", &overview["btc_dominance"]),
        ("total_volume_24h", &overview["total_volume_24h"]),
        ("average_change", &overview["average_change"]),
        ("gainers", &full["top_movers"]["gainers"]),
        ("top_gainers", &full["top_movers"]["gainers"]),
        ("losers", &full["top_movers"]["losers"]),
        ("symbols", &full["confluence_scores"]),
        ("top_symbols", &full["confluence_scores"]),
        ("funding_rate", &full["perps"]["funding_rate"]),
    ] {
        assert_eq!(&aliased[alias], value, "{alias}");
        assert_ne!(&aliased[alias], &Value::Null, "{alias}");
    }
}

#[test]
fn symbols_are_listed_and_counted() {
    let body = body(&good(), Endpoint::Symbols);
    check_fields(&body, &[&HEAD, &["symbols", "count"]]);
    check_rows(&body, "/symbols", 40, &SCORE_ROW);
    assert_eq!(body["count"], json!(40));
}

#[test]
fn the_overview_has_objects_where_clients_expect_objects() {
    let body = body(&good(), Endpoint::Overview);
    check_fields(
        &body,
        &[
            &HEAD,
            &[
                "summary",
                "market_overview",
                "market_regime",
                "top_gainers",
                "top_losers",
                "momentum",
                "volatility",
            ],
            &["signals"],
        ],
    );
    check_fields(
        &body["summary"],
        &[&[
            "total_symbols",
            "total_volume",
            "total_volume_24h",
            "average_change",
            "timestamp",
        ]],
    );
    check_fields(&body["momentum"], &[&["gainers", "losers"]]);
    check_fields(&body["volatility"], &[&["value", "level"]]);
    check_fields(&body["signals"], &[&["total", "strong", "medium", "weak"]]);
    check_rows(&body, "/top_gainers", 5, &MOVER_ROW);
    check_rows(&body, "/top_losers", 5, &MOVER_ROW);
    assert_eq!(body["summary"]["timestamp"], json!(AS_OF.as_secs()));
    assert_eq!(
        body["signals"]["total"],
        Value::Null,
        "momentum was counted as a signal"
    );
}

#[test]
fn the_market_overview_is_flat() {
    let body = body(&good(), Endpoint::MarketOverview);
    check_fields(&body, &[&HEAD, &MARKET_OVERVIEW, &["market_breadth"]]);
}

#[test]
fn market_movers_have_their_fields() {
    let body = body(&good(), Endpoint::MarketMovers);
    check_fields(
        &body,
        &[
            &HEAD,
            &["top_gainers", "top_losers", "volume_leaders", "statistics"],
        ],
    );
    check_rows(&body, "/volume_leaders", 15, &MOVER_ROW);
    let statistics = json!({
        "total_symbols": 60, "positive": 30, "negative": 29, "neutral": 1,
        "positive_percentage": 50.0, "negative_percentage": 48.33
    });
    assert_eq!(body["statistics"], statistics);
}

#[test]
fn top_symbols_are_the_fifteen_with_most_turnover() {
    let body = body(&good(), Endpoint::TopSymbols);
    check_fields(
        &body,
        &[&HEAD, &["symbols", "source", "total_symbols_processed"]],
    );
    check_rows(
        &body,
        "/symbols",
        15,
        &[
            "change_24h",
            "data_source",
            "momentum_score",
            "price",
            "status",
            "symbol",
            "turnover_24h",
            "volume_24h",
        ],
    );
    let turnover: Vec<f64> = array(&body, "/symbols")
        .iter()
        .map(|row| number(row, "/turnover_24h"))
        .collect();
    assert!(turnover.is_sorted_by(|a, b| a >= b), "{turnover:?}");
    assert_eq!(text(&body, "/symbols/0/symbol"), "BTCUSDT");
}

/// What was heard over two hours.
fn heard() -> Liquidations {
    let sides = |long, short| LiquidatedSides {
        long_usd: amount(long),
        short_usd: amount(short),
    };
    let row = |ago_ms: u64, side, size: f64| LiquidationRow {
        time_ms: ago(ago_ms),
        symbol: "BTCUSDT".to_owned(),
        side,
        size_base: amount(size),
        bankruptcy_price: price(50_000.0),
        value_usd: amount(size * 50_000.0),
    };
    let rows = vec![
        row(1_000, Position::Long, 0.5),
        row(2_000, Position::Short, 0.25),
    ];
    Liquidations {
        observed_since_ms: ago(7_200_000),
        unheard_ms: 900,
        refused: 0,
        contracts_observed: 60,
        last_1h: Some(sides(25_000.0, 12_500.0)),
        last_4h: None,
        last_24h: None,
        contracts_1h: Some(vec![LiquidatedContract {
            symbol: "BTCUSDT".to_owned(),
            sides: sides(25_000.0, 12_500.0),
        }]),
        largest: rows.first().cloned(),
        latest: rows,
    }
}

#[test]
fn liquidations_say_since_when_they_were_heard_and_no_sum_is_of_more() {
    let mut scene = Scene::good();
    scene.long_view.liquidations = known(heard(), Venue::Bybit, 0);
    let body = body(&scene.valid(), Endpoint::Liquidations);
    check_fields(
        &body,
        &[
            &HEAD,
            &[
                "contracts_1h",
                "contracts_observed",
                "count",
                "largest",
                "last_1h",
                "last_24h",
                "last_4h",
                "liquidations",
                "liquidations_as_of_ms",
                "observed_since_ms",
                "refused",
                "unheard_ms",
            ],
        ],
    );
    let row = [
        "bankruptcy_price",
        "display_symbol",
        "side",
        "size_base",
        "symbol",
        "time_ms",
        "value_usd",
    ];
    check_rows(&body, "/liquidations", 2, &row);
    check_fields(&body["largest"], &[&row]);
    assert_eq!(
        body["last_1h"],
        json!({"long_usd": 25_000.0, "short_usd": 12_500.0})
    );
    assert_eq!(body["last_4h"], Value::Null);
    assert_eq!(body["last_24h"], Value::Null);
    assert_eq!(
        body["contracts_1h"],
        json!([{"symbol": "BTCUSDT", "display_symbol": "BTC", "long_usd": 25_000.0, "short_usd": 12_500.0}])
    );
    assert_eq!(text(&body, "/liquidations/0/side"), "long");
}

#[test]
fn liquidations_that_break_a_rule_are_absent_and_cost_nothing_else() {
    let mut scene = Scene::good();
    scene.long_view.liquidations = known(
        Liquidations {
            last_24h: Some(LiquidatedSides {
                long_usd: amount(25_000.0),
                short_usd: amount(12_500.0),
            }),
            ..heard()
        },
        Venue::Bybit,
        0,
    );
    let valid = scene.valid();
    assert_eq!(
        absence(
            &valid,
            Endpoint::Liquidations,
            Freshness::Fresh,
            &Limits::DEFAULT
        ),
        Some("failed_validation")
    );
    // A snapshot that was written with them is another writer's, and refused whole.
    let mut snapshot = valid.get().clone();
    snapshot.liquidations = Section::Present {
        source: snapshot.tickers_source,
        as_of_ms: NOW,
        freshness: Freshness::Fresh,
        value: Liquidations {
            last_1h: None,
            ..heard()
        },
    };
    let refused = ValidSnapshot::admit(snapshot, NOW, NO_BASELINE).unwrap_err();
    assert_eq!(refused.label(), "bad_section");
}

#[test]
fn every_contract_tells_what_holding_it_costs_and_how_much_is_held() {
    let mut scene = Scene::good();
    scene.tickers.rows[1].funding_rate = Some(-0.000_05);
    scene.tickers.rows[1].funding_interval_hours = Some(4.0);
    scene.tickers.rows[1].open_interest_base = Some(amount(150.0));
    scene.tickers.rows[2].open_interest_usd = None;
    let past = PastOpenInterest {
        one_hour: Some(amount(100.0)),
        four_hours: Some(amount(300.0)),
        day: None,
    };
    scene
        .long_view
        .past_open_interest
        .insert("ETHUSDT".to_owned(), past);
    let body = body(&scene.valid(), Endpoint::Contracts);
    check_fields(&body, &[&HEAD, &["contracts", "count"]]);
    check_rows(
        &body,
        "/contracts",
        60,
        &[
            "display_symbol",
            "funding_interval_hours",
            "funding_rate_8h_pct",
            "funding_rate_pct",
            "next_funding_ms",
            "open_interest_base",
            "open_interest_change_1h_pct",
            "open_interest_change_24h_pct",
            "open_interest_change_4h_pct",
            "open_interest_usd",
            "symbol",
        ],
    );
    assert_eq!(text(&body, "/contracts/0/symbol"), "BTCUSDT");
    assert_eq!(
        body["contracts"][1],
        json!({
            "symbol": "ETHUSDT", "display_symbol": "ETH", "funding_rate_pct": -0.005,
            "funding_interval_hours": 4.0, "next_funding_ms": NOW.as_millis() + 3_600_000,
            "funding_rate_8h_pct": -0.01, "open_interest_usd": 2_467_500_000.0,
            "open_interest_base": 150.0, "open_interest_change_1h_pct": 50.0,
            "open_interest_change_4h_pct": -50.0, "open_interest_change_24h_pct": null,
        })
    );
    // What is not told is last, and unknown.
    assert_eq!(text(&body, "/contracts/59/symbol"), "COIN002USDT");
    assert_eq!(body["contracts"][59]["open_interest_base"], Value::Null);
}

/// The top of one book, `ago_ms` old.
fn top(symbol: &str, ago_ms: u64) -> BookTop {
    BookTop {
        symbol: symbol.to_owned(),
        as_of_ms: ago(ago_ms),
        bid: price(99.95),
        bid_size_base: amount(2.0),
        ask: price(100.05),
        ask_size_base: amount(3.0),
        spread_bps: 10.0,
    }
}

#[test]
fn each_book_tells_its_best_prices_and_its_own_time() {
    let mut scene = Scene::good();
    let books = Books {
        monitored: 40,
        rows: vec![top("BTCUSDT", 500), top("ETHUSDT", 9_000)],
    };
    scene.long_view.books = known(books.clone(), Venue::Bybit, 9_000);
    let valid = scene.valid();
    let body = body(&valid, Endpoint::Books);
    check_fields(
        &body,
        &[&HEAD, &["books", "books_as_of_ms", "count", "monitored"]],
    );
    check_rows(
        &body,
        "/books",
        2,
        &[
            "ask",
            "ask_size_base",
            "bid",
            "bid_size_base",
            "book_as_of_ms",
            "display_symbol",
            "spread_bps",
            "symbol",
        ],
    );
    assert_eq!(number(&body, "/monitored"), 40.0);
    assert_eq!(body["books_as_of_ms"], json!(ago(9_000)));
    assert_eq!(body["books"][0]["book_as_of_ms"], json!(ago(500)));
    // Best prices live for a minute at most.
    let absent = |class| absence(&valid, Endpoint::Books, class, &Limits::DEFAULT);
    assert_eq!(absent(Freshness::Fresh), None);
    assert_eq!(absent(Freshness::Stale), Some("too_old"));
    // A book that cannot be costs the section and nothing else; a writer's costs the snapshot.
    let mut crossed = books;
    crossed.rows[0].ask = crossed.rows[0].bid;
    scene.long_view.books = known(crossed.clone(), Venue::Bybit, 9_000);
    let valid = scene.valid();
    assert_eq!(
        absence(&valid, Endpoint::Books, Freshness::Fresh, &Limits::DEFAULT),
        Some("failed_validation")
    );
    let mut snapshot = valid.get().clone();
    snapshot.books = Section::Present {
        source: snapshot.tickers_source,
        as_of_ms: ago(9_000),
        freshness: Freshness::Fresh,
        value: crossed,
    };
    let refused = ValidSnapshot::admit(snapshot, NOW, NO_BASELINE).unwrap_err();
    assert_eq!(refused.label(), "bad_section");
}

#[test]
fn every_route_leads_to_a_body() {
    let valid = good();
    for (path, endpoint) in CLIENT_ROUTES {
        assert_eq!(Endpoint::at(path), Some(endpoint));
        assert_eq!(
            text(&body(&valid, endpoint), "/status"),
            "success",
            "{path}"
        );
    }
}

#[test]
fn what_is_handed_to_the_edge_passes_the_door_again() {
    let valid = good();
    for class in Freshness::ALL {
        let handed = bytes(&valid, Endpoint::Snapshot, class);
        assert!(ValidSnapshot::from_json(&handed, NOW, NO_BASELINE).as_ref() == Ok(&valid));
    }
}

#[test]
fn every_key_is_stored_as_an_object_encoded_once() {
    let valid = good();
    let entries = stored(&valid).unwrap();
    assert_eq!(
        entries
            .iter()
            .map(|entry| entry.key.as_str())
            .collect::<Vec<_>>(),
        StoreKey::ALL.map(StoreKey::name)
    );
    for entry in &entries {
        let name = &entry.key;
        assert_eq!(repeated_key(&entry.value), None, "{name}");
        let value: Value = serde_json::from_slice(&entry.value).unwrap();
        assert!(value.is_object(), "{name}");
        assert_eq!(value["schema_version"], json!(1), "{name}");
        assert_eq!(value["sequence"], json!(7), "{name}");
        assert_eq!(value["as_of_ms"], json!(AS_OF.as_millis()), "{name}");
        if ![StoreKey::MobileData.name(), StoreKey::Snapshot.name()].contains(&name.as_str()) {
            check_fields(
                &value,
                &[&[
                    "schema_version",
                    "sequence",
                    "as_of_ms",
                    "data_source",
                    "data",
                ]],
            );
            assert_eq!(value["data_source"], "origin", "{name}");
            assert!(!value["data"].is_string(), "{name} is encoded twice");
        }
    }
}

#[test]
fn what_is_stored_is_what_is_served() {
    let valid = good();
    let served = body(&valid, Endpoint::MobileData);
    let entries = stored(&valid).unwrap();
    let data = |key: StoreKey| {
        let entry = entries
            .iter()
            .find(|entry| entry.key == key.name())
            .unwrap();
        serde_json::from_slice::<Value>(&entry.value).unwrap()
    };
    assert_eq!(data(StoreKey::MobileData), served);
    assert_eq!(data(StoreKey::Overview)["data"], served["market_overview"]);
    assert_eq!(data(StoreKey::Breadth)["data"], served["market_breadth"]);
    assert_eq!(data(StoreKey::Movers)["data"], served["top_movers"]);
    assert_eq!(data(StoreKey::Tickers)["data"], served["confluence_scores"]);
    assert_eq!(
        data(StoreKey::Regime)["data"]["market_regime"],
        served["market_overview"]["market_regime"]
    );
    assert_eq!(
        data(StoreKey::Regime)["data"]["details"],
        served["market_overview"]["market_regime_details"]
    );
    assert_eq!(
        data(StoreKey::BtcDominance)["data"]["btc_dominance"],
        served["market_overview"]["btc_dominance"]
    );
}
