//! What the edge decides, driven in simulated time; and what others rely on in it, held against the
//! files that freeze it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its part fails"
)]

#[path = "../../../tests/golden/freeze.rs"]
mod freeze;
#[path = "../../../tests/golden/shape.rs"]
mod shape;

mod fallback_chain;
mod golden;
mod outage;
