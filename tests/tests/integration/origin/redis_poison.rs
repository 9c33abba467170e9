//! Numbers in Redis that no origin wrote: none of them shuts the origins out.

use super::support::{Exchange, Origin, Redis, assert_true_data, eventually};
use serde_json::{Value, json};
use shared::endpoints::{EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY, StoreKey};

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "1000");

/// The largest number that a double counts to.
const LARGEST: u64 = 9_007_199_254_740_991;

fn start(exchange: &Exchange, redis: &Redis, role: &str) -> Origin {
    Origin::start(
        exchange.url(),
        &[
            ("REDIS_URL", &redis.url()),
            ("ORIGIN_ROLE", role),
            QUICK,
            SHORT_LEASE,
        ],
    )
}

async fn now_ms(redis: &Redis) -> u64 {
    let (secs, micros): (u64, u64) = redis.command(&["TIME"]).await;
    secs * 1_000 + micros / 1_000
}

/// The numbers of the mark, if it is one.
async fn mark(redis: &Redis) -> Option<[u64; 3]> {
    let mark: Option<String> = redis.command(&["GET", PUBLICATION_KEY]).await;
    let numbers: Option<Vec<u64>> = mark?.split(':').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Waits until origins publish again with numbers of the time, and those who follow take it up.
async fn check_outlived(redis: &Redis, followers: &[&Origin], poison: &str) {
    let latest = now_ms(redis).await + 3_600_000;
    let is_ours = |[epoch, as_of, sequence]: &[u64; 3]| {
        *epoch < latest * 1_000 && *as_of < latest && *sequence < latest
    };
    let first = eventually(&format!("{poison} is outlived"), || async {
        mark(redis).await.filter(is_ours)
    })
    .await;
    let next = || async {
        mark(redis)
            .await
            .filter(|next| is_ours(next) && next[2] > first[2])
    };
    let next = eventually(&format!("publishing goes on after {poison}"), next).await;
    for follower in followers {
        follower
            .data_where(&format!("what follows {poison} is taken up"), |answer| {
                answer.status == 200
                    && answer.json()["sequence"]
                        .as_u64()
                        .is_some_and(|sequence| (next[2]..latest).contains(&sequence))
            })
            .await;
    }
}

#[tokio::test]
async fn a_mark_with_numbers_of_no_time_is_outlived_by_the_next_publication() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let leader = start(&exchange, &redis, "all");
    let serving = start(&exchange, &redis, "serve");
    leader.data().await;
    let far = now_ms(&redis).await + 4_000_000;
    for poison in [
        format!("1:1:{LARGEST}"),
        format!("{LARGEST}:1:1"),
        format!("1:{LARGEST}:1"),
        format!("{LARGEST}:{LARGEST}:{LARGEST}"),
        format!("1:1:{}", LARGEST - 1),
        format!("{}:1:1", LARGEST - 1),
        format!("{}:1:1", far * 1_000),
        format!("1:{far}:{far}"),
        format!("1:1:{}", u64::MAX),
    ] {
        let _: String = redis.command(&["SET", PUBLICATION_KEY, &poison]).await;
        check_outlived(&redis, &[&serving], &poison).await;
    }
}

#[tokio::test]
async fn a_mark_that_an_origin_could_have_written_is_counted_on_from() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let leader = start(&exchange, &redis, "all");
    leader.data().await;
    let ahead = now_ms(&redis).await + 1_800_000;
    let _: String = redis
        .command(&[
            "SET",
            PUBLICATION_KEY,
            &format!("{}:1:{ahead}", ahead * 1_000),
        ])
        .await;
    let after = eventually("it is followed by higher numbers", || async {
        mark(&redis)
            .await
            .filter(|mark| mark[0] > ahead * 1_000 && mark[2] > ahead)
    })
    .await;
    assert!(after[1] > 1 && after[2] < ahead + 600_000, "{after:?}");
}

#[tokio::test]
async fn an_epoch_and_a_lease_of_no_time_are_outlived() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    for (key, value) in [
        (EPOCH_KEY, LARGEST.to_string()),
        (EPOCH_KEY, (LARGEST - 1).to_string()),
    ] {
        let _: String = redis.command(&["SET", key, &value]).await;
        let leader = start(&exchange, &redis, "all");
        leader.data().await;
        check_outlived(&redis, &[], &format!("{key} {value}")).await;
    }
    let leader = start(&exchange, &redis, "all");
    leader.data().await;
    let held: String = eventually("it leads", || async {
        redis.try_text(&["GET", LEADER_KEY]).await
    })
    .await;
    let process = held.split_once(':').unwrap().0;
    // Its own lease with another number, and another's that would last for ten days.
    for lease in [
        format!("{process}:{LARGEST}"),
        format!("squatter:{LARGEST}"),
        "squatter:7".to_owned(),
    ] {
        let _: String = redis
            .command(&["SET", LEADER_KEY, &lease, "PX", "864000000"])
            .await;
        check_outlived(&redis, &[], &lease).await;
    }
}

#[tokio::test]
async fn a_snapshot_with_a_number_of_no_time_is_not_counted_on_from() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let first = start(&exchange, &redis, "all");
    first.data().await;
    let mut stored: Value =
        eventually("it is stored", || redis.json(StoreKey::Snapshot.name())).await;
    drop(first);
    stored["sequence"] = json!(LARGEST);
    redis
        .set(StoreKey::Snapshot.name(), stored.to_string().as_bytes())
        .await;
    redis
        .set(
            PUBLICATION_KEY,
            format!("1:{}:{LARGEST}", stored["as_of_ms"]).as_bytes(),
        )
        .await;
    let serving = start(&exchange, &redis, "serve");
    let adopted = serving.data().await.json();
    assert_true_data(&adopted);
    assert_eq!(
        adopted["sequence"],
        json!(LARGEST),
        "what is to be outlived was not taken up"
    );
    let _second = start(&exchange, &redis, "all");
    check_outlived(&redis, &[&serving], "a snapshot's number").await;
}

#[tokio::test]
async fn a_snapshot_that_is_gone_while_its_mark_is_left_is_not_told_as_fine() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let leader = start(&exchange, &redis, "all");
    let serving = start(&exchange, &redis, "serve");
    serving.data().await;
    drop(leader);
    let _: u8 = redis.command(&["DEL", StoreKey::Snapshot.name()]).await;
    // Also one that starts now and has nothing to take up.
    let late = start(&exchange, &redis, "serve");
    for origin in [&serving, &late] {
        origin
            .counted("store_reads_total{outcome=\"snapshot_missing\"}", 1.0)
            .await;
        let health = origin.get("/health").await.text;
        assert!(health.contains("snapshot_missing"), "{health}");
    }
    let _leader = start(&exchange, &redis, "all");
    for origin in [&serving, &late] {
        eventually("it is fine again", || async {
            let health = origin.get("/health").await;
            (health.status == 200 && !health.text.contains("snapshot_missing")).then_some(())
        })
        .await;
    }
}
