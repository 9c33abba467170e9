//! Where Redis is: one server, or sentinels that name the current primary.
//!
//! Invariant: a password never reaches a log or an error. What is shown is composed of the parts
//! that cannot hold one, and a URL with a part that nothing reads is refused, because a mistyped
//! password may have ended up there.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use shared::endpoints::KeyPrefix;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// The port of a sentinel whose URL names none.
const SENTINEL_PORT: u16 = 26_379;

/// A text that is never shown. It accepts every value, because the argument parser would quote one
/// that it refuses.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Everything that is needed to reach Redis.
#[derive(Clone, Debug)]
pub struct RedisAccess {
    /// Where it is.
    pub url: RedisUrl,
    /// The certificates by which a TLS server is believed, in place of the machine's own.
    pub ca_file: Option<PathBuf>,
    /// The login of the sentinels, which is separate from the servers'.
    pub sentinel_login: Option<SentinelLogin>,
    /// The prefix of every key and of the channel.
    pub key_prefix: KeyPrefix,
}

/// The login of the sentinels.
#[derive(Clone, Debug)]
pub struct SentinelLogin {
    /// The user; without one, the sentinels' default user.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
}

/// A Redis URL. Its password never reaches a log: what is shown is put together from the parts that
/// hold none, and a URL with a part that nothing reads is refused, for a password may have got
/// there.
///
/// `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS,
/// `unix:///path[?user=…&pass=…&db=…]`; for sentinels `redis+sentinel://[user:password@]host[:
/// port][,host[:port]…]/service[/database]` and `rediss+sentinel://…`, where user and password are
/// those of the servers; [`SentinelLogin`] holds those of the sentinels.
#[derive(Clone, PartialEq, Eq)]
pub enum RedisUrl {
    /// One server.
    Server(Url),
    /// Sentinels.
    Sentinels(Sentinels),
}

/// Sentinels and what to ask them for.
#[derive(Clone, PartialEq, Eq)]
pub struct Sentinels {
    /// Whether sentinels and servers are reached by TLS.
    pub is_tls: bool,
    /// `host:port` of each sentinel.
    pub addresses: Vec<(String, u16)>,
    /// The name under which they know the servers.
    pub service: String,
    /// The user of the servers.
    pub user: Option<String>,
    /// The password of the servers.
    pub password: Option<String>,
    /// The number of the database.
    pub database: i64,
}

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Errors must not quote the text, for it may hold a password.
        if let Some(rest) = text.strip_prefix("redis+sentinel://") {
            return Sentinels::parse(rest, false).map(Self::Sentinels);
        }
        if let Some(rest) = text.strip_prefix("rediss+sentinel://") {
            return Sentinels::parse(rest, true).map(Self::Sentinels);
        }
        let url = Url::parse(text).map_err(|error| format!("no URL: {error}"))?;
        if !matches!(url.scheme(), "redis" | "rediss" | "redis+unix" | "unix") {
            return Err(format!(
                "the scheme is {:?}; redis, rediss, unix, redis+sentinel or rediss+sentinel is needed",
                url.scheme()
            ));
        }
        // Before the library sees the URL: it ignores what it does not know.
        check_parts(&url)?;
        redis::Client::open(text).map_err(|error| format!("not usable: {error}"))?;
        Ok(Self::Server(url))
    }
}

impl RedisUrl {
    /// Whether it holds a password, or something that may be one: a user without a colon is often a
    /// forgotten `:`.
    #[must_use]
    pub fn has_password(&self) -> bool {
        match self {
            Self::Server(url) => {
                url.password().is_some()
                    || !url.username().is_empty()
                    || url.query_pairs().any(|(name, _)| name == "pass")
            }
            Self::Sentinels(sentinels) => sentinels.password.is_some() || sentinels.user.is_some(),
        }
    }
}

fn is_socket(url: &Url) -> bool {
    matches!(url.scheme(), "unix" | "redis+unix")
}

/// Refuses parts that the library ignores silently.
fn check_parts(url: &Url) -> Result<(), String> {
    let known: &[&str] = if is_socket(url) {
        &["db", "user", "pass", "protocol"]
    } else {
        &["protocol"]
    };
    if url.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
        return Err(format!(
            "the query (after ?) may name {} and nothing else",
            known.join(", ")
        ));
    }
    if url
        .fragment()
        // The library reads one fragment: `#insecure`, with TLS.
        .is_some_and(|fragment| url.scheme() != "rediss" || fragment != "insecure")
    {
        return Err("a # in the password must be written %23".to_owned());
    }
    if is_socket(url) && (url.has_host() || !url.username().is_empty() || url.password().is_some())
    {
        return Err(
            "a socket has no host, and its user and password stand in the query: ?user=…&pass=…"
                .to_owned(),
        );
    }
    Ok(())
}

impl Sentinels {
    /// Reads what follows the scheme.
    fn parse(rest: &str, is_tls: bool) -> Result<Self, String> {
        let (authority, path) = rest
            .split_once('/')
            .ok_or("the service's name is missing after the sentinels")?;
        // The last `@`: a password may contain others.
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), authority),
        };
        let (service, database) = path.split_once('/').unwrap_or((path, ""));
        if service.is_empty() || path.contains(['?', '#']) {
            return Err("the service's name is missing after the sentinels".to_owned());
        }
        // A `/` in the password cut the URL there. Going on would show the rest of it as the
        // service's name.
        if path.contains('@') {
            return Err(
                "an @ stands after the sentinels: a / in the password must be written %2F"
                    .to_owned(),
            );
        }
        let mut settings = None;
        let mut addresses = Vec::new();
        for host in hosts.split(',') {
            // The library reads each as the URL of a server, so that escapes mean the same
            // everywhere.
            let one: ConnectionInfo = format!("redis://{credentials}{host}/{database}")
                .as_str()
                .into_connection_info()
                .map_err(|error| format!("not usable: {error}"))?;
            let ConnectionAddr::Tcp(name, port) = one.addr() else {
                return Err("not usable: no host".to_owned());
            };
            // `]` closes an IPv6 address, whose colons are no port.
            let names_port = host
                .rsplit_once(':')
                .is_some_and(|(_, port)| !port.contains(']'));
            addresses.push((name.clone(), if names_port { *port } else { SENTINEL_PORT }));
            settings = Some(one.redis_settings().clone());
        }
        let settings = settings.ok_or("no sentinel is named")?;
        Ok(Self {
            is_tls,
            addresses,
            service: service.to_owned(),
            user: settings.username().map(str::to_owned),
            password: settings.password().map(str::to_owned),
            database: settings.db(),
        })
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(url) if is_socket(url) => {
                write!(f, "{}://{}", url.scheme(), url.path())?;
                let shown = url
                    .query_pairs()
                    .filter(|(name, _)| matches!(&**name, "user" | "pass" | "db"));
                for (position, (name, value)) in shown.enumerate() {
                    let value = if name == "pass" { "***" } else { &value };
                    write!(f, "{}{name}={value}", if position == 0 { '?' } else { '&' })?;
                }
                Ok(())
            }
            Self::Server(url) => {
                let credentials = match (url.username(), url.password()) {
                    ("", None) => String::new(),
                    // A password without the colon before it is parsed as the user, so a lone user
                    // is masked.
                    (_, None) => "***@".to_owned(),
                    (user, Some(_)) => format!("{user}:***@"),
                };
                let port = url
                    .port()
                    .map(|port| format!(":{port}"))
                    .unwrap_or_default();
                write!(
                    f,
                    "{}://{credentials}{}{port}{}",
                    url.scheme(),
                    url.host_str().unwrap_or_default(),
                    url.path()
                )
            }
            Self::Sentinels(sentinels) => {
                let scheme = if sentinels.is_tls { "rediss" } else { "redis" };
                let hosts: Vec<String> = sentinels
                    .addresses
                    .iter()
                    .map(|(host, port)| format!("{host}:{port}"))
                    .collect();
                let credentials = if sentinels.password.is_some() {
                    "***@"
                } else {
                    ""
                };
                write!(
                    f,
                    "{scheme}+sentinel://{credentials}{}/{}",
                    hosts.join(","),
                    sentinels.service
                )
            }
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_shown(text: &str, shown: &str) {
        let url: RedisUrl = text.parse().unwrap();
        assert_eq!(format!("{url}"), shown);
        assert_eq!(format!("{url:?}"), shown);
    }

    #[test]
    fn a_password_is_never_shown() {
        check_shown(
            "redis://user:hunter2@localhost:6379/0",
            "redis://user:***@localhost:6379/0",
        );
        check_shown(
            "rediss://:hunter2@localhost?protocol=3#insecure",
            "rediss://:***@localhost",
        );
        check_shown("redis://hunter2@localhost/", "redis://***@localhost/");
        check_shown(
            "redis+sentinel://user:hunter2@a:1,b/main/3",
            "redis+sentinel://***@a:1,b:26379/main",
        );
        check_shown("unix:///run/redis.sock", "unix:///run/redis.sock");
        check_shown(
            "unix:///run/redis.sock?user=origin&pass=hunter2&db=3",
            "unix:///run/redis.sock?user=origin&pass=***&db=3",
        );
        check_shown(
            "redis+unix:///run/redis.sock?pass=hunter2&pass=hunter2",
            "redis+unix:///run/redis.sock?pass=***&pass=***",
        );
        check_shown(
            "unix:///run/redis.sock?%70ass=hunter2",
            "unix:///run/redis.sock?pass=***",
        );
        assert_eq!(format!("{:?}", "hunter2".parse::<Secret>().unwrap()), "***");
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        for text in [
            "redis://user:hunter2@localhost",
            "redis://:hunter2@localhost",
            "redis://hunter2@localhost",
            "unix:///run/redis.sock?pass=hunter2",
            "redis+sentinel://:hunter2@a/main",
        ] {
            assert!(text.parse::<RedisUrl>().unwrap().has_password(), "{text}");
        }
        for text in [
            "redis://localhost",
            "unix:///run/redis.sock?db=1",
            "redis+sentinel://a,b/main",
        ] {
            assert!(!text.parse::<RedisUrl>().unwrap().has_password(), "{text}");
        }
    }

    #[test]
    fn sentinels_are_listed_with_the_name_of_the_service() {
        let url: RedisUrl = "rediss+sentinel://us%40er:p%3Aw@10.0.0.1,[::1]:5/main/3"
            .parse()
            .unwrap();
        let expected = Sentinels {
            is_tls: true,
            addresses: vec![("10.0.0.1".to_owned(), 26_379), ("::1".to_owned(), 5)],
            service: "main".to_owned(),
            user: Some("us@er".to_owned()),
            password: Some("p:w".to_owned()),
            database: 3,
        };
        assert!(url == RedisUrl::Sentinels(expected), "{url}");
    }

    #[track_caller]
    fn check_refused(text: &str, reason: &str) {
        let refused = text.parse::<RedisUrl>().unwrap_err();
        assert!(
            refused.contains(reason),
            "{refused:?} does not say {reason:?}"
        );
        assert!(!refused.contains("hunter2"), "{refused:?}");
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_quoting_it() {
        check_refused("http://user:hunter2@localhost/", "http");
        check_refused("redis+sentinel://user:hunter2@a:1,b:2", "service");
        check_refused("redis+sentinel://user:hunter2@a:1/", "service");
        check_refused("redis+sentinel://user:hunter2@a:port/main", "not usable");
        check_refused("redis+sentinel://user:hunter2@a:1/main/first", "not usable");
        check_refused("redis+sentinel://a,,b/main", "not usable");
    }

    #[test]
    fn a_password_that_got_into_another_part_is_refused_without_quoting_it() {
        check_refused(
            "redis://localhost/?pass=hunter2",
            "protocol and nothing else",
        );
        check_refused("redis://localhost/?hunter2", "protocol and nothing else");
        check_refused(
            "unix:///run/redis.sock?password=hunter2",
            "db, user, pass, protocol and nothing else",
        );
        check_refused("redis://user:12#hunter2@localhost/", "%23");
        check_refused("rediss://user:12#hunter2@localhost/", "%23");
        check_refused("redis://user:12?hunter2@localhost/", "nothing else");
        check_refused("redis://user:12/hunter2@localhost/", "not usable");
        check_refused("redis+sentinel://user:12/hunter2@a:1/main", "%2F");
        check_refused("redis+sentinel://user:12/main/hunter2@a:1", "%2F");
        check_refused(
            "unix://user:hunter2@localhost/run/redis.sock",
            "?user=…&pass=…",
        );
    }
}
