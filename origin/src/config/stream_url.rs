//! The URL of a WebSocket, checked before anything is opened.

use super::base_url::{BaseUrl, url_of};
use std::fmt;
use std::str::FromStr;
use url::Url;

/// The path of Bybit's stream of linear contracts.
const PATH: &str = "/v5/public/linear";

/// The URL of a WebSocket: `ws` or `wss`, with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamUrl(Url);

impl StreamUrl {
    /// The stream at the host of a REST API.
    pub(super) fn beside(base: &BaseUrl) -> Option<Self> {
        let base = Url::parse(&base.0).ok()?;
        let mut url = base.clone();
        url.set_scheme(if base.scheme() == "https" {
            "wss"
        } else {
            "ws"
        })
        .ok()?;
        url.set_path(PATH);
        Some(Self(url))
    }

    /// The URL.
    #[must_use]
    pub fn into_url(self) -> Url {
        self.0
    }
}

impl fmt::Display for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StreamUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = url_of(text, ["ws", "wss"])?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL of a stream has no user or password".to_owned());
        }
        if url.fragment().is_some() {
            return Err("the URL of a stream has no fragment".to_owned());
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_web_socket_without_a_login() {
        for good in [
            "wss://stream.bybit.com/v5/public/linear",
            "ws://127.0.0.1:9100/x",
        ] {
            assert_eq!(good.parse::<StreamUrl>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "stream.bybit.com",
            "https://stream.bybit.com",
            "wss://user:secret@stream.bybit.com",
            "wss://stream.bybit.com/#x",
        ] {
            let error = bad.parse::<StreamUrl>().unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_service_in_bybits_place_streams_at_its_own_host() {
        let beside = |base: &str| {
            StreamUrl::beside(&base.parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(
            beside("http://127.0.0.1:9100"),
            "ws://127.0.0.1:9100/v5/public/linear"
        );
        assert_eq!(
            beside("https://api.example.org/bybit"),
            "wss://api.example.org/v5/public/linear"
        );
    }
}
