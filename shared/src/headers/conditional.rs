//! Conditional requests (RFC 9110, 13.1): what a client holds, and what it wants its request to
//! depend on.
//!
//! Only entity tags are compared. No answer has a modification date, so `If-Modified-Since` and
//! `If-Unmodified-Since` are ignored; ranges are not served, so `If-Range` is ignored, too.
//!
//! A header is given as its lines, which mean the same as one line that joins them. A runtime that
//! only hands out the joined value gives one line.

/// Whether an `If-None-Match` names this entity tag by the weak comparison, so that the client
/// already holds the body.
///
/// A list is read up to the first member that is no entity tag. After an unbalanced quote nothing
/// is certain to be one.
#[must_use]
pub fn matches_etag<'l>(if_none_match: impl IntoIterator<Item = &'l [u8]>, etag: &str) -> bool {
    let lines: Vec<&[u8]> = if_none_match.into_iter().collect();
    if is_any(&lines) {
        return true;
    }
    let Some(wanted) = opaque(etag.as_bytes()) else {
        return false;
    };
    for line in lines {
        let mut rest = line;
        loop {
            rest = after_separators(rest);
            if rest.is_empty() {
                break;
            }
            let Some((tag, after)) = entity_tag(rest) else {
                // A false negative costs a full body. A false positive would leave a client without
                // one.
                return false;
            };
            if tag == wanted {
                return true;
            }
            rest = after;
        }
    }
    false
}

/// Whether an `If-Match` forbids an answer. Any value but `*` does: the comparison is strong there,
/// and all our tags are weak.
#[must_use]
pub fn fails_if_match<'l>(if_match: impl IntoIterator<Item = &'l [u8]>) -> bool {
    let lines: Vec<&[u8]> = if_match.into_iter().collect();
    !lines.is_empty() && !is_any(&lines)
}

/// Whether the whole value is `*`, which matches any representation.
fn is_any(lines: &[&[u8]]) -> bool {
    matches!(lines, [line] if line.trim_ascii() == b"*")
}

fn after_separators(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|byte| !matches!(byte, b',' | b' ' | b'\t'))
        .unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

/// The opaque part of a text that is one entity tag and nothing else.
fn opaque(tag: &[u8]) -> Option<&[u8]> {
    entity_tag(tag)
        .filter(|(_, rest)| rest.is_empty())
        .map(|(opaque, _)| opaque)
}

/// The opaque part of the entity tag at the beginning of a text, and the rest after it: nothing, or
/// a separator.
fn entity_tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let quoted = text
        .strip_prefix(b"W/")
        .unwrap_or(text)
        .strip_prefix(b"\"")?;
    let end = quoted
        .iter()
        // The characters of an opaque tag in RFC 9110, 8.8.3: visible ones without the quote. A
        // comma is one of them, so a list cannot be split at commas.
        .position(|byte| !matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))?;
    let (opaque, rest) = (quoted.get(..end)?, quoted.get(end..)?.strip_prefix(b"\"")?);
    matches!(rest.first(), None | Some(b',' | b' ' | b'\t')).then_some((opaque, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ETAG: &str = "W/\"1-o5-9-fresh-symbols\"";

    #[track_caller]
    fn check(lines: &[&str], expected: bool) {
        assert_eq!(
            matches_etag(lines.iter().map(|line| line.as_bytes()), ETAG),
            expected,
            "for {lines:?}"
        );
    }

    #[test]
    fn etags_are_compared_weakly_in_lists() {
        check(&["W/\"1-o5-9-fresh-symbols\""], true);
        check(&["\"1-o5-9-fresh-symbols\""], true);
        check(&["\"x\", W/\"1-o5-9-fresh-symbols\""], true);
        check(&[" ,\t,\"\",\"x\" ,W/\"1-o5-9-fresh-symbols\" , "], true);
        check(&["\"x\"", "W/\"1-o5-9-fresh-symbols\""], true);
        check(&["", "W/\"1-o5-9-fresh-symbols\""], true);
        check(&["\"a,b\", \"\u{fc}\", W/\"1-o5-9-fresh-symbols\""], true);
        check(&["W/\"1-o5-9-fresh-symbols\", nonsense"], true);
        check(&["\"1-o5-9-aging-symbols\""], false);
        check(&["\"a,1-o5-9-fresh-symbols,b\""], false);
        check(&[], false);
        check(&[""], false);
        check(&["W/"], false);
        check(&["\"\""], false);
    }

    #[test]
    fn what_is_no_tag_names_nothing_and_ends_the_list() {
        for bad in [
            "1-o5-9-fresh-symbols",
            "w/\"1-o5-9-fresh-symbols\"",
            "W/W/\"1-o5-9-fresh-symbols\"",
            "W/ \"1-o5-9-fresh-symbols\"",
            "\"1-o5-9-fresh-symbols",
            "\"1-o5-9-fresh-symbols\"x",
            "\"1-o5-9-fresh-symbols\"\"",
            "'1-o5-9-fresh-symbols'",
        ] {
            check(&[bad], false);
            check(&[&format!("{bad}, {ETAG}")], false);
            check(&[bad, ETAG], false);
        }
    }

    #[test]
    fn a_star_is_everything_only_when_it_is_alone() {
        check(&["*"], true);
        check(&[" * "], true);
        check(&["*, \"x\""], false);
        check(&["\"x\", *"], false);
        check(&["*", "\"x\""], false);
        check(&["\"*\""], false);
    }

    #[test]
    fn no_tag_of_ours_is_strong_enough_for_if_match() {
        assert!(!fails_if_match([]));
        assert!(!fails_if_match([b"*".as_slice()]));
        for line in [ETAG, "\"1-o5-9-fresh-symbols\"", "", "nonsense", "*, \"x\""] {
            assert!(fails_if_match([line.as_bytes()]), "{line}");
        }
    }

    proptest! {
        /// The edge's runtime joins the lines of a header, the origin's does not.
        #[test]
        fn lines_mean_the_same_apart_and_joined(
            lines in proptest::collection::vec("(\"?[a-z, ]{0,3}\"?|W/\"1-o5-9-fresh-symbols\"|\\*|,| )", 1..4),
        ) {
            let apart = matches_etag(lines.iter().map(String::as_bytes), ETAG);
            prop_assert_eq!(apart, matches_etag([lines.join(", ").as_bytes()], ETAG), "{:?}", lines);
        }

        #[test]
        fn nothing_but_the_tag_matches(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            let is_named = line.windows(20).any(|part| part == b"1-o5-9-fresh-symbols");
            prop_assert!(!matches_etag([line.as_slice()], ETAG) || is_named || line.trim_ascii() == b"*");
        }
    }
}
