//! The two other exchanges: their wire forms, the mark by which their figures are known, their
//! faults, and the way from their bytes to what clients read.

use std::collections::BTreeSet;

use serde_json::json;
use shared::analysis::Settings;
use shared::assemble::{Substitute, assemble_secondary};
use shared::endpoints::Endpoint;
use shared::exchange::bybit::{Listing, UniverseBuilder};
use shared::exchange::secondary::Secondary;
use shared::exchange::{Detail, ParseError, binance, okx};
use shared::freshness::{Freshness, Limits};
use shared::market::{Ticker, Tickers, Universe};
use shared::projection;
use shared::provenance::{Source, Venue};
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};

use super::*;

const OKX: &str = okx::TICKERS;
const OKX_LIST: &str = okx::INSTRUMENTS;
const BINANCE: &str = binance::TICKERS;

/// What each link is asked for.
const LINKS: [(&str, &str); 3] = [
    ("okx-tickers", OKX),
    ("okx-instruments", OKX_LIST),
    ("binance-tickers", BINANCE),
];

fn now(exchange: &Exchange) -> UnixMs {
    UnixMs::from_millis(u64::try_from(exchange.clock.now_ms()).unwrap())
}

fn source(venue: Venue) -> Source {
    Source::declared(venue, Some("simulated"))
}

#[track_caller]
fn row<'t, 'a>(tickers: &'t Tickers<'a>, symbol: &str) -> &'t Ticker<'a> {
    tickers
        .rows
        .iter()
        .find(|row| row.symbol == symbol)
        .unwrap_or_else(|| panic!("there is no {symbol}"))
}

async fn okx_universe(exchange: &Exchange) -> Universe {
    let listing = okx::instruments::Listing::parse(&exchange.get(OKX_LIST).await.body).unwrap();
    assert_eq!(listing.unknown_categories(), &BTreeSet::new());
    listing.universe(source(Venue::Okx), now(exchange))
}

async fn bybit_universe(exchange: &Exchange) -> Universe {
    let mut builder = UniverseBuilder::new();
    assert_eq!(
        builder.add(Listing::parse(&exchange.get(INSTRUMENTS).await.body).unwrap()),
        Ok(None)
    );
    builder.finish(source(Venue::Bybit), now(exchange)).unwrap()
}

#[tokio::test]
async fn okx_speaks_in_its_own_envelope_and_all_its_numbers_are_strings() {
    let exchange = Exchange::start().await;
    let answer = exchange.get(OKX).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, answer.header("x-market-data")),
        (StatusCode::OK, Some("simulated"))
    );
    assert_eq!(
        (&body["code"], &body["msg"], body.get("time")),
        (&json!("0"), &json!(""), None)
    );
    let rows = body["data"].as_array().unwrap();
    assert!((200..500).contains(&rows.len()), "{}", rows.len());
    for row in rows {
        assert!(
            row.as_object().unwrap().values().all(Value::is_string),
            "{row}"
        );
        assert!(
            number(row, "low24h") <= number(row, "last")
                && number(row, "last") <= number(row, "high24h"),
            "{row}"
        );
        assert!(number(row, "ts") as i64 <= NOW_MS, "{row}");
    }
}

#[tokio::test]
async fn okx_refuses_with_a_status_and_a_code_in_a_string() {
    let exchange = Exchange::start().await;
    for path in ["/api/v5/market/tickers", "/api/v5/public/instruments"] {
        let answer = exchange.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("50014"))
        );
        let answer = exchange.get(&format!("{path}?instType=SPOTS")).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("51000"))
        );
    }
}

#[tokio::test]
async fn binance_speaks_in_bare_rows_short_or_long() {
    let exchange = Exchange::start().await;
    let short = exchange.json(BINANCE).await;
    let rows = short.as_array().unwrap();
    assert!((250..500).contains(&rows.len()), "{}", rows.len());
    for row in rows {
        assert!(
            row["lastPrice"].is_string() && row["closeTime"].is_i64() && row["count"].is_i64(),
            "{row}"
        );
        assert!(row.get("priceChangePercent").is_none(), "{row}");
    }
    let long = exchange.json("/api/v3/ticker/24hr").await;
    let bitcoin = find(long.as_array().unwrap(), "BTCUSDT");
    let percent = (number(bitcoin, "lastPrice") / number(bitcoin, "openPrice") - 1.0) * 100.0;
    assert!(
        (number(bitcoin, "priceChangePercent") - percent).abs() < 0.001,
        "{bitcoin}"
    );
    // Without being asked for pairs that trade only, it tells of those that no longer do as well.
    let dead = long
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["lastId"] == -1)
        .count();
    assert_eq!(
        (dead, rows.iter().filter(|row| row["lastId"] == -1).count()),
        (2, 0)
    );
    let refused = exchange.get("/api/v3/ticker/24hr?type=TINY").await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!(-1_100))
    );
}

#[tokio::test]
async fn every_row_is_read_and_dead_or_suspended_ones_are_left_out() {
    let exchange = Exchange::start().await;
    for (venue, path) in Secondary::IN_ORDER.map(|venue| (venue, venue.tickers_path())) {
        let body = exchange.get(path).await.body;
        let tickers = venue.tickers(&body).unwrap();
        assert_eq!(tickers.refused, [], "{venue:?}");
        assert!(
            tickers.rows.len() > 200,
            "{venue:?} has {} rows",
            tickers.rows.len()
        );
        let age_ms = now(&exchange).millis_since(tickers.server_time);
        assert!(age_ms < 2_000, "{venue:?} is {age_ms} ms old");
        assert!(tickers.rows.iter().all(|row| row.symbol.ends_with("USDT")));
        let pegged = ["USDCUSDT", "USDEUSDT", "FDUSDUSDT"];
        assert!(
            !tickers
                .rows
                .iter()
                .any(|row| pegged.contains(&&*row.symbol)),
            "{venue:?} shows a pegged coin"
        );
    }
    let body = exchange.get("/api/v3/ticker/24hr").await.body;
    let tickers = binance::tickers::parse(&body).unwrap();
    assert!(
        !tickers
            .rows
            .iter()
            .any(|row| ["VENUSDT", "BCCUSDT"].contains(&&*row.symbol)),
        "a dead pair was shown"
    );
    let body = exchange.get(OKX).await.body;
    assert!(
        body.windows(13).any(|window| window == b"ADA-USDT-SWAP"),
        "the suspended swap is in the table"
    );
    assert!(
        !okx::tickers::parse(&body)
            .unwrap()
            .rows
            .iter()
            .any(|row| row.symbol == "ADAUSDT")
    );
}

#[tokio::test]
async fn a_figure_tells_where_it_came_from() {
    let exchange = Exchange::start().await;
    let bitcoin = exchange.ticker("BTCUSDT").await;
    let lots = exchange.ticker("1000PEPEUSDT").await;
    for (venue, factor, share) in [
        (Secondary::Okx, 1.0007, 0.31),
        (Secondary::Binance, 0.9991, 0.47),
    ] {
        let body = exchange.get(venue.tickers_path()).await.body;
        let tickers = venue.tickers(&body).unwrap();
        let other = row(&tickers, "BTCUSDT");
        assert!(
            (other.last.get() / number(&bitcoin, "lastPrice") - factor).abs() < 1e-6,
            "{venue:?} {other:?}"
        );
        let volume = other.volume_base_24h.unwrap().get() / number(&bitcoin, "volume24h");
        assert!((volume - share).abs() < 1e-4, "{venue:?}: {volume}");
        // OKX's turnover is an estimate, so it is the other exchange's only as nearly as the day's
        // range is narrow.
        let turnover =
            other.turnover_24h.unwrap().get() / number(&bitcoin, "turnover24h") / (factor * share);
        assert!((turnover - 1.0).abs() < 0.05, "{venue:?}: {turnover}");
        let single = row(&tickers, "PEPEUSDT");
        assert!(
            (single.last.get() * 1_000.0 / number(&lots, "lastPrice") - factor).abs() < 1e-3,
            "{single:?}"
        );
        assert!(
            (single.volume_base_24h.unwrap().get() / 1_000.0 / number(&lots, "volume24h") - share)
                .abs()
                < 1e-4,
            "{single:?}"
        );
    }
}

#[tokio::test]
async fn okx_says_which_of_its_swaps_are_crypto() {
    let exchange = Exchange::start().await;
    let body = exchange.get(OKX).await.body;
    let tickers = okx::tickers::parse(&body).unwrap();
    let universe = okx_universe(&exchange).await;
    for share in ["TSLAUSDT", "NVDAUSDT", "AMDUSDT", "XAUUSDT"] {
        row(&tickers, share);
        assert!(!universe.contains(share), "{share} was taken for crypto");
    }
    for absent in ["OPALXUSDT", "VANTISUSDT", "ADAUSDT", "1000PEPEUSDT"] {
        assert!(!universe.contains(absent), "{absent}");
    }
    for listed in ["BTCUSDT", "ETHUSDT", "PEPEUSDT", "SHIBUSDT"] {
        assert!(universe.contains(listed), "{listed}");
    }
}

/// What the edge would serve of a venue, under a list of contracts.
async fn served(
    exchange: &Exchange,
    venue: Secondary,
    universe: &Universe,
) -> (ValidSnapshot, Value) {
    let body = exchange.get(venue.tickers_path()).await.body;
    let tickers = venue.tickers(&body).unwrap();
    let tickers_source = source(venue.venue());
    let now = now(exchange);
    let substitute = Substitute {
        tickers: &tickers,
        tickers_source,
        as_of: tickers.server_time.min(now),
        universe,
        held: None,
    };
    let reason = "origin_timeout".to_owned();
    let made = assemble_secondary(&substitute, 1, reason, now, &Settings::DEFAULT).unwrap();
    let valid = ValidSnapshot::admit(made.snapshot, now, Baseline::default()).unwrap();
    let body = projection::body(
        &valid,
        Endpoint::MobileData,
        Freshness::Fresh,
        &Limits::DEFAULT,
    )
    .unwrap();
    (valid, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn from_their_bytes_comes_what_clients_read() {
    let exchange = Exchange::start().await;
    let (bybit, okx) = (
        bybit_universe(&exchange).await,
        okx_universe(&exchange).await,
    );
    let listed = exchange.instruments().await;
    let others: BTreeSet<String> = listed
        .iter()
        .filter(|row| !["", "innovation"].contains(&text(row, "symbolType")))
        .map(|row| format!("{}USDT", text(row, "baseCoin").trim_end_matches("STOCK")))
        .collect();
    let priced = exchange.ticker("BTCUSDT").await;
    for (venue, universe, factor) in [
        (Secondary::Okx, &okx, 1.0007),
        (Secondary::Okx, &bybit, 1.0007),
        (Secondary::Binance, &okx, 0.9991),
        (Secondary::Binance, &bybit, 0.9991),
    ] {
        let (valid, body) = served(&exchange, venue, universe).await;
        assert_eq!(body["data_source"], "secondary_exchange");
        assert_eq!(
            body["sections"]["tickers"]["source"],
            format!("simulated:{}", venue.venue().name())
        );
        let price = body["market_overview"]["btc_price"].as_f64().unwrap();
        assert!(
            (price / number(&priced, "lastPrice") - factor).abs() < 1e-6,
            "{venue:?} {price}"
        );
        assert!(
            valid.get().coverage.priced > 150,
            "{venue:?}: {:?}",
            valid.get().coverage
        );
        assert_eq!(valid.get().coverage.refused, 0);
        for list in [
            "/confluence_scores",
            "/top_movers/gainers",
            "/top_movers/losers",
        ] {
            for row in body.pointer(list).unwrap().as_array().unwrap() {
                let symbol = text(row, "symbol");
                assert!(
                    !others.contains(symbol),
                    "{venue:?} counts {symbol}, which is no coin"
                );
                assert!(
                    !["USDCUSDT", "FDUSDUSDT", "EURUSDT"].contains(&symbol),
                    "{venue:?} counts {symbol}"
                );
            }
        }
    }
}

#[tokio::test]
async fn each_link_is_counted_and_broken_by_itself_or_with_its_exchange() {
    let exchange = Exchange::start().await;
    for (link, path) in LINKS {
        assert_eq!(exchange.get(path).await.status, StatusCode::OK, "{link}");
        exchange
            .set_fault(link, &json!({"kind": "status", "status": 503}))
            .await;
        assert_eq!(
            exchange.get(path).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{link}"
        );
        assert_eq!(
            exchange.json("/control/requests").await["by_link"][link],
            2,
            "{link}"
        );
    }
    exchange.clear_faults().await;
    for scope in ["okx", "binance"] {
        exchange.set_fault(scope, &json!({"kind": "geo_403"})).await;
    }
    for (link, path) in LINKS {
        assert_eq!(
            exchange.get(path).await.status,
            StatusCode::FORBIDDEN,
            "{link}"
        );
    }
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_error_is_in_the_words_of_its_exchange() {
    let exchange = Exchange::start().await;
    let fault =
        |code: i64| json!({"kind": "ret_code", "code": code, "message": "Too Many Requests"});
    let refused = |code| {
        Some(ParseError::Refused {
            code,
            message: Detail::new("Too Many Requests"),
        })
    };
    exchange
        .set_fault("okx", &fault(okx::RATE_LIMITED[0]))
        .await;
    let answer = exchange.get(OKX).await;
    assert_eq!(
        answer.json(),
        json!({"code": "50011", "msg": "Too Many Requests", "data": []})
    );
    assert_eq!(okx::tickers::parse(&answer.body).err(), refused(50_011));
    exchange
        .set_fault("binance", &fault(binance::RATE_LIMITED))
        .await;
    let answer = exchange.get(BINANCE).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_i64()),
        (StatusCode::BAD_REQUEST, Some(-1_003))
    );
    assert_eq!(binance::tickers::parse(&answer.body).err(), refused(-1_003));
}

#[tokio::test]
async fn binance_can_refuse_a_country() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("binance-tickers", &json!({"kind": "geo_451"}))
        .await;
    let answer = exchange.get(BINANCE).await;
    assert_eq!(answer.status.as_u16(), binance::REGION_REFUSED);
    assert!(binance::is_region_refused(&answer.body));
    assert!(matches!(
        binance::tickers::parse(&answer.body),
        Err(ParseError::Refused { code: 0, .. })
    ));
}

#[tokio::test]
async fn impossible_prices_give_no_row_of_either() {
    let exchange = Exchange::start().await;
    for kind in [
        "zero_prices",
        "nan_prices",
        "null_prices",
        "negative_prices",
    ] {
        exchange.set_fault("all", &json!({ "kind": kind })).await;
        for venue in Secondary::IN_ORDER {
            let body = exchange.get(venue.tickers_path()).await.body;
            let found = venue.tickers(&body);
            assert!(
                matches!(found, Err(ParseError::NoUsableRow { .. })),
                "{venue:?} {kind}: {found:?}"
            );
        }
    }
}

#[tokio::test]
async fn rows_that_contradict_themselves_or_are_no_rows_are_refused() {
    let exchange = Exchange::start().await;
    for (venue, name) in [
        (Secondary::Okx, "ETH-USDT-SWAP"),
        (Secondary::Binance, "ETHUSDT"),
    ] {
        let refused = async |fault: Value| {
            exchange.set_fault("all", &fault).await;
            let body = exchange.get(venue.tickers_path()).await.body;
            let tickers = venue.tickers(&body).unwrap();
            tickers
                .refused
                .iter()
                .map(|row| (row.symbol.to_string(), row.reason.label()))
                .collect::<Vec<_>>()
        };
        let scaled = refused(json!({"kind": "scale_price", "symbol": name, "factor": 10})).await;
        assert_eq!(scaled, [("ETHUSDT".to_owned(), "price_contradicted")]);
        let zero = refused(json!({"kind": "zero_prices_of", "symbols": [name]})).await;
        assert_eq!(zero, [("ETHUSDT".to_owned(), "unusable_field")]);
        let placeholders = refused(json!({"kind": "placeholder_symbol"})).await;
        assert!(
            placeholders
                .iter()
                .all(|(_, label)| *label == "malformed_symbol"),
            "{venue:?} {placeholders:?}"
        );
        assert!(
            placeholders
                .iter()
                .any(|(symbol, _)| symbol.contains("<script>")),
            "{venue:?} {placeholders:?}"
        );
        assert_eq!(refused(json!({"kind": "extra_fields"})).await, []);
        assert_eq!(refused(json!({"kind": "number_prices"})).await, []);
    }
}

#[tokio::test]
async fn an_answer_without_rows_is_named() {
    let exchange = Exchange::start().await;
    for venue in Secondary::IN_ORDER {
        let outcome_of = async |fault: Value| {
            exchange.set_fault("all", &fault).await;
            let body = exchange.get(venue.tickers_path()).await.body;
            venue.tickers(&body).unwrap_err().label()
        };
        let outcome = async |kind: &str| outcome_of(json!({ "kind": kind })).await;
        assert_eq!(outcome("empty_list").await, "empty_list", "{venue:?}");
        assert_eq!(outcome("null_result").await, "result_missing", "{venue:?}");
        assert_eq!(outcome("empty_body").await, "empty_body", "{venue:?}");
        assert_eq!(outcome("html_200").await, "html_body", "{venue:?}");
        let cut = outcome_of(json!({"kind": "truncate", "mode": "short_json"})).await;
        assert_eq!(cut, "truncated_body", "{venue:?}");
    }
}

#[tokio::test]
async fn a_frozen_exchange_ages_and_a_wrong_clock_shows() {
    let exchange = Exchange::start().await;
    for venue in Secondary::IN_ORDER {
        exchange.clear_faults().await;
        let time = async || {
            venue
                .tickers(&exchange.get(venue.tickers_path()).await.body)
                .unwrap()
                .server_time
        };
        let before = time().await;
        exchange.set_fault("all", &json!({"kind": "frozen"})).await;
        exchange.clock.advance(40_000);
        assert_eq!(time().await, before, "{venue:?}");
        exchange
            .set_fault("all", &json!({"kind": "clock_skew", "ms": HOUR_MS}))
            .await;
        assert!(
            time().await.millis_since(now(&exchange)) > 3_590_000,
            "{venue:?}"
        );
    }
}

#[tokio::test]
async fn the_same_question_at_the_same_time_has_the_same_answer() {
    let (one, other) = (Exchange::start().await, Exchange::start().await);
    for (link, path) in LINKS {
        assert_eq!(
            one.get(path).await.body,
            other.get(path).await.body,
            "{link}"
        );
    }
    let seeded = Exchange::start_with(Config {
        seed: 8,
        ..Config::default()
    })
    .await;
    assert_ne!(seeded.get(OKX).await.body, one.get(OKX).await.body);
}
