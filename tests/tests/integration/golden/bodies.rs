//! The fields of every body, their types, and which of them may be `null` or absent.
//!
//! The bodies are made of recorded snapshots, so they are the same at every run. Which fields may
//! be `null` is found by taking single facts out of a snapshot: whatever still passes validation
//! can be served.

use crate::freeze::freeze;
use crate::shape::Shape;
use expect_test::expect_file;
use serde_json::{Value, json};
use shared::analysis::scores::weights;
use shared::endpoints::{Endpoint, Question, SymbolEndpoint};
use shared::freshness::{Freshness, Limits};
use shared::projection::{answer, stored};
use shared::snapshot::alerts::{AlertKind, MAX_ALERTS};
use shared::snapshot::measurement::Measurement;
use shared::snapshot::performance::ChartTimeframe;
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

const ANALYSED: &str = include_str!("../../../../shared/fuzz/seeds/snapshot/analysed.json");
const TICKERS_ALONE: &str =
    include_str!("../../../../shared/fuzz/seeds/snapshot/tickers_alone.json");

/// The parts that have a source of their own, and so may be absent.
const SECTIONS: [&str; 10] = [
    "global_market",
    "defi_market",
    "fear_greed",
    "beta",
    "performance",
    "statistics",
    "liquidations",
    "contracts",
    "books",
    "alerts",
];

/// Every snapshot that the recorded ones and the absence of their facts make. One at a time, for
/// there are many.
pub(crate) fn snapshots() -> impl Iterator<Item = ValidSnapshot> {
    let mut analysed: Value = serde_json::from_str(ANALYSED).unwrap();
    analysed["alerts"]["value"]["alerts"] = alerts(&analysed["as_of_ms"]);
    let analysed = with_later_figures(analysed);
    let tickers_alone = with_figures_of_tickers(serde_json::from_str(TICKERS_ALONE).unwrap());
    let mut direct = tickers_alone.clone();
    direct["producer"] = "bybit_direct".into();
    // As a release before this field wrote it.
    direct["tickers_delivery"] = Value::Null;
    direct["fallback_reason"] = "origin_timeout".into();
    let mut without_perpetuals = tickers_alone.clone();
    for (_, figure) in without_perpetuals["perps"].as_object_mut().unwrap() {
        *figure = Value::Null;
    }
    let complete = with_every_part(analysed.clone());
    let decided = with_a_strong_signal(analysed.clone());
    // As it is for a while after a start: Bitcoin's candles come first.
    let mut bitcoin_alone = analysed.clone();
    bitcoin_alone["beta"]["value"]["rows"]
        .as_array_mut()
        .unwrap()
        .retain(|row| row["symbol"] == "BTCUSDT");
    let taken_over = taken_over(analysed.clone());
    let mut just_listening = analysed.clone();
    just_listening["liquidations"]["value"] = just_begun(&analysed["as_of_ms"]);
    let whole = [
        &analysed,
        &tickers_alone,
        &direct,
        &without_perpetuals,
        &complete,
        &decided,
        &bitcoin_alone,
        &taken_over,
        &just_listening,
    ]
    .map(|snapshot| admit(snapshot).expect("a whole snapshot is valid"));
    whole.into_iter().chain(
        [analysed, tickers_alone]
            .into_iter()
            .flat_map(with_something_missing),
    )
}

/// The same with the figures of tickers that came after the recording.
fn with_figures_of_tickers(mut snapshot: Value) -> Value {
    snapshot["overview"]["robust_dispersion"] = 2.5.into();
    snapshot["perps"]["funding_paid"] = 0.01.into();
    snapshot["perps"]["premium"] = (-0.02).into();
    snapshot["tickers_delivery"] = "stream".into();
    let as_of_ms = snapshot["as_of_ms"].as_u64().unwrap();
    // By columns: one contract of which everything is known, one of which nothing is.
    snapshot["contracts"] = json!({
        "state": "present",
        "source": snapshot["tickers_source"],
        "as_of_ms": as_of_ms,
        "freshness": "fresh",
        "value": {
            "symbol": ["BTCUSDT", "ETHUSDT"],
            "funding_rate_pct": [0.01, null],
            "funding_interval_hours": [8.0, null],
            "next_funding_ms": [as_of_ms + 60_000, null],
            "funding_rate_8h_pct": [0.01, null],
            "open_interest_usd": [2.5e9, null],
            "open_interest_base": [38_000.5, null],
            "open_interest_change_1h_pct": [0.5, null],
            "open_interest_change_4h_pct": [-1.5, null],
            "open_interest_change_24h_pct": [12.5, null],
        },
    });
    snapshot
}

/// The top of a book.
fn a_book(as_of_ms: &Value) -> Value {
    json!({
        "symbol": "BTCUSDT", "as_of_ms": as_of_ms, "bid": 49_999.5, "bid_size_base": 0.25,
        "ask": 50_000.5, "ask_size_base": 1.5, "spread_bps": 0.2,
    })
}

/// Parts that only a stream brings.
const STREAMED_PARTS: [&str; 4] = [
    "orderbook.order_flow_imbalance",
    "orderbook.fleeting_orders",
    "orderbook.absorption",
    "sentiment.liquidations",
];

/// The same with all figures that came after the recording.
fn with_later_figures(snapshot: Value) -> Value {
    let mut snapshot = with_figures_of_tickers(snapshot);
    snapshot["perps"]["funding_unusual"] = (-1.5).into();
    snapshot["perps"]["premium_unusual"] = 0.75.into();
    for row in snapshot["scores"].as_array_mut().unwrap() {
        row["weights"] = weights::version().into();
        if let Some(confluence) = row["confluence"].as_object_mut() {
            confluence.insert("weights".to_owned(), weights::version().into());
            confluence.insert("measurements".to_owned(), every_measurement());
            for part in STREAMED_PARTS {
                confluence["sub_components"][part] = Value::Null;
                let missing = confluence["missing"].as_array_mut().unwrap();
                if !missing.contains(&part.into()) {
                    missing.push(part.into());
                }
            }
            let missing = confluence["missing"].as_array().unwrap().iter();
            let reasons = missing
                .map(|part| (part.as_str().unwrap().to_owned(), "too_little".into()))
                .collect();
            confluence.insert("missing_reasons".to_owned(), Value::Object(reasons));
        }
    }
    for row in snapshot["beta"]["value"]["rows"].as_array_mut().unwrap() {
        for span in ["week", "month", "quarter"] {
            if let Some(window) = row[span].as_object_mut() {
                window.insert("beta_error".to_owned(), 0.012.into());
                window.insert("excess_pct".to_owned(), 12.0.into());
                window.insert("excess_error_pct".to_owned(), 3.0.into());
            }
        }
    }
    snapshot["statistics"] = json!({
        "state": "present",
        "source": snapshot["tickers_source"],
        "as_of_ms": snapshot["as_of_ms"],
        "freshness": "fresh",
        "value": {
            "trend_adx": {"value": 24.5, "contracts": 40},
            "realised_volatility": {"value": {"day": 3.1, "month": 4.2}, "contracts": 39},
            "altcoin_share": {"value": 50.0, "contracts": 30},
        },
    });
    snapshot["liquidations"] = json!({
        "state": "present",
        "source": snapshot["tickers_source"],
        "as_of_ms": snapshot["as_of_ms"],
        "freshness": "fresh",
        "value": a_day_of_liquidations(&snapshot["as_of_ms"]),
    });
    snapshot["books"] = json!({
        "state": "present",
        "source": snapshot["tickers_source"],
        "as_of_ms": snapshot["as_of_ms"],
        "freshness": "fresh",
        "value": {"monitored": 40, "rows": [a_book(&snapshot["as_of_ms"])]},
    });
    snapshot
}

/// One liquidation in a day that was heard from beginning to end.
fn a_day_of_liquidations(as_of_ms: &Value) -> Value {
    let as_of_ms = as_of_ms.as_u64().unwrap();
    let sides = json!({"long_usd": 12_500.0, "short_usd": 0.0});
    let row = json!({
        "time_ms": as_of_ms - 1_000, "symbol": "BTCUSDT", "side": "long",
        "size_base": 0.25, "bankruptcy_price": 50_000.0, "value_usd": 12_500.0,
    });
    json!({
        "observed_since_ms": as_of_ms - 90_000_000,
        "unheard_ms": 1_200,
        "refused": 1,
        "contracts_observed": 500,
        "last_1h": sides,
        "last_4h": sides,
        "last_24h": sides,
        "contracts_1h": [{"symbol": "BTCUSDT", "long_usd": 12_500.0, "short_usd": 0.0}],
        "largest": row,
        "latest": [row],
    })
}

/// What is known when listening has just begun.
fn just_begun(as_of_ms: &Value) -> Value {
    json!({
        "observed_since_ms": as_of_ms,
        "unheard_ms": 0,
        "refused": 0,
        "contracts_observed": 500,
        "last_1h": null,
        "last_4h": null,
        "last_24h": null,
        "contracts_1h": null,
        "largest": null,
        "latest": [],
    })
}

fn every_measurement() -> Value {
    let measured = |one: &Measurement| {
        (
            one.wire_name().to_owned(),
            json!({"score": 61.5, "weight": 0.05}),
        )
    };
    Value::Object(Measurement::ALL.iter().map(measured).collect())
}

/// The same with every part of every score, of which a short recording lacks some.
fn with_every_part(mut snapshot: Value) -> Value {
    for row in snapshot["scores"].as_array_mut().unwrap() {
        let Some(confluence) = row["confluence"].as_object_mut() else {
            continue;
        };
        confluence["missing"] = json!([]);
        confluence["missing_reasons"] = json!({});
        for (_, part) in confluence["sub_components"].as_object_mut().unwrap() {
            if part.is_null() {
                *part = 50.0.into();
            }
        }
    }
    snapshot
}

/// The same with a score so high that its signal has a strength, which the recording has none of.
fn with_a_strong_signal(mut snapshot: Value) -> Value {
    let row = &mut snapshot["scores"][0];
    row["score"] = 90.0.into();
    row["confluence"]["score"] = 90.0.into();
    snapshot
}

/// The same as a new leader makes it: a score of the one before, and charts in which a candle is
/// not there yet.
fn taken_over(mut snapshot: Value) -> Value {
    snapshot["scores"][0]["score_as_of_ms"] = snapshot["as_of_ms"].clone();
    for chart in snapshot["performance"]["value"]["charts"]
        .as_array_mut()
        .unwrap()
    {
        for (_, line) in chart["lines"].as_object_mut().unwrap() {
            line[5] = Value::Null;
        }
    }
    snapshot
}

/// One alert of each kind, newest first.
fn alerts(at_ms: &Value) -> Value {
    let event = |kind: AlertKind| match kind {
        AlertKind::RegimeChange => json!({"from": "Bullish: Risk-On", "to": "Bearish: Risk-Off"}),
        AlertKind::ScoreCrossing => json!({"zone": "long", "score": 71.5}),
        AlertKind::Funding => json!({"tier": 1, "rate_8h_pct": 0.06}),
        AlertKind::OpenInterest => {
            json!({"tier": 1, "change_4h_pct": 9.0, "price_change_4h_pct": 3.0})
        }
        AlertKind::LargeTrade => {
            json!({"taker": "buy", "value_usd": 800_000.0, "price": 100.0, "traded_at_ms": at_ms})
        }
        AlertKind::LiquidationCascade => json!({
            "tier": 1, "long_usd": 1_200_000.0, "short_usd": 100_000.0,
            "median_usd": 100_000.0, "mad_usd": 100_000.0, "windows": 12,
        }),
        AlertKind::StaleData => json!({"age_ms": 130_000}),
        AlertKind::FallbackShare => json!({"share": 0.2}),
    };
    let alert = |kind: AlertKind| {
        let mut event = event(kind);
        event["kind"] = kind.name().into();
        let symbol = if kind.has_symbol() {
            json!("BTCUSDT")
        } else {
            Value::Null
        };
        json!({"at_ms": at_ms, "symbol": symbol, "event": event})
    };
    AlertKind::ALL.into_iter().map(alert).collect()
}

fn admit(snapshot: &Value) -> Option<ValidSnapshot> {
    let now = UnixMs::from_millis(snapshot["generated_at_ms"].as_u64()?);
    ValidSnapshot::from_json(snapshot.to_string().as_bytes(), now, Baseline::default()).ok()
}

/// What is still valid when one fact is missing: at every place where it stands, or at the first
/// alone.
fn with_something_missing(whole: Value) -> impl Iterator<Item = ValidSnapshot> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    collect_places(&whole, "", "", &mut places);
    let whole = Rc::new(whole);
    let of_places = Rc::clone(&whole);
    let without_section = SECTIONS.into_iter().filter_map(move |section| {
        let mut snapshot = Value::clone(&whole);
        snapshot[section] = json!({"state": "absent", "reason": "timeout"});
        admit(&snapshot)
    });
    let without_fact = places
        .into_values()
        .flat_map(|pointers| [vec![pointers[0].clone()], pointers]);
    let without_fact = without_fact.filter_map(move |pointers| {
        let mut snapshot = Value::clone(&of_places);
        for pointer in pointers {
            *snapshot.pointer_mut(&pointer)? = Value::Null;
        }
        admit(&snapshot)
    });
    without_section.chain(without_fact)
}

/// Every place of a snapshot that holds something, by its path without numbers and names.
fn collect_places(
    value: &Value,
    path: &str,
    pointer: &str,
    places: &mut BTreeMap<String, Vec<String>>,
) {
    if !pointer.is_empty() && !value.is_null() {
        places
            .entry(path.to_owned())
            .or_default()
            .push(pointer.to_owned());
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_places(
                    item,
                    &format!("{path}[]"),
                    &format!("{pointer}/{index}"),
                    places,
                );
            }
        }
        Value::Object(fields) => {
            for (key, inner) in fields {
                let name = if key.ends_with("USDT") {
                    "{symbol}"
                } else {
                    key
                };
                collect_places(
                    inner,
                    &format!("{path}.{name}"),
                    &format!("{pointer}/{key}"),
                    places,
                );
            }
        }
        _ => {}
    }
}

/// Every question that a client can ask of this snapshot, by the name of its body.
pub(crate) fn questions(snapshot: &ValidSnapshot) -> Vec<Question<'_>> {
    let analysed = snapshot
        .get()
        .scores
        .iter()
        .filter(|row| row.confluence.is_some());
    let symbols: Vec<&str> = analysed.map(|row| row.symbol.as_str()).collect();
    let whole = Endpoint::ALL.into_iter().map(Question::Whole);
    let of_symbol = SymbolEndpoint::ALL.into_iter().flat_map(|endpoint| {
        symbols.iter().map(move |symbol| Question::OfSymbol {
            endpoint,
            symbol: Cow::Borrowed(symbol),
        })
    });
    let charts = ChartTimeframe::ALL.into_iter().map(Question::BetaChart);
    whole
        .chain(of_symbol)
        .chain(charts)
        .chain([Question::RecentAlerts { limit: MAX_ALERTS }])
        .collect()
}

#[test]
fn golden_fields_of_every_body() {
    let mut shapes: BTreeMap<&str, Shape> = BTreeMap::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for snapshot in snapshots() {
        for question in questions(&snapshot) {
            asked.insert(question.name());
            let Ok(body) =
                answer(&snapshot, &question, Freshness::Fresh, &Limits::DEFAULT).unwrap()
            else {
                continue;
            };
            shapes.entry(question.name()).or_default().see_bytes(&body);
        }
    }
    for (name, shape) in &shapes {
        let golden = expect_file![format!("../../../golden/bodies/{name}.txt")];
        freeze(&golden, shape.facts());
    }
    // The tests of the shells freeze these.
    let of_the_shells = ["health-edge", "health-origin", "live-origin"];
    assert_every_file_is_of(
        "bodies",
        &shapes
            .keys()
            .copied()
            .chain(of_the_shells)
            .map(str::to_owned)
            .collect(),
    );
    let answered: BTreeSet<&str> = shapes.into_keys().collect();
    assert_eq!(answered, asked, "a body was never made");
}

#[test]
fn golden_fields_of_every_stored_value() {
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    for snapshot in snapshots() {
        for entry in stored(&snapshot).unwrap() {
            let is_breakdown = entry.key.ends_with("USDT");
            let name = if is_breakdown {
                "confluence:breakdown".to_owned()
            } else {
                entry.key
            };
            shapes.entry(name).or_default().see_bytes(&entry.value);
        }
    }
    // These are bodies as well, whose files freeze them.
    for body in ["dashboard:mobile-data", "market:snapshot"] {
        shapes.remove(body).unwrap();
    }
    let files: BTreeMap<String, Shape> = shapes
        .into_iter()
        .map(|(name, shape)| (name.replace(':', "."), shape))
        .collect();
    for (name, shape) in &files {
        freeze(
            &expect_file![format!("../../../golden/stored/{name}.txt")],
            shape.facts(),
        );
    }
    assert_every_file_is_of("stored", &files.into_keys().collect());
}

/// Fails for a file of something that is served or stored no more.
#[track_caller]
fn assert_every_file_is_of(folder: &str, names: &BTreeSet<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(folder);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            names.contains(name),
            "{} is gone, which breaks clients; remove it if that is meant",
            path.display()
        );
    }
}

/// The market overview of a snapshot in JSON.
pub(crate) fn market_overview_of(snapshot: &Value) -> Value {
    let snapshot = admit(snapshot).unwrap();
    let body = shared::projection::body(
        &snapshot,
        Endpoint::MarketOverview,
        Freshness::Fresh,
        &Limits::DEFAULT,
    )
    .unwrap();
    serde_json::from_slice(&body).unwrap()
}
