//! `GET /v5/market/orderbook`. <https://bybit-exchange.github.io/docs/v5/market/orderbook>
//!
//! There are 200 levels on each side, whatever more is asked for.

use super::question::{Asked, about_contract, push_list};
use super::tickers::bucket;
use super::writer::push_fixed;
use crate::market::book::{Book, Level};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 1_000;

/// The matching engine makes a book this often.
const ENGINE_MS: i64 = 100;

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/orderbook", result)
}

fn result(asked: &Asked<'_>) -> Result<String, &'static str> {
    let limit = asked.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let instrument = asked.instrument;
    let book = Book::at(asked.seed, instrument, bucket(asked.data_ms()));
    let push_level = |out: &mut String, level: &Level| {
        out.push_str("[\"");
        push_fixed(out, level.ticks, instrument.price_decimals);
        out.push_str("\",\"");
        push_fixed(out, level.steps, instrument.quantity_decimals);
        out.push_str("\"]");
    };
    let mut out = String::with_capacity(limit * 64);
    out.push_str(r#"{"s":""#);
    out.push_str(&instrument.symbol);
    out.push_str(r#"","b":"#);
    push_list(&mut out, book.bids.iter().take(limit), push_level);
    out.push_str(r#","a":"#);
    push_list(&mut out, book.asks.iter().take(limit), push_level);
    let update = asked.data_ms().div_euclid(ENGINE_MS);
    let made_ms = update * ENGINE_MS + asked.ahead_ms();
    let (answered_ms, sequence) = (asked.stamp_ms(), update * 16);
    out.push_str(&format!(
        r#","ts":{answered_ms},"u":{update},"seq":{sequence},"cts":{made_ms}}}"#
    ));
    Ok(out)
}
