//! Slow values → sections: each within its limits and by its own rules, or absent with the reason.
//!
//! Order per section: its own rules, a time in the future, its age, then its contradictions with
//! the rest ([`whole_market`]).

use super::long_view::Slow;
use super::whole_market;
use crate::freshness::{SectionLimits, is_from_the_future};
use crate::market::{Dated, DefiMarket, FearGreed, GlobalMarket};
use crate::provenance::Source;
use crate::snapshot::books::Books;
use crate::snapshot::contracts::Contracts;
use crate::snapshot::liquidations::Liquidations;
use crate::snapshot::{Lack, Section, is_reason};
use crate::units::{Price, UnixMs};

/// A slow source's section at `now`: its value within its limits, else the reason for its absence.
fn section<T: Clone>(
    slow: &Slow<T>,
    now: UnixMs,
    limits: impl Fn(&Dated<T>) -> SectionLimits,
) -> Section<T> {
    match slow {
        Slow::Unknown(reason) if is_reason(reason) => Section::absent(reason),
        // A reason reaches clients, so text that is no machine-readable word is replaced.
        Slow::Unknown(_) => Section::absent(Lack::Unknown.label()),
        Slow::Known(dated) if is_from_the_future(dated.as_of_ms, now) => {
            Section::absent(Lack::FromTheFuture.label())
        }
        Slow::Known(dated) => match limits(dated).classify(now) {
            None => Section::absent(Lack::TooOld.label()),
            Some(freshness) => Section::Present {
                source: dated.source,
                as_of_ms: dated.as_of_ms,
                freshness,
                value: dated.value.clone(),
            },
        },
    }
}

/// The value of a slow source that is known and not shown. A restarted origin compares the
/// publisher's next answer with it.
pub(super) fn withheld<T: Clone>(slow: &Slow<T>, section: &Section<T>) -> Option<Dated<T>> {
    match (slow, section) {
        (Slow::Known(dated), Section::Absent { .. }) => Some(dated.clone()),
        _ => None,
    }
}

pub(super) fn fear_greed(slow: &Slow<FearGreed>, now: UnixMs) -> Section<FearGreed> {
    section(slow, now, |dated| {
        SectionLimits::fear_greed(dated.as_of_ms, &dated.value)
    })
}

pub(super) fn global_market(
    slow: &Slow<GlobalMarket>,
    bitcoin: Price,
    tickers: Source,
    now: UnixMs,
) -> Section<GlobalMarket> {
    let global_market = section(slow, now, |dated| {
        SectionLimits::global_market(dated.as_of_ms)
    });
    whole_market::believed(global_market, bitcoin, tickers)
}

pub(super) fn defi_market(
    slow: &Slow<DefiMarket>,
    whole: &Section<GlobalMarket>,
    now: UnixMs,
) -> Section<DefiMarket> {
    let defi_market = section(slow, now, |dated| {
        SectionLimits::defi_market(dated.as_of_ms)
    });
    whole_market::believed_part(defi_market, whole)
}

/// Funding and open interest, checked against the time of the ticker table that they are of.
pub(super) fn contracts(found: Dated<Contracts>, now: UnixMs) -> Section<Contracts> {
    let as_of = found.as_of_ms;
    let slow = Slow::Known(found);
    checked(&slow, now, SectionLimits::contracts, |value| {
        value.check(as_of)
    })
}

/// Books are checked against the section's own time, which is that of the oldest.
pub(super) fn books(slow: &Slow<Books>, now: UnixMs) -> Section<Books> {
    let as_of = match slow {
        Slow::Known(dated) => dated.as_of_ms,
        Slow::Unknown(_) => now,
    };
    checked(slow, now, SectionLimits::books, |value| value.check(as_of))
}

/// Liquidations are checked against the section's own time, since every sum is of a window that ends
/// there.
pub(super) fn liquidations(slow: &Slow<Liquidations>, now: UnixMs) -> Section<Liquidations> {
    let as_of = match slow {
        Slow::Known(dated) => dated.as_of_ms,
        Slow::Unknown(_) => now,
    };
    checked(slow, now, SectionLimits::liquidations, |value| {
        value.check(as_of)
    })
}

/// A section with rules of its own. A section that breaks them is dropped, and nothing else with
/// it.
pub(super) fn checked<T: Clone, E>(
    slow: &Slow<T>,
    now: UnixMs,
    limits: impl Fn(UnixMs) -> SectionLimits,
    check: impl Fn(&T) -> Result<(), E>,
) -> Section<T> {
    match slow {
        Slow::Known(dated) if check(&dated.value).is_err() => {
            Section::absent(Lack::FailedValidation.label())
        }
        _ => section(slow, now, |dated| limits(dated.as_of_ms)),
    }
}
