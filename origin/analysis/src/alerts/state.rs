//! What the alert engine remembers: the last alerts, the running cooldowns, and the baseline of the
//! next observation.
//!
//! The state is stored beside the snapshot, so the next leader continues without repeating or
//! losing alerts. Stored bytes pass [`AlertState::restore`], which accepts only what this engine
//! can have written.

use super::held::{CascadeWatch, Watch};
use super::span::{BASELINE_LIFE_MS, within};
use serde::{Deserialize, Serialize};
use shared::analysis::regime::labels;
use shared::exchange::Detail;
use shared::freshness::is_from_the_future;
use shared::market::is_plausible_symbol;
use shared::snapshot::alerts::{
    Alert, AlertFault, AlertKind, AlertSection, MAX_ALERTS, RegimeName,
};
use shared::units::UnixMs;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

/// The version of the stored form. Any other is refused, and alerts start without memory.
const STATE_VERSION: u32 = 1;

/// The most contracts, and the most cooldowns, that a stored state may have: a bound on what is
/// read back.
const MAX_ENTRIES: usize = 10_000;

/// The alert engine's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertState {
    section: AlertSection,
    /// Key of an alert → when it last alerted.
    pub(super) cooldowns: BTreeMap<String, UnixMs>,
    /// The regime that was reported last.
    pub(super) regime: Option<RegimeName>,
    pub(super) regime_seen_ms: Option<UnixMs>,
    pub(super) stale: bool,
    pub(super) falling_back: bool,
    pub(super) cascade: Option<CascadeWatch>,
    pub(super) contracts: BTreeMap<String, Watch>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    alerts: Vec<Alert>,
    cooldowns: BTreeMap<String, UnixMs>,
    regime: Option<RegimeName>,
    regime_seen_ms: Option<UnixMs>,
    stale: bool,
    falling_back: bool,
    /// A writer of before there were such alerts has none.
    #[serde(default)]
    cascade: Option<CascadeWatch>,
    contracts: BTreeMap<String, Watch>,
}

impl AlertState {
    /// Nothing seen and nothing reported.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            section: AlertSection { alerts: Vec::new() },
            cooldowns: BTreeMap::new(),
            regime: None,
            regime_seen_ms: None,
            stale: false,
            falling_back: false,
            cascade: None,
            contracts: BTreeMap::new(),
        }
    }

    /// The last alerts, newest first.
    #[must_use]
    pub const fn section(&self) -> &AlertSection {
        &self.section
    }

    /// Reads a stored state.
    ///
    /// # Errors
    /// [`RestoreError`] when the bytes are not a state of this version, or one that this engine
    /// cannot have written.
    pub fn restore(body: &[u8], now: UnixMs) -> Result<Self, RestoreError> {
        let stored: Stored = serde_json::from_slice(body)
            .map_err(|error| RestoreError::Shape(Detail::new(&error.to_string())))?;
        if stored.version != STATE_VERSION {
            return Err(RestoreError::Version {
                found: stored.version,
            });
        }
        let section = AlertSection {
            alerts: stored.alerts,
        };
        section.check()?;
        if stored.contracts.len().max(stored.cooldowns.len()) > MAX_ENTRIES {
            return Err(RestoreError::TooManyEntries);
        }
        if !stored
            .contracts
            .keys()
            .all(|symbol| is_plausible_symbol(symbol))
        {
            return Err(RestoreError::MalformedSymbol);
        }
        let alerts = section.alerts.iter().map(|alert| alert.at_ms);
        let watches = stored
            .contracts
            .values()
            .flat_map(|watch| [watch.seen_ms, watch.trades_until_ms]);
        let times = alerts
            .chain(watches)
            .chain(stored.cooldowns.values().copied())
            .chain(stored.regime_seen_ms)
            .chain(stored.cascade.map(|watch| watch.seen_ms));
        // A time in the future would keep a cooldown or a baseline alive for too long.
        if times.into_iter().any(|time| is_from_the_future(time, now)) {
            return Err(RestoreError::FromTheFuture);
        }
        Ok(Self {
            section,
            cooldowns: stored.cooldowns,
            // An earlier release may have named the same regime otherwise; that would look like a
            // change.
            regime: stored.regime.filter(is_named_today),
            regime_seen_ms: stored.regime_seen_ms,
            stale: stored.stale,
            falling_back: stored.falling_back,
            cascade: stored.cascade,
            contracts: stored.contracts,
        })
    }

    /// The state as JSON: what [`Self::restore`] reads.
    ///
    /// # Errors
    /// None that can occur: every number is finite and every key is a string.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let this = self.clone();
        serde_json::to_vec(&Stored {
            version: STATE_VERSION,
            alerts: this.section.alerts,
            cooldowns: this.cooldowns,
            regime: this.regime,
            regime_seen_ms: this.regime_seen_ms,
            stale: this.stale,
            falling_back: this.falling_back,
            cascade: this.cascade,
            contracts: this.contracts,
        })
    }

    /// Drops what is too old to be a baseline or a cooldown, and what a wrong clock has put into
    /// the future.
    pub(super) fn forget(&mut self, now: UnixMs) {
        let longest_ms = AlertKind::ALL
            .map(AlertKind::cooldown_ms)
            .into_iter()
            // The longest cooldown of any kind: `raise` applies the kind's own.
            .max()
            .unwrap_or(0);
        self.cooldowns.retain(|_, at| within(*at, now, longest_ms));
        self.contracts
            .retain(|_, watch| within(watch.seen_ms, now, BASELINE_LIFE_MS));
        self.cascade = self
            .cascade
            .filter(|watch| within(watch.seen_ms, now, BASELINE_LIFE_MS));
        self.section
            .alerts
            .retain(|alert| !is_from_the_future(alert.at_ms, now));
        if !self
            .regime_seen_ms
            .is_some_and(|seen| within(seen, now, BASELINE_LIFE_MS))
        {
            self.regime = None;
        }
    }

    /// Adds the new alerts to the last ones, newest first.
    pub(super) fn keep(&mut self, new: &[Alert]) {
        let alerts = &mut self.section.alerts;
        alerts.splice(0..0, new.iter().rev().cloned());
        // Order and uniqueness are only at risk when the clock was set back.
        alerts.sort_by_key(|alert| Reverse(alert.at_ms));
        let mut seen = HashSet::new();
        // The section's rules demand unique ids.
        alerts.retain(|alert| seen.insert(alert.id()));
        // The oldest go first.
        alerts.truncate(MAX_ALERTS);
    }
}

/// Why bytes are not a state to continue with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestoreError {
    /// No JSON, or fields are missing, of another type or out of range.
    #[error("not of the state's shape: {0}")]
    Shape(Detail),
    /// A state of another version.
    #[error("version {found} is not {STATE_VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
    /// The alerts break a rule.
    #[error("{0}")]
    Alerts(#[from] AlertFault),
    /// More entries than there are contracts.
    #[error("more than {MAX_ENTRIES} contracts or cooldowns")]
    TooManyEntries,
    /// A contract's symbol is malformed.
    #[error("a contract's symbol is malformed")]
    MalformedSymbol,
    /// A time ahead of the reader's clock.
    #[error("a time lies in the future")]
    FromTheFuture,
}

impl RestoreError {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Shape(_) => "alert_state_shape",
            Self::Version { .. } => "alert_state_version",
            Self::Alerts(fault) => fault.label(),
            Self::TooManyEntries => "alert_state_too_many_entries",
            Self::MalformedSymbol => "alert_state_malformed_symbol",
            Self::FromTheFuture => "alert_state_from_the_future",
        }
    }
}

/// Whether this release uses this name of a regime.
fn is_named_today(name: &RegimeName) -> bool {
    name.as_str()
        .split_once(": ")
        .is_some_and(|(_, label)| labels().any(|known| known == label))
}
