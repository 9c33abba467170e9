//! The contracts whose inputs are fetched.

/// One monitored contract, in the order of turnover.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::collect) struct Monitored {
    pub(in crate::collect) symbol: String,
    /// Hours between fundings, where known.
    pub(in crate::collect) funding_interval_hours: Option<f64>,
}
