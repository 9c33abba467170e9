//! The trades of the last quarter of an hour whose taker's side is known, summed up for the
//! formulas.
//!
//! A print is one executed trade. The taker is the side that crossed the spread; who takes shows
//! who is in a hurry.

use super::maths::{net_share, tail};
use super::reading::Basis;
use shared::market::trades::{Side, TRADES_WINDOW_MS, Trade, Trades};
use shared::units::UnixMs;

/// The fewest trades with a known side that are used. A share of 30 has a standard error of about
/// ±0.18 (1/√30).
pub const FEWEST_TRADES: usize = 30;

/// The fewest trades that are used, however old: a contract that trades less than once in nine
/// seconds is judged by its last hundred.
const FEWEST_LOOKED_AT: usize = 100;

/// The newest trades that determine the pace: one answer of the venue, in which none is missing.
const PACE_TRADES: usize = 1_000;

/// One trade with a known side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Print {
    /// 1 when the taker bought, −1 when it sold.
    pub(super) sign: f64,
    /// Base coin.
    pub(super) size: f64,
    /// USDT.
    pub(super) price: f64,
    /// How long before the newest trade, milliseconds.
    pub(super) ago_ms: u64,
}

/// The trades whose side is known, oldest first. Trades of unknown side are excluded; counting them
/// as half of each would be an assumption.
#[derive(Clone, Debug)]
pub struct Flow {
    pub(super) prints: Vec<Print>,
    /// From the first to the last, ms.
    span_ms: u64,
    net_volume: f64,
}

impl Flow {
    /// Uses the trades in the [`TRADES_WINDOW_MS`] before the newest, or the newest hundred if
    /// these reach back further. `None` for fewer than [`FEWEST_TRADES`] with a known side, or when
    /// none has a size.
    #[must_use]
    pub fn new(trades: &Trades) -> Option<Self> {
        // The window ends with the newest trade, not with `now`: age is the business of the
        // freshness.
        let newest = trades.trades.last()?.time_ms;
        let of_window = trades
            .trades
            .iter()
            .rev()
            .take_while(|trade| newest.millis_since(trade.time_ms) <= TRADES_WINDOW_MS)
            .count();
        // A minimum number makes a quiet contract's share less uncertain, at the price of older
        // trades.
        let window = tail(&trades.trades, of_window.max(FEWEST_LOOKED_AT));
        let prints: Vec<Print> = window
            .iter()
            .filter_map(|trade| print(trade, newest))
            .collect();
        let net_volume = net_share(prints.iter().map(|print| (print.sign, print.size)));
        let span_ms = prints.first()?.ago_ms.saturating_sub(prints.last()?.ago_ms);
        (prints.len() >= FEWEST_TRADES && net_volume.is_finite()).then_some(Self {
            prints,
            span_ms,
            net_volume,
        })
    }

    /// The basis of figures from these trades.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis::Trades {
            count: self.prints.len(),
            span_ms: self.span_ms,
        }
    }

    /// (bought − sold) / (bought + sold) in the base coin, −1…1.
    #[must_use]
    pub fn net_volume(&self) -> f64 {
        self.net_volume
    }

    /// The net share, −1…1, by any other weight of the trades.
    pub(super) fn net(&self, weight: impl Fn(&Print) -> f64) -> f64 {
        net_share(self.prints.iter().map(|print| (print.sign, weight(print))))
    }
}

fn print(trade: &Trade, newest: UnixMs) -> Option<Print> {
    let sign = match trade.taker? {
        Side::Buy => 1.0,
        Side::Sell => -1.0,
    };
    Some(Print {
        sign,
        size: trade.size_base.get(),
        price: trade.price.get(),
        ago_ms: newest.millis_since(trade.time_ms),
    })
}

/// The pace of trading, base coin per second, over the newest thousand trades of either side;
/// `None` when they share one moment.
#[must_use]
pub fn trade_rate(trades: &Trades) -> Option<f64> {
    let newest = tail(&trades.trades, PACE_TRADES);
    let [first, .., last] = newest else {
        return None;
    };
    let seconds = last.time_ms.millis_since(first.time_ms) as f64 / 1_000.0;
    let rate = newest
        .iter()
        .map(|trade| trade.size_base.get())
        .sum::<f64>()
        / seconds;
    rate.is_finite().then_some(rate)
}

/// Builders of flows for the tests of the formulas.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A flow of (sign, size, price), all of one moment and as few as the test wants.
    pub(in super::super) fn flow(prints: &[(f64, f64, f64)]) -> Flow {
        let prints: Vec<_> = prints
            .iter()
            .map(|&(sign, size, price)| Print {
                sign,
                size,
                price,
                ago_ms: 0,
            })
            .collect();
        let net_volume = net_share(prints.iter().map(|print| (print.sign, print.size)));
        Flow {
            prints,
            span_ms: 0,
            net_volume,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::units::{Amount, Price, UnixMs};

    fn trades(sides: impl Iterator<Item = Option<Side>>) -> Trades {
        let trade = |(index, taker)| Trade {
            time_ms: UnixMs::from_millis(500 * index as u64),
            price: Price::new(10.0).unwrap(),
            size_base: Amount::new(2.0).unwrap(),
            taker,
            id: 0,
        };
        Trades {
            trades: sides.enumerate().map(trade).collect(),
        }
    }

    #[test]
    fn trades_of_unknown_side_count_for_neither() {
        let sides = [
            Some(Side::Buy),
            Some(Side::Buy),
            Some(Side::Buy),
            Some(Side::Sell),
            None,
            None,
        ];
        let flow = Flow::new(&trades(sides.into_iter().cycle().take(60))).unwrap();
        // Thirty bought and ten sold: 20/40, whatever the twenty others were.
        assert_eq!(flow.net_volume(), 0.5);
        // The last two of the sixty are of unknown side, and so half a second each is not in the
        // span.
        assert_eq!(
            flow.basis(),
            Basis::Trades {
                count: 40,
                span_ms: 57 * 500
            }
        );
    }

    #[test]
    fn too_few_known_sides_are_no_flow() {
        let sides = std::iter::repeat_n(None, 1_000)
            .chain(std::iter::repeat_n(Some(Side::Buy), FEWEST_TRADES - 1));
        assert!(Flow::new(&trades(sides)).is_none());
    }

    #[test]
    fn a_quarter_of_an_hour_is_looked_at_and_a_hundred_trades_at_least() {
        let apart = |count: usize, millis: u64| {
            let mut all = trades(std::iter::repeat_n(Some(Side::Buy), count));
            for (index, trade) in all.trades.iter_mut().enumerate() {
                trade.time_ms = UnixMs::from_millis(millis * index as u64);
            }
            Flow::new(&all).unwrap().basis()
        };
        // One a second: those of 900 s and the newest. One a minute: the last hundred.
        assert_eq!(
            apart(5_000, 1_000),
            Basis::Trades {
                count: 901,
                span_ms: 900_000
            }
        );
        assert_eq!(
            apart(500, 60_000),
            Basis::Trades {
                count: 100,
                span_ms: 99 * 60_000
            }
        );
        assert_eq!(
            apart(40, 60_000),
            Basis::Trades {
                count: 40,
                span_ms: 39 * 60_000
            }
        );
    }

    #[test]
    fn the_rate_is_volume_over_time() {
        // Eleven trades of 2 within 5 seconds.
        assert_eq!(
            trade_rate(&trades(std::iter::repeat_n(None, 11))),
            Some(4.4)
        );
        assert_eq!(trade_rate(&trades(std::iter::repeat_n(None, 1))), None);
    }
}
