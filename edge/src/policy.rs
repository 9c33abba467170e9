//! Every decision of the edge, as arithmetic on what is held, what was tried, and the clock. Nothing
//! here waits, does I/O or keeps state of its own.

mod time;

mod upstream;

mod deadlines;

mod decision;

mod fitness;

mod assembly;

mod refusal;

mod limits;

mod breaker;

mod ledger;

mod budget;

mod ladder;

mod universe;

mod exercise;

mod quota;

pub use assembly::{fallback_reason, next_sequence};
pub use breaker::Breaker;
pub use budget::{Calls, Need, Withheld};
pub use deadlines::{DEADLINES, Deadlines};
pub use decision::{Decision, LEASE_MS, NEGATIVE_MS, REST_MS, Refresh, RefreshLog, decide};
pub use exercise::{Divergence, is_exercise_due};
pub use fitness::{LEAST_COVERAGE, MIN_COVERAGE, Unfit, fit};
pub use ladder::{Ladder, Means, Standing, Step};
pub use ledger::{BadLedger, Entry, Ledger, SharedFailure};
pub use quota::Quota;
pub use refusal::Refusal;
pub use universe::{UniverseUse, universe_use};
pub use upstream::{PerUpstream, Upstream};
