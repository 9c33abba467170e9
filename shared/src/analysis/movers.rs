//! The contracts that moved most over 24 hours, and those with most turnover.
//!
//! Changes are rounded before they are filtered and sorted, so that the validation boundary, which
//! sees the rounded figures, finds the same order and signs.

use super::join::Market;
use crate::market::Ticker;
use crate::snapshot::{Mover, Movers};
use crate::units::Amount;

/// How many gainers and how many losers are listed.
pub const MAX_MOVERS: usize = 5;

/// How many turnover leaders are listed.
pub const MAX_LEADERS: usize = 15;

/// The biggest gainers and losers among contracts with at least `turnover_floor` USD of turnover.
///
/// A contract whose change rounds to 0 is neither, so either list may be shorter than
/// [`MAX_MOVERS`] or even empty.
#[must_use]
pub fn movers(market: &Market<'_, '_>, turnover_floor: Amount) -> Movers {
    let is_liquid = |row: &&Ticker<'_>| {
        row.turnover_24h
            // In a contract that hardly trades one order moves the price by percents.
            .is_some_and(|turnover| turnover >= turnover_floor)
    };
    let liquid = || {
        market
            .rows
            .iter()
            .copied()
            .filter(is_liquid)
            .filter_map(mover)
    };
    Movers {
        turnover_floor,
        gainers: largest(liquid().filter(|row| row.change_24h.get() > 0.0)),
        losers: largest(liquid().filter(|row| row.change_24h.get() < 0.0)),
    }
}

/// The largest moves in either direction; symbols settle ties.
fn largest(rows: impl Iterator<Item = Mover>) -> Vec<Mover> {
    let mut rows: Vec<Mover> = rows.collect();
    let size = |row: &Mover| row.change_24h.get().abs();
    rows.sort_by(|a, b| {
        size(b)
            .total_cmp(&size(a))
            .then_with(|| a.symbol.cmp(&b.symbol))
    });
    rows.truncate(MAX_MOVERS);
    rows
}

/// The contracts with most turnover, most first.
#[must_use]
pub fn volume_leaders(market: &Market<'_, '_>) -> Vec<Mover> {
    market
        .by_turnover()
        .into_iter()
        .filter_map(mover)
        .take(MAX_LEADERS)
        .collect()
}

/// A list row; `None` when change or turnover is unknown.
fn mover(row: &Ticker<'_>) -> Option<Mover> {
    Some(Mover {
        symbol: row.symbol.to_string(),
        price: row.last,
        change_24h: row.change_24h_pct?.rounded(4),
        turnover_24h: row.turnover_24h?.rounded(2),
    })
}
