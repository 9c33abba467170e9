//! Everything that can go wrong on command.

mod board;
mod fields;
mod order;
pub(crate) mod pages;
mod payload;
mod rewrite;
mod wire;

use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};

use super::connection::Plug;
use super::link::Exchange;
use super::reply::Reply;
pub(crate) use board::{Applied, Board, Standing};
pub(crate) use order::{AfterHalf, Fault, Order, TruncateMode};

/// What a fault does before any data is looked at. `None` lets the request go on.
pub(crate) async fn before(
    fault: &Fault,
    exchange: Exchange,
    plug: Option<&Plug>,
    now_ms: i64,
) -> Option<Response> {
    match fault {
        Fault::Status { status } => Some(pages::status(*status)),
        Fault::Status429 { retry_after_s } => Some(pages::too_many_requests(*retry_after_s)),
        Fault::Maintenance { retry_after_s } => Some(pages::maintenance(*retry_after_s)),
        Fault::StreamRefused => Some(pages::status(503)),
        Fault::Geo403 => Some(pages::country_block()),
        Fault::Geo451 => Some(pages::restricted_location()),
        Fault::Rate403 => Some(pages::access_too_frequent()),
        Fault::RetCode { code, message } => Some(pages::ret_code(exchange, *code, message, now_ms)),
        Fault::Html200 => Some(pages::captive_portal()),
        Fault::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            None
        }
        // The connection is cut when the client gives up or the simulator stops, which drops this
        // future.
        Fault::Hang => std::future::pending().await,
        Fault::Reset => {
            if let Some(plug) = plug {
                plug.pull();
            }
            std::future::pending().await
        }
        _ => None,
    }
}

/// What a fault does to an answer that is finished at `now_ms`.
pub(crate) fn after(fault: &Fault, reply: Reply, now_ms: i64) -> Response {
    match fault {
        Fault::HangBody => with_body(&reply, wire::half_then_hang(&reply.body)),
        Fault::Drip { bytes_per_second } => {
            with_body(&reply, wire::drip(reply.body.clone(), *bytes_per_second))
        }
        Fault::Truncate {
            mode: TruncateMode::Abort,
        } => with_body(&reply, wire::half_then_cut(&reply.body)),
        Fault::Truncate {
            mode: TruncateMode::ShortJson,
        } => {
            let half = wire::half(&reply.body);
            Reply {
                body: half,
                ..reply
            }
            .into_response()
        }
        Fault::EmptyBody => Reply {
            body: Bytes::new(),
            ..reply
        }
        .into_response(),
        Fault::Huge { bytes } => {
            let body = pad(&reply.body, *bytes);
            Reply { body, ..reply }.into_response()
        }
        Fault::StillRows { .. } => rewrite::answered_at(reply, now_ms).into_response(),
        Fault::ClockSkew { .. } | Fault::Frozen => reply.into_response(),
        _ => rewrite::rewrite(fault, reply).into_response(),
    }
}

/// A row of a stream with `fault` worked into it.
pub(crate) fn spoil_row(fault: &Fault, row: &str) -> String {
    rewrite::row(fault, row)
}

/// The head of `reply`, which promises its whole body, before another body.
fn with_body(reply: &Reply, body: axum::body::Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply.content_type),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
    response
}

/// The body followed by so many spaces that it is `bytes` long. It remains valid JSON: only a size
/// limit refuses it.
fn pad(body: &Bytes, bytes: usize) -> Bytes {
    let mut padded = BytesMut::with_capacity(bytes.max(body.len()));
    padded.put_slice(body);
    padded.put_bytes(b' ', bytes.saturating_sub(body.len()));
    padded.freeze()
}
