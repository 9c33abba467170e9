//! The way to the exchange, taken without need: a path that is only taken in an emergency is broken
//! when one comes.

use shared::assemble::BITCOIN;
use shared::snapshot::Snapshot;
use shared::units::Amount;

/// How far prices may be apart that were read within seconds: a hundredth.
const MAX_PRICE: f64 = 0.01;

/// How far the turnovers of the whole market may be apart.
const MAX_TURNOVER: f64 = 0.05;

/// How far the numbers of contracts may be apart.
const MAX_CONTRACTS: f64 = 0.02;

/// The second price that is compared.
const ETHER: &str = "ETHUSDT";

/// Whether the refresh that brought this snapshot is one of so many in a hundred. Isolates hold the
/// same snapshots, so each brings a number of its own (`isolate`): otherwise all of them, in all
/// colos, would take the way at the same moment.
#[must_use]
pub const fn is_exercise_due(sequence: u64, isolate: u64, percent: u8) -> bool {
    mixed(sequence ^ mixed(isolate)) % 100 < percent as u64
}

/// SplitMix64: neighbouring numbers become numbers far apart. <https://prng.di.unimi.it/splitmix64.c>
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How far two snapshots of the same market are apart, as fractions of what the first one says.
/// Unknown where one of them does not say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// Bitcoin's price.
    pub bitcoin: Option<f64>,
    /// Ether's price.
    pub ether: Option<f64>,
    /// The turnover of the whole market.
    pub turnover: Option<f64>,
    /// The number of contracts.
    pub contracts: Option<f64>,
}

impl Divergence {
    /// Compares what the origin and the exchange itself said.
    #[must_use]
    pub fn between(origin: &Snapshot, direct: &Snapshot) -> Self {
        let price = |snapshot: &Snapshot, symbol| {
            snapshot
                .scores
                .iter()
                .find(|row| row.symbol == symbol)
                .map(|row| row.price.get())
        };
        let both = |of: &dyn Fn(&Snapshot) -> Option<f64>| apart(of(origin)?, of(direct)?);
        Self {
            bitcoin: both(&|snapshot| price(snapshot, BITCOIN)),
            ether: both(&|snapshot| price(snapshot, ETHER)),
            turnover: both(&|snapshot| snapshot.overview.total_turnover.map(Amount::get)),
            contracts: both(&|snapshot| Some(snapshot.coverage.priced as f64)),
        }
    }

    /// Every figure: its name, the difference, and how large that may be.
    const fn figures(&self) -> [(&'static str, Option<f64>, f64); 4] {
        [
            ("bitcoin", self.bitcoin, MAX_PRICE),
            ("ether", self.ether, MAX_PRICE),
            ("turnover", self.turnover, MAX_TURNOVER),
            ("contracts", self.contracts, MAX_CONTRACTS),
        ]
    }

    /// What is further apart than it should be, by name.
    #[must_use]
    pub fn alarms(&self) -> Vec<&'static str> {
        let is_far = |apart: Option<f64>, limit| apart.is_none_or(|apart| apart > limit);
        self.figures()
            .into_iter()
            .filter(|(_, apart, limit)| is_far(*apart, *limit))
            .map(|(name, ..)| name)
            .collect()
    }

    /// The differences that are known, by name.
    #[must_use]
    pub fn known(&self) -> Vec<(&'static str, f64)> {
        self.figures()
            .into_iter()
            .filter_map(|(name, apart, _)| Some((name, apart?)))
            .collect()
    }
}

fn apart(first: f64, second: f64) -> Option<f64> {
    let apart = (second - first).abs() / first.abs();
    apart.is_finite().then_some(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_exercises_is_the_one_asked_for() {
        let share = |percent| {
            (0..100_000_u64)
                .filter(|n| is_exercise_due(1_788_870_000_000 + n * 3_000, 7, percent))
                .count()
        };
        assert_eq!((share(0), share(100)), (0, 100_000));
        assert!((900..1_100).contains(&share(1)), "{}", share(1));
        assert!((24_000..26_000).contains(&share(25)), "{}", share(25));
    }

    #[test]
    fn isolates_that_hold_the_same_snapshot_do_not_all_take_the_way() {
        for sequence in (1_788_870_000_000..).step_by(3_000).take(1_000) {
            let due = (0..1_000_u64)
                .filter(|isolate| is_exercise_due(sequence, *isolate, 1))
                .count();
            assert!(due < 40, "{due} of 1000 isolates at {sequence}");
        }
    }

    const SAME: Divergence = Divergence {
        bitcoin: Some(0.0),
        ether: Some(0.0),
        turnover: Some(0.0),
        contracts: Some(0.0),
    };

    #[track_caller]
    fn check(divergence: Divergence, expected: &[&str]) {
        assert_eq!(divergence.alarms(), expected);
    }

    #[test]
    fn each_figure_has_its_own_limit() {
        check(SAME, &[]);
        check(
            Divergence {
                bitcoin: Some(0.01),
                turnover: Some(0.05),
                contracts: Some(0.02),
                ..SAME
            },
            &[],
        );
        check(
            Divergence {
                bitcoin: Some(0.0101),
                ..SAME
            },
            &["bitcoin"],
        );
        check(
            Divergence {
                ether: Some(9.0),
                contracts: Some(0.021),
                ..SAME
            },
            &["ether", "contracts"],
        );
        check(
            Divergence {
                turnover: Some(0.051),
                ..SAME
            },
            &["turnover"],
        );
    }

    #[test]
    fn a_figure_that_one_of_them_does_not_tell_is_an_alarm_and_no_number() {
        check(
            Divergence {
                ether: None,
                ..SAME
            },
            &["ether"],
        );
        let known = Divergence {
            ether: None,
            ..SAME
        }
        .known();
        assert_eq!(
            known,
            [("bitcoin", 0.0), ("turnover", 0.0), ("contracts", 0.0)]
        );
        assert_eq!(apart(0.0, 1.0), None);
        assert_eq!(apart(200.0, 190.0), Some(0.05));
    }
}
