//! The instruments list: which contracts count.

use super::inputs::{Gate, SHORTEST_WAIT};
use super::slow::Task;
use crate::upstream::{Pauses, Upstream, UpstreamError};
use shared::exchange::bybit::{self, Listing, UniverseBuilder};
use shared::judge::ListJudge;
use shared::market::{Dated, Universe};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// When a list is looked at again that lacks contracts.
const SECOND_LOOK: Duration = Duration::from_secs(10);

/// The longest pause after failures while no list is known, for nothing can be served without one.
const MOST_WITHOUT_A_LIST: Duration = Duration::from_secs(30);

/// The longest stated pause that is obeyed.
const MAX_STATED_PAUSE: Duration = Duration::from_secs(60);

/// Fetches the list for ever.
pub(super) async fn run(
    mut task: Task,
    upstream: Upstream,
    gate: Arc<Gate>,
    known: watch::Sender<Option<Arc<Universe>>>,
) {
    let mut failures = 0_u32;
    let mut judge = ListJudge::default();
    let as_of = known.borrow().as_ref().map(|known| known.as_of_ms);
    task.wait_out(as_of).await;
    loop {
        let Some(pass) = gate.pass_table(Instant::now()) else {
            task.sleep(gate.paused(Instant::now()).max(SHORTEST_WAIT))
                .await;
            continue;
        };
        match fetch(&upstream).await {
            Ok(universe) => {
                gate.answered(pass, Instant::now());
                failures = 0;
                let held = known.borrow().clone();
                match judge.examine(held.as_deref(), &universe.value) {
                    Ok(()) => {
                        task.succeeded(&universe);
                        known.send_replace(Some(Arc::new(universe.value)));
                        task.rest().await;
                    }
                    Err(shorter) => {
                        task.held_back(&shorter, shorter.label());
                        task.sleep(SECOND_LOOK.min(task.interval)).await;
                    }
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let pauses = pauses(&task, known.borrow().is_some());
                let asked = gate.failed(pass, Instant::now(), &error, failures, pauses);
                task.failed(&error, asked);
                task.sleep(asked).await;
            }
        }
    }
}

fn pauses(task: &Task, is_known: bool) -> Pauses {
    let pauses = Pauses {
        most_stated: MAX_STATED_PAUSE,
        ..task.pauses()
    };
    if is_known {
        pauses
    } else {
        Pauses {
            most: pauses.most.min(MOST_WITHOUT_A_LIST),
            ..pauses
        }
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
                tracing::warn!(
                    ?unknown_types,
                    "contracts of symbol types that no rule knows are left out"
                );
            }
            let universe = builder.finish(page.source, page.received_at)?;
            return Ok(Dated {
                as_of_ms: universe.as_of_ms,
                source: page.source,
                value: universe,
            });
        };
        path = bybit::instruments_after(&cursor);
    }
}
