//! A snapshot as it is served: its parts in the class of their age at that moment, not at that of
//! assembly.

use super::{Lack, Producer, Section, Snapshot, Stated};
use crate::freshness::{Freshness, SectionLimits};
use crate::units::UnixMs;
use std::borrow::Cow;

/// What becomes of a section.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stays as it is.
    Same,
    /// It stays, in this class.
    Becomes(Freshness),
    /// It is past its limit.
    Ends,
}

impl Fate {
    fn of<T>(
        section: &Section<T>,
        limits: impl FnOnce(UnixMs, &T) -> SectionLimits,
        now: UnixMs,
    ) -> Self {
        let Section::Present {
            as_of_ms,
            freshness,
            value,
            ..
        } = section
        else {
            return Self::Same;
        };
        match limits(*as_of_ms, value).classify(now) {
            None => Self::Ends,
            // Whoever assembled it may have had a reason to call it older.
            Some(class) if class > *freshness => Self::Becomes(class),
            Some(_) => Self::Same,
        }
    }

    fn befall<T>(self, section: &mut Section<T>) {
        match (self, section) {
            (Self::Becomes(class), Section::Present { freshness, .. }) => *freshness = class,
            (Self::Ends, section) => *section = Section::absent(Lack::TooOld.label()),
            (Self::Same | Self::Becomes(_), _) => {}
        }
    }
}

fn stated<T: Clone>(section: &Section<T>) -> Option<Stated<T>> {
    match section {
        Section::Present {
            source,
            as_of_ms,
            value,
            ..
        } => Some(Stated {
            source: *source,
            as_of_ms: *as_of_ms,
            value: value.clone(),
        }),
        Section::Absent { .. } => None,
    }
}

impl Snapshot {
    /// The snapshot with every part that has a time of its own in its class at `now`, and without
    /// those that are past their limit by then. No part becomes younger.
    #[must_use]
    pub fn served_at(&self, now: UnixMs) -> Cow<'_, Self> {
        let global_market = Fate::of(
            &self.global_market,
            |as_of, _| SectionLimits::global_market(as_of),
            now,
        );
        let defi_market = Fate::of(
            &self.defi_market,
            |as_of, _| SectionLimits::defi_market(as_of),
            now,
        );
        let fear_greed = Fate::of(&self.fear_greed, SectionLimits::fear_greed, now);
        let beta = Fate::of(&self.beta, |as_of, _| SectionLimits::beta(as_of), now);
        let performance = Fate::of(
            &self.performance,
            |as_of, _| SectionLimits::performance(as_of),
            now,
        );
        let statistics = Fate::of(
            &self.statistics,
            |as_of, _| SectionLimits::statistics(as_of),
            now,
        );
        let alerts = Fate::of(&self.alerts, |as_of, _| SectionLimits::alerts(as_of), now);
        let fates = [
            global_market,
            defi_market,
            fear_greed,
            beta,
            performance,
            statistics,
            alerts,
        ];
        if fates.iter().all(|fate| *fate == Fate::Same) {
            return Cow::Borrowed(self);
        }
        let mut served = self.clone();
        if self.producer == Producer::Origin {
            // The publisher may go on telling the same for hours.
            if global_market == Fate::Ends {
                served.withheld.global_market = stated(&self.global_market);
            }
            if defi_market == Fate::Ends {
                served.withheld.defi_market = stated(&self.defi_market);
            }
        }
        global_market.befall(&mut served.global_market);
        defi_market.befall(&mut served.defi_market);
        fear_greed.befall(&mut served.fear_greed);
        if fear_greed == Fate::Ends {
            // The index in a word; no index, no word.
            served.regime.sentiment = None;
        }
        beta.befall(&mut served.beta);
        performance.befall(&mut served.performance);
        statistics.befall(&mut served.statistics);
        alerts.befall(&mut served.alerts);
        Cow::Owned(served)
    }
}
