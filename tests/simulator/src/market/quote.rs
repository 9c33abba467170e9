//! Everything a ticker row says about one instrument at one moment, in whole ticks and steps.

use super::activity;
use super::instrument::{Contract, Instrument};
use super::listing::Listing;
use super::noise;
use super::positions;
use super::tide::Tide;
use super::window::Day;
use crate::clock::{DAY_MS, HOUR_MS};

/// The state of one instrument. Prices are ticks, quantities are steps, so that arithmetic on them
/// is exact.
#[derive(Clone, Debug)]
pub(crate) struct Quote {
    pub(crate) last: i64,
    pub(crate) index: i64,
    pub(crate) mark: i64,
    pub(crate) prev_24h: i64,
    pub(crate) prev_1h: i64,
    pub(crate) high_24h: i64,
    pub(crate) low_24h: i64,
    pub(crate) bid: i64,
    pub(crate) ask: i64,
    pub(crate) bid_steps: i64,
    pub(crate) ask_steps: i64,
    pub(crate) volume_steps: i64,
    /// Ten-thousandths of the quote coin.
    pub(crate) turnover_e4: i64,
    /// One side only; the exchange's `openInterest` is twice as much.
    pub(crate) single_interest_steps: i64,
    /// Hundred-millionths per funding interval.
    pub(crate) funding_e8: i64,
    /// 0 for a dated future.
    pub(crate) next_funding_ms: i64,
}

/// The quotes of all instruments of `listing` at `now_ms`.
pub(super) fn all(seed: u64, listing: &Listing, days: &[Day], now_ms: i64) -> Vec<Quote> {
    let moments = Moments {
        now_ms,
        tide_now: Tide::at(seed, now_ms),
        tide_1h: Tide::at(seed, now_ms - HOUR_MS),
        tide_24h: Tide::at(seed, now_ms - DAY_MS),
    };
    listing
        .instruments
        .iter()
        .zip(days)
        .map(|(instrument, day)| moments.quote(instrument, *day))
        .collect()
}

struct Moments {
    now_ms: i64,
    tide_now: Tide,
    tide_1h: Tide,
    tide_24h: Tide,
}

impl Moments {
    fn quote(&self, instrument: &Instrument, day: Day) -> Quote {
        let now_ms = self.now_ms;
        let index_price = instrument.index_price(&self.tide_now, now_ms);
        let premium = instrument.premium(now_ms);
        let last = instrument.ticks(index_price * (1.0 + premium));
        let prev_1h = instrument.ticks(instrument.last_price(&self.tide_1h, now_ms - HOUR_MS));
        let prev_24h = instrument.ticks(instrument.last_price(&self.tide_24h, now_ms - DAY_MS));
        // The samples are minutes apart; the true extremes lie a little beyond them.
        let wick = 0.03 * instrument.daily_move;
        let high_24h = instrument
            .ticks(day.high * (1.0 + wick))
            .max(last)
            .max(prev_24h)
            .max(prev_1h);
        let low_24h = instrument
            .ticks(day.low * (1.0 - wick))
            .min(last)
            .min(prev_24h)
            .min(prev_1h);

        let mean = day
            .mean
            .clamp(instrument.price_of(low_24h), instrument.price_of(high_24h));
        let volume_steps = instrument.steps(activity::turnover_24h(instrument, now_ms) / mean);
        let volume = instrument.quantity_of(volume_steps);
        let touch = Touch::at(instrument, last, now_ms);
        Quote {
            last,
            index: instrument.ticks(index_price),
            mark: instrument.ticks(index_price * 0.7_f64.mul_add(premium, 1.0)),
            prev_24h,
            prev_1h,
            high_24h,
            low_24h,
            bid: touch.bid,
            ask: touch.ask,
            bid_steps: touch.bid_steps,
            ask_steps: touch.ask_steps,
            volume_steps,
            turnover_e4: (volume * mean * 1e4).round() as i64,
            single_interest_steps: positions::interest_steps(instrument, now_ms),
            funding_e8: positions::funding_e8(instrument, now_ms),
            next_funding_ms: next_funding_ms(instrument, now_ms),
        }
    }
}

/// The best prices of the book and what is offered there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) bid: i64,
    pub(super) ask: i64,
    pub(super) bid_steps: i64,
    pub(super) ask_steps: i64,
}

impl Touch {
    /// A trade happens at one side of the book, so the last price is one of the two.
    pub(super) fn at(instrument: &Instrument, last: i64, now_ms: i64) -> Self {
        let spread = spread_ticks(instrument, last);
        let bucket = now_ms.div_euclid(1_000).cast_unsigned();
        let lot_usd = lot_usd(instrument);
        let lot = |side: u64| {
            let share = noise::unit(noise::fork(instrument.key ^ side, bucket)).mul_add(1.8, 0.2);
            instrument
                .steps(lot_usd * share / instrument.price_of(last))
                .max(1)
        };
        Self {
            bid: if bucket & 1 == 0 {
                last
            } else {
                (last - spread).max(1)
            },
            ask: if bucket & 1 == 0 {
                last + spread
            } else {
                last.max(2)
            },
            bid_steps: lot(1),
            ask_steps: lot(2),
        }
    }
}

/// What is usually offered at one price, USD.
pub(super) fn lot_usd(instrument: &Instrument) -> f64 {
    (instrument.turnover_usd * 1e-5).clamp(50.0, 60_000.0)
}

/// One tick for the liquid, up to a thousandth of the price for the rest.
pub(super) fn spread_ticks(instrument: &Instrument, last: i64) -> i64 {
    let thinness = (1e9 / instrument.turnover_usd.max(1e4)).sqrt() * 1e-6;
    ((last as f64 * thinness.min(0.001)) as i64).max(1)
}

fn next_funding_ms(instrument: &Instrument, now_ms: i64) -> i64 {
    if matches!(instrument.contract, Contract::Future { .. }) {
        return 0;
    }
    let interval_ms = instrument.funding_interval_hours.max(1) * HOUR_MS;
    (now_ms.div_euclid(interval_ms) + 1) * interval_ms
}
