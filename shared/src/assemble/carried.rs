//! What a snapshot that an edge assembled from tickers may take over from an earlier one of the
//! origin.
//!
//! Invariants: a carried section keeps its own time, so it expires as if it had not been carried. A
//! section of the newer snapshot is never replaced.

use super::long_view::{LongView, Slow};
use super::sections::{self, checked};
use crate::analysis::regime;
use crate::freshness::SectionLimits;
use crate::snapshot::alerts::AlertSection;
use crate::snapshot::beta::BetaSection;
use crate::snapshot::performance::PerformanceSection;
use crate::snapshot::statistics::Statistics;
use crate::snapshot::{Producer, Section, Snapshot};
use crate::units::UnixMs;

/// The same snapshot with the sections that only the origin collects, taken from `held` with their
/// own times where it has none of its own: what [`super::assemble`] would have made with them at
/// hand. Needed where a snapshot comes from a Worker that has never reached the origin.
#[must_use]
pub fn with_sections_of(snapshot: Snapshot, held: &Snapshot, now: UnixMs) -> Snapshot {
    let bitcoin = snapshot.overview.btc_price;
    let fear_greed = own_or(snapshot.fear_greed, &held.fear_greed, |slow| {
        sections::fear_greed(slow, now)
    });
    let global_market = own_or(snapshot.global_market, &held.global_market, |slow| {
        sections::global_market(slow, bitcoin, snapshot.tickers_source, now)
    });
    // After the whole market, which it is checked against.
    let defi_market = own_or(snapshot.defi_market, &held.defi_market, |slow| {
        sections::defi_market(slow, &global_market, now)
    });
    // The regime contains the sentiment, so it is computed again with the carried index.
    let regime = regime::regime(
        &snapshot.scores,
        &snapshot.breadth,
        &snapshot.overview,
        fear_greed.value(),
    );
    let carried = Snapshot {
        regime: regime.unwrap_or(snapshot.regime),
        fear_greed,
        global_market,
        defi_market,
        ..snapshot
    };
    // Betas, charts, statistics, liquidations and alerts are computed from Bybit's contracts and say nothing
    // about another exchange's.
    if carried.producer != Producer::BybitDirect {
        return carried;
    }
    let LongView {
        beta,
        performance,
        statistics,
        liquidations,
        alerts,
        ..
    } = LongView::carried_over(held);
    Snapshot {
        beta: unless_present(carried.beta, || {
            checked(&beta, now, SectionLimits::beta, BetaSection::check)
        }),
        performance: unless_present(carried.performance, || {
            checked(
                &performance,
                now,
                SectionLimits::performance,
                PerformanceSection::check,
            )
        }),
        statistics: unless_present(carried.statistics, || {
            checked(
                &statistics,
                now,
                SectionLimits::statistics,
                Statistics::check,
            )
        }),
        liquidations: unless_present(carried.liquidations, || {
            sections::liquidations(&liquidations, now)
        }),
        alerts: unless_present(carried.alerts, || {
            checked(&alerts, now, SectionLimits::alerts, AlertSection::check)
        }),
        ..carried
    }
}

fn own_or<T: Clone>(
    own: Section<T>,
    held: &Section<T>,
    carry: impl FnOnce(&Slow<T>) -> Section<T>,
) -> Section<T> {
    unless_present(own, || carry(&Slow::carried_over(held)))
}

fn unless_present<T>(own: Section<T>, other: impl FnOnce() -> Section<T>) -> Section<T> {
    match own {
        Section::Present { .. } => own,
        Section::Absent { .. } => other(),
    }
}
