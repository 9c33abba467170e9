//! `tickers.{symbol}`: the rows of the ticker table, kept from a snapshot and the fields that
//! changed since. <https://bybit-exchange.github.io/docs/v5/websocket/public/ticker>
//!
//! State: per contract the fields of its row as the venue sent them last. A row begins with a
//! snapshot. A delta that is older than its row by time or by cross sequence is dropped.
//!
//! Invariant: a table that is given out passed the same checks as one of REST, on merged rows, so
//! that two fields of different moments that contradict each other cost themselves.
//!
//! ```json
//! {"symbol":"BTCUSDT","bid1Price":"65114.20","bid1Size":"6.054"}
//! ```

use super::frame::{Data, Kind};
use super::outcome::{Applied, FrameError};
use crate::exchange::ParseError;
use crate::exchange::bybit::rows::check_symbol;
use crate::exchange::bybit::tickers::{FIELDS, WireTicker, read_rows};
use crate::exchange::wire::Object;
use crate::market::Tickers;
use crate::units::UnixMs;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The fields that move with the contract's own market. Mark and index do not count: venues compute
/// them from other markets, and they go on moving through a halt.
const MOVING: [&str; 4] = ["lastPrice", "bid1Price", "ask1Price", "turnover24h"];

/// The rows of every contract that is subscribed to.
#[derive(Debug, Default)]
pub struct MergedTickers {
    rows: BTreeMap<String, Merged>,
    newest: Option<UnixMs>,
}

#[derive(Debug)]
struct Merged {
    row: WireTicker<'static>,
    sent_at: UnixMs,
    /// When the venue sent the last frame that moved its price, its book or its turnover.
    changed_at: UnixMs,
    cross: Option<u64>,
}

impl MergedTickers {
    /// No row yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a frame of a ticker topic.
    ///
    /// # Errors
    /// [`FrameError`] when it is no row, or one of another contract than its topic's. What is held
    /// stays.
    pub fn apply(&mut self, data: &Data<'_>) -> Result<Applied, FrameError> {
        let symbol = data.topic.symbol();
        let fields = Object::read(data.payload).ok_or(ParseError::ResultMissing)?;
        let named = fields.text("symbol");
        check_symbol(symbol, named.as_ref().and_then(|named| named.sent()))?;
        match (data.kind, self.rows.get_mut(symbol)) {
            (Kind::Snapshot, _) => {
                let mut row = WireTicker::of(symbol);
                set(&mut row, &fields);
                let merged = Merged {
                    row,
                    sent_at: data.sent_at,
                    changed_at: data.sent_at,
                    cross: data.cross,
                };
                self.rows.insert(symbol.to_owned(), merged);
            }
            (Kind::Delta, None) => return Ok(Applied::BeforeSnapshot),
            (Kind::Delta, Some(held)) => {
                // Several deltas may share a moment, and a sequence.
                let is_older = data.sent_at < held.sent_at
                    || data
                        .cross
                        .zip(held.cross)
                        .is_some_and(|(sent, held)| sent < held);
                if is_older {
                    return Ok(Applied::Repeated);
                }
                if set(&mut held.row, &fields) {
                    held.changed_at = data.sent_at;
                }
                held.sent_at = data.sent_at;
                held.cross = data.cross.or(held.cross);
            }
        }
        self.newest = self.newest.max(Some(data.sent_at));
        Ok(Applied::Applied)
    }

    /// How many contracts have a row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no contract has a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The contracts that have a row.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// When the venue sent the last frame about a contract; `None` without a row.
    #[must_use]
    pub fn sent_at(&self, symbol: &str) -> Option<UnixMs> {
        self.rows.get(symbol).map(|row| row.sent_at)
    }

    /// How many contracts moved in the `ms` before `now`.
    #[must_use]
    pub fn changed_within(&self, now: UnixMs, ms: u64) -> usize {
        self.rows
            .values()
            .filter(|row| now.millis_since(row.changed_at) <= ms)
            .count()
    }

    /// Drops a contract: its topic was ended.
    pub fn remove(&mut self, symbol: &str) {
        self.rows.remove(symbol);
    }

    /// When the venue sent the newest frame that was applied.
    #[must_use]
    pub const fn newest(&self) -> Option<UnixMs> {
        self.newest
    }

    /// The rows as one table, checked as a table of REST is; `None` before the first row.
    #[must_use]
    pub fn table(&self) -> Option<Tickers<'static>> {
        let rows = self.rows.values().map(|merged| {
            let symbol = Cow::Owned(merged.row.symbol().to_owned());
            (symbol, &merged.row)
        });
        Some(read_rows(rows, Vec::new(), self.newest?))
    }
}

/// Sets every field of `row` that was sent. One that is sent as `""` is none from now on. Returns
/// whether one changed that moves with the contract's own market.
fn set(row: &mut WireTicker<'static>, fields: &Object<'_>) -> bool {
    let mut has_moved = false;
    for (name, field) in FIELDS {
        if fields.has(name) {
            let sent = fields.number(name);
            let held = field(row);
            has_moved |= *held != sent && MOVING.contains(&name);
            *held = sent;
        }
    }
    has_moved
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;
    use crate::exchange::bybit::tickers;
    use crate::units::Amount;
    use proptest::prelude::*;

    const ROW: &str = r#""lastPrice":"1800","prevPrice24h":"2000","price24hPcnt":"-0.1","highPrice24h":"2100",
        "lowPrice24h":"1790","turnover24h":"900000","volume24h":"480","bid1Price":"1799","ask1Price":"1801""#;

    fn frame(kind: &str, age_ms: u64, cross: u64, fields: &str) -> String {
        format!(
            r#"{{"topic":"tickers.ETHUSDT","type":"{kind}","data":{{"symbol":"ETHUSDT",{fields}}},"cs":{cross},"ts":{}}}"#,
            NOW.as_millis() - age_ms
        )
    }

    fn apply(rows: &mut MergedTickers, text: &str) -> Applied {
        rows.apply(&data(text)).unwrap()
    }

    fn with_snapshot() -> MergedTickers {
        let mut rows = MergedTickers::new();
        apply(&mut rows, &frame("snapshot", 500, 10, ROW));
        rows
    }

    fn last(rows: &MergedTickers) -> f64 {
        rows.table().unwrap().rows[0].last.get()
    }

    #[test]
    fn a_delta_changes_the_fields_that_it_has_and_no_other() {
        let mut rows = with_snapshot();
        apply(
            &mut rows,
            &frame("delta", 100, 11, r#""lastPrice":"1801","ask1Price":"""#),
        );
        let table = rows.table().unwrap();
        let row = &table.rows[0];
        assert_eq!((row.symbol.as_ref(), row.last.get()), ("ETHUSDT", 1801.0));
        assert_eq!(row.turnover_24h.map(Amount::get), Some(900_000.0));
        assert!(row.bid.is_some(), "bid was not sent and stays");
        assert!(row.ask.is_none(), "an empty text is no ask");
        assert_eq!(
            table.server_time,
            UnixMs::from_millis(NOW.as_millis() - 100)
        );
    }

    #[test]
    fn without_a_snapshot_there_is_no_row() {
        let mut rows = MergedTickers::new();
        let applied = apply(&mut rows, &frame("delta", 1, 1, r#""lastPrice":"1""#));
        assert_eq!(applied, Applied::BeforeSnapshot);
        assert!(rows.table().is_none() && rows.is_empty());
    }

    #[test]
    fn neither_time_nor_sequence_goes_back() {
        let mut rows = with_snapshot();
        for (age_ms, cross) in [(501, 11), (400, 9)] {
            let older = frame("delta", age_ms, cross, r#""lastPrice":"7""#);
            assert_eq!(apply(&mut rows, &older), Applied::Repeated);
        }
        assert_eq!(last(&rows), 1800.0);
        let same = frame("delta", 500, 10, r#""lastPrice":"1802""#);
        assert_eq!(apply(&mut rows, &same), Applied::Applied);
        assert_eq!(last(&rows), 1802.0);
    }

    #[test]
    fn a_row_of_another_contract_is_refused_and_what_is_held_stays() {
        let mut rows = with_snapshot();
        let other = frame("delta", 100, 11, r#""lastPrice":"7""#)
            .replace(r#""symbol":"ETHUSDT""#, r#""symbol":"BTCUSDT""#);
        assert_eq!(
            rows.apply(&data(&other)).unwrap_err().label(),
            "other_symbol"
        );
        for payload in ["[]", "7", "null"] {
            let odd = format!(
                r#"{{"topic":"tickers.ETHUSDT","type":"delta","data":{payload},"ts":{}}}"#,
                NOW.as_millis()
            );
            if let Ok(super::super::frame::Frame::Data(data)) =
                super::super::frame::Frame::read(&odd, NOW)
            {
                assert_eq!(
                    rows.apply(&data).unwrap_err().label(),
                    "result_missing",
                    "{payload}"
                );
            }
        }
        assert_eq!(last(&rows), 1800.0);
    }

    #[test]
    fn a_price_that_is_none_costs_its_row_until_it_is_one_again() {
        let mut rows = with_snapshot();
        for (price, is_row) in [("0", false), ("", false), ("soon", false), ("1803", true)] {
            let text = frame("delta", 100, 11, &format!(r#""lastPrice":"{price}""#));
            apply(&mut rows, &text);
            let table = rows.table().unwrap();
            assert_eq!(table.rows.len() == 1, is_row, "{price}");
            assert_eq!(table.refused.len() == 1, !is_row, "{price}");
        }
    }

    #[test]
    fn a_row_moves_with_its_own_market_and_not_with_the_index() {
        let mut rows = with_snapshot();
        let moved = |rows: &MergedTickers| rows.changed_within(NOW, 300);
        for (fields, moves) in [
            (r#""lastPrice":"1800""#, 0),
            (r#""indexPrice":"1802","markPrice":"1803""#, 0),
            (r#""turnover24h":"900001""#, 1),
        ] {
            apply(&mut rows, &frame("delta", 100, 11, fields));
            assert_eq!(moved(&rows), moves, "{fields}");
        }
    }

    #[test]
    fn what_is_ended_has_no_row() {
        let mut rows = with_snapshot();
        rows.remove("ETHUSDT");
        assert_eq!(rows.sent_at("ETHUSDT"), None);
        assert_eq!(rows.table().unwrap().rows.len(), 0);
    }

    proptest! {
        /// A row that came in parts is the row that REST would send at once.
        #[test]
        fn merged_parts_are_the_whole_row(prices in prop::collection::vec(1_791.0..2_099.0_f64, 1..12), split in any::<u16>()) {
            let mut rows = with_snapshot();
            let mut fields: BTreeMap<&str, String> = BTreeMap::new();
            for (step, price) in prices.iter().enumerate() {
                let name = if split >> (step % 16) & 1 == 0 { "lastPrice" } else { "bid1Price" };
                let text = format!("{price:.2}");
                let delta = frame("delta", 400 - step as u64, 11 + step as u64, &format!(r#""{name}":"{text}""#));
                apply(&mut rows, &delta);
                fields.insert(name, text);
            }
            let whole = fields.iter().fold(format!("{{\"symbol\":\"ETHUSDT\",{ROW}}}"), |row, (name, value)| {
                let mut row: serde_json::Value = serde_json::from_str(&row).unwrap();
                row[*name] = serde_json::json!(value);
                row.to_string()
            });
            let body = format!(
                r#"{{"retCode":0,"result":{{"list":[{whole}]}},"time":{}}}"#,
                rows.newest().unwrap().as_millis()
            );
            prop_assert_eq!(rows.table().unwrap(), tickers::parse(body.as_bytes()).unwrap());
        }
    }
}
