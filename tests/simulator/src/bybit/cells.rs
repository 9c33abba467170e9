//! The fields of a ticker on a stream, as values that can be compared without writing them.
//!
//! A stream knows the direction of the last price, which REST does not tell, and leaves out what
//! concerns delivery where there is none.

use std::ops::Range;

use super::tickers::write_fields;
use super::writer::{Fields, Row};
use crate::market::{Contract, Instrument, Quote};

/// In the order of a snapshot.
const NAMES: [&str; 31] = [
    "price24hPcnt",
    "lastPrice",
    "prevPrice24h",
    "highPrice24h",
    "lowPrice24h",
    "prevPrice1h",
    "markPrice",
    "indexPrice",
    "openInterest",
    "openInterestValue",
    "turnover24h",
    "volume24h",
    "fundingIntervalHour",
    "fundingCap",
    "singleOpenInterest",
    "singleOpenInterestValue",
    "nextFundingTime",
    "fundingRate",
    "bid1Price",
    "bid1Size",
    "ask1Price",
    "ask1Size",
    "preOpenPrice",
    "preQty",
    "curPreListingPhase",
    "deliveryTime",
    "basisRate",
    "deliveryFeeRate",
    "predictedDeliveryPrice",
    "basis",
    "basisRateYear",
];

/// These end a delta.
const LAST_IN_DELTA: [&str; 2] = ["singleOpenInterest", "singleOpenInterestValue"];

/// These concern delivery.
const OF_DELIVERY: [&str; 6] = [
    "deliveryTime",
    "basisRate",
    "deliveryFeeRate",
    "predictedDeliveryPrice",
    "basis",
    "basisRateYear",
];

/// Where among the names the sides of the book stand; price and size of one come together.
const SIDES: [Range<usize>; 2] = [18..20, 20..22];

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Absent,
    Text(&'static str),
    Fixed { units: i64, decimals: u32 },
    Trimmed { units: i64, decimals: u32 },
}

/// All values of a row.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    cells: [Cell; NAMES.len()],
    /// The last price in ticks.
    pub(super) last: i64,
    /// Where the next field probably belongs.
    next: usize,
}

impl Cells {
    pub(super) fn of(instrument: &Instrument, quote: &Quote, now_ms: i64) -> Self {
        let mut cells = Self {
            cells: [Cell::Absent; NAMES.len()],
            last: quote.last,
            next: 0,
        };
        write_fields(&mut cells, instrument, quote, now_ms);
        if !matches!(instrument.contract, Contract::Future { .. }) {
            for name in OF_DELIVERY {
                cells.set(name, Cell::Absent);
            }
        }
        cells
    }

    /// Writes every value.
    pub(super) fn write_all(&self, row: &mut Row<'_>) {
        for (name, cell) in NAMES.into_iter().zip(self.cells) {
            write(row, name, cell);
        }
    }

    /// Writes the values that are others than in `before`; whether there were any.
    pub(super) fn write_changes(&self, before: &Self, row: &mut Row<'_>) -> bool {
        let mut told = [false; NAMES.len()];
        let both = self.cells.iter().zip(&before.cells);
        for (told, (cell, before)) in told.iter_mut().zip(both) {
            *told = cell != before;
        }
        for side in SIDES {
            if let Some(side) = told.get_mut(side) {
                let any = side.contains(&true);
                side.fill(any);
            }
        }
        self.write_told(&told, row)
    }

    /// Writes the best prices, as they are; whether there are any.
    pub(super) fn write_touch(&self, row: &mut Row<'_>) -> bool {
        let mut told = [false; NAMES.len()];
        for side in SIDES {
            let (Some(told), Some(cells)) = (told.get_mut(side.clone()), self.cells.get(side))
            else {
                continue;
            };
            let is_known = |cell: &Cell| !matches!(cell, Cell::Absent | Cell::Text(_));
            told.fill(cells.iter().all(is_known));
        }
        self.write_told(&told, row)
    }

    fn write_told(&self, told: &[bool; NAMES.len()], row: &mut Row<'_>) -> bool {
        let cells = NAMES.iter().zip(&self.cells).zip(told);
        let (mut any, mut last) = (false, [None; LAST_IN_DELTA.len()]);
        for ((name, cell), _) in cells.filter(|(_, told)| **told) {
            any = true;
            match LAST_IN_DELTA.iter().position(|last| last == name) {
                Some(place) => {
                    if let Some(place) = last.get_mut(place) {
                        *place = Some(*cell);
                    }
                }
                None => write(row, name, *cell),
            }
        }
        for (name, cell) in LAST_IN_DELTA.into_iter().zip(last) {
            if let Some(cell) = cell {
                write(row, name, cell);
            }
        }
        any
    }

    fn set(&mut self, name: &str, to: Cell) {
        // Most fields come in this order, so the search begins where the last one ended.
        let (before, after) = NAMES.split_at_checked(self.next).unwrap_or((&NAMES, &[]));
        let is_it = |known: &&str| *known == name;
        let place = after
            .iter()
            .position(is_it)
            .map(|place| before.len() + place)
            .or_else(|| before.iter().position(is_it));
        let Some(place) = place else { return };
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = to;
        }
        self.next = place + 1;
    }
}

impl Fields for Cells {
    fn text(&mut self, name: &'static str, value: &'static str) {
        self.set(name, Cell::Text(value));
    }

    fn fixed(&mut self, name: &'static str, units: i64, decimals: u32) {
        self.set(name, Cell::Fixed { units, decimals });
    }

    fn trimmed(&mut self, name: &'static str, units: i64, decimals: u32) {
        self.set(name, Cell::Trimmed { units, decimals });
    }
}

fn write(row: &mut Row<'_>, name: &'static str, cell: Cell) {
    match cell {
        Cell::Absent => {}
        Cell::Text(text) => row.text(name, text),
        Cell::Fixed { units, decimals } => row.fixed(name, units, decimals),
        Cell::Trimmed { units, decimals } => row.trimmed(name, units, decimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_of_the_book_stand_where_they_are_looked_for() {
        let [bids, asks] = SIDES;
        assert_eq!(NAMES[bids], ["bid1Price", "bid1Size"]);
        assert_eq!(NAMES[asks], ["ask1Price", "ask1Size"]);
    }
}
