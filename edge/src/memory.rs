//! What this isolate holds between requests: the best snapshot, lists of contracts, and where its
//! calls arrive. Everything here is lost with the isolate, and nothing here is needed to serve: an
//! empty memory costs a refresh.

mod held;

mod universes;

mod arrival;

pub use arrival::{arrival, keep_arrival};
pub use held::{offer, shown_venue, snapshot};
pub use universes::{keep_universe, universe};
