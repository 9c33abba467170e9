//! Two Redis servers, one the primary, and three sentinels that watch them.

use super::support::{Loopback, PASSWORD, Redis, RedisPlace, documented_user, eventually};
use std::collections::HashMap;
use std::sync::Arc;

/// The user by which an origin is known to sentinels that ask for a password; it may do no more
/// there than is documented.
pub(crate) const SENTINEL_USER: &str = "market-sentinel";

/// What is asked for; nothing where it is empty.
#[derive(Clone, Copy, Default)]
pub(crate) struct Passwords {
    pub(crate) servers: &'static str,
    pub(crate) sentinels: &'static str,
}

/// The ports of the servers and of their sentinels, on an address that is the group's.
const SERVER_PORTS: [u16; 2] = [21_379, 21_380];
const SENTINEL_PORTS: [u16; 3] = [21_381, 21_382, 21_383];

/// The servers and their sentinels. They end with the value.
pub(crate) struct RedisGroup {
    passwords: Passwords,
    /// Where the servers listen; a server that was killed comes back at its place.
    places: [RedisPlace; 2],
    servers: [Option<Redis>; 2],
    primary: usize,
    sentinels: Vec<Redis>,
}

impl RedisGroup {
    /// One that asks for no password.
    pub(crate) async fn start() -> Self {
        Self::start_with(Passwords::default()).await
    }

    pub(crate) async fn start_with(passwords: Passwords) -> Self {
        let loopback = Arc::new(Loopback::claim());
        let places = SERVER_PORTS.map(|port| RedisPlace::port(&loopback, port));
        let primary = Redis::start_with(
            &places[0],
            passwords.servers,
            &strs(&of_any(&places[0], passwords)),
        )
        .await;
        let replica = follow(&places[1], &places[0], passwords).await;
        let mut sentinels = Vec::new();
        for port in SENTINEL_PORTS {
            sentinels
                .push(sentinel(&RedisPlace::port(&loopback, port), &places[0], passwords).await);
        }
        let servers = [Some(primary), Some(replica)];
        let group = Self {
            passwords,
            places,
            servers,
            primary: 0,
            sentinels,
        };
        group.settled().await;
        group
    }

    /// Waits until the replica follows and every sentinel knows everybody.
    async fn settled(&self) {
        eventually(
            "the replica follows, and the sentinels know one another and it",
            || async {
                let state = self.replica().try_text(&["INFO", "replication"]).await?;
                for sentinel in &self.sentinels {
                    let known = sentinel
                        .try_command(&["SENTINEL", "MASTER", "main"])
                        .await
                        .ok()?;
                    let known: HashMap<String, String> = ::redis::from_redis_value(known).ok()?;
                    if known["num-slaves"] != "1" || known["num-other-sentinels"] != "2" {
                        return None;
                    }
                }
                state.contains("master_link_status:up").then_some(())
            },
        )
        .await;
    }

    pub(crate) fn primary(&self) -> &Redis {
        self.servers[self.primary].as_ref().unwrap()
    }

    pub(crate) fn replica(&self) -> &Redis {
        self.servers[1 - self.primary].as_ref().unwrap()
    }

    /// Finds out who is the primary now: on a busy machine sentinels take a short sleep for a
    /// death.
    pub(crate) async fn find_primary(&mut self) {
        self.primary = eventually("one server is the primary", || async {
            let mut primaries = Vec::new();
            for (index, server) in self.servers.iter().enumerate() {
                let Some(server) = server else { continue };
                if server
                    .try_text(&["INFO", "replication"])
                    .await?
                    .contains("role:master")
                {
                    primaries.push(index);
                }
            }
            (primaries.len() == 1).then(|| primaries[0])
        })
        .await;
    }

    /// Empties the primary; whether there was one. A replica refuses.
    pub(crate) async fn flush(&self) -> bool {
        let mut is_done = false;
        for server in self.servers.iter().flatten() {
            is_done |= server.try_command(&["FLUSHALL"]).await.is_ok();
        }
        is_done
    }

    /// What an origin is told.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| sentinel.place().address().to_string())
            .collect();
        let credentials = match self.passwords.servers {
            "" => String::new(),
            password => format!(":{password}@"),
        };
        format!("redis+sentinel://{credentials}{}/main", hosts.join(","))
    }

    /// Kills the primary and waits until the sentinels have made the replica one.
    pub(crate) async fn fail_over(&mut self) {
        self.servers[self.primary] = None;
        self.primary = 1 - self.primary;
        eventually("the replica is the primary", || async {
            let state = self.primary().try_text(&["INFO", "replication"]).await?;
            state.contains("role:master").then_some(())
        })
        .await;
    }

    /// Brings the killed server back, as a replica.
    pub(crate) async fn heal(&mut self) {
        let killed = 1 - self.primary;
        let back = follow(
            &self.places[killed],
            &self.places[self.primary],
            self.passwords,
        )
        .await;
        self.servers[killed] = Some(back);
    }
}

/// What a server needs whichever part it has: a primary may come back as a replica, which then
/// shows the password to the other. A replica names its own address, because its connections come
/// from 127.0.0.1.
fn of_any(place: &RedisPlace, passwords: Passwords) -> Vec<String> {
    let mut options = vec!["--replica-announce-ip".to_owned(), place.ip().to_string()];
    if !passwords.servers.is_empty() {
        options.extend(["--masterauth".to_owned(), passwords.servers.to_owned()]);
    }
    options
}

fn strs(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

async fn follow(place: &RedisPlace, primary: &RedisPlace, passwords: Passwords) -> Redis {
    let (primary, mut options) = (primary.address(), of_any(place, passwords));
    options.extend([
        "--replicaof".to_owned(),
        primary.ip().to_string(),
        primary.port().to_string(),
    ]);
    Redis::start_with(place, passwords.servers, &strs(&options)).await
}

async fn sentinel(place: &RedisPlace, primary: &RedisPlace, passwords: Passwords) -> Redis {
    let mut lines = vec![
        // As with a replica: a sentinel's connections come from another address than the one it
        // listens on.
        format!("sentinel announce-ip {}\n", place.ip()),
        format!(
            "sentinel monitor main {} {} 2\n",
            primary.ip(),
            primary.address().port()
        ),
        // Far above the sleeps that tests give a server: two primaries at once are no history that
        // could be judged.
        "sentinel down-after-milliseconds main 3000\nsentinel failover-timeout main 3000\n"
            .to_owned(),
    ];
    if !passwords.servers.is_empty() {
        lines.push(format!("sentinel auth-pass main {}\n", passwords.servers));
    }
    if !passwords.sentinels.is_empty() {
        lines.push(format!("requirepass {}\n", passwords.sentinels));
        lines.push(documented_user(SENTINEL_USER, "").replace(PASSWORD, passwords.sentinels));
    }
    Redis::start_sentinel(place, passwords.sentinels, &lines.concat()).await
}
