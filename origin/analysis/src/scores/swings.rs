//! Divergence of price and cumulative volume delta at the price's swings.
//!
//! A higher high on a lower delta is bearish: fewer buyers pay more. A lower low on a higher delta
//! is bullish. Every pair of highs (and of lows) is compared, weighted by how far both stand out
//! from their neighbours. A swing that shrinks to nothing loses its weight on the way, so the
//! divergence does not jump where swings come and go.

/// The runs into which trades are cut.
pub(super) const BUCKETS: usize = 20;

/// Regularisation: the prior weight of "no divergence", equal to one pair of swings with a
/// prominence of 0.1 each.
const NO_SWING_WEIGHT: f64 = 0.01;

/// A run of trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    /// The mean of the logarithm of the price, weighted by size.
    pub(super) log_price: f64,
    /// The volume delta since the first run's beginning.
    pub(super) delta: f64,
}

/// A bucket above both its neighbours, with how far it stands out.
struct Swing {
    price: f64,
    delta: f64,
    prominence: f64,
}

/// The divergence, −1 bearish … 1 bullish; `None` when no price moved. Prices and deltas are scaled
/// by their ranges.
pub(super) fn divergence(buckets: &[Bucket]) -> Option<f64> {
    let price_range = range(buckets, |bucket| bucket.log_price);
    let delta_range = range(buckets, |bucket| bucket.delta);
    // Written so that a NaN is refused, too.
    if !(price_range > 0.0 && delta_range > 0.0) {
        return None;
    }
    let scaled = |sign: f64| -> Vec<Bucket> {
        let scale = |bucket: &Bucket| Bucket {
            log_price: sign * bucket.log_price / price_range,
            delta: sign * bucket.delta / delta_range,
        };
        buckets.iter().map(scale).collect()
    };
    // A low is a high in the mirror, and what is bearish at highs is bullish at lows.
    let (at_highs, highs_weight) = unconfirmed_highs(&scaled(1.0));
    let (at_lows, lows_weight) = unconfirmed_highs(&scaled(-1.0));
    Some((at_lows - at_highs) / (highs_weight + lows_weight + NO_SWING_WEIGHT))
}

/// Over all pairs of swing highs: Σ weight · how far the later one is higher in price and lower in
/// delta, and Σ weight.
fn unconfirmed_highs(buckets: &[Bucket]) -> (f64, f64) {
    let highs: Vec<Swing> = buckets.windows(3).filter_map(swing_high).collect();
    let (mut sum, mut weights) = (0.0, 0.0);
    for (index, later) in highs.iter().enumerate() {
        for earlier in highs.iter().take(index) {
            let weight = later.prominence * earlier.prominence;
            let unconfirmed = (later.price - earlier.price)
                // The smaller of the two: both have to diverge.
                .min(earlier.delta - later.delta)
                .max(0.0);
            sum += weight * unconfirmed;
            weights += weight;
        }
    }
    (sum, weights)
}

fn swing_high(window: &[Bucket]) -> Option<Swing> {
    let [before, at, after] = window else {
        return None;
    };
    // Above the higher neighbour, so a shoulder of a larger swing counts little.
    let prominence = at.log_price - before.log_price.max(after.log_price);
    (prominence > 0.0).then_some(Swing {
        price: at.log_price,
        delta: at.delta,
        prominence,
    })
}

fn range(buckets: &[Bucket], of: impl Fn(&Bucket) -> f64) -> f64 {
    let (low, high) = buckets
        .iter()
        .map(of)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    high - low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(rows: &[(f64, f64)]) -> Vec<Bucket> {
        rows.iter()
            .map(|&(log_price, delta)| Bucket { log_price, delta })
            .collect()
    }

    #[test]
    fn a_higher_high_on_a_lower_delta_is_bearish() {
        // Price range 1, delta range 10. Highs 0.5 and 1.0, standing out by 0.5 and 1.0 (the
        // neighbours are 0 and 0): weight 0.5. Price rises by 0.5, delta falls by 0.4: unconfirmed
        // 0.4. The one low has no pair. −0.5·0.4 / (0.5 + 0.01) = −0.392157.
        let found = divergence(&buckets(&[
            (0.0, 0.0),
            (0.5, 10.0),
            (0.0, 8.0),
            (1.0, 6.0),
            (0.0, 5.0),
        ]))
        .unwrap();
        assert!((found + 0.392_157).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_high_that_the_delta_confirms_says_nothing() {
        assert_eq!(
            divergence(&buckets(&[
                (0.0, 0.0),
                (0.5, 5.0),
                (0.0, 6.0),
                (1.0, 9.0),
                (0.0, 8.0)
            ])),
            Some(0.0)
        );
    }

    #[test]
    fn a_price_that_does_not_move_has_no_swings_to_read() {
        assert_eq!(
            divergence(&buckets(&[(1.0, 0.0), (1.0, 5.0), (1.0, 6.0)])),
            None
        );
    }
}
