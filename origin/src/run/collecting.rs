//! Collects while it is this process's duty, and stops when it is no longer.

use crate::collect::{Context, Gate, Known, Pace, Upstreams, collect};
use crate::leadership::{Duty, Leadership, StandInAfter, Standing};
use crate::store::{Store, Stored};
use crate::supervise::{Pulse, Storm};
use shared::units::UnixMs;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// How often duty is thought about when nothing else gives a reason to.
const TICK: Duration = Duration::from_millis(250);

/// How long the beginning waits for what is stored. A store that hangs must not keep the market from anybody.
const START_PATIENCE: Duration = Duration::from_secs(4);

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
    /// Outlives every beginning, so that a pause which an exchange asked for is kept.
    pub(super) gate: Arc<Gate>,
    pub(super) stand_in_after: StandInAfter,
    pub(super) serves: bool,
    /// Whether what is stored was looked at.
    pub(super) looked: watch::Receiver<bool>,
    /// Where a collector that cannot be kept running is told.
    pub(super) storms: mpsc::Sender<Storm>,
}

impl Collecting {
    pub(super) async fn run(mut self, pulse: Pulse) {
        pulse.expect_within(START_PATIENCE);
        // Whoever goes on from what is stored spares the exchanges a beginning, and clients a gap.
        let _ = timeout(START_PATIENCE, self.looked.wait_for(|looked| *looked)).await;
        let mut standing = self.leadership.subscribe();
        let mut duty = Duty::new(self.stand_in_after, self.serves);
        loop {
            until(true, &mut duty, &mut standing, &self, &pulse).await;
            self.context.metrics.collecting(true);
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
                    // The process ends of it; there is nothing left to do here.
                    let _ = self.storms.send(storm).await;
                    pulse.rest();
                    return std::future::pending().await;
                }
                () = until(false, &mut duty, &mut standing, &self, &pulse) => {}
            }
            self.context.metrics.collecting(false);
            tracing::info!("collecting ends: another process publishes");
        }
    }

    /// Alerts go on from what the last leader remembered, if that was another process.
    async fn go_on_alerting(&self) {
        let is_ours = self.context.current.get().is_some_and(|held| held.is_collected());
        if is_ours || matches!(self.leadership.standing(), Standing::CutOff { .. }) {
            return;
        }
        match self.store.alert_state().await {
            Ok(Some(bytes)) => self.known.restore_alerts(&bytes, &self.context),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the alerts could not be read; they go on from what is known here"),
        }
    }

    fn stored_as_of(&self) -> Option<UnixMs> {
        self.stored.load_full().map(|stored| stored.as_of_ms)
    }
}

/// Returns when duty says so.
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
        if duty.decide(now_standing, collecting.stored_as_of(), collecting.context.clock.moment()) == wanted {
            return;
        }
        tokio::select! {
            _ = standing.changed() => {}
            () = sleep(TICK) => {}
        }
    }
}
