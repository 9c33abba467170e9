//! Every combination of what the origin, Bybit, the other exchanges, the caches and the budgets can
//! do, driven through the policy in simulated time, against a small table of what clients should
//! get.

mod oracle;

use edge::policy::{
    Available, Calls, DEADLINES, Decision, Denied, Entry, FallbackChain, Need, PerUpstream,
    Refresh, RefreshLog, Refusal, Step, Upstream, decide,
};
use oracle::Winner;
use shared::freshness::{Freshness, Limits};
use shared::units::UnixMs;

const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
const LIMITS: Limits = Limits::DEFAULT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Fresh,
    /// Fresh, but silent past the hedge.
    Late,
    Refuses,
    NoHeaders,
    NoEnd,
    /// Valid data of this age.
    Old(u64),
    BreakerOpen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bybit {
    Fresh,
    Late,
    Fails,
    Silent,
    SpentByIsolate,
    SpentByColo,
    Banned,
    BreakerOpen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    None,
    Okx,
    Binance,
    BinanceAfterSilence,
    Fail,
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cache {
    Empty,
    Hangs,
    Holds(u64),
    TellsOfFailure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    NoStore,
    Empty,
    Hangs,
    Holds(u64),
}

#[derive(Clone, Copy, Debug)]
struct Scenario {
    origin: Origin,
    bybit: Bybit,
    others: Others,
    cache: Cache,
    kept: Kept,
    held: Option<u64>,
}

const ORIGINS: [Origin; 8] = [
    Origin::Fresh,
    Origin::Late,
    Origin::Refuses,
    Origin::NoHeaders,
    Origin::NoEnd,
    Origin::Old(30_000),
    Origin::Old(100_000),
    Origin::BreakerOpen,
];
const BYBITS: [Bybit; 8] = [
    Bybit::Fresh,
    Bybit::Late,
    Bybit::Fails,
    Bybit::Silent,
    Bybit::SpentByIsolate,
    Bybit::SpentByColo,
    Bybit::Banned,
    Bybit::BreakerOpen,
];
const OTHERS: [Others; 6] = [
    Others::None,
    Others::Okx,
    Others::Binance,
    Others::BinanceAfterSilence,
    Others::Fail,
    Others::Silent,
];
const CACHES: [Cache; 7] = [
    Cache::Empty,
    Cache::Hangs,
    Cache::Holds(1_000),
    Cache::Holds(20_000),
    Cache::Holds(120_000),
    Cache::Holds(400_000),
    Cache::TellsOfFailure,
];
const KEPT: [Kept; 5] = [
    Kept::NoStore,
    Kept::Empty,
    Kept::Hangs,
    Kept::Holds(40_000),
    Kept::Holds(200_000),
];
const HELD: [Option<u64>; 6] = [
    None,
    Some(1_000),
    Some(10_000),
    Some(30_000),
    Some(100_000),
    Some(400_000),
];

fn before(ms: u64) -> UnixMs {
    UnixMs::from_millis(NOW.as_millis() - ms)
}

/// What comes of a call: when, and data of this age at its end, if any.
#[derive(Clone, Copy)]
struct Reply {
    after_ms: u64,
    data: Option<u64>,
}

const FRESH: Reply = Reply {
    after_ms: 90,
    data: Some(0),
};
const FAILS: Reply = Reply {
    after_ms: 10,
    data: None,
};
const SILENT: Reply = Reply {
    after_ms: u64::MAX / 2,
    data: None,
};

impl Scenario {
    fn reply(&self, upstream: Upstream) -> Reply {
        match upstream {
            Upstream::Origin => match self.origin {
                Origin::Fresh => Reply {
                    after_ms: 50,
                    ..FRESH
                },
                Origin::Late => Reply {
                    after_ms: 350,
                    ..FRESH
                },
                Origin::Refuses => FAILS,
                Origin::NoHeaders => Reply {
                    after_ms: DEADLINES.origin_headers_ms,
                    data: None,
                },
                Origin::NoEnd | Origin::BreakerOpen => SILENT,
                Origin::Old(age_ms) => Reply {
                    after_ms: 50,
                    data: Some(age_ms),
                },
            },
            Upstream::Bybit => match self.bybit {
                Bybit::Fresh | Bybit::SpentByIsolate | Bybit::SpentByColo => FRESH,
                Bybit::Late => Reply {
                    after_ms: 900,
                    ..FRESH
                },
                Bybit::Silent => SILENT,
                _ => FAILS,
            },
            Upstream::Okx => match self.others {
                Others::Okx => FRESH,
                Others::BinanceAfterSilence | Others::Silent => SILENT,
                _ => FAILS,
            },
            Upstream::Binance => match self.others {
                Others::Binance | Others::BinanceAfterSilence => FRESH,
                Others::Silent => SILENT,
                _ => FAILS,
            },
        }
    }

    /// What isolate and colo know, by the same bookkeeping as in use.
    fn admits(&self, upstream: Upstream, need: Need) -> Result<(), Denied> {
        let failing = || {
            (0..4).fold(Calls::default(), |calls, _| {
                calls.began(before(9_000)).ended(false, before(1_000))
            })
        };
        let mut colo = Entry::default();
        match upstream {
            Upstream::Origin => {
                let calls = if self.origin == Origin::BreakerOpen {
                    failing()
                } else {
                    Calls::default()
                };
                calls.admit(NOW)
            }
            Upstream::Bybit => {
                let calls = match self.bybit {
                    Bybit::SpentByIsolate => Calls::default().began(before(2_000)),
                    Bybit::BreakerOpen => failing(),
                    _ => Calls::default(),
                };
                match self.bybit {
                    Bybit::SpentByColo => (0..6).for_each(|n| colo.note_call(before(5_000 + n))),
                    Bybit::Banned => colo.note_refusal(Refusal::RateLimit, before(300_000)),
                    _ => {}
                }
                calls.admit_exchange(&colo, need, NOW)
            }
            Upstream::Okx | Upstream::Binance => Ok(()),
        }
    }
}

/// A refresh as it went.
struct Run {
    winner: Option<Upstream>,
    ended: UnixMs,
    /// When the waiters could first be answered, and what was held then.
    woken: (UnixMs, Option<UnixMs>),
    held: Option<UnixMs>,
    succeeded: bool,
    calls: PerUpstream<u32>,
    steps: u32,
}

/// What a call would be for.
fn need(held: Option<UnixMs>, now: UnixMs) -> Need {
    if held.is_some_and(|as_of| LIMITS.classify(as_of, now).is_some()) {
        Need::YoungerData
    } else {
        Need::Data
    }
}

fn offer(held: &mut Option<UnixMs>, as_of: UnixMs) {
    *held = Some(held.map_or(as_of, |held| held.max(as_of)));
}

/// Carries out the chain's steps as the shell does, in simulated time.
fn drive(scenario: &Scenario) -> Run {
    let is_there = scenario.others != Others::None;
    let available = Available {
        origin: true,
        okx: is_there,
        binance: is_there,
        last_good: scenario.kept != Kept::NoStore,
    };
    let (mut now, mut held) = (NOW, scenario.held.map(before));
    let mut chain = FallbackChain::begin(held, None, now, LIMITS, DEADLINES, available);
    let mut ends: PerUpstream<Option<(UnixMs, Reply)>> = PerUpstream::default();
    let mut run = Run {
        winner: None,
        ended: now,
        woken: (now, held),
        held,
        succeeded: false,
        calls: PerUpstream::default(),
        steps: 0,
    };
    let mut woken = None;
    loop {
        run.steps += 1;
        assert!(run.steps < 100, "no end");
        match chain.next(held, now) {
            Step::ReadCache => {
                let took_ms = if scenario.cache == Cache::Hangs {
                    DEADLINES.cache_ms
                } else {
                    2
                };
                now = now.plus_millis(took_ms);
                if let Cache::Holds(age_ms) = scenario.cache {
                    offer(&mut held, before(age_ms));
                }
                chain.cache_read(held, None, scenario.cache == Cache::TellsOfFailure, now);
                let servable =
                    decide(held, now, &LIMITS, Refresh::Possible) != Decision::WaitForRefresh;
                woken = servable.then_some((now, held));
            }
            Step::Call(upstream) => {
                if let Err(denied) = scenario.admits(upstream, need(held, now)) {
                    if denied.is_over_budget() {
                        chain.over_budget(upstream);
                    } else {
                        chain.failed(upstream);
                    }
                    continue;
                }
                *run.calls.get_mut(upstream) += 1;
                let (reply, has_ms) = (scenario.reply(upstream), chain.timeout_ms(upstream, now));
                let is_in_time = reply.after_ms < has_ms;
                let reply = if is_in_time {
                    reply
                } else {
                    Reply {
                        after_ms: has_ms,
                        data: None,
                    }
                };
                chain.began(upstream, now);
                *ends.get_mut(upstream) = Some((now.plus_millis(reply.after_ms), reply));
            }
            Step::WaitUntil(until) => {
                let next = Upstream::ALL
                    .into_iter()
                    .filter_map(|upstream| Some(ends.get(upstream).as_ref()?.0))
                    .min();
                now = next.filter(|next| *next <= until).unwrap_or(until).max(now);
                for upstream in Upstream::ALL {
                    let Some((_, reply)) = ends.get_mut(upstream).take_if(|(end, _)| *end <= now)
                    else {
                        continue;
                    };
                    match reply.data {
                        Some(0) => chain.succeeded(upstream),
                        Some(age_ms) => {
                            offer(&mut held, before(age_ms));
                            chain.failed(upstream);
                        }
                        None => chain.failed(upstream),
                    }
                }
            }
            Step::ReadLastGood => {
                let took_ms = if scenario.kept == Kept::Hangs {
                    DEADLINES.last_good_ms
                } else {
                    10
                };
                now = now.plus_millis(took_ms);
                if let Kept::Holds(age_ms) = scenario.kept {
                    offer(&mut held, before(age_ms));
                }
                chain.last_good_read();
            }
            Step::Use(upstream) => {
                offer(&mut held, now);
                (run.winner, run.succeeded) = (Some(upstream), true);
                break;
            }
            Step::UseCached => {
                run.succeeded = true;
                break;
            }
            Step::GiveUp => break,
        }
    }
    Run {
        ended: now,
        held,
        woken: woken.unwrap_or((now, held)),
        ..run
    }
}

/// What a request gets at `now`, by the policy: its class, or nothing for a 503. Nothing at all
/// when it would wait.
fn answer(held: Option<UnixMs>, now: UnixMs, refresh: Refresh) -> Option<Option<&'static str>> {
    match decide(held, now, &LIMITS, refresh) {
        // Who waits briefly gets this at worst.
        Decision::Serve(class) | Decision::WaitBriefly(class) => Some(Some(class.name())),
        Decision::LastKnownGood => Some(Some("stale")),
        Decision::Unavailable => Some(None),
        Decision::WaitForRefresh => None,
    }
}

fn all(mut check: impl FnMut(&Scenario)) -> usize {
    let mut count = 0;
    for origin in ORIGINS {
        for bybit in BYBITS {
            for others in OTHERS {
                for cache in CACHES {
                    for kept in KEPT {
                        for held in HELD {
                            check(&Scenario {
                                origin,
                                bybit,
                                others,
                                cache,
                                kept,
                                held,
                            });
                            count += 1;
                        }
                    }
                }
            }
        }
    }
    count
}

fn name(winner: Winner) -> Upstream {
    match winner {
        Winner::Origin => Upstream::Origin,
        Winner::Bybit => Upstream::Bybit,
        Winner::Okx => Upstream::Okx,
        Winner::Binance => Upstream::Binance,
    }
}

#[test]
fn every_combination_gives_the_answer_of_the_table() {
    let count = all(|scenario| {
        let start = scenario.held.map(before);
        let (expected_winner, expected_class) = oracle::first(scenario);
        // The first request, which leads the refresh if it needs one.
        let class = match answer(start, NOW, Refresh::Possible) {
            Some(class) => class,
            None => {
                let run = drive(scenario);
                let (woken_at, held) = run.woken;
                let is_over = woken_at == run.ended;
                let state = match (is_over, run.succeeded) {
                    (false, _) => Refresh::Running,
                    (true, true) => Refresh::Rested,
                    (true, false) => Refresh::Failed,
                };
                assert!(
                    woken_at.millis_since(NOW) <= DEADLINES.total_ms,
                    "too late in {scenario:?}"
                );
                if is_over {
                    assert_eq!(run.winner, expected_winner.map(name), "in {scenario:?}");
                }
                answer(held, woken_at, state)
                    .unwrap_or_else(|| panic!("it waits for ever in {scenario:?}"))
            }
        };
        assert_eq!(class, expected_class, "in {scenario:?}");
    });
    assert_eq!(count, 8 * 8 * 6 * 7 * 5 * 6);
}

#[test]
fn every_refresh_is_answered_by_the_one_of_the_table() {
    all(|scenario| {
        let decision = decide(scenario.held.map(before), NOW, &LIMITS, Refresh::Possible);
        if decision != Decision::Serve(Freshness::Fresh) {
            assert_eq!(
                drive(scenario).winner,
                oracle::winner(scenario).map(name),
                "in {scenario:?}"
            );
        }
    });
}

#[test]
fn no_combination_breaks_the_promise() {
    all(|scenario| {
        let run = drive(scenario);
        let begun = scenario.held.map(before);
        let age = |held: Option<UnixMs>, now: UnixMs| held.map(|as_of| now.millis_since(as_of));
        // Bounded time, with room for what is not simulated.
        let took_ms = run.ended.millis_since(NOW);
        assert!(
            took_ms <= DEADLINES.total_ms - DEADLINES.grace_ms,
            "{took_ms} ms in {scenario:?}"
        );
        // Never back in time.
        assert!(
            run.held >= begun && run.woken.1 >= begun,
            "back in time in {scenario:?}"
        );
        // Bounded harm: each upstream is called at most once, and none that is denied.
        for upstream in Upstream::ALL {
            let allowed = u32::from(scenario.admits(upstream, Need::Data).is_ok());
            assert!(
                *run.calls.get(upstream) <= allowed,
                "{upstream:?} in {scenario:?}"
            );
        }
        assert!(
            *run.calls.get(Upstream::Okx) == 0 || scenario.origin != Origin::Fresh,
            "another exchange was called beside a good origin in {scenario:?}"
        );
        // Whoever comes next, follower or not, gets an answer at once, of the class of its age, and
        // asks nobody.
        let mut log = RefreshLog::default();
        if run.succeeded {
            log.succeeded = Some(run.ended);
        } else {
            log.failed = Some(run.ended);
        }
        for after_ms in [0, 100, 900] {
            let now = run.ended.plus_millis(after_ms);
            let state = log.state(now);
            assert_ne!(
                state,
                Refresh::Possible,
                "another refresh starts at once in {scenario:?}"
            );
            let served =
                answer(run.held, now, state).unwrap_or_else(|| panic!("a wait after {scenario:?}"));
            assert_eq!(served, oracle::class(age(run.held, now)), "in {scenario:?}");
        }
    });
}
