//! The last price of one instrument, for going along it step by step.

use super::instrument::{Class, Instrument, PREMIUM_PERIODS_MS};
use super::noise::{Wander, Wave, fork};
use super::tide::Tide;

/// The same prices as [`Instrument::last_price`], to the bit, at a fraction of the cost.
#[derive(Debug)]
pub(super) struct Prices<'a> {
    instrument: &'a Instrument,
    /// The move of the whole market, where it takes part in one.
    tide: Option<(Wander, f64)>,
    own: Wander,
    premium: [Wave; PREMIUM_PERIODS_MS.len()],
}

impl<'a> Prices<'a> {
    pub(super) fn new(seed: u64, instrument: &'a Instrument) -> Self {
        let tide = match instrument.class {
            Class::Stock => Some(Tide::STOCKS),
            Class::Commodity | Class::Forex => None,
            Class::Coin | Class::Innovation => Some(Tide::COINS),
        };
        Self {
            instrument,
            tide: tide.map(|(branch, scale)| (Wander::new(fork(seed, branch)), scale)),
            own: Wander::new(instrument.coin_key),
            premium: PREMIUM_PERIODS_MS.map(|period_ms| Wave::new(instrument.key, period_ms)),
        }
    }

    pub(super) fn at(&mut self, at_ms: i64) -> f64 {
        let instrument = self.instrument;
        let index = if instrument.daily_move == 0.0 {
            instrument.base_price
        } else {
            let shared = self
                .tide
                .as_mut()
                .map_or(0.0, |(curve, scale)| *scale * curve.at(at_ms));
            instrument.index_of(shared, self.own.at(at_ms))
        };
        let jitter = self.premium.iter_mut().map(|wave| wave.at(at_ms)).sum();
        index * (1.0 + instrument.premium_of(jitter, at_ms))
    }

    pub(super) fn ticks_at(&mut self, at_ms: i64) -> i64 {
        let price = self.at(at_ms);
        self.instrument.ticks(price)
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::Listing;
    use super::*;

    #[test]
    fn going_along_a_price_gives_the_prices_of_the_ticker() {
        const NOW_MS: i64 = 1_786_310_817_197;
        let listing = Listing::at(7, NOW_MS);
        for symbol in [
            "BTCUSDT",
            "USDCUSDT",
            "TSLAUSDT",
            "XAUUSDT",
            "BTCUSDT-25DEC26",
            "4USDT",
        ] {
            let instrument = listing.find(symbol).unwrap();
            let mut prices = Prices::new(7, instrument);
            for step in 0..200 {
                let at_ms = NOW_MS - step * 7_777;
                let exact = instrument.last_price(&Tide::at(7, at_ms), at_ms);
                assert_eq!(
                    prices.at(at_ms).to_bits(),
                    exact.to_bits(),
                    "{symbol} {at_ms}"
                );
            }
        }
    }
}
