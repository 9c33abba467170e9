//! Puts the parts together, and takes them apart when the process is told to end.

use crate::clock::Clock;
use crate::collect::{Context, Gate, Known, Pace, Upstreams, collect};
use crate::config::{Config, RedisUrl};
use crate::http::{App, router};
use crate::metrics::Metrics;
use crate::publication::{Current, Publication};
use crate::status::StatusBoard;
use crate::store::{Store, Stored, keep_writing};
use crate::upstream::{self, Upstream};
use anyhow::Context as _;
use shared::endpoints::store_ttl_ms;
use shared::provenance::Venue;
use shared::validate::{Baseline, ValidSnapshot};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long open requests may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Runs the origin until it is told to end.
///
/// # Errors
/// When it cannot start; the text names the variable and the value.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("ORIGIN_LISTEN: binding {}", config.listen))?;
    let redis_url = config.redis_url().map_err(anyhow::Error::msg).context("REDIS_URL")?;
    let store = Arc::new(Store::open(redis_url.as_ref()).context("REDIS_URL")?);
    let context = Context {
        current: Arc::new(Current::new()),
        metrics: Arc::new(Metrics::new()),
        board: Arc::new(StatusBoard::default()),
        settings: config.settings(),
        limits: config.limits()?,
        clock: Clock::system(),
    };
    let stored = Arc::new(Stored::empty());
    let known = Known::new();
    announce(&config, redis_url.as_ref(), &listener)?;

    let ttl_ms = store_ttl_ms(config.tickers_interval_ms);
    let background = [
        tokio::spawn(keep_writing(
            Arc::clone(&store),
            Arc::clone(&context.current),
            Arc::clone(&stored),
            Arc::clone(&context.metrics),
            Arc::clone(&context.board),
            ttl_ms,
        )),
        tokio::spawn(restore(Arc::clone(&store), context.clone(), known.clone())),
        tokio::spawn(collect(
            context.clone(),
            upstreams(&config, context.clock)?,
            known,
            pace(&config),
            Gate::new(usize::from(config.bybit_requests_per_5s), config.tickers_interval()),
        )),
    ];

    let draining = Arc::new(AtomicBool::new(false));
    let started_at = context.clock.now();
    let app = App { context, stored, store_kind: store.kind(), draining: Arc::clone(&draining), started_at };
    let served = serve(listener, app, draining).await;
    for task in background {
        task.abort();
    }
    served
}

/// Says where to reach this process, on standard output, and what it works with, in the log.
fn announce(config: &Config, redis_url: Option<&RedisUrl>, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr().context("ORIGIN_LISTEN")?;
    writeln!(std::io::stdout(), "origin listening on http://{address}").context("writing to standard output")?;
    tracing::info!(
        bybit = %config.bybit_base_url,
        coingecko = %config.coingecko_base_url,
        fear_greed = %config.fear_greed_base_url,
        "upstreams"
    );
    match redis_url {
        Some(url) => tracing::info!(%url, "publishing to Redis"),
        None => tracing::warn!("REDIS_URL is not set: snapshots are kept in this process's memory only"),
    }
    Ok(())
}

fn upstreams(config: &Config, clock: Clock) -> anyhow::Result<Upstreams> {
    let client = upstream::client().context("setting up the HTTP client (are root certificates installed?)")?;
    let to = |base: &crate::config::BaseUrl, venue| Upstream::new(client.clone(), base.clone(), venue, clock);
    Ok(Upstreams {
        bybit: to(&config.bybit_base_url, Venue::Bybit),
        coingecko: to(&config.coingecko_base_url, Venue::CoinGecko),
        fear_greed: to(&config.fear_greed_base_url, Venue::AlternativeMe),
    })
}

fn pace(config: &Config) -> Pace {
    Pace {
        tickers: config.tickers_interval(),
        instruments: Duration::from_secs(config.instruments_interval_s),
        coingecko: Duration::from_secs(config.coingecko_interval_s),
        fear_greed: Duration::from_secs(config.fear_greed_interval_s),
    }
}

/// Takes up what an earlier process stored, through the same door as anything else.
async fn restore(store: Arc<Store>, context: Context, known: Known) {
    match store.alert_state().await {
        Ok(Some(bytes)) => known.restore_alerts(&bytes, &context),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the alerts could not be read; they begin anew"),
    }
    let bytes = match store.last_snapshot().await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(%error, "the store could not be read; starting from nothing");
            return;
        }
    };
    match ValidSnapshot::from_json(&bytes, context.clock.now(), Baseline::default()) {
        Ok(valid) => {
            tracing::info!(as_of_ms = %valid.get().as_of_ms, "taking up the stored snapshot");
            known.restore(&valid);
            if let Ok(publication) = tokio::task::spawn_blocking(move || Publication::new(valid, None)).await {
                context.current.offer(publication);
            }
        }
        Err(error) => {
            context.metrics.rejection(error.label());
            tracing::warn!(%error, "what is stored is not admitted");
        }
    }
}

/// Serves until SIGTERM or SIGINT, then lets open requests end.
async fn serve(listener: TcpListener, app: App, draining: Arc<AtomicBool>) -> anyhow::Result<()> {
    let ending = CancellationToken::new();
    let told = ending.clone();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        draining.store(true, Ordering::Relaxed);
        tracing::info!("ending: open requests may finish");
        told.cancel();
    });
    let graceful = ending.clone();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(async move { graceful.cancelled().await });
    let overdue = async {
        ending.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = async { server.await } => ended.context("serving HTTP"),
        () = overdue => {
            tracing::warn!(after = ?DRAIN, "requests that had not finished were cut off");
            Ok(())
        }
    }
}
