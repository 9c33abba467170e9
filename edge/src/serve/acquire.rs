//! What a request gets: what is held, or what the shared refresh brings while the request waits.

use super::request::Named;
use crate::config::Config;
use crate::deployment::Deployment;
use crate::metrics::State;
use crate::policy::{self, DEADLINES, Decision, Refresh};
use crate::refresh::{self, Via, Wait};
use crate::respond::route::Route;
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

/// What a request gets, and how it got there.
pub(super) struct Found {
    /// Data and its mark; nothing where none may be shown.
    pub(super) data: Option<(Rc<ValidSnapshot>, Freshness)>,
    /// How it came about.
    pub(super) route: Route,
}

impl Found {
    /// The state that this answer is counted as, as far as the data goes.
    pub(super) fn state(&self) -> State {
        let Some((_, class)) = &self.data else {
            return State::Unavailable;
        };
        match (class, self.route.via()) {
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
    Wait(Forward, Patience),
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Anything that may be shown.
    Data,
    /// Younger data than what may be shown already, which is of this class.
    Younger(Freshness),
}

/// One request's way to its data.
pub(super) struct Search {
    started: UnixMs,
    waited: Option<(Forward, Wait)>,
    waits_left: u8,
    takes_what_is_held: bool,
}

impl Search {
    pub(super) fn new(started: UnixMs) -> Self {
        Self {
            started,
            waited: None,
            waits_left: MAX_WAITS,
            takes_what_is_held: false,
        }
    }

    /// Looks at what is held now, and starts a refresh where the policy says that one should follow
    /// the answer.
    pub(super) fn look(
        &mut self,
        context: &Context,
        deployment: &Rc<Deployment>,
        named: &Named,
    ) -> Step {
        let now = clock::now();
        let held = memory::snapshot();
        let as_of = held.as_ref().map(|held| held.get().as_of_ms);
        // Whoever has waited long enough takes what there is, as after a failure.
        let is_over = self.waits_left == 0 || self.left_ms(now) == 0;
        let refresh = if is_over {
            Refresh::Failed
        } else {
            refresh::state(now)
        };
        let class = match policy::decide(as_of, now, &deployment.config.limits, refresh) {
            Decision::WaitForRefresh => {
                return Step::Wait(refresh::why_forward(as_of), Patience::Data);
            }
            Decision::WaitBriefly(class)
                if self.brief_left_ms(&deployment.config, class, now) > 0 =>
            {
                return Step::Wait(refresh::why_forward(as_of), Patience::Younger(class));
            }
            Decision::Serve(class) => Some(class),
            Decision::WaitBriefly(class) => {
                refresh::start(context, deployment, named.id());
                Some(class)
            }
            Decision::LastKnownGood => Some(Freshness::Stale),
            Decision::Unavailable => None,
        };
        let route = self.route(class);
        Step::Found(Found {
            data: held.zip(class),
            route,
        })
    }

    /// Waits for the shared refresh, but not past this request's own deadline.
    pub(super) async fn wait(
        &mut self,
        context: &Context,
        deployment: &Rc<Deployment>,
        named: &Named,
        (reason, patience): (Forward, Patience),
    ) {
        let now = clock::now();
        let millis = match patience {
            Patience::Data => self.left_ms(now),
            Patience::Younger(class) => self.brief_left_ms(&deployment.config, class, now),
        };
        let wait = refresh::wait(context, deployment, named.id(), millis).await;
        self.waits_left = self.waits_left.saturating_sub(1);
        let (reason, wait) = self.waited.map_or((reason, wait), |(reason, before)| {
            (reason, before.and_then(wait))
        });
        self.waited = Some((reason, wait));
    }

    /// Waits for nothing younger than what may be shown.
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
            .min(most_ms)
            .saturating_sub(now.millis_since(self.started))
    }

    fn left_ms(&self, now: UnixMs) -> u64 {
        DEADLINES
            .total_ms
            .saturating_sub(now.millis_since(self.started))
    }

    fn route(&self, class: Option<Freshness>) -> Route {
        let is_servable = matches!(class, Some(Freshness::Fresh | Freshness::Aging));
        let Some((reason, wait)) = self.waited else {
            return Route::Held {
                after: refresh::last().filter(|_| !is_servable),
            };
        };
        match refresh::last().filter(|report| report.generation >= wait.generation) {
            // The colo's cache had something to serve before the refresh was over.
            None if is_servable => Route::Held { after: None },
            report => Route::Waited {
                reason,
                role: wait.role,
                report,
            },
        }
    }
}
