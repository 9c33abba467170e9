//! The answer to a browser's preflight request (Fetch, 3.2), the same for every path.
//!
//! Any site may read, and no answer depends on who reads, so a page may send whatever headers it or
//! its libraries add: tracing, caching, `Authorization`. The requested names are echoed, because
//! `*` does not cover `Authorization` and older browsers read it as a name. An unknown path is
//! answered alike, since the page could otherwise not read the 404.
//!
//! `Access-Control-Request-Private-Network` is not answered: whether a public page may reach a
//! private network is its owner's decision.

use crate::endpoints::ALLOWED_METHODS;

/// The request headers that are read here, sent where no names are requested or they cannot be
/// echoed.
const MEANT: &str = "If-None-Match, X-Request-Id";

/// The longest list that is echoed, bytes. Tracing adds five or six names.
const MAX_REQUESTED_BYTES: usize = 1_024;

/// The headers of the answer to a preflight request, from the lines of its
/// `Access-Control-Request-Headers`.
#[must_use]
pub fn preflight<'l>(requested: impl IntoIterator<Item = &'l [u8]>) -> [(&'static str, String); 5] {
    [
        ("allow", ALLOWED_METHODS.to_owned()),
        ("access-control-allow-methods", ALLOWED_METHODS.to_owned()),
        (
            "access-control-allow-headers",
            echoed(requested).unwrap_or_else(|| MEANT.to_owned()),
        ),
        // A day; browsers cap it lower themselves.
        ("access-control-max-age", "86400".to_owned()),
        // The echo depends on the request, so a cache must not give it to another.
        ("vary", "Access-Control-Request-Headers".to_owned()),
    ]
}

/// The list to echo; `None` when it is empty, too long, or contains something that is no name.
fn echoed<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> Option<String> {
    let mut echo = String::new();
    let members = lines
        .into_iter()
        .flat_map(|line| line.split(|byte| *byte == b','));
    for name in members
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
    {
        let name = std::str::from_utf8(name)
            .ok()
            .filter(|name| is_token(name))?;
        if !echo.is_empty() {
            echo.push_str(", ");
        }
        echo.push_str(name);
        // Checked inside the loop, so that a huge header is not copied first.
        if echo.len() > MAX_REQUESTED_BYTES {
            return None;
        }
    }
    (!echo.is_empty()).then_some(echo)
}

/// Whether a text can be the name of a header (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> String {
        let [_, _, (name, value), ..] = preflight(lines);
        assert_eq!(name, "access-control-allow-headers");
        value
    }

    #[track_caller]
    fn check(requested: &str, expected: &str) {
        assert_eq!(
            allowed([requested.as_bytes()]),
            expected,
            "for {requested:?}"
        );
    }

    #[test]
    fn the_names_that_are_asked_for_are_allowed() {
        check("cache-control,pragma", "cache-control, pragma");
        check(
            "traceparent, tracestate ,\tbaggage",
            "traceparent, tracestate, baggage",
        );
        check(
            "sentry-trace,b3,x-b3-traceid,x-datadog-origin",
            "sentry-trace, b3, x-b3-traceid, x-datadog-origin",
        );
        check("authorization,Content-Type", "authorization, Content-Type");
        check(",, accept ,", "accept");
        check("*", "*");
        assert_eq!(allowed([b"a".as_slice(), b"b,c"]), "a, b, c");
    }

    #[test]
    fn what_is_no_list_of_names_or_a_very_long_one_is_not_echoed() {
        for bad in [
            "",
            " ",
            ",",
            "a b",
            "a:b",
            "a\r\nset-cookie: x=1",
            "\"a\"",
            "a;b",
            "a(b)",
            "<script>",
            "\u{fc}",
            "a,\u{0}",
        ] {
            check(bad, MEANT);
        }
        check(&"a,".repeat(2_000), MEANT);
        check(&"a".repeat(MAX_REQUESTED_BYTES + 1), MEANT);
        check(
            &"a".repeat(MAX_REQUESTED_BYTES),
            &"a".repeat(MAX_REQUESTED_BYTES),
        );
        assert_eq!(allowed([]), MEANT);
        assert_eq!(allowed([b"\xff".as_slice()]), MEANT);
    }

    #[test]
    fn what_a_preflight_is_told_may_be_kept_but_only_for_the_same_names() {
        let answer = preflight([]);
        assert!(answer.contains(&("access-control-max-age", "86400".to_owned())));
        assert!(answer.contains(&("vary", "Access-Control-Request-Headers".to_owned())));
        assert!(
            !answer
                .iter()
                .any(|(name, _)| *name == "access-control-allow-credentials")
        );
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_answer_is_a_short_list_of_names(
            line in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let list = allowed([line.as_slice()]);
            prop_assert!(list.len() <= MAX_REQUESTED_BYTES && list.split(", ").all(is_token), "{:?}", list);
        }
    }
}
