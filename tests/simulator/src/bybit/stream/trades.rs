//! `publicTrade.{symbol}`. <https://bybit-exchange.github.io/docs/v5/websocket/public/trade>

use std::fmt::Write;

use super::direction::Direction;
use super::tick::Tick;
use crate::bybit::question::push_list;
use crate::bybit::trades::push_id;
use crate::bybit::writer::push_fixed;
use crate::clock::HOUR_MS;
use crate::market::Instrument;
use crate::market::noise::fork;
use crate::market::tape::{self, Trade};

/// No message has more trades.
const MAX_TRADES: usize = 1_024;

/// The direction of the first trade is told from so many before it.
const LOOK_BACK: usize = 32;

/// A row has about 200 bytes.
const ROW_BYTES: usize = 210;

/// How far a client has read the tape.
#[derive(Debug, Default)]
pub(super) struct TradeFeed {
    /// The last trade that was told or that happened before the subscription.
    last: Option<Trade>,
    direction: Direction,
    /// When the next one happens, so that waiting for it costs nothing.
    next_ms: i64,
    floods: u64,
}

impl TradeFeed {
    /// Begins at the present: what was traded before is not told.
    pub(super) fn begin(&mut self, tick: &Tick<'_>, symbol: &str) {
        let listing = tick.generated.market.listing(tick.moment.data_ms);
        let Some(instrument) = listing.find(symbol) else {
            return;
        };
        let seed = tick.generated.market.seed();
        let before = tape::newest(seed, instrument, tick.moment.data_ms, LOOK_BACK);
        for trade in before.into_iter().rev() {
            self.go_on_to(trade);
        }
        self.await_next(tick, instrument);
    }

    /// The trades since the last that was told.
    pub(super) fn news(&mut self, tick: &Tick<'_>, symbol: &str) -> Vec<String> {
        let mut frames = Vec::new();
        let now_ms = tick.moment.data_ms;
        let (Some(last), true) = (self.last, now_ms >= self.next_ms) else {
            return frames;
        };
        let listing = tick.generated.market.listing(now_ms);
        let Some(instrument) = listing.find(symbol) else {
            return frames;
        };
        let seed = tick.generated.market.seed();
        // Nobody is told more than an hour after a clock has leapt.
        let earliest = tape::newest(seed, instrument, now_ms - HOUR_MS, 1);
        let earliest = earliest.first().map_or(0, |trade| trade.number);
        let mut after = last.number.max(earliest);
        loop {
            let trades = tape::following(seed, instrument, after, now_ms, MAX_TRADES);
            let Some(newest) = trades.last() else { break };
            after = newest.number;
            frames.push(self.frame(tick, instrument, &trades));
        }
        self.await_next(tick, instrument);
        frames
    }

    /// A message that is as full as one can be, of trades that are not on the tape.
    pub(super) fn flood(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let now_ms = tick.moment.data_ms;
        let listing = tick.generated.market.listing(now_ms);
        let instrument = listing.find(symbol)?;
        let seed = tick.generated.market.seed();
        let mut trades = tape::newest(seed, instrument, now_ms, MAX_TRADES);
        trades.reverse();
        self.floods += 1;
        for trade in &mut trades {
            trade.time_ms = now_ms;
            trade.key = fork(trade.key, self.floods);
        }
        let (last, direction) = (self.last, self.direction);
        let frame = self.frame(tick, instrument, &trades);
        (self.last, self.direction) = (last, direction);
        Some(frame)
    }

    fn go_on_to(&mut self, trade: Trade) {
        if let Some(last) = self.last {
            self.direction = self.direction.moved(last.ticks, trade.ticks);
        }
        self.last = Some(trade);
    }

    fn await_next(&mut self, tick: &Tick<'_>, instrument: &Instrument) {
        let seed = tick.generated.market.seed();
        self.next_ms = self.last.map_or(i64::MAX, |last| {
            tape::time_of(seed, instrument, last.number + 1)
        });
    }

    fn frame(&mut self, tick: &Tick<'_>, instrument: &Instrument, trades: &[Trade]) -> String {
        let mut out = String::with_capacity(trades.len() * ROW_BYTES + 128);
        let symbol = &instrument.symbol;
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{},"data":"#,
            tick.moment.stamp_ms
        );
        push_list(&mut out, trades, |out, trade| {
            self.go_on_to(*trade);
            push_row(out, instrument, trade, tick.ahead_ms(), self.direction);
        });
        out.push('}');
        out
    }
}

fn push_row(
    out: &mut String,
    instrument: &Instrument,
    trade: &Trade,
    ahead_ms: i64,
    direction: Direction,
) {
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        r#"{{"T":{},"s":"{}","S":"{}","v":""#,
        trade.time_ms + ahead_ms,
        instrument.symbol,
        if trade.is_buy { "Buy" } else { "Sell" },
    );
    push_fixed(out, trade.steps, instrument.quantity_decimals);
    out.push_str(r#"","p":""#);
    push_fixed(out, trade.ticks, instrument.price_decimals);
    let _ = write!(out, r#"","L":"{}","i":""#, direction.name());
    push_id(out, trade.key);
    let _ = write!(
        out,
        r#"","BT":{},"RPI":{},"seq":{}}}"#,
        trade.is_block, trade.is_rpi, trade.number
    );
}
