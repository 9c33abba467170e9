//! The origin: collects from exchanges, publishes validated snapshots, serves them from memory.
//!
//! Data flows down this list: [`upstream`] fetches bytes, [`publication`] holds the snapshot that
//! is served, [`collect`] makes snapshots of the bytes, [`store`] writes them to Redis and takes up
//! what other processes wrote, [`leadership`] decides which process collects, [`http`] answers
//! requests from memory alone, and [`server`] limits the connections that they arrive on. Each uses
//! only what stands above it.

pub mod build;
pub mod clock;
pub mod config;
pub mod jitter;
pub mod logging;
pub mod status;

pub mod upstream;

pub mod stored;

pub mod metrics;

pub mod supervise;

pub mod publication;

pub mod context;

pub mod collect;

pub mod standing;

pub mod store;

pub mod leadership;

pub mod http;

pub mod server;

mod run;

pub use run::{exit_code, run};
