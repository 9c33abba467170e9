//! The streamed ticker table: kept by the feed, read by the rounds.
//!
//! State: the merged rows of one connection, when a major's row was last renewed, and whether the
//! audit against fetched tables trusts them. A table is given out only while all three are in
//! order; otherwise the rounds fetch.

use super::session::{Feed, SILENT_TOPIC};
use super::trust::Trust;
use crate::context::Context;
use shared::exchange::bybit::stream::{Applied, Data, MergedTickers, Topic};
use shared::market::Tickers;
use shared::market::majors::MAJORS;
use shared::provenance::Source;
use shared::units::UnixMs;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Without a newer frame about a major for so long the stream does not show the market.
const MAJORS_WITHIN: Duration = Duration::from_secs(3);

/// In a market that moves, one row in [`MOVING_ONE_IN`] changes within this time, ms. A stream whose
/// rows do not change while its frames go on may stand still alone, so a fetched table has to tell.
const MOVES_WITHIN_MS: u64 = 5_000;
const MOVING_ONE_IN: usize = 100;

/// One wanted contract in this many may have no row yet: one that is about to be listed has none.
const MISSING_ONE_IN: usize = 50;

/// The connection's name in metrics and the last outcomes.
pub(in crate::collect) const NAME: &str = "bybit_stream_tickers";

/// A streamed table.
#[derive(Clone, Debug)]
pub(in crate::collect) struct Streamed {
    pub(in crate::collect) tickers: Tickers<'static>,
    /// When its newest frame arrived.
    pub(in crate::collect) received_at: UnixMs,
    pub(in crate::collect) source: Source,
}

/// The streamed rows. Clones share them.
#[derive(Clone, Debug, Default)]
pub(in crate::collect) struct StreamedTickers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) rows: MergedTickers,
    /// `None` without a connection.
    pub(super) source: Option<Source>,
    wanted: usize,
    received_at: Option<UnixMs>,
    /// The newest venue time of this connection's frames about majors; stays when a row goes.
    major_sent: Option<UnixMs>,
    /// When a frame about a major brought a newer one. A venue that repeats itself tells nothing.
    major_renewed: Option<Instant>,
    pub(super) trust: Trust,
    /// Topics that the audit found silent.
    pub(super) silent: Vec<Topic>,
}

impl StreamedTickers {
    /// The table, if the stream shows the market at `now`.
    pub(in crate::collect) fn table(&self, now: Instant) -> Option<Streamed> {
        let state = self.lock();
        state.is_live(now).then_some(())?;
        Some(Streamed {
            tickers: state.rows.table()?,
            received_at: state.received_at?,
            source: state.source?,
        })
    }

    /// Whether the stream shows the market at `now`.
    pub(in crate::collect) fn is_live(&self, now: Instant) -> bool {
        self.lock().is_live(now)
    }

    /// Whether the stream would show the market at `now`, if only a table had been compared with it.
    pub(in crate::collect) fn wants_an_audit(&self, now: Instant) -> bool {
        let state = self.lock();
        state.trust == Trust::Unproven && state.is_complete(now)
    }

    /// Notes that no table could be fetched to compare the streamed one with.
    pub(in crate::collect) fn without_a_table(&self) {
        let mut state = self.lock();
        state.trust = state.trust.without_a_table();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_live(&self, now: Instant) -> bool {
        self.trust.is_trusted() && self.is_complete(now)
    }

    fn is_complete(&self, now: Instant) -> bool {
        let missing = self.wanted.saturating_sub(self.rows.len());
        self.source.is_some()
            && !self.rows.is_empty()
            && missing <= self.wanted / MISSING_ONE_IN
            && self.moves()
            && self
                .major_renewed
                .is_some_and(|at| now.saturating_duration_since(at) < MAJORS_WITHIN)
    }
}

impl State {
    fn moves(&self) -> bool {
        let Some(newest) = self.rows.newest() else {
            return false;
        };
        let moving = self.rows.changed_within(newest, MOVES_WITHIN_MS);
        moving > 0 && moving >= self.rows.len() / MOVING_ONE_IN
    }
}

/// Keeps the streamed rows.
pub(super) struct TickerFeed {
    context: Context,
    streamed: StreamedTickers,
}

impl TickerFeed {
    pub(super) const fn new(context: Context, streamed: StreamedTickers) -> Self {
        Self { context, streamed }
    }
}

impl Feed for TickerFeed {
    const PATIENCE: Option<Duration> = Some(Duration::from_secs(3));

    fn began(&mut self, source: Source, wanted: &BTreeSet<Topic>) {
        let mut state = self.streamed.lock();
        *state = State {
            source: Some(source),
            wanted: wanted.len(),
            ..State::default()
        };
    }

    fn wants(&mut self, wanted: &BTreeSet<Topic>) {
        let mut state = self.streamed.lock();
        state.wanted = wanted.len();
        let ended: Vec<String> = state
            .rows
            .symbols()
            .filter(|symbol| !wanted.contains(&Topic::Ticker((*symbol).to_owned())))
            .map(str::to_owned)
            .collect();
        for symbol in ended {
            state.rows.remove(&symbol);
        }
    }

    fn take(&mut self, data: &Data<'_>, received_at: UnixMs) -> bool {
        let mut state = self.streamed.lock();
        match state.rows.apply(data) {
            Ok(Applied::Applied) => {
                state.received_at = Some(received_at);
                let sent_at = Some(data.sent_at);
                if MAJORS.contains(&data.topic.symbol()) && sent_at > state.major_sent {
                    state.major_sent = sent_at;
                    state.major_renewed = Some(Instant::now());
                }
                false
            }
            Ok(other) => {
                self.context
                    .metrics
                    .stream_gap(data.topic.kind(), other.label());
                // A delta without a snapshot: the snapshot was lost, or comes just now. A repair is
                // limited in its pace, so asking is right in both cases.
                other == Applied::BeforeSnapshot
            }
            Err(error) => {
                self.context
                    .metrics
                    .stream_gap(data.topic.kind(), error.label());
                true
            }
        }
    }

    fn tick(&mut self, _received_at: UnixMs) -> Vec<Topic> {
        let mut state = self.streamed.lock();
        let silent = std::mem::take(&mut state.silent);
        for topic in &silent {
            // Its figures are known to be old, and a row that is absent is better than an old one.
            state.rows.remove(topic.symbol());
            self.context.metrics.stream_gap(topic.kind(), SILENT_TOPIC);
        }
        silent
    }

    fn ended(&mut self) {
        *self.streamed.lock() = State::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::audit::audit;
    use super::super::testing::context;
    use super::*;
    use shared::exchange::bybit::stream::Frame;
    use shared::exchange::bybit::tickers;
    use shared::provenance::Venue;
    use tokio::time::advance;

    const SENT_MS: u64 = 1_786_310_817_583;
    const SYMBOL: &str = "BTCUSDT";

    fn row(price: u32) -> String {
        format!(
            r#"{{"symbol":"{SYMBOL}","lastPrice":"{price}","turnover24h":"1142118412.9","volume24h":"17573.9"}}"#
        )
    }

    /// A feed of one contract whose stream shows the market, and what it keeps.
    fn live() -> (TickerFeed, StreamedTickers) {
        let streamed = StreamedTickers::default();
        let mut feed = TickerFeed::new(context(), streamed.clone());
        let wanted = BTreeSet::from([Topic::Ticker(SYMBOL.to_owned())]);
        feed.began(Source::live(Venue::Bybit), &wanted);
        take(&mut feed, 0);
        assert_eq!(check(&streamed, 65_000, 0), (0, true));
        assert!(streamed.is_live(Instant::now()));
        (feed, streamed)
    }

    /// Takes a snapshot that the venue sent `after_ms` after the first.
    fn take(feed: &mut TickerFeed, after_ms: u64) {
        let (row, sent_ms) = (row(65_000), SENT_MS + after_ms);
        let text = format!(
            r#"{{"topic":"tickers.{SYMBOL}","type":"snapshot","data":{row},"cs":7,"ts":{sent_ms}}}"#
        );
        let now = UnixMs::from_millis(sent_ms);
        let Ok(Frame::Data(data)) = Frame::read(&text, now) else {
            panic!("{text} is no data");
        };
        assert!(!feed.take(&data, now), "{text} wants a repair");
    }

    /// Audits by a table fetched `after_ms` after the first frame: the silent topics, and whether
    /// the stream is trusted.
    fn check(streamed: &StreamedTickers, price: u32, after_ms: u64) -> (usize, bool) {
        let (row, time) = (row(price), SENT_MS + after_ms);
        let body = format!(
            r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"linear","list":[{row}]}},"time":{time}}}"#
        );
        let outcome = audit(streamed, &tickers::parse(body.as_bytes()).unwrap());
        (outcome.silent, outcome.is_trusted)
    }

    #[tokio::test(start_paused = true)]
    async fn a_venue_that_repeats_itself_shows_no_market() {
        let (mut feed, streamed) = live();
        advance(Duration::from_secs(2)).await;
        take(&mut feed, 0);
        assert!(streamed.is_live(Instant::now()));
        advance(Duration::from_secs(2)).await;
        take(&mut feed, 0);
        assert!(!streamed.is_live(Instant::now()));
        take(&mut feed, 4_000);
        assert!(streamed.is_live(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_silent_topics_is_not_used_until_a_table_agrees() {
        let (mut feed, streamed) = live();
        assert_eq!(check(&streamed, 65_010, 6_000), (1, false));
        assert!(!streamed.is_live(Instant::now()));
        take(&mut feed, 7_000);
        assert!(!streamed.is_live(Instant::now()));
        assert_eq!(check(&streamed, 65_000, 7_000), (0, true));
        assert!(streamed.is_live(Instant::now()));
    }
}
