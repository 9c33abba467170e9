//! Breadth: how many contracts rise and how many fall over 24 hours.

use super::join::Market;
use crate::snapshot::{Breadth, BreadthMood};
use crate::units::{Percent, Share};

/// Counts the signs of the known 24-hour changes.
#[must_use]
pub fn breadth(market: &Market<'_, '_>) -> Breadth {
    let (mut up, mut down, mut flat) = (0, 0, 0);
    for change in market
        .rows
        .iter()
        .filter_map(|row| row.change_24h_pct)
        .map(Percent::get)
    {
        if change > 0.0 {
            up += 1;
        } else if change < 0.0 {
            down += 1;
        } else {
            flat += 1;
        }
    }
    // Unmoved contracts are left out of the share: with them a quiet market would read as a falling
    // one.
    let moved = up + down;
    let percentage = if moved == 0 {
        None
    } else {
        Share::new(up as f64 / moved as f64 * 100.0).ok()
    };
    Breadth {
        up,
        down,
        flat,
        percentage: percentage.map(|p| p.rounded(4)),
        mood: percentage.map(mood),
    }
}

fn mood(percentage: Share) -> BreadthMood {
    if percentage.get() >= 60.0 {
        BreadthMood::Bullish
    } else if percentage.get() <= 40.0 {
        BreadthMood::Bearish
    } else {
        BreadthMood::Neutral
    }
}
