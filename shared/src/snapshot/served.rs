//! A snapshot as it is served: its sections in the class of their age at that moment, not at
//! assembly.
//!
//! A snapshot is assembled once and served for minutes, during which its slow sections age.
//! Invariant: no section ever becomes younger, and a section past its limit is absent.

use super::{Lack, Producer, Section, Snapshot};
use crate::freshness::{Freshness, SectionLimits};
use crate::units::UnixMs;
use std::borrow::Cow;

/// What happens to a section at a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transition {
    /// It stays as it is.
    Same,
    /// It stays, in this class.
    Becomes(Freshness),
    /// It is past its limit.
    Ends,
}

impl Transition {
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
            // The assembler may have had a reason to call it older, so a class is only ever raised.
            Some(class) if class > *freshness => Self::Becomes(class),
            Some(_) => Self::Same,
        }
    }

    fn apply<T>(self, section: &mut Section<T>) {
        match (self, section) {
            (Self::Becomes(class), Section::Present { freshness, .. }) => *freshness = class,
            (Self::Ends, section) => *section = Section::absent(Lack::TooOld.label()),
            (Self::Same | Self::Becomes(_), _) => {}
        }
    }
}

impl Snapshot {
    /// The snapshot with every part that has a time of its own in its class at `now`, and without
    /// those that are past their limit by then. No part becomes younger.
    #[must_use]
    pub fn served_at(&self, now: UnixMs) -> Cow<'_, Self> {
        let global_market = Transition::of(
            &self.global_market,
            |as_of, _| SectionLimits::global_market(as_of),
            now,
        );
        let defi_market = Transition::of(
            &self.defi_market,
            |as_of, _| SectionLimits::defi_market(as_of),
            now,
        );
        let fear_greed = Transition::of(&self.fear_greed, SectionLimits::fear_greed, now);
        let beta = Transition::of(&self.beta, |as_of, _| SectionLimits::beta(as_of), now);
        let performance = Transition::of(
            &self.performance,
            |as_of, _| SectionLimits::performance(as_of),
            now,
        );
        let statistics = Transition::of(
            &self.statistics,
            |as_of, _| SectionLimits::statistics(as_of),
            now,
        );
        let liquidations = Transition::of(
            &self.liquidations,
            |as_of, _| SectionLimits::liquidations(as_of),
            now,
        );
        let contracts = Transition::of(
            &self.contracts,
            |as_of, _| SectionLimits::contracts(as_of),
            now,
        );
        let books = Transition::of(&self.books, |as_of, _| SectionLimits::books(as_of), now);
        let alerts = Transition::of(&self.alerts, |as_of, _| SectionLimits::alerts(as_of), now);
        let transitions = [
            global_market,
            defi_market,
            fear_greed,
            beta,
            performance,
            statistics,
            liquidations,
            contracts,
            books,
            alerts,
        ];
        if transitions
            .iter()
            .all(|transition| *transition == Transition::Same)
        {
            // The usual case: a snapshot lives for seconds, a section for minutes, so nothing is
            // copied.
            return Cow::Borrowed(self);
        }
        let mut served = self.clone();
        if self.producer == Producer::Origin {
            // The publisher may repeat the same figures for hours. A process that goes on from this
            // snapshot then recognises them as old.
            if global_market == Transition::Ends {
                served.withheld.global_market = self.global_market.dated().ok();
            }
            if defi_market == Transition::Ends {
                served.withheld.defi_market = self.defi_market.dated().ok();
            }
        }
        global_market.apply(&mut served.global_market);
        defi_market.apply(&mut served.defi_market);
        fear_greed.apply(&mut served.fear_greed);
        if fear_greed == Transition::Ends {
            // The regime's sentiment is the index in a word, and goes with it.
            served.regime.sentiment = None;
        }
        beta.apply(&mut served.beta);
        performance.apply(&mut served.performance);
        statistics.apply(&mut served.statistics);
        liquidations.apply(&mut served.liquidations);
        contracts.apply(&mut served.contracts);
        books.apply(&mut served.books);
        alerts.apply(&mut served.alerts);
        Cow::Owned(served)
    }
}
