//! The ticker table: fetched at the pace of the market, each table made into a publication at once.
//!
//! Order in each turn: a pass from the gate → fetch → round on a blocking thread → publish → sleep
//! for the rest of the interval. This task is the only one that runs rounds and the only writer of
//! collected publications.
//!
//! Invariants: what was published stays when a table fails, is rejected or is no newer. Each pass
//! is settled at the gate, whatever became of the table.

use super::expectation::Expectation;
use super::inputs::{Gate, Monitored, Pass, SHORTEST_WAIT, Shelf};
use super::known::Known;
use super::round::{Outcome, Round, RoundError, TickerTable};
use super::stream::{Streamed, StreamedTickers, audit};
use crate::context::Context;
use crate::status::OK;
use crate::supervise::Pulse;
use crate::upstream::{Fetched, Pauses, Upstream, UpstreamError};
use shared::exchange::bybit;
use shared::freshness::is_from_the_future;
use shared::provenance::Feed;
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

const NAME: &str = "bybit_tickers";

/// Why a table is not served, where no error says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableOutcome {
    /// The list of contracts is not known yet.
    WaitingForInstruments,
    /// The table is no newer than the one before: the venue's clock stands still.
    Frozen,
    /// The venue's clock advances and no price moves: the prices are as old as the last move.
    MarketStill,
    /// The round panicked.
    Panicked,
    /// No snapshot could be made of it.
    Rejected,
}

impl TableOutcome {
    shared::labels! {
        /// A label for metrics and the last outcome.
        pub const fn label(self) {
            Self::WaitingForInstruments => "waiting_for_instruments",
            Self::Frozen => "not_newer",
            Self::MarketStill => "market_still",
            Self::Panicked => "panic",
            Self::Rejected => "rejected",
        }
    }
}

/// How long the choice of monitored contracts lasts. At every round, contracts at the edge of the
/// list would come and go, and each would be loaded from nothing.
const CHOICE_LASTS: Duration = Duration::from_secs(300);

/// How often a fetched table checks the streamed one.
const AUDIT_EACH: Duration = Duration::from_secs(10);

/// Longer than a fetch and a round may take; after it the supervisor counts the task as stalled.
const LONGEST_ROUND: Duration = Duration::from_secs(15);

/// The longest backoff where the exchange states none.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// The longest stated pause that is obeyed. A maintenance page may announce an hour and be gone
/// after ten seconds, and clients wait for this table.
const MAX_STATED_PAUSE: Duration = Duration::from_secs(60);

/// How often tables come.
#[derive(Clone, Copy, Debug)]
pub(super) struct TickerPace {
    /// Between two fetches while no stream shows the market.
    pub(super) fetches: Duration,
    /// Between two publications of the streamed table; `None` without streams.
    pub(super) rounds: Option<Duration>,
}

/// Publishes what is streamed, and fetches what is not. Never returns.
pub(super) async fn run(
    context: Context,
    upstream: Upstream,
    feeds: Feeds,
    pace: TickerPace,
    pulse: Pulse,
) {
    let mut collector = Collector {
        context,
        feeds,
        expectation: Expectation::default(),
        failures: 0,
        told: None,
        chosen: None,
    };
    let interval = pace.fetches;
    let mut universe = collector.feeds.known.universe.subscribe();
    let mut next_fetch = Instant::now();
    let mut rounds = pace.rounds.map(beat);
    let mut was_streamed = false;
    // When the fetch after an audit would have been due without a stream.
    let mut due_without_stream: Option<Instant> = None;
    // The last table, for a list of contracts that arrives after it.
    let mut waiting: Option<(Fetched, Pass)> = None;
    loop {
        pulse.expect_within(
            next_fetch
                .saturating_duration_since(Instant::now())
                .saturating_add(LONGEST_ROUND),
        );
        tokio::select! {
            () = next(rounds.as_mut()) => {
                let now = Instant::now();
                let is_published = match collector.streamed(now).await {
                    Some(streamed) => {
                        let table = TickerTable::Streamed(streamed);
                        collector.publish(table, None, interval).await.is_ok()
                    }
                    None => false,
                };
                let is_lost = was_streamed && !is_published;
                if is_lost || collector.feeds.streamed.wants_an_audit(now) {
                    // Lost since the round before, or refused: a fetched table takes its place at
                    // once. Begun: a fetched table has to agree first.
                    next_fetch = now;
                }
                was_streamed = is_published;
                // A stream that showed the market at the audit and does not now, perhaps because the
                // machine is too busy to read it, must not stretch the pace of the fetches.
                if !is_published && let Some(due) = due_without_stream.take() {
                    next_fetch = next_fetch.min(due);
                }
            }
            () = sleep_until(next_fetch) => {
                // A ban or a rate limit is of the whole address, so a pause that another request
                // caused delays this one too.
                let started = Instant::now();
                due_without_stream = None;
                let Some(pass) = collector.feeds.gate.pass_table(started) else {
                    next_fetch = started + collector.feeds.gate.paused(started).max(SHORTEST_WAIT);
                    continue;
                };
                match upstream.get(bybit::TICKERS).await {
                    Ok(tickers) if rounds.is_some() && collector.checks(&tickers).await => {
                        collector.answered(Some(pass));
                        next_fetch = started + AUDIT_EACH;
                        due_without_stream = Some(started + interval);
                    }
                    Ok(tickers) => {
                        let table = TickerTable::Fetched(tickers.clone());
                        let outcome = collector.publish(table, Some(pass), interval).await;
                        let pause = outcome.err().unwrap_or(interval);
                        waiting = Some((tickers, pass));
                        // Counted from the beginning of the fetch: a slow answer does not slow the
                        // pace down.
                        next_fetch = started + pause;
                    }
                    // Counted from the failure: a timeout already lasted longer than the interval.
                    Err(error) => next_fetch = Instant::now() + collector.failed(&error.into(), pass, interval),
                }
            }
            // At the start the list may come after the first table. That table is used at once
            // then, instead of waiting an interval.
            Ok(()) = universe.changed() => {
                if collector.context.current.get().is_none()
                    && let Some((tickers, pass)) = waiting.take()
                {
                    // The next fetch is due as before, whatever became of this one.
                    let _ = collector.publish(TickerTable::Fetched(tickers), Some(pass), interval).await;
                }
            }
        }
    }
}

/// The beat of the rounds, the first after one period. A machine that slept does not make up for the
/// rounds that it missed.
fn beat(period: Duration) -> Interval {
    let mut beat = interval_at(Instant::now() + period, period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    beat
}

/// Waits for the next round; for ever without streams.
async fn next(rounds: Option<&mut Interval>) {
    match rounds {
        Some(rounds) => {
            rounds.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Runs what takes CPU on a blocking thread. A panic there gives nothing, and the task goes on with a
/// fetched table.
async fn off_thread<T: Send + 'static>(
    compute: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    let found = tokio::task::spawn_blocking(compute).await;
    found.unwrap_or_else(|panic| {
        tracing::error!(%panic, "reading the streamed table panicked");
        None
    })
}

/// What the other collectors provide, and the list of contracts that this one gives to the
/// scheduler of inputs.
#[derive(Clone)]
pub(super) struct Feeds {
    pub(super) known: Known,
    pub(super) shelf: Arc<Shelf>,
    pub(super) gate: Arc<Gate>,
    pub(super) monitored: watch::Sender<Vec<Monitored>>,
    pub(super) streamed: StreamedTickers,
}

struct Collector {
    context: Context,
    feeds: Feeds,
    expectation: Expectation,
    failures: u32,
    /// When the monitored contracts were chosen, and the clock's count of changes at that time.
    chosen: Option<(Instant, u64)>,
    /// The venue's time of the last table that was no newer than what is published.
    told: Option<UnixMs>,
}

impl Collector {
    /// Compares a fetched table with the streamed one. Returns whether the stream shows the market,
    /// so that the fetched table is not needed for anything else.
    async fn checks(&self, fetched: &Fetched) -> bool {
        let (streamed, body) = (self.feeds.streamed.clone(), fetched.body.clone());
        let compare = move || Some(audit(&streamed, &bybit::tickers::parse(&body).ok()?));
        // Milliseconds of CPU, as a round.
        let Some(outcome) = off_thread(compare).await else {
            // The round names what is wrong with it.
            return false;
        };
        if let Some(divergence) = outcome.divergence {
            self.context.metrics.stream_divergence(divergence);
        }
        if outcome.silent > 0 || !outcome.is_trusted {
            tracing::warn!(?outcome, "the streamed table is not what a request brings");
        }
        self.feeds.streamed.is_live(Instant::now())
    }

    /// The streamed table, if the stream shows the market at `now`.
    async fn streamed(&self, now: Instant) -> Option<Streamed> {
        let streamed = self.feeds.streamed.clone();
        // Hundreds of rows are checked, which takes milliseconds of CPU, as a round does.
        off_thread(move || streamed.table(now)).await
    }

    /// Settles the pass of a request that brought a table.
    fn answered(&mut self, pass: Option<Pass>) {
        self.settle(pass);
        if pass.is_some() {
            self.failures = 0;
            self.context.metrics.upstream_answered(NAME);
        }
    }

    /// Settles the pass of a request that was answered, whatever with.
    fn settle(&self, pass: Option<Pass>) {
        if let Some(pass) = pass {
            self.feeds.gate.answered(pass, Instant::now());
        }
    }

    /// Makes a publication of a table. `pass` is that of the request that brought it, if one did.
    ///
    /// # Errors
    /// The time from the beginning of this fetch to the next, when no snapshot could be made of the
    /// table.
    async fn publish(
        &mut self,
        tickers: TickerTable,
        pass: Option<Pass>,
        interval: Duration,
    ) -> Result<(), Duration> {
        let universe = self.feeds.known.universe.borrow().clone();
        // Without the list it is not known which rows count, so nothing is published.
        let Some(universe) = universe else {
            self.answered(pass);
            self.context
                .board
                .record(NAME, TableOutcome::WaitingForInstruments.label(), None);
            return Err(interval);
        };
        let now = self.context.clock.now();
        let round = Round {
            tickers,
            universe,
            global_market: self.feeds.known.global_market.borrow().clone(),
            defi_market: self.feeds.known.defi_market.borrow().clone(),
            fear_greed: self.feeds.known.fear_greed.borrow().clone(),
            inputs: self.feeds.shelf.all(),
            liquidations: self.feeds.known.liquidations.clone(),
            interest: self.feeds.known.interest.clone(),
            analyst: Arc::clone(&self.feeds.known.analyst),
            judge: Arc::clone(&self.feeds.known.judge),
            sequence: self.context.current.next_sequence(now),
            now,
            baseline: self.baseline(now, Instant::now()),
            settings: self.context.settings,
            limits: self.context.limits,
            demand: self.context.current.demand(),
        };
        // Milliseconds of CPU: on an async thread they would delay every answer to a client.
        match tokio::task::spawn_blocking(move || round.run()).await {
            // The pass is settled after the round: a body may turn out to be a refusal by the
            // exchange, which only parsing shows.
            Ok(Ok(outcome)) => {
                self.answered(pass);
                self.succeeded(outcome);
                Ok(())
            }
            Ok(Err(error)) => Err(self.rejected(&error, pass, interval)),
            Err(panic) => {
                self.settle(pass);
                // The next table may be another, so the task goes on instead of being restarted.
                tracing::error!(%panic, "a round panicked");
                self.context
                    .metrics
                    .rejection(TableOutcome::Panicked.label());
                Err(interval)
            }
        }
    }

    /// How many contracts the next table should have. Before this process has admitted any, the
    /// publication of another process tells; not when it is too old to be served.
    fn baseline(&self, now: UnixMs, instant: Instant) -> Baseline {
        let limits = &self.context.limits;
        let published = || {
            // Tables have agreed on a smaller market for so long that it is believed. The published
            // count would refuse it again.
            if self.expectation.is_forgotten(instant) {
                return None;
            }
            let held = self.context.current.get()?;
            let snapshot = held.valid().get();
            let is_servable = limits.classify(snapshot.as_of_ms, now).is_some();
            if is_servable {
                Baseline::after(snapshot).expected
            } else {
                None
            }
        };
        let expected = self
            .expectation
            .baseline(instant, limits)
            .expected
            .or_else(published);
        Baseline { expected }
    }

    fn succeeded(&mut self, outcome: Outcome) {
        for (symbol, reason) in &outcome.refused {
            self.context.metrics.row_refused(reason.label());
            tracing::debug!(symbol, %reason, "a row is not used");
        }
        for (symbol, figure, oddity) in &outcome.odd {
            self.context
                .metrics
                .field_refused(figure.label(), oddity.label());
            tracing::debug!(
                symbol,
                figure = figure.label(),
                oddity = oddity.label(),
                "a figure is not used"
            );
        }
        self.context.metrics.market_still(outcome.still_ms);
        let snapshot = outcome.publication.valid().get();
        let (as_of_ms, priced, source) = (
            snapshot.as_of_ms,
            snapshot.coverage.priced,
            snapshot.tickers_source,
        );
        // Read after the round: another process's publication may have been taken up meanwhile.
        let (held, now) = (self.context.current.get(), self.context.clock.now());
        // A publication from the future says nothing about whether this table stands still, and
        // would make every table look frozen.
        let held = held
            .map(|held| held.valid().get().as_of_ms)
            .filter(|held| !is_from_the_future(*held, now));
        if held.is_some_and(|held| held >= as_of_ms) {
            // Two causes, two alerts: a venue that is down, and one whose market is halted.
            let clock_goes_on = self.told.is_none_or(|before| before < outcome.told);
            let still = if clock_goes_on && outcome.still_ms > 0 {
                TableOutcome::MarketStill
            } else {
                TableOutcome::Frozen
            };
            self.told = Some(outcome.told);
            self.context.metrics.rejection(still.label());
            if self.context.board.record(NAME, still.label(), None) {
                tracing::warn!(upstream = NAME, %as_of_ms, outcome = still.label(), "nothing newer comes");
            }
            return;
        }
        // Before the offer, which takes the publication.
        self.choose_monitored(outcome.publication.valid());
        self.context.metrics.published(outcome.publication.valid());
        self.context.current.offer(outcome.publication, now);
        self.expectation
            .record(priced, Instant::now(), &self.context.limits);
        if self.context.board.record(NAME, OK, Some(as_of_ms)) {
            tracing::info!(upstream = NAME, %source, priced, "answers");
            if source.feed != Feed::Live {
                tracing::warn!(%source, "THIS IS NOT THE REAL MARKET: everything served says so");
            }
        }
    }

    /// Chooses the contracts whose inputs are loaded.
    fn choose_monitored(&mut self, valid: &ValidSnapshot) {
        // After a suspension, in which the timer stood still, the choice may be hours old.
        let changes = *self.context.clock.changes().borrow();
        if self
            .chosen
            .is_some_and(|(at, before)| at.elapsed() < CHOICE_LASTS && before == changes)
        {
            return;
        }
        self.chosen = Some((Instant::now(), changes));
        let monitored = Monitored::of(valid.get());
        // An unchanged list must not wake the scheduler.
        self.feeds.monitored.send_if_modified(|before| {
            let changed = *before != monitored;
            *before = monitored;
            changed
        });
    }

    /// An answer came and is no snapshot. What was published stays. Returns the interval to the
    /// next fetch.
    fn rejected(&mut self, error: &RoundError, pass: Option<Pass>, interval: Duration) -> Duration {
        // A body that cannot be parsed may be a refusal by the exchange, which has its own pause.
        if let (RoundError::Parse(error), Some(pass)) = (error, pass) {
            return self.failed(&error.clone().into(), pass, interval);
        }
        self.settle(pass);
        if let Some(found) = error.too_few_contracts() {
            // Counts towards believing a market that has really shrunk.
            self.expectation.too_few(found, Instant::now());
        }
        if pass.is_some() {
            self.context.metrics.upstream_rejected(NAME);
        }
        let labels = error.labels();
        for label in &labels {
            self.context.metrics.rejection(label);
        }
        if self.context.board.record(
            NAME,
            labels
                .first()
                .copied()
                .unwrap_or(TableOutcome::Rejected.label()),
            None,
        ) {
            tracing::warn!(upstream = NAME, %error, "a snapshot was not admitted; the one before stays");
        }
        interval
    }

    /// Counts and logs a failure. Returns the backoff.
    fn failed(&mut self, error: &UpstreamError, pass: Pass, interval: Duration) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let label = error.label();
        self.context.metrics.upstream_failed(NAME, error);
        self.feeds.streamed.without_a_table();
        let is_streamed = self.feeds.streamed.is_live(Instant::now());
        if !is_streamed {
            // Without an answer nothing is known about the market. `UpstreamFails` and
            // `UpstreamNotReached` report the failure, and the still market's alert must not add to
            // them.
            self.context.metrics.market_still(0);
        }
        let pauses = Pauses {
            first: interval,
            most: MAX_PAUSE,
            most_stated: MAX_STATED_PAUSE,
        };
        let pause = self
            .feeds
            .gate
            .failed(pass, Instant::now(), error, self.failures, pauses);
        // The board says how the table fares, which the stream brings all the same.
        if !is_streamed && self.context.board.record(NAME, &label, None) {
            tracing::warn!(upstream = NAME, %error, next_try_in = ?pause, "does not answer with data");
        }
        pause
    }
}
