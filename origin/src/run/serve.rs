//! Serves until a signal or a storm ends the process, and ends without failing a request.
//!
//! Order of the end: readiness goes, the lead is given up, load balancers get `drain_delay` to
//! notice while requests are still accepted, no new connections, open requests may finish.

use crate::config::ClientLimits;
use crate::http::{App, router};
use crate::server;
use crate::supervise::Storm;
use anyhow::Context as _;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long open requests may take to finish.
const DRAIN: Duration = Duration::from_secs(5);

/// Why the process ends.
enum Reason {
    /// SIGTERM: load balancers have to notice first.
    Terminated,
    /// SIGINT, from a person who waits: no drain delay.
    Interrupted,
    /// A task cannot be kept running.
    Storm(Storm),
}

impl Reason {
    async fn to_end(mut terminate: Signal, mut storms: mpsc::Receiver<Storm>) -> Self {
        tokio::select! {
            _ = terminate.recv() => Self::Terminated,
            _ = tokio::signal::ctrl_c() => Self::Interrupted,
            Some(storm) = storms.recv() => Self::Storm(storm),
        }
    }
}

/// Serves until SIGTERM, SIGINT or a storm, then ends in the order above. While draining, each
/// answer asks its client to use another connection next time.
///
/// # Errors
/// When serving fails, and the [`Storm`] that ended it.
pub(super) async fn serve(
    listener: TcpListener,
    app: App,
    limits: ClientLimits,
    resigning: CancellationToken,
    drain_delay: Duration,
    storms: mpsc::Receiver<Storm>,
) -> anyhow::Result<()> {
    // Installed before serving: a SIGTERM in between would kill the process.
    let terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let draining = app.draining.clone();
    let closing = CancellationToken::new();
    let metrics = app.context.metrics.clone();
    let mut server = tokio::spawn(server::serve(
        listener,
        router(app),
        limits,
        metrics,
        closing.clone(),
    ));
    let reason = tokio::select! {
        ended = &mut server => return ended.context("serving HTTP"),
        reason = Reason::to_end(terminate, storms) => reason,
    };
    draining.store(true, Ordering::Relaxed);
    // At once, so that another process takes over while this one drains.
    resigning.cancel();
    if matches!(reason, Reason::Terminated) {
        tracing::info!(
            ?drain_delay,
            "ending: not ready any more; requests are still taken"
        );
        sleep(drain_delay).await;
    }
    tracing::info!("ending: open requests may finish");
    closing.cancel();
    match timeout(DRAIN, server).await {
        Ok(ended) => ended.context("serving HTTP")?,
        Err(_) => tracing::warn!(after = ?DRAIN, "requests that had not finished were cut off"),
    }
    match reason {
        Reason::Storm(storm) => Err(storm.into()),
        Reason::Terminated | Reason::Interrupted => Ok(()),
    }
}
