//! `GET /v5/market/orderbook`. <https://bybit-exchange.github.io/docs/v5/market/orderbook>
//!
//! There are 200 levels on each side, whatever more is asked for.

use super::bucket::bucket;
use super::question::{Asked, about_contract, push_list};
use super::writer::push_fixed;
use crate::market::Instrument;
use crate::market::book::{Book, Level};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Generated, Moment, Source};

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 1_000;

/// The matching engine makes a book this often.
pub(super) const ENGINE_MS: i64 = 100;

/// The counter of the exchange goes on by so many while a book is made.
pub(super) const SEQUENCE_STEP: i64 = 16;

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/orderbook", result)
}

fn result(asked: &Asked<'_>) -> Result<String, &'static str> {
    let limit = asked.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let instrument = asked.instrument;
    let book = Book::at(asked.seed, instrument, bucket(asked.data_ms()));
    let mut out = String::with_capacity(limit * 64);
    out.push_str(r#"{"s":""#);
    out.push_str(&instrument.symbol);
    out.push_str(r#"","b":"#);
    push_side(&mut out, instrument, book.bids.iter().take(limit));
    out.push_str(r#","a":"#);
    push_side(&mut out, instrument, book.asks.iter().take(limit));
    let update = asked.data_ms().div_euclid(ENGINE_MS);
    let made_ms = update * ENGINE_MS + asked.ahead_ms();
    let (answered_ms, sequence) = (asked.stamp_ms(), update * SEQUENCE_STEP);
    out.push_str(&format!(
        r#","ts":{answered_ms},"u":{update},"seq":{sequence},"cts":{made_ms}}}"#
    ));
    Ok(out)
}

/// The true book of a moment, which no fault changes: all its levels, and the moment whose prices they
/// are. Nothing for a contract that there is none of.
pub(crate) fn book_at(generated: &Generated, symbol: &str, at_ms: i64) -> Option<String> {
    let listing = generated.market.listing(at_ms);
    let instrument = listing.find(symbol)?;
    let bucket_ms = bucket(at_ms);
    let book = generated.book(instrument, bucket_ms);
    let mut out = format!(r#"{{"s":"{symbol}","at":{at_ms},"bucket":{bucket_ms},"b":"#);
    push_side(&mut out, instrument, &book.bids);
    out.push_str(r#","a":"#);
    push_side(&mut out, instrument, &book.asks);
    out.push('}');
    Some(out)
}

/// Price and size of each level of one side; a size of nothing is `"0"`, without decimals.
pub(super) fn push_side<'l>(
    out: &mut String,
    instrument: &Instrument,
    levels: impl IntoIterator<Item = &'l Level>,
) {
    push_list(out, levels, |out, level| {
        out.push_str("[\"");
        push_fixed(out, level.ticks, instrument.price_decimals);
        out.push_str("\",\"");
        if level.steps == 0 {
            out.push('0');
        } else {
            push_fixed(out, level.steps, instrument.quantity_decimals);
        }
        out.push_str("\"]");
    });
}
