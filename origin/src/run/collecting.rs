//! Collects while it is this process's duty, and stops when it no longer is.
//!
//! State machine: waiting → (duty) → jittered wait, unless it leads → collecting → (no duty) →
//! waiting. Stopping drops all collector tasks; `known` and `gate` survive, so the next start
//! continues from the held values and keeps every pause that an exchange asked for.

use crate::collect::{Gate, Known, Pace, Upstreams, collect, sources};
use crate::context::Context;
use crate::leadership::{Duty, StandInAfter};
use crate::standing::{Leadership, Standing};
use crate::store::Store;
use crate::stored::Stored;
use crate::supervise::{Pulse, Storm};
use shared::freshness::Limits;
use shared::units::UnixMs;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// How often duty is decided without another reason: it depends on ages, which change silently.
const TICK: Duration = Duration::from_millis(250);

/// How long the start waits for the first look at the store. A store that hangs must not delay the
/// market.
const START_PATIENCE: Duration = Duration::from_secs(4);

/// The longest jittered wait before standing in for a leader. All who lost the same leader, or the
/// same Redis, lost it at once. What they hold is young enough to be served meanwhile.
const STAND_IN_SPREAD: Duration = Duration::from_secs(5);

/// Everything that collecting needs.
#[derive(Clone, Debug)]
pub(super) struct Collecting {
    pub(super) store: Arc<Store>,
    pub(super) stored: Arc<Stored>,
    pub(super) leadership: Arc<Leadership>,
    pub(super) context: Context,
    pub(super) upstreams: Upstreams,
    pub(super) known: Known,
    pub(super) pace: Pace,
    /// Outlives every start of the collectors, so that a pause is kept across them.
    pub(super) gate: Arc<Gate>,
    pub(super) stand_in_after: StandInAfter,
    pub(super) serves: bool,
    /// Whether the follower has looked at the store.
    pub(super) looked: watch::Receiver<bool>,
    /// Where a storm of the collectors is reported.
    pub(super) storms: mpsc::Sender<Storm>,
}

impl Collecting {
    pub(super) async fn run(mut self, pulse: Pulse) {
        pulse.expect_within(START_PATIENCE);
        // Continuing from stored values saves the upstreams a first load, and clients a gap.
        let _ = timeout(START_PATIENCE, self.looked.wait_for(|looked| *looked)).await;
        let mut standing = self.leadership.subscribe();
        let mut duty = Duty::new(self.stand_in_after, self.serves);
        loop {
            until(true, &mut duty, &mut standing, &self, &pulse).await;
            if !self
                .wait_for_the_others(&mut duty, &mut standing, &pulse)
                .await
            {
                continue;
            }
            self.context.metrics.collecting(true);
            // Before the first round, which would set a new baseline.
            self.go_on_alerting().await;
            tracing::info!("collecting begins");
            let collect = collect(
                self.context.clone(),
                self.upstreams.clone(),
                self.known.clone(),
                self.pace,
                Arc::clone(&self.gate),
            );
            tokio::select! {
                storm = collect => {
                    // The process ends because of it; nothing is left to do here.
                    let _ = self.storms.send(storm).await;
                    pulse.rest();
                    return std::future::pending().await;
                }
                () = until(false, &mut duty, &mut standing, &self, &pulse) => {}
            }
            self.context.metrics.collecting(false);
            // Failures of this process's collectors are over: another process collects now.
            sources().for_each(|source| self.context.board.rest(source));
            tracing::info!("collecting ends: another process publishes");
        }
    }

    /// Waits a random time before standing in, so that not all who lost the same leader call the
    /// exchanges at once. Returns whether collecting is still wanted. Winning the lead ends the
    /// wait.
    async fn wait_for_the_others(
        &self,
        duty: &mut Duty,
        standing: &mut watch::Receiver<Standing>,
        pulse: &Pulse,
    ) -> bool {
        let limits = &self.context.limits;
        let most = longest_wait(
            *standing.borrow(),
            limits,
            self.context.current.as_of(),
            self.context.clock.now(),
        );
        let wait = self.context.jitter.up_to(most);
        let mut leads = self.leadership.subscribe();
        tokio::select! {
            () = until(false, duty, standing, self, pulse) => false,
            () = sleep(wait) => true,
            _ = leads.wait_for(|standing| matches!(standing, Standing::Leading { .. })) => true,
        }
    }

    /// Continues with the alert state of the last leader, if that was another process.
    async fn go_on_alerting(&self) {
        let is_ours = self
            .context
            .current
            .get()
            .is_some_and(|held| held.is_collected());
        // What this process remembers is newer than what it stored; and an unreachable store would
        // only delay the start.
        if is_ours || matches!(self.leadership.standing(), Standing::CutOff { .. }) {
            return;
        }
        match self.store.alert_state().await {
            Ok(Some(bytes)) => self.known.restore_alerts(&bytes, &self.context),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the alerts could not be read; they go on from what is known here");
            }
        }
    }

    fn stored_as_of(&self) -> Option<UnixMs> {
        self.stored.load_full().map(|stored| stored.as_of_ms)
    }
}

/// The longest wait before collecting: none for a leader, none with nothing to serve, and half the
/// time until what is served would be stale otherwise.
fn longest_wait(
    standing: Standing,
    limits: &Limits,
    as_of: Option<UnixMs>,
    now: UnixMs,
) -> Duration {
    let leads = matches!(standing, Standing::Leading { .. });
    let is_served = as_of.is_some_and(|as_of| limits.classify(as_of, now).is_some());
    if leads || !is_served {
        return Duration::ZERO;
    }
    STAND_IN_SPREAD.min(Duration::from_millis(
        limits.aging_ms.saturating_sub(limits.fresh_ms) / 2,
    ))
}

/// Returns when duty is `wanted`.
async fn until(
    wanted: bool,
    duty: &mut Duty,
    standing: &mut watch::Receiver<Standing>,
    collecting: &Collecting,
    pulse: &Pulse,
) {
    loop {
        pulse.expect_within(TICK);
        let now_standing = *standing.borrow_and_update();
        if duty.decide(
            now_standing,
            collecting.stored_as_of(),
            collecting.context.clock.moment(),
        ) == wanted
        {
            return;
        }
        tokio::select! {
            _ = standing.changed() => {}
            () = sleep(TICK) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const CUT_OFF: Standing = Standing::CutOff { reason: "timeout" };

    fn wait(standing: Standing, limits: &Limits, age_ms: Option<u64>) -> Duration {
        longest_wait(
            standing,
            limits,
            age_ms.map(|age_ms| UnixMs::from_millis(NOW.as_millis() - age_ms)),
            NOW,
        )
    }

    #[test]
    fn who_stands_in_waits_a_little_while_it_has_something_to_serve() {
        for standing in [CUT_OFF, Standing::Following] {
            assert_eq!(
                wait(standing, &Limits::DEFAULT, Some(15_001)),
                STAND_IN_SPREAD
            );
        }
    }

    #[test]
    fn who_leads_or_has_nothing_to_serve_begins_at_once() {
        assert_eq!(
            wait(
                Standing::Leading { epoch: 1 },
                &Limits::DEFAULT,
                Some(15_001)
            ),
            Duration::ZERO
        );
        assert_eq!(wait(CUT_OFF, &Limits::DEFAULT, None), Duration::ZERO);
        assert_eq!(
            wait(CUT_OFF, &Limits::DEFAULT, Some(300_001)),
            Duration::ZERO
        );
    }

    #[test]
    fn limits_that_are_close_together_shorten_the_wait() {
        let limits = Limits::new(1_000, 2_000, 4_000, 6_000).unwrap();
        assert_eq!(
            wait(CUT_OFF, &limits, Some(2_001)),
            Duration::from_millis(1_000)
        );
    }
}
