//! The origin's collectors and the simulated exchange in one process and in one time, the runtime's: where a test pauses the
//! timer, hours pass in moments, and every pause, time limit and clock on both sides agrees.

use axum::Router;
use axum::body::{Body, to_bytes};
use origin::clock::Clock;
pub(crate) use origin::collect::Pace;
use origin::collect::{Context, Gate, Known, Upstreams, collect};
use origin::config::BaseUrl;
use origin::metrics::Metrics;
use origin::publication::{Current, Publication};
use origin::status::StatusBoard;
use origin::upstream::{FetchError, READ_TIMEOUT, Transport, Upstream};
use shared::analysis::Settings;
use shared::freshness::Limits;
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
}

impl Setup {
    /// As the origin is set when nobody says otherwise, with an exchange that answers each request in 100 ms.
    pub(crate) const USUAL: Self = Self {
        // 2026-09-08 12:00:10 UTC.
        begins_at: UnixMs::from_millis(1_788_868_810_000),
        latency: Duration::from_millis(100),
        monitored_symbols: 40,
        pace: Pace {
            tickers: Duration::from_secs(2),
            instruments: Duration::from_secs(600),
            coingecko: Duration::from_secs(600),
            fear_greed: Duration::from_secs(3_600),
        },
        requests_per_5s: 60,
        hangs: |_| false,
    };
}

/// A request that reached the exchange.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: UnixMs,
    /// Path and query.
    pub(crate) target: String,
}

impl Asked {
    pub(crate) fn is_of_bybit(&self) -> bool {
        self.target.starts_with("/v5/")
    }
}

/// An origin that runs.
pub(crate) struct World {
    pub(crate) context: Context,
    asked: Arc<Mutex<Vec<Asked>>>,
    publications: watch::Receiver<Option<Arc<Publication>>>,
}

impl World {
    /// Starts everything; call it in a runtime whose timer is paused.
    pub(crate) fn start(setup: Setup) -> Self {
        let clock = Clock::beginning_at(setup.begins_at);
        let context = Context {
            current: Arc::new(Current::new()),
            metrics: Arc::new(Metrics::new()),
            board: Arc::new(StatusBoard::default()),
            settings: Settings { monitored_symbols: setup.monitored_symbols, ..Settings::DEFAULT },
            limits: Limits::DEFAULT,
            clock,
        };
        let asked = Arc::default();
        let transport = transport(&setup, clock, Arc::clone(&asked));
        let base: BaseUrl = "http://exchange.invalid".parse().unwrap();
        let to = |venue| Upstream::new(transport.clone(), base.clone(), venue, clock);
        let upstreams = Upstreams {
            bybit: to(Venue::Bybit),
            coingecko: to(Venue::CoinGecko),
            fear_greed: to(Venue::AlternativeMe),
        };
        let gate = Arc::new(Gate::new(setup.requests_per_5s, setup.pace.tickers));
        let publications = context.current.subscribe();
        tokio::spawn(collect(context.clone(), upstreams, Known::new(), setup.pace, gate));
        Self { context, asked, publications }
    }

    /// The next publication.
    pub(crate) async fn next(&mut self) -> Arc<Publication> {
        let patience = Duration::from_secs(300);
        let changed = tokio::time::timeout(patience, self.publications.changed()).await;
        changed.unwrap_or_else(|_| panic!("nothing is published: {:?}", self.context.board.all())).unwrap();
        self.publications.borrow_and_update().clone().unwrap()
    }

    /// What reached the exchange since the last time this was called.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Carries requests to the simulated exchange in this process, and notes them.
fn transport(setup: &Setup, clock: Clock, asked: Arc<Mutex<Vec<Asked>>>) -> Transport {
    let exchange = simulator::service(&simulator::Config {
        latency: setup.latency,
        clock: simulator::Clock::beginning_at(setup.begins_at.as_millis().cast_signed()),
        ..simulator::Config::default()
    })
    .unwrap();
    let hangs = setup.hangs;
    BoxCloneSyncService::new(tower::service_fn(move |request: reqwest::Request| {
        let url = request.url();
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        asked.lock().unwrap().push(Asked { at: clock.now(), target: target.clone() });
        let exchange = exchange.clone();
        async move {
            let answer = async {
                if hangs(&target) {
                    std::future::pending::<()>().await;
                }
                answer(exchange, &target).await
            };
            tokio::time::timeout(READ_TIMEOUT, answer).await.unwrap_or(Err(FetchError::Timeout))
        }
    }))
}

async fn answer(exchange: Router, target: &str) -> Result<reqwest::Response, FetchError> {
    let request = axum::http::Request::get(target).body(Body::empty()).unwrap();
    let (head, body) = exchange.oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| FetchError::BrokenOff(error.to_string()))?;
    Ok(axum::http::Response::from_parts(head, body).into())
}
