//! `Cache-Status` (RFC 9211): how each holder of data on the way came to its answer.
//!
//! The field is a list with one member per holder, the one nearest to the data first. A holder
//! appends its own member and never changes the others'. A member says either `hit` or `fwd`, never
//! both, and contains no cache key, which could hold text of a client.

use std::fmt::Write as _;

/// The header's name.
pub const NAME: &str = "cache-status";

/// The member of a holder that answered from its own copy: `snapshot; hit; ttl=13`.
///
/// `ttl` is the rest of the data's fresh lifetime in seconds, negative once it is over.
#[must_use]
pub fn hit(name: &str, ttl: i64) -> String {
    format!("{name}; hit; ttl={ttl}")
}

/// The same with the reason why no newer data was fetched, a token such as `refresh-failed`.
#[must_use]
pub fn hit_because(name: &str, ttl: i64, detail: &str) -> String {
    format!("{}; detail={detail}", hit(name, ttl))
}

/// Why a holder forwarded the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// It held nothing.
    UriMiss,
    /// What it held was too old.
    Stale,
}

/// How a holder that forwarded the request came to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Why it forwarded.
    pub reason: Forward,
    /// The HTTP status that came back, where one did.
    pub status: Option<u16>,
    /// Whether the request joined another one that was already under way, and shared its answer.
    pub collapsed: bool,
    /// Whether this request stored the answer.
    pub stored: bool,
    /// The rest of the data's fresh lifetime, seconds.
    pub ttl: i64,
    /// More about it, as a token.
    pub detail: Option<&'static str>,
}

impl Forwarded {
    /// The member: `edge; fwd=stale; fwd-status=200; stored; ttl=14`.
    #[must_use]
    pub fn member(&self, name: &str) -> String {
        let reason = match self.reason {
            Forward::UriMiss => "uri-miss",
            Forward::Stale => "stale",
        };
        let mut member = format!("{name}; fwd={reason}");
        // Writing to a string cannot fail.
        if let Some(status) = self.status {
            let _ = write!(member, "; fwd-status={status}");
        }
        if self.collapsed {
            member.push_str("; collapsed");
        }
        if self.stored {
            member.push_str("; stored");
        }
        let _ = write!(member, "; ttl={}", self.ttl);
        if let Some(detail) = self.detail {
            let _ = write!(member, "; detail={detail}");
        }
        member
    }
}

/// The longest inherited value that is passed on, bytes.
const MAX_INHERITED_BYTES: usize = 256;

/// Appends a holder's own member to the members before it. An inherited value that is no header
/// text is dropped.
#[must_use]
pub fn append(inherited: Option<&str>, member: &str) -> String {
    let is_text = |value: &&str| {
        !value.trim().is_empty()
            && value.len() <= MAX_INHERITED_BYTES
            // An upstream's value is foreign text. A line break in it would inject a header.
            && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
    };
    match inherited.filter(is_text) {
        Some(before) => format!("{}, {member}", before.trim()),
        None => member.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORWARDED: Forwarded = Forwarded {
        reason: Forward::UriMiss,
        status: Some(200),
        collapsed: false,
        stored: true,
        ttl: 13,
        detail: None,
    };

    #[test]
    fn a_hit_says_what_is_left_of_the_fresh_life() {
        assert_eq!(hit("snapshot", 13), "snapshot; hit; ttl=13");
        assert_eq!(hit("edge", -95), "edge; hit; ttl=-95");
        assert_eq!(
            hit_because("edge", -95, "breaker-open"),
            "edge; hit; ttl=-95; detail=breaker-open"
        );
    }

    #[track_caller]
    fn check(forwarded: Forwarded, expected: &str) {
        assert_eq!(forwarded.member("edge"), expected);
    }

    #[test]
    fn every_way_of_asking_has_its_member() {
        check(
            FORWARDED,
            "edge; fwd=uri-miss; fwd-status=200; stored; ttl=13",
        );
        check(
            Forwarded {
                reason: Forward::Stale,
                ttl: 14,
                ..FORWARDED
            },
            "edge; fwd=stale; fwd-status=200; stored; ttl=14",
        );
        check(
            Forwarded {
                collapsed: true,
                stored: false,
                ..FORWARDED
            },
            "edge; fwd=uri-miss; fwd-status=200; collapsed; ttl=13",
        );
        check(
            Forwarded {
                reason: Forward::Stale,
                ttl: 15,
                detail: Some("bybit-direct"),
                ..FORWARDED
            },
            "edge; fwd=stale; fwd-status=200; stored; ttl=15; detail=bybit-direct",
        );
        check(
            Forwarded {
                reason: Forward::Stale,
                status: None,
                stored: false,
                ttl: -95,
                detail: Some("stale-if-error"),
                ..FORWARDED
            },
            "edge; fwd=stale; ttl=-95; detail=stale-if-error",
        );
    }

    #[test]
    fn a_member_is_appended_to_those_before_it() {
        assert_eq!(
            append(Some("snapshot; hit; ttl=13"), "edge; hit; ttl=9"),
            "snapshot; hit; ttl=13, edge; hit; ttl=9"
        );
        assert_eq!(append(None, "edge; hit; ttl=9"), "edge; hit; ttl=9");
    }

    #[test]
    fn foreign_text_that_is_no_header_value_is_not_passed_on() {
        for bad in [
            "",
            "  ",
            "a\r\nset-cookie: x=1",
            "snapshot\u{e9}",
            &"a".repeat(257),
        ] {
            assert_eq!(
                append(Some(bad), "edge; hit; ttl=9"),
                "edge; hit; ttl=9",
                "for {bad:?}"
            );
        }
    }
}
