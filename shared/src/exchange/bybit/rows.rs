//! Answers that are a list of rows about one contract: candles, trades, open interest, ratios,
//! fundings.
//!
//! Steps: [`List::open`] checks that the answer is about the requested contract, and [`List::read`]
//! turns rows into facts. Each row is accepted or refused by itself, and one bad row costs only
//! itself. The result is oldest first.

use super::envelope;
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use crate::market::RowRefusal;
use crate::units::UnixMs;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

pub(super) use crate::exchange::wire::required;

/// 2018-01-01. The venue did not exist before, so an earlier time is a wrong unit.
const EARLIEST: UnixMs = UnixMs::from_millis(1_514_764_800_000);

/// How far a row may be ahead of the answer's own time, milliseconds: the venue's machines do not
/// agree to the millisecond.
const AHEAD_TOLERANCE_MS: u64 = 5_000;

/// What an answer states, and what of it is not used.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<T> {
    /// The fact.
    pub value: T,
    /// The venue's clock when it answered.
    pub server_time: UnixMs,
    /// Rows that are not used, in the answer's order.
    pub refused: Vec<Refused>,
}

/// A row that is not used.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Its place in the answer, from 0.
    pub row: usize,
    /// Why.
    pub reason: RowRefusal,
}

impl<T> Reading<T> {
    /// The same reading with its value converted.
    pub(super) fn map<U>(self, shape: impl FnOnce(T) -> U) -> Reading<U> {
        Reading {
            value: shape(self.value),
            server_time: self.server_time,
            refused: self.refused,
        }
    }
}

#[derive(Deserialize)]
struct Result_<'a> {
    /// Some endpoints name the contract here, others in every row.
    #[serde(borrow, default)]
    symbol: WireText<'a>,
    #[serde(borrow)]
    list: Option<Vec<&'a RawValue>>,
}

/// The rows of an answer, still raw.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) server_time: UnixMs,
    rows: Vec<&'a RawValue>,
}

impl<'a> List<'a> {
    /// Opens an answer about `symbol`, as [`wire::text`] gave it.
    ///
    /// # Errors
    /// Any [`ParseError`]; [`ParseError::OtherSymbol`] when the answer says that it is about
    /// another contract.
    pub(super) fn open(text: &'a str, symbol: &str) -> Result<Self, ParseError> {
        let (result, server_time) = envelope::open(text)?;
        let result: Result_<'a> = wire::object(result)?;
        // A proxy or cache that mixes up two answers would otherwise give one contract another's
        // figures.
        check_symbol(symbol, result.symbol.sent())?;
        let rows = result.list.ok_or(ParseError::ResultMissing)?;
        if rows.is_empty() {
            return Err(ParseError::ListEmpty);
        }
        Ok(Self { server_time, rows })
    }

    /// Reads each row through `fact`, which may leave one out without refusing it, and reverses the
    /// venue's order (newest first) into ours: oldest first, by `time`. Rows of one moment keep the
    /// order in which the venue made them.
    pub(super) fn read<W: Deserialize<'a>, T>(
        &self,
        fact: impl FnMut(W) -> Result<Option<T>, RowRefusal>,
        time: impl Fn(&T) -> UnixMs,
    ) -> Reading<Vec<T>> {
        let (mut kept, refused) = read_each(&self.rows, fact);
        // Reversed before the sort, which is stable: rows of one millisecond then stay oldest
        // first.
        kept.reverse();
        kept.sort_by_key(|one| time(one));
        Reading {
            value: kept,
            server_time: self.server_time,
            refused,
        }
    }
}

/// Reads each row through `fact`, which may leave one out without refusing it. Gives what was kept
/// and what was refused, both in the order of the rows.
pub(super) fn read_each<'a, W: Deserialize<'a>, T>(
    rows: &[&'a RawValue],
    mut fact: impl FnMut(W) -> Result<Option<T>, RowRefusal>,
) -> (Vec<T>, Vec<Refused>) {
    let mut kept = Vec::with_capacity(rows.len());
    let mut refused = Vec::new();
    for (row, raw) in rows.iter().enumerate() {
        let wire = wire::row::<W>(raw).map_err(|row| RowRefusal::Malformed { row });
        match wire.and_then(&mut fact) {
            Ok(Some(one)) => kept.push(one),
            // Left out on purpose, such as an open candle: neither kept nor reported.
            Ok(None) => {}
            Err(reason) => refused.push(Refused { row, reason }),
        }
    }
    (kept, refused)
}

/// Refuses an answer about another contract than the requested one. An answer that names none is
/// accepted: some endpoints name the contract in the rows alone.
pub(super) fn check_symbol(asked: &str, found: Option<&str>) -> Result<(), ParseError> {
    match found {
        Some(found) if !found.is_empty() && found != asked => Err(ParseError::OtherSymbol {
            asked: Detail::new(asked),
            found: Detail::new(found),
        }),
        _ => Ok(()),
    }
}

/// The same for a row that names its contract.
pub(super) fn check_row_symbol(asked: &str, found: &WireText<'_>) -> Result<(), RowRefusal> {
    check_symbol(asked, found.sent()).map_err(|_| RowRefusal::OtherSymbol {
        found: found.get().chars().take(32).collect(),
    })
}

/// A moment of the past, in whole milliseconds, by the clock of the answer that contains it.
pub(super) fn past_moment(
    field: &'static str,
    number: &WireNumber,
    server_time: UnixMs,
) -> Result<UnixMs, RowRefusal> {
    let millis: f64 = required(field, number)?;
    // A fraction is a time in seconds sent as milliseconds; `as` would hide both.
    if millis.fract() != 0.0 || millis < 0.0 {
        return Err(RowRefusal::Unusable {
            field,
            value: number.quoted().to_string(),
        });
    }
    let moment = UnixMs::from_millis(millis as u64);
    if moment < EARLIEST || moment > server_time.plus_millis(AHEAD_TOLERANCE_MS) {
        return Err(RowRefusal::ImplausibleTime {
            field,
            time_ms: moment,
            server_ms: server_time,
        });
    }
    Ok(moment)
}

/// The same of an answer as a whole, which is worthless without it.
pub(super) fn answer_moment(
    field: &'static str,
    number: &WireNumber,
    server_time: UnixMs,
) -> Result<UnixMs, ParseError> {
    past_moment(field, number, server_time).map_err(|_| ParseError::Unusable {
        field,
        value: number.quoted(),
    })
}

/// Accepts each key once. A repeated row would count a trade or a candle twice.
#[derive(Debug, Default)]
pub(super) struct Once<K>(BTreeSet<K>);

impl<K: Ord> Once<K> {
    pub(super) fn new() -> Self {
        Self(BTreeSet::new())
    }

    pub(super) fn check(&mut self, key: K) -> Result<(), RowRefusal> {
        if self.0.insert(key) {
            Ok(())
        } else {
            Err(RowRefusal::Repeated)
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! What the tests of every list have in common.

    use super::*;

    /// 2026-09-08T12:20:00Z, the server's time in every test.
    pub(in crate::exchange::bybit) const NOW_MS: u64 = 1_788_870_000_000;

    /// An answer with these rows; `fields` are further fields of the result, each with a comma
    /// behind it.
    pub(in crate::exchange::bybit) fn body(fields: &str, rows: &str) -> String {
        format!(
            r#"{{"retCode":0,"retMsg":"OK","result":{{{fields}"list":[{rows}]}},"retExtInfo":{{}},"time":{NOW_MS}}}"#
        )
    }

    /// Checks that exactly these reasons were given, in the order of the rows.
    #[track_caller]
    pub(in crate::exchange::bybit) fn check_refusals<T>(
        reading: &Reading<T>,
        expected: &[RowRefusal],
    ) {
        let found: Vec<_> = reading
            .refused
            .iter()
            .map(|refused| refused.reason.clone())
            .collect();
        assert_eq!(found, expected);
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{NOW_MS, body};
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        t: WireNumber,
    }

    fn read(body: &str) -> Result<Reading<Vec<u64>>, ParseError> {
        let list = List::open(body, "BTCUSDT")?;
        let reading = list.read(
            |row: Row| past_moment("t", &row.t, list.server_time).map(Some),
            |time| *time,
        );
        Ok(reading.map(|times| times.into_iter().map(UnixMs::as_millis).collect()))
    }

    #[test]
    fn newest_first_becomes_oldest_first_and_a_bad_row_costs_only_itself() {
        let body = body(
            "",
            &format!(r#"{{"t":"{NOW_MS}"}},7,{{"t":""}},{{"t":1600000000000}}"#),
        );
        let reading = read(&body).unwrap();
        assert_eq!(reading.value, [1_600_000_000_000, NOW_MS]);
        assert_eq!(reading.server_time, UnixMs::from_millis(NOW_MS));
        assert_eq!(
            reading.refused,
            [
                Refused {
                    row: 1,
                    reason: RowRefusal::Malformed {
                        row: "7".to_owned()
                    }
                },
                Refused {
                    row: 2,
                    reason: RowRefusal::Missing { field: "t" }
                },
            ]
        );
    }

    #[track_caller]
    fn check_time(time: &str, label: Option<&str>) {
        let reading = read(&body("", &format!(r#"{{"t":"{time}"}}"#))).unwrap();
        assert_eq!(
            reading
                .refused
                .first()
                .map(|refused| refused.reason.label()),
            label,
            "for {time}"
        );
    }

    #[test]
    fn a_time_is_whole_milliseconds_between_the_venues_beginning_and_its_present() {
        check_time("1514764800000", None);
        check_time("1514764799999", Some("implausible_time"));
        check_time(&(NOW_MS + 5_000).to_string(), None);
        check_time(&(NOW_MS + 5_001).to_string(), Some("implausible_time"));
        check_time("1788870000", Some("implausible_time"));
        check_time("1788869999999.5", Some("unusable_field"));
        check_time("-1", Some("unusable_field"));
        check_time("soon", Some("unusable_field"));
    }

    #[test]
    fn an_answer_about_another_contract_is_refused_and_one_that_does_not_say_is_not() {
        let row = r#"{"t":"1600000000000"}"#;
        assert!(read(&body(r#""symbol":"BTCUSDT","#, row)).is_ok());
        assert!(read(&body(r#""symbol":null,"#, row)).is_ok());
        assert_eq!(
            read(&body(r#""symbol":"ETHUSDT","#, row)),
            Err(ParseError::OtherSymbol {
                asked: Detail::new("BTCUSDT"),
                found: Detail::new("ETHUSDT")
            })
        );
    }

    #[test]
    fn an_empty_or_missing_list_is_named() {
        assert_eq!(read(&body("", "")), Err(ParseError::ListEmpty));
        let null = r#"{"retCode":0,"result":{"list":null},"time":1}"#;
        assert_eq!(read(null), Err(ParseError::ResultMissing));
        let refusal = r#"{"retCode":10001,"retMsg":"Not supported symbols","result":{},"time":1}"#;
        assert!(matches!(
            read(refusal),
            Err(ParseError::Refused { code: 10_001, .. })
        ));
    }
}
