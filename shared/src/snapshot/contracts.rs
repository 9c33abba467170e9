//! Every contract of the universe by itself: what holding it costs, and how much of it is held.
//!
//! Invariants, checked by [`Contracts::check`]: a contract stands once, the largest open interest
//! first; the rate of eight hours is that of one interval; the next funding lies ahead of the
//! section's own time.
//!
//! Stored by columns: five hundred rows that each name ten fields would be half of a snapshot. A
//! column that a reader does not know is passed over, and one that a writer did not know is unknown
//! in every row.

use crate::market::{is_funding_interval, is_plausible_symbol};
use crate::units::{Amount, HOUR_MS, Percent, UnixMs};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashSet;

/// The period to which funding rates are normalised, hours. Contracts pay every 1, 4 or 8 hours, so
/// rates per interval are not comparable.
pub const FUNDING_PERIOD_HOURS: f64 = 8.0;

/// The most contracts that a section may have.
pub const MAX_CONTRACTS: usize = 5_000;

/// How far a rate of eight hours may be from the rate of one interval, percent: both are rounded.
const RATE_TOLERANCE_PCT: f64 = 0.000_2;

/// Funding and open interest of one contract. What the venue does not tell is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractRow {
    /// The venue's full symbol.
    pub symbol: String,
    /// What holders of long positions pay to those of short ones at the next funding, percent of
    /// the position; negative when short positions pay.
    pub funding_rate_pct: Option<Percent>,
    /// Hours between two fundings.
    pub funding_interval_hours: Option<f64>,
    /// When funding is paid next.
    pub next_funding_ms: Option<UnixMs>,
    /// The rate as one of eight hours, percent: rates of different intervals compare by it.
    pub funding_rate_8h_pct: Option<Percent>,
    /// One side's open interest, USD.
    pub open_interest_usd: Option<Amount>,
    /// One side's open interest, base coin.
    pub open_interest_base: Option<Amount>,
    /// How the open interest in the base coin changed over an hour, percent.
    pub open_interest_change_1h_pct: Option<Percent>,
    /// The same over 4 hours.
    pub open_interest_change_4h_pct: Option<Percent>,
    /// The same over 24 hours.
    pub open_interest_change_24h_pct: Option<Percent>,
}

/// Every contract with a price, the largest open interest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Contracts {
    /// The rows.
    pub rows: Vec<ContractRow>,
}

/// The stored form: the fields of [`ContractRow`], each as a list over all rows.
#[derive(Serialize, Deserialize)]
struct Columns<Symbol> {
    symbol: Vec<Symbol>,
    #[serde(default)]
    funding_rate_pct: Vec<Option<Percent>>,
    #[serde(default)]
    funding_interval_hours: Vec<Option<f64>>,
    #[serde(default)]
    next_funding_ms: Vec<Option<UnixMs>>,
    #[serde(default)]
    funding_rate_8h_pct: Vec<Option<Percent>>,
    #[serde(default)]
    open_interest_usd: Vec<Option<Amount>>,
    #[serde(default)]
    open_interest_base: Vec<Option<Amount>>,
    #[serde(default)]
    open_interest_change_1h_pct: Vec<Option<Percent>>,
    #[serde(default)]
    open_interest_change_4h_pct: Vec<Option<Percent>>,
    #[serde(default)]
    open_interest_change_24h_pct: Vec<Option<Percent>>,
}

impl Serialize for Contracts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn column<'c, T>(contracts: &'c Contracts, of: fn(&'c ContractRow) -> T) -> Vec<T> {
            contracts.rows.iter().map(of).collect()
        }
        let columns = Columns {
            symbol: column(self, |row| row.symbol.as_str()),
            funding_rate_pct: column(self, |row| row.funding_rate_pct),
            funding_interval_hours: column(self, |row| row.funding_interval_hours),
            next_funding_ms: column(self, |row| row.next_funding_ms),
            funding_rate_8h_pct: column(self, |row| row.funding_rate_8h_pct),
            open_interest_usd: column(self, |row| row.open_interest_usd),
            open_interest_base: column(self, |row| row.open_interest_base),
            open_interest_change_1h_pct: column(self, |row| row.open_interest_change_1h_pct),
            open_interest_change_4h_pct: column(self, |row| row.open_interest_change_4h_pct),
            open_interest_change_24h_pct: column(self, |row| row.open_interest_change_24h_pct),
        };
        columns.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Contracts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = Columns::<String>::deserialize(deserializer)?;
        let rows = columns.symbol.len();
        let lengths = [
            ("funding_rate_pct", columns.funding_rate_pct.len()),
            (
                "funding_interval_hours",
                columns.funding_interval_hours.len(),
            ),
            ("next_funding_ms", columns.next_funding_ms.len()),
            ("funding_rate_8h_pct", columns.funding_rate_8h_pct.len()),
            ("open_interest_usd", columns.open_interest_usd.len()),
            ("open_interest_base", columns.open_interest_base.len()),
            (
                "open_interest_change_1h_pct",
                columns.open_interest_change_1h_pct.len(),
            ),
            (
                "open_interest_change_4h_pct",
                columns.open_interest_change_4h_pct.len(),
            ),
            (
                "open_interest_change_24h_pct",
                columns.open_interest_change_24h_pct.len(),
            ),
        ];
        // A column that has another length would move its values to other contracts.
        if let Some((name, found)) = lengths
            .into_iter()
            .find(|(_, found)| ![0, rows].contains(found))
        {
            return Err(D::Error::custom(format!(
                "the column {name} has {found} rows of {rows}"
            )));
        }
        let row = |(index, symbol)| ContractRow {
            symbol,
            funding_rate_pct: at(&columns.funding_rate_pct, index),
            funding_interval_hours: at(&columns.funding_interval_hours, index),
            next_funding_ms: at(&columns.next_funding_ms, index),
            funding_rate_8h_pct: at(&columns.funding_rate_8h_pct, index),
            open_interest_usd: at(&columns.open_interest_usd, index),
            open_interest_base: at(&columns.open_interest_base, index),
            open_interest_change_1h_pct: at(&columns.open_interest_change_1h_pct, index),
            open_interest_change_4h_pct: at(&columns.open_interest_change_4h_pct, index),
            open_interest_change_24h_pct: at(&columns.open_interest_change_24h_pct, index),
        };
        Ok(Self {
            rows: columns.symbol.into_iter().enumerate().map(row).collect(),
        })
    }
}

/// The value of a row in a column; `None` in a column that is not there.
fn at<T: Copy>(column: &[Option<T>], row: usize) -> Option<T> {
    column.get(row).copied().flatten()
}

/// Why contracts may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractFault {
    /// More rows than a venue lists.
    #[error("more than {MAX_CONTRACTS} contracts")]
    TooMany,
    /// A symbol that is none.
    #[error("a symbol is malformed")]
    MalformedSymbol,
    /// A contract that stands twice.
    #[error("a contract stands twice")]
    Repeated,
    /// Rows that are not by open interest.
    #[error("contracts are not the largest open interest first")]
    OutOfOrder,
    /// An interval, or a next funding, that cannot be.
    #[error("a funding is at no possible time")]
    ImpossibleFunding,
    /// Rates of a row that contradict each other.
    #[error("a rate of eight hours is not that of its interval")]
    RatesContradict,
    /// Less than nothing is held, or a change without what changed.
    #[error("a change of open interest is impossible")]
    ImpossibleChange,
}

impl ContractFault {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::TooMany => "contracts_too_many",
            Self::MalformedSymbol => "contracts_malformed_symbol",
            Self::Repeated => "contracts_repeated",
            Self::OutOfOrder => "contracts_out_of_order",
            Self::ImpossibleFunding => "contracts_impossible_funding",
            Self::RatesContradict => "contracts_rates_contradict",
            Self::ImpossibleChange => "contracts_impossible_change",
        }
    }
}

impl ContractRow {
    fn check(&self, as_of: UnixMs) -> Result<(), ContractFault> {
        if !is_plausible_symbol(&self.symbol) {
            return Err(ContractFault::MalformedSymbol);
        }
        let interval = self.funding_interval_hours;
        if interval.is_some_and(|hours| !is_funding_interval(hours))
            || self.next_funding_ms.is_some_and(|next| next <= as_of)
        {
            return Err(ContractFault::ImpossibleFunding);
        }
        let of_eight_hours = self
            .funding_rate_pct
            .zip(interval)
            .map(|(rate, hours)| rate.get() * FUNDING_PERIOD_HOURS / hours);
        let rates_agree = match (self.funding_rate_8h_pct, of_eight_hours) {
            (Some(told), Some(due)) => {
                // A short interval multiplies the rounding of its rate.
                let tolerance = RATE_TOLERANCE_PCT + due.abs() * 1e-6;
                (told.get() - due).abs() <= tolerance
            }
            (told, due) => told.is_some() == due.is_some(),
        };
        if !rates_agree {
            return Err(ContractFault::RatesContradict);
        }
        let changes = [
            self.open_interest_change_1h_pct,
            self.open_interest_change_4h_pct,
            self.open_interest_change_24h_pct,
        ];
        let is_possible =
            |change: Percent| change.get() >= -100.0 && self.open_interest_base.is_some();
        if changes.into_iter().flatten().all(is_possible) {
            Ok(())
        } else {
            Err(ContractFault::ImpossibleChange)
        }
    }

    /// What rows are sorted by: an unknown open interest is behind every known one.
    fn size(&self) -> f64 {
        self.open_interest_usd.map_or(-1.0, Amount::get)
    }
}

impl Contracts {
    /// The rows in their order: the largest open interest first, then by symbol.
    #[must_use]
    pub fn of(mut rows: Vec<ContractRow>) -> Self {
        rows.sort_by(|a, b| {
            let by_size = b.size().total_cmp(&a.size());
            by_size.then_with(|| a.symbol.cmp(&b.symbol))
        });
        Self { rows }
    }

    /// Whether the section may be published as of `as_of`.
    ///
    /// # Errors
    /// The first [`ContractFault`].
    pub fn check(&self, as_of: UnixMs) -> Result<(), ContractFault> {
        if self.rows.len() > MAX_CONTRACTS {
            return Err(ContractFault::TooMany);
        }
        let mut seen = HashSet::with_capacity(self.rows.len());
        for row in &self.rows {
            row.check(as_of)?;
            if !seen.insert(row.symbol.as_str()) {
                return Err(ContractFault::Repeated);
            }
        }
        if self.rows.is_sorted_by(|a, b| a.size() >= b.size()) {
            Ok(())
        } else {
            Err(ContractFault::OutOfOrder)
        }
    }
}

/// Open interest of one contract at earlier moments, base coin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PastOpenInterest {
    /// An hour ago.
    pub one_hour: Option<Amount>,
    /// 4 hours ago.
    pub four_hours: Option<Amount>,
    /// 24 hours ago.
    pub day: Option<Amount>,
}

impl PastOpenInterest {
    /// How long ago each of its moments is, milliseconds, in the order of the fields.
    pub const SPANS_MS: [u64; 3] = [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS];
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_OF: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn pct(value: f64) -> Option<Percent> {
        Percent::new(value).ok()
    }

    fn row(symbol: &str, interest: f64) -> ContractRow {
        ContractRow {
            symbol: symbol.to_owned(),
            funding_rate_pct: pct(0.005),
            funding_interval_hours: Some(4.0),
            next_funding_ms: Some(AS_OF.plus_millis(1)),
            funding_rate_8h_pct: pct(0.01),
            open_interest_usd: Amount::new(interest).ok(),
            open_interest_base: Amount::new(interest / 100.0).ok(),
            open_interest_change_1h_pct: pct(-100.0),
            open_interest_change_4h_pct: None,
            open_interest_change_24h_pct: pct(900.0),
        }
    }

    fn bare(symbol: &str) -> ContractRow {
        ContractRow {
            symbol: symbol.to_owned(),
            funding_rate_pct: None,
            funding_interval_hours: None,
            next_funding_ms: None,
            funding_rate_8h_pct: None,
            open_interest_usd: None,
            open_interest_base: None,
            open_interest_change_1h_pct: None,
            open_interest_change_4h_pct: None,
            open_interest_change_24h_pct: None,
        }
    }

    #[track_caller]
    fn check(expected: Result<(), ContractFault>, change: impl FnOnce(&mut Vec<ContractRow>)) {
        let mut contracts = Contracts::of(vec![
            bare("ZUSDT"),
            row("BUSDT", 5.0),
            row("AUSDT", 5.0),
            row("BTCUSDT", 9.0),
        ]);
        change(&mut contracts.rows);
        assert_eq!(contracts.check(AS_OF), expected);
    }

    #[test]
    fn contracts_stand_by_open_interest_and_the_unknown_ones_last() {
        let contracts = Contracts::of(vec![
            bare("ZUSDT"),
            row("BUSDT", 5.0),
            row("AUSDT", 5.0),
            row("BTCUSDT", 9.0),
        ]);
        let symbols: Vec<_> = contracts.rows.iter().map(|row| &*row.symbol).collect();
        assert_eq!(symbols, ["BTCUSDT", "AUSDT", "BUSDT", "ZUSDT"]);
        assert_eq!(contracts.check(AS_OF), Ok(()));
        assert_eq!(Contracts::of(Vec::new()).check(AS_OF), Ok(()));
    }

    #[test]
    fn a_row_that_contradicts_itself_is_refused_by_name() {
        use ContractFault::{ImpossibleChange, ImpossibleFunding, RatesContradict};
        check(Err(ImpossibleFunding), |rows| {
            rows[1].next_funding_ms = Some(AS_OF);
        });
        check(Err(ImpossibleFunding), |rows| {
            rows[1].funding_interval_hours = Some(0.0);
        });
        check(Err(RatesContradict), |rows| {
            rows[1].funding_rate_8h_pct = pct(0.011);
        });
        check(Err(RatesContradict), |rows| rows[1].funding_rate_pct = None);
        check(Err(RatesContradict), |rows| {
            rows[1].funding_rate_8h_pct = None;
        });
        check(Err(ImpossibleChange), |rows| {
            rows[1].open_interest_change_4h_pct = pct(-100.1);
        });
        check(Err(ImpossibleChange), |rows| {
            rows[1].open_interest_base = None;
        });
    }

    #[test]
    fn rows_are_stored_by_columns_of_one_length() {
        let contracts = Contracts::of(vec![bare("ZUSDT"), row("BTCUSDT", 9.0)]);
        let mut stored = serde_json::to_value(&contracts).unwrap();
        assert_eq!(
            stored["open_interest_usd"],
            serde_json::json!([9.0, serde_json::Value::Null])
        );
        let read = |stored: &serde_json::Value| Contracts::deserialize(stored);
        assert_eq!(read(&stored).ok(), Some(contracts.clone()));
        // A writer of before a column was there, and one that has more.
        stored["later"] = serde_json::json!("x");
        let known = stored.as_object_mut().unwrap();
        known.remove("open_interest_change_1h_pct");
        let mut without = contracts;
        for row in &mut without.rows {
            row.open_interest_change_1h_pct = None;
        }
        assert_eq!(read(&stored).ok(), Some(without));
        for (column, value) in [
            ("open_interest_usd", serde_json::json!([9.0])),
            ("next_funding_ms", serde_json::json!([1, 2, 3])),
        ] {
            let mut short = stored.clone();
            short[column] = value;
            let error = read(&short).unwrap_err().to_string();
            assert!(error.contains(column) && error.contains("of 2"), "{error}");
        }
        for value in [serde_json::json!("much"), serde_json::json!([-1.0, 2.0])] {
            let mut wrong = stored.clone();
            wrong["open_interest_usd"] = value;
            assert!(read(&wrong).is_err());
        }
    }

    #[test]
    fn a_list_that_is_none_is_refused_by_name() {
        check(Err(ContractFault::MalformedSymbol), |rows| {
            rows[0].symbol = "<b>".to_owned();
        });
        check(Err(ContractFault::Repeated), |rows| {
            rows[1].symbol = "BTCUSDT".to_owned();
        });
        check(Err(ContractFault::OutOfOrder), |rows| rows.swap(0, 1));
        check(Err(ContractFault::OutOfOrder), |rows| rows.swap(2, 3));
        check(Err(ContractFault::TooMany), |rows| {
            *rows = vec![bare("ZUSDT"); MAX_CONTRACTS + 1];
        });
    }
}
