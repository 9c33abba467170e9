//! What all open streams share: how often they were used, whether they are cut, and at which pace
//! they are written to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::watch;

/// How open connections end when their service fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// With RST.
    Reset,
    /// With FIN, without a word of goodbye.
    End,
}

/// The open streams as a whole.
#[derive(Debug)]
pub(crate) struct Streams {
    cut: watch::Sender<Option<Cut>>,
    /// Bytes a second; 0 for as fast as they are taken.
    pace: Arc<AtomicU64>,
    opened: AtomicU64,
    open: AtomicU64,
    subscriptions: AtomicU64,
    messages: AtomicU64,
    /// Never reset, so that no two connections have one name.
    numbered: AtomicU64,
}

/// The counts as the control API shows them.
#[derive(Debug, Serialize)]
pub(crate) struct StreamCounts {
    /// Connections since the start or the last reset.
    opened: u64,
    /// Connections at the moment.
    open: u64,
    /// Topics that were subscribed to.
    subscriptions: u64,
    /// Messages that were sent.
    messages: u64,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            cut: watch::Sender::new(None),
            pace: Arc::default(),
            opened: AtomicU64::new(0),
            open: AtomicU64::new(0),
            subscriptions: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            numbered: AtomicU64::new(0),
        }
    }
}

impl Streams {
    /// Ends every open connection.
    pub(crate) fn cut(&self, cut: Cut) {
        self.cut.send_replace(Some(cut));
    }

    /// Tells of every cut from now on.
    pub(crate) fn cuts(&self) -> watch::Receiver<Option<Cut>> {
        self.cut.subscribe()
    }

    pub(crate) fn pace(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pace)
    }

    pub(crate) fn set_pace(&self, bytes_per_second: u64) {
        self.pace.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Counts a connection until what this returns is dropped.
    pub(crate) fn opened(self: &Arc<Self>) -> Open {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Open {
            streams: Arc::clone(self),
            number: self.numbered.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(crate) fn reset(&self) {
        for count in [&self.opened, &self.subscriptions, &self.messages] {
            count.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> StreamCounts {
        StreamCounts {
            opened: self.opened.load(Ordering::Relaxed),
            open: self.open.load(Ordering::Relaxed),
            subscriptions: self.subscriptions.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Open {
    streams: Arc<Streams>,
    pub(crate) number: u64,
}

impl Open {
    pub(crate) fn count_subscriptions(&self, topics: usize) {
        self.streams
            .subscriptions
            .fetch_add(topics as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_message(&self) {
        self.streams.messages.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.streams.open.fetch_sub(1, Ordering::Relaxed);
    }
}
