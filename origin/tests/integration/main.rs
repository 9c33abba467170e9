//! The origin's collectors in simulated time. One program, so that it is linked once; only the day has a program of its own,
//! for it measures the memory of its whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot do its part fails"
)]

mod watch;
mod world;

mod cold_start;
mod midnight;
mod sleep;
