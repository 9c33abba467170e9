//! Where the numbers come from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::instrument_row::InstrumentRow;
use super::market::book::Book;
use super::market::{Instrument, Listing, Market, Quote};
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
    quotes: Shelf<Arc<Quotes>>,
    /// The book of each symbol that was made last, and for which moment.
    books: Mutex<BTreeMap<String, (i64, Arc<Book>)>>,
}

/// The quotes of a moment.
#[derive(Debug)]
pub(crate) struct Quotes {
    pub(crate) listing: Arc<Listing>,
    /// One for each instrument of the listing, in its order.
    pub(crate) quotes: Vec<Quote>,
}

impl Quotes {
    /// The contract of this name and its quote.
    pub(crate) fn find(&self, symbol: &str) -> Option<(&Instrument, &Quote)> {
        let place = self.listing.place(symbol)?;
        Some((
            self.listing.instruments.get(place)?,
            self.quotes.get(place)?,
        ))
    }
}

impl Generated {
    /// All quotes at `at_ms`.
    pub(crate) fn quotes(&self, at_ms: i64) -> Arc<Quotes> {
        self.quotes.get(at_ms, || {
            let listing = self.market.listing(at_ms);
            let quotes = self.market.quotes(&listing, at_ms);
            Arc::new(Quotes { listing, quotes })
        })
    }

    /// The book of `instrument` at `at_ms`.
    pub(crate) fn book(&self, instrument: &Instrument, at_ms: i64) -> Arc<Book> {
        let books = || self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_for_ms, book)) = books().get(&instrument.symbol)
            && *made_for_ms == at_ms
        {
            return Arc::clone(book);
        }
        let book = Arc::new(Book::at(self.market.seed(), instrument, at_ms));
        books().insert(instrument.symbol.clone(), (at_ms, Arc::clone(&book)));
        book
    }
}

impl Source {
    pub(crate) fn generated(seed: u64) -> Self {
        Self::Generated(Box::new(Generated {
            market: Market::new(seed),
            tickers: Shelf::empty(),
            instruments: Shelf::empty(),
            quotes: Shelf::empty(),
            books: Mutex::default(),
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
