//! The outlier filter for ticker tables: each table is compared with the tables accepted before it.
//!
//! State: per contract the last accepted price, turnover and open interest with their times, and
//! the values that jumped and wait for confirmation (`beliefs`); per venue the time at which each
//! row last changed (`motion`). The state belongs to one process and is not shared.
//!
//! Order of one round: [`Judge::examine`] first works out the data time from the rows that changed,
//! then compares prices, then turnovers and open interests. The caller assembles and validates a
//! snapshot from what is left, and only then calls [`Judge::believe`]. So a table that fails
//! validation never becomes the reference of a later one.
//!
//! Rules:
//!
//! * One row whose price jumps is left out of the table.
//! * A table in which many prices jump, or one of the majors does, is quarantined whole. A venue's
//!   mistake is more likely than such a market.
//! * A jump that the next two tables repeat, over three seconds at least, is accepted, since real
//!   crashes and listings happen. It is delayed by as much.
//! * A turnover or open interest that jumps is dropped from its row. The row stays, and no sum over
//!   the market includes the jump.

mod beliefs;
mod list;
mod motion;

use crate::market::majors::MAJORS;
use crate::market::{Figure, OddField, Oddity, RefusedRow, RowRefusal, Ticker, Tickers, Universe};
use crate::provenance::Source;
use crate::snapshot::Snapshot;
use crate::units::{Amount, UnixMs};
use beliefs::{Beliefs, is_near};
use motion::Motions;
use std::collections::BTreeMap;

pub use beliefs::{COMPARABLE_MS, CONFIRMATIONS, CONFIRMED_AFTER_MS, MAX_LEAP};
pub use list::{ListJudge, ShorterList};

/// Turnovers and open interests below this may jump freely, USD. In a contract that is hardly
/// traded, one ordinary trade multiplies the day's turnover.
const NEGLIGIBLE_USD: f64 = 10_000.0;

/// The share of prices that may jump before the table is quarantined: one in twenty, the same share
/// as for rows that the validation boundary lets a venue send unusable.
pub const LEAPING_ONE_IN: usize = 20;

/// A ticker table that is quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{leaping} of {compared} prices leapt to more than {MAX_LEAP} times or less than a {MAX_LEAP}th of what they were \
     (allowed: one in {LEAPING_ONE_IN}, and no major): quarantined until {CONFIRMATIONS} further tables agree"
)]
pub struct WildTable {
    /// Prices that jumped.
    pub leaping: usize,
    /// Prices that could be compared.
    pub compared: usize,
}

impl WildTable {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "wild_table"
    }
}

/// The filter's state: the accepted values, and those that wait for confirmation.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    prices: Beliefs,
    /// Accepted turnovers and open interests, in the order of [`SUMMED`].
    sums: [Beliefs; SUMMED.len()],
    /// The source of `sums`. Turnover and open interest of two venues are not comparable, so a
    /// change of the source clears them. Prices are comparable, so `prices` is kept through a
    /// change of venue.
    summed: Option<Source>,
    /// The newest data time seen so far, which tells a new table from a repeated one.
    judged: Option<UnixMs>,
    motions: Motions,
}

/// The figures that are summed over the market, each with the field of a row that holds it.
const SUMMED: [(Figure, SummedFigure); 2] = [
    (Figure::Turnover24h, |row| &mut row.turnover_24h),
    (Figure::OpenInterest, |row| &mut row.open_interest_usd),
];

type SummedFigure = for<'r> fn(&'r mut Ticker<'_>) -> &'r mut Option<Amount>;

impl Judge {
    /// An empty filter. There is nothing to compare the first table with, so it is accepted as it
    /// is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the prices of a published snapshot as the reference where this process has none that
    /// is newer. A restarted process then filters its first table, too.
    pub fn remember(&mut self, snapshot: &Snapshot) {
        for (symbol, price) in shown(snapshot) {
            self.prices.remember(symbol, price, snapshot.as_of_ms);
        }
        self.motions.remember(snapshot);
    }

    /// Removes the rows and figures that jumped from a table, or quarantines the table whole.
    /// Returns the data time: when the market last moved, at most `at`, the time that the table
    /// states.
    ///
    /// Rows of contracts outside the universe are not compared. A table that is no newer than one
    /// seen before confirms nothing.
    ///
    /// # Errors
    /// [`WildTable`] for a quarantined table. The accepted values stay as they are.
    pub fn examine(
        &mut self,
        tickers: &mut Tickers<'_>,
        universe: &Universe,
        source: Source,
        at: UnixMs,
    ) -> Result<UnixMs, WildTable> {
        // The data time comes first. A gateway that repeats old rows under a new time would
        // otherwise count as a new table at each round, and confirm its own jumps.
        let at = self.motions.examine(tickers, universe, source, at);
        if self.summed != Some(source) {
            self.sums = <[Beliefs; SUMMED.len()]>::default();
            self.summed = Some(source);
        }
        let is_new = self.is_new(at);
        let counted = tickers
            .rows
            .iter()
            .filter(|row| universe.contains(&row.symbol));
        let (compared, leaping) = self.leaping(
            counted.map(|row| (&*row.symbol, row.last.get())),
            at,
            is_new,
        );
        // One row never quarantines a table: of fewer than twenty comparable rows one in twenty is
        // none, and leaving out the row is enough. A major is the exception, because the regime,
        // the betas and every comparison with Bitcoin rest on it.
        let is_wild = leaping.len() > (compared / LEAPING_ONE_IN).max(1)
            || MAJORS.iter().any(|major| leaping.contains_key(*major));
        if is_wild {
            return Err(WildTable {
                leaping: leaping.len(),
                compared,
            });
        }
        let (left_out, rows) = std::mem::take(&mut tickers.rows)
            .into_iter()
            .partition(|row| leaping.contains_key(&*row.symbol));
        tickers.rows = rows;
        tickers
            .refused
            .extend(left_out.into_iter().filter_map(|row| {
                let (before, after) = *leaping.get(&*row.symbol)?;
                Some(RefusedRow {
                    symbol: row.symbol,
                    reason: RowRefusal::Leapt { before, after },
                })
            }));
        // After the rows with unconfirmed prices are gone, so that their figures are neither
        // compared nor remembered as suspects.
        self.examine_sums(tickers, universe, at, is_new);
        Ok(at)
    }

    /// The same for a snapshot that another process assembled, by the prices in its scores and
    /// movers. Its sums include all rows and cannot be worked out again without one, so a single
    /// jump quarantines the whole snapshot. An admitted snapshot becomes the reference at once.
    ///
    /// # Errors
    /// [`WildTable`] for a quarantined snapshot. The accepted values stay as they are.
    pub fn examine_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), WildTable> {
        let at = snapshot.as_of_ms;
        let is_new = self.is_new(at);
        let (compared, leaping) = self.leaping(shown(snapshot).into_iter(), at, is_new);
        if !leaping.is_empty() {
            return Err(WildTable {
                leaping: leaping.len(),
                compared,
            });
        }
        for (symbol, price) in shown(snapshot) {
            self.prices.believe(symbol, price, at);
        }
        self.prices.forget_old(at);
        Ok(())
    }

    /// Whether this table is newer than every table before it, and so can confirm a jump.
    fn is_new(&mut self, at: UnixMs) -> bool {
        let is_new = self.judged.is_none_or(|judged| judged < at);
        self.judged = self.judged.max(Some(at));
        is_new
    }

    /// How many of these prices have a reference, and which of them jumped without being confirmed,
    /// each with its reference and its new value.
    fn leaping<'p>(
        &mut self,
        prices: impl Iterator<Item = (&'p str, f64)>,
        at: UnixMs,
        is_new: bool,
    ) -> (usize, BTreeMap<String, (f64, f64)>) {
        let (mut compared, mut leaping) = (0, BTreeMap::new());
        for (symbol, price) in prices {
            let Some(before) = self.prices.comparable(symbol, at) else {
                // No reference: the contract is new, or its last price is more than a minute old.
                continue;
            };
            compared += 1;
            if is_near(price, before) {
                self.prices.acquit(symbol);
            } else if !self.prices.is_confirmed(symbol, price, at, is_new) {
                leaping.insert(symbol.to_owned(), (before, price));
            }
        }
        (compared, leaping)
    }

    /// Clears the turnovers and open interests that jumped.
    fn examine_sums(
        &mut self,
        tickers: &mut Tickers<'_>,
        universe: &Universe,
        at: UnixMs,
        is_new: bool,
    ) {
        for row in tickers
            .rows
            .iter_mut()
            .filter(|row| universe.contains(&row.symbol))
        {
            // A confirmed price jump multiplies every figure in dollars by the same factor.
            // Comparing them here would delay them by two more rounds.
            let price = row.last.get();
            if self
                .prices
                .comparable(&row.symbol, at)
                .is_some_and(|before| !is_near(price, before))
            {
                continue;
            }
            for ((figure, place), beliefs) in SUMMED.into_iter().zip(&mut self.sums) {
                let Some(amount) = place(row).map(Amount::get) else {
                    continue;
                };
                let Some(before) = beliefs.comparable(&row.symbol, at) else {
                    continue;
                };
                // The larger of the two decides: a figure that falls to nothing from a large one is
                // a jump.
                if is_near(amount, before) || amount.max(before) < NEGLIGIBLE_USD {
                    beliefs.acquit(&row.symbol);
                } else if !beliefs.is_confirmed(&row.symbol, amount, at, is_new) {
                    *place(row) = None;
                    tickers.odd.push(OddField {
                        symbol: row.symbol.clone(),
                        figure,
                        oddity: Oddity::Leapt,
                    });
                }
            }
        }
    }

    /// Makes an admitted table the reference of the next ones.
    pub fn believe(&mut self, tickers: &Tickers<'_>, at: UnixMs) {
        for row in &tickers.rows {
            self.prices.believe(&row.symbol, row.last.get(), at);
            for (amount, beliefs) in [row.turnover_24h, row.open_interest_usd]
                .into_iter()
                .zip(&mut self.sums)
            {
                if let Some(amount) = amount {
                    beliefs.believe(&row.symbol, amount.get(), at);
                }
            }
        }
        std::iter::once(&mut self.prices)
            .chain(&mut self.sums)
            // Delisted contracts would otherwise stay in memory for as long as the process runs.
            .for_each(|beliefs| beliefs.forget_old(at));
    }
}

/// The prices that a snapshot shows, each symbol once: many of the movers have a score too, and a
/// symbol that came twice would confirm its own jump.
fn shown(snapshot: &Snapshot) -> BTreeMap<&str, f64> {
    let scores = snapshot
        .scores
        .iter()
        .map(|row| (&*row.symbol, row.price.get()));
    let movers = snapshot
        .movers
        .gainers
        .iter()
        .chain(&snapshot.movers.losers);
    scores
        .chain(movers.map(|row| (&*row.symbol, row.price.get())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ticker;
    use crate::market::majors::ETHER;
    use crate::provenance::{Source, Venue};
    use crate::units::Price;
    use proptest::prelude::*;

    const BEGIN: UnixMs = UnixMs::from_millis(1_788_870_000_000);
    const ROUND_MS: u64 = 2_000;
    const BYBIT: Source = Source::live(Venue::Bybit);

    /// Bitcoin, Ether and sixty others at 100; a share that does not count.
    fn table(scale: impl Fn(&str) -> f64) -> Tickers<'static> {
        let others = (0..60).map(|index| format!("S{index}USDT"));
        let all = [
            "BTCUSDT".to_owned(),
            ETHER.to_owned(),
            "AAPLUSDT".to_owned(),
        ]
        .into_iter()
        .chain(others);
        let rows = all.map(|symbol| {
            let price = 100.0 * scale(&symbol);
            let mut row = ticker("BTCUSDT", price, 1.0, 9e9);
            row.symbol = symbol.into();
            row
        });
        Tickers {
            server_time: BEGIN,
            rows: rows.collect(),
            refused: Vec::new(),
            odd: Vec::new(),
        }
    }

    fn universe() -> Universe {
        let symbols = table(|_| 1.0)
            .rows
            .into_iter()
            .map(|row| row.symbol.into_owned());
        let contracts = symbols
            .filter(|symbol| symbol != "AAPLUSDT")
            .map(|symbol| (symbol, None))
            .collect();
        Universe::new(BEGIN, BYBIT, contracts)
    }

    /// A judge that believes the first table.
    fn judge() -> Judge {
        let mut judge = Judge::new();
        let mut first = table(|_| 1.0);
        assert_eq!(
            judge.examine(&mut first, &universe(), BYBIT, BEGIN),
            Ok(BEGIN)
        );
        judge.believe(&first, BEGIN);
        judge
    }

    fn at(round: u64) -> UnixMs {
        BEGIN.plus_millis(round * ROUND_MS)
    }

    /// Shows a table in a round, and tells what was left out.
    fn show(
        judge: &mut Judge,
        round: u64,
        scale: impl Fn(&str) -> f64,
    ) -> Result<Vec<String>, WildTable> {
        let mut tickers = table(scale);
        // The market lives.
        tickers
            .rows
            .iter_mut()
            .for_each(|row| row.bid = Price::new(99.0 + round as f64 / 1e3).ok());
        let moved = judge.examine(&mut tickers, &universe(), BYBIT, at(round))?;
        judge.believe(&tickers, moved);
        assert!(
            tickers
                .refused
                .iter()
                .all(|row| matches!(row.reason, RowRefusal::Leapt { .. }))
        );
        Ok(tickers
            .refused
            .into_iter()
            .map(|row| row.symbol.into_owned())
            .collect())
    }

    fn one(symbol: &'static str, factor: f64) -> impl Fn(&str) -> f64 {
        move |other| if other == symbol { factor } else { 1.0 }
    }

    #[test]
    fn one_price_that_leaps_is_left_out_and_the_rest_stays() {
        let mut judge = judge();
        let mut tickers = table(one("S7USDT", 10.0));
        assert_eq!(
            judge.examine(&mut tickers, &universe(), BYBIT, at(1)),
            Ok(at(1))
        );
        let left_out = RefusedRow {
            symbol: "S7USDT".into(),
            reason: RowRefusal::Leapt {
                before: 100.0,
                after: 1_000.0,
            },
        };
        assert_eq!(tickers.refused, [left_out]);
        assert_eq!(tickers.rows.len(), 62);
        judge.believe(&tickers, at(1));
        assert_eq!(
            show(&mut judge, 2, |_| 1.0),
            Ok(vec![]),
            "it came back and is believed"
        );
    }

    #[test]
    fn a_leap_that_two_more_tables_confirm_is_believed() {
        let mut judge = judge();
        for factor in [10.0, 0.1] {
            let first = if factor > 1.0 { 1 } else { 10 };
            assert_eq!(
                show(&mut judge, first, one("S7USDT", factor)),
                Ok(vec!["S7USDT".to_owned()])
            );
            assert_eq!(
                show(&mut judge, first + 1, one("S7USDT", factor * 1.1)),
                Ok(vec!["S7USDT".to_owned()])
            );
            assert_eq!(
                show(&mut judge, first + 2, one("S7USDT", factor)),
                Ok(vec![])
            );
            assert_eq!(
                show(&mut judge, first + 3, one("S7USDT", factor)),
                Ok(vec![])
            );
        }
    }

    #[test]
    fn prices_that_leap_anew_each_time_confirm_nothing() {
        let mut judge = judge();
        for (round, factor) in (1..=12).zip([10.0, 100.0, 0.01].into_iter().cycle()) {
            assert_eq!(
                show(&mut judge, round, one("S7USDT", factor)),
                Ok(vec!["S7USDT".to_owned()]),
                "{round}"
            );
        }
    }

    #[test]
    fn the_same_table_again_confirms_nothing() {
        let mut judge = judge();
        for _ in 0..10 {
            assert_eq!(
                show(&mut judge, 1, one("S7USDT", 10.0)),
                Ok(vec!["S7USDT".to_owned()])
            );
        }
    }

    #[test]
    fn a_wild_table_is_quarantined_until_it_is_confirmed_twice() {
        let mut judge = judge();
        let wild = WildTable {
            leaping: 62,
            compared: 62,
        };
        assert_eq!(show(&mut judge, 1, |_| 10.0), Err(wild));
        assert_eq!(
            show(&mut judge, 2, |_| 1.0),
            Ok(vec![]),
            "the market as it was is believed at once"
        );
        assert_eq!(
            show(&mut judge, 3, |_| 10.0),
            Err(wild),
            "a leap and back confirms nothing"
        );
        assert_eq!(show(&mut judge, 4, |_| 10.0), Err(wild));
        assert_eq!(show(&mut judge, 5, |_| 10.0), Ok(vec![]));
    }

    #[test]
    fn a_major_that_leaps_is_a_wild_table() {
        for major in ["BTCUSDT", ETHER] {
            assert_eq!(
                show(&mut judge(), 1, one(major, 2.0)),
                Err(WildTable {
                    leaping: 1,
                    compared: 62
                }),
                "{major}"
            );
        }
    }

    #[test]
    fn one_in_twenty_may_leap_and_not_more() {
        let few = |most: usize| {
            move |symbol: &str| {
                let index = symbol
                    .strip_prefix('S')
                    .and_then(|rest| rest.strip_suffix("USDT")?.parse::<usize>().ok());
                if index.is_some_and(|index| index < most) {
                    3.0
                } else {
                    1.0
                }
            }
        };
        assert_eq!(
            show(&mut judge(), 1, few(3)).map(|left_out| left_out.len()),
            Ok(3)
        );
        assert_eq!(
            show(&mut judge(), 1, few(4)),
            Err(WildTable {
                leaping: 4,
                compared: 62
            })
        );
    }

    #[test]
    fn what_does_not_count_and_what_is_long_ago_is_not_judged() {
        assert_eq!(show(&mut judge(), 1, one("AAPLUSDT", 10.0)), Ok(vec![]));
        let later = COMPARABLE_MS / ROUND_MS;
        assert!(show(&mut judge(), later, |_| 10.0).is_err());
        assert_eq!(show(&mut judge(), later + 1, |_| 10.0), Ok(vec![]));
    }

    #[test]
    fn a_move_within_the_bound_is_believed_at_once() {
        let mut judge = judge();
        assert_eq!(show(&mut judge, 1, one("S7USDT", 1.5)), Ok(vec![]));
        assert_eq!(show(&mut judge, 2, one("S7USDT", 1.0)), Ok(vec![]));
        assert_eq!(
            show(&mut judge, 3, one("S7USDT", 1.51)),
            Ok(vec!["S7USDT".to_owned()])
        );
    }

    #[test]
    fn the_turnover_of_one_venue_says_nothing_about_anothers() {
        let mut judge = judge();
        let mut elsewhere = table(|_| 1.0);
        elsewhere
            .rows
            .iter_mut()
            .for_each(|row| row.turnover_24h = Amount::new(9e10).ok());
        let okx = Source::live(Venue::Okx);
        assert_eq!(
            judge.examine(&mut elsewhere, &universe(), okx, at(1)),
            Ok(at(1))
        );
        assert!(
            elsewhere.rows.iter().all(|row| row.turnover_24h.is_some()),
            "{:?}",
            elsewhere.odd.first()
        );
    }

    proptest! {
        #[test]
        fn nothing_far_from_the_last_belief_is_believed_before_three_tables_show_it(
            // Not for longer than a price can be compared with: after that anything is believed.
            factors in proptest::collection::vec(0.05_f64..20.0, 1..(COMPARABLE_MS / ROUND_MS) as usize)
        ) {
            let mut judge = judge();
            let mut believed = 1.0_f64;
            let mut run: Vec<f64> = Vec::new();
            for (round, factor) in (1..).zip(factors) {
                let left_out = show(&mut judge, round, one("S7USDT", factor)).unwrap();
                run.push(factor);
                let far = !is_near(factor, believed);
                if left_out.is_empty() {
                    let last: Vec<f64> = run.iter().rev().take(3).copied().collect();
                    let agreed = last.len() == 3 && last.windows(2).all(|pair| is_near(pair[0], pair[1]));
                    prop_assert!(!far || agreed, "{factor} was believed after {believed}: {run:?}");
                    believed = factor;
                } else {
                    prop_assert!(far);
                }
            }
        }
    }
}
