//! Configuration: options and environment variables, checked before anything is bound or fetched.
//!
//! The doc comment of each field is its `--help` text. Order: parse each option → `check` what no
//! option can check alone → refuse passwords on the command line. A value that is wrong stops the
//! process with a text that names the variable.
//!
//! Invariant: no error, help text or log line quotes a secret.

mod api_key;
mod base_url;
mod client_limits;
mod kinds;
mod redis_url;
mod secret_file;
mod stream_url;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};
use secret_file::secret_of;
use shared::analysis::Settings;
use shared::endpoints::KeyPrefix;
use shared::freshness::{Limits, LimitsOutOfOrder};
use shared::headers::bearer::Secrets;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use api_key::{ApiKey, ApiKeyError};
pub use base_url::{BaseUrl, MaybeBaseUrl};
pub use client_limits::ClientLimits;
pub use kinds::{LogFormat, Role, StoreKind, Switch};
pub use redis_url::{RedisAccess, RedisUrl, Secret, SentinelLogin, Sentinels};
pub use stream_url::StreamUrl;

/// Bybit's REST API, and another host of the same service, which shares its limits and bans.
const BYBIT: &str = "https://api.bybit.com";
const BYBIT_ALTERNATIVE: &str = "https://api.bytick.com";

/// Bybit's public WebSocket for linear contracts.
const BYBIT_STREAM: &str = "wss://stream.bybit.com/v5/public/linear";

/// The variable with CoinGecko's key. There is no option for it, because every user of a machine
/// can read the options of a process.
const COINGECKO_KEY: &str = "COINGECKO_API_KEY";
const COINGECKO_KEY_FILE: &str = "COINGECKO_API_KEY_FILE";

/// The variable with the secrets for `/snapshot` and `/metrics`. No option, for the same reason.
const SECRET: &str = "ORIGIN_SECRET";
const SECRET_FILE: &str = "ORIGIN_SECRET_FILE";

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

    /// Whether Bybit's WebSocket is used beside its REST API: `on`, or `off` for requests alone.
    #[arg(long, env = "STREAMS", value_name = "STREAMS", default_value = "on")]
    pub streams: Switch,

    /// URL of Bybit's public WebSocket for linear contracts. Without it
    /// `wss://stream.bybit.com/v5/public/linear` if `BYBIT_BASE_URL` is Bybit's own, else
    /// `/v5/public/linear` at the host of `BYBIT_BASE_URL`.
    #[arg(long, env = "BYBIT_STREAM_URL", value_name = "BYBIT_STREAM_URL")]
    pub bybit_stream_url: Option<StreamUrl>,

    /// Milliseconds between two publications of the streamed ticker table.
    #[arg(long, env = "PUBLISH_INTERVAL_MS", value_name = "PUBLISH_INTERVAL_MS", default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(250..=5_000))]
    pub publish_interval_ms: u64,

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
    /// read the options of a process. It is sent as a key of the free plan,
    /// or of a paid one where `COINGECKO_BASE_URL` is `https://pro-api.coingecko.com`.
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

    /// Milliseconds between two fetches of the ticker table while it is not streamed.
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

    /// How many contracts, by turnover, get a score. Without a number 100, or 40 where `STREAMS` is
    /// off: requests alone would bring the books and trades of a hundred only every half minute. One
    /// connection streams up to a hundred.
    #[arg(long, env = "MONITORED_SYMBOLS", value_name = "MONITORED_SYMBOLS",
        value_parser = clap::value_parser!(u16).range(30..=500))]
    pub monitored_symbols: Option<u16>,

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

impl Config {
    /// Reads a command line and the environment, and checks what they say.
    ///
    /// # Errors
    /// A usage error that names the variables, or what `--help` and `--version` ask for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let config = Self::from_arg_matches(&matches)?;
        config.check()?;
        // Checked after parsing: the parser's own errors would quote the value.
        let is_argument = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        let url = config
            .redis_url
            .as_ref()
            .and_then(|url| url.expose().parse::<RedisUrl>().ok());
        for (option, variable, holds_password) in [
            (
                "redis_url",
                "REDIS_URL",
                // A URL without a password may stand on the command line.
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

    /// Checks what no single option can check alone, and what an error must not quote.
    ///
    /// # Errors
    /// A usage error that names the variables.
    pub fn check(&self) -> Result<(), clap::Error> {
        let refused = |text: String| Self::command().error(ErrorKind::ValueValidation, text);
        // The ticker table does not wait for the budget, so it has to fit into it with room for the
        // inputs.
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

    /// Bybit's alternative host, if there is one.
    #[must_use]
    pub fn bybit_alternative(&self) -> Option<BaseUrl> {
        match &self.bybit_alternative_base_url {
            Some(MaybeBaseUrl(given)) => given.clone(),
            // A service in Bybit's place, such as a simulated exchange, must never be mixed with
            // the real one.
            None if self.bybit_base_url.0 != BYBIT => None,
            None => BYBIT_ALTERNATIVE.parse().ok(),
        }
    }

    /// Where Bybit's stream is; `None` where it is not used.
    #[must_use]
    pub fn stream_url(&self) -> Option<StreamUrl> {
        if self.streams == Switch::Off {
            return None;
        }
        let given = self.bybit_stream_url.clone();
        given.or_else(|| {
            // As with the alternative host: never mixed with the real one.
            if self.bybit_base_url.0 == BYBIT {
                BYBIT_STREAM.parse().ok()
            } else {
                StreamUrl::beside(&self.bybit_base_url)
            }
        })
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

    /// The secrets for `/snapshot` and `/metrics`, from the environment or a file; `None` where
    /// these are open.
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
        // A contradiction is an error: either reading would be a surprise to somebody.
        if self.open && secrets.is_some() {
            return Err(format!(
                "ORIGIN_OPEN is true, but {SECRET} or {SECRET_FILE} is set: unset one of them\n"
            ));
        }
        Ok(secrets)
    }

    /// Refuses a public address without a secret. A forgotten variable must not publish the whole
    /// snapshot.
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

    /// How to reach Redis, if it is used.
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
            // A process that only collects or only serves has nothing without a shared store.
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
            // `{:?}` escapes what a terminal would interpret. Only the beginning, because it may be
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

    /// The limits of clients' connections.
    #[must_use]
    pub fn server_limits(&self) -> ClientLimits {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        ClientLimits {
            connections: count(self.max_connections),
            connections_per_address: count(self.max_connections_per_address),
            head: Duration::from_millis(self.head_timeout_ms),
            idle: Duration::from_millis(self.idle_timeout_ms),
            send: Duration::from_millis(self.send_timeout_ms),
        }
    }

    /// The settings of the analysis.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            mover_turnover_floor: self.mover_turnover_floor_usd as f64,
            monitored_symbols: self
                .monitored_symbols
                .map_or_else(|| self.usual_symbols(), usize::from),
        }
    }

    /// How many contracts are monitored where no number is given.
    const fn usual_symbols(&self) -> usize {
        match self.streams {
            Switch::On => 100,
            Switch::Off => 40,
        }
    }

    /// The pause between two fetches of the ticker table.
    #[must_use]
    pub fn tickers_interval(&self) -> Duration {
        Duration::from_millis(self.tickers_interval_ms)
    }
}

#[cfg(test)]
mod tests;
