//! The task that writes each publication to the store. Serving never waits for it.

use super::{Store, Written};
use crate::metrics::Metrics;
use crate::publication::{Current, Publication};
use crate::status::{OK, StatusBoard};
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// The publication that the store is known to hold.
pub type Stored = ArcSwapOption<Publication>;

/// Writes every publication, or the newest when the store is slower than the market. Ends when `current` does.
pub async fn keep_writing(
    store: Arc<Store>,
    current: Arc<Current>,
    stored: Arc<Stored>,
    metrics: Arc<Metrics>,
    board: Arc<StatusBoard>,
    ttl_ms: u64,
) {
    let mut changes = current.subscribe();
    while changes.changed().await.is_ok() {
        let Some(publication) = changes.borrow_and_update().clone() else { continue };
        let as_of_ms = publication.valid().get().as_of_ms;
        match store.publish(&publication, ttl_ms).await {
            Ok(Written::Written) => {
                metrics.store_write("written");
                if board.record("store", OK, Some(as_of_ms)) {
                    tracing::info!(store = store.kind(), "the store takes publications");
                }
                stored.store(Some(publication));
            }
            Ok(Written::RefusedOlder) => {
                metrics.store_write("refused_older");
                if board.record("store", "refused_older", None) {
                    tracing::warn!(%as_of_ms, "the store holds younger data than ours: is another origin writing?");
                }
            }
            Err(error) => {
                metrics.store_write(error.label());
                if board.record("store", error.label(), None) {
                    tracing::warn!(%error, "the store does not take publications; serving goes on from memory");
                }
            }
        }
    }
}
