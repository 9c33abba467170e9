//! The few functions from which the formulas are built. All are continuous, and odd where a
//! mirrored market must mirror the score.

/// The gain of measures that are a net share (buying less selling over both): a share of one third
/// gives tanh(1). It is the same for all of them, so that none outweighs another by its scale
/// alone.
pub const NET_SHARE_GAIN: f64 = 3.0;

/// The bandwidth of [`percentile`] in log units: values within about 10 % of one another count as
/// nearly equal.
const PERCENTILE_BANDWIDTH: f64 = 0.1;

/// The fewest earlier values for a percentile: steps of 5 %.
pub const FEWEST_EARLIER_VALUES: usize = 20;

/// The sign of `x`, but rising linearly from −1 to 1 within ±`width`, so that nothing jumps where
/// `x` changes sign. With a width of 0 it is the sign itself, 0 at 0.
#[must_use]
pub fn soft_sign(x: f64, width: f64) -> f64 {
    // 0/0 with a width of 0.
    if x == 0.0 {
        0.0
    } else {
        (x / width).clamp(-1.0, 1.0)
    }
}

/// 0 up to `from`, 1 from `to` on, evenly rising between.
#[must_use]
pub fn ramp(x: f64, from: f64, to: f64) -> f64 {
    ((x - from) / (to - from)).clamp(0.0, 1.0)
}

/// The last `count` items, or all when there are fewer.
#[must_use]
pub fn tail<T>(items: &[T], count: usize) -> &[T] {
    items
        .get(items.len().saturating_sub(count)..)
        .unwrap_or(items)
}

/// Σ of the signed weights over Σ of the weights: −1…1. Not a number when nothing has weight.
pub fn net_share(signed: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (net, all) = signed.fold((0.0, 0.0), |(net, all), (sign, weight)| {
        (net + sign * weight, all + weight)
    });
    net / all
}

/// The share of `earlier` values below `value`, 0…1; `None` for fewer than
/// [`FEWEST_EARLIER_VALUES`].
///
/// A plain rank jumps where the value passes an earlier one. Here each earlier value h counts by a
/// logistic function of the log ratio, 1/(1 + (h/x)^(1/bandwidth)): 1/2 at equality, near 0 or 1
/// beyond about 30 % of difference. Only ratios count, so the unit does not matter.
#[must_use]
pub fn percentile(value: f64, earlier: &[f64]) -> Option<f64> {
    if earlier.len() < FEWEST_EARLIER_VALUES || !value.is_finite() {
        return None;
    }
    let below = |other: &f64| {
        let share = 1.0 / (1.0 + (other / value).powf(1.0 / PERCENTILE_BANDWIDTH));
        // 0/0: two values of zero are equal.
        if share.is_nan() { 0.5 } else { share }
    };
    Some(earlier.iter().map(below).sum::<f64>() / earlier.len() as f64)
}

/// How the tests of the formulas compare with what was computed by hand.
#[cfg(test)]
pub(super) mod testing {
    #[track_caller]
    pub(in super::super) fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_sign_of_no_width_is_the_sign() {
        assert_eq!(
            [-2.0, 0.0, 1e-300].map(|x| soft_sign(x, 0.0)),
            [-1.0, 0.0, 1.0]
        );
        assert_eq!(soft_sign(0.25, 0.5), 0.5);
    }

    #[test]
    fn a_value_in_the_middle_of_its_history_is_its_median() {
        // Ten values at half and ten at twice the value: 2^10 = 1024, so each half counts 1024/1025
        // or 1/1025.
        let earlier = [[1.0; 10], [4.0; 10]].concat();
        assert!((percentile(2.0, &earlier).unwrap() - 0.5).abs() < 1e-12);
        assert!((percentile(4.0, &earlier).unwrap() - 0.75).abs() < 1e-6);
        assert_eq!(percentile(2.0, &[2.0; 20]), Some(0.5));
        assert_eq!(percentile(2.0, &[2.0; 19]), None);
    }

    #[test]
    fn a_percentile_of_zeros_is_still_a_share() {
        assert_eq!(percentile(0.0, &[1.0; 20]), Some(0.0));
        assert_eq!(percentile(1.0, &[0.0; 20]), Some(1.0));
        assert_eq!(percentile(0.0, &[0.0; 20]), Some(0.5));
    }
}
