//! The programs from outside: the simulated exchange, and the origin against it and a real Redis,
//! over real HTTP; and what others rely on, held against the files that freeze it.

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
