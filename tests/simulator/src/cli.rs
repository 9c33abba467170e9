//! The command line of the simulator.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Clock, Config, DEFAULT_SEED};

/// Speaks for Bybit v5 (its public WebSocket too), OKX v5, Binance spot, CoinGecko and
/// alternative.me on one port, with faults that can be set while it runs.
#[derive(Clone, Debug, Parser)]
#[command(name = "exchange-simulator", version)]
pub struct Cli {
    /// The address to listen on; port 0 lets the system choose one.
    #[arg(
        long,
        env = "SIMULATOR_LISTEN",
        value_name = "SIMULATOR_LISTEN",
        default_value = "127.0.0.1:9100"
    )]
    listen: SocketAddr,
    /// The generated market is a pure function of this number and the time.
    #[arg(long, env = "SIMULATOR_SEED", value_name = "SIMULATOR_SEED", default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Serve the recorded bodies of this folder in place of a generated market.
    #[arg(long, env = "SIMULATOR_REPLAY", value_name = "SIMULATOR_REPLAY")]
    replay: Option<PathBuf>,
    /// Answer every data request this many milliseconds later.
    #[arg(
        long,
        env = "SIMULATOR_LATENCY_MS",
        value_name = "SIMULATOR_LATENCY_MS",
        default_value_t = 0
    )]
    latency_ms: u64,
}

impl From<Cli> for Config {
    fn from(cli: Cli) -> Self {
        Self {
            listen: cli.listen,
            seed: cli.seed,
            replay: cli.replay,
            latency: Duration::from_millis(cli.latency_ms),
            clock: Clock::system(),
            still_since_ms: None,
        }
    }
}

/// Runs the simulator until SIGTERM or Ctrl-C. When it cannot start, the reason is the last line on
/// stderr.
pub async fn run(cli: Cli) -> ExitCode {
    match serve(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If even stderr is gone, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(cli: Cli) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let settings = format!(
        "SIMULATOR_LISTEN={}, SIMULATOR_REPLAY={:?}",
        cli.listen, cli.replay
    );
    let start = super::start(cli.into()).await;
    let mut running = start.with_context(|| format!("cannot start with {settings}"))?;
    announce(&running.base_url).context("cannot write to stdout")?;
    tokio::select! {
        _ = terminated.recv() => tracing::info!("SIGTERM: stopping"),
        result = tokio::signal::ctrl_c() => result.context("cannot listen for Ctrl-C")?,
        () = running.finished() => anyhow::bail!("the simulator stopped by itself"),
    }
    running.stop().await;
    Ok(())
}

/// The one line on stdout, by which scripts learn the port.
fn announce(base_url: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "exchange-simulator listening on {base_url}")?;
    stdout.flush()
}
