//! What every call to an exchange has in common: its parameters, and its admission by the budgets.

use super::background::Background;
use super::colo_ledger;
use crate::deployment::Deployment;
use crate::policy::{Denied, Need, Upstream};
use crate::upstream::Purpose;
use crate::{clock, memory};
use futures_util::future::join;
use shared::headers::request_id::RequestId;
use shared::validate::ValidSnapshot;
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

/// What a call to an exchange needs beside its address.
pub(super) struct ExchangeCall<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) background: &'a Background,
    pub(super) held: Option<Rc<ValidSnapshot>>,
    /// The fallback reason of the snapshot: why not the origin.
    pub(super) reason: String,
    /// The timeout of all of it, milliseconds.
    pub(super) timeout_ms: u64,
    pub(super) purpose: Purpose,
    /// Set once a request is really sent, for the budgets may deny it.
    pub(super) is_sent: Rc<Cell<bool>>,
    /// The request in whose name the call is made; `None` for an exercise.
    pub(super) request_id: Option<&'a RequestId>,
}

impl ExchangeCall<'_> {
    /// Takes a call from the budgets, once the colo's ledger is read; what else is read from the
    /// cache is read `beside` it, in the same time.
    pub(super) async fn admit<T>(
        &self,
        exchange: Upstream,
        beside: impl Future<Output = T>,
    ) -> Result<T, Denied> {
        let need = self.need();
        // What this isolate knows itself costs no read of the cache.
        colo_ledger::admit(exchange, need, clock::now())?;
        let ((), read) = join(colo_ledger::read(), beside).await;
        let now = clock::now();
        colo_ledger::admit(exchange, need, now)?;
        // Noted before the request is sent, or two isolates would both find the budget free.
        colo_ledger::note_call(exchange, now, self.background);
        self.is_sent.set(true);
        Ok(read)
    }

    fn need(&self) -> Need {
        let limits = &self.deployment.config.limits;
        let is_servable = memory::snapshot()
            .is_some_and(|held| limits.classify(held.get().as_of_ms, clock::now()).is_some());
        if is_servable {
            Need::YoungerData
        } else {
            Need::Data
        }
    }
}
