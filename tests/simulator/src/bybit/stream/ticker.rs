//! `tickers.{symbol}`. <https://bybit-exchange.github.io/docs/v5/websocket/public/ticker>

use std::borrow::Cow;

use super::direction::Direction;
use super::tick::Tick;
use crate::bybit::cells::Cells;
use crate::bybit::orderbook::{ENGINE_MS, SEQUENCE_STEP};
use crate::bybit::writer::Row;
use crate::faults::{self, Standing};

/// A contract is not silent for longer than this, even when nothing of it changes.
const SILENCE_MS: i64 = 1_000;

/// A row of today has 680 bytes.
const ROW_BYTES: usize = 700;

/// What a client was shown of one ticker.
#[derive(Debug, Default)]
pub(super) struct TickerFeed {
    shown: Option<Cells>,
    /// The fault that it was shown with.
    spoiled_by: Option<u64>,
    direction: Direction,
    pub(super) sent_ms: i64,
}

impl TickerFeed {
    /// The row as a whole, as long as it was not shown yet, else what has changed; of a row that is
    /// silent for too long its best prices, as they are.
    pub(super) fn news(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        spoiler: Option<&Standing>,
    ) -> Option<String> {
        let cells = cells(tick, symbol)?;
        let before = self.shown.replace(cells.clone());
        let kind = if before.is_some() {
            "delta"
        } else {
            "snapshot"
        };
        let from = before.as_ref().map_or(cells.last, |before| before.last);
        let direction = self.direction.moved(from, cells.last);
        let has_turned = direction != self.direction;
        self.direction = direction;
        // A fault spoils what does not change as well, and its end puts it right again.
        let spoiled_by = spoiler.map(|set| set.number);
        let is_whole = before.is_none() || spoiled_by != self.spoiled_by;
        self.spoiled_by = spoiled_by;

        let mut text = String::with_capacity(ROW_BYTES);
        let mut row = Row::begin(&mut text);
        row.text("symbol", symbol);
        if is_whole || has_turned {
            row.text("tickDirection", direction.name());
        }
        let mut has_changed = is_whole || has_turned;
        match before {
            Some(before) if !is_whole => has_changed |= cells.write_changes(&before, &mut row),
            _ => cells.write_all(&mut row),
        }
        row.end();
        if has_changed {
            return Some(self.frame(tick, symbol, kind, &text, spoiler));
        }
        if tick.now_ms - self.sent_ms >= SILENCE_MS {
            return self.touch(tick, symbol, spoiler);
        }
        None
    }

    /// The best prices as they were shown; nothing where there are none.
    pub(super) fn touch(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        spoiler: Option<&Standing>,
    ) -> Option<String> {
        let mut text = String::with_capacity(ROW_BYTES);
        let mut row = Row::begin(&mut text);
        row.text("symbol", symbol);
        let has_touch = self.shown.as_ref()?.write_touch(&mut row);
        row.end();
        has_touch.then(|| self.frame(tick, symbol, "delta", &text, spoiler))
    }

    fn frame(
        &mut self,
        tick: &Tick<'_>,
        symbol: &str,
        kind: &str,
        row: &str,
        spoiler: Option<&Standing>,
    ) -> String {
        self.sent_ms = tick.now_ms;
        let row = match spoiler {
            Some(set) => Cow::Owned(faults::spoil_row(&set.applied.fault, row)),
            None => Cow::Borrowed(row),
        };
        let sequence = tick.bucket_ms() / ENGINE_MS * SEQUENCE_STEP;
        let stamp_ms = tick.moment.stamp_ms;
        format!(
            r#"{{"topic":"tickers.{symbol}","type":"{kind}","data":{row},"cs":{sequence},"ts":{stamp_ms}}}"#
        )
    }
}

fn cells(tick: &Tick<'_>, symbol: &str) -> Option<Cells> {
    let bucket_ms = tick.bucket_ms();
    let quotes = tick.generated.quotes(bucket_ms);
    let (instrument, quote) = quotes.find(symbol)?;
    Some(Cells::of(instrument, quote, bucket_ms))
}
