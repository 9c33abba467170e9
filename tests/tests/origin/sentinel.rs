//! Redis with a replica and three sentinels: the primary dies, another takes its place, and no client sees it.

use super::redis_group::RedisGroup;
use super::support::{Exchange, Origin, Redis, eventually};
use shared::endpoints::PUBLICATION_KEY;
use std::sync::atomic::{AtomicBool, Ordering};

async fn mark(redis: &Redis) -> Option<Vec<u64>> {
    let mark: Option<String> = redis.command(&["GET", PUBLICATION_KEY]).await;
    mark.map(|mark| mark.split(':').map(|number| number.parse().unwrap()).collect())
}

/// Reads for as long as it takes: every answer is data, and none is older than the one before.
async fn read(origin: &Origin, done: &AtomicBool) -> usize {
    let (mut seen, mut answers) = (String::new(), 0);
    while !done.load(Ordering::Relaxed) {
        let answer = origin.get("/mobile-data").await;
        assert_eq!(answer.status, 200, "a client noticed");
        let as_of = answer.header("x-data-as-of").unwrap();
        assert!(*seen <= *as_of, "{as_of} was served after {seen}");
        as_of.clone_into(&mut seen);
        answers += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    answers
}

#[tokio::test]
async fn when_the_primary_dies_its_replica_is_written_and_no_client_sees_older_data() {
    let (exchange, mut group) = (Exchange::start().await, RedisGroup::start().await);
    let url = group.url();
    let variables = [("REDIS_URL", &*url), ("TICKERS_INTERVAL_MS", "250"), ("LEADER_LEASE_MS", "1000")];
    let origins = [Origin::start(exchange.url(), &variables), Origin::start(exchange.url(), &variables)];
    for origin in &origins {
        origin.data().await;
    }
    let before = eventually("the replica has a publication", || mark(group.replica())).await;
    let done = AtomicBool::new(false);
    let change = async {
        group.fail_over().await;
        let after = eventually("the new primary is written", || async {
            mark(group.primary()).await.filter(|after| after[1] > before[1] && after[2] > before[2])
        })
        .await;
        assert!(after[0] >= before[0], "{before:?} was followed by {after:?}");
        let next = || async { mark(group.primary()).await.filter(|next| next[2] > after[2]) };
        eventually("writing goes on", next).await;
        done.store(true, Ordering::Relaxed);
    };
    let ((), first, second) = tokio::join!(change, read(&origins[0], &done), read(&origins[1], &done));
    assert!(first > 0 && second > 0);
    let leaders = usize::from(origins[0].leads().await) + usize::from(origins[1].leads().await);
    assert!(leaders <= 1, "both lead");
}
