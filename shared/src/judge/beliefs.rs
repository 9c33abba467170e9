//! One figure of every contract: its last accepted value, and a value that waits for confirmation.
//!
//! State: `believed` maps a symbol to a value and its data time; `suspects` maps it to a value that
//! jumped, and the number of new tables that showed it. A symbol can be in both maps. A suspect is
//! removed when a value near the accepted one returns, when its own value is accepted, or when it
//! is more than a minute old.

use crate::units::UnixMs;
use std::collections::BTreeMap;

/// The factor between two tables above which a price counts as a jump, in either direction.
pub const MAX_LEAP: f64 = 1.5;

/// How many further tables must show a jump before it is accepted.
pub const CONFIRMATIONS: u32 = 2;

/// How long a jump must have been shown before it is accepted, ms of data time. Tables that are
/// streamed each second must not confirm a glitch twice as fast as fetched ones.
pub const CONFIRMED_AFTER_MS: u64 = 3_000;

/// The age in milliseconds above which an accepted value is no reference: in a crash a price can
/// fall by any factor within a minute.
pub const COMPARABLE_MS: u64 = 60_000;

/// Values by symbol.
#[derive(Clone, Debug, Default)]
pub(super) struct Beliefs {
    believed: BTreeMap<String, (f64, UnixMs)>,
    suspects: BTreeMap<String, Suspect>,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    value: f64,
    /// Tables that showed it, the first included.
    seen: u32,
    /// The data time of the first and of the last of them.
    since: UnixMs,
    at: UnixMs,
}

impl Beliefs {
    /// The accepted value of a contract, when it is recent enough to be compared with a value of
    /// `at`.
    pub(super) fn comparable(&self, symbol: &str, at: UnixMs) -> Option<f64> {
        let (value, time) = self.believed.get(symbol)?;
        is_young(*time, at).then_some(*value)
    }

    /// Takes a value that another process accepted, unless a newer one is held.
    pub(super) fn remember(&mut self, symbol: &str, value: f64, at: UnixMs) {
        let place = self
            .believed
            .entry(symbol.to_owned())
            .or_insert((value, at));
        if place.1 < at {
            *place = (value, at);
        }
    }

    /// Drops the suspect value of a contract.
    pub(super) fn acquit(&mut self, symbol: &str) {
        self.suspects.remove(symbol);
    }

    /// Records a value that jumped. Returns whether enough tables have shown it.
    pub(super) fn is_confirmed(
        &mut self,
        symbol: &str,
        value: f64,
        at: UnixMs,
        is_new: bool,
    ) -> bool {
        let (seen, since) = match self.suspects.get(symbol) {
            // Near the previous suspect, not near the first one: a crash goes on falling while it
            // is being confirmed.
            Some(suspect) if is_near(value, suspect.value) => {
                // A repeated table keeps the count; only a new one adds to it.
                (
                    suspect.seen.saturating_add(u32::from(is_new)),
                    suspect.since,
                )
            }
            // Another value than the suspect's is a jump of its own, and its count starts anew.
            _ => (1, at),
        };
        let suspect = Suspect {
            value,
            seen,
            since,
            at,
        };
        self.suspects.insert(symbol.to_owned(), suspect);
        seen > CONFIRMATIONS && at.millis_since(since) >= CONFIRMED_AFTER_MS
    }

    /// Accepts a value.
    pub(super) fn believe(&mut self, symbol: &str, value: f64, at: UnixMs) {
        self.acquit(symbol);
        self.believed.insert(symbol.to_owned(), (value, at));
    }

    /// Drops the values that are too old to be compared with a table of `at`.
    pub(super) fn forget_old(&mut self, at: UnixMs) {
        self.believed.retain(|_, (_, time)| is_young(*time, at));
        self.suspects.retain(|_, suspect| is_young(suspect.at, at));
    }
}

fn is_young(time: UnixMs, at: UnixMs) -> bool {
    at.millis_since(time) <= COMPARABLE_MS
}

/// Whether neither value is more than [`MAX_LEAP`] times the other.
pub(super) fn is_near(a: f64, b: f64) -> bool {
    a <= b * MAX_LEAP && b <= a * MAX_LEAP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_follow_each_other_fast_confirm_no_faster() {
        let began = UnixMs::from_millis(1_788_870_000_000);
        let mut beliefs = Beliefs::default();
        beliefs.believe("AUSDT", 1.0, began);
        let mut confirmed_after = |step_ms: u64| {
            beliefs.acquit("AUSDT");
            (0..100)
                .map(|step| step * step_ms)
                .find(|ms| beliefs.is_confirmed("AUSDT", 2.0, began.plus_millis(*ms), true))
        };
        assert_eq!(confirmed_after(250), Some(3_000));
        assert_eq!(confirmed_after(1_000), Some(3_000));
        assert_eq!(confirmed_after(2_000), Some(4_000), "two further tables");
    }
}
