//! The Worker at the edge: serves the snapshot that it holds, refreshes it from the origin, and
//! calls an exchange itself when the origin fails.
//!
//! The modules are declared in reading order: each uses only those above it. From the leaves (time,
//! decisions, names) over what the isolate holds and whom it can call, up to the refresh that joins
//! them, the response, and the request.

pub mod clock;

pub mod isolate;

pub mod request_id;

pub mod policy;

pub mod metrics;

pub mod config;

pub mod bindings;

pub mod deployment;

pub mod seal;

pub mod memory;

pub mod cache;

pub mod upstream;

pub mod last_good;

pub mod refresh;

pub mod respond;

pub mod serve;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event, worker_sys};

/// The Worker's entry: a response, or the promise of one.
///
/// This is not `worker`'s own attribute, which makes a promise and a task of every request: that is
/// more than half of what a hit costs.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: worker_sys::Context) -> JsValue {
    serve::serve(request, env, Context::new(context))
}

/// Every minute: a refresh like any other, whose result all colos may fall back on.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    refresh::keep_last_good(&env).await;
}
