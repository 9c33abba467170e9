//! A simulated exchange: Bybit v5 with its public WebSocket, OKX v5, Binance spot, CoinGecko and
//! alternative.me on one listener, with faults that can be set while it runs. A module uses only those declared above it.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use simulator::Config;
//!
//! let running = simulator::start(Config::default()).await?;
//! println!("{}/v5/market/tickers?category=linear", running.base_url);
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod clock;

mod reply;

mod link;

mod query;

mod instrument_row;

mod shelf;

mod market;

mod replay;

mod source;

mod connection;

mod counters;

mod faults;

mod streams;

mod pipeline;

mod elsewhere;

mod bybit;

mod okx;

mod binance;

mod coingecko;

mod fear_greed;

mod control;

pub mod cli;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use clock::Clock;
use connection::{Gate, Plug};
use pipeline::Simulator;
use source::Source;

/// The seed of the market unless another one is chosen.
pub const DEFAULT_SEED: u64 = 7;

/// How long open requests may go on after the shutdown was asked for. Hanging ones would never end
/// by themselves.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(250);

/// What to simulate, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The generated market is a pure function of this and the time.
    pub seed: u64,
    /// A folder of recorded bodies to serve in place of a generated market.
    pub replay: Option<PathBuf>,
    /// Every data request is answered this much later.
    pub latency: Duration,
    /// The time of the simulated services.
    pub clock: Clock,
    /// Since when (unix milliseconds) the market stands still while the services' time goes on:
    /// every answer then holds the same figures, with the present as its time.
    pub still_since_ms: Option<i64>,
}

impl Default for Config {
    /// A generated market with the default seed on a free port of the loopback.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: DEFAULT_SEED,
            replay: None,
            latency: Duration::ZERO,
            clock: Clock::system(),
            still_since_ms: None,
        }
    }
}

/// A simulator that listens. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    /// Such as `http://127.0.0.1:9100`, without a slash at the end. All services have this base.
    pub base_url: String,
    /// Cancel it to stop the simulator.
    pub shutdown: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops the simulator and waits until its port is free.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        self.finished().await;
    }

    /// Waits until the simulator has stopped.
    pub async fn finished(&mut self) {
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the simulator did not stop cleanly");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Starts a simulator on the current tokio runtime; it listens when this returns.
///
/// # Errors
///
/// When the address cannot be bound, or the recordings to replay are missing or unreadable.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let router = service(&config)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, shutdown.clone()));
    Ok(Running {
        base_url: format!("http://{address}"),
        shutdown,
        task: Some(task),
    })
}

/// The services without a listener, for a caller in the same process that brings its requests
/// itself.
///
/// # Errors
///
/// When the recordings to replay are missing or unreadable.
pub fn service(config: &Config) -> anyhow::Result<Router> {
    let source = match &config.replay {
        Some(folder) => Source::replayed(folder)?,
        None => Source::generated(config.seed),
    };
    let simulator = Arc::new(Simulator::new(
        source,
        config.clock.clone(),
        config.latency,
        config.still_since_ms,
    ));
    Ok(Router::new()
        .merge(bybit::routes())
        .merge(okx::routes())
        .merge(binance::routes())
        .merge(coingecko::routes())
        .merge(fear_greed::routes())
        .merge(control::routes())
        .fallback(pipeline::unknown_path)
        .with_state(simulator))
}

async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let cut_all = CancellationToken::new();
    let gone = cut_all.clone();
    let gate = Gate::new(listener, cut_all.clone());
    let service = router.into_make_service_with_connect_info::<Plug>();
    let server =
        axum::serve(gate, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let last_call = async {
        shutdown.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
        cut_all.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = server => if let Err(error) = result {
            tracing::error!(%error, "the simulator failed");
        },
        () = last_call => {}
    }
    // Streams have left the server's books: nothing else ends them.
    gone.cancel();
}
