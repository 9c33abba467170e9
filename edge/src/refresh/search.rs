//! Carries out the ladder's steps: every call runs beside the others, and the ladder says when the
//! next one begins.

use super::ask::{self, AfterUse, Answered, Direct, Found, Unfound};
use super::background::Background;
use super::report::{Via, why_forward};
use super::{colo, flight};
use crate::config::Config;
use crate::policy::{
    self, DEADLINES, Decision, Ladder, Means, PerUpstream, Refresh, SharedFailure, Standing, Step,
    Upstream,
};
use crate::upstream::fetch::FetchError;
use crate::upstream::{Asked, Failed, Health, Purpose};
use crate::{cache, clock, last_good, memory};
use shared::exchange::secondary::Secondary;
use shared::freshness::Freshness;
use shared::headers::cache_status::Forward;
use shared::headers::request_id::RequestId;
use shared::provenance::Venue;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// A call under way.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Answered> + 'a>>;

/// What a search found.
pub(super) struct Searched<'a> {
    /// Why others than the colo's cache were asked.
    pub(super) forward: Forward,
    /// Where it ended.
    pub(super) via: Option<Via>,
    /// What is told of everybody who had a turn.
    pub(super) asked: Vec<Asked>,
    /// Whether Bybit was asked beside a silent origin.
    pub(super) hedged: bool,
    /// What other isolates do not have yet.
    pub(super) keep: Option<Rc<ValidSnapshot>>,
    /// What is to be done about the list of contracts.
    pub(super) universe: AfterUse,
    /// The origin, when it was still silent at the end.
    pub(super) late: Option<Running<'a>>,
}

/// A search under way.
pub(super) struct Search<'a> {
    generation: u64,
    config: &'a Config,
    request_id: &'a RequestId,
    background: &'a Background,
    ladder: Ladder,
    forward: Forward,
    running: PerUpstream<Option<(UnixMs, Running<'a>)>>,
    found: PerUpstream<Option<Found>>,
    asked: PerUpstream<Vec<Asked>>,
    /// Whether Bybit was asked beside the origin; nothing when its turn did not come then.
    hedge: Option<Rc<Cell<bool>>>,
    cache_helped: bool,
    last_good_helped: bool,
    last_good_told: Option<Asked>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        generation: u64,
        config: &'a Config,
        request_id: &'a RequestId,
        background: &'a Background,
    ) -> Self {
        let means = Means {
            origin: config.origin_url.is_some(),
            okx: config.okx_base_url.is_some(),
            binance: config.binance_base_url.is_some(),
            last_good: config.last_good.is_some(),
        };
        let held = held_as_of();
        Self {
            generation,
            config,
            request_id,
            background,
            ladder: Ladder::begin(
                held,
                standing(config),
                clock::now(),
                config.limits,
                config.deadlines,
                means,
            ),
            forward: why_forward(held),
            running: PerUpstream::default(),
            found: PerUpstream::default(),
            asked: PerUpstream::default(),
            hedge: None,
            cache_helped: false,
            last_good_helped: false,
            last_good_told: None,
        }
    }

    /// Takes step after step until there is none left.
    pub(super) async fn run(mut self) -> Searched<'a> {
        loop {
            let now = clock::now();
            match self.ladder.next(held_as_of(), now) {
                Step::LookIntoCache => self.look_into_cache().await,
                Step::TakeCached => return self.ended(Some(Via::EdgeCache)),
                Step::Ask(upstream) => self.ask(upstream, now),
                Step::WaitUntil(until) => self.wait(until.millis_since(now)).await,
                Step::Take(upstream) => return self.take(upstream),
                Step::ReadLastGood => self.read_last_good().await,
                Step::GiveUp => return self.give_up(),
            }
        }
    }

    async fn look_into_cache(&mut self) {
        let began = clock::now();
        if let Some(found) = cache::snapshot().await {
            self.cache_helped = memory::offer(Rc::new(found), &self.config.limits);
        } else {
            // Others may have found out just now that there is nothing. A cache that took all its
            // time is not asked again.
            let left_ms = DEADLINES
                .cache_ms
                .saturating_sub(clock::now().millis_since(began));
            clock::within(left_ms, colo::read()).await;
        }
        let (held, now) = (held_as_of(), clock::now());
        self.forward = why_forward(held);
        let failure = colo::failure(now);
        self.ladder
            .looked(held, standing(self.config), failure.is_some(), now);
        let told = failure.filter(|_| self.ladder.is_told_of_failure());
        for (upstream, outcome) in told.into_iter().flat_map(|failure| failure.outcomes) {
            let failed = Failed {
                message: "another isolate of this colo was told so a moment ago".to_owned(),
                outcome,
                proxy_error: None,
                received_status: None,
                as_of: None,
            };
            self.asked.get_mut(upstream).push(Asked {
                source: upstream.name(),
                failure: Some(failed),
                took_ms: None,
            });
        }
        if matches!(
            policy::decide(held, now, &self.config.limits, Refresh::Possible),
            Decision::Serve(_) | Decision::WaitBriefly(_)
        ) {
            // Who waits need not wait for the rest, or not as long.
            flight::wake(self.generation);
        }
    }

    fn ask(&mut self, upstream: Upstream, now: UnixMs) {
        let config = self.config;
        let millis = self.ladder.time_for(upstream, now);
        let held = memory::snapshot();
        let call: Running<'a> = match upstream {
            Upstream::Origin => match (
                config.origin_url.as_deref(),
                flight::calls(upstream).may_ask(now),
            ) {
                (Some(base), Ok(())) => {
                    Box::pin(ask::origin(config, base, held, self.request_id, millis))
                }
                (Some(_), Err(withheld)) => {
                    return self.note(upstream, Answered::withheld(upstream.name(), withheld));
                }
                (None, _) => return self.ladder.useless(upstream),
            },
            Upstream::Bybit => {
                let direct = self.direct(held, millis);
                self.hedge = self
                    .running
                    .get(Upstream::Origin)
                    .as_ref()
                    .map(|_| Rc::clone(&direct.called));
                Box::pin(ask::exchange(direct))
            }
            Upstream::Okx => match config.okx_base_url.as_deref() {
                Some(base) => Box::pin(ask::secondary(
                    Secondary::Okx,
                    base,
                    self.direct(held, millis),
                )),
                None => return self.ladder.useless(upstream),
            },
            Upstream::Binance => match config.binance_base_url.as_deref() {
                Some(base) => Box::pin(ask::secondary(
                    Secondary::Binance,
                    base,
                    self.direct(held, millis),
                )),
                None => return self.ladder.useless(upstream),
            },
        };
        self.ladder.asked(upstream, now);
        *self.running.get_mut(upstream) = Some((now, call));
    }

    fn direct(&self, held: Option<Rc<ValidSnapshot>>, millis: u64) -> Direct<'a> {
        let reason = self.why_not_the_origin();
        let (config, background) = (self.config, self.background);
        Direct {
            config,
            background,
            held,
            reason,
            millis,
            purpose: Purpose::Show,
            called: Rc::default(),
            request_id: Some(self.request_id),
        }
    }

    /// The reason that data from elsewhere carries. An origin that has not failed may still answer:
    /// it is slow. Whoever knows no origin is asked by somebody who does, and says the reason.
    fn why_not_the_origin(&self) -> String {
        if self.config.origin_url.is_none() {
            return policy::fallback_reason("not_asked");
        }
        let failed = self
            .asked
            .get(Upstream::Origin)
            .iter()
            .find_map(|asked| asked.failure.as_ref());
        policy::fallback_reason(failed.map_or("slow", |failed| &failed.outcome))
    }

    /// Waits for the next answer, or until the time is over. Answers that are there together are
    /// all taken up.
    async fn wait(&mut self, millis: u64) {
        let running = &mut self.running;
        let answers = poll_fn(|context| {
            let mut answers = Vec::new();
            for upstream in Upstream::ALL {
                let slot = running.get_mut(upstream);
                if let Some((_, call)) = slot
                    && let Poll::Ready(answered) = call.as_mut().poll(context)
                {
                    *slot = None;
                    answers.push((upstream, answered));
                }
            }
            if answers.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(answers)
            }
        });
        for (upstream, answered) in clock::within(millis, answers).await.into_iter().flatten() {
            self.note(upstream, answered);
        }
    }

    fn note(&mut self, upstream: Upstream, answered: Answered) {
        if answered.covers_others {
            self.ladder.useless(Upstream::Okx);
            self.ladder.useless(Upstream::Binance);
        }
        self.asked.get_mut(upstream).extend(answered.asked);
        match answered.found {
            Ok(found) => {
                self.ladder.fit(upstream);
                *self.found.get_mut(upstream) = Some(found);
            }
            Err(Unfound::Withheld) => self.ladder.withheld(upstream),
            Err(Unfound::Failed(candidate)) => {
                self.ladder.useless(upstream);
                // Old data is better than older data, whatever the others have to say.
                candidate.map(|candidate| memory::offer(candidate, &self.config.limits));
            }
        }
    }

    async fn read_last_good(&mut self) {
        self.ladder.read_last_good();
        let config = self.config;
        if let Some(store) = &config.last_good {
            // Whoever is still silent is let go first: nobody waits for both.
            self.let_go(|_| true);
            let (found, told) = last_good::read(store).await;
            self.last_good_helped =
                found.is_some_and(|found| memory::offer(Rc::new(found), &config.limits));
            self.last_good_told = Some(told);
        }
    }

    fn take(mut self, upstream: Upstream) -> Searched<'a> {
        let found = self.found.get_mut(upstream).take();
        let late = self.running.get_mut(Upstream::Origin).take();
        if let Some((since, _)) = &late {
            self.tell_silence(Upstream::Origin, *since);
        }
        // Whoever is less preferred and has not answered did not fail: it is dropped, and aborted
        // by that.
        self.let_go(|silent| silent < upstream);
        let mut searched = match found {
            Some(Found {
                via,
                snapshot,
                universe,
            }) => {
                if let (Via::Secondary(_), Some(usual)) = (&via, memory::universe(Venue::Bybit)) {
                    // The snapshot that holds the usual list makes way for one that does not.
                    memory::keep_universe(usual);
                }
                let is_taken = memory::offer(Rc::clone(&snapshot), &self.config.limits);
                Searched {
                    keep: is_taken.then_some(snapshot),
                    universe,
                    ..self.ended(Some(via))
                }
            }
            None => self.ended(None),
        };
        searched.late = late.map(|(_, call)| call);
        searched
    }

    /// Lets go of those who were silent for too long, which aborts the calls and counts as their
    /// failure.
    fn let_go(&mut self, whom: impl Fn(Upstream) -> bool) {
        for upstream in Upstream::ALL.into_iter().filter(|upstream| whom(*upstream)) {
            if let Some((since, _)) = self.running.get_mut(upstream).take() {
                self.tell_silence(upstream, since);
                ask::note_health(upstream, Health::Fails, None);
            }
        }
    }

    fn give_up(mut self) -> Searched<'a> {
        self.let_go(|_| true);
        let now = clock::now();
        // Who was only told of a failure does not tell it on: it would never end. And who waits for
        // its turn did not fail.
        if !self.ladder.is_told_of_failure() && !self.ladder.is_withheld() {
            let told = |upstream: &Upstream| {
                let failed = self
                    .asked
                    .get(*upstream)
                    .iter()
                    .find_map(|asked| asked.failure.as_ref())?;
                Some((*upstream, failed.outcome.clone()))
            };
            let outcomes = Upstream::ALL.iter().filter_map(told).collect();
            colo::note_failure(SharedFailure { at: now, outcomes }, self.background);
        }
        let via = match held_as_of().and_then(|as_of| self.config.limits.classify(as_of, now)) {
            Some(_) if self.last_good_helped => Some(Via::LastGood),
            // What a neighbour fetched is as good as if this isolate had.
            Some(Freshness::Fresh) if self.cache_helped => Some(Via::EdgeCache),
            _ => None,
        };
        self.ended(via)
    }

    fn tell_silence(&mut self, upstream: Upstream, since: UnixMs) {
        let silent_ms = clock::now().millis_since(since);
        let failed = Failed {
            outcome: FetchError::Timeout.label(),
            message: format!("silent for {silent_ms} ms, and not waited for any longer"),
            proxy_error: FetchError::Timeout.proxy_error(),
            received_status: None,
            as_of: None,
        };
        self.asked
            .get_mut(upstream)
            .push(ask::told(upstream.name(), Some(failed), since));
    }

    fn ended(mut self, via: Option<Via>) -> Searched<'a> {
        let mut asked: Vec<Asked> = Upstream::ALL
            .into_iter()
            .flat_map(|upstream| std::mem::take(self.asked.get_mut(upstream)))
            .collect();
        asked.extend(self.last_good_told.take());
        let (forward, hedged) = (self.forward, self.hedge.is_some_and(|called| called.get()));
        Searched {
            forward,
            via,
            asked,
            hedged,
            keep: None,
            universe: AfterUse::Nothing,
            late: None,
        }
    }
}

/// The market that clients were shown and are not to be sent away from. Where another Worker owns
/// the way to the exchanges that is its own affair.
fn standing(config: &Config) -> Option<Standing> {
    memory::standing().filter(|_| config.direct.is_none())
}

fn held_as_of() -> Option<UnixMs> {
    memory::snapshot().map(|held| held.get().as_of_ms)
}
