//! Whether what is known of a contract beside its ticker is about the same price.
//!
//! After a redenomination, or when a venue mixes contracts up, candles, book or trades tell prices
//! of another unit. Every formula here reads ratios of prices of one input, so none would notice.
//! Limits are wide: a price that really moved as far within the age of the input makes the input
//! absent for a moment, which is the lesser harm.

use shared::market::book::Book;
use shared::market::candles::{Candles, Interval};
use shared::market::trades::Trades;
use shared::units::Price;

/// How many times the last price a close of up to an hour ago may be, or the last price it.
const MAX_HOUR_FACTOR: f64 = 1.5;

/// The same for longer candles.
const MAX_DAY_FACTOR: f64 = 2.0;

/// The same for a book's middle and the newest trade, which are seconds old.
pub const MAX_LIVE_FACTOR: f64 = 1.05;

/// Whether a price and the last one are about the same unit: at most `max_factor` times as high, or
/// the other way round.
#[must_use]
pub fn agree(last: Price, price: f64, max_factor: f64) -> bool {
    (price / last.get()).max(last.get() / price) <= max_factor
}

/// Facts that tell a price.
pub trait Priced {
    /// The newest price, USDT; nothing where none is told.
    fn newest_price(&self) -> Option<f64>;

    /// How many times as high as the last price of the ticker it may be, or the other way round.
    fn max_factor(&self) -> f64;

    /// Whether the facts are about the price that the ticker tells. Where either is unknown nothing
    /// contradicts.
    fn agrees_with(&self, last: Option<Price>) -> bool {
        let (Some(last), Some(price)) = (last, self.newest_price()) else {
            return true;
        };
        agree(last, price, self.max_factor())
    }
}

impl Priced for Candles {
    fn newest_price(&self) -> Option<f64> {
        Some(self.closed.last()?.close.get())
    }

    fn max_factor(&self) -> f64 {
        match self.interval {
            Interval::OneMinute
            | Interval::FiveMinutes
            | Interval::ThirtyMinutes
            | Interval::OneHour => MAX_HOUR_FACTOR,
            Interval::FourHours | Interval::OneDay => MAX_DAY_FACTOR,
        }
    }
}

impl Priced for Book {
    /// The middle between the best prices; a book of one side has none.
    fn newest_price(&self) -> Option<f64> {
        Some(f64::midpoint(
            self.bids.first()?.price.get(),
            self.asks.first()?.price.get(),
        ))
    }

    fn max_factor(&self) -> f64 {
        MAX_LIVE_FACTOR
    }
}

impl Priced for Trades {
    fn newest_price(&self) -> Option<f64> {
        Some(self.trades.last()?.price.get())
    }

    fn max_factor(&self) -> f64 {
        MAX_LIVE_FACTOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::candles;
    use shared::market::book::Level;
    use shared::market::trades::Trade;
    use shared::units::{Amount, UnixMs};

    fn price(value: f64) -> Price {
        Price::new(value).unwrap()
    }

    /// At a last price of 100, `within` agrees and `beyond` does not, on either side.
    #[track_caller]
    fn check<T: Priced>(at: impl Fn(f64) -> T, factor: f64) {
        for (within, beyond) in [
            (factor - 1e-6, factor + 1e-6),
            (1.0 / (factor - 1e-6), 1.0 / (factor + 1e-6)),
        ] {
            assert!(
                at(100.0 * within).agrees_with(Some(price(100.0))),
                "{within} times the price"
            );
            assert!(
                !at(100.0 * beyond).agrees_with(Some(price(100.0))),
                "{beyond} times the price"
            );
        }
        assert!(at(1e9).agrees_with(None), "nothing is known to contradict");
    }

    #[test]
    fn every_input_has_its_factor() {
        let closes = |interval| move |close: f64| candles(interval, [(0, 7.0), (1, close)]);
        check(closes(Interval::OneMinute), 1.5);
        check(closes(Interval::OneHour), 1.5);
        check(closes(Interval::FourHours), 2.0);
        check(closes(Interval::OneDay), 2.0);
        let level = |at| {
            vec![Level {
                price: price(at),
                size_base: Amount::new(1.0).unwrap(),
            }]
        };
        let as_of_ms = UnixMs::from_millis(0);
        check(
            |middle| Book {
                as_of_ms,
                bids: level(middle - 1.0),
                asks: level(middle + 1.0),
            },
            1.05,
        );
        let size_base = Amount::new(1.0).unwrap();
        let trade = |at| Trade {
            time_ms: as_of_ms,
            price: price(at),
            size_base,
            taker: None,
            id: 0,
        };
        check(
            |newest| Trades {
                trades: vec![trade(7.0), trade(newest)],
            },
            1.05,
        );
    }

    #[test]
    fn what_tells_no_price_contradicts_none() {
        let as_of_ms = UnixMs::from_millis(0);
        assert!(
            Book {
                as_of_ms,
                bids: Vec::new(),
                asks: Vec::new()
            }
            .agrees_with(Some(price(1.0)))
        );
        assert!(Trades { trades: Vec::new() }.agrees_with(Some(price(1.0))));
        assert!(candles(Interval::OneHour, []).agrees_with(Some(price(1.0))));
    }
}
