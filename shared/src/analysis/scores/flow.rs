//! The trades whose taker's side is known, summed up for the formulas.

use super::maths::net_share;
use super::reading::Basis;
use crate::market::trades::{Side, Trade, Trades};

/// The fewest trades with a known side that say anything: a share of so few is uncertain by some ±18 %.
pub const FEWEST_TRADES: usize = 30;

/// One trade with a known side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Print {
    /// 1 when the taker bought, −1 when it sold.
    pub(super) sign: f64,
    /// Base coin.
    pub(super) size: f64,
    /// USDT.
    pub(super) price: f64,
}

/// The trades whose side the venue told, oldest first. An unknown side is left out of every sum: to count such a trade
/// for neither side would still be a guess, that it was one half of each.
#[derive(Clone, Debug)]
pub struct Flow {
    pub(super) prints: Vec<Print>,
    /// From the first of them to the last, milliseconds.
    span_ms: u64,
    net_volume: f64,
}

impl Flow {
    /// Nothing for fewer than [`FEWEST_TRADES`] trades with a known side, or when none of them has a size.
    #[must_use]
    pub fn new(trades: &Trades) -> Option<Self> {
        let prints: Vec<Print> = trades.trades.iter().filter_map(print).collect();
        let net_volume = net_share(prints.iter().map(|print| (print.sign, print.size)));
        let mut sided = trades.trades.iter().filter(|trade| trade.taker.is_some()).map(|trade| trade.time_ms);
        let first = sided.next()?;
        let span_ms = sided.next_back().map_or(0, |last| last.millis_since(first));
        (prints.len() >= FEWEST_TRADES && net_volume.is_finite()).then_some(Self { prints, span_ms, net_volume })
    }

    /// What figures of these trades are taken from.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis::Trades { count: self.prints.len(), span_ms: self.span_ms }
    }

    /// (bought − sold) / (bought + sold) in the base coin, −1…1.
    #[must_use]
    pub fn net_volume(&self) -> f64 {
        self.net_volume
    }

    /// The net share of any other weight of the trades.
    pub(super) fn net(&self, weight: impl Fn(&Print) -> f64) -> f64 {
        net_share(self.prints.iter().map(|print| (print.sign, weight(print))))
    }
}

fn print(trade: &Trade) -> Option<Print> {
    let sign = match trade.taker? {
        Side::Buy => 1.0,
        Side::Sell => -1.0,
    };
    Some(Print { sign, size: trade.size_base.get(), price: trade.price.get() })
}

/// The pace of trading, base coin per second, over all trades whatever their side; nothing when they share one moment.
#[must_use]
pub fn trade_rate(trades: &Trades) -> Option<f64> {
    let [first, .., last] = trades.trades.as_slice() else { return None };
    let seconds = last.time_ms.millis_since(first.time_ms) as f64 / 1_000.0;
    let rate = trades.trades.iter().map(|trade| trade.size_base.get()).sum::<f64>() / seconds;
    rate.is_finite().then_some(rate)
}

/// Builders of flows for the tests of the formulas.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A flow of (sign, size, price), as short as the test wants it.
    pub(in super::super) fn flow(prints: &[(f64, f64, f64)]) -> Flow {
        let prints: Vec<_> = prints.iter().map(|&(sign, size, price)| Print { sign, size, price }).collect();
        let net_volume = net_share(prints.iter().map(|print| (print.sign, print.size)));
        Flow { prints, span_ms: 0, net_volume }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Amount, Price, UnixMs};

    fn trades(sides: impl Iterator<Item = Option<Side>>) -> Trades {
        let trade = |(index, taker)| Trade {
            time_ms: UnixMs::from_millis(500 * index as u64),
            price: Price::new(10.0).unwrap(),
            size_base: Amount::new(2.0).unwrap(),
            taker,
        };
        Trades { trades: sides.enumerate().map(trade).collect() }
    }

    #[test]
    fn trades_of_unknown_side_count_for_neither() {
        let sides = [Some(Side::Buy), Some(Side::Buy), Some(Side::Buy), Some(Side::Sell), None, None];
        let flow = Flow::new(&trades(sides.into_iter().cycle().take(60))).unwrap();
        // Thirty bought and ten sold: 20/40, whatever the twenty others were.
        assert_eq!(flow.net_volume(), 0.5);
        // The last two of the sixty are of unknown side, and so half a second each is not in the span.
        assert_eq!(flow.basis(), Basis::Trades { count: 40, span_ms: 57 * 500 });
    }

    #[test]
    fn too_few_known_sides_are_no_flow() {
        let sides = std::iter::repeat_n(None, 1_000).chain(std::iter::repeat_n(Some(Side::Buy), FEWEST_TRADES - 1));
        assert!(Flow::new(&trades(sides)).is_none());
    }

    #[test]
    fn the_rate_is_volume_over_time() {
        // Eleven trades of 2 within 5 seconds.
        assert_eq!(trade_rate(&trades(std::iter::repeat_n(None, 11))), Some(4.4));
        assert_eq!(trade_rate(&trades(std::iter::repeat_n(None, 1))), None);
    }
}
