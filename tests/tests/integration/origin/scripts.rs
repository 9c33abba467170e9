//! The scripts that run inside Redis, held against the rules that the rest of us goes by.

use super::support::{PASSWORD, Redis, RedisPlace, Server, documented_user};
use redis::Script;
use shared::endpoints::{
    EPOCH_KEY, LEADER_KEY, MAX_AHEAD_MS, MAX_LEASE_MS, PUBLICATION_KEY, PUBLISHED_CHANNEL,
};
use shared::mark::Mark;
use shared::units::UnixMs;

const PUBLISH: &str = include_str!("../../../../origin/src/store/scripts/publish.lua");
const TAKE_LEAD: &str = include_str!("../../../../origin/src/store/scripts/take_lead.lua");
const GIVE_UP_LEAD: &str = include_str!("../../../../origin/src/store/scripts/give_up_lead.lua");
const PROCESS: &str = "7-00ff";

fn mark(epoch: u64, as_of_ms: u64, sequence: u64) -> Mark {
    Mark {
        epoch,
        as_of_ms: UnixMs::from_millis(as_of_ms),
        sequence,
    }
}

fn publication<'s>(script: &'s Script, new: Mark, value: &str) -> ::redis::ScriptInvocation<'s> {
    let mut invocation = script.prepare_invoke();
    invocation
        .key(LEADER_KEY)
        .key(PUBLICATION_KEY)
        .key("one")
        .key("two");
    invocation
        .arg(PROCESS)
        .arg(new.epoch)
        .arg(new.as_of_ms.as_millis())
        .arg(new.sequence);
    invocation
        .arg(60_000)
        .arg(3_600_000)
        .arg(PUBLISHED_CHANNEL)
        .arg(value)
        .arg(value);
    invocation
}

async fn publish(redis: &Redis, new: Mark, value: &str) -> String {
    let script = Script::new(PUBLISH);
    publication(&script, new, value)
        .invoke_async(&mut redis.connection().await.unwrap())
        .await
        .unwrap()
}

async fn take_lead(redis: &Redis, process: &str) -> (u8, u64) {
    let script = Script::new(TAKE_LEAD);
    let mut invocation = script.prepare_invoke();
    invocation
        .key(LEADER_KEY)
        .key(EPOCH_KEY)
        .key(PUBLICATION_KEY);
    invocation
        .arg(process)
        .arg(60_000)
        .arg(MAX_LEASE_MS)
        .arg(MAX_AHEAD_MS);
    invocation
        .invoke_async(&mut redis.connection().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_script_admits_exactly_what_the_mark_admits() {
    let redis = Redis::start().await;
    let all = || {
        (1..=2).flat_map(|epoch| {
            (1..=2).flat_map(move |as_of| (1..=2).map(move |seq| mark(epoch, as_of, seq)))
        })
    };
    for held in all() {
        for new in all() {
            redis
                .set(PUBLICATION_KEY, held.to_string().as_bytes())
                .await;
            redis.set("one", b"held").await;
            redis
                .set(LEADER_KEY, format!("{PROCESS}:{}", new.epoch).as_bytes())
                .await;
            let answer = publish(&redis, new, "new").await;
            let admitted = held.admits(new).is_ok();
            assert_eq!(
                answer,
                if admitted {
                    "written".to_owned()
                } else {
                    held.to_string()
                },
                "{new} after {held}"
            );
            let (value, stored): (String, String) =
                redis.command(&["MGET", "one", PUBLICATION_KEY]).await;
            let expected = if admitted {
                ("new", new)
            } else {
                ("held", held)
            };
            assert_eq!(
                (value.as_str(), stored),
                (expected.0, expected.1.to_string()),
                "{new} after {held}"
            );
        }
    }
}

#[tokio::test]
async fn every_key_gets_its_life_and_the_mark_outlives_them() {
    let redis = Redis::start().await;
    redis
        .set(LEADER_KEY, format!("{PROCESS}:3").as_bytes())
        .await;
    assert_eq!(publish(&redis, mark(3, 5, 7), "value").await, "written");
    for key in ["one", "two"] {
        let life: i64 = redis.command(&["PTTL", key]).await;
        assert!((1..=60_000).contains(&life), "{key} lives {life} ms");
    }
    let life: i64 = redis.command(&["PTTL", PUBLICATION_KEY]).await;
    assert!(life > 60_000, "the mark lives {life} ms");
}

#[tokio::test]
async fn only_the_holder_of_this_epochs_lease_writes() {
    let redis = Redis::start().await;
    for lease in [
        None,
        Some("8-00ff:3"),
        Some("7-00ff:4"),
        Some("7-00ff:2"),
        Some("7-00ff"),
        Some(""),
    ] {
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
        if let Some(lease) = lease {
            redis.set(LEADER_KEY, lease.as_bytes()).await;
        }
        assert_eq!(
            publish(&redis, mark(3, 5, 7), "value").await,
            "not_leader",
            "{lease:?}"
        );
        let written: i64 = redis
            .command(&["EXISTS", "one", "two", PUBLICATION_KEY])
            .await;
        assert_eq!(written, 0, "{lease:?}");
    }
}

#[tokio::test]
async fn the_lead_is_taken_once_kept_by_its_holder_and_given_up_by_nobody_else() {
    let redis = Redis::start().await;
    let (1, first) = take_lead(&redis, PROCESS).await else {
        panic!("nobody led")
    };
    let (0, lasts_ms) = take_lead(&redis, "other").await else {
        panic!("two lead")
    };
    assert!((1..=60_000).contains(&lasts_ms), "{lasts_ms}");
    let _: i64 = redis.command(&["PEXPIRE", LEADER_KEY, "5000"]).await;
    assert_eq!(
        take_lead(&redis, PROCESS).await,
        (1, first),
        "keeping it changed the epoch"
    );
    let life: i64 = redis.command(&["PTTL", LEADER_KEY]).await;
    assert!(life > 5_000, "it was not kept");
    let give_up = async |process: &str| {
        let script = Script::new(GIVE_UP_LEAD);
        let mut invocation = script.prepare_invoke();
        let ended: u8 = invocation
            .key(LEADER_KEY)
            .arg(process)
            .invoke_async(&mut redis.connection().await.unwrap())
            .await
            .unwrap();
        ended
    };
    assert_eq!(give_up("other").await, 0);
    assert_eq!(give_up(PROCESS).await, 1);
    let (1, second) = take_lead(&redis, "other").await else {
        panic!("it was not given up")
    };
    assert!(second > first);
}

#[tokio::test]
async fn an_epoch_is_above_all_that_is_known_even_after_everything_was_lost() {
    let redis = Redis::start().await;
    let (_, first) = take_lead(&redis, PROCESS).await;
    assert!(
        first > 1_577_836_800_000_000,
        "{first} is not the server's clock"
    );
    let _: String = redis.command(&["FLUSHALL"]).await;
    let (_, after_loss) = take_lead(&redis, PROCESS).await;
    assert!(after_loss > first, "{after_loss} came after {first}");
    // Ten minutes each: as far ahead as clocks may be apart.
    let ahead = |steps: u64| after_loss + steps * 600_000_000;
    for (key, known, expected) in [
        (EPOCH_KEY, ahead(1).to_string(), ahead(1) + 1),
        (PUBLICATION_KEY, format!("{}:1:1", ahead(2)), ahead(2) + 1),
    ] {
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
        redis.set(key, known.as_bytes()).await;
        assert_eq!(take_lead(&redis, PROCESS).await, (1, expected), "{key}");
    }
    redis
        .set(PUBLICATION_KEY, format!("{}:1:1", ahead(3)).as_bytes())
        .await;
    assert_eq!(
        take_lead(&redis, PROCESS).await,
        (1, ahead(3) + 1),
        "a leader below the mark could never write"
    );
}

#[tokio::test]
async fn an_epoch_far_ahead_of_the_clock_is_nobodys() {
    let redis = Redis::start().await;
    let (_, first) = take_lead(&redis, PROCESS).await;
    let far = first + (MAX_AHEAD_MS + 600_000) * 1_000;
    for epoch in [
        far,
        9_007_199_254_740_990,
        9_007_199_254_740_991,
        9_007_199_254_740_992,
    ] {
        redis.set(EPOCH_KEY, epoch.to_string().as_bytes()).await;
        redis
            .set(PUBLICATION_KEY, format!("{epoch}:1:1").as_bytes())
            .await;
        // Also in the lease of this very process.
        redis
            .set(LEADER_KEY, format!("{PROCESS}:{epoch}").as_bytes())
            .await;
        let (1, taken) = take_lead(&redis, PROCESS).await else {
            panic!("{epoch} shuts its own process out")
        };
        assert!((first..far).contains(&taken), "{taken} after {epoch}");
        assert_eq!(
            take_lead(&redis, PROCESS).await,
            (1, taken),
            "it cannot be kept after {epoch}"
        );
        let lease: String = redis.command(&["GET", LEADER_KEY]).await;
        assert_eq!(lease, format!("{PROCESS}:{taken}"));
        assert_eq!(
            publish(&redis, mark(taken, taken / 1_000, taken / 1_000), "new").await,
            "written",
            "{epoch}"
        );
    }
}

#[tokio::test]
async fn a_lease_that_lasts_longer_than_any_is_nobodys() {
    let redis = Redis::start().await;
    for (life, expected) in [("600000", 0), ("660000", 1), ("864000000", 1)] {
        let _: String = redis
            .command(&["SET", LEADER_KEY, "squatter:7", "PX", life])
            .await;
        assert_eq!(take_lead(&redis, PROCESS).await.0, expected, "{life}");
    }
}

#[tokio::test]
async fn a_mark_ahead_of_the_clock_by_more_than_its_life_is_nobodys() {
    let redis = Redis::start().await;
    let (_, epoch) = take_lead(&redis, PROCESS).await;
    let now = epoch / 1_000;
    let (near, far) = (now + 1_800_000, now + 4_200_000);
    let publish_now = async || publish(&redis, mark(epoch, now, now), "new").await;
    for held in [mark(near * 1_000, 1, 1), mark(1, near, 1), mark(1, 1, near)] {
        redis
            .set(PUBLICATION_KEY, held.to_string().as_bytes())
            .await;
        assert_eq!(publish_now().await, held.to_string());
    }
    for held in [mark(far * 1_000, 1, 1), mark(1, far, 1), mark(1, 1, far)] {
        redis
            .set(PUBLICATION_KEY, held.to_string().as_bytes())
            .await;
        assert_eq!(publish_now().await, "written", "{held}");
    }
}

#[tokio::test]
async fn everything_is_written_or_the_refusal_is_one_of_the_whole() {
    let keys = "~market:* ~analysis:* ~confluence:* ~dashboard:*";
    let lines = documented_user("market-origin", "").replace(keys, "~*");
    for (rights, expected) in [
        (lines.clone(), Ok("written")),
        (lines.replace(" &market:published", ""), Ok("unannounced")),
        (lines.replace(" +publish", ""), Ok("unannounced")),
        (lines.replace(" +set", ""), Err(0)),
        (lines.replace(" +time", ""), Err(0)),
        (lines.replace("~*", "~market:* ~one"), Err(0)),
    ] {
        let redis = Redis::start_configured(Server::Redis, &RedisPlace::socket(), &rights).await;
        redis
            .set(LEADER_KEY, format!("{PROCESS}:3").as_bytes())
            .await;
        redis.set(PUBLICATION_KEY, b"1:1:1").await;
        let client = ::redis::Client::open(redis.url_of("market-origin", PASSWORD)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let script = Script::new(PUBLISH);
        let answer: ::redis::RedisResult<String> = publication(&script, mark(3, 5, 7), "value")
            .invoke_async(&mut connection)
            .await;
        let written: i64 = redis.command(&["EXISTS", "one", "two"]).await;
        assert_eq!(
            (answer.as_deref().map_err(|_| written), written),
            (expected, if expected.is_ok() { 2 } else { 0 }),
            "{rights}"
        );
        let stored: String = redis.command(&["GET", PUBLICATION_KEY]).await;
        assert_eq!(
            stored,
            if expected.is_ok() { "3:5:7" } else { "1:1:1" },
            "{rights}"
        );
    }
}

#[tokio::test]
async fn what_is_no_lease_and_no_epoch_stands_in_nobodys_way() {
    let redis = Redis::start().await;
    for (lease, epoch) in [
        ("squatter", "soon"),
        ("squatter:7", "-4"),
        ("", "1e300"),
        ("{\"leader\":1}", "99999999999999999999"),
        (":::", "0x10"),
    ] {
        // Without an end, as no origin writes it.
        redis.set(LEADER_KEY, lease.as_bytes()).await;
        redis.set(EPOCH_KEY, epoch.as_bytes()).await;
        let (1, taken) = take_lead(&redis, PROCESS).await else {
            panic!("{lease:?} leads")
        };
        assert!(
            (1_577_836_800_000_000..9_007_199_254_740_992).contains(&taken),
            "{taken} after {epoch:?}"
        );
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
    }
}
