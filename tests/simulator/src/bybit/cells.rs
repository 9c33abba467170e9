//! The fields of a ticker on a stream, as values that can be compared without writing them.
//!
//! A stream knows the direction of the last price, which REST does not tell, and leaves out what
//! concerns delivery where there is none.

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

/// Price and size of one side of the book come together.
const TOGETHER: [(&str, &str); 2] = [("bid1Price", "bid1Size"), ("ask1Price", "ask1Size")];

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
}

impl Cells {
    pub(super) fn of(instrument: &Instrument, quote: &Quote, now_ms: i64) -> Self {
        let mut cells = Self {
            cells: [Cell::Absent; NAMES.len()],
            last: quote.last,
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
        let changed = |name: &str| self.get(name) != before.get(name);
        let is_told = |name: &str| {
            changed(name)
                || TOGETHER.iter().any(|(price, size)| {
                    (*price == name || *size == name) && (changed(price) || changed(size))
                })
        };
        self.write_in_order_of_delta(row, is_told)
    }

    /// Writes the best prices, as they are; whether there are any.
    pub(super) fn write_touch(&self, row: &mut Row<'_>) -> bool {
        let is_known = |name: &str| !matches!(self.get(name), Cell::Absent | Cell::Text(_));
        self.write_in_order_of_delta(row, |name| {
            TOGETHER
                .iter()
                .any(|(price, size)| *price == name || *size == name)
                && is_known(name)
        })
    }

    fn write_in_order_of_delta(
        &self,
        row: &mut Row<'_>,
        is_told: impl Fn(&'static str) -> bool,
    ) -> bool {
        let first = NAMES
            .into_iter()
            .filter(|name| !LAST_IN_DELTA.contains(name));
        let mut any = false;
        for name in first.chain(LAST_IN_DELTA) {
            if is_told(name) {
                write(row, name, self.get(name));
                any = true;
            }
        }
        any
    }

    fn get(&self, name: &str) -> Cell {
        let mut cells = NAMES.into_iter().zip(self.cells);
        cells
            .find(|(known, _)| *known == name)
            .map_or(Cell::Absent, |(_, cell)| cell)
    }

    fn set(&mut self, name: &str, to: Cell) {
        let mut cells = NAMES.into_iter().zip(&mut self.cells);
        if let Some((_, cell)) = cells.find(|(known, _)| *known == name) {
            *cell = to;
        }
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
