//! When each upstream of a refresh may be called: at once, after a hedge delay, or not at all.
//!
//! State: one [`Call`] per upstream. Invariants:
//! * An upstream is called once per refresh.
//! * A call starts early enough to end by the deadline of all sources, with time to answer.
//! * An upstream that is only over budget has not failed, so no other replaces it while anything
//!   may be shown.

use crate::policy::deadlines::Deadlines;
use crate::policy::limits::PACE_MS;
use crate::policy::time::is_within;
use crate::policy::upstream::{PerUpstream, Upstream};
use shared::freshness::{Freshness, Limits};
use shared::provenance::Venue;
use shared::units::UnixMs;

/// For how long Bybit is not called after OKX replaced it, as long as OKX answers: venue
/// hysteresis, for figures of two markets differ.
const RETURN_AFTER_MS: u64 = 120_000;

/// The market that clients are shown, and since when this isolate has shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownVenue {
    /// Whose market.
    pub venue: Venue,
    /// Since when.
    pub since: UnixMs,
}

/// Where the call to one upstream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Call {
    /// Still to come.
    #[default]
    Pending,
    /// Under way.
    Running { since: UnixMs },
    /// It brought data that ends the refresh.
    Succeeded,
    /// Its budget is spent; nothing is known against it.
    OverBudget,
    /// It failed, brought data that is not good enough, or is kept from being called by its circuit
    /// breaker, a pause or a missing address.
    Failed,
}

/// The calls of one refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) began: UnixMs,
    pub(super) limits: Limits,
    pub(super) deadlines: Deadlines,
    pub(super) shown: Option<ShownVenue>,
    pub(super) calls: PerUpstream<Call>,
}

impl Schedule {
    /// The most preferred upstream in this state.
    pub(super) fn first(&self, is_wanted: impl Fn(&Call) -> bool) -> Option<Upstream> {
        Upstream::ALL
            .into_iter()
            .find(|upstream| is_wanted(self.calls.get(*upstream)))
    }

    /// Every upstream that is still to be called, with the time from which it may be.
    pub(super) fn due(
        &self,
        held: Option<UnixMs>,
        now: UnixMs,
    ) -> impl Iterator<Item = (Upstream, UnixMs)> {
        Upstream::ALL
            .into_iter()
            .filter_map(move |upstream| Some((upstream, self.due_at(upstream, held, now)?)))
    }

    /// When the refresh ends, whatever hangs: the deadline of all sources, and the moment that the
    /// last call may take to report.
    pub(super) const fn end(&self) -> UnixMs {
        self.began
            .plus_millis(self.deadlines.sources_ms + self.deadlines.grace_ms)
    }

    /// The timeout of a call that begins now, milliseconds.
    pub(super) const fn timeout_ms(&self, upstream: Upstream, now: UnixMs) -> u64 {
        let own_ms = match upstream {
            Upstream::Origin => self.deadlines.origin_ms,
            Upstream::Bybit | Upstream::Okx | Upstream::Binance => self.deadlines.exchange_ms,
        };
        self.deadlines.left_ms(own_ms, now.millis_since(self.began))
    }

    /// The class of what is held, at a moment.
    pub(super) fn class(&self, held: Option<UnixMs>, at: UnixMs) -> Option<Freshness> {
        held.and_then(|as_of| self.limits.classify(as_of, at))
    }

    /// From when Bybit is called beside a silent origin, or at once if the origin failed. With
    /// nothing fresh in hand clients wait, so the hedge delay is the shorter one of a cold start.
    pub(super) fn hedge_at(&self, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        let deadlines = if self.class(held, now) == Some(Freshness::Fresh) {
            self.deadlines
        } else {
            self.deadlines.cold()
        };
        self.next_at(Upstream::Origin, false, deadlines.hedge_ms)
    }

    /// From when an upstream may be called, if it still is to be, while this is held.
    fn due_at(&self, upstream: Upstream, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        if *self.calls.get(upstream) != Call::Pending {
            return None;
        }
        let due = match upstream {
            Upstream::Origin => self.began,
            Upstream::Bybit => self.bybit_at(held, now)?,
            Upstream::Okx => self.okx_at(held, now)?,
            Upstream::Binance => self.binance_at(held, now)?,
        };
        // A call that begins later could not answer before the refresh ends.
        let last_start = self.began.plus_millis(
            self.deadlines
                .sources_ms
                .saturating_sub(self.deadlines.least_ms),
        );
        (due <= last_start).then_some(due)
    }

    fn bybit_at(&self, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        // The origin comes first in any case; with OKX shown, Bybit also waits for OKX.
        let origin = self.hedge_at(held, now)?;
        if !self.stays_with_okx(now) {
            return Some(origin);
        }
        // Back to Bybit only when OKX fails as well: else clients would be moved twice.
        let okx = self.exchange_next_at(Upstream::Okx, held, now)?;
        Some(origin.max(okx))
    }

    fn okx_at(&self, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        if !self.may_leave_bybit(held, now) {
            return None;
        }
        if self.stays_with_okx(now) {
            // It keeps the place that it took, and is called as soon as the origin failed.
            Some(self.began)
        } else {
            self.exchange_next_at(Upstream::Bybit, held, now)
        }
    }

    fn binance_at(&self, held: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
        if !self.may_leave_bybit(held, now) {
            return None;
        }
        // Its spot market has other prices, no funding and no open interest, so it is shown only
        // where there is nothing else, or is already shown.
        let is_shown = self.shown_venue() == Some(Venue::Binance);
        if self.class(held, now).is_some() && !is_shown {
            return None;
        }
        // Both perpetual markets have their turn first, or their hedge delay.
        let bybit = self.exchange_next_at(Upstream::Bybit, held, now)?;
        let okx = self.exchange_next_at(Upstream::Okx, held, now)?;
        Some(bybit.max(okx))
    }

    /// Whether clients may be moved from Bybit's market to another one. Not while the origin may
    /// still answer; and not while what is held will still be fresh at Bybit's next turn, for
    /// clients would be moved back within seconds. Beyond that, younger data that says which
    /// exchange it is from is worth more than older data.
    fn may_leave_bybit(&self, held: Option<UnixMs>, now: UnixMs) -> bool {
        let is_bybit_shown = matches!(self.shown_venue(), None | Some(Venue::Bybit));
        let stays_fresh = self.class(held, now.plus_millis(PACE_MS)) == Some(Freshness::Fresh);
        *self.calls.get(Upstream::Origin) == Call::Failed && !(is_bybit_shown && stays_fresh)
    }

    /// Whether OKX replaced Bybit so recently that it stays first among the exchanges.
    fn stays_with_okx(&self, now: UnixMs) -> bool {
        self.shown.is_some_and(|shown| {
            shown.venue == Venue::Okx && is_within(shown.since, now, RETURN_AFTER_MS)
        })
    }

    fn shown_venue(&self) -> Option<Venue> {
        self.shown.map(|shown| shown.venue)
    }

    fn exchange_next_at(
        &self,
        upstream: Upstream,
        held: Option<UnixMs>,
        now: UnixMs,
    ) -> Option<UnixMs> {
        let is_servable = self.class(held, now).is_some();
        self.next_at(upstream, is_servable, self.deadlines.exchange_hedge_ms)
    }

    /// The time from which the upstream after this one may be called: at once if this one failed,
    /// else after `hedge_ms` of silence. `None` while this one is waited for: before its call, once
    /// it succeeded, and while it is over budget but something may be shown.
    fn next_at(&self, upstream: Upstream, is_servable: bool, hedge_ms: u64) -> Option<UnixMs> {
        match self.calls.get(upstream) {
            Call::Pending | Call::Succeeded => None,
            // Its turn comes within seconds, and another venue would be shown for as long as that.
            Call::OverBudget if is_servable => None,
            Call::Running { since } => Some(since.plus_millis(hedge_ms)),
            Call::OverBudget | Call::Failed => Some(self.began),
        }
    }
}
