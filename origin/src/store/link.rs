//! One connection to Redis, opened when it is needed and given up when another may fare better.
//!
//! Every wait has an end: for a connection, and for an answer. Nothing is tried twice here; callers come again by
//! themselves, at a bounded pace.

use super::StoreError;
use super::error::{is_refused_login, wants_new_connection};
use crate::config::{RedisAccess, RedisUrl, SentinelLogin, Sentinels};
use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult, TlsCertificates, TlsMode,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The longest wait for a connection, the search for the primary included.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Redis answers a publication within a millisecond; the library's default of 500 ms is short for a slow link.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Finds the server.
#[derive(Clone)]
pub(super) struct Dialer(Arc<Place>);

enum Place {
    Server(Client),
    Sentinels(Mutex<SentinelClient>),
}

impl Dialer {
    pub(super) fn new(access: &RedisAccess) -> Result<Self, StoreError> {
        let certificates = access.ca_file.as_ref().map(|path| match std::fs::read(path) {
            Ok(root_cert) => Ok(TlsCertificates { client_tls: None, root_cert: Some(root_cert) }),
            Err(error) => Err(StoreError::Certificates { path: path.display().to_string(), error }),
        });
        let certificates = certificates.transpose()?;
        let place = match (&access.url, certificates) {
            (RedisUrl::Server(url), Some(certificates)) if url.scheme() == "rediss" => {
                Place::Server(Client::build_with_tls(url.as_str(), certificates)?)
            }
            (RedisUrl::Server(url), _) => Place::Server(Client::open(url.as_str())?),
            (RedisUrl::Sentinels(sentinels), certificates) => {
                let login = access.sentinel_login.as_ref();
                Place::Sentinels(Mutex::new(sentinel_client(sentinels, login, certificates)?))
            }
        };
        Ok(Self(Arc::new(place)))
    }

    /// A client of the server of the moment.
    async fn client(&self) -> RedisResult<Client> {
        match &*self.0 {
            Place::Server(client) => Ok(client.clone()),
            Place::Sentinels(sentinels) => {
                let mut sentinels = sentinels.lock().await;
                match sentinels.async_get_client().await {
                    Err(error) if is_refused_login(&error) => Err(who_refuses(&mut sentinels, error).await),
                    found => found,
                }
            }
        }
    }

    async fn dial(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        self.client().await?.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Announcements on a channel, over a connection of their own.
    pub(super) async fn listen(&self, channel: &str) -> RedisResult<Notices> {
        within(CONNECTION_TIMEOUT, async {
            let mut listener = self.client().await?.get_async_pubsub().await?;
            listener.subscribe(channel).await?;
            Ok(Notices(listener.into_on_message()))
        })
        .await
    }
}

/// Says which of the two refuses the login: sentinels and servers ask for a password each.
async fn who_refuses(sentinels: &mut SentinelClient, error: RedisError) -> RedisError {
    let asked: RedisResult<()> = async {
        let sentinel = sentinels.async_get_sentinel_client().await?;
        redis::cmd("PING").query_async(&mut sentinel.get_multiplexed_async_connection().await?).await
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
            ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host.clone(), *port)
        }
    });
    let mut builder = SentinelClientBuilder::new(addresses, &sentinels.service, SentinelServerType::Master)?
        .set_client_to_redis_db(sentinels.database);
    if let Some(user) = &sentinels.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &sentinels.password {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(login) = login {
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
    open: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self { dialer, open: Mutex::new(None) }
    }

    /// The connection; a new one where there is none.
    pub(super) async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        within(CONNECTION_TIMEOUT, async {
            let mut open = self.open.lock().await;
            if let Some(connection) = &*open {
                return Ok(connection.clone());
            }
            let connection = self.dialer.dial().await?;
            *open = Some(connection.clone());
            Ok(connection)
        })
        .await
    }

    /// Hands an answer on, and gives the connection up after an error that a new one may not have.
    pub(super) async fn settle<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if answer.as_ref().is_err_and(wants_new_connection) {
            *self.open.lock().await = None;
        }
        answer
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

/// Announcements of publications. They may be lost, so whoever listens also asks from time to time.
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

async fn within<T>(limit: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    }
}
