//! Liquidations: how much was liquidated over the last hours, and the last of them one by one.
//!
//! Nobody keeps a record of liquidations that could be asked for, so only what was heard is known.
//! [`Liquidations::observed_since_ms`] says since when that is everything. A sum over a window that
//! begins before it is `None`, however much is known of the rest of the window.
//!
//! Invariants, checked by [`Liquidations::check`]: every window ends at the section's own time, no
//! row lies outside of what was observed, a row's value is its size times its price, and a sum is
//! that of the rows wherever all of a window's rows are there.

use crate::market::is_plausible_symbol;
use crate::market::liquidations::Position;
use crate::units::{Amount, HOUR_MS, Price, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The most rows that a section shows.
pub const MAX_LIQUIDATIONS: usize = 200;

/// The most contracts that a section shows.
pub const MAX_LIQUIDATED_CONTRACTS: usize = 20;

/// The longest window, and the longest time for which a liquidation is remembered, milliseconds.
pub const LIQUIDATION_DAY_MS: u64 = 24 * HOUR_MS;

/// How far a sum may be from that of its rows, USD: both are rounded to the cent.
const CENT: f64 = 0.011;

/// What was liquidated of each side, USD at bankruptcy prices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct LiquidatedSides {
    /// Of positions that gain when the price rises, USD.
    pub long_usd: Amount,
    /// Of positions that gain when the price falls, USD.
    pub short_usd: Amount,
}

impl LiquidatedSides {
    /// Both sides, USD.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.long_usd.get() + self.short_usd.get()
    }

    /// One side, USD.
    #[must_use]
    pub const fn of(&self, side: Position) -> Amount {
        match side {
            Position::Long => self.long_usd,
            Position::Short => self.short_usd,
        }
    }
}

/// One liquidation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidationRow {
    /// When the venue reported it, but never later than its receipt.
    pub time_ms: UnixMs,
    /// The venue's full symbol.
    pub symbol: String,
    /// The position that was closed.
    pub side: Position,
    /// How much of it, in the base coin.
    pub size_base: Amount,
    /// The price at which its margin was used up, USDT. It is no fill: the venue may have closed the
    /// position at a better or a worse price.
    pub bankruptcy_price: Price,
    /// Size times bankruptcy price, USD.
    pub value_usd: Amount,
}

/// What was liquidated of one contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidatedContract {
    /// The venue's full symbol.
    pub symbol: String,
    /// Of each side.
    #[serde(flatten)]
    pub sides: LiquidatedSides,
}

/// What was liquidated, as far as it was observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Liquidations {
    /// Since when every liquidation was heard, but for [`Self::unheard_ms`] and [`Self::refused`].
    pub observed_since_ms: UnixMs,
    /// How long no connection was open since then, in interruptions of a few seconds, milliseconds.
    pub unheard_ms: u64,
    /// Liquidations since then that could not be read and are in no sum.
    pub refused: u64,
    /// How many contracts are listened to.
    pub contracts_observed: usize,
    /// Over the last hour; `None` when that is longer than was observed.
    pub last_1h: Option<LiquidatedSides>,
    /// Over the last 4 hours; `None` when that is longer than was observed.
    pub last_4h: Option<LiquidatedSides>,
    /// Over the last 24 hours; `None` when that is longer than was observed.
    pub last_24h: Option<LiquidatedSides>,
    /// The contracts of which most was liquidated over the last hour, most first, at most
    /// [`MAX_LIQUIDATED_CONTRACTS`]; `None` when that is longer than was observed.
    pub contracts_1h: Option<Vec<LiquidatedContract>>,
    /// The most valuable of the last 24 hours, or of what was observed of them.
    pub largest: Option<LiquidationRow>,
    /// The last ones, newest first, at most [`MAX_LIQUIDATIONS`] and no older than 24 hours.
    pub latest: Vec<LiquidationRow>,
}

/// Why liquidations may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiquidationFault {
    /// More rows than are kept.
    #[error("more than {MAX_LIQUIDATIONS} rows or {MAX_LIQUIDATED_CONTRACTS} contracts")]
    TooMany,
    /// A symbol that is none.
    #[error("a symbol is malformed")]
    MalformedSymbol,
    /// A row from before what was observed, older than a day, or newer than the section.
    #[error("a row lies outside of what was observed")]
    OutsideWindow,
    /// A row of no size.
    #[error("a row has no size")]
    NoSize,
    /// A value that is not size times price.
    #[error("a row's value is not its size times its price")]
    WrongValue,
    /// Rows that are not newest first, or contracts that are not most first.
    #[error("rows or contracts are out of order")]
    OutOfOrder,
    /// A contract that stands twice.
    #[error("a contract stands twice")]
    Repeated,
    /// A sum over more than was observed, or none over what was.
    #[error("a sum is of a window that was not observed, or lacks although it was")]
    NotObserved,
    /// Sums that rows, contracts or each other contradict.
    #[error("a sum is not that of its rows")]
    Contradicted,
}

impl LiquidationFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::TooMany => "liquidations_too_many",
            Self::MalformedSymbol => "liquidations_malformed_symbol",
            Self::OutsideWindow => "liquidations_outside_window",
            Self::NoSize => "liquidations_no_size",
            Self::WrongValue => "liquidations_wrong_value",
            Self::OutOfOrder => "liquidations_out_of_order",
            Self::Repeated => "liquidations_repeated",
            Self::NotObserved => "liquidations_not_observed",
            Self::Contradicted => "liquidations_contradicted",
        }
    }
}

impl LiquidationRow {
    /// Size times bankruptcy price, to the cent; `None` where that is no number.
    #[must_use]
    pub fn value_of(size_base: Amount, bankruptcy_price: Price) -> Option<Amount> {
        let value = Amount::new(size_base.get() * bankruptcy_price.get());
        value.ok().map(|value| value.rounded(2))
    }

    fn check(&self, from: UnixMs, as_of: UnixMs) -> Result<(), LiquidationFault> {
        if !is_plausible_symbol(&self.symbol) {
            return Err(LiquidationFault::MalformedSymbol);
        }
        if self.time_ms < from || !is_within(self.time_ms, LIQUIDATION_DAY_MS, as_of) {
            return Err(LiquidationFault::OutsideWindow);
        }
        if self.size_base.get() <= 0.0 {
            return Err(LiquidationFault::NoSize);
        }
        if Self::value_of(self.size_base, self.bankruptcy_price) != Some(self.value_usd) {
            return Err(LiquidationFault::WrongValue);
        }
        Ok(())
    }
}

/// Whether a moment lies in the window of this length that ends at `as_of`. The beginning does not
/// belong to it, so that windows that follow each other share nothing.
#[must_use]
pub const fn is_within(moment: UnixMs, window_ms: u64, as_of: UnixMs) -> bool {
    moment.as_millis() <= as_of.as_millis() && as_of.millis_since(moment) < window_ms
}

impl Liquidations {
    /// Whether the section may be published as of `as_of`.
    ///
    /// # Errors
    /// The first [`LiquidationFault`].
    pub fn check(&self, as_of: UnixMs) -> Result<(), LiquidationFault> {
        let contracts = self.contracts_1h.as_deref().unwrap_or_default();
        if self.latest.len() > MAX_LIQUIDATIONS || contracts.len() > MAX_LIQUIDATED_CONTRACTS {
            return Err(LiquidationFault::TooMany);
        }
        if self.observed_since_ms > as_of {
            return Err(LiquidationFault::OutsideWindow);
        }
        self.latest
            .iter()
            .chain(&self.largest)
            .try_for_each(|row| row.check(self.observed_since_ms, as_of))?;
        if !self
            .latest
            .is_sorted_by(|before, after| before.time_ms >= after.time_ms)
        {
            return Err(LiquidationFault::OutOfOrder);
        }
        check_contracts(contracts)?;
        self.check_windows(as_of)?;
        if self.agrees(as_of) {
            Ok(())
        } else {
            Err(LiquidationFault::Contradicted)
        }
    }

    /// Each sum with the length of its window.
    const fn sums(&self) -> [(u64, Option<LiquidatedSides>); 3] {
        [
            (HOUR_MS, self.last_1h),
            (4 * HOUR_MS, self.last_4h),
            (LIQUIDATION_DAY_MS, self.last_24h),
        ]
    }

    fn check_windows(&self, as_of: UnixMs) -> Result<(), LiquidationFault> {
        let observed_ms = as_of.millis_since(self.observed_since_ms);
        let is_honest = |(window_ms, sum): (u64, Option<LiquidatedSides>)| {
            sum.is_some() == (observed_ms >= window_ms)
        };
        if self.sums().into_iter().all(is_honest)
            && self.contracts_1h.is_some() == self.last_1h.is_some()
        {
            Ok(())
        } else {
            Err(LiquidationFault::NotObserved)
        }
    }

    /// Whether the sums are those of the rows and the contracts, as far as these are all there.
    fn agrees(&self, as_of: UnixMs) -> bool {
        let rows_agree = self.sums().into_iter().all(|(window_ms, sum)| {
            // Without all rows of a window their sum is a lower bound.
            let is_whole = self.latest.len() < MAX_LIQUIDATIONS
                || self
                    .latest
                    .last()
                    .is_some_and(|oldest| !is_within(oldest.time_ms, window_ms, as_of));
            sum.is_none_or(|sum| {
                [Position::Long, Position::Short].into_iter().all(|side| {
                    let rows = self
                        .latest
                        .iter()
                        .filter(|row| row.side == side && is_within(row.time_ms, window_ms, as_of));
                    let shown: f64 = rows.map(|row| row.value_usd.get()).sum();
                    fits(shown, sum.of(side).get(), is_whole)
                })
            })
        });
        let longer = [(self.last_1h, self.last_4h), (self.last_4h, self.last_24h)];
        let windows_agree = longer.into_iter().all(|pair| match pair {
            (Some(shorter), Some(longer)) => [Position::Long, Position::Short]
                .into_iter()
                .all(|side| fits(shorter.of(side).get(), longer.of(side).get(), false)),
            _ => true,
        });
        rows_agree && windows_agree && self.contracts_agree() && self.largest_agrees()
    }

    fn contracts_agree(&self) -> bool {
        let (Some(contracts), Some(hour)) = (&self.contracts_1h, self.last_1h) else {
            return true;
        };
        let is_whole = contracts.len() < MAX_LIQUIDATED_CONTRACTS;
        [Position::Long, Position::Short].into_iter().all(|side| {
            let shown = contracts.iter().map(|one| one.sides.of(side).get()).sum();
            fits(shown, hour.of(side).get(), is_whole)
        })
    }

    fn largest_agrees(&self) -> bool {
        let shown = self
            .latest
            .iter()
            .map(|row| row.value_usd)
            .max_by(|a, b| a.get().total_cmp(&b.get()));
        match (&self.largest, shown) {
            (None, None) => true,
            (Some(largest), Some(shown)) if self.latest.len() < MAX_LIQUIDATIONS => {
                largest.value_usd == shown
            }
            (Some(largest), Some(shown)) => largest.value_usd >= shown,
            _ => false,
        }
    }
}

fn check_contracts(contracts: &[LiquidatedContract]) -> Result<(), LiquidationFault> {
    let mut seen = HashSet::new();
    for contract in contracts {
        if !is_plausible_symbol(&contract.symbol) {
            return Err(LiquidationFault::MalformedSymbol);
        }
        if !seen.insert(contract.symbol.as_str()) {
            return Err(LiquidationFault::Repeated);
        }
    }
    if contracts.is_sorted_by(|before, after| before.sides.total() >= after.sides.total()) {
        Ok(())
    } else {
        Err(LiquidationFault::OutOfOrder)
    }
}

/// Whether what is shown is the sum, or a part of it where not everything is shown.
fn fits(shown: f64, sum: f64, is_whole: bool) -> bool {
    // Sums of many millions are exact to fewer decimals.
    let tolerance = CENT + sum.abs() * 1e-9;
    let beyond = shown - sum;
    beyond <= tolerance && (!is_whole || beyond >= -tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_OF: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(AS_OF.as_millis() - ms)
    }

    fn usd(value: f64) -> Amount {
        Amount::new(value).unwrap()
    }

    fn row(ago_ms: u64, side: Position, size: f64) -> LiquidationRow {
        LiquidationRow {
            time_ms: ago(ago_ms),
            symbol: "BTCUSDT".to_owned(),
            side,
            size_base: usd(size),
            bankruptcy_price: Price::new(100.0).unwrap(),
            value_usd: usd(size * 100.0),
        }
    }

    fn sides(long: f64, short: f64) -> LiquidatedSides {
        LiquidatedSides {
            long_usd: usd(long),
            short_usd: usd(short),
        }
    }

    /// Two hours observed: a short in the last hour, a long before it.
    fn good() -> Liquidations {
        Liquidations {
            observed_since_ms: ago(2 * HOUR_MS),
            unheard_ms: 0,
            refused: 0,
            contracts_observed: 500,
            last_1h: Some(sides(0.0, 200.0)),
            last_4h: None,
            last_24h: None,
            contracts_1h: Some(vec![LiquidatedContract {
                symbol: "BTCUSDT".to_owned(),
                sides: sides(0.0, 200.0),
            }]),
            largest: Some(row(HOUR_MS, Position::Long, 3.0)),
            latest: vec![
                row(1_000, Position::Short, 2.0),
                row(HOUR_MS, Position::Long, 3.0),
            ],
        }
    }

    #[track_caller]
    fn check(expected: Result<(), LiquidationFault>, change: impl FnOnce(&mut Liquidations)) {
        let mut section = good();
        change(&mut section);
        assert_eq!(section.check(AS_OF), expected);
    }

    #[test]
    fn what_was_observed_may_be_published() {
        check(Ok(()), |_| {});
        check(Ok(()), |it| {
            it.latest.clear();
            it.largest = None;
            it.last_1h = Some(sides(0.0, 0.0));
            it.contracts_1h = Some(Vec::new());
        });
    }

    #[test]
    fn a_sum_over_more_than_was_observed_is_refused_and_so_is_one_that_lacks() {
        use LiquidationFault::NotObserved;
        check(Err(NotObserved), |it| {
            it.last_4h = Some(sides(300.0, 200.0));
        });
        check(Err(NotObserved), |it| it.last_1h = None);
        check(Err(NotObserved), |it| it.contracts_1h = None);
        check(Err(NotObserved), |it| {
            it.observed_since_ms = ago(HOUR_MS - 1);
            it.latest.truncate(1);
            it.largest = it.latest.first().cloned();
        });
    }

    #[test]
    fn a_row_outside_of_what_was_observed_is_refused() {
        use LiquidationFault::OutsideWindow;
        check(Err(OutsideWindow), |it| {
            it.latest.push(row(2 * HOUR_MS + 1, Position::Long, 1.0));
        });
        check(Err(OutsideWindow), |it| {
            it.latest[0].time_ms = AS_OF.plus_millis(1);
        });
        check(Err(OutsideWindow), |it| {
            it.observed_since_ms = AS_OF.plus_millis(1);
        });
        check(Err(OutsideWindow), |it| {
            it.observed_since_ms = ago(30 * HOUR_MS);
            it.latest.push(row(24 * HOUR_MS, Position::Long, 1.0));
        });
    }

    #[test]
    fn sums_that_are_not_those_of_their_rows_are_refused() {
        use LiquidationFault::Contradicted;
        check(Err(Contradicted), |it| it.last_1h = Some(sides(0.0, 201.0)));
        check(Err(Contradicted), |it| it.last_1h = Some(sides(200.0, 0.0)));
        check(Err(Contradicted), |it| {
            it.contracts_1h = Some(Vec::new());
        });
        check(Err(Contradicted), |it| it.largest = None);
        check(Err(Contradicted), |it| {
            it.largest = Some(row(1_000, Position::Short, 2.0));
        });
        // Longer windows hold the shorter ones.
        check(Err(Contradicted), |it| {
            it.observed_since_ms = ago(5 * HOUR_MS);
            it.last_4h = Some(sides(300.0, 100.0));
        });
        check(Ok(()), |it| {
            it.observed_since_ms = ago(5 * HOUR_MS);
            it.last_4h = Some(sides(300.0, 200.0));
        });
    }

    #[test]
    fn a_row_is_what_it_says() {
        check(Err(LiquidationFault::NoSize), |it| {
            it.latest[0].size_base = usd(0.0);
        });
        check(Err(LiquidationFault::WrongValue), |it| {
            it.latest[0].value_usd = usd(200.01);
        });
        check(Err(LiquidationFault::MalformedSymbol), |it| {
            it.latest[0].symbol = "<b>".to_owned();
        });
        check(Err(LiquidationFault::OutOfOrder), |it| it.latest.swap(0, 1));
        check(Err(LiquidationFault::TooMany), |it| {
            it.latest = vec![row(1, Position::Long, 1.0); MAX_LIQUIDATIONS + 1];
        });
        check(Err(LiquidationFault::Repeated), |it| {
            let again = it.contracts_1h.as_ref().unwrap()[0].clone();
            it.contracts_1h.as_mut().unwrap().push(again);
        });
    }

    #[test]
    fn where_not_all_rows_are_shown_their_sum_is_a_lower_bound() {
        let many = |it: &mut Liquidations| {
            it.latest = vec![row(1, Position::Short, 1.0); MAX_LIQUIDATIONS];
            it.largest = Some(row(5_000, Position::Short, 7.0));
        };
        let with = |total: f64| {
            move |it: &mut Liquidations| {
                many(it);
                it.last_1h = Some(sides(0.0, total));
                it.contracts_1h = Some(vec![LiquidatedContract {
                    symbol: "BTCUSDT".to_owned(),
                    sides: sides(0.0, total),
                }]);
            }
        };
        check(Ok(()), with(20_700.0));
        check(Err(LiquidationFault::Contradicted), with(19_999.0));
    }
}
