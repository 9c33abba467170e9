//! The Fear & Greed index of alternative.me: everything is a string, the newest day stands first.
//! <https://alternative.me/crypto/fear-and-greed-index/#api>

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::clock::{DAY_MS, SECOND_MS};
use super::link::Link;
use super::market::noise::{fork, wave};
use super::pipeline::{Request, Simulator};
use super::query::Query;
use super::reply::Reply;
use super::source::{Moment, Source};

/// 2018-02-01, the first day of the index.
const FIRST_DAY_MS: i64 = 1_517_443_200_000;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    let index = || get(|request: Request| request.answer(Link::FearGreed, answer));
    Router::new().route("/fng", index()).route("/fng/", index())
}

fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    match source {
        Source::Replayed(_) => Reply::not_recorded("/fng/"),
        Source::Generated(generated) => {
            let days = query
                .get("limit")
                .and_then(|limit| limit.parse().ok())
                .unwrap_or(1);
            Reply::json(body(generated.market.seed(), days, moment).to_string())
        }
    }
}

/// The last `days` days; 0 means all of them.
fn body(seed: u64, days: i64, moment: Moment) -> Value {
    let today_ms = midnight(moment.stamp_ms);
    let shift_ms = midnight(moment.data_ms) - today_ms;
    let all_days = (today_ms - FIRST_DAY_MS) / DAY_MS + 1;
    let days = if days == 0 {
        all_days
    } else {
        days.clamp(0, all_days)
    };
    let rows: Vec<_> = (0..days)
        .map(|age| {
            let day_ms = today_ms - age * DAY_MS;
            let value = value(seed, day_ms + shift_ms);
            let mut row = Map::new();
            row.insert("value".to_owned(), json!(value.to_string()));
            row.insert(
                "value_classification".to_owned(),
                json!(classification(value)),
            );
            row.insert(
                "timestamp".to_owned(),
                json!((day_ms / SECOND_MS).to_string()),
            );
            if age == 0 {
                let left_s = (today_ms + DAY_MS - moment.stamp_ms) / SECOND_MS;
                row.insert("time_until_update".to_owned(), json!(left_s.to_string()));
            }
            row
        })
        .collect();
    json!({"name": "Fear and Greed Index", "data": rows, "metadata": {"error": null}})
}

fn midnight(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS) * DAY_MS
}

/// The index of a day, 0..=100.
fn value(seed: u64, day_ms: i64) -> u8 {
    let key = fork(seed, 41);
    let mood =
        34.0 * wave(key, day_ms, 23 * DAY_MS) + 14.0 * wave(fork(key, 1), day_ms, 5 * DAY_MS);
    let jitter = 3.0 * wave(fork(key, 2), day_ms, DAY_MS);
    (46.0 + mood + jitter).clamp(3.0, 97.0) as u8
}

/// The bands as observed; they are no quarters.
fn classification(value: u8) -> &'static str {
    match value {
        0..=24 => "Extreme Fear",
        25..=46 => "Fear",
        47..=54 => "Neutral",
        55..=75 => "Greed",
        _ => "Extreme Greed",
    }
}
