//! Whether the other facts of a contract are about the same price as its ticker.
//!
//! After a redenomination, or when a venue mixes contracts up, candles, book or trades are in
//! another unit. Formulas use ratios of prices within one input, so none of them would notice. The
//! limits are wide: a price that really moved as far within the age of an input makes it absent for
//! a moment, which does less harm than a wrong score.

use shared::market::book::Book;
use shared::market::candles::{Candles, Interval};
use shared::market::trades::Trades;
use shared::units::Price;

/// The largest ratio between the last price and the close of a candle of up to an hour, either way.
const MAX_HOUR_FACTOR: f64 = 1.5;

/// The same for longer candles, whose close may be older.
const MAX_DAY_FACTOR: f64 = 2.0;

/// The same for the middle of a book and the newest trade, which are seconds old.
pub const MAX_LIVE_FACTOR: f64 = 1.05;

/// Whether a price and the last one are in the same unit: neither is more than `max_factor` times
/// the other.
#[must_use]
pub fn agree(last: Price, price: f64, max_factor: f64) -> bool {
    // A ratio, so that rises and falls are treated alike.
    (price / last.get()).max(last.get() / price) <= max_factor
}

/// Facts that state a price.
pub trait Priced {
    /// The newest price, USDT; `None` where none is stated.
    fn newest_price(&self) -> Option<f64>;

    /// The largest ratio to the ticker's last price, either way.
    fn max_factor(&self) -> f64;

    /// Whether the facts are about the ticker's price. Where either price is unknown, nothing
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
