//! What Prometheus sees.

mod counters;
mod exposition;
mod families;
mod format;
mod labels;
mod registration;

pub use counters::{Answered, Metrics, Present};
pub use exposition::{Process, Seen};
pub use format::Format;
