//! The instruments list: which contracts exist and count.
//!
//! Order in each turn: a pass from the gate → all pages → compare with the held list → keep or hold
//! back → rest. The list is requested at the gate like the ticker table, because nothing can be
//! served without it.
//!
//! Invariant: a list that lacks contracts replaces the held one only after another fetch confirms
//! it.

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

/// When a list that lacks contracts is fetched again for confirmation.
const SECOND_LOOK: Duration = Duration::from_secs(10);

/// The longest backoff while no list is known, because nothing can be served without one.
const MOST_WITHOUT_A_LIST: Duration = Duration::from_secs(30);

/// The longest stated pause that is obeyed, for the same reason.
const MAX_STATED_PAUSE: Duration = Duration::from_secs(60);

/// Fetches the list. Never returns.
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
        // One pass for all pages: the gate has reserved two requests for them.
        let Some(pass) = gate.pass_table(Instant::now()) else {
            task.sleep(gate.paused(Instant::now()).max(SHORTEST_WAIT))
                .await;
            continue;
        };
        match fetch(&upstream).await {
            Ok(universe) => {
                gate.answered(pass, Instant::now());
                failures = 0;
                // Read now: a follower may have restored a newer list during the fetch.
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

/// Fetches all pages. The list is dated by its oldest page.
async fn fetch(upstream: &Upstream) -> Result<Dated<Universe>, UpstreamError> {
    let mut builder = UniverseBuilder::new();
    let mut path = bybit::INSTRUMENTS.to_owned();
    loop {
        let page = upstream.get(&path).await?;
        let Some(cursor) = builder.add(Listing::parse(&page.body)?)? else {
            // Logged, because a new type of contract is a decision for the maintainers, not an
            // error.
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
