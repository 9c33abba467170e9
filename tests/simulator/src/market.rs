//! A made-up market: every price is a pure function of the seed and the moment, so nothing has to
//! be remembered.

mod activity;
pub(crate) mod book;
mod calendar;
pub(crate) mod candle;
pub(crate) mod instrument;
pub(crate) mod liquidations;
mod listing;
mod names;
pub(crate) mod noise;
pub(crate) mod positions;
mod prices;
pub(crate) mod quote;
pub(crate) mod tape;
mod tide;
mod window;

use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use instrument::{Class, Contract, Instrument, Phase};
pub(crate) use listing::Listing;
pub(crate) use quote::Quote;
pub(crate) use tide::Tide;
use window::Windows;

/// The market of one seed.
#[derive(Debug)]
pub(crate) struct Market {
    seed: u64,
    /// The instruments of the current week; they change only when a future expires.
    listing: Mutex<Option<Arc<Listing>>>,
    /// The day's extremes, which are costly to find again for each answer.
    windows: Mutex<Option<Windows>>,
}

impl Market {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            listing: Mutex::new(None),
            windows: Mutex::new(None),
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Every instrument listed at `now_ms`, in ASCII order of the symbols.
    pub(crate) fn listing(&self, now_ms: i64) -> Arc<Listing> {
        let mut kept = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some(listing) if listing.is_valid_at(now_ms) => Arc::clone(listing),
            _ => {
                let fresh = Arc::new(Listing::at(self.seed, now_ms));
                *kept = Some(Arc::clone(&fresh));
                fresh
            }
        }
    }

    /// One quote for every instrument of `listing`, in its order.
    pub(crate) fn quotes(&self, listing: &Listing, now_ms: i64) -> Vec<Quote> {
        let mut kept = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = kept.get_or_insert_with(Windows::empty);
        windows.move_to(self.seed, listing, now_ms);
        quote::all(self.seed, listing, windows.days(), now_ms)
    }

    /// The index price of a coin such as `BTC`, in USDT.
    pub(crate) fn coin_price(&self, base_coin: &str, at_ms: i64) -> Option<f64> {
        let listing = self.listing(at_ms);
        let tide = Tide::at(self.seed, at_ms);
        listing
            .instruments
            .iter()
            .find(|instrument| {
                instrument.base_coin == base_coin && instrument.contract == Contract::UsdtPerpetual
            })
            .map(|instrument| instrument.index_price(&tide, at_ms))
    }
}
