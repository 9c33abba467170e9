//! When a market last moved, which is the data time of its tables.
//!
//! The time in the envelope of an answer is that of the venue's gateway. A gateway can go on
//! answering while the matching engine behind it stands still, and then stamps old prices with a
//! new time.
//!
//! State: per source and symbol, the last observed figures and the time at which they last changed.
//! The data time of a table is the time since which at least one row in a hundred has changed. In a
//! live market that is the table's own time. In a halted market it is the moment of the halt, and a
//! few rows that still flicker do not hide it.
//!
//! The data time is never later than the time that the table states.

use crate::market::{Ticker, Tickers, Universe};
use crate::provenance::{Feed, Source};
use crate::snapshot::Snapshot;
use crate::units::{Amount, Price, UnixMs};
use std::collections::HashMap;

/// One row in this many must have changed for the market to have moved.
const MOVED_ONE_IN: usize = 100;

/// Turnovers that differ by no more than this are equal, USD. A published snapshot rounds them to
/// the cent, so its figures differ from the venue's by up to half a cent.
const SAME_TURNOVER_USD: f64 = 0.006;

/// The last observed rows of every source. Sources are few, so a list is searched.
#[derive(Clone, Debug, Default)]
pub(super) struct Motions(Vec<(Source, Motion)>);

impl Motions {
    /// When the market last moved, given a table that states the time `at`; never later than `at`.
    ///
    /// The first table of a source has the time that it states, for there is nothing to compare it
    /// with. A replayed table always has the time that it states: a recording repeats itself.
    pub(super) fn examine(
        &mut self,
        tickers: &Tickers<'_>,
        universe: &Universe,
        source: Source,
        at: UnixMs,
    ) -> UnixMs {
        if source.feed == Feed::Replayed {
            return at;
        }
        let rows: Vec<&Ticker<'_>> = tickers
            .rows
            .iter()
            .filter(|row| universe.contains(&row.symbol))
            .collect();
        self.of(source).examine(&rows, at)
    }

    /// Takes the rows of a published snapshot where none are known. A restarted process then
    /// notices that a market halted before it started.
    pub(super) fn remember(&mut self, snapshot: &Snapshot) {
        let motion = self.of(snapshot.tickers_source);
        for row in &snapshot.scores {
            let observed = Observed {
                last: row.price,
                turnover: row.turnover_24h,
                // A published score row has no bid and ask.
                book: None,
            };
            let known = Known {
                observed,
                changed: snapshot.as_of_ms,
            };
            motion.rows.entry(row.symbol.clone()).or_insert(known);
        }
    }

    fn of(&mut self, source: Source) -> &mut Motion {
        let place = self.0.iter().position(|(known, _)| *known == source);
        let place = place.unwrap_or_else(|| {
            self.0.push((source, Motion::default()));
            self.0.len() - 1
        });
        // The place was found or pushed just now, so it is in range.
        #[expect(
            clippy::indexing_slicing,
            reason = "a place that was found or made above"
        )]
        &mut self.0[place].1
    }
}

/// One venue's rows.
#[derive(Clone, Debug, Default)]
struct Motion {
    rows: HashMap<String, Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    observed: Observed,
    /// The data time of the first table that showed these figures.
    changed: UnixMs,
}

/// The figures of a row that change when its market moves. Mark and index are left out: venues
/// compute them from other markets, and they go on moving through a halt.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Observed {
    last: Price,
    turnover: Option<Amount>,
    /// Best bid and ask; `None` for a row of a published snapshot.
    book: Option<(Option<Price>, Option<Price>)>,
}

impl Observed {
    fn of(row: &Ticker<'_>) -> Self {
        Self {
            last: row.last,
            turnover: row.turnover_24h,
            book: Some((row.bid, row.ask)),
        }
    }

    /// Whether all figures that both have are equal.
    fn is_same(&self, other: &Self) -> bool {
        let differ = |one: Option<Price>, other: Option<Price>| {
            one.zip(other).is_some_and(|(one, other)| one != other)
        };
        let books_differ =
            self.book
                .zip(other.book)
                .is_some_and(|((bid, ask), (other_bid, other_ask))| {
                    differ(bid, other_bid) || differ(ask, other_ask)
                });
        let turnovers = self.turnover.zip(other.turnover);
        let turnovers_differ =
            turnovers.is_some_and(|(a, b)| (a.get() - b.get()).abs() > SAME_TURNOVER_USD);
        self.last == other.last && !books_differ && !turnovers_differ
    }
}

impl Motion {
    fn examine(&mut self, rows: &[&Ticker<'_>], at: UnixMs) -> UnixMs {
        let known = |motion: &Self| {
            let changes = rows.iter().filter_map(|row| {
                let known = motion.rows.get(&*row.symbol)?;
                Some(if known.observed.is_same(&Observed::of(row)) {
                    known.changed
                } else {
                    at
                })
            });
            changes.collect::<Vec<UnixMs>>()
        };
        // Only rows that were seen before are counted. A row that is new says nothing about when
        // its market moved, and a table of new rows alone is taken at its word.
        let moved = newest_hundredth(known(self)).map_or(at, |moved| moved.min(at));
        let mut next = HashMap::with_capacity(self.rows.len());
        for row in rows {
            let observed = Observed::of(row);
            let changed = match self.rows.get(&*row.symbol) {
                Some(known) if known.observed.is_same(&observed) => known.changed,
                // Answers can arrive out of order. An older table must not move the time of a
                // change back.
                Some(known) => known.changed.max(at),
                // A new row in a halted market must not look like a change, so it gets the market's
                // own time.
                None => moved,
            };
            next.insert(row.symbol.to_string(), Known { observed, changed });
        }
        // Rows that the table lacks are dropped: a delisted contract would stand still for ever,
        // and in time make every market look halted.
        self.rows = next;
        moved
    }
}

/// The time since which at least one in [`MOVED_ONE_IN`] of the rows has changed; `None` without
/// rows.
fn newest_hundredth(mut changes: Vec<UnixMs>) -> Option<UnixMs> {
    let least = changes.len().div_ceil(MOVED_ONE_IN);
    // Selection instead of a sort: this runs on every table, and only one element is needed.
    let (_, newest, _) = changes.select_nth_unstable_by(least.checked_sub(1)?, |a, b| b.cmp(a));
    Some(*newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ticker;
    use crate::provenance::Venue;

    const BEGIN: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const BYBIT: Source = Source::live(Venue::Bybit);

    fn at(round: u64) -> UnixMs {
        BEGIN.plus_millis(round * 2_000)
    }

    /// Three hundred rows, of which some are at another price.
    fn table(moved: usize, price: f64) -> Tickers<'static> {
        let row = |index: usize| {
            ticker(
                &format!("S{index}USDT"),
                if index < moved { price } else { 100.0 },
                1.0,
                1e6,
            )
        };
        Tickers {
            server_time: BEGIN,
            rows: (0..300).map(row).collect(),
            refused: vec![],
            odd: vec![],
        }
    }

    fn universe() -> Universe {
        let contracts = table(0, 1.0)
            .rows
            .into_iter()
            .map(|row| (row.symbol.into_owned(), None))
            .collect();
        Universe::new(BEGIN, BYBIT, contracts)
    }

    fn show(motions: &mut Motions, round: u64, tickers: &Tickers<'_>) -> UnixMs {
        motions.examine(tickers, &universe(), BYBIT, at(round))
    }

    #[test]
    fn a_market_that_stands_still_is_as_old_as_its_last_move() {
        let mut motions = Motions::default();
        assert_eq!(show(&mut motions, 0, &table(0, 1.0)), at(0));
        assert_eq!(show(&mut motions, 1, &table(300, 101.0)), at(1));
        for round in 2..20 {
            assert_eq!(
                show(&mut motions, round, &table(300, 101.0)),
                at(1),
                "{round}"
            );
        }
        assert_eq!(
            show(&mut motions, 20, &table(300, 102.0)),
            at(20),
            "it moves again"
        );
    }

    #[test]
    fn under_one_row_in_a_hundred_is_no_move() {
        for (flickering, moves) in [(2, false), (3, true)] {
            let mut motions = Motions::default();
            show(&mut motions, 0, &table(0, 1.0));
            for round in 1..10 {
                let moved = show(
                    &mut motions,
                    round,
                    &table(flickering, 100.0 + round as f64),
                );
                assert_eq!(
                    moved,
                    if moves { at(round) } else { at(0) },
                    "{flickering} rows in round {round}"
                );
            }
        }
    }

    #[test]
    fn a_market_that_moves_slowly_is_as_old_as_its_hundredth() {
        let mut motions = Motions::default();
        show(&mut motions, 0, &table(0, 1.0));
        // One further row moves in each round, so three rows did within the last three.
        for round in 1..50 {
            let moved = show(&mut motions, round, &table(round as usize, 101.0));
            assert_eq!(moved, at(round.saturating_sub(2)), "{round}");
        }
    }

    #[test]
    fn bid_ask_and_turnover_tell_a_move_as_the_price_does() {
        let changes: [fn(&mut Ticker<'_>); 3] = [
            |row| row.bid = Price::new(99.0).ok(),
            |row| row.ask = Price::new(101.0).ok(),
            |row| row.turnover_24h = Amount::new(1e6 + 1.0).ok(),
        ];
        for change in changes {
            let mut motions = Motions::default();
            let mut tickers = table(0, 1.0);
            for row in &mut tickers.rows {
                (row.bid, row.ask) = (Price::new(98.0).ok(), Price::new(102.0).ok());
            }
            show(&mut motions, 0, &tickers);
            tickers.rows.iter_mut().for_each(change);
            assert_eq!(show(&mut motions, 1, &tickers), at(1));
        }
    }

    #[test]
    fn a_replay_and_another_venue_are_judged_by_themselves() {
        let (mut motions, still) = (Motions::default(), table(0, 1.0));
        let replay = Source {
            venue: Venue::Bybit,
            feed: Feed::Replayed,
        };
        for round in 0..5 {
            assert_eq!(
                motions.examine(&still, &universe(), replay, at(round)),
                at(round)
            );
        }
        assert_eq!(show(&mut motions, 5, &still), at(5));
        let okx = Source::live(Venue::Okx);
        assert_eq!(motions.examine(&still, &universe(), okx, at(6)), at(6));
        assert_eq!(
            show(&mut motions, 7, &still),
            at(5),
            "what another venue said in between is forgotten"
        );
    }

    #[test]
    fn an_older_table_is_no_younger_than_it_says() {
        let mut motions = Motions::default();
        show(&mut motions, 5, &table(0, 1.0));
        assert_eq!(show(&mut motions, 3, &table(300, 101.0)), at(3));
        assert_eq!(show(&mut motions, 6, &table(300, 101.0)), at(5));
    }
}
