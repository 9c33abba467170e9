//! Zones that a strong move left behind: order blocks and fair value gaps.

use super::super::bars::{Bars, Ohlc};
use super::super::maths::ramp;
use super::super::reading::Reading;
use super::sides::{both_sides, felt, least_from_here};

/// The body of a candle that starts to count as a strong move, and the one that counts in full, in
/// average true ranges. A single limit would make zones appear and vanish with one tick.
const DISPLACEMENT: (f64, f64) = (1.0, 2.0);

/// The opposite body before it that makes a full order block, in average true ranges.
const OPPOSITE_BODY: f64 = 0.25;

/// Order blocks: tanh(Σ bullish − Σ bearish). Figure: the difference.
///
/// A bullish block is a candle that closed down right before a strong move up, and a support; the
/// bearish one is its mirror image. Each counts by the strength of the move, by how clearly the
/// candle before went the other way, by its distance from the price, and by how well it has held:
/// evenly less down to 0 where a later close stood a true range beyond its far end.
#[must_use]
pub fn institutional_zones(bars: &Bars) -> Option<Reading> {
    let (bullish, bearish) = both_sides(bars, bullish_blocks);
    Reading::new((bullish - bearish).tanh(), bullish - bearish)
}

fn bullish_blocks(window: &[Ohlc], atr: f64) -> f64 {
    let Some(price) = window.last().map(|bar| bar.close) else {
        return 0.0;
    };
    let least_closes = least_from_here(window, |bar| bar.close);
    // Skipping one aligns each pair with the closes from the mover on.
    let pairs = window.windows(2).zip(least_closes.iter().skip(1));
    pairs
        .map(|(pair, least_close)| {
            let [block, mover] = pair else { return 0.0 };
            let strength = ramp(
                (mover.close - mover.open) / atr,
                DISPLACEMENT.0,
                DISPLACEMENT.1,
            );
            // The last candle against the move: only then is it an order block.
            let opposite = ramp((block.open - block.close) / atr, 0.0, OPPOSITE_BODY);
            // A block that a later close has passed by a true range is broken and counts nothing.
            let held = ramp((least_close - block.low) / atr, -1.0, 0.0);
            strength * opposite * held * felt(price - (block.high + block.low) / 2.0, atr)
        })
        .sum()
}

/// Fair value gaps: tanh(Σ bullish − Σ bearish). Figure: the difference, in average true ranges.
///
/// A bullish gap is what lies between a candle's high and the low of the next but one; the bearish
/// one is its mirror image. Only the part counts that no later candle traded through, so a
/// mitigated gap is gone; less the farther away.
#[must_use]
pub fn fair_value_gaps(bars: &Bars) -> Option<Reading> {
    let (bullish, bearish) = both_sides(bars, bullish_gaps);
    Reading::new((bullish - bearish).tanh(), bullish - bearish)
}

fn bullish_gaps(window: &[Ohlc], atr: f64) -> f64 {
    let Some(price) = window.last().map(|bar| bar.close) else {
        return 0.0;
    };
    let least_lows = least_from_here(window, |bar| bar.low);
    // The next but one and all later lows: what they traded through is filled.
    let gaps = window.iter().zip(least_lows.iter().skip(2));
    gaps.map(|(before, least_low)| {
        (least_low - before.high).max(0.0) / atr * felt(price - least_low, atr)
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::maths::testing::check;

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Ohlc {
        Ohlc {
            open,
            high,
            low,
            close,
        }
    }

    #[test]
    fn a_down_candle_before_a_strong_move_up_is_a_bullish_block() {
        // True range 1. Body of the move 1.5: half strength. The block fell by 0.5: in full. Its
        // middle, 99.75, lies 1.5 below the last close: e^(−1.5/3) = 0.606531. Never closed below:
        // it held.
        let block = [
            bar(100.0, 100.25, 99.25, 99.5),
            bar(99.75, 101.5, 99.5, 101.25),
        ];
        check(bullish_blocks(&block, 1.0), 0.5 * 0.606_531);
        // A close at 98.75, half a true range below its low: half held, 1.0 away: e^(−1/3) =
        // 0.716531.
        let broken = [block[0], block[1], bar(101.0, 101.0, 98.75, 98.75)];
        check(bullish_blocks(&broken, 1.0), 0.5 * 0.5 * 0.716_531);
    }

    #[test]
    fn a_gap_counts_until_it_is_filled() {
        // High 100, then low 102 two candles on, close 103: a gap of 2, 1 away: 2·e^(−1/3) =
        // 1.433063.
        let gap = [
            bar(99.0, 100.0, 98.0, 99.5),
            bar(100.0, 103.0, 99.5, 102.5),
            bar(102.5, 103.5, 102.0, 103.0),
        ];
        check(bullish_gaps(&gap, 1.0), 1.433_063);
        // A later low of 101 leaves half of it, 2 below the close: 1·e^(−2/3) = 0.513417.
        let half = [gap[0], gap[1], gap[2], bar(103.0, 103.0, 101.0, 103.0)];
        check(bullish_gaps(&half, 1.0), 0.513_417);
        let filled = [gap[0], gap[1], gap[2], bar(103.0, 103.0, 99.0, 103.0)];
        check(bullish_gaps(&filled, 1.0), 0.0);
    }
}
