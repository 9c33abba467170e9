//! `allLiquidation.{symbol}`.
//! <https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation>

use std::fmt::Write;

use super::tick::Tick;
use crate::bybit::question::push_list;
use crate::bybit::writer::push_fixed;
use crate::clock::HOUR_MS;
use crate::market::liquidations::{SLOT_MS, in_slot};

/// Nobody is told more slots after a clock has leapt.
const MAX_SLOTS: i64 = HOUR_MS / SLOT_MS;

/// How far a client was told who was liquidated.
#[derive(Debug, Default)]
pub(super) struct LiquidationFeed {
    /// The first slot that was not told.
    next: i64,
}

impl LiquidationFeed {
    /// Begins at the present.
    pub(super) fn begin(&mut self, tick: &Tick<'_>) {
        self.next = slot(tick);
    }

    /// The liquidations of the slots that have ended since the last were told.
    pub(super) fn news(&mut self, tick: &Tick<'_>, symbol: &str) -> Option<String> {
        let current = slot(tick);
        let first = self.next.max(current - MAX_SLOTS);
        self.next = self.next.max(current);
        let listing = tick.generated.market.listing(tick.moment.data_ms);
        let instrument = listing.find(symbol)?;
        let seed = tick.generated.market.seed();
        let found: Vec<_> = (first..current)
            .flat_map(|slot| in_slot(seed, instrument, slot))
            .collect();
        if found.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(found.len() * 96 + 96);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"{{"topic":"allLiquidation.{symbol}","type":"snapshot","ts":{},"data":"#,
            tick.moment.stamp_ms
        );
        push_list(&mut out, &found, |out, one| {
            // The side is that of the position: a long one that is liquidated is sold.
            let _ = write!(
                out,
                r#"{{"T":{},"s":"{symbol}","S":"{}","v":""#,
                one.time_ms + tick.ahead_ms(),
                if one.is_long { "Buy" } else { "Sell" },
            );
            push_fixed(out, one.steps, instrument.quantity_decimals);
            out.push_str(r#"","p":""#);
            push_fixed(out, one.ticks, instrument.price_decimals);
            out.push_str("\"}");
        });
        out.push('}');
        Some(out)
    }
}

fn slot(tick: &Tick<'_>) -> i64 {
    tick.moment.data_ms.div_euclid(SLOT_MS)
}
