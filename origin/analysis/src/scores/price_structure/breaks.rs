//! Breaks of structure: closes beyond what the price had reached before.

use super::super::bars::{Bars, Ohlc};
use super::super::reading::Reading;
use super::sides::STRUCTURE_BARS;

/// The bars before a close whose highest high is the swing it must break.
const SWING_BARS: usize = 20;

/// What a break still counts one bar later: half after 14 bars.
const MEMORY: f64 = 0.95;

/// How much more a break counts that goes fully against the structure so far: a change of
/// character.
const CHANGE_OF_CHARACTER: f64 = 0.5;

/// Breaks of structure on closes: tanh of a running sum of the distances, in average true ranges,
/// by which closes stand above the highest high (positive) or below the lowest low (negative) of
/// the 20 bars before. Figure: the sum.
///
/// The sum loses 5 % a bar. A break against the sign of the sum is a change of character and counts
/// up to half more.
#[must_use]
pub fn structure_breaks(bars: &Bars) -> Option<Reading> {
    let mut structure = 0.0_f64;
    for around in bars.window(STRUCTURE_BARS).windows(SWING_BARS + 1) {
        let up = break_above(around) / bars.atr;
        // The bearish break is the bullish one of the mirrored bars, so the two cannot differ.
        let mirrored: Vec<Ohlc> = around.iter().map(|bar| bar.mirrored()).collect();
        let down = break_above(&mirrored) / bars.atr;
        structure = next(structure, up, down);
    }
    Reading::new(structure.tanh(), structure)
}

/// How far the last close is above every earlier high; 0 if it is not.
fn break_above(around: &[Ohlc]) -> f64 {
    let Some((last, before)) = around.split_last() else {
        return 0.0;
    };
    (last.close
        - before
            .iter()
            .map(|bar| bar.high)
            .fold(f64::NEG_INFINITY, f64::max))
    .max(0.0)
}

fn next(structure: f64, up: f64, down: f64) -> f64 {
    // Gradual: a break against a weak structure is hardly a change of character.
    let so_far = structure.tanh();
    let against = |so_far: f64| 1.0 + CHANGE_OF_CHARACTER * so_far.max(0.0);
    // Without the decay, an old break would outweigh all later ones.
    MEMORY * structure + up * against(-so_far) - down * against(so_far)
}

#[cfg(test)]
mod tests {
    use super::super::super::bars::testing::bars;
    use super::*;

    #[test]
    fn a_break_against_the_structure_counts_more() {
        // 0.95·1 − 2·(1 + 0.5·tanh(1)) = 0.95 − 2.761594.
        assert!((next(1.0, 0.0, 2.0) + 1.811_594).abs() < 1e-6);
        assert!((next(1.0, 2.0, 0.0) - 2.95).abs() < 1e-12);
        assert!((next(-1.0, 2.0, 0.0) - 1.811_594).abs() < 1e-6);
    }

    #[test]
    fn a_close_above_all_highs_is_a_break_and_fades() {
        // Quiet bars of a range of 1 with highs of 100.5. The break closes at 101.5, so its true
        // range is 1.5 (from the close before, 100, or from its own low) and Wilder's average (13·1
        // + 1.5)/14 = 1.035714.
        let broken = bars(&[(100.0, 100.5, 99.5, 100.0), (100.0, 101.5, 100.0, 101.5)]);
        let found = structure_breaks(&broken).unwrap().figure;
        assert!((found - 1.0 / 1.035_714).abs() < 1e-6, "{found}");
    }
}
