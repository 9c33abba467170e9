//! Tickers joined with the universe: the rows that count.

use crate::market::{RefusedRow, RowRefusal, Ticker, Tickers, Universe};
use crate::snapshot::Coverage;
use std::collections::HashSet;

/// The tickers of the universe's contracts.
#[derive(Clone, Debug)]
pub struct Market<'t, 'a> {
    /// One usable row per contract.
    pub rows: Vec<&'t Ticker<'a>>,
    /// Rows of the universe's contracts that are not used, with the reason.
    pub refused: Vec<RefusedRow<'a>>,
    /// The two counted.
    pub coverage: Coverage,
}

impl<'t, 'a> Market<'t, 'a> {
    /// Keeps the rows of listed contracts. Rows of other contracts are not ours to judge, so they are not counted.
    #[must_use]
    pub fn join(tickers: &'t Tickers<'a>, universe: &Universe) -> Self {
        let mut seen = HashSet::with_capacity(universe.len());
        let mut rows = Vec::with_capacity(universe.len());
        let mut refused: Vec<RefusedRow<'a>> =
            tickers.refused.iter().filter(|row| universe.contains(&row.symbol)).cloned().collect();
        for row in tickers.rows.iter().filter(|row| universe.contains(&row.symbol)) {
            if seen.insert(&*row.symbol) {
                rows.push(row);
            } else {
                refused.push(RefusedRow { symbol: row.symbol.clone(), reason: RowRefusal::Duplicate });
            }
        }
        let coverage = Coverage { listed: universe.len(), priced: rows.len(), refused: refused.len() };
        Self { rows, refused, coverage }
    }

    /// The row of one contract.
    #[must_use]
    pub fn find(&self, symbol: &str) -> Option<&'t Ticker<'a>> {
        self.rows.iter().copied().find(|row| row.symbol == symbol)
    }

    /// Rows with the most turnover first; symbols settle ties, so that the order never depends on the venue's.
    #[must_use]
    pub fn by_turnover(&self) -> Vec<&'t Ticker<'a>> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| {
            b.turnover_24h.get().total_cmp(&a.turnover_24h.get()).then_with(|| a.symbol.cmp(&b.symbol))
        });
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ticker;
    use crate::provenance::{Source, Venue};
    use crate::units::UnixMs;

    #[test]
    fn only_listed_contracts_count_and_each_counts_once() {
        let universe = Universe {
            as_of_ms: UnixMs::from_millis(1),
            source: Source::live(Venue::Bybit),
            contracts: [("BTCUSDT".to_owned(), None), ("ETHUSDT".to_owned(), None), ("GONEUSDT".to_owned(), None)]
                .into(),
        };
        let tickers = Tickers {
            server_time: UnixMs::from_millis(1),
            rows: vec![
                ticker("BTCUSDT", 60_000.0, 1.0, 9e9),
                ticker("AAPLUSDT", 200.0, 50.0, 9e9),
                ticker("BTCUSDT", 1.0, 1.0, 9e9),
            ],
            refused: vec![
                RefusedRow { symbol: "ETHUSDT".into(), reason: RowRefusal::Missing { field: "lastPrice" } },
                RefusedRow { symbol: "SYSTEM_STATUS".into(), reason: RowRefusal::MalformedSymbol },
            ],
        };
        let market = Market::join(&tickers, &universe);
        assert_eq!(market.coverage, Coverage { listed: 3, priced: 1, refused: 2 });
        assert_eq!(market.find("BTCUSDT").map(|row| row.last.get()), Some(60_000.0));
        assert!(market.find("AAPLUSDT").is_none(), "a share was counted");
    }
}
