//! The names of what a client can ask for: a link is one endpoint, a scope one or more links.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One endpoint of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    BybitTickers,
    BybitInstruments,
    BybitTime,
    BybitKlines,
    BybitOrderbook,
    BybitTrades,
    BybitOpenInterest,
    BybitAccountRatio,
    BybitFunding,
    BybitStream,
    OkxTickers,
    OkxInstruments,
    BinanceTickers,
    CoinGeckoGlobal,
    CoinGeckoDefi,
    FearGreed,
}

/// One service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exchange {
    Bybit,
    Okx,
    Binance,
    CoinGecko,
    FearGreed,
}

impl Link {
    pub(crate) const ALL: [Self; 16] = [
        Self::BybitTickers,
        Self::BybitInstruments,
        Self::BybitTime,
        Self::BybitKlines,
        Self::BybitOrderbook,
        Self::BybitTrades,
        Self::BybitOpenInterest,
        Self::BybitAccountRatio,
        Self::BybitFunding,
        Self::BybitStream,
        Self::OkxTickers,
        Self::OkxInstruments,
        Self::BinanceTickers,
        Self::CoinGeckoGlobal,
        Self::CoinGeckoDefi,
        Self::FearGreed,
    ];

    pub(crate) fn exchange(self) -> Exchange {
        match self {
            Self::BybitTickers
            | Self::BybitInstruments
            | Self::BybitTime
            | Self::BybitKlines
            | Self::BybitOrderbook
            | Self::BybitTrades
            | Self::BybitOpenInterest
            | Self::BybitAccountRatio
            | Self::BybitFunding
            | Self::BybitStream => Exchange::Bybit,
            Self::OkxTickers | Self::OkxInstruments => Exchange::Okx,
            Self::BinanceTickers => Exchange::Binance,
            Self::CoinGeckoGlobal | Self::CoinGeckoDefi => Exchange::CoinGecko,
            Self::FearGreed => Exchange::FearGreed,
        }
    }

    /// Whether its rows lie on a grid of time, each told with its own.
    pub(crate) fn is_history(self) -> bool {
        matches!(
            self,
            Self::BybitKlines
                | Self::BybitOpenInterest
                | Self::BybitAccountRatio
                | Self::BybitFunding
        )
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BybitTickers => "bybit-tickers",
            Self::BybitInstruments => "bybit-instruments",
            Self::BybitTime => "bybit-time",
            Self::BybitKlines => "bybit-klines",
            Self::BybitOrderbook => "bybit-orderbook",
            Self::BybitTrades => "bybit-trades",
            Self::BybitOpenInterest => "bybit-open-interest",
            Self::BybitAccountRatio => "bybit-account-ratio",
            Self::BybitFunding => "bybit-funding",
            Self::BybitStream => "bybit-stream",
            Self::OkxTickers => "okx-tickers",
            Self::OkxInstruments => "okx-instruments",
            Self::BinanceTickers => "binance-tickers",
            Self::CoinGeckoGlobal => "coingecko-global",
            Self::CoinGeckoDefi => "coingecko-defi",
            Self::FearGreed => "fear-greed",
        }
    }
}

/// What a fault applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Link(Link),
    Exchange(Exchange),
    All,
}

impl Scope {
    /// The scopes that hold `link`, the most specific first.
    pub(crate) fn around(link: Link) -> [Self; 3] {
        [Self::Link(link), Self::Exchange(link.exchange()), Self::All]
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        match name {
            "all" => Ok(Self::All),
            "bybit" => Ok(Self::Exchange(Exchange::Bybit)),
            "okx" => Ok(Self::Exchange(Exchange::Okx)),
            "binance" => Ok(Self::Exchange(Exchange::Binance)),
            "coingecko" => Ok(Self::Exchange(Exchange::CoinGecko)),
            _ => Link::ALL
                .into_iter()
                .find(|link| link.name() == name)
                .map(Self::Link)
                .ok_or_else(|| UnknownScope(name.to_owned())),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "all",
            Self::Exchange(Exchange::Bybit) => "bybit",
            Self::Exchange(Exchange::Okx) => "okx",
            Self::Exchange(Exchange::Binance) => "binance",
            Self::Exchange(Exchange::CoinGecko) => "coingecko",
            Self::Exchange(Exchange::FearGreed) => "fear-greed",
            Self::Link(link) => link.name(),
        })
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A name that is no link.
#[derive(Debug)]
pub(crate) struct UnknownScope(String);

impl fmt::Display for UnknownScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "unknown link `{}`; known are all, bybit, coingecko",
            self.0
        )?;
        Link::ALL
            .into_iter()
            .try_for_each(|link| write!(formatter, ", {}", link.name()))
    }
}
