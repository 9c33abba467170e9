//! Configuration: flags and environment variables, checked before anything is bound or fetched.

mod api_key;
mod redis_url;

use crate::server;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, ValueEnum};
use shared::analysis::Settings;
use shared::endpoints::KeyPrefix;
use shared::freshness::{Limits, LimitsOutOfOrder};
use shared::headers::bearer::Secrets;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use url::Url;

pub use api_key::{ApiKey, ApiKeyError};
pub use redis_url::{RedisAccess, RedisUrl, Secret, SentinelLogin, Sentinels};

/// Bybit's REST API, and another host of the same that shares its limits and its bans.
const BYBIT: &str = "https://api.bybit.com";
const BYBIT_ALTERNATIVE: &str = "https://api.bytick.com";

/// The variable with CoinGecko's key. There is no option for it: everybody on a machine can read
/// the options of a process.
const COINGECKO_KEY: &str = "COINGECKO_API_KEY";
const COINGECKO_KEY_FILE: &str = "COINGECKO_API_KEY_FILE";

/// The variable with the secrets that open what clients have no business with. No option either.
const SECRET: &str = "ORIGIN_SECRET";
const SECRET_FILE: &str = "ORIGIN_SECRET_FILE";

/// How much of a file with a secret is read: more than any, and no device is read for ever.
const MAX_SECRET_FILE_BYTES: u64 = 4_096;

/// Aggregates exchanges into one validated market snapshot, publishes it to Redis and serves it
/// over HTTP.
///
/// Every option can be given as the environment variable that its help names.
#[derive(Clone, Debug, Parser)]
#[command(name = "origin", version = crate::build::version())]
pub struct Config {
    /// Address and port to serve HTTP on; port 0 takes a free one.
    #[arg(
        long,
        env = "ORIGIN_LISTEN",
        value_name = "ORIGIN_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// Address and port at which operators read `/health` and `/metrics` beside the clients'
    /// connections, whatever those do; port 0 takes a free one. Without it, at `ORIGIN_LISTEN`
    /// alone.
    #[arg(
        long,
        env = "ORIGIN_OPERATOR_LISTEN",
        value_name = "ORIGIN_OPERATOR_LISTEN"
    )]
    pub operator_listen: Option<SocketAddr>,

    /// File with the secret that `/snapshot` and `/metrics` ask for, as `Authorization: Bearer`;
    /// with two, separated by white space or a comma, while a new one takes the place of the one
    /// before. The secrets themselves can be given as `ORIGIN_SECRET`, which is no option, for
    /// others on a machine can read the options of a process. Without one of both, whoever reaches
    /// this process reads them.
    #[arg(long, env = "ORIGIN_SECRET_FILE", value_name = "ORIGIN_SECRET_FILE")]
    pub secret_file: Option<PathBuf>,

    /// Whether an address that others than this machine reach may be listened on without a secret.
    #[arg(long, env = "ORIGIN_OPEN", value_name = "ORIGIN_OPEN", default_value_t = false, action = ArgAction::Set)]
    pub open: bool,

    /// The most connections of clients at once. The one that was idle longest makes room for
    /// another.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "MAX_CONNECTIONS", default_value_t = 4_096,
        value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    pub max_connections: u32,

    /// The most connections at once from one client address, or network of IPv6. Behind a proxy
    /// all have the proxy's.
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", value_name = "MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1_024,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_address: u32,

    /// Milliseconds that a request's head may take from its first byte on.
    #[arg(long, env = "HEAD_TIMEOUT_MS", value_name = "HEAD_TIMEOUT_MS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(100..=300_000))]
    pub head_timeout_ms: u64,

    /// Milliseconds that a connection may stay open without a request. More than that of a proxy
    /// in front.
    #[arg(long, env = "IDLE_TIMEOUT_MS", value_name = "IDLE_TIMEOUT_MS", default_value_t = 75_000,
        value_parser = clap::value_parser!(u64).range(100..=3_600_000))]
    pub idle_timeout_ms: u64,

    /// Milliseconds that an answer may wait for its client to read it.
    #[arg(long, env = "SEND_TIMEOUT_MS", value_name = "SEND_TIMEOUT_MS", default_value_t = 30_000,
        value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub send_timeout_ms: u64,

    /// What this process does.
    #[arg(
        long,
        env = "ORIGIN_ROLE",
        value_name = "ORIGIN_ROLE",
        default_value = "all"
    )]
    pub role: Role,

    /// Where publications are kept: `redis` for several processes on one Redis, `memory` for one
    /// process alone. Without it, `redis` if `REDIS_URL` is set.
    #[arg(long, env = "ORIGIN_STORE", value_name = "ORIGIN_STORE")]
    pub store: Option<StoreKind>,

    /// Redis to publish to, such as `redis://127.0.0.1:6379/0`, `rediss://user:password@host/` or
    /// `redis+sentinel://host:26379,host:26379/service`. One with a password is taken from the
    /// variable alone, for command lines can be read by everybody on the machine.
    #[arg(
        long,
        env = "REDIS_URL",
        value_name = "REDIS_URL",
        hide_env_values = true
    )]
    pub redis_url: Option<Secret>,

    /// What stands before every key and the channel, so that several environments can share one
    /// Redis, such as `staging:`. On a Redis Cluster it needs a part in braces, such as
    /// `{market}:`.
    #[arg(
        long,
        env = "REDIS_KEY_PREFIX",
        value_name = "REDIS_KEY_PREFIX",
        default_value = ""
    )]
    pub redis_key_prefix: String,

    /// PEM file with the certificates by which Redis is believed, in place of the machine's own.
    #[arg(long, env = "REDIS_CA_FILE", value_name = "REDIS_CA_FILE")]
    pub redis_ca_file: Option<PathBuf>,

    /// User for the sentinels of `REDIS_URL`, where they ask for one. The servers' own user stands
    /// in the URL.
    #[arg(long, env = "REDIS_SENTINEL_USER", value_name = "REDIS_SENTINEL_USER")]
    pub redis_sentinel_user: Option<String>,

    /// Password for the sentinels of `REDIS_URL`, where they ask for one. The servers' own
    /// password stands in the URL. It is taken from the variable alone.
    #[arg(
        long,
        env = "REDIS_SENTINEL_PASSWORD",
        value_name = "REDIS_SENTINEL_PASSWORD",
        hide_env_values = true
    )]
    pub redis_sentinel_password: Option<Secret>,

    /// Milliseconds after which a leader that was not heard of loses the lead. It renews three
    /// times as often.
    #[arg(long, env = "LEADER_LEASE_MS", value_name = "LEADER_LEASE_MS", default_value_t = 6_000,
        value_parser = clap::value_parser!(u64).range(500..=60_000))]
    pub leader_lease_ms: u64,

    /// Milliseconds after SIGTERM in which requests are still taken, so that load balancers can
    /// notice.
    #[arg(long, env = "DRAIN_DELAY_MS", value_name = "DRAIN_DELAY_MS", default_value_t = 3_000,
        value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub drain_delay_ms: u64,

    /// Base URL of Bybit's REST API.
    #[arg(long, env = "BYBIT_BASE_URL", value_name = "BYBIT_BASE_URL", default_value = BYBIT)]
    pub bybit_base_url: BaseUrl,

    /// The same at another host, asked while the first cannot be reached or is broken; empty for
    /// none. Without it `https://api.bytick.com` if `BYBIT_BASE_URL` is Bybit's own, else none.
    #[arg(
        long,
        env = "BYBIT_ALTERNATIVE_BASE_URL",
        value_name = "BYBIT_ALTERNATIVE_BASE_URL"
    )]
    pub bybit_alternative_base_url: Option<MaybeBaseUrl>,

    /// Base URL of CoinGecko's API.
    #[arg(
        long,
        env = "COINGECKO_BASE_URL",
        value_name = "COINGECKO_BASE_URL",
        default_value = "https://api.coingecko.com"
    )]
    pub coingecko_base_url: BaseUrl,

    /// File with CoinGecko's API key, for more requests than are allowed without one. The key
    /// itself can be given as `COINGECKO_API_KEY`, which is no option, for others on a machine can
    /// read the options of a process. It is sent as a key of the free plan, or of a paid one where `COINGECKO_BASE_URL` is `https://pro-api.coingecko.com`.
    #[arg(
        long,
        env = "COINGECKO_API_KEY_FILE",
        value_name = "COINGECKO_API_KEY_FILE"
    )]
    pub coingecko_api_key_file: Option<PathBuf>,

    /// Base URL of alternative.me's API, the publisher of the Fear & Greed index.
    #[arg(
        long,
        env = "FEAR_GREED_BASE_URL",
        value_name = "FEAR_GREED_BASE_URL",
        default_value = "https://api.alternative.me"
    )]
    pub fear_greed_base_url: BaseUrl,

    /// Milliseconds between two fetches of the ticker table.
    #[arg(long, env = "TICKERS_INTERVAL_MS", value_name = "TICKERS_INTERVAL_MS", default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(250..=60_000))]
    pub tickers_interval_ms: u64,

    /// Seconds between two fetches of the instruments list.
    #[arg(long, env = "INSTRUMENTS_INTERVAL_S", value_name = "INSTRUMENTS_INTERVAL_S", default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(60..=86_400))]
    pub instruments_interval_s: u64,

    /// Seconds between two fetches from CoinGecko, whose figures change every 600.
    #[arg(long, env = "COINGECKO_INTERVAL_S", value_name = "COINGECKO_INTERVAL_S", default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(600..=7_200))]
    pub coingecko_interval_s: u64,

    /// Seconds between two fetches of the Fear & Greed index, which changes once a day.
    #[arg(long, env = "FEAR_GREED_INTERVAL_S", value_name = "FEAR_GREED_INTERVAL_S", default_value_t = 3_600,
        value_parser = clap::value_parser!(u64).range(600..=86_400))]
    pub fear_greed_interval_s: u64,

    /// How many contracts, by turnover, get a score.
    #[arg(long, env = "MONITORED_SYMBOLS", value_name = "MONITORED_SYMBOLS", default_value_t = 40,
        value_parser = clap::value_parser!(u16).range(30..=100))]
    pub monitored_symbols: u16,

    /// The most requests in any five seconds that are sent to Bybit, which allows 600 per address.
    #[arg(long, env = "BYBIT_REQUESTS_PER_5S", value_name = "BYBIT_REQUESTS_PER_5S", default_value_t = 60,
        value_parser = clap::value_parser!(u16).range(10..=300))]
    pub bybit_requests_per_5s: u16,

    /// The least turnover of 24 hours, in USD, of a gainer or loser.
    #[arg(long, env = "MOVER_TURNOVER_FLOOR_USD", value_name = "MOVER_TURNOVER_FLOOR_USD", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u64).range(0..=1_000_000_000_000))]
    pub mover_turnover_floor_usd: u64,

    /// Seconds of data age after which an edge asks for newer data.
    #[arg(
        long,
        env = "REFRESH_AFTER_S",
        value_name = "REFRESH_AFTER_S",
        default_value_t = 3
    )]
    pub refresh_after_s: u32,

    /// Seconds of data age up to which data is fresh.
    #[arg(long, env = "FRESH_S", value_name = "FRESH_S", default_value_t = 15)]
    pub fresh_s: u32,

    /// Seconds of data age up to which data is served marked as aging.
    #[arg(long, env = "AGING_S", value_name = "AGING_S", default_value_t = 60)]
    pub aging_s: u32,

    /// Seconds of data age up to which data is served marked as stale; older data is never served.
    #[arg(long, env = "STALE_S", value_name = "STALE_S", default_value_t = 300)]
    pub stale_s: u32,

    /// How to write the log. What to log is set by `RUST_LOG`.
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "LOG_FORMAT",
        default_value = "pretty"
    )]
    pub log_format: LogFormat,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Collects when it leads, and serves.
    All,
    /// Collects when it leads, and serves nobody.
    Collect,
    /// Serves what others publish.
    Serve,
}

impl Role {
    shared::labels! {
        /// The word in configuration and health answers.
        pub const fn name(self) {
            Self::All => "all",
            Self::Collect => "collect",
            Self::Serve => "serve",
        }
    }

    /// Whether the process may ask exchanges.
    #[must_use]
    pub const fn collects(self) -> bool {
        !matches!(self, Self::Serve)
    }

    /// Whether the process answers clients.
    #[must_use]
    pub const fn serves(self) -> bool {
        !matches!(self, Self::Collect)
    }
}

/// Where publications are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// In Redis.
    Redis,
    /// In the process.
    Memory,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads a command line and the environment, and checks what they say.
    ///
    /// # Errors
    /// A usage error that names the variables, or what `--help` and `--version` ask for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let config = Self::from_arg_matches(&matches)?;
        config.check()?;
        let is_argument = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        let url = config
            .redis_url
            .as_ref()
            .and_then(|url| url.expose().parse::<RedisUrl>().ok());
        for (option, variable, holds_password) in [
            (
                "redis_url",
                "REDIS_URL",
                url.is_some_and(|url| url.has_password()),
            ),
            ("redis_sentinel_password", "REDIS_SENTINEL_PASSWORD", true),
        ] {
            if is_argument(option) && holds_password {
                let text = format!(
                    "--{} holds a password, and everybody on this machine can read command lines: set the variable \
                     {variable} instead\n",
                    option.replace('_', "-")
                );
                return Err(Self::command().error(ErrorKind::ValueValidation, text));
            }
        }
        Ok(config)
    }

    /// What no single option can check by itself, and what its error must not quote.
    ///
    /// # Errors
    /// A usage error that names the variables.
    pub fn check(&self) -> Result<(), clap::Error> {
        let refused = |text: String| Self::command().error(ErrorKind::ValueValidation, text);
        let tables = 5_000_u64.div_ceil(self.tickers_interval_ms);
        if tables * 2 > u64::from(self.bybit_requests_per_5s) {
            return Err(refused(format!(
                "BYBIT_REQUESTS_PER_5S is {}, of which TICKERS_INTERVAL_MS={} alone takes {tables}: more than half\n",
                self.bybit_requests_per_5s, self.tickers_interval_ms
            )));
        }
        self.limits().map_err(|error| {
            refused(format!(
                "REFRESH_AFTER_S, FRESH_S, AGING_S and STALE_S: {error}\n"
            ))
        })?;
        self.redis().map_err(refused)?;
        self.coingecko_key().map_err(refused)?;
        let secrets = self.secrets().map_err(refused)?;
        self.listens_within_bounds(secrets.is_some())
            .map_err(refused)?;
        Ok(())
    }

    /// Bybit's other host, if there is one to ask.
    #[must_use]
    pub fn bybit_alternative(&self) -> Option<BaseUrl> {
        match &self.bybit_alternative_base_url {
            Some(MaybeBaseUrl(given)) => given.clone(),
            // Another service in Bybit's place, such as a simulated one, must never be mixed with
            // the real one.
            None if self.bybit_base_url.0 != BYBIT => None,
            None => BYBIT_ALTERNATIVE.parse().ok(),
        }
    }

    /// CoinGecko's key, from the environment or a file.
    ///
    /// # Errors
    /// A text that names the variable which is wrong, without quoting the key.
    pub fn coingecko_key(&self) -> Result<Option<ApiKey>, String> {
        self.coingecko_key_of(std::env::var_os(COINGECKO_KEY))
    }

    fn coingecko_key_of(&self, variable: Option<OsString>) -> Result<Option<ApiKey>, String> {
        let names = (COINGECKO_KEY, COINGECKO_KEY_FILE);
        secret_of(
            names,
            variable,
            self.coingecko_api_key_file.as_deref(),
            |text| ApiKey::coingecko(text, &self.coingecko_base_url),
        )
    }

    /// What opens `/snapshot` and `/metrics`, from the environment or a file; nothing where they
    /// are open.
    ///
    /// # Errors
    /// A text that names the variable which is wrong, without quoting a secret.
    pub fn secrets(&self) -> Result<Option<Secrets>, String> {
        self.secrets_of(std::env::var_os(SECRET))
    }

    fn secrets_of(&self, variable: Option<OsString>) -> Result<Option<Secrets>, String> {
        let secrets = secret_of(
            (SECRET, SECRET_FILE),
            variable,
            self.secret_file.as_deref(),
            Secrets::parse,
        )?;
        if self.open && secrets.is_some() {
            return Err(format!(
                "ORIGIN_OPEN is true, but {SECRET} or {SECRET_FILE} is set: unset one of them\n"
            ));
        }
        Ok(secrets)
    }

    /// Nobody is to publish more than the bodies of clients by forgetting a variable.
    fn listens_within_bounds(&self, has_secret: bool) -> Result<(), String> {
        let listeners = [
            ("ORIGIN_LISTEN", Some(self.listen)),
            ("ORIGIN_OPERATOR_LISTEN", self.operator_listen),
        ];
        let beyond = listeners
            .into_iter()
            .filter_map(|(name, address)| Some((name, address?)));
        for (name, address) in
            beyond.filter(|(_, address)| !address.ip().to_canonical().is_loopback())
        {
            if !has_secret && !self.open {
                return Err(format!(
                    "{name} is {address}, which others than this machine may reach, and there is no secret for /snapshot \
                     and /metrics: set {SECRET} or {SECRET_FILE} (openssl rand -hex 32 makes one), or ORIGIN_OPEN=true \
                     where anybody may read them\n"
                ));
            }
        }
        Ok(())
    }

    /// How to reach Redis, if it is to be used.
    ///
    /// # Errors
    /// A text that names the variables which are wrong or contradict one another, without quoting
    /// the URL.
    pub fn redis(&self) -> Result<Option<RedisAccess>, String> {
        let url = match (&self.redis_url, self.store) {
            (Some(_), Some(StoreKind::Memory)) => {
                return Err(
                    "ORIGIN_STORE is memory, but REDIS_URL is set: unset one of them\n".to_owned(),
                );
            }
            (None, Some(StoreKind::Redis)) => {
                return Err(
                    "ORIGIN_STORE is redis, but REDIS_URL does not say where Redis is\n".to_owned(),
                );
            }
            (None, None | Some(StoreKind::Memory)) if self.role != Role::All => {
                return Err(format!(
                    "ORIGIN_ROLE is {}, which needs Redis between the one that collects and those that serve: set \
                     REDIS_URL\n",
                    self.role.name()
                ));
            }
            (None, _) => None,
            (Some(secret), _) => {
                let url = secret.expose().parse::<RedisUrl>();
                Some(url.map_err(|error| {
                    format!("REDIS_URL (not shown, for it may hold a password): {error}\n")
                })?)
            }
        };
        let sentinel_login = self.sentinel_login()?;
        if sentinel_login.is_some() && !matches!(url, Some(RedisUrl::Sentinels(_))) {
            return Err(
                "REDIS_SENTINEL_PASSWORD is set, but REDIS_URL names no sentinels\n".to_owned(),
            );
        }
        let key_prefix = self.key_prefix()?;
        if url.is_none() && !self.redis_key_prefix.is_empty() {
            return Err(format!(
                "REDIS_KEY_PREFIX is {key_prefix}, but REDIS_URL does not say where Redis is\n"
            ));
        }
        Ok(url.map(|url| RedisAccess {
            url,
            ca_file: self.redis_ca_file.clone(),
            sentinel_login,
            key_prefix,
        }))
    }

    fn key_prefix(&self) -> Result<KeyPrefix, String> {
        self.redis_key_prefix.parse().map_err(|error| {
            // Quoted, for it may hold what a terminal obeys; and its beginning only, for it may be
            // long.
            let shown: String = self.redis_key_prefix.chars().take(80).collect();
            format!("REDIS_KEY_PREFIX is {shown:?}: {error}\n")
        })
    }

    fn sentinel_login(&self) -> Result<Option<SentinelLogin>, String> {
        match (
            self.redis_sentinel_user.clone(),
            self.redis_sentinel_password.clone(),
        ) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err("REDIS_SENTINEL_USER is set, but REDIS_SENTINEL_PASSWORD is not\n".to_owned())
            }
            (user, Some(password)) => Ok(Some(SentinelLogin { user, password })),
        }
    }

    /// The freshness limits.
    ///
    /// # Errors
    /// [`LimitsOutOfOrder`] when they do not ascend.
    pub fn limits(&self) -> Result<Limits, LimitsOutOfOrder> {
        let millis = |secs: u32| u64::from(secs) * 1_000;
        Limits::new(
            millis(self.refresh_after_s),
            millis(self.fresh_s),
            millis(self.aging_s),
            millis(self.stale_s),
        )
    }

    /// What clients may take.
    #[must_use]
    pub fn server_limits(&self) -> server::Limits {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        server::Limits {
            connections: count(self.max_connections),
            connections_per_address: count(self.max_connections_per_address),
            head: Duration::from_millis(self.head_timeout_ms),
            idle: Duration::from_millis(self.idle_timeout_ms),
            send: Duration::from_millis(self.send_timeout_ms),
        }
    }

    /// What the analysis may be told.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            mover_turnover_floor: self.mover_turnover_floor_usd as f64,
            monitored_symbols: usize::from(self.monitored_symbols),
        }
    }

    /// The pause between two fetches of the ticker table.
    #[must_use]
    pub fn tickers_interval(&self) -> Duration {
        Duration::from_millis(self.tickers_interval_ms)
    }
}

/// What `parse` makes of a secret that a variable holds, or the file that another one names;
/// nothing where neither is set. Its errors must not quote the text.
fn secret_of<T, E: fmt::Display>(
    (variable, file_variable): (&str, &str),
    value: Option<OsString>,
    file: Option<&Path>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let parsed = |name: &str, text: &str| {
        parse(text)
            .map(Some)
            .map_err(|error| format!("{name} (not shown, for it is a secret): {error}\n"))
    };
    match (value, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(format!(
            "{variable} and {file_variable} are both set: unset one of them\n"
        )),
        // What is no Unicode is refused at its first byte beyond ASCII.
        (Some(text), None) => parsed(variable, &text.to_string_lossy()),
        (None, Some(path)) => {
            let text = read_secret_file(path).map_err(|error| {
                format!("{file_variable}: reading {}: {error}\n", path.display())
            })?;
            // Editors end a file with a line break.
            parsed(file_variable, text.trim_ascii_end())
        }
    }
}

fn read_secret_file(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_SECRET_FILE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A base URL, or an empty text for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeBaseUrl(Option<BaseUrl>);

impl FromStr for MaybeBaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            Ok(Self(None))
        } else {
            text.parse().map(|url| Self(Some(url)))
        }
    }
}

/// The beginning of every URL of one upstream: scheme, host, optional port and path, without a
/// trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL of a path that begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(&self.0).ok()?.host_str().map(str::to_owned)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "the scheme is {:?}; http or https is needed",
                url.scheme()
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a base URL has neither query nor fragment".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a base URL has no user or password".to_owned());
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(args: &[&str], words: &[&str]) {
        let parsed = Config::try_parse_from(std::iter::once("origin").chain(args.iter().copied()));
        let error = parsed
            .and_then(|config| config.check())
            .expect_err("the arguments were taken")
            .to_string();
        for word in words {
            assert!(error.contains(word), "{error:?} does not name {word:?}");
        }
    }

    #[test]
    fn the_command_is_well_formed() {
        Config::command().debug_assert();
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        check_refused(&["--listen", "nowhere"], &["ORIGIN_LISTEN", "nowhere"]);
        check_refused(&["--bybit-base-url", "ftp://x"], &["BYBIT_BASE_URL", "ftp"]);
        check_refused(
            &["--bybit-base-url", "api.bybit.com"],
            &["BYBIT_BASE_URL", "api.bybit.com"],
        );
        check_refused(
            &["--coingecko-base-url", "https://x/?key=1"],
            &["COINGECKO_BASE_URL", "query"],
        );
        check_refused(
            &["--tickers-interval-ms", "0"],
            &["TICKERS_INTERVAL_MS", "0"],
        );
        check_refused(
            &["--tickers-interval-ms", "soon"],
            &["TICKERS_INTERVAL_MS", "soon"],
        );
        check_refused(
            &["--coingecko-interval-s", "10"],
            &["COINGECKO_INTERVAL_S", "10"],
        );
        check_refused(&["--redis-url", "http://x"], &["REDIS_URL", "http"]);
        check_refused(&["--monitored-symbols", "3"], &["MONITORED_SYMBOLS", "3"]);
    }

    #[test]
    fn limits_that_do_not_ascend_name_their_variables() {
        check_refused(&["--fresh-s", "90"], &["FRESH_S", "90000 ms", "60000 ms"]);
    }

    #[test]
    fn a_budget_that_the_ticker_table_alone_would_use_up_is_refused() {
        check_refused(
            &[
                "--bybit-requests-per-5s",
                "30",
                "--tickers-interval-ms",
                "250",
            ],
            &[
                "BYBIT_REQUESTS_PER_5S is 30",
                "TICKERS_INTERVAL_MS=250",
                "20",
            ],
        );
    }

    #[test]
    fn a_role_and_a_store_that_contradict_one_another_are_refused_by_name() {
        check_refused(&["--role", "serve"], &["ORIGIN_ROLE is serve", "REDIS_URL"]);
        check_refused(
            &["--role", "collect", "--store", "memory"],
            &["ORIGIN_ROLE is collect", "REDIS_URL"],
        );
        check_refused(
            &["--store", "redis"],
            &["ORIGIN_STORE is redis", "REDIS_URL"],
        );
        check_refused(
            &["--store", "memory", "--redis-url", "redis://x"],
            &["ORIGIN_STORE is memory", "REDIS_URL"],
        );
        let login = ["--redis-sentinel-user", "origin"];
        check_refused(&login, &["REDIS_SENTINEL_USER", "REDIS_SENTINEL_PASSWORD"]);
        let login = [login.as_slice(), &["--redis-sentinel-password", "hunter2"]].concat();
        check_refused(&login, &["REDIS_SENTINEL_PASSWORD", "REDIS_URL"]);
        check_refused(
            &[login.as_slice(), &["--redis-url", "redis://x"]].concat(),
            &["REDIS_SENTINEL_PASSWORD"],
        );
        check_refused(&["--role", "both"], &["ORIGIN_ROLE", "both", "collect"]);
        check_refused(&["--leader-lease-ms", "10"], &["LEADER_LEASE_MS", "10"]);
        check_refused(
            &["--drain-delay-ms", "forever"],
            &["DRAIN_DELAY_MS", "forever"],
        );
    }

    #[test]
    fn a_key_prefix_that_is_none_is_named_with_its_value() {
        let long = "x".repeat(1_024);
        for (value, words) in [
            (
                "two words",
                ["\"two words\"", "' ' is none of the allowed characters"],
            ),
            (
                "a\u{1b}[2J",
                ["\\u{1b}[2J", "none of the allowed characters"],
            ),
            ("a*", ["\"a*\"", "'*'"]),
            ("{market", ["\"{market\"", "braces"]),
            ("{a}{b}", ["\"{a}{b}\"", "braces"]),
            (&*long, ["xxx", "1024 bytes"]),
        ] {
            let args = ["--redis-url", "redis://x", "--redis-key-prefix", value];
            check_refused(&args, &["REDIS_KEY_PREFIX", words[0], words[1]]);
        }
        check_refused(
            &["--redis-key-prefix", "staging:"],
            &["REDIS_KEY_PREFIX", "REDIS_URL"],
        );
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_without_quoting_it() {
        let read = |args: &[&str]| {
            let all = ["origin"].iter().chain(args);
            Config::read(all.map(OsString::from)).map_err(|error| error.to_string())
        };
        for args in [
            &["--redis-url", "redis://user:hunter2@x"][..],
            &["--redis-url", "unix:///run/redis.sock?pass=hunter2"],
            &["--redis-url=redis+sentinel://:hunter2@x/main"],
        ] {
            let refused = read(args).unwrap_err();
            assert!(
                refused.contains("--redis-url") && refused.contains("variable REDIS_URL"),
                "{refused}"
            );
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let login = [
            "--redis-url",
            "redis+sentinel://x/main",
            "--redis-sentinel-password",
            "hunter2",
        ];
        let refused = read(&login).unwrap_err();
        assert!(
            refused.contains("variable REDIS_SENTINEL_PASSWORD") && !refused.contains("hunter2"),
            "{refused}"
        );
        assert!(
            read(&[
                "--redis-url",
                "redis://x",
                "--redis-key-prefix",
                "{market}:"
            ])
            .is_ok()
        );
    }

    #[test]
    fn one_process_without_redis_is_all_there_is_by_default() {
        for args in [
            &["origin"][..],
            &["origin", "--store", "memory"],
            &["origin", "--role", "all"],
        ] {
            let config = Config::try_parse_from(args).unwrap();
            assert!(config.check().is_ok(), "{args:?}");
            assert!(matches!(config.redis(), Ok(None)), "{args:?}");
        }
    }

    fn config(args: &[&str]) -> Config {
        Config::try_parse_from(std::iter::once("origin").chain(args.iter().copied())).unwrap()
    }

    #[track_caller]
    fn check_alternative(args: &[&str], expected: Option<&str>) {
        let found = config(args).bybit_alternative().map(|url| url.to_string());
        assert_eq!(found.as_deref(), expected, "{args:?}");
    }

    #[test]
    fn the_other_host_of_bybit_stands_beside_its_own_and_never_beside_another_service() {
        check_alternative(&[], Some("https://api.bytick.com"));
        check_alternative(
            &["--bybit-base-url", "https://api.bybit.com/"],
            Some("https://api.bytick.com"),
        );
        check_alternative(&["--bybit-base-url", "http://127.0.0.1:9100"], None);
        check_alternative(&["--bybit-alternative-base-url", ""], None);
        check_alternative(&["--bybit-alternative-base-url", " "], None);
        let both = [
            "--bybit-base-url",
            "http://127.0.0.1:1",
            "--bybit-alternative-base-url",
            "http://127.0.0.1:2/",
        ];
        check_alternative(&both, Some("http://127.0.0.1:2"));
        check_refused(
            &["--bybit-alternative-base-url", "api.bytick.com"],
            &["BYBIT_ALTERNATIVE_BASE_URL", "bytick"],
        );
    }

    #[test]
    fn a_key_comes_from_the_environment_or_a_file_and_is_in_no_option() {
        let of = |config: &Config, variable: Option<&str>| {
            config.coingecko_key_of(variable.map(OsString::from))
        };
        let shown = |key: Option<ApiKey>| key.map(|key| key.value.to_str().unwrap().to_owned());
        assert!(matches!(of(&config(&[]), None), Ok(None)));
        assert_eq!(
            shown(of(&config(&[]), Some("CG-a")).unwrap()).as_deref(),
            Some("CG-a")
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"CG-b\n").unwrap();
        let with_file = config(&["--coingecko-api-key-file", file.path().to_str().unwrap()]);
        assert_eq!(
            shown(of(&with_file, None).unwrap()).as_deref(),
            Some("CG-b")
        );
        let both = of(&with_file, Some("CG-hunter2")).unwrap_err();
        assert!(
            both.contains("COINGECKO_API_KEY and COINGECKO_API_KEY_FILE")
                && !both.contains("hunter2"),
            "{both}"
        );
        check_refused(
            &["--coingecko-api-key", "CG-hunter2"],
            &["--coingecko-api-key"],
        );
    }

    #[test]
    fn a_key_that_cannot_be_one_is_named_by_its_variable_and_not_quoted() {
        for hostile in [
            "",
            "  ",
            "hunter2\r\nx-other: 1",
            "hunter2\n",
            "hunter2é",
            "hunter2 hunter2",
        ] {
            let error = config(&[])
                .coingecko_key_of(Some(hostile.into()))
                .unwrap_err();
            assert!(
                error.contains("COINGECKO_API_KEY") && !error.contains("hunter2"),
                "{error}"
            );
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"hunter2\nhunter2\n").unwrap();
        let path = file.path().to_str().unwrap();
        check_refused(
            &["--coingecko-api-key-file", path],
            &["COINGECKO_API_KEY_FILE", "at byte 7"],
        );
        check_refused(
            &["--coingecko-api-key-file", "/no/such/file"],
            &["COINGECKO_API_KEY_FILE", "/no/such/file"],
        );
        check_refused(
            &["--coingecko-api-key-file", "/dev/zero"],
            &["COINGECKO_API_KEY_FILE", "4096 bytes"],
        );
    }

    const SECRET_TEXT: &str = "hunter2-hunter2-hunter2";

    #[track_caller]
    fn check_secret_refused(args: &[&str], variable: Option<&str>, words: &[&str]) {
        let error = config(args)
            .secrets_of(variable.map(OsString::from))
            .unwrap_err();
        for word in words {
            assert!(error.contains(word), "{error:?} does not name {word:?}");
        }
        assert!(!error.contains("hunter2"), "{error:?} quotes the secret");
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file_and_are_in_no_option() {
        let opens = |secrets: Option<Secrets>| {
            let line = format!("Bearer {SECRET_TEXT}");
            secrets.map(|secrets| secrets.admit([line.as_bytes()]))
        };
        let of = |config: &Config, variable: Option<&str>| {
            config.secrets_of(variable.map(OsString::from)).unwrap()
        };
        assert_eq!(opens(of(&config(&[]), None)), None);
        assert_eq!(opens(of(&config(&[]), Some(SECRET_TEXT))), Some(true));
        assert_eq!(
            opens(of(
                &config(&[]),
                Some(&format!("another-secret-of-ours,{SECRET_TEXT}"))
            )),
            Some(true)
        );
        assert_eq!(
            opens(of(&config(&[]), Some("another-secret-of-ours"))),
            Some(false)
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(
            &mut file,
            format!("another-secret-of-ours\r\n{SECRET_TEXT}\n").as_bytes(),
        )
        .unwrap();
        let with_file = ["--secret-file", file.path().to_str().unwrap()];
        assert_eq!(opens(of(&config(&with_file), None)), Some(true));
        check_secret_refused(
            &with_file,
            Some(SECRET_TEXT),
            &["ORIGIN_SECRET and ORIGIN_SECRET_FILE"],
        );
        for option in ["--secret", "--origin-secret"] {
            check_refused(&[option, SECRET_TEXT], &[option]);
            let error = Config::try_parse_from(["origin", &format!("{option}={SECRET_TEXT}")])
                .unwrap_err()
                .to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn secrets_that_cannot_be_any_are_named_by_their_variable_and_not_quoted() {
        for (hostile, word) in [
            ("", "empty"),
            (" ,\n", "empty"),
            ("hunter2", "7 bytes"),
            ("hunter2-hunter2-hunter2,hunter2", "7 bytes"),
            ("hunter2-hunter2-hunter2é", "byte 23"),
            (
                "hunter2-hunter2-1 hunter2-hunter2-2 hunter2-hunter2-3",
                "3 secrets",
            ),
        ] {
            check_secret_refused(&[], Some(hostile), &["ORIGIN_SECRET", word]);
        }
        check_secret_refused(
            &[],
            Some(&"hunter2".repeat(40)),
            &["ORIGIN_SECRET", "280 bytes", "256"],
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"hunter2\n").unwrap();
        check_secret_refused(
            &["--secret-file", file.path().to_str().unwrap()],
            None,
            &["ORIGIN_SECRET_FILE", "7 bytes"],
        );
        check_refused(
            &["--secret-file", "/no/such/file"],
            &["ORIGIN_SECRET_FILE", "/no/such/file"],
        );
        check_refused(
            &["--secret-file", "/dev/zero"],
            &["ORIGIN_SECRET_FILE", "byte 0"],
        );
    }

    #[test]
    fn an_address_that_others_reach_needs_a_secret_or_the_word_that_it_is_open() {
        let refusal =
            |args: &[&str], has_secret| config(args).listens_within_bounds(has_secret).err();
        for (option, variable, address) in [
            ("--listen", "ORIGIN_LISTEN", "0.0.0.0:8080"),
            ("--listen", "ORIGIN_LISTEN", "[::]:8080"),
            ("--listen", "ORIGIN_LISTEN", "10.0.0.7:0"),
            ("--listen", "ORIGIN_LISTEN", "[::ffff:10.0.0.7]:80"),
            (
                "--operator-listen",
                "ORIGIN_OPERATOR_LISTEN",
                "192.0.2.1:9100",
            ),
        ] {
            let refused = refusal(&[option, address], false).unwrap();
            for word in [
                &format!("{variable} is {address}"),
                "ORIGIN_SECRET",
                "ORIGIN_SECRET_FILE",
                "ORIGIN_OPEN=true",
            ] {
                assert!(refused.contains(word), "{refused:?} does not name {word:?}");
            }
            assert_eq!(refusal(&[option, address], true), None);
            assert_eq!(refusal(&[option, address, "--open", "true"], false), None);
        }
        for address in [
            "127.0.0.1:8080",
            "127.16.3.4:0",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(
                refusal(&["--listen", address, "--operator-listen", address], false),
                None,
                "{address}"
            );
        }
    }

    #[test]
    fn what_is_open_has_no_secret() {
        check_secret_refused(
            &["--open", "true"],
            Some(SECRET_TEXT),
            &["ORIGIN_OPEN is true", "ORIGIN_SECRET"],
        );
        check_refused(&["--open", "yes"], &["ORIGIN_OPEN", "yes", "true"]);
        assert!(config(&["--open", "true"]).check().is_ok());
    }

    #[test]
    fn a_base_url_loses_its_trailing_slash_only() {
        let base: BaseUrl = "http://127.0.0.1:9100/".parse().unwrap();
        assert_eq!(
            base.join("/v5/market/time"),
            "http://127.0.0.1:9100/v5/market/time"
        );
        let with_path: BaseUrl = "https://proxy.example/bybit/".parse().unwrap();
        assert_eq!(with_path.join("/v5"), "https://proxy.example/bybit/v5");
    }
}
