//! The momentum score of one ticker row. It is not confluence and is never shown as such.

use crate::market::Ticker;
use crate::snapshot::confluence::MIN_RELIABILITY;
use crate::units::{Fraction, Score};

/// The change over 24 hours that counts as strong, percent: it reaches tanh(1) = 76 % of the scale.
const STRONG_24H_PCT: f64 = 10.0;

/// The same over one hour.
const STRONG_1H_PCT: f64 = 2.0;

/// The weights of the change over 24 hours, the change over one hour, and the place in the day's
/// range.
pub const WEIGHTS: [f64; 3] = [0.5, 0.3, 0.2];

/// A momentum score and the share of its inputs that was there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// 0 falling hard – 100 rising hard.
    pub score: Score,
    /// Σ weights of the inputs that were there.
    pub reliability: Fraction,
}

/// 50 + 50 · Σ wᵢ·sᵢ / Σ wᵢ over the inputs that are there, each in −1…1:
///
/// - 0.5: tanh(24-hour change / 10 %)
/// - 0.3: tanh(1-hour change / 2 %)
/// - 0.2: the last price's place in the 24-hour range, low −1, high 1
///
/// Multiplying all prices by a factor changes nothing, and a mirrored market gives 100 − score.
/// `None` when less than 60 % of the weight is known.
#[must_use]
pub fn momentum(ticker: &Ticker<'_>) -> Option<Momentum> {
    let [of_day, of_hour, of_range] = WEIGHTS;
    let inputs = [
        (
            of_day,
            ticker
                .change_24h_pct
                // tanh keeps one extreme change from deciding the whole score.
                .map(|change| (change.get() / STRONG_24H_PCT).tanh()),
        ),
        (
            of_hour,
            ticker
                .change_1h_pct
                .map(|change| (change.get() / STRONG_1H_PCT).tanh()),
        ),
        (of_range, place_in_range(ticker)),
    ];
    // Unknown inputs are left out and the rest is renormalised. A neutral value in their place
    // would pull every score to 50.
    let known = inputs
        .iter()
        .filter_map(|(weight, signal)| signal.map(|signal| (*weight, signal)));
    let (weight, sum) = known.fold((0.0, 0.0), |(weights, sum), (weight, signal)| {
        (weights + weight, sum + weight * signal)
    });
    if weight < MIN_RELIABILITY {
        return None;
    }
    Some(Momentum {
        score: Score::new(50.0 + 50.0 * sum / weight).ok()?.rounded(2),
        reliability: Fraction::new(weight.min(1.0)).ok()?.rounded(4),
    })
}

/// Low −1, high 1; `None` when the day has no range. The last price is read an instant after the
/// range, so a new extreme may lie slightly outside and is clamped.
fn place_in_range(ticker: &Ticker<'_>) -> Option<f64> {
    let (low, high) = (ticker.low_24h?.get(), ticker.high_24h?.get());
    let place = (ticker.last.get() - low) / (high - low) * 2.0 - 1.0;
    place.is_finite().then(|| place.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ticker;
    use crate::units::{Percent, Price};
    use proptest::prelude::*;

    fn at(
        last: f64,
        low: f64,
        high: f64,
        change_24h: f64,
        change_1h: Option<f64>,
    ) -> Ticker<'static> {
        Ticker {
            low_24h: Price::new(low).ok(),
            high_24h: Price::new(high).ok(),
            change_1h_pct: change_1h.map(|change| Percent::new(change).unwrap()),
            ..ticker("BTCUSDT", last, change_24h, 1e9)
        }
    }

    #[test]
    fn the_score_is_the_weighted_mean_of_what_is_known() {
        // tanh(1) = 0.761594; the middle of the range is 0.
        let all = momentum(&at(100.0, 90.0, 110.0, 10.0, Some(2.0))).unwrap();
        assert_eq!(all.score.get(), 80.46);
        assert_eq!(all.reliability.get(), 1.0);
        let without_hour = momentum(&at(100.0, 90.0, 110.0, 10.0, None)).unwrap();
        assert_eq!(without_hour.score.get(), 77.2);
        assert_eq!(without_hour.reliability.get(), 0.7);
    }

    #[test]
    fn too_little_known_makes_no_score() {
        assert_eq!(momentum(&at(100.0, 100.0, 100.0, 3.0, None)), None);
    }

    #[test]
    fn at_a_new_high_or_low_the_place_is_the_end_of_the_range() {
        let of_another_venue = |last| momentum(&at(last, 90.0, 110.0, 10.0, None));
        assert_eq!(
            of_another_venue(111.0).map(|momentum| momentum.reliability.get()),
            Some(0.7)
        );
        assert_eq!(of_another_venue(111.0), of_another_venue(110.0));
        assert_eq!(of_another_venue(89.5), of_another_venue(90.0));
    }

    proptest! {
        #[test]
        fn scaling_all_prices_changes_nothing(
            place in 0.0..1.0_f64, change in -60.0..60.0_f64, hour in -20.0..20.0_f64, power in -12..12_i32
        ) {
            let scale = 2_f64.powi(power);
            let last = 90.0 + 20.0 * place;
            let plain = momentum(&at(last, 90.0, 110.0, change, Some(hour)));
            let scaled = momentum(&at(last * scale, 90.0 * scale, 110.0 * scale, change, Some(hour)));
            prop_assert_eq!(plain, scaled);
        }

        #[test]
        fn a_mirrored_market_gives_the_mirrored_score(
            place in 0.0..=1.0_f64, change in -60.0..60.0_f64, hour in -20.0..20.0_f64
        ) {
            let score = |place: f64, sign: f64| {
                momentum(&at(90.0 + 20.0 * place, 90.0, 110.0, sign * change, Some(sign * hour))).unwrap().score.get()
            };
            prop_assert!((score(place, 1.0) + score(1.0 - place, -1.0) - 100.0).abs() <= 0.011);
        }

        #[test]
        fn every_score_is_in_bounds(change in -1e6..1e6_f64, hour in -1e6..1e6_f64, last in 1e-9..1e9_f64, spread in 0.0..0.99_f64) {
            let row = at(last, last * (1.0 - spread), last * (1.0 + spread), change, Some(hour));
            let score = momentum(&row).unwrap().score.get();
            prop_assert!((0.0..=100.0).contains(&score));
        }
    }
}
