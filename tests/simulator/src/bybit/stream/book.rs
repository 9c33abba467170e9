//! `orderbook.{depth}.{symbol}`.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook>
//!
//! The counter `u` of a subscription begins at the number of its bucket, so it is never behind that
//! of a subscription before, and rises by one with each delta.

use std::cmp::Ordering;
use std::fmt::Write;

use super::tick::Tick;
use crate::bybit::bucket::BUCKET_MS;
use crate::bybit::orderbook::{ENGINE_MS, SEQUENCE_STEP, push_side};
use crate::market::Instrument;
use crate::market::book::Level;

/// A book whose levels stand still tells its best one again after this time.
const SILENCE_MS: i64 = 2_000;

/// A book of one level is sent again as a snapshot after this time without a change.
const SNAPSHOT_AGAIN_MS: i64 = 3_000;

/// Both sides of a book, the best prices first.
#[derive(Clone, Debug, Default)]
struct Sides {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Sides {
    fn at(tick: &Tick<'_>, instrument: &Instrument, depth: usize) -> Self {
        let book = tick.generated.book(instrument, tick.bucket_ms());
        let side = |levels: &[Level]| levels.iter().take(depth).copied().collect();
        Self {
            bids: side(&book.bids),
            asks: side(&book.asks),
        }
    }

    /// What must be changed in `before` to get this book.
    fn since(&self, before: &Self) -> Self {
        Self {
            bids: changes(&before.bids, &self.bids, |one, other| other.cmp(&one)),
            asks: changes(&before.asks, &self.asks, |one, other| one.cmp(&other)),
        }
    }

    /// The same book with all prices multiplied; levels that fall together are one.
    fn scaled(mut self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        for side in [&mut self.bids, &mut self.asks] {
            for level in side.iter_mut() {
                level.ticks = ((level.ticks as f64 * factor).round() as i64).max(1);
            }
            side.dedup_by_key(|level| level.ticks);
        }
        self
    }

    /// A bid that crosses this book.
    fn crossing(&self) -> Option<Level> {
        let best = self.asks.first()?;
        Some(Level {
            ticks: best.ticks + 1,
            steps: best.steps,
        })
    }

    fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

/// The levels that are new or another, and those that are gone with a size of nothing. `order` tells
/// which of two prices comes first.
fn changes(before: &[Level], after: &[Level], order: impl Fn(i64, i64) -> Ordering) -> Vec<Level> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let first = match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(was), Some(is)) => order(was.ticks, is.ticks),
        };
        let was = if first.is_le() { old.next() } else { None };
        let is = if first.is_ge() { new.next() } else { None };
        match (was, is) {
            (Some(gone), None) => changes.push(Level { steps: 0, ..*gone }),
            (was, Some(is)) if was != Some(is) => changes.push(*is),
            _ => {}
        }
    }
}

/// What a client was shown of one book.
#[derive(Debug)]
pub(super) struct BookFeed {
    depth: usize,
    shown: Option<Sides>,
    update: i64,
    sent_ms: i64,
}

impl BookFeed {
    pub(super) fn new(depth: usize) -> Self {
        Self {
            depth,
            shown: None,
            update: 0,
            sent_ms: 0,
        }
    }

    /// Whether the client has a book.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// The book as a whole. An empty one is none.
    pub(super) fn snapshot(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        factor: f64,
    ) -> Option<String> {
        self.update = self.update.max(tick.bucket_ms() / BUCKET_MS);
        self.whole(tick, symbol, factor)
    }

    /// The book as a whole after a restart of the service: its counter begins at 1.
    pub(super) fn restart(&mut self, tick: &Tick<'_>, symbol: &str, factor: f64) -> Option<String> {
        self.update = 1;
        self.whole(tick, symbol, factor)
    }

    /// What changed in so many buckets before the present one.
    pub(super) fn deltas_before(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        count: u64,
    ) -> Vec<String> {
        let listing = tick.generated.market.listing(tick.moment.data_ms);
        let Some(instrument) = listing.find(symbol) else {
            return Vec::new();
        };
        let count = i64::try_from(count).unwrap_or(0);
        let mut frames = Vec::new();
        for ago in (0..count).rev() {
            let then = tick.earlier(ago * BUCKET_MS);
            let before = Sides::at(&tick.earlier((ago + 1) * BUCKET_MS), instrument, self.depth);
            let after = Sides::at(&then, instrument, self.depth);
            self.update = then.bucket_ms() / BUCKET_MS;
            frames.push(self.frame(&then, instrument, "delta", &after.since(&before)));
        }
        frames
    }

    /// What has changed; of a book that is silent for too long its best level, as it is. `crosses`
    /// adds a bid above the best ask, which the next delta takes back.
    pub(super) fn delta(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        factor: f64,
        crosses: impl FnOnce() -> bool,
    ) -> Option<String> {
        let listing = tick.generated.market.listing(tick.moment.data_ms);
        let instrument = listing.find(symbol)?;
        let before = self.shown.take()?;
        let mut sides = Sides::at(tick, instrument, self.depth).scaled(factor);
        let mut changes = sides.since(&before);
        if !changes.is_empty()
            && let Some(stray) = sides.crossing().filter(|_| crosses())
        {
            sides.bids.insert(0, stray);
            changes = sides.since(&before);
        }
        let best = sides.bids.first().copied();
        let shown = self.shown.insert(sides);
        if changes.is_empty() {
            let silent_ms = tick.now_ms - self.sent_ms;
            if self.depth == 1 {
                let again = (silent_ms >= SNAPSHOT_AGAIN_MS).then(|| shown.clone())?;
                return Some(self.frame(tick, instrument, "snapshot", &again));
            }
            if silent_ms < SILENCE_MS {
                return None;
            }
            changes.bids = best.into_iter().collect();
        }
        self.update += 1;
        Some(self.frame(tick, instrument, "delta", &changes))
    }

    fn whole(&mut self, tick: &Tick<'_>, symbol: &str, factor: f64) -> Option<String> {
        let listing = tick.generated.market.listing(tick.moment.data_ms);
        let instrument = listing.find(symbol)?;
        let sides = Sides::at(tick, instrument, self.depth).scaled(factor);
        if sides.is_empty() {
            return None;
        }
        let frame = self.frame(tick, instrument, "snapshot", &sides);
        self.shown = Some(sides);
        Some(frame)
    }

    fn frame(
        &mut self,
        tick: &Tick<'_>,
        instrument: &Instrument,
        kind: &str,
        sides: &Sides,
    ) -> String {
        self.sent_ms = tick.now_ms;
        let (depth, symbol) = (self.depth, &instrument.symbol);
        let levels = sides.bids.len() + sides.asks.len();
        let mut out = String::with_capacity(levels * 32 + 192);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"{{"topic":"orderbook.{depth}.{symbol}","type":"{kind}","ts":{},"data":{{"s":"{symbol}","b":"#,
            tick.moment.stamp_ms
        );
        push_side(&mut out, instrument, &sides.bids);
        out.push_str(r#","a":"#);
        push_side(&mut out, instrument, &sides.asks);
        let sequence = tick.bucket_ms() / ENGINE_MS * SEQUENCE_STEP;
        let _ = write!(
            out,
            r#","u":{},"seq":{sequence}}},"cts":{}}}"#,
            self.update,
            tick.bucket_ms() + tick.ahead_ms()
        );
        out
    }
}
