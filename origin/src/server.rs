//! Connections of clients: how many there may be, and how long each may take. Their requests are
//! answered by [`crate::http`].
//!
//! Three limits protect the process: a number of connections in all and per client address
//! (`guests`), time limits for head, answer and idleness (`vigil`), and file descriptors that are
//! kept back for collecting (`descriptors`). A client that sends or reads slowly, or opens a
//! thousand connections, harms itself alone.
//!
//! Order for a connection: accept → admit or refuse → serve until the client ends it, it is
//! overdue, its place is needed, or the process closes.

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

/// The largest request head, bytes. Heads of browsers stay far below it.
const MAX_HEAD: usize = 32 * 1_024;

/// The pause after a failed accept. Usually there is no file descriptor left, so the next call
/// would fail at once and the loop would spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `closing`. Then no connection is accepted any more, and open requests may finish.
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
                // The client gave up before the accept: no shortage, so no pause.
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
                // Dropping the stream closes the connection. An answer would cost what is short.
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
        // Answers are written whole; Nagle's algorithm would only delay the last segment of each.
        let _ = stream.set_nodelay(true);
        let begun = Arc::clone(&vigil);
        let service =
            router.map_request(move |request: axum::http::Request<hyper::body::Incoming>| {
                // Called once the head is complete, which ends the time limit for it.
                begun.request_begins();
                request.map(axum::body::Body::new)
            });
        // HTTP/1 alone: `vigil` assumes one request at a time on a connection.
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        // The library's limit counts from the end of the previous answer, so it limits idleness.
        // `vigil` limits the head from its first byte.
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
                    // Dropping the future closes the connection, here and below.
                    return;
                }
                // Once: a cancelled token stays ready and would spin the loop.
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
