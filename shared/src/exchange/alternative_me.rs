//! alternative.me: the Crypto Fear & Greed index, one value a day.
//! <https://alternative.me/crypto/fear-and-greed-index/>
//!
//! Every field is a string, and only the newest row states when the next is due:
//!
//! ```json
//! {"value":"69","value_classification":"Greed","timestamp":"1788825600","time_until_update":"33817"}
//! ```
//!
//! 0 is a legal value and also what a broken publisher sends. Value and label are therefore checked
//! against each other: a placeholder seldom has the right word.

use super::wire::{self, Object};
use super::{Detail, EARLIEST_PUBLISHED, ParseError};
use crate::market::FearGreed;
use crate::units::{Share, UnixMs};

/// Path and query of the newest value.
pub const FEAR_GREED: &str = "/fng/?limit=1";

/// The longest label that is accepted, characters; real ones have two words.
const MAX_LABEL_CHARS: usize = 32;

/// The longest time until the next value that is accepted, seconds: twice the publisher's day.
const MAX_UNTIL_UPDATE_SECS: f64 = 2.0 * 86_400.0;

/// The publisher's words, each with the least and the greatest value that it was observed with.
const BANDS: [(&str, f64, f64); 5] = [
    ("extreme fear", 0.0, 25.0),
    ("fear", 25.0, 46.0),
    ("neutral", 46.0, 54.0),
    ("greed", 54.0, 75.0),
    ("extreme greed", 75.0, 100.0),
];

/// How far a value may lie outside its word's band. The publisher documents no bounds.
const BAND_SLACK: f64 = 3.0;

/// Reads the newest value: the index, and the day it stands for.
///
/// The first row that can be read is taken. 0 is a legal value (extreme fear), so a value counts
/// only together with its label.
///
/// # Errors
/// Any [`ParseError`]; of the first row where none can be used: [`ParseError::Unusable`] when
/// value, label or day is not there, or the label is no plain words, and
/// [`ParseError::LabelContradicted`] when the label is not that of the value.
pub fn parse(body: &[u8], received_at: UnixMs) -> Result<(FearGreed, UnixMs), ParseError> {
    let text = wire::text(body)?;
    let answer = Object::open(&text)?;
    // `metadata.error` is `null` in an answer that succeeded. Anything else there is the
    // publisher's text for a failure, which comes with status 200.
    if let Some(error) = answer
        .object("metadata")
        .and_then(|metadata| metadata.value("error"))
    {
        return Err(ParseError::Refused {
            code: 0,
            message: Detail::new(error.get()),
        });
    }
    let rows = answer.list("data").ok_or(ParseError::ResultMissing)?;
    let mut refusal = ParseError::ListEmpty;
    for (place, raw) in rows.into_iter().enumerate() {
        let row = Object::read(raw).ok_or_else(|| ParseError::Malformed(Detail::new(raw.get())));
        match row.and_then(|row| index(&row, received_at)) {
            Ok(found) => return Ok(found),
            // The first row is the newest, so its error is the one that explains the missing value.
            Err(error) if place == 0 => refusal = error,
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn index(row: &Object<'_>, received_at: UnixMs) -> Result<(FearGreed, UnixMs), ParseError> {
    let sent = row.number("value");
    let value = sent
        .checked::<Share>()
        .ok_or_else(|| ParseError::Unusable {
            field: "value",
            value: sent.quoted(),
        })?;
    let label = row
        .text("value_classification")
        .unwrap_or_default()
        .into_inner();
    if !is_plain_words(&label) {
        return Err(ParseError::Unusable {
            field: "value_classification",
            value: Detail::new(&label),
        });
    }
    if !is_label_of(&label, value) {
        return Err(ParseError::LabelContradicted {
            value: sent.quoted(),
            label: Detail::new(&label),
        });
    }
    // Unix seconds, 00:00 UTC of the value's day. Whether that is in the past is checked by the
    // caller, who has a clock.
    let day = row.number("timestamp");
    let as_of = day
        .value()
        .filter(|secs| *secs >= 0.0)
        .map(|secs| UnixMs::from_secs(secs as u64));
    let as_of = as_of
        .filter(|as_of| *as_of >= EARLIEST_PUBLISHED)
        .ok_or_else(|| ParseError::Unusable {
            field: "timestamp",
            value: day.quoted(),
        })?;
    let until_update = row.number("time_until_update").value();
    // An implausible countdown is dropped and the value kept: the section has a default limit.
    let until_update = until_update.filter(|secs| (0.0..=MAX_UNTIL_UPDATE_SECS).contains(secs));
    let next_update_ms = until_update.map(|secs| received_at.plus_millis((secs * 1_000.0) as u64));
    Ok((
        FearGreed {
            value,
            label: label.into_owned(),
            next_update_ms,
        },
        as_of,
    ))
}

fn is_plain_words(label: &str) -> bool {
    !label.trim().is_empty()
        && label.chars().count() <= MAX_LABEL_CHARS
        && label.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// Whether a label is the publisher's for the value. An unknown word is accepted, since the
/// publisher may rename its bands, but not for 0 and 100, which a broken publisher would send.
fn is_label_of(label: &str, value: Share) -> bool {
    let words = label
        .split_whitespace()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ");
    let value = value.get();
    match BANDS.iter().find(|(name, ..)| *name == words) {
        Some((_, least, greatest)) => (least - BAND_SLACK..=greatest + BAND_SLACK).contains(&value),
        None => value > 0.0 && value < 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn body(row: &str) -> String {
        format!(r#"{{"name":"Fear and Greed Index","data":[{row}],"metadata":{{"error":null}}}}"#)
    }

    #[test]
    fn the_newest_value_is_read_with_its_day_and_its_next_update() {
        let body = body(
            r#"{"value":"69","value_classification":"Greed","timestamp":"1788825600","time_until_update":"33817"},
               {"value":"12","value_classification":"Extreme Fear","timestamp":"1788739200"}"#,
        );
        let (index, as_of) = parse(body.as_bytes(), NOW).unwrap();
        assert_eq!((index.value.get(), index.label.as_str()), (69.0, "Greed"));
        assert_eq!(as_of, UnixMs::from_secs(1_788_825_600));
        assert_eq!(index.next_update_ms, Some(NOW.plus_millis(33_817_000)));
    }

    #[test]
    fn zero_is_extreme_fear_when_the_label_says_so() {
        let body =
            body(r#"{"value":"0","value_classification":"Extreme Fear","timestamp":"1788825600"}"#);
        assert_eq!(
            parse(body.as_bytes(), NOW).map(|(index, _)| index.value.get()),
            Ok(0.0)
        );
    }

    #[track_caller]
    fn check_label(value: &str, label: &str, is_believed: bool) {
        let row = format!(
            r#"{{"value":"{value}","value_classification":"{label}","timestamp":"1788825600"}}"#
        );
        let found = parse(body(&row).as_bytes(), NOW);
        if is_believed {
            assert_eq!(found.map(|(index, _)| index.label), Ok(label.to_owned()));
        } else {
            assert!(
                matches!(found, Err(ParseError::LabelContradicted { .. })),
                "{value} {label}: {found:?}"
            );
        }
    }

    #[test]
    fn a_label_is_judged_by_the_publishers_bands() {
        for (value, label) in [
            ("23", "Extreme Fear"),
            ("26", "Fear"),
            ("46", "Fear"),
            ("47", "Neutral"),
        ] {
            check_label(value, label, true);
        }
        check_label("0", "Greed", false);
        check_label("100", "Fear", false);
        check_label("28", "Extreme Fear", true);
        check_label("29", "Extreme Fear", false);
        check_label("22", "Fear", true);
        check_label("21", "Fear", false);
        check_label("57", "Neutral", true);
        check_label("58", "Neutral", false);
        check_label("50", "Greed", false);
        check_label("72", "extreme  GREED", true);
        check_label("71", "Extreme Greed", false);
    }

    #[test]
    fn an_unknown_word_vouches_for_no_placeholder() {
        check_label("5", "Panic", true);
        check_label("0", "Panic", false);
        check_label("100", "Euphoria", false);
    }

    #[test]
    fn the_first_row_that_can_be_used_is_used() {
        let good = r#"{"value":"69","value_classification":"Greed","timestamp":"1788825600"}"#;
        for odd in [
            "null",
            "7",
            "[]",
            r#"{"value":"0","value_classification":"Greed","timestamp":"1788825600"}"#,
        ] {
            let body = body(&format!("{odd},{good}"));
            assert_eq!(
                parse(body.as_bytes(), NOW).map(|(index, _)| index.value.get()),
                Ok(69.0),
                "{odd}"
            );
        }
        assert!(matches!(
            parse(body("7").as_bytes(), NOW),
            Err(ParseError::Malformed(_))
        ));
    }

    #[test]
    fn metadata_of_any_shape_and_odd_side_fields_cost_nothing() {
        for metadata in [
            "null",
            "7",
            "[]",
            r#"{"error":null,"error":null}"#,
            r#""none""#,
            "{}",
        ] {
            let body = format!(
                r#"{{"data":[{{"value":69,"value_classification":"Greed","timestamp":1788825600,"time_until_update":[],
                    "x":"\ud800"}}],"metadata":{metadata}}}"#
            );
            let found = parse(body.as_bytes(), NOW)
                .map(|(index, _)| (index.value.get(), index.next_update_ms));
            assert_eq!(found, Ok((69.0, None)), "{metadata}");
        }
    }

    #[test]
    fn a_next_update_that_is_past_or_far_away_is_unknown() {
        for secs in ["-1", "172801", "1e300", "x"] {
            let row = format!(
                r#"{{"value":"69","value_classification":"Greed","timestamp":"1788825600","time_until_update":"{secs}"}}"#
            );
            assert_eq!(
                parse(body(&row).as_bytes(), NOW).map(|(index, _)| index.next_update_ms),
                Ok(None),
                "{secs}"
            );
        }
    }

    #[track_caller]
    fn check_unusable(row: &str, field: &'static str) {
        match parse(body(row).as_bytes(), NOW) {
            Err(ParseError::Unusable { field: found, .. }) => assert_eq!(found, field),
            other => panic!("expected {field} to be named, got {other:?}"),
        }
    }

    #[test]
    fn values_out_of_range_and_labels_with_markup_are_refused() {
        check_unusable(
            r#"{"value":"101","value_classification":"Greed","timestamp":"1788825600"}"#,
            "value",
        );
        check_unusable(
            r#"{"value":"","value_classification":"Greed","timestamp":"1788825600"}"#,
            "value",
        );
        check_unusable(
            r#"{"value":"0","timestamp":"1788825600"}"#,
            "value_classification",
        );
        check_unusable(
            r#"{"value":"5","value_classification":"<b>Fear</b>","timestamp":"1788825600"}"#,
            "value_classification",
        );
        check_unusable(
            r#"{"value":"5","value_classification":7,"timestamp":"1788825600"}"#,
            "value_classification",
        );
        for time in ["0", "", "1356998399", "08-09-2026"] {
            let row = format!(
                r#"{{"value":"5","value_classification":"Extreme Fear","timestamp":"{time}"}}"#
            );
            check_unusable(&row, "timestamp");
        }
    }

    #[test]
    fn an_error_in_the_metadata_is_a_refusal() {
        let body = br#"{"data":[],"metadata":{"error":"maintenance"}}"#;
        assert!(matches!(parse(body, NOW), Err(ParseError::Refused { .. })));
        assert_eq!(parse(br#"{"data":[]}"#, NOW), Err(ParseError::ListEmpty));
        assert_eq!(parse(b"{}", NOW), Err(ParseError::ResultMissing));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes, NOW);
        }
    }
}
