//! Watches every round of an origin, and fails at the first thing that must never happen.

use super::world::{Asked, World};
use origin::publication::Publication;
use shared::freshness::Limits;
use shared::snapshot::Snapshot;
use shared::snapshot::alerts::MAX_ALERTS;
use shared::units::UnixMs;
use std::collections::VecDeque;
use std::sync::Arc;

/// The exchange's window of requests.
const WINDOW_MS: u64 = 5_000;

/// What was seen so far.
#[derive(Debug)]
pub(crate) struct Watch {
    budget: usize,
    /// The time and the number of the last publication.
    last: Option<(UnixMs, u64)>,
    /// Requests to Bybit of the last window.
    recent: VecDeque<UnixMs>,
    /// The most requests to Bybit in any window.
    pub(crate) busiest_window: usize,
    pub(crate) requests: u64,
    tables: u64,
    pub(crate) rounds: u64,
}

impl Watch {
    /// Watches an origin that may send so many requests in any window.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            budget,
            last: None,
            recent: VecDeque::new(),
            busiest_window: 0,
            requests: 0,
            tables: 0,
            rounds: 0,
        }
    }

    /// Waits for the next publication and checks it, and the requests that were sent before it.
    pub(crate) async fn next(&mut self, world: &mut World) -> (Arc<Publication>, Vec<Asked>) {
        let publication = world.next().await;
        let asked = world.take_asked();
        self.check_requests(&asked);
        self.check_round(publication.valid().get());
        (publication, asked)
    }

    fn check_requests(&mut self, asked: &[Asked]) {
        for request in asked.iter().filter(|request| request.is_of_bybit()) {
            while self
                .recent
                .front()
                .is_some_and(|first| request.at.millis_since(*first) >= WINDOW_MS)
            {
                self.recent.pop_front();
            }
            self.recent.push_back(request.at);
            self.busiest_window = self.busiest_window.max(self.recent.len());
            self.requests += 1;
            self.tables += u64::from(request.target.starts_with("/v5/market/tickers"));
        }
        assert!(
            self.busiest_window <= self.budget,
            "{} requests in five seconds: {:?}",
            self.busiest_window,
            self.recent
        );
    }

    fn check_round(&mut self, snapshot: &Snapshot) {
        self.rounds += 1;
        assert_eq!(
            self.rounds, self.tables,
            "a ticker table made no publication before {}",
            snapshot.as_of_ms
        );
        if let Some((as_of_ms, sequence)) = self.last {
            assert!(
                as_of_ms < snapshot.as_of_ms,
                "{as_of_ms} and then {}",
                snapshot.as_of_ms
            );
            assert!(
                sequence < snapshot.sequence,
                "{sequence} and then {}",
                snapshot.sequence
            );
        }
        self.last = Some((snapshot.as_of_ms, snapshot.sequence));
        let age_ms = snapshot.generated_at_ms.millis_since(snapshot.as_of_ms);
        assert!(
            age_ms <= Limits::DEFAULT.refresh_after_ms,
            "published when it was {age_ms} ms old"
        );
        assert!(
            !snapshot.scores.is_empty(),
            "no scores at {}",
            snapshot.as_of_ms
        );
        let alerts = snapshot.alerts.value().map(|section| section.alerts.len());
        assert!(
            alerts.is_some_and(|alerts| alerts <= MAX_ALERTS),
            "{alerts:?} alerts at {}",
            snapshot.as_of_ms
        );
    }
}

/// How many contracts are scored in all six dimensions.
pub(crate) fn scored(snapshot: &Snapshot) -> usize {
    let all_six = |components: &shared::snapshot::Components| {
        [
            components.technical,
            components.volume,
            components.orderflow,
            components.orderbook,
            components.price_structure,
            components.sentiment,
        ]
        .iter()
        .all(Option::is_some)
    };
    snapshot
        .scores
        .iter()
        .filter(|row| row.components().is_some_and(all_six))
        .count()
}
