//! The order-book dimension: what books of 25 levels show. What happens between two books is in
//! `book_flow`.
//!
//! Exactly symmetric when the book is reflected about its middle (p → 2·mid − p) and the sides are
//! exchanged. Sizes enter as shares, prices only as relative distances.

use super::maths::percentile;
use super::reading::Reading;
use shared::market::book::{Book, Level};

/// The levels of each side that are read.
pub const LEVELS: usize = 25;

/// The weight of a level relative to the one before it: far orders are less likely to be met.
const DEPTH_DECAY: f64 = 0.95;

const NEAR_LEVELS: usize = 10;

/// The decay of weights in the near imbalance: level i weighs e^(−0.1 i).
const NEAR_DECAY: f64 = 0.1;

const NEAR_GAIN: f64 = 2.0;

/// The levels of the order imbalance ratio. A single level changes with every order.
const BEST_LEVELS: usize = 5;

/// How far bids outweigh asks, by four weightings of the levels: of one book, or the mean of
/// several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imbalances {
    /// ln(ΣB/ΣA), 25 levels, level i weighing .95^i.
    depth: f64,
    /// (ΣB − ΣA)/(ΣB + ΣA) over 10 levels, level i weighing e^(−0.1 i).
    near: f64,
    /// The same of the five best levels, all alike: the order imbalance ratio (Shen 2015, "Order
    /// Imbalance Based Strategy in High Frequency Trading").
    best: f64,
    /// The same over 25 levels, where a level weighs 1 at the middle and evenly less down to 0 at
    /// the farthest level of both sides.
    by_distance: f64,
}

impl Imbalances {
    /// `None` for a book of one side, which is a broken book and not an imbalance.
    #[must_use]
    pub fn of(book: &Book) -> Option<Self> {
        let (bids, asks) = both_sides(book, |side| {
            weighted(side, LEVELS, |index| DEPTH_DECAY.powi(index as i32))
        })?;
        Some(Self {
            // A log ratio: twice as many bids and twice as many asks are opposite.
            depth: Some((bids / asks).ln()).filter(|ratio| ratio.is_finite())?,
            near: share(book, |side| {
                weighted(side, NEAR_LEVELS, |index| {
                    (-NEAR_DECAY * index as f64).exp()
                })
            })?,
            best: share(book, |side| weighted(side, BEST_LEVELS, |_| 1.0))?,
            by_distance: by_distance(book)?,
        })
    }

    /// The mean of the newest book and those before it, because one book changes with every order.
    #[must_use]
    pub fn mean(newest: Self, earlier: impl Iterator<Item = Self>) -> Self {
        let (mut sum, mut count) = (newest, 1.0);
        for one in earlier {
            sum.depth += one.depth;
            sum.near += one.near;
            sum.best += one.best;
            sum.by_distance += one.by_distance;
            count += 1.0;
        }
        Self {
            depth: sum.depth / count,
            near: sum.near / count,
            best: sum.best / count,
            by_distance: sum.by_distance / count,
        }
    }
}

fn by_distance(book: &Book) -> Option<f64> {
    let middle = middle(book)?;
    // The sign of the distance is given by the side.
    let distance = |level: &Level| (level.price.get() - middle).abs();
    let sides = book
        .bids
        .iter()
        .take(LEVELS)
        .chain(book.asks.iter().take(LEVELS));
    // Of both sides together, so that a mirrored book has the same weights.
    let farthest = sides.map(distance).fold(0.0, f64::max);
    let near = |level: &Level| level.size_base.get() * (1.0 - distance(level) / farthest);
    share(book, |side| side.iter().take(LEVELS).map(near).sum())
}

/// Depth: tanh(ln(ΣB/ΣA)). Figure: ΣB/ΣA.
#[must_use]
pub fn depth(of: &Imbalances) -> Option<Reading> {
    Reading::new(of.depth.tanh(), of.depth.exp())
}

/// Imbalance: tanh(2·I), I that of the nearest levels. Figure: I.
#[must_use]
pub fn imbalance(of: &Imbalances) -> Option<Reading> {
    Reading::new((NEAR_GAIN * of.near).tanh(), of.near)
}

/// Order imbalance ratio: that of the best levels. Figure: the ratio.
#[must_use]
pub fn oir(of: &Imbalances) -> Option<Reading> {
    Reading::new(of.best, of.best)
}

/// Depth imbalance by distance. Figure: the share.
#[must_use]
pub fn di(of: &Imbalances) -> Option<Reading> {
    Reading::new(of.by_distance, of.by_distance)
}

/// Liquidity: how tight the spread and how deep the book is among their own history, signed by the
/// imbalance: ((1 − P(spread)) + P(depth))/2 · tanh(2·I). Figure: the share before the sign, 0–1.
///
/// A liquid book is neither bullish nor bearish, and a mirrored one is as liquid. Liquidity says
/// how much the imbalance is worth.
#[must_use]
pub fn liquidity(
    book: &Book,
    of: &Imbalances,
    earlier_spreads: &[f64],
    earlier_depths: &[f64],
) -> Option<Reading> {
    // Against the contract's own history: a tight spread for one is wide for another.
    let tight = 1.0 - percentile(spread(book)?, earlier_spreads)?;
    let deep = percentile(total_depth(book)?, earlier_depths)?;
    let liquid = (tight + deep) / 2.0;
    Reading::new(liquid * (NEAR_GAIN * of.near).tanh(), liquid)
}

/// (best ask − best bid) / middle, also kept as the spread's own history.
#[must_use]
pub fn spread(book: &Book) -> Option<f64> {
    let spread = (book.asks.first()?.price.get() - book.bids.first()?.price.get()) / middle(book)?;
    spread.is_finite().then_some(spread)
}

/// The sizes of 25 levels of both sides, base coin, also kept as the depth's own history. `None`
/// for one side alone.
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
    side.iter()
        .take(levels)
        .enumerate()
        .map(|(index, level)| level.size_base.get() * weight(index))
        .sum()
}

/// A sum over bids and over asks; `None` for one side alone.
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
    use shared::units::{Amount, Price, UnixMs};

    fn levels(rows: &[(f64, f64)]) -> Vec<Level> {
        let level = |&(price, size)| Level {
            price: Price::new(price).unwrap(),
            size_base: Amount::new(size).unwrap(),
        };
        rows.iter().map(level).collect()
    }

    fn book(bids: &[(f64, f64)], asks: &[(f64, f64)]) -> Book {
        Book {
            as_of_ms: UnixMs::from_millis(0),
            bids: levels(bids),
            asks: levels(asks),
        }
    }

    #[track_caller]
    fn check(found: Option<Reading>, expected: f64) {
        let found = found.unwrap().lean.get();
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn the_formulas_give_what_they_give_by_hand() {
        let book = book(&[(99.0, 4.0), (98.0, 2.0)], &[(101.0, 1.0), (104.0, 2.0)]);
        let of = Imbalances::of(&book).unwrap();
        // 4 + 2·.95 = 5.9 against 1 + 2·.95 = 2.9: tanh(ln r) = (r² − 1)/(r² + 1) with r =
        // 2.034483: 0.610828.
        check(depth(&of), 0.610_828);
        // e^−.1 = 0.904837: 5.809675 against 2.809675, I = 3/8.619350 = 0.348054, tanh(0.696108) =
        // 0.601892.
        check(imbalance(&of), 0.601_892);
        // 6 against 3.
        check(oir(&of), 1.0 / 3.0);
        // Middle 100, farthest 4: bids 4·(1 − 1/4) + 2·(1 − 2/4) = 4, asks 1·(1 − 1/4) + 0 = 0.75:
        // 3.25/4.75.
        check(di(&of), 0.684_211);
        assert_eq!(spread(&book), Some(0.02));
        assert_eq!(total_depth(&book), Some(9.0));
        // Spread and depth as ever: 1/2 of the imbalance's lean.
        check(liquidity(&book, &of, &[0.02; 20], &[9.0; 20]), 0.300_946);
    }

    #[test]
    fn a_book_of_one_side_says_nothing() {
        for book in [
            book(&[], &[]),
            book(&[(99.0, 4.0)], &[]),
            book(&[], &[(101.0, 4.0)]),
        ] {
            assert_eq!(Imbalances::of(&book), None);
            assert_eq!((spread(&book), total_depth(&book)), (None, None));
        }
    }

    #[test]
    fn of_several_books_the_mean_leans() {
        let [even, bids] = [1.0, 3.0].map(|size| {
            // The farthest levels are too small to count.
            let (bids, asks) = ([(99.0, size), (97.0, 1e-9)], [(101.0, 1.0), (103.0, 1e-9)]);
            Imbalances::of(&book(&bids, &asks)).unwrap()
        });
        // 0 and (3 − 1)/4 = 1/2; of the depth 0 and ln 3, whose half is ln √3: tanh(0.549306) =
        // 0.5.
        let of = Imbalances::mean(bids, [even].into_iter());
        check(oir(&of), 0.25);
        check(depth(&of), 0.5);
        assert_eq!(Imbalances::mean(bids, std::iter::empty()), bids);
    }

    #[test]
    fn levels_beyond_the_twenty_fifth_do_not_count() {
        let side = |step: f64| {
            (1..=25)
                .map(|i| (100.0 + step * f64::from(i), 1.0))
                .collect::<Vec<_>>()
        };
        let (mut bids, asks) = (side(-1.0), side(1.0));
        bids.push((1.0, 1e9));
        let of = Imbalances::of(&book(&bids, &asks)).unwrap();
        for part in [depth(&of), imbalance(&of), oir(&of), di(&of)] {
            check(part, 0.0);
        }
    }
}
