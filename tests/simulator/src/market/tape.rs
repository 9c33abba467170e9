//! The trades of one instrument.

use super::instrument::Instrument;
use super::noise::{fork, unit};
use super::prices::Prices;
use crate::clock::DAY_MS;

/// One trade in so many is a large one, and so much larger than the usual one.
const LARGE_ONE_IN: u64 = 2_000;
const LARGE_TIMES: f64 = 60.0;

/// One trade in so many was agreed upon beside the book.
const BLOCK_ONE_IN: u64 = 500;

/// One trade in so many is against a retail price improvement order.
const RPI_ONE_IN: u64 = 20;

/// One trade.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trade {
    /// Counts up from trade to trade.
    pub(crate) number: i64,
    pub(crate) time_ms: i64,
    pub(crate) ticks: i64,
    pub(crate) steps: i64,
    pub(crate) is_buy: bool,
    pub(crate) is_block: bool,
    pub(crate) is_rpi: bool,
    /// The randomness of this trade alone.
    pub(crate) key: u64,
}

/// The last `count` trades until `now_ms`, newest first.
///
/// There is one trade in each slot of time, so a trade keeps its number whenever it is asked for.
pub(crate) fn newest(seed: u64, instrument: &Instrument, now_ms: i64, count: usize) -> Vec<Trade> {
    if !instrument.is_trading() || instrument.turnover_usd <= 0.0 {
        return Vec::new();
    }
    let mut tape = Tape::new(seed, instrument);
    let newest = now_ms.div_euclid(tape.slot_ms);
    let numbers = (0..=newest)
        .rev()
        .skip_while(|number| tape.time_of(*number) > now_ms)
        .take(count);
    let numbers: Vec<_> = numbers.collect();
    numbers
        .into_iter()
        .map(|number| tape.trade(number))
        .collect()
}

/// When the trade of this number happens.
pub(crate) fn time_of(seed: u64, instrument: &Instrument, number: i64) -> i64 {
    Tape::new(seed, instrument).time_of(number)
}

/// The trades after the one with the number `after` until `now_ms`, oldest first, `count` at most.
pub(crate) fn following(
    seed: u64,
    instrument: &Instrument,
    after: i64,
    now_ms: i64,
    count: usize,
) -> Vec<Trade> {
    let mut tape = Tape::new(seed, instrument);
    (after.saturating_add(1)..)
        .take(count)
        .map_while(|number| (tape.time_of(number) <= now_ms).then(|| tape.trade(number)))
        .collect()
}

struct Tape<'a> {
    instrument: &'a Instrument,
    key: u64,
    slot_ms: i64,
    usual_usd: f64,
    prices: Prices<'a>,
    prices_before: Prices<'a>,
}

impl<'a> Tape<'a> {
    fn new(seed: u64, instrument: &'a Instrument) -> Self {
        // The busiest market has about a million trades a day, and they are larger there.
        let usual_usd = (instrument.turnover_usd * 1e-6).clamp(20.0, 20_000.0);
        let slot_ms = (DAY_MS as f64 * usual_usd / instrument.turnover_usd).round() as i64;
        Self {
            instrument,
            key: fork(instrument.key, 71),
            slot_ms: slot_ms.clamp(1, DAY_MS),
            usual_usd,
            prices: Prices::new(seed, instrument),
            prices_before: Prices::new(seed, instrument),
        }
    }

    fn time_of(&self, number: i64) -> i64 {
        let share = unit(fork(fork(self.key, number.cast_unsigned()), 1));
        number * self.slot_ms + (share * self.slot_ms as f64) as i64
    }

    fn trade(&mut self, number: i64) -> Trade {
        let key = fork(self.key, number.cast_unsigned());
        let time_ms = self.time_of(number);
        let price = self.prices.at(time_ms);
        let is_large = fork(key, 2).is_multiple_of(LARGE_ONE_IN);
        // Sizes differ by orders of magnitude; their mean is the usual one.
        let bell = 2.0 * (unit(fork(key, 3)) + unit(fork(key, 4)) + unit(fork(key, 5)) - 1.5);
        let times = 1.1_f64.mul_add(bell, -0.6).exp() * if is_large { LARGE_TIMES } else { 1.0 };
        Trade {
            number,
            time_ms,
            ticks: self.instrument.ticks(price),
            steps: self.instrument.steps(self.usual_usd * times / price).max(1),
            is_buy: unit(fork(key, 6)) < self.buyers_share(price, time_ms),
            is_block: fork(key, 7).is_multiple_of(BLOCK_ONE_IN),
            is_rpi: fork(key, 8).is_multiple_of(RPI_ONE_IN),
            key,
        }
    }

    /// Who pushes the price is the taker: while it rises most takers buy.
    fn buyers_share(&mut self, price: f64, time_ms: i64) -> f64 {
        let window_ms = (40 * self.slot_ms).max(30_000);
        let usual_move = self.instrument.daily_move * (window_ms as f64 / DAY_MS as f64).sqrt();
        if usual_move == 0.0 {
            return 0.5;
        }
        let change = price / self.prices_before.at(time_ms - window_ms) - 1.0;
        0.35_f64.mul_add((change / usual_move).tanh(), 0.5)
    }
}
