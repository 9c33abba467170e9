//! Who may do what in Redis: users with the rights that are documented, and no others; several
//! environments in one Redis.

use super::support::{
    Exchange, Loopback, Origin, PASSWORD, Redis, RedisPlace, Server, assert_true_data,
    documented_user, eventually,
};
use redis::{AsyncCommands, RedisResult};
use shared::endpoints::{
    ALERT_STATE_KEY, EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY, PUBLISHED_CHANNEL, StoreKey,
    breakdown_key,
};

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "500");
const WRITTEN: &str = "store_writes_total{outcome=\"written\"}";
const ANNOUNCEMENTS_REFUSED: &str = "store_announcements_refused_total";

fn start(exchange: &Exchange, url: &str, role: &str, prefix: &str) -> Origin {
    let variables = [
        ("REDIS_URL", url),
        ("ORIGIN_ROLE", role),
        ("REDIS_KEY_PREFIX", prefix),
        QUICK,
        SHORT_LEASE,
    ];
    Origin::start(exchange.url(), &variables)
}

fn taken_up() -> &'static str {
    "store_reads_total{outcome=\"taken_up\"}"
}

/// One command of a user.
async fn may(redis: &Redis, user: &str, words: &[&str]) -> RedisResult<redis::Value> {
    let mut connection = redis::Client::open(redis.url_of(user, PASSWORD))?
        .get_multiplexed_async_connection()
        .await?;
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(word);
    });
    command.query_async(&mut connection).await
}

/// Checks that every role does its work with the documented rights, and that no refusal is left
/// over.
async fn check_documented_rights(server: Server, place: &RedisPlace, prefix: &str) {
    let users = ["market-origin", "market-serve", "market-reader"];
    let lines: String = users
        .iter()
        .map(|user| documented_user(user, prefix))
        .collect();
    let (exchange, redis) = (
        Exchange::start().await,
        Redis::start_configured(server, place, &lines).await,
    );
    let first = start(
        &exchange,
        &redis.url_of("market-origin", PASSWORD),
        "all",
        prefix,
    );
    let serving = start(
        &exchange,
        &redis.url_of("market-serve", PASSWORD),
        "serve",
        prefix,
    );
    assert_true_data(&serving.data().await.json());
    // Longer than a lease, so that it was kept.
    first.counted(WRITTEN, 5.0).await;
    let second = start(
        &exchange,
        &redis.url_of("market-origin", PASSWORD),
        "all",
        prefix,
    );
    eventually("the second waits for the lead", || async {
        second
            .get("/health")
            .await
            .text
            .contains("\"leadership\":\"following\"")
            .then_some(())
    })
    .await;
    first.signal("TERM");
    second.counted(WRITTEN, 2.0).await;
    let heard = serving.metric(taken_up()).await;
    serving.counted(taken_up(), heard + 2.0).await;
    for origin in [&second, &serving] {
        assert_eq!(
            origin
                .metric("store_reads_total{outcome=\"not_listening\"}")
                .await,
            0.0
        );
        assert_eq!(origin.metric(ANNOUNCEMENTS_REFUSED).await, 0.0);
    }

    let log: Vec<redis::Value> = redis.command(&["ACL", "LOG"]).await;
    assert!(log.is_empty(), "refused, though documented: {log:?}");
    let snapshot = format!("{prefix}{}", StoreKey::Snapshot.name());
    let overview = format!("{prefix}{}", StoreKey::Overview.name());
    let read: Vec<Option<String>> = redis::from_redis_value(
        may(&redis, "market-reader", &["MGET", &snapshot, &overview])
            .await
            .unwrap(),
    )
    .unwrap();
    assert!(read.iter().all(Option::is_some), "{read:?}");
    may(
        &redis,
        "market-reader",
        &["SUBSCRIBE", &format!("{prefix}{PUBLISHED_CHANNEL}")],
    )
    .await
    .unwrap();

    for (user, words) in [
        ("market-reader", vec!["SET", &overview, "{}"]),
        ("market-reader", vec!["DEL", &overview]),
        (
            "market-reader",
            vec!["PUBLISH", "market:published", "1:1:1"],
        ),
        ("market-reader", vec!["EVAL", "return 1", "0"]),
        ("market-reader", vec!["GET", "another:key"]),
        ("market-reader", vec!["SUBSCRIBE", "another:channel"]),
        ("market-serve", vec!["SET", &snapshot, "{}"]),
        ("market-serve", vec!["GET", &overview]),
        ("market-origin", vec!["SET", "another:key", "value"]),
        ("market-origin", vec!["FLUSHALL"]),
        ("market-origin", vec!["CONFIG", "GET", "*"]),
        ("market-origin", vec!["KEYS", "*"]),
    ] {
        let refused = may(&redis, user, &words).await;
        assert!(
            refused
                .as_ref()
                .is_err_and(|error| error.code() == Some("NOPERM")),
            "{user} {words:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_documented_rights_are_enough_for_each_role_and_no_more() {
    check_documented_rights(Server::Redis, &RedisPlace::tcp(), "").await;
}

#[tokio::test]
async fn the_documented_rights_are_enough_with_a_prefix_and_on_a_socket() {
    check_documented_rights(Server::Redis, &RedisPlace::socket(), "{market}:").await;
}

#[tokio::test]
async fn valkey_does_for_each_role_with_the_documented_rights() {
    check_documented_rights(Server::Valkey, &RedisPlace::tcp(), "").await;
}

/// Checks that what was written counts as written where the announcement of it is refused, and that
/// followers get it.
async fn check_unannounced(server: Server, rights: &str) {
    let lines = rights.to_owned() + &documented_user("market-serve", "");
    let (exchange, redis) = (
        Exchange::start().await,
        Redis::start_configured(server, &RedisPlace::tcp(), &lines).await,
    );
    let origin = start(
        &exchange,
        &redis.url_of("market-origin", PASSWORD),
        "all",
        "",
    );
    origin.counted(WRITTEN, 3.0).await;
    origin.counted(ANNOUNCEMENTS_REFUSED, 3.0).await;
    for outcome in ["refused_by_redis", "not_permitted"] {
        assert_eq!(
            origin
                .metric(&format!("store_writes_total{{outcome=\"{outcome}\"}}"))
                .await,
            0.0,
            "{outcome}"
        );
    }
    let health = origin.get("/health").await.json();
    let outcome = |name: &str| {
        let all = health["dependencies"].as_array().unwrap();
        all.iter()
            .find(|one| one["name"] == name)
            .map(|one| one["outcome"].as_str().unwrap().to_owned())
    };
    assert_eq!(outcome("store").as_deref(), Some("ok"), "{health}");
    assert_eq!(
        outcome("store_announcements").as_deref(),
        Some("announcement_refused"),
        "{health}"
    );
    let serving = start(
        &exchange,
        &redis.url_of("market-serve", PASSWORD),
        "serve",
        "",
    );
    assert_true_data(&serving.data().await.json());
    serving.counted(taken_up(), 2.0).await;
    // As soon as the right is there.
    let _: String = redis
        .command(&[
            "ACL",
            "SETUSER",
            "market-origin",
            "&market:published",
            "+publish",
        ])
        .await;
    eventually("announcing goes on", || async {
        (!origin
            .get("/health")
            .await
            .text
            .contains("announcement_refused"))
        .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_written_and_may_not_be_announced_is_told_as_written() {
    let rights = documented_user("market-origin", "");
    check_unannounced(Server::Redis, &rights.replace(" &market:published", "")).await;
}

#[tokio::test]
async fn what_was_written_by_one_who_may_not_publish_is_told_as_written() {
    let rights = documented_user("market-origin", "");
    check_unannounced(Server::Redis, &rights.replace(" +publish", "")).await;
}

#[tokio::test]
async fn valkey_too_tells_what_was_written_and_may_not_be_announced() {
    let rights = documented_user("market-origin", "");
    check_unannounced(Server::Valkey, &rights.replace(" &market:published", "")).await;
}

#[tokio::test]
async fn a_user_who_may_write_a_part_of_the_keys_writes_none() {
    let rights = documented_user("market-origin", "")
        .replace(" ~confluence:*", "")
        .replace(" ~dashboard:*", "");
    let redis = Redis::start_configured(Server::Redis, &RedisPlace::tcp(), &rights).await;
    let exchange = Exchange::start().await;
    let origin = start(
        &exchange,
        &redis.url_of("market-origin", PASSWORD),
        "all",
        "",
    );
    origin
        .counted("store_writes_total{outcome=\"not_permitted\"}", 2.0)
        .await;
    let keys: Vec<String> = redis.command(&["KEYS", "*"]).await;
    assert!(
        keys.iter()
            .all(|key| [LEADER_KEY, EPOCH_KEY].contains(&&**key)),
        "a part was written: {keys:?}"
    );
    assert_eq!(origin.metric(WRITTEN).await, 0.0);
}

#[tokio::test]
async fn a_password_is_in_no_log_no_answer_and_no_list_of_processes() {
    let (exchange, folder) = (Exchange::start().await, tempfile::tempdir().unwrap());
    let nobody = Loopback::claim();
    let at = nobody.at(21_379);
    for (number, (url, shown)) in [
        (
            format!("redis://origin:hunter2@{at}/0"),
            format!("redis://origin:***@{at}/0"),
        ),
        (
            format!("redis://hunter2@{at}/"),
            format!("redis://***@{at}/"),
        ),
        (
            format!("rediss://:hunter2@{at}/"),
            format!("rediss://:***@{at}/"),
        ),
        (
            "unix:///nowhere/redis.sock?user=origin&pass=hunter2".to_owned(),
            "user=origin&pass=***".to_owned(),
        ),
        (
            format!("redis+sentinel://origin:hunter2@{at}/main"),
            format!("redis+sentinel://***@{at}/main"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let log = folder.path().join(number.to_string());
        let origin = Origin::start_logging(
            exchange.url(),
            &[("REDIS_URL", &*url), ("RUST_LOG", "trace")],
            &log,
        );
        origin.data().await;
        origin.counted("store_reads_total", 1.0).await;
        for path in ["/health", "/metrics"] {
            assert!(
                !origin.get(path).await.text.contains("hunter2"),
                "{path} shows the password of {shown}"
            );
        }
        let seen = std::fs::read_to_string(format!("/proc/{}/cmdline", origin.process())).unwrap();
        assert!(!seen.contains("hunter2"), "{seen}");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains(&shown), "{shown} is not in the log");
        assert!(
            !log.contains("hunter2"),
            "the password of {shown} is in the log"
        );
    }
}

#[tokio::test]
async fn who_only_serves_may_read_from_a_replica() {
    let ours = std::sync::Arc::new(Loopback::claim());
    let primary = Redis::start_at(&RedisPlace::port(&ours, 21_379)).await;
    let (ip, port) = (
        ours.ip().to_string(),
        primary.place().address().port().to_string(),
    );
    let replica = Redis::start_with(
        &RedisPlace::port(&ours, 21_380),
        "",
        &["--replicaof", &ip, &port],
    )
    .await;
    let exchange = Exchange::start().await;
    let origin = start(&exchange, &primary.url(), "all", "");
    let serving = start(&exchange, &replica.url(), "serve", "");
    origin.counted(WRITTEN, 1.0).await;
    assert_true_data(&serving.data().await.json());
    serving
        .counted(taken_up(), serving.metric(taken_up()).await + 2.0)
        .await;
    assert_eq!(
        serving
            .metric("store_reads_total{outcome=\"not_listening\"}")
            .await,
        0.0
    );
}

#[tokio::test]
async fn two_environments_in_one_redis_know_nothing_of_one_another() {
    let redis = Redis::start().await;
    let (ours, theirs) = (Exchange::start().await, Exchange::start().await);
    // Each has a market of its own: the exchange of the second is silent.
    theirs
        .fault(
            "all",
            serde_json::json!({ "kind": "status", "status": 503 }),
        )
        .await;
    let production = start(&ours, &redis.url(), "all", "");
    let staging = start(&theirs, &redis.url(), "all", "staging:");
    assert_true_data(&production.data().await.json());
    eventually("both lead", || async {
        (production.leads().await && staging.leads().await).then_some(())
    })
    .await;
    assert_eq!(
        staging.get("/mobile-data").await.status,
        503,
        "one environment served the other's market"
    );
    theirs.mend().await;
    staging.counted(WRITTEN, 2.0).await;
    let mut keys: Vec<String> = StoreKey::ALL
        .iter()
        .map(|key| key.name().to_owned())
        .collect();
    keys.extend([PUBLICATION_KEY, LEADER_KEY, EPOCH_KEY, ALERT_STATE_KEY].map(str::to_owned));
    keys.push(breakdown_key("BTCUSDT"));
    for key in &keys {
        eventually(&format!("staging has its own {key}"), || async {
            let there: u8 = redis.command(&["EXISTS", &format!("staging:{key}")]).await;
            (there == 1).then_some(())
        })
        .await;
    }
    let all: Vec<String> = redis.command(&["KEYS", "*"]).await;
    for key in &all {
        let bare = key.strip_prefix("staging:").unwrap_or(key);
        let is_known =
            keys.iter().any(|known| known == bare) || bare.starts_with(&breakdown_key(""));
        assert!(is_known, "{key} is nobody's");
    }
    eventually("each listens to its own channel", || async {
        let mut channels: Vec<String> = redis.command(&["PUBSUB", "CHANNELS", "*"]).await;
        channels.sort();
        (channels == [PUBLISHED_CHANNEL, &format!("staging:{PUBLISHED_CHANNEL}")]).then_some(())
    })
    .await;
    for origin in [&production, &staging] {
        assert_eq!(
            origin
                .metric("store_reads_total{outcome=\"not_listening\"}")
                .await,
            0.0
        );
    }
    let mut connection = redis.connection().await.unwrap();
    let (one, other): (String, String) = connection
        .mget(&[LEADER_KEY.to_owned(), format!("staging:{LEADER_KEY}")])
        .await
        .unwrap();
    assert_ne!(one, other, "one leads both");
}
