//! The mark of a publication: the epoch of its leader, its data time, and its number.
//!
//! It decides two things without the snapshot being read: an older writer is refused
//! ([`Mark::admits`]), and a reader knows whether there is news ([`Mark::is_news_to`]).
//!
//! Text form `epoch:as_of_ms:sequence`, in decimal digits. The script that writes to the store
//! parses the same form, so each number stays below 2^53.

use crate::units::UnixMs;
use crate::validate::is_younger;
use std::fmt;
use std::str::FromStr;

/// The largest number in a mark. Scripts of the store calculate in doubles, which hold integers
/// exactly up to here.
pub const MAX_MARK_NUMBER: u64 = (1 << 53) - 1;

/// A publication's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The number of the leadership under which it was published; a later leader has a higher one.
    pub epoch: u64,
    /// When its data was true.
    pub as_of_ms: UnixMs,
    /// The snapshot's number.
    pub sequence: u64,
}

/// Why a publication may not follow the one that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkRefusal {
    /// A later leader has published since.
    #[error("epoch {held} has published, which is after {new}")]
    EarlierEpoch {
        /// The epoch that is stored.
        held: u64,
        /// The epoch of the refused.
        new: u64,
    },
    /// The stored data is younger, or its number is as high.
    #[error("what is stored ({held}) is not older than {new}")]
    NotNewer {
        /// What is stored.
        held: Mark,
        /// The refused.
        new: Mark,
    },
}

impl Mark {
    /// Whether `new` may replace this one: of no earlier leader, with no older data, and with a
    /// number that was not used.
    ///
    /// The script that writes to Redis applies the same rule; a test compares the two.
    ///
    /// # Errors
    /// [`MarkRefusal`].
    pub fn admits(self, new: Self) -> Result<(), MarkRefusal> {
        // The epoch first: a leader that lost its lease may have newer data, and is refused all the
        // same.
        if self.epoch > new.epoch {
            return Err(MarkRefusal::EarlierEpoch {
                held: self.epoch,
                new: new.epoch,
            });
        }
        // Equal data times are admitted, since alerts and slow sections change while the market
        // stands still. An equal number is not: it would be the same publication twice.
        if self.as_of_ms > new.as_of_ms || self.sequence >= new.sequence {
            return Err(MarkRefusal::NotNewer { held: self, new });
        }
        Ok(())
    }

    /// Whether this publication's snapshot would replace one with this time and number, by the rule
    /// of [`crate::validate::ValidSnapshot::supersedes`].
    #[must_use]
    pub fn is_news_to(self, held: Option<(UnixMs, u64)>, now: UnixMs) -> bool {
        held.is_none_or(|held| is_younger((self.as_of_ms, self.sequence), held, now))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}",
            self.epoch,
            self.as_of_ms.as_millis(),
            self.sequence
        )
    }
}

/// A text that is no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mark of the form epoch:as_of_ms:sequence")]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let mut numbers = text.split(':').map(|part| {
            // `parse` also accepts a leading `+`, which the store's script does not.
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let number = part
                .parse()
                .ok()
                .filter(|number| *number <= MAX_MARK_NUMBER);
            number.filter(|_| plain).ok_or(NoMark)
        });
        let mut next = || numbers.next().unwrap_or(Err(NoMark));
        let mark = Self {
            epoch: next()?,
            as_of_ms: UnixMs::from_millis(next()?),
            sequence: next()?,
        };
        if numbers.next().is_some() {
            Err(NoMark)
        } else {
            Ok(mark)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark(epoch: u64, as_of_ms: u64, sequence: u64) -> Mark {
        Mark {
            epoch,
            as_of_ms: UnixMs::from_millis(as_of_ms),
            sequence,
        }
    }

    #[test]
    fn a_publication_follows_only_older_data_with_a_lower_number_of_no_later_leader() {
        let held = mark(5, 100, 40);
        assert_eq!(held.admits(mark(5, 100, 41)), Ok(()));
        assert_eq!(held.admits(mark(6, 101, 41)), Ok(()));
        let earlier = mark(4, 200, 90);
        assert_eq!(
            held.admits(earlier),
            Err(MarkRefusal::EarlierEpoch { held: 5, new: 4 })
        );
        for new in [
            mark(5, 99, 41),
            mark(9, 99, 41),
            mark(5, 101, 40),
            mark(6, 101, 39),
            held,
        ] {
            assert_eq!(
                held.admits(new),
                Err(MarkRefusal::NotNewer { held, new }),
                "{new}"
            );
        }
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        for text in [
            "",
            "soon",
            "1:2",
            "1:2:3:4",
            "1::3",
            "-1:2:3",
            "+1:2:3",
            "1:2:3 ",
            "1:2:9007199254740992",
            "1:2:3:",
        ] {
            assert_eq!(text.parse::<Mark>(), Err(NoMark), "{text:?}");
        }
    }

    #[test]
    fn news_is_what_supersedes() {
        let (new, now) = (mark(1, 100, 7), UnixMs::from_millis(100));
        let is_news = |held: Option<(u64, u64)>| {
            new.is_news_to(
                held.map(|(as_of, sequence)| (UnixMs::from_millis(as_of), sequence)),
                now,
            )
        };
        for held in [None, Some((99, 9)), Some((100, 6)), Some((5_101, 90))] {
            assert!(is_news(held), "{held:?}");
        }
        for held in [(100, 7), (101, 1), (5_100, 1)] {
            assert!(!is_news(Some(held)), "{held:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_survives_being_written_and_read(epoch in 0..=MAX_MARK_NUMBER, as_of in 0..=MAX_MARK_NUMBER, sequence in 0..=MAX_MARK_NUMBER) {
            let written = mark(epoch, as_of, sequence);
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn nothing_admitted_ever_goes_back(marks in proptest::collection::vec((0_u64..4, 0_u64..6, 0_u64..9), 1..60)) {
            let mut held = mark(0, 0, 0);
            for (epoch, as_of, sequence) in marks {
                let new = mark(epoch, as_of, sequence);
                if held.admits(new).is_ok() {
                    prop_assert!(new.epoch >= held.epoch && new.as_of_ms >= held.as_of_ms && new.sequence > held.sequence);
                    held = new;
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = text.parse::<Mark>();
        }
    }
}
