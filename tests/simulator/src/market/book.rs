//! The order book of one instrument.

use super::instrument::Instrument;
use super::noise;
use super::prices::Prices;
use super::quote::{self, Touch};

/// How many prices there are on each side; the real book has as many or more.
const DEPTH: usize = 200;

/// What is offered far from the touch changes only every so many milliseconds.
const CALM_MS: i64 = 10_000;

/// The skew of a book turns about this often.
const TURN_MS: i64 = 40 * 60_000;

/// One price of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) ticks: i64,
    pub(crate) steps: i64,
}

/// A book, the best prices first.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

impl Book {
    /// The book at `now_ms`: its best prices are those of the ticker, and the more is usually
    /// traded the more is offered.
    pub(crate) fn at(seed: u64, instrument: &Instrument, now_ms: i64) -> Self {
        if !instrument.is_trading() {
            return Self::default();
        }
        let last = Prices::new(seed, instrument).ticks_at(now_ms);
        let touch = Touch::at(instrument, last, now_ms);
        // More is offered now on the one side, now on the other.
        let skew = 0.6 * noise::wave(noise::fork(instrument.key, 61), now_ms, TURN_MS);
        let bids = Side {
            key: noise::fork(instrument.key, 62),
            step: -1,
            weight: skew.exp(),
        };
        let asks = Side {
            key: noise::fork(instrument.key, 63),
            step: 1,
            weight: (-skew).exp(),
        };
        Self {
            bids: bids.levels(
                instrument,
                Level {
                    ticks: touch.bid,
                    steps: touch.bid_steps,
                },
                now_ms,
            ),
            asks: asks.levels(
                instrument,
                Level {
                    ticks: touch.ask,
                    steps: touch.ask_steps,
                },
                now_ms,
            ),
        }
    }
}

struct Side {
    key: u64,
    /// The direction in which the prices get worse.
    step: i64,
    weight: f64,
}

impl Side {
    fn levels(&self, instrument: &Instrument, best: Level, now_ms: i64) -> Vec<Level> {
        let spread = quote::spread_ticks(instrument, best.ticks) as f64;
        let lot = quote::lot_usd(instrument) / instrument.price_of(best.ticks);
        let key = noise::fork(self.key, now_ms.div_euclid(CALM_MS).cast_unsigned());
        let mut levels = vec![best];
        let mut ticks = best.ticks;
        for depth in 1..DEPTH {
            let key = noise::fork(key, depth as u64);
            let gap = (spread * noise::unit(noise::fork(key, 1)).mul_add(1.4, 0.3)).round() as i64;
            ticks += self.step * gap.max(1);
            if ticks < 1 {
                break;
            }
            let share = noise::unit(noise::fork(key, 2)).mul_add(1.8, 0.2);
            let growth = (depth as f64).mul_add(0.12, 1.0);
            let steps = instrument.steps(lot * share * growth * self.weight).max(1);
            levels.push(Level { ticks, steps });
        }
        levels
    }
}
