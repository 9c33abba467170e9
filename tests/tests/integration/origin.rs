//! The origin from outside: the real program against the simulated exchange and a real Redis, over
//! real HTTP.

mod alerts;
mod analysis;
mod config;
mod connections;
mod dependence;
mod golden;
mod history;
mod http;
mod liquidations;
mod past_failures;
mod places;
mod redis;
mod redis_access;
mod redis_cluster;
mod redis_group;
mod redis_poison;
mod roles;
mod rolling;
mod scripts;
mod secrets;
mod sentinel;
mod stepping_aside;
mod store_faults;
mod streams;
mod support;
mod upstreams;
mod wire;
