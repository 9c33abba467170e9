//! One request that is answered from the snapshot: what was requested, and what answering it takes.

use super::client_request::ClientRequest;
use crate::deployment::Deployment;
use crate::respond::Preconditions;
use shared::endpoints::Place;
use shared::units::UnixMs;
use std::rc::Rc;
use worker::{Context, Env};

/// A request that is answered from the snapshot.
pub(super) struct Call {
    pub(super) place: Place<'static>,
    /// Whether only the headers are requested.
    pub(super) head: bool,
    pub(super) preconditions: Preconditions,
    pub(super) started: UnixMs,
    pub(super) deployment: Rc<Deployment>,
    pub(super) client: ClientRequest,
    pub(super) env: Env,
    pub(super) context: Context,
}
