//! alternative.me: the Crypto Fear & Greed index, one value a day. <https://alternative.me/crypto/fear-and-greed-index/>
//!
//! Everything is a string; only the newest row tells when the next is due:
//! `{"value":"69","value_classification":"Greed","timestamp":"1788825600","time_until_update":"33817"}`.

use super::wire::{self, WireNumber};
use super::{Detail, ParseError};
use crate::market::FearGreed;
use crate::units::{Share, UnixMs};
use serde::Deserialize;

/// Path and query of the newest value.
pub const FEAR_GREED: &str = "/fng/?limit=1";

/// The longest label that is believed; real ones have two words.
const MAX_LABEL_CHARS: usize = 32;

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<WireRow>>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct WireRow {
    #[serde(default)]
    value: WireNumber,
    value_classification: Option<String>,
    /// Unix seconds, 00:00 UTC of the value's day.
    #[serde(default)]
    timestamp: WireNumber,
    /// Seconds.
    #[serde(default)]
    time_until_update: WireNumber,
}

/// Reads the newest value: the index, and the day it stands for.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Unusable`] when value, label or day is not there, or the label is no plain words.
/// 0 is a legal value (extreme fear), so a value counts only together with its label.
pub fn parse(body: &[u8], received_at: UnixMs) -> Result<(FearGreed, UnixMs), ParseError> {
    let answer: Answer = wire::owned_json(body)?;
    if let Some(error) = answer.metadata.and_then(|metadata| metadata.error) {
        return Err(ParseError::Refused { code: 0, message: Detail::new(&error.to_string()) });
    }
    let row = answer.data.ok_or(ParseError::ResultMissing)?.into_iter().next().ok_or(ParseError::ListEmpty)?;
    let value = row
        .value
        .checked::<Share>()
        .ok_or_else(|| ParseError::Unusable { field: "value", value: row.value.quoted() })?;
    let as_of = match row.timestamp.value() {
        Some(secs) if secs >= 1.0 => UnixMs::from_secs(secs as u64),
        _ => return Err(ParseError::Unusable { field: "timestamp", value: row.timestamp.quoted() }),
    };
    let label = row.value_classification.unwrap_or_default();
    if !is_plain_words(&label) {
        return Err(ParseError::Unusable { field: "value_classification", value: Detail::new(&label) });
    }
    let until_update = row.time_until_update.value().filter(|secs| *secs >= 0.0);
    let next_update_ms = until_update.map(|secs| received_at.plus_millis((secs * 1_000.0) as u64));
    Ok((FearGreed { value, label, next_update_ms }, as_of))
}

fn is_plain_words(label: &str) -> bool {
    !label.trim().is_empty()
        && label.chars().count() <= MAX_LABEL_CHARS
        && label.chars().all(|c| c.is_alphabetic() || c == ' ')
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
        let body = body(r#"{"value":"0","value_classification":"Extreme Fear","timestamp":"1788825600"}"#);
        assert_eq!(parse(body.as_bytes(), NOW).map(|(index, _)| index.value.get()), Ok(0.0));
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
        check_unusable(r#"{"value":"101","value_classification":"Greed","timestamp":"1788825600"}"#, "value");
        check_unusable(r#"{"value":"","value_classification":"Greed","timestamp":"1788825600"}"#, "value");
        check_unusable(r#"{"value":"0","timestamp":"1788825600"}"#, "value_classification");
        check_unusable(
            r#"{"value":"5","value_classification":"<b>Fear</b>","timestamp":"1788825600"}"#,
            "value_classification",
        );
        check_unusable(r#"{"value":"5","value_classification":"Fear","timestamp":"0"}"#, "timestamp");
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
