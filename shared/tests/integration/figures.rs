//! Figures over all contracts, computed a second time here from the definitions.

use crate::support::json::{array, number, text};
use crate::support::{AS_OF, BYBIT, NOW, Scene, body, percent, price, rows};
use serde_json::{Value, json};
use shared::endpoints::Endpoint;
use shared::exchange::bybit::{Listing, UniverseBuilder};
use shared::units::Percent;

/// A market in which no two contracts pay, stand or move alike.
fn uneven() -> Scene<'static> {
    let mut rows = rows(52);
    for (index, row) in rows.iter_mut().enumerate() {
        row.funding_rate = (index % 7 != 3).then_some(0.000_1 * (index as f64 - 20.0));
        row.funding_interval_hours = [Some(8.0), Some(4.0), None][index % 3];
        row.mark = Some(price(row.last.get() * (1.0 + index as f64 * 1e-5)));
    }
    Scene::of(rows)
}

#[track_caller]
fn check(body: &Value, pointer: &str, expected: f64) {
    let found = number(body, pointer);
    assert!(
        (found - expected).abs() <= 1e-6 * expected.abs().max(100.0),
        "{pointer} is {found} and not {expected}"
    );
}

#[test]
fn the_overview_is_arithmetic_on_the_tickers() {
    let scene = uneven();
    let changes: Vec<f64> = scene
        .tickers
        .rows
        .iter()
        .filter_map(|row| row.change_24h_pct)
        .map(Percent::get)
        .collect();
    let count = changes.len() as f64;
    let mean = changes.iter().sum::<f64>() / count;
    let variance = changes
        .iter()
        .map(|change| (change - mean) * (change - mean))
        .sum::<f64>()
        / (count - 1.0);
    let (up, down) = changes
        .iter()
        .fold((0.0, 0.0), |(up, down), change| match change {
            change if *change > 0.0 => (up + 1.0, down),
            change if *change < 0.0 => (up, down + 1.0),
            _ => (up, down),
        });
    let body = body(&scene.valid(), Endpoint::MobileData);
    check(&body, "/market_overview/average_change", mean);
    for name in ["volatility", "current_volatility", "market_dispersion"] {
        check(&body, &format!("/market_overview/{name}"), variance.sqrt());
    }
    check(&body, "/market_overview/avg_volatility", 40.0);
    check(
        &body,
        "/market_overview/btc_price",
        scene.tickers.rows[0].last.get(),
    );
    check(&body, "/market_overview/active_symbols", count);
    assert!(
        (number(&body, "/market_overview/trend_strength")
            - (50.0 + 50.0 * (up - down) / (up + down)))
            .abs()
            < 0.01
    );
    check(
        &body,
        "/market_breadth/breadth_percentage",
        up / (up + down) * 100.0,
    );
    for (counted, places) in [
        (
            up,
            [
                "/market_overview/gainers",
                "/market_breadth/up",
                "/market_breadth/up_count",
            ],
        ),
        (
            down,
            [
                "/market_overview/losers",
                "/market_breadth/down",
                "/market_breadth/down_count",
            ],
        ),
        (
            count - up - down,
            [
                "/market_overview/flat",
                "/market_breadth/flat",
                "/market_breadth/flat",
            ],
        ),
    ] {
        for place in places {
            check(&body, place, counted);
        }
    }
}

#[test]
fn rising_and_falling_are_counted_the_same_everywhere() {
    let valid = uneven().valid();
    let (mobile, overview) = (
        body(&valid, Endpoint::MobileData),
        body(&valid, Endpoint::Overview),
    );
    let movers = body(&valid, Endpoint::MarketMovers);
    let breadth = &mobile["market_breadth"];
    assert_ne!(
        breadth["up"], breadth["down"],
        "the test needs a market that leans"
    );
    assert_eq!(
        overview["momentum"],
        json!({"gainers": breadth["up"], "losers": breadth["down"]})
    );
    assert_eq!(overview["summary"]["total_symbols"], breadth["total"]);
    assert_eq!(movers["statistics"]["positive"], breadth["up"]);
    assert_eq!(movers["statistics"]["negative"], breadth["down"]);
    assert_eq!(movers["statistics"]["neutral"], breadth["flat"]);
}

#[test]
fn the_perpetuals_are_weighted_by_turnover_and_counted_on_one_side() {
    let scene = uneven();
    let (mut paid, mut paying, mut basis, mut turnover, mut interest) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for row in &scene.tickers.rows {
        let weight = row.turnover_24h.unwrap().get();
        // Where the row does not tell the interval, the listing does: eight hours.
        let periods = 8.0 / row.funding_interval_hours.unwrap_or(8.0);
        if let Some(rate) = row.funding_rate {
            paid += weight * rate * periods * 100.0;
            paying += weight;
        }
        let (mark, index) = (row.mark.unwrap().get(), row.index.unwrap().get());
        basis += weight * (mark - index) / index * 100.0;
        turnover += weight;
        interest += row.open_interest_usd.unwrap().get();
    }
    let perps = body(&scene.valid(), Endpoint::MobileData)["perps"].clone();
    assert!((number(&perps, "/funding_rate") - paid / paying).abs() < 1e-6);
    assert!((number(&perps, "/basis_pct") - basis / turnover).abs() < 1e-6);
    check(&perps, "/total_open_interest", interest);
    check(&perps, "/contract_count", 52.0);
}

#[track_caller]
fn check_regime(change_pct: f64, category: &str) {
    let mut scene = Scene::good();
    for row in &mut scene.tickers.rows {
        row.change_24h_pct = Some(percent(change_pct));
        row.change_1h_pct = Some(percent(change_pct / 5.0));
    }
    let body = body(&scene.valid(), Endpoint::DashboardMobileData);
    let details = &body["market_overview"]["market_regime_details"];
    assert_eq!(text(details, "/category"), category);
    assert_eq!(
        text(&body, "/regime"),
        format!("{category}: {}", text(details, "/label"))
    );
    let scores: Vec<f64> = array(&body, "/symbols")
        .iter()
        .map(|row| number(row, "/score"))
        .collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    assert!((number(details, "/mean_score") - mean).abs() < 0.0051);
}

#[test]
fn the_regime_goes_where_the_scores_go() {
    check_regime(25.0, "Strong Bullish");
    check_regime(4.0, "Bullish");
    check_regime(0.0, "Neutral");
    check_regime(-4.0, "Bearish");
    check_regime(-25.0, "Strong Bearish");
}

#[test]
fn a_range_is_told_in_percent_of_the_price() {
    let body = body(&Scene::good().valid(), Endpoint::Symbols);
    for row in array(&body, "/symbols") {
        let (high, low, last) = (
            number(row, "/high_24h"),
            number(row, "/low_24h"),
            number(row, "/price"),
        );
        assert!(
            (number(row, "/range_24h") - (high - low) / last * 100.0).abs() < 0.0001,
            "{row}"
        );
    }
}

#[test]
fn a_contract_is_ours_only_by_every_part_of_the_rule() {
    let contract = |symbol: &str, field: &str, value: Value| {
        let mut row = json!({
            "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "quoteCoin": "USDT",
            "settleCoin": "USDT", "symbolType": "", "isPreListing": false, "fundingInterval": 60
        });
        row[field] = value;
        row
    };
    let list = [
        contract("BTCUSDT", "symbolType", json!("innovation")),
        contract("AUSDT", "contractType", json!("LinearFutures")),
        contract("BUSDT", "status", json!("PreLaunch")),
        contract("CUSDT", "quoteCoin", json!("USDC")),
        contract("DUSDT", "settleCoin", json!("USDC")),
        contract("EUSDT", "symbolType", json!("stock")),
        contract("FUSDT", "isPreListing", json!(true)),
        contract("GUSDT", "symbolType", json!("not_yet_invented")),
    ];
    let body = json!({"retCode": 0, "time": AS_OF.as_millis(), "result": {"list": list, "nextPageCursor": ""}});
    let mut builder = UniverseBuilder::new();
    builder
        .add(Listing::parse(body.to_string().as_bytes()).unwrap())
        .unwrap();
    assert!(builder.unknown_types().iter().eq(["not_yet_invented"]));
    let universe = builder.finish(BYBIT, NOW).unwrap();
    assert!(
        universe
            .contracts
            .iter()
            .eq([(&"BTCUSDT".to_owned(), &Some(1.0))]),
        "{:?}",
        universe.contracts
    );
}
