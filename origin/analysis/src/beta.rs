//! How much each contract moves with Bitcoin: ordinary least squares of hourly log returns, in
//! windows that end with Bitcoin's last closed hour.
//!
//! r = α + β·r_btc + ε, so β = cov/var (<https://en.wikipedia.org/wiki/Simple_linear_regression>).
//! Returns are paired by their hour; an hour that either of the two lacks is left out of both.

use super::volatility::log_returns;
use shared::analysis::means::{mean, sample_deviation};
use shared::market::candles::{Candles, Interval};
use shared::snapshot::beta::{BetaRow, BetaSection, BetaSpan, BetaWindow};
use shared::units::{Correlation, Fraction, Percent, Ratio, UnixMs};
use std::collections::BTreeMap;

/// Hourly closes that fill the longest window: one more than its returns.
pub const WANTED_CLOSES: usize = BetaSpan::Quarter.hours() + 1;

const HOURS_PER_YEAR: f64 = 8_760.0;

/// Deviations of hourly returns up to here are rounding: one tick of the finest price, once in 90
/// days, makes 10⁻⁸.
const LEAST_DEVIATION: f64 = 1e-9;

/// How far a contract's last common hour may be behind Bitcoin's last, ms: candles of different
/// contracts are not fetched at once, and one may be late.
const MAX_LAG_MS: u64 = 2 * Interval::OneHour.millis();

/// Betas, and the time that they are known until.
#[derive(Clone, Debug, PartialEq)]
pub struct Betas {
    /// Highest β first.
    pub section: BetaSection,
    /// The end of the last hour that Bitcoin and every contract have in common.
    pub known_until_ms: UnixMs,
}

/// Every contract against Bitcoin, in the windows that end with Bitcoin's last closed hour.
///
/// A contract without a window is left out, and so is one whose last common hour with Bitcoin is
/// more than two hours behind. Bitcoin itself, if among the contracts, is measured like any other.
/// `None` when no contract has a window, or Bitcoin's candles are not hourly.
#[must_use]
pub fn beta<'c>(
    contracts: impl IntoIterator<Item = (&'c str, &'c Candles)>,
    bitcoin: &Candles,
) -> Option<Betas> {
    if bitcoin.interval != Interval::OneHour {
        return None;
    }
    let bitcoin = log_returns(bitcoin);
    let found = contracts
        .into_iter()
        .filter_map(|(symbol, candles)| row(symbol, candles, &bitcoin));
    let (mut rows, hours): (Vec<BetaRow>, Vec<UnixMs>) = found.unzip();
    let lead = |row: &BetaRow| {
        row.lead()
            .map_or(f64::NEG_INFINITY, |window| window.beta.get())
    };
    rows.sort_by(|a, b| {
        lead(b)
            .total_cmp(&lead(a))
            // A stable order, so that equal betas do not change places from one snapshot to the
            // next.
            .then_with(|| a.symbol.cmp(&b.symbol))
    });
    // The oldest of all, because the section has one age.
    let known_until_ms = hours
        .into_iter()
        .min()?
        .plus_millis(Interval::OneHour.millis());
    Some(Betas {
        section: BetaSection { rows },
        known_until_ms,
    })
}

/// One contract's row, and the start of the last hour that it has in common with Bitcoin.
fn row(
    symbol: &str,
    candles: &Candles,
    bitcoin: &BTreeMap<UnixMs, f64>,
) -> Option<(BetaRow, UnixMs)> {
    if candles.interval != Interval::OneHour {
        return None;
    }
    // Returns, not prices: two rising prices correlate whatever their returns do.
    let contract = log_returns(candles);
    let (last, _) = bitcoin.last_key_value()?;
    let common = *bitcoin
        .keys()
        .rev()
        .find(|start| contract.contains_key(start))?;
    if last.millis_since(common) > MAX_LAG_MS {
        return None;
    }
    let window = |span| window(&contract, bitcoin, span);
    let row = BetaRow {
        symbol: symbol.to_owned(),
        week: window(BetaSpan::Week),
        month: window(BetaSpan::Month),
        quarter: window(BetaSpan::Quarter),
    };
    row.lead().is_some().then_some((row, common))
}

/// The figures of the hours that both have within the window; `None` for too few of them, or where
/// either did not move.
fn window(
    contract: &BTreeMap<UnixMs, f64>,
    bitcoin: &BTreeMap<UnixMs, f64>,
    span: BetaSpan,
) -> Option<BetaWindow> {
    let (last, _) = bitcoin.last_key_value()?;
    let span_ms = span.hours() as u64 * Interval::OneHour.millis();
    let (own, market): (Vec<f64>, Vec<f64>) = bitcoin
        .iter()
        // Strictly less: the window holds as many hours as its span.
        .filter(|(start, _)| last.millis_since(**start) < span_ms)
        .filter_map(|(start, market)| Some((*contract.get(start)?, *market)))
        .unzip();
    if own.len() < span.fewest_pairs() {
        return None;
    }
    compare(&own, &market)
}

/// The figures of two series of returns, paired by hour.
fn compare(own: &[f64], market: &[f64]) -> Option<BetaWindow> {
    let (own_mean, market_mean) = (mean(own), mean(market));
    let (own_deviation, market_deviation) = (sample_deviation(own)?, sample_deviation(market)?);
    // A market without variance has no slope, and a contract without any has no correlation.
    if own_deviation <= LEAST_DEVIATION || market_deviation <= LEAST_DEVIATION {
        return None;
    }
    let products = own
        .iter()
        .zip(market)
        .map(|(own, market)| (own - own_mean) * (market - market_mean));
    let covariance = products.sum::<f64>() / (own.len() - 1) as f64;
    let beta = covariance / market_deviation.powi(2);
    // Rounding may carry ρ slightly past ±1.
    let correlation = (covariance / (own_deviation * market_deviation)).clamp(-1.0, 1.0);
    let (hours, intercept) = (own.len() as f64, own_mean - beta * market_mean);
    let alpha_pct = intercept * HOURS_PER_YEAR * 100.0;
    let residual = |(own, market): (&f64, &f64)| own - own_mean - beta * (market - market_mean);
    let residual_squares: f64 = own
        .iter()
        .zip(market)
        .map(|pair| residual(pair).powi(2))
        .sum();
    // n − 2 degrees of freedom: the line takes two.
    let residual_deviation = (residual_squares / (hours - 2.0)).sqrt();
    let market_squares = market_deviation.powi(2) * (hours - 1.0);
    // Standard error of the slope, s/√Σ(x − x̄)².
    let beta_error = residual_deviation / market_squares.sqrt();
    let mean_error =
        // Standard error of the intercept, s·√(1/n + x̄²/Σ(x − x̄)²).
        residual_deviation * (1.0 / hours + market_mean.powi(2) / market_squares).sqrt();
    // The intercept is per hour. Over the whole window it is the return beyond what β explains.
    let over_all_pct = |hourly: f64| {
        Percent::new(hourly * hours * 100.0)
            .ok()
            .map(|pct| pct.rounded(4))
    };
    Some(BetaWindow {
        beta_error: Ratio::new(beta_error).ok().map(|error| error.rounded(6)),
        excess_pct: over_all_pct(intercept),
        excess_error_pct: over_all_pct(mean_error),
        beta: Ratio::new(beta).ok()?.rounded(4),
        correlation: Correlation::new(correlation).ok()?.rounded(4),
        r_squared: Fraction::new(correlation.powi(2)).ok()?.rounded(4),
        alpha_pct: Percent::new(alpha_pct).ok()?.rounded(2),
        volatility_ratio: Ratio::new(own_deviation / market_deviation)
            .ok()?
            .rounded(4),
        pairs: own.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: &[f64], market: &[f64], expected: Option<[f64; 5]>) {
        let found = compare(own, market).map(|found| {
            let BetaWindow {
                beta,
                correlation,
                r_squared,
                alpha_pct,
                volatility_ratio,
                ..
            } = found;
            [
                beta.get(),
                correlation.get(),
                r_squared.get(),
                alpha_pct.get(),
                volatility_ratio.get(),
            ]
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_figures_are_those_of_a_hand_computed_example() {
        //   own    .00  .03  .01  .04   deviations −.02  .01 −.01  .02   Σ² = .0010
        //   market −.01 .02  .00  .03   deviations −.02  .01 −.01  .02   Σ² = .0010
        // β = 1, ρ = 1, α = (.02 − .01)·8760 = 87.6 = 8760 %.
        check(
            &[0.0, 0.03, 0.01, 0.04],
            &[-0.01, 0.02, 0.0, 0.03],
            Some([1.0, 1.0, 1.0, 8760.0, 1.0]),
        );
        //   own     .02  .00  .04  −.02  deviations .01 −.01 .03 −.03    Σ² = .0020
        //   market  .01  .00  .01  −.02  deviations .01  .00 .01 −.02    Σ² = .0006
        // Σ of the products: .0001 + 0 + .0003 + .0006 = .0010. β = 10/6 = 1.6667, ρ = 10/√120 =
        // .9129, R² = 10/12, α = (.01 − 0)·8760 = 8760 %, ratio √(20/6) = 1.8257.
        check(
            &[0.02, 0.0, 0.04, -0.02],
            &[0.01, 0.0, 0.01, -0.02],
            Some([1.6667, 0.9129, 0.8333, 8760.0, 1.8257]),
        );
    }

    #[test]
    fn a_series_that_does_not_move_has_no_beta() {
        check(&[0.0; 4], &[0.01, 0.0, 0.01, -0.02], None);
        check(&[0.01, 0.0, 0.01, -0.02], &[0.0; 4], None);
        // Growing by the same factor every hour: the deviation is nothing but rounding.
        check(
            &[0.1 + 1e-17, 0.1, 0.1, 0.1 - 1e-17],
            &[0.01, 0.0, 0.01, -0.02],
            None,
        );
    }

    #[test]
    fn too_few_or_infinite_returns_have_no_beta() {
        check(&[], &[], None);
        check(&[0.1], &[0.2], None);
        check(&[f64::INFINITY, 0.0, 0.1], &[0.1, 0.2, 0.3], None);
    }
}
