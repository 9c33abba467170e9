//! The head of every body: quality, age and origin of its data.

use crate::freshness::{Freshness, SectionLimits};
use crate::headers::{ServedAs, artificial_feed, data_source};
use crate::provenance::{Delivery, Source};
use crate::snapshot::{Producer, Section, Snapshot};
use crate::units::UnixMs;
use crate::validate::coverage;
use serde::Serialize;

/// The facts about a body that even the smallest projection carries.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Provenance {
    /// Always `success`: a body exists only for a snapshot that passed validation, and existing
    /// clients ignore all else.
    status: &'static str,
    /// The producer, or `last_known_good` in its place once the data is stale.
    data_source: &'static str,
    /// The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
    /// `okx` or `binance`.
    venue: &'static str,
    /// How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
    /// a release before this field made the snapshot.
    delivery: Option<Delivery>,
    /// Who made the snapshot, also when it is the last known good one.
    producer: Producer,
    /// Whether the data is as young as its sources give it, or what is left of earlier.
    served_as: ServedAs,
    freshness: Freshness,
    as_of_ms: UnixMs,
    /// The same in seconds, for existing clients.
    timestamp: u64,
    degraded: Vec<String>,
}

impl Provenance {
    pub(super) fn of(snapshot: &Snapshot, class: Freshness) -> Self {
        Self {
            status: "success",
            data_source: data_source(snapshot, class),
            venue: snapshot.tickers_source.venue.name(),
            delivery: snapshot.tickers_delivery,
            producer: snapshot.producer,
            served_as: ServedAs::of(class),
            freshness: class,
            as_of_ms: snapshot.as_of_ms,
            timestamp: snapshot.as_of_ms.as_secs(),
            degraded: degraded(snapshot, class),
        }
    }
}

/// Machine-readable reasons why this body is less than it could be.
fn degraded(snapshot: &Snapshot, class: Freshness) -> Vec<String> {
    let mut reasons = Vec::new();
    // First in the list: nothing else about a body matters more than that it is not the real
    // market.
    if let Some(feed) = artificial_feed(snapshot) {
        reasons.push(format!("{}_data", feed.name()));
    }
    if class != Freshness::Fresh {
        reasons.push(format!("data_{}", class.name()));
    }
    if let Some(reason) = &snapshot.fallback_reason {
        reasons.push(reason.clone());
    }
    // A reader who compares venues must know that a turnover is an estimate, or of the spot market.
    reasons.extend(snapshot.tickers_source.venue.caveat().map(str::to_owned));
    if snapshot.perps.is_unknown() {
        reasons.push("perpetuals_unknown".to_owned());
    }
    reasons.extend(thin_parts(snapshot).into_iter().map(str::to_owned));
    let absent = [
        ("global_market", snapshot.global_market.reason()),
        ("defi_market", snapshot.defi_market.reason()),
        ("fear_greed", snapshot.fear_greed.reason()),
        ("beta", snapshot.beta.reason()),
        ("performance", snapshot.performance.reason()),
        ("statistics", snapshot.statistics.reason()),
        ("alerts", snapshot.alerts.reason()),
    ];
    reasons.extend(
        absent
            .into_iter()
            .filter_map(|(name, reason)| Some(format!("{name}_{}", reason?))),
    );
    reasons
}

/// From here on the tickers are those of the market and not of a part of it.
const WHOLE_COVERAGE: f64 = 0.95;

/// One in so many of the contracts that trade may be missing in the list: venues show some before
/// they list them.
const UNLISTED_ONE_IN: usize = 50;

/// What of the market is not there, although every section may be.
fn thin_parts(snapshot: &Snapshot) -> Vec<&'static str> {
    let counted = snapshot.coverage;
    let unlisted = counted
        .unlisted
        .is_some_and(|unlisted| unlisted > counted.listed / UNLISTED_ONE_IN);
    // Rounded down, so that one contract without turnover does not mark a small market.
    let most = (counted.priced as f64 * WHOLE_COVERAGE) as usize;
    let overview = &snapshot.overview;
    let is_turnover_thin = overview.total_turnover.is_none()
        || overview
            .turnover_contracts
            .is_some_and(|contracts| contracts < most);
    let analysed = snapshot.analysed();
    [
        (coverage(counted).get() < WHOLE_COVERAGE, "coverage_thin"),
        // Every section can be present while the list lacks contracts, so sections alone do not
        // show it.
        (unlisted, "instruments_incomplete"),
        (is_turnover_thin, "turnover_incomplete"),
        (analysed == 0, "analysis_missing"),
        (
            // Some but not all. None at all has a reason of its own above.
            analysed > 0 && analysed < snapshot.scores.len(),
            "analysis_incomplete",
        ),
        (
            snapshot
                .scores
                .iter()
                .any(|row| row.score_as_of_ms.is_some()),
            "analysis_carried_over",
        ),
    ]
    .into_iter()
    .filter_map(|(is_thin, reason)| is_thin.then_some(reason))
    .collect()
}

/// The head of the full body.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Head {
    schema_version: u32,
    sequence: u64,
    #[serde(flatten)]
    provenance: Provenance,
    /// RFC 3339.
    generated_at: String,
    sections: Sections,
}

impl Head {
    pub(super) fn of(snapshot: &Snapshot, class: Freshness, until: UnixMs) -> Self {
        Self {
            schema_version: snapshot.schema_version,
            sequence: snapshot.sequence,
            provenance: Provenance::of(snapshot, class),
            generated_at: snapshot.generated_at_ms.rfc3339(),
            sections: Sections::of(snapshot, class, until),
        }
    }
}

/// Source and age of each part.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
struct Sections {
    tickers: SectionState,
    instruments: SectionState,
    global_market: SectionState,
    defi_market: SectionState,
    fear_greed: SectionState,
    beta: SectionState,
    performance: SectionState,
    statistics: SectionState,
    alerts: SectionState,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
struct SectionState {
    source: Option<Source>,
    as_of_ms: Option<UnixMs>,
    /// `fresh`, `aging`, `stale` or `unavailable`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    reason: Option<String>,
}

impl Sections {
    fn of(snapshot: &Snapshot, class: Freshness, until: UnixMs) -> Self {
        let known = |source, as_of_ms, status: &'static str| SectionState {
            source: Some(source),
            as_of_ms: Some(as_of_ms),
            status,
            reason: None,
        };
        // A list past its limit prevents a new snapshot, but may pass it while an earlier one is
        // served. It is then shown as stale instead of hidden: the contracts are still those of the
        // tickers.
        let listed_at = snapshot.universe.as_of_ms;
        let instruments = SectionLimits::universe(listed_at).classify(until);
        Self {
            tickers: known(snapshot.tickers_source, snapshot.as_of_ms, class.name()),
            instruments: known(
                snapshot.universe.source,
                listed_at,
                instruments.map_or("stale", Freshness::name),
            ),
            global_market: state(&snapshot.global_market),
            defi_market: state(&snapshot.defi_market),
            fear_greed: state(&snapshot.fear_greed),
            beta: state(&snapshot.beta),
            performance: state(&snapshot.performance),
            statistics: state(&snapshot.statistics),
            alerts: state(&snapshot.alerts),
        }
    }
}

fn state<T>(section: &Section<T>) -> SectionState {
    match section {
        Section::Present {
            source,
            as_of_ms,
            freshness,
            ..
        } => SectionState {
            source: Some(*source),
            as_of_ms: Some(*as_of_ms),
            status: freshness.name(),
            reason: None,
        },
        Section::Absent { reason } => SectionState {
            source: None,
            as_of_ms: None,
            // Without source and time: those of an absent value would date data that is not shown.
            status: "unavailable",
            reason: Some(reason.clone()),
        },
    }
}
