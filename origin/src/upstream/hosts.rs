//! Which host of an upstream serves a request: the first one, or an alternative of the same service
//! while the first one fails.
//!
//! State machine per endpoint (a path without its query), since a host may fail at one endpoint and
//! serve the others. No entry: the first host is used. A failure of the host → `Away`: the
//! alternative is used for a while (`stay`), then one request probes the first host while all
//! others stay. If the probe fails, the stay doubles. If the alternative fails too, requests
//! alternate.
//!
//! Invariant: no request is sent twice. The caller's retry is the one that goes to the other host,
//! so the budget counts every request once.

use super::error::FetchError;
use crate::config::BaseUrl;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the alternative is used before the first host is probed. It doubles with each failed
/// probe.
const FIRST_STAY: Duration = Duration::from_secs(10);
const LONGEST_STAY: Duration = Duration::from_secs(600);

/// When a probe counts as lost and another may go: longer than any request may take.
const LOST_AFTER: Duration = Duration::from_secs(8);

/// The hosts of one upstream.
#[derive(Debug)]
pub(super) struct Hosts {
    first: BaseUrl,
    other: Option<BaseUrl>,
    away: Mutex<HashMap<String, Away>>,
}

/// An endpoint that the first host does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Away {
    /// When the first host is probed.
    back_at: Instant,
    stay: Duration,
    /// Since when a probe is under way.
    looking: Option<Instant>,
    /// Whether the alternative failed as well, so the next request goes to the first host.
    both_fail: bool,
}

/// The host of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The first host.
    First,
    /// The alternative.
    Other,
}

impl Hosts {
    pub(super) fn new(first: BaseUrl, other: Option<BaseUrl>) -> Self {
        Self {
            first,
            other,
            away: Mutex::default(),
        }
    }

    pub(super) fn base(&self, host: Host) -> &BaseUrl {
        match (host, &self.other) {
            (Host::Other, Some(other)) => other,
            (Host::First, _) | (Host::Other, None) => &self.first,
        }
    }

    /// The host of the next request for `path`.
    pub(super) fn choose(&self, path: &str, now: Instant) -> Host {
        if self.other.is_none() {
            return Host::First;
        }
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(away) = away.get_mut(endpoint(path)) else {
            return Host::First;
        };
        // Neither is known to work, so no probe is needed.
        if away.both_fail {
            return Host::First;
        }
        let is_looking = away
            .looking
            .is_some_and(|since| now.saturating_duration_since(since) < LOST_AFTER);
        if now < away.back_at || is_looking {
            return Host::Other;
        }
        // Claimed under the lock: a single request is the probe.
        away.looking = Some(now);
        Host::First
    }

    /// Takes the outcome of a request for `path`.
    pub(super) fn note<T>(
        &self,
        path: &str,
        host: Host,
        outcome: &Result<T, FetchError>,
        now: Instant,
    ) {
        if self.other.is_none() {
            return;
        }
        let fails = matches!(outcome, Err(error) if is_of_the_host(error));
        let endpoint = endpoint(path);
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match (host, fails, away.get_mut(endpoint)) {
            (Host::First, false, None) => {}
            // Away → back: the probe succeeded, or an early request did after all.
            (Host::First, false, Some(_)) => {
                away.remove(endpoint);
                tracing::info!(endpoint, host = %self.first, "answers again");
            }
            // First → away.
            (Host::First, true, None) => {
                let back_at = now + FIRST_STAY;
                away.insert(
                    endpoint.to_owned(),
                    Away {
                        back_at,
                        stay: FIRST_STAY,
                        looking: None,
                        both_fail: false,
                    },
                );
                tracing::warn!(endpoint, host = %self.first, "fails; another host of the same service is asked");
            }
            (Host::First, true, Some(away)) => away.leave_again(now),
            // A success of the alternative ends the alternation.
            (Host::Other, fails, Some(away)) => away.both_fail = fails,
            // The first host came back while this request was under way.
            (Host::Other, _, None) => {}
        }
    }
}

impl Away {
    /// The first host failed while the endpoint is away.
    fn leave_again(&mut self, now: Instant) {
        // Only a probe doubles the stay. Otherwise this is a request from before the change, and
        // its failure is already accounted for.
        if self.looking.take().is_some() {
            self.stay = self.stay.saturating_mul(2).min(LONGEST_STAY);
            self.back_at = now + self.stay;
        }
        // The next request goes to the alternative again.
        self.both_fail = false;
    }
}

/// Whether the alternative may do better. Not after a rate limit or ban, which is of our address,
/// nor after bad data, which both hosts would send.
fn is_of_the_host(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Timeout
            | FetchError::Unreachable(_)
            | FetchError::BrokenOff(_)
            | FetchError::Status { status: 500.., .. }
    )
}

fn endpoint(path: &str) -> &str {
    path.split_once('?').map_or(path, |(endpoint, _)| endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICKERS: &str = "/v5/market/tickers?category=linear";
    const KLINE: &str = "/v5/market/kline?symbol=BTCUSDT";

    fn hosts() -> Hosts {
        let base = |text: &str| text.parse::<BaseUrl>().unwrap();
        Hosts::new(
            base("https://api.bybit.com"),
            Some(base("https://api.bytick.com")),
        )
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// Sends a request that ends in `outcome`, and says where it went.
    fn ask(hosts: &Hosts, path: &str, now: Instant, outcome: &Result<(), FetchError>) -> Host {
        let host = hosts.choose(path, now);
        hosts.note(path, host, outcome, now);
        host
    }

    #[test]
    fn a_failure_of_the_host_sends_the_next_request_of_that_endpoint_elsewhere() {
        for error in [
            FetchError::Timeout,
            FetchError::Unreachable(String::new()),
            FetchError::BrokenOff(String::new()),
            FetchError::Status {
                status: 502,
                retry_after: None,
            },
        ] {
            let (hosts, now) = (hosts(), Instant::now());
            assert_eq!(ask(&hosts, TICKERS, now, &Err(error)), Host::First);
            assert_eq!(
                ask(&hosts, KLINE, now, &Ok(())),
                Host::First,
                "another endpoint"
            );
            assert_eq!(ask(&hosts, TICKERS, now, &Ok(())), Host::Other);
        }
    }

    #[test]
    fn what_every_host_would_say_sends_nothing_elsewhere() {
        for error in [
            FetchError::forbidden(b"access too frequent"),
            FetchError::forbidden(b""),
            FetchError::RateLimited { retry_after: None },
            FetchError::Status {
                status: 429,
                retry_after: None,
            },
            FetchError::Status {
                status: 404,
                retry_after: None,
            },
            FetchError::TooLarge { limit: 1 },
        ] {
            let (hosts, now) = (hosts(), Instant::now());
            ask(&hosts, TICKERS, now, &Err(error));
            assert_eq!(hosts.choose(TICKERS, now), Host::First);
        }
    }

    #[test]
    fn after_a_while_one_request_looks_whether_the_first_host_is_back() {
        let (hosts, now) = (hosts(), Instant::now());
        ask(&hosts, TICKERS, now, &Err(FetchError::Timeout));
        assert_eq!(hosts.choose(TICKERS, now + secs(9)), Host::Other);
        assert_eq!(hosts.choose(TICKERS, now + secs(10)), Host::First);
        assert_eq!(
            hosts.choose(TICKERS, now + secs(11)),
            Host::Other,
            "one looks, and the others are served"
        );
        hosts.note(TICKERS, Host::First, &Ok(()), now + secs(11));
        assert_eq!(hosts.choose(TICKERS, now + secs(11)), Host::First);
    }

    #[test]
    fn a_first_host_that_stays_away_is_looked_at_less_and_less_often() {
        let (hosts, began) = (hosts(), Instant::now());
        ask(&hosts, TICKERS, began, &Err(FetchError::Timeout));
        let mut looked = Vec::new();
        for second in 0..3_600 {
            let now = began + secs(second);
            let host = hosts.choose(TICKERS, now);
            let outcome = if host == Host::First {
                Err(FetchError::Timeout)
            } else {
                Ok(())
            };
            hosts.note(TICKERS, host, &outcome, now);
            if host == Host::First {
                looked.push(second);
            }
        }
        assert_eq!(
            looked,
            [10, 30, 70, 150, 310, 630, 1_230, 1_830, 2_430, 3_030]
        );
    }

    #[test]
    fn when_both_fail_they_take_turns() {
        let (hosts, now) = (hosts(), Instant::now());
        let asked: Vec<Host> = (0..6)
            .map(|_| ask(&hosts, TICKERS, now, &Err(FetchError::Timeout)))
            .collect();
        assert_eq!(
            asked,
            [
                Host::First,
                Host::Other,
                Host::First,
                Host::Other,
                Host::First,
                Host::Other
            ]
        );
    }

    #[test]
    fn requests_that_fail_together_count_once() {
        let (hosts, now) = (hosts(), Instant::now());
        for _ in 0..20 {
            hosts.note(KLINE, Host::First, &Err::<(), _>(FetchError::Timeout), now);
        }
        assert_eq!(hosts.choose(KLINE, now), Host::Other);
        assert_eq!(hosts.choose(KLINE, now + secs(10)), Host::First);
    }

    #[test]
    fn a_look_that_nobody_hears_of_is_made_again() {
        let (hosts, now) = (hosts(), Instant::now());
        ask(&hosts, TICKERS, now, &Err(FetchError::Timeout));
        assert_eq!(hosts.choose(TICKERS, now + secs(10)), Host::First);
        assert_eq!(hosts.choose(TICKERS, now + secs(17)), Host::Other);
        assert_eq!(hosts.choose(TICKERS, now + secs(18)), Host::First);
    }

    #[test]
    fn without_another_host_the_first_is_asked_for_ever() {
        let hosts = Hosts::new("https://api.bybit.com".parse().unwrap(), None);
        let now = Instant::now();
        assert_eq!(
            ask(&hosts, TICKERS, now, &Err(FetchError::Timeout)),
            Host::First
        );
        assert_eq!(
            ask(&hosts, TICKERS, now, &Err(FetchError::Timeout)),
            Host::First
        );
    }

    proptest! {
        #[test]
        fn whatever_came_before_a_first_host_that_works_is_asked_again(
            outcomes in proptest::collection::vec((0_u64..60, any::<bool>()), 0..100),
        ) {
            let hosts = hosts();
            let mut now = Instant::now();
            for (pause, works) in outcomes {
                now += secs(pause);
                ask(&hosts, TICKERS, now, &if works { Ok(()) } else { Err(FetchError::Timeout) });
            }
            now += LONGEST_STAY + LOST_AFTER;
            prop_assert_eq!(ask(&hosts, TICKERS, now, &Ok(())), Host::First);
            prop_assert_eq!(ask(&hosts, TICKERS, now, &Ok(())), Host::First);
        }
    }
}
