//! Where a fact came from: the venue, and whether its host serves the real market.
//!
//! Invariant: a simulated or replayed feed is never shown as the real one. The feed travels with
//! every section, and the least real one marks the whole body.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A service we read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Venue {
    /// Bybit's v5 public market data.
    Bybit,
    /// CoinGecko's global market figures.
    CoinGecko,
    /// alternative.me's Fear & Greed index.
    AlternativeMe,
    /// OKX's v5 public market data.
    Okx,
    /// Binance's public market data of the spot market.
    Binance,
}

impl Venue {
    /// Every venue.
    pub const ALL: [Self; 5] = [
        Self::Bybit,
        Self::CoinGecko,
        Self::AlternativeMe,
        Self::Okx,
        Self::Binance,
    ];

    /// The name on the wire and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bybit => "bybit",
            Self::CoinGecko => "coingecko",
            Self::AlternativeMe => "alternative_me",
            Self::Okx => "okx",
            Self::Binance => "binance",
        }
    }

    /// What a reader must know of a ticker table of this venue to read it rightly, as a
    /// machine-readable word: turnovers of OKX are estimates, figures of Binance are those of the
    /// spot market.
    #[must_use]
    pub const fn caveat(self) -> Option<&'static str> {
        match self {
            Self::Okx => Some("turnover_estimated"),
            Self::Binance => Some("spot_market"),
            Self::Bybit | Self::CoinGecko | Self::AlternativeMe => None,
        }
    }

    /// Whether the rows of this venue's ticker table are perpetual contracts.
    #[must_use]
    pub const fn trades_perpetuals(self) -> bool {
        matches!(self, Self::Bybit | Self::Okx)
    }
}

/// Whether a host serves the real market.
///
/// The real services send nothing about this; the exchange simulator says on every answer, in the
/// header [`crate::headers::MARKET_DATA`], which of the other two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// The real market.
    Live,
    /// Recorded answers of the real market, served again.
    Replayed,
    /// A generated market.
    Simulated,
}

impl Feed {
    /// Reads the value of the header [`crate::headers::MARKET_DATA`].
    ///
    /// An unknown value is [`Feed::Simulated`]: the real exchanges do not send the header.
    #[must_use]
    pub fn from_header(value: Option<&str>) -> Self {
        match value {
            // The real services send no such header.
            None | Some("live") => Self::Live,
            Some("replayed") => Self::Replayed,
            Some(_) => Self::Simulated,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replayed => "replayed",
            Self::Simulated => "simulated",
        }
    }
}

/// A venue and its feed; on the wire `bybit`, `simulated:bybit` or `replayed:bybit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
#[serde(try_from = "String", into = "String")]
pub struct Source {
    /// Who published the fact.
    pub venue: Venue,
    /// Whether that host serves the real market.
    pub feed: Feed,
}

impl Source {
    /// A venue's real feed.
    #[must_use]
    pub const fn live(venue: Venue) -> Self {
        Self {
            venue,
            feed: Feed::Live,
        }
    }

    /// A venue as the host's [`crate::headers::MARKET_DATA`] header declares it.
    #[must_use]
    pub fn declared(venue: Venue, header: Option<&str>) -> Self {
        Self {
            venue,
            feed: Feed::from_header(header),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.feed {
            Feed::Live => f.write_str(self.venue.name()),
            feed => write!(f, "{}:{}", feed.name(), self.venue.name()),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

/// How a fact came from its venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It was asked for.
    Request,
    /// The venue sent it as it happened.
    Stream,
}

impl Delivery {
    crate::labels! {
        /// The word on the wire.
        pub const fn name(self) {
            Self::Request => "request",
            Self::Stream => "stream",
        }
    }
}

/// A source whose text names no venue or feed that we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no source that is known")]
pub struct UnknownSource(String);

impl TryFrom<String> for Source {
    type Error = UnknownSource;

    fn try_from(text: String) -> Result<Self, UnknownSource> {
        let (feed, venue) = match text.split_once(':') {
            None => (Some(Feed::Live), text.as_str()),
            Some(("replayed", venue)) => (Some(Feed::Replayed), venue),
            Some(("simulated", venue)) => (Some(Feed::Simulated), venue),
            // An unknown feed is refused and not read as simulated: this text was written by
            // ourselves, so it is damaged or of another version.
            Some((_, venue)) => (None, venue),
        };
        // By the table of names, so that a new venue cannot be written and then not be read.
        let venue = Venue::ALL.into_iter().find(|known| known.name() == venue);
        match (venue, feed) {
            (Some(venue), Some(feed)) => Ok(Self { venue, feed }),
            _ => Err(UnknownSource(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_reads_back_as_it_was_written() {
        for venue in Venue::ALL {
            for feed in [Feed::Live, Feed::Replayed, Feed::Simulated] {
                let source = Source { venue, feed };
                assert_eq!(Source::try_from(source.to_string()), Ok(source));
            }
        }
    }

    #[test]
    fn an_unknown_source_is_refused_by_name() {
        for text in [
            "",
            "bybit2",
            "fake:bybit",
            "live:bybit",
            ":bybit",
            "simulated:",
        ] {
            assert_eq!(
                Source::try_from(text.to_owned()),
                Err(UnknownSource(text.to_owned()))
            );
        }
    }

    #[test]
    fn a_host_that_declares_anything_unknown_is_not_the_real_market() {
        assert_eq!(Feed::from_header(None), Feed::Live);
        assert_eq!(Feed::from_header(Some("replayed")), Feed::Replayed);
        assert_eq!(Feed::from_header(Some("SIMULATED!")), Feed::Simulated);
        assert_eq!(Feed::from_header(Some("")), Feed::Simulated);
    }
}
