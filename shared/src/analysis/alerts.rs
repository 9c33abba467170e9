//! The alert engine: a state, an observation and the time make the next state and the alerts that
//! are new.
//!
//! An alert tells a change, not a condition: what is already so at the first observation is the
//! baseline, and what stays so is told once. Each threshold is left only a little below where it is
//! reached, so that a value that hovers does not flap, and the same alert stays silent for a
//! cooldown.

mod held;
mod state;

use crate::market::candles::Candles;
use crate::market::is_plausible_symbol;
use crate::market::positioning::OpenInterest;
use crate::market::trades::Trade;
use crate::snapshot::alerts::{
    Alert, AlertEvent, LARGE_TRADE_USD, MAX_FALLBACK_SHARE, RegimeName, STALE_AFTER_MS,
};
use crate::units::{Amount, Fraction, Percent, Score, UnixMs};
use held::Watch;

pub use state::{AlertState, RestoreError};

/// What was seen of a contract this long ago is no baseline any more, nor is what was seen of the
/// market.
pub const BASELINE_LIFE_MS: u64 = HOUR_MS;

/// The span over which open interest and price are compared.
const SPAN_MS: u64 = 4 * HOUR_MS;

/// How far the row that stands for the beginning of the span may lie from it: three rows of the
/// venue.
const SPAN_TOLERANCE_MS: u64 = 15 * MINUTE_MS;

/// Open interest that is older than this is not the latest: six rows of the venue.
const MAX_INTEREST_AGE_MS: u64 = 30 * MINUTE_MS;

const MINUTE_MS: u64 = 60_000;

const HOUR_MS: u64 = 3_600_000;

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

/// What can alert about one contract.
#[derive(Clone, Copy, Debug)]
pub struct ContractFacts<'o> {
    /// The venue's full symbol.
    pub symbol: &'o str,
    /// The six-dimension score; `None` for a momentum score.
    pub score: Option<Score>,
    /// Funding, percent per 8 hours.
    pub funding_8h_pct: Option<Percent>,
    /// Open interest and price over 4 hours.
    pub open_interest: Option<OpenInterestMove>,
    /// The last trades; those that an earlier observation held count once.
    pub trades: &'o [Trade],
}

/// What open interest and price did in the same 4 hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenInterestMove {
    /// Growth of the open interest, percent.
    pub change_pct: Percent,
    /// Move of the price, percent.
    pub price_change_pct: Percent,
}

/// The latest open interest against the one 4 hours before, and the closes of the candles that end
/// there.
///
/// Nothing when the latest is not recent, a row or a candle at either end is missing, or nothing
/// was open.
#[must_use]
pub fn open_interest_move(
    history: &[OpenInterest],
    candles: &Candles,
    now: UnixMs,
) -> Option<OpenInterestMove> {
    let latest = history.iter().max_by_key(|row| row.time_ms)?;
    if now.millis_since(latest.time_ms) > MAX_INTEREST_AGE_MS {
        return None;
    }
    let from_ms = UnixMs::from_millis(latest.time_ms.as_millis().checked_sub(SPAN_MS)?);
    let distance = |row: &&OpenInterest| row.time_ms.as_millis().abs_diff(from_ms.as_millis());
    let earlier = history
        .iter()
        .min_by_key(distance)
        .filter(|row| distance(row) <= SPAN_TOLERANCE_MS)?;
    let change_pct = |before: f64, after: f64| Percent::new((after / before - 1.0) * 100.0).ok();
    Some(OpenInterestMove {
        change_pct: change_pct(earlier.one_sided_base.get(), latest.one_sided_base.get())?
            .rounded(4),
        price_change_pct: change_pct(
            close_by(candles, earlier.time_ms)?,
            close_by(candles, latest.time_ms)?,
        )?
        .rounded(4),
    })
}

/// The close of the last candle that had ended at `moment`, unless it ended long before.
fn close_by(candles: &Candles, moment: UnixMs) -> Option<f64> {
    let ended = candles
        .closed
        .iter()
        .filter(|candle| candle.end_ms(candles.interval) <= moment);
    let last = ended.max_by_key(|candle| candle.start_ms)?;
    let age_ms = moment.millis_since(last.end_ms(candles.interval));
    (age_ms <= SPAN_TOLERANCE_MS.max(candles.interval.millis())).then(|| last.close.get())
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

/// Whether two moments lie less than `span_ms` apart, whichever is the later: a clock that was set
/// back must neither end a cooldown nor make it endless.
fn within(one: UnixMs, other: UnixMs, span_ms: u64) -> bool {
    one.as_millis().abs_diff(other.as_millis()) < span_ms
}

/// Price times size, of a trade that is large.
fn large_value(trade: &Trade) -> Option<Amount> {
    Amount::new(trade.price.get() * trade.size_base.get())
        .ok()
        .filter(|value| value.get() >= LARGE_TRADE_USD)
}
