//! The last outcome of each thing that can fail, for health answers, problem bodies and a log that speaks only of changes.

use shared::problem::SourceOutcome;
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The outcome of something that worked.
pub const OK: &str = "ok";

/// Last outcomes by name.
#[derive(Debug, Default)]
pub struct StatusBoard {
    outcomes: Mutex<BTreeMap<&'static str, SourceOutcome>>,
}

impl StatusBoard {
    /// Notes an outcome; tells whether it differs from the one before.
    pub fn record(&self, name: &'static str, outcome: &str, as_of_ms: Option<UnixMs>) -> bool {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = outcomes.get(name);
        let changed = before.is_none_or(|before| before.outcome != outcome);
        let as_of_ms = as_of_ms.or_else(|| before.and_then(|before| before.as_of_ms));
        outcomes.insert(name, SourceOutcome { name, outcome: outcome.to_owned(), as_of_ms });
        changed
    }

    /// Every last outcome, by name.
    #[must_use]
    pub fn all(&self) -> Vec<SourceOutcome> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
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
        let expected =
            SourceOutcome { name: "bybit", outcome: "timeout".to_owned(), as_of_ms: Some(UnixMs::from_millis(9)) };
        assert_eq!(board.all(), [expected]);
    }
}
