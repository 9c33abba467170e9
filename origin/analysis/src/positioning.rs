//! Who holds the positions and what they pay, over all contracts: long against short accounts, and
//! how unusual funding is.
//!
//! Each figure is a weighted mean over the contracts that know it: by turnover for accounts, by
//! open interest for what is paid. Contracts that do not know it are left out, not counted as
//! neutral.

use crate::funding;
use shared::analysis::means::{mean, sample_deviation, unusual, weighted_mean};
use shared::analysis::perps::Positioning;
use shared::market::Timed;
use shared::market::positioning::{AccountRatio, Funding};
use shared::units::{Amount, Fraction, HOUR_MS, Share, UnixMs, round_to};

/// The fewest earlier fundings against which the latest is judged: about a week of eight-hourly
/// ones.
pub const FEWEST_EARLIER_FUNDINGS: usize = 20;

/// An account ratio of this age or older is not current, neither here nor in a score, ms. The venue
/// publishes one every five minutes.
pub const MAX_RATIO_AGE_MS: u64 = HOUR_MS;

/// A funding older than this is not the latest, ms: the longest interval, and an hour for the venue
/// to publish it.
pub const MAX_FUNDING_AGE_MS: u64 = 9 * HOUR_MS;

/// Deviations of rates up to here are rounding: a tenth of the last decimal that the venue
/// publishes.
const LEAST_DEVIATION: f64 = 1e-9;

/// The floor under the deviation of [`unusual_funding`]: a tenth of a basis point per 8 hours.
const LEAST_ROBUST_DEVIATION: f64 = 1e-5;

/// What is known of the positions in one contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holdings<'h> {
    /// Turnover of 24 hours, USD: the contract's weight.
    pub turnover_24h: Amount,
    /// Account ratios, oldest first.
    pub account_ratios: Option<Timed<'h, [AccountRatio]>>,
    /// Past fundings, oldest first.
    pub fundings: &'h [Funding],
    /// One side's open interest, USD: the weight of what is paid.
    pub open_interest: Option<Amount>,
    /// The rate of the next payment, as a fraction per 8 hours.
    pub funding_8h: Option<f64>,
}

/// Derives the figures. Each is unknown when no contract with a weight has it.
#[must_use]
pub fn positioning(contracts: &[Holdings<'_>], now: UnixMs) -> Positioning {
    let by_turnover = |contract: &Holdings<'_>| Some(contract.turnover_24h.get());
    let by_open_interest = |contract: &Holdings<'_>| Some(contract.open_interest?.get());
    let long = mean_by(contracts, by_turnover, |contract| long_share(contract, now));
    let long_pct = long
        .and_then(|share| Share::new(share * 100.0).ok())
        .map(|share| share.rounded(2));
    // From the rounded share, so that both published figures add up to 100.
    let short_pct = long_pct
        .and_then(|long| Share::new(100.0 - long.get()).ok())
        .map(|share| share.rounded(2));
    let zscore = mean_by(contracts, by_turnover, |contract| {
        funding_zscore(contract.fundings, now)
    });
    // By open interest, because that is what pays the rate.
    let funding_unusual = mean_by(contracts, by_open_interest, |contract| {
        unusual_funding(contract.funding_8h?, contract.fundings, now)
    });
    Positioning {
        long_pct,
        short_pct,
        ls_entropy: long.map(|share| Fraction::saturating(round_to(entropy(share), 4))),
        funding_zscore: zscore.map(|zscore| round_to(zscore, 4)),
        funding_unusual: funding_unusual.map(|unusual| round_to(unusual, 4)),
    }
}

/// Long accounts as a share of both. The sum is divided by, because the venue rounds either side.
fn long_share(contract: &Holdings<'_>, now: UnixMs) -> Option<f64> {
    let ratios = contract.account_ratios?;
    if now.millis_since(ratios.known_until()?) >= MAX_RATIO_AGE_MS {
        return None;
    }
    let ratio = ratios.value.last()?;
    let share = ratio.long.get() / (ratio.long.get() + ratio.short.get());
    share.is_finite().then_some(share)
}

/// Shannon entropy of the two shares, bits: 1 when both sides are equal, 0 when all accounts are on
/// one (<https://en.wikipedia.org/wiki/Binary_entropy_function>).
fn entropy(share: f64) -> f64 {
    [share, 1.0 - share]
        .into_iter()
        // p·log p tends to 0, but is not a number at 0.
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.log2())
        .sum()
}

/// How unusual a contract's latest funding is: (latest − mean) / deviation (n − 1) of all earlier
/// ones, each normalised to 8 hours by the time since the one before it.
///
/// `None` when the latest is not recent, fewer than [`FEWEST_EARLIER_FUNDINGS`] are usable, or all
/// are the same.
#[must_use]
pub fn funding_zscore(fundings: &[Funding], now: UnixMs) -> Option<f64> {
    let paid = recently_paid_8h(fundings, now)?;
    let [.., before, last] = fundings else {
        return None;
    };
    // The very last pair: after a gap there, the last of `paid` would be an older funding.
    let latest = funding::rate_8h(before, last)?;
    let (_, earlier) = paid
        .split_last()
        .filter(|(_, earlier)| earlier.len() >= FEWEST_EARLIER_FUNDINGS)?;
    let deviation = sample_deviation(earlier)?;
    let zscore = (latest - mean(earlier)) / deviation;
    (deviation > LEAST_DEVIATION && zscore.is_finite()).then_some(zscore)
}

/// How unusual the next rate is for this contract: its distance from the median of the paid ones,
/// in robust deviations (median absolute deviation × 1.4826), limited to ±5.
///
/// Medians and a floor under the deviation, because venues quote the same rate for weeks: a tenth
/// of a basis point of difference is then no event. `None` when the newest paid rate is not recent,
/// or fewer than [`FEWEST_EARLIER_FUNDINGS`] are usable. The constant 1.4826 makes the deviation
/// that of a normal distribution (<https://en.wikipedia.org/wiki/Median_absolute_deviation>).
#[must_use]
pub fn unusual_funding(next_8h: f64, fundings: &[Funding], now: UnixMs) -> Option<f64> {
    let paid =
        recently_paid_8h(fundings, now).filter(|paid| paid.len() >= FEWEST_EARLIER_FUNDINGS)?;
    unusual(next_8h, &paid, LEAST_ROBUST_DEVIATION)
}

/// The paid rates per 8 hours, oldest first; `None` when the newest is not recent.
fn recently_paid_8h(fundings: &[Funding], now: UnixMs) -> Option<Vec<f64>> {
    // A contract that is no longer listed keeps its last funding for ever.
    let is_recent = now.millis_since(fundings.last()?.time_ms) <= MAX_FUNDING_AGE_MS;
    is_recent.then(|| funding::paid_8h(fundings).collect())
}

/// The mean over the contracts that know both weight and figure.
fn mean_by(
    contracts: &[Holdings<'_>],
    weight: impl Fn(&Holdings<'_>) -> Option<f64>,
    figure: impl Fn(&Holdings<'_>) -> Option<f64>,
) -> Option<f64> {
    let known = contracts
        .iter()
        .filter_map(|contract| Some((weight(contract)?, figure(contract)?)));
    Some(weighted_mean(known)).filter(|mean| mean.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(millis: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - millis)
    }

    fn holding(turnover: f64, long: f64, short: f64) -> Holdings<'static> {
        let (long, short) = (Fraction::new(long).unwrap(), Fraction::new(short).unwrap());
        let ratio = AccountRatio {
            time_ms: ago(300_000),
            long,
            short,
        };
        Holdings {
            turnover_24h: Amount::new(turnover).unwrap(),
            account_ratios: Some(Timed {
                value: vec![ratio].leak(),
                as_of_ms: NOW,
            }),
            fundings: &[],
            open_interest: Amount::new(turnover).ok(),
            funding_8h: None,
        }
    }

    /// Fundings `hours` apart, the last an hour ago.
    fn fundings(rates: &[f64], hours: u64) -> Vec<Funding> {
        let age = |index: usize| HOUR_MS + (rates.len() - 1 - index) as u64 * hours * HOUR_MS;
        rates
            .iter()
            .enumerate()
            .map(|(index, rate)| Funding {
                time_ms: ago(age(index)),
                rate: *rate,
            })
            .collect()
    }

    /// −1 and +1 basis points in turn, then `latest`.
    fn alternating(count: usize, latest: f64) -> Vec<f64> {
        let earlier = (0..count).map(|index| if index % 2 == 0 { -1e-4 } else { 1e-4 });
        earlier.chain([latest]).collect()
    }

    #[test]
    fn the_accounts_are_weighted_by_turnover() {
        // (3·0.6 + 1·0.4) / 4 = 0.55; −.55·log₂ .55 − .45·log₂ .45 = .9928.
        let found = positioning(&[holding(3e6, 0.6, 0.4), holding(1e6, 0.4, 0.6)], NOW);
        assert_eq!(found.long_pct.map(Share::get), Some(55.0));
        assert_eq!(found.short_pct.map(Share::get), Some(45.0));
        assert_eq!(found.ls_entropy.map(Fraction::get), Some(0.9928));
        assert_eq!(found.funding_zscore, None);
    }

    #[test]
    fn one_sided_accounts_have_no_entropy_and_even_ones_have_all() {
        assert_eq!(
            positioning(&[holding(1.0, 1.0, 0.0)], NOW)
                .ls_entropy
                .map(Fraction::get),
            Some(0.0)
        );
        assert_eq!(
            positioning(&[holding(1.0, 0.5, 0.5)], NOW)
                .ls_entropy
                .map(Fraction::get),
            Some(1.0)
        );
    }

    #[test]
    fn nothing_known_is_unknown_and_not_even() {
        let unknown = Positioning {
            long_pct: None,
            short_pct: None,
            ls_entropy: None,
            funding_zscore: None,
            funding_unusual: None,
        };
        assert_eq!(positioning(&[], NOW), unknown);
        assert_eq!(
            positioning(&[holding(0.0, 0.6, 0.4)], NOW),
            unknown,
            "no turnover"
        );
        assert_eq!(
            positioning(&[holding(1e6, 0.0, 0.0)], NOW),
            unknown,
            "no accounts"
        );
        assert_eq!(
            positioning(&[holding(1e6, 0.6, 0.4)], NOW.plus_millis(2 * HOUR_MS)),
            unknown,
            "an old ratio"
        );
    }

    #[test]
    fn a_ratio_is_as_old_as_its_row_or_its_answer_whichever_is_older() {
        let known = |contract: &Holdings<'_>, later_ms| {
            positioning(&[*contract], NOW.plus_millis(later_ms))
                .long_pct
                .is_some()
        };
        let by_row = holding(1e6, 0.6, 0.4);
        assert!(known(&by_row, MAX_RATIO_AGE_MS - 1));
        assert!(
            !known(&by_row, MAX_RATIO_AGE_MS),
            "the row stands until its next one"
        );
        let answered = Timed {
            as_of_ms: ago(1_000),
            ..by_row.account_ratios.unwrap()
        };
        let by_answer = Holdings {
            account_ratios: Some(answered),
            ..by_row
        };
        assert!(known(&by_answer, MAX_RATIO_AGE_MS - 1_001));
        assert!(!known(&by_answer, MAX_RATIO_AGE_MS - 1_000));
    }

    #[test]
    fn a_rate_that_hardly_differs_from_a_constant_past_is_not_unusual() {
        // Told as 0.01 % for weeks, once as 0.009 %, and now 0.005 %: half a basis point, five of
        // the floor.
        let mut rates = vec![1e-4; 30];
        rates[7] = 0.9e-4;
        let past = fundings(&rates, 8);
        let of = |next: f64| unusual_funding(next, &past, NOW).map(|found| round_to(found, 4));
        assert_eq!(of(1e-4), Some(0.0));
        assert_eq!(of(0.9e-4), Some(-1.0));
        assert_eq!(of(0.5e-4), Some(-5.0));
        assert_eq!(of(9e-3), Some(5.0), "clipped");
        assert_eq!(
            unusual_funding(1e-4, &past[..20], NOW.plus_millis(0)),
            None,
            "the newest of these is old"
        );
        assert_eq!(
            unusual_funding(1e-4, &fundings(&rates[..20], 8), NOW),
            None,
            "19 are too few"
        );
        assert_eq!(unusual_funding(f64::NAN, &past, NOW), None);
        assert_eq!(unusual_funding(1e-4, &[], NOW), None);
    }

    #[test]
    fn what_is_unusual_is_weighted_by_who_holds() {
        let past = fundings(&alternating(30, 1e-4), 8);
        let with = |interest: f64, next: f64| Holdings {
            fundings: &past,
            open_interest: Amount::new(interest).ok(),
            funding_8h: Some(next),
            ..holding(1e6, 0.5, 0.5)
        };
        let median_paid = 1e-4;
        let (usual, unusual) = (with(3e6, median_paid), with(1e6, 1.0));
        let found = positioning(&[usual, unusual], NOW).funding_unusual.unwrap();
        let of = |next| unusual_funding(next, &past, NOW).unwrap();
        assert_eq!(found, round_to((3.0 * of(median_paid) + of(1.0)) / 4.0, 4));
        let unknown = Holdings {
            open_interest: None,
            ..usual
        };
        assert_eq!(positioning(&[unknown], NOW).funding_unusual, None);
    }

    #[test]
    fn the_zscore_is_the_distance_from_the_contracts_own_history() {
        // The first has no predecessor, so 20 are left: ten of each sign, mean 0, deviation
        // 1e-4·√(20/19).
        let fundings = fundings(&alternating(21, 3e-4), 8);
        let found = funding_zscore(&fundings[1..], NOW);
        assert_eq!(found, None, "19 earlier ones are too few");
        let found = funding_zscore(&fundings, NOW).unwrap();
        assert!(
            (found - 3.0 / (20.0_f64 / 19.0).sqrt()).abs() < 1e-9,
            "{found}"
        );
    }

    #[test]
    fn the_zscore_does_not_depend_on_the_funding_interval() {
        let slow = fundings(&alternating(41, 3e-4), 8);
        let mut quick = fundings(&alternating(41, 1.5e-4), 8);
        // The same rates per eight hours: half the rate, twice as often, in the later half.
        for (index, funding) in quick.iter_mut().enumerate() {
            if index > 20 {
                funding.rate = if index == 41 {
                    1.5e-4
                } else {
                    funding.rate / 2.0
                };
                funding.time_ms = ago(HOUR_MS + (41 - index as u64) * 4 * HOUR_MS);
            } else {
                funding.time_ms =
                    ago(HOUR_MS + 21 * 4 * HOUR_MS + (20 - index as u64) * 8 * HOUR_MS);
            }
        }
        // Where the interval changes, four hours lie between the two.
        let (slow, quick) = (
            funding_zscore(&slow, NOW).unwrap(),
            funding_zscore(&quick, NOW).unwrap(),
        );
        assert!((slow - quick).abs() < 1e-9, "{slow} {quick}");
    }

    #[test]
    fn rates_that_never_change_have_no_zscore() {
        assert_eq!(funding_zscore(&fundings(&[1e-4; 60], 8), NOW), None);
        assert_eq!(funding_zscore(&fundings(&[1e-4; 60], 1), NOW), None);
        assert_eq!(funding_zscore(&[], NOW), None);
        assert_eq!(funding_zscore(&fundings(&[1e-4], 8), NOW), None);
    }

    #[test]
    fn an_old_funding_is_not_the_latest() {
        let fundings = fundings(&alternating(30, 3e-4), 8);
        assert!(funding_zscore(&fundings, NOW.plus_millis(8 * HOUR_MS)).is_some());
        assert_eq!(
            funding_zscore(&fundings, NOW.plus_millis(8 * HOUR_MS + 1)),
            None
        );
    }

    #[test]
    fn a_hole_in_the_history_is_not_taken_for_a_longer_interval() {
        let mut fundings = fundings(&alternating(30, 3e-4), 8);
        let whole = funding_zscore(&fundings, NOW);
        fundings.remove(28);
        assert!(whole.is_some() && funding_zscore(&fundings, NOW).is_some());
        let last = fundings.len() - 1;
        fundings.remove(last - 1);
        assert_eq!(
            funding_zscore(&fundings, NOW),
            None,
            "nobody knows how long the latest interval is"
        );
    }

    proptest! {
        #[test]
        fn the_shares_are_a_whole_and_every_figure_is_finite(
            contracts in proptest::collection::vec((0.0..1e300_f64, 0.0..=1.0_f64), 0..8),
            rates in proptest::collection::vec(-0.5..0.5_f64, 0..60),
        ) {
            let fundings = fundings(&rates, 4);
            let contracts: Vec<_> = contracts
                .into_iter()
                .map(|(turnover, long)| Holdings { fundings: &fundings, ..holding(turnover, long, 1.0 - long) })
                .collect();
            let found = positioning(&contracts, NOW);
            prop_assert_eq!(found.long_pct.is_some(), found.short_pct.is_some());
            if let (Some(long), Some(short)) = (found.long_pct, found.short_pct) {
                prop_assert!((long.get() + short.get() - 100.0).abs() < 1e-9);
            }
            prop_assert!(found.funding_zscore.is_none_or(f64::is_finite));
        }
    }
}
