//! What can be subscribed to, and its name on the wire: `tickers.BTCUSDT`,
//! `orderbook.200.BTCUSDT`, `publicTrade.BTCUSDT`, `allLiquidation.BTCUSDT`, `kline.1.BTCUSDT`.

use crate::exchange::bybit::paths::interval_code;
use crate::market::candles::Interval;
use crate::market::is_plausible_symbol;
use std::fmt;

/// The levels of each side of a streamed book. Of the depths that the venue offers (1, 50, 200,
/// 1,000) the one that changes every 100 ms.
pub const BOOK_LEVELS: usize = 200;

/// One subscription: a kind of fact about one contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// The contract's row of the ticker table, at most every 100 ms.
    Ticker(String),
    /// The order book, [`BOOK_LEVELS`] levels of each side, at most every 100 ms.
    Book(String),
    /// Every trade, at once.
    Trades(String),
    /// Every liquidation, each 500 ms.
    Liquidations(String),
    /// The open candle of this length, each second or minute, and its close.
    Candles(Interval, String),
}

impl Topic {
    /// Reads a name; `None` for anything that is not subscribed to.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('.')?;
        let contract = |symbol: &str| is_plausible_symbol(symbol).then(|| symbol.to_owned());
        match kind {
            "tickers" => contract(rest).map(Self::Ticker),
            "publicTrade" => contract(rest).map(Self::Trades),
            "allLiquidation" => contract(rest).map(Self::Liquidations),
            "orderbook" => {
                let (levels, symbol) = rest.split_once('.')?;
                let is_ours = levels.parse() == Ok(BOOK_LEVELS);
                contract(symbol).filter(|_| is_ours).map(Self::Book)
            }
            "kline" => {
                let (code, symbol) = rest.split_once('.')?;
                let interval = Interval::ALL
                    .into_iter()
                    .find(|interval| interval_code(*interval) == code)?;
                Some(Self::Candles(interval, contract(symbol)?))
            }
            _ => None,
        }
    }

    /// The contract.
    #[must_use]
    pub fn symbol(&self) -> &str {
        match self {
            Self::Ticker(symbol)
            | Self::Book(symbol)
            | Self::Trades(symbol)
            | Self::Liquidations(symbol)
            | Self::Candles(_, symbol) => symbol,
        }
    }

    crate::labels! {
        /// The kind, as metrics label it.
        pub const fn kind(&self) {
            Self::Ticker(_) => "ticker",
            Self::Book(_) => "book",
            Self::Trades(_) => "trades",
            Self::Liquidations(_) => "liquidations",
            Self::Candles(..) => "candles",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticker(symbol) => write!(f, "tickers.{symbol}"),
            Self::Book(symbol) => write!(f, "orderbook.{BOOK_LEVELS}.{symbol}"),
            Self::Trades(symbol) => write!(f, "publicTrade.{symbol}"),
            Self::Liquidations(symbol) => write!(f, "allLiquidation.{symbol}"),
            Self::Candles(interval, symbol) => {
                write!(f, "kline.{}.{symbol}", interval_code(*interval))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_written_is_read_again() {
        let symbol = || "BTCUSDT".to_owned();
        let candles = Interval::ALL.map(|interval| Topic::Candles(interval, symbol()));
        let others = [
            Topic::Ticker(symbol()),
            Topic::Book(symbol()),
            Topic::Trades(symbol()),
            Topic::Liquidations(symbol()),
        ];
        for topic in candles.into_iter().chain(others) {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
    }

    #[test]
    fn what_is_not_subscribed_to_is_no_topic() {
        for name in [
            "",
            "tickers",
            "tickers.",
            "tickers.<b>",
            "orderbook.50.BTCUSDT",
            "orderbook.200",
            "kline.7.BTCUSDT",
            "liquidation.BTCUSDT",
        ] {
            assert_eq!(Topic::parse(name), None, "{name}");
        }
    }
}
