//! The faults and how they are written in JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest body that `huge` makes, so that a slip does not fill the memory.
const MAX_HUGE_BYTES: usize = 256_000_000;

/// More deltas before a snapshot than a client could want.
const MAX_DELTAS: u64 = 1_000;

/// The longest reason that a frame that closes can hold.
const MAX_REASON_BYTES: usize = 123;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    /// An HTTP status and a line of text.
    Status { status: u16 },
    /// HTTP 429 with `retry-after`.
    #[serde(rename = "status_429")]
    Status429 { retry_after_s: u64 },
    /// The page of planned maintenance: HTTP 503 with `retry-after`.
    Maintenance { retry_after_s: u64 },
    /// The page with which CloudFront blocks a country.
    #[serde(rename = "geo_403")]
    Geo403,
    /// How Binance refuses a country.
    #[serde(rename = "geo_451")]
    Geo451,
    /// The answer to an address that asks too often.
    #[serde(rename = "rate_403")]
    Rate403,
    /// An error in the words of the service: with HTTP 200 as Bybit and OKX send most, with 400 as
    /// Binance does.
    RetCode { code: i64, message: String },
    /// The page of a captive portal, with HTTP 200.
    #[serde(rename = "html_200")]
    Html200,
    /// The answer comes this much later.
    Delay { ms: u64 },
    /// No answer, not even headers.
    Hang,
    /// Headers and half of the body, then nothing more.
    HangBody,
    /// The body at this pace.
    Drip { bytes_per_second: u64 },
    /// Half of the body.
    Truncate {
        #[serde(default)]
        mode: TruncateMode,
    },
    /// The connection is reset without an answer.
    Reset,
    /// No bytes at all in the body.
    EmptyBody,
    /// Valid JSON followed by spaces up to this length.
    Huge { bytes: usize },
    /// The service's own time is wrong by this much.
    ClockSkew { ms: i64 },
    /// Data and time stand still.
    Frozen,
    /// The rows are those of this long before the fault was set, with their own times, and the
    /// answer has the present one: a service whose statistics stand still goes on answering.
    StillRows {
        #[serde(default)]
        age_ms: u64,
    },
    /// A list without rows.
    EmptyList,
    /// `null` in place of the payload.
    NullResult,
    /// `{}` in place of the payload.
    EmptyResult,
    /// Only the first rows.
    FewRows { rows: usize },
    /// Every last price is `"0"`.
    ZeroPrices,
    /// The last price of these symbols is `"0"`.
    ZeroPricesOf { symbols: Vec<String> },
    /// Every last price is `"NaN"`.
    NanPrices,
    /// Every last price is negative.
    NegativePrices,
    /// Every last price is `null`.
    NullPrices,
    /// JSON numbers in place of numbers in strings.
    NumberPrices,
    /// The price of one symbol multiplied.
    ScalePrice {
        symbol: String,
        factor: f64,
        #[serde(default = "ScaledFields::last")]
        fields: ScaledFields,
    },
    /// The price of every symbol multiplied.
    ScaleAll {
        factor: f64,
        #[serde(default = "ScaledFields::all")]
        fields: ScaledFields,
    },
    /// Single fields changed, in rows that have them; see [`FieldsOf`] for the names.
    Rewrite {
        fields: BTreeMap<String, FieldChange>,
        #[serde(default)]
        of: FieldsOf,
    },
    /// Rows that are no symbols: a status row and a name with markup.
    PlaceholderSymbol,
    /// Every row twice.
    DuplicateSymbols,
    /// Fields that nobody has heard of, everywhere.
    ExtraFields,

    // On the open connections of a stream. `where` may name a `topic` or a `symbol`, and `times`
    // counts how often it happens over all of them. Gaps, duplicates and swaps are those of books
    // unless `where` names another topic.
    /// So many deltas in a row are lost, then one arrives.
    StreamGap {
        #[serde(default = "one")]
        deltas: u64,
    },
    /// A delta comes twice.
    StreamDuplicate,
    /// A delta comes after the one that follows it.
    StreamReorder,
    /// A book begins anew, with a snapshot whose `u` is 1, as after a restart of the service.
    StreamRestart,
    /// Topics tell nothing while the rest goes on; what a book would have told is lost.
    StreamSilentTopic,
    /// Nothing is told and nothing is answered but pings.
    StreamHeartbeatsOnly,
    /// Half of a frame.
    StreamHalfFrame {
        #[serde(default)]
        then: AfterHalf,
    },
    /// A text that is no UTF-8, in place of a message.
    StreamInvalidUtf8,
    /// With each bucket 1,024 trades more in one message; they are on no tape.
    StreamFlood,
    /// The service closes the connection and says why.
    StreamClose {
        code: u16,
        #[serde(default)]
        reason: String,
    },
    /// No stream is opened: HTTP 503. Those that are open go on.
    StreamRefused,
    /// What is sent arrives at this pace, on every connection.
    StreamSlow { bytes_per_second: u64 },
    /// A delta with a bid above the best ask; the next one takes it back.
    StreamCrossed,
    /// A book whose prices are those of REST multiplied.
    StreamOtherBook { factor: f64 },
    /// So many deltas come before the snapshot of a new subscription.
    StreamDeltaFirst {
        #[serde(default = "two")]
        deltas: u64,
    },
}

fn one() -> u64 {
    1
}

fn two() -> u64 {
    2
}

/// What follows half of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AfterHalf {
    /// Nothing, on a connection that stays open.
    #[default]
    Hang,
    /// The end of the connection.
    Cut,
}

/// How a body is cut short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TruncateMode {
    /// The connection ends in the middle of the body.
    #[default]
    Abort,
    /// A complete HTTP message whose JSON ends in the middle.
    ShortJson,
}

/// Which prices of a row are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScaledFields {
    /// Only the last price, which then contradicts the others.
    Last,
    /// All prices of the row, which then agrees with itself.
    All,
}

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldChange {
    /// A number, multiplied.
    Scale(f64),
    /// Anything, replaced by this.
    Set(Value),
}

/// Of which rows a field is changed; without more, of all.
///
/// Fields have the names that the venue gives them. Cells without a name are `start`, `open`,
/// `high`, `low`, `close`, `volume` and `turnover` of a candle, `bid_price` and `bid_size`,
/// `ask_price` and `ask_size` of a level. A payload that has no rows is one row, and a name with a
/// dot, such as `total_volume.usd`, is that of a field within a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldsOf {
    /// Only in rows that name this contract.
    #[serde(default)]
    pub(crate) symbol: Option<String>,
    /// Only in so many rows from the first on, which in lists of the past is the newest.
    #[serde(default)]
    pub(crate) rows: Option<usize>,
}

impl ScaledFields {
    fn last() -> Self {
        Self::Last
    }

    fn all() -> Self {
        Self::All
    }
}

impl Fault {
    /// By how much the service's own time is wrong.
    pub(crate) fn skew_ms(&self) -> i64 {
        match self {
            Self::ClockSkew { ms } => *ms,
            _ => 0,
        }
    }

    /// Whether it concerns a request that is answered once.
    pub(crate) fn is_for_requests(&self) -> bool {
        !matches!(
            self,
            Self::StreamGap { .. }
                | Self::StreamDuplicate
                | Self::StreamReorder
                | Self::StreamRestart
                | Self::StreamSilentTopic
                | Self::StreamHeartbeatsOnly
                | Self::StreamHalfFrame { .. }
                | Self::StreamInvalidUtf8
                | Self::StreamFlood
                | Self::StreamClose { .. }
                | Self::StreamRefused
                | Self::StreamSlow { .. }
                | Self::StreamCrossed
                | Self::StreamOtherBook { .. }
                | Self::StreamDeltaFirst { .. }
        )
    }

    /// Whether it stands in the way of a stream that is about to be opened.
    pub(crate) fn is_for_upgrades(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Status429 { .. }
                | Self::Maintenance { .. }
                | Self::Geo403
                | Self::Geo451
                | Self::Rate403
                | Self::RetCode { .. }
                | Self::Html200
                | Self::Delay { .. }
                | Self::Hang
                | Self::Reset
                | Self::StreamRefused
        )
    }

    /// Whether open streams end when it begins: a service that is down serves nobody.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Reset
                | Self::Status { .. }
                | Self::Maintenance { .. }
                | Self::Geo403
                | Self::Geo451
        )
    }

    /// Whether it moves the time of what a stream tells.
    pub(crate) fn moves_time(&self) -> bool {
        matches!(
            self,
            Self::Frozen | Self::StillRows { .. } | Self::ClockSkew { .. }
        )
    }

    /// Whether it spoils the fields of a ticker on a stream.
    pub(crate) fn spoils_rows(&self) -> bool {
        matches!(
            self,
            Self::ZeroPrices
                | Self::ZeroPricesOf { .. }
                | Self::NanPrices
                | Self::NegativePrices
                | Self::NullPrices
                | Self::NumberPrices
                | Self::ScalePrice { .. }
                | Self::ScaleAll { .. }
                | Self::Rewrite { .. }
                | Self::ExtraFields
        )
    }

    fn check(&self) -> Result<(), String> {
        match self {
            // Anything below 200 is no final answer and would break the connection.
            Self::Status { status } if !(200..=599).contains(status) => {
                Err(format!("status {status} is not in 200..=599"))
            }
            Self::Drip {
                bytes_per_second: 0,
            } => Err("bytes_per_second must be at least 1; see hang_body".to_owned()),
            Self::Huge { bytes } if *bytes > MAX_HUGE_BYTES => {
                Err(format!("{bytes} bytes are more than {MAX_HUGE_BYTES}"))
            }
            Self::ScalePrice { factor, .. }
            | Self::ScaleAll { factor, .. }
            | Self::StreamOtherBook { factor }
                if !factor.is_finite() =>
            {
                Err(format!("the factor {factor} is not finite"))
            }
            Self::StreamSlow {
                bytes_per_second: 0,
            } => Err("bytes_per_second must be at least 1; see hang".to_owned()),
            Self::StreamGap { deltas: 0 } | Self::StreamDeltaFirst { deltas: 0 } => {
                Err("deltas must be at least 1".to_owned())
            }
            Self::StreamDeltaFirst { deltas } if *deltas > MAX_DELTAS => {
                Err(format!("{deltas} deltas are more than {MAX_DELTAS}"))
            }
            Self::StreamClose { code, reason } => check_close(*code, reason),
            _ => Ok(()),
        }
    }
}

/// Some codes stand for what is not sent, and a frame that closes has little room.
fn check_close(code: u16, reason: &str) -> Result<(), String> {
    if !(1_000..=4_999).contains(&code) || matches!(code, 1_004..=1_006 | 1_015) {
        return Err(format!("the code {code} is never sent"));
    }
    if reason.len() > MAX_REASON_BYTES {
        return Err(format!(
            "a reason of {} bytes is longer than {MAX_REASON_BYTES}",
            reason.len()
        ));
    }
    Ok(())
}

/// A fault as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// How many more requests it applies to; `None` for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    /// Query parameters that a request must have for the fault to apply to it.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) only: BTreeMap<String, String>,
}

impl Order {
    /// Reads a fault such as `{"kind":"delay","ms":2000,"times":3,"where":{"symbol":"BTCUSDT"}}`.
    /// The error quotes what is wrong.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let mut value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let fields = value
            .as_object_mut()
            .ok_or("the body must be a JSON object")?;
        // These two are taken out by hand because serde cannot both flatten and refuse unknown
        // fields.
        let times = match fields.remove("times") {
            None | Some(Value::Null) => None,
            Some(times) => match times.as_u64() {
                Some(times) if times > 0 => Some(times),
                _ => return Err(format!("times {times} is not a whole number above 0")),
            },
        };
        let only = match fields.remove("where") {
            None => BTreeMap::new(),
            Some(only) => {
                serde_json::from_value(only).map_err(|error| format!("where: {error}"))?
            }
        };
        let asked: Vec<_> = fields.keys().cloned().collect();
        let fault: Fault = serde_json::from_value(value).map_err(|error| error.to_string())?;
        fault.check()?;
        // Serde ignores what stands beside the tag of a variant without fields.
        let understood = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        if let Some(unknown) = asked
            .iter()
            .find(|name| understood.get(name.as_str()).is_none())
        {
            return Err(format!("unknown field `{unknown}`"));
        }
        Ok(Self { fault, times, only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(body: &str, quoted: &str) {
        let error = Order::parse(body.as_bytes()).unwrap_err();
        assert!(error.contains(quoted), "{error}");
    }

    #[test]
    fn a_fault_survives_being_written_and_read_again() {
        let order = Order::parse(br#"{"kind":"status_429","retry_after_s":5,"times":2}"#).unwrap();
        assert_eq!(order.fault, Fault::Status429 { retry_after_s: 5 });
        assert_eq!(order.times, Some(2));
        let written = serde_json::to_vec(&order).unwrap();
        assert_eq!(Order::parse(&written).unwrap(), order);
    }

    #[test]
    fn a_misspelt_kind_is_named() {
        check_refused(r#"{"kind":"explode"}"#, "explode");
    }

    #[test]
    fn a_misspelt_field_is_named() {
        check_refused(r#"{"kind":"truncate","mod":"abort"}"#, "mod");
        check_refused(r#"{"kind":"hang","seconds":3}"#, "seconds");
    }

    #[test]
    fn a_status_that_is_no_answer_is_refused() {
        check_refused(r#"{"kind":"status","status":100}"#, "100");
    }

    #[test]
    fn zero_times_is_refused() {
        check_refused(r#"{"kind":"hang","times":0}"#, "times 0");
    }

    #[test]
    fn a_condition_that_is_none_is_named() {
        check_refused(r#"{"kind":"hang","where":{"symbol":7}}"#, "where");
        check_refused(r#"{"kind":"rewrite","fields":{},"of":{"row":1}}"#, "row");
    }

    #[test]
    fn a_fault_with_a_condition_survives_being_written_and_read_again() {
        let body = br#"{"kind":"rewrite","fields":{"close":{"scale":2.0}},"of":{"rows":1},"where":{"interval":"5"}}"#;
        let order = Order::parse(body).unwrap();
        assert_eq!(order.only["interval"], "5");
        let written = serde_json::to_vec(&order).unwrap();
        assert_eq!(Order::parse(&written).unwrap(), order);
    }
}
