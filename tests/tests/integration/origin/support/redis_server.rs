//! Real Redis servers and sentinels.

use super::{Loopback, PATIENCE, signal};
use serde_json::Value;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where a Redis listens. The place belongs to the test and not to the server, so a server can die
/// there and another can come in its stead.
#[derive(Clone)]
pub(crate) enum RedisPlace {
    /// A socket in a folder of its own.
    Socket(Arc<TempDir>),
    /// A port of an address that the test owns.
    Port(Arc<Loopback>, u16),
}

impl RedisPlace {
    /// A socket.
    pub(crate) fn socket() -> Self {
        Self::Socket(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// A port of an address that nobody else has.
    pub(crate) fn tcp() -> Self {
        Self::Port(Arc::new(Loopback::claim()), 21_379)
    }

    /// A port of an address that is the test's.
    pub(crate) fn port(of: &Arc<Loopback>, port: u16) -> Self {
        Self::Port(Arc::clone(of), port)
    }

    /// The address and the port. A socket has none.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Socket(_) => panic!("a socket has no address"),
            Self::Port(loopback, port) => loopback.at(*port),
        }
    }

    /// The address alone.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        match self {
            Self::Socket(_) => panic!("a socket has no address"),
            Self::Port(loopback, _) => loopback.ip(),
        }
    }

    /// The URL of a server that asks for this password, or for none.
    pub(crate) fn url(&self, password: &str) -> String {
        match (self, password) {
            (Self::Socket(folder), "") => format!("unix://{}", socket_in(folder).display()),
            (Self::Socket(folder), _) => {
                format!("unix://{}?pass={password}", socket_in(folder).display())
            }
            (Self::Port(..), "") => format!("redis://{}/", self.address()),
            (Self::Port(..), _) => format!("redis://:{password}@{}/", self.address()),
        }
    }

    /// What makes a server listen here and nowhere else.
    fn options(&self) -> Vec<String> {
        let options = match self {
            Self::Socket(folder) => [
                "--port",
                "0",
                "--unixsocket",
                &socket_in(folder).display().to_string(),
            ]
            .map(String::from),
            Self::Port(loopback, port) => [
                "--port",
                &port.to_string(),
                "--bind",
                &loopback.ip().to_string(),
            ]
            .map(String::from),
        };
        options.into()
    }
}

fn socket_in(folder: &TempDir) -> PathBuf {
    folder.path().join("redis.sock")
}

/// What runs as the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    /// The program that `REDIS_SERVER` names, else `redis-server`.
    Redis,
    /// The program that `VALKEY_SERVER` names, else `valkey-server`.
    Valkey,
}

impl Server {
    fn program(self) -> OsString {
        let (variable, usual) = match self {
            Self::Redis => ("REDIS_SERVER", "redis-server"),
            Self::Valkey => ("VALKEY_SERVER", "valkey-server"),
        };
        std::env::var_os(variable).unwrap_or_else(|| usual.into())
    }
}

/// A real Redis without persistence, or a sentinel. Ends with the value.
pub(crate) struct Redis {
    child: Child,
    place: RedisPlace,
    password: String,
    /// Holds what the server says, and what a replica received: a replica stores that, persistence
    /// or not.
    folder: TempDir,
}

impl Redis {
    /// Starts one on a socket.
    pub(crate) async fn start() -> Self {
        Self::start_at(&RedisPlace::socket()).await
    }

    /// Starts one at a certain place, as after a crash.
    pub(crate) async fn start_at(place: &RedisPlace) -> Self {
        Self::start_with(place, "", &[]).await
    }

    /// Starts one at a certain place that asks for a password, with further options.
    pub(crate) async fn start_with(place: &RedisPlace, password: &str, options: &[&str]) -> Self {
        let mut command = Command::new(Server::Redis.program());
        command
            .args(place.options())
            .args(["--save", "", "--appendonly", "no"]);
        if !password.is_empty() {
            command.args(["--requirepass", password]);
        }
        command.args(options);
        Self::run(command, tempfile::tempdir().unwrap(), place, password).await
    }

    /// Starts a server at a certain place, with the lines of its configuration: what must not stand
    /// on a command line.
    pub(crate) async fn start_configured(server: Server, place: &RedisPlace, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("redis.conf");
        std::fs::write(&file, lines).unwrap();
        let mut command = Command::new(server.program());
        command
            .arg(&file)
            .args(place.options())
            .args(["--save", "", "--appendonly", "no"]);
        Self::run(command, folder, place, "").await
    }

    /// Starts a sentinel at a certain place, with the lines of its configuration.
    pub(crate) async fn start_sentinel(place: &RedisPlace, password: &str, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A sentinel keeps what it learns in this file.
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, lines).unwrap();
        let mut command = Command::new(Server::Redis.program());
        command.arg(&file).arg("--sentinel").args(place.options());
        Self::run(command, folder, place, password).await
    }

    async fn run(
        mut command: Command,
        folder: TempDir,
        place: &RedisPlace,
        password: &str,
    ) -> Self {
        let log = std::fs::File::create(log_in(&folder)).unwrap();
        command
            .arg("--dir")
            .arg(folder.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}: run scripts/setup"));
        let mut redis = Self {
            child,
            place: place.clone(),
            password: password.to_owned(),
            folder,
        };
        redis.answers().await;
        redis
    }

    /// Waits until this server answers at its place. That it ends first, or that another one
    /// answers there, is an error at once: a test on somebody else's Redis would go on and mean
    /// nothing.
    async fn answers(&mut self) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!(
                    "no Redis of ours at {}: it ended, {status}:\n{}",
                    self.url(),
                    self.log()
                );
            }
            if let Some(info) = self.try_text(&["INFO", "server"]).await {
                let answering = info
                    .lines()
                    .find_map(|line| line.strip_prefix("process_id:"))
                    .unwrap_or_default();
                let is_ours = answering == self.child.id().to_string();
                assert!(
                    is_ours,
                    "no Redis of ours at {}: process {answering} answers:\n{}",
                    self.url(),
                    self.log()
                );
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "Redis answers: not within {PATIENCE:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(log_in(&self.folder)).unwrap()
    }

    /// Where it listens.
    pub(crate) fn place(&self) -> &RedisPlace {
        &self.place
    }

    pub(crate) fn url(&self) -> String {
        self.place.url(&self.password)
    }

    /// A connection that waits for as long as a loaded machine may need.
    pub(crate) async fn connection(
        &self,
    ) -> ::redis::RedisResult<::redis::aio::MultiplexedConnection> {
        let config = ::redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        ::redis::Client::open(self.url())?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    pub(crate) async fn try_command(&self, words: &[&str]) -> ::redis::RedisResult<::redis::Value> {
        let mut connection = self.connection().await?;
        let mut command = ::redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut connection).await
    }

    /// A user's URL of this server.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        match &self.place {
            RedisPlace::Socket(_) => format!("{}?user={user}&pass={password}", self.place.url("")),
            RedisPlace::Port(..) => format!("redis://{user}:{password}@{}/", self.place.address()),
        }
    }

    /// One command's answer as text, if Redis answers.
    pub(crate) async fn try_text(&self, words: &[&str]) -> Option<String> {
        ::redis::from_redis_value(self.try_command(words).await.ok()?).ok()
    }

    /// One command's answer.
    pub(crate) async fn command<T: ::redis::FromRedisValue>(&self, words: &[&str]) -> T {
        ::redis::from_redis_value(self.try_command(words).await.unwrap()).unwrap()
    }

    /// Writes any bytes.
    pub(crate) async fn set(&self, key: &str, value: &[u8]) {
        let mut connection = self.connection().await.unwrap();
        let _: () = ::redis::cmd("SET")
            .arg(key)
            .arg(value)
            .query_async(&mut connection)
            .await
            .unwrap();
    }

    /// A key's value as JSON, if the key is there.
    pub(crate) async fn json(&self, key: &str) -> Option<Value> {
        let value: Option<String> = self.command(&["GET", key]).await;
        value.map(|value| serde_json::from_str(&value).unwrap())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

fn log_in(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}

impl Drop for Redis {
    fn drop(&mut self) {
        // A stopped process is killed all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
