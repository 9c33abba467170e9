//! The least that an HTTP server of the origin's make can do: one body that never changes, and a
//! 304 for whoever holds it. `scripts/bench serve` measures the origin beside it.
#![allow(
    clippy::print_stdout,
    reason = "a program, which says where it listens"
)]

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clap::Parser;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Cli {
    /// File with the body.
    body: std::path::PathBuf,
    /// Its ETag.
    etag: HeaderValue,
    /// Its coding, if it has one.
    coding: Option<HeaderValue>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { body, etag, coding } = Cli::parse();
    let body = Bytes::from(std::fs::read(body)?);
    let answer = async move |asked: HeaderMap| answer(&asked, &body, &etag, coding.as_ref());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(answer)).await?;
    Ok(())
}

fn answer(
    asked: &HeaderMap,
    body: &Bytes,
    etag: &HeaderValue,
    coding: Option<&HeaderValue>,
) -> Response {
    let tag = (header::ETAG, etag.clone());
    if asked.get(header::IF_NONE_MATCH) == Some(etag) {
        return (StatusCode::NOT_MODIFIED, [tag]).into_response();
    }
    let json = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let mut response = ([tag, json], body.clone()).into_response();
    if let Some(coding) = coding {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, coding.clone());
    }
    response
}
