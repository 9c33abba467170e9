//! What the searches for structure share: the bars that they look at, and a bullish formula applied
//! to both sides.

use super::super::bars::{Bars, Ohlc};

/// The bars that are searched for zones, gaps and levels.
pub(super) const STRUCTURE_BARS: usize = 200;

/// The result of a formula for bullish structure on the bars and on their mirror image. Writing the
/// bullish half alone makes the bearish one its exact mirror.
pub(super) fn both_sides(bars: &Bars, bullish: impl Fn(&[Ohlc], f64) -> f64) -> (f64, f64) {
    let mut window = bars.window(STRUCTURE_BARS);
    let up = bullish(&window, bars.atr);
    for bar in &mut window {
        *bar = bar.mirrored();
    }
    (up, bullish(&window, bars.atr))
}

/// The distance at which a zone's weight is 1/e, in average true ranges.
const REACH_RANGES: f64 = 3.0;

/// The weight of a zone at `distance`, 0–1.
pub(super) fn felt(distance: f64, atr: f64) -> f64 {
    (-distance.abs() / (REACH_RANGES * atr)).exp()
}

/// For each bar, the least value of it and all later bars.
pub(super) fn least_from_here(window: &[Ohlc], of: impl Fn(&Ohlc) -> f64) -> Vec<f64> {
    let mut least = f64::INFINITY;
    let mut from_here: Vec<f64> = window
        .iter()
        .rev()
        .map(|bar| {
            least = least.min(of(bar));
            least
        })
        .collect();
    from_here.reverse();
    from_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_from_here_looks_forward_only() {
        let bar = |low: f64| Ohlc {
            open: low,
            high: low,
            low,
            close: low,
        };
        assert_eq!(
            least_from_here(&[bar(1.0), bar(3.0), bar(2.0)], |bar| bar.low),
            [1.0, 2.0, 2.0]
        );
    }
}
