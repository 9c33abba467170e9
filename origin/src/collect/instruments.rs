//! The instruments list: which contracts count.

use super::slow::Task;
use crate::upstream::{Upstream, UpstreamError};
use shared::exchange::bybit::{self, Listing, UniverseBuilder};
use shared::judge::ListJudge;
use shared::market::{Dated, Universe};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// When a list is looked at again that lacks contracts.
const SECOND_LOOK: Duration = Duration::from_secs(10);

/// Fetches the list for ever.
pub(super) async fn run(task: Task, upstream: Upstream, known: watch::Sender<Option<Arc<Universe>>>) {
    let mut failures = 0_u32;
    let mut judge = ListJudge::default();
    let as_of = known.borrow().as_ref().map(|known| known.as_of_ms);
    task.wait_out(as_of).await;
    loop {
        let pause = match fetch(&upstream).await {
            Ok(universe) => {
                failures = 0;
                let held = known.borrow().clone();
                match judge.examine(held.as_deref(), &universe.value) {
                    Ok(()) => {
                        task.succeeded(&universe);
                        known.send_replace(Some(Arc::new(universe.value)));
                        task.interval
                    }
                    Err(shorter) => {
                        task.held_back(&shorter, shorter.label());
                        SECOND_LOOK.min(task.interval)
                    }
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                task.failed(&error, failures)
            }
        };
        task.sleep(pause).await;
    }
}

/// Follows the list page by page.
async fn fetch(upstream: &Upstream) -> Result<Dated<Universe>, UpstreamError> {
    let mut builder = UniverseBuilder::new();
    let mut path = bybit::INSTRUMENTS.to_owned();
    loop {
        let page = upstream.get(&path).await?;
        let Some(cursor) = builder.add(Listing::parse(&page.body)?)? else {
            let unknown_types = builder.unknown_types();
            if !unknown_types.is_empty() {
                tracing::warn!(?unknown_types, "contracts of symbol types that no rule knows are left out");
            }
            let universe = builder.finish(page.source, page.received_at)?;
            return Ok(Dated { as_of_ms: universe.as_of_ms, source: page.source, value: universe });
        };
        path = bybit::instruments_after(&cursor);
    }
}
