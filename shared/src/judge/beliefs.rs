//! One figure of every contract: what was believed of it last, and what is suspect.

use crate::units::UnixMs;
use std::collections::BTreeMap;

/// How many times its former self a price may be, or its former self it, between two tables.
pub const MAX_LEAP: f64 = 1.5;

/// How many further tables must show the same before a leap is believed.
pub const CONFIRMATIONS: u32 = 2;

/// Prices older than this say nothing about the next: a minute of a crash can be anything.
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
    at: UnixMs,
}

impl Beliefs {
    /// What is believed of a contract, when it is young enough to be compared with a value of `at`.
    pub(super) fn comparable(&self, symbol: &str, at: UnixMs) -> Option<f64> {
        let (value, time) = self.believed.get(symbol)?;
        is_young(*time, at).then_some(*value)
    }

    /// Takes over what another process believed, where nothing newer is.
    pub(super) fn remember(&mut self, symbol: &str, value: f64, at: UnixMs) {
        let place = self
            .believed
            .entry(symbol.to_owned())
            .or_insert((value, at));
        if place.1 < at {
            *place = (value, at);
        }
    }

    /// Suspects nothing of a contract any more.
    pub(super) fn acquit(&mut self, symbol: &str) {
        self.suspects.remove(symbol);
    }

    /// Notes a suspect value; whether enough tables have shown it.
    pub(super) fn is_confirmed(
        &mut self,
        symbol: &str,
        value: f64,
        at: UnixMs,
        is_new: bool,
    ) -> bool {
        let seen = match self.suspects.get(symbol) {
            Some(suspect) if is_near(value, suspect.value) => {
                suspect.seen.saturating_add(u32::from(is_new))
            }
            _ => 1,
        };
        self.suspects
            .insert(symbol.to_owned(), Suspect { value, seen, at });
        seen > CONFIRMATIONS
    }

    /// Believes a value.
    pub(super) fn believe(&mut self, symbol: &str, value: f64, at: UnixMs) {
        self.acquit(symbol);
        self.believed.insert(symbol.to_owned(), (value, at));
    }

    /// Forgets what says nothing about a table of `at`.
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
