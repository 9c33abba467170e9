//! Carries out the steps of a search: every call runs beside the others, and the search says when
//! the next one begins. The only decisions here are about what is running: what is aborted, and
//! what may still end later.

use super::exchange_call::ExchangeCall;
use super::outcome::{CallOutcome, Found, UniverseTask};
use super::report::Via;
use super::search::{Search, SearchReport};
use super::{
    background::Background, calls, colo_ledger, direct_call, flight, health, origin_call,
    secondary_call,
};
use crate::deployment::Deployment;
use crate::policy::{Available, DEADLINES, PerUpstream, ShownVenue, Step, Upstream};
use crate::upstream::{Health, Purpose};
use crate::{cache, clock, last_good, memory};
use shared::exchange::secondary::Secondary;
use shared::headers::request_id::RequestId;
use shared::provenance::Venue;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// A call under way. Dropping it aborts the request.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = CallOutcome> + 'a>>;

/// What a run of the search ends with.
pub(super) struct Ended<'a> {
    pub(super) report: SearchReport,
    /// What other isolates do not have yet.
    pub(super) keep: Option<Rc<ValidSnapshot>>,
    /// What is to be done about the list of contracts.
    pub(super) universe: UniverseTask,
    /// The origin's call, when it was still running at the end.
    pub(super) late: Option<Running<'a>>,
}

impl Ended<'_> {
    fn without_data(report: SearchReport) -> Self {
        Self {
            report,
            keep: None,
            universe: UniverseTask::Nothing,
            late: None,
        }
    }
}

/// A search and its calls under way.
pub(super) struct Run<'a> {
    generation: u64,
    deployment: &'a Deployment,
    request_id: &'a RequestId,
    background: &'a Background,
    search: Search,
    running: PerUpstream<Option<(UnixMs, Running<'a>)>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        generation: u64,
        deployment: &'a Deployment,
        request_id: &'a RequestId,
        background: &'a Background,
    ) -> Self {
        let config = &deployment.config;
        let search = Search::begin(
            held_as_of(),
            shown_venue(deployment),
            clock::now(),
            config.limits,
            config.deadlines,
            Available {
                origin: config.origin_url.is_some(),
                okx: config.okx_base_url.is_some(),
                binance: config.binance_base_url.is_some(),
                last_good: deployment.last_good.is_some(),
            },
        );
        Self {
            generation,
            deployment,
            request_id,
            background,
            search,
            running: PerUpstream::default(),
        }
    }

    /// Carries out step after step until the search is over.
    pub(super) async fn drive(mut self) -> Ended<'a> {
        loop {
            let now = clock::now();
            match self.search.next(held_as_of(), now) {
                Step::ReadCache => self.read_cache().await,
                Step::UseCached => {
                    return Ended::without_data(self.search.report(Some(Via::EdgeCache)));
                }
                Step::Call(upstream) => self.call(upstream, now),
                Step::WaitUntil(until) => self.wait(until.millis_since(now)).await,
                Step::Use(upstream) => return self.use_answer(upstream),
                Step::ReadLastGood => self.read_last_good().await,
                Step::GiveUp => return self.give_up(),
            }
        }
    }

    async fn read_cache(&mut self) {
        let began = clock::now();
        let mut helped = false;
        if let Some(found) = cache::snapshot().await {
            helped = memory::offer(Rc::new(found), &self.deployment.config.limits);
        } else {
            // Another isolate may have noted that every source failed. Both reads share one
            // deadline: a cache that hung once is not read again.
            let left_ms = DEADLINES
                .cache_ms
                .saturating_sub(clock::now().millis_since(began));
            clock::within(left_ms, colo_ledger::read()).await;
        }
        let now = clock::now();
        let may_wake = self.search.cache_read(
            held_as_of(),
            shown_venue(self.deployment),
            helped,
            colo_ledger::failure(now),
            now,
        );
        if may_wake {
            // Waiters can be answered by what the colo held; the search goes on without them.
            flight::wake(self.generation);
        }
    }

    fn call(&mut self, upstream: Upstream, now: UnixMs) {
        let config = &self.deployment.config;
        let timeout_ms = self.search.timeout_ms(upstream, now);
        // What is held when the call begins: the answer is compared with it and carries sections
        // over.
        let held = memory::snapshot();
        let call: Option<Running<'a>> = match upstream {
            Upstream::Origin => {
                if let Err(denied) = calls::of(upstream).admit(now) {
                    let outcome = CallOutcome::denied(upstream.name(), denied);
                    return self.ended(upstream, outcome);
                }
                let request_id = self.request_id;
                config.origin_url.as_deref().map(|base| -> Running<'a> {
                    Box::pin(origin_call::run(config, base, held, request_id, timeout_ms))
                })
            }
            Upstream::Bybit => {
                let call = self.exchange_call(held, timeout_ms);
                if self.running.get(Upstream::Origin).is_some() {
                    self.search.hedge_began(Rc::clone(&call.is_sent));
                }
                Some(Box::pin(direct_call::run(call)))
            }
            Upstream::Okx => self.secondary(Secondary::Okx, held, timeout_ms),
            Upstream::Binance => self.secondary(Secondary::Binance, held, timeout_ms),
        };
        match call {
            Some(call) => {
                // Not polled yet: the call makes its first step in the next wait.
                self.search.began(upstream, now);
                *self.running.get_mut(upstream) = Some((now, call));
            }
            None => self.search.has_no_address(upstream),
        }
    }

    fn secondary(
        &self,
        secondary: Secondary,
        held: Option<Rc<ValidSnapshot>>,
        timeout_ms: u64,
    ) -> Option<Running<'a>> {
        let config = &self.deployment.config;
        let base = match secondary {
            Secondary::Okx => config.okx_base_url.as_deref(),
            Secondary::Binance => config.binance_base_url.as_deref(),
        }?;
        let call = self.exchange_call(held, timeout_ms);
        Some(Box::pin(secondary_call::run(secondary, base, call)))
    }

    fn exchange_call(&self, held: Option<Rc<ValidSnapshot>>, timeout_ms: u64) -> ExchangeCall<'a> {
        ExchangeCall {
            deployment: self.deployment,
            background: self.background,
            held,
            reason: self.search.fallback_reason(),
            timeout_ms,
            purpose: Purpose::Show,
            is_sent: Rc::default(),
            request_id: Some(self.request_id),
        }
    }

    /// Waits for the next answer, or until the time is over. Of answers that are there together all
    /// are taken, so that the preferred one is used.
    async fn wait(&mut self, millis: u64) {
        let running = &mut self.running;
        let answers = poll_fn(|context| {
            // Polled in the order of preference; a call that ended must not be polled again.
            let mut answers = Vec::new();
            for upstream in Upstream::ALL {
                let slot = running.get_mut(upstream);
                if let Some((_, call)) = slot
                    && let Poll::Ready(outcome) = call.as_mut().poll(context)
                {
                    *slot = None;
                    answers.push((upstream, outcome));
                }
            }
            if answers.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(answers)
            }
        });
        for (upstream, outcome) in clock::within(millis, answers).await.into_iter().flatten() {
            self.ended(upstream, outcome);
        }
    }

    fn ended(&mut self, upstream: Upstream, outcome: CallOutcome) {
        if let Some(candidate) = self.search.ended(upstream, outcome) {
            // Old data is better than older data, whatever the others bring.
            memory::offer(candidate, &self.deployment.config.limits);
        }
    }

    async fn read_last_good(&mut self) {
        self.search.last_good_began();
        let deployment = self.deployment;
        if let Some(store) = &deployment.last_good {
            // What is still running is over its time, and a client would wait for both.
            self.cancel(|_| true);
            let (found, attempt) = last_good::read(store).await;
            let helped =
                found.is_some_and(|found| memory::offer(Rc::new(found), &deployment.config.limits));
            self.search.last_good_read(attempt, helped);
        }
    }

    fn use_answer(mut self, upstream: Upstream) -> Ended<'a> {
        let found = self.search.take(upstream);
        let late = self.running.get_mut(Upstream::Origin).take();
        if let Some((since, _)) = &late {
            self.search
                .timed_out(Upstream::Origin, *since, clock::now());
        }
        // A preferred upstream that has not answered by now timed out. One that is less preferred
        // did not fail: it is dropped with `self`, which aborts its request.
        self.cancel(|running| running < upstream);
        let Some(Found {
            via,
            snapshot,
            universe,
        }) = found
        else {
            return Ended::without_data(self.search.report(None));
        };
        if let (Via::Secondary(_), Some(usual)) = (&via, memory::universe(Venue::Bybit)) {
            // The new snapshot is of another venue and holds that one's list, so Bybit's is kept
            // apart from the snapshot that it replaces.
            memory::keep_universe(usual);
        }
        let limits = &self.deployment.config.limits;
        // Memory refuses it if a better one came in meanwhile; then the colo has no use for it
        // either.
        let is_taken = memory::offer(Rc::clone(&snapshot), limits);
        Ended {
            report: self.search.report(Some(via)),
            keep: is_taken.then_some(snapshot),
            universe,
            late: late.map(|(_, call)| call),
        }
    }

    /// Aborts calls that were silent for too long, which counts as their failure.
    fn cancel(&mut self, is_cancelled: impl Fn(Upstream) -> bool) {
        for upstream in Upstream::ALL {
            if is_cancelled(upstream)
                && let Some((since, _)) = self.running.get_mut(upstream).take()
            {
                self.search.timed_out(upstream, since, clock::now());
                health::note(upstream, Health::Fails, None);
            }
        }
    }

    fn give_up(mut self) -> Ended<'a> {
        self.cancel(|_| true);
        let now = clock::now();
        // Isolates that hold nothing read this before they call the sources that just failed.
        if let Some(failure) = self.search.shared_failure(now) {
            colo_ledger::note_failure(failure, self.background);
        }
        let via = self.search.via_of_held(held_as_of(), now);
        Ended::without_data(self.search.report(via))
    }
}

/// The market that clients are shown, for venue hysteresis. Where another Worker owns the route to
/// the exchanges, that one keeps to its own.
fn shown_venue(deployment: &Deployment) -> Option<ShownVenue> {
    memory::shown_venue().filter(|_| deployment.direct.is_none())
}

fn held_as_of() -> Option<UnixMs> {
    memory::snapshot().map(|held| held.get().as_of_ms)
}
