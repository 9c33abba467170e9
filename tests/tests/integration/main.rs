//! The programs from outside: the simulated exchange, and the origin against it and a real Redis,
//! over real HTTP; what others rely on, held against the files that freeze it; and the order of the
//! modules, read from the sources.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its part fails"
)]

#[path = "../../golden/freeze.rs"]
mod freeze;
#[path = "../../golden/shape.rs"]
mod shape;

mod golden;
mod origin;
mod simulator;
mod structure;
