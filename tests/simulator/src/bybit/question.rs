//! Questions about one contract: what they have in common.

use super::envelope::{check_category, envelope, refusal};
use crate::market::{Instrument, Market};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

/// The periods of the statistics by their names, in minutes.
const PERIODS: [(&str, i64); 6] = [
    ("5min", 5),
    ("15min", 15),
    ("30min", 30),
    ("1h", 60),
    ("4h", 240),
    ("1d", 1_440),
];

/// A contract and the moment at which it is asked about.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) seed: u64,
    pub(super) instrument: &'a Instrument,
    pub(super) query: &'a Query,
    moment: Moment,
}

/// Answers a question about one contract with the result that `answer` makes, or with the message
/// of the exchange.
pub(super) fn about_contract(
    source: &Source,
    query: &Query,
    moment: Moment,
    path: &str,
    answer: impl FnOnce(&Asked<'_>) -> Result<String, &'static str>,
) -> Reply {
    let generated = match source {
        Source::Replayed(_) => return Reply::not_recorded(path),
        Source::Generated(generated) => generated,
    };
    match result(&generated.market, query, moment, answer) {
        Ok(result) => Reply::json(envelope(&result, moment.stamp_ms)),
        Err(message) => refusal(message, moment.stamp_ms),
    }
}

fn result(
    market: &Market,
    query: &Query,
    moment: Moment,
    answer: impl FnOnce(&Asked<'_>) -> Result<String, &'static str>,
) -> Result<String, &'static str> {
    check_category(query)?;
    let listing = market.listing(moment.data_ms);
    let symbol = query.get("symbol").ok_or("params error: symbol invalid")?;
    let instrument = listing.find(symbol).ok_or("Not supported symbols")?;
    answer(&Asked {
        seed: market.seed(),
        instrument,
        query,
        moment,
    })
}

impl Asked<'_> {
    /// The moment whose prices are told.
    pub(super) fn data_ms(&self) -> i64 {
        self.moment.data_ms
    }

    /// The moment that the service believes it to be.
    pub(super) fn stamp_ms(&self) -> i64 {
        self.moment.stamp_ms
    }

    /// By how much the service's clock is ahead of the market's: 0 but for a fault.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.moment.stamp_ms - self.moment.data_ms
    }

    /// Reads `limit`.
    pub(super) fn limit(&self, default: usize, max: usize) -> Result<usize, &'static str> {
        match self.query.get("limit").map(str::parse) {
            None => Ok(default),
            Some(Ok(limit)) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err("params error: limit invalid"),
        }
    }

    /// Reads a moment in milliseconds.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, &'static str> {
        let moment = self.query.get(name).map(str::parse).transpose();
        moment.map_err(|_| "params error: time invalid")
    }

    /// Reads the period of a statistic, in milliseconds.
    pub(super) fn period_ms(&self, name: &str) -> Result<i64, &'static str> {
        let wanted = self
            .query
            .get(name)
            .ok_or("params error: interval invalid")?;
        let known = PERIODS.into_iter().find(|(period, _)| *period == wanted);
        known
            .map(|(_, minutes)| minutes * 60_000)
            .ok_or("params error: interval invalid")
    }

    /// The multiples of `period_ms` that are in the past, newest first, as far back as the
    /// contract's launch.
    pub(super) fn past(&self, period_ms: i64) -> impl Iterator<Item = i64> + use<> {
        let newest = self.stamp_ms().div_euclid(period_ms);
        let oldest = (self.instrument.launch_ms + self.ahead_ms()).div_euclid(period_ms) + 1;
        (oldest..=newest).rev().map(move |count| count * period_ms)
    }
}

/// A page of a statistic.
#[derive(Debug)]
pub(super) struct Page {
    /// Newest first.
    pub(super) times_ms: Vec<i64>,
    /// Already percent-encoded, as the exchange sends it; empty on the last page.
    pub(super) next_cursor: String,
}

impl Page {
    /// The page that is asked for with `startTime`, `endTime`, `limit` and `cursor`.
    pub(super) fn read(
        asked: &Asked<'_>,
        period_ms: i64,
        default: usize,
        max: usize,
    ) -> Result<Self, &'static str> {
        let limit = asked.limit(default, max)?;
        let start_ms = asked.time("startTime")?.unwrap_or(i64::MIN);
        let end_ms = asked.time("endTime")?.unwrap_or(i64::MAX);
        let before_ms = match asked.query.get("cursor") {
            None => i64::MAX,
            Some(cursor) => last_time(cursor).ok_or("params error: cursor invalid")?,
        };
        let wanted = |time_ms: &i64| (start_ms..=end_ms).contains(time_ms) && *time_ms < before_ms;
        let mut times_ms: Vec<_> = if asked.instrument.is_trading() {
            asked
                .past(period_ms)
                .filter(wanted)
                .take(limit + 1)
                .collect()
        } else {
            Vec::new()
        };
        let has_more = times_ms.len() > limit;
        times_ms.truncate(limit);
        let next_cursor = match times_ms.last() {
            Some(last_ms) if has_more => format!("lastid%3D0%26lasttime%3D{last_ms}"),
            _ => String::new(),
        };
        Ok(Self {
            times_ms,
            next_cursor,
        })
    }
}

/// The last moment of the page before, from a decoded cursor.
fn last_time(cursor: &str) -> Option<i64> {
    let (_, last) = cursor.split_once('&')?;
    last.strip_prefix("lasttime=")?.parse().ok()
}

/// The elements of a JSON array.
pub(super) fn push_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push('[');
    let mut is_first = true;
    for item in items {
        if !is_first {
            out.push(',');
        }
        is_first = false;
        push(out, item);
    }
    out.push(']');
}
