//! The last good snapshot of all colos, in a KV namespace that a deployment may bind.
//!
//! It is old by design: it is read when every source failed and nothing younger is at hand.
//!
//! Invariants:
//! * It passes the same seal and validation boundary as everything else, and its own age decides.
//! * Only the cron writes it, once a minute: KV takes one write per second and key, which a few
//!   hundred colos would exceed. <https://developers.cloudflare.com/kv/platform/limits/>
//! * A younger snapshot in the store is never replaced by an older one.

use crate::clock;
use crate::metrics::{self, Event};
use crate::policy::DEADLINES;
use crate::seal::Seal;
use crate::upstream::{Attempt, AttemptFailure};
use shared::freshness::Limits;
use shared::validate::{Baseline, ValidSnapshot};
use std::collections::BTreeMap;
use worker::{KvError, KvStore};

/// The key, with the version of what is stored.
const KEY: &str = "snapshot/1";

/// How long a colo may answer from its own copy of what it read, seconds: the least that KV allows.
const COLO_TTL_S: u64 = 30;

/// When the store may forget it, seconds; far above every age limit.
const LIFETIME_S: u64 = 172_800;

/// How long the cron waits for the store, milliseconds.
const CRON_MS: u64 = 10_000;

/// The store's name in outcomes.
pub const LAST_GOOD_STORE: &str = "last-good-store";

/// Why there is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// None was stored.
    #[error("nothing is stored")]
    Empty,
    /// The store did not answer in time.
    #[error("no answer within the deadline")]
    Timeout,
    /// The store failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// What is stored is damaged, or is not admissible.
    #[error("refused: {0}")]
    Refused(String),
}

impl Missing {
    shared::labels! {
        /// The word in outcomes.
        pub const fn label(&self) {
            Self::Empty => "empty",
            Self::Timeout => "timeout",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
        }
    }
}

/// Reads what is stored, within its deadline, and reports the attempt.
pub async fn read(store: &KvStore) -> (Option<ValidSnapshot>, Attempt) {
    let started = clock::now();
    let read = clock::within(DEADLINES.last_good_ms, stored(store))
        .await
        .unwrap_or(Err(Missing::Timeout));
    let took_ms = Some(clock::now().millis_since(started));
    let (found, failure) = match read {
        Ok(snapshot) => (Some(snapshot), None),
        Err(missing) => {
            // An empty store is normal on a new deployment; damage is not.
            if matches!(missing, Missing::Refused(_)) {
                metrics::event(Event::LastGoodRefused);
            }
            (None, Some(failure(&missing)))
        }
    };
    (
        found,
        Attempt {
            source: LAST_GOOD_STORE,
            failure,
            took_ms,
        },
    )
}

fn failure(missing: &Missing) -> AttemptFailure {
    AttemptFailure::without_answer(missing.label().to_owned(), missing.to_string())
}

async fn stored(store: &KvStore) -> Result<ValidSnapshot, Missing> {
    let failed = |error: KvError| Missing::Failed(error.to_string());
    let get = store.get(KEY).cache_ttl(COLO_TTL_S);
    let (body, metadata) = get
        .bytes_with_metadata::<BTreeMap<String, String>>()
        .await
        .map_err(failed)?;
    let body = body.ok_or(Missing::Empty)?;
    let metadata = metadata.unwrap_or_default();
    // The seal is in the metadata, which KV returns with the value in one read.
    let seal = Seal::read(|name| metadata.get(name).cloned());
    let seal = seal.ok_or_else(|| Missing::Refused("it has no seal".to_owned()))?;
    seal.check(&body).map_err(Missing::Refused)?;
    // Without a baseline: the held snapshot may be of another time or venue, or missing.
    ValidSnapshot::from_json(&body, clock::now(), Baseline::default())
        .map_err(|error| Missing::Refused(error.to_string()))
}

/// Stores a snapshot, unless what is stored is better, and logs what it did.
pub async fn keep(store: &KvStore, snapshot: &ValidSnapshot, limits: &Limits) {
    let kept = clock::within(CRON_MS, keep_better(store, snapshot, limits))
        .await
        .unwrap_or(Err(Missing::Timeout));
    let as_of_ms = snapshot.get().as_of_ms;
    match kept {
        Ok(written) => {
            let event = if written {
                "last_good_written"
            } else {
                // Another colo's cron, or this one a minute ago, stored a better one.
                "last_good_is_younger"
            };
            worker::console_log!(
                "{}",
                serde_json::json!({"event": event, "as_of_ms": as_of_ms})
            );
        }
        Err(missing) => {
            // Counted, for the store is only missed when every source fails.
            metrics::event(Event::LastGoodNotWritten);
            let line = serde_json::json!({"event": "last_good_not_written", "reason": missing.to_string()});
            worker::console_warn!("{line}");
        }
    }
}

async fn keep_better(
    store: &KvStore,
    snapshot: &ValidSnapshot,
    limits: &Limits,
) -> Result<bool, Missing> {
    match stored(store).await {
        Ok(held) if !snapshot.is_better(&held, clock::now(), limits) => return Ok(false),
        // What is damaged is replaced. A store that fails is not written to: it may hold a younger
        // one.
        Ok(_) | Err(Missing::Empty | Missing::Refused(_)) => {}
        Err(missing) => return Err(missing),
    }
    let body = snapshot
        .to_json()
        .map_err(|error| Missing::Failed(error.to_string()))?;
    let seal: BTreeMap<&str, String> = Seal::of(&body, clock::now()).headers().into();
    let failed = |error: KvError| Missing::Failed(error.to_string());
    let put = store
        .put_bytes(KEY, &body)
        .map_err(failed)?
        .expiration_ttl(LIFETIME_S)
        .metadata(seal)
        .map_err(failed)?;
    put.execute().await.map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_carries_the_version_of_what_is_stored() {
        assert!(KEY.ends_with(&format!("/{}", shared::snapshot::SCHEMA_VERSION)));
    }

    #[test]
    fn every_way_of_missing_has_its_outcome() {
        let outcome = |missing: Missing| failure(&missing).outcome;
        assert_eq!(outcome(Missing::Empty), "empty");
        assert_eq!(outcome(Missing::Timeout), "timeout");
        assert_eq!(outcome(Missing::Failed("503".to_owned())), "failed");
        assert_eq!(
            outcome(Missing::Refused("it has no seal".to_owned())),
            "refused"
        );
    }
}
