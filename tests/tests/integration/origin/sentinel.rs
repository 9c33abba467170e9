//! Redis with a replica and three sentinels: the primary dies, another takes its place, and no
//! client sees it. Sentinels and servers that ask for a password each.

use super::redis_group::{Passwords, RedisGroup, SENTINEL_USER};
use super::support::{Exchange, Origin, Redis, eventually};
use shared::endpoints::PUBLICATION_KEY;
use std::sync::atomic::{AtomicBool, Ordering};

async fn mark(redis: &Redis) -> Option<Vec<u64>> {
    let mark: Option<String> = redis.command(&["GET", PUBLICATION_KEY]).await;
    mark.map(|mark| {
        mark.split(':')
            .map(|number| number.parse().unwrap())
            .collect()
    })
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
    let variables = [
        ("REDIS_URL", &*url),
        ("TICKERS_INTERVAL_MS", "250"),
        ("LEADER_LEASE_MS", "1000"),
    ];
    let origins = [
        Origin::start(exchange.url(), &variables),
        Origin::start(exchange.url(), &variables),
    ];
    for origin in &origins {
        origin.data().await;
    }
    let before = eventually("the replica has a publication", || mark(group.replica())).await;
    let done = AtomicBool::new(false);
    let change = async {
        group.fail_over().await;
        let after = eventually("the new primary is written", || async {
            mark(group.primary())
                .await
                .filter(|after| after[1] > before[1] && after[2] > before[2])
        })
        .await;
        assert!(
            after[0] >= before[0],
            "{before:?} was followed by {after:?}"
        );
        let next = || async {
            mark(group.primary())
                .await
                .filter(|next| next[2] > after[2])
        };
        eventually("writing goes on", next).await;
        done.store(true, Ordering::Relaxed);
    };
    let ((), first, second) =
        tokio::join!(change, read(&origins[0], &done), read(&origins[1], &done));
    assert!(first > 0 && second > 0);
    let leading = eventually("one leads", || async {
        let leading = [origins[0].leads().await, origins[1].leads().await];
        leading.contains(&true).then_some(leading)
    })
    .await;
    assert_ne!(leading[0], leading[1], "both lead");
}

const PASSWORDS: Passwords = Passwords {
    servers: "correct-horse",
    sentinels: "battery-staple",
};

fn outcome(outcome: &str) -> String {
    format!("store_writes_total{{outcome=\"{outcome}\"}}")
}

#[tokio::test]
async fn sentinels_and_servers_are_each_shown_their_own_password_before_and_after_a_fail_over() {
    let (exchange, mut group) = (
        Exchange::start().await,
        RedisGroup::start_with(PASSWORDS).await,
    );
    let url = group.url();
    let login = [
        ("REDIS_SENTINEL_USER", SENTINEL_USER),
        ("REDIS_SENTINEL_PASSWORD", PASSWORDS.sentinels),
    ];
    let variables = [
        ("REDIS_URL", &*url),
        ("TICKERS_INTERVAL_MS", "250"),
        ("LEADER_LEASE_MS", "1000"),
        login[0],
        login[1],
    ];
    let origin = Origin::start(exchange.url(), &variables);
    origin.counted(&outcome("written"), 1.0).await;
    let before = eventually("the replica has a publication", || mark(group.replica())).await;
    group.fail_over().await;
    eventually("the new primary is written", || async {
        mark(group.primary())
            .await
            .filter(|after| after[1] > before[1])
    })
    .await;
}

#[tokio::test]
async fn a_password_that_sentinels_or_servers_refuse_is_named_by_its_variable_and_never_logged() {
    let (exchange, group) = (
        Exchange::start().await,
        RedisGroup::start_with(PASSWORDS).await,
    );
    let (right, folder) = (group.url(), tempfile::tempdir().unwrap());
    let wrong = right.replace(PASSWORDS.servers, "hunter2");
    let of_sentinels = "the sentinels refuse REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD";
    let user = ("REDIS_SENTINEL_USER", SENTINEL_USER);
    let cases = [
        ("none", &right, vec![], true),
        (
            "wrong",
            &right,
            vec![user, ("REDIS_SENTINEL_PASSWORD", "hunter2")],
            true,
        ),
        (
            "without-user",
            &right,
            vec![("REDIS_SENTINEL_PASSWORD", "hunter2")],
            true,
        ),
        (
            "of-servers",
            &wrong,
            vec![user, ("REDIS_SENTINEL_PASSWORD", PASSWORDS.sentinels)],
            false,
        ),
    ];
    for (case, url, login, is_of_sentinels) in cases {
        let log = folder.path().join(case);
        let variables = [
            &[
                ("REDIS_URL", &**url),
                ("LEADER_LEASE_MS", "1000"),
                ("RUST_LOG", "trace"),
            ],
            &*login,
        ]
        .concat();
        let origin = Origin::start_logging(exchange.url(), &variables, &log);
        origin.counted(&outcome("not_authenticated"), 1.0).await;
        assert_eq!(origin.data().await.status, 200, "clients noticed");
        for path in ["/health", "/metrics"] {
            let page = origin.get(path).await.text;
            assert!(
                page.contains("not_authenticated"),
                "{case} is not named in {page}"
            );
            assert!(
                !page.contains("hunter2") && !page.contains("battery"),
                "{path} shows a password"
            );
        }
        let log = std::fs::read_to_string(log).unwrap();
        assert_eq!(log.contains(of_sentinels), is_of_sentinels, "{case}: {log}");
        assert!(
            !log.contains("hunter2") && !log.contains("battery"),
            "{case}: a password is in the log"
        );
        assert!(
            !log.contains("correct-horse"),
            "{case}: a password is in the log"
        );
    }
}
