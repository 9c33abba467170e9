//! Redis Cluster and Valkey's: all keys in one slot, wherever that is.

use super::support::{
    Exchange, Loopback, Origin, Redis, RedisPlace, Server, assert_true_data, eventually,
};
use shared::endpoints::{PUBLICATION_KEY, StoreKey};
use std::sync::Arc;

const PREFIX: &str = "{market}:";
const SLOTS: u16 = 16_384;

fn start(exchange: &Exchange, url: &str, role: &str) -> Origin {
    let variables = [
        ("REDIS_URL", url),
        ("REDIS_KEY_PREFIX", PREFIX),
        ("ORIGIN_ROLE", role),
        ("TICKERS_INTERVAL_MS", "250"),
        ("LEADER_LEASE_MS", "1000"),
    ];
    Origin::start(exchange.url(), &variables)
}

fn outcome(outcome: &str) -> String {
    format!("store_writes_total{{outcome=\"{outcome}\"}}")
}

async fn node(server: Server, of: &Arc<Loopback>, port: u16) -> Redis {
    let lines = format!(
        "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-announce-ip {}\n",
        of.ip()
    );
    Redis::start_configured(server, &RedisPlace::port(of, port), &lines).await
}

async fn take_slots(node: &Redis, first: u16, last: u16) {
    let _: String = node
        .command(&[
            "CLUSTER",
            "ADDSLOTSRANGE",
            &first.to_string(),
            &last.to_string(),
        ])
        .await;
}

async fn is_whole(node: &Redis, nodes: usize) -> Option<()> {
    let info = node.try_text(&["CLUSTER", "INFO"]).await?;
    (info.contains("cluster_state:ok")
        && info.contains(&format!("cluster_known_nodes:{nodes}\r\n")))
    .then_some(())
}

/// Checks on one server that is a whole cluster.
async fn check_one_node(server: Server) {
    let (exchange, ours) = (Exchange::start().await, Arc::new(Loopback::claim()));
    let redis = node(server, &ours, 21_379).await;
    take_slots(&redis, 0, SLOTS - 1).await;
    eventually("the cluster is whole", || is_whole(&redis, 1)).await;
    let origin = start(&exchange, &redis.url(), "all");
    let serving = start(&exchange, &redis.url(), "serve");
    origin.counted(&outcome("written"), 3.0).await;
    assert_true_data(&serving.data().await.json());
    let heard = "store_reads_total{outcome=\"taken_up\"}";
    serving
        .counted(heard, serving.metric(heard).await + 2.0)
        .await;
    assert_eq!(
        serving
            .metric("store_reads_total{outcome=\"not_listening\"}")
            .await,
        0.0
    );
    assert_eq!(
        origin.metric("store_announcements_refused_total").await,
        0.0
    );
    let stored = redis
        .json(&format!("{PREFIX}{}", StoreKey::Snapshot.name()))
        .await
        .unwrap();
    assert!(stored["scores"].is_array());
}

#[tokio::test]
async fn a_cluster_is_published_to_with_a_prefix_in_braces() {
    check_one_node(Server::Redis).await;
}

#[tokio::test]
async fn a_cluster_of_valkey_is_published_to_with_a_prefix_in_braces() {
    check_one_node(Server::Valkey).await;
}

#[tokio::test]
async fn without_braces_a_cluster_is_refused_by_name_and_clients_are_served() {
    let (exchange, ours) = (Exchange::start().await, Arc::new(Loopback::claim()));
    let redis = node(Server::Redis, &ours, 21_379).await;
    take_slots(&redis, 0, SLOTS - 1).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let variables = [
        ("REDIS_URL", &*redis.url()),
        ("REDIS_KEY_PREFIX", "staging:"),
        ("TICKERS_INTERVAL_MS", "250"),
    ];
    let origin = Origin::start_logging(exchange.url(), &variables, &log);
    origin.counted(&outcome("cross_slot"), 1.0).await;
    assert_true_data(&origin.data().await.json());
    assert!(origin.get("/health").await.text.contains("cross_slot"));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(
        log.contains("REDIS_KEY_PREFIX needs a part in braces, as in {market}:"),
        "{log}"
    );
}

/// The sequence of what a server holds, if it is the one that holds it.
async fn sequence_at(node: &Redis) -> Option<u64> {
    let mark = node
        .try_text(&["GET", &format!("{PREFIX}{PUBLICATION_KEY}")])
        .await?;
    mark.rsplit(':').next()?.parse().ok()
}

/// Waits until a server is written and goes on being so.
async fn written_at(node: &Redis) {
    let first = eventually("the server that has our slot is written", || {
        sequence_at(node)
    })
    .await;
    eventually("writing there goes on", || async {
        sequence_at(node).await.filter(|next| *next > first)
    })
    .await;
}

/// Checks that the slot is found from another server, after a fail-over, and after the death of who
/// had it.
async fn check_followed(server: Server) {
    let (exchange, ours) = (Exchange::start().await, Arc::new(Loopback::claim()));
    let nodes = [
        node(server, &ours, 21_379).await,
        node(server, &ours, 21_380).await,
        node(server, &ours, 21_381).await,
    ];
    let [one, other, replica] = &nodes;
    take_slots(one, 0, SLOTS / 2 - 1).await;
    take_slots(other, SLOTS / 2, SLOTS - 1).await;
    for node in [other, replica] {
        let at = one.place().address();
        let _: String = node
            .command(&[
                "CLUSTER",
                "MEET",
                &at.ip().to_string(),
                &at.port().to_string(),
            ])
            .await;
    }
    for node in &nodes {
        eventually("all know one another", || is_whole(node, nodes.len())).await;
    }
    let slot: u16 = one.command(&["CLUSTER", "KEYSLOT", PREFIX]).await;
    let (seed, owner) = if slot < SLOTS / 2 {
        (other, one)
    } else {
        (one, other)
    };
    let id: String = owner.command(&["CLUSTER", "MYID"]).await;
    // Who was just met may not be known as a primary yet.
    eventually("the replica may follow", || async {
        replica
            .try_command(&["CLUSTER", "REPLICATE", &id])
            .await
            .ok()
            .map(|_| ())
    })
    .await;
    eventually("the replica follows", || async {
        replica
            .try_text(&["INFO", "replication"])
            .await?
            .contains("master_link_status:up")
            .then_some(())
    })
    .await;

    let origin = start(&exchange, &seed.url(), "all");
    let serving = start(&exchange, &seed.url(), "serve");
    written_at(owner).await;
    assert_eq!(
        sequence_at(seed).await,
        None,
        "the server that was given has our slot, so nothing had to be followed"
    );
    serving.data().await;

    eventually("the replica takes over", || async {
        let _ = replica.try_command(&["CLUSTER", "FAILOVER"]).await;
        replica
            .try_text(&["INFO", "replication"])
            .await?
            .contains("role:master")
            .then_some(())
    })
    .await;
    written_at(replica).await;
    assert_eq!(origin.get("/mobile-data").await.status, 200);

    replica.signal("KILL");
    eventually("who had it before takes over", || async {
        let _ = owner
            .try_command(&["CLUSTER", "FAILOVER", "TAKEOVER"])
            .await;
        owner
            .try_text(&["INFO", "replication"])
            .await?
            .contains("role:master")
            .then_some(())
    })
    .await;
    written_at(owner).await;
    let held = serving.get("/mobile-data").await;
    serving
        .data_where("what is written there reaches followers", |answer| {
            answer.status == 200 && answer.header("x-data-as-of") > held.header("x-data-as-of")
        })
        .await;
}

#[tokio::test]
async fn in_a_cluster_the_slot_is_followed_to_whichever_server_has_it() {
    check_followed(Server::Redis).await;
}

#[tokio::test]
async fn in_a_cluster_of_valkey_the_slot_is_followed_to_whichever_server_has_it() {
    check_followed(Server::Valkey).await;
}
