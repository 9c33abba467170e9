//! One snapshot → each endpoint's body, and each stored key's value.
//!
//! A body is a pure function of snapshot, class and limits: no clock, no cache state. So it is
//! byte-identical for every client, and a client that reads only JSON still sees how old it is.
//!
//! A body is kept for as long as its class is served. So its parts are shown in the class that they
//! have when that ends, and none is ever shown as younger than it is; one that is past its own
//! limit by then is absent.

mod head;

mod rows;

mod market;

mod mobile;

mod dashboard;

mod confluence;

mod alerts;

mod beta;

mod perpetuals;

mod body;

mod answer;

mod stored;

#[cfg(feature = "typescript")]
pub mod typescript;

pub use answer::{absence, answer};
pub use body::body;
pub use stored::{StoredEntry, stored};
