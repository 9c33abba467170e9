//! `publicTrade.{symbol}`: every trade once.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/trade>
//!
//! State: the trades since the subscription began, oldest first, within the longest window that any
//! figure reads. Earlier ones come from REST and are joined by [`Trades::continued`].
//!
//! ```json
//! {"T":1786310819680,"s":"BTCUSDT","S":"Sell","v":"0.004","p":"65114.20","i":"a9188a0a-…","BT":false,"seq":753843954913}
//! ```

use super::frame::Data;
use crate::exchange::ParseError;
use crate::exchange::bybit::rows::{Refused, check_row_symbol, past_moment};
use crate::exchange::bybit::trades::{id_of, side_of, size_of};
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::RowRefusal;
use crate::market::trades::{MOST_TRADES, TRADES_WINDOW_MS, Trade, Trades};
use crate::units::Price;
use serde::Deserialize;
use std::collections::{HashSet, VecDeque};

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTrade<'a> {
    /// When the trade was made, ms.
    #[serde(rename = "T")]
    time: WireNumber,
    #[serde(borrow, rename = "s")]
    symbol: WireText<'a>,
    /// The taker's.
    #[serde(borrow, rename = "S")]
    side: WireText<'a>,
    #[serde(rename = "v")]
    size: WireNumber,
    #[serde(rename = "p")]
    price: WireNumber,
    #[serde(borrow, rename = "i")]
    id: WireText<'a>,
    /// Agreed upon outside the book.
    #[serde(rename = "BT")]
    is_block: Option<bool>,
}

/// What a frame brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Appended {
    /// The trades that were new, in the order of the frame.
    pub added: Vec<Trade>,
    /// The rows that are not used.
    pub refused: Vec<Refused>,
}

/// The trades of one contract since its subscription began.
#[derive(Clone, Debug, Default)]
pub struct TradeTape {
    trades: VecDeque<Trade>,
    ids: HashSet<u64>,
}

impl TradeTape {
    /// No trade yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the trades of a frame. Each counts once, whichever frames repeat it.
    ///
    /// # Errors
    /// [`ParseError`] when the frame is no list of trades; nothing is added then.
    pub fn append(&mut self, data: &Data<'_>) -> Result<Appended, ParseError> {
        let (trades, refused) = data.read(|row: WireTrade<'_>| {
            let trade = trade(&row, data)?;
            Ok(Some(trade).filter(|_| row.is_block != Some(true)))
        })?;
        let added = trades
            .into_iter()
            .filter(|trade| self.add(*trade))
            .collect();
        self.shorten();
        Ok(Appended { added, refused })
    }

    /// The trades, oldest first.
    #[must_use]
    pub fn trades(&self) -> Trades {
        Trades {
            trades: self.trades.iter().copied().collect(),
        }
    }

    /// Whether it is new.
    fn add(&mut self, trade: Trade) -> bool {
        // A trade without an id cannot be recognised again. On one connection the venue sends each
        // once, so it counts.
        if trade.id != 0 && !self.ids.insert(trade.id) {
            return false;
        }
        // Several messages may bring the trades of one moment, and rarely one that is earlier.
        let later = self
            .trades
            .iter()
            .rev()
            .take_while(|kept| kept.time_ms > trade.time_ms)
            .count();
        self.trades.insert(self.trades.len() - later, trade);
        true
    }

    fn shorten(&mut self) {
        let Some(newest) = self.trades.back().map(|trade| trade.time_ms) else {
            return;
        };
        while let Some(oldest) = self.trades.front()
            && (self.trades.len() > MOST_TRADES
                || newest.millis_since(oldest.time_ms) > TRADES_WINDOW_MS)
        {
            self.ids.remove(&oldest.id);
            self.trades.pop_front();
        }
    }
}

fn trade(row: &WireTrade<'_>, data: &Data<'_>) -> Result<Trade, RowRefusal> {
    check_row_symbol(data.topic.symbol(), &row.symbol)?;
    Ok(Trade {
        time_ms: past_moment("T", &row.time, data.sent_at)?,
        price: wire::required::<Price>("p", &row.price)?,
        size_base: size_of("v", &row.size)?,
        taker: side_of(&row.side),
        id: id_of(row.id.get()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;
    use crate::market::trades::Side;
    use crate::units::UnixMs;

    fn row(id: &str, age_ms: u64) -> String {
        format!(
            r#"{{"T":{},"s":"BTCUSDT","S":"Sell","v":"0.5","p":"65000","L":"MinusTick","i":"{id}","BT":false,"seq":1}}"#,
            NOW.as_millis() - age_ms
        )
    }

    fn frame(rows: &[String]) -> String {
        format!(
            r#"{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":{},"data":[{}]}}"#,
            NOW.as_millis(),
            rows.join(",")
        )
    }

    fn tape(frames: &[Vec<String>]) -> TradeTape {
        let mut tape = TradeTape::new();
        for rows in frames {
            assert_eq!(tape.append(&data(&frame(rows))).unwrap().refused, []);
        }
        tape
    }

    fn ages(tape: &TradeTape) -> Vec<u64> {
        let trades = tape.trades().trades;
        trades
            .iter()
            .map(|trade| NOW.millis_since(trade.time_ms))
            .collect()
    }

    #[test]
    fn every_trade_counts_once_oldest_first() {
        let found = tape(&[
            vec![row("a", 30), row("b", 20)],
            vec![row("b", 20), row("d", 5)],
            vec![row("c", 10)],
        ]);
        assert_eq!(ages(&found), [30, 20, 10, 5]);
        assert_eq!(found.trades().trades[0].taker, Some(Side::Sell));
    }

    #[test]
    fn a_full_message_is_taken_whole() {
        let rows: Vec<String> = (0..1_024).map(|id| row(&id.to_string(), 7)).collect();
        assert_eq!(tape(&[rows]).trades().trades.len(), 1_024);
    }

    #[test]
    fn the_window_bounds_what_is_kept() {
        let found = tape(&[
            vec![row("a", TRADES_WINDOW_MS + 1), row("b", TRADES_WINDOW_MS)],
            vec![row("c", 0)],
        ]);
        assert_eq!(ages(&found), [TRADES_WINDOW_MS, 0]);
        let many: Vec<String> = (0..MOST_TRADES + 3)
            .map(|id| row(&id.to_string(), 7))
            .collect();
        let found = tape(&[many]);
        assert_eq!(
            (found.trades.len(), found.ids.len()),
            (MOST_TRADES, MOST_TRADES)
        );
    }

    #[test]
    fn a_block_trade_is_left_out_and_a_bad_row_costs_itself() {
        let block = row("x", 1).replace("\"BT\":false", "\"BT\":true");
        let bad = [
            row("y", 1).replace("\"0.5\"", "\"0\""),
            row("z", 1).replace("\"65000\"", "\"NaN\""),
            row("o", 1).replace("BTCUSDT", "ETHUSDT"),
            "7".to_owned(),
        ];
        let rows: Vec<String> = [row("a", 2), block].into_iter().chain(bad).collect();
        let mut tape = TradeTape::new();
        let refused = tape.append(&data(&frame(&rows))).unwrap().refused;
        let labels: Vec<_> = refused
            .iter()
            .map(|refused| refused.reason.label())
            .collect();
        assert_eq!(
            labels,
            [
                "unusable_field",
                "unusable_field",
                "other_symbol",
                "malformed_row"
            ]
        );
        assert_eq!(ages(&tape), [2]);
    }

    #[test]
    fn what_is_no_list_adds_nothing() {
        let mut tape = tape(&[vec![row("a", 2)]]);
        let odd = frame(&[]).replace("\"data\":[]", "\"data\":{}");
        assert_eq!(
            tape.append(&data(&odd)).unwrap_err().label(),
            "unusable_field"
        );
        assert_eq!(
            tape.trades().trades.last().map(|trade| trade.time_ms),
            Some(UnixMs::from_millis(NOW.as_millis() - 2))
        );
    }
}
