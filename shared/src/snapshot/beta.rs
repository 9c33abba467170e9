//! How much each contract moves with Bitcoin: β, correlation, R² and excess return over three
//! spans.
//!
//! Data model: [`BetaSection`] has one row per contract, a row has up to three windows, and a
//! window is the result of one regression of hourly log returns. What a client reads beyond that
//! (class, risk category, intervals) is derived here from the window.
//!
//! Invariants, checked by [`BetaSection::check`]: the figures of a window agree with each other (β
//! = ρ · volatility ratio, R² = ρ²) to their rounding.

use crate::market::is_plausible_symbol;
use crate::market::majors::BITCOIN;
use crate::units::{Correlation, Fraction, Percent, Ratio};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The contract that the others are measured against.
pub const BENCHMARK: &str = BITCOIN;

/// The most rows that are believed.
pub const MAX_BETA_ROWS: usize = 500;

/// How far β = ρ · volatility ratio and R² = ρ² may be off in numbers that are rounded to four
/// places.
const ROUNDING: f64 = 2e-4;

/// A span of hours over which returns are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BetaSpan {
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
}

impl BetaSpan {
    /// Every span, shortest first.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    /// Hourly returns in the span.
    #[must_use]
    pub const fn hours(self) -> usize {
        match self {
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::Quarter => 90 * 24,
        }
    }

    /// The fewest hourly returns, of both contracts at the same hours, that are compared: 60 % of
    /// the span's.
    ///
    /// With fewer, the span would be called by a name that it does not have: a contract that was
    /// listed ten days ago has a week, and no month.
    #[must_use]
    pub const fn fewest_pairs(self) -> usize {
        // Rounded up, so that exactly 60 % is enough and less is not.
        (self.hours() * 60).div_ceil(100)
    }
}

/// A contract against Bitcoin over one span, from the log returns of the hours that both have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetaWindow {
    /// β = cov(contract, Bitcoin) / var(Bitcoin), both with n − 1 degrees of freedom.
    pub beta: Ratio,
    /// Pearson's ρ.
    pub correlation: Correlation,
    /// R² = ρ²: the share of the contract's variance that Bitcoin's movement explains.
    pub r_squared: Fraction,
    /// Jensen's α with a riskless rate of 0: (mean(contract) − β · mean(Bitcoin)) · 8760 hours,
    /// percent per year.
    pub alpha_pct: Percent,
    /// σ(contract) / σ(Bitcoin).
    pub volatility_ratio: Ratio,
    /// Hours that both have.
    pub pairs: usize,
    /// The standard error of β by ordinary least squares; a writer of before it was there tells
    /// none.
    #[serde(default)]
    pub beta_error: Option<Ratio>,
    /// What the contract gained beyond β times what Bitcoin did, over the hours that both have:
    /// the intercept of the same regression × hours, of log returns, percent. Not for a year.
    #[serde(default)]
    pub excess_pct: Option<Percent>,
    /// Its standard error, percent.
    #[serde(default)]
    pub excess_error_pct: Option<Percent>,
}

/// A figure and the interval that holds the true one in 95 of 100 samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval<T> {
    /// The estimate.
    pub value: T,
    /// The lower end.
    pub low: T,
    /// The upper end.
    pub high: T,
}

/// The normal's quantile of 97.5 %.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// Student's quantile of 97.5 % with so many degrees of freedom, by its expansion around the
/// normal's (Cornish and Fisher): from the fewest hours that make a window on it is off by less
/// than 10⁻⁵.
fn student_quantile(degrees: f64) -> f64 {
    let z = NORMAL_QUANTILE;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    z + first / degrees + second / degrees.powi(2)
}

impl BetaWindow {
    /// How far a figure with this standard error may be off, in 95 of 100 samples.
    fn reach(&self, error: f64) -> f64 {
        // A regression with slope and intercept has n − 2 degrees of freedom.
        student_quantile(self.pairs.saturating_sub(2) as f64) * error
    }

    /// β with its interval.
    #[must_use]
    pub fn beta_interval(&self) -> Option<Interval<Ratio>> {
        let reach = self.reach(self.beta_error?.get());
        // The ends are rounded like β itself; more decimals would claim a precision that it does
        // not have.
        let end = |end: f64| Ratio::new(end).ok().map(|end| end.rounded(4));
        let beta = self.beta.get();
        Some(Interval {
            value: self.beta,
            low: end(beta - reach)?,
            high: end(beta + reach)?,
        })
    }

    /// What the contract gained beyond β times Bitcoin, with its interval; nothing where the
    /// interval holds zero, for then not even its sign is known.
    #[must_use]
    pub fn excess_interval(&self) -> Option<Interval<Percent>> {
        let (excess, reach) = (
            self.excess_pct?.get(),
            self.reach(self.excess_error_pct?.get()),
        );
        let end = |end: f64| Percent::new(end).ok().map(|end| end.rounded(2));
        let interval = Interval {
            value: self.excess_pct?.rounded(2),
            low: end(excess - reach)?,
            high: end(excess + reach)?,
        };
        // Compared before rounding: an interval that rounds to an end of 0.00 does not contain
        // zero.
        (excess.abs() > reach).then_some(interval)
    }
}

/// How a contract moves beside Bitcoin, by its β.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BetaClass {
    /// β down to −0.2 and below: against it.
    Inverse,
    /// Between −0.2 and 0.2: neither with it nor against it.
    MarketNeutral,
    /// Below 0.9: with it, and less.
    Lower,
    /// Up to 1.1: about as it.
    Similar,
    /// Above: with it, and more.
    Higher,
}

impl BetaClass {
    /// The class of a β.
    #[must_use]
    pub fn of(beta: Ratio) -> Self {
        match beta.get() {
            beta if beta <= -0.2 => Self::Inverse,
            // The bounds around 0 and 1 are conventions for reading, not statistical limits.
            beta if beta < 0.2 => Self::MarketNeutral,
            beta if beta < 0.9 => Self::Lower,
            beta if beta <= 1.1 => Self::Similar,
            _ => Self::Higher,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_students() {
        // Of tables: 97.5 % with 99, 430 and 1294 degrees of freedom.
        for (degrees, expected) in [
            (99.0, 1.984_216_9),
            (430.0, 1.965_496_2),
            (1_294.0, 1.961_799_0),
        ] {
            assert!(
                (student_quantile(degrees) - expected).abs() < 1e-5,
                "{degrees}: {}",
                student_quantile(degrees)
            );
        }
    }

    #[test]
    fn the_class_of_a_beta_changes_at_its_thresholds() {
        let of = |beta| BetaClass::of(Ratio::new(beta).unwrap());
        assert_eq!([of(-0.2), of(-0.19), of(0.19), of(0.2)], {
            use BetaClass::{Inverse, Lower, MarketNeutral};
            [Inverse, MarketNeutral, MarketNeutral, Lower]
        });
        assert_eq!(
            [of(0.9), of(1.1), of(1.11)],
            [BetaClass::Similar, BetaClass::Similar, BetaClass::Higher]
        );
    }
}

/// One contract against Bitcoin. Prices are not here: they are a second old, this is an hour old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetaRow {
    /// The venue's full symbol.
    pub symbol: String,
    /// Over 7 days; unknown with too few hours.
    pub week: Option<BetaWindow>,
    /// Over 30 days.
    pub month: Option<BetaWindow>,
    /// Over 90 days.
    pub quarter: Option<BetaWindow>,
}

impl BetaRow {
    /// The window of one span.
    #[must_use]
    pub const fn window(&self, span: BetaSpan) -> Option<&BetaWindow> {
        match span {
            BetaSpan::Week => self.week.as_ref(),
            BetaSpan::Month => self.month.as_ref(),
            BetaSpan::Quarter => self.quarter.as_ref(),
        }
    }

    /// The window that speaks for the row: 30 days, else 7, else 90.
    #[must_use]
    pub fn lead(&self) -> Option<&BetaWindow> {
        [BetaSpan::Month, BetaSpan::Week, BetaSpan::Quarter]
            .into_iter()
            .find_map(|span| self.window(span))
    }

    /// The category of the leading window's β.
    #[must_use]
    pub fn risk_category(&self) -> Option<RiskCategory> {
        self.lead().map(|window| RiskCategory::of(window.beta))
    }

    /// The leading window's volatility against Bitcoin's.
    #[must_use]
    pub fn volatility_ratio(&self) -> Option<Ratio> {
        self.lead().map(|window| window.volatility_ratio)
    }
}

/// What a β says about the risk of holding a contract instead of Bitcoin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum RiskCategory {
    /// β below 0.5, and negative.
    Defensive,
    /// Below 0.9.
    Low,
    /// Below 1.1.
    #[serde(rename = "Market Neutral")]
    MarketNeutral,
    /// Below 1.5.
    Moderate,
    /// 1.5 and more.
    High,
}

impl RiskCategory {
    /// The category of a β.
    #[must_use]
    pub fn of(beta: Ratio) -> Self {
        match beta.get() {
            beta if beta < 0.5 => Self::Defensive,
            beta if beta < 0.9 => Self::Low,
            beta if beta < 1.1 => Self::MarketNeutral,
            beta if beta < 1.5 => Self::Moderate,
            _ => Self::High,
        }
    }

    crate::labels! {
        /// The name on the wire.
        pub const fn name(self) {
            Self::Defensive => "Defensive",
            Self::Low => "Low",
            Self::MarketNeutral => "Market Neutral",
            Self::Moderate => "Moderate",
            Self::High => "High",
        }
    }

    /// A colour for it, from calm to alarming.
    #[must_use]
    pub const fn color(self) -> &'static str {
        match self {
            Self::Defensive => "#3b82f6",
            Self::Low => "#22c55e",
            Self::MarketNeutral => "#eab308",
            Self::Moderate => "#f97316",
            Self::High => "#ef4444",
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Defensive => {
                "Follows Bitcoin by less than half of its move on average, or goes against it; its own moves come on top."
            }
            Self::Low => "Follows Bitcoin by less than its move on average.",
            Self::MarketNeutral => "Follows Bitcoin by about its move on average.",
            Self::Moderate => "Follows Bitcoin by more than its move on average.",
            Self::High => "Follows Bitcoin by at least one and a half times its move on average.",
        }
    }
}

/// The contracts against Bitcoin: highest β of the leading window first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetaSection {
    /// One row per contract that has a window.
    pub rows: Vec<BetaRow>,
}

/// Figures over the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaOverview {
    /// Mean 30-day β of the contracts other than Bitcoin.
    pub market_beta: Option<Ratio>,
    /// Mean 30-day ρ of the contracts other than Bitcoin.
    pub avg_correlation: Option<Correlation>,
    /// Rows whose category is High: β of 1.5 and more.
    pub high_beta_count: usize,
    /// Rows whose category is Defensive or Low: β below 0.9.
    pub low_beta_count: usize,
    /// The rows between: Market Neutral and Moderate.
    pub neutral_beta_count: usize,
    /// All rows: the sum of the three.
    pub total_symbols: usize,
}

impl BetaSection {
    /// Figures over the rows, Bitcoin's own counted but not averaged.
    #[must_use]
    pub fn overview(&self) -> BetaOverview {
        let others = || {
            self.rows
                .iter()
                .filter(|row| row.symbol != BENCHMARK)
                .filter_map(|row| row.month)
        };
        let mean = |figure: fn(BetaWindow) -> f64| {
            others().map(figure).sum::<f64>() / others().count() as f64
        };
        let count = |holds: fn(RiskCategory) -> bool| {
            self.rows
                .iter()
                .filter_map(BetaRow::risk_category)
                .filter(|category| holds(*category))
                .count()
        };
        BetaOverview {
            market_beta: Ratio::new(mean(|window| window.beta.get()))
                .ok()
                .map(|beta| beta.rounded(4)),
            avg_correlation: Correlation::new(mean(|window| window.correlation.get()))
                .ok()
                .map(|rho| rho.rounded(4)),
            high_beta_count: count(|category| category == RiskCategory::High),
            low_beta_count: count(|category| category <= RiskCategory::Low),
            neutral_beta_count: count(|category| {
                matches!(
                    category,
                    RiskCategory::MarketNeutral | RiskCategory::Moderate
                )
            }),
            total_symbols: self.rows.len(),
        }
    }

    /// Whether the section may be published.
    ///
    /// # Errors
    /// The first [`BetaFault`].
    pub fn check(&self) -> Result<(), BetaFault> {
        if self.rows.is_empty() {
            return Err(BetaFault::Empty);
        }
        if self.rows.len() > MAX_BETA_ROWS {
            return Err(BetaFault::TooManyRows);
        }
        let mut seen = HashSet::new();
        for row in &self.rows {
            if !is_plausible_symbol(&row.symbol) {
                return Err(BetaFault::MalformedSymbol);
            }
            if !seen.insert(&*row.symbol) {
                return Err(BetaFault::RepeatedSymbol);
            }
            check_row(row)?;
        }
        let leads: Vec<f64> = self
            .rows
            .iter()
            .filter_map(|row| Some(row.lead()?.beta.get()))
            .collect();
        if !leads.is_sorted_by(|before, after| before >= after) {
            return Err(BetaFault::OutOfOrder);
        }
        Ok(())
    }
}

fn check_row(row: &BetaRow) -> Result<(), BetaFault> {
    row.lead().ok_or(BetaFault::NothingKnown)?;
    for span in BetaSpan::ALL {
        let Some(window) = row.window(span) else {
            continue;
        };
        if !(span.fewest_pairs()..=span.hours()).contains(&window.pairs) {
            return Err(BetaFault::PairsOutOfRange);
        }
        let (rho, ratio) = (window.correlation.get(), window.volatility_ratio.get());
        let beta_off = (window.beta.get() - rho * ratio).abs();
        let r_squared_off = (window.r_squared.get() - rho * rho).abs();
        if ratio < 0.0 || beta_off > ROUNDING * (1.0 + ratio) || r_squared_off > ROUNDING {
            return Err(BetaFault::Contradicted);
        }
    }
    Ok(())
}

/// Why a section may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BetaFault {
    /// No row.
    #[error("no contract has a beta")]
    Empty,
    /// More rows than are believed.
    #[error("more than {MAX_BETA_ROWS} rows")]
    TooManyRows,
    /// A symbol that is none.
    #[error("a row's symbol is malformed")]
    MalformedSymbol,
    /// A symbol that stands twice.
    #[error("a symbol stands twice")]
    RepeatedSymbol,
    /// A row without a window.
    #[error("a row has no window")]
    NothingKnown,
    /// A window of fewer hours than it needs, or more than it has.
    #[error("a window's number of pairs is out of range")]
    PairsOutOfRange,
    /// Numbers of one window that cannot belong together.
    #[error("a window's numbers contradict one another")]
    Contradicted,
    /// Rows that are not in their order.
    #[error("the rows are out of order")]
    OutOfOrder,
}

impl BetaFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::Empty => "beta_empty",
            Self::TooManyRows => "beta_too_many_rows",
            Self::MalformedSymbol => "beta_malformed_symbol",
            Self::RepeatedSymbol => "beta_repeated_symbol",
            Self::NothingKnown => "beta_nothing_known",
            Self::PairsOutOfRange => "beta_pairs_out_of_range",
            Self::Contradicted => "beta_contradicted",
            Self::OutOfOrder => "beta_out_of_order",
        }
    }
}
