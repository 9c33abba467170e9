//! What is told about positions, period by period:
//! `GET /v5/market/open-interest`, <https://bybit-exchange.github.io/docs/v5/market/open-interest>,
//! `GET /v5/market/account-ratio`, <https://bybit-exchange.github.io/docs/v5/market/long-short-ratio>,
//! `GET /v5/market/funding/history`, <https://bybit-exchange.github.io/docs/v5/market/history-fund-rate>.

use super::question::{Page, about_contract, push_list};
use super::writer::{Fields, Row, push_fixed};
use crate::clock::HOUR_MS;
use crate::market::{Contract, positions};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// The open interest of linear contracts has eight decimals, whatever their step.
const INTEREST_DECIMALS: usize = 8;

pub(super) fn open_interest(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/open-interest", |asked| {
        let page = Page::read(asked, asked.period_ms("intervalTime")?, 50, 200)?;
        let instrument = asked.instrument;
        let mut out = format!(
            r#"{{"symbol":"{}","category":"linear","list":"#,
            instrument.symbol
        );
        push_list(&mut out, page.times_ms, |out, time_ms| {
            let one_side = positions::interest_steps(instrument, time_ms - asked.ahead_ms());
            let mut row = Row::begin(out);
            row.text(
                "openInterest",
                &interest(one_side * 2, instrument.quantity_decimals),
            );
            row.text(
                "singleOpenInterest",
                &interest(one_side, instrument.quantity_decimals),
            );
            row.fixed("timestamp", time_ms, 0);
            row.end();
        });
        Ok(format!(
            r#"{out},"nextPageCursor":"{}"}}"#,
            page.next_cursor
        ))
    })
}

/// Zeros are appended as text: in units of the last decimal the largest amounts would not fit.
fn interest(steps: i64, decimals: u32) -> String {
    let mut text = String::new();
    push_fixed(&mut text, steps, decimals);
    let (_, sent) = text.split_once('.').unwrap_or_default();
    let missing = INTEREST_DECIMALS - sent.len().min(INTEREST_DECIMALS);
    if missing == INTEREST_DECIMALS {
        text.push('.');
    }
    text.push_str(&"0".repeat(missing));
    text
}

/// The result of this one has no `category`.
pub(super) fn account_ratio(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(source, query, moment, "/v5/market/account-ratio", |asked| {
        let page = Page::read(asked, asked.period_ms("period")?, 50, 500)?;
        let mut out = String::from(r#"{"list":"#);
        push_list(&mut out, page.times_ms, |out, time_ms| {
            let long = positions::long_share_e4(asked.instrument, time_ms - asked.ahead_ms());
            let mut row = Row::begin(out);
            row.text("symbol", &asked.instrument.symbol);
            row.trimmed("buyRatio", long, 4);
            row.trimmed("sellRatio", 10_000 - long, 4);
            row.fixed("timestamp", time_ms, 0);
            row.end();
        });
        Ok(format!(
            r#"{out},"nextPageCursor":"{}"}}"#,
            page.next_cursor
        ))
    })
}

/// `startTime` alone is an error; a dated future is never funded.
pub(super) fn funding_history(source: &Source, query: &Query, moment: Moment) -> Reply {
    about_contract(
        source,
        query,
        moment,
        "/v5/market/funding/history",
        |asked| {
            if asked.query.get("startTime").is_some() && asked.query.get("endTime").is_none() {
                return Err("params error: endTime is required with startTime");
            }
            let hours = asked.instrument.funding_interval_hours.max(1);
            let page = Page::read(asked, hours * HOUR_MS, 200, 200)?;
            let times_ms = match asked.instrument.contract {
                Contract::Future { .. } => Vec::new(),
                _ => page.times_ms,
            };
            let mut out = String::from(r#"{"category":"linear","list":"#);
            push_list(&mut out, times_ms, |out, time_ms| {
                let mut row = Row::begin(out);
                row.text("symbol", &asked.instrument.symbol);
                row.trimmed(
                    "fundingRate",
                    positions::funding_e8(asked.instrument, time_ms - asked.ahead_ms()),
                    8,
                );
                row.fixed("fundingRateTimestamp", time_ms, 0);
                row.end();
            });
            out.push('}');
            Ok(out)
        },
    )
}
