//! Two Redis servers, one the primary, and three sentinels that watch them.

use super::support::{Redis, eventually, free_port};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The servers and their sentinels. They end with the value.
pub(crate) struct RedisGroup {
    servers: [Option<Redis>; 2],
    primary: usize,
    /// Where the server was that was killed.
    killed: u16,
    sentinels: Vec<Child>,
    ports: Vec<u16>,
    _folder: tempfile::TempDir,
}

impl RedisGroup {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let primary = Redis::start().await;
        let replica = follow(free_port(), primary.port()).await;
        let ports = vec![free_port(), free_port(), free_port()];
        let sentinels = ports.iter().map(|port| sentinel(folder.path(), *port, primary.port())).collect();
        let group =
            Self { servers: [Some(primary), Some(replica)], primary: 0, killed: 0, sentinels, ports, _folder: folder };
        group.settled().await;
        group
    }

    /// Waits until the replica follows and every sentinel knows everybody.
    async fn settled(&self) {
        eventually("the replica follows, and the sentinels know one another and it", || async {
            let state = self.replica().try_text(&["INFO", "replication"]).await?;
            let knows = |port: &u16| {
                let words = ["-p", &port.to_string(), "SENTINEL", "MASTER", "main"];
                let said = Command::new("redis-cli").args(words).output().unwrap();
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

    /// What an origin is told.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
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
        self.servers[1 - self.primary] = Some(follow(self.killed, self.primary().port()).await);
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

async fn follow(port: u16, primary: u16) -> Redis {
    Redis::start_with(port, "", &["--replicaof", "127.0.0.1", &primary.to_string()]).await
}

fn sentinel(folder: &Path, port: u16, primary: u16) -> Child {
    let file = folder.join(format!("sentinel-{port}.conf"));
    let lines = [
        format!("port {port}\nbind 127.0.0.1\ndir {}\n", folder.display()),
        format!("sentinel monitor main 127.0.0.1 {primary} 2\n"),
        "sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n".to_owned(),
    ];
    std::fs::write(&file, lines.concat()).unwrap();
    Command::new("redis-server").arg(&file).arg("--sentinel").stdout(Stdio::null()).spawn().unwrap()
}
