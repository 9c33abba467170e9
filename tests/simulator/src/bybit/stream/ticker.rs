//! `tickers.{symbol}`. <https://bybit-exchange.github.io/docs/v5/websocket/public/ticker>

use std::fmt::Write;

use super::tick::Tick;
use crate::bybit::cells::Cells;
use crate::bybit::orderbook::{ENGINE_MS, SEQUENCE_STEP};
use crate::bybit::writer::Row;

/// A contract is not silent for longer than this, even when nothing of it changes.
const SILENCE_MS: i64 = 1_000;

/// What a client was shown of one ticker.
#[derive(Debug, Default)]
pub(super) struct TickerFeed {
    shown: Option<Cells>,
    direction: Direction,
    pub(super) sent_ms: i64,
}

/// How the last price came to where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Direction {
    Up,
    #[default]
    UpBefore,
    Down,
    DownBefore,
}

impl Direction {
    fn moved(self, from: i64, to: i64) -> Self {
        match (from.cmp(&to), self) {
            (std::cmp::Ordering::Less, _) => Self::Up,
            (std::cmp::Ordering::Greater, _) => Self::Down,
            (std::cmp::Ordering::Equal, Self::Up | Self::UpBefore) => Self::UpBefore,
            (std::cmp::Ordering::Equal, Self::Down | Self::DownBefore) => Self::DownBefore,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Up => "PlusTick",
            Self::UpBefore => "ZeroPlusTick",
            Self::Down => "MinusTick",
            Self::DownBefore => "ZeroMinusTick",
        }
    }
}

impl TickerFeed {
    /// The row as a whole.
    pub(super) fn snapshot(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let cells = cells(tick, symbol)?;
        let mut out = begin(symbol, "snapshot");
        let mut row = Row::begin(&mut out);
        row.text("symbol", symbol);
        row.text("tickDirection", self.direction.name());
        cells.write_all(&mut row);
        row.end();
        end(&mut out, tick);
        self.shown = Some(cells);
        self.sent_ms = tick.now_ms;
        Some(out)
    }

    /// What has changed; of a row that is silent for too long its best prices, as they are.
    pub(super) fn delta(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let before = self.shown.take()?;
        let Some(cells) = cells(tick, symbol) else {
            self.shown = Some(before);
            return None;
        };
        let direction = self.direction.moved(before.last, cells.last);
        let mut out = begin(symbol, "delta");
        let mut row = Row::begin(&mut out);
        row.text("symbol", symbol);
        if direction != self.direction {
            row.text("tickDirection", direction.name());
        }
        let has_changed = cells.write_changes(&before, &mut row) || direction != self.direction;
        row.end();
        self.direction = direction;
        self.shown = Some(cells);
        if has_changed {
            end(&mut out, tick);
            self.sent_ms = tick.now_ms;
            return Some(out);
        }
        if tick.now_ms - self.sent_ms >= SILENCE_MS {
            return self.touch(tick, symbol);
        }
        None
    }

    /// The best prices as they were shown; nothing where there are none.
    pub(super) fn touch(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let mut out = begin(symbol, "delta");
        let mut row = Row::begin(&mut out);
        row.text("symbol", symbol);
        let has_touch = self.shown.as_ref()?.write_touch(&mut row);
        row.end();
        end(&mut out, tick);
        self.sent_ms = tick.now_ms;
        has_touch.then_some(out)
    }
}

fn cells(tick: &Tick<'_>, symbol: &str) -> Option<Cells> {
    let bucket_ms = tick.bucket_ms();
    let quotes = tick.generated.quotes(bucket_ms);
    let (instrument, quote) = quotes.find(symbol)?;
    Some(Cells::of(instrument, quote, bucket_ms))
}

fn begin(symbol: &str, kind: &str) -> String {
    format!(r#"{{"topic":"tickers.{symbol}","type":"{kind}","data":"#)
}

fn end(out: &mut String, tick: &Tick<'_>) {
    let sequence = tick.bucket_ms() / ENGINE_MS * SEQUENCE_STEP;
    // Writing to a string cannot fail.
    let _ = write!(out, r#","cs":{sequence},"ts":{}}}"#, tick.moment.stamp_ms);
}
