//! Every decision of the edge, as arithmetic on what is held, what was tried, and the clock.
//! Nothing here waits, does I/O or keeps state of its own.

mod time;

mod upstream;

mod deadlines;

mod decision;

mod usable;

mod assembly;

mod refusal;

mod limits;

mod breaker;

mod ledger;

mod budget;

mod fallback_chain;

mod universe;

mod exercise;

mod divergence;

mod log_throttle;

pub use assembly::{fallback_reason, next_sequence};
pub use breaker::Breaker;
pub use budget::{Calls, Denied, Need};
pub use deadlines::{DEADLINES, Deadlines};
pub use decision::{Decision, LEASE_MS, NEGATIVE_MS, REST_MS, Refresh, RefreshLog, decide};
pub use divergence::Divergence;
pub use exercise::is_exercise_due;
pub use fallback_chain::{Available, FallbackChain, ShownVenue, Step};
pub use ledger::wire::BadLedger;
pub use ledger::{Entry, Ledger, SharedFailure};
pub use log_throttle::LogThrottle;
pub use refusal::Refusal;
pub use universe::{UniverseUse, universe_use};
pub use upstream::{PerUpstream, Upstream};
pub use usable::{LEAST_COVERAGE, MIN_COVERAGE, Unusable, check_usable};
