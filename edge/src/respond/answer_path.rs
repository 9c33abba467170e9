//! The path of an answer: from memory, or from a refresh that the request waited for. It is
//! reported in `Cache-Status` (RFC 9211), `Proxy-Status` (RFC 9209), `Server-Timing` and problem
//! bodies.
//!
//! Invariant: every member of `Cache-Status` says either `hit` or `fwd`, never both.

use super::EDGE;
use crate::refresh::{Report, Role, Via};
use crate::upstream::Attempt;
use shared::freshness::Freshness;
use shared::headers::cache_status::{self, Forward, Forwarded};
use shared::problem::SourceOutcome;
use shared::units::UnixMs;
use std::rc::Rc;

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerPath {
    /// From what was held, without a wait.
    Held {
        /// The refresh that failed just now, for which this request started no other.
        after: Option<Rc<Report>>,
    },
    /// After waiting for a refresh.
    Waited {
        /// Why it waited.
        reason: Forward,
        /// Whether it started the refresh.
        role: Role,
        /// Its report; `None` when the wait ended first.
        report: Option<Rc<Report>>,
    },
}

impl AnswerPath {
    /// The attempts that this answer depends on.
    fn attempts(&self) -> &[Attempt] {
        match self {
            Self::Held { after: report } | Self::Waited { report, .. } => {
                report.as_ref().map_or(&[], |r| &r.attempts)
            }
        }
    }

    /// Where the refresh that this answer waited for found its data; `None` where it waited for
    /// none, or in vain.
    #[must_use]
    pub fn via(&self) -> Option<&Via> {
        match self {
            Self::Held { .. } => None,
            Self::Waited { report, .. } => report.as_ref()?.via.as_ref(),
        }
    }

    /// `Cache-Status` of an answer with data of this class, which stays fresh for `ttl` seconds.
    #[must_use]
    pub fn cache_status(&self, class: Freshness, ttl: i64) -> String {
        match self {
            Self::Held {
                after: Some(report),
            }
            | Self::Waited {
                report: Some(report),
                ..
            } if class == Freshness::Stale && report.is_breaker_open() => {
                // Nobody was called, so this is no forwarded request, though the wait was for a
                // refresh.
                cache_status::hit_because(EDGE, ttl, "breaker-open")
            }
            Self::Held { .. } if class == Freshness::Stale => {
                cache_status::hit_because(EDGE, ttl, "refresh-failed")
            }
            Self::Held { .. } => cache_status::hit(EDGE, ttl),
            Self::Waited {
                reason,
                role,
                report,
            } => self.after_wait(*reason, *role, report.as_deref(), class, ttl),
        }
    }

    fn after_wait(
        &self,
        reason: Forward,
        role: Role,
        report: Option<&Report>,
        class: Freshness,
        ttl: i64,
    ) -> String {
        let forwarded = Forwarded {
            // The colo's cache is part of this cache, and had not been read when the wait began;
            // the report knows what it held.
            reason: report.map_or(reason, |report| report.forward),
            status: Some(200),
            collapsed: role == Role::Follower,
            stored: role == Role::Leader,
            ttl,
            detail: None,
        };
        let Some(via) = report.and_then(|report| report.via.as_ref()) else {
            // The wait ended before the refresh, and what was held is good enough.
            if report.is_none() && class != Freshness::Stale {
                return cache_status::hit(EDGE, ttl);
            }
            return self.after_failure(forwarded, class);
        };
        match via {
            Via::Origin { cache_status } => {
                // Only the leader's request went through the origin's store.
                let inherited = cache_status.as_deref().filter(|_| role == Role::Leader);
                cache_status::append(inherited, &forwarded.member(EDGE))
            }
            Via::BybitDirect | Via::Secondary(_) => Forwarded {
                detail: Some(via.name()),
                ..forwarded
            }
            .member(EDGE),
            // A store of ours, written by another colo: nothing new was stored.
            Via::LastGood => Forwarded {
                detail: Some(via.name()),
                stored: false,
                ..forwarded
            }
            .member(EDGE),
            // Another isolate's entry: no source was called for this answer.
            Via::EdgeCache => cache_status::hit(EDGE, ttl),
        }
    }

    /// No source had data: the status is that of the first one that answered at all.
    fn after_failure(&self, forwarded: Forwarded, class: Freshness) -> String {
        let status = self
            .attempts()
            .iter()
            .find_map(|attempt| attempt.failure.as_ref()?.received_status);
        let detail = if class == Freshness::Stale {
            "stale-if-error"
        } else {
            "not-fresh"
        };
        Forwarded {
            status,
            stored: false,
            detail: Some(detail),
            ..forwarded
        }
        .member(EDGE)
    }

    /// `Proxy-Status` (RFC 9209): one member per source that failed this answer.
    #[must_use]
    pub fn proxy_status(&self) -> Option<String> {
        let members: Vec<String> = self
            .attempts()
            .iter()
            // Attempts that worked are no members: the field is about failures.
            .filter_map(proxy_status_member)
            .collect();
        if !members.is_empty() {
            return Some(members.join(", "));
        }
        // RFC 9209: this proxy itself ran out of time, so no next hop is named.
        let gave_up = matches!(self, Self::Waited { report: None, .. });
        gave_up.then(|| format!("{EDGE}; error=http_response_timeout; details=\"deadline_passed\""))
    }

    /// `Server-Timing` of the calls that this answer waited for.
    #[must_use]
    pub fn server_timing(&self) -> Option<String> {
        let Self::Waited {
            report: Some(report),
            ..
        } = self
        else {
            return None;
        };
        let timed: Vec<String> = report
            .attempts
            .iter()
            .filter_map(|attempt| {
                Some(format!(
                    // Calls that were denied took no time, and are left out.
                    "{};dur={};desc=\"fetch\"",
                    attempt.source, attempt.took_ms?
                ))
            })
            .collect();
        (!timed.is_empty()).then(|| timed.join(", "))
    }

    /// The outcome of each source, for a problem's body; `held` is the time of the data that is too
    /// old to be shown.
    #[must_use]
    pub fn outcomes(&self, held: Option<UnixMs>) -> Vec<SourceOutcome> {
        let failed = self.attempts().iter().filter_map(|attempt| {
            let failed = attempt.failure.as_ref()?;
            Some(SourceOutcome {
                name: attempt.source,
                outcome: failed.outcome.clone(),
                as_of_ms: failed.as_of,
            })
        });
        let mut outcomes: Vec<SourceOutcome> = failed.collect();
        if outcomes.is_empty() {
            outcomes.push(SourceOutcome {
                // No source has reported yet: the refresh itself is what is late.
                name: "refresh",
                outcome: "deadline_passed".to_owned(),
                as_of_ms: None,
            });
        }
        let outcome = if held.is_some() { "too_old" } else { "empty" };
        outcomes.push(SourceOutcome {
            // What is held is a source, too: it is the last one that could have answered.
            name: "edge-last-good",
            outcome: outcome.to_owned(),
            as_of_ms: held,
        });
        outcomes
    }

    /// Whether this is the ordinary case, which is not logged.
    #[must_use]
    pub fn is_plain_hit(&self) -> bool {
        matches!(self, Self::Held { after: None })
    }
}

fn proxy_status_member(attempt: &Attempt) -> Option<String> {
    let failed = attempt.failure.as_ref()?;
    let error = failed
        .proxy_error
        .map(|error| format!("; error={error}"))
        .unwrap_or_default();
    let status = failed
        .received_status
        .map(|status| format!("; received-status={status}"))
        .unwrap_or_default();
    Some(format!(
        "{EDGE}{error}; next-hop=\"{}\"{status}; details=\"{}\"",
        attempt.source, failed.outcome
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{AttemptFailure, BYBIT_DIRECT, ORIGIN};
    use sfv::{BareItem, Item, List, ListEntry, Parser};
    use shared::exchange::secondary::Secondary;
    use shared::headers::request_id::RequestId;
    use std::collections::HashMap;

    fn failed(
        source: &'static str,
        outcome: &str,
        error: Option<&'static str>,
        status: Option<u16>,
    ) -> Attempt {
        let failure = AttemptFailure {
            outcome: outcome.to_owned(),
            message: String::new(),
            proxy_error: error,
            received_status: status,
            as_of: None,
        };
        Attempt {
            source,
            failure: Some(failure),
            took_ms: Some(400),
        }
    }

    fn waited(reason: Forward, role: Role, via: Option<Via>, attempts: Vec<Attempt>) -> AnswerPath {
        let began = UnixMs::from_millis(0);
        let report = Report {
            generation: 1,
            request_id: RequestId::parse("r").unwrap(),
            forward: reason,
            via,
            attempts,
            hedged: false,
            began,
            took_ms: 1,
        };
        AnswerPath::Waited {
            reason,
            role,
            report: Some(Rc::new(report)),
        }
    }

    fn origin(status: Option<&str>) -> Option<Via> {
        Some(Via::Origin {
            cache_status: status.map(str::to_owned),
        })
    }

    fn origin_timeout() -> Attempt {
        failed(ORIGIN, "timeout", Some("http_response_timeout"), None)
    }

    #[track_caller]
    fn check(path: &AnswerPath, class: Freshness, ttl: i64, expected: &str) {
        assert_eq!(path.cache_status(class, ttl), expected);
    }

    #[test]
    fn what_is_held_is_a_hit() {
        check(
            &AnswerPath::Held { after: None },
            Freshness::Fresh,
            9,
            "edge; hit; ttl=9",
        );
        check(
            &AnswerPath::Held { after: None },
            Freshness::Aging,
            -20,
            "edge; hit; ttl=-20",
        );
        check(
            &AnswerPath::Held { after: None },
            Freshness::Stale,
            -95,
            "edge; hit; ttl=-95; detail=refresh-failed",
        );
    }

    #[test]
    fn what_the_origin_brought_names_its_own_store_first() {
        let leader = waited(
            Forward::UriMiss,
            Role::Leader,
            origin(Some("snapshot; hit; ttl=13")),
            Vec::new(),
        );
        let expected = "snapshot; hit; ttl=13, edge; fwd=uri-miss; fwd-status=200; stored; ttl=13";
        check(&leader, Freshness::Fresh, 13, expected);
        let stale = waited(Forward::Stale, Role::Leader, origin(None), Vec::new());
        check(
            &stale,
            Freshness::Fresh,
            14,
            "edge; fwd=stale; fwd-status=200; stored; ttl=14",
        );
        let follower = waited(
            Forward::UriMiss,
            Role::Follower,
            origin(Some("snapshot; hit; ttl=13")),
            Vec::new(),
        );
        check(
            &follower,
            Freshness::Fresh,
            13,
            "edge; fwd=uri-miss; fwd-status=200; collapsed; ttl=13",
        );
    }

    #[test]
    fn what_the_exchange_brought_says_so_and_why() {
        let path = waited(
            Forward::Stale,
            Role::Leader,
            Some(Via::BybitDirect),
            vec![origin_timeout()],
        );
        check(
            &path,
            Freshness::Fresh,
            15,
            "edge; fwd=stale; fwd-status=200; stored; ttl=15; detail=bybit-direct",
        );
        let expected =
            "edge; error=http_response_timeout; next-hop=\"origin\"; details=\"timeout\"";
        assert_eq!(path.proxy_status().as_deref(), Some(expected));
        assert_eq!(
            path.server_timing().as_deref(),
            Some("origin;dur=400;desc=\"fetch\"")
        );
    }

    #[test]
    fn what_the_colo_held_was_no_miss() {
        let path = waited(
            Forward::Stale,
            Role::Leader,
            Some(Via::BybitDirect),
            Vec::new(),
        );
        let AnswerPath::Waited { role, report, .. } = path else {
            return;
        };
        let cold = AnswerPath::Waited {
            reason: Forward::UriMiss,
            role,
            report,
        };
        check(
            &cold,
            Freshness::Fresh,
            15,
            "edge; fwd=stale; fwd-status=200; stored; ttl=15; detail=bybit-direct",
        );
    }

    #[test]
    fn stale_data_says_which_sources_failed() {
        let bybit = failed(BYBIT_DIRECT, "http_503", None, Some(503));
        let path = waited(
            Forward::Stale,
            Role::Leader,
            None,
            vec![origin_timeout(), bybit],
        );
        let expected = "edge; fwd=stale; fwd-status=503; ttl=-95; detail=stale-if-error";
        check(&path, Freshness::Stale, -95, expected);
        let expected = "edge; error=http_response_timeout; next-hop=\"origin\"; details=\"timeout\", \
            edge; next-hop=\"bybit-direct\"; received-status=503; details=\"http_503\"";
        assert_eq!(path.proxy_status().as_deref(), Some(expected));
    }

    #[test]
    fn a_wait_that_ended_first_says_so() {
        let path = AnswerPath::Waited {
            reason: Forward::Stale,
            role: Role::Follower,
            report: None,
        };
        check(
            &path,
            Freshness::Stale,
            -95,
            "edge; fwd=stale; collapsed; ttl=-95; detail=stale-if-error",
        );
        let expected = "edge; error=http_response_timeout; details=\"deadline_passed\"";
        assert_eq!(path.proxy_status().as_deref(), Some(expected));
        assert_eq!(
            path.outcomes(None).first().map(|outcome| &*outcome.outcome),
            Some("deadline_passed")
        );
    }

    #[test]
    fn open_breakers_are_distinguished_from_a_refresh_that_failed() {
        let alone = |source, outcome| Attempt {
            took_ms: None,
            ..failed(source, outcome, None, None)
        };
        let both = vec![
            alone(ORIGIN, "breaker_open"),
            alone(BYBIT_DIRECT, "paused_region"),
        ];
        let path = waited(Forward::Stale, Role::Leader, None, both.clone());
        check(
            &path,
            Freshness::Stale,
            -95,
            "edge; hit; ttl=-95; detail=breaker-open",
        );
        let AnswerPath::Waited { report, .. } = path else {
            return;
        };
        check(
            &AnswerPath::Held { after: report },
            Freshness::Stale,
            -95,
            "edge; hit; ttl=-95; detail=breaker-open",
        );
        let attempts = vec![
            both[0].clone(),
            failed(BYBIT_DIRECT, "http_503", None, Some(503)),
        ];
        let path = waited(Forward::Stale, Role::Leader, None, attempts);
        let expected = "edge; fwd=stale; fwd-status=503; ttl=-95; detail=stale-if-error";
        check(&path, Freshness::Stale, -95, expected);
    }

    #[test]
    fn another_exchange_and_the_store_of_all_colos_are_named() {
        let okx = waited(
            Forward::UriMiss,
            Role::Leader,
            Some(Via::Secondary(Secondary::Okx)),
            Vec::new(),
        );
        check(
            &okx,
            Freshness::Fresh,
            15,
            "edge; fwd=uri-miss; fwd-status=200; stored; ttl=15; detail=okx",
        );
        let kept = waited(
            Forward::UriMiss,
            Role::Leader,
            Some(Via::LastGood),
            Vec::new(),
        );
        check(
            &kept,
            Freshness::Aging,
            -5,
            "edge; fwd=uri-miss; fwd-status=200; ttl=-5; detail=last-good-store",
        );
    }

    #[test]
    fn every_member_says_either_hit_or_fwd() {
        let all = [
            None,
            origin(None),
            Some(Via::BybitDirect),
            Some(Via::EdgeCache),
            Some(Via::LastGood),
        ];
        for via in all {
            for class in Freshness::ALL {
                for role in [Role::Leader, Role::Follower] {
                    let status = waited(Forward::UriMiss, role, via.clone(), Vec::new())
                        .cache_status(class, 1);
                    assert!(
                        status.contains("; hit") != status.contains("; fwd="),
                        "{status}"
                    );
                }
            }
        }
    }

    /// Each member of a structured list: its name and its parameters (RFC 9651).
    #[track_caller]
    fn members(value: &str) -> Vec<(String, HashMap<String, BareItem>)> {
        let list: List = Parser::new(value)
            .parse()
            .unwrap_or_else(|error| panic!("{value}: {error}"));
        let member = |entry| match entry {
            ListEntry::Item(Item {
                bare_item: BareItem::Token(name),
                params,
            }) => {
                let params = params
                    .into_iter()
                    .map(|(key, value)| (key.as_str().to_owned(), value));
                (name.as_str().to_owned(), params.collect())
            }
            other => panic!("{value}: {other:?} has no token for a name"),
        };
        list.into_iter().map(member).collect()
    }

    /// The rules of RFC 9211 for one member.
    #[track_caller]
    fn check_cache_status(name: &str, params: &HashMap<String, BareItem>) {
        let is_hit = params.get("hit") == Some(&BareItem::Boolean(true));
        assert!(
            is_hit != params.contains_key("fwd"),
            "{name} says both or neither: {params:?}"
        );
        for (key, value) in params {
            let (is_sound, needs_fwd) = match key.as_str() {
                "hit" => (matches!(value, BareItem::Boolean(true)), false),
                "fwd" => (
                    matches!(value, BareItem::Token(why) if ["uri-miss", "stale"].contains(&why.as_str())),
                    true,
                ),
                "fwd-status" => (matches!(value, BareItem::Integer(_)), true),
                "stored" | "collapsed" => (matches!(value, BareItem::Boolean(true)), true),
                "ttl" => (matches!(value, BareItem::Integer(_)), false),
                "detail" => (matches!(value, BareItem::Token(_)), false),
                _ => (false, false),
            };
            assert!(
                is_sound && !(is_hit && needs_fwd),
                "{name}; {key}={value:?} among {params:?}"
            );
        }
    }

    #[test]
    fn every_path_is_reported_in_structured_fields_by_the_rules() {
        let failures = || {
            let odd = failed(BYBIT_DIRECT, "http_503", None, Some(503));
            vec![vec![], vec![origin_timeout()], vec![origin_timeout(), odd]]
        };
        let vias = [
            None,
            origin(None),
            origin(Some("snapshot; hit; ttl=13")),
            Some(Via::BybitDirect),
            Some(Via::EdgeCache),
        ];
        let mut paths = vec![AnswerPath::Held { after: None }];
        for (reason, role) in [Forward::Stale, Forward::UriMiss]
            .map(|reason| (reason, Role::Leader))
            .into_iter()
            .chain([
                (Forward::Stale, Role::Follower),
                (Forward::UriMiss, Role::Follower),
            ])
        {
            paths.push(AnswerPath::Waited {
                reason,
                role,
                report: None,
            });
            for via in &vias {
                paths.extend(
                    failures()
                        .into_iter()
                        .map(|attempts| waited(reason, role, via.clone(), attempts)),
                );
            }
        }
        for path in &paths {
            for (class, ttl) in Freshness::ALL
                .into_iter()
                .flat_map(|class| [(class, 9), (class, 0), (class, -95)])
            {
                let reported = members(&path.cache_status(class, ttl));
                reported
                    .iter()
                    .for_each(|(name, params)| check_cache_status(name, params));
                assert_eq!(
                    reported.last().map(|(name, _)| name.as_str()),
                    Some("edge"),
                    "the nearest to the client is last"
                );
            }
            for (name, params) in path
                .proxy_status()
                .as_deref()
                .map(members)
                .unwrap_or_default()
            {
                assert_eq!(name, "edge");
                assert!(
                    params
                        .get("error")
                        .is_none_or(|error| matches!(error, BareItem::Token(_))),
                    "{params:?}"
                );
                assert!(
                    matches!(params.get("details"), Some(BareItem::String(_))),
                    "{params:?}"
                );
                assert!(
                    params
                        .get("received-status")
                        .is_none_or(|status| matches!(status, BareItem::Integer(_)))
                );
            }
            for metric in path
                .server_timing()
                .as_deref()
                .unwrap_or_default()
                .split(", ")
                .filter(|m| !m.is_empty())
            {
                let [name, duration, description] =
                    metric.split(';').collect::<Vec<_>>().try_into().unwrap();
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{metric}"
                );
                assert!(
                    duration
                        .strip_prefix("dur=")
                        .is_some_and(|ms| ms.parse::<u64>().is_ok()),
                    "{metric}"
                );
                assert_eq!(description, "desc=\"fetch\"");
            }
        }
    }

    #[test]
    fn a_problem_names_every_source() {
        let path = waited(Forward::UriMiss, Role::Leader, None, vec![origin_timeout()]);
        let names = |held| {
            let outcomes = path.outcomes(held).into_iter();
            outcomes
                .map(|outcome| (outcome.name, outcome.outcome))
                .collect::<Vec<_>>()
        };
        let with = |last: &str| {
            vec![
                ("origin", "timeout".to_owned()),
                ("edge-last-good", last.to_owned()),
            ]
        };
        assert_eq!(names(None), with("empty"));
        assert_eq!(names(Some(UnixMs::from_millis(7))), with("too_old"));
    }
}
