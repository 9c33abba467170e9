//! Projections: one snapshot → each endpoint's body, and each stored key's value.
//!
//! A body is a pure function of snapshot, class and limits: no clock, no cache state. So it is
//! byte-identical for every client and process, equal entity tags mean equal bodies, and a client
//! that reads only JSON still sees how old the data is.
//!
//! A body is kept for as long as its class is served. Its sections are therefore shown in the class
//! that they have at the end of that time, so none is shown as younger than it is, and one that is
//! past its limit by then is absent.
//!
//! Order: [`answer()`] decides whether there is a body, `body` picks the projection, the files by
//! endpoint build it from `head`, `rows` and `market`. Field names are an interface: they are never
//! renamed, and old aliases stay.

mod head;

mod rows;

mod market;

mod mobile;

mod dashboard;

mod confluence;

mod alerts;

mod liquidations;

mod contracts;

mod books;

mod beta;

mod perpetuals;

mod body;

mod answer;

mod stored;

#[cfg(feature = "typescript")]
pub mod typescript;

pub use answer::{absence, answer};
pub use body::body;
pub use rows::MOBILE_ROWS;
pub use stored::{StoredEntry, stored};
