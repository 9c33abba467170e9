//! Bybit's public WebSocket for linear contracts: frames → facts.
//! <https://bybit-exchange.github.io/docs/v5/ws/connect>
//!
//! `topic` names what can be subscribed to, `frame` opens a frame. Each other file is the state of
//! one kind of topic: what a snapshot and the deltas after it amount to. Bytes in, a fact or a
//! named error out; sockets, subscriptions and watchdogs are the caller's.
//!
//! A state belongs to one subscription on one connection. It is dropped with either, since deltas
//! that were sent meanwhile are lost.

mod book;
mod candles;
mod frame;
mod liquidations;
mod outcome;
mod tickers;
mod topic;
mod trades;

pub use book::{BookBreak, LocalBook};
pub use candles::closed_candle;
pub use frame::{Answer, Data, Frame, Kind, Operation, ping, subscribe, unsubscribe};
pub use liquidations::liquidations;
pub use outcome::{Applied, FrameError};
pub use tickers::MergedTickers;
pub use topic::{BOOK_LEVELS, Topic};
pub use trades::{Appended, TradeTape};

#[cfg(test)]
mod testing;
