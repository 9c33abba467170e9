//! The projection of what was liquidated, with since when that is known.

use super::head::Provenance;
use crate::freshness::Freshness;
use crate::market::liquidations::Position;
use crate::snapshot::liquidations::{
    LiquidatedContract, LiquidatedSides, LiquidationRow, Liquidations,
};
use crate::snapshot::{Snapshot, display_symbol};
use crate::units::{Amount, Price, UnixMs};
use serde::Serialize;

/// What was liquidated. Prices are bankruptcy prices and no fills; values are size times bankruptcy
/// price, USD. Every window ends at `liquidations_as_of_ms`.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Liquidations"))]
pub(super) struct LiquidationsBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    /// Until when liquidations were heard: the section's own time.
    liquidations_as_of_ms: Option<UnixMs>,
    /// Since when every liquidation was heard, but for `unheard_ms` and `refused`.
    observed_since_ms: Option<UnixMs>,
    /// How long no connection was open since then, in interruptions of a few seconds, milliseconds.
    unheard_ms: Option<u64>,
    /// Liquidations since then that could not be read and are in no sum.
    refused: Option<u64>,
    /// How many contracts are listened to.
    contracts_observed: Option<usize>,
    /// Over the last hour; `null` when that is longer than was observed.
    last_1h: Option<LiquidatedSides>,
    /// Over the last 4 hours; `null` when that is longer than was observed.
    last_4h: Option<LiquidatedSides>,
    /// Over the last 24 hours; `null` when that is longer than was observed.
    last_24h: Option<LiquidatedSides>,
    /// The twenty contracts of which most was liquidated over the last hour, most first; `null` when
    /// that is longer than was observed.
    contracts_1h: Option<Vec<Contract<'s>>>,
    /// The most valuable of the last 24 hours, or of what was observed of them.
    largest: Option<Row<'s>>,
    /// The last two hundred, newest first.
    liquidations: Vec<Row<'s>>,
    count: usize,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "LiquidatedContract"))]
struct Contract<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    #[serde(flatten)]
    sides: LiquidatedSides,
}

/// One liquidation.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Liquidation"))]
struct Row<'s> {
    time_ms: UnixMs,
    symbol: &'s str,
    display_symbol: &'s str,
    /// The position that was closed: `long` or `short`.
    side: Position,
    size_base: Amount,
    /// The price at which its margin was used up, USDT; no fill.
    bankruptcy_price: Price,
    /// Size times bankruptcy price, USD.
    value_usd: Amount,
}

pub(super) fn liquidations(snapshot: &Snapshot, class: Freshness) -> LiquidationsBody<'_> {
    let section = snapshot.liquidations.value();
    let rows = section.map_or(&[][..], |section| &section.latest);
    let sum = |of: fn(&Liquidations) -> Option<LiquidatedSides>| section.and_then(of);
    LiquidationsBody {
        provenance: Provenance::of(snapshot, class),
        liquidations_as_of_ms: snapshot.liquidations.as_of_ms(),
        observed_since_ms: section.map(|section| section.observed_since_ms),
        unheard_ms: section.map(|section| section.unheard_ms),
        refused: section.map(|section| section.refused),
        contracts_observed: section.map(|section| section.contracts_observed),
        last_1h: sum(|section| section.last_1h),
        last_4h: sum(|section| section.last_4h),
        last_24h: sum(|section| section.last_24h),
        contracts_1h: section
            .and_then(|section| section.contracts_1h.as_ref())
            .map(|contracts| contracts.iter().map(Contract::of).collect()),
        largest: section
            .and_then(|section| section.largest.as_ref())
            .map(Row::of),
        liquidations: rows.iter().map(Row::of).collect(),
        count: rows.len(),
    }
}

impl<'s> Contract<'s> {
    fn of(contract: &'s LiquidatedContract) -> Self {
        Self {
            symbol: &contract.symbol,
            display_symbol: display_symbol(&contract.symbol),
            sides: contract.sides,
        }
    }
}

impl<'s> Row<'s> {
    fn of(row: &'s LiquidationRow) -> Self {
        Self {
            time_ms: row.time_ms,
            symbol: &row.symbol,
            display_symbol: display_symbol(&row.symbol),
            side: row.side,
            size_base: row.size_base,
            bankruptcy_price: row.bankruptcy_price,
            value_usd: row.value_usd,
        }
    }
}
