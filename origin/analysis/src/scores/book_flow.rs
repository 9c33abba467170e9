//! The parts of the order-book dimension that rest on what happens between updates of the book: only
//! a stream shows it.
//!
//! Exactly symmetric when the sides are exchanged. Every figure is a share of sizes, so neither
//! prices nor units enter.

use super::reading::Reading;
use crate::book_flow::BookFlow;

/// The shortest time of observation that is read, ms.
pub const SHORTEST_OBSERVED_MS: u64 = 60_000;

/// The fewest trades of which it is told who absorbed them. A share of 30 has a standard error of up
/// to 0.18.
const FEWEST_TRADES: u64 = 30;

/// A net share of a third gives tanh(1).
const SHARE_GAIN: f64 = 3.0;

/// Order-flow imbalance: tanh(3 · Σe/Σ|e|), e by how much the demand at the touch grew and the
/// supply shrank from one update to the next (Cont, Kukanov and Stoikov 2014). Figure: Σe/Σ|e|.
#[must_use]
pub fn order_flow_imbalance(flow: &BookFlow) -> Option<Reading> {
    of_share(flow.sums.net_flow, flow.sums.all_flow)
}

/// Fleeting orders, contrarian: tanh(3 · (Fa − Fb)/(Sa + Sb)). Of what was shown on either side (S),
/// F left within two seconds without being traded. Figure: (Fb − Fa)/(Sa + Sb).
///
/// Bids that are shown and taken away again look like demand and are none. Nothing tells who did it,
/// or why.
#[must_use]
pub fn fleeting_orders(flow: &BookFlow) -> Option<Reading> {
    let sums = &flow.sums;
    let net = (sums.fleeting.bids - sums.fleeting.asks) / sums.shown.sum();
    Reading::new(-(SHARE_GAIN * net).tanh(), net)
}

/// Absorption: tanh(3 · (Rb − Ra)/(Tb + Ta)). Of what takers traded against either side (T), R was
/// put back at the best price before the next update, so that the price held. Figure: the share.
///
/// `None` for fewer than 30 trades.
#[must_use]
pub fn absorption(flow: &BookFlow) -> Option<Reading> {
    let sums = &flow.sums;
    if sums.trades < FEWEST_TRADES {
        return None;
    }
    of_share(sums.restored.bids - sums.restored.asks, sums.taken.sum())
}

/// 0/0 is a part without input, since `Reading` refuses it.
fn of_share(net: f64, all: f64) -> Option<Reading> {
    let share = net / all;
    Reading::new((SHARE_GAIN * share).tanh(), share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book_flow::{Sides, Sums};
    use crate::scores::maths::testing::check;
    use shared::units::{Price, UnixMs};

    fn flow(sums: Sums) -> BookFlow {
        BookFlow {
            as_of_ms: UnixMs::from_secs(1_800_000_000),
            span_ms: 900_000,
            middle: Price::new(100.0).unwrap(),
            sums,
        }
    }

    #[test]
    fn the_formulas_give_what_they_give_by_hand() {
        let flow = flow(Sums {
            net_flow: 20.0,
            all_flow: 100.0,
            shown: Sides {
                bids: 60.0,
                asks: 40.0,
            },
            fleeting: Sides {
                bids: 25.0,
                asks: 5.0,
            },
            taken: Sides {
                bids: 30.0,
                asks: 20.0,
            },
            restored: Sides {
                bids: 4.0,
                asks: 9.0,
            },
            trades: 30,
            ..Sums::default()
        });
        // 20/100: tanh(0.6) = 0.537050.
        check(order_flow_imbalance(&flow).unwrap().lean.get(), 0.537_050);
        check(order_flow_imbalance(&flow).unwrap().figure, 0.2);
        // (25 − 5)/100, read against it.
        check(fleeting_orders(&flow).unwrap().lean.get(), -0.537_050);
        check(fleeting_orders(&flow).unwrap().figure, 0.2);
        // (4 − 9)/50 = −0.1: −tanh(0.3) = −0.291313.
        check(absorption(&flow).unwrap().lean.get(), -0.291_313);
        check(absorption(&flow).unwrap().figure, -0.1);
    }

    #[test]
    fn where_nothing_happened_nothing_is_said() {
        let still = flow(Sums {
            trades: 29,
            ..Sums::default()
        });
        assert_eq!(order_flow_imbalance(&still), None);
        assert_eq!(fleeting_orders(&still), None);
        assert_eq!(absorption(&still), None);
        let few = flow(Sums {
            trades: 29,
            taken: Sides {
                bids: 1.0,
                asks: 1.0,
            },
            ..Sums::default()
        });
        assert_eq!(absorption(&few), None);
    }
}
