//! The contracts whose inputs are fetched.

use shared::snapshot::{ScoreRow, Snapshot};
use shared::units::Amount;

/// One monitored contract, in the order of turnover.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::collect) struct Monitored {
    pub(in crate::collect) symbol: String,
    /// Hours between fundings, where known.
    pub(in crate::collect) funding_interval_hours: Option<f64>,
}

impl Monitored {
    /// The contracts that have a row of scores, by turnover.
    pub(in crate::collect) fn of(snapshot: &Snapshot) -> Vec<Self> {
        let mut rows: Vec<&ScoreRow> = snapshot.scores.iter().collect();
        let turnover = |row: &ScoreRow| row.turnover_24h.map_or(0.0, Amount::get);
        rows.sort_by(|a, b| {
            turnover(b)
                .total_cmp(&turnover(a))
                // A stable order: equal turnovers would otherwise change the list and wake the
                // scheduler.
                .then_with(|| a.symbol.cmp(&b.symbol))
        });
        let interval = |symbol: &str| snapshot.universe.contracts.get(symbol).copied().flatten();
        rows.into_iter()
            .map(|row| Self {
                symbol: row.symbol.clone(),
                funding_interval_hours: interval(&row.symbol),
            })
            .collect()
    }
}
