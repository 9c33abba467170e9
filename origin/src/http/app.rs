//! What handlers see.

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
    /// What is served, counted and noted.
    pub context: Context,
    /// What the store is known to hold.
    pub stored: Arc<Stored>,
    /// The store's kind.
    pub store_kind: &'static str,
    /// What the process does.
    pub role: Role,
    /// Whether it leads.
    pub leadership: Arc<Leadership>,
    /// Set when the process is about to end: it still answers, but should be sent no more clients.
    pub draining: Arc<AtomicBool>,
    /// What opens that which is not for clients; nothing where it is open.
    pub secrets: Option<Arc<Secrets>>,
    /// When this process started, so that whoever replaced it can tell who answers.
    pub started_at: UnixMs,
}
