//! The alert engine: a state, an observation and the time give the next state and the new alerts.
//!
//! An alert reports a change, not a condition. The first observation is the baseline, and a
//! condition that lasts is reported once. Hysteresis: a threshold is left a little below where it
//! is reached, so a value that hovers does not flap. A cooldown keeps the same alert from coming
//! again soon.
//!
//! Order of an observation: forget what is too old → regime → data faults → liquidations → contracts
//! → keep the new alerts.

mod facts;
mod held;
mod span;
mod state;

use held::{CascadeWatch, Watch};
use shared::market::is_plausible_symbol;
use shared::snapshot::alerts::{
    Alert, AlertEvent, LiquidationCascade, MAX_FALLBACK_SHARE, RegimeName, STALE_AFTER_MS,
};
use shared::units::{Fraction, UnixMs};
use span::within;

pub use facts::{ContractFacts, OpenInterestMove, open_interest_move};
pub use span::BASELINE_LIFE_MS;
pub use state::{AlertState, RestoreError};

/// Everything that can alert. What is unknown changes nothing in the state.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'o> {
    /// The market's regime.
    pub regime: Option<&'o RegimeName>,
    /// What was liquidated in the last five minutes beside what is usual.
    pub liquidations: Option<LiquidationCascade>,
    /// The contracts.
    pub contracts: &'o [ContractFacts<'o>],
    /// Age of the snapshot's data, milliseconds.
    pub snapshot_age_ms: Option<u64>,
    /// Share of recent answers that came from a fallback, 0–1.
    pub fallback_share: Option<Fraction>,
}

impl AlertState {
    /// Takes an observation and returns the new alerts, in the order of the observation.
    ///
    /// The first observation, in all and of each contract, sets the baseline; so does one after an
    /// hour without any. Stale data and fallback answers are faults, not changes, so they alert at
    /// once.
    pub fn observe(&mut self, observation: &Observation<'_>, now: UnixMs) -> Vec<Alert> {
        // First, so that a baseline or cooldown that has expired does not count.
        self.forget(now);
        let mut new = Vec::new();
        self.observe_regime(observation.regime, now, &mut new);
        self.observe_data(observation, now, &mut new);
        self.observe_liquidations(observation.liquidations, now, &mut new);
        for contract in observation
            .contracts
            .iter()
            // Symbols become keys of the stored state, which is refused whole for one that is
            // malformed.
            .filter(|contract| is_plausible_symbol(contract.symbol))
        {
            self.observe_contract(contract, now, &mut new);
        }
        self.keep(&new);
        new
    }

    /// A change that a cooldown holds back is reported after it, if it still holds: the last
    /// reported regime must be the true one.
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
            // Only a reported change moves the baseline; otherwise the held-back one would be lost.
            if self.raise(None, event, now, new) {
                self.regime = Some(current.clone());
            }
        }
    }

    fn observe_liquidations(
        &mut self,
        cascade: Option<LiquidationCascade>,
        now: UnixMs,
        new: &mut Vec<Alert>,
    ) {
        let Some(cascade) = cascade else { return };
        let (watch, event) = CascadeWatch::next(self.cascade, cascade, now);
        self.cascade = Some(watch);
        if let Some(event) = event {
            self.raise(None, event, now, new);
        }
    }

    fn observe_data(&mut self, observation: &Observation<'_>, now: UnixMs, new: &mut Vec<Alert>) {
        if let Some(age_ms) = observation.snapshot_age_ms {
            let was = self.stale;
            // The state changes even if a cooldown suppresses the alert: the fault is known.
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
            // A contract seen for the first time sets its baseline without alerting.
            None => (Watch::first(contract, now), Vec::new()),
            Some(watch) => watch.next(contract, now),
        };
        self.contracts.insert(contract.symbol.to_owned(), watch);
        for event in events {
            self.raise(Some(contract.symbol), event, now, new);
        }
    }

    /// Adds an alert unless its cooldown runs. Returns whether it was added.
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
