//! One connection: open → subscribe → hand every frame to the feed → close → again.
//!
//! State: the topics that are subscribed to, operations that the venue has not answered, and when
//! something was heard last. A topic that the feed reports as broken is ended and begun again while
//! the others go on. A subscription that the venue refuses as a whole is halved until the topic is
//! found that it refuses.
//!
//! Invariant: no topic is repaired more often than each [`REPAIR_PAUSE`], and no connection is
//! opened beyond the budget, whatever the venue sends.

use super::connection::{Connection, StreamError};
use super::link::Link;
use crate::context::Context;
use crate::status::OK;
use crate::supervise::Pulse;
use shared::exchange::bybit::stream::{
    Answer, Data, Frame, Operation, Topic, ping, subscribe, unsubscribe,
};
use shared::provenance::Source;
use shared::units::UnixMs;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// The most characters of topics on one connection, which the venue limits to 21,000.
pub(super) const MOST_CHARACTERS: usize = 21_000;

/// Topics of one operation. The venue refuses an operation whole, so smaller ones lose less.
const TOPICS_AT_ONCE: usize = 50;

/// How often the venue wants a sign of life.
const PING_EACH: Duration = Duration::from_secs(20);

/// Without any message for so long, not even the answer to a ping, the peer is gone.
const GONE_AFTER: Duration = Duration::from_secs(50);

/// How often the feed looks at what is due: delivering, and silent topics.
const TICK: Duration = Duration::from_millis(100);

/// The least interval between two repairs of one topic.
const REPAIR_PAUSE: Duration = Duration::from_secs(5);

/// The pause before another connection; it doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a connection must have lasted for the next failure to count as the first. A healthy one
/// that is cut is opened again at once; the budget holds where one is cut again and again.
const STEADY_AFTER: Duration = Duration::from_secs(5);

/// Why a frame is counted as a gap, beside what the state machines say: nothing came about a topic
/// while its connection was well.
pub const SILENT_TOPIC: &str = "silent";

/// What is made of the frames of one connection.
pub(super) trait Feed: Send {
    /// The longest time without data before the connection counts as silent; `None` where nothing
    /// may happen for hours.
    const PATIENCE: Option<Duration>;
    /// How often the venue is asked for a sign of life.
    const PING_EACH: Duration = PING_EACH;
    /// The longest time without any message, not even the answer to a ping.
    const GONE_AFTER: Duration = GONE_AFTER;

    /// A connection begins: nothing is known yet.
    fn began(&mut self, source: Source, wanted: &BTreeSet<Topic>);
    /// Other topics are wanted.
    fn wants(&mut self, wanted: &BTreeSet<Topic>);
    /// Takes a frame. Returns whether its topic must be begun again.
    fn take(&mut self, data: &Data<'_>, received_at: UnixMs) -> bool;
    /// Delivers what is due. Returns topics that must be begun again.
    fn tick(&mut self, received_at: UnixMs) -> Vec<Topic>;
    /// The connection ended: nothing that it brought goes on.
    fn ended(&mut self);
    /// Takes what the connection itself does, for a feed to which silence says something.
    fn note(&mut self, _event: Event<'_>, _at: UnixMs) {}
}

/// What a connection does beside bringing data.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'e> {
    /// A message came, of whatever kind.
    Alive,
    /// The venue has answered every operation: what is wanted is streamed.
    Confirmed,
    /// The venue does not stream this topic.
    Refused(&'e Topic),
    /// A frame could not be read.
    Unreadable,
}

/// Keeps one connection open.
pub(super) struct Session<F> {
    /// The connection's name in metrics and the last outcomes.
    name: &'static str,
    context: Context,
    link: Link,
    feed: F,
}

/// What is known of one connection.
struct Open {
    connection: Connection,
    wanted: BTreeSet<Topic>,
    /// Operations without an answer, by number.
    asked: HashMap<u64, Vec<Topic>>,
    last_number: u64,
    repaired: HashMap<Topic, Instant>,
    heard: Instant,
    data_came: Instant,
    /// When the venue sent the newest data since the last tick.
    newest: Option<UnixMs>,
}

impl<F: Feed> Session<F> {
    pub(super) fn new(name: &'static str, context: Context, link: Link, feed: F) -> Self {
        Self {
            name,
            context,
            link,
            feed,
        }
    }

    /// Keeps the connection open and its topics those that `topics` makes of `watched`. Never
    /// returns.
    pub(super) async fn run<W>(
        mut self,
        mut watched: watch::Receiver<W>,
        topics: impl Fn(&W) -> BTreeSet<Topic> + Send,
        pulse: &Pulse,
    ) where
        W: Send + Sync,
    {
        let mut failures = 0_u32;
        loop {
            pulse.rest();
            // Without a topic there is nothing to connect for. The venue closes such a connection.
            if watched
                .wait_for(|watched| !topics(watched).is_empty())
                .await
                .is_err()
            {
                return;
            }
            let mut opened = None;
            let Err(error) = self.keep(&mut opened, &mut watched, &topics, pulse).await;
            self.feed.ended();
            if opened.is_some_and(|at: Instant| at.elapsed() >= STEADY_AFTER) {
                failures = 0;
            }
            let pause = FIRST_PAUSE
                .saturating_mul(1 << failures.min(6))
                .min(LONGEST_PAUSE);
            failures = failures.saturating_add(1);
            self.context.metrics.stream_ended(self.name, error.label());
            if self.context.board.record(self.name, error.label(), None) {
                tracing::warn!(stream = self.name, %error, "the stream ended; it is opened again");
            }
            pulse.rest();
            sleep(self.context.jitter.lengthen(pause)).await;
        }
    }

    /// Runs one connection to its end. `opened` is when it was opened, which may have had to wait
    /// for the budget.
    async fn keep<W>(
        &mut self,
        opened: &mut Option<Instant>,
        watched: &mut watch::Receiver<W>,
        topics: &(impl Fn(&W) -> BTreeSet<Topic> + Send),
        pulse: &Pulse,
    ) -> Result<std::convert::Infallible, StreamError>
    where
        W: Send + Sync,
    {
        let connection = self.link.open(&self.context.jitter).await?;
        let wanted = within_limit(self.name, topics(&watched.borrow_and_update()));
        self.feed.began(connection.source, &wanted);
        self.context.metrics.stream_began(self.name);
        let now = Instant::now();
        *opened = Some(now);
        let mut open = Open {
            connection,
            wanted: BTreeSet::new(),
            asked: HashMap::new(),
            last_number: 0,
            repaired: HashMap::new(),
            heard: now,
            data_came: now,
            newest: None,
        };
        open.want(wanted).await?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sign_of_life = interval(F::PING_EACH);
        sign_of_life.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pulse.expect_within(PING_EACH);
            tokio::select! {
                text = open.connection.next() => {
                    let text = text?;
                    open.heard = Instant::now();
                    if let Some(topic) = self.frame(&mut open, &text).await? {
                        open.repair(topic).await?;
                    }
                }
                _ = tick.tick() => {
                    open.check_silence::<F>()?;
                    self.record(&mut open);
                    for topic in self.feed.tick(self.context.clock.now()) {
                        open.repair(topic).await?;
                    }
                }
                _ = sign_of_life.tick() => open.connection.send(ping()).await?,
                changed = watched.changed() => {
                    // The collectors end with the sender.
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                    let wanted = within_limit(self.name, topics(&watched.borrow_and_update()));
                    self.feed.wants(&wanted);
                    open.want(wanted).await?;
                }
            }
        }
    }

    /// Records that data came since the tick before. Not at each frame: there are thousands a
    /// second.
    fn record(&self, open: &mut Open) {
        let Some(newest) = open.newest.take() else {
            return;
        };
        if self.context.board.record(self.name, OK, Some(newest)) {
            let source = open.connection.source;
            tracing::info!(stream = self.name, %source, topics = open.wanted.len(), "streams");
        }
    }

    /// Takes a frame. Returns the topic that must be begun again.
    async fn frame(&mut self, open: &mut Open, text: &str) -> Result<Option<Topic>, StreamError> {
        let received_at = self.context.clock.now();
        self.feed.note(Event::Alive, received_at);
        match Frame::read(text, received_at) {
            Ok(Frame::Data(data)) => {
                open.data_came = open.heard;
                open.newest = Some(data.sent_at);
                let kind = data.topic.kind();
                self.context.metrics.stream_message(kind, data.sent_at);
                let is_broken = self.feed.take(&data, received_at);
                Ok(is_broken.then_some(data.topic))
            }
            Ok(Frame::Answer(answer)) => {
                self.answer(open, answer, received_at).await?;
                Ok(None)
            }
            Err(error) => {
                self.feed.note(Event::Unreadable, received_at);
                self.context.metrics.stream_refused(error.label());
                tracing::debug!(stream = self.name, %error, "a frame is not used");
                Ok(None)
            }
        }
    }

    async fn answer(
        &mut self,
        open: &mut Open,
        answer: Answer,
        received_at: UnixMs,
    ) -> Result<(), StreamError> {
        if F::PATIENCE.is_none() {
            // Where silence is ordinary, an answer shows that the stream is there.
            open.newest = Some(received_at);
        }
        let topics = answer.request.and_then(|number| open.asked.remove(&number));
        if answer.is_success || answer.operation != Some(Operation::Subscribe) {
            if topics.is_some() && open.asked.is_empty() {
                self.feed.note(Event::Confirmed, received_at);
            }
            return Ok(());
        }
        let mut topics = topics.unwrap_or_default();
        if topics.len() > 1 {
            // One topic that the venue does not know refuses all of them.
            let rest = topics.split_off(topics.len() / 2);
            open.begin(topics).await?;
            return open.begin(rest).await;
        }
        self.context.metrics.stream_refused("subscription");
        for topic in topics {
            self.feed.note(Event::Refused(&topic), received_at);
            tracing::warn!(%topic, message = %answer.message, "the exchange does not stream it");
        }
        if open.asked.is_empty() {
            self.feed.note(Event::Confirmed, received_at);
        }
        Ok(())
    }
}

impl Open {
    /// Subscribes to what is wanted now and was not, and ends what is not wanted any more.
    async fn want(&mut self, wanted: BTreeSet<Topic>) -> Result<(), StreamError> {
        let ended: Vec<Topic> = self.wanted.difference(&wanted).cloned().collect();
        let begun: Vec<Topic> = wanted.difference(&self.wanted).cloned().collect();
        self.wanted = wanted;
        for topics in ended.chunks(TOPICS_AT_ONCE) {
            self.last_number += 1;
            let text = unsubscribe(topics, self.last_number);
            self.connection.send(text).await?;
        }
        for topics in begun.chunks(TOPICS_AT_ONCE) {
            self.begin(topics.to_vec()).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, topics: Vec<Topic>) -> Result<(), StreamError> {
        self.last_number += 1;
        let text = subscribe(&topics, self.last_number);
        self.asked.insert(self.last_number, topics);
        self.connection.send(text).await
    }

    /// Ends a topic and begins it again, which brings a snapshot. The others go on.
    async fn repair(&mut self, topic: Topic) -> Result<(), StreamError> {
        let now = Instant::now();
        let is_too_soon = self
            .repaired
            .get(&topic)
            .is_some_and(|at| now.saturating_duration_since(*at) < REPAIR_PAUSE);
        if is_too_soon || !self.wanted.contains(&topic) {
            return Ok(());
        }
        self.repaired.insert(topic.clone(), now);
        self.last_number += 1;
        let text = unsubscribe(std::slice::from_ref(&topic), self.last_number);
        self.connection.send(text).await?;
        self.begin(vec![topic]).await
    }

    fn check_silence<F: Feed>(&self) -> Result<(), StreamError> {
        let now = Instant::now();
        if now.saturating_duration_since(self.heard) >= F::GONE_AFTER {
            return Err(StreamError::Silent(F::GONE_AFTER));
        }
        match F::PATIENCE {
            // Heartbeats do not count: they come from another part of the venue than data.
            Some(patience) if now.saturating_duration_since(self.data_came) >= patience => {
                Err(StreamError::Silent(patience))
            }
            _ => Ok(()),
        }
    }
}

/// The topics that fit onto one connection; the rest is left to requests.
fn within_limit(stream: &str, wanted: BTreeSet<Topic>) -> BTreeSet<Topic> {
    let all = wanted.len();
    let mut characters = 0;
    let fitting: BTreeSet<Topic> = wanted
        .into_iter()
        .take_while(|topic| {
            // Quotes and a comma.
            characters += topic.to_string().len() + 3;
            characters <= MOST_CHARACTERS
        })
        .collect();
    if fitting.len() < all {
        tracing::warn!(
            stream,
            topics = all,
            fitting = fitting.len(),
            "not all topics fit onto the connection"
        );
    }
    fitting
}
