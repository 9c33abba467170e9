//! Requests, answered from memory alone.

mod app;
mod data;
mod health;
mod layers;
mod named;
mod reply;
mod router;
mod target;

pub use app::App;
pub use router::{operator_router, router};
