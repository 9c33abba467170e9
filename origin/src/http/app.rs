//! What handlers see: shared state, read only.

use crate::config::Role;
use crate::context::Context;
use crate::standing::Leadership;
use crate::stored::Stored;
use shared::headers::bearer::Secrets;
use shared::units::UnixMs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What handlers see.
#[derive(Clone, Debug)]
pub struct App {
    /// What is served, the counters and the last outcomes.
    pub context: Context,
    /// What the store is known to hold.
    pub stored: Arc<Stored>,
    /// The store's kind.
    pub store_kind: &'static str,
    /// What the process does.
    pub role: Role,
    /// Whether it leads.
    pub leadership: Arc<Leadership>,
    /// Set when the process is about to end: it still answers, and is not ready any more.
    pub draining: Arc<AtomicBool>,
    /// The secrets for `/snapshot` and `/metrics`; `None` where these are open.
    pub secrets: Option<Arc<Secrets>>,
    /// When this process started, by which a deployment sees whether the new one answers.
    pub started_at: UnixMs,
}
