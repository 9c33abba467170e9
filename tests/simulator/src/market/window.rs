//! The highest, lowest and mean price of the last 24 hours, kept up to date as time moves on.

use std::collections::VecDeque;

use super::listing::Listing;
use super::tide::Tide;
use crate::clock::DAY_MS;

/// The window is sampled at this distance.
const STEP_MS: i64 = 15 * 60 * 1_000;
const SLOTS: usize = (DAY_MS / STEP_MS) as usize;

/// What one instrument did in the last 24 hours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) mean: f64,
}

/// The last 24 hours of every instrument.
#[derive(Debug)]
pub(super) struct Windows {
    /// Tells the listings apart.
    listing_until_ms: i64,
    newest_slot: i64,
    /// One column of prices per slot, oldest first.
    columns: VecDeque<Vec<f64>>,
    days: Vec<Day>,
}

impl Windows {
    pub(super) fn empty() -> Self {
        Self {
            listing_until_ms: 0,
            newest_slot: i64::MIN,
            columns: VecDeque::with_capacity(SLOTS),
            days: Vec::new(),
        }
    }

    pub(super) fn days(&self) -> &[Day] {
        &self.days
    }

    /// Makes the window end at `now_ms`. Only the slots that are new cost anything.
    pub(super) fn move_to(&mut self, seed: u64, listing: &Listing, now_ms: i64) {
        let slot = now_ms.div_euclid(STEP_MS);
        let same_listing = self.listing_until_ms == listing.valid_until_ms;
        if same_listing && slot == self.newest_slot {
            return;
        }
        let slots = SLOTS as i64;
        let oldest = slot - slots + 1;
        let reusable = same_listing && slot > self.newest_slot && self.newest_slot >= oldest;
        if !reusable {
            self.columns.clear();
        }
        let first_missing = if reusable {
            self.newest_slot + 1
        } else {
            oldest
        };
        for missing in first_missing..=slot {
            if self.columns.len() == SLOTS {
                self.columns.pop_front();
            }
            self.columns
                .push_back(column(seed, listing, missing * STEP_MS));
        }
        self.listing_until_ms = listing.valid_until_ms;
        self.newest_slot = slot;
        self.days = summarise(&self.columns, listing.instruments.len());
    }
}

fn column(seed: u64, listing: &Listing, at_ms: i64) -> Vec<f64> {
    let tide = Tide::at(seed, at_ms);
    listing
        .instruments
        .iter()
        .map(|instrument| instrument.last_price(&tide, at_ms))
        .collect()
}

fn summarise(columns: &VecDeque<Vec<f64>>, instruments: usize) -> Vec<Day> {
    let mut days = vec![
        Day {
            high: f64::MIN,
            low: f64::MAX,
            mean: 0.0
        };
        instruments
    ];
    for column in columns {
        for (day, price) in days.iter_mut().zip(column) {
            day.high = day.high.max(*price);
            day.low = day.low.min(*price);
            day.mean += price / columns.len() as f64;
        }
    }
    days
}
