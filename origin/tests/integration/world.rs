//! The origin's collectors and the simulated exchange in one process and in one time, the
//! runtime's: where a test pauses the timer, hours pass in moments, and every pause, time limit and
//! clock on both sides agrees.

use axum::Router;
use axum::body::{Body, to_bytes};
use origin::clock::{Clock, Wall};
pub(crate) use origin::collect::Pace;
use origin::collect::{Gate, Known, Upstreams, collect};
use origin::config::BaseUrl;
use origin::context::Context;
use origin::jitter::Jitter;
use origin::metrics::Metrics;
use origin::publication::{Current, Publication};
use origin::status::StatusBoard;
use origin::upstream::{FetchError, READ_TIMEOUT, Transport, Upstream};
use shared::analysis::Settings;
use shared::freshness::{Freshness, Limits, age_ms};
use shared::provenance::Venue;
use shared::units::UnixMs;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// What to simulate, and how the origin is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) begins_at: UnixMs,
    /// How long every request takes.
    pub(crate) latency: Duration,
    pub(crate) monitored_symbols: usize,
    pub(crate) pace: Pace,
    pub(crate) requests_per_5s: usize,
    /// Requests that are never answered, by their path and query.
    pub(crate) hangs: fn(&str) -> bool,
    /// How far our clock is from the exchange's at the start, which is the true one.
    pub(crate) clock_error_ms: i64,
    /// What becomes of an answer on its way, by the path and query that were asked for.
    pub(crate) rewrites: fn(&str, UnixMs, Vec<u8>) -> Vec<u8>,
}

impl Setup {
    /// As the origin is set when nobody says otherwise, with an exchange that answers each request
    /// in 100 ms.
    pub(crate) const USUAL: Self = Self {
        // 2026-09-08 12:00:10 UTC.
        begins_at: UnixMs::from_millis(1_788_868_810_000),
        latency: Duration::from_millis(100),
        monitored_symbols: 40,
        pace: Pace {
            tickers: Duration::from_secs(2),
            rounds: Duration::from_secs(1),
            instruments: Duration::from_secs(600),
            coingecko: Duration::from_secs(600),
            fear_greed: Duration::from_secs(3_600),
        },
        requests_per_5s: 60,
        hangs: |_| false,
        clock_error_ms: 0,
        rewrites: |_, _, body| body,
    };
}

/// A request that reached the exchange.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// By the exchange's clock.
    pub(crate) at: UnixMs,
    /// Path and query.
    pub(crate) target: String,
}

impl Asked {
    pub(crate) fn is_of_bybit(&self) -> bool {
        self.target.starts_with("/v5/")
    }
}

/// What a client gets at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) as_of: UnixMs,
    pub(crate) class: Freshness,
    pub(crate) age_ms: u64,
    pub(crate) true_age_ms: u64,
}

/// An origin that runs.
pub(crate) struct World {
    pub(crate) context: Context,
    wall: Wall,
    /// The exchange's clock, which is right.
    true_time: simulator::Clock,
    exchange: Router,
    asked: Arc<Mutex<Vec<Asked>>>,
    publications: watch::Receiver<Option<Arc<Publication>>>,
}

impl World {
    /// Starts everything; call it in a runtime whose timer is paused.
    pub(crate) fn start(setup: Setup) -> Self {
        let begins_at = setup.begins_at.as_millis().cast_signed();
        let wall = Wall::beginning_at(UnixMs::from_millis(
            (begins_at + setup.clock_error_ms).cast_unsigned(),
        ));
        let clock = Clock::reading(wall.clone());
        let true_time = simulator::Clock::beginning_at(begins_at);
        let exchange = exchange(&setup, &true_time);
        let context = Context {
            current: Arc::new(Current::new()),
            metrics: Arc::new(Metrics::new()),
            board: Arc::new(StatusBoard::default()),
            settings: Settings {
                monitored_symbols: setup.monitored_symbols,
                ..Settings::DEFAULT
            },
            limits: Limits::DEFAULT,
            clock: clock.clone(),
            jitter: Jitter::seeded(1),
        };
        let asked = Arc::default();
        let transport = transport(
            &setup,
            exchange.clone(),
            true_time.clone(),
            Arc::clone(&asked),
        );
        let base: BaseUrl = "http://exchange.invalid".parse().unwrap();
        let to = |venue| Upstream::new(transport.clone(), base.clone(), venue, clock.clone());
        let upstreams = Upstreams {
            bybit: to(Venue::Bybit),
            coingecko: to(Venue::CoinGecko),
            fear_greed: to(Venue::AlternativeMe),
            // Its time is simulated, and sockets are real.
            stream: None,
        };
        let gate = Arc::new(Gate::new(
            setup.requests_per_5s,
            setup.pace.tickers,
            context.jitter.clone(),
        ));
        let publications = context.current.subscribe();
        tokio::spawn(collect(
            context.clone(),
            upstreams,
            Known::new(),
            setup.pace,
            gate,
        ));
        Self {
            context,
            wall,
            true_time,
            exchange,
            asked,
            publications,
        }
    }

    /// Sets our wall clock by so much; nothing else moves.
    pub(crate) fn set_clock(&self, by_ms: i64) {
        self.wall.set_by(by_ms);
    }

    /// The machine sleeps: true time and our wall clock go on, the timer stands still.
    pub(crate) fn sleep(&self, ms: i64) {
        self.true_time.advance(ms);
        self.wall.set_by(ms);
    }

    /// The true time.
    pub(crate) fn true_time(&self) -> UnixMs {
        now(&self.true_time)
    }

    /// What a client gets now; nothing where nothing may be shown.
    pub(crate) fn told(&self) -> Option<Told> {
        let as_of = self.context.current.as_of()?;
        let now = self.context.clock.now();
        let class = self.context.limits.classify(as_of, now)?;
        let true_age_ms = self.true_time().millis_since(as_of);
        Some(Told {
            as_of,
            class,
            age_ms: age_ms(as_of, now)?,
            true_age_ms,
        })
    }

    /// Breaks a part of the exchange.
    pub(crate) async fn fault(&self, link: &str, fault: &str) {
        let request = axum::http::Request::put(format!("/control/faults/{link}"))
            .header("content-type", "application/json")
            .body(Body::from(fault.to_owned()))
            .unwrap();
        let answer = self
            .exchange
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        assert!(answer.status().is_success(), "{fault}: {}", answer.status());
    }

    /// Mends it.
    pub(crate) async fn mend(&self) {
        let request = axum::http::Request::delete("/control/faults")
            .body(Body::empty())
            .unwrap();
        let answer = self
            .exchange
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// The next publication.
    pub(crate) async fn next(&mut self) -> Arc<Publication> {
        let patience = Duration::from_secs(300);
        let changed = tokio::time::timeout(patience, self.publications.changed()).await;
        changed
            .unwrap_or_else(|_| panic!("nothing is published: {:?}", self.context.board.all()))
            .unwrap();
        self.publications.borrow_and_update().clone().unwrap()
    }

    /// What reached the exchange since the last time this was called.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn now(clock: &simulator::Clock) -> UnixMs {
    UnixMs::from_millis(clock.now_ms().cast_unsigned())
}

fn exchange(setup: &Setup, true_time: &simulator::Clock) -> Router {
    let config = simulator::Config {
        latency: setup.latency,
        clock: true_time.clone(),
        ..simulator::Config::default()
    };
    simulator::service(&config).unwrap()
}

/// Carries requests to the simulated exchange in this process, and notes them.
fn transport(
    setup: &Setup,
    exchange: Router,
    true_time: simulator::Clock,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> Transport {
    let (hangs, rewrites) = (setup.hangs, setup.rewrites);
    BoxCloneSyncService::new(tower::service_fn(move |request: reqwest::Request| {
        let url = request.url();
        let target = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        let at = now(&true_time);
        asked.lock().unwrap().push(Asked {
            at,
            target: target.clone(),
        });
        let exchange = exchange.clone();
        async move {
            let answer = async {
                if hangs(&target) {
                    std::future::pending::<()>().await;
                }
                answer(exchange, &target, |body| rewrites(&target, at, body)).await
            };
            tokio::time::timeout(READ_TIMEOUT, answer)
                .await
                .unwrap_or(Err(FetchError::Timeout))
        }
    }))
}

async fn answer(
    exchange: Router,
    target: &str,
    rewrite: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Result<reqwest::Response, FetchError> {
    let request = axum::http::Request::get(target)
        .body(Body::empty())
        .unwrap();
    let (head, body) = exchange
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
        .into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(|error| FetchError::BrokenOff(error.to_string()))?;
    Ok(axum::http::Response::from_parts(head, rewrite(body.to_vec())).into())
}
