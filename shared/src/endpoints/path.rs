//! Brings a path into one form before it is looked up, so that all spellings of a path mean the
//! same.
//!
//! The software between a client and our code resolves some spellings already, and not each the
//! same: the edge's runtime parses every URL (dot segments, backslashes), the platform in front of
//! it normalises more (percent-encoding, repeated slashes), and nothing stands in front of the
//! origin. The rule here is the sum of these, and leaves unchanged what was normalised before:
//!
//! 1. `\` is `/`, as in every URL of the web.
//! 2. `%` and the number of a letter, digit, `-`, `.`, `_` or `~` is that character (RFC 3986,
//!    6.2.2.2). Once only: `%2541` stays.
//! 3. `.` and `..` are resolved, and none leads above the root (RFC 3986, 5.2.4).
//! 4. Repeated slashes are one.
//!
//! Upper and lower case, and a slash at the end, make a different path.

use std::borrow::Cow;

/// The path in its one form. A target that does not begin with a slash, such as the `*` of `OPTIONS
/// *`, is no path and stays unchanged.
pub(super) fn normal(path: &str) -> Cow<'_, str> {
    if is_normal(path) {
        return Cow::Borrowed(path);
    }
    let decoded = decoded(path);
    let Some(segments) = decoded.strip_prefix('/') else {
        return Cow::Borrowed(path);
    };
    Cow::Owned(joined(&resolved(segments)))
}

/// A cheap test that finds nearly every path to be normal already. It may say no for a normal path,
/// never yes for another.
fn is_normal(path: &str) -> bool {
    let has_pair = |second: u8| {
        path.as_bytes()
            .windows(2)
            .any(|pair| pair == [b'/', second])
    };
    !path.bytes().any(|byte| matches!(byte, b'%' | b'\\')) && !has_pair(b'/') && !has_pair(b'.')
}

fn decoded(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => decoded.push('/'),
            // Only unreserved characters are decoded. `%2F` stays, since an encoded slash is data
            // and no separator.
            '%' => match unreserved(rest.as_str()) {
                Some(meant) => {
                    decoded.push(meant);
                    rest.nth(1);
                }
                None => decoded.push('%'),
            },
            other => decoded.push(other),
        }
    }
    decoded
}

/// The unreserved character that two hexadecimal digits encode, if they do.
fn unreserved(after_percent: &str) -> Option<char> {
    let digits = after_percent
        .get(..2)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
        .then(|| char::from(byte))
}

/// The segments after the first slash, with dot segments resolved. Empty segments count until here:
/// `/a//..` is `/a/`.
fn resolved(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut rest = path.split('/').peekable();
    while let Some(segment) = rest.next() {
        let is_dots = matches!(segment, "." | "..");
        if segment == ".." {
            // Nothing to pop at the root: `/../x` is `/x`.
            segments.pop();
        }
        if !is_dots {
            segments.push(segment);
        } else if rest.peek().is_none() {
            // A path that ends in a dot segment names a folder, so it ends in a slash.
            segments.push("");
        }
    }
    segments
}

/// The path of these segments. Empty ones are dropped, except the last, which is the slash at the
/// end.
fn joined(segments: &[&str]) -> String {
    let Some((last, before)) = segments.split_last() else {
        return "/".to_owned();
    };
    let mut path = String::new();
    for segment in before.iter().filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(segment);
    }
    path.push('/');
    path.push_str(last);
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(normal(path), expected, "for {path}");
    }

    #[test]
    fn what_means_the_same_is_brought_into_one_form() {
        for same in [
            "/a/b",
            "//a/b",
            "/a//b",
            "///a///b",
            "/./a/b",
            "/a/./b",
            "/.//a/b",
            "/x/../a/b",
            "/../../a/b",
            "/a/b/x/../../b",
            "/%61/b",
            "/a%2Fb/../a/b",
            "/%2e/a/b",
            "/x/%2E%2e/a/b",
            "/x/.%2e/a/b",
            "\\a\\b",
            "/a\\b",
            "/x\\..\\a/b",
            "//./a/b",
        ] {
            check(same, "/a/b");
        }
        check("/%41%7a%30%2D%2e%5F%7e", "/Az0-._~");
    }

    #[test]
    fn what_means_something_else_stays() {
        for other in [
            "/",
            "/a",
            "/a/",
            "/A",
            "/...",
            "/a/..b",
            "/.a",
            "/a.",
            "/a%2fb",
            "/a%2Fb",
            "/%25",
            "/%2541",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/%\u{e9}1",
            "/%c3%a9",
            "/\u{e9}",
            "/%00",
            "/a%20b",
            "/a;b",
            "/a=b,c",
            "/\u{5e01}",
        ] {
            check(other, other);
        }
    }

    #[test]
    fn dots_at_the_end_are_a_folder() {
        for (path, expected) in [
            ("/.", "/"),
            ("/..", "/"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a//..", "/a/"),
            ("/a//", "/a/"),
            ("//", "/"),
        ] {
            check(path, expected);
        }
    }

    #[test]
    fn what_does_not_begin_with_a_slash_is_no_path() {
        for other in ["", "*", "a", "a/../b", "%2f", "..", "%61//"] {
            check(other, other);
        }
    }

    #[test]
    fn a_path_in_its_form_costs_no_memory() {
        assert!(matches!(
            normal("/api/dashboard/mobile-data"),
            Cow::Borrowed(_)
        ));
    }

    /// What paths are made of that means anything, and some of what does not.
    fn paths() -> impl Strategy<Value = String> {
        let piece = "(/|//|\\.|\\.\\.|%2e|%2E|%5c|%2f|%6d|%25|%|\\\\|a|b|\\?|é|[!-~])";
        proptest::collection::vec(piece, 0..16).prop_map(|pieces| format!("/{}", pieces.concat()))
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(path in paths()) {
            let form = normal(&path).into_owned();
            prop_assert_eq!(normal(&form), form.as_str());
            prop_assert!(form.starts_with('/') && !form.contains("//") && !form.contains("/./") && !form.contains("/../"));
            prop_assert!(form.len() <= path.len());
        }

        /// The runtime of the edge parses the URL before our code sees it.
        #[test]
        fn what_a_parser_of_urls_did_before_makes_no_difference(path in paths()) {
            // The parser ends the path here.
            let path = path.split(['?', '#']).next().unwrap_or_default();
            let url = Url::parse(&format!("http://a{path}")).unwrap();
            // It writes these in numbers, which are no letters and so no known path either way.
            let written = |form: &str| Url::parse(&format!("http://a{form}")).unwrap().path().to_owned();
            prop_assert_eq!(written(&normal(url.path())), written(&normal(path)));
        }

        #[test]
        fn nothing_makes_it_panic(path in ".{0,60}") {
            let _ = normal(&path);
        }
    }
}
