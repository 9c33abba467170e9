//! Fifteen minutes without the origin, with several isolates in one colo: how often each upstream is
//! called, and what clients see.
//!
//! The isolates run the policy as the Worker does, each with its own memory, over one cache whose
//! entries can be read a moment after they are written. The resulting table is kept in
//! `docs/outage.md`.

use edge::policy::{
    Available, Calls, DEADLINES, Decision, FallbackChain, Ledger, Need, PerUpstream, RefreshLog,
    ShownVenue, Step, Upstream, decide,
};
use shared::freshness::{Freshness, Limits};
use shared::provenance::Venue;
use shared::units::UnixMs;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const BEGIN: UnixMs = UnixMs::from_millis(1_788_870_000_000);
const LIMITS: Limits = Limits::DEFAULT;
const AVAILABLE: Available = Available {
    origin: true,
    okx: true,
    binance: true,
    last_good: false,
};
const MINUTES: u64 = 15;

/// Between two requests to one isolate.
const REQUEST_EVERY_MS: u64 = 1_000;

/// Until what is put into the cache can be read.
const PUT_MS: u64 = 5;
const LOOK_MS: u64 = 2;
const FAILURE_MS: u64 = 10;
const ANSWER_MS: u64 = 90;

/// How old a table is when it arrives.
const AGE_ON_ARRIVAL_MS: u64 = 50;

/// The longest that the data of one refresh lasts, which is also the farthest that a client may be
/// sent back.
const ONE_REFRESH_MS: u64 = 12_500;

/// An outage: which upstream answers at which time, milliseconds from the beginning.
#[derive(Clone, Copy, Debug)]
struct Outage {
    what: &'static str,
    answers: fn(Upstream, u64) -> bool,
}

const OUTAGES: [Outage; 3] = [
    Outage {
        what: "the origin is down, and Bybit is well",
        answers: |upstream, _| upstream != Upstream::Origin,
    },
    Outage {
        what: "Bybit fails too, from minute 5 to 7",
        answers: |upstream, ms| match upstream {
            Upstream::Origin => false,
            Upstream::Bybit => !(300_000..420_000).contains(&ms),
            Upstream::Okx | Upstream::Binance => true,
        },
    },
    Outage {
        what: "the origin comes back in minute 10",
        answers: |upstream, ms| upstream != Upstream::Origin || ms >= 600_000,
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    as_of: UnixMs,
    venue: Venue,
    is_from_origin: bool,
}

/// What one isolate knows.
#[derive(Clone, Debug)]
struct Isolate {
    held: Held,
    shown: ShownVenue,
    log: RefreshLog,
    calls: PerUpstream<Calls>,
    ledger: Ledger,
    /// How it is once its refresh is over.
    after: Option<(UnixMs, Box<Self>)>,
}

/// What was put into the colo's cache, by the time from which on it can be read.
#[derive(Debug, Default)]
struct Colo {
    snapshots: Vec<(UnixMs, Held)>,
    ledgers: Vec<(UnixMs, Ledger)>,
    calls: Vec<(u64, Upstream)>,
}

impl Colo {
    fn snapshot(&self, now: UnixMs) -> Option<Held> {
        self.snapshots
            .iter()
            .filter(|(from, _)| *from <= now)
            .map(|(_, held)| *held)
            .max_by_key(|held| held.as_of)
    }

    fn ledger(&self, now: UnixMs) -> Option<&Ledger> {
        self.ledgers
            .iter()
            .filter(|(from, _)| *from <= now)
            .max_by_key(|(from, _)| *from)
            .map(|(_, ledger)| ledger)
    }
}

impl Isolate {
    fn offer(&mut self, found: Held, now: UnixMs) -> bool {
        let is_younger = found.as_of > self.held.as_of;
        if is_younger {
            if found.venue != self.shown.venue {
                self.shown = ShownVenue {
                    venue: found.venue,
                    since: now,
                };
            }
            self.held = found;
        }
        is_younger
    }

    fn read_ledger(&mut self, colo: &Colo, now: UnixMs) {
        if let Some(ledger) = colo.ledger(now) {
            self.ledger.merge(ledger, now);
        }
    }

    /// Carries out one refresh, and returns when it is over.
    fn refresh(&mut self, colo: &mut Colo, outage: Outage, mut now: UnixMs) -> UnixMs {
        let mut chain = FallbackChain::begin(
            Some(self.held.as_of),
            Some(self.shown),
            now,
            LIMITS,
            DEADLINES,
            AVAILABLE,
        );
        let mut running: PerUpstream<Option<(UnixMs, Option<Held>)>> = PerUpstream::default();
        let mut found: PerUpstream<Option<Held>> = PerUpstream::default();
        let mut cache_helped = false;
        let succeeded = loop {
            match chain.next(Some(self.held.as_of), now) {
                Step::ReadCache => {
                    now = now.plus_millis(LOOK_MS);
                    if let Some(found) = colo.snapshot(now) {
                        cache_helped = self.offer(found, now);
                    }
                    chain.cache_read(Some(self.held.as_of), Some(self.shown), false, now);
                }
                Step::UseCached => break true,
                Step::Call(upstream) => {
                    if upstream != Upstream::Origin {
                        now = now.plus_millis(LOOK_MS);
                        self.read_ledger(colo, now);
                    }
                    let calls = self.calls.get_mut(upstream);
                    let admitted = if upstream == Upstream::Origin {
                        calls.admit(now)
                    } else {
                        let need = LIMITS
                            .classify(self.held.as_of, now)
                            .map_or(Need::Data, |_| Need::YoungerData);
                        calls.admit_exchange(self.ledger.entry(upstream), need, now)
                    };
                    match admitted {
                        Err(denied) if denied.is_over_budget() => chain.over_budget(upstream),
                        Err(_) => chain.failed(upstream),
                        Ok(()) => {
                            *calls = calls.began(now);
                            let ms = now.millis_since(BEGIN);
                            colo.calls.push((ms, upstream));
                            if upstream != Upstream::Origin {
                                self.ledger.entry_mut(upstream).note_call(now);
                                colo.ledgers
                                    .push((now.plus_millis(PUT_MS), self.ledger.clone()));
                            }
                            chain.began(upstream, now);
                            let answers = (outage.answers)(upstream, ms);
                            let end = now.plus_millis(if answers { ANSWER_MS } else { FAILURE_MS });
                            let as_of = UnixMs::from_millis(end.as_millis() - AGE_ON_ARRIVAL_MS);
                            let is_from_origin = upstream == Upstream::Origin;
                            let held = answers.then_some(Held {
                                as_of,
                                venue: venue(upstream),
                                is_from_origin,
                            });
                            *running.get_mut(upstream) = Some((end, held));
                        }
                    }
                }
                Step::WaitUntil(until) => {
                    let ends = Upstream::ALL
                        .iter()
                        .filter_map(|upstream| Some(running.get(*upstream).as_ref()?.0));
                    now = ends
                        .min()
                        .filter(|end| *end <= until)
                        .unwrap_or(until)
                        .max(now);
                    for upstream in Upstream::ALL {
                        let Some((_, held)) =
                            running.get_mut(upstream).take_if(|(end, _)| *end <= now)
                        else {
                            continue;
                        };
                        let calls = self.calls.get_mut(upstream);
                        *calls = calls.ended(held.is_some(), now);
                        *found.get_mut(upstream) = held;
                        if held.is_some() {
                            chain.succeeded(upstream);
                        } else {
                            chain.failed(upstream);
                        }
                    }
                }
                Step::Use(upstream) => {
                    let held = found.get(upstream).unwrap();
                    self.offer(held, now);
                    colo.snapshots.push((now.plus_millis(PUT_MS), held));
                    break true;
                }
                Step::ReadLastGood => chain.last_good_read(),
                Step::GiveUp => break cache_helped,
            }
        };
        (self.log.started, self.log.failed) = (None, (!succeeded).then_some(now));
        self.log.succeeded = succeeded.then_some(now).or(self.log.succeeded);
        now
    }

    /// Answers a request, which may begin a refresh: what is shown, and when.
    fn answer(&mut self, colo: &mut Colo, outage: Outage, now: UnixMs) -> (Held, UnixMs) {
        if let Some((_, after)) = self.after.take_if(|(end, _)| *end <= now) {
            *self = *after;
        }
        match decide(Some(self.held.as_of), now, &LIMITS, self.log.state(now)) {
            Decision::Serve(_) | Decision::LastKnownGood | Decision::Unavailable => {
                (self.held, now)
            }
            Decision::WaitBriefly(Freshness::Fresh) => {
                let mut after = self.clone();
                let end = after.refresh(colo, outage, now);
                let patience = now.plus_millis(DEADLINES.refresh_wait_ms);
                if end <= patience {
                    *self = after;
                    return (self.held, end);
                }
                self.log.started = Some(now);
                self.after = Some((end, Box::new(after)));
                (self.held, patience)
            }
            Decision::WaitBriefly(_) | Decision::WaitForRefresh => {
                let end = self.refresh(colo, outage, now);
                (self.held, end)
            }
        }
    }
}

fn venue(upstream: Upstream) -> Venue {
    match upstream {
        Upstream::Origin | Upstream::Bybit => Venue::Bybit,
        Upstream::Okx => Venue::Okx,
        Upstream::Binance => Venue::Binance,
    }
}

/// What a client saw that asks the isolates in turn.
#[derive(Debug, Default)]
struct Seen {
    venues: BTreeSet<&'static str>,
    /// How often an answer was of another venue than the one before.
    changes: u32,
    oldest_ms: u64,
    back_ms: u64,
    busiest_minute: usize,
    calls: usize,
    from_origin_at_last: bool,
}

/// The isolates' requests lie evenly in each second, and a little off it, so that no two refreshes
/// begin together for ever.
fn simulate(outage: Outage, isolates: u64) -> Seen {
    let held = |n: u64| UnixMs::from_millis(BEGIN.as_millis() - n % 3_000);
    let isolate = |n| Isolate {
        held: Held {
            as_of: held(n * 97),
            venue: Venue::Bybit,
            is_from_origin: true,
        },
        shown: ShownVenue {
            venue: Venue::Bybit,
            since: held(n * 97),
        },
        log: RefreshLog::default(),
        calls: PerUpstream::default(),
        ledger: Ledger::default(),
        after: None,
    };
    let (mut all, mut colo): (Vec<Isolate>, Colo) =
        ((0..isolates).map(isolate).collect(), Colo::default());
    let mut seen = Seen::default();
    let (mut youngest, mut last) = (BEGIN, Venue::Bybit);
    for round in 0..MINUTES * 60_000 / REQUEST_EVERY_MS {
        for (n, isolate) in (0_u64..).zip(&mut all) {
            let wobble = (round * 7_919 + n * 104_729) % 17;
            let now = BEGIN
                .plus_millis(round * REQUEST_EVERY_MS + n * REQUEST_EVERY_MS / isolates + wobble);
            let (served, now) = isolate.answer(&mut colo, outage, now);
            seen.oldest_ms = seen.oldest_ms.max(now.millis_since(served.as_of));
            seen.back_ms = seen.back_ms.max(youngest.millis_since(served.as_of));
            youngest = youngest.max(served.as_of);
            seen.changes += u32::from(served.venue != last);
            last = served.venue;
            seen.venues.insert(served.venue.name());
            seen.from_origin_at_last = served.is_from_origin;
        }
    }
    let direct = || {
        colo.calls
            .iter()
            .filter(|(_, upstream)| *upstream != Upstream::Origin)
    };
    seen.calls = direct().count();
    seen.busiest_minute = (0..MINUTES)
        .map(|minute| direct().filter(|(ms, _)| ms / 60_000 == minute).count())
        .max()
        .unwrap();
    seen
}

#[test]
fn one_market_is_shown_for_a_whole_outage_and_its_data_stays_fresh() {
    let mut document = String::from(
        "# Fifteen minutes without the origin\n\nMade and checked by `edge/tests/integration/outage.rs`: the isolates of one \
         colo, each asked once a second, over one cache; a client that asks them in turn. The times are simulated.\n\n| What \
         happens | Isolates | Markets shown | Changes seen | Oldest answer | Farthest back | Calls to exchanges in the busiest \
         minute |\n|---|---|---|---|---|---|---|\n",
    );
    for outage in OUTAGES {
        for isolates in [1, 8, 30] {
            let seen = simulate(outage, isolates);
            let case = format!("{}, {isolates} isolates: {seen:?}", outage.what);
            let venues: Vec<&str> = seen.venues.iter().copied().collect();
            writeln!(
                document,
                "| {} | {isolates} | {} | {} | {:.1} s | {:.1} s | {} |",
                outage.what,
                venues.join(", "),
                seen.changes,
                seen.oldest_ms as f64 / 1e3,
                seen.back_ms as f64 / 1e3,
                seen.busiest_minute,
            )
            .unwrap();
            let is_bybit_well =
                (0..900).all(|second| (outage.answers)(Upstream::Bybit, second * 1_000));
            assert!(!seen.venues.contains("binance"), "{case}");
            assert!(!is_bybit_well || venues == ["bybit"], "{case}");
            assert!(seen.oldest_ms <= 15_000, "{case}");
            assert!(seen.back_ms <= ONE_REFRESH_MS, "{case}");
            assert!(seen.busiest_minute <= 12 && seen.calls <= 15 * 8, "{case}");
            assert_eq!(
                seen.from_origin_at_last,
                outage.what.starts_with("the origin comes back"),
                "{case}"
            );
        }
    }
    expect_test::expect_file!["../../../docs/outage.md"].assert_eq(&document);
}
