//! Tickers joined with the universe: the rows that count.

use crate::market::{RefusedRow, RowRefusal, Ticker, Tickers, Universe};
use crate::snapshot::Coverage;
use std::collections::HashMap;

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
    ///
    /// Of a symbol that stands twice no row is used: which one is right cannot be told.
    #[must_use]
    pub fn join(tickers: &'t Tickers<'a>, universe: &Universe) -> Self {
        let listed = || tickers.rows.iter().filter(|row| universe.contains(&row.symbol));
        let mut times_seen = HashMap::with_capacity(universe.len());
        for row in listed() {
            *times_seen.entry(&*row.symbol).or_insert(0_usize) += 1;
        }
        let (rows, repeated): (Vec<_>, Vec<_>) = listed().partition(|row| times_seen.get(&*row.symbol) == Some(&1));
        let refused_before = tickers.refused.iter().filter(|row| universe.contains(&row.symbol)).cloned();
        let repeated =
            repeated.into_iter().map(|row| RefusedRow { symbol: row.symbol.clone(), reason: RowRefusal::Duplicate });
        let refused: Vec<RefusedRow<'a>> = refused_before.chain(repeated).collect();
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
    fn only_listed_contracts_count_and_none_that_stands_twice() {
        let universe = Universe {
            as_of_ms: UnixMs::from_millis(1),
            source: Source::live(Venue::Bybit),
            contracts: ["BTCUSDT", "ETHUSDT", "SOLUSDT", "GONEUSDT"].map(|symbol| (symbol.to_owned(), None)).into(),
        };
        let tickers = Tickers {
            server_time: UnixMs::from_millis(1),
            rows: vec![
                ticker("BTCUSDT", 60_000.0, 1.0, 9e9),
                ticker("AAPLUSDT", 200.0, 50.0, 9e9),
                ticker("SOLUSDT", 150.0, 1.0, 9e9),
                ticker("SOLUSDT", 1.0, 1.0, 9e9),
            ],
            refused: vec![
                RefusedRow { symbol: "ETHUSDT".into(), reason: RowRefusal::Missing { field: "lastPrice" } },
                RefusedRow { symbol: "SYSTEM_STATUS".into(), reason: RowRefusal::MalformedSymbol },
            ],
        };
        let market = Market::join(&tickers, &universe);
        assert_eq!(market.coverage, Coverage { listed: 4, priced: 1, refused: 3 });
        assert_eq!(market.find("BTCUSDT").map(|row| row.last.get()), Some(60_000.0));
        assert!(market.find("AAPLUSDT").is_none(), "a share was counted");
        assert!(market.find("SOLUSDT").is_none(), "one of two contradicting rows was believed");
    }
}
