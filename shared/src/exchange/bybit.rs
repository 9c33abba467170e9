//! Bybit v5 public market data. <https://bybit-exchange.github.io/docs/v5/intro>
//!
//! `envelope` opens every answer; `rows` reads answers about one contract; each other file is
//! one endpoint. [`paths`] writes the requests.
//!
//! What a refusal means is decided here: back off (rate limit), use another venue (region), or
//! neither. A refusal may come with status 200 and a code, or with status 403 and a web page.

pub mod account_ratio;
mod envelope;
pub mod funding_history;
pub mod instruments;
pub mod klines;
pub mod open_interest;
pub mod orderbook;
pub mod paths;
mod rows;
pub mod stream;
pub mod tickers;
pub mod trades;

use crate::exchange::{ParseError, wire};

pub use instruments::{Listing, UniverseBuilder};
pub use rows::{Reading, Refused};

/// Path and query of the ticker table of all linear contracts: one answer, no paging.
pub const TICKERS: &str = "/v5/market/tickers?category=linear";

/// Path and query of the first page of the instruments list. The venue's default of 500 rows a page
/// would need more requests.
pub const INSTRUMENTS: &str = "/v5/market/instruments-info?category=linear&limit=1000";

/// `retCode`s that ask to back off, until the announced reset where there is one: "Too many
/// visits!" of one endpoint, "Exceeded the IP Rate Limit." of the whole address, and the limit of
/// the whole system. <https://bybit-exchange.github.io/docs/v5/error>
pub const RATE_LIMITED: [i64; 3] = [10_006, 10_018, 10_429];

/// The longest body that is read as a refusal. A refusal has a few hundred bytes; a ticker table,
/// which is larger, is thus not parsed twice.
const MAX_REFUSAL_BYTES: usize = 4 * 1024;

/// Whether a body with status 200 reports too many requests.
#[must_use]
pub fn is_rate_limited(body: &[u8]) -> bool {
    refusal(body).is_some_and(|code| RATE_LIMITED.contains(&code))
}

/// The `retCode` of a body that refuses.
fn refusal(body: &[u8]) -> Option<i64> {
    if body.len() > MAX_REFUSAL_BYTES {
        return None;
    }
    match envelope::open(&wire::text(body).ok()?) {
        Err(ParseError::Refused { code, .. }) => Some(code),
        _ => None,
    }
}

/// `retCode`s that say that the service is not for the caller's region; another source is needed.
pub const REGION_REFUSED: [i64; 3] = [10_009, 10_024, 110_132];

/// Path and query of the page of the instruments list that follows `cursor`.
///
/// The venue sends its cursor already percent-encoded, so it is appended as it is: encoding it
/// again would ask for another page.
#[must_use]
pub fn instruments_after(cursor: &str) -> String {
    format!("{INSTRUMENTS}&cursor={cursor}")
}

/// What a 403 of Bybit means. The status alone does not distinguish the causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The caller's country is blocked: no retry will help from here.
    Region,
    /// Too many requests from this address: no call for ten minutes.
    RateLimit,
    /// The body names neither.
    Unexplained,
}

impl Forbidden {
    /// Distinguishes the causes by the beginning of the body (4 kB are enough): by the words of the
    /// servers in front of the exchange, or by the exchange's own code.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Self {
        // The CDN answers with HTML, which no parser of ours reads; its sentence is the only mark.
        let text = String::from_utf8_lossy(body);
        let code = refusal(body);
        let is_one_of = |codes: &[i64]| code.is_some_and(|code| codes.contains(&code));
        if text.contains("configured to block access from your country")
            || is_one_of(&REGION_REFUSED)
        {
            Self::Region
        } else if text.contains("access too frequent") || is_one_of(&RATE_LIMITED) {
            Self::RateLimit
        } else {
            Self::Unexplained
        }
    }

    crate::labels! {
        /// A label for metrics.
        pub const fn label(self) {
            Self::Region => "forbidden_region",
            Self::RateLimit => "forbidden_rate_limit",
            Self::Unexplained => "forbidden",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_known_in_an_answer_with_status_200() {
        let body = |code: i64| {
            format!(r#"{{"retCode":{code},"retMsg":"","result":{{}},"time":1788870000000}}"#)
        };
        for code in [10_006, 10_018, 10_429] {
            assert!(is_rate_limited(body(code).as_bytes()), "{code}");
        }
        for code in [0, 10_001, 10_016] {
            assert!(!is_rate_limited(body(code).as_bytes()), "{code}");
        }
    }

    #[test]
    fn the_two_forbidden_answers_are_told_apart() {
        let page =
            b"<HTML><TITLE>ERROR: The request could not be satisfied</TITLE>The Amazon CloudFront distribution is \
            configured to block access from your country.";
        assert_eq!(Forbidden::from_body(page), Forbidden::Region);
        assert_eq!(
            Forbidden::from_body(b"403, access too frequent"),
            Forbidden::RateLimit
        );
        assert_eq!(Forbidden::from_body(b"\xff\xfe"), Forbidden::Unexplained);
    }

    #[test]
    fn a_403_with_a_code_of_the_exchange_means_what_the_code_means() {
        let of = |code: i64| {
            let body =
                format!(r#"{{"retCode":{code},"retMsg":"","result":{{}},"time":1788870000000}}"#);
            Forbidden::from_body(body.as_bytes())
        };
        for code in RATE_LIMITED {
            assert_eq!(of(code), Forbidden::RateLimit, "{code}");
        }
        for code in REGION_REFUSED {
            assert_eq!(of(code), Forbidden::Region, "{code}");
        }
        for code in [0, 10_001, 10_003] {
            assert_eq!(of(code), Forbidden::Unexplained, "{code}");
        }
    }
}
