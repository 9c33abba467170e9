//! The only module that reads the clock: the machine's wall clock, corrected where it is known to
//! be wrong.
//!
//! Two kinds of time. Wall time is for what is about calendar time: when a candle closes, how old
//! data is. Durations are measured by [`Instant`], because a wall clock may be set, and keeps
//! running while the machine is suspended.
//!
//! State: one `Timeline` behind a lock, shared by all clones. Every call reads both clocks, lets
//! the timeline detect a step between them, and returns the wall time with the correction that is
//! believed. `timeline` decides which correction that is, by the dates of upstreams' answers.
//!
//! Invariant: on doubt, time is later rather than earlier, so that data looks older, never younger.

mod timeline;
mod wall;

use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use timeline::{Change, Heard, Timeline};
use tokio::sync::watch;
use tokio::time::Instant;
use wall::millis;

pub use timeline::{Direction, LEADER};
pub use wall::Wall;

/// Both clocks are read again when more time than this passed between the two readings: a thread
/// that was descheduled in between would see a step that never was.
const READ_WITHIN: Duration = Duration::from_millis(50);

/// The slowest answer that is still evidence of the time, ms. Its date is from an unknown moment on
/// its way.
const SLOWEST_ANSWER_MS: i64 = 6_000;

/// How often both clocks are read before the last reading is accepted as it is.
const READINGS: u32 = 4;

/// Tells the time. Clones share what is known of the wall clock.
///
/// A clock is passed to whatever needs the time; nothing reads the machine's clock behind its back.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    wall: Wall,
    began: Instant,
    timeline: Mutex<Timeline>,
    /// How often the time that [`Clock::now`] returns left the timer's course.
    changes: watch::Sender<u64>,
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For calendar time.
    pub time: UnixMs,
    /// For how long something lasts.
    pub instant: Instant,
}

impl Moment {
    /// The moment `by` later, when both clocks agree on how much time passed.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        Self {
            time: plus(self.time, by),
            instant: self.instant + by,
        }
    }
}

/// When a request was sent, for judging its answer's date.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    at_ms: i64,
    steps: u64,
}

/// What is known of the wall clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How far the wall clock is behind what upstreams date their answers with, milliseconds:
    /// negative when it is ahead; unknown while none was heard lately.
    pub behind_ms: Option<i64>,
    /// Steps that were seen, by direction.
    pub steps: BTreeMap<Direction, u64>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::reading(Wall::machine())
    }

    /// A clock that shows `moment` now and follows the runtime's timer: where a test moves the
    /// timer, every pause, every timeout and this clock move together.
    #[must_use]
    pub fn beginning_at(moment: UnixMs) -> Self {
        Self::reading(Wall::beginning_at(moment))
    }

    /// A clock that reads this wall clock beside the runtime's timer.
    #[must_use]
    pub fn reading(wall: Wall) -> Self {
        let began = Instant::now();
        let timeline = Mutex::new(Timeline::beginning(read(&wall, began)));
        Self(Arc::new(Shared {
            wall,
            began,
            timeline,
            changes: watch::Sender::new(0),
        }))
    }

    /// The present moment; 1970 when the machine's clock is set before it, which the validation
    /// boundary then refuses as implausible.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.moment().time
    }

    /// The present moment by both clocks.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let (reading, correction_ms) =
            self.with(|timeline| (None, (timeline.last(), timeline.correction_ms())));
        let time_ms = u64::try_from(reading.wall_ms.saturating_add(correction_ms)).unwrap_or(0);
        let passed = Duration::from_millis(u64::try_from(reading.timer_ms).unwrap_or(0));
        Moment {
            time: UnixMs::from_millis(time_ms),
            instant: self.0.began + passed,
        }
    }

    /// Records that a request is about to be sent; [`Self::hear`] takes it.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.with(|timeline| {
            (
                None,
                Asked {
                    at_ms: timeline.last().timer_ms,
                    steps: timeline.steps(),
                },
            )
        })
    }

    /// Takes the date of an answer whose head has just arrived as evidence of the time: the name of
    /// its source (or [`LEADER`]), its `Date` and, if it came from a cache, its `Age` in seconds.
    ///
    /// An answer during which the clock stepped is no evidence: it may have waited through a
    /// suspension. Nor is one that took so long that the moment of its date is unknown.
    pub fn hear(&self, source: &'static str, asked: Asked, date: UnixMs, age_secs: Option<u64>) {
        self.with(|timeline| {
            let came_ms = timeline.last().timer_ms;
            // A step during the request makes its duration unknown, and so the moment of its date.
            let is_evidence = timeline.steps() == asked.steps
                && came_ms.saturating_sub(asked.at_ms) <= SLOWEST_ANSWER_MS;
            let heard = Heard::of(asked.at_ms, came_ms, date, age_secs);
            (
                is_evidence.then(|| timeline.hear(source, heard)).flatten(),
                (),
            )
        });
    }

    /// Follows the times at which [`Self::now`] left the timer's course, as after a suspension. A
    /// task that waits for a calendar time computes its wait anew then.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// What is known of the wall clock.
    #[must_use]
    pub fn report(&self) -> Report {
        self.with(|timeline| {
            let steps = Direction::ALL.map(|direction| (direction, timeline.steps_to(direction)));
            (
                None,
                Report {
                    behind_ms: timeline.behind_ms(),
                    steps: steps.into(),
                },
            )
        })
    }

    /// Reads both clocks, applies `work` to what is known, and reports what changed.
    fn with<T>(&self, work: impl FnOnce(&mut Timeline) -> (Option<Change>, T)) -> T {
        let (changes, has_left_its_course, result) = {
            let mut timeline = self
                .0
                .timeline
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let before_ms = timeline.believed_lead_ms();
            // Read under the lock. Otherwise two threads could hand in their readings in reverse
            // order, and a step would be seen twice, once in each direction.
            let stepped = timeline.observe(read(&self.0.wall, self.0.began));
            let (change, result) = work(&mut timeline);
            ([stepped, change], timeline.has_left(before_ms), result)
        };
        // After the lock is released: logging may block.
        for change in changes.into_iter().flatten() {
            note(change);
        }
        if has_left_its_course {
            self.0
                .changes
                .send_modify(|count| *count = count.wrapping_add(1));
        }
        result
    }
}

fn note(change: Change) {
    match change {
        Change::Stepped { direction, by_ms } => tracing::warn!(
            direction = direction.name(),
            by_ms,
            "our clock stepped; until an upstream tells the time, the later of what may be true counts"
        ),
        Change::Corrected { by_ms } => {
            tracing::warn!(
                by_ms,
                "our clock is wrong by what upstreams say; theirs is used from now on"
            );
        }
        Change::Trusted => tracing::warn!(
            "our clock is right by what upstreams say; it is used as it is from now on"
        ),
    }
}

/// Reads both clocks as close to one another as possible.
fn read(wall: &Wall, began: Instant) -> timeline::Reading {
    let mut reading = None;
    for _ in 0..READINGS {
        let before = Instant::now();
        let wall_ms = wall.now_ms();
        let after = Instant::now();
        reading = Some(timeline::Reading {
            wall_ms,
            // The later of the two instants: a delay between them makes the wall clock look late by
            // as much.
            timer_ms: millis(after.duration_since(began)),
        });
        if after.duration_since(before) < READ_WITHIN {
            break;
        }
    }
    reading.unwrap_or_default()
}

fn plus(moment: UnixMs, passed: Duration) -> UnixMs {
    moment.plus_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_clock_with_a_beginning_goes_with_the_timer_and_so_do_its_copies() {
        let clock = Clock::beginning_at(BEGIN);
        let copy = clock.clone();
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now().as_millis(), 1_788_956_400_000);
        assert_eq!(copy.now(), clock.now());
        assert_eq!(clock.report().steps.values().sum::<u64>(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_is_told_to_whoever_waits_and_settled_by_an_answer_that_was_asked_for_since() {
        let wall = Wall::beginning_at(BEGIN);
        let clock = Clock::reading(wall.clone());
        let changes = clock.changes();
        let before_the_step = clock.asked();
        wall.set_by(-600_000);
        assert_eq!(clock.now(), BEGIN, "set back, and data would be younger");
        assert!(
            !changes.has_changed().unwrap(),
            "the time goes on as before"
        );
        let told = UnixMs::from_millis(BEGIN.as_millis() - 600_000);
        clock.hear("bybit", before_the_step, told, None);
        assert_eq!(
            clock.now(),
            BEGIN,
            "an answer that may have waited says nothing"
        );
        clock.hear("bybit", clock.asked(), told, None);
        assert_eq!(clock.now(), told);
        assert!(changes.has_changed().unwrap());
        assert_eq!(
            clock.report().steps,
            [(Direction::Forward, 0), (Direction::Backward, 1)].into()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_moves_the_time_and_no_instant() {
        let wall = Wall::beginning_at(BEGIN);
        let clock = Clock::reading(wall.clone());
        let before = clock.moment();
        wall.set_by(6 * 3_600_000);
        let after = clock.moment();
        assert_eq!(after.time.millis_since(before.time), 6 * 3_600_000);
        assert_eq!(after.instant, before.instant);
    }
}
