//! How good a snapshot is, 0–1, and which of two is to be shown.

use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Coverage, Producer, Section, Snapshot};
use crate::units::{Fraction, UnixMs, round_to};
use std::cmp::Reverse;

/// What tickers alone are worth, before coverage.
const TICKERS: f64 = 0.50;

/// What scores in six dimensions are worth.
const ANALYSIS: f64 = 0.20;

const GLOBAL_MARKET: f64 = 0.10;
const DEFI_MARKET: f64 = 0.05;
const FEAR_GREED: f64 = 0.05;
const BETA: f64 = 0.05;
const PERFORMANCE: f64 = 0.05;

/// See [`super::ValidSnapshot::quality`].
pub(super) fn quality(snapshot: &Snapshot) -> Fraction {
    let parts = TICKERS
        + ANALYSIS * analysed(snapshot)
        + GLOBAL_MARKET * weight(&snapshot.global_market)
        + DEFI_MARKET * weight(&snapshot.defi_market)
        + FEAR_GREED * weight(&snapshot.fear_greed)
        + BETA * weight(&snapshot.beta)
        + PERFORMANCE * weight(&snapshot.performance);
    Fraction::saturating(round_to(parts * coverage(snapshot.coverage).get(), 3))
}

/// The share of the contracts that trade, as far as they are known, that have a usable ticker.
#[must_use]
pub fn coverage(coverage: Coverage) -> Fraction {
    let listed = coverage
        .listed
        .saturating_add(coverage.unlisted.unwrap_or(0));
    let told = coverage.priced.saturating_add(coverage.refused);
    Fraction::saturating(coverage.priced as f64 / listed.max(told) as f64)
}

/// The share of the scores that rest on six dimensions.
fn analysed(snapshot: &Snapshot) -> f64 {
    snapshot.analysed() as f64 / snapshot.scores.len().max(1) as f64
}

fn weight<T>(section: &Section<T>) -> f64 {
    match section {
        Section::Present {
            freshness: Freshness::Fresh,
            ..
        } => 1.0,
        Section::Present { .. } => 0.5,
        Section::Absent { .. } => 0.0,
    }
}

/// What a snapshot can hold at most, by who made it of what. Coarse, so that two of one maker are
/// told apart by their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Completeness {
    /// Another exchange's tickers.
    AnotherExchange,
    /// Bybit's tickers, without scores in six dimensions.
    Tickers,
    /// With such scores for half of the contracts or more.
    Analysed,
}

fn completeness(snapshot: &Snapshot) -> Completeness {
    match snapshot.producer {
        Producer::SecondaryExchange => Completeness::AnotherExchange,
        Producer::Origin | Producer::BybitDirect if analysed(snapshot) >= 0.5 => {
            Completeness::Analysed
        }
        Producer::Origin | Producer::BybitDirect => Completeness::Tickers,
    }
}

/// How far back in time a fuller answer may take whoever holds a younger one: about one refresh.
const MAX_STEP_BACK_MS: u64 = 10_000;

/// See [`super::ValidSnapshot::is_better`].
pub(super) fn is_better(
    candidate: &Snapshot,
    held: &Snapshot,
    now: UnixMs,
    limits: &Limits,
) -> bool {
    // The youngest class is the best, and none the worst.
    let class = |snapshot: &Snapshot| limits.classify(snapshot.as_of_ms, now).map(Reverse);
    let (classes, fullness) = (
        (class(candidate), class(held)),
        (completeness(candidate), completeness(held)),
    );
    if classes.0 != classes.1 {
        return classes.0 > classes.1;
    }
    if fullness.0 != fullness.1 {
        return fullness.0 > fullness.1
            && held.as_of_ms.millis_since(candidate.as_of_ms) <= MAX_STEP_BACK_MS;
    }
    (candidate.as_of_ms, candidate.sequence) > (held.as_of_ms, held.sequence)
}
