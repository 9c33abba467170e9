//! What `analysis` promises from outside. One program, so that it is linked once.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, in which a panic is how a test fails"
)]

mod alerts;
mod around_the_score;
mod beta;
mod book_flow;
mod confluence;
mod liquidations;
mod report;
mod ta_lib;
