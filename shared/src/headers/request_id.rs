//! The id of one request, which joins its log lines at edge and origin.
//!
//! A client may choose it. It goes into headers and logs, so only characters that are harmless in
//! both are accepted; any other id is replaced.

use std::fmt;

/// The longest id that is accepted, bytes.
const MAX_BYTES: usize = 64;

/// An id of 1–64 ASCII letters, digits, `-`, `_` and `.`: it can stand in a header and in a log as
/// it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// The id, if it is one.
    #[must_use]
    pub fn parse(claimed: &str) -> Option<Self> {
        let is_name = !claimed.is_empty()
            && claimed.len() <= MAX_BYTES
            && claimed
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        is_name.then(|| Self(claimed.into()))
    }

    /// The client's id, or a new one from `make`. When that fails too, the id is `unnamed`: losing
    /// an id must not lose a request.
    #[must_use]
    pub fn take_or_make(claimed: Option<&str>, make: impl FnOnce() -> String) -> Self {
        claimed
            .and_then(Self::parse)
            .or_else(|| Self::parse(&make()))
            .unwrap_or_else(|| Self("unnamed".into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claimed: &str, is_taken: bool) {
        let expected = if is_taken { claimed } else { "made" };
        assert_eq!(
            RequestId::take_or_make(Some(claimed), || "made".to_owned()).as_str(),
            expected,
            "{claimed:?}"
        );
    }

    #[test]
    fn a_name_is_taken_only_as_harmless_text() {
        check("3f2b8c1e-8d1b-4f6e-9a57-0d9a1f0c7b11", true);
        check("a.b_C-9", true);
        check(&"a".repeat(64), true);
        for bad in [
            "",
            " ",
            "a b",
            "a\"b",
            "a\r\nset-cookie: x=1",
            "é",
            "{}",
            "<script>",
            &"a".repeat(65),
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn a_request_without_a_name_gets_one() {
        assert_eq!(
            RequestId::take_or_make(None, || "made".to_owned()).as_str(),
            "made"
        );
        assert_eq!(
            RequestId::take_or_make(None, String::new).as_str(),
            "unnamed"
        );
    }
}
