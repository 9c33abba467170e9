//! Checked quantities: a venue's text becomes one of these once, in the parser. From then on it
//! cannot be NaN or infinite, and a price cannot be zero.
//!
//! Invariant: the field is private, and constructor and deserialiser share one check. So a snapshot
//! that is read back is checked number by number like one that was just computed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number that is not what its type promises, with the value that was offered.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{value} is not a {what}")]
pub struct OutOfRange {
    /// The type that refused, as a reader would name it.
    pub what: &'static str,
    /// The value that was refused.
    pub value: f64,
}

/// Defines a newtype over `f64` whose every way in (constructor and deserialiser) passes one check.
macro_rules! checked_number {
    ($(#[$doc:meta])* $name:ident, $what:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Checks `value`.
            ///
            /// # Errors
            /// [`OutOfRange`] when the value is not finite or outside the type's range.
            pub fn new(value: f64) -> Result<Self, OutOfRange> {
                let holds: fn(f64) -> bool = $holds;
                // `is_finite` first, so that no range has to think of NaN.
                if value.is_finite() && holds(value) {
                    // `-0.0` would be printed as "-0.0" and read by people as a defect.
                    Ok(Self(if value == 0.0 { 0.0 } else { value }))
                } else {
                    Err(OutOfRange { what: $what, value })
                }
            }

            /// The bare number, in the type's unit.
            #[must_use]
            pub fn get(self) -> f64 {
                self.0
            }

            /// The same quantity rounded to `decimals` places, or as it is when rounding would leave the range
            /// (a price of 0.00001 must not become 0).
            #[must_use]
            pub fn rounded(self, decimals: i32) -> Self {
                Self::new(round_to(self.0, decimals)).unwrap_or(self)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = OutOfRange;

            fn try_from(value: f64) -> Result<Self, OutOfRange> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> f64 {
                number.0
            }
        }
    };
}

checked_number! {
    /// A price in the quote currency (USDT): finite and above zero.
    Price, "price", |v| v > 0.0
}

checked_number! {
    /// An amount that cannot be negative: US dollars, or units of a base coin where the field says so.
    Amount, "amount", |v| v >= 0.0
}

checked_number! {
    /// A signed percentage: 2.1 means 2.1 %.
    Percent, "percentage", |_| true
}

checked_number! {
    /// A share of a whole in percent, 0–100.
    Share, "share of a whole", |v| (0.0..=100.0).contains(&v)
}

checked_number! {
    /// A score, 0–100, 50 neutral.
    Score, "score", |v| (0.0..=100.0).contains(&v)
}

checked_number! {
    /// A share of a whole as a fraction, 0–1.
    Fraction, "fraction", |v| (0.0..=1.0).contains(&v)
}

checked_number! {
    /// A finite number without a unit, such as a slope or a quotient.
    Ratio, "ratio", |_| true
}

checked_number! {
    /// A coefficient of correlation, −1…1.
    Correlation, "correlation", |v| (-1.0..=1.0).contains(&v)
}

impl Fraction {
    /// The nearest fraction; 0 for what is no number.
    #[must_use]
    pub fn saturating(value: f64) -> Self {
        // Written so that NaN gives 0: every comparison with NaN is false.
        Self(if value > 0.0 { value.min(1.0) } else { 0.0 })
    }
}

/// Rounds half away from zero to `decimals` places; a number too large to be scaled comes back
/// unchanged.
#[must_use]
pub fn round_to(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    let rounded = (value * scale).round() / scale;
    // The scaled value of a huge number overflows to infinity.
    if rounded.is_finite() { rounded } else { value }
}

/// The factor that makes the median distance from the median equal to the standard deviation for a
/// normal distribution.
pub const MAD_TO_DEVIATION: f64 = 1.4826;

/// A minute, milliseconds.
pub const MINUTE_MS: u64 = 60_000;

/// An hour, milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct UnixMs(u64);

impl UnixMs {
    /// A moment from Unix milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A moment from Unix seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Unix seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Milliseconds from `earlier` to `self`; zero when `earlier` is in fact later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-01-02T03:04:05.678Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let (year, month, day) = civil_from_days(self.0 / 86_400_000);
        let of_day = self.0 % 86_400_000;
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// The fixed date format of HTTP (RFC 9110 section 5.6.7), such as `Fri, 02 Jan 2026 03:04:05
    /// GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let days = self.0 / 86_400_000;
        let (year, month, day) = civil_from_days(days);
        let secs = self.as_secs() % 86_400;
        // Both look-ups are in range by the remainder and the calendar; the empty text is
        // unreachable.
        let weekday = WEEKDAYS.get((days % 7) as usize).unwrap_or(&"");
        let month = MONTHS.get((month - 1) as usize).unwrap_or(&"");
        let (hour, minute, second) = (secs / 3_600, secs / 60 % 60, secs % 60);
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Days since 1970-01-01 → (year, month 1–12, day 1–31) in the proleptic Gregorian calendar.
///
/// Years are counted from March so that the leap day is the last of its year; 146 097 days make a
/// 400-year era.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01 to 1970-01-01.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_price_is_never_zero_negative_nan_or_infinite() {
        for bad in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Price::new(bad).is_err(), "{bad} was taken for a price");
            assert!(serde_json::from_str::<Price>(&format!("{bad}")).is_err());
        }
        assert_eq!(Price::new(0.000_001).map(Price::get), Ok(0.000_001));
    }

    #[test]
    fn rounding_a_tiny_price_keeps_it_above_zero() {
        assert_eq!(
            Price::new(0.000_001).map(|p| p.rounded(2).get()),
            Ok(0.000_001)
        );
    }

    #[test]
    fn a_negative_zero_is_printed_as_zero() {
        assert_eq!(
            Percent::new(-0.0).map(|p| serde_json::to_string(&p).unwrap()),
            Ok("0.0".to_owned())
        );
    }

    #[track_caller]
    fn check_dates(millis: u64, rfc3339: &str, http: &str) {
        assert_eq!(UnixMs::from_millis(millis).rfc3339(), rfc3339);
        assert_eq!(UnixMs::from_millis(millis).http_date(), http);
    }

    #[test]
    fn moments_are_written_as_the_two_standards_ask() {
        check_dates(
            0,
            "1970-01-01T00:00:00.000Z",
            "Thu, 01 Jan 1970 00:00:00 GMT",
        );
        check_dates(
            951_782_400_000,
            "2000-02-29T00:00:00.000Z",
            "Tue, 29 Feb 2000 00:00:00 GMT",
        );
        check_dates(
            1_692_163_167_245,
            "2023-08-16T05:19:27.245Z",
            "Wed, 16 Aug 2023 05:19:27 GMT",
        );
        check_dates(
            4_107_542_399_999,
            "2100-02-28T23:59:59.999Z",
            "Sun, 28 Feb 2100 23:59:59 GMT",
        );
        check_dates(
            4_107_542_400_000,
            "2100-03-01T00:00:00.000Z",
            "Mon, 01 Mar 2100 00:00:00 GMT",
        );
    }

    proptest! {
        #[test]
        fn writing_a_moment_never_panics(millis in any::<u64>()) {
            let moment = UnixMs::from_millis(millis);
            prop_assert!(moment.rfc3339().ends_with('Z'));
            prop_assert!(moment.http_date().ends_with("GMT"));
        }
    }
}
