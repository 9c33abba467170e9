//! The Worker at the edge: serves the snapshot from what it holds, renews it from the origin, and goes to the exchange
//! itself when the origin fails. The modules stand in the order in which a request passes through them.

pub mod clock;

pub mod config;

pub mod policy;

pub mod memory;

pub mod cache;

pub mod last_good;

pub mod upstream;

pub mod refresh;

pub mod respond;

pub mod serve;

use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    serve::serve(&request, &env, &context).await.map_err(worker::Error::from)
}

/// Every minute: a refresh as any other, whose result all colos may fall back on.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    refresh::keep_last_good(&env).await;
}
