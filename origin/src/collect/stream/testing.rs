//! What the tests of whole streams share.

use crate::clock::Clock;
use crate::context::Context;
use crate::jitter::Jitter;
use crate::metrics::Metrics;
use crate::publication::Current;
use crate::status::StatusBoard;
use shared::analysis::Settings;
use shared::freshness::Limits;
use std::sync::Arc;

/// A process's context, with nothing in it.
pub(super) fn context() -> Context {
    Context {
        current: Arc::new(Current::new()),
        metrics: Arc::new(Metrics::new()),
        board: Arc::new(StatusBoard::default()),
        settings: Settings::DEFAULT,
        limits: Limits::DEFAULT,
        clock: Clock::system(),
        jitter: Jitter::seeded(1),
    }
}
