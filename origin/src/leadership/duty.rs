//! Whether this process should ask the exchanges: arithmetic on its standing and on what it has.
//!
//! Who leads, collects. Who follows, stands by and asks nobody, so that the exchanges see one of us; but clients must not
//! pay for a leader that hangs, for a Redis that is gone, or for a publication that cannot be read. So a process that
//! serves and has seen nothing new in the store for some time collects for its own memory, within the same budget, until
//! something comes. It publishes nothing then.

use super::Standing;
use shared::freshness::Limits;
use shared::units::UnixMs;
use std::time::Duration;

/// Rounds that may be missed before something is wrong.
const MISSED_ROUNDS: u32 = 3;

/// The age of data from which a leader counts as blind, and a follower helps itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandInAfter(u64);

impl StandInAfter {
    /// As soon as data is no longer fresh; but never before three rounds were missed.
    #[must_use]
    pub fn new(limits: &Limits, round: Duration) -> Self {
        let rounds = u64::try_from((round * MISSED_ROUNDS).as_millis()).unwrap_or(u64::MAX);
        Self(limits.fresh_ms.max(rounds))
    }

    /// Whether nothing came since `since`, nor is what came before young enough.
    fn has_passed(self, since: UnixMs, as_of: Option<UnixMs>, now: UnixMs) -> bool {
        now.millis_since(as_of.map_or(since, |as_of| as_of.max(since))) > self.0
    }

    /// Whether a leader since `since` that serves data of `as_of` gets nothing from the exchanges.
    #[must_use]
    pub fn is_blind(self, since: UnixMs, as_of: Option<UnixMs>, now: UnixMs) -> bool {
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
    follows_since: Option<UnixMs>,
}

impl Duty {
    /// Nothing is collected yet.
    #[must_use]
    pub const fn new(stand_in_after: StandInAfter, serves: bool) -> Self {
        Self { stand_in_after, serves, collecting: false, follows_since: None }
    }

    /// Whether to collect from now on. `stored` is the age of the last publication that came from the store.
    pub fn decide(&mut self, standing: Standing, stored: Option<UnixMs>, now: UnixMs) -> bool {
        let since = match standing {
            Standing::Following => *self.follows_since.get_or_insert(now),
            _ => {
                self.follows_since = None;
                now
            }
        };
        let has_young = stored.is_some_and(|stored| now.millis_since(stored) <= self.stand_in_after.0);
        self.collecting = match standing {
            Standing::Undecided => false,
            Standing::Leading { .. } => true,
            // Who collected goes on until something young is stored; who did not gives the leader time.
            Standing::Following if self.collecting => self.serves && !has_young,
            Standing::Following => self.serves && self.stand_in_after.has_passed(since, stored, now),
            // Who collected goes on, for Redis may be back soon; who did not begins when what it has is no longer young.
            Standing::CutOff { .. } => self.collecting || (self.serves && !has_young),
        };
        self.collecting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const CUT_OFF: Standing = Standing::CutOff { reason: "timeout" };
    const LEADING: Standing = Standing::Leading { epoch: 7 };

    fn duty() -> Duty {
        Duty::new(StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(2)), true)
    }

    fn at(ms: u64) -> UnixMs {
        NOW.plus_millis(ms)
    }

    #[test]
    fn only_the_leader_collects_while_publications_come() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Undecided, None, NOW));
        assert!(!duty.decide(Standing::Following, None, NOW));
        assert!(!duty.decide(Standing::Following, Some(at(20_000)), at(22_000)));
        assert!(duty.decide(LEADING, Some(at(20_000)), at(22_000)));
        assert!(!duty.decide(Standing::Following, Some(at(20_000)), at(24_000)));
    }

    #[test]
    fn a_follower_helps_itself_when_nothing_comes_and_stops_when_something_does() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Following, None, NOW));
        assert!(!duty.decide(Standing::Following, None, at(15_000)));
        assert!(duty.decide(Standing::Following, None, at(15_001)));
        assert!(!duty.decide(Standing::Following, Some(at(15_500)), at(16_000)));
        assert!(duty.decide(Standing::Following, Some(at(15_500)), at(30_501)));
    }

    #[test]
    fn a_new_follower_gives_the_leader_time_whatever_is_stored() {
        let mut duty = duty();
        assert!(!duty.decide(Standing::Following, Some(NOW), at(90_001)));
        assert!(duty.decide(Standing::Following, Some(NOW), at(105_002)));
    }

    #[test]
    fn a_leader_that_steps_aside_goes_on_until_another_publishes() {
        let mut duty = duty();
        assert!(duty.decide(LEADING, Some(NOW), at(90_000)));
        assert!(duty.decide(Standing::Following, Some(NOW), at(90_001)));
        assert!(!duty.decide(Standing::Following, Some(at(90_500)), at(91_000)));
    }

    #[test]
    fn who_is_cut_off_goes_on_or_begins_when_it_must() {
        let mut leader = duty();
        assert!(leader.decide(LEADING, None, NOW));
        assert!(leader.decide(CUT_OFF, Some(NOW), at(1_000)));
        let mut follower = duty();
        assert!(!follower.decide(Standing::Following, Some(NOW), at(1_000)));
        assert!(!follower.decide(CUT_OFF, Some(NOW), at(15_000)));
        assert!(follower.decide(CUT_OFF, Some(NOW), at(15_001)));
        assert!(duty().decide(CUT_OFF, None, NOW), "a first start without Redis waits for nothing");
    }

    #[test]
    fn who_serves_nobody_never_stands_in() {
        let mut duty = Duty::new(StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(2)), false);
        assert!(!duty.decide(Standing::Following, None, NOW));
        assert!(!duty.decide(Standing::Following, None, at(600_000)));
        assert!(!duty.decide(CUT_OFF, None, at(600_000)));
        assert!(duty.decide(LEADING, None, at(600_001)));
        assert!(duty.decide(CUT_OFF, None, at(600_002)), "a leader goes on, for Redis may be back soon");
    }

    #[test]
    fn a_slow_pace_gives_the_leader_three_rounds() {
        let after = StandInAfter::new(&Limits::DEFAULT, Duration::from_secs(60));
        assert!(!after.is_blind(NOW, None, at(180_000)));
        assert!(after.is_blind(NOW, None, at(180_001)));
        assert!(!after.is_blind(NOW, Some(at(10)), at(180_001)));
    }
}
