//! The last good value of every source but the tickers, and what is remembered of earlier tables.

use super::analyst::Analyst;
use crate::context::Context;
use shared::assemble::Slow;
use shared::judge::Judge;
use shared::market::{DefiMarket, FearGreed, GlobalMarket, Universe};
use shared::snapshot::Lack;
use shared::validate::ValidSnapshot;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The last good value of every source but the tickers.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) universe: watch::Sender<Option<Arc<Universe>>>,
    pub(super) global_market: watch::Sender<Slow<GlobalMarket>>,
    pub(super) defi_market: watch::Sender<Slow<DefiMarket>>,
    pub(super) fear_greed: watch::Sender<Slow<FearGreed>>,
    pub(super) analyst: Arc<Mutex<Analyst>>,
    pub(super) judge: Arc<Mutex<Judge>>,
}

impl Known {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            universe: watch::Sender::new(None),
            global_market: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            defi_market: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            fear_greed: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            analyst: Arc::default(),
            judge: Arc::default(),
        }
    }

    /// Takes over what another process knew, where nothing newer is known.
    pub fn restore(&self, snapshot: &ValidSnapshot) {
        self.analyst
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_over(snapshot);
        let snapshot = snapshot.get();
        self.judge
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remember(snapshot);
        self.universe.send_if_modified(|known| {
            let is_newer = known
                .as_ref()
                .is_none_or(|known| known.as_of_ms < snapshot.universe.as_of_ms);
            if is_newer {
                *known = Some(Arc::new(snapshot.universe.clone()));
            }
            is_newer
        });
        restore(
            &self.global_market,
            Slow::carried_over(&snapshot.global_market),
        );
        restore(&self.defi_market, Slow::carried_over(&snapshot.defi_market));
        restore(&self.fear_greed, Slow::carried_over(&snapshot.fear_greed));
    }

    /// Takes over what the alerts of an earlier process remembered.
    pub fn restore_alerts(&self, bytes: &[u8], context: &Context) {
        let now = context.clock.now();
        let restored = self
            .analyst
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .restore_alerts(bytes, now);
        if let Err(error) = restored {
            context.metrics.rejection(error.label());
            tracing::warn!(%error, "what the alerts remembered is not admitted; they begin anew");
        }
    }
}

impl Default for Known {
    fn default() -> Self {
        Self::new()
    }
}

fn restore<T>(known: &watch::Sender<Slow<T>>, other: Slow<T>) {
    known.send_if_modified(|known| {
        let is_newer = match (&*known, &other) {
            (Slow::Unknown(_), Slow::Known(_)) => true,
            (Slow::Known(known), Slow::Known(other)) => known.as_of_ms < other.as_of_ms,
            (_, Slow::Unknown(_)) => false,
        };
        if is_newer {
            *known = other;
        }
        is_newer
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::Dated;
    use shared::provenance::{Source, Venue};
    use shared::units::UnixMs;

    fn of(moment: u64) -> Slow<u64> {
        let as_of_ms = UnixMs::from_millis(moment);
        Slow::Known(Dated {
            value: moment,
            as_of_ms,
            source: Source::live(Venue::CoinGecko),
        })
    }

    #[test]
    fn what_another_process_knew_is_taken_over_where_it_is_newer() {
        let known = watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label()));
        for (other, expected) in [
            (
                Slow::unknown("timeout"),
                Slow::unknown(Lack::NotFetchedYet.label()),
            ),
            (of(5), of(5)),
            (of(4), of(5)),
            (Slow::unknown("timeout"), of(5)),
            (of(6), of(6)),
        ] {
            restore(&known, other);
            assert_eq!(*known.borrow(), expected);
        }
    }
}
