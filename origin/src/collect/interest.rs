//! The venue's record of every contract's open interest over the last day, which says how it
//! changed: tickers state only what is held now.
//!
//! State: per contract the last record, and when it is due again. Records are renewed before the
//! youngest moment that they are asked for, an hour ago, lies behind their end, so that one request
//! in that time is enough.
//!
//! Order in each turn: choose the contract that is due, monitored ones first → a pass from the gate
//! → fetch → keep → rest. What the scores rest on goes first: a record is asked for only while the
//! inputs leave room in the budget, and at a quarter of its pace.

use super::inputs::{Gate, Monitored, Pass};
use super::slow::Task;
use crate::upstream::{Pauses, Upstream, UpstreamError};
use analysis::past_interest::past_interest;
use shared::exchange::ParseError;
use shared::exchange::bybit::{open_interest, paths};
use shared::freshness::table_time;
use shared::market::positioning::OpenInterest;
use shared::market::{Dated, Tickers, Universe};
use shared::snapshot::contracts::PastOpenInterest;
use shared::units::{Amount, UnixMs};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The name in metrics and on the status board.
pub(super) const NAME: &str = "bybit_interest_record";

/// Rows of a record: a day and an hour.
const RECORD_ROWS: u16 = 100;

/// How long after a fetch a record is fetched again. With the quarter of an hour that its newest row
/// may be old it ends less than an hour ago at any time.
const RENEWED_AFTER: Duration = Duration::from_secs(40 * 60);

/// The same after a record without a row: the contract was listed within its first quarter of an hour.
const LISTED_LATER: Duration = Duration::from_secs(15 * 60);

/// The part of the budget that the first round through all contracts may use: one request in four.
const BUDGET_ONE_IN: f64 = 4.0;

/// How long to wait for a list of contracts, or for a record to become due.
const IDLE: Duration = Duration::from_secs(1);

/// How much earlier the inputs of the scores begin: until the window of the budget shows them.
const HEAD_START: Duration = Duration::from_secs(5);

/// The backoff after failures of one contract's record. Nobody waits for a single one.
const PAUSES: Pauses = Pauses {
    first: Duration::from_secs(10),
    most: Duration::from_secs(600),
    most_stated: Duration::from_secs(600),
};

/// The records of all contracts. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct InterestRecords {
    records: Arc<RwLock<HashMap<String, Vec<OpenInterest>>>>,
}

impl InterestRecords {
    /// What was held of each contract of a table before `as_of`.
    pub(super) fn before(
        &self,
        tickers: &Tickers<'_>,
        as_of: UnixMs,
    ) -> HashMap<String, PastOpenInterest> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let past = |symbol: &str, held: Option<Amount>| {
            let past = past_interest(records.get(symbol)?, held?, as_of);
            Some((symbol.to_owned(), past))
        };
        tickers
            .rows
            .iter()
            .filter_map(|row| past(&row.symbol, row.open_interest_base))
            .collect()
    }

    fn keep(&self, symbol: &str, record: Vec<OpenInterest>) {
        self.write(|records| records.insert(symbol.to_owned(), record));
    }

    fn keep_only(&self, universe: &Universe) {
        self.write(|records| records.retain(|symbol, _| universe.contains(symbol)));
    }

    fn write<T>(&self, work: impl FnOnce(&mut HashMap<String, Vec<OpenInterest>>) -> T) -> T {
        work(&mut self.records.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// When a contract's record is due, and how often it failed in a row.
#[derive(Clone, Copy, Debug)]
struct Turn {
    due: Instant,
    failures: u32,
}

/// The turns of all contracts.
#[derive(Debug, Default)]
struct Turns(HashMap<String, Turn>);

impl Turns {
    /// The contract whose turn it is: one that was never asked for, monitored ones before all others,
    /// else the one that is due for longest. However small the budget, none is passed over for ever.
    fn next(&self, monitored: &[Monitored], universe: &Universe, now: Instant) -> Option<String> {
        let first = monitored.iter().map(|one| one.symbol.as_str());
        first
            .filter(|symbol| universe.contains(symbol))
            .chain(universe.contracts.keys().map(String::as_str))
            .map(|symbol| (self.0.get(symbol).map(|turn| turn.due), symbol))
            .filter(|(due, _)| due.is_none_or(|due| due <= now))
            // Of equal ones the first; `None`, never asked for, is the least.
            .min_by_key(|(due, _)| *due)
            .map(|(_, symbol)| symbol.to_owned())
    }

    /// The time left the timer's course, as when the machine was suspended, so what is held may be
    /// older than it seems. What failed keeps its pause, or a stepping clock would make a retry loop.
    fn time_changed(&mut self, now: Instant) {
        for turn in self.0.values_mut().filter(|turn| turn.failures == 0) {
            turn.due = turn.due.min(now);
        }
    }

    fn failures(&self, symbol: &str) -> u32 {
        self.0.get(symbol).map_or(0, |turn| turn.failures)
    }

    fn again_in(&mut self, symbol: String, pause: Duration, failures: u32) {
        let due = Instant::now() + pause;
        self.0.insert(symbol, Turn { due, failures });
    }
}

/// Fetches records. Never returns.
pub(super) async fn run(
    task: Task,
    upstream: Upstream,
    gate: Arc<Gate>,
    (universe, monitored): (
        watch::Receiver<Option<Arc<Universe>>>,
        watch::Receiver<Vec<Monitored>>,
    ),
    records: InterestRecords,
) {
    let pace = Duration::from_secs_f64(BUDGET_ONE_IN / gate.requests_per_second());
    let mut turns = Turns::default();
    // Until contracts are chosen nobody asks for inputs yet, and the budget only seems to be spare.
    while monitored.borrow().is_empty() {
        task.sleep(IDLE).await;
    }
    task.sleep(HEAD_START).await;
    let mut time_changes = task.context.clock.changes();
    loop {
        if time_changes.has_changed().unwrap_or(false) {
            time_changes.mark_unchanged();
            turns.time_changed(Instant::now());
        }
        // Copied out, or the lock of the channel would be held through the request.
        let listed = universe.borrow().clone();
        let next = listed.as_deref().and_then(|universe| {
            records.keep_only(universe);
            turns.0.retain(|symbol, _| universe.contains(symbol));
            turns.next(&monitored.borrow(), universe, Instant::now())
        });
        let Some(symbol) = next else {
            task.sleep(IDLE).await;
            continue;
        };
        let Some(pass) = gate.pass_spare(Instant::now()) else {
            task.sleep(IDLE).await;
            continue;
        };
        let outcome = fetch(&task, &upstream, &symbol).await;
        let pause = settle(&task, &gate, pass, turns.failures(&symbol), &outcome);
        match outcome {
            Ok(record) => {
                let pause = if record.value.is_empty() {
                    LISTED_LATER
                } else {
                    RENEWED_AFTER
                };
                // An empty answer says nothing against what an earlier one told.
                if !record.value.is_empty() {
                    records.keep(&symbol, record.value);
                }
                turns.again_in(symbol, pause, 0);
            }
            Err(_) => {
                let failures = turns.failures(&symbol).saturating_add(1);
                turns.again_in(symbol, pause, failures);
            }
        }
        task.sleep(pace).await;
    }
}

async fn fetch(
    task: &Task,
    upstream: &Upstream,
    symbol: &str,
) -> Result<Dated<Vec<OpenInterest>>, UpstreamError> {
    let fetched = upstream
        .get(&paths::open_interest_record(symbol, RECORD_ROWS))
        .await?;
    let reading = match open_interest::parse(&fetched.body, symbol) {
        Ok(reading) => reading,
        // The exchange answers, and has nothing to tell yet.
        Err(ParseError::ListEmpty) => {
            return Ok(Dated {
                value: Vec::new(),
                as_of_ms: fetched.received_at,
                source: fetched.source,
            });
        }
        Err(error) => return Err(error.into()),
    };
    // An answer from a clock far ahead of ours tells no times that could be compared with ours.
    let as_of_ms = table_time(reading.server_time, fetched.received_at)?;
    for row in &reading.refused {
        let reason = row.reason.label();
        task.context.metrics.input_refused(NAME, reason);
    }
    Ok(Dated {
        value: reading.value,
        as_of_ms,
        source: fetched.source,
    })
}

/// Reports the outcome of a request. Returns how long to leave the contract alone after a failure.
fn settle(
    task: &Task,
    gate: &Gate,
    pass: Pass,
    failures: u32,
    outcome: &Result<Dated<Vec<OpenInterest>>, UpstreamError>,
) -> Duration {
    match outcome {
        Ok(record) => {
            gate.answered(pass, Instant::now());
            task.succeeded(record);
            Duration::ZERO
        }
        Err(error) => {
            let failures = failures.saturating_add(1);
            let pause = gate.failed(pass, Instant::now(), error, failures, PAUSES);
            task.failed(error, pause);
            pause
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::provenance::{Source, Venue};

    fn universe(symbols: &[&str]) -> Universe {
        let contracts = symbols.iter().map(|one| ((*one).to_owned(), None));
        Universe::new(
            UnixMs::from_millis(1),
            Source::live(Venue::Bybit),
            contracts.collect(),
        )
    }

    fn monitored(symbols: &[&str]) -> Vec<Monitored> {
        let one = |symbol: &&str| Monitored {
            symbol: (*symbol).to_owned(),
            funding_interval_hours: None,
        };
        symbols.iter().map(one).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn every_contract_has_its_turn_the_monitored_ones_first() {
        let listed = universe(&["AUSDT", "BUSDT", "CUSDT"]);
        // One that was delisted since is not asked for.
        let monitored = monitored(&["GONEUSDT", "CUSDT"]);
        let mut turns = Turns::default();
        let mut asked = Vec::new();
        while let Some(symbol) = turns.next(&monitored, &listed, Instant::now()) {
            asked.push(symbol.clone());
            turns.again_in(symbol, RENEWED_AFTER, 0);
        }
        assert_eq!(asked, ["CUSDT", "AUSDT", "BUSDT"]);
        tokio::time::advance(RENEWED_AFTER).await;
        let next = turns.next(&monitored, &listed, Instant::now());
        assert_eq!(next.as_deref(), Some("CUSDT"), "and has it again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_contract_that_fails_holds_up_no_other() {
        let listed = universe(&["AUSDT", "BUSDT"]);
        let mut turns = Turns::default();
        turns.again_in("AUSDT".to_owned(), PAUSES.first, 1);
        let next = |turns: &Turns| turns.next(&[], &listed, Instant::now());
        assert_eq!(next(&turns).as_deref(), Some("BUSDT"));
        turns.again_in("BUSDT".to_owned(), RENEWED_AFTER, 0);
        assert_eq!(next(&turns), None);
        tokio::time::advance(PAUSES.first).await;
        assert_eq!(next(&turns).as_deref(), Some("AUSDT"));
        assert_eq!(turns.failures("AUSDT"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_is_due_for_longest_is_next_however_long_a_round_takes() {
        let listed = universe(&["AUSDT", "BUSDT", "CUSDT"]);
        let mut turns = Turns::default();
        let mut asked = Vec::new();
        // Each takes longer than a record lasts, so that all are due all the time.
        for _ in 0..6 {
            let symbol = turns.next(&[], &listed, Instant::now()).unwrap();
            asked.push(symbol.clone());
            turns.again_in(symbol, RENEWED_AFTER, 0);
            tokio::time::advance(RENEWED_AFTER * 2).await;
        }
        assert_eq!(
            asked,
            ["AUSDT", "BUSDT", "CUSDT", "AUSDT", "BUSDT", "CUSDT"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn all_but_failures_are_due_when_the_time_left_its_course() {
        let listed = universe(&["AUSDT", "BUSDT"]);
        let mut turns = Turns::default();
        turns.again_in("AUSDT".to_owned(), RENEWED_AFTER, 1);
        turns.again_in("BUSDT".to_owned(), RENEWED_AFTER, 0);
        assert_eq!(turns.next(&[], &listed, Instant::now()), None);
        turns.time_changed(Instant::now());
        let next = turns.next(&[], &listed, Instant::now());
        assert_eq!(next.as_deref(), Some("BUSDT"));
    }

    #[test]
    fn the_record_of_a_delisted_contract_goes() {
        let records = InterestRecords::default();
        for symbol in ["AUSDT", "BUSDT"] {
            records.keep(symbol, Vec::new());
        }
        records.keep_only(&universe(&["BUSDT"]));
        let held = || {
            records
                .records
                .read()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(held(), ["BUSDT"]);
    }
}
