//! Why a snapshot that is valid has no answer to a query. Origin and edge turn each reason into the
//! same problem.

/// Why a snapshot has no answer to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence<'s> {
    /// The contract is not among those that are scored.
    NotMonitored,
    /// The analysis that the answer rests on is absent, for this machine-readable reason. An empty
    /// list in its place would read as a market without signals.
    NotAnalysed(&'s str),
}
