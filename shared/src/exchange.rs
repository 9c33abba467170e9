//! The services we read: the bytes of an answer → market facts, or an error with a name.
//!
//! One module per service, with the same shape: an envelope (is this an answer at all, or a
//! refusal?), then one file per endpoint that turns wire types into the facts of [`crate::market`].
//! The order within a parser is always: `wire` (is it text, is it JSON) → envelope (the venue's
//! own code) → shape → rows, each by itself → `claims` (figures of one row against each other).
//!
//! Invariants: no parser panics on any bytes. A wrong row or field costs itself alone, unless the
//! answer is one fact, as an order book is. A number that was not sent is absent, never zero.
//! Foreign text that goes into an error is cut by [`Detail`].

pub mod alternative_me;
pub mod binance;
pub mod bybit;
mod cells;
mod claims;
pub mod coingecko;
mod dated_rows;
pub mod okx;
mod percent;
pub mod secondary;
mod wire;

use crate::units::UnixMs;
use std::fmt;

/// 2013-01-01. Neither publisher of slow figures existed before, so an earlier time is a wrong unit
/// or an unset clock.
const EARLIEST_PUBLISHED: UnixMs = UnixMs::from_millis(1_356_998_400_000);

/// Why an upstream's answer is not data. The text quotes what was found, cut short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No bytes at all.
    #[error("the body is empty")]
    Empty,
    /// A web page in place of data: a block page, a captive portal, an error page.
    #[error("the body is a web page")]
    Html,
    /// Bytes that are no UTF-8.
    #[error("the body is no UTF-8 from byte {valid_up_to}")]
    NotUtf8 {
        /// How many bytes were in order.
        valid_up_to: usize,
    },
    /// The body ends in the middle of a value.
    #[error("the body is cut short")]
    Truncated,
    /// The body is no JSON, or JSON of another shape.
    #[error("the body is malformed: {0}")]
    Malformed(Detail),
    /// The venue refused the request in its own envelope, whatever the HTTP status was.
    #[error("refused with code {code}: {message}")]
    Refused {
        /// The venue's code.
        code: i64,
        /// The venue's words.
        message: Detail,
    },
    /// The envelope says success and holds no result.
    #[error("the result is missing")]
    ResultMissing,
    /// The result's list is empty.
    #[error("the list is empty")]
    ListEmpty,
    /// Rows were sent, and none of them is of use.
    #[error("none of {rows} rows is of use")]
    NoUsableRow {
        /// How many were sent.
        rows: usize,
    },
    /// A field without which the answer is worthless is missing or out of range.
    #[error("{field} is missing or unusable: {value}")]
    Unusable {
        /// The venue's name of the field.
        field: &'static str,
        /// What was sent.
        value: Detail,
    },
    /// Figures of one answer that cannot all be true.
    #[error("the figures contradict one another: {0}")]
    FiguresContradict(Detail),
    /// A word that is not the publisher's word for the value beside it.
    #[error("a value of {value} is labelled {label}")]
    LabelContradicted {
        /// What was sent as the value.
        value: Detail,
        /// What was sent as its label.
        label: Detail,
    },
    /// The answer is about another contract than the one that was asked for.
    #[error("asked for {asked}, answered about {found}")]
    OtherSymbol {
        /// The contract that was asked for.
        asked: Detail,
        /// The contract that the answer names.
        found: Detail,
    },
    /// A level of an order book has no price or no size.
    #[error("level {level} of side {side} of the book: {reason}")]
    BookLevel {
        /// The venue's name of the side.
        side: &'static str,
        /// The level's place, from 0 at the best price.
        level: usize,
        /// What is wrong with it.
        reason: Detail,
    },
    /// A level of an order book is no worse than the one before it.
    #[error("level {level} of side {side} of the book is out of order")]
    BookUnsorted {
        /// The venue's name of the side.
        side: &'static str,
        /// The level's place, from 0 at the best price.
        level: usize,
    },
    /// The best bid of an order book is not below its best ask.
    #[error("the book's best bid of {bid} is not below its best ask of {ask}")]
    BookCrossed {
        /// The best bid.
        bid: Detail,
        /// The best ask.
        ask: Detail,
    },
}

impl ParseError {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::Empty => "empty_body",
            Self::Html => "html_body",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::Truncated => "truncated_body",
            Self::Malformed(_) => "malformed_body",
            Self::Refused { .. } => "refused_by_venue",
            Self::ResultMissing => "result_missing",
            Self::ListEmpty => "empty_list",
            Self::NoUsableRow { .. } => "no_usable_row",
            Self::Unusable { .. } => "unusable_field",
            Self::FiguresContradict(_) => "figures_contradict",
            Self::LabelContradicted { .. } => "label_contradicted",
            Self::OtherSymbol { .. } => "other_symbol",
            Self::BookLevel { .. } => "bad_book_level",
            Self::BookUnsorted { .. } => "unsorted_book",
            Self::BookCrossed { .. } => "crossed_book",
        }
    }
}

/// The longest time that an answer can have spent in caches, seconds: a year.
const LONGEST_CACHED_SECS: u64 = 365 * 86_400;

/// When an answer that reached us at `received_at` left its publisher, at the latest. Its `Age`
/// header says how long it lay in caches, and of several values the largest counts. RFC 9111,
/// section 5.1.
///
/// # Errors
/// [`ParseError::Unusable`] for an `Age` that is no whole number of seconds, or longer than any
/// cache keeps an answer: the age of the answer is then unknown.
pub fn sent_time(received_at: UnixMs, age: Option<&str>) -> Result<UnixMs, ParseError> {
    // No cache was on the way.
    let Some(age) = age else {
        return Ok(received_at);
    };
    let unusable = || ParseError::Unusable {
        field: "Age",
        value: Detail::new(age),
    };
    let mut longest = 0;
    for value in age.split(',').map(str::trim) {
        // `parse` accepts a leading `+`, and the RFC does not.
        let is_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let secs: u64 = value
            .parse()
            .ok()
            .filter(|secs| is_digits && *secs <= LONGEST_CACHED_SECS)
            .ok_or_else(unusable)?;
        // Each cache on the way may have added a line, which proxies join with a comma. The largest
        // never makes the data younger than it is.
        longest = longest.max(secs);
    }
    let cached_ms = longest.saturating_mul(1_000);
    Ok(UnixMs::from_millis(
        received_at.as_millis().saturating_sub(cached_ms),
    ))
}

/// Foreign text kept for a message: at most 120 characters, control characters replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Detail(String);

impl Detail {
    /// Takes the beginning of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(
            // By characters and not bytes, so that the cut never splits one.
            text.chars()
                .take(120)
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect(),
        )
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lay_in_a_cache_is_older_by_that_and_of_unknown_age_where_that_is_unknown() {
        let received_at = UnixMs::from_millis(1_788_870_000_000);
        let before = |age: &str| {
            sent_time(received_at, Some(age)).map(|sent| received_at.millis_since(sent))
        };
        assert_eq!(sent_time(received_at, None), Ok(received_at));
        assert_eq!(before("0"), Ok(0));
        assert_eq!(before(" 300 "), Ok(300_000));
        assert_eq!(before("5, 70,1"), Ok(70_000), "the longest counts");
        assert_eq!(before("31536000"), Ok(31_536_000_000));
        for bad in [
            "",
            "-1",
            "+1",
            "1.5",
            "soon",
            "5,",
            "31536001",
            "99999999999999999999",
        ] {
            assert_eq!(
                before(bad).map_err(|error| error.label()),
                Err("unusable_field"),
                "{bad:?}"
            );
        }
    }
}
