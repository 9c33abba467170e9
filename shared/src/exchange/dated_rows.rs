//! Ticker tables whose rows are dated one by one, while the answer as a whole has no time: what OKX
//! and Binance have in common.
//!
//! Steps: [`Table::push`] collects rows, [`Table::finish`] checks the figures of each
//! ([`super::claims`]), derives the time of the table, and drops the rows that are too old for it.
//!
//! A row's time is that of its last change, so a quiet contract has an old time although its price
//! still holds. The time of the table is therefore the median of its busiest rows, which change
//! every second. The youngest row could be one wrong clock, and the oldest is a contract that
//! hardly trades.

use super::ParseError;
use super::claims::{Claims, settle};
use crate::market::{RefusedRow, RowRefusal, Ticker, Tickers};
use crate::units::UnixMs;
use std::borrow::Cow;

/// The number of rows that decide the time of a table: as many as trade all the time on any venue.
const BUSY_ROWS: usize = 20;

/// A row that has not changed for this long is left out, milliseconds. Nothing older than five
/// minutes is served, and a contract that is halted or delisted stays in some tables with its last
/// prices.
const QUIET_MS: u64 = 300_000;

/// The range in which a coin must stay for a whole day to count as pegged to the dollar.
const PEGGED: std::ops::RangeInclusive<f64> = 0.99..=1.01;

/// One row, and when it last changed.
pub(super) struct Facts {
    pub(super) claims: Claims,
    pub(super) time: UnixMs,
}

/// Collects the rows of one answer.
pub(super) struct Table<'a> {
    sent: usize,
    claims: Vec<(Cow<'a, str>, Claims)>,
    times: Vec<(Cow<'a, str>, UnixMs)>,
    refused: Vec<RefusedRow<'a>>,
}

impl<'a> Table<'a> {
    /// A table of an answer with `sent` rows.
    pub(super) fn of(sent: usize) -> Self {
        Self {
            sent,
            claims: Vec::with_capacity(sent),
            times: Vec::with_capacity(sent),
            refused: Vec::new(),
        }
    }

    /// Adds a row, or the reason why it is refused.
    ///
    /// Coins that are pegged to the dollar are left out. On a spot market their turnover is larger
    /// than that of most coins, so they would stand among the leaders of a market that they do not
    /// move with.
    pub(super) fn push(&mut self, symbol: Cow<'a, str>, facts: Result<Facts, RowRefusal>) {
        match facts {
            Ok(facts) if is_pegged(&facts.claims) => {}
            Ok(facts) => {
                // Kept apart from the claims, which `settle` consumes.
                self.times.push((symbol.clone(), facts.time));
                self.claims.push((symbol, facts.claims));
            }
            Err(reason) => self.refused.push(RefusedRow { symbol, reason }),
        }
    }

    /// Adds a row of another shape, which has no symbol.
    pub(super) fn malformed(&mut self, row: String) {
        self.refused.push(RefusedRow {
            symbol: Cow::Borrowed(""),
            reason: RowRefusal::Malformed { row },
        });
    }

    /// The table, without the rows that have been quiet for too long.
    ///
    /// # Errors
    /// [`ParseError::NoUsableRow`] when no row is usable: such a table has no time.
    pub(super) fn finish(self) -> Result<Tickers<'a>, ParseError> {
        let settled = settle(self.claims);
        let times: std::collections::HashMap<Cow<'a, str>, UnixMs> =
            self.times.into_iter().collect();
        let time = |row: &Ticker<'_>| times.get(&*row.symbol).copied();
        let server_time =
            // From the rows that passed the checks only: a row with a wrong turnover could
            // otherwise be among the busiest.
            busiest_time(&settled.rows, time).ok_or(ParseError::NoUsableRow { rows: self.sent })?;
        let is_quiet = |row: &Ticker<'_>| {
            // Relative to the table's own time and not to our clock, which may differ from the
            // venue's.
            time(row).is_none_or(|time| server_time.millis_since(time) > QUIET_MS)
        };
        let rows = settled
            .rows
            .into_iter()
            .filter(|row| !is_quiet(row))
            .collect();
        let refused = self.refused.into_iter().chain(settled.refused).collect();
        Ok(Tickers {
            server_time,
            rows,
            refused,
            odd: settled.odd,
        })
    }
}

/// The median time of the rows with the most turnover; of two in the middle the older.
fn busiest_time(
    rows: &[Ticker<'_>],
    time: impl Fn(&Ticker<'_>) -> Option<UnixMs>,
) -> Option<UnixMs> {
    // A row of unknown turnover sorts last and decides only in a table of few rows.
    let turnover = |row: &Ticker<'_>| row.turnover_24h.map_or(0.0, crate::units::Amount::get);
    let mut busiest: Vec<&Ticker<'_>> = rows.iter().collect();
    busiest.sort_by(|a, b| turnover(b).total_cmp(&turnover(a)));
    let mut times: Vec<UnixMs> = busiest
        .iter()
        .take(BUSY_ROWS)
        .filter_map(|row| time(row))
        .collect();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).copied()
}

fn is_pegged(claims: &Claims) -> bool {
    [claims.low, claims.high]
        .iter()
        .all(|price| price.is_some_and(|price| PEGGED.contains(&price)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::claims::Turnover;
    use crate::units::Price;

    const NOW_MS: u64 = 1_788_870_000_000;

    fn facts(last: f64, turnover: f64, age_ms: u64) -> Facts {
        let claims = Claims {
            price_24h: Some(last / 1.25),
            high: Some(last * 1.5),
            low: Some(last / 1.5),
            volume: Some(turnover / last),
            turnover: Turnover::Stated(Some(turnover)),
            ..Claims::of(Price::new(last).unwrap())
        };
        Facts {
            claims,
            time: UnixMs::from_millis(NOW_MS - age_ms),
        }
    }

    /// The same with another range.
    fn within(low: f64, high: f64, last: f64) -> Facts {
        let facts = facts(last, 1e6, 0);
        Facts {
            claims: Claims {
                low: Some(low),
                high: Some(high),
                ..facts.claims
            },
            ..facts
        }
    }

    fn table<S: Into<Cow<'static, str>>>(
        rows: impl IntoIterator<Item = (S, Facts)>,
    ) -> Tickers<'static> {
        let mut table = Table::of(0);
        rows.into_iter()
            .for_each(|(symbol, facts)| table.push(symbol.into(), Ok(facts)));
        table.finish().unwrap()
    }

    fn names(tickers: &Tickers<'_>) -> Vec<String> {
        tickers
            .rows
            .iter()
            .map(|row| row.symbol.to_string())
            .collect()
    }

    #[test]
    fn the_busy_rows_tell_the_time_and_no_single_row_can_move_it() {
        let busy =
            (0..20).map(|index| (format!("BUSY{index}USDT"), facts(100.0, 1e9, 1_000 + index)));
        let young = ("YOUNGUSDT".to_owned(), facts(5.0, 1e3, 0));
        let quiet = ("QUIETUSDT".to_owned(), facts(5.0, 1e3, 200_000));
        let bogus = ("BOGUSUSDT".to_owned(), facts(5.0, 9e9, 290_000));
        let tickers = table(busy.chain([young, quiet, bogus]));
        assert_eq!(tickers.server_time.as_millis(), NOW_MS - 1_010);
    }

    #[test]
    fn of_two_rows_the_older_tells_the_time() {
        let tickers = table([
            ("AUSDT", facts(5.0, 2e6, 0)),
            ("BUSDT", facts(5.0, 1e6, 7_000)),
        ]);
        assert_eq!(tickers.server_time.as_millis(), NOW_MS - 7_000);
    }

    #[test]
    fn a_row_that_is_quiet_for_five_minutes_is_shown_and_for_longer_is_not() {
        let busy = ["AUSDT", "BUSDT", "CUSDT"].map(|symbol| (symbol, facts(5.0, 1e9, 0)));
        let quiet = [
            ("DUSDT", facts(5.0, 1e3, 300_000)),
            ("EUSDT", facts(5.0, 1e3, 300_001)),
        ];
        let tickers = table(busy.into_iter().chain(quiet));
        assert_eq!(names(&tickers), ["AUSDT", "BUSDT", "CUSDT", "DUSDT"]);
        assert_eq!(tickers.refused, [], "quiet is not wrong");
    }

    #[test]
    fn a_pegged_coin_is_left_out_until_it_loses_its_peg() {
        let (pegged, broken) = (within(0.9991, 1.0004, 0.9998), within(0.95, 1.0004, 0.97));
        let tickers = table([
            ("USDCUSDT", pegged),
            ("USDEUSDT", broken),
            ("AUSDT", facts(5.0, 1e6, 0)),
        ]);
        assert_eq!(names(&tickers), ["USDEUSDT", "AUSDT"]);
    }

    #[track_caller]
    fn check_refused(facts: Facts, expected: &RowRefusal) {
        let mut table = Table::of(2);
        table.push("AUSDT".into(), Ok(facts));
        table.push("BUSDT".into(), Ok(self::facts(5.0, 1e6, 0)));
        assert_eq!(&table.finish().unwrap().refused[0].reason, expected);
    }

    #[test]
    fn a_last_price_outside_the_days_range_is_refused() {
        for (last, low, high) in [
            (1_000.0, 90.0, 110.0),
            (89.0, 90.0, 110.0),
            (100.0, 110.0, 90.0),
        ] {
            let refusal = RowRefusal::PriceContradicted {
                last,
                against: 1,
                witnesses: 1,
            };
            check_refused(within(low, high, last), &refusal);
        }
        assert_eq!(
            names(&table([("AUSDT", within(90.0, 110.0, 89.2))])),
            ["AUSDT"]
        );
    }

    #[test]
    fn an_impossible_turnover_is_unknown() {
        let tickers = table([("AUSDT", facts(100.0, 2e15, 0))]);
        assert_eq!(
            (
                tickers.rows[0].turnover_24h,
                tickers.rows[0].volume_base_24h
            ),
            (None, None)
        );
    }

    #[test]
    fn a_table_without_a_usable_row_has_no_time_and_so_is_none() {
        let mut table = Table::of(3);
        table.push("AUSDT".into(), Err(RowRefusal::MalformedSymbol));
        assert_eq!(table.finish(), Err(ParseError::NoUsableRow { rows: 3 }));
    }
}
