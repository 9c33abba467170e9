//! A recorded session of Bybit's public WebSocket, applied frame by frame.
//!
//! The expected figures come from a dozen lines of Python over the same recording: dictionaries of
//! price and size, `u` checked to rise by one, trades by their id. They share no code with ours.

use crate::recorded::recording;
use serde_json::Value;
use shared::exchange::bybit::stream::{
    Applied, Frame, LocalBook, MergedTickers, Operation, Topic, TradeTape, closed_candle,
};
use shared::market::book::{Book, Level};
use shared::market::trades::{Side, Trade};
use shared::units::{Amount, Price, UnixMs};
use std::collections::BTreeMap;

const SESSION: &str = "bybit_v5_ws_linear_BTC_SOL_2026-08-09.jsonl";

/// What the session amounts to.
#[derive(Default)]
struct Session {
    books: BTreeMap<String, (LocalBook, usize)>,
    tapes: BTreeMap<String, TradeTape>,
    tickers: MergedTickers,
    ticker_frames: usize,
    answers: usize,
    closed_candles: usize,
}

impl Session {
    fn replay() -> Self {
        let recording = String::from_utf8(recording(SESSION)).unwrap();
        let mut session = Self::default();
        for line in recording.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["t"] == "recv" {
                let received_at = (line["ts"].as_f64().unwrap() * 1_000.0) as u64;
                session.take(line["data"].as_str().unwrap(), received_at);
            }
        }
        session
    }

    #[track_caller]
    fn take(&mut self, text: &str, received_at: u64) {
        let received_at = UnixMs::from_millis(received_at);
        let data = match Frame::read(text, received_at).unwrap() {
            Frame::Data(data) => data,
            Frame::Answer(answer) => {
                assert!(answer.is_success && answer.operation == Some(Operation::Subscribe));
                self.answers += 1;
                return;
            }
        };
        let symbol = data.topic.symbol().to_owned();
        match &data.topic {
            Topic::Book(_) => {
                let (book, applied) = self.books.entry(symbol).or_default();
                assert_eq!(book.apply(&data), Ok(Applied::Applied), "{text:.120}");
                *applied += 1;
                let (bid, ask) = book.touch().expect("a side is empty");
                assert!(bid.price < ask.price, "crossed");
            }
            Topic::Trades(_) => {
                let tape = self.tapes.entry(symbol).or_default();
                assert_eq!(tape.append(&data).unwrap().refused, []);
            }
            Topic::Ticker(_) => {
                assert_eq!(self.tickers.apply(&data), Ok(Applied::Applied));
                self.ticker_frames += 1;
            }
            Topic::Candles(..) => {
                let closed = closed_candle(&data, received_at).unwrap().unwrap();
                self.closed_candles += usize::from(closed.is_some());
            }
            Topic::Liquidations(_) => panic!("none was recorded"),
        }
    }
}

fn worth(side: &[Level]) -> f64 {
    side.iter()
        .map(|level| level.price.get() * level.size_base.get())
        .sum()
}

fn best(side: &[Level]) -> (f64, f64) {
    (side[0].price.get(), side[0].size_base.get())
}

#[track_caller]
fn check_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs(),
        "{found} is not {expected}"
    );
}

struct Expected {
    frames: usize,
    update: u64,
    made_at: u64,
    best: [(f64, f64); 2],
    worth: [f64; 2],
}

#[track_caller]
fn check_book(session: &Session, symbol: &str, expected: &Expected) {
    let (local, frames) = &session.books[symbol];
    let Book {
        as_of_ms,
        bids,
        asks,
    } = local.book(1_000).unwrap();
    assert_eq!(
        (*frames, local.update()),
        (expected.frames, Some(expected.update))
    );
    assert_eq!(as_of_ms, UnixMs::from_millis(expected.made_at));
    assert_eq!((bids.len(), asks.len()), (200, 200));
    assert_eq!([best(&bids), best(&asks)], expected.best);
    check_close(worth(&bids), expected.worth[0]);
    check_close(worth(&asks), expected.worth[1]);
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn every_delta_of_the_recorded_session_is_applied_and_the_books_are_the_references() {
    let session = Session::replay();
    assert_eq!(session.answers, 17);
    let bitcoin = Expected {
        frames: 414,
        update: 15_077_365,
        made_at: 1_786_310_861_628,
        best: [(65_114.2, 5.974), (65_114.3, 9.06)],
        worth: [7_385_508.478_4, 7_925_149.954_5],
    };
    check_book(&session, "BTCUSDT", &bitcoin);
    let solana = Expected {
        frames: 383,
        update: 13_783_705,
        made_at: 1_786_310_861_539,
        best: [(77.26, 1_041.8), (77.27, 356.1)],
        worth: [29_901_032.7, 35_721_963.962],
    };
    check_book(&session, "SOLUSDT", &solana);
}

#[test]
#[ignore = "needs the recorded answers: RECORDINGS_DIR, or captures in a folder beside the project"]
fn the_recorded_trades_and_rows_are_the_references() {
    let session = Session::replay();
    let sum = |trades: &[Trade], side| -> f64 {
        let of_side = trades.iter().filter(|trade| trade.taker == Some(side));
        of_side.map(|trade| trade.size_base.get()).sum()
    };
    for (symbol, count, bought, sold) in [
        ("BTCUSDT", 56, 0.321, 6.718),
        ("SOLUSDT", 165, 410.5, 5_286.9),
    ] {
        let trades = session.tapes[symbol].trades().trades;
        assert_eq!(trades.len(), count, "{symbol}");
        check_close(sum(&trades, Side::Buy), bought);
        check_close(sum(&trades, Side::Sell), sold);
    }
    let table = session.tickers.table().unwrap();
    assert_eq!((session.ticker_frames, table.rows.len()), (185 + 193, 2));
    assert_eq!((table.refused.len(), table.odd.len()), (0, 0));
    let bitcoin = &table.rows[0];
    let prices = [Some(bitcoin.last), bitcoin.bid, bitcoin.ask];
    assert_eq!(
        prices.map(|price| price.map(Price::get)),
        [Some(65_114.3), Some(65_114.2), Some(65_114.3)]
    );
    assert_eq!(
        bitcoin.turnover_24h.map(Amount::get),
        Some(1_142_612_079.926_5)
    );
    assert!(session.closed_candles > 0, "no candle closed");
}
