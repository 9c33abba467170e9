//! The last good value of every input, with its own time and source.
//!
//! State: one entry per monitored contract. Its inputs are shared by `Arc`, so a round takes a
//! consistent copy of all of them without holding the lock while it computes.
//!
//! Invariants: a value is only replaced by one that is at least as new. Rounds never see a history
//! of which pages are still to come: it is loaded from its oldest page on, so that it would pass
//! for one that ended weeks ago. A contract that is no longer monitored has no entry, and an answer
//! that comes late does not create one.

use super::monitored::Monitored;
use super::value::{Delivery, Value};
use analysis::agreement::Priced;
use analysis::book_flow::BookFlow;
use shared::market::Dated;
use shared::market::book::Book;
use shared::market::candles::{Candles, Interval};
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::Trades;
use shared::units::Price;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// The inputs of one contract. Cheap to clone: the values are shared.
#[derive(Clone, Debug, Default)]
pub(in crate::collect) struct SymbolInputs {
    pub(in crate::collect) candles: BTreeMap<Interval, Dated<Arc<Candles>>>,
    pub(in crate::collect) book: Option<Dated<Arc<Book>>>,
    /// Only a stream brings it.
    pub(in crate::collect) book_flow: Option<Dated<Arc<BookFlow>>>,
    pub(in crate::collect) trades: Option<Dated<Arc<Trades>>>,
    pub(in crate::collect) open_interest: Option<Dated<Arc<Vec<OpenInterest>>>>,
    pub(in crate::collect) account_ratio: Option<Dated<Arc<Vec<AccountRatio>>>>,
    pub(in crate::collect) funding: Option<Dated<Arc<Vec<Funding>>>>,
}

/// The inputs of every contract.
pub(in crate::collect) type Inputs = HashMap<String, Arc<SymbolInputs>>;

/// The inputs of all monitored contracts. Read by rounds, written by the scheduler.
#[derive(Debug, Default)]
pub(in crate::collect) struct Shelf {
    symbols: RwLock<HashMap<String, Entry>>,
}

/// What is held of one contract.
#[derive(Debug, Default)]
struct Entry {
    inputs: Arc<SymbolInputs>,
    /// Candles of which pages are still to come. Only the next request reads them.
    unfinished: BTreeMap<Interval, Dated<Arc<Candles>>>,
}

impl Entry {
    /// The inputs that the next request continues from: an unfinished history before a whole one.
    fn held(&self) -> Arc<SymbolInputs> {
        if self.unfinished.is_empty() {
            return Arc::clone(&self.inputs);
        }
        let mut held = SymbolInputs::clone(&self.inputs);
        held.candles.extend(self.unfinished.clone());
        Arc::new(held)
    }
}

impl SymbolInputs {
    /// The inputs whose price agrees with `last`, the ticker's; all of them when it has none. Open
    /// interest, ratios and fundings state no price and always stay.
    pub(in crate::collect) fn agreeing_with(self: &Arc<Self>, last: Option<Price>) -> Arc<Self> {
        // The usual case, and one that happens for every contract in every round: nothing is
        // copied.
        if self
            .candles
            .values()
            .all(|candles| candles.value.agrees_with(last))
            && self.book.iter().all(|book| book.value.agrees_with(last))
            && self
                .trades
                .iter()
                .all(|trades| trades.value.agrees_with(last))
        {
            return Arc::clone(self);
        }
        let mut agreeing = Self::clone(self);
        agreeing
            .candles
            .retain(|_, candles| candles.value.agrees_with(last));
        agreeing.book = agreeing.book.filter(|book| book.value.agrees_with(last));
        agreeing.trades = agreeing
            .trades
            .filter(|trades| trades.value.agrees_with(last));
        Arc::new(agreeing)
    }
}

impl Shelf {
    /// What the next request for an input of this contract continues from.
    pub(in crate::collect) fn held(&self, symbol: &str) -> Option<Arc<SymbolInputs>> {
        self.symbols
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(symbol)
            .map(Entry::held)
    }

    /// The inputs of every contract.
    pub(in crate::collect) fn all(&self) -> Inputs {
        let symbols = self.symbols.read().unwrap_or_else(PoisonError::into_inner);
        symbols
            .iter()
            .map(|(symbol, entry)| (symbol.clone(), Arc::clone(&entry.inputs)))
            .collect()
    }

    /// Drops contracts that are no longer monitored and makes room for new ones.
    pub(in crate::collect) fn keep_only(&self, monitored: &[Monitored]) {
        let mut symbols = self.symbols.write().unwrap_or_else(PoisonError::into_inner);
        symbols.retain(|symbol, _| monitored.iter().any(|one| one.symbol == *symbol));
        for one in monitored {
            symbols.entry(one.symbol.clone()).or_default();
        }
    }

    /// Stores an input unless a newer one is held; returns whether the input is complete. An empty
    /// delivery changes nothing.
    pub(in crate::collect) fn put(&self, symbol: &str, delivery: Delivery) -> bool {
        let mut symbols = self.symbols.write().unwrap_or_else(PoisonError::into_inner);
        // The contract was dropped while its request was under way. "Complete" keeps the planner
        // from asking for more.
        let Some(entry) = symbols.get_mut(symbol) else {
            return true;
        };
        let Some(Dated {
            value,
            as_of_ms,
            source,
        }) = delivery.dated
        else {
            return delivery.is_complete;
        };
        // Copied only while a round still reads the old values.
        let inputs = Arc::make_mut(&mut entry.inputs);
        match value {
            Value::Book(value) => renew(
                &mut inputs.book,
                Dated {
                    value,
                    as_of_ms,
                    source,
                },
            ),
            Value::BookFlow(value) => renew(
                &mut inputs.book_flow,
                Dated {
                    value,
                    as_of_ms,
                    source,
                },
            ),
            Value::Trades(value) => {
                let (value, as_of_ms) = match &inputs.trades {
                    // An answer has the newest trades only, and a tape those since it began. Joined
                    // they reach further back.
                    Some(held) => (
                        Arc::new(held.value.joined(&value)),
                        held.as_of_ms.max(as_of_ms),
                    ),
                    None => (value, as_of_ms),
                };
                inputs.trades = Some(Dated {
                    value,
                    as_of_ms,
                    source,
                });
            }
            Value::OpenInterest(value) => renew(
                &mut inputs.open_interest,
                Dated {
                    value,
                    as_of_ms,
                    source,
                },
            ),
            Value::AccountRatio(value) => renew(
                &mut inputs.account_ratio,
                Dated {
                    value,
                    as_of_ms,
                    source,
                },
            ),
            Value::Funding(value) => renew(
                &mut inputs.funding,
                Dated {
                    value,
                    as_of_ms,
                    source,
                },
            ),
            Value::Candles(value) => {
                let interval = value.interval;
                let loaded = Dated {
                    value,
                    as_of_ms,
                    source,
                };
                if delivery.is_complete {
                    entry.unfinished.remove(&interval);
                    let mut place = inputs.candles.remove(&interval);
                    renew(&mut place, loaded);
                    inputs.candles.extend(place.map(|dated| (interval, dated)));
                } else {
                    entry.unfinished.insert(interval, loaded);
                }
            }
        }
        delivery.is_complete
    }
}

/// Replaces a value unless the held one is newer. An equal time replaces: the newest row may be the
/// same while more rows, or corrected ones, came with it.
fn renew<T>(place: &mut Option<Dated<T>>, new: Dated<T>) {
    if place
        .as_ref()
        .is_none_or(|held| held.as_of_ms <= new.as_of_ms)
    {
        *place = Some(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::provenance::{Source, Venue};
    use shared::units::UnixMs;

    const NOW: UnixMs = UnixMs::from_millis(1_788_868_810_000);

    fn page(is_complete: bool, until: UnixMs) -> Delivery {
        let candles = Candles {
            interval: Interval::OneHour,
            closed: Vec::new(),
        };
        Delivery {
            dated: Some(Dated {
                value: Value::Candles(Arc::new(candles)),
                as_of_ms: until,
                source: Source::live(Venue::Bybit),
            }),
            is_complete,
            refused: Vec::new(),
        }
    }

    fn until(inputs: Option<&Arc<SymbolInputs>>) -> Option<UnixMs> {
        let candles = &inputs?.candles;
        candles.get(&Interval::OneHour).map(|dated| dated.as_of_ms)
    }

    #[test]
    fn a_history_is_shown_when_its_last_page_has_come_and_continued_before() {
        let symbol = "BTCUSDT";
        let shelf = Shelf::default();
        shelf.keep_only(&[Monitored {
            symbol: symbol.to_owned(),
            funding_interval_hours: None,
        }]);
        let (first, whole) = (NOW, NOW.plus_millis(4_000_000_000));
        let shown = || until(shelf.all().get(symbol));
        let continued = || until(shelf.held(symbol).as_ref());
        assert!(!shelf.put(symbol, page(false, first)));
        assert_eq!((shown(), continued()), (None, Some(first)));
        assert!(shelf.put(symbol, page(true, whole)));
        assert_eq!((shown(), continued()), (Some(whole), Some(whole)));
        // After a long sleep the pages are walked again, and the whole history stays shown.
        let later = whole.plus_millis(4_000_000_000);
        assert!(!shelf.put(symbol, page(false, later)));
        assert_eq!((shown(), continued()), (Some(whole), Some(later)));
    }
}
