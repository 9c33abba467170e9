//! Exercises the direct path: calls Bybit without need, and compares what it brings with the
//! origin's snapshot. Nobody waits for this, and the data is dropped: the origin's says more.

use super::background::Background;
use super::exchange_call::ExchangeCall;
use super::outcome::{CallOutcome, Found, UniverseTask};
use super::{calls, colo_ledger, direct_call};
use crate::deployment::Deployment;
use crate::metrics::{self, Alert, Event};
use crate::policy::{DEADLINES, Divergence, Upstream, is_exercise_due};
use crate::upstream::Purpose;
use crate::{cache, clock, isolate};
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;
use std::rc::Rc;

/// The fallback reason of an exercise's snapshot, which is never shown.
const REASON: &str = "exercise";

/// What came of an exercise.
#[derive(Clone, Debug, PartialEq)]
pub struct Exercise {
    /// How far Bybit's data is from the origin's; else the outcome of the last call that failed.
    pub outcome: Result<Divergence, String>,
}

#[derive(Default)]
struct Known {
    last: Option<Rc<Exercise>>,
    number: Option<u64>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The isolate's last exercise.
#[must_use]
pub fn exercise() -> Option<Rc<Exercise>> {
    isolate::with(&KNOWN, |known| known.last.clone()).flatten()
}

/// Calls Bybit, if an exercise is due after this snapshot and the budgets have calls to spare.
pub(super) async fn after(
    deployment: &Deployment,
    origin: &Rc<ValidSnapshot>,
    background: &Background,
) {
    let is_due = is_exercise_due(
        origin.get().sequence,
        own_number(),
        deployment.config.direct_exercise_percent,
    );
    if !is_due || !is_admitted(deployment, clock::now()) {
        return;
    }
    // The calls of other isolates count, too.
    colo_ledger::read().await;
    if !is_admitted(deployment, clock::now()) {
        return;
    }
    let outcome = compare(deployment, origin, background).await;
    count(&outcome);
    log(&outcome);
    isolate::with(&KNOWN, |known| {
        known.last = Some(Rc::new(Exercise { outcome }));
    });
}

/// Calls Bybit and compares its data with the origin's; else the outcome of the call.
async fn compare(
    deployment: &Deployment,
    origin: &Rc<ValidSnapshot>,
    background: &Background,
) -> Result<Divergence, String> {
    let call = ExchangeCall {
        deployment,
        background,
        held: Some(Rc::clone(origin)),
        reason: REASON.to_owned(),
        timeout_ms: DEADLINES.exchange_ms,
        purpose: Purpose::Compare,
        is_sent: Rc::default(),
        request_id: None,
    };
    let CallOutcome {
        attempts, found, ..
    } = direct_call::run(call).await;
    match found {
        Ok(Found {
            snapshot, universe, ..
        }) => {
            // The list is the only part that is worth keeping.
            if let UniverseTask::Store(universe) = universe {
                cache::keep_universe(&universe).await;
            }
            Ok(Divergence::between(origin.get(), snapshot.get()))
        }
        Err(_) => {
            // The last host that was called decides; the first may have been broken only there.
            let last = attempts
                .into_iter()
                .rev()
                .find_map(|attempt| attempt.failure);
            Err(last.map_or_else(String::new, |failure| failure.outcome))
        }
    }
}

/// A number that other isolates hardly have, the same for as long as this one lives.
fn own_number() -> u64 {
    // The runtime gives random numbers to requests alone, so it is drawn when it is first needed.
    isolate::with(&KNOWN, |known| {
        *known
            .number
            .get_or_insert_with(|| js_sys::Math::random().to_bits())
    })
    .unwrap_or_default()
}

/// Whether the isolate and its colo have calls to spare. The direct Worker, where one is bound,
/// decides that for itself.
fn is_admitted(deployment: &Deployment, now: UnixMs) -> bool {
    if deployment.direct.is_some() {
        return true;
    }
    let calls = calls::of(Upstream::Bybit);
    calls::ledger(|ledger| {
        calls
            .admit_exercise(ledger.entry(Upstream::Bybit), now)
            .is_ok()
    })
}

fn count(outcome: &Result<Divergence, String>) {
    metrics::event(if outcome.is_ok() {
        Event::DirectExercised
    } else {
        Event::DirectExerciseFailed
    });
    if outcome
        .as_ref()
        .is_ok_and(|divergence| !divergence.alarms().is_empty())
    {
        metrics::event(Event::DataDiverged);
    }
}

fn log(outcome: &Result<Divergence, String>) {
    match outcome {
        Ok(divergence) => {
            let alarms = divergence.alarms();
            let line = serde_json::json!({
                // Two event names, so that a divergence can be searched without its outcome.
                "event": if alarms.is_empty() { "direct_exercise" } else { "data_divergence" },
                "alert": (!alarms.is_empty()).then_some(Alert::DataDivergence.name()),
                "outcome": "ok",
                "beyond_limits": alarms,
                "bitcoin": divergence.bitcoin,
                "ether": divergence.ether,
                "turnover": divergence.turnover,
                "contracts": divergence.contracts,
            });
            if alarms.is_empty() {
                worker::console_log!("{line}");
            } else {
                worker::console_warn!("{line}");
            }
        }
        Err(outcome) => {
            let line = serde_json::json!({"event": "direct_exercise", "outcome": outcome});
            worker::console_warn!("{line}");
        }
    }
}
