//! The indicators against TA-Lib's C core: `fixtures/ta_lib.json` is its output on the candles that
//! stand beside it, recorded by `scripts/record-ta-lib`.

use analysis::scores::indicators::{
    Output, atr, cci, directional_movement, ema, money_flow, rsi, signed_volume, sma, williams_r,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The relative difference that is still equal. Rounding differs, as the port uses fused
/// multiply-adds.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Fixture {
    series: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    name: String,
    candles: Candles,
    /// Each indicator's values, up to the last candle; none for the first candles.
    outputs: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Candles {
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

/// Compares one indicator with what was recorded of it, on every candle of every series.
///
/// A value near 0 in a series of large ones (an oscillator crossing 0, a sum of volumes) is
/// compared by the series' largest: its own digits are what is left of a difference.
#[track_caller]
fn check(name: &str, indicator: impl Fn(&Candles) -> Option<Output>) {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/ta_lib.json")).unwrap();
    assert_eq!(fixture.series.len(), 5);
    for series in &fixture.series {
        let expected = series.outputs.get(name).unwrap();
        let found = indicator(&series.candles).unwrap();
        assert_eq!(
            found.values.len(),
            expected.len(),
            "{name} of {}",
            series.name
        );
        assert_eq!(
            found.first_bar,
            series.candles.close.len() - expected.len(),
            "{name} of {}",
            series.name
        );
        let largest = expected.iter().map(|value| value.abs()).fold(0.0, f64::max);
        for (index, (found, expected)) in found.values.iter().zip(expected).enumerate() {
            let scale = if centred_on_zero(name) {
                largest
            } else {
                expected.abs()
            };
            assert!(
                (found - expected).abs() <= TOLERANCE * scale,
                "{name} of {} at {index}: {found} is not {expected}",
                series.name
            );
        }
    }
}

/// Whether an indicator passes through 0.
fn centred_on_zero(name: &str) -> bool {
    matches!(name, "cci_20" | "willr_14" | "obv" | "cmf_20")
}

fn medians(candles: &Candles) -> Vec<f64> {
    candles
        .high
        .iter()
        .zip(&candles.low)
        .map(|(high, low)| (high + low) / 2.0)
        .collect()
}

#[test]
fn the_relative_strength_index_is_that_of_ta_lib() {
    check("rsi_14", |candles| rsi(&candles.close, 14));
}

#[test]
fn the_average_true_range_is_that_of_ta_lib() {
    check("atr_14", |candles| {
        atr(&candles.high, &candles.low, &candles.close, 14)
    });
}

#[test]
fn the_directional_movement_is_that_of_ta_lib() {
    let movement =
        |candles: &Candles| directional_movement(&candles.high, &candles.low, &candles.close, 14);
    check("adx_14", |candles| Some(movement(candles)?.adx));
    check("plus_di_14", |candles| Some(movement(candles)?.plus_di));
    check("minus_di_14", |candles| Some(movement(candles)?.minus_di));
}

#[test]
fn the_commodity_channel_index_is_that_of_ta_lib() {
    check("cci_20", |candles| {
        cci(&candles.high, &candles.low, &candles.close, 20)
    });
}

#[test]
fn williams_percent_r_is_that_of_ta_lib() {
    check("willr_14", |candles| {
        williams_r(&candles.high, &candles.low, &candles.close, 14)
    });
}

#[test]
fn the_moving_averages_are_those_of_ta_lib() {
    check("median_sma_5", |candles| sma(&medians(candles), 5));
    check("median_sma_34", |candles| sma(&medians(candles), 34));
    check("ema_20", |candles| ema(&candles.close, 20));
    check("ema_50", |candles| ema(&candles.close, 50));
}

#[test]
fn money_flow_over_twenty_candles_is_that_of_ta_lib() {
    check("cmf_20", |candles| {
        let windows = (20..=candles.close.len()).map(|end| {
            let window = end - 20..end;
            let of = |column: &[f64]| column.get(window.clone()).unwrap().to_vec();
            let share = money_flow(
                &of(&candles.high),
                &of(&candles.low),
                &of(&candles.close),
                &of(&candles.volume),
            );
            // Where nothing was traded TA-Lib says 0, and we that there is no such number.
            if share.is_nan() { 0.0 } else { share }
        });
        Some(Output {
            first_bar: 19,
            values: windows.collect(),
        })
    });
}

#[test]
fn signed_volume_without_a_width_is_on_balance_volume() {
    check("obv", |candles| {
        // TA-Lib begins on-balance volume with the first candle's whole volume.
        let first = candles.volume.first()?;
        let sums = (1..=candles.close.len()).map(|end| {
            let (closes, volumes) = (
                candles.close.get(..end).unwrap(),
                candles.volume.get(..end).unwrap(),
            );
            first + signed_volume(closes, volumes, 0.0).0
        });
        Some(Output {
            first_bar: 0,
            values: sums.collect(),
        })
    });
}
