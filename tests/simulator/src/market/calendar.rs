//! The dates on which the dated futures expire: Fridays at 08:00 UTC.

use crate::clock::{DAY_MS, HOUR_MS};

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// 1970-01-02, the first Friday of unix time, 08:00 UTC.
const FIRST_EXPIRY_MS: i64 = DAY_MS + 8 * HOUR_MS;
const WEEK_MS: i64 = 7 * DAY_MS;

/// The next expiries after `now_ms`: three weekly ones, then the ends of months until there are
/// `monthly_until` expiries, then the ends of quarters until there are `count`.
pub(super) fn expiries(now_ms: i64, monthly_until: usize, count: usize) -> Vec<i64> {
    let mut found = Vec::with_capacity(count);
    let mut friday_ms = next_expiry(now_ms);
    while found.len() < count {
        let wanted = match found.len() {
            weekly if weekly < 3 => true,
            monthly if monthly < monthly_until => is_last_of_month(friday_ms),
            _ => is_last_of_month(friday_ms) && month_of(friday_ms) % 3 == 0,
        };
        if wanted {
            found.push(friday_ms);
        }
        friday_ms += WEEK_MS;
    }
    found
}

/// The first Friday 08:00 UTC after `now_ms`.
pub(super) fn next_expiry(now_ms: i64) -> i64 {
    (now_ms - FIRST_EXPIRY_MS).div_euclid(WEEK_MS) * WEEK_MS + WEEK_MS + FIRST_EXPIRY_MS
}

/// The date as in `BTCUSDT-25DEC26`.
pub(super) fn tag(at_ms: i64) -> String {
    let (year, month, day) = civil(at_ms);
    let name = usize::try_from(month - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or("JAN");
    format!("{day:02}{name}{:02}", year.rem_euclid(100))
}

fn is_last_of_month(at_ms: i64) -> bool {
    month_of(at_ms) != month_of(at_ms + WEEK_MS)
}

fn month_of(at_ms: i64) -> i64 {
    civil(at_ms).1
}

/// Year, month and day of a moment. <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
fn civil(at_ms: i64) -> (i64, i64, i64) {
    let days = at_ms.div_euclid(DAY_MS) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-09T20:46:57Z.
    const NOW_MS: i64 = 1_786_310_817_197;

    #[test]
    fn bitcoin_futures_expire_weekly_then_monthly_then_quarterly() {
        let tags: Vec<_> = expiries(NOW_MS, 5, 8).into_iter().map(tag).collect();
        assert_eq!(
            tags,
            [
                "14AUG26", "21AUG26", "28AUG26", "25SEP26", "30OCT26", "25DEC26", "26MAR27",
                "25JUN27"
            ]
        );
    }

    #[test]
    fn an_expiry_is_never_the_present_moment() {
        let expiry_ms = next_expiry(NOW_MS);
        assert_eq!(expiry_ms, 1_786_694_400_000);
        assert_eq!(next_expiry(expiry_ms), expiry_ms + WEEK_MS);
        assert_eq!(next_expiry(expiry_ms - 1), expiry_ms);
    }
}
