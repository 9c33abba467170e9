//! The ticker table: fetched at the pace of the market, each table made into a publication at once.

use super::expectation::Expectation;
use super::round::{Outcome, Round, RoundError};
use super::{Context, Known};
use crate::clock;
use crate::status::OK;
use crate::upstream::{Fetched, Upstream, UpstreamError, pause};
use shared::exchange::bybit;
use shared::provenance::Feed;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

const NAME: &str = "bybit_tickers";

/// The outcome of a table that is as old as the one before: the venue's clock stands still.
const FROZEN: &str = "not_newer";

/// The longest pause after failures that do not state their own.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Fetches and publishes for ever.
pub(super) async fn run(context: Context, upstream: Upstream, known: Known, interval: Duration) {
    let mut collector = Collector { context, known, expectation: Expectation::default(), failures: 0 };
    let mut universe = collector.known.universe.subscribe();
    let mut next_fetch = Instant::now();
    let mut waiting: Option<Fetched> = None;
    loop {
        tokio::select! {
            () = sleep_until(next_fetch) => {
                let started = Instant::now();
                match upstream.get(bybit::TICKERS).await {
                    Ok(tickers) => {
                        let pause = collector.publish(&tickers, interval).await;
                        waiting = Some(tickers);
                        next_fetch = started + pause;
                    }
                    Err(error) => next_fetch = Instant::now() + collector.failed(&error.into(), interval),
                }
            }
            // At the start either may come first. Tickers that came before the first list are used the moment it is there.
            Ok(()) = universe.changed() => {
                if collector.context.current.get().is_none()
                    && let Some(tickers) = waiting.take()
                {
                    collector.publish(&tickers, interval).await;
                }
            }
        }
    }
}

struct Collector {
    context: Context,
    known: Known,
    expectation: Expectation,
    failures: u32,
}

impl Collector {
    /// Makes a publication of a table; says how long to wait from the beginning of its fetch.
    async fn publish(&mut self, tickers: &Fetched, interval: Duration) -> Duration {
        let Some(universe) = self.known.universe.borrow().clone() else {
            self.context.metrics.upstream_request(NAME, OK);
            self.context.board.record(NAME, "waiting_for_instruments", None);
            return interval;
        };
        let now = clock::now();
        let round = Round {
            tickers: tickers.clone(),
            universe,
            global_market: self.known.global_market.borrow().clone(),
            defi_market: self.known.defi_market.borrow().clone(),
            fear_greed: self.known.fear_greed.borrow().clone(),
            sequence: self.context.current.next_sequence(now),
            now,
            baseline: self.expectation.baseline(now, &self.context.limits),
            settings: self.context.settings,
        };
        match tokio::task::spawn_blocking(move || round.run()).await {
            Ok(Ok(outcome)) => {
                self.succeeded(outcome);
                interval
            }
            Ok(Err(error)) => self.rejected(error, interval),
            Err(panic) => {
                tracing::error!(%panic, "a round panicked");
                self.context.metrics.rejection("panic");
                interval
            }
        }
    }

    fn succeeded(&mut self, outcome: Outcome) {
        for (symbol, reason) in &outcome.refused {
            self.context.metrics.row_refused(reason.label());
            tracing::debug!(symbol, %reason, "a row is not used");
        }
        self.failures = 0;
        self.context.metrics.upstream_request(NAME, OK);
        let snapshot = outcome.publication.valid().get();
        let (as_of_ms, priced, source) = (snapshot.as_of_ms, snapshot.coverage.priced, snapshot.tickers_source);
        let held = self.context.current.get();
        let is_newer = held.is_none_or(|held| held.valid().get().as_of_ms < as_of_ms);
        if !is_newer {
            self.context.metrics.rejection(FROZEN);
            if self.context.board.record(NAME, FROZEN, None) {
                tracing::warn!(upstream = NAME, %as_of_ms, "the venue's clock stands still");
            }
            return;
        }
        self.context.metrics.published(outcome.publication.valid());
        self.context.current.offer(outcome.publication);
        self.expectation.record(priced, clock::now());
        if self.context.board.record(NAME, OK, Some(as_of_ms)) {
            tracing::info!(upstream = NAME, %source, priced, "answers");
            if source.feed != Feed::Live {
                tracing::warn!(%source, "THIS IS NOT THE REAL MARKET: everything served says so");
            }
        }
    }

    /// The answer came and is no snapshot: what was published before stays.
    fn rejected(&mut self, error: RoundError, interval: Duration) -> Duration {
        if let RoundError::Parse(error) = error {
            return self.failed(&error.into(), interval);
        }
        self.context.metrics.upstream_request(NAME, "rejected");
        let labels = error.labels();
        for label in &labels {
            self.context.metrics.rejection(label);
        }
        if self.context.board.record(NAME, labels.first().copied().unwrap_or("rejected"), None) {
            tracing::warn!(upstream = NAME, %error, "a snapshot was not admitted; the one before stays");
        }
        interval
    }

    fn failed(&mut self, error: &UpstreamError, interval: Duration) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let label = error.label();
        self.context.metrics.upstream_request(NAME, &label);
        let pause = pause(error, self.failures, interval, MAX_PAUSE);
        if self.context.board.record(NAME, &label, None) {
            tracing::warn!(upstream = NAME, %error, next_try_in = ?pause, "does not answer with data");
        }
        pause
    }
}
