//! Ticker tables whose rows are dated one by one while the answer as a whole has no time: what OKX and Binance have in common.
//!
//! A row's time is that of its last change, so a quiet contract has an old one although its price still holds. The age of
//! the table is therefore told by its busiest rows, which change every second, and not by its youngest or its oldest row.

use super::ParseError;
use crate::market::{MAX_TURNOVER_USD, RefusedRow, RowRefusal, Ticker, Tickers};
use crate::units::{Amount, Percent, Price, UnixMs};
use std::borrow::Cow;

/// The rows that tell the time of a table: as many as trade all the time on any venue.
const BUSY_ROWS: usize = 20;

/// A row that has not changed for so long is left out: nothing is shown that is older than five minutes, and a contract that is
/// halted or delisted stays in some tables with its last prices.
const QUIET_MS: u64 = 300_000;

/// How far the last price may lie outside the day's range: the three are not always read at the same instant.
const RANGE_TOLERANCE: f64 = 0.01;

/// The range in which a coin must stay for a whole day to be taken for one that is pegged to the dollar.
const PEGGED: std::ops::RangeInclusive<f64> = 0.99..=1.01;

/// The facts of one row, each readable by itself.
pub(super) struct Facts {
    pub(super) last: Price,
    /// The price 24 hours ago.
    pub(super) open: Price,
    pub(super) high: Price,
    pub(super) low: Price,
    pub(super) volume_base: Amount,
    pub(super) turnover: Amount,
    /// When the row last changed.
    pub(super) time: UnixMs,
}

/// A row that agrees with itself.
struct Dated<'a> {
    ticker: Ticker<'a>,
    time: UnixMs,
}

/// Collects the rows of one answer.
pub(super) struct Table<'a> {
    sent: usize,
    rows: Vec<Dated<'a>>,
    refused: Vec<RefusedRow<'a>>,
}

impl<'a> Table<'a> {
    /// A table of an answer with `sent` rows.
    pub(super) fn of(sent: usize) -> Self {
        Self { sent, rows: Vec::with_capacity(sent), refused: Vec::new() }
    }

    /// Takes a row, or the reason why it is none. Coins that are pegged to the dollar are left out: on a spot market they
    /// turn over more than most coins, and would stand among the leaders of a market that they do not move with.
    pub(super) fn push(&mut self, symbol: Cow<'a, str>, facts: Result<Facts, RowRefusal>) {
        match facts.and_then(|facts| Ok((change(&facts)?, facts))) {
            Ok((_, facts)) if is_pegged(&facts) => {}
            Ok((change, facts)) => self.rows.push(dated(symbol, change, &facts)),
            Err(reason) => self.refused.push(RefusedRow { symbol, reason }),
        }
    }

    /// The table, without the rows that have been quiet for too long.
    ///
    /// # Errors
    /// [`ParseError::NoUsableRow`] when there is none: such a table has no time.
    pub(super) fn finish(self) -> Result<Tickers<'a>, ParseError> {
        let server_time = busiest_time(&self.rows).ok_or(ParseError::NoUsableRow { rows: self.sent })?;
        let rows = self.rows.into_iter().filter(|row| server_time.millis_since(row.time) <= QUIET_MS);
        Ok(Tickers { server_time, rows: rows.map(|row| row.ticker).collect(), refused: self.refused })
    }
}

/// The median time of the rows with the most turnover; of two in the middle the older.
fn busiest_time(rows: &[Dated<'_>]) -> Option<UnixMs> {
    let mut busiest: Vec<&Dated<'_>> = rows.iter().collect();
    busiest.sort_by(|a, b| b.ticker.turnover_24h.get().total_cmp(&a.ticker.turnover_24h.get()));
    let mut times: Vec<UnixMs> = busiest.iter().take(BUSY_ROWS).map(|row| row.time).collect();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).copied()
}

/// The change over 24 hours, of a row whose prices and turnover can belong together.
fn change(facts: &Facts) -> Result<Percent, RowRefusal> {
    let (last, low, high) = (facts.last.get(), facts.low.get(), facts.high.get());
    if low > high || last < low * (1.0 - RANGE_TOLERANCE) || last > high * (1.0 + RANGE_TOLERANCE) {
        return Err(RowRefusal::RangeContradicted { last, low, high });
    }
    if facts.turnover.get() > MAX_TURNOVER_USD {
        return Err(RowRefusal::Unusable { field: "turnover", value: facts.turnover.get().to_string() });
    }
    let open = facts.open.get();
    Percent::new((last / open - 1.0) * 100.0)
        .map_err(|_| RowRefusal::Unusable { field: "open", value: open.to_string() })
}

fn is_pegged(facts: &Facts) -> bool {
    [facts.low, facts.high].iter().all(|price| PEGGED.contains(&price.get()))
}

/// What these tables do not tell stays unknown: the hour's change, funding, open interest, mark and index.
fn dated<'a>(symbol: Cow<'a, str>, change_24h_pct: Percent, facts: &Facts) -> Dated<'a> {
    let ticker = Ticker {
        symbol,
        last: facts.last,
        change_24h_pct,
        change_1h_pct: None,
        high_24h: facts.high,
        low_24h: facts.low,
        volume_base_24h: facts.volume_base,
        turnover_24h: facts.turnover,
        funding_rate: None,
        funding_interval_hours: None,
        open_interest_usd: None,
        mark: None,
        index: None,
    };
    Dated { ticker, time: facts.time }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_788_870_000_000;

    fn facts(last: f64, turnover: f64, age_ms: u64) -> Facts {
        let price = |value| Price::new(value).unwrap();
        Facts {
            last: price(last),
            open: price(last / 1.25),
            high: price(last * 1.5),
            low: price(last / 1.5),
            volume_base: Amount::new(turnover / last).unwrap(),
            turnover: Amount::new(turnover).unwrap(),
            time: UnixMs::from_millis(NOW_MS - age_ms),
        }
    }

    fn table(rows: impl IntoIterator<Item = (&'static str, Facts)>) -> Tickers<'static> {
        let mut table = Table::of(0);
        rows.into_iter().for_each(|(symbol, facts)| table.push(symbol.into(), Ok(facts)));
        table.finish().unwrap()
    }

    fn names(tickers: &Tickers<'_>) -> Vec<String> {
        tickers.rows.iter().map(|row| row.symbol.to_string()).collect()
    }

    #[test]
    fn the_busy_rows_tell_the_time_and_no_single_row_can_move_it() {
        let busy = (0..20).map(|index| ("BUSYUSDT", facts(100.0, 1e9, 1_000 + index)));
        let young = ("YOUNGUSDT", facts(5.0, 1e3, 0));
        let quiet = ("QUIETUSDT", facts(5.0, 1e3, 200_000));
        let bogus = ("BOGUSUSDT", facts(5.0, 9e9, 290_000));
        let tickers = table(busy.chain([young, quiet, bogus]));
        assert_eq!(tickers.server_time.as_millis(), NOW_MS - 1_010);
    }

    #[test]
    fn of_two_rows_the_older_tells_the_time() {
        let tickers = table([("AUSDT", facts(5.0, 2e6, 0)), ("BUSDT", facts(5.0, 1e6, 7_000))]);
        assert_eq!(tickers.server_time.as_millis(), NOW_MS - 7_000);
    }

    #[test]
    fn a_row_that_is_quiet_for_five_minutes_is_shown_and_for_longer_is_not() {
        let busy = ["AUSDT", "BUSDT", "CUSDT"].map(|symbol| (symbol, facts(5.0, 1e9, 0)));
        let quiet = [("DUSDT", facts(5.0, 1e3, 300_000)), ("EUSDT", facts(5.0, 1e3, 300_001))];
        let tickers = table(busy.into_iter().chain(quiet));
        assert_eq!(names(&tickers), ["AUSDT", "BUSDT", "CUSDT", "DUSDT"]);
        assert_eq!(tickers.refused, [], "quiet is not wrong");
    }

    #[test]
    fn a_pegged_coin_is_left_out_until_it_loses_its_peg() {
        let price = |value| Price::new(value).unwrap();
        let pegged = Facts { last: price(0.9998), high: price(1.0004), low: price(0.9991), ..facts(1.0, 3e9, 0) };
        let broken = Facts { last: price(0.97), high: price(1.0004), low: price(0.95), ..facts(1.0, 3e9, 0) };
        let tickers = table([("USDCUSDT", pegged), ("USDEUSDT", broken), ("AUSDT", facts(5.0, 1e6, 0))]);
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
        let price = |value| Price::new(value).unwrap();
        let (low, high) = (price(90.0), price(110.0));
        check_refused(
            Facts { last: price(1_000.0), low, high, ..facts(100.0, 1e6, 0) },
            &RowRefusal::RangeContradicted { last: 1_000.0, low: 90.0, high: 110.0 },
        );
        check_refused(
            Facts { last: price(89.0), low, high, ..facts(100.0, 1e6, 0) },
            &RowRefusal::RangeContradicted { last: 89.0, low: 90.0, high: 110.0 },
        );
        check_refused(
            Facts { low: high, high: low, ..facts(100.0, 1e6, 0) },
            &RowRefusal::RangeContradicted { last: 100.0, low: 110.0, high: 90.0 },
        );
        let nearly = Facts { last: price(89.2), low, high, ..facts(100.0, 1e6, 0) };
        assert_eq!(names(&table([("AUSDT", nearly)])), ["AUSDT"]);
    }

    #[test]
    fn an_impossible_turnover_is_refused() {
        check_refused(
            facts(100.0, 2e15, 0),
            &RowRefusal::Unusable { field: "turnover", value: "2000000000000000".to_owned() },
        );
    }

    #[test]
    fn a_table_without_a_usable_row_has_no_time_and_so_is_none() {
        let mut table = Table::of(3);
        table.push("AUSDT".into(), Err(RowRefusal::MalformedSymbol));
        assert_eq!(table.finish(), Err(ParseError::NoUsableRow { rows: 3 }));
    }
}
