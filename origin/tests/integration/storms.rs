//! An answer over which the code of a source falls every time: that source is parked, and
//! everything else goes on.

use crate::world::{Pace, Setup, World};
use shared::units::UnixMs;
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;

/// When the answers become poison, and when they end being so.
const POISON_FROM_MS: u64 = 5 * MINUTE_MS;
const POISON_UNTIL_MS: u64 = 40 * MINUTE_MS;

fn since_the_beginning(now: UnixMs) -> u64 {
    now.millis_since(Setup::USUAL.begins_at)
}

fn is_optional(target: &str) -> bool {
    target.starts_with("/api/v3/")
        || target.starts_with("/fng/")
        || target.contains("/instruments-info")
}

/// Falls over where a parser would, in the task of its source.
fn poison(target: &str, now: UnixMs, body: Vec<u8>) -> Vec<u8> {
    let is_poison = (POISON_FROM_MS..POISON_UNTIL_MS).contains(&since_the_beginning(now));
    assert!(!(is_optional(target) && is_poison), "poison");
    body
}

/// One round a minute, of nothing but tickers and the optional sources, which are asked every ten
/// minutes.
fn setup(rewrites: fn(&str, UnixMs, Vec<u8>) -> Vec<u8>) -> Setup {
    let usual = Setup::USUAL;
    Setup {
        monitored_symbols: 30,
        requests_per_5s: 10,
        pace: Pace {
            tickers: Duration::from_secs(60),
            fear_greed: Duration::from_secs(600),
            ..usual.pace
        },
        hangs: |target| target.contains("symbol="),
        rewrites,
        ..usual
    }
}

fn outcome(world: &World, upstream: &str) -> String {
    let all = world.context.board.all();
    all.into_iter()
        .find(|outcome| outcome.name == upstream)
        .map(|outcome| outcome.outcome)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_every_optional_source_parks_them_and_ends_nothing() {
    let mut world = World::start(setup(poison));
    let (mut longest_gap_ms, mut last) = (0, None::<UnixMs>);
    let mut absent_while_poison = 0;
    loop {
        let publication = world.next().await;
        let snapshot = publication.valid().get();
        let now = world.true_time();
        longest_gap_ms = longest_gap_ms.max(last.map_or(0, |last| now.millis_since(last)));
        last = Some(now);
        let since_ms = since_the_beginning(now);
        // The sources are asked every ten minutes, and fall over for a quarter of a minute before
        // they are parked.
        if (POISON_FROM_MS + 12 * MINUTE_MS..POISON_UNTIL_MS).contains(&since_ms) {
            let sections = [
                snapshot.global_market.reason(),
                snapshot.defi_market.reason(),
                snapshot.fear_greed.reason(),
            ];
            assert_eq!(
                sections,
                [Some("crashed"); 3],
                "{} minutes in",
                since_ms / MINUTE_MS
            );
            for upstream in [
                "coingecko_global",
                "coingecko_defi",
                "alternative_me",
                "bybit_instruments",
            ] {
                assert_eq!(outcome(&world, upstream), "crashed", "{upstream}");
            }
            absent_while_poison += 1;
        }
        if since_ms >= POISON_UNTIL_MS + 15 * MINUTE_MS {
            assert!(
                snapshot.global_market.value().is_some() && snapshot.defi_market.value().is_some()
            );
            assert!(snapshot.fear_greed.value().is_some());
            break;
        }
    }
    assert!(
        absent_while_poison > 15,
        "{absent_while_poison} tables while the sources were parked"
    );
    assert!(longest_gap_ms <= 62_000, "no table for {longest_gap_ms} ms");
    for upstream in [
        "coingecko_global",
        "coingecko_defi",
        "alternative_me",
        "bybit_instruments",
    ] {
        assert_eq!(outcome(&world, upstream), "ok", "{upstream}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_at_the_start_is_asked_for_again_soon() {
    let poison = |target: &str, now: UnixMs, body: Vec<u8>| {
        let is_poison = since_the_beginning(now) < 20 * MINUTE_MS;
        assert!(
            !(is_poison && target.contains("/instruments-info")),
            "poison"
        );
        body
    };
    let mut world = World::start(setup(poison));
    tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    assert!(world.told().is_none());
    assert_eq!(outcome(&world, "bybit_instruments"), "crashed");
    world.next().await;
    assert!(
        since_the_beginning(world.true_time()) <= 23 * MINUTE_MS,
        "{}",
        world.true_time()
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_come_at_the_start_is_asked_for_twice_a_minute() {
    let broken = |target: &str, now: UnixMs, body: Vec<u8>| {
        let is_broken = since_the_beginning(now) < 60 * MINUTE_MS;
        if is_broken && target.contains("/instruments-info") {
            Vec::new()
        } else {
            body
        }
    };
    let mut world = World::start(setup(broken));
    tokio::time::sleep(Duration::from_secs(60 * 60)).await;
    world.next().await;
    assert!(
        since_the_beginning(world.true_time()) <= 62 * MINUTE_MS,
        "{}",
        world.true_time()
    );
}
