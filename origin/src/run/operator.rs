//! The operators' listener, on a thread and runtime of its own: a flood of clients, or a stuck
//! task, must not blind those who look after the process.

use crate::config::ClientLimits;
use crate::http::{App, operator_router};
use crate::server;
use anyhow::Context as _;
use std::net::TcpListener;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Limits of operators' connections, of which there are few.
const LIMITS: ClientLimits = ClientLimits {
    connections: 32,
    connections_per_address: 32,
    head: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    send: Duration::from_secs(30),
};

/// Serves operators until the process ends.
///
/// # Errors
/// When the thread cannot be started.
pub(super) fn serve(listener: TcpListener, app: App) -> anyhow::Result<()> {
    listener
        .set_nonblocking(true)
        .context("ORIGIN_OPERATOR_LISTEN")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("serving operators")?;
    let serve = move || {
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                // Metrics of their own, which nobody reads: operators do not count as clients.
                Ok(listener) => {
                    let uncounted = std::sync::Arc::default();
                    server::serve(
                        listener,
                        operator_router(app),
                        LIMITS,
                        uncounted,
                        CancellationToken::new(),
                    )
                    .await;
                }
                Err(error) => tracing::error!(%error, "operators are not served"),
            }
        });
    };
    std::thread::Builder::new()
        .name("operator".to_owned())
        .spawn(serve)
        .context("serving operators")?;
    Ok(())
}
