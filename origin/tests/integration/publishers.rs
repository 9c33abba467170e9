//! The publishers of slow figures over hours: what they say is believed as far as it can be true,
//! and is as old as it is.

use crate::world::{Pace, Setup, World};
use serde_json::{Value, json};
use shared::market::GlobalMarket;
use shared::snapshot::{Section, Snapshot};
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const GLOBAL: &str = "/api/v3/global";
const INDEX: &str = "/fng/?limit=1";

const MINUTE_MS: u64 = 60_000;

/// 2026-09-08 12:01 UTC: right after the publisher renewed its figures.
const BEGAN: UnixMs = UnixMs::from_millis(1_788_868_860_000);

/// One round a minute, of nothing but tickers and what the publishers say, which are asked every
/// ten minutes.
fn setup(rewrites: fn(&str, UnixMs, Vec<u8>) -> Vec<u8>) -> Setup {
    Setup {
        begins_at: BEGAN,
        monitored_symbols: 30,
        requests_per_5s: 10,
        pace: Pace {
            tickers: Duration::from_secs(60),
            fear_greed: Duration::from_secs(600),
            ..Setup::USUAL.pace
        },
        hangs: |target| {
            target.starts_with("/v5/")
                && !target.starts_with("/v5/market/tickers")
                && !target.contains("/instruments-info")
        },
        rewrites,
        ..Setup::USUAL
    }
}

/// The same with a round every four minutes, for hours.
fn long(rewrites: fn(&str, UnixMs, Vec<u8>) -> Vec<u8>) -> Setup {
    let setup = setup(rewrites);
    Setup {
        pace: Pace {
            tickers: Duration::from_secs(240),
            ..setup.pace
        },
        ..setup
    }
}

fn minute(now: UnixMs) -> u64 {
    now.millis_since(BEGAN) / MINUTE_MS
}

/// Goes on until `minutes` after the beginning, and shows each snapshot on the way.
async fn for_minutes(world: &mut World, minutes: u64, mut look: impl FnMut(&Snapshot, u64)) {
    loop {
        let publication = world.next().await;
        let snapshot = publication.valid().get();
        let minute = minute(snapshot.generated_at_ms);
        if minute >= minutes {
            return;
        }
        look(snapshot, minute);
    }
}

fn with(body: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut answer: Value = serde_json::from_slice(body).unwrap();
    change(&mut answer);
    answer.to_string().into_bytes()
}

/// The capitalisation and the volume of a body, times `factor`.
fn scaled(body: &[u8], factor: f64) -> Vec<u8> {
    with(body, |answer| {
        for total in ["total_market_cap", "total_volume"] {
            let usd = &mut answer["data"][total]["usd"];
            *usd = json!(usd.as_f64().unwrap() * factor);
        }
    })
}

fn outcome(world: &World, upstream: &str) -> String {
    let all = world.context.board.all();
    all.into_iter()
        .find(|outcome| outcome.name == upstream)
        .map(|outcome| outcome.outcome)
        .unwrap()
}

fn market_cap(section: &Section<GlobalMarket>) -> Option<f64> {
    section.value().map(|global| global.total_market_cap.get())
}

#[tokio::test(start_paused = true)]
async fn a_capitalisation_that_leaps_is_held_back_until_the_publisher_says_the_same_again() {
    // From the second publication on everything is worth nearly twice as much.
    let mut world = World::start(setup(|target, now, body| {
        if target == GLOBAL && minute(now) >= 5 {
            scaled(&body, 1.8)
        } else {
            body
        }
    }));
    let (mut before, mut leapt_at, mut named) = (None, None, false);
    let board = std::sync::Arc::clone(&world.context.board);
    for_minutes(&mut world, 30, |snapshot, minute| {
        let cap = market_cap(&snapshot.global_market).unwrap();
        let first = *before.get_or_insert(cap);
        if cap > 1.5 * first {
            leapt_at.get_or_insert(minute);
        } else if leapt_at.is_none() {
            // The one from before stays, with its own time.
            assert_eq!(
                snapshot.global_market.as_of_ms(),
                Some(UnixMs::from_millis(BEGAN.as_millis() - MINUTE_MS))
            );
        }
        named |= board
            .all()
            .iter()
            .any(|outcome| outcome.name == "coingecko_global" && outcome.outcome == "figure_leapt");
    })
    .await;
    assert!(named, "the leap is named");
    let leapt_at = leapt_at.expect("what is confirmed is believed");
    // It came at minute 10; the publisher's next figures come at minute 19 and 20 seconds.
    assert!(
        (19..=29).contains(&leapt_at),
        "believed at minute {leapt_at}"
    );
    assert_eq!(outcome(&world, "coingecko_global"), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_leap_that_is_taken_back_is_never_shown_and_asked_for_again_soon() {
    let mut world = World::start(setup(|target, now, body| {
        if target == GLOBAL && (5..11).contains(&minute(now)) {
            scaled(&body, 1.8)
        } else {
            body
        }
    }));
    let mut first = None;
    for_minutes(&mut world, 25, |snapshot, minute| {
        let cap = market_cap(&snapshot.global_market).unwrap();
        let first = *first.get_or_insert(cap);
        assert!(cap < 1.5 * first, "shown at minute {minute}");
    })
    .await;
    let asked = world.take_asked();
    let in_minute = |ten: u64| {
        asked
            .iter()
            .filter(|asked| asked.target == GLOBAL && minute(asked.at) == ten)
            .count()
    };
    assert!(
        in_minute(10) >= 3,
        "asked {} times in the minute of the leap",
        in_minute(10)
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_not_yet_leaves_the_section_absent_and_named() {
    let mut world = World::start(setup(|target, _, body| match target {
        // Milliseconds for seconds.
        GLOBAL => with(&body, |answer| {
            let secs = answer["data"]["updated_at"].as_u64().unwrap();
            answer["data"]["updated_at"] = json!(secs * 1_000);
        }),
        // Tomorrow.
        INDEX => with(&body, |answer| {
            let day: u64 = answer["data"][0]["timestamp"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            answer["data"][0]["timestamp"] = json!((day + 86_400).to_string());
        }),
        _ => body,
    }));
    for_minutes(&mut world, 15, |snapshot, minute| {
        if minute > 0 {
            assert_eq!(
                snapshot.global_market.reason(),
                Some("from_the_future"),
                "at minute {minute}"
            );
            assert_eq!(
                snapshot.fear_greed.reason(),
                Some("from_the_future"),
                "at minute {minute}"
            );
            assert!(snapshot.defi_market.value().is_some(), "at minute {minute}");
        }
    })
    .await;
    assert_eq!(outcome(&world, "coingecko_global"), "from_the_future");
    assert_eq!(outcome(&world, "alternative_me"), "from_the_future");
}

/// The first answer to each question, with the time that is told now.
fn frozen(target: &str, body: &[u8]) -> Vec<u8> {
    static FIRST: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    let first = first
        .entry(target.to_owned())
        .or_insert_with(|| body.to_vec());
    if target != GLOBAL {
        return first.clone();
    }
    let told: Value = serde_json::from_slice(body).unwrap();
    with(first, |answer| {
        answer["data"]["updated_at"] = told["data"]["updated_at"].clone();
    })
}

#[tokio::test(start_paused = true)]
async fn figures_that_stand_still_age_and_end_whatever_time_is_told_with_them() {
    let mut world = World::start(long(|target, _, body| {
        if target.starts_with("/v5/") {
            body
        } else {
            frozen(target, &body)
        }
    }));
    let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
    for_minutes(&mut world, 7 * 60, |snapshot, minute| {
        let sections = [
            ("global", snapshot.global_market.reason()),
            ("defi", snapshot.defi_market.reason()),
        ];
        for (name, reason) in sections {
            if reason == Some("too_old") {
                ended.entry(name).or_insert(minute);
            }
            assert!(
                !ended.contains_key(name) || reason.is_some(),
                "{name} began anew at minute {minute}"
            );
        }
    })
    .await;
    // Figures of decentralised finance are said to be an hour old when they are first seen.
    assert!(
        (120..126).contains(&ended["global"]) && (300..306).contains(&ended["defi"]),
        "{ended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn while_publishers_do_as_they_should_no_section_is_ever_less_than_fresh() {
    let mut world = World::start(long(|_, _, body| body));
    let mut times = Vec::new();
    for_minutes(&mut world, 150, |snapshot, minute| {
        if minute == 0 {
            return;
        }
        let status = |is_fresh: bool, name: &str| assert!(is_fresh, "{name} at minute {minute}: {snapshot:?}");
        status(is_fresh(&snapshot.global_market), "global");
        status(is_fresh(&snapshot.defi_market), "defi");
        status(is_fresh(&snapshot.fear_greed), "index");
        let defi = snapshot.defi_market.as_of_ms();
        assert!(defi.is_some_and(|as_of| snapshot.generated_at_ms.millis_since(as_of) >= 60 * MINUTE_MS));
        times.extend(snapshot.global_market.as_of_ms().filter(|time| times.last() != Some(time)));
    })
    .await;
    assert!(times.len() >= 14, "{times:?}");
    assert!(
        times
            .iter()
            .all(|time| time.as_millis() % (10 * MINUTE_MS) == 0),
        "{times:?}"
    );
}

fn is_fresh<T>(section: &Section<T>) -> bool {
    matches!(
        section,
        Section::Present {
            freshness: shared::freshness::Freshness::Fresh,
            ..
        }
    )
}
