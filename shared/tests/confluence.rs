//! What every score must hold to, whatever the market does.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, in which a panic is how a test fails"
)]

mod confluence {
    pub(crate) mod noise;

    pub(crate) mod scene;

    mod inputs;

    mod symmetry;

    mod continuity;

    mod bounds;

    mod spread;
}
