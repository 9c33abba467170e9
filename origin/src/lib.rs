//! The origin: collects from exchanges, publishes validated snapshots, serves them from memory.
//!
//! Data flows down this list: [`upstream`] fetches bytes, [`collect`] makes snapshots of them,
//! [`publication`] holds the one that is served, [`store`] writes it to Redis and takes up what
//! others wrote, [`leadership`] says who collects, [`http`] answers requests from memory alone, and
//! [`server`] keeps the connections that they come by.

pub mod build;
pub mod clock;
pub mod config;
pub mod jitter;
pub mod logging;
pub mod metrics;
pub mod status;
pub mod supervise;

pub mod upstream;

pub mod publication;

pub mod leadership;

pub mod store;

pub mod collect;

pub mod http;

pub mod server;

mod run;

pub use run::{exit_code, run};
