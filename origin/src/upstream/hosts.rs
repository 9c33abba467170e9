//! Under which host an upstream is asked: its first one, or another of the same service while the
//! first one fails.
//!
//! Each endpoint (a path without its query) has a state of its own, for a host may fail at one and
//! serve the others. A failure of the host sends the next request of that endpoint to the other
//! one; after a while a single request looks whether the first one is back, while all others stay
//! where they are answered. Nothing is asked twice: the caller's next try is the one that
//! goes elsewhere, so that the budget counts every request once.

use super::error::FetchError;
use crate::config::BaseUrl;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the other host is used before the first one is tried again; it doubles with each time
/// that this is in vain.
const FIRST_STAY: Duration = Duration::from_secs(10);
const LONGEST_STAY: Duration = Duration::from_secs(600);

/// More than a request may take: the one that looks at the first host counts as lost when nothing
/// came of it until then.
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
    /// When the first host is tried again.
    back_at: Instant,
    stay: Duration,
    /// Since when a request looks whether the first host is back.
    looking: Option<Instant>,
    /// Whether the other host failed as well, so that the next request goes to the first one.
    both_fail: bool,
}

/// Where one request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// To the first host.
    First,
    /// To the other one.
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

    /// Where the next request for `path` goes.
    pub(super) fn choose(&self, path: &str, now: Instant) -> Host {
        if self.other.is_none() {
            return Host::First;
        }
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(away) = away.get_mut(endpoint(path)) else {
            return Host::First;
        };
        if away.both_fail {
            return Host::First;
        }
        let is_looking = away
            .looking
            .is_some_and(|since| now.saturating_duration_since(since) < LOST_AFTER);
        if now < away.back_at || is_looking {
            return Host::Other;
        }
        away.looking = Some(now);
        Host::First
    }

    /// Learns from what came of a request for `path`.
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
            (Host::First, false, Some(_)) => {
                away.remove(endpoint);
                tracing::info!(endpoint, host = %self.first, "answers again");
            }
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
            (Host::Other, fails, Some(away)) => away.both_fail = fails,
            (Host::Other, _, None) => {}
        }
    }
}

impl Away {
    /// The first host failed again, or a request of before it was left came back.
    fn leave_again(&mut self, now: Instant) {
        if self.looking.take().is_some() {
            self.stay = self.stay.saturating_mul(2).min(LONGEST_STAY);
            self.back_at = now + self.stay;
        }
        self.both_fail = false;
    }
}

/// Whether another host of the same service may do better: not when this one says what all of them
/// would, such as that we ask too often, and not when its answer is no data.
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
