//! What refuses one request stops that request alone; what bans the address stops everything, and
//! never for longer than it takes to look again.

use crate::world::{Pace, Setup, World};
use std::time::Duration;

/// The longest pause that a `Retry-After` makes between two ticker tables, with the spread that is
/// added to it.
const LONGEST_LOOK_AWAY_MS: u64 = 75_000;

/// The longest time between two publications within so many seconds.
async fn longest_gap_ms(world: &mut World, seconds: u64) -> u64 {
    let until = world.true_time().plus_millis(seconds * 1_000);
    let (mut last, mut longest) = (world.true_time(), 0);
    while last < until {
        world.next().await;
        let now = world.true_time();
        longest = longest.max(now.millis_since(last));
        last = now;
    }
    longest
}

/// The pause between two ticker tables. A round is what costs time here.
const INTERVAL: Duration = Duration::from_secs(10);

/// An origin in the middle of its work.
async fn loaded() -> World {
    let usual = Setup::USUAL;
    let world = World::start(Setup {
        monitored_symbols: 30,
        pace: Pace {
            tickers: INTERVAL,
            ..usual.pace
        },
        ..usual
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    world
}

fn asked_for(world: &World, of: impl Fn(&str) -> bool) -> usize {
    world
        .take_asked()
        .iter()
        .filter(|asked| asked.is_of_bybit() && of(&asked.target))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_403_without_a_reason_for_one_contract_stops_that_contract_alone() {
    let mut world = loaded().await;
    world
        .fault(
            "bybit",
            r#"{"kind":"status","status":403,"where":{"symbol":"SOLUSDT"}}"#,
        )
        .await;
    world.take_asked();
    let gap_ms = longest_gap_ms(&mut world, 300).await;
    assert!(gap_ms <= 12_000, "no table for {gap_ms} ms");
    let asked = world.take_asked();
    let books = |symbol: &str| {
        let is_one =
            |target: &str| target.starts_with("/v5/market/orderbook") && target.contains(symbol);
        asked.iter().filter(|asked| is_one(&asked.target)).count()
    };
    let (refused, other) = (books("symbol=SOLUSDT"), books("symbol=ETHUSDT"));
    assert!(
        (2..=9).contains(&refused),
        "the book of the refused one was asked for {refused} times"
    );
    assert!(
        other >= 20,
        "the book of another was asked for {other} times"
    );
}

#[tokio::test(start_paused = true)]
async fn a_403_without_a_reason_for_the_table_stops_no_input() {
    let mut world = loaded().await;
    world
        .fault("bybit-tickers", r#"{"kind":"status","status":403}"#)
        .await;
    world.take_asked();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let inputs = asked_for(&world, |target| target.contains("symbol="));
    assert!(inputs >= 200, "{inputs} inputs were asked for in a minute");
    world.mend().await;
    let mended = world.true_time();
    world.next().await;
    assert!(world.true_time().millis_since(mended) <= 40_000);
}

#[tokio::test(start_paused = true)]
async fn a_maintenance_page_that_announces_an_hour_does_not_keep_us_from_looking() {
    let mut world = loaded().await;
    world
        .fault("bybit", r#"{"kind":"maintenance","retry_after_s":3600}"#)
        .await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.mend().await;
    let mended = world.true_time();
    while world.next().await.valid().get().as_of_ms < mended {}
    let after_ms = world.true_time().millis_since(mended);
    assert!(
        after_ms <= LONGEST_LOOK_AWAY_MS,
        "{after_ms} ms after the end of ten seconds of maintenance"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_one_input_met_pauses_everything_for_a_minute_at_most() {
    let mut world = loaded().await;
    world
        .fault(
            "bybit-klines",
            r#"{"kind":"status_429","retry_after_s":3600,"times":1}"#,
        )
        .await;
    world.take_asked();
    let limited = world.true_time();
    // Until the limit is met, and then until tables come again.
    let gap_ms = longest_gap_ms(&mut world, 200).await;
    assert!(
        (50_000..=LONGEST_LOOK_AWAY_MS + 10_000).contains(&gap_ms),
        "no table for {gap_ms} ms after {limited}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_ban_leaves_everything_alone_for_ten_minutes() {
    let mut world = loaded().await;
    world
        .fault(
            "bybit",
            r#"{"kind":"rate_403","where":{"symbol":"SOLUSDT"}}"#,
        )
        .await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.take_asked();
    tokio::time::sleep(Duration::from_secs(560)).await;
    assert_eq!(
        asked_for(&world, |_| true),
        0,
        "a contract's ban is the address'"
    );
    world.mend().await;
    let mended = world.true_time();
    while world.next().await.valid().get().as_of_ms < mended {}
}
