//! `orderbook.200.{symbol}`: the order book, kept from a snapshot and every delta after it.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook>
//!
//! State machine: absent → (snapshot) → whole → (delta `u + 1`) → whole. A gap, a crossed book, an
//! unusable level or an empty book make it absent at once, and only a snapshot makes it whole
//! again.
//!
//! Invariant: a book that is given out is sorted, not crossed, and holds every delta since its
//! snapshot. A size of zero deletes a level. A book of REST cannot be continued by deltas: its
//! counter is that of another depth.
//!
//! ```json
//! {"s":"BTCUSDT","b":[["65095.30","0.005"],["65093.10","0"]],"a":[["65116.60","0"]],"u":15076953,"seq":753843913870}
//! ```

use super::frame::{Data, Kind, counter, unusable};
use super::outcome::Applied;
use super::topic::BOOK_LEVELS;
use crate::exchange::Detail;
use crate::exchange::ParseError;
use crate::exchange::bybit::orderbook::{WireBook, level, quoted, unusable_level};
use crate::exchange::bybit::rows::{answer_moment, check_symbol};
use crate::exchange::wire::{self, WireNumber};
use crate::market::book::{Book, Level};
use crate::units::UnixMs;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The most levels that a side may have. The venue sends what enters and leaves its depth, so a
/// side that is much longer has lost deletions.
const MOST_LEVELS: usize = 2 * BOOK_LEVELS;

/// The counter of a snapshot that the venue sends after a restart of its service.
const RESTARTED: u64 = 1;

/// Why a book that was whole is absent now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookBreak {
    /// Updates are missing.
    #[error("update {after} is followed by {found}")]
    Gap {
        /// The last one that was applied.
        after: u64,
        /// The one that came.
        found: u64,
    },
    /// The best bid is not below the best ask.
    #[error("the best bid of {bid} is not below the best ask of {ask}")]
    Crossed {
        /// The best bid.
        bid: Detail,
        /// The best ask.
        ask: Detail,
    },
    /// Nobody offers on either side.
    #[error("no level is left")]
    Empty,
    /// A side has more levels than the venue sends.
    #[error("a side has {levels} levels")]
    TooDeep {
        /// How many.
        levels: usize,
    },
    /// The frame cannot be read, so that what it changed is lost.
    #[error(transparent)]
    Unreadable(#[from] ParseError),
}

impl BookBreak {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(&self) {
            Self::Gap { .. } => "gap",
            Self::Crossed { .. } => "crossed",
            Self::Empty => "empty_book",
            Self::TooDeep { .. } => "too_deep",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// The book of one contract.
#[derive(Clone, Debug, Default)]
pub struct LocalBook {
    whole: Option<Whole>,
}

/// One side: price as the bits of a positive number, which sort as the number does.
type Side = BTreeMap<u64, Level>;

#[derive(Clone, Debug)]
struct Whole {
    bids: Side,
    asks: Side,
    update: u64,
    made_at: UnixMs,
}

impl LocalBook {
    /// No snapshot came yet.
    #[must_use]
    pub const fn absent() -> Self {
        Self { whole: None }
    }

    /// Applies a frame of this book's topic.
    ///
    /// # Errors
    /// [`BookBreak`]: the book is absent from now on. Until another snapshot comes, deltas are
    /// [`Applied::BeforeSnapshot`].
    pub fn apply(&mut self, data: &Data<'_>) -> Result<Applied, BookBreak> {
        // Taken out, so that every early return leaves the book absent.
        let before = self.whole.take();
        let frame: WireBook<'_> = wire::object(data.payload.get())?;
        check_symbol(data.topic.symbol(), frame.s.sent())?;
        let update = counter(&frame.u).ok_or_else(|| unusable("u", frame.u.quoted()))?;
        let made_at = made_at(data)?;
        let (mut bids, mut asks) = match (data.kind, before) {
            (Kind::Delta, None) if update != RESTARTED => return Ok(Applied::BeforeSnapshot),
            (Kind::Delta, Some(whole)) if update != RESTARTED => {
                if update <= whole.update {
                    self.whole = Some(whole);
                    return Ok(Applied::Repeated);
                }
                if update != whole.update + 1 {
                    return Err(BookBreak::Gap {
                        after: whole.update,
                        found: update,
                    });
                }
                (whole.bids, whole.asks)
            }
            _ => (Side::new(), Side::new()),
        };
        set("b", &mut bids, frame.b.as_deref())?;
        set("a", &mut asks, frame.a.as_deref())?;
        let whole = Whole {
            bids,
            asks,
            update,
            made_at,
        };
        whole.check()?;
        self.whole = Some(whole);
        Ok(Applied::Applied)
    }

    /// Whether there is a book.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// The number of the last update; `None` without a book.
    #[must_use]
    pub fn update(&self) -> Option<u64> {
        self.whole.as_ref().map(|whole| whole.update)
    }

    /// The best `levels` of each side; `None` without a book.
    #[must_use]
    pub fn book(&self, levels: usize) -> Option<Book> {
        let whole = self.whole.as_ref()?;
        Some(Book {
            as_of_ms: whole.made_at,
            bids: whole.bids.values().rev().take(levels).copied().collect(),
            asks: whole.asks.values().take(levels).copied().collect(),
        })
    }

    /// The best bid and the best ask; `None` without a book or with an empty side.
    #[must_use]
    pub fn touch(&self) -> Option<(Level, Level)> {
        let whole = self.whole.as_ref()?;
        whole.touch()
    }
}

impl Whole {
    fn touch(&self) -> Option<(Level, Level)> {
        let bid = self.bids.last_key_value()?.1;
        let ask = self.asks.first_key_value()?.1;
        Some((*bid, *ask))
    }

    fn check(&self) -> Result<(), BookBreak> {
        let levels = self.bids.len().max(self.asks.len());
        match self.touch() {
            _ if levels == 0 => Err(BookBreak::Empty),
            _ if levels > MOST_LEVELS => Err(BookBreak::TooDeep { levels }),
            Some((bid, ask)) if bid.price >= ask.price => Err(BookBreak::Crossed {
                bid: quoted(bid.price),
                ask: quoted(ask.price),
            }),
            _ => Ok(()),
        }
    }
}

/// The matching engine's time, else that of the frame. The engine's is the earlier one, and the
/// true age of the book.
fn made_at(data: &Data<'_>) -> Result<UnixMs, ParseError> {
    if data.engine_time == WireNumber::Absent {
        Ok(data.sent_at)
    } else {
        answer_moment("cts", &data.engine_time, data.sent_at)
    }
}

/// Sets the levels of a side that were sent. Nothing was sent where nothing changed.
fn set(
    name: &'static str,
    side: &mut Side,
    levels: Option<&[&RawValue]>,
) -> Result<(), ParseError> {
    for (index, raw) in levels.unwrap_or_default().iter().enumerate() {
        let level = level(raw).map_err(|reason| unusable_level(name, index, &reason))?;
        let key = level.price.get().to_bits();
        if level.size_base.get() == 0.0 {
            side.remove(&key);
        } else {
            side.insert(key, level);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: &str, update: u64, bids: &str, asks: &str) -> String {
        format!(
            r#"{{"topic":"orderbook.200.BTCUSDT","type":"{kind}","ts":{ts},"data":{{"s":"BTCUSDT","b":{bids},"a":{asks},
            "u":{update},"seq":{update}}},"cts":{cts}}}"#,
            ts = NOW.as_millis() - 10,
            cts = NOW.as_millis() - 20,
        )
    }

    fn apply(book: &mut LocalBook, text: &str) -> Result<Applied, BookBreak> {
        book.apply(&data(text))
    }

    const BIDS: &str = r#"[["100.5","2"],["100","3"]]"#;
    const ASKS: &str = r#"[["101","4"],["101.5","1"]]"#;

    fn whole(update: u64) -> LocalBook {
        let mut book = LocalBook::absent();
        let applied = apply(&mut book, &frame("snapshot", update, BIDS, ASKS));
        assert_eq!(applied, Ok(Applied::Applied));
        book
    }

    type Rows = Vec<(f64, f64)>;

    fn levels(book: &LocalBook) -> (Rows, Rows) {
        let book = book.book(10).unwrap();
        let of = |side: Vec<Level>| {
            side.iter()
                .map(|level| (level.price.get(), level.size_base.get()))
                .collect()
        };
        (of(book.bids), of(book.asks))
    }

    #[test]
    fn a_snapshot_and_its_deltas_are_the_book() {
        let mut book = whole(7);
        let delta = frame(
            "delta",
            8,
            r#"[["100.50","0"],["99","5"]]"#,
            r#"[["100.8","1"]]"#,
        );
        assert_eq!(apply(&mut book, &delta), Ok(Applied::Applied));
        assert_eq!(
            levels(&book),
            (
                vec![(100.0, 3.0), (99.0, 5.0)],
                vec![(100.8, 1.0), (101.0, 4.0), (101.5, 1.0)]
            )
        );
        let made_at = UnixMs::from_millis(NOW.as_millis() - 20);
        assert_eq!(book.book(1).unwrap().as_of_ms, made_at, "the engine's time");
        assert_eq!(book.book(1).unwrap().asks.len(), 1);
    }

    #[test]
    fn a_delta_without_a_snapshot_makes_no_book() {
        let mut book = LocalBook::absent();
        let applied = apply(&mut book, &frame("delta", 8, BIDS, ASKS));
        assert_eq!(applied, Ok(Applied::BeforeSnapshot));
        assert!(!book.is_whole());
    }

    #[test]
    fn a_repeated_or_earlier_update_changes_nothing() {
        let mut book = whole(7);
        for update in [3, 7] {
            let applied = apply(&mut book, &frame("delta", update, "[]", r#"[["101","0"]]"#));
            assert_eq!(applied, Ok(Applied::Repeated));
        }
        assert_eq!(levels(&book), levels(&whole(7)));
    }

    #[test]
    fn after_a_gap_there_is_no_book_until_another_snapshot() {
        let mut book = whole(7);
        let gap = apply(&mut book, &frame("delta", 9, "[]", "[]"));
        assert_eq!(gap, Err(BookBreak::Gap { after: 7, found: 9 }));
        assert!(book.book(10).is_none());
        let applied = apply(&mut book, &frame("delta", 10, "[]", "[]"));
        assert_eq!(applied, Ok(Applied::BeforeSnapshot));
        apply(&mut book, &frame("snapshot", 3, BIDS, ASKS)).unwrap();
        assert_eq!(book.update(), Some(3), "a snapshot may count anew");
    }

    #[test]
    fn update_one_is_a_snapshot_whatever_it_is_called() {
        let mut book = whole(7);
        let restarted = frame("delta", 1, r#"[["90","1"]]"#, r#"[["91","1"]]"#);
        assert_eq!(apply(&mut book, &restarted), Ok(Applied::Applied));
        assert_eq!(levels(&book), (vec![(90.0, 1.0)], vec![(91.0, 1.0)]));
    }

    #[test]
    fn a_crossed_an_empty_and_an_unreadable_book_is_none() {
        let cases = [
            (r#"[["101","1"]]"#, "[]", "crossed"),
            (
                r#"[["100.5","0"],["100","0"]]"#,
                r#"[["101","0"],["101.5","0"]]"#,
                "empty_book",
            ),
            (r#"[["100.5"]]"#, "[]", "unreadable"),
            (r#"[["","1"]]"#, "[]", "unreadable"),
            (r#"[["100.5","-1"]]"#, "[]", "unreadable"),
            (r#"{"0":1}"#, "[]", "unreadable"),
        ];
        for (bids, asks, label) in cases {
            let mut book = whole(7);
            let broken = apply(&mut book, &frame("delta", 8, bids, asks)).unwrap_err();
            assert_eq!(broken.label(), label, "{bids} {asks}: {broken}");
            assert!(!book.is_whole(), "{bids} {asks}");
        }
    }

    #[test]
    fn a_frame_of_another_contract_or_without_a_number_breaks_the_book() {
        let other = frame("delta", 8, "[]", "[]").replace(r#""s":"BTCUSDT""#, r#""s":"ETHUSDT""#);
        let nameless = frame("delta", 8, "[]", "[]").replace(r#""u":8"#, r#""u":8.5"#);
        for text in [other, nameless] {
            let mut book = whole(7);
            let broken = apply(&mut book, &text).unwrap_err();
            assert_eq!(broken.label(), "unreadable", "{text}");
            assert!(!book.is_whole());
        }
    }

    #[test]
    fn a_side_that_only_grows_has_lost_deletions() {
        let mut book = whole(7);
        let many: Vec<String> = (1..=MOST_LEVELS)
            .map(|level| format!(r#"["{level}e-3","1"]"#))
            .collect();
        let delta = frame("delta", 8, &format!("[{}]", many.join(",")), "[]");
        let broken = apply(&mut book, &delta).unwrap_err();
        assert_eq!(broken.label(), "too_deep");
    }

    /// A side as a list that is searched: slow, and plainly right.
    fn naive(side: &mut Vec<(f64, f64)>, changes: &[(u8, u8)]) {
        for (price, size) in changes {
            let price = f64::from(*price);
            side.retain(|(known, _)| *known != price);
            if *size > 0 {
                side.push((price, f64::from(*size)));
            }
        }
        side.sort_by(|a, b| a.0.total_cmp(&b.0));
    }

    fn json(changes: &[(u8, u8)]) -> String {
        let rows: Vec<String> = changes
            .iter()
            .map(|(price, size)| format!(r#"["{price}","{size}"]"#))
            .collect();
        format!("[{}]", rows.join(","))
    }

    proptest! {
        #[test]
        fn the_book_is_what_a_list_of_levels_would_be(
            deltas in prop::collection::vec(
                (prop::collection::vec((1..100_u8, 0..4_u8), 0..6), prop::collection::vec((101..200_u8, 0..4_u8), 0..6)),
                1..20,
            )
        ) {
            let mut book = LocalBook::absent();
            apply(&mut book, &frame("snapshot", 2, r#"[["100","1"]]"#, r#"[["200","1"]]"#)).unwrap();
            let (mut bids, mut asks) = (vec![(100.0, 1.0)], vec![(200.0, 1.0)]);
            for (update, (b, a)) in deltas.iter().enumerate() {
                let text = frame("delta", update as u64 + 3, &json(b), &json(a));
                apply(&mut book, &text).unwrap();
                naive(&mut bids, b);
                naive(&mut asks, a);
                let all = book.book(1_000).unwrap();
                let of = |side: &[Level]| -> Vec<(f64, f64)> {
                    side.iter().map(|level| (level.price.get(), level.size_base.get())).collect()
                };
                let best_first: Vec<_> = bids.iter().rev().copied().collect();
                prop_assert_eq!(of(&all.bids), best_first);
                prop_assert_eq!(of(&all.asks), asks.clone());
            }
        }
    }
}
