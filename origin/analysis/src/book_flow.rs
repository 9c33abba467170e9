//! What happens to a streamed book between its updates: the order flow at the touch, sizes that come
//! and go, and sizes that are put back while takers trade against them.
//!
//! A book shows what is offered, not who comes and leaves. That shows in the difference between two
//! updates, less what was traded between them; so this needs every update and every trade, which
//! only a stream brings.
//!
//! State: the last book; steps between two updates that wait for their trades; sizes that were shown
//! in the last seconds; and sums, in slices of ten seconds, over a quarter of an hour.
//!
//! Invariants: a step joins two updates that follow one another, so nothing is told of a time in
//! which the book was absent. A trade counts in one step at most. What is held is bounded in time
//! and number.

use crate::agreement::{MAX_LIVE_FACTOR, Priced};
use shared::market::OwnTime;
use shared::market::book::{Book, Level};
use shared::market::trades::{Side, TRADES_WINDOW_MS, Trade};
use shared::units::{Price, UnixMs};
use std::collections::{BTreeMap, VecDeque};

/// The levels of each side that are followed.
pub const FOLLOWED_LEVELS: usize = 10;

/// The time within which a size that leaves untraded was fleeting, ms: two seconds, as in Hasbrouck
/// and Saar (2009), "Technology and liquidity provision".
pub const FLEETING_WITHIN_MS: u64 = 2_000;

/// How long a step waits for its trades, ms: they come on a topic of their own.
const SETTLES_AFTER_MS: u64 = 1_000;

/// The longest time between two updates that is a step, ms. The venue sends a changed book ten times
/// a second.
const LONGEST_STEP_MS: u64 = 10_000;

/// The length of a slice of the window, ms.
const SLICE_MS: u64 = 10_000;

/// A middle that moves by more than this between two updates is one in another unit: a contract that
/// was redenominated.
const ANOTHER_UNIT: f64 = 1.5;

/// The most trades that wait for their step.
const MOST_WAITING: usize = 20_000;

/// One figure for each side of the book.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sides {
    /// Of the bids.
    pub bids: f64,
    /// Of the asks.
    pub asks: f64,
}

impl Sides {
    /// Both together.
    #[must_use]
    pub fn sum(self) -> f64 {
        self.bids + self.asks
    }

    fn of(&mut self, side: Quoted) -> &mut f64 {
        match side {
            Quoted::Bid => &mut self.bids,
            Quoted::Ask => &mut self.asks,
        }
    }

    fn add(&mut self, other: Self) {
        self.bids += other.bids;
        self.asks += other.asks;
    }
}

/// Sums over the steps of a window; sizes in the base coin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How long the steps lasted together, ms.
    pub observed_ms: u64,
    /// How many steps there were.
    pub steps: u64,
    /// Σ e, the order flow at the touch; positive towards buying.
    pub net_flow: f64,
    /// Σ |e|.
    pub all_flow: f64,
    /// What was shown anew on the followed levels.
    pub shown: Sides,
    /// Of it, what left within [`FLEETING_WITHIN_MS`] without being traded.
    pub fleeting: Sides,
    /// What takers traded against a side.
    pub taken: Sides,
    /// Of it, what was put back at the best price in the same step, so that the price held.
    pub restored: Sides,
    /// How many trades `taken` is of.
    pub trades: u64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.observed_ms += other.observed_ms;
        self.steps += other.steps;
        self.net_flow += other.net_flow;
        self.all_flow += other.all_flow;
        self.shown.add(other.shown);
        self.fleeting.add(other.fleeting);
        self.taken.add(other.taken);
        self.restored.add(other.restored);
        self.trades += other.trades;
    }
}

/// What happened to one book over a quarter of an hour, or since it is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookFlow {
    /// The end of the last step, by the matching engine's clock.
    pub as_of_ms: UnixMs,
    /// From the first slice to there, ms. [`Sums::observed_ms`] is less where the book was absent.
    pub span_ms: u64,
    /// The middle of the last book, USDT.
    pub middle: Price,
    /// The sums.
    pub sums: Sums,
}

impl OwnTime for BookFlow {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.as_of_ms)
    }
}

impl Priced for BookFlow {
    fn newest_price(&self) -> Option<f64> {
        Some(self.middle.get())
    }

    fn max_factor(&self) -> f64 {
        MAX_LIVE_FACTOR
    }
}

/// Which side of the book a size is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quoted {
    Bid,
    Ask,
}

/// The nearest levels of one side, best price first.
#[derive(Clone, Debug, Default)]
struct Ladder {
    levels: Vec<Level>,
    /// Whether there may be levels beyond the last one.
    goes_on: bool,
}

impl Ladder {
    fn of(levels: &[Level]) -> Self {
        Self {
            levels: levels.iter().take(FOLLOWED_LEVELS).copied().collect(),
            goes_on: levels.len() >= FOLLOWED_LEVELS,
        }
    }

    fn best(&self) -> Option<Level> {
        self.levels.first().copied()
    }

    fn size_at(&self, price: Price) -> f64 {
        let found = self.levels.iter().find(|level| level.price == price);
        found.map_or(0.0, |level| level.size_base.get())
    }

    /// Whether the size at a price of the `side` is known, be it zero.
    fn reaches(&self, side: Quoted, price: Price) -> bool {
        let Some(last) = self.levels.last().filter(|_| self.goes_on) else {
            return true;
        };
        match side {
            Quoted::Bid => price >= last.price,
            Quoted::Ask => price <= last.price,
        }
    }
}

#[derive(Clone, Debug)]
struct Top {
    at: UnixMs,
    bids: Ladder,
    asks: Ladder,
}

impl Top {
    fn middle(&self) -> Option<Price> {
        let (bid, ask) = (self.bids.best()?, self.asks.best()?);
        Price::new(bid.price.get() / 2.0 + ask.price.get() / 2.0).ok()
    }
}

/// A followed level before and after a step.
#[derive(Clone, Copy, Debug)]
struct Change {
    side: Quoted,
    price: Price,
    before: f64,
    after: f64,
    /// Whether this is the best price, before and after.
    is_held: bool,
}

/// From one update to the next.
#[derive(Clone, Debug)]
struct Step {
    from: UnixMs,
    to: UnixMs,
    middle: Price,
    flow: f64,
    changes: Vec<Change>,
    /// Whether the book was absent before it, so that sizes which are gone may have been traded.
    is_first: bool,
}

/// A size that was shown lately.
#[derive(Clone, Copy, Debug)]
struct Shown {
    at: UnixMs,
    size: f64,
}

#[derive(Clone, Copy, Debug)]
struct Slice {
    from: UnixMs,
    sums: Sums,
}

/// Follows one book.
#[derive(Clone, Debug, Default)]
pub struct BookFlowTape {
    last: Option<Top>,
    /// Whether the next step follows the one before it.
    goes_on: bool,
    steps: VecDeque<Step>,
    /// By time.
    trades: VecDeque<Trade>,
    /// By side and the bits of the price, which is positive; oldest first.
    shown: BTreeMap<(Quoted, u64), Vec<Shown>>,
    slices: VecDeque<Slice>,
    settled: Option<(UnixMs, Price)>,
}

impl BookFlowTape {
    /// Takes the book after an update.
    pub fn book(&mut self, book: &Book) {
        let top = Top {
            at: book.as_of_ms,
            bids: Ladder::of(&book.bids),
            asks: Ladder::of(&book.asks),
        };
        let Some(middle) = top.middle() else {
            // A side without offers has no touch, and the step over it would be none.
            return self.interrupted();
        };
        if let Some(before) = self.last.take() {
            let moved = before
                .middle()
                .map_or(1.0, |before| middle.get() / before.get());
            if !(1.0 / ANOTHER_UNIT..=ANOTHER_UNIT).contains(&moved) {
                *self = Self::default();
            } else if before.at <= top.at && top.at.millis_since(before.at) <= LONGEST_STEP_MS {
                let is_first = !std::mem::replace(&mut self.goes_on, true);
                let step = Step::between(&before, &top, middle, is_first);
                self.steps.push_back(step);
            } else {
                self.goes_on = false;
            }
        }
        let at = top.at;
        self.last = Some(top);
        self.settle(at);
    }

    /// Takes a trade. One whose side is unknown was against neither side.
    pub fn trade(&mut self, trade: &Trade) {
        let later = self
            .trades
            .iter()
            .rev()
            .take_while(|kept| kept.time_ms > trade.time_ms)
            .count();
        self.trades.insert(self.trades.len() - later, *trade);
        if self.trades.len() > MOST_WAITING {
            self.trades.pop_front();
        }
    }

    /// The book is absent: what happens until it is there again is not known.
    pub fn interrupted(&mut self) {
        self.last = None;
        self.goes_on = false;
    }

    /// Trades were lost, so that what takers took would count as taken away.
    pub fn lost_trades(&mut self) {
        self.steps.clear();
        self.interrupted();
    }

    /// What happened, up to the last step whose trades are there; `None` before the first.
    #[must_use]
    pub fn flow(&self) -> Option<BookFlow> {
        let (as_of_ms, middle) = self.settled?;
        let mut sums = Sums::default();
        for slice in &self.slices {
            sums.add(&slice.sums);
        }
        let from = self.slices.front()?.from;
        Some(BookFlow {
            as_of_ms,
            span_ms: as_of_ms.millis_since(from),
            middle,
            sums,
        })
    }

    fn settle(&mut self, now: UnixMs) {
        let is_settled = |step: &Step| now.millis_since(step.to) >= SETTLES_AFTER_MS;
        while let Some(step) = pop_first_if(&mut self.steps, is_settled) {
            self.count(&step);
        }
        // Where no step follows, trades would pile up.
        let kept_ms = LONGEST_STEP_MS + SETTLES_AFTER_MS;
        self.forget_trades(|trade| now.millis_since(trade.time_ms) > kept_ms);
    }

    fn forget_trades(&mut self, is_over: impl Fn(&Trade) -> bool) {
        while pop_first_if(&mut self.trades, &is_over).is_some() {}
    }

    fn count(&mut self, step: &Step) {
        if step.is_first {
            self.shown.clear();
        }
        let mut sums = Sums {
            observed_ms: step.to.millis_since(step.from),
            steps: 1,
            net_flow: step.flow,
            all_flow: step.flow.abs(),
            ..Sums::default()
        };
        // Those of a time in which the book was absent, or that came too late.
        self.forget_trades(|trade| trade.time_ms <= step.from);
        let mut traded: BTreeMap<(Quoted, u64), f64> = BTreeMap::new();
        while let Some(trade) = pop_first_if(&mut self.trades, |trade| trade.time_ms <= step.to) {
            let side = match trade.taker {
                Some(Side::Buy) => Quoted::Ask,
                Some(Side::Sell) => Quoted::Bid,
                None => continue,
            };
            let size = trade.size_base.get();
            *sums.taken.of(side) += size;
            sums.trades += 1;
            *traded.entry((side, bits(trade.price))).or_default() += size;
        }
        for change in &step.changes {
            let key = (change.side, bits(change.price));
            let traded = traded.get(&key).copied().unwrap_or(0.0);
            // What makers did: the change without what takers took.
            let made = change.after - change.before + traded;
            if change.is_held {
                *sums.restored.of(change.side) += traded.min(made.max(0.0));
            }
            let lately = self.shown.entry(key).or_default();
            lately.retain(|one| step.to.millis_since(one.at) <= FLEETING_WITHIN_MS);
            if made > 0.0 {
                *sums.shown.of(change.side) += made;
                lately.push(Shown {
                    at: step.to,
                    size: made,
                });
            } else {
                *sums.fleeting.of(change.side) += take_newest(lately, -made);
            }
            // Takers meet the oldest orders first, so what is left of a level is its newest.
            keep_newest(lately, change.after);
        }
        let until = step.to;
        self.shown.retain(|_, lately| {
            lately
                .last()
                .is_some_and(|one| until.millis_since(one.at) <= FLEETING_WITHIN_MS)
        });
        self.add(step.to, &sums);
        self.settled = Some((step.to, step.middle));
    }

    fn add(&mut self, at: UnixMs, sums: &Sums) {
        let from = UnixMs::from_millis(at.as_millis() / SLICE_MS * SLICE_MS);
        // A clock that goes back begins the window again.
        self.slices.retain(|slice| slice.from <= from);
        match self.slices.back_mut().filter(|slice| slice.from == from) {
            Some(slice) => slice.sums.add(sums),
            None => self.slices.push_back(Slice { from, sums: *sums }),
        }
        let is_over = |slice: &Slice| at.millis_since(slice.from) > TRADES_WINDOW_MS;
        while pop_first_if(&mut self.slices, is_over).is_some() {}
    }
}

impl Step {
    fn between(before: &Top, after: &Top, middle: Price, is_first: bool) -> Self {
        let mut changes = Vec::with_capacity(2 * FOLLOWED_LEVELS);
        changes_of(Quoted::Bid, &before.bids, &after.bids, &mut changes);
        changes_of(Quoted::Ask, &before.asks, &after.asks, &mut changes);
        Self {
            from: before.at,
            to: after.at,
            middle,
            flow: order_flow(before, after).unwrap_or(0.0),
            changes,
            is_first,
        }
    }
}

/// The levels whose size both books tell.
fn changes_of(side: Quoted, before: &Ladder, after: &Ladder, changes: &mut Vec<Change>) {
    let held = before
        .best()
        .zip(after.best())
        .filter(|(before, after)| before.price == after.price)
        .map(|(best, _)| best.price);
    let is_told = |price| before.reaches(side, price) && after.reaches(side, price);
    let gone = before
        .levels
        .iter()
        .filter(|level| !after.levels.iter().any(|one| one.price == level.price));
    for level in after.levels.iter().chain(gone) {
        let price = level.price;
        if is_told(price) {
            changes.push(Change {
                side,
                price,
                before: before.size_at(price),
                after: after.size_at(price),
                is_held: held == Some(price),
            });
        }
    }
}

/// e of Cont, Kukanov and Stoikov (2014), "The price impact of order book events": by how much the
/// demand at the touch grew and the supply shrank, in the base coin.
fn order_flow(before: &Top, after: &Top) -> Option<f64> {
    let (bid, ask) = (before.bids.best()?, before.asks.best()?);
    let (next_bid, next_ask) = (after.bids.best()?, after.asks.best()?);
    let if_so = |is_so: bool, level: Level| if is_so { level.size_base.get() } else { 0.0 };
    let demand =
        if_so(next_bid.price >= bid.price, next_bid) - if_so(next_bid.price <= bid.price, bid);
    let supply =
        if_so(next_ask.price <= ask.price, next_ask) - if_so(next_ask.price >= ask.price, ask);
    // As one difference, so that a mirrored market has the negated flow to the last digit.
    Some(demand - supply)
}

/// Takes up to `size` from the newest on; returns how much there was.
fn take_newest(lately: &mut Vec<Shown>, size: f64) -> f64 {
    let mut left = size;
    while left > 0.0
        && let Some(newest) = lately.last_mut()
    {
        let taken = left.min(newest.size);
        left -= taken;
        newest.size -= taken;
        if newest.size <= 0.0 {
            lately.pop();
        }
    }
    size - left
}

/// Drops the oldest beyond `size` in sum.
fn keep_newest(lately: &mut Vec<Shown>, size: f64) {
    let mut left = size;
    for one in lately.iter_mut().rev() {
        one.size = one.size.min(left);
        left -= one.size;
    }
    lately.retain(|one| one.size > 0.0);
}

fn pop_first_if<T>(queue: &mut VecDeque<T>, is_due: impl FnOnce(&T) -> bool) -> Option<T> {
    if queue.front().is_some_and(is_due) {
        queue.pop_front()
    } else {
        None
    }
}

fn bits(price: Price) -> u64 {
    price.get().to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::units::Amount;

    fn at(ms: u64) -> UnixMs {
        UnixMs::from_millis(1_800_000_000_000 + ms)
    }

    fn levels(rows: &[(f64, f64)]) -> Vec<Level> {
        let level = |&(price, size)| Level {
            price: Price::new(price).unwrap(),
            size_base: Amount::new(size).unwrap(),
        };
        rows.iter().map(level).collect()
    }

    fn book(ms: u64, bids: &[(f64, f64)], asks: &[(f64, f64)]) -> Book {
        Book {
            as_of_ms: at(ms),
            bids: levels(bids),
            asks: levels(asks),
        }
    }

    fn trade(ms: u64, taker: Side, price: f64, size: f64) -> Trade {
        Trade {
            time_ms: at(ms),
            price: Price::new(price).unwrap(),
            size_base: Amount::new(size).unwrap(),
            taker: Some(taker),
            id: 0,
        }
    }

    const ASKS: [(f64, f64); 2] = [(101.0, 5.0), (102.0, 7.0)];

    /// The sums of what bids did at each moment, with asks that stand still.
    fn sums_of(bids: &[(u64, &[(f64, f64)])], trades: &[Trade]) -> Sums {
        let mut tape = BookFlowTape::default();
        for trade in trades {
            tape.trade(trade);
        }
        let mut end = 0;
        for (ms, bids) in bids {
            tape.book(&book(*ms, bids, &ASKS));
            end = *ms;
        }
        tape.settle(at(end + SETTLES_AFTER_MS));
        tape.flow().unwrap().sums
    }

    #[test]
    fn order_flow_is_what_demand_grew_and_supply_shrank() {
        let flow = |bids: [(f64, f64); 2], asks: [(f64, f64); 2]| {
            let [before, after] = [0, 1].map(|index| Top {
                at: at(0),
                bids: Ladder::of(&levels(&[bids[index]])),
                asks: Ladder::of(&levels(&[asks[index]])),
            });
            order_flow(&before, &after).unwrap()
        };
        let still = [(101.0, 5.0); 2];
        // The same price: the difference of the sizes.
        assert_eq!(flow([(99.0, 4.0), (99.0, 6.0)], still), 2.0);
        // A better bid: all of it. A worse one: all of what was there is gone.
        assert_eq!(flow([(99.0, 4.0), (99.5, 3.0)], still), 3.0);
        assert_eq!(flow([(99.0, 4.0), (98.5, 3.0)], still), -4.0);
        // Asks the other way round.
        let still = [(99.0, 4.0); 2];
        assert_eq!(flow(still, [(101.0, 5.0), (101.0, 8.0)]), -3.0);
        assert_eq!(flow(still, [(101.0, 5.0), (100.5, 2.0)]), -2.0);
        assert_eq!(flow(still, [(101.0, 5.0), (101.5, 2.0)]), 5.0);
    }

    #[test]
    fn what_leaves_untraded_within_two_seconds_was_fleeting() {
        let bids = |size| [(99.0, size), (98.0, 1.0)];
        let found = sums_of(
            &[
                (0, &bids(4.0)),
                (100, &bids(10.0)),
                // Of the six that were shown four leave.
                (600, &bids(6.0)),
                // The other two leave after more than two seconds.
                (2_200, &bids(4.0)),
            ],
            &[],
        );
        assert_eq!(found.shown.bids, 6.0);
        assert_eq!(found.fleeting.bids, 4.0);
        assert_eq!((found.shown.asks, found.fleeting.asks), (0.0, 0.0));
        assert_eq!((found.observed_ms, found.steps), (2_200, 3));
    }

    #[test]
    fn what_is_traded_was_not_fleeting() {
        let bids = |size| [(99.0, size), (98.0, 1.0)];
        let found = sums_of(
            &[(0, &bids(4.0)), (100, &bids(10.0)), (600, &bids(6.0))],
            &[
                trade(300, Side::Sell, 99.0, 3.0),
                // Against the other side, at another price, or before the step.
                trade(300, Side::Buy, 101.0, 1.0),
                trade(400, Side::Sell, 98.0, 0.5),
                trade(0, Side::Sell, 99.0, 9.0),
            ],
        );
        // Of four that are gone three were traded.
        assert_eq!(found.fleeting.bids, 1.0);
        assert_eq!(
            found.taken,
            Sides {
                bids: 3.5,
                asks: 1.0
            }
        );
        assert_eq!(found.trades, 3);
    }

    #[test]
    fn what_is_put_back_while_the_price_holds_is_restored() {
        let bids = |best, size| [(best, size), (98.0, 1.0)];
        // Five were sold into four, and three are there: four were put back.
        let found = sums_of(
            &[(0, &bids(99.0, 4.0)), (100, &bids(99.0, 3.0))],
            &[trade(50, Side::Sell, 99.0, 5.0)],
        );
        assert_eq!(found.restored.bids, 4.0);
        // More was added than was taken: only what was taken counts.
        let found = sums_of(
            &[(0, &bids(99.0, 4.0)), (100, &bids(99.0, 9.0))],
            &[trade(50, Side::Sell, 99.0, 2.0)],
        );
        assert_eq!(found.restored.bids, 2.0);
        // The price gave way.
        let found = sums_of(
            &[(0, &bids(99.0, 4.0)), (100, &bids(98.5, 3.0))],
            &[trade(50, Side::Sell, 99.0, 4.0)],
        );
        assert_eq!((found.restored.bids, found.taken.bids), (0.0, 4.0));
    }

    #[test]
    fn a_level_that_leaves_the_view_did_not_leave_the_book() {
        let ladder = |from: f64| -> Vec<(f64, f64)> {
            (0..10).map(|step| (from - f64::from(step), 1.0)).collect()
        };
        // A better bid pushes the tenth out of view, and later it comes back into it.
        let found = sums_of(
            &[
                (0, &ladder(99.0)),
                (100, &ladder(100.0)),
                (200, &ladder(99.0)),
            ],
            &[],
        );
        assert_eq!(found.shown.bids, 1.0);
        assert_eq!(found.fleeting.bids, 1.0);
    }

    #[test]
    fn nothing_is_told_of_a_time_without_a_book() {
        let mut tape = BookFlowTape::default();
        let bids = [(99.0, 4.0)];
        tape.book(&book(0, &bids, &ASKS));
        assert_eq!(tape.flow(), None);
        tape.interrupted();
        tape.trade(&trade(500, Side::Sell, 99.0, 3.0));
        tape.book(&book(1_000, &[(99.0, 1.0)], &ASKS));
        // A pause that is too long, a clock that goes back, and a side without offers.
        tape.book(&book(12_000, &[(99.0, 9.0)], &ASKS));
        tape.book(&book(11_000, &[(99.0, 1.0)], &ASKS));
        tape.book(&book(11_100, &[], &ASKS));
        tape.book(&book(11_200, &[(99.0, 2.0)], &ASKS));
        tape.settle(at(20_000));
        assert_eq!(tape.flow(), None);
        tape.book(&book(11_300, &[(99.0, 3.0)], &ASKS));
        tape.settle(at(20_000));
        let found = tape.flow().unwrap();
        assert_eq!((found.sums.steps, found.sums.observed_ms), (1, 100));
        assert_eq!((found.sums.taken.bids, found.sums.net_flow), (0.0, 1.0));
        assert_eq!((found.as_of_ms, found.middle.get()), (at(11_300), 100.0));
    }

    #[test]
    fn where_trades_were_lost_nothing_counts_as_taken_away() {
        let mut tape = BookFlowTape::default();
        for (ms, size) in [(0, 4.0), (100, 9.0), (200, 2.0)] {
            tape.book(&book(ms, &[(99.0, size)], &ASKS));
        }
        tape.lost_trades();
        for (ms, size) in [(300, 1.0), (400, 3.0)] {
            tape.book(&book(ms, &[(99.0, size)], &ASKS));
        }
        tape.settle(at(10_000));
        let found = tape.flow().unwrap().sums;
        assert_eq!(
            (found.steps, found.fleeting.sum(), found.shown.bids),
            (1, 0.0, 2.0)
        );
    }

    #[test]
    fn a_quarter_of_an_hour_is_remembered_and_no_more() {
        let mut tape = BookFlowTape::default();
        for second in 0..2_000 {
            tape.book(&book(1_000 * second, &[(99.0, 4.0 + second as f64)], &ASKS));
            tape.trade(&trade(1_000 * second + 1, Side::Sell, 99.0, 1.0));
        }
        let found = tape.flow().unwrap();
        assert!((890_000..=900_000).contains(&found.span_ms), "{found:?}");
        assert_eq!(found.sums.observed_ms, found.sums.steps * 1_000);
        assert!(tape.trades.len() < 20 && tape.steps.len() < 3 && tape.shown.len() < 3);
    }

    #[test]
    fn another_unit_begins_again() {
        let mut tape = BookFlowTape::default();
        for ms in (0..5_000).step_by(100) {
            tape.book(&book(ms, &[(99.0, 4.0)], &ASKS));
        }
        assert!(tape.flow().is_some());
        tape.book(&book(5_000, &[(0.099, 4_000.0)], &[(0.101, 5_000.0)]));
        assert_eq!(tape.flow(), None);
    }
}
