//! The order-book dimension: what a polled book of 25 levels can tell.
//!
//! Exactly symmetric when the book is reflected about its middle, p → 2·mid − p, and the sides change. Sizes enter as
//! shares; prices only as relative distances.

use super::maths::percentile;
use super::reading::Reading;
use crate::market::book::{Book, Level};

/// The levels of either side that are read.
pub const LEVELS: usize = 25;

/// What a level weighs against the one before it.
const DEPTH_DECAY: f64 = 0.95;

const IMBALANCE_LEVELS: usize = 10;

/// The rate at which levels lose weight in the imbalance: level i weighs e^(−0.1 i).
const IMBALANCE_DECAY: f64 = 0.1;

const IMBALANCE_GAIN: f64 = 2.0;

/// The levels of the order imbalance ratio: one alone changes with every order.
const OIR_LEVELS: usize = 5;

/// Depth: tanh(ln(ΣB/ΣA)), level i weighing .95^i. Figure: ΣB/ΣA.
#[must_use]
pub fn depth(book: &Book) -> Option<Reading> {
    let (bids, asks) = both_sides(book, |side| weighted(side, LEVELS, |index| DEPTH_DECAY.powi(index as i32)))?;
    let ratio = bids / asks;
    Reading::new(ratio.ln().tanh(), ratio)
}

/// Imbalance: tanh(2·I), I = (ΣB − ΣA)/(ΣB + ΣA) over 10 levels, level i weighing e^(−0.1 i). Figure: I.
#[must_use]
pub fn imbalance(book: &Book) -> Option<Reading> {
    let share = near_imbalance(book)?;
    Reading::new((IMBALANCE_GAIN * share).tanh(), share)
}

fn near_imbalance(book: &Book) -> Option<f64> {
    share(book, |side| weighted(side, IMBALANCE_LEVELS, |index| (-IMBALANCE_DECAY * index as f64).exp()))
}

/// Order imbalance ratio (Shen 2015, "Order Imbalance Based Strategy in High Frequency Trading"): (ΣB − ΣA)/(ΣB + ΣA)
/// of the five best levels, all alike. Figure: the ratio.
#[must_use]
pub fn oir(book: &Book) -> Option<Reading> {
    let share = share(book, |side| weighted(side, OIR_LEVELS, |_| 1.0))?;
    Reading::new(share, share)
}

/// Liquidity: how tight the spread and how deep the book is among their own history, signed by the imbalance:
/// ((1 − P(spread)) + P(depth))/2 · tanh(2·I). Figure: the share before the sign, 0–1.
///
/// A liquid book is in itself neither bullish nor bearish, and a mirrored one is as liquid; it says how much the
/// imbalance is worth.
#[must_use]
pub fn liquidity(book: &Book, earlier_spreads: &[f64], earlier_depths: &[f64]) -> Option<Reading> {
    let tight = 1.0 - percentile(spread(book)?, earlier_spreads)?;
    let deep = percentile(total_depth(book)?, earlier_depths)?;
    let liquid = (tight + deep) / 2.0;
    Reading::new(liquid * (IMBALANCE_GAIN * near_imbalance(book)?).tanh(), liquid)
}

/// Depth imbalance by distance: (ΣB − ΣA)/(ΣB + ΣA) over 25 levels, where a level weighs 1 at the middle and evenly less
/// down to 0 at the farthest level of both sides. Figure: the share.
#[must_use]
pub fn di(book: &Book) -> Option<Reading> {
    let middle = middle(book)?;
    let distance = |level: &Level| (level.price.get() - middle).abs();
    let sides = book.bids.iter().take(LEVELS).chain(book.asks.iter().take(LEVELS));
    let farthest = sides.map(distance).fold(0.0, f64::max);
    let near = |level: &Level| level.size_base.get() * (1.0 - distance(level) / farthest);
    let share = share(book, |side| side.iter().take(LEVELS).map(near).sum())?;
    Reading::new(share, share)
}

/// (best ask − best bid) / middle; what is kept as the spread's own history.
#[must_use]
pub fn spread(book: &Book) -> Option<f64> {
    let spread = (book.asks.first()?.price.get() - book.bids.first()?.price.get()) / middle(book)?;
    spread.is_finite().then_some(spread)
}

/// The sizes of 25 levels of both sides, base coin; what is kept as the depth's own history. Nothing for one side alone.
#[must_use]
pub fn total_depth(book: &Book) -> Option<f64> {
    let (bids, asks) = both_sides(book, |side| weighted(side, LEVELS, |_| 1.0))?;
    Some(bids + asks).filter(|depth| depth.is_finite())
}

fn middle(book: &Book) -> Option<f64> {
    Some((book.asks.first()?.price.get() + book.bids.first()?.price.get()) / 2.0)
}

/// Σ size · weight of the level's index over the first levels.
fn weighted(side: &[Level], levels: usize, weight: impl Fn(usize) -> f64) -> f64 {
    side.iter().take(levels).enumerate().map(|(index, level)| level.size_base.get() * weight(index)).sum()
}

/// A sum over bids and over asks; nothing for one side alone, which is a broken book and no imbalance.
fn both_sides(book: &Book, sum: impl Fn(&[Level]) -> f64) -> Option<(f64, f64)> {
    (!book.bids.is_empty() && !book.asks.is_empty()).then(|| (sum(&book.bids), sum(&book.asks)))
}

/// (B − A)/(B + A) of a sum over either side.
fn share(book: &Book, sum: impl Fn(&[Level]) -> f64) -> Option<f64> {
    let (bids, asks) = both_sides(book, sum)?;
    Some((bids - asks) / (bids + asks)).filter(|share| share.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Amount, Price, UnixMs};

    fn levels(rows: &[(f64, f64)]) -> Vec<Level> {
        let level = |&(price, size)| Level { price: Price::new(price).unwrap(), size_base: Amount::new(size).unwrap() };
        rows.iter().map(level).collect()
    }

    fn book(bids: &[(f64, f64)], asks: &[(f64, f64)]) -> Book {
        Book { as_of_ms: UnixMs::from_millis(0), bids: levels(bids), asks: levels(asks) }
    }

    #[track_caller]
    fn check(found: Option<Reading>, expected: f64) {
        let found = found.unwrap().lean.get();
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn the_formulas_give_what_they_give_by_hand() {
        let book = book(&[(99.0, 4.0), (98.0, 2.0)], &[(101.0, 1.0), (104.0, 2.0)]);
        // 4 + 2·.95 = 5.9 against 1 + 2·.95 = 2.9: tanh(ln r) = (r² − 1)/(r² + 1) with r = 2.034483: 0.610828.
        check(depth(&book), 0.610_828);
        // e^−.1 = 0.904837: 5.809675 against 2.809675, I = 3/8.619350 = 0.348054, tanh(0.696108) = 0.601892.
        check(imbalance(&book), 0.601_892);
        // 6 against 3.
        check(oir(&book), 1.0 / 3.0);
        // Middle 100, farthest 4: bids 4·(1 − 1/4) + 2·(1 − 2/4) = 4, asks 1·(1 − 1/4) + 0 = 0.75: 3.25/4.75.
        check(di(&book), 0.684_211);
        assert_eq!(spread(&book), Some(0.02));
        assert_eq!(total_depth(&book), Some(9.0));
        // Spread and depth as ever: 1/2 of the imbalance's lean.
        check(liquidity(&book, &[0.02; 20], &[9.0; 20]), 0.300_946);
    }

    #[test]
    fn a_book_of_one_side_says_nothing() {
        for book in [book(&[], &[]), book(&[(99.0, 4.0)], &[]), book(&[], &[(101.0, 4.0)])] {
            assert_eq!((depth(&book), imbalance(&book), oir(&book), di(&book)), (None, None, None, None));
            assert_eq!((spread(&book), total_depth(&book)), (None, None));
        }
    }

    #[test]
    fn levels_beyond_the_twenty_fifth_do_not_count() {
        let side = |step: f64| (1..=25).map(|i| (100.0 + step * f64::from(i), 1.0)).collect::<Vec<_>>();
        let (mut bids, asks) = (side(-1.0), side(1.0));
        bids.push((1.0, 1e9));
        let book = book(&bids, &asks);
        for part in [depth(&book), imbalance(&book), oir(&book), di(&book)] {
            check(part, 0.0);
        }
    }
}
