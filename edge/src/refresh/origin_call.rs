//! The call to the origin, in the name of the request that leads the refresh.

use super::outcome::{CallOutcome, Found, NotFound, UniverseTask, attempt};
use super::report::Via;
use super::{calls, health};
use crate::clock;
use crate::config::Config;
use crate::policy::Upstream;
use crate::upstream::origin::{self, FromOrigin};
use crate::upstream::{Health, ORIGIN, Refused};
use shared::headers::request_id::RequestId;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// Calls the origin at `base`.
pub(super) async fn run(
    config: &Config,
    base: &str,
    held: Option<Rc<ValidSnapshot>>,
    request_id: &RequestId,
    timeout_ms: u64,
) -> CallOutcome {
    let started = clock::now();
    // Before the wait: a call that never ends must count as a probe of the breaker.
    calls::update(Upstream::Origin, |calls| calls.began(started));
    let answer = origin::snapshot(config, base, held.as_deref(), request_id, timeout_ms).await;
    let health = answer
        .as_ref()
        .map_or_else(|refused| refused.error.health(), |_| Health::Works);
    // Our own origin does not refuse, so there is nothing to publish for the colo.
    health::note(Upstream::Origin, health, None);
    match answer {
        Ok(FromOrigin {
            snapshot,
            cache_status,
        }) => {
            let found = Found {
                via: Via::Origin { cache_status },
                snapshot: Rc::new(snapshot),
                universe: UniverseTask::Nothing,
            };
            CallOutcome::of(vec![attempt(ORIGIN, None, started)], Ok(found))
        }
        Err(Refused { error, candidate }) => CallOutcome::of(
            vec![attempt(ORIGIN, Some(error.to_failure()), started)],
            Err(NotFound::Failed(candidate)),
        ),
    }
}
