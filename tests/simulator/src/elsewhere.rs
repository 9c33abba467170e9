//! The same market on another exchange: single coins in place of lots of a thousand, prices that
//! are a little off and another share of the trading, so that a figure tells by itself where it
//! came from.

use super::clock::SECOND_MS;
use super::market::noise::{fork, fork_by_name, unit};
use super::market::{Class, Contract, Instrument, Market, Quote};

/// Everybody's coins: a coin that turns over so much in a day (USD) is listed everywhere.
const LISTED_EVERYWHERE_USD: f64 = 2e8;

/// Another exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Venue {
    /// Its prices in terms of the first exchange's.
    pub(crate) price_factor: f64,
    /// Its trading in terms of the first exchange's.
    pub(crate) turnover_share: f64,
    /// The share of the smaller coins that it lists.
    pub(crate) listed_share: f64,
    /// Whether it lists shares and metals too.
    pub(crate) has_other_classes: bool,
    /// Which coins it lists and when its rows change.
    pub(crate) key: u64,
}

/// A row of its table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Such as `BTC`.
    pub(crate) coin: String,
    pub(crate) class: Class,
    pub(crate) last: f64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    /// Decimals of the prices.
    pub(crate) decimals: usize,
    /// Coins.
    pub(crate) volume: f64,
    /// USDT.
    pub(crate) turnover: f64,
    /// How long ago the row last changed: busy ones now, quiet ones some seconds ago.
    pub(crate) quiet_ms: i64,
}

impl Venue {
    /// Its rows at `now_ms`, in the order of the first exchange's symbols.
    pub(crate) fn rows(&self, market: &Market, now_ms: i64) -> Vec<Row> {
        let listing = market.listing(now_ms);
        let quotes = market.quotes(&listing, now_ms);
        let both = listing.instruments.iter().zip(&quotes);
        both.filter_map(|(instrument, quote)| self.row(instrument, quote, now_ms))
            .collect()
    }

    fn row(&self, instrument: &Instrument, quote: &Quote, now_ms: i64) -> Option<Row> {
        let (coin, lot_decimals) = self.listed(instrument)?;
        let lot = 10_f64.powi(lot_decimals);
        let price = |ticks: i64| instrument.price_of(ticks) / lot * self.price_factor;
        let usual_quiet_ms = (1e9 / instrument.turnover_usd.max(1.0) * SECOND_MS as f64)
            .min(20.0 * SECOND_MS as f64);
        let change = unit(fork(
            fork_by_name(self.key, coin),
            now_ms.div_euclid(20 * SECOND_MS).cast_unsigned(),
        ));
        Some(Row {
            coin: coin.to_owned(),
            class: instrument.class,
            last: price(quote.last),
            open: price(quote.prev_24h),
            high: price(quote.high_24h),
            low: price(quote.low_24h),
            // One more than there, for the factor, and as many as a single coin has more than a
            // lot.
            decimals: instrument.price_decimals as usize + lot_decimals as usize + 1,
            volume: instrument.quantity_of(quote.volume_steps) * lot * self.turnover_share,
            turnover: quote.turnover_e4 as f64 / 1e4 * self.price_factor * self.turnover_share,
            quiet_ms: (usual_quiet_ms * change) as i64,
        })
    }

    /// What the thing is called here, and the power of ten of the lots in which it is traded there;
    /// nothing when it is not traded here.
    fn listed<'a>(&self, instrument: &'a Instrument) -> Option<(&'a str, i32)> {
        if instrument.contract != Contract::UsdtPerpetual {
            return None;
        }
        let (coin, lot_decimals) = match instrument.class {
            Class::Coin | Class::Innovation => single(&instrument.base_coin),
            // Here a share has its ticker for a name, whatever coin is called so elsewhere.
            Class::Stock => (
                instrument
                    .base_coin
                    .strip_suffix("STOCK")
                    .unwrap_or(&instrument.base_coin),
                0,
            ),
            Class::Commodity | Class::Forex => (instrument.base_coin.as_str(), 0),
        };
        let is_crypto = matches!(instrument.class, Class::Coin | Class::Innovation);
        let is_taken = is_crypto && self.has_other_classes && coin == "CAT";
        let is_listed = instrument.turnover_usd >= LISTED_EVERYWHERE_USD
            || unit(fork_by_name(fork(self.key, 1), coin)) < self.listed_share;
        (is_listed && !is_taken && (is_crypto || self.has_other_classes))
            .then_some((coin, lot_decimals))
    }
}

/// A coin by the name of which lots are traded, and the power of ten of a lot: `PEPE` and 3 of
/// `1000PEPE`.
fn single(base_coin: &str) -> (&str, i32) {
    for (prefix, lot_decimals) in [("1000000", 6), ("10000", 4), ("1000", 3)] {
        if let Some(coin) = base_coin.strip_prefix(prefix)
            && coin.starts_with(|first: char| first.is_ascii_alphabetic())
        {
            return (coin, lot_decimals);
        }
    }
    match base_coin.strip_suffix("1000") {
        Some(coin) => (coin, 3),
        None => (base_coin, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_told_from_names_that_begin_with_digits() {
        assert_eq!(single("1000PEPE"), ("PEPE", 3));
        assert_eq!(single("10000SATS"), ("SATS", 4));
        assert_eq!(single("1000000MOG"), ("MOG", 6));
        assert_eq!(single("SHIB1000"), ("SHIB", 3));
        for plain in ["BTC", "1INCH", "0G", "4"] {
            assert_eq!(single(plain), (plain, 0));
        }
    }
}
