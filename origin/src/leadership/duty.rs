//! Whether this process should collect: arithmetic on its standing and on the age of what it has.
//! No I/O.
//!
//! The leader collects. Followers do not, so that the exchanges see one of us. But clients must not
//! suffer from a leader that hangs, a Redis that is gone, or a publication that cannot be read. So
//! a follower that serves and has seen nothing new in the store for some time stands in: it
//! collects for its own memory, within the same request budget, and publishes nothing, until the
//! store has something young again.
//!
//! Hysteresis: a process that collects stops only for young data, one that does not starts only
//! when its data is old. Otherwise it would start and stop with every round.

use crate::clock::Moment;
use crate::standing::Standing;
use shared::freshness::{Limits, age_ms};
use shared::units::UnixMs;
use std::time::Duration;
use tokio::time::Instant;

/// Rounds that may be missed before data counts as late.
const MISSED_ROUNDS: u32 = 3;

/// The age of data from which a leader counts as blind and a follower stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandInAfter(Duration);

impl StandInAfter {
    /// The age at which data is no longer fresh, but at least three rounds: with slow rounds, data
    /// is older than fresh in normal operation.
    #[must_use]
    pub fn new(limits: &Limits, round: Duration) -> Self {
        Self(Duration::from_millis(limits.fresh_ms).max(round * MISSED_ROUNDS))
    }

    /// Whether data is younger than that. Data from the future is of unknown age, so not young.
    fn is_young(self, as_of: Option<UnixMs>, now: Moment) -> bool {
        let age_ms = as_of.and_then(|as_of| age_ms(as_of, now.time));
        age_ms.is_some_and(|age_ms| Duration::from_millis(age_ms) <= self.0)
    }

    /// Whether nothing came since `since`, and what came before is not young either.
    fn has_passed(self, since: Instant, as_of: Option<UnixMs>, now: Moment) -> bool {
        now.instant.saturating_duration_since(since) > self.0 && !self.is_young(as_of, now)
    }

    /// Whether a leader since `since` whose data is of `as_of` gets nothing from the exchanges. A
    /// new leader has the whole time for its first round.
    #[must_use]
    pub fn is_blind(self, since: Instant, as_of: Option<UnixMs>, now: Moment) -> bool {
        self.has_passed(since, as_of, now)
    }
}

/// Whether to collect, and what that depends on.
#[derive(Clone, Copy, Debug)]
pub struct Duty {
    stand_in_after: StandInAfter,
    /// Whether clients depend on this process.
    serves: bool,
    collecting: bool,
    /// Since when another process leads, for its time to publish.
    follows_since: Option<Instant>,
}

impl Duty {
    /// Not collecting yet.
    #[must_use]
    pub const fn new(stand_in_after: StandInAfter, serves: bool) -> Self {
        Self {
            stand_in_after,
            serves,
            collecting: false,
            follows_since: None,
        }
    }

    /// Whether to collect from now on. `stored` is the time of the newest publication that was read
    /// from or written to the store.
    pub fn decide(&mut self, standing: Standing, stored: Option<UnixMs>, now: Moment) -> bool {
        let since = match standing {
            // Counted from the change, or a new leader would be judged by the gap before it.
            Standing::Following => *self.follows_since.get_or_insert(now.instant),
            _ => {
                self.follows_since = None;
                now.instant
            }
        };
        let has_young = self.stand_in_after.is_young(stored, now);
        self.collecting = match standing {
            // The first bid decides. Collecting before it would double the leader's requests.
            Standing::Undecided => false,
            Standing::Leading { .. } => true,
            // Hysteresis: stop only when the leader's data arrives, so that clients have no gap.
            Standing::Following if self.collecting => self.serves && !has_young,
            // Not collecting yet: the leader gets its time.
            Standing::Following => {
                self.serves && self.stand_in_after.has_passed(since, stored, now)
            }
            // Redis may be back soon, so a collecting process continues. One that did not collect
            // starts when its data is no longer young: no announcement can reach it.
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
