//! Means, medians and deviations, used by every section.
//!
//! A result without a value is NaN or `None`, never 0. The checked types of [`crate::units`] refuse
//! NaN, so a caller cannot publish it by accident.

use crate::units::MAD_TO_DEVIATION;

/// The arithmetic mean; NaN for no values.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of (weight, value); NaN when the weights sum to 0.
#[must_use]
pub fn weighted_mean(weighed: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (weights, sum) = weighed
        .into_iter()
        .fold((0.0, 0.0), |(weights, sum), (weight, value)| {
            (weights + weight, sum + weight * value)
        });
    sum / weights
}

/// Standard deviation with n − 1 degrees of freedom; `None` for fewer than two values.
#[must_use]
pub fn sample_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The median distance from the median × 1.4826; `None` for fewer than two values. Unlike the
/// standard deviation it hardly changes when one contract moves by a hundred percent.
#[must_use]
pub fn robust_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    Some(MAD_TO_DEVIATION * median_distance(values, median(values)?)?)
}

/// The median distance from `middle`; `None` for no values.
#[must_use]
pub fn median_distance(values: &[f64], middle: f64) -> Option<f64> {
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&distances)
}

/// The middle value, or the mean of the two middle ones; `None` for no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(lower.midpoint(upper))
}

/// The bound of [`unusual`]: one figure must not decide the mean of all.
const MOST_UNUSUAL: f64 = 5.0;

/// The distance of `value` from the median of `past`, in [`robust_deviation`]s of `past` that are
/// at least `least_deviation`, within five either way; `None` for fewer than two values.
#[must_use]
pub fn unusual(value: f64, past: &[f64], least_deviation: f64) -> Option<f64> {
    // Without the floor a figure that stood still would make the smallest change infinitely
    // unusual.
    let deviation = robust_deviation(past)?.max(least_deviation);
    Some((value - median(past)?) / deviation)
        .filter(|found| found.is_finite())
        .map(|found| found.clamp(-MOST_UNUSUAL, MOST_UNUSUAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_the_sample_s() {
        // Squares of −2, −1, 0, 3 around the mean sum to 14; 14 / 3.
        assert_eq!(
            sample_deviation(&[-2.0, -1.0, 0.0, 3.0]),
            Some((14.0_f64 / 3.0).sqrt())
        );
        assert_eq!(sample_deviation(&[1.0]), None);
    }

    #[test]
    fn one_value_that_leapt_does_not_move_the_robust_deviation() {
        // Median 2, distances 2, 1, 0, 1, 2: median 1.
        assert_eq!(robust_deviation(&[0.0, 1.0, 2.0, 3.0, 4.0]), Some(1.4826));
        assert_eq!(robust_deviation(&[0.0, 1.0, 2.0, 3.0, 4e9]), Some(1.4826));
        assert_eq!(robust_deviation(&[1.0, 2.0]), Some(1.4826 * 0.5));
        assert_eq!((robust_deviation(&[1.0]), median(&[])), (None, None));
    }
}
