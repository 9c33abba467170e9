//! Books, trades and candles of the monitored contracts: kept by their state machines, put onto the
//! shelf.
//!
//! State: per contract a book and a tape, each with whether it changed since it was delivered; and
//! what happened to the book, which outlives connections.
//! The feed reports every delivery and every loss to the scheduler of inputs, which then requests
//! what was lost.
//!
//! Invariant: a book that is broken is not delivered; what lies on the shelf keeps its own time and
//! ages.

use super::session::{Feed, SILENT_TOPIC};
use crate::collect::inputs::{
    Delivery, InputKind, Mailbox, Monitored, News, Shelf, Value, joined_candles,
};
use crate::context::Context;
use analysis::book_flow::{BookFlowTape, FOLLOWED_LEVELS};
use shared::exchange::bybit::stream::{
    Appended, Applied, Data, Kind, LocalBook, Topic, TradeTape, closed_candle,
};
use shared::market::candles::Interval;
use shared::market::majors::BITCOIN;
use shared::market::{Dated, OwnTime};
use shared::provenance::{Source, Venue};
use shared::units::UnixMs;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Levels of each side that go onto the shelf: those that any figure reads.
const SHELF_LEVELS: usize = 50;

/// How often a changed book is delivered. Copying it at each update would cost more than all else.
const BOOKS_EACH: Duration = Duration::from_millis(250);

/// How often changed tapes are delivered. A tape is long, and its figures span minutes.
const TAPES_EACH: Duration = Duration::from_secs(1);

/// A monitored contract's book changes many times a second. Without a frame for so long its topic
/// is silent, whatever the connection's others do.
const BOOK_SILENT_AFTER: Duration = Duration::from_secs(10);

/// The names of the connections that share the monitored contracts.
pub(in crate::collect) const NAMES: [&str; 7] = [
    "bybit_stream_symbols",
    "bybit_stream_symbols_2",
    "bybit_stream_symbols_3",
    "bybit_stream_symbols_4",
    "bybit_stream_symbols_5",
    "bybit_stream_symbols_6",
    "bybit_stream_symbols_7",
];

/// How many contracts one connection alone is opened for. Even with the longest symbols their topics
/// fit onto it; with ordinary ones those of 135 would.
const CONTRACTS_OF_ONE: usize = 100;

/// How many contracts there are for each of several connections. Their shares are not equal.
const CONTRACTS_OF_EACH: usize = 80;

/// One of the connections that share the monitored contracts.
#[derive(Clone, Copy, Debug)]
pub(in crate::collect) struct ConnectionShare {
    nth: u64,
    of: u64,
}

impl ConnectionShare {
    /// The connections for so many contracts, with their names.
    pub(in crate::collect) fn all(contracts: usize) -> impl Iterator<Item = (&'static str, Self)> {
        let of = if contracts <= CONTRACTS_OF_ONE {
            1
        } else {
            contracts.div_ceil(CONTRACTS_OF_EACH).min(NAMES.len())
        };
        let of = of as u64;
        (0..of)
            .zip(NAMES)
            .map(move |(nth, name)| (name, Self { nth, of }))
    }

    /// Whether a contract belongs to this one. By its symbol and not by its rank, so that it stays
    /// where it is while others come and go.
    fn has(self, symbol: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        symbol.hash(&mut hasher);
        hasher.finish() % self.of == self.nth
    }
}

/// The topics of the monitored contracts that belong to one connection.
pub(super) fn topics(monitored: &[Monitored], share: ConnectionShare) -> BTreeSet<Topic> {
    let of = |one: &Monitored| {
        let symbol = || one.symbol.clone();
        let lengths = InputKind::OF_ALL
            .into_iter()
            .chain((one.symbol == BITCOIN).then_some(InputKind::OF_BITCOIN))
            .filter_map(|kind| match kind {
                InputKind::Candles(interval) => Some(interval),
                _ => None,
            });
        let candles = lengths.map(move |interval| Topic::Candles(interval, symbol()));
        [
            Topic::Book(one.symbol.clone()),
            Topic::Trades(one.symbol.clone()),
        ]
        .into_iter()
        .chain(candles)
        .collect::<Vec<_>>()
    };
    let own = monitored.iter().filter(|one| share.has(&one.symbol));
    own.flat_map(of).collect()
}

/// Keeps the streamed inputs.
pub(super) struct SymbolsFeed {
    context: Context,
    shelf: Arc<Shelf>,
    mailbox: Mailbox,
    source: Source,
    books: BTreeMap<String, Book>,
    tapes: BTreeMap<String, Tape>,
    books_due: Instant,
    tapes_due: Instant,
}

struct Book {
    local: LocalBook,
    flow: BookFlowTape,
    is_changed: bool,
    heard: Instant,
}

impl Book {
    /// Subscribed to at `now`, and not there yet.
    fn awaited(now: Instant) -> Self {
        Self {
            local: LocalBook::absent(),
            flow: BookFlowTape::default(),
            is_changed: false,
            heard: now,
        }
    }
}

#[derive(Default)]
struct Tape {
    tape: TradeTape,
    is_changed: bool,
}

impl SymbolsFeed {
    pub(super) fn new(context: Context, shelf: Arc<Shelf>, mailbox: Mailbox) -> Self {
        let now = Instant::now();
        Self {
            context,
            shelf,
            mailbox,
            source: Source::live(Venue::Bybit),
            books: BTreeMap::new(),
            tapes: BTreeMap::new(),
            books_due: now,
            tapes_due: now,
        }
    }

    /// Puts a value onto the shelf, and reports it to the scheduler.
    fn put(&self, symbol: &str, kind: InputKind, value: Value, known_until: UnixMs, now: UnixMs) {
        self.lay(symbol, value, known_until, now);
        self.mailbox.put(symbol, kind, News::Delivered);
    }

    /// Puts a value onto the shelf that is known until its own time, or until it was received where
    /// the venue's clock is ahead of ours.
    fn lay(&self, symbol: &str, value: Value, known_until: UnixMs, now: UnixMs) {
        let delivery = Delivery {
            dated: Some(Dated {
                value,
                as_of_ms: known_until.min(now),
                source: self.source,
            }),
            is_complete: true,
            refused: Vec::new(),
        };
        self.shelf.put(symbol, delivery);
    }

    fn book(&mut self, data: &Data<'_>) -> bool {
        let symbol = data.topic.symbol();
        // A message that was under way when its topic was ended.
        let Some(book) = self.books.get_mut(symbol) else {
            return false;
        };
        book.heard = Instant::now();
        let label = match book.local.apply(data) {
            Ok(Applied::Applied) => {
                book.is_changed = true;
                if data.kind == Kind::Snapshot {
                    // What led from the book before to this one is not known.
                    book.flow.interrupted();
                }
                if let Some(top) = book.local.book(FOLLOWED_LEVELS) {
                    book.flow.book(&top);
                }
                return false;
            }
            // A delta after a break, until the snapshot comes.
            Ok(Applied::BeforeSnapshot) => return true,
            Ok(Applied::Repeated) => {
                let (kind, label) = (data.topic.kind(), Applied::Repeated.label());
                self.context.metrics.stream_gap(kind, label);
                return false;
            }
            Err(broken) => {
                book.flow.interrupted();
                tracing::debug!(topic = %data.topic, %broken, "a book is absent");
                broken.label()
            }
        };
        self.context.metrics.stream_gap(data.topic.kind(), label);
        self.mailbox.put(symbol, InputKind::Book, News::Lost);
        true
    }

    fn trades(&mut self, data: &Data<'_>) -> bool {
        let symbol = data.topic.symbol();
        let Some(tape) = self.tapes.get_mut(symbol) else {
            return false;
        };
        match tape.tape.append(data) {
            Ok(Appended { added, refused }) => {
                tape.is_changed = true;
                if let Some(book) = self.books.get_mut(symbol) {
                    for trade in &added {
                        book.flow.trade(trade);
                    }
                }
                for row in refused {
                    self.context
                        .metrics
                        .input_refused(InputKind::Trades.name(), row.reason.label());
                }
                false
            }
            Err(error) => {
                self.context
                    .metrics
                    .stream_gap(data.topic.kind(), error.label());
                // What it brought is lost, and only a request can tell.
                if let Some(book) = self.books.get_mut(symbol) {
                    book.flow.lost_trades();
                }
                self.mailbox.put(symbol, InputKind::Trades, News::Lost);
                false
            }
        }
    }

    fn candle(&self, data: &Data<'_>, interval: Interval, received_at: UnixMs) {
        let (symbol, kind) = (data.topic.symbol(), InputKind::Candles(interval));
        let label = match closed_candle(data, received_at) {
            Ok(Ok(None)) => return,
            Ok(Ok(Some(closed))) => {
                let held = self.shelf.held(symbol);
                let held = held.as_ref().and_then(|held| held.candles.get(&interval));
                // Without a history that it continues a candle says nothing; a request loads one.
                let joined = held.and_then(|held| joined_candles(&held.value, &closed));
                let dated = joined.and_then(|joined| Some((joined.known_until()?, joined)));
                if let Some((known_until, joined)) = dated {
                    let value = Value::Candles(Arc::new(joined));
                    self.put(symbol, kind, value, known_until, received_at);
                } else {
                    self.mailbox.put(symbol, kind, News::Lost);
                }
                return;
            }
            Ok(Err(refusal)) => refusal.label(),
            Err(error) => error.label(),
        };
        self.context.metrics.stream_gap(data.topic.kind(), label);
        self.mailbox.put(symbol, kind, News::Lost);
    }

    fn deliver_books(&mut self, received_at: UnixMs) {
        let mut books = std::mem::take(&mut self.books);
        for (symbol, book) in &mut books {
            if !std::mem::take(&mut book.is_changed) {
                continue;
            }
            if let Some(whole) = book.local.book(SHELF_LEVELS) {
                let known_until = whole.as_of_ms;
                let value = Value::Book(Arc::new(whole));
                self.put(symbol, InputKind::Book, value, known_until, received_at);
            }
        }
        self.books = books;
    }

    fn deliver_tapes(&mut self, received_at: UnixMs) {
        let mut tapes = std::mem::take(&mut self.tapes);
        for (symbol, tape) in &mut tapes {
            if !std::mem::take(&mut tape.is_changed) {
                continue;
            }
            let trades = tape.tape.trades();
            if let Some(known_until) = trades.known_until() {
                let value = Value::Trades(Arc::new(trades));
                self.put(symbol, InputKind::Trades, value, known_until, received_at);
            }
        }
        self.tapes = tapes;
    }

    fn deliver_flows(&self, received_at: UnixMs) {
        for (symbol, book) in &self.books {
            if let Some(flow) = book.flow.flow() {
                let known_until = flow.as_of_ms;
                // Nobody can be asked for it, so the scheduler need not know.
                let value = Value::BookFlow(Arc::new(flow));
                self.lay(symbol, value, known_until, received_at);
            }
        }
    }

    /// Books about which nothing came for long, on a connection that is healthy.
    fn silent_books(&mut self, now: Instant) -> Vec<Topic> {
        let mut silent = Vec::new();
        for (symbol, book) in &mut self.books {
            if now.saturating_duration_since(book.heard) >= BOOK_SILENT_AFTER {
                book.local = LocalBook::absent();
                book.flow.interrupted();
                book.heard = now;
                silent.push(Topic::Book(symbol.clone()));
            }
        }
        for topic in &silent {
            self.context.metrics.stream_gap(topic.kind(), SILENT_TOPIC);
            self.mailbox
                .put(topic.symbol(), InputKind::Book, News::Lost);
        }
        silent
    }
}

impl Feed for SymbolsFeed {
    const PATIENCE: Option<Duration> = Some(Duration::from_secs(3));

    fn began(&mut self, source: Source, wanted: &BTreeSet<Topic>) {
        if self.source != source {
            // What happened to the books of another market.
            self.books.clear();
        }
        self.source = source;
        self.tapes.clear();
        self.wants(wanted);
        let now = Instant::now();
        for book in self.books.values_mut() {
            book.heard = now;
        }
    }

    fn wants(&mut self, wanted: &BTreeSet<Topic>) {
        let is_wanted = |topic: Topic| wanted.contains(&topic);
        self.books
            .retain(|symbol, _| is_wanted(Topic::Book(symbol.clone())));
        self.tapes
            .retain(|symbol, _| is_wanted(Topic::Trades(symbol.clone())));
        let now = Instant::now();
        for topic in wanted {
            match topic {
                // A book that never comes must be noticed as well as one that stops.
                Topic::Book(symbol) => {
                    let awaited = || Book::awaited(now);
                    self.books.entry(symbol.clone()).or_insert_with(awaited);
                }
                Topic::Trades(symbol) => {
                    self.tapes.entry(symbol.clone()).or_default();
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, data: &Data<'_>, received_at: UnixMs) -> bool {
        match data.topic {
            Topic::Book(_) => self.book(data),
            Topic::Trades(_) => self.trades(data),
            Topic::Candles(interval, _) => {
                self.candle(data, interval, received_at);
                false
            }
            // Not subscribed to on this connection.
            Topic::Ticker(_) | Topic::Liquidations(_) => false,
        }
    }

    fn tick(&mut self, received_at: UnixMs) -> Vec<Topic> {
        let now = Instant::now();
        if now >= self.books_due {
            self.books_due = now + BOOKS_EACH;
            self.deliver_books(received_at);
        }
        if now >= self.tapes_due {
            self.tapes_due = now + TAPES_EACH;
            self.deliver_tapes(received_at);
            self.deliver_flows(received_at);
        }
        self.silent_books(now)
    }

    fn ended(&mut self) {
        // The fast inputs alone: candles become due by themselves when they close.
        for symbol in self.books.keys() {
            self.mailbox.put(symbol, InputKind::Book, News::Lost);
            self.mailbox.put(symbol, InputKind::Trades, News::Lost);
        }
        for book in self.books.values_mut() {
            book.local = LocalBook::absent();
            book.flow.interrupted();
        }
        self.tapes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::MOST_CHARACTERS;
    use super::*;

    const WHOLE: ConnectionShare = ConnectionShare { nth: 0, of: 1 };

    /// So many contracts, with symbols as long as the venue's longest.
    fn monitored(contracts: usize) -> Vec<Monitored> {
        let one = |nth: usize| Monitored {
            symbol: format!("1000COIN{nth}USDT"),
            funding_interval_hours: None,
        };
        (100..100 + contracts).map(one).collect()
    }

    #[test]
    fn every_contract_is_on_one_connection_and_fits_there() {
        for (contracts, of) in [(30, 1), (100, 1), (101, 2), (160, 2), (161, 3), (500, 7)] {
            let monitored = monitored(contracts);
            let shares: Vec<_> = ConnectionShare::all(monitored.len()).collect();
            assert_eq!(shares.len(), of);
            let each: Vec<_> = shares
                .iter()
                .map(|(_, share)| topics(&monitored, *share))
                .collect();
            let all: BTreeSet<&Topic> = each.iter().flatten().collect();
            assert_eq!(all.len(), each.iter().map(BTreeSet::len).sum::<usize>());
            assert_eq!(all.len(), topics(&monitored, WHOLE).len());
            for topics in each {
                let characters: usize = topics.iter().map(|one| one.to_string().len() + 3).sum();
                assert!(characters < MOST_CHARACTERS, "{of}: {characters}");
            }
        }
    }

    #[test]
    fn a_contract_stays_on_its_connection_while_others_come_and_go() {
        let (before, after) = (monitored(300), monitored(300).split_off(17));
        for (_, share) in ConnectionShare::all(before.len()) {
            assert!(topics(&before, share).is_superset(&topics(&after, share)));
        }
    }
}
