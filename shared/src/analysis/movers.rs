//! The contracts that moved most, and those with most turnover.

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
/// A contract that did not move is neither, so either list may be shorter than [`MAX_MOVERS`] and even empty.
#[must_use]
pub fn movers(market: &Market<'_, '_>, turnover_floor: Amount) -> Movers {
    let mut liquid: Vec<&Ticker<'_>> =
        market.rows.iter().copied().filter(|row| row.turnover_24h >= turnover_floor).collect();
    liquid.sort_by(|a, b| {
        a.change_24h_pct.get().total_cmp(&b.change_24h_pct.get()).then_with(|| a.symbol.cmp(&b.symbol))
    });
    let change = |row: &&Ticker<'_>| row.change_24h_pct.get();
    Movers {
        turnover_floor,
        gainers: liquid.iter().rev().copied().take_while(|row| change(row) > 0.0).take(MAX_MOVERS).map(mover).collect(),
        losers: liquid.iter().copied().take_while(|row| change(row) < 0.0).take(MAX_MOVERS).map(mover).collect(),
    }
}

/// The contracts with most turnover, most first.
#[must_use]
pub fn volume_leaders(market: &Market<'_, '_>) -> Vec<Mover> {
    market.by_turnover().into_iter().take(MAX_LEADERS).map(mover).collect()
}

fn mover(row: &Ticker<'_>) -> Mover {
    Mover {
        symbol: row.symbol.to_string(),
        price: row.last,
        change_24h: row.change_24h_pct.rounded(4),
        turnover_24h: row.turnover_24h.rounded(2),
    }
}
