//! Requests, answered from memory alone.

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
