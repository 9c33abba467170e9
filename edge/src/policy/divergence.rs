//! How far Bybit's own figures are from the origin's, and when that is an alarm.

use shared::market::majors::BITCOIN;
use shared::snapshot::Snapshot;
use shared::units::Amount;

/// The largest difference of two prices that were read within seconds: 1 %.
const MAX_PRICE: f64 = 0.01;

/// The largest difference of the whole market's 24-hour turnover: 5 %.
const MAX_TURNOVER: f64 = 0.05;

/// The largest difference of the numbers of contracts: 2 %, for the two lists may be an hour apart.
const MAX_CONTRACTS: f64 = 0.02;

/// The second price that is compared.
const ETHER: &str = "ETHUSDT";

/// The relative difference of two snapshots of the same market, as fractions of the origin's
/// figure. `None` where one of them does not have the figure.
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
    /// Compares the origin's snapshot with one made from the exchange itself.
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

    /// Every figure: its name, its difference, and its limit.
    const fn figures(&self) -> [(&'static str, Option<f64>, f64); 4] {
        [
            ("bitcoin", self.bitcoin, MAX_PRICE),
            ("ether", self.ether, MAX_PRICE),
            ("turnover", self.turnover, MAX_TURNOVER),
            ("contracts", self.contracts, MAX_CONTRACTS),
        ]
    }

    /// The figures whose difference is above its limit or unknown, by name.
    #[must_use]
    pub fn alarms(&self) -> Vec<&'static str> {
        // A figure that only one of them has is a difference, too.
        let is_far = |apart: Option<f64>, limit| apart.is_none_or(|apart| apart > limit);
        self.figures()
            .into_iter()
            .filter(|(_, apart, limit)| is_far(*apart, *limit))
            .map(|(name, ..)| name)
            .collect()
    }

    /// The known differences, by name.
    #[must_use]
    pub fn known(&self) -> Vec<(&'static str, f64)> {
        self.figures()
            .into_iter()
            .filter_map(|(name, apart, _)| Some((name, apart?)))
            .collect()
    }
}

fn apart(first: f64, second: f64) -> Option<f64> {
    // Zero divides to infinity or NaN, which is no number for an alarm: unknown.
    let apart = (second - first).abs() / first.abs();
    apart.is_finite().then_some(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

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
