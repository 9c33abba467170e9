//! Takes the way to Bybit without need, and compares what it brings with what the origin said.

use super::ask::{AfterUse, Answered, Direct, Found};
use super::background::Background;
use super::{ask, colo, flight};
use crate::clock;
use crate::config::Config;
use crate::metrics::{self, Alert, Event};
use crate::policy::{DEADLINES, Divergence, Upstream, is_exercise_due};
use crate::upstream::Purpose;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// The reason that a snapshot of an exercise carries; it is never shown.
const REASON: &str = "exercise";

/// What came of an exercise, for counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Exercise {
    /// When it ended.
    pub at: UnixMs,
    /// How far Bybit's data and the origin's were apart; else why Bybit gave none, in one word.
    pub outcome: Result<Divergence, String>,
}

/// Takes the way to Bybit, if it is time and the budgets have calls to spare. Nobody waits for
/// this, and what it brings is compared and dropped: the origin's data says more.
pub(super) async fn after(config: &Config, origin: &Rc<ValidSnapshot>, background: &Background) {
    if !is_exercise_due(
        origin.get().sequence,
        flight::own_number(),
        config.direct_exercise_percent,
    ) || !spares(config, clock::now())
    {
        return;
    }
    // What others did is read here too: with their calls there may be none to spare.
    colo::read().await;
    if !spares(config, clock::now()) {
        return;
    }
    let held = Some(Rc::clone(origin));
    let (reason, millis) = (REASON.to_owned(), DEADLINES.exchange_ms);
    let direct = Direct {
        config,
        background,
        held,
        reason,
        millis,
        purpose: Purpose::Compare,
        called: Rc::default(),
        request_id: None,
    };
    let Answered { asked, found, .. } = ask::exchange(direct).await;
    let outcome = match found {
        Ok(Found {
            snapshot, universe, ..
        }) => {
            if let AfterUse::Store(universe) = universe {
                crate::cache::keep_universe(&universe).await;
            }
            Ok(Divergence::between(origin.get(), snapshot.get()))
        }
        Err(_) => {
            let last = asked.into_iter().rev().find_map(|asked| asked.failure);
            Err(last.map_or_else(String::new, |failed| failed.outcome))
        }
    };
    count(&outcome);
    log(&outcome);
    flight::note_exercise(Exercise {
        at: clock::now(),
        outcome,
    });
}

/// Whether the isolate and its colo have calls to spare. Where another Worker owns the way it is
/// for that one to say.
fn spares(config: &Config, now: UnixMs) -> bool {
    if config.direct.is_some() {
        return true;
    }
    let calls = flight::calls(Upstream::Bybit);
    flight::ledger(|ledger| calls.may_exercise(ledger.of(Upstream::Bybit), now).is_ok())
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
