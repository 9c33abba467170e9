//! Who holds what: open interest, accounts on either side, and what holding costs, at any moment.

use super::instrument::Instrument;
use super::noise;
use crate::clock::HOUR_MS;

/// One side's open interest in steps.
pub(crate) fn interest_steps(instrument: &Instrument, at_ms: i64) -> i64 {
    let held = noise::unit(noise::fork(instrument.key, 3)).mul_add(0.6, 0.1);
    let slow = 0.08 * noise::wave(noise::fork(instrument.key, 31), at_ms, 31 * HOUR_MS);
    let fast = 0.05 * noise::wave(instrument.key, at_ms, 5 * HOUR_MS);
    // Counted in coins, so that a price that moves opens and closes nothing.
    instrument.steps(instrument.turnover_usd * held * (slow + fast).exp() / instrument.base_price)
}

/// The share of the accounts that are long, in ten-thousandths.
pub(crate) fn long_share_e4(instrument: &Instrument, at_ms: i64) -> i64 {
    let leaning = 1_500.0 * noise::wave(noise::fork(instrument.key, 32), at_ms, 40 * HOUR_MS);
    let mood = 600.0 * noise::wave(noise::fork(instrument.key, 33), at_ms, 3 * HOUR_MS);
    // The crowd is long more often than not.
    5_600 + (leaning + mood) as i64
}

/// The funding rate per interval, in hundred-millionths.
pub(crate) fn funding_e8(instrument: &Instrument, now_ms: i64) -> i64 {
    if instrument.daily_move == 0.0 || instrument.funding_interval_hours == 0 {
        return 0;
    }
    // A third of the market pays exactly the base rate of 0.01 % per 8 hours, as on the exchange.
    let base = 10_000 * instrument.funding_interval_hours / 8;
    if noise::fork(instrument.key, 5).is_multiple_of(3) {
        return base;
    }
    let pull = noise::wave(instrument.key, now_ms, 16 * HOUR_MS) * instrument.daily_move * 1e6;
    let cap = instrument.funding_cap_e8();
    (base + pull as i64).clamp(-cap, cap)
}
