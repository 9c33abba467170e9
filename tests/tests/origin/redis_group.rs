//! Two Redis servers, one the primary, and three sentinels that watch them.

use super::support::{Redis, eventually, free_port};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The user by which an origin is known to sentinels that ask for a password; it may do no more there than it needs.
pub(crate) const SENTINEL_USER: &str = "origin";

/// What is asked for; nothing where it is empty.
#[derive(Clone, Copy, Default)]
pub(crate) struct Passwords {
    pub(crate) servers: &'static str,
    pub(crate) sentinels: &'static str,
}

/// The servers and their sentinels. They end with the value.
pub(crate) struct RedisGroup {
    passwords: Passwords,
    servers: [Option<Redis>; 2],
    primary: usize,
    /// Where the server was that was killed.
    killed: u16,
    sentinels: Vec<Child>,
    ports: Vec<u16>,
    _folder: tempfile::TempDir,
}

impl RedisGroup {
    /// One that asks for no password.
    pub(crate) async fn start() -> Self {
        Self::start_with(Passwords::default()).await
    }

    pub(crate) async fn start_with(passwords: Passwords) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let primary = Redis::start_with(free_port(), passwords.servers, &of_primary(&passwords)).await;
        let replica = follow(free_port(), primary.port(), passwords).await;
        let ports = vec![free_port(), free_port(), free_port()];
        let sentinels = ports.iter().map(|port| sentinel(folder.path(), *port, primary.port(), passwords)).collect();
        let servers = [Some(primary), Some(replica)];
        let group = Self { passwords, servers, primary: 0, killed: 0, sentinels, ports, _folder: folder };
        group.settled().await;
        group
    }

    /// Waits until the replica follows and every sentinel knows everybody.
    async fn settled(&self) {
        eventually("the replica follows, and the sentinels know one another and it", || async {
            let state = self.replica().try_text(&["INFO", "replication"]).await?;
            let knows = |port: &u16| {
                let words = ["-p", &port.to_string(), "SENTINEL", "MASTER", "main"];
                let mut asking = Command::new("redis-cli");
                if !self.passwords.sentinels.is_empty() {
                    asking.env("REDISCLI_AUTH", self.passwords.sentinels);
                }
                let said = asking.args(words).output().unwrap();
                let said = String::from_utf8_lossy(&said.stdout).replace('\n', " ");
                said.contains("num-slaves 1 ") && said.contains("num-other-sentinels 2 ")
            };
            (state.contains("master_link_status:up") && self.ports.iter().all(knows)).then_some(())
        })
        .await;
    }

    pub(crate) fn primary(&self) -> &Redis {
        self.servers[self.primary].as_ref().unwrap()
    }

    pub(crate) fn replica(&self) -> &Redis {
        self.servers[1 - self.primary].as_ref().unwrap()
    }

    /// Finds out who is the primary now: on a busy machine sentinels take a short sleep for a death.
    pub(crate) async fn find_primary(&mut self) {
        self.primary = eventually("one server is the primary", || async {
            let mut primaries = Vec::new();
            for (index, server) in self.servers.iter().enumerate() {
                let Some(server) = server else { continue };
                if server.try_text(&["INFO", "replication"]).await?.contains("role:master") {
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
        let hosts: Vec<String> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let credentials = match self.passwords.servers {
            "" => String::new(),
            password => format!(":{password}@"),
        };
        format!("redis+sentinel://{credentials}{}/main", hosts.join(","))
    }

    /// Kills the primary and waits until the sentinels have made the replica one.
    pub(crate) async fn fail_over(&mut self) {
        self.killed = self.primary().port();
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
        self.servers[1 - self.primary] = Some(follow(self.killed, self.primary().port(), self.passwords).await);
    }
}

impl Drop for RedisGroup {
    fn drop(&mut self) {
        for sentinel in &mut self.sentinels {
            let _ = sentinel.kill();
            let _ = sentinel.wait();
        }
    }
}

/// A primary may come back as a replica, which then has to show the password to the other.
fn of_primary(passwords: &Passwords) -> Vec<&'static str> {
    if passwords.servers.is_empty() { Vec::new() } else { vec!["--masterauth", passwords.servers] }
}

async fn follow(port: u16, primary: u16, passwords: Passwords) -> Redis {
    let primary = primary.to_string();
    let options = [["--replicaof", "127.0.0.1", &primary].as_slice(), &of_primary(&passwords)].concat();
    Redis::start_with(port, passwords.servers, &options).await
}

fn sentinel(folder: &Path, port: u16, primary: u16, passwords: Passwords) -> Child {
    let file = folder.join(format!("sentinel-{port}.conf"));
    let mut lines = vec![
        format!("port {port}\nbind 127.0.0.1\ndir {}\n", folder.display()),
        format!("sentinel monitor main 127.0.0.1 {primary} 2\n"),
        // Far above the sleeps that tests give a server: two primaries at once are no history that could be judged.
        "sentinel down-after-milliseconds main 3000\nsentinel failover-timeout main 3000\n".to_owned(),
    ];
    if !passwords.servers.is_empty() {
        lines.push(format!("sentinel auth-pass main {}\n", passwords.servers));
    }
    if !passwords.sentinels.is_empty() {
        let may = "-@all +auth +hello +ping +role +sentinel|masters";
        lines.push(format!("requirepass {}\n", passwords.sentinels));
        lines.push(format!("user {SENTINEL_USER} on >{} {may}\n", passwords.sentinels));
    }
    std::fs::write(&file, lines.concat()).unwrap();
    Command::new("redis-server").arg(&file).arg("--sentinel").stdout(Stdio::null()).spawn().unwrap()
}
