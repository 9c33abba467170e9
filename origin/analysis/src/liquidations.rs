//! The tape of liquidations: what was heard over the last 24 hours, and since when that is
//! everything.
//!
//! State: the liquidations, oldest first, bounded in age and number; since when they are complete;
//! when a sign of life came last. Nobody can be asked for liquidations that were missed, so the tape
//! begins anew after anything in which some may have been missed: an interruption of more than a few
//! seconds, an unreadable frame, a clock that jumped, or another source. What was lost in shorter
//! interruptions is unknown, so their length is stated.
//!
//! Invariants: the section's time is that of the last sign of life, never later, and every window
//! ends there. A liquidation that a new connection repeats counts once.

mod cascade;

use shared::market::Dated;
use shared::market::liquidations::{Liquidation, Position};
use shared::provenance::Source;
use shared::snapshot::alerts::LiquidationCascade;
use shared::snapshot::liquidations::{
    LIQUIDATION_DAY_MS, LiquidatedContract, LiquidatedSides, LiquidationRow, Liquidations,
    MAX_LIQUIDATED_CONTRACTS, MAX_LIQUIDATIONS, is_within,
};
use shared::units::{Amount, HOUR_MS, UnixMs};
use std::collections::{BTreeSet, HashMap, VecDeque};

pub use cascade::CASCADE_WINDOW_MS;

/// The longest time between two connections after which the tape goes on, ms. A connection that the
/// venue closes is usually replaced within two seconds.
pub const MAX_INTERRUPTION_MS: u64 = 5_000;

/// The longest time between two signs of life of one connection after which the tape goes on, ms.
/// They come each few seconds. What a stalled connection held back arrives with the next one, so
/// this is about clocks that jump and machines that slept.
pub const MAX_STALL_MS: u64 = 20_000;

/// How far a liquidation's time by the venue's clock may be from the time that it is shown with, ms:
/// how far back one that is repeated is looked for.
const REPEATED_WITHIN_MS: u64 = 10_000;

/// The most liquidations that are remembered, some ten times those of an ordinary day. Beyond it the
/// oldest are forgotten, and the tape is complete only from there on.
pub const MAX_REMEMBERED: usize = 200_000;

/// What became of a liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It counts.
    Counted,
    /// An earlier connection brought it already.
    Repeated,
    /// It is from before what was observed, of which not everything is known.
    Earlier,
    /// Its value is no number.
    Unusable,
}

/// What was liquidated of one contract lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiquidatedLately {
    /// Of positions that gain when the price rises, USD.
    pub long_usd: f64,
    /// Of positions that gain when the price falls, USD.
    pub short_usd: f64,
    /// Over how long, ms: an hour, or since it is observed.
    pub span_ms: u64,
}

/// What was liquidated of every contract lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Lately {
    /// When the last sign of life came.
    pub as_of_ms: UnixMs,
    span_ms: u64,
    by_symbol: HashMap<String, LiquidatedSides>,
    contracts: BTreeSet<String>,
}

impl Lately {
    /// Of one contract; `None` for one that is not listened to.
    #[must_use]
    pub fn of(&self, symbol: &str) -> Option<LiquidatedLately> {
        if !self.contracts.contains(symbol) {
            return None;
        }
        let sides = self.by_symbol.get(symbol);
        let of = |side| sides.map_or(0.0, |sides| sides.of(side).get());
        Some(LiquidatedLately {
            long_usd: of(Position::Long),
            short_usd: of(Position::Short),
            span_ms: self.span_ms,
        })
    }
}

/// The liquidations of the last 24 hours.
#[derive(Clone, Debug)]
pub struct LiquidationTape {
    rows: VecDeque<Row>,
    /// `None` until all topics of a connection are confirmed, and after a loss.
    observed_since: Option<UnixMs>,
    /// The last sign of life.
    heard: Option<UnixMs>,
    /// Since when the present connection is heard; `None` without one.
    began: Option<UnixMs>,
    source: Option<Source>,
    /// The number of the connection, to tell repeated liquidations from equal ones.
    connection: u64,
    contracts: BTreeSet<String>,
    unheard_ms: u64,
    refused: u64,
    capacity: usize,
}

#[derive(Clone, Debug)]
struct Row {
    /// As the venue states it, which is what a repetition repeats.
    told_ms: UnixMs,
    connection: u64,
    shown: LiquidationRow,
}

impl Default for LiquidationTape {
    fn default() -> Self {
        Self::with_capacity(MAX_REMEMBERED)
    }
}

impl LiquidationTape {
    /// An empty tape that remembers at most so many.
    #[must_use]
    pub const fn with_capacity(capacity: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            observed_since: None,
            heard: None,
            began: None,
            source: None,
            connection: 0,
            contracts: BTreeSet::new(),
            unheard_ms: 0,
            refused: 0,
            capacity,
        }
    }

    /// A connection was opened. What it brings counts from [`Self::confirmed`] on.
    pub fn opened(&mut self, source: Source) {
        self.connection += 1;
        self.began = None;
        if self.source != Some(source) {
            // Sums of the real and of a simulated market together would be of neither.
            self.forget();
            self.source = Some(source);
        }
    }

    /// These contracts are listened to, by their symbols.
    pub fn listens_to(&mut self, contracts: BTreeSet<String>) {
        self.contracts = contracts;
    }

    /// The venue confirmed every topic: from now on everything is heard.
    pub fn confirmed(&mut self, at: UnixMs) {
        if self.began.is_some() {
            // Topics were added to those of an open connection.
            return self.alive(at);
        }
        self.began = Some(at);
        let interruption_ms = self
            .heard
            .filter(|heard| *heard <= at)
            .map(|heard| at.millis_since(heard))
            .filter(|pause_ms| *pause_ms <= MAX_INTERRUPTION_MS);
        match interruption_ms.filter(|_| self.observed_since.is_some()) {
            Some(pause_ms) => {
                self.unheard_ms = self.unheard_ms.saturating_add(pause_ms);
                self.heard = Some(at);
            }
            None => self.begin(at),
        }
    }

    /// Something came, if only the answer to a sign of life: all that the venue had sent before is
    /// here.
    pub fn alive(&mut self, at: UnixMs) {
        if self.began.is_none() {
            return;
        }
        let heard = self.heard.unwrap_or(at);
        let apart_ms = heard.as_millis().abs_diff(at.as_millis());
        if apart_ms > MAX_STALL_MS {
            return self.begin(at);
        }
        self.heard = Some(heard.max(at));
        self.prune();
    }

    /// Takes a liquidation that was received at `received_at`.
    pub fn take(&mut self, one: &Liquidation, received_at: UnixMs) -> Taken {
        self.alive(received_at);
        let Some(value_usd) = LiquidationRow::value_of(one.size_base, one.bankruptcy_price) else {
            return Taken::Unusable;
        };
        let told_ms = one.time_ms;
        // A venue's clock ahead of ours must not put it after the section's own time.
        let time_ms = told_ms.min(received_at);
        let heard = self.heard.unwrap_or(received_at);
        let is_forgotten = heard.millis_since(time_ms) >= LIQUIDATION_DAY_MS;
        if is_forgotten || self.observed_since.is_some_and(|since| time_ms < since) {
            return Taken::Earlier;
        }
        if self.is_repeated(one) {
            return Taken::Repeated;
        }
        let row = Row {
            told_ms,
            connection: self.connection,
            shown: LiquidationRow {
                time_ms,
                symbol: one.symbol.clone(),
                side: one.position,
                size_base: one.size_base,
                bankruptcy_price: one.bankruptcy_price,
                value_usd,
            },
        };
        let later = self
            .rows
            .iter()
            .rev()
            .take_while(|earlier| earlier.shown.time_ms > row.shown.time_ms)
            .count();
        self.rows.insert(self.rows.len() - later, row);
        self.bound();
        Taken::Counted
    }

    /// A liquidation could not be read; it is in no sum.
    pub const fn refuse(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// A frame could not be read, so an unknown number of liquidations is missing.
    pub fn lost(&mut self, at: UnixMs) {
        if self.began.is_some() {
            self.begin(at);
        } else {
            self.observed_since = None;
        }
    }

    /// The connection ended.
    pub const fn ended(&mut self) {
        self.began = None;
    }

    /// What was observed, as of the last sign of life; `None` while nothing was.
    #[must_use]
    pub fn section(&self) -> Option<Dated<Liquidations>> {
        let (since, as_of_ms, source) = (self.observed_since?, self.heard?, self.source?);
        let observed_ms = as_of_ms.millis_since(since);
        let sum = |window_ms: u64| {
            if observed_ms < window_ms {
                return Some(None);
            }
            sides(self.within(window_ms, as_of_ms)).map(Some)
        };
        let last_1h = sum(HOUR_MS)?;
        let contracts_1h = match last_1h {
            Some(_) => Some(contracts(self.within(HOUR_MS, as_of_ms))?),
            None => None,
        };
        let day = || self.within(LIQUIDATION_DAY_MS, as_of_ms);
        let section = Liquidations {
            observed_since_ms: since,
            unheard_ms: self.unheard_ms,
            refused: self.refused,
            contracts_observed: self.contracts.len(),
            last_1h,
            last_4h: sum(4 * HOUR_MS)?,
            last_24h: sum(LIQUIDATION_DAY_MS)?,
            contracts_1h,
            // Of equal ones the newest, which comes first.
            largest: day()
                .reduce(|largest, row| {
                    if row.value_usd > largest.value_usd {
                        row
                    } else {
                        largest
                    }
                })
                .cloned(),
            latest: day().take(MAX_LIQUIDATIONS).cloned().collect(),
        };
        Some(Dated {
            value: section,
            as_of_ms,
            source,
        })
    }

    /// What was liquidated in the last hour, or since it is observed; `None` while nothing is.
    #[must_use]
    pub fn lately(&self) -> Option<Lately> {
        let (since, as_of_ms) = (self.observed_since?, self.heard?);
        let span_ms = as_of_ms.millis_since(since).min(HOUR_MS);
        Some(Lately {
            as_of_ms,
            span_ms,
            contracts: self.contracts.clone(),
            by_symbol: by_symbol(self.within(span_ms, as_of_ms))
                .map(|(symbol, sides)| Some((symbol.to_owned(), sides?)))
                .collect::<Option<_>>()?,
        })
    }

    /// The last minutes beside those before them; `None` without a connection, and while too little
    /// was observed to tell what is usual.
    #[must_use]
    pub fn cascade(&self) -> Option<LiquidationCascade> {
        // What a process knows from when it was connected is no news to anybody.
        self.began?;
        let (since, as_of) = (self.observed_since?, self.heard?);
        let day = self.within(LIQUIDATION_DAY_MS, as_of);
        let aged = day.map(|row| (as_of.millis_since(row.time_ms), row.value_usd.get()));
        let last = sides(self.within(CASCADE_WINDOW_MS, as_of))?;
        cascade::cascade(aged, as_of.millis_since(since), last)
    }

    /// The rows of a window that ends at `as_of`, newest first.
    fn within(&self, window_ms: u64, as_of: UnixMs) -> impl Iterator<Item = &LiquidationRow> {
        self.rows
            .iter()
            .rev()
            .map(|row| &row.shown)
            // What a connection brings before it is confirmed is newer than the section.
            .skip_while(move |row| row.time_ms > as_of)
            .take_while(move |row| is_within(row.time_ms, window_ms, as_of))
    }

    /// Whether a connection before this one brought it. Two equal ones of one connection are two.
    fn is_repeated(&self, one: &Liquidation) -> bool {
        self.rows
            .iter()
            .rev()
            .take_while(|row| one.time_ms.millis_since(row.shown.time_ms) <= REPEATED_WITHIN_MS)
            .any(|row| {
                row.connection != self.connection
                    && row.told_ms == one.time_ms
                    && row.shown.symbol == one.symbol
                    && row.shown.side == one.position
                    && row.shown.size_base == one.size_base
                    && row.shown.bankruptcy_price == one.bankruptcy_price
            })
    }

    /// Begins anew at `at`: what came before it is not known to be everything.
    fn begin(&mut self, at: UnixMs) {
        self.observed_since = Some(at);
        self.heard = Some(at);
        self.unheard_ms = 0;
        self.refused = 0;
        self.rows
            .retain(|row| row.shown.time_ms >= at && row.connection == self.connection);
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.observed_since = None;
        self.heard = None;
    }

    fn prune(&mut self) {
        let Some(heard) = self.heard else { return };
        while self
            .rows
            .front()
            .is_some_and(|row| heard.millis_since(row.shown.time_ms) >= LIQUIDATION_DAY_MS)
        {
            self.rows.pop_front();
        }
    }

    fn bound(&mut self) {
        while self.rows.len() > self.capacity {
            let Some(oldest) = self.rows.pop_front() else {
                return;
            };
            // Others of its millisecond go with it: of a moment everything is known, or nothing.
            let forgotten_ms = oldest.shown.time_ms;
            while self
                .rows
                .front()
                .is_some_and(|row| row.shown.time_ms <= forgotten_ms)
            {
                self.rows.pop_front();
            }
            self.observed_since = self
                .observed_since
                .map(|since| since.max(forgotten_ms.plus_millis(1)));
        }
    }
}

/// The sums of both sides, to the cent; `None` where they are no number.
fn sides<'r>(rows: impl Iterator<Item = &'r LiquidationRow>) -> Option<LiquidatedSides> {
    let (mut long, mut short) = (0.0, 0.0);
    for row in rows {
        match row.side {
            Position::Long => long += row.value_usd.get(),
            Position::Short => short += row.value_usd.get(),
        }
    }
    Some(LiquidatedSides {
        long_usd: Amount::new(long).ok()?.rounded(2),
        short_usd: Amount::new(short).ok()?.rounded(2),
    })
}

/// The sums of each contract; `None` where they are no number.
fn by_symbol<'r>(
    rows: impl Iterator<Item = &'r LiquidationRow>,
) -> impl Iterator<Item = (&'r str, Option<LiquidatedSides>)> {
    let mut by_symbol: HashMap<&str, Vec<&LiquidationRow>> = HashMap::new();
    for row in rows {
        by_symbol.entry(&row.symbol).or_default().push(row);
    }
    by_symbol
        .into_iter()
        .map(|(symbol, rows)| (symbol, sides(rows.into_iter())))
}

/// The contracts of which most was liquidated, most first.
fn contracts<'r>(
    rows: impl Iterator<Item = &'r LiquidationRow>,
) -> Option<Vec<LiquidatedContract>> {
    let mut all = by_symbol(rows)
        .map(|(symbol, sides)| {
            Some(LiquidatedContract {
                symbol: symbol.to_owned(),
                sides: sides?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    // Symbols break ties, so the same tape always gives the same list.
    all.sort_by(|a, b| {
        let most_first = b.sides.total().total_cmp(&a.sides.total());
        most_first.then_with(|| a.symbol.cmp(&b.symbol))
    });
    all.truncate(MAX_LIQUIDATED_CONTRACTS);
    Some(all)
}
