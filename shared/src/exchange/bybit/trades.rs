//! `GET /v5/market/recent-trade?category=linear`: the last trades of one contract.
//! <https://bybit-exchange.github.io/docs/v5/market/recent-trade>
//!
//! ```json
//! {"execId":"2100000000007764263","symbol":"BTCUSDT","price":"16618.49","size":"0.00012","side":"Buy",
//!  "time":"1672052955758","isBlockTrade":false,"isRPITrade":false,"seq":"123456"}
//! ```

use super::rows::{List, Once, Reading, check_row_symbol, past_moment, required};
use crate::exchange::ParseError;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::market::RowRefusal;
use crate::market::trades::{Side, Trade, Trades};
use crate::units::{Amount, Price, UnixMs};
use serde::Deserialize;
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireTrade<'a> {
    #[serde(borrow)]
    exec_id: WireText<'a>,
    #[serde(borrow)]
    symbol: WireText<'a>,
    price: WireNumber,
    /// Base coin.
    size: WireNumber,
    /// The taker's: `Buy` or `Sell`.
    #[serde(borrow)]
    side: WireText<'a>,
    /// Milliseconds.
    time: WireNumber,
    is_block_trade: Option<bool>,
}

/// Reads the last trades of `symbol`.
///
/// Block trades are left out: they are agreed upon outside the book at a price of their own, and
/// are published later. Trades against retail price improvement orders are kept: they happen at the
/// market price.
///
/// # Errors
/// Any [`ParseError`] when the answer as a whole is no list of trades.
pub fn parse(body: &[u8], symbol: &str) -> Result<Reading<Trades>, ParseError> {
    let text = wire::text(body)?;
    let list = List::open(&text, symbol)?;
    let mut once = Once::new();
    let trades = list.read(
        |row: WireTrade<'_>| {
            let trade = trade(&row, symbol, list.server_time)?;
            // Many trades share a millisecond, so only the venue's own id distinguishes two of
            // them. A trade without one is kept but can never be recognised in a later answer.
            let name = row.exec_id.into_inner();
            let id = id_of(&name);
            if !name.is_empty() {
                once.check(name)?;
            }
            Ok(Some(Trade { id, ..trade }).filter(|_| row.is_block_trade != Some(true)))
        },
        |trade| trade.time_ms,
    );
    Ok(trades.map(|trades| Trades { trades }))
}

/// The venue's id as a number, which is smaller to keep than a text; 0 for none. Among a few ten
/// thousand trades two share one about once in many thousand million answers.
pub(super) fn id_of(name: &str) -> u64 {
    if name.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish().max(1)
}

/// The size of a trade, above zero.
pub(super) fn size_of(field: &'static str, size: &WireNumber) -> Result<Amount, RowRefusal> {
    match required::<Amount>(field, size)? {
        nothing if nothing.get() == 0.0 => Err(RowRefusal::Unusable {
            field,
            value: size.quoted().to_string(),
        }),
        size => Ok(size),
    }
}

/// The taker's side. An unknown word is no side: guessing would add the trade to the wrong flow.
pub(super) fn side_of(word: &WireText<'_>) -> Option<Side> {
    match word.get() {
        "Buy" => Some(Side::Buy),
        "Sell" => Some(Side::Sell),
        _ => None,
    }
}

fn trade(row: &WireTrade<'_>, symbol: &str, server_time: UnixMs) -> Result<Trade, RowRefusal> {
    check_row_symbol(symbol, &row.symbol)?;
    let size_base = size_of("size", &row.size)?;
    Ok(Trade {
        time_ms: past_moment("time", &row.time, server_time)?,
        price: required::<Price>("price", &row.price)?,
        size_base,
        taker: side_of(&row.side),
        id: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::{NOW_MS, body, check_refusals};
    use super::*;
    use proptest::prelude::*;

    /// A trade of `age_ms` ago with one field's value replaced by raw JSON.
    fn with(id: &str, age_ms: u64, field: &str, value: &str) -> String {
        let mut row = serde_json::json!({
            "execId": id, "symbol": "BTCUSDT", "price": "16618.49", "size": "0.5", "side": "Buy",
            "time": (NOW_MS - age_ms).to_string(), "isBlockTrade": false, "isRPITrade": false, "seq": "123456"
        });
        row[field] = serde_json::from_str(value).unwrap();
        row.to_string()
    }

    fn row(id: &str, age_ms: u64) -> String {
        with(id, age_ms, "aNewField", "[1]")
    }

    fn read(rows: &[String]) -> Reading<Trades> {
        parse(
            body(r#""category":"linear","#, &rows.join(",")).as_bytes(),
            "BTCUSDT",
        )
        .unwrap()
    }

    fn ages(reading: &Reading<Trades>) -> Vec<u64> {
        reading
            .value
            .trades
            .iter()
            .map(|trade| NOW_MS - trade.time_ms.as_millis())
            .collect()
    }

    #[test]
    fn rows_become_trades_oldest_first() {
        let reading = read(&[row("c", 1), row("b", 20), row("a", 300)]);
        assert_eq!(ages(&reading), [300, 20, 1]);
        check_refusals(&reading, &[]);
        let trade = reading.value.trades[0];
        assert_eq!(
            (trade.price.get(), trade.size_base.get(), trade.taker),
            (16_618.49, 0.5, Some(Side::Buy))
        );
    }

    #[test]
    fn trades_of_one_millisecond_keep_their_order() {
        let reading = read(&[
            with("c", 5, "size", "\"3\""),
            with("b", 5, "size", "\"2\""),
            with("a", 5, "size", "\"1\""),
        ]);
        let sizes: Vec<_> = reading
            .value
            .trades
            .iter()
            .map(|trade| trade.size_base.get())
            .collect();
        assert_eq!(sizes, [1.0, 2.0, 3.0], "the venue sends the newest first");
    }

    #[test]
    fn an_unknown_side_is_not_guessed() {
        for (side, expected) in [
            ("Sell", Some(Side::Sell)),
            ("", None),
            ("sell", None),
            ("Liquidation", None),
        ] {
            let reading = read(&[with("a", 1, "side", &format!("\"{side}\""))]);
            assert_eq!(reading.value.trades[0].taker, expected, "for {side:?}");
        }
    }

    #[test]
    fn block_trades_are_left_out_and_retail_improvements_are_kept() {
        let reading = read(&[
            with("a", 1, "isBlockTrade", "true"),
            with("b", 2, "isRPITrade", "true"),
        ]);
        assert_eq!(ages(&reading), [2]);
        check_refusals(&reading, &[]);
    }

    #[test]
    fn a_trade_that_is_sent_twice_counts_once() {
        let reading = read(&[row("a", 1), row("a", 1), row("b", 1)]);
        assert_eq!(ages(&reading), [1, 1]);
        check_refusals(&reading, &[RowRefusal::Repeated]);
    }

    #[test]
    fn a_bad_row_is_refused_by_name_and_the_rest_is_kept() {
        let reading = read(&[
            with("a", 1, "price", "\"0\""),
            with("b", 1, "size", "\"0\""),
            with("c", 1, "size", "null"),
            with("d", 1, "symbol", "\"SYSTEM_STATUS\""),
            with("e", 1, "isBlockTrade", "\"no\""),
            row("f", 7),
        ]);
        assert_eq!(ages(&reading), [7]);
        let labels: Vec<_> = reading
            .refused
            .iter()
            .map(|refused| refused.reason.label())
            .collect();
        assert_eq!(
            labels,
            [
                "unusable_field",
                "unusable_field",
                "missing_field",
                "other_symbol",
                "malformed_row"
            ]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "BTCUSDT");
        }

        #[test]
        fn every_trade_that_is_kept_moved_something_at_a_price(
            rows in proptest::collection::vec(("[ab]", 0_u64..9, "[0-9eE+.\\-Na]{0,6}", "[0-9eE+.\\-Na]{0,6}"), 1..9)
        ) {
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, age_ms, price, size)| {
                    let time = NOW_MS - age_ms;
                    serde_json::json!({"execId": id, "price": price, "size": size, "time": time}).to_string()
                })
                .collect();
            let reading = read(&rows);
            let trades = &reading.value.trades;
            prop_assert_eq!(trades.len() + reading.refused.len(), rows.len());
            prop_assert!(trades.iter().all(|trade| trade.size_base.get() > 0.0 && trade.taker.is_none()));
            prop_assert!(trades.is_sorted_by_key(|trade| trade.time_ms));
        }
    }
}
