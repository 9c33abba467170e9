//! Whether this process should ask the exchanges: arithmetic on its standing and on what it has.
//!
//! Who leads, collects. Who follows, stands by and asks nobody, so that the exchanges see one of
//! us; but clients must not pay for a leader that hangs, for a Redis that is gone, or for a
//! publication that cannot be read. So a process that serves and has seen nothing new in the store
//! for some time collects for its own memory, within the same budget, until something comes. It
//! publishes nothing then.

use crate::clock::Moment;
use crate::standing::Standing;
use shared::freshness::{Limits, age_ms};
use shared::units::UnixMs;
use std::time::Duration;
use tokio::time::Instant;

/// Rounds that may be missed before something is wrong.
const MISSED_ROUNDS: u32 = 3;

/// The age of data from which a leader counts as blind, and a follower helps itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandInAfter(Duration);

impl StandInAfter {
    /// As soon as data is no longer fresh; but never before three rounds were missed.
    #[must_use]
    pub fn new(limits: &Limits, round: Duration) -> Self {
        Self(Duration::from_millis(limits.fresh_ms).max(round * MISSED_ROUNDS))
    }

    /// Whether data is younger than that. What is dated ahead of our time is of unknown age.
    fn is_young(self, as_of: Option<UnixMs>, now: Moment) -> bool {
        let age_ms = as_of.and_then(|as_of| age_ms(as_of, now.time));
        age_ms.is_some_and(|age_ms| Duration::from_millis(age_ms) <= self.0)
    }

    /// Whether nothing came since `since`, nor is what came before young enough.
    fn has_passed(self, since: Instant, as_of: Option<UnixMs>, now: Moment) -> bool {
        now.instant.saturating_duration_since(since) > self.0 && !self.is_young(as_of, now)
    }

    /// Whether a leader since `since` that serves data of `as_of` gets nothing from the exchanges.
    #[must_use]
    pub fn is_blind(self, since: Instant, as_of: Option<UnixMs>, now: Moment) -> bool {
        self.has_passed(since, as_of, now)
    }
}

/// Whether to collect, and since when that is so.
#[derive(Clone, Copy, Debug)]
pub struct Duty {
    stand_in_after: StandInAfter,
    /// Whether clients depend on this process.
    serves: bool,
    collecting: bool,
    follows_since: Option<Instant>,
}

impl Duty {
    /// Nothing is collected yet.
    #[must_use]
    pub const fn new(stand_in_after: StandInAfter, serves: bool) -> Self {
        Self {
            stand_in_after,
            serves,
            collecting: false,
            follows_since: None,
        }
    }

    /// Whether to collect from now on. `stored` is the time of the last publication that came from
    /// the store.
    pub fn decide(&mut self, standing: Standing, stored: Option<UnixMs>, now: Moment) -> bool {
        let since = match standing {
            Standing::Following => *self.follows_since.get_or_insert(now.instant),
            _ => {
                self.follows_since = None;
                now.instant
            }
        };
        let has_young = self.stand_in_after.is_young(stored, now);
        self.collecting = match standing {
            Standing::Undecided => false,
            Standing::Leading { .. } => true,
            // Who collected goes on until something young is stored; who did not gives the leader
            // time.
            Standing::Following if self.collecting => self.serves && !has_young,
            Standing::Following => {
                self.serves && self.stand_in_after.has_passed(since, stored, now)
            }
            // Who collected goes on, for Redis may be back soon; who did not begins when what it
            // has is no longer young.
            Standing::CutOff { .. } => self.collecting || (self.serves && !has_young),
        };
        self.collecting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    /// A time of data.
    fn at(ms: u64) -> UnixMs {
        NOW.plus_millis(ms)
    }

    /// The same moment by both clocks, of which the timer is always the same.
    fn now(ms: u64) -> Moment {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Moment {
            time: at(ms),
            instant: *BEGIN + Duration::from_millis(ms),
        }
    }

    const CUT_OFF: Standing = Standing::CutOff { reason: "timeout" };
    const LEADING: Standing = Standing::Leading { epoch: 7 };

    fn duty() -> Duty {
        Duty::new(
            StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(2)),
            true,
        )
    }

    #[test]
    fn only_the_leader_collects_while_publications_come() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Undecided, None, now(0)));
        assert!(!duty.decide(Standing::Following, None, now(0)));
        assert!(!duty.decide(Standing::Following, Some(at(20_000)), now(22_000)));
        assert!(duty.decide(LEADING, Some(at(20_000)), now(22_000)));
        assert!(!duty.decide(Standing::Following, Some(at(20_000)), now(24_000)));
    }

    #[test]
    fn a_follower_helps_itself_when_nothing_comes_and_stops_when_something_does() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Following, None, now(0)));
        assert!(!duty.decide(Standing::Following, None, now(15_000)));
        assert!(duty.decide(Standing::Following, None, now(15_001)));
        assert!(!duty.decide(Standing::Following, Some(at(15_500)), now(16_000)));
        assert!(duty.decide(Standing::Following, Some(at(15_500)), now(30_501)));
    }

    #[test]
    fn a_new_follower_gives_the_leader_time_whatever_is_stored() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Following, Some(NOW), now(90_001)));
        assert!(duty.decide(Standing::Following, Some(NOW), now(105_002)));
    }

    #[test]
    fn a_leader_that_steps_aside_goes_on_until_another_publishes() {
        let mut duty = duty();
        assert!(duty.decide(LEADING, Some(NOW), now(90_000)));
        assert!(duty.decide(Standing::Following, Some(NOW), now(90_001)));
        assert!(!duty.decide(Standing::Following, Some(at(90_500)), now(91_000)));
    }

    #[test]
    fn who_is_cut_off_goes_on_or_begins_when_it_must() {
        let mut leader = duty();
        assert!(leader.decide(LEADING, None, now(0)));
        assert!(leader.decide(CUT_OFF, Some(NOW), now(1_000)));
        let mut follower = duty();
        assert!(!follower.decide(Standing::Following, Some(NOW), now(1_000)));
        assert!(!follower.decide(CUT_OFF, Some(NOW), now(15_000)));
        assert!(follower.decide(CUT_OFF, Some(NOW), now(15_001)));
        assert!(
            duty().decide(CUT_OFF, None, now(0)),
            "a first start without Redis waits for nothing"
        );
    }

    #[test]
    fn who_serves_nobody_never_stands_in() {
        let mut duty = Duty::new(
            StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(2)),
            false,
        );
        assert!(!duty.decide(Standing::Following, None, now(0)));
        assert!(!duty.decide(Standing::Following, None, now(600_000)));
        assert!(!duty.decide(CUT_OFF, None, now(600_000)));
        assert!(duty.decide(LEADING, None, now(600_001)));
        assert!(
            duty.decide(CUT_OFF, None, now(600_002)),
            "a leader goes on, for Redis may be back soon"
        );
    }

    #[test]
    fn a_slow_pace_gives_the_leader_three_rounds() {
        let after = StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(60));
        assert!(!after.is_blind(now(0).instant, None, now(180_000)));
        assert!(after.is_blind(now(0).instant, None, now(180_001)));
        assert!(!after.is_blind(now(0).instant, Some(at(10)), now(180_001)));
    }

    #[test]
    fn a_leader_whose_data_is_from_the_future_is_blind_in_time() {
        let after = StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(2));
        let set_back = |ms| Moment {
            time: UnixMs::from_millis(NOW.as_millis() - 600_000),
            ..now(ms)
        };
        assert!(!after.is_blind(now(0).instant, Some(NOW), set_back(15_000)));
        assert!(after.is_blind(now(0).instant, Some(NOW), set_back(15_001)));
    }

    #[test]
    fn who_slept_gives_the_leader_time_whatever_the_wall_clock_says() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Following, Some(NOW), now(1_000)));
        let woken = |ms| Moment {
            time: at(6 * 3_600_000 + ms),
            ..now(ms)
        };
        assert!(!duty.decide(Standing::Following, Some(NOW), woken(2_000)));
        assert!(duty.decide(Standing::Following, Some(NOW), woken(16_001)));
    }
}
