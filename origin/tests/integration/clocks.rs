//! Our clock is set, or wrong, or the machine sleeps: what clients are told of the age of data
//! stays true, and nothing that is fetched is starved.

use crate::world::{Asked, Setup, World};
use origin::clock::Direction;
use shared::freshness::Freshness;
use shared::units::UnixMs;
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A budget with which everything is loaded within seconds.
const PLENTY: Setup = Setup {
    requests_per_5s: 300,
    ..Setup::USUAL
};

/// How far the age that a client is told may be from the true one: what it takes to fetch and
/// publish, and that an upstream's date is cut to the second.
const AGE_TOLERANCE_MS: u64 = 2_000;

/// A client that asks each tenth of a second; what it sees is checked.
struct Client {
    seen: BTreeSet<UnixMs>,
    refused: u32,
    answers: u32,
}

impl Client {
    /// Watches for so long (by the timer). No age is told that is less than the true one.
    async fn watch(world: &World, ms: i64) -> Self {
        let mut client = Self {
            seen: BTreeSet::new(),
            refused: 0,
            answers: 0,
        };
        for _ in 0..ms / 100 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            client.answers += 1;
            match world.told() {
                None => client.refused += 1,
                Some(told) => {
                    assert!(
                        told.age_ms + AGE_TOLERANCE_MS >= told.true_age_ms,
                        "too young: {told:?}"
                    );
                    client.seen.insert(told.as_of);
                }
            }
        }
        client
    }

    /// New prices came every two seconds, and all answers were data.
    #[track_caller]
    fn check_steady(&self) {
        assert_eq!(self.refused, 0, "of {} answers", self.answers);
        let expected = self.answers as usize / 20;
        assert!(
            self.seen.len() + 1 >= expected,
            "{} and not {expected} publications",
            self.seen.len()
        );
    }
}

/// Starts an origin and lets it load everything.
async fn settled(setup: Setup) -> World {
    let world = World::start(setup);
    Client::watch(&world, 30_000).await;
    world.take_asked();
    world
}

fn is_input(asked: &Asked) -> bool {
    asked.is_of_bybit()
        && !["/v5/market/tickers", "/v5/market/instruments"]
            .iter()
            .any(|of| asked.target.starts_with(of))
        // The record of a day, of every contract, is no input of a score.
        && !asked.target.contains("intervalTime=15min")
}

/// How many different inputs were asked for.
fn inputs(asked: &[Asked]) -> usize {
    let kinds = asked.iter().filter(|one| is_input(one)).map(|one| {
        // The same candles are asked for in other numbers.
        let (path, query) = one.target.split_once('?').unwrap();
        let stays = |pair: &&str| {
            ["symbol=", "interval="]
                .iter()
                .any(|name| pair.starts_with(name))
        };
        (
            path.to_owned(),
            query.split('&').filter(stays).collect::<Vec<_>>().join("&"),
        )
    });
    kinds.collect::<BTreeSet<_>>().len()
}

fn skew_secs(world: &World) -> Option<f64> {
    world
        .context
        .clock
        .report()
        .behind_ms
        .map(|behind_ms| behind_ms as f64 / 1_000.0)
}

#[track_caller]
fn check_skew(world: &World, expected_secs: f64) {
    let skew_secs = skew_secs(world).unwrap();
    assert!(
        (skew_secs - expected_secs).abs() < 1.0,
        "{skew_secs} s and not {expected_secs} s"
    );
}

#[tokio::test(start_paused = true)]
async fn set_back_while_it_runs_publications_go_on_and_no_price_stays_fresh() {
    let world = settled(PLENTY).await;
    world.set_clock(-10 * MINUTE_MS);
    Client::watch(&world, 60_000).await.check_steady();
    check_skew(&world, 600.0);
    assert!(
        inputs(&world.take_asked()) > 40 * 2,
        "inputs are not fetched"
    );
    world.set_clock(10 * MINUTE_MS);
    Client::watch(&world, 60_000).await.check_steady();
    check_skew(&world, 0.0);
    let steps = world.context.clock.report().steps;
    assert_eq!(
        (steps[&Direction::Backward], steps[&Direction::Forward]),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn set_back_while_no_upstream_answers_what_is_held_ages_all_the_same() {
    let world = settled(PLENTY).await;
    world.fault("all", r#"{"kind":"hang"}"#).await;
    world.set_clock(-10 * MINUTE_MS);
    Client::watch(&world, 20_000).await;
    let told_now = world.told().unwrap();
    assert_eq!(told_now.class, Freshness::Aging, "{told_now:?}");
    Client::watch(&world, 300_000).await;
    assert!(world.told().is_none(), "{:?}", world.told());
    world.mend().await;
    Client::watch(&world, 40_000).await;
    assert_eq!(world.told().unwrap().class, Freshness::Fresh);
}

#[tokio::test(start_paused = true)]
async fn set_forward_and_corrected_nothing_is_starved() {
    let world = settled(PLENTY).await;
    let usual = {
        Client::watch(&world, 60_000).await.check_steady();
        inputs(&world.take_asked())
    };
    world.set_clock(10 * MINUTE_MS);
    let client = Client::watch(&world, 60_000).await;
    assert!(
        client.refused < 25,
        "{} answers were none until an upstream told the time",
        client.refused
    );
    assert!(
        inputs(&world.take_asked()) >= usual,
        "inputs are not fetched while the clock is wrong"
    );
    world.set_clock(-10 * MINUTE_MS);
    for minute in 0..3 {
        Client::watch(&world, 60_000).await.check_steady();
        assert!(
            inputs(&world.take_asked()) >= usual,
            "inputs are not fetched {minute} minutes after"
        );
    }
    check_skew(&world, 0.0);
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_nothing_is_fresh_that_was_held_and_everything_is_asked_for_at_once() {
    let world = settled(PLENTY).await;
    let all = 40 * 10 + 1;
    let held = world.context.current.as_of().unwrap();
    world.sleep(6 * HOUR_MS);
    assert!(world.told().is_none(), "{:?}", world.told());
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let told_now = world.told().unwrap();
    assert!(
        told_now.as_of > held && told_now.class == Freshness::Fresh,
        "{told_now:?}"
    );
    Client::watch(&world, 10_000).await.check_steady();
    let asked = world.take_asked();
    assert_eq!(inputs(&asked), all, "of all inputs");
    for slow in ["/v5/market/instruments-info", "/api/v3/global", "/fng/"] {
        assert!(
            asked.iter().any(|one| one.target.starts_with(slow)),
            "{slow} is not asked for"
        );
    }
}

async fn check_wrong_from_the_start(clock_error_ms: i64) {
    let world = World::start(Setup {
        clock_error_ms,
        ..PLENTY
    });
    Client::watch(&world, 10_000).await;
    Client::watch(&world, 60_000).await.check_steady();
    let told_now = world.told().unwrap();
    assert!(
        told_now.age_ms.abs_diff(told_now.true_age_ms) < AGE_TOLERANCE_MS,
        "{told_now:?}"
    );
    assert!(inputs(&world.take_asked()) >= 40 * 10);
    check_skew(&world, -clock_error_ms as f64 / 1_000.0);
    assert!(
        world
            .context
            .clock
            .report()
            .steps
            .values()
            .all(|steps| *steps == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_behind_from_the_start_ages_are_true_once_two_sources_agree() {
    check_wrong_from_the_start(-10 * MINUTE_MS).await;
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_ahead_from_the_start_ages_are_true_once_two_sources_agree() {
    check_wrong_from_the_start(10 * MINUTE_MS).await;
}

#[tokio::test(start_paused = true)]
async fn one_source_that_is_wrong_moves_nothing() {
    for (link, by_ms) in [
        ("coingecko", HOUR_MS),
        ("fear-greed", -HOUR_MS),
        ("coingecko", -10 * MINUTE_MS),
    ] {
        let world = World::start(PLENTY);
        world
            .fault(link, &format!(r#"{{"kind":"clock_skew","ms":{by_ms}}}"#))
            .await;
        Client::watch(&world, 10_000).await;
        Client::watch(&world, 60_000).await.check_steady();
        assert_eq!(
            world.context.clock.now(),
            world.true_time(),
            "{link} moved our clock"
        );
        check_skew(&world, 0.0);
    }
}
