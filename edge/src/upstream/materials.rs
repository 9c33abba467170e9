//! What goes into a snapshot that is assembled at the edge, and what comes out beside it.

use shared::market::Universe;
use shared::snapshot::Lack;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// Why the sections that only the origin collects are missing.
pub(super) const NOT_COLLECTED: &str = Lack::NotCollectedAtEdge.label();

/// What a snapshot is assembled with.
#[derive(Clone, Debug)]
pub struct Materials<'m> {
    /// What is held: the sections that only the origin collects are carried over from it while they
    /// may be shown.
    pub held: Option<&'m ValidSnapshot>,
    /// The list of contracts that count; without one it is fetched beside the tickers.
    pub universe: Option<Rc<Universe>>,
    /// The snapshot's fallback reason: why not the origin.
    pub reason: String,
    /// What the snapshot is for.
    pub purpose: Purpose,
}

/// What a snapshot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown: prices that jumped are held back by the outlier filter.
    Show,
    /// To be compared with the origin's and dropped: whatever the exchange says counts.
    Compare,
}

/// A snapshot that was assembled here.
#[derive(Debug)]
pub struct Assembled {
    /// The snapshot.
    pub snapshot: ValidSnapshot,
    /// The list of contracts, when it was fetched for this.
    pub fetched: Option<Rc<Universe>>,
}
