//! How good a snapshot is, 0–1, and which of two snapshots is shown.
//!
//! Quality is a number for clients and monitoring. It does not decide between snapshots: that is
//! [`is_better`], which compares class, completeness and time in this order and never mixes them
//! into one number.

use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Coverage, Producer, Section, Snapshot};
use crate::units::{Fraction, UnixMs, round_to};
use std::cmp::Reverse;

/// The weights sum to 1. Tickers alone make half: every list and most figures rest on them.
const TICKERS: f64 = 0.50;

/// Scores in six dimensions.
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
    // Coverage multiplies all the parts, because every part rests on the contracts that are
    // covered.
    Fraction::saturating(round_to(parts * coverage(snapshot.coverage).get(), 3))
}

/// The share of the trading contracts that have a usable ticker, as far as the number that trade is
/// known.
#[must_use]
pub fn coverage(coverage: Coverage) -> Fraction {
    let listed = coverage
        .listed
        .saturating_add(coverage.unlisted.unwrap_or(0));
    let told = coverage.priced.saturating_add(coverage.refused);
    // A list can be older than the tickers and shorter than what trades. The larger number keeps
    // the share at 1 or below.
    Fraction::saturating(coverage.priced as f64 / listed.max(told) as f64)
}

/// The share of the scores that rest on six dimensions.
fn analysed(snapshot: &Snapshot) -> f64 {
    // Without scores the share is 0, not 0/0.
    snapshot.analysed() as f64 / snapshot.scores.len().max(1) as f64
}

fn weight<T>(section: &Section<T>) -> f64 {
    match section {
        Section::Present {
            freshness: Freshness::Fresh,
            ..
        // An aging part still informs, at half its weight.
        } => 1.0,
        Section::Present { .. } => 0.5,
        Section::Absent { .. } => 0.0,
    }
}

/// The most that a snapshot can hold, by its producer and its scores. The steps are coarse, so that
/// two snapshots of one kind are ordered by their time.
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
        // Half: at any time some contracts have no score in six dimensions. With a limit near 1 the
        // kind of a snapshot would change from round to round.
        Producer::Origin | Producer::BybitDirect if analysed(snapshot) >= 0.5 => {
            Completeness::Analysed
        }
        Producer::Origin | Producer::BybitDirect => Completeness::Tickers,
    }
}

/// How far back in time a more complete answer may move the shown data, milliseconds: about one
/// refresh.
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
    // A complete but stale snapshot does not win over fresh tickers.
    if classes.0 != classes.1 {
        return classes.0 > classes.1;
    }
    if fullness.0 != fullness.1 {
        // The bound is one-sided on purpose: a less complete answer never wins within a class,
        // however much newer it is. The held one changes its class soon enough.
        return fullness.0 > fullness.1
            && held.as_of_ms.millis_since(candidate.as_of_ms) <= MAX_STEP_BACK_MS;
    }
    (candidate.as_of_ms, candidate.sequence) > (held.as_of_ms, held.sequence)
}
