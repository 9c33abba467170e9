//! Which time to believe: pure bookkeeping over readings of wall clock and timer, and over the
//! dates of upstreams' answers.
//!
//! Unit: a *lead* is by how much a clock is ahead of the timer, ms; a *correction* is what is added
//! to the wall clock, ms. While wall clock and timer advance alike, leads are constant, so
//! comparing leads compares clocks without waiting.
//!
//! State machine. *Accepted*: the wall clock with one correction (usually 0). A step between the
//! two clocks → *dispute* between candidates: the wall clock as it is now, the timelines that the
//! timer continues, and, when the wall clock went forward as in a suspension, the wall clock with
//! its previous correction. Evidence → *accepted* again.
//!
//! Invariant: in a dispute the latest candidate counts, so data can only look older by it, never
//! younger.
//!
//! Evidence is the date of an upstream's answer. One answer that fits a candidate decides between
//! them. To say that the clock is off by what is no candidate, two upstreams have to agree, because
//! one alone may be wrong itself. A process that only follows calls no upstream; for it, the time
//! of what the leader has just published decides between candidates, and does no more than that.

use shared::units::UnixMs;
use std::collections::BTreeMap;

/// How far the two clocks may drift apart between two readings before that is a step, ms. Above
/// what slewing by NTP makes of them, below what matters to the age of data.
const STEP_MS: i64 = 1_000;

/// How far an upstream's date may be from a timeline that it agrees with, ms: room for truncated
/// seconds and for the time on its way.
const AGREES_MS: i64 = 5_000;

/// How near the wall clock has to be to an upstream's date before a correction is given up, ms.
/// Less than [`AGREES_MS`]: the hysteresis keeps a clock that is off by about that much from
/// alternating.
const TRUSTED_MS: i64 = 3_000;

/// How long evidence counts, ms.
const EVIDENCE_LASTS_MS: i64 = 900_000;

/// The name of another process whose publications are evidence of the time. Its clock is corrected
/// by the same upstreams, so it is no independent witness beside them.
pub const LEADER: &str = "leader";

/// How many upstreams have to agree to move a clock that did not step.
const WITNESSES: usize = 2;

/// Where a wall clock stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Ahead of the timer: it was set forward, or the machine was suspended.
    Forward,
    /// It was set back.
    Backward,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Forward, Self::Backward];

    shared::labels! {
        /// The word in metrics.
        pub const fn name(self) {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The wall clock, Unix milliseconds.
    pub(super) wall_ms: i64,
    /// The timer, milliseconds since some beginning.
    pub(super) timer_ms: i64,
}

impl Reading {
    /// By how much the wall clock leads the timer.
    const fn lead_ms(self) -> i64 {
        self.wall_ms.saturating_sub(self.timer_ms)
    }
}

/// What changed in the time that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The wall clock stepped.
    Stepped { direction: Direction, by_ms: i64 },
    /// From now on the wall clock is corrected by so much.
    Corrected { by_ms: i64 },
    /// The wall clock is believed again.
    Trusted,
}

/// One piece of evidence: by how much the true time leads the timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    at_ms: i64,
    lead_ms: i64,
    /// The same for an answer from a cache, if the cache kept the original date. Caches differ in
    /// that, so either may be true.
    kept_lead_ms: Option<i64>,
}

impl Heard {
    /// The date of an answer, between the times of the request and of its arrival by the timer.
    pub(super) fn of(asked_ms: i64, came_ms: i64, date: UnixMs, age_secs: Option<u64>) -> Self {
        // A date is truncated to the second, and written at some moment between request and
        // arrival. The middle of both spans is the best guess.
        let since_ms = 500 + came_ms.saturating_sub(asked_ms) / 2;
        let date_ms = i64::try_from(date.as_millis()).unwrap_or(i64::MAX);
        let lead_ms = date_ms.saturating_add(since_ms).saturating_sub(came_ms);
        let age_ms = age_secs
            // An age of 0 makes both readings the same.
            .filter(|age| *age > 0)
            .map(|age| i64::try_from(age.saturating_mul(1_000)).unwrap_or(i64::MAX));
        Self {
            at_ms: came_ms,
            lead_ms,
            kept_lead_ms: age_ms.map(|age_ms| lead_ms.saturating_add(age_ms)),
        }
    }

    fn leads(self) -> impl Iterator<Item = i64> {
        std::iter::once(self.lead_ms).chain(self.kept_lead_ms)
    }

    fn distance_ms(self, lead_ms: i64) -> i64 {
        self.leads()
            .map(|heard| distance(heard, lead_ms))
            .min()
            .unwrap_or(i64::MAX)
    }

    fn agrees_with(self, lead_ms: i64) -> bool {
        self.distance_ms(lead_ms) <= AGREES_MS
    }

    /// The later of two leads, one of each, that agree: dates are delayed on their way, never
    /// early.
    fn agreed_with(self, other: Self) -> Option<i64> {
        let pairs = self
            .leads()
            .flat_map(|own| other.leads().map(move |others| (own, others)));
        pairs
            .filter(|(own, others)| distance(*own, *others) <= AGREES_MS)
            .map(|(own, others)| own.max(others))
            .max()
    }
}

const fn distance(a: i64, b: i64) -> i64 {
    a.saturating_sub(b).saturating_abs()
}

/// The corrections between which no evidence has decided yet. No correction (0) is always a
/// candidate.
#[derive(Clone, Copy, Debug)]
struct Dispute {
    /// Of the timeline that the timer continues since the last undisputed reading.
    continued_ms: i64,
    /// Of the timeline that the timer continues since the last step. It differs from the first when
    /// that step happened during a dispute.
    believed_ms: i64,
    /// The correction before the step, when the wall clock went forward: after a suspension a wrong
    /// clock is still wrong by as much.
    kept_ms: Option<i64>,
}

impl Dispute {
    fn candidates(self) -> impl Iterator<Item = i64> {
        [
            Some(0),
            Some(self.continued_ms),
            Some(self.believed_ms),
            self.kept_ms,
        ]
        .into_iter()
        .flatten()
    }
}

/// What is known of the two clocks.
#[derive(Debug)]
pub(super) struct Timeline {
    last: Reading,
    /// What is added to the wall clock while nothing is in dispute, milliseconds.
    accepted_ms: i64,
    dispute: Option<Dispute>,
    /// The last evidence of each source since the last step.
    heard: BTreeMap<&'static str, Heard>,
    forward: u64,
    backward: u64,
}

impl Timeline {
    /// Starts by believing the wall clock: nothing contradicts it yet.
    pub(super) fn beginning(reading: Reading) -> Self {
        Self {
            last: reading,
            accepted_ms: 0,
            dispute: None,
            heard: BTreeMap::new(),
            forward: 0,
            backward: 0,
        }
    }

    /// The last reading.
    pub(super) const fn last(&self) -> Reading {
        self.last
    }

    /// What is added to the wall clock, ms: in a dispute the latest candidate.
    pub(super) fn correction_ms(&self) -> i64 {
        match self.dispute {
            Some(dispute) => dispute.candidates().max().unwrap_or(0),
            None => self.accepted_ms,
        }
    }

    /// How many steps were seen.
    pub(super) const fn steps(&self) -> u64 {
        self.forward.saturating_add(self.backward)
    }

    /// Steps in this direction.
    pub(super) const fn steps_to(&self, direction: Direction) -> u64 {
        match direction {
            Direction::Forward => self.forward,
            Direction::Backward => self.backward,
        }
    }

    /// How far the wall clock is behind the upstream that is nearest to the believed time, ms.
    pub(super) fn behind_ms(&self) -> Option<i64> {
        let believed = self.believed_lead_ms();
        let leads = self.young().flat_map(|(_, heard)| heard.leads());
        let nearest = leads.min_by_key(|lead_ms| distance(*lead_ms, believed))?;
        Some(nearest.saturating_sub(self.last.lead_ms()))
    }

    /// Takes a reading of both clocks. Returns whether they stepped apart since the last.
    pub(super) fn observe(&mut self, reading: Reading) -> Option<Change> {
        let by_ms = reading.lead_ms().saturating_sub(self.last.lead_ms());
        // Drift below a step is followed: slewing is how a right clock is kept right.
        if by_ms.saturating_abs() <= STEP_MS {
            self.last = reading;
            return None;
        }
        let before_ms = self.correction_ms();
        // Steps add up while nothing decides: this timeline started before the first of them.
        let continued_ms = self
            .dispute
            .map_or(self.accepted_ms, |dispute| dispute.continued_ms)
            .saturating_sub(by_ms);
        self.last = reading;
        // Older evidence fits the timeline that the timer continues whether the machine was
        // suspended or the clock was set, so it cannot decide between the two.
        self.heard.clear();
        self.accepted_ms = 0;
        let dispute = Dispute {
            continued_ms,
            believed_ms: before_ms.saturating_sub(by_ms),
            // A clock that was set back was set by somebody; its earlier error says nothing any
            // more.
            kept_ms: Some(before_ms).filter(|before_ms| by_ms > 0 && *before_ms != 0),
        };
        // A step that undoes the one before leaves the wall clock where it was: nothing to decide.
        let is_in_dispute = [dispute.continued_ms, dispute.believed_ms]
            .iter()
            .any(|one| distance(*one, 0) > STEP_MS);
        self.dispute = is_in_dispute.then_some(dispute);
        let direction = if by_ms > 0 {
            Direction::Forward
        } else {
            Direction::Backward
        };
        match direction {
            Direction::Forward => self.forward = self.forward.saturating_add(1),
            Direction::Backward => self.backward = self.backward.saturating_add(1),
        }
        Some(Change::Stepped { direction, by_ms })
    }

    /// Takes a piece of evidence. Returns whether another time is believed now.
    pub(super) fn hear(&mut self, source: &'static str, heard: Heard) -> Option<Change> {
        self.heard.insert(source, heard);
        let is_witness = source != LEADER;
        // In this order: choose a candidate of a dispute, correct by two witnesses, end a
        // correction. The leader is evidence for the first alone.
        let decided = self
            .decided_by(heard)
            .or_else(|| self.witnessed(source, heard).filter(|_| is_witness))
            .or_else(|| self.trusted(source, heard).filter(|_| is_witness))?;
        let before = (
            self.dispute.take().is_some(),
            std::mem::replace(&mut self.accepted_ms, decided),
        );
        match (before, decided) {
            // A dispute that ends with the wall clock changes nothing that would need a log line.
            ((true, _), 0) => None,
            ((_, 0), 0) => None,
            (_, 0) => Some(Change::Trusted),
            (_, by_ms) => Some(Change::Corrected { by_ms }),
        }
    }

    /// The candidate that this evidence decides for: the wall clock's own if near enough, else the
    /// nearest.
    fn decided_by(&self, heard: Heard) -> Option<i64> {
        let wall_lead_ms = self.last.lead_ms();
        let distance_ms =
            |correction_ms: i64| heard.distance_ms(wall_lead_ms.saturating_add(correction_ms));
        let fits = || {
            self.dispute
                .into_iter()
                .flat_map(Dispute::candidates)
                .filter(|one| distance_ms(*one) <= AGREES_MS)
        };
        // An answer from a cache has two possible times. If they fit different candidates, it
        // decides nothing.
        if heard.kept_lead_ms.is_some() && fits().count() > 1 {
            return None;
        }
        // `max(1)` keeps 0 for the wall clock alone: on a tie it needs no correction.
        fits().min_by_key(|one| {
            if *one == 0 && distance_ms(0) <= TRUSTED_MS {
                0
            } else {
                distance_ms(*one).max(1)
            }
        })
    }

    /// The correction on which this evidence and another upstream's agree, against the believed
    /// time.
    fn witnessed(&self, source: &'static str, heard: Heard) -> Option<i64> {
        let believed = self.believed_lead_ms();
        let others = self
            .young()
            .filter(|(other, _)| ![source, LEADER].contains(other))
            .map(|(_, other)| other);
        let contradicting =
            others.filter(|other| !heard.agrees_with(believed) && !other.agrees_with(believed));
        let lead_ms = contradicting
            .filter_map(|other| heard.agreed_with(other))
            .max()?;
        let correction_ms = lead_ms.saturating_sub(self.last.lead_ms());
        // Nearly right is right: a correction of a second would be as inexact as the dates.
        Some(if distance(correction_ms, 0) <= TRUSTED_MS {
            0
        } else {
            correction_ms
        })
    }

    /// No correction, when this evidence says that the wall clock is right and fewer than two other
    /// upstreams support the correction.
    fn trusted(&self, source: &'static str, heard: Heard) -> Option<i64> {
        let believed = self.believed_lead_ms();
        let against = self
            .young()
            .filter(|(other, heard)| *other != source && heard.agrees_with(believed))
            .count();
        let is_corrected = self.dispute.is_none() && self.accepted_ms != 0;
        (is_corrected
            && against < WITNESSES
            && heard.distance_ms(self.last.lead_ms()) <= TRUSTED_MS)
            .then_some(0)
    }

    /// By how much the believed time leads the timer, ms.
    pub(super) fn believed_lead_ms(&self) -> i64 {
        self.last.lead_ms().saturating_add(self.correction_ms())
    }

    /// Whether the believed time left the timer's course since it led it by `before_ms`.
    pub(super) fn has_left(&self, before_ms: i64) -> bool {
        distance(self.believed_lead_ms(), before_ms) > STEP_MS
    }

    /// Evidence that still counts.
    fn young(&self) -> impl Iterator<Item = (&'static str, Heard)> {
        let now_ms = self.last.timer_ms;
        let young = self
            .heard
            .iter()
            .filter(move |(_, heard)| now_ms.saturating_sub(heard.at_ms) <= EVIDENCE_LASTS_MS);
        young.map(|(source, heard)| (*source, *heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEGIN_MS: i64 = 1_788_870_000_000;
    const MINUTE_MS: i64 = 60_000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;

    /// The true time, our two clocks, and what is made of them. The timer is right, unless the
    /// machine sleeps.
    struct Scene {
        timeline: Timeline,
        true_ms: i64,
        /// How far the wall clock is from the truth.
        error_ms: i64,
        timer_ms: i64,
    }

    impl Scene {
        fn with_an_error_of(error_ms: i64) -> Self {
            let reading = Reading {
                wall_ms: BEGIN_MS + error_ms,
                timer_ms: 0,
            };
            Self {
                timeline: Timeline::beginning(reading),
                true_ms: BEGIN_MS,
                error_ms,
                timer_ms: 0,
            }
        }

        fn read(&mut self) -> Option<Change> {
            self.timeline.observe(Reading {
                wall_ms: self.true_ms + self.error_ms,
                timer_ms: self.timer_ms,
            })
        }

        fn pass(&mut self, ms: i64) -> &mut Self {
            self.true_ms += ms;
            self.timer_ms += ms;
            self.read();
            self
        }

        fn sleep(&mut self, ms: i64) -> Option<Change> {
            self.true_ms += ms;
            self.read()
        }

        /// Sets the wall clock by so much.
        fn set(&mut self, by_ms: i64) -> Option<Change> {
            self.error_ms += by_ms;
            self.read()
        }

        /// An upstream tells the time, wrong by so much.
        fn hear(&mut self, source: &'static str, error_ms: i64) -> Option<Change> {
            self.hear_of_age(source, error_ms, None)
        }

        fn hear_of_age(
            &mut self,
            source: &'static str,
            error_ms: i64,
            age_secs: Option<u64>,
        ) -> Option<Change> {
            let date = UnixMs::from_secs((self.true_ms + error_ms).cast_unsigned() / 1_000);
            self.timeline.hear(
                source,
                Heard::of(self.timer_ms, self.timer_ms, date, age_secs),
            )
        }

        /// How far what is believed is from the truth.
        fn error(&self) -> i64 {
            self.timeline.last().wall_ms + self.timeline.correction_ms() - self.true_ms
        }

        #[track_caller]
        fn check_error(&self, expected_ms: i64) {
            assert!(
                distance(self.error(), expected_ms) <= 1_000,
                "off by {} and not by {expected_ms}",
                self.error()
            );
        }
    }

    #[test]
    fn a_wall_clock_that_goes_with_the_timer_is_believed() {
        let mut scene = Scene::with_an_error_of(0);
        for _ in 0..100 {
            scene.set(900);
            scene.pass(2_000).set(-900);
        }
        assert_eq!((scene.error(), scene.timeline.steps()), (0, 0));
        assert_eq!(scene.timeline.behind_ms(), None, "nobody was heard");
    }

    #[test]
    fn set_back_the_time_goes_on_until_one_upstream_decides() {
        for (told_ms, settled_ms) in [(0, 0), (-10 * MINUTE_MS, -10 * MINUTE_MS)] {
            let mut scene = Scene::with_an_error_of(0);
            let step = scene.set(-10 * MINUTE_MS);
            assert_eq!(
                step,
                Some(Change::Stepped {
                    direction: Direction::Backward,
                    by_ms: -10 * MINUTE_MS
                })
            );
            scene.pass(MINUTE_MS).check_error(0);
            scene.hear("bybit", told_ms);
            scene.check_error(settled_ms);
            scene.pass(MINUTE_MS).check_error(settled_ms);
        }
    }

    #[test]
    fn set_forward_data_is_old_at_once_until_one_upstream_decides() {
        let mut scene = Scene::with_an_error_of(0);
        scene.set(10 * MINUTE_MS);
        scene.check_error(10 * MINUTE_MS);
        assert!(matches!(
            scene.hear("bybit", 0),
            Some(Change::Corrected { .. })
        ));
        scene.pass(MINUTE_MS).check_error(0);
        scene.set(-10 * MINUTE_MS);
        scene.check_error(0);
        assert_eq!(
            scene.timeline.correction_ms(),
            0,
            "both clocks agree again, and nobody has to decide"
        );
        assert_eq!(
            (
                scene.timeline.steps_to(Direction::Forward),
                scene.timeline.steps_to(Direction::Backward)
            ),
            (1, 1)
        );
    }

    #[test]
    fn set_forward_and_back_before_anybody_was_heard_it_may_still_have_slept() {
        let mut scene = Scene::with_an_error_of(0);
        scene.set(10 * MINUTE_MS);
        scene.set(-10 * MINUTE_MS);
        scene.check_error(10 * MINUTE_MS);
        scene.hear("bybit", 0);
        scene.check_error(0);
        assert_eq!(scene.timeline.correction_ms(), 0);
    }

    #[test]
    fn after_a_sleep_the_wall_clock_counts_at_once_and_stays() {
        let mut scene = Scene::with_an_error_of(0);
        scene.hear("bybit", 0);
        scene.sleep(6 * HOUR_MS);
        scene.check_error(0);
        assert_eq!(scene.hear("bybit", 0), None);
        scene.pass(MINUTE_MS).check_error(0);
    }

    #[test]
    fn a_sleep_keeps_a_correction() {
        let mut scene = Scene::with_an_error_of(-10 * MINUTE_MS);
        scene.hear("bybit", 0);
        scene.hear("coingecko", 0);
        scene.check_error(0);
        scene.sleep(6 * HOUR_MS);
        scene.check_error(0);
        scene.hear("bybit", 0);
        scene.check_error(0);
    }

    #[test]
    fn wrong_from_the_start_two_upstreams_that_agree_move_our_clock_and_one_does_not() {
        for error_ms in [-10 * MINUTE_MS, 10 * MINUTE_MS, 6_500, -6_500] {
            let mut scene = Scene::with_an_error_of(error_ms);
            assert_eq!(scene.hear("bybit", 0), None);
            assert_eq!(
                scene.pass(2_000).hear("bybit", 0),
                None,
                "one alone, however often it says so"
            );
            scene.check_error(error_ms);
            assert_eq!(
                scene.hear("alternative_me", 7 * HOUR_MS),
                None,
                "they do not agree"
            );
            assert!(matches!(
                scene.hear("coingecko", 0),
                Some(Change::Corrected { .. })
            ));
            scene.pass(2_000).check_error(0);
            let behind_ms = scene.timeline.behind_ms().unwrap();
            assert!(distance(behind_ms, -error_ms) <= 1_000, "{behind_ms}");
        }
    }

    #[test]
    fn one_upstream_that_is_wrong_moves_nothing() {
        for wrong_ms in [-HOUR_MS, -20_000, 20_000, HOUR_MS] {
            let mut scene = Scene::with_an_error_of(0);
            for _ in 0..500 {
                assert_eq!(scene.hear("bybit", wrong_ms), None);
                assert_eq!(scene.hear("coingecko", 0), None);
                scene.pass(2_000).check_error(0);
            }
            assert!(distance(scene.timeline.behind_ms().unwrap(), 0) <= 1_000);
        }
    }

    #[test]
    fn a_correction_ends_when_the_wall_clock_is_right() {
        let mut scene = Scene::with_an_error_of(8_000);
        scene.hear("bybit", 0);
        scene.hear("coingecko", 0);
        // It is brought back little by little, so that there is no step.
        for _ in 0..16 {
            scene.set(-500);
            scene.pass(2_000).hear("bybit", 0);
        }
        assert_eq!((scene.timeline.correction_ms(), scene.error()), (0, 0));
        assert_eq!(scene.timeline.steps(), 0);
    }

    #[test]
    fn near_the_limit_nothing_goes_to_and_fro() {
        for error_ms in [-5_600, -5_000, -4_400, 4_400, 5_000, 5_600] {
            let mut scene = Scene::with_an_error_of(error_ms);
            let mut changes = 0;
            for round in 0..300 {
                let jitter_ms = (round * 379) % 1_400 - 700;
                changes += i32::from(scene.hear("bybit", jitter_ms).is_some());
                changes += i32::from(scene.hear("coingecko", -jitter_ms).is_some());
                scene.pass(1_700);
            }
            assert!(
                changes <= 1,
                "{changes} changes with an error of {error_ms}"
            );
        }
    }

    #[test]
    fn what_another_process_publishes_decides_and_moves_nothing_else() {
        let mut scene = Scene::with_an_error_of(0);
        scene.set(-10 * MINUTE_MS);
        scene.hear(LEADER, -10 * MINUTE_MS);
        scene.check_error(-10 * MINUTE_MS);
        assert_eq!(scene.hear(LEADER, 0), None);
        assert_eq!(scene.hear("bybit", 0), None, "it is no witness");
        assert_eq!(scene.hear(LEADER, 0), None);
        scene.check_error(-10 * MINUTE_MS);
        scene.hear("coingecko", 0);
        scene.check_error(0);
        assert_eq!(
            scene.hear(LEADER, -10 * MINUTE_MS),
            None,
            "nor does it end a correction"
        );
        scene.check_error(0);
    }

    #[test]
    fn what_was_said_long_ago_does_not_count() {
        let mut scene = Scene::with_an_error_of(-HOUR_MS);
        scene.hear("alternative_me", 0);
        scene.pass(EVIDENCE_LASTS_MS + 1);
        assert_eq!(scene.timeline.behind_ms(), None);
        assert_eq!(scene.hear("bybit", 0), None);
        scene.check_error(-HOUR_MS);
    }

    #[test]
    fn what_was_said_before_a_step_does_not_count() {
        let mut scene = Scene::with_an_error_of(0);
        scene.hear("bybit", 0);
        scene.sleep(6 * HOUR_MS);
        // By the timer this is as if nothing were; it fits neither candidate, and what Bybit said
        // is no second witness.
        assert_eq!(scene.hear("coingecko", -3 * HOUR_MS), None);
        scene.check_error(0);
    }

    #[test]
    fn an_answer_from_a_cache_tells_one_of_two_times() {
        let mut scene = Scene::with_an_error_of(-10 * MINUTE_MS);
        scene.hear("bybit", 0);
        // A cache that leaves the date as it was, and one that renews it.
        scene.hear_of_age("coingecko", -300_000, Some(300));
        scene.check_error(0);
        let mut scene = Scene::with_an_error_of(-10 * MINUTE_MS);
        scene.hear("bybit", 0);
        scene.hear_of_age("coingecko", 0, Some(300));
        scene.check_error(0);
        // One of both times is that of the wall clock: no evidence against it.
        let mut scene = Scene::with_an_error_of(0);
        scene.hear("bybit", 600_000);
        assert_eq!(scene.hear_of_age("coingecko", 0, Some(600)), None);
        scene.check_error(0);
    }

    #[derive(Clone, Debug)]
    enum Event {
        Pass(i64),
        Sleep(i64),
        Set(i64),
        Hear(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            (0_i64..20 * MINUTE_MS).prop_map(Event::Pass),
            (0_i64..10 * HOUR_MS).prop_map(Event::Sleep),
            (-HOUR_MS..HOUR_MS).prop_map(Event::Set),
            (0_usize..3).prop_map(Event::Hear),
        ];
        proptest::collection::vec(event, 1..40)
    }

    proptest! {
        #[test]
        fn whatever_steps_our_clock_is_right_once_two_upstreams_were_heard(events in events()) {
            const SOURCES: [&str; 3] = ["bybit", "coingecko", "alternative_me"];
            let mut scene = Scene::with_an_error_of(0);
            for event in events {
                let before = scene.true_ms + scene.error();
                match event {
                    Event::Pass(ms) => { scene.pass(ms); }
                    Event::Sleep(ms) => { scene.sleep(ms); }
                    Event::Set(ms) => { scene.set(ms); }
                    Event::Hear(which) => { scene.hear(SOURCES[which], 0); }
                }
                let after = scene.true_ms + scene.error();
                // Without evidence data ages at least by the time that passed.
                let passed_ms = if let Event::Pass(ms) = event { ms } else { 0 };
                if !matches!(event, Event::Hear(_)) {
                    prop_assert!(after - before >= passed_ms - STEP_MS, "{event:?}");
                }
            }
            scene.hear("bybit", 0);
            scene.hear("coingecko", 0);
            prop_assert!(distance(scene.error(), 0) <= AGREES_MS + 1_000, "off by {}", scene.error());
        }
    }
}
