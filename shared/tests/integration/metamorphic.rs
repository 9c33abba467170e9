//! Changes of the market whose effect is known without knowing the right answer.

use crate::support::{
    self, Scene, bybit_row, bybit_tickers, percent, price, rows, ticker, universe_of,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::exchange::bybit::tickers;
use shared::market::{RefusedRow, RowRefusal, Ticker};
use shared::snapshot::{Mover, Snapshot};

/// Contracts that settle every tie: no two changes and no two turnovers are the same.
fn distinct_rows(changes: &[f64]) -> Vec<Ticker<'static>> {
    let mut rows = rows(changes.len());
    for (index, (row, change)) in rows.iter_mut().zip(changes).enumerate() {
        let change = percent(change + index as f64 / 1_000.0 + 0.000_5);
        row.change_24h_pct = Some(change);
        row.change_1h_pct = Some(percent(change.get() / 10.0));
        // The price stands where the change put it within the day's range, so that a mirror moves
        // it too.
        let place = change.get() / 100.0;
        row.low_24h = Some(price(row.last.get() * (0.5 - place / 4.0)));
        row.high_24h = Some(price(row.last.get() * (1.5 - place / 4.0)));
    }
    rows
}

fn changes() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-60.0..60.0_f64, 45)
}

/// A ticker table as Bybit would send it at these prices.
fn bybit_body(contracts: &[(f64, f64, f64)], scale: f64) -> Vec<u8> {
    let row = |(index, (last, prev, hour)): (usize, &(f64, f64, f64))| {
        let symbol = match index {
            0 => "BTCUSDT".to_owned(),
            1 => "ETHUSDT".to_owned(),
            _ => format!("COIN{index:03}USDT"),
        };
        let mut row = bybit_row(&symbol);
        let text = |value: f64| Value::String(value.to_string());
        row["lastPrice"] = text(last * scale);
        row["markPrice"] = text(last * scale * 1.000_1);
        row["indexPrice"] = text(last * scale);
        row["prevPrice24h"] = text(prev * scale);
        row["prevPrice1h"] = text(hour * scale);
        row["highPrice24h"] = text(last.max(*prev) * scale * 1.01);
        row["lowPrice24h"] = text(last.min(*prev) * scale * 0.99);
        row["price24hPcnt"] = json!("");
        row["turnover24h"] = text(5e6 + index as f64);
        row["volume24h"] = text((5e6 + index as f64) / (last * scale));
        row
    };
    bybit_tickers(&contracts.iter().enumerate().map(row).collect::<Vec<_>>())
}

fn contracts() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    prop::collection::vec((0.5..2.0_f64, 0.5..2.0_f64, 0.5..2.0_f64), 45)
}

fn snapshot_of(body: &[u8]) -> Snapshot {
    let tickers = tickers::parse(body).unwrap();
    assert_eq!(tickers.refused, []);
    let universe = universe_of(&tickers.rows);
    Scene {
        tickers,
        universe,
        ..Scene::good()
    }
    .snapshot()
}

fn names(movers: &[Mover]) -> Vec<&str> {
    movers.iter().map(|row| row.symbol.as_str()).collect()
}

fn scores(snapshot: &Snapshot) -> Vec<(&str, f64, f64)> {
    let mut scores: Vec<_> = snapshot
        .scores
        .iter()
        .map(|row| {
            (
                row.symbol.as_str(),
                row.score.get(),
                row.change_24h.unwrap().get(),
            )
        })
        .collect();
    scores.sort_by(|a, b| a.0.cmp(b.0));
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_rows_says_nothing(order in Just((0..60).collect::<Vec<usize>>()).prop_shuffle()) {
        let mut scene = Scene::good();
        let before = scene.snapshot();
        let rows = scene.tickers.rows.clone();
        scene.tickers.rows = order.iter().map(|index| rows[*index].clone()).collect();
        prop_assert!(scene.snapshot() == before, "the snapshot depends on the order of the venue's rows");
    }

    #[test]
    fn contracts_that_are_not_listed_change_nothing(
        others in prop::collection::vec(("[A-Z]{2,6}(PERP|USD|-25DEC26)", 1e-6..1e6_f64, -99.0..999.0_f64, 0.0..1e12_f64), 0..30),
        at in any::<prop::sample::Index>()
    ) {
        let mut scene = Scene::good();
        let before = scene.snapshot();
        let place = at.index(scene.tickers.rows.len());
        for (symbol, last, change, turnover) in &others {
            scene.tickers.rows.insert(place, ticker(symbol, *last, *change, *turnover));
            let reason = RowRefusal::Missing { field: "lastPrice" };
            scene.tickers.refused.push(RefusedRow { symbol: format!("X{symbol}").into(), reason });
        }
        prop_assert!(scene.snapshot() == before, "a contract that is not listed was counted");
    }

    #[test]
    fn another_unit_of_money_changes_no_score_and_no_mood(contracts in contracts(), power in -20..20_i32) {
        // A power of two scales without rounding, so nothing may change in the last digit either.
        let plain = snapshot_of(&bybit_body(&contracts, 1.0));
        let scaled = snapshot_of(&bybit_body(&contracts, 2_f64.powi(power)));
        prop_assert_eq!(scores(&plain), scores(&scaled));
        prop_assert_eq!(plain.breadth, scaled.breadth);
        prop_assert_eq!(&plain.regime, &scaled.regime);
        prop_assert_eq!(plain.overview.average_change, scaled.overview.average_change);
        prop_assert_eq!(plain.overview.dispersion, scaled.overview.dispersion);
        prop_assert_eq!(plain.overview.average_range, scaled.overview.average_range);
        prop_assert_eq!(plain.perps.basis_status, scaled.perps.basis_status);
        prop_assert_eq!(names(&plain.movers.gainers), names(&scaled.movers.gainers));
        prop_assert_eq!(names(&plain.movers.losers), names(&scaled.movers.losers));
    }

    #[test]
    fn any_factor_on_all_prices_changes_no_score(contracts in contracts(), factor in 1e-6..1e6_f64) {
        let plain = snapshot_of(&bybit_body(&contracts, 1.0));
        let scaled = snapshot_of(&bybit_body(&contracts, factor));
        for ((symbol, before, change), (same, after, change_after)) in scores(&plain).iter().zip(scores(&scaled)) {
            prop_assert_eq!(*symbol, same);
            prop_assert!((before - after).abs() < 0.0101 && (change - change_after).abs() < 0.000_101, "{}", symbol);
        }
        prop_assert_eq!(plain.breadth, scaled.breadth);
    }

    #[test]
    fn a_mirrored_market_has_its_mirror_image(changes in changes()) {
        let up = distinct_rows(&changes);
        let mirrored = |row: &Ticker<'static>| {
            let negated = percent(-row.change_24h_pct.unwrap().get());
            // The place in the range is mirrored by exchanging the distances to high and low.
            let (high, low) = (row.high_24h.unwrap().get(), row.low_24h.unwrap().get());
            let (to_high, to_low) = (high - row.last.get(), row.last.get() - low);
            Ticker {
                change_24h_pct: Some(negated),
                change_1h_pct: Some(percent(-row.change_1h_pct.unwrap().get())),
                high_24h: Some(price(row.last.get() + to_low)),
                low_24h: Some(price(row.last.get() - to_high)),
                ..row.clone()
            }
        };
        let down: Vec<_> = up.iter().map(mirrored).collect();
        let (plain, mirror) = (Scene::of(up).snapshot(), Scene::of(down).snapshot());
        prop_assert_eq!((plain.breadth.up, plain.breadth.down), (mirror.breadth.down, mirror.breadth.up));
        prop_assert_eq!(names(&plain.movers.gainers), names(&mirror.movers.losers));
        prop_assert_eq!(names(&plain.movers.losers), names(&mirror.movers.gainers));
        prop_assert_eq!(plain.overview.average_change.get(), -mirror.overview.average_change.get());
        prop_assert_eq!(plain.overview.dispersion, mirror.overview.dispersion);
        for ((symbol, score, _), (_, opposite, _)) in scores(&plain).iter().zip(scores(&mirror)) {
            prop_assert!((score + opposite - 100.0).abs() < 0.0101, "{} has {} and {}", symbol, score, opposite);
        }
    }

    #[test]
    fn more_turnover_lifts_a_contract_and_nothing_else(index in 2..60_usize) {
        let mut scene = Scene::good();
        let before = scene.snapshot();
        let symbol = scene.tickers.rows[index].symbol.to_string();
        scene.tickers.rows[index].turnover_24h = Some(support::amount(1e12));
        let after = scene.snapshot();
        prop_assert_eq!(&after.volume_leaders[0].symbol, &symbol);
        prop_assert!(after.scores.iter().any(|row| row.symbol == symbol), "the most traded contract has no score");
        prop_assert_eq!(after.breadth, before.breadth);
        prop_assert_eq!(after.overview.average_change, before.overview.average_change);
    }
}
