//! The contract and every rule that origin and edge share.
//!
//! Pure: no I/O, no clock, no environment, no panic. Time is an argument (`now`), and bytes come in
//! and go out; origin and edge do the rest.
//!
//! The modules stand in the order in which data flows through them, and each uses only what stands
//! above it: bytes → wire types → [`market`] facts → [`snapshot`] → [`validate::ValidSnapshot`] →
//! [`projection`] bytes.

mod labels;

pub mod units;

pub mod provenance;

pub mod market;

pub mod freshness;

pub mod exchange;

pub mod snapshot;

pub mod analysis;

pub mod assemble;

pub mod judge;

pub mod published;

pub mod validate;

pub mod mark;

pub mod endpoints;

pub mod headers;

pub mod health;

pub mod problem;

pub mod projection;
