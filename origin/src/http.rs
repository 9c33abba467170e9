//! Requests, answered from memory alone: no handler waits for an upstream, a lock that is held
//! across I/O, or the store.
//!
//! Order for a request: `service` (count, check) → `target` (is it addressed soundly) → `routes`
//! (which place, which method, is it open) → `data` or `health` → `reply` → `journal` (name, log).

mod app;
mod data;
mod health;
mod journal;
mod reply;
mod routes;
mod service;
mod target;

pub use app::App;
pub use service::{operator_router, router};
