//! Which faults are set at the moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::order::{Fault, Order};
use crate::simulator::link::{Link, Scope};

/// The faults that are set, at most one per scope.
#[derive(Debug, Default)]
pub(crate) struct Board {
    faults: Mutex<BTreeMap<Scope, Set>>,
}

#[derive(Debug)]
struct Set {
    order: Order,
    since_ms: i64,
}

/// A fault that applies to a request.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) fault: Fault,
    /// When the fault was set, unix milliseconds.
    pub(crate) since_ms: i64,
}

impl Board {
    /// Sets a fault in place of the one that `scope` had.
    pub(crate) fn set(&self, scope: Scope, order: Order, now_ms: i64) {
        let set = Set { order, since_ms: now_ms };
        self.lock().insert(scope, set);
    }

    pub(crate) fn remove(&self, scope: Scope) {
        self.lock().remove(&scope);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The most specific fault for a request to `link`; one that is limited in number is used up by this.
    pub(crate) fn take(&self, link: Link) -> Option<Applied> {
        let mut faults = self.lock();
        let scope = Scope::around(link).into_iter().find(|scope| faults.contains_key(scope))?;
        let set = faults.get_mut(&scope)?;
        let applied = Applied { fault: set.order.fault.clone(), since_ms: set.since_ms };
        if let Some(times) = &mut set.order.times {
            *times -= 1;
            if *times == 0 {
                faults.remove(&scope);
            }
        }
        Some(applied)
    }

    /// All faults by the name of their scope.
    pub(crate) fn read(&self) -> BTreeMap<String, Order> {
        let faults = self.lock();
        faults.iter().map(|(scope, set)| (scope.to_string(), set.order.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Scope, Set>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
