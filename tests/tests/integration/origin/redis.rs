//! A real Redis that is there, is not, stops, is full of foreign things; and two origins on one.

use super::support::{Exchange, Origin, Redis, RedisPlace, assert_true_data, eventually};
use serde_json::{Value, json};
use shared::endpoints::{ALERT_STATE_KEY, PUBLICATION_KEY, StoreKey, breakdown_key};

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");

async fn written(redis: &Redis) -> Value {
    eventually("the snapshot is stored", || async {
        redis.json(StoreKey::Snapshot.name()).await
    })
    .await
}

async fn check_entry(redis: &Redis, key: &str) {
    let value = redis
        .json(key)
        .await
        .unwrap_or_else(|| panic!("{key} is missing"));
    assert!(value.is_object(), "{key} is encoded twice");
    assert_eq!(value["schema_version"], 1, "{key}");
    assert!(
        value["as_of_ms"].as_u64().unwrap() > 1_577_836_800_000,
        "{key}"
    );
    assert!(value["sequence"].is_u64(), "{key}");
    let life: i64 = redis.command(&["PTTL", key]).await;
    assert!(life > 20_000, "{key} lives {life} ms");
}

#[tokio::test]
async fn every_key_is_plain_json_with_its_time_and_outlives_ten_rounds() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let _origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url())]);
    written(&redis).await;
    // Before the first analysis, when there are no signals, and after it.
    for key in StoreKey::ALL {
        check_entry(&redis, key.name()).await;
    }
    let breakdown = breakdown_key("BTCUSDT");
    eventually("Bitcoin's parts are stored", || async {
        redis.json(&breakdown).await
    })
    .await;
    for key in StoreKey::ALL
        .iter()
        .map(|key| key.name())
        .chain([&*breakdown])
    {
        check_entry(&redis, key).await;
    }
    assert_eq!(
        redis.json(&breakdown).await.unwrap()["data"]["symbol"],
        "BTCUSDT"
    );
    let signals = redis.json(StoreKey::Signals.name()).await.unwrap();
    assert!(
        signals["data"]
            .as_array()
            .is_some_and(|signals| !signals.is_empty()),
        "{signals}"
    );
    assert!(redis.json(StoreKey::Alerts.name()).await.unwrap()["data"].is_array());
    assert!(redis.json(ALERT_STATE_KEY).await.unwrap().is_object());
    assert_true_data(&redis.json(StoreKey::MobileData.name()).await.unwrap());
    let dominance = redis.json(StoreKey::BtcDominance.name()).await.unwrap();
    assert!(
        dominance["data"]["btc_dominance"].is_null()
            || dominance["data"]["btc_dominance"].as_f64().unwrap() > 0.0
    );
}

#[tokio::test]
async fn a_reader_never_sees_two_publications_mixed() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let _first = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    let _second = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    written(&redis).await;
    let mut words = vec!["MGET"];
    words.extend(StoreKey::ALL.iter().map(|key| key.name()));
    let mut seen = Vec::new();
    while seen.len() < 12 {
        let values: Vec<String> = redis.command(&words).await;
        let marks: Vec<(u64, u64)> = values
            .iter()
            .map(|value| {
                let value: Value = serde_json::from_str(value).unwrap();
                (
                    value["as_of_ms"].as_u64().unwrap(),
                    value["sequence"].as_u64().unwrap(),
                )
            })
            .collect();
        assert!(
            marks.iter().all(|mark| mark == &marks[0]),
            "mixed: {marks:?}"
        );
        if seen.last() != Some(&marks[0]) {
            seen.push(marks[0]);
        }
    }
    assert!(
        seen.is_sorted(),
        "two writers took turns backwards: {seen:?}"
    );
}

#[tokio::test]
async fn an_older_writer_is_refused_and_a_foreign_mark_is_not_obeyed() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let (secs, _): (u64, u64) = redis.command(&["TIME"]).await;
    // As of a clock that is ahead. What is further ahead than the mark's life would be nobody's.
    let younger = format!("1:{}:1", (secs + 1_800) * 1_000);
    let _: String = redis.command(&["SET", PUBLICATION_KEY, &younger]).await;
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    eventually("the write is refused", || async {
        (origin
            .metric("store_writes_total{outcome=\"refused_older\"}")
            .await
            >= 1.0)
            .then_some(())
    })
    .await;
    assert_eq!(
        redis.json(StoreKey::Snapshot.name()).await,
        None,
        "a part was written"
    );
    assert_true_data(&origin.data().await.json());
    for foreign in [
        "",
        "soon",
        "4000000000000:1",
        "1:2:3:4",
        "{\"as_of\":1}",
        "-5:1:1",
        "1:2:99999999999999999999",
    ] {
        let _: String = redis.command(&["SET", PUBLICATION_KEY, foreign]).await;
        let _: i64 = redis.command(&["DEL", StoreKey::Snapshot.name()]).await;
        written(&redis).await;
    }
}

/// Checks that an origin serves before there is a Redis at the place, while there is one, after its
/// death, and with another.
async fn check_comes_and_goes(place: &RedisPlace) {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &place.url("")), QUICK]);
    assert_true_data(&origin.data().await.json());
    eventually("the failure is counted", || async {
        (origin
            .metric("store_writes_total{outcome=\"unreachable\"}")
            .await
            >= 1.0)
            .then_some(())
    })
    .await;
    let redis = Redis::start_at(place).await;
    written(&redis).await;
    redis.signal("KILL");
    drop(redis);
    let failures = origin
        .metric("store_writes_total{outcome=\"unreachable\"}")
        .await;
    eventually("its death is counted", || async {
        assert_eq!(origin.get("/mobile-data").await.status, 200);
        (origin
            .metric("store_writes_total{outcome=\"unreachable\"}")
            .await
            > failures)
            .then_some(())
    })
    .await;
    let redis = Redis::start_at(place).await;
    written(&redis).await;
}

#[tokio::test]
async fn redis_may_come_late_die_and_come_back_while_clients_are_served() {
    check_comes_and_goes(&RedisPlace::tcp()).await;
}

#[tokio::test]
async fn a_redis_on_a_socket_may_come_late_die_and_come_back_too() {
    check_comes_and_goes(&RedisPlace::socket()).await;
}

#[tokio::test]
async fn no_request_waits_for_a_redis_that_hangs() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    written(&redis).await;
    redis.signal("STOP");
    let held = origin.get("/mobile-data").await;
    origin
        .data_where("data moves on while Redis hangs", |answer| {
            answer.status == 200 && answer.header("x-data-as-of") != held.header("x-data-as-of")
        })
        .await;
    eventually("the time-out is counted", || async {
        (origin
            .metric("store_writes_total{outcome=\"timeout\"}")
            .await
            >= 1.0)
            .then_some(())
    })
    .await;
    let stored_age = origin
        .metric("cache_age_seconds{key=\"market:overview\"}")
        .await;
    let served_age = origin.metric("snapshot_age_seconds{}").await;
    assert!(
        stored_age > served_age,
        "the store's age ({stored_age}) hides that it is not written ({served_age})"
    );
    redis.signal("CONT");
    let writes = origin
        .metric("store_writes_total{outcome=\"written\"}")
        .await;
    eventually("it is written again", || async {
        (origin
            .metric("store_writes_total{outcome=\"written\"}")
            .await
            > writes)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_flushed_redis_is_whole_again_after_the_next_round() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    written(&redis).await;
    let _: String = redis.command(&["FLUSHALL"]).await;
    assert_eq!(origin.get("/mobile-data").await.status, 200);
    written(&redis).await;
}

#[tokio::test]
async fn a_restarted_origin_takes_up_what_was_stored_with_its_true_age() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let first = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    eventually("the slow sources are stored", || async {
        let stored = redis.json(StoreKey::MobileData.name()).await?;
        stored["market_overview"]["btc_dominance"]
            .is_number()
            .then_some(())
    })
    .await;
    drop(first);
    let stored = written(&redis).await;
    exchange
        .fault("all", json!({ "kind": "status", "status": 503 }))
        .await;
    let second = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), QUICK]);
    let answer = second.data().await;
    assert_eq!(
        answer.header("x-data-as-of"),
        Some(stored["as_of_ms"].to_string().as_str())
    );
    let body = answer.json();
    assert_true_data(&body);
    assert!(body["market_overview"]["btc_dominance"].is_number());
    exchange.mend().await;
    let next = second
        .data_where("new data follows", |next| {
            next.header("x-data-as-of") != answer.header("x-data-as-of")
        })
        .await
        .json();
    assert!(
        next["sequence"].as_u64().unwrap() > stored["sequence"].as_u64().unwrap(),
        "the sequence went back"
    );
}

/// Puts foreign bytes where the snapshot is stored, and checks that an origin without upstreams
/// does not serve them.
async fn check_not_taken_up(foreign: &str, reason: &str) {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    exchange
        .fault("all", json!({ "kind": "status", "status": 503 }))
        .await;
    let _: String = redis
        .command(&["SET", StoreKey::Snapshot.name(), foreign])
        .await;
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url())]);
    let rejected = format!("snapshot_rejections_total{{reason=\"{reason}\"}}");
    eventually(&format!("{reason} is counted"), || async {
        assert_eq!(origin.get("/mobile-data").await.status, 503);
        (origin.metric(&rejected).await >= 1.0).then_some(())
    })
    .await;
    exchange.mend().await;
    assert_true_data(&origin.data().await.json());
    eventually("real data replaces it", || async {
        // What is replaced may be no JSON.
        let stored = redis.try_text(&["GET", StoreKey::Snapshot.name()]).await?;
        serde_json::from_str::<Value>(&stored).ok()?["scores"]
            .is_array()
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_placeholder_is_never_served_and_never_lasts() {
    check_not_taken_up(r#"{"status":"cache_warmer_generated"}"#, "placeholder").await;
}

#[tokio::test]
async fn json_encoded_twice_is_never_served() {
    check_not_taken_up(r#""{\"schema_version\":1}""#, "encoded_twice").await;
}

#[tokio::test]
async fn a_snapshot_of_another_schema_is_never_served() {
    check_not_taken_up(
        r#"{"schema_version":2,"scores":[{"symbol":"SYSTEM_STATUS"}]}"#,
        "schema_version",
    )
    .await;
}

#[tokio::test]
async fn corrupt_bytes_are_never_served() {
    check_not_taken_up("{\"schema_version\":1,\"seq", "not_json").await;
}
