//! What `shared` promises from outside. One program, so that it is linked once.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, in which a panic is how a test fails"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "the fuzz targets, which are a library of their own, walk JSON with the same helper"
)]

mod bodies;
mod carried;
mod defects;
mod dependence;
mod door;
mod door_bytes;
mod figures;
mod hostile;
mod jumps;
mod metamorphic;
mod projections;
mod recorded;
mod recorded_stream;
mod secondary;
mod served;
mod spoiled;
mod support;
mod tolerance;
