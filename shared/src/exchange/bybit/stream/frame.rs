//! One text frame: the answer to an operation, or data of a topic; and the operations to send.
//!
//! Fields are read by name, since the venue writes them in another order for each kind of topic.
//!
//! ```json
//! {"success":true,"ret_msg":"","conn_id":"d8bu1olk","req_id":"7","op":"subscribe"}
//! {"topic":"tickers.BTCUSDT","type":"delta","data":{…},"cs":753843907770,"ts":1786310817883}
//! ```

use super::outcome::FrameError;
use super::topic::Topic;
use crate::exchange::bybit::rows::{Refused, answer_moment, read_each};
use crate::exchange::wire::{self, WireNumber, WireText};
use crate::exchange::{Detail, ParseError};
use crate::market::RowRefusal;
use crate::units::UnixMs;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// The largest counter that a JSON number holds exactly.
const LARGEST_COUNTER: f64 = 9_007_199_254_740_992.0;

#[derive(Deserialize)]
struct WireFrame<'a> {
    #[serde(borrow, default)]
    topic: WireText<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: WireText<'a>,
    #[serde(default)]
    ts: WireNumber,
    #[serde(default)]
    cts: WireNumber,
    #[serde(default)]
    cs: WireNumber,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    op: WireText<'a>,
    success: Option<bool>,
    #[serde(borrow, default)]
    ret_msg: WireText<'a>,
    #[serde(borrow, default)]
    req_id: WireText<'a>,
}

/// A frame.
#[derive(Debug)]
pub enum Frame<'a> {
    /// The answer to an operation that we sent.
    Answer(Answer),
    /// Data of a topic.
    Data(Data<'a>),
}

/// The answer to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which operation; `None` for one that we do not send.
    pub operation: Option<Operation>,
    /// Whether the venue carried it out.
    pub is_success: bool,
    /// The venue's words, empty where it has none.
    pub message: Detail,
    /// The number that the operation was sent with.
    pub request: Option<u64>,
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Asks for a sign of life. Linear contracts answer with `op` = `ping`, other categories with
    /// `pong`; both are understood.
    Ping,
    /// Begins topics.
    Subscribe,
    /// Ends topics.
    Unsubscribe,
}

/// Whether a frame is the whole state or what changed since the frame before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The whole state.
    Snapshot,
    /// What changed.
    Delta,
}

/// Data of a topic, its payload still raw.
#[derive(Debug)]
pub struct Data<'a> {
    /// The topic.
    pub topic: Topic,
    /// Whole or changes.
    pub kind: Kind,
    /// When the venue sent it.
    pub sent_at: UnixMs,
    /// The matching engine's time, where the venue states it beside the payload.
    pub(super) engine_time: WireNumber,
    /// The cross sequence, where the venue states it.
    pub(super) cross: Option<u64>,
    pub(super) payload: &'a RawValue,
}

impl<'a> Frame<'a> {
    /// Opens the text of a frame that was received at `received_at`.
    ///
    /// # Errors
    /// [`FrameError`] for anything that is no frame: no JSON, no topic and no operation, no time, or
    /// a time of the future.
    pub fn read(text: &'a str, received_at: UnixMs) -> Result<Self, FrameError> {
        // What is no JSON may be nothing at all or a web page, which only the text tells.
        let frame: WireFrame<'a> = wire::object(text)
            .map_err(|error| wire::text(text.as_bytes()).err().unwrap_or(error))?;
        if frame.topic.get().is_empty() {
            return Answer::of(&frame).map(Self::Answer);
        }
        let topic = Topic::parse(frame.topic.get())
            .ok_or_else(|| FrameError::UnknownTopic(Detail::new(frame.topic.get())))?;
        let kind = match frame.kind.get() {
            "snapshot" => Kind::Snapshot,
            "delta" => Kind::Delta,
            other => return Err(unusable("type", Detail::new(other)).into()),
        };
        // The venue's clock may be a little ahead of ours, as with every answer.
        let sent_at = answer_moment("ts", &frame.ts, received_at)?;
        Ok(Self::Data(Data {
            topic,
            kind,
            sent_at,
            engine_time: frame.cts,
            cross: counter(&frame.cs),
            payload: frame.data.ok_or(ParseError::ResultMissing)?,
        }))
    }
}

impl<'a> Data<'a> {
    /// Reads each row of a payload that is a list. What it gives is that of [`read_each`].
    pub(super) fn read<W: Deserialize<'a>, T>(
        &self,
        fact: impl FnMut(W) -> Result<Option<T>, RowRefusal>,
    ) -> Result<(Vec<T>, Vec<Refused>), ParseError> {
        let rows: Vec<&'a RawValue> = serde_json::from_str(self.payload.get())
            .map_err(|_| unusable("data", Detail::new(self.payload.get())))?;
        Ok(read_each(&rows, fact))
    }
}

impl Answer {
    fn of(frame: &WireFrame<'_>) -> Result<Self, FrameError> {
        let operation = match frame.op.get() {
            "ping" | "pong" => Some(Operation::Ping),
            "subscribe" => Some(Operation::Subscribe),
            "unsubscribe" => Some(Operation::Unsubscribe),
            // Neither data nor the answer to anything: such an object says nothing.
            "" => return Err(unusable("topic", Detail::new("")).into()),
            _ => None,
        };
        Ok(Self {
            operation,
            // A pong of another category states no success.
            is_success: frame.success.unwrap_or(operation == Some(Operation::Ping)),
            message: Detail::new(frame.ret_msg.get()),
            request: frame.req_id.get().parse().ok(),
        })
    }
}

/// A whole number that counts something; `None` where none was sent, or a fraction or negative one.
pub(super) fn counter(number: &WireNumber) -> Option<u64> {
    number
        .value()
        .filter(|value| (0.0..=LARGEST_COUNTER).contains(value) && value.fract() == 0.0)
        .map(|value| value as u64)
}

pub(super) fn unusable(field: &'static str, value: Detail) -> ParseError {
    ParseError::Unusable { field, value }
}

/// Asks for a sign of life. The venue cuts a connection that sends none for ten minutes, and asks
/// for one each 20 s.
#[must_use]
pub fn ping() -> String {
    json!({"op": "ping"}).to_string()
}

/// Begins topics. The answer has the same `request`.
#[must_use]
pub fn subscribe(topics: &[Topic], request: u64) -> String {
    operation("subscribe", topics, request)
}

/// Ends topics.
#[must_use]
pub fn unsubscribe(topics: &[Topic], request: u64) -> String {
    operation("unsubscribe", topics, request)
}

fn operation(op: &str, topics: &[Topic], request: u64) -> String {
    let args: Vec<String> = topics.iter().map(Topic::to_string).collect();
    json!({"op": op, "req_id": request.to_string(), "args": args}).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, data};
    use super::*;
    use proptest::prelude::*;

    fn answer(text: &str) -> Answer {
        match Frame::read(text, NOW).unwrap() {
            Frame::Answer(answer) => answer,
            Frame::Data(data) => panic!("{data:?}"),
        }
    }

    #[test]
    fn a_pong_is_one_in_each_form_that_the_venue_sends() {
        for text in [
            r#"{"success":true,"ret_msg":"pong","conn_id":"x","req_id":"","op":"ping"}"#,
            r#"{"req_id":"1","op":"pong","args":["1675418560633"],"conn_id":"x"}"#,
        ] {
            let answer = answer(text);
            assert_eq!(answer.operation, Some(Operation::Ping), "{text}");
            assert!(answer.is_success, "{text}");
        }
    }

    #[test]
    fn a_refused_subscription_says_why_and_which() {
        let answer = answer(
            r#"{"success":false,"ret_msg":"error:handler not found,topic:x","conn_id":"c","req_id":"7","op":"subscribe"}"#,
        );
        assert_eq!(
            answer,
            Answer {
                operation: Some(Operation::Subscribe),
                is_success: false,
                message: Detail::new("error:handler not found,topic:x"),
                request: Some(7),
            }
        );
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        let text = format!(
            r#"{{"data":[{{}}],"ts":{now},"type":"snapshot","topic":"kline.1.BTCUSDT","cs":5}}"#,
            now = NOW.as_millis()
        );
        let data = data(&text);
        assert_eq!(data.kind, Kind::Snapshot);
        assert_eq!((data.sent_at, data.cross), (NOW, Some(5)));
        assert_eq!(data.topic.symbol(), "BTCUSDT");
    }

    #[test]
    fn what_is_no_frame_is_named() {
        let now = NOW.as_millis();
        let cases = [
            (String::new(), "empty_body"),
            ("<html>".to_owned(), "html_body"),
            ("{\"topic\":\"tick".to_owned(), "truncated_body"),
            ("[]".to_owned(), "malformed_body"),
            ("{}".to_owned(), "unusable_field"),
            (
                format!(r#"{{"topic":"spread.BTCUSDT","type":"delta","ts":{now},"data":{{}}}}"#),
                "unknown_topic",
            ),
            (
                format!(r#"{{"topic":"tickers.BTCUSDT","type":"news","ts":{now},"data":{{}}}}"#),
                "unusable_field",
            ),
            (
                format!(r#"{{"topic":"tickers.BTCUSDT","type":"delta","ts":{now}}}"#),
                "result_missing",
            ),
            (
                r#"{"topic":"tickers.BTCUSDT","type":"delta","data":{}}"#.to_owned(),
                "unusable_field",
            ),
            (
                format!(
                    r#"{{"topic":"tickers.BTCUSDT","type":"delta","ts":{},"data":{{}}}}"#,
                    now + 60_000
                ),
                "unusable_field",
            ),
        ];
        for (text, label) in cases {
            let error = Frame::read(&text, NOW).unwrap_err();
            assert_eq!(error.label(), label, "{text}: {error}");
        }
    }

    #[test]
    fn an_operation_names_its_topics() {
        let topics = [
            Topic::Ticker("BTCUSDT".to_owned()),
            Topic::Book("ETHUSDT".to_owned()),
        ];
        let sent: serde_json::Value = serde_json::from_str(&subscribe(&topics, 3)).unwrap();
        assert_eq!(
            sent,
            json!({"op":"subscribe","req_id":"3","args":["tickers.BTCUSDT","orderbook.200.ETHUSDT"]})
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = Frame::read(&text, NOW);
        }
    }
}
