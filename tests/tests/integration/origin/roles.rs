//! Several origins on one Redis: one collects, all serve, and another takes over whatever happens
//! to the one.

use super::support::{Answer, Exchange, Origin, PLENTY, Redis, assert_true_data, eventually};
use serde_json::{Value, json};
use shared::endpoints::{CLIENT_ROUTES, LEADER_KEY, PUBLICATION_KEY, PUBLISHED_CHANNEL, StoreKey};

const QUICK: (&str, &str) = ("TICKERS_INTERVAL_MS", "250");

/// A lease that is over soon when its holder is.
const SHORT_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "1000");

/// A lease that is renewed only every twenty seconds.
const LONG_LEASE: (&str, &str) = ("LEADER_LEASE_MS", "60000");

/// Limits at which whoever gets nothing helps itself soon.
const IMPATIENT: [(&str, &str); 4] = [
    ("REFRESH_AFTER_S", "1"),
    ("FRESH_S", "2"),
    ("AGING_S", "60"),
    ("STALE_S", "300"),
];

fn start(exchange: &Exchange, redis: &Redis, further: &[(&str, &str)]) -> Origin {
    let url = redis.url();
    let mut variables = vec![("REDIS_URL", url.as_str()), QUICK];
    variables.extend_from_slice(further);
    Origin::start(exchange.url(), &variables)
}

async fn leader(origins: &[Origin]) -> usize {
    eventually("one leads", || async {
        for (index, origin) in origins.iter().enumerate() {
            if origin.leads().await {
                return Some(index);
            }
        }
        None
    })
    .await
}

/// The epoch, time and number of what is stored.
async fn mark(redis: &Redis) -> Option<(u64, u64, u64)> {
    let mark: Option<String> = redis.command(&["GET", PUBLICATION_KEY]).await;
    let mark = mark?;
    let numbers: Vec<u64> = mark
        .split(':')
        .map(|number| number.parse().unwrap())
        .collect();
    Some((numbers[0], numbers[1], numbers[2]))
}

async fn mark_after(redis: &Redis, before: (u64, u64, u64)) -> (u64, u64, u64) {
    eventually("something newer is stored", || async {
        mark(redis).await.filter(|mark| mark.1 > before.1)
    })
    .await
}

/// A leader that nobody else can see, and that publishes what the test says.
async fn pretend_to_lead(redis: &Redis) {
    let _: String = redis
        .command(&[
            "SET",
            LEADER_KEY,
            "somebody-else:4000000000000000",
            "PX",
            "600000",
        ])
        .await;
}

fn as_of(answer: &Answer) -> u64 {
    // A refusal has no data and so no time.
    answer
        .header("x-data-as-of")
        .map_or(0, |as_of| as_of.parse().unwrap())
}

#[tokio::test]
async fn one_of_three_asks_the_exchange_and_all_serve_the_same_bytes() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origins = [(), (), ()].map(|()| start(&exchange, &redis, &[]));
    let leader = leader(&origins).await;
    for origin in &origins {
        assert_true_data(&origin.data().await.json());
    }
    for (index, origin) in origins
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != leader)
    {
        origin
            .counted("store_reads_total{outcome=\"taken_up\"}", 3.0)
            .await;
        assert_eq!(
            origin.metric("collecting").await,
            0.0,
            "{index} collects beside {leader}"
        );
        for upstream in [
            "bybit_tickers",
            "bybit_instruments",
            "coingecko_global",
            "alternative_me",
        ] {
            let asked =
                format!("upstream_requests_total{{upstream=\"{upstream}\",outcome=\"ok\"}}");
            assert_eq!(
                origin.metric(&asked).await,
                0.0,
                "{index} asked {upstream} beside {leader}"
            );
        }
    }
    for (path, _) in CLIENT_ROUTES {
        eventually(&format!("{path} is the same everywhere"), || async {
            let answers = [
                origins[0].get(path).await,
                origins[1].get(path).await,
                origins[2].get(path).await,
            ];
            let one = answers
                .iter()
                .all(|answer| answer.header("etag") == answers[0].header("etag"));
            if !one || answers[0].status != 200 {
                // Not analysed yet, or one was a round ahead.
                return (answers.iter().all(|answer| answer.status == 503)).then_some(());
            }
            assert!(
                answers
                    .iter()
                    .all(|answer| answer.bytes == answers[0].bytes),
                "{path}: one ETag, two bodies"
            );
            Some(())
        })
        .await;
    }
}

#[tokio::test]
async fn another_takes_over_from_a_leader_that_was_killed_and_nothing_goes_back() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let mut origins = vec![
        start(&exchange, &redis, &[SHORT_LEASE]),
        start(&exchange, &redis, &[SHORT_LEASE]),
    ];
    let first = leader(&origins).await;
    let before = eventually("it publishes", || mark(&redis)).await;
    let served = origins[1 - first].data().await;
    drop(origins.remove(first));
    let other = &origins[0];
    let after = mark_after(&redis, before).await;
    assert!(
        after.0 >= before.0 && after.2 > before.2,
        "{before:?} was followed by {after:?}"
    );
    let taken = eventually("the other's epoch is stored", || async {
        mark(&redis).await.filter(|mark| mark.0 > before.0)
    })
    .await;
    assert!(other.leads().await && taken.2 > before.2);
    let next = other
        .data_where("its clients see newer data", |answer| {
            as_of(answer) > as_of(&served)
        })
        .await;
    assert_true_data(&next.json());
}

/// When the oldest score was worked out, where every contract has one in six dimensions.
fn wholly_analysed_at(body: &Value) -> Option<u64> {
    let rows = body["confluence_scores"].as_array()?.iter();
    let scored_at = rows.map(|row| {
        (row["score_basis"] == "six_dimension").then(|| row["score_as_of_ms"].as_u64())?
    });
    scored_at.collect::<Option<Vec<u64>>>()?.into_iter().min()
}

#[tokio::test]
async fn a_new_leader_shows_the_scores_of_the_one_before_with_their_age_until_it_has_its_own() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let mut origins = vec![
        start(&exchange, &redis, &[SHORT_LEASE, PLENTY]),
        start(&exchange, &redis, &[SHORT_LEASE, PLENTY]),
    ];
    let first = leader(&origins).await;
    let is_whole = |answer: &Answer| wholly_analysed_at(&answer.json()).is_some();
    eventually("betas are there", || async {
        (origins[1 - first]
            .get("/api/bitcoin-beta/realtime")
            .await
            .status
            == 200)
            .then_some(())
    })
    .await;
    let before = origins[1 - first]
        .data_where("every contract is analysed", is_whole)
        .await;
    drop(origins.remove(first));
    let other = &origins[0];
    let carried = |body: &Value| {
        body["degraded"]
            .as_array()
            .unwrap()
            .contains(&json!("analysis_carried_over"))
    };
    let was_carried = std::cell::Cell::new(false);
    let own = other
        .data_where("it has scores of its own", |answer| {
            assert_eq!(answer.status, 200, "{}", answer.text);
            let body = answer.json();
            // A follower that saw the last publication shows it whole; so does the leader that it
            // becomes.
            let scored_at = wholly_analysed_at(&body).expect("a score was lost on the way");
            let moved_on = as_of(answer) > as_of(&before);
            if carried(&body) {
                was_carried.set(true);
                assert!(
                    moved_on && scored_at < as_of(answer),
                    "carried over and not older than its prices"
                );
            } else {
                assert_eq!(scored_at, as_of(answer));
            }
            was_carried.get() && moved_on && !carried(&body)
        })
        .await;
    assert_true_data(&own.json());
    for path in ["/api/dashboard/signals", "/api/bitcoin-beta/realtime"] {
        let answer = other.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_leader_that_is_told_to_end_hands_the_lead_over_at_once() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let mut first = start(&exchange, &redis, &[LONG_LEASE]);
    first.counted("leadership_leading", 1.0).await;
    eventually("it publishes", || mark(&redis)).await;
    // The lease would last a minute; the other asks every twenty seconds or when it knows better.
    first.signal("TERM");
    assert_eq!(first.ended().await, Some(0));
    // Read when it has ended: it may publish once more before it takes the signal.
    let before = mark(&redis).await.expect("its publication stays");
    let lease: Option<String> = redis.command(&["GET", LEADER_KEY]).await;
    assert_eq!(lease, None, "the lease was left behind");
    let second = start(&exchange, &redis, &[LONG_LEASE]);
    let after = mark_after(&redis, before).await;
    assert!(
        second.leads().await && after.0 > before.0,
        "{before:?} was followed by {after:?}"
    );
}

#[tokio::test]
async fn a_leader_that_sleeps_while_another_takes_the_lead_writes_nothing_when_it_wakes() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origins = [
        start(&exchange, &redis, &[SHORT_LEASE]),
        start(&exchange, &redis, &[SHORT_LEASE]),
    ];
    let sleeper = leader(&origins).await;
    let before = eventually("it publishes", || mark(&redis)).await;
    origins[sleeper].signal("STOP");
    let taken = eventually("the other publishes", || async {
        mark(&redis).await.filter(|mark| mark.0 > before.0)
    })
    .await;
    origins[sleeper].signal("CONT");
    let mut last = taken;
    for _ in 0..20 {
        let next = mark_after(&redis, last).await;
        assert!(
            next.0 >= last.0,
            "the sleeper's epoch {} is back after {}: {next:?}",
            before.0,
            last.0
        );
        assert!(next.2 > last.2, "{last:?} was followed by {next:?}");
        last = next;
    }
    let newer = |answer: &Answer| as_of(answer) >= last.1;
    origins[sleeper]
        .data_where("the sleeper serves what the other publishes", newer)
        .await;
}

#[tokio::test]
async fn who_still_believes_to_lead_is_refused_by_the_script() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let origin = start(&exchange, &redis, &[LONG_LEASE]);
    origin
        .counted("store_writes_total{outcome=\"written\"}", 2.0)
        .await;
    // The mark may still move between the two, so it is read when the lease is gone.
    pretend_to_lead(&redis).await;
    let held = mark(&redis).await;
    origin
        .counted("store_writes_total{outcome=\"not_leader\"}", 1.0)
        .await;
    assert_eq!(mark(&redis).await, held, "it wrote without the lease");
    eventually("it knows", || async {
        (!origin.leads().await).then_some(())
    })
    .await;
    let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
    mark_after(&redis, held.unwrap()).await;
}

#[tokio::test]
async fn a_follower_whose_leader_publishes_nothing_collects_for_its_own_clients_and_writes_nothing()
{
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    pretend_to_lead(&redis).await;
    let origin = start(
        &exchange,
        &redis,
        &[IMPATIENT.as_slice(), &[SHORT_LEASE]].concat(),
    );
    let answer = origin
        .data_where("it helps itself", |answer| {
            answer.header("x-data-freshness") == Some("fresh")
        })
        .await;
    assert_true_data(&answer.json());
    assert_eq!(
        redis.json(StoreKey::Snapshot.name()).await,
        None,
        "it published without the lead"
    );
    assert_eq!(
        (origin.leads().await, origin.metric("collecting").await),
        (false, 1.0)
    );
    let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
    eventually("it leads when nobody does", || mark(&redis)).await;
}

#[tokio::test]
async fn a_leader_that_gets_no_data_gives_the_lead_to_one_that_does() {
    let (blind, seeing, redis) = (
        Exchange::start().await,
        Exchange::start().await,
        Redis::start().await,
    );
    let further = [IMPATIENT.as_slice(), &[SHORT_LEASE]].concat();
    let first = start(&blind, &redis, &further);
    let before = eventually("the first publishes", || mark(&redis)).await;
    let second = start(&seeing, &redis, &further);
    second
        .counted("store_reads_total{outcome=\"taken_up\"}", 1.0)
        .await;
    blind
        .fault("bybit", json!({ "kind": "status", "status": 503 }))
        .await;
    eventually("the second publishes", || async {
        mark(&redis)
            .await
            .filter(|mark| mark.0 > before.0 && mark.1 > before.1)
    })
    .await;
    let newest = eventually("the second leads", || async {
        second.leads().await.then_some(mark(&redis).await?)
    })
    .await;
    first
        .data_where("the first serves what the second publishes", |answer| {
            as_of(answer) >= newest.1
        })
        .await;
}

#[tokio::test]
async fn one_that_serves_asks_nobody_and_one_that_collects_serves_nobody() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let serving = start(&exchange, &redis, &[("ORIGIN_ROLE", "serve")]);
    assert_eq!(serving.get("/mobile-data").await.status, 503);
    assert_eq!(exchange.bybit_requests().await, 0);
    let collecting = start(&exchange, &redis, &[("ORIGIN_ROLE", "collect")]);
    let body = serving.data().await.json();
    assert_true_data(&body);
    assert_eq!(serving.get("/health").await.json()["role"], "serve");
    assert_eq!(
        (serving.leads().await, serving.metric("collecting").await),
        (false, 0.0)
    );
    for (path, _) in CLIENT_ROUTES {
        assert_eq!(collecting.get(path).await.status, 404, "{path}");
    }
    assert_eq!(collecting.get("/snapshot").await.status, 404);
    let health = collecting.get("/health").await.json();
    assert_eq!(
        (&health["role"], &health["leadership"]),
        (&json!("collect"), &json!("leading"))
    );
    assert!(collecting.leads().await);
}

#[tokio::test]
async fn a_publication_reaches_a_follower_without_waiting_for_its_next_look() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let _leader = start(&exchange, &redis, &[("TICKERS_INTERVAL_MS", "2000")]);
    eventually("it publishes", || mark(&redis)).await;
    let follower = start(&exchange, &redis, &[("ORIGIN_ROLE", "serve")]);
    follower.data().await;
    // Each publication is taken up once, however it is heard of; looks in between find nothing.
    let taken = follower
        .counted("store_reads_total{outcome=\"taken_up\"}", 4.0)
        .await;
    assert!(
        follower
            .metric("store_reads_total{outcome=\"nothing_new\"}")
            .await
            >= 1.0
    );
    let announced: i64 = redis
        .command(&["PUBLISH", PUBLISHED_CHANNEL, "noise"])
        .await;
    assert_eq!(announced, 2, "not both origins listen");
    let _: i64 = redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    follower
        .counted("store_reads_total{outcome=\"taken_up\"}", taken + 2.0)
        .await;
    eventually("both listen again", || async {
        let listening: i64 = redis
            .command(&["PUBLISH", PUBLISHED_CHANNEL, "noise"])
            .await;
        (listening == 2).then_some(())
    })
    .await;
}

/// Publishes bytes as another leader would, and checks that a follower names them and goes on
/// serving what it had.
async fn check_not_followed(redis: &Redis, follower: &Origin, forged: &[u8], reason: &str) {
    let before = follower.get("/mobile-data").await;
    assert_eq!(before.status, 200, "before {reason}");
    let counted = format!("store_reads_total{{outcome=\"{reason}\"}}");
    let rejected = format!("snapshot_rejections_total{{reason=\"{reason}\"}}");
    let times = follower.metric(&counted).await;
    let newest = mark(redis).await.unwrap();
    let newer = format!("{}:{}:{}", newest.0 + 1, newest.1 + 1, newest.2 + 1);
    redis.set(StoreKey::Snapshot.name(), forged).await;
    let _: String = redis.command(&["SET", PUBLICATION_KEY, &newer]).await;
    let _: i64 = redis.command(&["PUBLISH", PUBLISHED_CHANNEL, &newer]).await;
    follower.counted(&counted, times + 1.0).await;
    assert!(follower.metric(&rejected).await >= 1.0, "{reason}");
    let after = follower.get("/mobile-data").await;
    assert_eq!(
        (after.status, &after.bytes),
        (200, &before.bytes),
        "{reason} changed what is served"
    );
    let health = follower.get("/health").await.text;
    assert!(health.contains(reason), "{reason} is not in {health}");
}

#[tokio::test]
async fn what_another_writer_left_is_named_and_never_served() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let leader = start(&exchange, &redis, &[]);
    let follower = start(
        &exchange,
        &redis,
        &[
            ("ORIGIN_ROLE", "serve"),
            ("FRESH_S", "200"),
            ("AGING_S", "250"),
        ],
    );
    eventually("it publishes", || mark(&redis)).await;
    pretend_to_lead(&redis).await;
    leader.signal("STOP");
    let last = mark(&redis).await.unwrap();
    follower
        .data_where("it serves the last publication", |answer| {
            as_of(answer) >= last.1
        })
        .await;
    let stored: String = redis.command(&["GET", StoreKey::Snapshot.name()]).await;
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut snapshot: Value = serde_json::from_str(&stored).unwrap();
        change(&mut snapshot);
        snapshot.to_string().into_bytes()
    };
    let twice = json!(stored).to_string();
    let mut flipped = stored.clone().into_bytes();
    flipped[40] ^= 0x80;
    let forged: [(&[u8], &str); 9] = [
        (twice.as_bytes(), "encoded_twice"),
        (br#"{"status":"cache_warmer_generated"}"#, "placeholder"),
        (br#"{"status":"INITIALIZING","symbols":[]}"#, "placeholder"),
        (&stored.as_bytes()[..stored.len() / 2], "not_json"),
        (&flipped, "not_json"),
        (
            &changed(&|snapshot| snapshot["scores"][3]["symbol"] = json!("SYSTEM_STATUS")),
            "malformed_symbol",
        ),
        (
            &changed(&|snapshot| snapshot["schema_version"] = json!(0)),
            "schema_version",
        ),
        (
            &changed(&|snapshot| snapshot["schema_version"] = json!(99)),
            "schema_version",
        ),
        (
            &changed(&|snapshot| snapshot["scores"][0]["price"] = json!(0.0)),
            "shape",
        ),
    ];
    for (bytes, reason) in forged {
        check_not_followed(&redis, &follower, bytes, reason).await;
    }
}
