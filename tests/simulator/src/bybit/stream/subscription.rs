//! One topic of one connection.

use super::book::BookFeed;
use super::tick::Tick;
use super::ticker::TickerFeed;
use super::topic::Topic;
use crate::bybit::bucket::bucket;

/// A topic that was subscribed to, and what was shown of it.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Such as `orderbook.50.BTCUSDT`.
    pub(super) name: String,
    pub(super) symbol: String,
    feed: Feed,
    /// The bucket, by the clock, in which it was last looked at.
    looked_at_ms: Option<i64>,
}

#[derive(Debug)]
enum Feed {
    Ticker(Box<TickerFeed>),
    Book(BookFeed),
}

impl Subscription {
    pub(super) fn new(name: &str, topic: &Topic, symbol: &str) -> Self {
        Self {
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            feed: match topic {
                Topic::Ticker => Feed::Ticker(Box::default()),
                Topic::Book { depth } => Feed::Book(BookFeed::new(*depth)),
            },
            looked_at_ms: None,
        }
    }

    /// When its ticker was last told; nothing for other topics.
    pub(super) fn ticker_sent_ms(&self) -> Option<i64> {
        match &self.feed {
            Feed::Ticker(ticker) => Some(ticker.sent_ms),
            Feed::Book(_) => None,
        }
    }

    /// What is to be told now.
    pub(super) fn look(&mut self, tick: &Tick<'_>) -> Vec<String> {
        let bucket_ms = bucket(tick.now_ms);
        let last = self.looked_at_ms.replace(bucket_ms);
        if last == Some(bucket_ms) {
            return Vec::new();
        }
        let frame = match (&mut self.feed, last) {
            (Feed::Ticker(ticker), None) => ticker.snapshot(tick, &self.symbol),
            (Feed::Ticker(ticker), Some(_)) => ticker.delta(tick, &self.symbol),
            (Feed::Book(book), None) => book.snapshot(tick, &self.symbol),
            (Feed::Book(book), Some(_)) => book.delta(tick, &self.symbol),
        };
        frame.into_iter().collect()
    }

    /// Something of a ticker of which nothing has changed.
    pub(super) fn touch(&mut self, tick: &Tick<'_>) -> Option<String> {
        match &mut self.feed {
            Feed::Ticker(ticker) => ticker.touch(tick, &self.symbol),
            Feed::Book(_) => None,
        }
    }
}
