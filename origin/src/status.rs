//! The last outcome of everything that can fail, for health answers and problem bodies. It also
//! tells callers whether an outcome changed, so that the log reports a failure when it begins and
//! when it ends, not each time.

use shared::problem::SourceOutcome;
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The outcome of something that worked.
pub const OK: &str = "ok";

/// The outcome of something that failed and that another process does now.
pub const RESTS: &str = "rests";

/// Last outcomes by name.
#[derive(Debug, Default)]
pub struct StatusBoard {
    outcomes: Mutex<BTreeMap<&'static str, SourceOutcome>>,
}

impl StatusBoard {
    /// Records an outcome. Returns whether it differs from the one before.
    pub fn record(&self, name: &'static str, outcome: &str, as_of_ms: Option<UnixMs>) -> bool {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = outcomes.get(name);
        let changed = before.is_none_or(|before| before.outcome != outcome);
        // A failure keeps the time of the last success: that is what an operator asks for.
        let as_of_ms = as_of_ms.or_else(|| before.and_then(|before| before.as_of_ms));
        outcomes.insert(
            name,
            SourceOutcome {
                name,
                outcome: outcome.to_owned(),
                as_of_ms,
            },
        );
        changed
    }

    /// Ends a failure of something that this process no longer does: nothing here would ever clear
    /// it. The time of the last success stays.
    pub fn rest(&self, name: &'static str) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = outcomes
            .get_mut(name)
            .filter(|outcome| outcome.outcome != OK)
        {
            RESTS.clone_into(&mut outcome.outcome);
        }
    }

    /// Every last outcome, by name.
    #[must_use]
    pub fn all(&self) -> Vec<SourceOutcome> {
        self.outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_the_time_of_the_last_success() {
        let board = StatusBoard::default();
        assert!(board.record("bybit", OK, Some(UnixMs::from_millis(7))));
        assert!(!board.record("bybit", OK, Some(UnixMs::from_millis(9))));
        assert!(board.record("bybit", "timeout", None));
        assert!(!board.record("bybit", "timeout", None));
        let expected = SourceOutcome {
            name: "bybit",
            outcome: "timeout".to_owned(),
            as_of_ms: Some(UnixMs::from_millis(9)),
        };
        assert_eq!(board.all(), [expected]);
    }

    #[test]
    fn what_is_not_done_any_more_neither_fails_nor_forgets_when_it_worked() {
        let board = StatusBoard::default();
        board.rest("store");
        assert_eq!(board.all(), []);
        board.record("store", OK, Some(UnixMs::from_millis(7)));
        board.rest("store");
        assert_eq!(board.all()[0].outcome, OK);
        board.record("store", "read_only", None);
        board.rest("store");
        let expected = SourceOutcome {
            name: "store",
            outcome: RESTS.to_owned(),
            as_of_ms: Some(UnixMs::from_millis(7)),
        };
        assert_eq!(board.all(), [expected]);
        assert!(
            board.record("store", "read_only", None),
            "a new failure is no news"
        );
    }
}
