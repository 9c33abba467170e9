//! How a request gets its data: from what is held, or after waits for the shared refresh.
//!
//! State: when the request began, the waits it has had and has left. The policy decides at each
//! step; a request that is over its time decides as after a failed refresh.
//!
//! Invariants: a request never waits past its own deadline ([`DEADLINES`]), nor more than
//! [`MAX_WAITS`] times; data and class are read in one step, with the same clock.

use super::client_request::ClientRequest;
use crate::config::Config;
use crate::deployment::Deployment;
use crate::metrics::State;
use crate::policy::{self, DEADLINES, Decision, Refresh};
use crate::refresh::{self, Via, Wait};
use crate::respond::answer_path::AnswerPath;
use crate::{clock, memory};
use shared::freshness::Freshness;
use shared::headers::cache_status::Forward;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use worker::Context;

/// How often one request waits. Once is the rule; more only when a refresh was replaced while the
/// request waited for it.
const MAX_WAITS: u8 = 3;

/// What a request gets, and how it came about.
pub(super) struct Found {
    /// Data and its class; `None` where none may be shown.
    pub(super) data: Option<(Rc<ValidSnapshot>, Freshness)>,
    /// How it came about.
    pub(super) path: AnswerPath,
}

impl Found {
    /// The state that this answer is counted as, as far as the data goes.
    pub(super) fn state(&self) -> State {
        let Some((_, class)) = &self.data else {
            return State::Unavailable;
        };
        match (class, self.path.via()) {
            // Whatever its class, this is an outage that an operator should see.
            (_, Some(Via::LastGood)) => State::LastGood,
            (Freshness::Stale, _) => State::Stale,
            (Freshness::Aging, _) => State::Aging,
            (Freshness::Fresh, Some(Via::Origin { .. })) => State::Origin,
            (Freshness::Fresh, Some(Via::BybitDirect)) => State::Direct,
            (Freshness::Fresh, Some(Via::Secondary(_))) => State::Secondary,
            (Freshness::Fresh, Some(Via::EdgeCache)) => State::ColoCache,
            (Freshness::Fresh, None) => State::Hit,
        }
    }
}

/// What is to be done now.
pub(super) enum Step {
    /// Answer with this.
    Found(Found),
    /// Wait for the shared refresh, for this reason.
    Wait(Forward, WaitFor),
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitFor {
    /// Anything that may be shown.
    Data,
    /// Younger data than what may be shown already, which is of this class.
    Younger(Freshness),
}

/// One request's way to its data.
pub(super) struct Acquisition {
    started: UnixMs,
    waited: Option<(Forward, Wait)>,
    waits_left: u8,
    takes_what_is_held: bool,
}

impl Acquisition {
    pub(super) fn new(started: UnixMs) -> Self {
        Self {
            started,
            waited: None,
            waits_left: MAX_WAITS,
            takes_what_is_held: false,
        }
    }

    /// Decides by what is held now. Where the policy says that a refresh should follow the answer,
    /// it is started.
    pub(super) fn next(
        &mut self,
        context: &Context,
        deployment: &Rc<Deployment>,
        client: &ClientRequest,
    ) -> Step {
        let now = clock::now();
        let held = memory::snapshot();
        let as_of = held.as_ref().map(|held| held.get().as_of_ms);
        // A request that has waited long enough takes what there is, as after a failure.
        let is_over = self.waits_left == 0 || self.left_ms(now) == 0;
        let refresh = if is_over {
            Refresh::Failed
        } else {
            refresh::state(now)
        };
        let class = match policy::decide(as_of, now, &deployment.config.limits, refresh) {
            Decision::WaitForRefresh => {
                return Step::Wait(refresh::why_forward(as_of), WaitFor::Data);
            }
            Decision::WaitBriefly(class)
                if self.brief_left_ms(&deployment.config, class, now) > 0 =>
            {
                return Step::Wait(refresh::why_forward(as_of), WaitFor::Younger(class));
            }
            Decision::Serve(class) => Some(class),
            // The wait is over or disabled: stale-while-revalidate.
            Decision::WaitBriefly(class) => {
                refresh::start(context, deployment, client.id());
                Some(class)
            }
            Decision::LastKnownGood => Some(Freshness::Stale),
            Decision::Unavailable => None,
        };
        let path = self.path(class);
        Step::Found(Found {
            data: held.zip(class),
            path,
        })
    }

    /// Waits for the shared refresh, but not past this request's own deadline.
    pub(super) async fn wait(
        &mut self,
        context: &Context,
        deployment: &Rc<Deployment>,
        client: &ClientRequest,
        (reason, wait_for): (Forward, WaitFor),
    ) {
        let now = clock::now();
        let millis = match wait_for {
            WaitFor::Data => self.left_ms(now),
            WaitFor::Younger(class) => self.brief_left_ms(&deployment.config, class, now),
        };
        let wait = refresh::wait(context, deployment, client.id(), millis).await;
        self.waits_left = self.waits_left.saturating_sub(1);
        // The first reason is reported: it is why this request was not answered at once.
        let (reason, wait) = self.waited.map_or((reason, wait), |(reason, before)| {
            (reason, before.and_then(wait))
        });
        self.waited = Some((reason, wait));
    }

    /// From here on the request does not wait for younger data than what may be shown.
    pub(super) const fn take_what_is_held(&mut self) {
        self.takes_what_is_held = true;
    }

    fn brief_left_ms(&self, config: &Config, class: Freshness, now: UnixMs) -> u64 {
        if self.takes_what_is_held {
            return 0;
        }
        let most_ms = if class == Freshness::Fresh {
            DEADLINES.refresh_wait_ms
        } else {
            DEADLINES.total_ms
        };
        config
            .first_wait_ms
            // The operator's limit or the class's, whichever ends first.
            .min(most_ms)
            .saturating_sub(now.millis_since(self.started))
    }

    fn left_ms(&self, now: UnixMs) -> u64 {
        DEADLINES
            .total_ms
            .saturating_sub(now.millis_since(self.started))
    }

    fn path(&self, class: Option<Freshness>) -> AnswerPath {
        let is_servable = matches!(class, Some(Freshness::Fresh | Freshness::Aging));
        let Some((reason, wait)) = self.waited else {
            // What is not servable is explained by the refresh that failed before.
            return AnswerPath::Held {
                after: refresh::last().filter(|_| !is_servable),
            };
        };
        // An earlier report says nothing about the refresh that this request waited for.
        match refresh::last().filter(|report| report.generation >= wait.generation) {
            // The colo's cache had something to serve before the refresh was over.
            None if is_servable => AnswerPath::Held { after: None },
            report => AnswerPath::Waited {
                reason,
                role: wait.role,
                report,
            },
        }
    }
}
