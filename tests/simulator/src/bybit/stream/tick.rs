//! The moment at which a topic is looked at.

use crate::bybit::bucket::bucket;
use crate::source::{Generated, Moment};

/// A moment, by the clock and by the market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick<'a> {
    pub(super) generated: &'a Generated,
    /// What the clock shows, whatever a fault makes of it.
    pub(super) now_ms: i64,
    pub(super) moment: Moment,
    /// The moment for what lies on a grid of time.
    pub(super) history: Moment,
}

impl Tick<'_> {
    /// The same so much earlier.
    pub(super) fn earlier(&self, by_ms: i64) -> Self {
        let back = |moment: Moment| Moment {
            data_ms: moment.data_ms - by_ms,
            stamp_ms: moment.stamp_ms - by_ms,
        };
        Self {
            moment: back(self.moment),
            history: back(self.history),
            ..*self
        }
    }

    /// The moment whose prices are told.
    pub(super) fn bucket_ms(&self) -> i64 {
        bucket(self.moment.data_ms)
    }

    /// By how much the service's clock is ahead of the market's: 0 but for a fault.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.moment.stamp_ms - self.moment.data_ms
    }
}
