//! The alert engine: a state, an observation and the time make the next state and the alerts that
//! are new.
//!
//! An alert tells a change, not a condition: what is already so at the first observation is the
//! baseline, and what stays so is told once. Each threshold is left only a little below where it is
//! reached, so that a value that hovers does not flap, and the same alert stays silent for a
//! cooldown.

mod facts;
mod held;
mod span;
mod state;

use held::Watch;
use shared::market::is_plausible_symbol;
use shared::snapshot::alerts::{Alert, AlertEvent, MAX_FALLBACK_SHARE, RegimeName, STALE_AFTER_MS};
use shared::units::{Fraction, UnixMs};
use span::within;

pub use facts::{ContractFacts, OpenInterestMove, open_interest_move};
pub use span::BASELINE_LIFE_MS;
pub use state::{AlertState, RestoreError};

/// Everything that can alert. What is unknown changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'o> {
    /// The market's regime.
    pub regime: Option<&'o RegimeName>,
    /// The contracts.
    pub contracts: &'o [ContractFacts<'o>],
    /// Age of the snapshot's data, milliseconds.
    pub snapshot_age_ms: Option<u64>,
    /// Share of recent answers that came from a fallback.
    pub fallback_share: Option<Fraction>,
}

impl AlertState {
    /// Takes an observation in and returns what is new, in the order in which the observation tells
    /// it.
    ///
    /// The first observation, and the first one of a contract or after an hour of silence, sets the
    /// baseline. Stale data and answers from a fallback are faults and not changes, so they alert
    /// at once.
    pub fn observe(&mut self, observation: &Observation<'_>, now: UnixMs) -> Vec<Alert> {
        self.forget(now);
        let mut new = Vec::new();
        self.observe_regime(observation.regime, now, &mut new);
        self.observe_data(observation, now, &mut new);
        for contract in observation
            .contracts
            .iter()
            .filter(|contract| is_plausible_symbol(contract.symbol))
        {
            self.observe_contract(contract, now, &mut new);
        }
        self.keep(&new);
        new
    }

    /// A regime that is held back by a cooldown is told when it still holds after it: the last word
    /// must be the truth.
    fn observe_regime(&mut self, regime: Option<&RegimeName>, now: UnixMs, new: &mut Vec<Alert>) {
        let Some(current) = regime else { return };
        self.regime_seen_ms = Some(now);
        let Some(told) = self.regime.clone() else {
            self.regime = Some(current.clone());
            return;
        };
        if told != *current {
            let event = AlertEvent::RegimeChange {
                from: told,
                to: current.clone(),
            };
            if self.raise(None, event, now, new) {
                self.regime = Some(current.clone());
            }
        }
    }

    fn observe_data(&mut self, observation: &Observation<'_>, now: UnixMs, new: &mut Vec<Alert>) {
        if let Some(age_ms) = observation.snapshot_age_ms {
            let was = self.stale;
            self.stale = held::above(age_ms as f64, STALE_AFTER_MS as f64, was);
            if self.stale && !was {
                self.raise(None, AlertEvent::StaleData { age_ms }, now, new);
            }
        }
        if let Some(share) = observation.fallback_share.map(|share| share.rounded(4)) {
            let was = self.falling_back;
            self.falling_back = held::above(share.get(), MAX_FALLBACK_SHARE, was);
            if self.falling_back && !was {
                self.raise(None, AlertEvent::FallbackShare { share }, now, new);
            }
        }
    }

    fn observe_contract(
        &mut self,
        contract: &ContractFacts<'_>,
        now: UnixMs,
        new: &mut Vec<Alert>,
    ) {
        let held = self.contracts.get(contract.symbol).copied();
        let (watch, events) = match held {
            None => (Watch::first(contract, now), Vec::new()),
            Some(watch) => watch.next(contract, now),
        };
        self.contracts.insert(contract.symbol.to_owned(), watch);
        for event in events {
            self.raise(Some(contract.symbol), event, now, new);
        }
    }

    /// Adds an alert unless its cooldown runs; says whether it did.
    fn raise(
        &mut self,
        symbol: Option<&str>,
        event: AlertEvent,
        now: UnixMs,
        new: &mut Vec<Alert>,
    ) -> bool {
        let alert = Alert {
            at_ms: now,
            symbol: symbol.map(str::to_owned),
            event,
        };
        let key = alert.key();
        let cooldown_ms = alert.kind().cooldown_ms();
        let is_cooling = self
            .cooldowns
            .get(&key)
            .is_some_and(|at| within(*at, now, cooldown_ms));
        if !is_cooling {
            self.cooldowns.insert(key, now);
            new.push(alert);
        }
        !is_cooling
    }
}
