//! How an answer came about, as the headers tell it: `Cache-Status`, `Proxy-Status`,
//! `Server-Timing`.

use super::EDGE;
use crate::refresh::{Report, Role, Via};
use crate::upstream::{Attempt, BYBIT_DIRECT};
use shared::freshness::Freshness;
use shared::headers::cache_status::{self, Forward, Forwarded};
use shared::problem::SourceOutcome;
use shared::units::UnixMs;
use std::rc::Rc;

/// How a request got to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// From what was held, without waiting for anybody.
    Held {
        /// The refresh that failed just now and was not tried again for this request.
        after: Option<Rc<Report>>,
    },
    /// After waiting for a refresh.
    Waited {
        /// Why it waited.
        reason: Forward,
        /// Whether it started the refresh.
        role: Role,
        /// What came of it; nothing when the wait ended first.
        report: Option<Rc<Report>>,
    },
}

impl Route {
    /// What the sources said, where this answer depends on it.
    fn asked(&self) -> &[Attempt] {
        match self {
            Self::Held { after: report } | Self::Waited { report, .. } => {
                report.as_ref().map_or(&[], |r| &r.attempts)
            }
        }
    }

    /// Where the refresh that this answer waited for found its data; nothing where it waited for
    /// none, or in vain.
    #[must_use]
    pub fn via(&self) -> Option<&Via> {
        match self {
            Self::Held { .. } => None,
            Self::Waited { report, .. } => report.as_ref()?.via.as_ref(),
        }
    }

    /// `Cache-Status` of an answer with data of this class and so many seconds of fresh life left.
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
            } => {
                let via = report.as_ref().map(|report| report.via.as_ref());
                let forwarded = Forwarded {
                    // The colo's cache is a part of this cache, and whoever waited did not know yet
                    // what it held.
                    reason: report.as_ref().map_or(*reason, |report| report.forward),
                    status: Some(200),
                    collapsed: *role == Role::Follower,
                    stored: *role == Role::Leader,
                    ttl,
                    detail: None,
                };
                match via {
                    Some(Some(Via::Origin { cache_status })) => {
                        let inherited = cache_status.as_deref().filter(|_| *role == Role::Leader);
                        cache_status::append(inherited, &forwarded.member(EDGE))
                    }
                    Some(Some(Via::BybitDirect)) => Forwarded {
                        detail: Some(BYBIT_DIRECT),
                        ..forwarded
                    }
                    .member(EDGE),
                    Some(Some(via @ Via::Secondary(_))) => Forwarded {
                        detail: Some(via.name()),
                        ..forwarded
                    }
                    .member(EDGE),
                    // Kept by another colo: what was asked for this answer is a store of ours.
                    Some(Some(via @ Via::LastGood)) => Forwarded {
                        detail: Some(via.name()),
                        stored: false,
                        ..forwarded
                    }
                    .member(EDGE),
                    // Another isolate's entry: nobody outside was asked for this answer.
                    Some(Some(Via::EdgeCache)) => cache_status::hit(EDGE, ttl),
                    None if class != Freshness::Stale => cache_status::hit(EDGE, ttl),
                    Some(None) | None => {
                        let status = self
                            .asked()
                            .iter()
                            .find_map(|asked| asked.failure.as_ref()?.received_status);
                        let detail = Some(if class == Freshness::Stale {
                            "stale-if-error"
                        } else {
                            "not-fresh"
                        });
                        Forwarded {
                            status,
                            stored: false,
                            detail,
                            ..forwarded
                        }
                        .member(EDGE)
                    }
                }
            }
        }
    }

    /// `Proxy-Status` (RFC 9209): one member per source that failed this answer.
    #[must_use]
    pub fn proxy_status(&self) -> Option<String> {
        let members: Vec<String> = self
            .asked()
            .iter()
            .filter_map(proxy_status_member)
            .collect();
        if !members.is_empty() {
            return Some(members.join(", "));
        }
        let gave_up = matches!(self, Self::Waited { report: None, .. });
        gave_up.then(|| format!("{EDGE}; error=http_response_timeout; details=\"deadline_passed\""))
    }

    /// `Server-Timing` of the requests that this answer waited for.
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
            .filter_map(|asked| {
                Some(format!(
                    "{};dur={};desc=\"fetch\"",
                    asked.source, asked.took_ms?
                ))
            })
            .collect();
        (!timed.is_empty()).then(|| timed.join(", "))
    }

    /// What each source said, for a problem's body; `held` is the time of the data that is too old
    /// to be shown.
    #[must_use]
    pub fn outcomes(&self, held: Option<UnixMs>) -> Vec<SourceOutcome> {
        let failed = self.asked().iter().filter_map(|asked| {
            let failed = asked.failure.as_ref()?;
            Some(SourceOutcome {
                name: asked.source,
                outcome: failed.outcome.clone(),
                as_of_ms: failed.as_of,
            })
        });
        let mut outcomes: Vec<SourceOutcome> = failed.collect();
        if outcomes.is_empty() {
            outcomes.push(SourceOutcome {
                name: "refresh",
                outcome: "deadline_passed".to_owned(),
                as_of_ms: None,
            });
        }
        let outcome = if held.is_some() { "too_old" } else { "empty" };
        outcomes.push(SourceOutcome {
            name: "edge-last-good",
            outcome: outcome.to_owned(),
            as_of_ms: held,
        });
        outcomes
    }

    /// Whether this is the ordinary case, of which the log is told nothing.
    #[must_use]
    pub fn is_plain_hit(&self) -> bool {
        matches!(self, Self::Held { after: None })
    }
}

fn proxy_status_member(asked: &Attempt) -> Option<String> {
    let failed = asked.failure.as_ref()?;
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
        asked.source, failed.outcome
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{AttemptFailure, ORIGIN};
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

    fn waited(reason: Forward, role: Role, via: Option<Via>, asked: Vec<Attempt>) -> Route {
        let began = UnixMs::from_millis(0);
        let report = Report {
            generation: 1,
            request_id: RequestId::parse("r").unwrap(),
            forward: reason,
            via,
            attempts: asked,
            hedged: false,
            began,
            took_ms: 1,
        };
        Route::Waited {
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
    fn check(route: &Route, class: Freshness, ttl: i64, expected: &str) {
        assert_eq!(route.cache_status(class, ttl), expected);
    }

    #[test]
    fn what_is_held_is_a_hit() {
        check(
            &Route::Held { after: None },
            Freshness::Fresh,
            9,
            "edge; hit; ttl=9",
        );
        check(
            &Route::Held { after: None },
            Freshness::Aging,
            -20,
            "edge; hit; ttl=-20",
        );
        check(
            &Route::Held { after: None },
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
        let route = waited(
            Forward::Stale,
            Role::Leader,
            Some(Via::BybitDirect),
            vec![origin_timeout()],
        );
        check(
            &route,
            Freshness::Fresh,
            15,
            "edge; fwd=stale; fwd-status=200; stored; ttl=15; detail=bybit-direct",
        );
        let expected =
            "edge; error=http_response_timeout; next-hop=\"origin\"; details=\"timeout\"";
        assert_eq!(route.proxy_status().as_deref(), Some(expected));
        assert_eq!(
            route.server_timing().as_deref(),
            Some("origin;dur=400;desc=\"fetch\"")
        );
    }

    #[test]
    fn what_the_colo_held_was_no_miss() {
        let route = waited(
            Forward::Stale,
            Role::Leader,
            Some(Via::BybitDirect),
            Vec::new(),
        );
        let Route::Waited { role, report, .. } = route else {
            return;
        };
        let cold = Route::Waited {
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
    fn what_nobody_could_renew_says_so_and_why() {
        let bybit = failed(BYBIT_DIRECT, "http_503", None, Some(503));
        let route = waited(
            Forward::Stale,
            Role::Leader,
            None,
            vec![origin_timeout(), bybit],
        );
        let expected = "edge; fwd=stale; fwd-status=503; ttl=-95; detail=stale-if-error";
        check(&route, Freshness::Stale, -95, expected);
        let expected = "edge; error=http_response_timeout; next-hop=\"origin\"; details=\"timeout\", \
            edge; next-hop=\"bybit-direct\"; received-status=503; details=\"http_503\"";
        assert_eq!(route.proxy_status().as_deref(), Some(expected));
    }

    #[test]
    fn a_wait_that_ended_first_says_so() {
        let route = Route::Waited {
            reason: Forward::Stale,
            role: Role::Follower,
            report: None,
        };
        check(
            &route,
            Freshness::Stale,
            -95,
            "edge; fwd=stale; collapsed; ttl=-95; detail=stale-if-error",
        );
        let expected = "edge; error=http_response_timeout; details=\"deadline_passed\"";
        assert_eq!(route.proxy_status().as_deref(), Some(expected));
        assert_eq!(
            route
                .outcomes(None)
                .first()
                .map(|outcome| &*outcome.outcome),
            Some("deadline_passed")
        );
    }

    #[test]
    fn sources_that_are_left_alone_are_told_from_a_refresh_that_failed() {
        let alone = |source, outcome| Attempt {
            took_ms: None,
            ..failed(source, outcome, None, None)
        };
        let both = vec![
            alone(ORIGIN, "breaker_open"),
            alone(BYBIT_DIRECT, "paused_region"),
        ];
        let route = waited(Forward::Stale, Role::Leader, None, both.clone());
        check(
            &route,
            Freshness::Stale,
            -95,
            "edge; hit; ttl=-95; detail=breaker-open",
        );
        let Route::Waited { report, .. } = route else {
            return;
        };
        check(
            &Route::Held { after: report },
            Freshness::Stale,
            -95,
            "edge; hit; ttl=-95; detail=breaker-open",
        );
        let asked = vec![
            both[0].clone(),
            failed(BYBIT_DIRECT, "http_503", None, Some(503)),
        ];
        let route = waited(Forward::Stale, Role::Leader, None, asked);
        let expected = "edge; fwd=stale; fwd-status=503; ttl=-95; detail=stale-if-error";
        check(&route, Freshness::Stale, -95, expected);
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
    fn what_is_told_of_every_way_to_an_answer_is_a_structured_field_by_the_rules() {
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
        let mut routes = vec![Route::Held { after: None }];
        for (reason, role) in [Forward::Stale, Forward::UriMiss]
            .map(|reason| (reason, Role::Leader))
            .into_iter()
            .chain([
                (Forward::Stale, Role::Follower),
                (Forward::UriMiss, Role::Follower),
            ])
        {
            routes.push(Route::Waited {
                reason,
                role,
                report: None,
            });
            for via in &vias {
                routes.extend(
                    failures()
                        .into_iter()
                        .map(|asked| waited(reason, role, via.clone(), asked)),
                );
            }
        }
        for route in &routes {
            for (class, ttl) in Freshness::ALL
                .into_iter()
                .flat_map(|class| [(class, 9), (class, 0), (class, -95)])
            {
                let told = members(&route.cache_status(class, ttl));
                told.iter()
                    .for_each(|(name, params)| check_cache_status(name, params));
                assert_eq!(
                    told.last().map(|(name, _)| name.as_str()),
                    Some("edge"),
                    "the nearest to the client is last"
                );
            }
            for (name, params) in route
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
            for metric in route
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
        let route = waited(Forward::UriMiss, Role::Leader, None, vec![origin_timeout()]);
        let names = |held| {
            let outcomes = route.outcomes(held).into_iter();
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
