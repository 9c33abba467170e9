//! One WebSocket: opened within a limit of time, with limits of size, and closed by dropping it.
//!
//! Invariant: every wait is bounded but that for the next message, which the session bounds.

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use shared::headers::MARKET_DATA;
use shared::provenance::{Source, Venue};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use url::Url;

/// How long opening may take, from the name to the venue's consent. Five seconds are too short in
/// practice: the venue answers late just when many reconnect.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// How long a message may wait for the connection to take it.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The longest message that is read, bytes: a thousand times an average one.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Where a stream is, and how its host is believed.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    tls: Arc<rustls::ClientConfig>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// Why a connection of the stream could not be opened, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It was not open in time.
    #[error("it could not be opened within {OPEN_WITHIN:?}")]
    OpenTimeout,
    /// No connection could be made, or no trust in its other end.
    #[error("no connection: {0}")]
    Unreachable(std::io::Error),
    /// The host answered with another status than 101.
    #[error("refused with HTTP status {0}")]
    Refused(u16),
    /// The other end does not read.
    #[error("a message could not be sent within {SEND_WITHIN:?}")]
    SendTimeout,
    /// It is open, and nothing comes.
    #[error("nothing was heard for {0:?}")]
    Silent(Duration),
    /// The exchange closed it, with its reason.
    #[error("the exchange closed it: {0}")]
    Closed(String),
    /// What came is no WebSocket's, or the connection broke.
    #[error("broken: {0}")]
    Broken(Box<Error>),
}

impl StreamError {
    shared::labels! {
        /// A label for metrics and the last outcome.
        pub const fn label(&self) {
            Self::OpenTimeout => "open_timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::SendTimeout => "send_timeout",
            Self::Silent(_) => "silent",
            Self::Closed(_) => "closed",
            Self::Broken(_) => "broken",
        }
    }
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// An open connection.
pub(super) struct Connection {
    socket: WebSocketStream<Box<dyn Bytes>>,
    /// The venue, and whether the host serves the real market.
    pub(super) source: Source,
}

impl Endpoint {
    /// The stream at `url`, which is `ws` or `wss`. Certificates are believed as those of the
    /// other upstreams are: by the platform.
    ///
    /// # Errors
    /// When TLS cannot be set up, as on a machine without root certificates.
    pub fn new(url: Url) -> Result<Self, rustls::Error> {
        use rustls_platform_verifier::ConfigVerifierExt;
        let tls = Arc::new(rustls::ClientConfig::with_platform_verifier()?);
        Ok(Self { url, tls })
    }

    /// Opens a connection.
    pub(super) async fn open(&self) -> Result<Connection, StreamError> {
        timeout(OPEN_WITHIN, self.open_at_all())
            .await
            .map_err(|_| StreamError::OpenTimeout)?
    }

    async fn open_at_all(&self) -> Result<Connection, StreamError> {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(443);
        // Square brackets belong to the URL and not to the address.
        let tcp = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .map_err(StreamError::Unreachable)?;
        // Nagle's algorithm would hold subscriptions back until the answer to the one before.
        tcp.set_nodelay(true).map_err(StreamError::Unreachable)?;
        let bytes: Box<dyn Bytes> = if self.url.scheme() == "wss" {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| StreamError::Unreachable(std::io::Error::other(error)))?;
            let connector = TlsConnector::from(Arc::clone(&self.tls));
            let tls = connector.connect(name, tcp).await;
            Box::new(tls.map_err(StreamError::Unreachable)?)
        } else {
            Box::new(tcp)
        };
        let request = self.url.as_str().into_client_request();
        let request = request.map_err(|error| StreamError::Broken(Box::new(error)))?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let (socket, response) =
            tokio_tungstenite::client_async_with_config(request, bytes, Some(limits))
                .await
                .map_err(|error| match error {
                    Error::Http(response) => StreamError::Refused(response.status().as_u16()),
                    error => StreamError::Broken(Box::new(error)),
                })?;
        let declared = response.headers().get(MARKET_DATA);
        let declared = declared.map(|value| value.to_str().unwrap_or_default());
        Ok(Connection {
            socket,
            source: Source::declared(Venue::Bybit, declared),
        })
    }
}

impl Connection {
    /// The next text message. Pings are answered and other kinds skipped.
    pub(super) async fn next(
        &mut self,
    ) -> Result<tokio_tungstenite::tungstenite::Utf8Bytes, StreamError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    let why = frame.map_or_else(
                        || "no reason".to_owned(),
                        |frame| format!("{} {:.80}", frame.code, frame.reason.as_str()),
                    );
                    return Err(StreamError::Closed(why));
                }
                // The library answers pings by itself; the venue sends no binary messages.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(StreamError::Broken(Box::new(error))),
                None => return Err(StreamError::Closed("the connection ended".to_owned())),
            }
        }
    }

    /// Sends a text message.
    pub(super) async fn send(&mut self, text: String) -> Result<(), StreamError> {
        timeout(SEND_WITHIN, self.socket.send(Message::text(text)))
            .await
            .map_err(|_| StreamError::SendTimeout)?
            .map_err(|error| StreamError::Broken(Box::new(error)))
    }
}
