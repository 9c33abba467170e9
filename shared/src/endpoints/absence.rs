//! Why there is no answer to a question.

/// Why a snapshot has no answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence<'s> {
    /// The contract is not among those that are scored.
    NotMonitored,
    /// The analysis that the answer rests on is not there, for this machine-readable reason. An
    /// empty list would be taken for a market in which nothing is to be told.
    NotAnalysed(&'s str),
}
