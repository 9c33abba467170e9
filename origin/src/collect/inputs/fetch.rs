//! One job: the request to send for an input, and what its answer is.
//!
//! Order: request → parse → join with what is held (candles) → date. An input is dated by
//! its newest row or by its answer, whichever is earlier, because a venue whose statistics stand
//! still goes on answering.
//!
//! Candles are the only input with a history worth keeping: the first load takes all that is
//! wanted, page by page where one answer does not hold it, and later loads take what closed since.

use super::kind::InputKind;
use super::planner::Job;
use super::shelf::SymbolInputs;
use super::value::{Delivery, Value};
use crate::upstream::{Fetched, Upstream, UpstreamError};
use analysis::beta::WANTED_CLOSES;
use shared::exchange::bybit::Reading;
use shared::exchange::bybit::{
    account_ratio, funding_history, klines, open_interest, orderbook, paths, trades,
};
use shared::freshness::{ClockAhead, table_time};
use shared::market::candles::{Candles, Interval, MergeRefusal};
use shared::market::{Dated, OwnTime};
use shared::units::UnixMs;
use std::sync::Arc;

/// Levels of each side of the book.
const BOOK_LEVELS: u16 = 50;

/// Points of five minutes: five hours, of which alerts look back on four.
const OPEN_INTEREST_POINTS: u16 = 60;

/// Points of five minutes: about four hours.
const ACCOUNT_RATIO_POINTS: u16 = 50;

/// Settlements against which the current rate is ranked; one answer holds no more.
const FUNDING_POINTS: u16 = 200;

/// Fetches the input of `job` as it is at `now`. `held` is what is already known of the contract.
pub(super) async fn fetch(
    upstream: &Upstream,
    job: &Job,
    held: Option<&SymbolInputs>,
    now: UnixMs,
) -> Result<Delivery, UpstreamError> {
    let symbol = &*job.symbol;
    match job.kind {
        InputKind::Candles(interval) => {
            let held = held
                .and_then(|held| held.candles.get(&interval))
                .map(|dated| &*dated.value);
            candles(upstream, symbol, interval, held, now).await
        }
        InputKind::Book => {
            let fetched = upstream.get(&paths::orderbook(symbol, BOOK_LEVELS)).await?;
            let book = orderbook::parse(&fetched.body, symbol)?;
            let reading = Reading {
                // The book carries the matching engine's time, which is never later than the
                // answer's.
                server_time: book.as_of_ms,
                value: book,
                refused: Vec::new(),
            };
            Ok(read(reading, &fetched, |value| {
                Value::Book(Arc::new(value))
            })?)
        }
        InputKind::Trades => {
            let fetched = upstream
                .get(&paths::trades(symbol, paths::MAX_TRADES))
                .await?;
            let reading = trades::parse(&fetched.body, symbol)?;
            Ok(read(reading, &fetched, |value| {
                Value::Trades(Arc::new(value))
            })?)
        }
        InputKind::OpenInterest => {
            let fetched = upstream
                .get(&paths::open_interest(symbol, OPEN_INTEREST_POINTS))
                .await?;
            let reading = open_interest::parse(&fetched.body, symbol)?;
            Ok(read_rows(reading, &fetched, Value::OpenInterest)?)
        }
        InputKind::AccountRatio => {
            let fetched = upstream
                .get(&paths::account_ratio(symbol, ACCOUNT_RATIO_POINTS))
                .await?;
            let reading = account_ratio::parse(&fetched.body, symbol)?;
            Ok(read_rows(reading, &fetched, Value::AccountRatio)?)
        }
        InputKind::Funding => {
            let fetched = upstream
                .get(&paths::funding_history(symbol, FUNDING_POINTS, None))
                .await?;
            let reading = funding_history::parse(&fetched.body, symbol)?;
            Ok(read_rows(reading, &fetched, Value::Funding)?)
        }
    }
}

/// An answer that is the whole value, dated by its newest row.
fn read<T: OwnTime>(
    reading: Reading<T>,
    fetched: &Fetched,
    wrap: impl FnOnce(T) -> Value,
) -> Result<Delivery, ClockAhead> {
    let known_until = reading.value.known_until();
    deliver(reading, known_until, fetched, wrap)
}

/// The same for a list of rows.
fn read_rows<T>(
    reading: Reading<Vec<T>>,
    fetched: &Fetched,
    wrap: impl FnOnce(Arc<Vec<T>>) -> Value,
) -> Result<Delivery, ClockAhead>
where
    [T]: OwnTime,
{
    let known_until = reading.value.known_until();
    deliver(reading, known_until, fetched, |value| wrap(Arc::new(value)))
}

/// Dates a value. A server time far ahead of the clock says nothing about the age of the rows, so
/// the answer is refused, as a ticker table's is. The parser refused rows that are ahead of their
/// own answer.
fn deliver<T>(
    reading: Reading<T>,
    known_until: Option<UnixMs>,
    fetched: &Fetched,
    wrap: impl FnOnce(T) -> Value,
) -> Result<Delivery, ClockAhead> {
    let answered = table_time(reading.server_time, fetched.received_at)?;
    // Without a usable row there is nothing to date: what is held stays and ages.
    let dated = known_until.map(|known_until| Dated {
        value: wrap(reading.value),
        as_of_ms: answered.min(known_until),
        source: fetched.source,
    });
    Ok(Delivery {
        dated,
        is_complete: true,
        refused: reading
            .refused
            .iter()
            .map(|row| row.reason.label())
            .collect(),
    })
}

/// Loads candles: all that are wanted the first time, then those that closed since.
async fn candles(
    upstream: &Upstream,
    symbol: &str,
    interval: Interval,
    held: Option<&Candles>,
    now: UnixMs,
) -> Result<Delivery, UpstreamError> {
    let request = CandleRequest::plan(interval, held, now);
    let fetched = upstream
        .get(&paths::klines(
            symbol,
            interval,
            request.limit,
            request.start,
        ))
        .await?;
    let reading = klines::parse(&fetched.body, symbol, interval, fetched.received_at)?;
    let Reading {
        value: loaded,
        server_time,
        refused,
    } = reading;
    let keep = usize::from(wanted(interval));
    // Judged by the time of receipt: the machine may have slept during the request.
    let is_overtaken = request.is_overtaken(held, fetched.received_at);
    let joined = match held.map(|held| (held, held.merge(&loaded, keep))) {
        Some((_, Ok(joined))) => joined,
        // The request asked for too few candles. The held ones stay, and the input is due again at
        // once.
        Some((held, Err(MergeRefusal::Gap { .. }))) if is_overtaken => held.clone(),
        // The held candles end too long ago to be continued, so the loaded ones replace them.
        Some((_, Err(MergeRefusal::Gap { .. } | MergeRefusal::OtherInterval { .. }))) | None => {
            loaded
        }
    };
    let is_complete = !is_overtaken && !request.has_more(&joined, fetched.received_at);
    let delivery = read(
        Reading {
            value: joined,
            server_time,
            refused,
        },
        &fetched,
        |value| Value::Candles(Arc::new(value)),
    )?;
    Ok(Delivery {
        is_complete,
        ..delivery
    })
}

/// Held candles continued by others; `None` when the two do not meet.
pub(in crate::collect) fn joined_candles(held: &Candles, others: &Candles) -> Option<Candles> {
    held.merge(others, usize::from(wanted(held.interval))).ok()
}

/// How many closed candles are wanted of each length: what charts, statistics, beta and indicators
/// read, and no more, because all of them stay in memory.
const fn wanted(interval: Interval) -> u16 {
    match interval {
        Interval::OneMinute => 1_000,
        Interval::FiveMinutes | Interval::ThirtyMinutes | Interval::FourHours => 300,
        // One hour more than beta reads: the newest hour may not have arrived for other contracts,
        // and all are read at the last hour that all have.
        Interval::OneHour => WANTED_CLOSES as u16 + 1,
        Interval::OneDay => 40,
    }
}

/// Which candles to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CandleRequest {
    interval: Interval,
    limit: u16,
    start: Option<UnixMs>,
}

impl CandleRequest {
    fn plan(interval: Interval, held: Option<&Candles>, now: UnixMs) -> Self {
        let length_ms = interval.millis();
        let (missing, from) = match held.and_then(|held| held.closed.last()) {
            // The last held candle is requested again: its presence proves that the answer joins
            // without a gap. The open candle comes with it.
            Some(last) => (
                now.millis_since(last.start_ms) / length_ms + 1,
                last.start_ms,
            ),
            None => {
                let all_ms = u64::from(wanted(interval)) * length_ms;
                let first_ms = now.as_millis().saturating_sub(all_ms) / length_ms * length_ms;
                (
                    u64::from(wanted(interval)) + 1,
                    UnixMs::from_millis(first_ms),
                )
            }
        };
        let limit = u16::try_from(missing)
            .unwrap_or(u16::MAX)
            .min(paths::MAX_KLINES);
        // Without a start the venue sends the newest candles. If one answer cannot reach back to
        // `from`, the pages are walked from there. The 1 is the open candle: without it, the first
        // load of one-minute candles (1,000 closed) would be walked.
        let fits = missing <= u64::from(paths::MAX_KLINES) + 1;
        Self {
            interval,
            limit,
            start: if fits { None } else { Some(from) },
        }
    }

    /// Whether more candles closed during the request than it could fetch, as when the machine was
    /// suspended. Replacing the held candles by its short answer would lose the history before them
    /// for good. One candle more is normal: a minute may end during any request.
    fn is_overtaken(&self, held: Option<&Candles>, now: UnixMs) -> bool {
        held.is_some() && Self::plan(self.interval, held, now).limit > self.limit.saturating_add(1)
    }

    /// Whether another page is due, for a load that walks pages.
    fn has_more(&self, joined: &Candles, now: UnixMs) -> bool {
        // The newest closed candle starts less than two lengths ago. The third length is for one
        // that closed during the request; the next regular load brings it.
        let behind = joined
            .closed
            .last()
            .is_some_and(|last| now.millis_since(last.start_ms) >= 3 * self.interval.millis());
        self.start.is_some() && behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::book::Book;
    use shared::market::candles::Candle;
    use shared::market::positioning::Funding;
    use shared::provenance::{Source, Venue};
    use shared::units::{Amount, Price};

    const NOW: UnixMs = UnixMs::from_millis(1_788_868_810_000);

    fn held(interval: Interval, last_start: UnixMs) -> Candles {
        let price = Price::new(1.0).unwrap();
        let amount = Amount::new(1.0).unwrap();
        let candle = Candle {
            start_ms: last_start,
            open: price,
            high: price,
            low: price,
            close: price,
            volume_base: amount,
            turnover: amount,
        };
        Candles {
            interval,
            closed: vec![candle],
        }
    }

    #[track_caller]
    fn check(interval: Interval, held: Option<&Candles>, limit: u16, start: Option<UnixMs>) {
        assert_eq!(
            CandleRequest::plan(interval, held, NOW),
            CandleRequest {
                interval,
                limit,
                start
            }
        );
    }

    #[test]
    fn an_answer_of_a_clock_that_is_far_ahead_is_refused_whatever_it_brings() {
        let fetched = Fetched {
            body: Vec::new().into(),
            received_at: NOW,
            sent_at: Ok(NOW),
            source: Source::live(Venue::Bybit),
        };
        let as_of = |delivery: Result<Delivery, ClockAhead>| {
            delivery.map(|delivery| delivery.dated.map(|dated| dated.as_of_ms))
        };
        let fundings = |ahead_ms| {
            let time_ms = NOW;
            let reading = Reading {
                server_time: NOW.plus_millis(ahead_ms),
                value: vec![Funding {
                    time_ms,
                    rate: 1e-4,
                }],
                refused: Vec::new(),
            };
            as_of(read_rows(reading, &fetched, Value::Funding))
        };
        let book = |ahead_ms| {
            let as_of_ms = NOW.plus_millis(ahead_ms);
            let reading = Reading {
                server_time: as_of_ms,
                value: Book {
                    as_of_ms,
                    bids: Vec::new(),
                    asks: Vec::new(),
                },
                refused: Vec::new(),
            };
            as_of(read(reading, &fetched, |book| Value::Book(Arc::new(book))))
        };
        for found in [fundings(0), fundings(5_000), book(5_000)] {
            assert_eq!(found, Ok(Some(NOW)), "a little ahead is now");
        }
        for found in [fundings(5_001), book(5_001)] {
            assert_eq!(found, Err(ClockAhead { ahead_ms: 5_001 }));
        }
        let error = UpstreamError::from(ClockAhead { ahead_ms: 5_001 });
        assert_eq!(error.label(), "venue_clock_ahead");
    }

    #[test]
    fn the_first_load_takes_all_that_is_wanted() {
        check(Interval::OneMinute, None, 1_000, None);
        check(Interval::FiveMinutes, None, 301, None);
        check(
            Interval::OneHour,
            None,
            1_000,
            Some(UnixMs::from_millis(
                NOW.as_millis() / 3_600_000 * 3_600_000 - 2_162 * 3_600_000,
            )),
        );
    }

    #[test]
    fn later_loads_take_what_closed_since_and_one_that_is_held() {
        let minute = NOW.as_millis() / 60_000 * 60_000;
        check(
            Interval::OneMinute,
            Some(&held(
                Interval::OneMinute,
                UnixMs::from_millis(minute - 120_000),
            )),
            3,
            None,
        );
        check(
            Interval::OneMinute,
            Some(&held(
                Interval::OneMinute,
                UnixMs::from_millis(minute - 60_000),
            )),
            2,
            None,
        );
    }

    #[test]
    fn a_request_that_a_sleep_overtook_is_made_again() {
        let minute = NOW.as_millis() / 60_000 * 60_000;
        let held = held(Interval::OneMinute, UnixMs::from_millis(minute - 60_000));
        let request = CandleRequest::plan(Interval::OneMinute, Some(&held), NOW);
        assert!(!request.is_overtaken(Some(&held), NOW));
        assert!(
            !request.is_overtaken(Some(&held), NOW.plus_millis(60_000)),
            "the next minute closed meanwhile"
        );
        assert!(request.is_overtaken(Some(&held), NOW.plus_millis(2 * 3_600_000)));
        let again = CandleRequest::plan(
            Interval::OneMinute,
            Some(&held),
            NOW.plus_millis(2 * 3_600_000),
        );
        assert_eq!(again.limit, 122);
        assert!(!again.is_overtaken(Some(&held), NOW.plus_millis(2 * 3_600_000)));
        assert!(
            !CandleRequest::plan(Interval::OneMinute, None, NOW)
                .is_overtaken(None, NOW.plus_millis(7_200_000))
        );
    }

    #[test]
    fn a_long_way_is_gone_in_pages() {
        let long_ago =
            UnixMs::from_millis(NOW.as_millis() / 3_600_000 * 3_600_000 - 1_500 * 3_600_000);
        let first = held(Interval::OneHour, long_ago);
        check(Interval::OneHour, Some(&first), 1_000, Some(long_ago));
        let request = CandleRequest::plan(Interval::OneHour, Some(&first), NOW);
        assert!(request.has_more(&first, NOW));
        let joined = held(
            Interval::OneHour,
            UnixMs::from_millis(NOW.as_millis() / 3_600_000 * 3_600_000 - 3_600_000),
        );
        assert!(!request.has_more(&joined, NOW));
    }
}
