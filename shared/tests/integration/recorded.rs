//! Figures of recorded answers of the real services, computed independently of this code.
//!
//! The recordings are not part of the project, so these tests are ignored unless `scripts/test`
//! finds their folder; then a recording that is missing fails.

use crate::support::json::array;
use crate::support::{BYBIT, NO_BASELINE, NOW, Scene, amount, body, bytes, universe_of};
use shared::analysis::breadth::breadth;
use shared::analysis::join::Market;
use shared::analysis::movers::movers;
use shared::analysis::overview::overview;
use shared::endpoints::Endpoint;
use shared::exchange::bybit::{Listing, UniverseBuilder, tickers};
use shared::exchange::{Detail, ParseError, coingecko};
use shared::freshness::Freshness;
use shared::market::{Tickers, Universe};
use shared::snapshot::{BreadthMood, Mover};
use shared::units::{Amount, Percent, Price, Share, UnixMs};
use shared::validate::{ValidSnapshot, Warning};
use std::path::PathBuf;

const TICKERS: &str = "bybit_v5_tickers_linear_all_2023-08-16.json";
const INSTRUMENTS: &str = "bybit_v5_instruments_linear_all_2026-08-09.json";
const REFUSAL: &str = "bybit_v5_error_10001_invalid_symbol_2023-09-07.json";
const GLOBAL: &str = "coingecko_global_2025-04-07.json";
const DEFI: &str = "coingecko_global_defi.json";

/// The bytes of a recording.
pub(crate) fn recording(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("RECORDINGS_DIR").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../shared/captures"
            ))
        },
        PathBuf::from,
    );
    let file = folder.join(name);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[track_caller]
fn check_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs(),
        "{found} is not {expected}"
    );
}

/// Every `…USDT` contract of the table, whatever it is: the set from which the figures were
/// computed.
fn all_usdt(tickers: &Tickers<'_>) -> Universe {
    let rows: Vec<_> = tickers
        .rows
        .iter()
        .filter(|row| row.symbol.ends_with("USDT"))
        .cloned()
        .collect();
    universe_of(&rows)
}

fn listed(body: &[u8]) -> Universe {
    let mut builder = UniverseBuilder::new();
    assert_eq!(
        builder.add(Listing::parse(body).unwrap()),
        Ok(None),
        "the recording is one page"
    );
    assert!(builder.unknown_types().is_empty());
    builder.finish(BYBIT, NOW).unwrap()
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_ticker_table_has_its_rows() {
    let recording = recording(TICKERS);
    let tickers = tickers::parse(&recording).unwrap();
    let count = |wanted: fn(&str) -> bool| {
        tickers
            .rows
            .iter()
            .filter(|row| wanted(&row.symbol))
            .count()
    };
    assert_eq!(tickers.refused, []);
    assert_eq!(tickers.rows.len(), 259);
    assert_eq!(count(|symbol| symbol.ends_with("USDT")), 237);
    assert_eq!(count(|symbol| symbol.ends_with("PERP")), 8);
    assert_eq!(count(|symbol| symbol.contains('-')), 14);
    assert_eq!(tickers.server_time, UnixMs::from_millis(1_692_163_167_245));
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_turnover_adds_up() {
    let recording = recording(TICKERS);
    let tickers = tickers::parse(&recording).unwrap();
    let market_of = |universe: &Universe| {
        let market = Market::join(&tickers, universe);
        overview(&market, &breadth(&market), Price::new(1.0).unwrap(), None)
            .unwrap()
            .total_turnover
            .unwrap()
            .get()
    };
    check_close(market_of(&all_usdt(&tickers)), 6_802_917_155.40);
    check_close(market_of(&universe_of(&tickers.rows)), 6_820_496_288.21);
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_market_fell() {
    let recording = recording(TICKERS);
    let tickers = tickers::parse(&recording).unwrap();
    let universe = all_usdt(&tickers);
    let breadth = breadth(&Market::join(&tickers, &universe));
    assert_eq!((breadth.up, breadth.down, breadth.flat), (12, 225, 0));
    assert_eq!(breadth.mood, Some(BreadthMood::Bearish));
}

#[track_caller]
fn check_movers(found: &[Mover], expected: &[(&str, f64)]) {
    let found: Vec<_> = found
        .iter()
        .map(|row| (row.symbol.as_str(), row.change_24h.get()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_movers_are_found_in_percent_and_in_order() {
    let recording = recording(TICKERS);
    let tickers = tickers::parse(&recording).unwrap();
    let universe = all_usdt(&tickers);
    let movers = movers(&Market::join(&tickers, &universe), amount(1_000_000.0));
    check_movers(
        &movers.gainers,
        &[
            ("LEVERUSDT", 9.3163),
            ("SCRTUSDT", 7.1839),
            ("SUNUSDT", 5.8928),
            ("UNFIUSDT", 4.8744),
            ("RUNEUSDT", 3.9525),
        ],
    );
    check_movers(
        &movers.losers,
        &[
            ("YGGUSDT", -16.0048),
            ("MCUSDT", -13.1419),
            ("MAVUSDT", -12.6855),
            ("LPTUSDT", -12.4231),
            ("IDUSDT", -12.3401),
        ],
    );
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn dated_futures_pay_no_funding_and_one_contract_pays_zero() {
    let recording = recording(TICKERS);
    let tickers = tickers::parse(&recording).unwrap();
    let unknown = tickers.rows.iter().filter(|row| row.funding_rate.is_none());
    assert!(
        unknown.clone().all(|row| row.symbol.contains('-')),
        "a perpetual lost its funding rate"
    );
    assert_eq!(unknown.count(), 14);
    let zero: Vec<_> = tickers
        .rows
        .iter()
        .filter(|row| row.funding_rate == Some(0.0))
        .collect();
    assert_eq!(
        zero.iter().map(|row| &*row.symbol).collect::<Vec<_>>(),
        ["USDCUSDT"]
    );
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_list_holds_514_crypto_perpetuals_and_nothing_else() {
    let recording = recording(INSTRUMENTS);
    let universe = listed(&recording);
    assert_eq!(universe.len(), 514);
    for ours in [
        "BTCUSDT",
        "ETHUSDT",
        "1000PEPEUSDT",
        "SHIB1000USDT",
        "1INCHUSDT",
        "1000CATUSDT",
    ] {
        assert!(universe.contains(ours), "{ours} is missing");
    }
    for other in [
        "AAPLUSDT",
        "TSLAUSDT",
        "CATSTOCKUSDT",
        "XAUUSDT",
        "CLUSDT",
        "BTCPERP",
        "BTCUSDT-25DEC26",
    ] {
        assert!(!universe.contains(other), "{other} was taken for crypto");
    }
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_two_bybit_recordings_join_into_a_snapshot_that_may_be_served() {
    let (table, list) = (recording(TICKERS), recording(INSTRUMENTS));
    let tickers = tickers::parse(&table).unwrap();
    let mut scene = Scene {
        tickers,
        universe: listed(&list),
        ..Scene::from_tickers_alone()
    };
    scene.identity.now = scene.universe.as_of_ms.plus_millis(60_000);
    let valid = ValidSnapshot::admit(scene.snapshot(), scene.identity.now, NO_BASELINE).unwrap();
    let snapshot = valid.get();
    assert_eq!(
        (
            snapshot.coverage.listed,
            snapshot.coverage.priced,
            snapshot.coverage.refused
        ),
        (514, 159, 0)
    );
    assert_eq!(
        valid.warnings(),
        [Warning::ThinCoverage {
            priced: 159,
            listed: 514
        }]
    );
    assert_eq!(
        snapshot.as_of_ms,
        UnixMs::from_millis(1_692_163_167_245),
        "the data was made young"
    );
    assert_eq!(snapshot.scores.len(), 40);
    assert_eq!(
        (snapshot.movers.gainers.len(), snapshot.movers.losers.len()),
        (5, 5)
    );
    assert!(bytes(&valid, Endpoint::MobileData, Freshness::Stale).len() < 30_000);
    assert!(bytes(&valid, Endpoint::DashboardMobileData, Freshness::Stale).len() < 100_000);
    let served = body(&valid, Endpoint::MobileData);
    for list in [
        "/confluence_scores",
        "/top_movers/gainers",
        "/top_movers/losers",
    ] {
        for row in array(&served, list) {
            assert!(
                scene.universe.contains(row["symbol"].as_str().unwrap()),
                "{row} is no crypto perpetual"
            );
        }
    }
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_refusal_is_named_with_its_code() {
    let recording = recording(REFUSAL);
    let refused = ParseError::Refused {
        code: 10_001,
        message: Detail::new("Not supported symbols"),
    };
    assert_eq!(tickers::parse(&recording), Err(refused.clone()));
    assert_eq!(Listing::parse(&recording), Err(refused));
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_global_figures_are_read() {
    let recording = recording(GLOBAL);
    let (facts, updated_at) = coingecko::parse_global(&recording).unwrap();
    check_close(facts.total_market_cap.get(), 2_515_268_352_188.766);
    check_close(
        facts.btc_dominance.map(Share::get).unwrap(),
        60.708_583_476_819_36,
    );
    check_close(
        facts.market_cap_change_24h_pct.map(Percent::get).unwrap(),
        -9.999_293_796_813_587,
    );
    assert_eq!(updated_at, UnixMs::from_secs(1_744_025_333));
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_defi_figures_are_read() {
    let recording = recording(DEFI);
    let facts = coingecko::parse_defi(&recording).unwrap();
    check_close(facts.market_cap.get(), 105_273_842_288.229_62);
    check_close(
        facts.volume_24h.map(Amount::get).unwrap(),
        5_046_503_746.288_262,
    );
    check_close(
        facts.dominance.map(Share::get).unwrap(),
        3.867_650_308_461_476_4,
    );
}
