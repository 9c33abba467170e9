//! One bad thing is left out by itself and does not take the rest down.
use crate::support::{
    BYBIT, NOW, Scene, admit, amount, body, bybit_row, bybit_tickers, global_market, known,
    percent, price, rows,
};
use serde_json::{Value, json};
use shared::assemble::Slow;
use shared::endpoints::Endpoint;
use shared::exchange::bybit::tickers;
use shared::exchange::{ParseError, alternative_me};
use shared::market::Dated;
use shared::provenance::Venue;
use shared::snapshot::Section;

#[test]
fn a_row_without_a_name_is_left_out() {
    for name in [json!(null), json!(7), json!({})] {
        let mut nameless = bybit_row("X");
        nameless["symbol"] = name;
        let table = bybit_tickers(&[nameless, bybit_row("GOODUSDT")]);
        assert_eq!(
            tickers::parse(&table).map(|tickers| tickers.rows.len()),
            Ok(1)
        );
    }
    let table = bybit_tickers(&[json!(null), bybit_row("GOODUSDT")]);
    assert_eq!(
        tickers::parse(&table).map(|tickers| tickers.rows.len()),
        Ok(1)
    );
}

#[test]
fn a_refusal_without_words_is_still_a_refusal() {
    let refused = tickers::parse(br#"{"retCode":10006,"retMsg":null,"result":{},"time":1}"#);
    assert!(
        matches!(refused, Err(ParseError::Refused { code: 10_006, .. })),
        "{refused:?}"
    );
}

#[test]
fn a_turnover_beyond_the_whole_market_is_unknown() {
    let mut absurd = bybit_row("BIGUSDT");
    absurd["turnover24h"] = json!("1e308");
    let table = bybit_tickers(&[absurd, bybit_row("GOODUSDT")]);
    let tickers = tickers::parse(&table).unwrap();
    let known: Vec<bool> = tickers
        .rows
        .iter()
        .map(|row| row.turnover_24h.is_some())
        .collect();
    assert_eq!(known, [false, true]);
}

#[test]
fn an_absurd_funding_interval_does_not_hide_the_markets_rate() {
    let mut scene = Scene::good();
    scene.tickers.rows[9].funding_interval_hours = Some(1e-320);
    assert!(scene.snapshot().perps.funding_rate.is_some());
}

#[test]
fn which_of_two_contradicting_rows_comes_first_changes_nothing() {
    let with_second = |at_front: bool| {
        let mut scene = Scene::good();
        let mut second = scene.tickers.rows[7].clone();
        second.last = price(1.0);
        if at_front {
            scene.tickers.rows.insert(0, second);
        } else {
            scene.tickers.rows.push(second);
        }
        scene.snapshot()
    };
    assert_eq!(with_second(true), with_second(false));
}

#[test]
fn every_label_that_the_parser_takes_passes_the_door() {
    let label = "極".repeat(32);
    let answer =
        json!({"data": [{"value": "5", "value_classification": label, "timestamp": "1788825600"}]})
            .to_string();
    let (index, _) = alternative_me::parse(answer.as_bytes(), NOW).unwrap();
    let scene = Scene {
        fear_greed: known(index, Venue::AlternativeMe, 1_000),
        ..Scene::good()
    };
    assert_eq!(admit(scene.snapshot()).err(), None);
}

#[test]
fn a_slow_source_whose_clock_runs_ahead_is_absent_and_says_so() {
    let ahead = Dated {
        value: global_market(),
        as_of_ms: NOW.plus_millis(60_000),
        source: BYBIT,
    };
    let scene = Scene {
        global_market: Slow::Known(ahead),
        ..Scene::good()
    };
    let valid = admit(scene.snapshot()).unwrap();
    assert_eq!(
        valid.get().global_market,
        Section::absent("from_the_future")
    );
}

#[test]
fn a_reason_in_foreign_words_is_replaced() {
    let scene = Scene {
        global_market: Slow::unknown("HTTP 503 <b>"),
        ..Scene::good()
    };
    assert_eq!(
        admit(scene.snapshot()).unwrap().get().global_market,
        Section::absent("unknown")
    );
}

#[test]
fn a_floor_of_parts_of_a_cent_lets_a_mover_at_the_floor_pass() {
    let mut scene = Scene::good();
    scene.tickers.rows[2].turnover_24h = Some(amount(1_000_000.004));
    scene.tickers.rows[2].change_24h_pct = Some(percent(77.0));
    scene.settings.mover_turnover_floor = 1_000_000.004;
    assert_eq!(admit(scene.snapshot()).err(), None);
}

#[test]
fn a_mover_has_moved_in_what_is_shown_too() {
    let mut all = rows(40);
    all.iter_mut()
        .for_each(|row| row.change_24h_pct = Some(percent(0.0)));
    all[3].change_24h_pct = Some(percent(0.000_03));
    all[4].change_24h_pct = Some(percent(-0.000_03));
    let movers = Scene::of(all).snapshot().movers;
    assert!(
        movers.gainers.is_empty() && movers.losers.is_empty(),
        "{movers:?}"
    );
}

#[test]
fn equal_moves_stand_in_the_order_of_their_symbols() {
    let mut all = rows(40);
    all.iter_mut()
        .for_each(|row| row.change_24h_pct = Some(percent(1.0)));
    let movers = Scene::of(all).snapshot().movers;
    assert!(
        movers.gainers.is_sorted_by_key(|row| row.symbol.clone()),
        "{movers:?}"
    );
}

#[test]
fn total_volume_means_one_thing_in_a_body() {
    let overview = body(&Scene::good().valid(), Endpoint::Overview);
    assert_eq!(
        overview["summary"]["total_volume"],
        overview["market_overview"]["total_volume"]
    );
    let alone = body(&Scene::from_tickers_alone().valid(), Endpoint::Overview);
    assert_eq!(alone["summary"]["total_volume"], Value::Null);
}
