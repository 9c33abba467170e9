//! Redis failing in every way it can: each has a name, clients notice nothing, and it heals without
//! a hand.

use super::support::{Exchange, Loopback, Origin, Redis, RedisPlace, assert_true_data, eventually};
use shared::endpoints::{EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY, StoreKey};
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "1000");

fn start(exchange: &Exchange, url: &str, further: &[(&str, &str)]) -> Origin {
    let mut variables = vec![("REDIS_URL", url), QUICK, SHORT_LEASE];
    variables.extend_from_slice(further);
    Origin::start(exchange.url(), &variables)
}

fn outcome(outcome: &str) -> String {
    format!("store_writes_total{{outcome=\"{outcome}\"}}")
}

/// Checks that a fault is named, that clients see newer data all the while, and that writing goes
/// on once it is over.
async fn check_named_and_survived(origin: &Origin, label: &str) {
    let held = origin.get("/mobile-data").await;
    eventually(&format!("{label} is named"), || async {
        assert_eq!(
            origin.get("/mobile-data").await.status,
            200,
            "clients noticed {label}"
        );
        (origin.metric(&outcome(label)).await >= 1.0).then_some(())
    })
    .await;
    let newer = origin
        .data_where(&format!("data moves on under {label}"), |answer| {
            answer.status == 200 && answer.header("x-data-as-of") > held.header("x-data-as-of")
        })
        .await;
    assert_true_data(&newer.json());
    // A leader whose publications are not taken steps aside now and then, and says for that while
    // who it is instead.
    eventually(&format!("/health names {label}"), || async {
        origin
            .get("/health")
            .await
            .text
            .contains(label)
            .then_some(())
    })
    .await;
}

async fn check_healed(origin: &Origin, redis: &Redis) {
    let written = origin.metric(&outcome("written")).await;
    origin.counted(&outcome("written"), written + 2.0).await;
    assert!(redis.json(StoreKey::Snapshot.name()).await.is_some());
}

#[tokio::test]
async fn a_redis_that_became_a_replica_is_read_only_until_it_is_a_primary_again() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis.url(), &[]);
    origin.counted(&outcome("written"), 1.0).await;
    // Nobody listens there, so what is stored stays.
    let nobody = Loopback::claim();
    let _: String = redis
        .command(&["REPLICAOF", &nobody.ip().to_string(), "21379"])
        .await;
    check_named_and_survived(&origin, "read_only").await;
    let _: String = redis.command(&["REPLICAOF", "NO", "ONE"]).await;
    check_healed(&origin, &redis).await;
}

#[tokio::test]
async fn a_redis_without_memory_takes_all_keys_or_none() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis.url(), &[]);
    origin.counted(&outcome("written"), 1.0).await;
    let _: String = redis
        .command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    let _: String = redis.command(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
    check_named_and_survived(&origin, "out_of_memory").await;
    let mut words = vec!["MGET"];
    words.extend(StoreKey::ALL.iter().map(|key| key.name()));
    let values: Vec<Option<String>> = redis.command(&words).await;
    let marks: Vec<_> = values
        .iter()
        .map(|value| value.as_ref().map(|value| as_of(value)))
        .collect();
    assert!(
        marks.iter().all(|mark| mark == &marks[0]),
        "a part was written: {marks:?}"
    );
    let _: String = redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    check_healed(&origin, &redis).await;
}

fn as_of(value: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(value).unwrap();
    value["as_of_ms"].as_u64().unwrap()
}

#[tokio::test]
async fn a_redis_that_evicts_anything_at_any_time_costs_clients_nothing() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origins = [
        start(&exchange, &redis.url(), &[]),
        start(&exchange, &redis.url(), &[]),
    ];
    for origin in &origins {
        origin.data().await;
    }
    let _: String = redis
        .command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"])
        .await;
    // Room for a part of a publication: every write evicts, the lease and the mark included.
    let _: String = redis.command(&["CONFIG", "SET", "maxmemory", "2mb"]).await;
    for origin in &origins {
        let before = origin.data().await;
        let later = origin
            .data_where("data moves on", |answer| {
                answer.header("x-data-as-of") > before.header("x-data-as-of")
            })
            .await;
        assert_true_data(&later.json());
    }
    let _: String = redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    eventually("everything is stored again", || {
        redis.json(StoreKey::MobileData.name())
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_sleeps_is_left_waiting_by_everybody() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis.url(), &[]);
    origin.counted(&outcome("written"), 1.0).await;
    let _: String = redis.command(&["CLIENT", "PAUSE", "600000", "ALL"]).await;
    check_named_and_survived(&origin, "timeout").await;
    redis.signal("STOP");
    let slowest = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(origin.get("/mobile-data").await.status, 200);
    }
    assert!(
        slowest.elapsed().as_secs() < 20,
        "requests waited for Redis"
    );
    redis.signal("KILL");
}

#[tokio::test]
async fn keys_of_another_type_are_named_and_do_no_harm() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let _: i64 = redis.command(&["LPUSH", LEADER_KEY, "squatter"]).await;
    let origin = start(&exchange, &redis.url(), &[]);
    assert_true_data(&origin.data().await.json());
    check_named_and_survived(&origin, "foreign_key").await;
    let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
    check_healed(&origin, &redis).await;
    // A lease without an end and an epoch of another form are no origin's.
    let _: String = redis.command(&["SET", EPOCH_KEY, "soon"]).await;
    let _: String = redis.command(&["SET", LEADER_KEY, "squatter:7"]).await;
    check_healed(&origin, &redis).await;
}

#[tokio::test]
async fn a_mark_of_a_later_leader_is_answered_with_a_later_epoch() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis.url(), &[]);
    origin.counted(&outcome("written"), 1.0).await;
    // As after a fail-over to a replica that knew of the publication but not of the lease.
    let mark: String = redis.command(&["GET", PUBLICATION_KEY]).await;
    let later = mark.split(':').next().unwrap().parse::<u64>().unwrap() + 600_000_000;
    let _: String = redis
        .command(&["SET", PUBLICATION_KEY, &format!("{later}:1:1")])
        .await;
    // Either a publication is refused first, or the lease is renewed first under a later epoch;
    // both heal it.
    check_healed(&origin, &redis).await;
    let mark: String = redis.command(&["GET", PUBLICATION_KEY]).await;
    let epoch: u64 = mark.split(':').next().unwrap().parse().unwrap();
    assert!(
        (later + 1..later + 1_000).contains(&epoch),
        "{mark} after {later}"
    );
}

#[tokio::test]
async fn a_password_opens_redis_and_a_wrong_one_is_named_and_never_logged() {
    let exchange = Exchange::start().await;
    let redis = Redis::start_with(&RedisPlace::tcp(), "correct-horse", &[]).await;
    let origin = start(&exchange, &redis.url(), &[]);
    origin.counted(&outcome("written"), 1.0).await;
    let wrong = redis.url().replace("correct-horse", "hunter2");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let variables = [
        ("REDIS_URL", &*wrong),
        QUICK,
        SHORT_LEASE,
        ("RUST_LOG", "trace"),
    ];
    let shut_out = Origin::start_logging(exchange.url(), &variables, &log);
    assert_true_data(&shut_out.data().await.json());
    check_named_and_survived(&shut_out, "not_authenticated").await;
    for path in ["/health", "/metrics"] {
        assert!(
            !shut_out.get(path).await.text.contains("hunter2"),
            "{path} shows the password"
        );
    }
    let log = std::fs::read_to_string(log).unwrap();
    let address = redis.place().address().to_string();
    assert!(
        log.contains(&address) && !log.contains("hunter2"),
        "the password is in the log"
    );
}

/// A certificate authority of the moment, and what it signed for an address.
fn certificates(folder: &std::path::Path, ip: Ipv4Addr) {
    let script = r#"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca \
            -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=redis -keyout redis.key -out redis.csr
        printf 'subjectAltName=IP:%s' "$0" >san
        openssl x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out redis.pem
    "#;
    let made = Command::new("bash")
        .args(["-euc", script, &ip.to_string()])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

#[tokio::test]
async fn redis_is_reached_by_tls_and_believed_only_by_the_certificates_that_were_given() {
    let exchange = Exchange::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ours = Arc::new(Loopback::claim());
    certificates(folder.path(), ours.ip());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plain, tls) = (RedisPlace::port(&ours, 21_379), ours.at(21_380));
    let tls_port = tls.port().to_string();
    let (ca, certificate, key) = (file("ca.pem"), file("redis.pem"), file("redis.key"));
    let options = [
        "--tls-port",
        &tls_port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
    ];
    let options = [
        options.as_slice(),
        &["--tls-ca-cert-file", &ca, "--tls-auth-clients", "no"],
    ]
    .concat();
    let redis = Redis::start_with(&plain, "correct-horse", &options).await;
    let url = format!("rediss://:correct-horse@{tls}/");
    let origin = start(&exchange, &url, &[("REDIS_CA_FILE", &ca)]);
    origin.counted(&outcome("written"), 1.0).await;
    check_healed(&origin, &redis).await;
    let distrusting = start(&exchange, &url, &[]);
    assert_true_data(&distrusting.data().await.json());
    check_named_and_survived(&distrusting, "unreachable").await;
    assert_eq!(distrusting.metric(&outcome("written")).await, 0.0);
}
