//! How much is traded when: a curve whose area is known, so that what was turned over adds up
//! exactly however time is cut.

use std::f64::consts::TAU;

use super::instrument::Instrument;
use super::noise;
use crate::clock::{DAY_MS, HOUR_MS};

/// Period (ms) and strength of each pulse. None of the periods is one of a candle, and the
/// strengths sum to less than 1, so trading never stands still. A pulse gives back within its
/// period what it took.
const PULSES: [(i64, f64); 6] = [
    (13_000, 0.12),
    (97_000, 0.15),
    (11 * 60_000, 0.18),
    (53 * 60_000, 0.18),
    (7 * HOUR_MS + 600_000, 0.18),
    (41 * HOUR_MS, 0.18),
];

/// What was turned over in a span, USD.
pub(crate) fn turnover(instrument: &Instrument, from_ms: i64, to_ms: i64) -> f64 {
    (busy_ms(instrument, to_ms) - busy_ms(instrument, from_ms)) * instrument.turnover_usd
        / DAY_MS as f64
}

/// What was turned over in the 24 hours before `now_ms`, USD.
pub(crate) fn turnover_24h(instrument: &Instrument, now_ms: i64) -> f64 {
    turnover(instrument, now_ms - DAY_MS, now_ms)
}

/// The time, in ms, at the end of which a trading without pulses would have turned over as much.
fn busy_ms(instrument: &Instrument, at_ms: i64) -> f64 {
    let pulses = PULSES
        .iter()
        .zip(0..)
        .map(|((period_ms, strength), branch)| {
            let key = noise::fork(instrument.key, 40 + branch);
            let swing = noise::signed(noise::fork(
                key,
                at_ms.div_euclid(*period_ms).cast_unsigned(),
            ));
            let share = at_ms.rem_euclid(*period_ms) as f64 / *period_ms as f64;
            // The integral of a whole sine, which is 0 at both ends of its period.
            strength * swing * (*period_ms as f64) * (1.0 - (TAU * share).cos()) / TAU
        });
    at_ms as f64 + pulses.sum::<f64>()
}
