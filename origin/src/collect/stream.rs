//! Streams: the exchange's WebSocket, which brings what the requests would bring, as it happens.
//!
//! Connections by kind, so that one fault does not silence the rest: the ticker rows of the whole
//! universe; books, trades and candles of the monitored contracts, at most a hundred contracts on
//! each; liquidations. `session` runs one connection, `connection` opens it, `budget` says when.
//! What the frames mean is decided in [`shared::exchange::bybit::stream`]; a feed keeps those
//! states and puts what they hold where REST's answers go, too: `table` beside the fetched ticker
//! table, `symbols` onto the shelf. `liquidations` keeps what no request brings.
//!
//! Invariants: a state ends with its connection, so nothing that was kept through a gap is served.
//! REST stays able to do everything else. What a stream does not bring becomes due as a request, and
//! fetched tables check the streamed one all the time (`audit`).

mod audit;
mod budget;
mod connection;
mod link;
mod liquidations;
mod session;
mod symbols;
mod table;
mod trust;

use super::inputs::{Mailbox, Monitored, Shelf};
use crate::context::Context;
use crate::supervise::Pulse;
use session::Session;
use shared::exchange::bybit::stream::Topic;
use shared::market::Universe;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

pub(in crate::collect) use audit::audit;
pub use connection::{Endpoint, StreamError};
pub(in crate::collect) use link::Link;
pub(in crate::collect) use liquidations::{NAME as LIQUIDATIONS, StreamedLiquidations};
pub use session::SILENT_TOPIC;
pub(in crate::collect) use symbols::{ConnectionShare, NAMES as SYMBOLS};
pub(in crate::collect) use table::{NAME as TICKERS, Streamed, StreamedTickers};

/// Streams the ticker rows of every contract of the universe. Never returns.
pub(in crate::collect) async fn run_tickers(
    context: Context,
    link: Link,
    universe: watch::Receiver<Option<Arc<Universe>>>,
    streamed: StreamedTickers,
    pulse: Pulse,
) {
    let topics = |universe: &Option<Arc<Universe>>| of_all(universe, Topic::Ticker);
    let feed = table::TickerFeed::new(context.clone(), streamed);
    Session::new(TICKERS, context, link, feed)
        .run(universe, topics, &pulse)
        .await;
}

/// Streams books, trades and candles of the monitored contracts that belong to one connection.
/// Never returns.
pub(in crate::collect) async fn run_symbols(
    context: Context,
    link: Link,
    monitored: watch::Receiver<Vec<Monitored>>,
    (name, share): (&'static str, ConnectionShare),
    (shelf, mailbox): (Arc<Shelf>, Mailbox),
    pulse: Pulse,
) {
    let feed = symbols::SymbolsFeed::new(context.clone(), shelf, mailbox);
    let topics = |monitored: &Vec<Monitored>| symbols::topics(monitored, share);
    Session::new(name, context, link, feed)
        .run(monitored, topics, &pulse)
        .await;
}

/// Streams the liquidations of every contract of the universe. Never returns.
pub(in crate::collect) async fn run_liquidations(
    context: Context,
    link: Link,
    universe: watch::Receiver<Option<Arc<Universe>>>,
    streamed: StreamedLiquidations,
    pulse: Pulse,
) {
    let feed = liquidations::LiquidationFeed::new(context.clone(), streamed);
    let topics = |universe: &Option<Arc<Universe>>| of_all(universe, Topic::Liquidations);
    Session::new(LIQUIDATIONS, context, link, feed)
        .run(universe, topics, &pulse)
        .await;
}

/// One topic of each contract.
fn of_all(universe: &Option<Arc<Universe>>, topic: fn(String) -> Topic) -> BTreeSet<Topic> {
    let contracts = universe
        .iter()
        .flat_map(|universe| universe.contracts.keys());
    contracts.cloned().map(topic).collect()
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod testing;
