//! Trades: what changed hands.
//!
//! An answer of a venue has only the newest trades, so longer windows are made by joining answers
//! ([`Trades::continued`]). Invariant: no trade is counted twice. A gap is possible where the
//! market traded more between two answers than one answer holds.

use super::OwnTime;
use crate::units::{Amount, Price, UnixMs};
use std::collections::HashSet;

/// The window of kept trades back from the newest, milliseconds: the longest that any figure reads.
pub const TRADES_WINDOW_MS: u64 = 15 * 60_000;

/// The most trades that are kept of one contract: some 800 KB. A contract that trades faster has a
/// shorter window.
pub(crate) const MOST_TRADES: usize = 20_000;

/// The side of a trade's taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The taker bought.
    Buy,
    /// The taker sold.
    Sell,
}

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// When.
    pub time_ms: UnixMs,
    /// The price, USDT.
    pub price: Price,
    /// How much, in the base coin.
    pub size_base: Amount,
    /// The taker's side as the venue states it; an unknown side is never guessed.
    pub taker: Option<Side>,
    /// Distinguishes it from every other trade of the contract, made of the venue's own id; 0 where
    /// the venue gives none.
    pub id: u64,
}

/// The last trades of one symbol, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trades {
    /// Trades, oldest first.
    pub trades: Vec<Trade>,
}

impl Trades {
    /// Both lists as one, whichever is the later.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let newest = |trades: &Self| trades.trades.last().map(|trade| trade.time_ms);
        if newest(self) > newest(other) {
            other.continued(self.clone())
        } else {
            self.continued(other.clone())
        }
    }

    /// These trades continued by those of a later answer: all trades of the answer, and the kept
    /// ones within [`TRADES_WINDOW_MS`] of its newest.
    ///
    /// An answer has the newest trades without a gap. So a kept trade that is not in it but younger
    /// than its oldest belongs to another time and is dropped. A trade without an id is dropped,
    /// too, since it could be counted twice. Trades between the two answers may be missing.
    #[must_use]
    pub fn continued(&self, answer: Self) -> Self {
        let (Some(oldest), Some(newest)) = (answer.trades.first(), answer.trades.last()) else {
            // An empty answer says nothing about what came before it.
            return self.clone();
        };
        // Trades of one millisecond can stand on both sides of the border, so the time alone does
        // not separate kept from new.
        let known: HashSet<u64> = answer.trades.iter().map(|trade| trade.id).collect();
        let is_earlier = |trade: &&Trade| {
            trade.id != 0
                && trade.time_ms <= oldest.time_ms
                && newest.time_ms.millis_since(trade.time_ms) <= TRADES_WINDOW_MS
                && !known.contains(&trade.id)
        };
        let mut trades: Vec<Trade> = self.trades.iter().filter(is_earlier).copied().collect();
        trades.extend(answer.trades);
        // From the front: the oldest go.
        trades.drain(..trades.len().saturating_sub(MOST_TRADES));
        Self { trades }
    }
}

impl OwnTime for Trades {
    fn known_until(&self) -> Option<UnixMs> {
        Some(self.trades.last()?.time_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trades(rows: &[(u64, u64)]) -> Trades {
        let trade = |&(second, id)| Trade {
            time_ms: UnixMs::from_secs(1_788_870_000 + second),
            price: Price::new(10.0).unwrap(),
            size_base: Amount::new(1.0).unwrap(),
            taker: None,
            id,
        };
        Trades {
            trades: rows.iter().map(trade).collect(),
        }
    }

    #[track_caller]
    fn check(held: &[(u64, u64)], answer: &[(u64, u64)], expected: &[u64]) {
        let ids: Vec<u64> = trades(held)
            .continued(trades(answer))
            .trades
            .iter()
            .map(|trade| trade.id)
            .collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn an_answer_continues_what_was_held_and_nothing_counts_twice() {
        check(&[(1, 1), (2, 2), (2, 3)], &[(2, 3), (3, 4)], &[1, 2, 3, 4]);
        check(&[(1, 1)], &[(9, 9)], &[1, 9]);
        check(&[], &[(1, 1)], &[1]);
        check(&[(1, 1)], &[], &[1]);
        check(&[(1, 1), (2, 2)], &[(1, 1), (2, 2)], &[1, 2]);
    }

    #[test]
    fn an_answer_that_comes_late_adds_what_was_before_the_tape() {
        let tape = trades(&[(5, 5), (6, 6), (7, 7)]);
        let answer = trades(&[(1, 1), (4, 4), (5, 5), (6, 6)]);
        let ids =
            |joined: Trades| -> Vec<u64> { joined.trades.iter().map(|trade| trade.id).collect() };
        assert_eq!(ids(tape.joined(&answer)), [1, 4, 5, 6, 7]);
        assert_eq!(ids(answer.joined(&tape)), [1, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_of_another_time_or_has_no_name_is_not_kept() {
        // One that is held lies among those of the answer, and is none of them.
        check(&[(1, 1), (5, 7)], &[(3, 3), (6, 6)], &[1, 3, 6]);
        check(&[(1, 0), (2, 2)], &[(3, 0), (4, 4)], &[2, 0, 4]);
    }

    #[test]
    fn trades_are_kept_for_a_quarter_of_an_hour_and_an_answer_as_it_is() {
        check(&[(0, 1), (1, 2)], &[(900, 3), (901, 4)], &[2, 3, 4]);
        check(&[(0, 1)], &[(0, 1), (5_000, 2)], &[1, 2]);
        let many: Vec<(u64, u64)> = (1..=25_000).map(|id| (0, id)).collect();
        let found = trades(&many).continued(trades(&[(1, 30_000)]));
        assert_eq!(
            (found.trades.len(), found.trades[0].id),
            (MOST_TRADES, 5_002)
        );
    }
}
