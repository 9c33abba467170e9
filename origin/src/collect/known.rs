//! The last good value of every source but the tickers, and what is remembered of earlier tables.
//!
//! State: a `watch` channel for each slow source, and behind locks the tape of liquidations, the
//! analyst's memory and the outlier filter. The collectors write here; rounds read; a follower restores here what another
//! process published, so that this one continues from it when it leads.
//!
//! Invariant: restoring never makes a value younger than its figures are. Equal figures keep the
//! older of two times, whichever process saw them first.

use super::analyst::Analyst;
use super::interest::InterestRecords;
use super::stream::StreamedLiquidations;
use crate::context::Context;
use shared::assemble::Slow;
use shared::judge::Judge;
use shared::market::{Dated, DefiMarket, FearGreed, GlobalMarket, Universe};
use shared::published::{Published, is_same};
use shared::snapshot::{Lack, Snapshot};
use shared::validate::ValidSnapshot;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The last good values. Clones share them.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) universe: watch::Sender<Option<Arc<Universe>>>,
    pub(super) global_market: watch::Sender<Slow<GlobalMarket>>,
    pub(super) defi_market: watch::Sender<Slow<DefiMarket>>,
    pub(super) fear_greed: watch::Sender<Slow<FearGreed>>,
    /// What was heard of liquidations.
    pub(super) liquidations: StreamedLiquidations,
    /// What was held of every contract over the last day.
    pub(super) interest: InterestRecords,
    pub(super) analyst: Arc<Mutex<Analyst>>,
    pub(super) judge: Arc<Mutex<Judge>>,
}

impl Known {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            universe: watch::Sender::new(None),
            global_market: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            defi_market: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            fear_greed: watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label())),
            liquidations: StreamedLiquidations::new(),
            interest: InterestRecords::default(),
            analyst: Arc::default(),
            judge: Arc::default(),
        }
    }

    /// Takes over from another process's snapshot whatever is newer than what is held.
    pub fn restore(&self, snapshot: &ValidSnapshot) {
        self.analyst
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_over(snapshot);
        let snapshot = snapshot.get();
        // The next table is compared with these prices, so a leader change opens no gap for
        // outliers.
        self.judge
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remember(snapshot);
        self.universe.send_if_modified(|known| {
            let is_newer = known
                .as_ref()
                // An older list could bring back contracts that were delisted.
                .is_none_or(|known| known.as_of_ms < snapshot.universe.as_of_ms);
            if is_newer {
                *known = Some(Arc::new(snapshot.universe.clone()));
            }
            is_newer
        });
        let (global_market, defi_market) = slow_of(snapshot);
        restore(&self.global_market, global_market);
        restore(&self.defi_market, defi_market);
        restore(&self.fear_greed, Slow::carried_over(&snapshot.fear_greed));
    }

    /// Takes over only the ages of a snapshot that is not served. This process may have fetched the
    /// figures of a publisher that stands still before it could read the store, and dated them too
    /// young.
    pub fn recall(&self, snapshot: &ValidSnapshot) {
        let (global_market, defi_market) = slow_of(snapshot.get());
        recall(&self.global_market, &global_market);
        recall(&self.defi_market, &defi_market);
    }

    /// Takes over the alert state of an earlier process. State that fails validation is dropped,
    /// and alerts start without memory.
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

/// What a snapshot holds of the publishers whose own figures show that they stand still, served or
/// withheld.
fn slow_of(snapshot: &Snapshot) -> (Slow<GlobalMarket>, Slow<DefiMarket>) {
    let (withheld, until) = (&snapshot.withheld, snapshot.generated_at_ms);
    (
        Slow::taken_over(
            &snapshot.global_market,
            withheld.global_market.as_ref(),
            until,
        ),
        Slow::taken_over(&snapshot.defi_market, withheld.defi_market.as_ref(), until),
    )
}

/// Takes over the newer value, or the older time of the same figures.
fn restore<T: Published>(known: &watch::Sender<Slow<T>>, other: Slow<T>) {
    // First, because the same figures are never "newer" below.
    recall(known, &other);
    known.send_if_modified(|known| {
        let is_newer = match (&*known, &other) {
            (Slow::Unknown(_), Slow::Known(_)) => true,
            (Slow::Known(known), Slow::Known(other)) => {
                // Fetching the same figures again makes them no newer.
                known.as_of_ms < other.as_of_ms && !is_one_publication(known, other)
            }
            (_, Slow::Unknown(_)) => false,
        };
        if is_newer {
            *known = other;
        }
        is_newer
    });
}

/// Takes over the older time of the same figures. Figures that equal the held ones to the last
/// digit are the same publication.
fn recall<T: Published>(known: &watch::Sender<Slow<T>>, other: &Slow<T>) {
    let Slow::Known(other) = other else { return };
    known.send_if_modified(|known| {
        let Slow::Known(known) = known else {
            return false;
        };
        // The older of two times is the first sight of these figures.
        let is_older = other.as_of_ms < known.as_of_ms && is_one_publication(known, other);
        if is_older {
            known.as_of_ms = other.as_of_ms;
        }
        is_older
    });
}

fn is_one_publication<T: Published>(one: &Dated<T>, other: &Dated<T>) -> bool {
    one.source == other.source && is_same(&one.value, &other.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::provenance::{Source, Venue};
    use shared::snapshot::Section;
    use shared::units::{Amount, Share, UnixMs};

    fn dated<T>(value: T, moment: u64) -> Slow<T> {
        Slow::Known(Dated {
            value,
            as_of_ms: UnixMs::from_secs(1_788_870_000 + moment),
            source: Source::live(Venue::CoinGecko),
        })
    }

    fn index(value: f64, moment: u64) -> Slow<FearGreed> {
        let index = FearGreed {
            value: Share::new(value).unwrap(),
            label: "Fear".to_owned(),
            next_update_ms: None,
        };
        dated(index, moment)
    }

    fn defi(market_cap: f64, moment: u64) -> Slow<DefiMarket> {
        let market = DefiMarket {
            market_cap: Amount::new(market_cap).unwrap(),
            volume_24h: None,
            dominance: None,
        };
        dated(market, moment)
    }

    #[track_caller]
    fn check<T: Published + std::fmt::Debug>(steps: impl IntoIterator<Item = (Slow<T>, Slow<T>)>) {
        let known = watch::Sender::new(Slow::unknown(Lack::NotFetchedYet.label()));
        for (other, expected) in steps {
            restore(&known, other);
            assert_eq!(*known.borrow(), expected);
        }
    }

    #[test]
    fn what_another_process_knew_is_taken_over_where_it_is_newer() {
        check([
            (
                Slow::unknown("timeout"),
                Slow::unknown(Lack::NotFetchedYet.label()),
            ),
            (index(25.0, 5), index(25.0, 5)),
            (index(24.0, 4), index(25.0, 5)),
            (Slow::unknown("timeout"), index(25.0, 5)),
            // Two days may well have the same whole number.
            (index(25.0, 6), index(25.0, 6)),
        ]);
    }

    #[test]
    fn the_same_figures_keep_the_older_time_whichever_process_saw_them_first() {
        check([
            (defi(9.25e10, 7), defi(9.25e10, 7)),
            (defi(9.25e10, 3), defi(9.25e10, 3)),
            (defi(9.25e10, 8), defi(9.25e10, 3)),
            (defi(9.5e10, 2), defi(9.25e10, 3)),
            (defi(9.5e10, 9), defi(9.5e10, 9)),
        ]);
    }

    #[test]
    fn figures_that_stand_still_beyond_their_limit_are_known_again() {
        let (Slow::Known(of), until) = (defi(9.25e10, 3), UnixMs::from_secs(1_788_890_000)) else {
            panic!("known")
        };
        let too_old = Section::absent(Lack::TooOld.label());
        let taken = Slow::taken_over(&too_old, Some(&of), until);
        assert_eq!(taken, Slow::Known(of.clone()));
        let mut filter = shared::published::LeapFilter::new();
        let Slow::Known(again) = defi(9.25e10, 20_000) else {
            panic!("known")
        };
        assert_eq!(
            filter.examine(again, Some(&of), until),
            Ok(shared::published::Verdict::Keep),
            "they do not begin a new life"
        );
        let ahead = Dated {
            as_of_ms: until.plus_millis(1),
            ..of
        };
        assert_eq!(
            Slow::taken_over(&too_old, Some(&ahead), until),
            Slow::unknown(Lack::TooOld.label()),
            "what is dated ahead says nothing"
        );
    }
}
