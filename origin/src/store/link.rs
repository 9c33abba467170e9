//! Connections to Redis: opened on first use, shared by all tasks, and dropped when a new one may
//! fare better.
//!
//! State: a `Dialer` that knows the server (from the URL, from a cluster's redirect, or from
//! sentinels), and per `Link` one open connection with its number.
//!
//! Invariants: every wait is bounded, for a connection and for an answer. Nothing is retried here:
//! callers come again by themselves, at a bounded pace. A connection is dropped only by the failure
//! of that very connection.

use super::error::{StoreError, is_refused_login, wants_new_connection};
use crate::config::{RedisAccess, RedisUrl, SentinelLogin, Sentinels};
use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult,
    ServerErrorKind, TlsCertificates, TlsMode,
};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The longest wait for a connection, the search for the primary included.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest wait for an answer. Redis answers a publication within a millisecond; the library's
/// default of 500 ms is short for a slow link.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Finds the server and connects to it.
#[derive(Clone)]
pub(super) struct Dialer(Arc<Place>);

enum Place {
    Server {
        named: Client,
        /// The server to which a cluster redirected us. Forgotten when it does not answer.
        moved_to: std::sync::Mutex<Option<Client>>,
    },
    Sentinels(Mutex<SentinelClient>),
}

impl Dialer {
    pub(super) fn new(access: &RedisAccess) -> Result<Self, StoreError> {
        let certificates = access
            .ca_file
            .as_ref()
            .map(|path| match std::fs::read(path) {
                Ok(root_cert) => Ok(TlsCertificates {
                    client_tls: None,
                    root_cert: Some(root_cert),
                }),
                Err(error) => Err(StoreError::Certificates {
                    path: path.display().to_string(),
                    error,
                }),
            });
        let certificates = certificates.transpose()?;
        let place = match (&access.url, certificates) {
            // Certificates matter to TLS alone; with any other scheme they are ignored.
            (RedisUrl::Server(url), Some(certificates)) if url.scheme() == "rediss" => {
                server(&Client::build_with_tls(url.as_str(), certificates)?)?
            }
            (RedisUrl::Server(url), _) => server(&Client::open(url.as_str())?)?,
            (RedisUrl::Sentinels(sentinels), certificates) => {
                let login = access.sentinel_login.as_ref();
                Place::Sentinels(Mutex::new(sentinel_client(sentinels, login, certificates)?))
            }
        };
        Ok(Self(Arc::new(place)))
    }

    /// A client of the server that is primary now.
    async fn client(&self) -> RedisResult<Client> {
        match &*self.0 {
            Place::Server { named, moved_to } => Ok(moved_to
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .unwrap_or(named)
                .clone()),
            Place::Sentinels(sentinels) => {
                // The client caches its sentinel connections, so one search at a time.
                let mut sentinels = sentinels.lock().await;
                match sentinels.async_get_client().await {
                    Err(error) if is_refused_login(&error) => {
                        Err(who_refuses(&mut sentinels, error).await)
                    }
                    // The sentinels' client builds its own settings, so they are changed for each
                    // one.
                    found => nameless(&found?),
                }
            }
        }
    }

    async fn dial(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        self.client()
            .await?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Remembers where a cluster says our keys are. All of them are in one slot, so one server has
    /// them all.
    fn follow(&self, error: &RedisError) {
        let (Place::Server { named, moved_to }, Some((address, _))) =
            (&*self.0, error.redirect_node())
        else {
            return;
        };
        if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) {
            let there = elsewhere(named, address);
            if there.is_none() {
                tracing::warn!(
                    address,
                    "the cluster says that our keys are at an address which is none"
                );
            }
            // The next connection goes there. `settle` drops the present one.
            *moved_to.lock().unwrap_or_else(PoisonError::into_inner) = there;
        }
    }

    /// Returns to the server of the URL, because the redirected one does not answer: the cluster
    /// may have changed again.
    fn go_back(&self) {
        if let Place::Server { moved_to, .. } = &*self.0 {
            *moved_to.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Announcements on a channel, over a connection of their own: a subscribed connection takes no
    /// other commands.
    pub(super) async fn listen(&self, channel: &str) -> RedisResult<Notices> {
        within(CONNECTION_TIMEOUT, async {
            let mut listener = self.client().await?.get_async_pubsub().await?;
            listener.subscribe(channel).await?;
            Ok(Notices(listener.into_on_message()))
        })
        .await
    }
}

fn server(named: &Client) -> RedisResult<Place> {
    Ok(Place::Server {
        named: nameless(named)?,
        moved_to: std::sync::Mutex::default(),
    })
}

/// The same server, without the `CLIENT SETINFO` that the library sends by default. A restricted
/// user has no right to it, and each refusal is an entry in the server's ACL log.
fn nameless(client: &Client) -> RedisResult<Client> {
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    Client::open(info.set_redis_settings(settings))
}

/// The server at `host:port`, with this one's TLS and login. An empty host means the same host, as
/// in a cluster that does not know its own address.
fn elsewhere(client: &Client, address: &str) -> Option<Client> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let info = client.get_connection_info().clone();
    let host = match (host, info.addr()) {
        ("", ConnectionAddr::Tcp(same, _) | ConnectionAddr::TcpTls { host: same, .. }) => {
            same.clone()
        }
        ("", _) => return None,
        (host, _) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
    };
    // TLS and login stay those of the configured server: a redirect must not weaken them.
    let there = match info.addr().clone() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure,
            tls_params,
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    Client::open(info.set_addr(there)).ok()
}

/// Names the party that refuses the login, since sentinels and servers have separate passwords and
/// the library's error does not tell them apart.
async fn who_refuses(sentinels: &mut SentinelClient, error: RedisError) -> RedisError {
    let asked: RedisResult<()> = async {
        let sentinel = sentinels.async_get_sentinel_client().await?;
        redis::cmd("PING")
            .query_async(&mut sentinel.get_multiplexed_async_connection().await?)
            .await
    }
    .await;
    match asked {
        Err(refused) if is_refused_login(&refused) => {
            let what = "the sentinels refuse REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD";
            RedisError::from((ErrorKind::AuthenticationFailed, what))
        }
        _ => error,
    }
}

fn sentinel_client(
    sentinels: &Sentinels,
    login: Option<&SentinelLogin>,
    certificates: Option<TlsCertificates>,
) -> RedisResult<SentinelClient> {
    let addresses = sentinels.addresses.iter().map(|(host, port)| {
        if sentinels.is_tls {
            ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host.clone(), *port)
        }
    });
    let mut builder =
        SentinelClientBuilder::new(addresses, &sentinels.service, SentinelServerType::Master)?
            .set_client_to_redis_db(sentinels.database);
    if let Some(user) = &sentinels.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &sentinels.password {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(login) = login {
        // The sentinels' own login; without one, none is sent to them.
        builder = builder.set_client_to_sentinel_password(login.password.expose());
        if let Some(user) = &login.user {
            builder = builder.set_client_to_sentinel_username(user);
        }
    }
    if sentinels.is_tls {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        if let Some(certificates) = certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates);
        }
    }
    builder.build()
}

/// One connection that any number of tasks use at once.
pub(super) struct Link {
    dialer: Dialer,
    open: Slot<MultiplexedConnection>,
}

impl Link {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            open: Slot::default(),
        }
    }

    /// The open connection, or a new one.
    pub(super) async fn line(&self) -> RedisResult<Line<MultiplexedConnection>> {
        let line = within(CONNECTION_TIMEOUT, self.open.get(|| self.dialer.dial())).await;
        // The next attempt starts from the URL's server, which knows where the keys are now.
        if line.is_err() {
            self.dialer.go_back();
        }
        line
    }

    /// Passes an answer on, and drops its connection after an error that a new one may not have.
    pub(super) async fn settle<T>(
        &self,
        line: &Line<MultiplexedConnection>,
        answer: RedisResult<T>,
    ) -> RedisResult<T> {
        if let Err(error) = &answer
            && wants_new_connection(error)
        {
            self.dialer.follow(error);
            // After `follow`, so that whoever reconnects now already goes to the right server.
            self.open.drop(line).await;
        }
        answer
    }
}

/// A connection and its number. When it fails, another task may already have replaced it.
pub(super) struct Line<C> {
    number: u64,
    pub(super) connection: C,
}

/// The open connection, if there is one.
struct Slot<C>(Mutex<Opened<C>>);

struct Opened<C> {
    /// Connections that were opened so far: the number of the current one.
    count: u64,
    connection: Option<C>,
}

impl<C> Default for Slot<C> {
    fn default() -> Self {
        Self(Mutex::new(Opened {
            count: 0,
            connection: None,
        }))
    }
}

impl<C: Clone> Slot<C> {
    /// The open connection, or the one that `open` makes.
    async fn get<E, F: Future<Output = Result<C, E>>>(
        &self,
        open: impl FnOnce() -> F,
    ) -> Result<Line<C>, E> {
        // Held while connecting: single flight. Tasks that come meanwhile share the new connection.
        let mut opened = self.0.lock().await;
        let connection = match &opened.connection {
            Some(connection) => connection.clone(),
            None => {
                let connection = open().await?;
                // Counted on success alone, so a number always names a connection.
                opened.count += 1;
                opened.connection.insert(connection).clone()
            }
        };
        Ok(Line {
            number: opened.count,
            connection,
        })
    }

    /// Drops this connection, unless it was replaced already: many requests fail with it, and the
    /// later ones must not drop its successor.
    async fn drop(&self, line: &Line<C>) {
        let mut opened = self.0.lock().await;
        if opened.count == line.number {
            opened.connection = None;
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

/// Announcements of publications. Pub/sub may lose them, so followers also poll.
pub struct Notices(PubSubStream);

impl Notices {
    /// The next announcement; nothing when the connection has ended.
    pub async fn next(&mut self) -> Option<()> {
        self.0.next().await.map(|_| ())
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}

/// Turns a time limit into an I/O timeout, which every caller handles already.
async fn within<T>(limit: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(RedisError::from(std::io::Error::from(
            std::io::ErrorKind::TimedOut,
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(slot: &Slot<&'static str>, name: &'static str) -> Line<&'static str> {
        slot.get(|| async { Ok::<_, ()>(name) }).await.unwrap()
    }

    #[tokio::test]
    async fn only_the_connection_that_an_error_came_from_is_given_up() {
        let slot = Slot::default();
        let (first, also_first) = (get(&slot, "first").await, get(&slot, "unused").await);
        slot.drop(&first).await;
        let second = get(&slot, "second").await;
        assert_eq!(
            (also_first.connection, second.connection),
            ("first", "second")
        );
        // The second of two questions that were under way fails a moment later.
        slot.drop(&also_first).await;
        assert_eq!(
            get(&slot, "third").await.connection,
            "second",
            "a good connection was given up"
        );
        slot.drop(&second).await;
        assert_eq!(get(&slot, "fourth").await.connection, "fourth");
    }

    #[tokio::test]
    async fn what_cannot_be_opened_leaves_the_place_free() {
        let slot: Slot<&str> = Slot::default();
        assert!(slot.get(|| async { Err(()) }).await.is_err());
        assert_eq!(get(&slot, "first").await.connection, "first");
    }

    #[track_caller]
    fn check_elsewhere(url: &str, address: &str, expected: Option<&str>) {
        let there = elsewhere(&Client::open(url).unwrap(), address);
        assert_eq!(
            there
                .map(|there| there.get_connection_info().addr().to_string())
                .as_deref(),
            expected,
            "{address}"
        );
    }

    #[test]
    fn a_cluster_is_followed_by_the_same_means() {
        check_elsewhere("redis://a:1/", "10.0.0.1:6380", Some("10.0.0.1:6380"));
        check_elsewhere("redis://a:1/", "::1:6380", Some("::1:6380"));
        check_elsewhere("redis://a:1/", ":6380", Some("a:6380"));
        check_elsewhere(
            "unix:///run/redis.sock",
            "10.0.0.1:6380",
            Some("10.0.0.1:6380"),
        );
        for address in ["", "a", "a:", "a:port", "a:65536"] {
            check_elsewhere("redis://a:1/", address, None);
        }
        check_elsewhere("unix:///run/redis.sock", ":6380", None);
        let named = Client::open("rediss://user:hunter2@a:1/").unwrap();
        let there = elsewhere(&named, "b:2").unwrap();
        assert!(matches!(
            there.get_connection_info().addr(),
            ConnectionAddr::TcpTls {
                insecure: false,
                ..
            }
        ));
        assert_eq!(
            there.get_connection_info().redis_settings().password(),
            Some("hunter2")
        );
    }
}
