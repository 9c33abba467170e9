//! A session of the exchange's stream: frames, a line each, through the state machines.

use super::lists::check_book;
use shared::exchange::bybit::stream::{
    Applied, Data, Frame, LocalBook, MergedTickers, Topic, TradeTape, closed_candle, liquidations,
};
use shared::units::UnixMs;
use std::collections::BTreeMap;

/// The time of receipt: that of the recorded seeds.
const RECEIVED_AT: UnixMs = UnixMs::from_millis(1_795_255_706_204);

#[derive(Default)]
struct Session {
    books: BTreeMap<String, LocalBook>,
    tapes: BTreeMap<String, TradeTape>,
    tickers: MergedTickers,
}

/// Whatever the frames, a book is sorted and not crossed or is none, trades are in order and count
/// once, and every row of the table has a price. True when every frame was of use.
pub fn session(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut session = Session::default();
    let mut all = true;
    for line in text.lines() {
        all &= match Frame::read(line, RECEIVED_AT) {
            Ok(Frame::Data(data)) => session.take(&data),
            Ok(Frame::Answer(answer)) => answer.is_success,
            Err(error) => {
                assert!(!error.label().is_empty() && !error.to_string().is_empty());
                false
            }
        };
    }
    all
}

impl Session {
    fn take(&mut self, data: &Data<'_>) -> bool {
        let symbol = data.topic.symbol().to_owned();
        match &data.topic {
            Topic::Book(_) => {
                let book = self.books.entry(symbol).or_default();
                let was = book.update();
                let applied = book.apply(data);
                match book.book(usize::MAX) {
                    Some(whole) => check_book(&whole),
                    None => assert!(!book.is_whole()),
                }
                if applied.is_err() {
                    assert!(!book.is_whole(), "a broken book is still there");
                }
                if applied == Ok(Applied::Repeated) {
                    assert_eq!(book.update(), was, "a repeated update changed the book");
                }
                applied == Ok(Applied::Applied)
            }
            Topic::Trades(_) => {
                let tape = self.tapes.entry(symbol).or_default();
                let appended = tape.append(data);
                let trades = tape.trades().trades;
                assert!(
                    trades
                        .windows(2)
                        .all(|pair| pair[0].time_ms <= pair[1].time_ms),
                    "trades out of order"
                );
                assert!(trades.iter().all(|trade| trade.size_base.get() > 0.0));
                appended.is_ok_and(|appended| appended.refused.is_empty())
            }
            Topic::Ticker(_) => {
                let applied = self.tickers.apply(data);
                if let Some(table) = self.tickers.table() {
                    assert!(table.rows.iter().all(|row| row.last.get() > 0.0));
                    assert_eq!(
                        table.rows.len() + table.refused.len(),
                        self.tickers.len(),
                        "a row is lost"
                    );
                }
                applied == Ok(Applied::Applied)
            }
            Topic::Liquidations(_) => liquidations(data).is_ok_and(|(found, refused)| {
                assert!(found.iter().all(|one| one.size_base.get() > 0.0));
                refused.is_empty()
            }),
            Topic::Candles(interval, _) => match closed_candle(data, RECEIVED_AT) {
                Ok(Ok(Some(candles))) => {
                    let ends = |candle: &shared::market::candles::Candle| candle.end_ms(*interval);
                    assert!(
                        candles
                            .closed
                            .iter()
                            .all(|candle| ends(candle) <= RECEIVED_AT)
                    );
                    true
                }
                Ok(Ok(None)) => true,
                _ => false,
            },
        }
    }
}
