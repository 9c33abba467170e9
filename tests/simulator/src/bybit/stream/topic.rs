//! What a client can subscribe to. <https://bybit-exchange.github.io/docs/v5/ws/connect>

use crate::market::candle::Interval;

/// One topic.
#[derive(Clone, Copy, Debug)]
pub(super) enum Topic {
    Ticker,
    Book { depth: usize },
    Trades,
    Liquidations,
    Candles(Interval),
}

impl Topic {
    /// The topic of this name and its contract.
    pub(super) fn named(name: &str) -> Option<(Self, &str)> {
        let (kind, rest) = name.split_once('.')?;
        match kind {
            "tickers" => Some((Self::Ticker, rest)),
            "orderbook" => {
                let (depth, symbol) = rest.split_once('.')?;
                let depth = match depth {
                    "1" => 1,
                    "50" => 50,
                    "200" => 200,
                    _ => return None,
                };
                Some((Self::Book { depth }, symbol))
            }
            "publicTrade" => Some((Self::Trades, rest)),
            "allLiquidation" => Some((Self::Liquidations, rest)),
            "kline" => {
                let (interval, symbol) = rest.split_once('.')?;
                Some((Self::Candles(Interval::named(interval)?), symbol))
            }
            _ => None,
        }
    }
}
