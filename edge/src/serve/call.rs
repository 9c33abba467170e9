//! One request that is answered from the snapshot: what was asked, and what answering takes.

use super::request::Named;
use crate::deployment::Deployment;
use crate::respond::Wish;
use shared::endpoints::Place;
use shared::units::UnixMs;
use std::rc::Rc;
use worker::{Context, Env};

/// A request that is answered from the snapshot.
pub(super) struct Call {
    pub(super) place: Place<'static>,
    pub(super) wish: Wish,
    pub(super) started: UnixMs,
    pub(super) deployment: Rc<Deployment>,
    pub(super) named: Named,
    pub(super) env: Env,
    pub(super) context: Context,
}
