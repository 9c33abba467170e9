//! Which faults are set at the moment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::order::{Fault, Order};
use crate::link::{Link, Scope};
use crate::query::Query;

/// The faults that are set, at most one per scope and condition.
#[derive(Debug, Default)]
pub(crate) struct Board {
    faults: Mutex<BTreeMap<Place, Set>>,
    /// How many faults were ever set.
    numbered: AtomicU64,
}

/// To which requests a fault applies. Those of one scope stand together, and the ones with fewer
/// conditions first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    scope: Scope,
    conditions: usize,
    only: BTreeMap<String, String>,
}

impl Place {
    fn holds(&self, scope: Scope, query: &Query) -> bool {
        self.scope == scope
            && self
                .only
                .iter()
                .all(|(name, value)| query.get(name) == Some(value))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.scope)?;
        let mut before = '?';
        for (name, value) in &self.only {
            write!(formatter, "{before}{name}={value}")?;
            before = '&';
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Set {
    order: Order,
    since_ms: i64,
    number: u64,
}

/// A fault that applies to a request.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    pub(crate) fault: Fault,
    /// When the fault was set, unix milliseconds.
    pub(crate) since_ms: i64,
}

/// A fault as an open stream sees it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) applied: Applied,
    /// Tells it from every other fault, and from itself when it is set anew.
    pub(crate) number: u64,
    /// What a topic must be for the fault to apply to it.
    only: BTreeMap<String, String>,
}

impl Standing {
    /// Whether it applies to this topic.
    pub(crate) fn holds(&self, topic: &str, symbol: &str) -> bool {
        self.only.iter().all(|(name, value)| match name.as_str() {
            "topic" => value == topic,
            "symbol" => value == symbol,
            _ => false,
        })
    }

    /// Whether it names a topic.
    pub(crate) fn names_topic(&self) -> bool {
        self.only.contains_key("topic")
    }

    /// Whether it applies to everything.
    pub(crate) fn is_general(&self) -> bool {
        self.only.is_empty()
    }
}

impl Board {
    /// Sets a fault in place of the one that `scope` had under the same conditions.
    pub(crate) fn set(&self, scope: Scope, order: Order, now_ms: i64) {
        let place = Place {
            scope,
            conditions: order.only.len(),
            only: order.only.clone(),
        };
        self.lock().insert(
            place,
            Set {
                order,
                since_ms: now_ms,
                number: self.numbered.fetch_add(1, Ordering::Relaxed),
            },
        );
    }

    pub(crate) fn remove(&self, scope: Scope) {
        self.lock().retain(|place, _| place.scope != scope);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The most specific fault for a request to `link` with this query, of those that are meant; one
    /// that is limited in number is used up by this.
    pub(crate) fn take(
        &self,
        link: Link,
        query: &Query,
        is_meant: impl Fn(&Fault) -> bool,
    ) -> Option<Applied> {
        let mut faults = self.lock();
        let of = |scope| {
            let meant = |(place, set): &(&Place, &Set)| {
                place.holds(scope, query) && is_meant(&set.order.fault)
            };
            let found = faults.iter().rfind(meant);
            found.map(|(place, _)| place.clone())
        };
        let place = Scope::around(link).into_iter().find_map(of)?;
        let set = faults.get_mut(&place)?;
        let applied = Applied {
            fault: set.order.fault.clone(),
            since_ms: set.since_ms,
        };
        if let Some(times) = &mut set.order.times {
            *times -= 1;
            if *times == 0 {
                faults.remove(&place);
            }
        }
        Some(applied)
    }

    /// Every fault that may apply to an open connection of `link`, the most specific first. None is
    /// used up by this.
    pub(crate) fn standing(&self, link: Link) -> Vec<Standing> {
        let faults = self.lock();
        if faults.is_empty() {
            return Vec::new();
        }
        let of = |scope| {
            faults
                .iter()
                .rev()
                .filter(move |(place, _)| place.scope == scope)
        };
        let all = Scope::around(link).into_iter().flat_map(of);
        all.map(|(place, set)| Standing {
            applied: Applied {
                fault: set.order.fault.clone(),
                since_ms: set.since_ms,
            },
            number: set.number,
            only: place.only.clone(),
        })
        .collect()
    }

    /// Uses up one time of the fault with this number; whether there was one left.
    pub(crate) fn spend(&self, number: u64) -> bool {
        let mut faults = self.lock();
        let found = faults.iter_mut().find(|(_, set)| set.number == number);
        let Some((place, set)) = found else {
            return false;
        };
        if let Some(times) = &mut set.order.times {
            *times -= 1;
            if *times == 0 {
                let place = place.clone();
                faults.remove(&place);
            }
        }
        true
    }

    /// All faults by the name of their scope and conditions.
    pub(crate) fn read(&self) -> BTreeMap<String, Order> {
        let faults = self.lock();
        faults
            .iter()
            .map(|(place, set)| (place.to_string(), set.order.clone()))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Place, Set>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
