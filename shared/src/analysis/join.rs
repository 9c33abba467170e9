//! Tickers joined with the universe: the rows that count.

use crate::market::majors::MAJORS;
use crate::market::{RefusedRow, RowRefusal, Ticker, Tickers, Universe, is_plausible_symbol};
use crate::snapshot::Coverage;
use crate::units::Amount;
use std::collections::{BTreeSet, HashMap};

/// Whether a part of the contracts is most of them, four of five: what fewer tell is not told of
/// the market.
#[must_use]
pub const fn is_most(part: usize, whole: usize) -> bool {
    part.saturating_mul(5) >= whole.saturating_mul(4)
}

/// How contracts in USDT without a date end.
const QUOTE: &str = "USDT";

/// Symbols of the table that look like ours and that the list does not even name: it lacks a part.
/// Unknown where only the contracts that count are known.
fn unlisted(tickers: &Tickers<'_>, universe: &Universe) -> Option<usize> {
    universe.others.as_ref()?;
    let symbols = tickers
        .rows
        .iter()
        .map(|row| &*row.symbol)
        .chain(tickers.refused.iter().map(|row| &*row.symbol));
    let ours = symbols.filter(|symbol| {
        symbol.ends_with(QUOTE) && is_plausible_symbol(symbol) && !symbol.contains('-')
    });
    let named: Option<Vec<bool>> = ours
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
    /// Rows of the universe's contracts that are not used, with the reason, one a contract; and
    /// those that name no contract.
    pub refused: Vec<RefusedRow<'a>>,
    /// The rows of the universe's contracts counted.
    pub coverage: Coverage,
    /// Rows that repeat another one.
    pub repeats: usize,
}

impl<'t, 'a> Market<'t, 'a> {
    /// Whether a figure is told by most contracts, and by the two that are half of the market: a
    /// sum or mean without these would say something of the market that it does not know.
    #[must_use]
    pub fn is_told(&self, of: impl Fn(&Ticker<'a>) -> bool) -> bool {
        let told = self.rows.iter().filter(|row| of(row)).count();
        is_most(told, self.rows.len())
            && MAJORS.iter().all(|major| self.find(major).is_none_or(&of))
    }

    /// Keeps the rows of listed contracts. Rows of other contracts are not ours to judge, so they
    /// are not counted.
    ///
    /// Rows that repeat one another are one row. Of a symbol that stands twice with different
    /// figures no row is used: which one is right cannot be told.
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
                Some(known) if *known == row => repeats += 1,
                Some(_) => {
                    disputed.insert(&row.symbol);
                }
            }
        }
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
        // A symbol that has a row of use has been told, whatever a second row of it looks like.
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

    /// Rows with the most turnover first, those of an unknown one last; symbols settle ties, so
    /// that the order never depends on the venue's.
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
