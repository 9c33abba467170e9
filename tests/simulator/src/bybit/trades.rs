//! `GET /v5/market/recent-trade`. <https://bybit-exchange.github.io/docs/v5/market/recent-trade>

use std::fmt::Write;

use super::question::{Asked, about_contract, push_list};
use super::writer::push_fixed;
use crate::market::Instrument;
use crate::market::noise::fork;
use crate::market::tape::{self, Trade};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

const DEFAULT_LIMIT: usize = 500;
const MAX_LIMIT: usize = 1_000;

/// A row has about 220 bytes.
const ROW_BYTES: usize = 230;

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/recent-trade", result)
}

fn result(asked: &Asked<'_>) -> Result<String, &'static str> {
    let limit = asked.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let trades = tape::newest(asked.seed, asked.instrument, asked.data_ms(), limit);
    let mut out = String::with_capacity(trades.len() * ROW_BYTES + 64);
    out.push_str(r#"{"category":"linear","list":"#);
    push_list(&mut out, trades, |out, trade| {
        push_row(out, asked.instrument, &trade, asked.ahead_ms());
    });
    out.push('}');
    Ok(out)
}

/// Unlike in most rows of the exchange, two of the values are booleans.
fn push_row(out: &mut String, instrument: &Instrument, trade: &Trade, ahead_ms: i64) {
    out.push_str(r#"{"execId":""#);
    push_id(out, trade.key);
    // Writing to a string cannot fail.
    let _ = write!(out, r#"","symbol":"{}","price":""#, instrument.symbol);
    push_fixed(out, trade.ticks, instrument.price_decimals);
    out.push_str(r#"","size":""#);
    push_fixed(out, trade.steps, instrument.quantity_decimals);
    let _ = write!(
        out,
        r#"","side":"{}","time":"{}","isBlockTrade":{},"isRPITrade":{},"seq":"{}"}}"#,
        if trade.is_buy { "Buy" } else { "Sell" },
        trade.time_ms + ahead_ms,
        trade.is_block,
        trade.is_rpi,
        trade.number
    );
}

/// The name of an execution.
pub(super) fn push_id(out: &mut String, key: u64) {
    let (high, low) = (fork(key, 9), fork(key, 10));
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF,
    );
}
