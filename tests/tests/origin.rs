//! The origin from outside: the real program against the simulated exchange and a real Redis, over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its part fails"
)]

#[path = "origin/alerts.rs"]
mod alerts;
#[path = "origin/analysis.rs"]
mod analysis;
#[path = "origin/config.rs"]
mod config;
#[path = "origin/dependence.rs"]
mod dependence;
#[path = "../golden/freeze.rs"]
mod freeze;
#[path = "origin/golden.rs"]
mod golden;
#[path = "origin/history.rs"]
mod history;
#[path = "origin/http.rs"]
mod http;
#[path = "origin/places.rs"]
mod places;
#[path = "origin/redis.rs"]
mod redis;
#[path = "origin/redis_group.rs"]
mod redis_group;
#[path = "origin/roles.rs"]
mod roles;
#[path = "origin/rolling.rs"]
mod rolling;
#[path = "origin/scripts.rs"]
mod scripts;
#[path = "origin/sentinel.rs"]
mod sentinel;
#[path = "../golden/shape.rs"]
mod shape;
#[path = "origin/store_faults.rs"]
mod store_faults;
#[path = "origin/support.rs"]
mod support;
#[path = "origin/upstreams.rs"]
mod upstreams;
