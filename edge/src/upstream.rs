//! The sources of snapshots: the origin, the exchanges, and the Worker that owns the route to them.
//!
//! One call to one source: bytes → parsed → assembled, for what an exchange sends → admitted →
//! usable. Nothing here decides who is called when; that is [`crate::policy`].

mod outcome;

mod colo_name;

mod materials;

mod fetch_error;

mod deadline;

pub mod fetch;

mod refusal;

mod exchange_error;

mod admission;

mod reported;

pub mod exchange;

pub mod outlier_filter;

pub mod handover;

pub mod origin;

pub mod direct;

pub mod bybit;

pub mod secondary;

pub use deadline::Deadline;
pub use exchange_error::{AnswerError, ExchangeError};
pub use fetch_error::FetchError;
pub use materials::{Assembled, Materials, Purpose};
pub use outcome::{
    Attempt, AttemptFailure, BYBIT_ALTERNATIVE, BYBIT_DIRECT, Health, ORIGIN, Refused,
    UnusableSnapshot,
};
