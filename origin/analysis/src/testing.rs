//! Builders of candles for the tests of this crate.

use shared::market::candles::{Candle, Candles, Interval};
use shared::units::{Amount, Price, UnixMs};

/// When the candle of step 0 begins: a midnight.
pub(crate) const EPOCH: UnixMs = UnixMs::from_millis(1_788_825_600_000);

/// Candles that stand still at their close, one at each of the steps.
pub(crate) fn candles(interval: Interval, closes: impl IntoIterator<Item = (u64, f64)>) -> Candles {
    let candle = |(step, close): (u64, f64)| {
        let price = Price::new(close).unwrap();
        let nothing = Amount::new(0.0).unwrap();
        Candle {
            start_ms: EPOCH.plus_millis(step * interval.millis()),
            open: price,
            high: price,
            low: price,
            close: price,
            volume_base: nothing,
            turnover: nothing,
        }
    };
    Candles {
        interval,
        closed: closes.into_iter().map(candle).collect(),
    }
}
