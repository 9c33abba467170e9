//! What the direct Worker reports of the sources behind it: in the body of a problem, and in the
//! `Proxy-Status` of a snapshot.
//!
//! Invariant: only sources that are known here and outcomes that are reason codes pass, for both
//! are shown to clients and become labels.

use super::outcome::{BYBIT_ALTERNATIVE, BYBIT_DIRECT};
use crate::policy::Upstream;
use serde::Deserialize;
use shared::snapshot::is_reason;

/// A source and the outcome of its attempt.
pub(super) type SourceFailure = (&'static str, String);

/// The sources that may have failed behind it.
const SOURCES: [&str; 4] = [
    BYBIT_DIRECT,
    BYBIT_ALTERNATIVE,
    Upstream::Okx.name(),
    Upstream::Binance.name(),
];

/// The sources that failed, by the members of a `Proxy-Status` of ours.
pub(super) fn in_proxy_status(members: &str) -> Vec<SourceFailure> {
    // Our own fixed form, not any structured field: a member in another form is skipped.
    let quoted = |member: &str, name: &str| {
        let (_, value) = member.split_once(&format!("; {name}=\""))?;
        value.split_once('"').map(|(value, _)| value.to_owned())
    };
    let failed = members.split(", ").filter_map(|member| {
        let hop = quoted(member, "next-hop")?;
        Some((
            known(&hop)?,
            quoted(member, "details").filter(|outcome| is_reason(outcome))?,
        ))
    });
    failed.collect()
}

/// The sources that failed, by the body of a problem of ours.
pub(super) fn in_problem(problem: &[u8]) -> Vec<SourceFailure> {
    #[derive(Deserialize)]
    struct Problem {
        sources: Vec<Source>,
    }
    #[derive(Deserialize)]
    struct Source {
        name: String,
        outcome: String,
    }
    // A body that is no such problem names no source; the status is then reported.
    let problem = serde_json::from_slice(problem).unwrap_or(Problem {
        sources: Vec::new(),
    });
    let found = |Source { name, outcome }: Source| {
        Some((known(&name)?, Some(outcome).filter(|word| is_reason(word))?))
    };
    problem.sources.into_iter().filter_map(found).collect()
}

fn known(name: &str) -> Option<&'static str> {
    SOURCES.into_iter().find(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_is_none_names_nobody() {
        for bad in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"sources":7}"#,
            r#"{"sources":[7]}"#,
            "\u{0}\u{ff}",
        ] {
            assert_eq!(in_problem(bad.as_bytes()), [], "{bad}");
        }
        assert_eq!(in_problem(&[0xff; 100]), []);
    }

    #[test]
    fn what_failed_before_the_source_that_answered_is_reported_too() {
        let members = "edge; next-hop=\"bybit-direct\"; received-status=403; details=\"forbidden_region\", \
                       edge; error=http_response_timeout; next-hop=\"okx\"; details=\"timeout\"";
        let expected = [
            ("bybit-direct", "forbidden_region".to_owned()),
            ("okx", "timeout".to_owned()),
        ];
        assert_eq!(in_proxy_status(members), expected);
        for bad in [
            "",
            ", , ",
            "edge; next-hop=\"bybit-direct",
            "edge; next-hop=\"x\"; details=\"timeout\"",
            "\"\"\"",
        ] {
            assert_eq!(in_proxy_status(bad), [], "{bad}");
        }
    }
}
