//! The projection of every contract's funding and open interest.

use super::head::Provenance;
use crate::freshness::Freshness;
use crate::snapshot::contracts::ContractRow;
use crate::snapshot::{Snapshot, display_symbol};
use crate::units::{Amount, Percent, UnixMs};
use serde::Serialize;

/// Funding and open interest of every contract that counts, the largest open interest first.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Contracts"))]
pub(super) struct ContractsBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    contracts: Vec<Row<'s>>,
    count: usize,
}

/// Funding and open interest of one contract.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Contract"))]
struct Row<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    /// What holders of long positions pay to those of short ones at the next funding, percent of
    /// the position; negative when short positions pay.
    funding_rate_pct: Option<Percent>,
    /// Hours between two fundings.
    funding_interval_hours: Option<f64>,
    /// When funding is paid next.
    next_funding_ms: Option<UnixMs>,
    /// The rate as one of eight hours, percent: rates of different intervals compare by it.
    funding_rate_8h_pct: Option<Percent>,
    /// One side's open interest, USD.
    open_interest_usd: Option<Amount>,
    /// One side's open interest, base coin.
    open_interest_base: Option<Amount>,
    /// How the open interest in the base coin changed over an hour, percent; the beginning is the
    /// venue's record of every 15 minutes that is nearest to it.
    open_interest_change_1h_pct: Option<Percent>,
    /// The same over 4 hours.
    open_interest_change_4h_pct: Option<Percent>,
    /// The same over 24 hours.
    open_interest_change_24h_pct: Option<Percent>,
}

/// Until `until` the body stays as it is, so a funding that is paid by then is no longer the next one.
pub(super) fn contracts(snapshot: &Snapshot, class: Freshness, until: UnixMs) -> ContractsBody<'_> {
    let section = snapshot.contracts.value();
    let rows = section.map_or(&[][..], |section| &section.rows);
    ContractsBody {
        provenance: Provenance::of(snapshot, class),
        contracts: rows.iter().map(|row| Row::of(row, until)).collect(),
        count: rows.len(),
    }
}

impl<'s> Row<'s> {
    fn of(row: &'s ContractRow, until: UnixMs) -> Self {
        Self {
            symbol: &row.symbol,
            display_symbol: display_symbol(&row.symbol),
            funding_rate_pct: row.funding_rate_pct,
            funding_interval_hours: row.funding_interval_hours,
            next_funding_ms: row.next_funding_ms.filter(|next| *next > until),
            funding_rate_8h_pct: row.funding_rate_8h_pct,
            open_interest_usd: row.open_interest_usd,
            open_interest_base: row.open_interest_base,
            open_interest_change_1h_pct: row.open_interest_change_1h_pct,
            open_interest_change_4h_pct: row.open_interest_change_4h_pct,
            open_interest_change_24h_pct: row.open_interest_change_24h_pct,
        }
    }
}
