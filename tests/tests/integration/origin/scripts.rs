//! The scripts that run inside Redis, held against the rules that the rest of us goes by.

use super::support::Redis;
use redis::Script;
use shared::endpoints::{EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY, PUBLISHED_CHANNEL};
use shared::mark::Mark;
use shared::units::UnixMs;

const PUBLISH: &str = include_str!("../../../../origin/src/store/scripts/publish.lua");
const TAKE_LEAD: &str = include_str!("../../../../origin/src/store/scripts/take_lead.lua");
const GIVE_UP_LEAD: &str = include_str!("../../../../origin/src/store/scripts/give_up_lead.lua");
const PROCESS: &str = "7-00ff";

fn mark(epoch: u64, as_of_ms: u64, sequence: u64) -> Mark {
    Mark { epoch, as_of_ms: UnixMs::from_millis(as_of_ms), sequence }
}

async fn publish(redis: &Redis, new: Mark, value: &str) -> String {
    let script = Script::new(PUBLISH);
    let mut invocation = script.prepare_invoke();
    invocation.key(LEADER_KEY).key(PUBLICATION_KEY).key("one").key("two");
    invocation.arg(PROCESS).arg(new.epoch).arg(new.as_of_ms.as_millis()).arg(new.sequence);
    invocation.arg(60_000).arg(3_600_000).arg(PUBLISHED_CHANNEL).arg(value).arg(value);
    invocation.invoke_async(&mut redis.connection().await.unwrap()).await.unwrap()
}

async fn take_lead(redis: &Redis, process: &str) -> (u8, u64) {
    let script = Script::new(TAKE_LEAD);
    let mut invocation = script.prepare_invoke();
    invocation.key(LEADER_KEY).key(EPOCH_KEY).key(PUBLICATION_KEY).arg(process).arg(60_000);
    invocation.invoke_async(&mut redis.connection().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_script_admits_exactly_what_the_mark_admits() {
    let redis = Redis::start().await;
    let all =
        || (1..=2).flat_map(|epoch| (1..=2).flat_map(move |as_of| (1..=2).map(move |seq| mark(epoch, as_of, seq))));
    for held in all() {
        for new in all() {
            redis.set(PUBLICATION_KEY, held.to_string().as_bytes()).await;
            redis.set("one", b"held").await;
            redis.set(LEADER_KEY, format!("{PROCESS}:{}", new.epoch).as_bytes()).await;
            let answer = publish(&redis, new, "new").await;
            let admitted = held.admits(new).is_ok();
            assert_eq!(answer, if admitted { "written".to_owned() } else { held.to_string() }, "{new} after {held}");
            let (value, stored): (String, String) = redis.command(&["MGET", "one", PUBLICATION_KEY]).await;
            let expected = if admitted { ("new", new) } else { ("held", held) };
            assert_eq!((value.as_str(), stored), (expected.0, expected.1.to_string()), "{new} after {held}");
        }
    }
}

#[tokio::test]
async fn every_key_gets_its_life_and_the_mark_outlives_them() {
    let redis = Redis::start().await;
    redis.set(LEADER_KEY, format!("{PROCESS}:3").as_bytes()).await;
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
    for lease in [None, Some("8-00ff:3"), Some("7-00ff:4"), Some("7-00ff:2"), Some("7-00ff"), Some("")] {
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
        if let Some(lease) = lease {
            redis.set(LEADER_KEY, lease.as_bytes()).await;
        }
        assert_eq!(publish(&redis, mark(3, 5, 7), "value").await, "not_leader", "{lease:?}");
        let written: i64 = redis.command(&["EXISTS", "one", "two", PUBLICATION_KEY]).await;
        assert_eq!(written, 0, "{lease:?}");
    }
}

#[tokio::test]
async fn the_lead_is_taken_once_kept_by_its_holder_and_given_up_by_nobody_else() {
    let redis = Redis::start().await;
    let (1, first) = take_lead(&redis, PROCESS).await else { panic!("nobody led") };
    let (0, lasts_ms) = take_lead(&redis, "other").await else { panic!("two lead") };
    assert!((1..=60_000).contains(&lasts_ms), "{lasts_ms}");
    let _: i64 = redis.command(&["PEXPIRE", LEADER_KEY, "5000"]).await;
    assert_eq!(take_lead(&redis, PROCESS).await, (1, first), "keeping it changed the epoch");
    let life: i64 = redis.command(&["PTTL", LEADER_KEY]).await;
    assert!(life > 5_000, "it was not kept");
    let give_up = async |process: &str| {
        let script = Script::new(GIVE_UP_LEAD);
        let mut invocation = script.prepare_invoke();
        let ended: u8 =
            invocation.key(LEADER_KEY).arg(process).invoke_async(&mut redis.connection().await.unwrap()).await.unwrap();
        ended
    };
    assert_eq!(give_up("other").await, 0);
    assert_eq!(give_up(PROCESS).await, 1);
    let (1, second) = take_lead(&redis, "other").await else { panic!("it was not given up") };
    assert!(second > first);
}

#[tokio::test]
async fn an_epoch_is_above_all_that_is_known_even_after_everything_was_lost() {
    let redis = Redis::start().await;
    let (_, first) = take_lead(&redis, PROCESS).await;
    assert!(first > 1_577_836_800_000_000, "{first} is not the server's clock");
    let _: String = redis.command(&["FLUSHALL"]).await;
    let (_, after_loss) = take_lead(&redis, PROCESS).await;
    assert!(after_loss > first, "{after_loss} came after {first}");
    for (key, known, expected) in [
        (EPOCH_KEY, "5000000000000000", 5_000_000_000_000_001),
        (PUBLICATION_KEY, "6000000000000000:1:1", 6_000_000_000_000_001),
    ] {
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
        redis.set(key, known.as_bytes()).await;
        assert_eq!(take_lead(&redis, PROCESS).await, (1, expected), "{key}");
    }
    redis.set(PUBLICATION_KEY, b"7000000000000000:1:1").await;
    assert_eq!(
        take_lead(&redis, PROCESS).await,
        (1, 7_000_000_000_000_001),
        "a leader below the mark could never write"
    );
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
        let (1, taken) = take_lead(&redis, PROCESS).await else { panic!("{lease:?} leads") };
        assert!((1_577_836_800_000_000..9_007_199_254_740_992).contains(&taken), "{taken} after {epoch:?}");
        let _: i64 = redis.command(&["DEL", LEADER_KEY]).await;
    }
}
