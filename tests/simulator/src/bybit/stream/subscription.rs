//! One topic of one connection, with the faults that are set on it.

use super::book::BookFeed;
use super::candles::CandleFeed;
use super::liquidations::LiquidationFeed;
use super::out::Out;
use super::tick::Tick;
use super::ticker::TickerFeed;
use super::topic::Topic;
use super::trades::TradeFeed;
use crate::bybit::bucket::bucket;
use crate::faults::{Board, Fault, Standing};

/// A topic that was subscribed to, and what was shown of it.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Such as `orderbook.50.BTCUSDT`.
    pub(super) name: String,
    pub(super) symbol: String,
    feed: Feed,
    /// The bucket, by the clock, in which it was last looked at.
    looked_at_ms: Option<i64>,
    /// The fault that was last answered to at once, before a bucket had ended.
    answered: Option<u64>,
    gap: Gap,
    /// A delta that waits for the next one to overtake it.
    held: Option<String>,
}

#[derive(Debug)]
enum Feed {
    Ticker(Box<TickerFeed>),
    Book(BookFeed),
    Trades(TradeFeed),
    Liquidations(LiquidationFeed),
    Candles(CandleFeed),
}

/// Where in a gap a topic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    None,
    /// So many more deltas are lost.
    Losing(u64),
    /// The next one arrives, whatever fault is set: without it nobody could see the gap.
    Ending,
}

/// Something to tell, and whether it continues what was told before.
struct News {
    text: String,
    is_update: bool,
}

impl Subscription {
    pub(super) fn new(name: &str, topic: Topic, symbol: &str) -> Self {
        Self {
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            feed: match topic {
                Topic::Ticker => Feed::Ticker(Box::default()),
                Topic::Book { depth } => Feed::Book(BookFeed::new(depth)),
                Topic::Trades => Feed::Trades(TradeFeed::default()),
                Topic::Liquidations => Feed::Liquidations(LiquidationFeed::default()),
                Topic::Candles(interval) => Feed::Candles(CandleFeed::new(interval)),
            },
            looked_at_ms: None,
            answered: None,
            gap: Gap::None,
            held: None,
        }
    }

    /// When its ticker was last told; nothing for other topics.
    pub(super) fn ticker_sent_ms(&self) -> Option<i64> {
        match &self.feed {
            Feed::Ticker(ticker) => Some(ticker.sent_ms),
            _ => None,
        }
    }

    /// The most specific fault that is set on it.
    pub(super) fn fault<'s>(&self, standing: &'s [Standing]) -> Option<&'s Standing> {
        standing.iter().find(|set| {
            let fault = &set.applied.fault;
            let is_meant = !fault.is_for_requests()
                || fault.moves_time()
                || (fault.spoils_rows() && matches!(self.feed, Feed::Ticker(_)));
            is_meant && set.holds(&self.name, &self.symbol) && self.concerns(set)
        })
    }

    /// Most faults of streams are those of a book, unless another topic is named.
    fn concerns(&self, set: &Standing) -> bool {
        match set.applied.fault {
            Fault::StreamGap { .. } | Fault::StreamDuplicate | Fault::StreamReorder => {
                set.names_topic() || matches!(self.feed, Feed::Book(_))
            }
            Fault::StreamRestart
            | Fault::StreamCrossed
            | Fault::StreamOtherBook { .. }
            | Fault::StreamDeltaFirst { .. } => matches!(self.feed, Feed::Book(_)),
            Fault::StreamFlood => matches!(self.feed, Feed::Trades(_)),
            Fault::StreamClose { .. } | Fault::StreamRefused | Fault::StreamSlow { .. } => false,
            _ => true,
        }
    }

    /// What is to be told now.
    pub(super) fn look(
        &mut self,
        tick: &Tick<'_>,
        set: Option<&Standing>,
        board: &Board,
    ) -> Vec<Out> {
        let bucket_ms = bucket(tick.now_ms);
        let is_new_bucket = self.looked_at_ms != Some(bucket_ms);
        let is_silent = set.is_some_and(|set| {
            matches!(
                set.applied.fault,
                Fault::StreamSilentTopic | Fault::StreamHeartbeatsOnly
            )
        });
        if is_silent && self.waits_in_silence() {
            return Vec::new();
        }
        let is_first = self.looked_at_ms.replace(bucket_ms).is_none();
        let mut news = Vec::new();
        if let Some(set) = set {
            let is_due = is_new_bucket || self.answered != Some(set.number);
            if is_due && !is_first {
                news.extend(self.of_fault(tick, set, board));
            }
        }
        let is_restarted = news.iter().any(|news| !news.is_update);
        if !is_restarted {
            news.extend(self.news(tick, is_first, is_new_bucket, set, board));
        }
        if is_silent {
            return Vec::new();
        }
        let told = news.into_iter();
        told.flat_map(|news| self.tell(news, set, board)).collect()
    }

    /// Something of a ticker of which nothing has changed.
    pub(super) fn touch(&mut self, tick: &Tick<'_>, set: Option<&Standing>) -> Option<Out> {
        match &mut self.feed {
            Feed::Ticker(ticker) => {
                let touch = ticker.touch(tick, &self.symbol, spoiler(set));
                touch.map(Out::Text)
            }
            _ => None,
        }
    }

    /// Whether nothing is lost while it is silent: a row that is told later is told whole, and a
    /// book that was never shown begins with a snapshot whenever it does.
    fn waits_in_silence(&self) -> bool {
        match &self.feed {
            Feed::Ticker(_) => true,
            Feed::Book(book) => !book.is_shown(),
            _ => false,
        }
    }

    /// What a fault adds.
    fn of_fault(&mut self, tick: &Tick<'_>, set: &Standing, board: &Board) -> Option<News> {
        let symbol = &self.symbol;
        let added = match (&set.applied.fault, &mut self.feed) {
            (Fault::StreamRestart, Feed::Book(book)) if board.spend(set.number) => {
                book.restart(tick, symbol, 1.0).map(|text| News {
                    text,
                    is_update: false,
                })
            }
            (Fault::StreamFlood, Feed::Trades(trades)) if board.spend(set.number) => {
                trades.flood(tick, symbol).map(|text| News {
                    text,
                    is_update: true,
                })
            }
            _ => return None,
        };
        self.answered = Some(set.number);
        added
    }

    /// What the topic has to tell.
    fn news(
        &mut self,
        tick: &Tick<'_>,
        is_first: bool,
        is_new_bucket: bool,
        set: Option<&Standing>,
        board: &Board,
    ) -> Vec<News> {
        let symbol = &self.symbol;
        let updates = |texts: Vec<String>| {
            let news = texts.into_iter().map(|text| News {
                text,
                is_update: true,
            });
            news.collect()
        };
        match &mut self.feed {
            Feed::Trades(trades) if is_first => {
                trades.begin(tick, symbol);
                Vec::new()
            }
            Feed::Liquidations(liquidations) if is_first => {
                liquidations.begin(tick);
                Vec::new()
            }
            Feed::Trades(trades) => updates(trades.news(tick, symbol)),
            _ if !is_new_bucket => Vec::new(),
            Feed::Liquidations(liquidations) => {
                updates(liquidations.news(tick, symbol).into_iter().collect())
            }
            Feed::Candles(candles) => updates(candles.news(tick, symbol).into_iter().collect()),
            Feed::Ticker(ticker) => {
                let text = ticker.news(tick, symbol, spoiler(set));
                let news = text.map(|text| News {
                    text,
                    is_update: !is_first,
                });
                news.into_iter().collect()
            }
            Feed::Book(book) => of_book(book, tick, symbol, set, board),
        }
    }

    /// Lets the faults at something that is to be told.
    fn tell(&mut self, news: News, set: Option<&Standing>, board: &Board) -> Vec<Out> {
        let News { text, is_update } = news;
        if !is_update {
            // Whatever was before it is over.
            (self.gap, self.held) = (Gap::None, None);
        }
        let spend = || set.is_some_and(|set| board.spend(set.number));
        let fault = set.map(|set| &set.applied.fault);
        if let Some(Fault::StreamHalfFrame { then }) = fault
            && spend()
        {
            return vec![Out::half(&text, *then)];
        }
        if matches!(fault, Some(Fault::StreamInvalidUtf8)) && spend() {
            return vec![Out::bad(&text)];
        }
        if !is_update {
            return vec![Out::Text(text)];
        }
        if let Some(held) = self.held.take() {
            return vec![Out::Text(text), Out::Text(held)];
        }
        match self.gap {
            Gap::Losing(deltas) => {
                self.lose(deltas);
                return Vec::new();
            }
            Gap::Ending => {
                self.gap = Gap::None;
                return vec![Out::Text(text)];
            }
            Gap::None => {}
        }
        match fault {
            Some(Fault::StreamGap { deltas }) if spend() => {
                self.lose(*deltas);
                Vec::new()
            }
            Some(Fault::StreamDuplicate) if spend() => {
                vec![Out::Text(text.clone()), Out::Text(text)]
            }
            Some(Fault::StreamReorder) if spend() => {
                self.held = Some(text);
                Vec::new()
            }
            _ => vec![Out::Text(text)],
        }
    }

    /// Loses one delta of so many.
    fn lose(&mut self, deltas: u64) {
        self.gap = match deltas.saturating_sub(1) {
            0 => Gap::Ending,
            more => Gap::Losing(more),
        };
    }
}

/// The fault that spoils rows, if this is one.
fn spoiler(set: Option<&Standing>) -> Option<&Standing> {
    set.filter(|set| set.applied.fault.spoils_rows())
}

/// The snapshot of a book that was not shown yet, else what has changed in it.
fn of_book(
    book: &mut BookFeed,
    tick: &Tick<'_>,
    symbol: &str,
    set: Option<&Standing>,
    board: &Board,
) -> Vec<News> {
    let fault = set.map(|set| &set.applied.fault);
    let factor = match fault {
        Some(Fault::StreamOtherBook { factor }) => *factor,
        _ => 1.0,
    };
    let spend = || set.is_some_and(|set| board.spend(set.number));
    if book.is_shown() {
        let crosses = || matches!(fault, Some(Fault::StreamCrossed)) && spend();
        let delta = book.delta(tick, symbol, factor, crosses);
        let news = delta.map(|text| News {
            text,
            is_update: true,
        });
        return news.into_iter().collect();
    }
    let mut news = Vec::new();
    if let Some(Fault::StreamDeltaFirst { deltas }) = fault
        && spend()
    {
        let early = book.deltas_before(tick, symbol, *deltas);
        news.extend(early.into_iter().map(|text| News {
            text,
            is_update: true,
        }));
    }
    let snapshot = book.snapshot(tick, symbol, factor);
    news.extend(snapshot.map(|text| News {
        text,
        is_update: false,
    }));
    news
}
