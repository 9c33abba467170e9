//! Tickers joined with the universe: the rows that count.
//!
//! Invariants: [`Market::rows`] has at most one row per contract of the universe, and no contract
//! is both there and in [`Market::refused`]. [`Coverage`] counts the same rows.

use crate::market::majors::MAJORS;
use crate::market::{RefusedRow, RowRefusal, Ticker, Tickers, Universe, is_plausible_symbol};
use crate::snapshot::Coverage;
use crate::units::Amount;
use std::collections::{BTreeSet, HashMap};

/// Whether a part of the contracts is most of them: at least four of five. A figure that fewer have
/// is not shown as one of the market.
#[must_use]
pub const fn is_most(part: usize, whole: usize) -> bool {
    // In integers, so that four of five is exactly enough.
    part.saturating_mul(5) >= whole.saturating_mul(4)
}

/// The suffix of undated contracts in USDT.
const QUOTE: &str = "USDT";

/// The number of symbols in the table that look like ours and that the list does not name: the list
/// lacks a part. `None` when the other names of the list are unknown.
fn unlisted(tickers: &Tickers<'_>, universe: &Universe) -> Option<usize> {
    universe.others.as_ref()?;
    let symbols = tickers
        .rows
        .iter()
        .map(|row| &*row.symbol)
        .chain(tickers.refused.iter().map(|row| &*row.symbol));
    let ours = symbols.filter(|symbol| {
        // A hyphen marks a dated contract, which the list names under another type.
        symbol.ends_with(QUOTE) && is_plausible_symbol(symbol) && !symbol.contains('-')
    });
    let named: Option<Vec<bool>> = ours
        // A symbol can be in the rows and among the refused ones; it counts once.
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|symbol| universe.names(symbol))
        .collect();
    Some(named?.into_iter().filter(|named| !named).count())
}

/// The tickers of the universe's contracts.
#[derive(Clone, Debug)]
pub struct Market<'t, 'a> {
    /// One usable row per contract.
    pub rows: Vec<&'t Ticker<'a>>,
    /// Rows of the universe's contracts that are not used, one per contract, with the reason; and
    /// rows that name no contract.
    pub refused: Vec<RefusedRow<'a>>,
    /// The rows of the universe's contracts counted.
    pub coverage: Coverage,
    /// Rows that repeat another one.
    pub repeats: usize,
}

impl<'t, 'a> Market<'t, 'a> {
    /// Whether most contracts have a figure, and both majors. These two are half of the market, so
    /// a sum or mean without them is not one of the market.
    #[must_use]
    pub fn is_told(&self, of: impl Fn(&Ticker<'a>) -> bool) -> bool {
        let told = self.rows.iter().filter(|row| of(row)).count();
        is_most(told, self.rows.len())
            && MAJORS.iter().all(|major| self.find(major).is_none_or(&of))
    }

    /// Keeps the rows of listed contracts. Other rows are outside the universe and are not counted.
    ///
    /// Equal rows of one symbol are one row. When they differ none is used, since which is right
    /// cannot be told.
    #[must_use]
    pub fn join(tickers: &'t Tickers<'a>, universe: &Universe) -> Self {
        let listed = || {
            tickers
                .rows
                .iter()
                .filter(|row| universe.contains(&row.symbol))
        };
        let mut first: HashMap<&str, &'t Ticker<'a>> = HashMap::with_capacity(universe.len());
        let mut disputed: BTreeSet<&str> = BTreeSet::new();
        let mut repeats = 0_usize;
        for row in listed() {
            match first.get(&*row.symbol) {
                None => {
                    first.insert(&row.symbol, row);
                }
                // The copy states nothing new, so it is counted and ignored.
                Some(known) if *known == row => repeats += 1,
                Some(_) => {
                    disputed.insert(&row.symbol);
                }
            }
        }
        // By address, because equal rows cannot be distinguished by their content.
        let is_first = |row: &&'t Ticker<'a>| {
            first
                .get(&*row.symbol)
                .is_some_and(|first| std::ptr::eq(*first, *row))
        };
        let rows: Vec<_> = listed()
            .filter(is_first)
            .filter(|row| !disputed.contains(&*row.symbol))
            .collect();
        let of_ours = tickers
            .refused
            .iter()
            .filter(|row| universe.contains(&row.symbol));
        // A symbol with a usable row is not refused, whatever its second row looks like.
        let of_ours = of_ours
            .filter(|row| !first.contains_key(&*row.symbol) || disputed.contains(&*row.symbol))
            .cloned();
        let disputed = disputed
            .iter()
            .filter_map(|symbol| first.get(*symbol))
            .map(|row| RefusedRow {
                symbol: row.symbol.clone(),
                reason: RowRefusal::Duplicate,
            });
        let mut refused: Vec<RefusedRow<'a>> = disputed.collect();
        for row in of_ours {
            // One reason per contract, so that the counts are counts of contracts.
            if refused.iter().all(|known| known.symbol != row.symbol) {
                refused.push(row);
            }
        }
        let coverage = Coverage {
            listed: universe.len(),
            priced: rows.len(),
            refused: refused.len(),
            unlisted: unlisted(tickers, universe),
        };
        // Reported for the log, but not part of the coverage: they belong to no contract.
        let nameless = tickers
            .refused
            .iter()
            .filter(|row| !is_plausible_symbol(&row.symbol))
            .cloned();
        Self {
            rows,
            refused: refused.into_iter().chain(nameless).collect(),
            coverage,
            repeats,
        }
    }

    /// The row of one contract.
    #[must_use]
    pub fn find(&self, symbol: &str) -> Option<&'t Ticker<'a>> {
        self.rows.iter().copied().find(|row| row.symbol == symbol)
    }

    /// Rows by turnover, largest first and unknown last. Symbols settle ties, so that the order
    /// never depends on the venue's.
    #[must_use]
    pub fn by_turnover(&self) -> Vec<&'t Ticker<'a>> {
        let turnover = |row: &Ticker<'_>| row.turnover_24h.map_or(-1.0, Amount::get);
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| {
            turnover(b)
                .total_cmp(&turnover(a))
                .then_with(|| a.symbol.cmp(&b.symbol))
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
        let contracts = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "GONEUSDT"]
            .map(|symbol| (symbol.to_owned(), None))
            .into();
        let universe = Universe::new(
            UnixMs::from_millis(1),
            Source::live(Venue::Bybit),
            contracts,
        );
        let tickers = Tickers {
            server_time: UnixMs::from_millis(1),
            rows: vec![
                ticker("BTCUSDT", 60_000.0, 1.0, 9e9),
                ticker("AAPLUSDT", 200.0, 50.0, 9e9),
                ticker("SOLUSDT", 150.0, 1.0, 9e9),
                ticker("SOLUSDT", 1.0, 1.0, 9e9),
                ticker("BTCUSDT", 60_000.0, 1.0, 9e9),
            ],
            odd: vec![],
            refused: vec![
                RefusedRow {
                    symbol: "ETHUSDT".into(),
                    reason: RowRefusal::Missing { field: "lastPrice" },
                },
                RefusedRow {
                    symbol: "SYSTEM_STATUS".into(),
                    reason: RowRefusal::MalformedSymbol,
                },
            ],
        };
        let market = Market::join(&tickers, &universe);
        // SOLUSDT counts once, however often it stands there; what names no contract is told and
        // not counted.
        assert_eq!(
            market.coverage,
            Coverage {
                listed: 4,
                priced: 1,
                refused: 2,
                unlisted: None
            }
        );
        assert_eq!((market.refused.len(), market.repeats), (3, 1));
        assert_eq!(
            market.find("BTCUSDT").map(|row| row.last.get()),
            Some(60_000.0)
        );
        assert!(market.find("AAPLUSDT").is_none(), "a share was counted");
        assert!(
            market.find("SOLUSDT").is_none(),
            "one of two contradicting rows was believed"
        );
    }
}
