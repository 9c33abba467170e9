//! Where the numbers come from.

use std::path::Path;
use std::sync::Arc;

use super::instrument_row::InstrumentRow;
use super::market::Market;
use super::replay::Recordings;
use super::shelf::Shelf;

/// Either a generated market or recorded bodies, never a mix of both.
#[derive(Debug)]
pub(crate) enum Source {
    Generated(Box<Generated>),
    Replayed(Box<Recordings>),
}

/// A generated market and what was already rendered of it.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) market: Market,
    pub(crate) tickers: Shelf<Arc<str>>,
    pub(crate) instruments: Shelf<Arc<[InstrumentRow]>>,
}

impl Source {
    pub(crate) fn generated(seed: u64) -> Self {
        Self::Generated(Box::new(Generated {
            market: Market::new(seed),
            tickers: Shelf::empty(),
            instruments: Shelf::empty(),
        }))
    }

    pub(crate) fn replayed(folder: &Path) -> anyhow::Result<Self> {
        Recordings::read(folder).map(|recordings| Self::Replayed(Box::new(recordings)))
    }

    /// The value of the header that tells clients that this is no real market.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Generated(_) => "simulated",
            Self::Replayed(_) => "replayed",
        }
    }
}

/// The moment of an answer. The two differ only under a clock fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The moment whose prices are told.
    pub(crate) data_ms: i64,
    /// The moment that the service believes it to be.
    pub(crate) stamp_ms: i64,
}
