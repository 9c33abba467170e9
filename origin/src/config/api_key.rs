//! CoinGecko's key: a secret that is sent with requests to CoinGecko and shown nowhere.

use super::base_url::BaseUrl;
use reqwest::header::{HeaderName, HeaderValue};

/// The header of the free plan's key and that of the paid plans', which have a host of their own.
/// CoinGecko ignores a key in the other plan's header.
/// <https://docs.coingecko.com/docs/setting-up-your-api-key>
const DEMO_HEADER: &str = "x-cg-demo-api-key";
const PRO_HEADER: &str = "x-cg-pro-api-key";
const PRO_HOST: &str = "pro-api.coingecko.com";

/// The longest text that is accepted as a key, bytes.
const MAX_BYTES: usize = 256;

/// A key with the header in which it is sent.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The header's name.
    pub name: HeaderName,
    /// The key, marked as sensitive: printing a request does not print it.
    pub value: HeaderValue,
}

/// Why a text is no key. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// More than any key.
    #[error("it is {bytes} bytes long, and a key has {MAX_BYTES} at most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Something that no key has: a line break, a space within, a control character, anything
    /// beyond ASCII.
    #[error("it holds a character that no key has, at byte {at}")]
    Character {
        /// Its place.
        at: usize,
    },
}

impl ApiKey {
    /// The key `text` for the API at `base`.
    ///
    /// # Errors
    /// [`ApiKeyError`] when it cannot be a key.
    pub fn coingecko(text: &str, base: &BaseUrl) -> Result<Self, ApiKeyError> {
        if text.trim().is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(ApiKeyError::TooLong { bytes: text.len() });
        }
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(ApiKeyError::Character { at });
        }
        let mut value =
            // Cannot fail after the check above; the error type keeps the text out of the message.
            HeaderValue::from_str(text).map_err(|_| ApiKeyError::Character { at: 0 })?;
        value.set_sensitive(true);
        let header = if base.host().as_deref() == Some(PRO_HOST) {
            PRO_HEADER
        } else {
            DEMO_HEADER
        };
        Ok(Self {
            name: HeaderName::from_static(header),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "CG-hunter2hunter2hunter2";

    fn base(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn the_host_says_in_which_header_a_key_is_sent() {
        for (host, header) in [
            ("https://api.coingecko.com", "x-cg-demo-api-key"),
            ("https://pro-api.coingecko.com", "x-cg-pro-api-key"),
            ("https://PRO-API.coingecko.com/", "x-cg-pro-api-key"),
            ("http://127.0.0.1:9100", "x-cg-demo-api-key"),
            ("https://pro-api.coingecko.com.example", "x-cg-demo-api-key"),
        ] {
            let key = ApiKey::coingecko(KEY, &base(host)).unwrap();
            assert_eq!(
                (key.name.as_str(), key.value.to_str().unwrap()),
                (header, KEY),
                "{host}"
            );
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = ApiKey::coingecko(KEY, &base("https://api.coingecko.com")).unwrap();
        assert!(!format!("{key:?}").contains("hunter2"));
        let mut request = reqwest::Request::new(
            reqwest::Method::GET,
            "https://api.coingecko.com".parse().unwrap(),
        );
        request.headers_mut().insert(key.name, key.value);
        assert!(!format!("{request:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_being_quoted() {
        let refused =
            |text: &str| ApiKey::coingecko(text, &base("https://api.coingecko.com")).unwrap_err();
        assert_eq!(refused(""), ApiKeyError::Empty);
        assert_eq!(refused(" \t\n"), ApiKeyError::Empty);
        for text in [
            "hunter2\n",
            "hunter2\r\nx-other: 1",
            "hunter2\u{0}",
            "hunter2 ",
            "hunter2é",
            "hunter2\u{7f}",
        ] {
            assert_eq!(refused(text), ApiKeyError::Character { at: 7 }, "{text:?}");
            assert!(!refused(text).to_string().contains("hunter2"));
        }
        assert_eq!(
            refused(&"a".repeat(257)),
            ApiKeyError::TooLong { bytes: 257 }
        );
    }
}
