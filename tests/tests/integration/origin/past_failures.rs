//! Failures of what a process does no longer: they end with the role, and are not told for ever.

use super::support::{Exchange, Loopback, Origin, Redis, eventually};
use serde_json::json;

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "1000");

fn start(exchange: &Exchange, redis: &Redis) -> Origin {
    Origin::start(
        exchange.url(),
        &[("REDIS_URL", &redis.url()), QUICK, SHORT_LEASE],
    )
}

/// The last outcome of a dependency, if there is one.
async fn outcome(origin: &Origin, name: &str) -> Option<String> {
    let health = origin.get("/health").await;
    let all = health.json();
    let all = all["dependencies"]
        .as_array()
        .or(all["sources"].as_array())?;
    Some(
        all.iter().find(|one| one["name"] == name)?["outcome"]
            .as_str()?
            .to_owned(),
    )
}

async fn follows(origin: &Origin) {
    eventually("it follows and has what another publishes", || async {
        let health = origin.get("/health").await;
        let follows = health.status == 200 && health.json()["leadership"] == "following";
        (follows && origin.metric("collecting{}").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_write_that_failed_is_not_told_by_one_who_does_not_write_any_more() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let first = start(&exchange, &redis);
    first
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
    let nobody = Loopback::claim();
    let _: String = redis
        .command(&["REPLICAOF", &nobody.ip().to_string(), "21379"])
        .await;
    eventually("it is told while it lasts", || async {
        (outcome(&first, "store").await.as_deref() == Some("read_only")).then_some(())
    })
    .await;
    // While it sleeps the fault ends, its lease too, and another takes the lead.
    first.signal("STOP");
    let _: String = redis.command(&["REPLICAOF", "NO", "ONE"]).await;
    let second = start(&exchange, &redis);
    second
        .counted("store_writes_total{outcome=\"written\"}", 2.0)
        .await;
    first.signal("CONT");
    follows(&first).await;
    let told = eventually("what is told of the store is of now", || async {
        outcome(&first, "store")
            .await
            .filter(|told| told != "read_only")
    })
    .await;
    assert!(["rests", "not_leader"].contains(&&*told), "{told}");
    assert_eq!(outcome(&first, "store_reader").await.as_deref(), Some("ok"));
}

#[tokio::test]
async fn a_source_that_failed_is_not_told_by_one_who_does_not_ask_it_any_more() {
    let (broken, sound, redis) = (
        Exchange::start().await,
        Exchange::start().await,
        Redis::start().await,
    );
    let first = start(&broken, &redis);
    first
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
    broken
        .fault("bybit-tickers", json!({ "kind": "status", "status": 503 }))
        .await;
    eventually("it is told while it lasts", || async {
        (outcome(&first, "bybit_tickers").await.as_deref() == Some("http_503")).then_some(())
    })
    .await;
    // It gives the lead up, for it gets no data.
    let second = start(&sound, &redis);
    second
        .counted("store_writes_total{outcome=\"written\"}", 2.0)
        .await;
    follows(&first).await;
    eventually("its own source is not told as failing any more", || async {
        (outcome(&first, "bybit_tickers").await.as_deref() == Some("rests")).then_some(())
    })
    .await;
}
