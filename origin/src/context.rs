//! What the parts of the process share.

use crate::clock::Clock;
use crate::jitter::Jitter;
use crate::metrics::Metrics;
use crate::publication::Current;
use crate::status::StatusBoard;
use shared::analysis::Settings;
use shared::freshness::Limits;
use std::sync::Arc;

/// What the parts of the process share.
#[derive(Clone, Debug)]
pub struct Context {
    /// What is served.
    pub current: Arc<Current>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Last outcomes.
    pub board: Arc<StatusBoard>,
    /// What the analysis was told.
    pub settings: Settings,
    /// How old is too old.
    pub limits: Limits,
    /// What time it is.
    pub clock: Clock,
    /// What keeps this process from doing everything at the same moment as others.
    pub jitter: Jitter,
}
