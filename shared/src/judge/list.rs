//! The outlier filter for lists of contracts: a list that lacks contracts of the one before is not
//! accepted until the next list lacks the same ones.
//!
//! A venue that drops a part of its list would otherwise remove contracts from the universe, and
//! with them their scores. A real delisting is accepted one fetch later, and added contracts at
//! once.
//!
//! State: the symbols that the last refused list lacked.

use crate::market::Universe;
use std::collections::BTreeSet;

/// A list that is not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{missing} of {held} contracts are not in the new list of {listed}: the list before stays until a second one agrees"
)]
pub struct ShorterList {
    /// Contracts of the list before that the new one lacks.
    pub missing: usize,
    /// Contracts in the list before.
    pub held: usize,
    /// Contracts in the new one.
    pub listed: usize,
}

impl ShorterList {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "shorter_list"
    }
}

/// The filter's state.
#[derive(Clone, Debug, Default)]
pub struct ListJudge {
    /// What the last refused list lacked; `None` after an accepted one.
    lacked: Option<BTreeSet<String>>,
}

impl ListJudge {
    /// Accepts a list, or defers it. A first list is accepted, since there is none that it could
    /// lack contracts of.
    ///
    /// # Errors
    /// [`ShorterList`] when it lacks contracts that the list before holds, and the fetch before it
    /// did not lack the same.
    pub fn examine(&mut self, held: Option<&Universe>, new: &Universe) -> Result<(), ShorterList> {
        let lacks: BTreeSet<String> = held
            .into_iter()
            .flat_map(|held| held.contracts.keys())
            .filter(|symbol| !new.contains(symbol))
            .cloned()
            .collect();
        // The same set, and not merely as many: two lists cut at different places confirm nothing.
        let before = self.lacked.take();
        if lacks.is_empty() || before.as_ref() == Some(&lacks) {
            return Ok(());
        }
        let shorter = ShorterList {
            missing: lacks.len(),
            held: held.map_or(0, Universe::len),
            listed: new.len(),
        };
        self.lacked = Some(lacks);
        Err(shorter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::{Source, Venue};
    use crate::units::UnixMs;

    fn list(symbols: &[&str]) -> Universe {
        let contracts = symbols
            .iter()
            .map(|symbol| ((*symbol).to_owned(), None))
            .collect();
        Universe::new(
            UnixMs::from_millis(1),
            Source::live(Venue::Bybit),
            contracts,
        )
    }

    #[test]
    fn a_list_that_lacks_nothing_is_believed_at_once() {
        let mut judge = ListJudge::default();
        assert_eq!(judge.examine(None, &list(&["A"])), Ok(()));
        let held = list(&["A", "B"]);
        assert_eq!(judge.examine(Some(&held), &held), Ok(()));
        assert_eq!(judge.examine(Some(&held), &list(&["A", "B", "C"])), Ok(()));
    }

    #[test]
    fn a_shorter_list_is_believed_when_a_second_one_lacks_the_same() {
        let (mut judge, held) = (ListJudge::default(), list(&["A", "B", "C"]));
        let shorter = ShorterList {
            missing: 1,
            held: 3,
            listed: 2,
        };
        assert_eq!(
            judge.examine(Some(&held), &list(&["A", "B"])),
            Err(shorter.clone())
        );
        assert_eq!(
            judge.examine(Some(&held), &list(&["A", "C"])),
            Err(shorter.clone()),
            "it lacks another"
        );
        assert_eq!(judge.examine(Some(&held), &list(&["A", "C", "D"])), Ok(()));
        assert_eq!(
            judge.examine(Some(&held), &list(&["A", "B"])),
            Err(shorter.clone())
        );
        assert_eq!(
            judge.examine(Some(&held), &held),
            Ok(()),
            "the whole list came back"
        );
        assert_eq!(
            judge.examine(Some(&held), &list(&["A", "B"])),
            Err(shorter),
            "it begins anew"
        );
    }
}
