//! `GET /v5/public/linear`: the WebSocket of the public data of linear contracts.
//! <https://bybit-exchange.github.io/docs/v5/ws/connect>
//!
//! A connection looks at the clock forty times a second. When a new bucket of 250 ms has begun, each
//! topic sends what changed since its last message; trades are sent as soon as they happen. The data
//! equals what the REST endpoints answer for the same moment, because both read the same market. The
//! market keeps no state, so a connection keeps only what it sent to its client.

mod book;
mod candles;
mod direction;
mod liquidations;
mod out;
mod pace;
mod request;
mod session;
mod subscription;
mod tick;
mod ticker;
mod topic;
mod trades;
mod wire;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::faults::Fault;
use crate::link::Link;
use crate::pipeline::{Request, Simulator};
use crate::source::Source;
use session::Session;

/// What a client says to open a stream.
#[derive(Debug)]
pub(super) struct Handshake {
    headers: HeaderMap,
    upgrade: Option<OnUpgrade>,
}

impl FromRequestParts<Arc<Simulator>> for Handshake {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &Arc<Simulator>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self {
            headers: parts.headers.clone(),
            upgrade: parts.extensions.remove::<OnUpgrade>(),
        })
    }
}

impl Handshake {
    /// The answer to the client's key and the connection that it gave.
    fn read(self) -> Result<(String, OnUpgrade), Refusal> {
        if !self.says(header::CONNECTION, "upgrade") || !self.says(header::UPGRADE, "websocket") {
            return Err(Refusal::NoUpgrade);
        }
        if !self.says(header::SEC_WEBSOCKET_VERSION, "13") {
            return Err(Refusal::Version);
        }
        let key = self.headers.get(header::SEC_WEBSOCKET_KEY);
        let accepted = derive_accept_key(key.ok_or(Refusal::NoKey)?.as_bytes());
        Ok((accepted, self.upgrade.ok_or(Refusal::NoConnection)?))
    }

    /// Whether a header has this word in its list.
    fn says(&self, name: header::HeaderName, word: &str) -> bool {
        let values = self.headers.get_all(name).into_iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(word))
    }
}

/// Why there is no stream.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    NoUpgrade,
    Version,
    NoKey,
    /// A request within the process has none.
    NoConnection,
    NotRecorded,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NoUpgrade => (
                StatusCode::BAD_REQUEST,
                "this path speaks WebSocket: `connection: upgrade` and `upgrade: websocket` are missing\n",
            ),
            Self::Version => (
                StatusCode::UPGRADE_REQUIRED,
                "`sec-websocket-version` must be 13\n",
            ),
            Self::NoKey => (StatusCode::BAD_REQUEST, "`sec-websocket-key` is missing\n"),
            Self::NoConnection => (
                StatusCode::BAD_REQUEST,
                "this connection cannot be upgraded\n",
            ),
            Self::NotRecorded => (
                StatusCode::NOT_FOUND,
                "the replayed folder holds no recording of a stream\n",
            ),
        };
        let mut response = (status, text).into_response();
        if matches!(self, Self::Version) {
            let version = HeaderValue::from_static("13");
            response
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        response
    }
}

/// Opens a stream.
pub(super) async fn open(request: Request, handshake: Handshake) -> Response {
    let simulator = Arc::clone(request.simulator());
    // Asked for before the faults are looked at: one that is set from here on cuts this connection.
    let cuts = simulator.streams.cuts();
    if let Some(response) = request.before_stream(Link::BybitStream).await {
        return response;
    }
    let mut response = match handshake.read() {
        _ if matches!(simulator.source(), Source::Replayed(_)) => {
            Refusal::NotRecorded.into_response()
        }
        Ok((accepted, upgrade)) => {
            let session = Session::new(Arc::clone(&simulator), request.plug().cloned(), cuts);
            tokio::spawn(async move {
                match upgrade.await {
                    Ok(connection) => session.run(TokioIo::new(connection)).await,
                    Err(error) => tracing::debug!(%error, "a stream was not opened"),
                }
            });
            switched(&accepted)
        }
        Err(refusal) => refusal.into_response(),
    };
    simulator.label(&mut response);
    let standing = simulator.faults.standing(Link::BybitStream);
    let mut faults = standing.iter().map(|set| &set.applied.fault);
    let skew_ms = faults
        .find(|fault| fault.moves_time())
        .map_or(0, Fault::skew_ms);
    simulator.date(&mut response, skew_ms);
    response
}

fn switched(accepted: &str) -> Response {
    (
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::CONNECTION, "Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_ACCEPT, accepted),
        ],
    )
        .into_response()
}
