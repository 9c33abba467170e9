//! Where in Redis what stands.

use crate::freeze::freeze;
use expect_test::expect_file;
use shared::endpoints::{
    ALERT_STATE_KEY, EPOCH_KEY, LEADER_KEY, PUBLICATION_KEY, PUBLISHED_CHANNEL, StoreKey,
    breakdown_key,
};
use shared::mark::Mark;
use shared::snapshot::SCHEMA_VERSION;
use shared::units::UnixMs;

#[test]
fn golden_keys_of_the_store() {
    let mark = Mark {
        epoch: 1,
        as_of_ms: UnixMs::from_millis(2),
        sequence: 3,
    }
    .to_string();
    let mark = mark
        .replace('1', "{epoch}")
        .replace('2', "{as_of_ms}")
        .replace('3', "{sequence}");
    let mut facts: Vec<String> = StoreKey::ALL
        .iter()
        .map(|key| format!("key {} json", key.name()))
        .collect();
    facts.extend([
        format!("key {} json", breakdown_key("{symbol}")),
        format!("key {ALERT_STATE_KEY} json"),
        format!("key {PUBLICATION_KEY} {mark}"),
        format!("key {LEADER_KEY} {{process}}:{{epoch}}"),
        format!("key {EPOCH_KEY} {{epoch}}"),
        format!("channel {PUBLISHED_CHANNEL} {mark}"),
        format!("schema_version {SCHEMA_VERSION}"),
    ]);
    freeze(&expect_file!["../../../golden/redis.txt"], facts);
}
