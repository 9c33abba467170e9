//! Liquidations of every contract of the universe: heard by the feed, kept on the tape, read by the
//! rounds.
//!
//! Hours may pass without one, so silence is no failure. What tells that the stream is there is the
//! answer to a sign of life, which this connection asks for more often than the venue demands: the
//! tape is complete only as far as it was heard.
//!
//! State: the tape, which outlives connections, and what the venue refuses to stream.

use super::session::{Event, Feed};
use crate::context::Context;
use crate::supervise::CRASHED;
use analysis::liquidations::{Lately, LiquidationTape, Taken};
use shared::assemble::Slow;
use shared::exchange::bybit::stream::{Data, Topic, liquidations};
use shared::provenance::Source;
use shared::snapshot::Lack;
use shared::snapshot::alerts::LiquidationCascade;
use shared::snapshot::liquidations::Liquidations;
use shared::units::UnixMs;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The connection's name in metrics and the last outcomes.
pub(in crate::collect) const NAME: &str = "bybit_stream_liquidations";

/// The tape. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::collect) struct StreamedLiquidations(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    tape: LiquidationTape,
    /// Why nothing is known, while nothing is.
    lack: &'static str,
}

impl StreamedLiquidations {
    /// Nothing is heard, and without streams nothing will be.
    pub(in crate::collect) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            tape: LiquidationTape::default(),
            lack: Lack::StreamsOff.label(),
        })))
    }

    /// The section, or why there is none.
    pub(in crate::collect) fn section(&self) -> Slow<Liquidations> {
        let state = self.lock();
        state
            .tape
            .section()
            .map_or_else(|| Slow::unknown(state.lack), Slow::Known)
    }

    /// The last minutes beside what is usual.
    pub(in crate::collect) fn cascade(&self) -> Option<LiquidationCascade> {
        self.lock().tape.cascade()
    }

    /// What was liquidated of every contract lately.
    pub(in crate::collect) fn lately(&self) -> Option<Lately> {
        self.lock().tape.lately()
    }

    /// Forgets everything: it may be what the feed crashes on.
    pub(in crate::collect) fn crashed(&self) {
        let mut state = self.lock();
        state.tape = LiquidationTape::default();
        state.lack = CRASHED;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts liquidations onto the tape.
pub(super) struct LiquidationFeed {
    context: Context,
    streamed: StreamedLiquidations,
    /// What is streamed, or will be when the venue has confirmed it.
    topics: BTreeSet<Topic>,
    refused: BTreeSet<Topic>,
}

impl LiquidationFeed {
    pub(super) fn new(context: Context, streamed: StreamedLiquidations) -> Self {
        {
            let mut state = streamed.lock();
            state.lack = Lack::NotObservedYet.label();
            // A feed before this one may have crashed with its connection open.
            state.tape.ended();
        }
        Self {
            context,
            streamed,
            topics: BTreeSet::new(),
            refused: BTreeSet::new(),
        }
    }

    fn listen(&self) {
        let topics = self.topics.difference(&self.refused);
        let contracts = topics.map(|topic| topic.symbol().to_owned()).collect();
        self.streamed.lock().tape.listens_to(contracts);
    }
}

impl Feed for LiquidationFeed {
    const PATIENCE: Option<Duration> = None;
    const PING_EACH: Duration = Duration::from_secs(2);
    const GONE_AFTER: Duration = Duration::from_secs(15);

    fn began(&mut self, source: Source, wanted: &BTreeSet<Topic>) {
        self.refused.clear();
        self.topics.clone_from(wanted);
        self.streamed.lock().tape.opened(source);
        self.listen();
    }

    fn wants(&mut self, wanted: &BTreeSet<Topic>) {
        self.topics.clone_from(wanted);
        self.listen();
    }

    fn take(&mut self, data: &Data<'_>, received_at: UnixMs) -> bool {
        let metrics = &self.context.metrics;
        let kind = data.topic.kind();
        let mut state = self.streamed.lock();
        match liquidations(data) {
            Ok((found, refused)) => {
                for one in &found {
                    match state.tape.take(one, received_at) {
                        Taken::Counted | Taken::Earlier => {}
                        Taken::Repeated => metrics.stream_gap(kind, "repeated"),
                        Taken::Unusable => {
                            state.tape.refuse();
                            metrics.input_refused(NAME, "unusable_field");
                        }
                    }
                }
                for row in refused {
                    state.tape.refuse();
                    metrics.input_refused(NAME, row.reason.label());
                }
            }
            Err(error) => {
                state.tape.lost(received_at);
                metrics.stream_gap(kind, error.label());
            }
        }
        // There is no snapshot that beginning the topic again would bring.
        false
    }

    fn tick(&mut self, _received_at: UnixMs) -> Vec<Topic> {
        Vec::new()
    }

    fn ended(&mut self) {
        self.streamed.lock().tape.ended();
    }

    fn note(&mut self, event: Event<'_>, at: UnixMs) {
        match event {
            Event::Alive => self.streamed.lock().tape.alive(at),
            Event::Confirmed => self.streamed.lock().tape.confirmed(at),
            Event::Unreadable => self.streamed.lock().tape.lost(at),
            Event::Refused(topic) => {
                self.refused.insert(topic.clone());
                self.listen();
            }
        }
    }
}
