//! What all parts of the process share. Clones share it.

use crate::clock::Clock;
use crate::jitter::Jitter;
use crate::metrics::Metrics;
use crate::publication::Current;
use crate::status::StatusBoard;
use shared::analysis::Settings;
use shared::freshness::Limits;
use std::sync::Arc;

/// What all parts of the process share.
#[derive(Clone, Debug)]
pub struct Context {
    /// What is served.
    pub current: Arc<Current>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Last outcomes.
    pub board: Arc<StatusBoard>,
    /// The settings of the analysis.
    pub settings: Settings,
    /// The ages at which data is fresh, aging, stale and no longer served.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
    /// Keeps this process from acting at the same moment as others.
    pub jitter: Jitter,
}
