//! Hours in which one thing after the other breaks and is mended, and what clients see meanwhile.

use crate::faults::{Chance, Fault, Table, catalogue};
use crate::oracle::Oracle;
use crate::world::{Setup, World};
use shared::freshness::Freshness;
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Until everything is loaded.
const UNTOUCHED_S: u64 = 120;

/// The shortest of the long faults, and the shortest and longest time between two.
const AT_LEAST_S: u64 = 5;
const PAUSE_S: (u64, u64) = (60, 120);

/// How long after a fault data may be less than fresh: the longest pause that failures lead to, and
/// a round.
const RECOVERED_AFTER_S: u64 = 45;

/// How much younger an age may be told than it is: what it takes to fetch and publish.
const AGE_TOLERANCE_MS: u64 = 2_500;

/// A fault that is set.
struct Set {
    fault: Fault,
    at: UnixMs,
    until_s: u64,
}

/// What was seen under one kind of fault.
#[derive(Debug, Default)]
struct Seen {
    times: u32,
    seconds: u64,
    refused_s: u64,
    oldest_ms: u64,
}

/// Runs for so many hours, and ends at the first answer that is not true.
pub(crate) async fn soak(begins_at: UnixMs, hours: f64, report_minutes: f64, seed: u64) {
    let mut client = Client::new(begins_at, seed);
    let (seconds, report_s) = (
        (hours * 3_600.0) as u64,
        ((report_minutes * 60.0) as u64).max(1),
    );
    for second in 0..seconds {
        client.turn(second).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.look(second).await;
        if second % report_s == 0 {
            client.report(second);
        }
    }
    client.report(seconds);
    for (
        name,
        Seen {
            times,
            seconds,
            refused_s,
            oldest_ms,
        },
    ) in &client.seen
    {
        println!(
            "{times:3} × {seconds:6} s, refused {refused_s:4} s, oldest {:6.1} s: {name}",
            *oldest_ms as f64 / 1e3
        );
    }
    println!(
        "{} kinds of faults in {seconds} s of the market, and no answer that was not true",
        client.seen.len()
    );
}

struct Client {
    world: World,
    oracle: Oracle,
    catalogue: Vec<Fault>,
    chance: Chance,
    set: Option<Set>,
    /// When the next fault is set, and when the last one was mended.
    next_s: u64,
    mended_s: u64,
    /// The last publication that was judged.
    judged: Option<u64>,
    publications: u64,
    seen: BTreeMap<String, Seen>,
    began: Instant,
}

impl Client {
    fn new(begins_at: UnixMs, seed: u64) -> Self {
        Self {
            world: World::start(Setup {
                begins_at,
                ..Setup::USUAL
            }),
            oracle: Oracle::new(begins_at),
            catalogue: catalogue(),
            chance: Chance(seed),
            set: None,
            next_s: UNTOUCHED_S,
            mended_s: 0,
            judged: None,
            publications: 0,
            seen: BTreeMap::new(),
            began: Instant::now(),
        }
    }

    /// Sets the next fault, or mends the last one, when it is time.
    async fn turn(&mut self, second: u64) {
        if self.set.as_ref().is_some_and(|set| second >= set.until_s) {
            self.world.mend().await;
            self.set = None;
            self.mended_s = second;
            self.next_s = second + PAUSE_S.0 + self.chance.below(PAUSE_S.1 - PAUSE_S.0);
        }
        if self.set.is_none() && second >= self.next_s {
            let fault =
                self.catalogue[self.chance.below(self.catalogue.len() as u64) as usize].clone();
            let lasts_s = fault
                .at_most_s
                .min(AT_LEAST_S + self.chance.below(fault.at_most_s));
            self.world.fault(fault.link, &fault.order.to_string()).await;
            self.seen.entry(fault.name()).or_default().times += 1;
            self.set = Some(Set {
                fault,
                at: self.world.true_time(),
                until_s: second + lasts_s,
            });
        }
    }

    /// Looks at what a client gets now.
    async fn look(&mut self, second: u64) {
        self.world.take_asked();
        let told = self.world.told();
        self.note(told.map(|told| told.age_ms));
        let Some(told) = told else {
            assert!(
                self.may_age(second) || second < UNTOUCHED_S,
                "nothing is served: {}",
                self.story()
            );
            return;
        };
        assert!(
            told.age_ms + AGE_TOLERANCE_MS >= told.true_age_ms,
            "too young, {told:?}: {}",
            self.story()
        );
        assert!(
            told.class == Freshness::Fresh || self.may_age(second),
            "{told:?}: {}",
            self.story()
        );
        if let Some(Set { fault, at, .. }) = &self.set
            && fault.table == Table::StandsStill
        {
            let is_older = told.as_of.as_millis() <= at.as_millis() + AGE_TOLERANCE_MS;
            assert!(
                is_older,
                "a market that stands still grew younger: {}",
                self.story()
            );
        }
        let held = self.world.context.current.get();
        let Some(snapshot) = held.as_ref().map(|held| held.valid().get()) else {
            return;
        };
        if self.judged != Some(snapshot.sequence) {
            self.judged = Some(snapshot.sequence);
            self.publications += 1;
            let faults = self.oracle.faults(snapshot).await;
            assert!(
                faults.is_empty(),
                "{faults:#?}\nat {}: {}",
                snapshot.as_of_ms.rfc3339(),
                self.story()
            );
        }
    }

    /// Notes a second under a fault, and how old the data is that is served.
    fn note(&mut self, told_ms: Option<u64>) {
        let Some(set) = &self.set else { return };
        let seen = self.seen.entry(set.fault.name()).or_default();
        seen.seconds += 1;
        seen.refused_s += u64::from(told_ms.is_none());
        seen.oldest_ms = seen.oldest_ms.max(told_ms.unwrap_or_default());
    }

    /// Whether data may be less than fresh: a fault lies on the table, or did until a moment ago.
    fn may_age(&self, second: u64) -> bool {
        let is_broken = self
            .set
            .as_ref()
            .is_some_and(|set| set.fault.table != Table::Comes);
        is_broken || second < self.mended_s + RECOVERED_AFTER_S
    }

    fn story(&self) -> String {
        let set = self
            .set
            .as_ref()
            .map_or_else(|| "nothing is broken".to_owned(), |set| set.fault.name());
        format!("{set}; {:?}", self.world.context.board.all())
    }

    fn report(&self, second: u64) {
        let times: u32 = self.seen.values().map(|seen| seen.times).sum();
        println!(
            "hour {:5.2}: {:6} publications judged, {times} faults of {} kinds, after {:.0} s",
            second as f64 / 3_600.0,
            self.publications,
            self.seen.len(),
            self.began.elapsed().as_secs_f64(),
        );
    }
}
