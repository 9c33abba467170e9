//! A leader whose publications nobody gets is no leader: it says why, and another leads.

use super::support::{
    Exchange, NarrowLink, Origin, Redis, RedisPlace, assert_true_data, eventually,
};
use shared::endpoints::{EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY};
use shared::mark::Mark;
use std::str::FromStr;

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "1000");
const STEPPED_ASIDE: &str = "leadership_changes_total{to=\"cannot_publish\"}";

fn start(exchange: &Exchange, url: &str) -> Origin {
    Origin::start(exchange.url(), &[("REDIS_URL", url), QUICK, SHORT_LEASE])
}

async fn redis() -> Redis {
    Redis::start_with(&RedisPlace::tcp(), "", &[]).await
}

async fn mark(redis: &Redis) -> Option<Mark> {
    let mark: Option<String> = redis.command(&["GET", PUBLICATION_KEY]).await;
    mark.map(|mark| Mark::from_str(&mark).unwrap())
}

/// An origin that leads and has published.
async fn leading(exchange: &Exchange, url: &str) -> Origin {
    let origin = start(exchange, url);
    origin
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
    assert!(origin.leads().await);
    origin
}

/// Checks that `ill` gives the lead up for this reason, that another publishes then, and that
/// clients of both see it. Gives the other.
async fn check_other_leads(exchange: &Exchange, redis: &Redis, ill: &Origin, why: &str) -> Origin {
    let before = mark(redis).await.expect("something was published");
    ill.counted(STEPPED_ASIDE, 1.0).await;
    // A write that hangs may have no outcome yet.
    ill.counted(&format!("store_writes_total{{outcome=\"{why}\"}}"), 1.0)
        .await;
    // Not before: on a busy machine it may get the lead because the lease ran out.
    let sound = start(exchange, &redis.url());
    eventually("the other publishes", || async {
        mark(redis)
            .await
            .filter(|mark| mark.epoch > before.epoch && mark.as_of_ms > before.as_of_ms)
    })
    .await;
    for origin in [ill, &sound] {
        let newer = origin
            .data_where("clients see newer data", |answer| {
                let as_of = answer
                    .header("x-data-as-of")
                    .and_then(|as_of| as_of.parse::<u64>().ok());
                answer.status == 200 && as_of > Some(before.as_of_ms.as_millis())
            })
            .await;
        assert_true_data(&newer.json());
    }
    sound
}

#[tokio::test]
async fn a_leader_behind_a_link_that_loses_large_packets_gives_the_lead_up() {
    let (exchange, redis) = (Exchange::start().await, redis().await);
    let link = NarrowLink::to(redis.place().address()).await;
    let ill = leading(&exchange, &link.url()).await;
    link.narrow(true);
    let sound = check_other_leads(&exchange, &redis, &ill, "timeout").await;
    // When it can publish again, it may lead again.
    link.narrow(false);
    drop(sound);
    let before = mark(&redis).await;
    eventually("it publishes again", || async {
        (mark(&redis).await?.as_of_ms > before?.as_of_ms).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_leader_that_may_lead_but_not_write_gives_the_lead_up() {
    let (exchange, redis) = (Exchange::start().await, redis().await);
    let _: String = redis
        .command(&["ACL", "SETUSER", "ill", "on", ">pass", "+@all", "&*", "~*"])
        .await;
    let ill = leading(&exchange, &redis.url().replace("//", "//ill:pass@")).await;
    // The lease, its number and the mark, and none of the keys that clients read.
    let keys = [LEADER_KEY, EPOCH_KEY, PUBLICATION_KEY].map(|key| format!("~{key}"));
    let _: String = redis
        .command(&[
            "ACL",
            "SETUSER",
            "ill",
            "resetkeys",
            &keys[0],
            &keys[1],
            &keys[2],
        ])
        .await;
    check_other_leads(&exchange, &redis, &ill, "not_permitted").await;
}

#[tokio::test]
async fn a_leader_that_is_late_by_its_clock_gives_the_lead_up_and_goes_on_when_it_can() {
    let (exchange, redis) = (Exchange::start().await, redis().await);
    let origin = leading(&exchange, &redis.url()).await;
    // As another left it, by whose clock it is five minutes later.
    let held = mark(&redis).await.unwrap();
    let ahead = Mark {
        as_of_ms: held.as_of_ms.plus_millis(300_000),
        ..held
    };
    let _: String = redis
        .command(&["SET", PUBLICATION_KEY, &ahead.to_string()])
        .await;
    origin.counted(STEPPED_ASIDE, 1.0).await;
    assert!(
        origin
            .metric("store_writes_total{outcome=\"refused_older\"}")
            .await
            >= 1.0
    );
    eventually("/health says why it does not lead", || async {
        origin
            .get("/health")
            .await
            .text
            .contains("cannot_publish")
            .then_some(())
    })
    .await;
    let _: i64 = redis.command(&["DEL", PUBLICATION_KEY]).await;
    eventually("it publishes again", || mark(&redis)).await;
}
