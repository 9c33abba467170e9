//! The perpetuals as a whole: funding, open interest, basis and premium.
//!
//! Two weights are used on purpose. Means by turnover describe who trades, means by open interest
//! describe who holds and therefore pays. A mean needs most contracts by number, by turnover, and
//! both majors; without them it is `None`.

use super::join::Market;
use super::means::weighted_mean;
use super::premium::unusual_premium;
use crate::market::{Ticker, Universe};
use crate::provenance::Venue;
use crate::snapshot::contracts::FUNDING_PERIOD_HOURS;
use crate::snapshot::{BasisStatus, Perps};
use crate::units::{Amount, Fraction, Percent, Share};

/// The basis beyond which the market is in contango or backwardation, percent.
const BASIS_THRESHOLD_PCT: f64 = 0.01;

/// Who holds the positions in all contracts. It needs more than tickers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Positioning {
    /// Turnover-weighted mean share of the long accounts, percent.
    pub long_pct: Option<Share>,
    /// The rest.
    pub short_pct: Option<Share>,
    /// −Σ p·log₂ p over the two shares: 1 when they are equal, 0 when all are on one side.
    pub ls_entropy: Option<Fraction>,
    /// Turnover-weighted mean of how unusual each latest funding is for its contract.
    pub funding_zscore: Option<f64>,
    /// Mean of how unusual each next rate is for its contract, weighted by open interest.
    pub funding_unusual: Option<f64>,
}

/// Derives the section from the tickers of `venue`. What needs history or account ratios comes from
/// `positioning`, and `past_premiums`, percent, decide how unusual the premium is.
#[must_use]
pub fn perps(
    market: &Market<'_, '_>,
    universe: &Universe,
    positioning: Option<&Positioning>,
    past_premiums: &[f64],
    venue: Venue,
) -> Perps {
    let funding_pct = |row: &Ticker<'_>| Some(funding_rate_8h(row, universe)? * 100.0);
    let (funding, basis) = (
        mean_by(TURNOVER, market, funding_pct),
        mean_by(TURNOVER, market, basis_pct),
    );
    let shown = |(mean, _): (Percent, usize)| mean.rounded(6);
    let premium = mean_by(OPEN_INTEREST, market, basis_pct).map(shown);
    let interest = |row: &Ticker<'_>| row.open_interest_usd.map(Amount::get);
    let interests: Vec<f64> = market.rows.iter().copied().filter_map(interest).collect();
    let is_told = is_of_most(market, interest);
    Perps {
        funding_rate: funding.map(shown),
        funding_contracts: funding.map(|(_, contracts)| contracts),
        funding_zscore: positioning.and_then(|positioning| positioning.funding_zscore),
        long_pct: positioning.and_then(|positioning| positioning.long_pct),
        short_pct: positioning.and_then(|positioning| positioning.short_pct),
        ls_entropy: positioning.and_then(|positioning| positioning.ls_entropy),
        total_open_interest: if is_told {
            Amount::new(interests.iter().sum())
                .ok()
                .map(|sum| sum.rounded(2))
        } else {
            None
        },
        open_interest_contracts: is_told.then_some(interests.len()),
        basis_pct: basis.map(shown),
        basis_contracts: basis.map(|(_, contracts)| contracts),
        basis_status: basis.map(|(basis, _)| basis_status(basis)),
        // Binance's rows are spot pairs.
        contract_count: venue.trades_perpetuals().then_some(market.rows.len()),
        funding_paid: mean_by(OPEN_INTEREST, market, funding_pct).map(shown),
        funding_unusual: positioning.and_then(|positioning| positioning.funding_unusual),
        premium,
        premium_unusual: premium.and_then(|premium| unusual_premium(premium, past_premiums)),
    }
}

/// The rate as a fraction per 8 hours; `None` when neither ticker nor list states the interval.
#[must_use]
pub fn funding_rate_8h(row: &Ticker<'_>, universe: &Universe) -> Option<f64> {
    // Without an interval the rate is unknown; 8 hours as a default would misstate it up to
    // eightfold.
    let interval_hours = funding_interval_hours(row, universe)?;
    Some(row.funding_rate? * (FUNDING_PERIOD_HOURS / interval_hours))
}

/// Hours between two fundings of a contract; `None` when neither ticker nor list states them.
#[must_use]
pub fn funding_interval_hours(row: &Ticker<'_>, universe: &Universe) -> Option<f64> {
    let listed = || universe.contracts.get(&*row.symbol).copied().flatten();
    // The ticker first: it shows a changed interval at once, the list only when it is fetched
    // again.
    row.funding_interval_hours.or_else(listed)
}

fn basis_pct(row: &Ticker<'_>) -> Option<f64> {
    let (mark, index) = (row.mark?.get(), row.index?.get());
    Some((mark - index) / index * 100.0)
}

fn basis_status(basis: Percent) -> BasisStatus {
    if basis.get() > BASIS_THRESHOLD_PCT {
        BasisStatus::Contango
    } else if basis.get() < -BASIS_THRESHOLD_PCT {
        BasisStatus::Backwardation
    } else {
        BasisStatus::Neutral
    }
}

/// The weight of a row in a mean.
type Weight = fn(&Ticker<'_>) -> Option<Amount>;

/// By trading. One contract with a day of extreme turnover outweighs the market.
const TURNOVER: Weight = |row| row.turnover_24h;

/// By holding, which is what funding is paid on.
const OPEN_INTEREST: Weight = |row| row.open_interest_usd;

/// The mean over the rows with both weight and figure, and their number; `None` when they are not
/// most of the market.
fn mean_by(
    weight: Weight,
    market: &Market<'_, '_>,
    figure: impl Fn(&Ticker<'_>) -> Option<f64>,
) -> Option<(Percent, usize)> {
    let weighed = |row: &Ticker<'_>| {
        Some((
            weight(row)?.get(),
            figure(row).filter(|value| value.is_finite())?,
        ))
    };
    if !is_of_most(market, weighed) {
        return None;
    }
    let rows = || market.rows.iter().filter_map(|row| weighed(row));
    Some((Percent::new(weighted_mean(rows())).ok()?, rows().count()))
}

/// Whether the rows with a figure are most of the market by number and by turnover.
fn is_of_most<T>(market: &Market<'_, '_>, figure: impl Fn(&Ticker<'_>) -> Option<T>) -> bool {
    let (mut told_turnover, mut turnover) = (0.0, 0.0);
    for row in &market.rows {
        let of_row = row.turnover_24h.map_or(0.0, Amount::get);
        turnover += of_row;
        if figure(row).is_some() {
            told_turnover += of_row;
        }
    }
    !market.rows.is_empty()
        && market.is_told(|row| figure(row).is_some())
        // Four fifths, as `is_most` asks of the number: many small contracts do not make up for a
        // few large ones.
        && told_turnover >= 0.8 * turnover
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::premium::FEWEST_PREMIUMS;
    use crate::analysis::testing::ticker;
    use crate::market::Tickers;
    use crate::provenance::Source;
    use crate::units::{Price, UnixMs};

    fn perps_of(rows: Vec<Ticker<'static>>, listed_hours: Option<f64>) -> Perps {
        perps_after(&[], rows, listed_hours)
    }

    fn perps_after(
        past_premiums: &[f64],
        rows: Vec<Ticker<'static>>,
        listed_hours: Option<f64>,
    ) -> Perps {
        let contracts = rows
            .iter()
            .map(|row| (row.symbol.to_string(), listed_hours))
            .collect();
        let universe = Universe::new(
            UnixMs::from_millis(1),
            Source::live(Venue::Bybit),
            contracts,
        );
        let tickers = Tickers {
            server_time: UnixMs::from_millis(1),
            rows,
            refused: Vec::new(),
            odd: Vec::new(),
        };
        perps(
            &Market::join(&tickers, &universe),
            &universe,
            None,
            past_premiums,
            Venue::Bybit,
        )
    }

    #[test]
    fn funding_is_normalised_to_eight_hours_and_weighted_by_turnover() {
        let four_hourly = Ticker {
            funding_interval_hours: Some(4.0),
            ..ticker("AUSDT", 1.0, 0.0, 3e6)
        };
        let eight_hourly = Ticker {
            funding_rate: Some(-0.0002),
            ..ticker("BUSDT", 1.0, 0.0, 1e6)
        };
        // (0.02 % · 3 − 0.02 % · 1) / 4.
        let perps = perps_of(vec![four_hourly, eight_hourly], None);
        assert_eq!(perps.funding_rate.map(Percent::get), Some(0.01));
    }

    #[test]
    fn an_interval_that_nobody_tells_is_not_taken_for_eight_hours() {
        let unknown = Ticker {
            funding_interval_hours: None,
            ..ticker("AUSDT", 1.0, 0.0, 3e6)
        };
        assert_eq!(perps_of(vec![unknown.clone()], None).funding_rate, None);
        assert_eq!(
            perps_of(vec![unknown], Some(1.0))
                .funding_rate
                .map(Percent::get),
            Some(0.08)
        );
    }

    #[test]
    fn the_basis_has_a_name() {
        let with_mark = |mark: f64| Ticker {
            mark: Some(Price::new(mark).unwrap()),
            ..ticker("AUSDT", 100.0, 0.0, 1e6)
        };
        let status = |mark| perps_of(vec![with_mark(mark)], None).basis_status;
        assert_eq!(status(100.02), Some(BasisStatus::Contango));
        assert_eq!(status(99.98), Some(BasisStatus::Backwardation));
        assert_eq!(status(100.005), Some(BasisStatus::Neutral));
    }

    #[test]
    fn a_contract_that_is_traded_wildly_does_not_pay_for_the_market() {
        let rate = |rate: f64, turnover: f64, interest: f64, symbol: &str| Ticker {
            funding_rate: Some(rate),
            open_interest_usd: Amount::new(interest).ok(),
            mark: Some(Price::new(if rate < 0.0 { 0.999 } else { 1.001 }).unwrap()),
            ..ticker(symbol, 1.0, 0.0, turnover)
        };
        // (0.01 % · 3 − 0.2 % · 1) / 4 by turnover; (0.01 % · 99 − 0.2 % · 1) / 100 by open
        // interest.
        let perps = perps_of(
            vec![
                rate(0.0001, 3e6, 99e6, "AUSDT"),
                rate(-0.002, 1e6, 1e6, "BUSDT"),
            ],
            None,
        );
        assert_eq!(perps.funding_rate.map(Percent::get), Some(-0.0425));
        assert_eq!(perps.funding_paid.map(Percent::get), Some(0.0079));
        assert_eq!(perps.premium.map(Percent::get), Some(0.098));
    }

    #[test]
    fn the_premium_that_is_shown_is_set_beside_its_own_past() {
        let with_mark = |mark: f64| {
            let row = Ticker {
                mark: Some(Price::new(mark).unwrap()),
                ..ticker("AUSDT", 100.0, 0.0, 1e6)
            };
            vec![row]
        };
        // Median 0.01 %, the median distance from it 0.01 %: (0.04 − 0.01) / 0.014826.
        let past: Vec<f64> = [0.0, 0.01, 0.02, 0.0, 0.02].repeat(FEWEST_PREMIUMS / 5);
        let shown = |past: &[f64], mark| perps_after(past, with_mark(mark), None).premium_unusual;
        assert_eq!(shown(&past, 100.04), Some(2.0235));
        assert_eq!(shown(&past, 101.0), Some(5.0));
        assert_eq!(shown(&[], 100.04), None);
        let unknown = Ticker {
            mark: None,
            ..ticker("AUSDT", 100.0, 0.0, 1e6)
        };
        assert_eq!(
            perps_after(&past, vec![unknown], None).premium_unusual,
            None
        );
    }

    #[test]
    fn what_no_row_knows_is_unknown() {
        let bare = Ticker {
            funding_rate: None,
            open_interest_usd: None,
            mark: None,
            ..ticker("AUSDT", 1.0, 0.0, 3e6)
        };
        let perps = perps_of(vec![bare], None);
        assert_eq!(
            (
                perps.funding_rate,
                perps.total_open_interest,
                perps.basis_pct
            ),
            (None, None, None)
        );
        assert_eq!((perps.funding_paid, perps.premium), (None, None));
    }
}
