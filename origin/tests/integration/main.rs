//! The origin's collectors in simulated time, and what others rely on in it, held against the files
//! that freeze it.
//!
//! The day has a program of its own, for it measures the memory of its whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot do its part fails"
)]

#[path = "../../../tests/golden/freeze.rs"]
mod freeze;
mod watch;
mod world;

mod clocks;
mod cold_start;
mod golden;
mod midnight;
mod pace;
mod publishers;
mod refusals;
mod sleep;
mod storms;
