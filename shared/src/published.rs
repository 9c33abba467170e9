//! The outlier filter for figures that a publisher renews: CoinGecko's market and DeFi figures, and
//! the Fear & Greed index.
//!
//! A new answer is compared with the one that is held, in this order: another source replaces it;
//! the same figures again change nothing; an older answer changes nothing; a figure that jumps is
//! held back until another answer confirms it; anything else replaces it.
//!
//! State: the last answer that jumped. The held answer belongs to the caller.
//!
//! Invariants: while a new answer is held back the held one keeps its own time and expires by its
//! own limits. Figures that equal the held ones in every digit are the same publication, whatever
//! time comes with them, so they neither make the held ones younger nor confirm a jump.

use crate::exchange::Detail;
use crate::freshness::{ClockAhead, SectionLimits, table_time};
use crate::market::{Dated, DefiMarket, FearGreed, GlobalMarket};
use crate::units::UnixMs;

/// The factor between two answers above which a total counts as a jump, in either direction.
pub const MAX_FACTOR: f64 = 1.5;

/// How many points of a hundred the index may move between two answers without counting as a jump.
pub const MAX_POINTS: f64 = 40.0;

/// How near to the suspect another answer must be to confirm it: one part in ten of a total, or ten
/// points of the index.
const CONFIRMS_WITHIN: f64 = 0.1;

/// How long the DeFi figures may have been true before they are first seen, milliseconds. The
/// publisher renews them every hour and sends no time with them.
pub const DEFI_PERIOD_MS: u64 = 3_600_000;

/// Why an answer that can be read is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// A time in the future. The age of the figures is then unknown.
    #[error("the figures are dated {ahead_ms} ms ahead")]
    FromTheFuture {
        /// How far ahead of the receipt.
        ahead_ms: u64,
    },
    /// A figure far from the one before, which no other answer has confirmed.
    #[error("{figure} leapt from {before} to {after}")]
    Leapt {
        /// The figure's name.
        figure: &'static str,
        /// The held value.
        before: Detail,
        /// The new value.
        after: Detail,
    },
}

impl Doubt {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::FromTheFuture { .. } => "from_the_future",
            Self::Leapt { .. } => "figure_leapt",
        }
    }
}

/// The data time of figures: the time that their publisher states.
///
/// A publisher's clock may be slightly ahead of ours; figures then count as of their receipt. A
/// clock far ahead (milliseconds sent for seconds, a date of tomorrow) tells nothing about the age,
/// and the receipt does not replace it: stale figures would look new.
///
/// # Errors
/// [`Doubt::FromTheFuture`].
pub fn told_time(told: UnixMs, received_at: UnixMs) -> Result<UnixMs, Doubt> {
    table_time(told, received_at)
        .map_err(|ClockAhead { ahead_ms }| Doubt::FromTheFuture { ahead_ms })
}

/// The earliest data time of DeFi figures received now. Their publisher states none, and they may
/// be a period old. A lower bound never shows them as younger than they are.
#[must_use]
pub fn earliest_defi_time(received_at: UnixMs) -> UnixMs {
    UnixMs::from_millis(received_at.as_millis().saturating_sub(DEFI_PERIOD_MS))
}

/// Figures that a publisher renews from time to time.
pub trait Published: PartialEq + Clone {
    /// The ages at which they stop being fresh, and usable.
    fn limits(dated: &Dated<Self>) -> SectionLimits;

    /// Whether equal figures mean the same publication. True for figures with many digits, which
    /// are never equal by chance.
    const EQUAL_IS_SAME: bool;

    /// The figures that are checked for jumps, each with its name. The rest of the answer follows
    /// them.
    fn steady(&self) -> Vec<(&'static str, Figure)>;
}

/// A figure and how it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// By its factor.
    Total(f64),
    /// By its difference.
    Points(f64),
}

impl Figure {
    fn get(self) -> f64 {
        match self {
            Self::Total(value) | Self::Points(value) => value,
        }
    }

    fn quoted(self) -> Detail {
        Detail::new(&self.get().to_string())
    }

    fn is_near(self, other: Self, factor: f64, points: f64) -> bool {
        let (one, other_value) = (self.get(), other.get());
        match self {
            // Comparisons with NaN are false, so NaN is never near.
            Self::Total(_) => one <= other_value * factor && other_value <= one * factor,
            Self::Points(_) => (one - other_value).abs() <= points,
        }
    }
}

impl Published for GlobalMarket {
    const EQUAL_IS_SAME: bool = true;

    fn limits(dated: &Dated<Self>) -> SectionLimits {
        SectionLimits::global_market(dated.as_of_ms)
    }

    fn steady(&self) -> Vec<(&'static str, Figure)> {
        vec![
            (
                "total_market_cap",
                Figure::Total(self.total_market_cap.get()),
            ),
            ("volume_24h", Figure::Total(self.volume_24h.get())),
        ]
    }
}

impl Published for DefiMarket {
    const EQUAL_IS_SAME: bool = true;

    fn limits(dated: &Dated<Self>) -> SectionLimits {
        SectionLimits::defi_market(dated.as_of_ms)
    }

    fn steady(&self) -> Vec<(&'static str, Figure)> {
        let volume = self
            .volume_24h
            .map(|volume| ("volume_24h", Figure::Total(volume.get())));
        [("market_cap", Figure::Total(self.market_cap.get()))]
            .into_iter()
            .chain(volume)
            .collect()
    }
}

impl Published for FearGreed {
    /// The index is a whole number from 0 to 100, so two days often have the same one.
    const EQUAL_IS_SAME: bool = false;

    fn limits(dated: &Dated<Self>) -> SectionLimits {
        SectionLimits::fear_greed(dated.as_of_ms, &dated.value)
    }

    fn steady(&self) -> Vec<(&'static str, Figure)> {
        vec![("value", Figure::Points(self.value.get()))]
    }
}

/// Holds back answers whose figures jump, until another answer confirms them.
#[derive(Clone, Debug, Default)]
pub struct LeapFilter<T> {
    suspect: Option<T>,
}

/// What to do with an answer that is not held back.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<T> {
    /// It replaces the held one.
    Take(Dated<T>),
    /// It is no newer than the held one, which stays with the time that it has.
    Keep,
}

impl<T: Published> LeapFilter<T> {
    /// A filter without a suspect.
    #[must_use]
    pub const fn new() -> Self {
        Self { suspect: None }
    }

    /// Compares an answer with the held one at `now`. A held answer past its usable limit is no
    /// reference.
    ///
    /// # Errors
    /// [`Doubt::Leapt`] until another answer confirms it.
    pub fn examine(
        &mut self,
        found: Dated<T>,
        held: Option<&Dated<T>>,
        now: UnixMs,
    ) -> Result<Verdict<T>, Doubt> {
        // Two sources differ by more than a jump, so they are not compared. A change of source is a
        // decision of the caller.
        let held = held.filter(|held| held.source == found.source);
        // Checked before the limit below. A publisher that stands still repeats its figures after
        // they have expired; accepted then as a new answer, they would start a new life.
        if held.is_some_and(|held| is_same(&held.value, &found.value)) {
            self.suspect = None;
            return Ok(Verdict::Keep);
        }
        let Some(held) = held.filter(|held| T::limits(held).classify(now).is_some()) else {
            self.suspect = None;
            return Ok(Verdict::Take(found));
        };
        // Answers of two requests can arrive out of order.
        if found.as_of_ms < held.as_of_ms {
            return Ok(Verdict::Keep);
        }
        let Some(doubt) = first_jump(&held.value, &found.value) else {
            self.suspect = None;
            return Ok(Verdict::Take(found));
        };
        // The same publication fetched again is no second opinion, so the suspect stays.
        match &self.suspect {
            Some(suspect) if is_same(suspect, &found.value) => Err(doubt),
            Some(suspect) if is_confirmed(suspect, &found.value) => {
                self.suspect = None;
                Ok(Verdict::Take(found))
            }
            // Either the first jump, or one that does not confirm the suspect: the newest is
            // compared next.
            _ => {
                self.suspect = Some(found.value);
                Err(doubt)
            }
        }
    }
}

/// Whether two answers are the same publication: equal figures, where that is no chance.
#[must_use]
pub fn is_same<T: Published>(one: &T, other: &T) -> bool {
    T::EQUAL_IS_SAME && one == other
}

/// The first figure that jumped. A figure that only one of the two answers has is not compared.
fn first_jump<T: Published>(before: &T, after: &T) -> Option<Doubt> {
    let before = before.steady();
    after.steady().into_iter().find_map(|(figure, after)| {
        let (_, before) = before.iter().find(|(name, _)| *name == figure)?;
        // Only figures of the same name are compared, so an added figure is never a jump.
        let is_near = after.is_near(*before, MAX_FACTOR, MAX_POINTS);
        (!is_near).then(|| Doubt::Leapt {
            figure,
            before: before.quoted(),
            after: after.quoted(),
        })
    })
}

fn is_confirmed<T: Published>(suspect: &T, found: &T) -> bool {
    let suspect = suspect.steady();
    found.steady().into_iter().all(|(figure, after)| {
        let before = suspect.iter().find(|(name, _)| *name == figure);
        // A figure that the suspect lacks cannot contradict it.
        before.is_none_or(|(_, before)| {
            after.is_near(*before, 1.0 + CONFIRMS_WITHIN, 100.0 * CONFIRMS_WITHIN)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::{Source, Venue};
    use crate::units::{Amount, Share};
    use proptest::prelude::*;

    const MINUTE_MS: u64 = 60_000;

    const BEGAN: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn at(minute: u64) -> UnixMs {
        BEGAN.plus_millis(minute * MINUTE_MS)
    }

    fn global(market_cap: f64, volume: f64, minute: u64) -> Dated<GlobalMarket> {
        let value = GlobalMarket {
            total_market_cap: Amount::new(market_cap).unwrap(),
            volume_24h: Amount::new(volume).unwrap(),
            market_cap_change_24h_pct: None,
            btc_dominance: None,
            eth_dominance: None,
            stablecoin_dominance: None,
            active_cryptocurrencies: None,
        };
        Dated {
            value,
            as_of_ms: at(minute),
            source: Source::live(Venue::CoinGecko),
        }
    }

    fn index(value: f64, minute: u64) -> Dated<FearGreed> {
        let value = FearGreed {
            value: Share::new(value).unwrap(),
            label: "Fear".to_owned(),
            next_update_ms: Some(at(9_999)),
        };
        Dated {
            value,
            as_of_ms: at(minute),
            source: Source::live(Venue::AlternativeMe),
        }
    }

    /// What is held, and the filter that guards it.
    struct Holder<T> {
        held: Option<Dated<T>>,
        filter: LeapFilter<T>,
    }

    impl<T: Published + std::fmt::Debug> Holder<T> {
        fn of(held: Dated<T>) -> Self {
            Self {
                held: Some(held),
                filter: LeapFilter::new(),
            }
        }

        #[track_caller]
        fn check(&mut self, found: Dated<T>, minute: u64, expected: &str) {
            let shown = found.clone();
            let told = match self.filter.examine(found, self.held.as_ref(), at(minute)) {
                Ok(Verdict::Take(taken)) => {
                    assert_eq!(taken, shown);
                    self.held = Some(taken);
                    "taken"
                }
                Ok(Verdict::Keep) => "kept",
                Err(doubt) => doubt.label(),
            };
            assert_eq!(told, expected, "{shown:?} at minute {minute}");
        }
    }

    #[test]
    fn a_move_within_the_bounds_is_believed_at_once() {
        let mut holder = Holder::of(global(2e12, 1e11, 0));
        holder.check(global(3e12, 1.5e11, 10), 10, "taken");
        holder.check(global(2.01e12, 1.01e11, 20), 20, "taken");
    }

    #[test]
    fn a_leap_is_held_back_until_another_publication_says_the_same() {
        for (cap, volume) in [(4e12, 1e11), (1e12, 1e11), (2e12, 2e11), (2e12, 0.5e11)] {
            let mut holder = Holder::of(global(2e12, 1e11, 0));
            holder.check(global(cap, volume, 10), 10, "figure_leapt");
            holder.check(global(cap, volume, 10), 11, "figure_leapt");
            holder.check(global(cap, volume, 20), 20, "figure_leapt");
            holder.check(global(cap * 1.05, volume * 0.95, 30), 30, "taken");
        }
    }

    #[test]
    fn a_leap_and_back_confirms_nothing() {
        let mut holder = Holder::of(global(2e12, 1e11, 0));
        holder.check(global(4e12, 1e11, 10), 10, "figure_leapt");
        holder.check(global(2.1e12, 1e11, 20), 20, "taken");
        holder.check(global(4.1e12, 1e11, 30), 30, "figure_leapt");
        holder.check(global(8e12, 1e11, 40), 40, "figure_leapt");
        holder.check(global(4.2e12, 1e11, 50), 50, "figure_leapt");
        holder.check(global(4.3e12, 1e11, 60), 60, "taken");
    }

    #[test]
    fn what_is_past_its_limit_says_nothing_about_what_follows() {
        let mut holder = Holder::of(global(2e12, 1e11, 0));
        holder.check(global(4e12, 1e11, 120), 120, "figure_leapt");
        holder.check(global(4e12, 1e11, 121), 121, "taken");
        let mut nothing = Holder {
            held: None,
            filter: LeapFilter::new(),
        };
        nothing.check(global(4e12, 1e11, 0), 0, "taken");
    }

    #[test]
    fn the_same_figures_again_are_no_younger_and_older_ones_change_nothing() {
        let mut holder = Holder::of(global(2e12, 1e11, 10));
        holder.check(global(2e12, 1e11, 20), 20, "kept");
        holder.check(global(2.1e12, 1e11, 9), 20, "kept");
        holder.check(global(2e12, 1e11, 600), 600, "kept");
        assert_eq!(holder.held.map(|held| held.as_of_ms), Some(at(10)));
    }

    #[test]
    fn the_index_may_stay_as_it_is_for_days() {
        let mut holder = Holder::of(index(50.0, 0));
        holder.check(index(50.0, 1_440), 1_450, "taken");
        holder.check(index(90.0, 2_880), 2_890, "taken");
        holder.check(index(49.0, 2_880), 2_900, "figure_leapt");
        holder.check(index(40.0, 2_880), 2_901, "taken");
    }

    #[test]
    fn figures_of_another_source_are_not_compared() {
        let mut holder = Holder::of(global(2e12, 1e11, 0));
        let replayed = Source {
            feed: crate::provenance::Feed::Replayed,
            ..Source::live(Venue::CoinGecko)
        };
        holder.check(
            Dated {
                source: replayed,
                ..global(9e12, 1e11, 0)
            },
            1,
            "taken",
        );
    }

    #[test]
    fn a_side_figure_that_one_answer_lacks_is_no_leap() {
        let defi = |volume: Option<f64>| DefiMarket {
            market_cap: Amount::new(1e11).unwrap(),
            volume_24h: volume.map(|volume| Amount::new(volume).unwrap()),
            dominance: None,
        };
        assert_eq!(first_jump(&defi(None), &defi(Some(5e9))), None);
        assert_eq!(first_jump(&defi(Some(5e9)), &defi(None)), None);
        assert!(first_jump(&defi(Some(5e9)), &defi(Some(8e9))).is_some());
    }

    #[track_caller]
    fn check_time(told_ahead_ms: i64, expected: Result<i64, u64>) {
        let moment =
            |ahead: i64| UnixMs::from_millis(BEGAN.as_millis().saturating_add_signed(ahead));
        let expected = expected
            .map(moment)
            .map_err(|ahead_ms| Doubt::FromTheFuture { ahead_ms });
        assert_eq!(told_time(moment(told_ahead_ms), BEGAN), expected);
    }

    #[test]
    fn a_time_that_is_not_yet_is_never_replaced_by_the_receipt() {
        check_time(-60_000, Ok(-60_000));
        check_time(5_000, Ok(0));
        check_time(5_001, Err(5_001));
        check_time(86_400_000, Err(86_400_000));
    }

    proptest! {
        #[test]
        fn nothing_that_leapt_is_taken_without_a_second_answer_near_it(
            caps in proptest::collection::vec(1e11_f64..1e14, 1..12)
        ) {
            let mut filter = LeapFilter::new();
            let mut held = global(2e12, 1e11, 0);
            let mut before: Option<f64> = None;
            for (minute, cap) in (1..).zip(caps) {
                let found = global(cap, 1e11, minute);
                let leapt = first_jump(&held.value, &found.value).is_some();
                if let Ok(Verdict::Take(taken)) = filter.examine(found, Some(&held), at(minute)) {
                    let is_confirmed = before.is_some_and(|before| cap <= before * 1.1 && before <= cap * 1.1);
                    prop_assert!(!leapt || is_confirmed, "{cap} after {before:?}, held {held:?}");
                    held = taken;
                }
                before = Some(cap);
            }
        }
    }
}
