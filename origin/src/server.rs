//! Connections of clients: how many there may be, and how long each may take. What they ask is
//! answered by [`crate::http`].
//!
//! A client that sends or reads slowly, sends nothing, or comes a thousand times costs itself
//! alone: collecting has file descriptors of its own, and what a client may hold has an end.

mod descriptors;
mod guests;
mod vigil;
mod watched;

use crate::config::ClientLimits;
use crate::metrics::Metrics;
use axum::Router;
use guests::{Guest, Guests};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use vigil::Vigil;
use watched::Watched;

pub use descriptors::raise_limit as raise_descriptor_limit;
pub use guests::Refusal;
pub use vigil::Overdue;

/// The largest head of a request, bytes.
const MAX_HEAD: usize = 32 * 1_024;

/// The pause after a connection could not be accepted: there is no descriptor left, and the next
/// try would fail as well.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `closing`; then takes no more connections, and lets open requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ClientLimits,
    metrics: Arc<Metrics>,
    closing: CancellationToken,
) {
    let guests = Arc::new(Guests::new(
        limits.connections,
        limits.connections_per_address,
    ));
    let open = TaskTracker::new();
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The client gave up; the next one has nothing to do with it.
                if error.kind() == std::io::ErrorKind::ConnectionAborted {
                    continue;
                }
                metrics.connection_refused(Refusal::NotAccepted.name());
                tracing::debug!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        let vigil = Arc::new(Vigil::new(Instant::now()));
        let guest = match guests.admit(address.ip(), Arc::clone(&vigil)) {
            Ok(guest) => guest,
            Err(refusal) => {
                metrics.connection_refused(refusal.name());
                continue;
            }
        };
        let connection = Connection {
            vigil,
            guest,
            limits,
            metrics: Arc::clone(&metrics),
            closing: closing.clone(),
        };
        open.spawn(connection.serve(stream, address, router.clone()));
    }
    open.close();
    open.wait().await;
}

/// One client's connection.
struct Connection {
    vigil: Arc<Vigil>,
    guest: Guest,
    limits: ClientLimits,
    metrics: Arc<Metrics>,
    closing: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream, address: SocketAddr, router: Router) {
        let Self {
            vigil,
            guest,
            limits,
            metrics,
            closing,
        } = self;
        let _open = metrics.connection();
        // Answers are written whole; waiting for more of them would only make each late.
        let _ = stream.set_nodelay(true);
        let begun = Arc::clone(&vigil);
        let service =
            router.map_request(move |request: axum::http::Request<hyper::body::Incoming>| {
                begun.request_begins();
                request.map(axum::body::Body::new)
            });
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        // The library's own limit counts from the end of the answer before, so it is the one for
        // idle connections.
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle)
            .max_buf_size(MAX_HEAD);
        let watched = TokioIo::new(Watched::new(stream, Arc::clone(&vigil)));
        let connection = builder.serve_connection(watched, TowerToHyperService::new(service));
        tokio::pin!(connection);
        let (mut is_closing, mut look) = (false, tokio::time::interval(limits.look_every()));
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%address, error, "a connection ended early");
                    }
                    return;
                }
                () = closing.cancelled(), if !is_closing => {
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = guest.is_sent_away() => return metrics.connection_closed(Overdue::MadeRoom.name()),
                _ = look.tick() => {
                    if let Some(overdue) = vigil.overdue(Instant::now(), &limits) {
                        tracing::debug!(%address, why = overdue.name(), "a connection is closed");
                        return metrics.connection_closed(overdue.name());
                    }
                }
            }
        }
    }
}
