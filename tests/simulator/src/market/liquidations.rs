//! Positions that are closed by force: few while the price stands, many when it moves, and then
//! mostly those that the move hurts.

use super::instrument::Instrument;
use super::noise::{fork, signed, unit};
use super::prices::Prices;
use crate::clock::{DAY_MS, SECOND_MS};

/// They are told in slots of this length.
pub(crate) const SLOT_MS: i64 = 500;

/// The chance of one within a slot in the busiest market while its price stands.
const USUAL_CHANCE: f64 = 0.03;

/// A slot is never sure to have one.
const HIGHEST_CHANCE: f64 = 0.8;

/// The move that counts is that of this span.
const MOVE_MS: i64 = 30 * SECOND_MS;

/// A move beyond so many usual ones liquidates no more than that.
const HIGHEST_MOVE: f64 = 3.0;

/// What is liquidated at once is a chain of this length at most.
const LONGEST_CHAIN: u64 = 4;

/// One position that was closed by force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Liquidation {
    pub(crate) time_ms: i64,
    /// The price at which nothing was left of the position.
    pub(crate) ticks: i64,
    pub(crate) steps: i64,
    pub(crate) is_long: bool,
}

/// The liquidations of one contract within the slot of this number, the oldest first.
pub(crate) fn in_slot(seed: u64, instrument: &Instrument, slot: i64) -> Vec<Liquidation> {
    if !instrument.is_trading() || instrument.turnover_usd <= 0.0 || instrument.daily_move == 0.0 {
        return Vec::new();
    }
    let key = fork(fork(instrument.key, 91), slot.cast_unsigned());
    let usual = USUAL_CHANCE * (instrument.turnover_usd / 1e10).sqrt().min(1.0);
    let chance = |moved: f64| (usual * moved.mul_add(6.0 * moved, 1.0)).min(HIGHEST_CHANCE);
    let draw = unit(fork(key, 1));
    // Most slots are empty whatever the price does, and need no price.
    if draw >= chance(HIGHEST_MOVE) {
        return Vec::new();
    }
    let from_ms = slot * SLOT_MS;
    let mut prices = Prices::new(seed, instrument);
    let usual_move = instrument.daily_move * (MOVE_MS as f64 / DAY_MS as f64).sqrt();
    let change = prices.at(from_ms) / prices.at(from_ms - MOVE_MS) - 1.0;
    let moved = (change / usual_move).clamp(-HIGHEST_MOVE, HIGHEST_MOVE);
    if draw >= chance(moved) {
        return Vec::new();
    }
    let chain = 1 + (unit(fork(key, 2)) * moved * moved) as u64;
    let count = chain.min(LONGEST_CHAIN);
    let usual_usd = (instrument.turnover_usd * 2e-6).clamp(50.0, 30_000.0);
    let one = |index: u64| {
        let key = fork(key, 10 + index);
        let time_ms = from_ms + SLOT_MS * index as i64 / count as i64;
        let price = prices.at(time_ms);
        let is_long = unit(fork(key, 1)) < (-0.45_f64).mul_add(moved.tanh(), 0.5);
        let away = unit(fork(key, 2)).mul_add(0.01, 0.002) * if is_long { -1.0 } else { 1.0 };
        let usd = usual_usd * (1.5 * signed(fork(key, 3))).exp();
        Liquidation {
            time_ms,
            ticks: instrument.ticks(price * (1.0 + away)),
            steps: instrument.steps(usd / price).max(1),
            is_long,
        }
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::listing::Listing;
    use super::*;

    const NOW_MS: i64 = 1_786_310_817_197;
    const HOURS_SLOTS: i64 = 24 * 3_600_000 / SLOT_MS;

    #[test]
    fn a_move_liquidates_those_whom_it_hurts() {
        let listing = Listing::at(7, NOW_MS);
        let instrument = listing.find("BTCUSDT").unwrap();
        let mut prices = Prices::new(7, instrument);
        let (mut hurt, mut others, mut still) = (0, 0, 0);
        for slot in NOW_MS / SLOT_MS..NOW_MS / SLOT_MS + HOURS_SLOTS {
            let found = in_slot(7, instrument, slot);
            let from_ms = slot * SLOT_MS;
            let change = prices.at(from_ms) / prices.at(from_ms - MOVE_MS) - 1.0;
            let usual = instrument.daily_move * (MOVE_MS as f64 / DAY_MS as f64).sqrt();
            for one in &found {
                assert!((from_ms..from_ms + SLOT_MS).contains(&one.time_ms));
                if change.abs() < usual / 2.0 {
                    still += 1;
                } else if one.is_long == (change < 0.0) {
                    hurt += 1;
                } else {
                    others += 1;
                }
            }
        }
        assert!(hurt > 2 * others, "{hurt} {others}");
        assert!(
            still > 100 && hurt + others > still,
            "{still} {hurt} {others}"
        );
    }
}
