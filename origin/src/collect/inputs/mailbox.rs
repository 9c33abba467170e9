//! What the stream tells the scheduler of inputs: which inputs it delivered, so that they need not
//! be fetched, and which it lost, so that they must be.
//!
//! State: the last news of each input. Bounded by the number of inputs, so it cannot grow.

use super::kind::InputKind;
use super::planner::Job;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// News of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::collect) enum News {
    /// A value was put onto the shelf.
    Delivered,
    /// No value comes for now.
    Lost,
}

/// A place for the newest news of each input. Clones share it.
#[derive(Clone, Debug, Default)]
pub(in crate::collect) struct Mailbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    news: Mutex<HashMap<Job, News>>,
    arrived: Notify,
}

impl Mailbox {
    /// Puts news, in the place of earlier news of the same input.
    pub(in crate::collect) fn put(&self, symbol: &str, kind: InputKind, news: News) {
        let job = Job {
            symbol: symbol.to_owned(),
            kind,
        };
        self.0
            .news
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(job, news);
        self.0.arrived.notify_one();
    }

    /// Returns when there may be news.
    pub(super) async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    /// Takes all news.
    pub(super) fn take(&self) -> HashMap<Job, News> {
        std::mem::take(&mut self.0.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
