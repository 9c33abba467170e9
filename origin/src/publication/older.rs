//! Bodies of the older classes, made before they are requested.
//!
//! An outage begins with a hundred requests at once, and none of them should wait for bodies to
//! be made and compressed. Most publications are replaced while fresh, so making these bodies for
//! all of them would be wasted.

use super::{Current, Publication};
use crate::clock::Clock;
use crate::supervise::Pulse;
use shared::freshness::{Freshness, Limits};
use shared::units::UnixMs;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How long before a publication changes its class the next class's bodies are made, ms. Making
/// them takes a tenth of it.
const AHEAD_MS: u64 = 2_000;

/// How often the age is checked.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps the bodies ready that the current publication needs next. Never returns.
pub async fn prepare_older(current: Arc<Current>, limits: Limits, clock: Clock, pulse: Pulse) {
    loop {
        pulse.expect_within(PAUSE);
        sleep(PAUSE).await;
        let Some(publication) = current.get() else {
            continue;
        };
        let Some(class) = next_class(&publication, &limits, clock.now()) else {
            continue;
        };
        if publication.is_prepared(class) {
            continue;
        }
        // A busy machine may take long for the compression; that is no stall of this task.
        pulse.rest();
        // A body that cannot be made is reported where it is requested.
        let _ = spawn_blocking(move || publication.prepare(class)).await;
    }
}

/// The class that a publication will have in [`AHEAD_MS`], if that is another than now.
fn next_class(publication: &Publication, limits: &Limits, now: UnixMs) -> Option<Freshness> {
    let as_of = publication.valid().get().as_of_ms;
    let soon = limits.classify(as_of, now.plus_millis(AHEAD_MS))?;
    (Some(soon) != limits.classify(as_of, now)).then_some(soon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::validate::{Baseline, ValidSnapshot};

    const SNAPSHOT_JSON: &[u8] =
        include_bytes!("../../../shared/fuzz/seeds/snapshot/analysed.json");

    #[tokio::test(start_paused = true)]
    async fn bodies_of_the_next_class_are_there_before_it_begins_and_not_long_before() {
        let as_of = serde_json::from_slice::<serde_json::Value>(SNAPSHOT_JSON).unwrap()["as_of_ms"]
            .as_u64()
            .unwrap();
        let (limits, begin) = (Limits::DEFAULT, UnixMs::from_millis(as_of + 1_000));
        let clock = Clock::beginning_at(begin);
        let valid = ValidSnapshot::from_json(SNAPSHOT_JSON, begin, Baseline::default()).unwrap();
        let current = Arc::new(Current::new());
        assert!(current.offer(Publication::adopted(valid, limits, current.demand()), begin));
        let publication = current.get().unwrap();
        let preparing = prepare_older(Arc::clone(&current), limits, clock.clone(), Pulse::new());
        let preparing = tokio::spawn(preparing);
        let prepared_at = |class| {
            let (publication, clock) = (Arc::clone(&publication), clock.clone());
            async move {
                while !publication.is_prepared(class) {
                    sleep(Duration::from_millis(100)).await;
                }
                clock.now().millis_since(UnixMs::from_millis(as_of))
            }
        };
        assert!(!publication.is_prepared(Freshness::Aging));
        let aging = prepared_at(Freshness::Aging).await;
        assert!(
            (limits.fresh_ms - AHEAD_MS..=limits.fresh_ms).contains(&aging),
            "after {aging} ms"
        );
        assert!(!publication.is_prepared(Freshness::Stale));
        let stale = prepared_at(Freshness::Stale).await;
        assert!(
            (limits.aging_ms - AHEAD_MS..=limits.aging_ms).contains(&stale),
            "after {stale} ms"
        );
        preparing.abort();
    }
}
