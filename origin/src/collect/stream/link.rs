//! What all connections share: where the stream is, and the budget of connections.

use super::budget::Budget;
use super::connection::{Connection, Endpoint, StreamError};
use crate::jitter::Jitter;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, sleep};

/// Opens connections within one budget. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::collect) struct Link {
    endpoint: Endpoint,
    budget: Arc<Mutex<Budget>>,
}

impl Link {
    pub(in crate::collect) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            budget: Arc::default(),
        }
    }

    /// Opens a connection when the budget allows one.
    pub(super) async fn open(&self, jitter: &Jitter) -> Result<Connection, StreamError> {
        while let Err(wait) = self.take(Instant::now()) {
            sleep(jitter.lengthen(wait)).await;
        }
        self.endpoint.open().await
    }

    fn take(&self, now: Instant) -> Result<(), std::time::Duration> {
        self.budget
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(now)
    }
}
