//! The URL at which an upstream's API begins. Checked once, so that appending a path cannot make
//! another URL.

use std::fmt;
use std::str::FromStr;
use url::Url;

/// The beginning of every URL of one upstream: scheme, host, optional port and path, without a
/// trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(pub(super) String);

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
        let url = url_of(text, ["http", "https"])?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a base URL has neither query nor fragment".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a base URL has no user or password".to_owned());
        }
        // Paths begin with a slash, so the base ends without one.
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Reads a URL of one of two schemes.
pub(super) fn url_of(text: &str, schemes: [&str; 2]) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("no URL: {error}"))?;
    if schemes.contains(&url.scheme()) {
        Ok(url)
    } else {
        let [plain, secure] = schemes;
        Err(format!(
            "the scheme is {:?}; {plain} or {secure} is needed",
            url.scheme()
        ))
    }
}

/// A base URL, or an empty text for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeBaseUrl(pub(super) Option<BaseUrl>);

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
