//! What Prometheus reads.
//!
//! Order: `families` declares every metric, `registration` names it, `counters` counts as things
//! happen, `exposition` adds what is computed when the page is read (ages, the clock), `format`
//! writes it in the form that the scraper accepts.

mod counters;
mod exposition;
mod families;
mod format;
mod labels;
mod registration;

pub use counters::{Answered, Metrics, Present};
pub use exposition::{Process, Seen};
pub use format::Format;
