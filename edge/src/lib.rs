//! The Worker at the edge: serves the snapshot from what it holds, renews it from the origin, and goes to the exchange
//! itself when the origin fails. The modules stand in the order in which a request passes through them.

pub mod clock;

pub mod config;

pub mod policy;

pub mod memory;

pub mod cache;

pub mod upstream;

pub mod refresh;

pub mod respond;

pub mod serve;

use worker::{Context, Env, event};

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    serve::serve(&request, &env, &context).await.map_err(worker::Error::from)
}
