//! Alerts, and what a premium is compared with, rest on published snapshots alone: what the door
//! refuses, and what is no newer than what was published, leaves nothing behind.

use super::super::interest::InterestRecords;
use super::super::stream::StreamedLiquidations;
use super::*;
use serde_json::json;
use shared::analysis::premium::FEWEST_PREMIUMS;
use shared::market::majors::BITCOIN;
use shared::provenance::{Source, Venue};
use shared::snapshot::alerts::AlertKind;
use std::collections::HashMap;

const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

const SOURCE: Source = Source::live(Venue::Bybit);

const CONTRACTS: usize = 50;

/// A calm funding rate and an extreme one, per eight hours.
const CALM: &str = "0.0001";
const EXTREME: &str = "0.003";

fn symbol(index: usize) -> String {
    match index {
        0 => BITCOIN.to_owned(),
        1 => "ETHUSDT".to_owned(),
        _ => format!("COIN{index:02}USDT"),
    }
}

/// One ticker table after the other, as one process takes them in.
struct Process {
    analyst: Arc<Mutex<Analyst>>,
    judge: Arc<Mutex<Judge>>,
}

impl Process {
    fn new() -> Self {
        Self {
            analyst: Arc::default(),
            judge: Arc::default(),
        }
    }

    /// Takes in the table of so many seconds after [`NOW`]; in its last `broken` rows the price is
    /// none.
    fn take(&self, second: u64, funding: &str, broken: usize) -> Result<Outcome, RoundError> {
        let now = NOW.plus_millis(1_000 * second);
        // The market moves from table to table, or it would not be newer.
        // It stays within the day's range, however long it goes on.
        let last = 100.0 + 0.01 * (second % 600) as f64;
        let row = |index: usize| {
            let is_broken = index >= CONTRACTS - broken;
            // The first have most turnover, so the majors are among those that are scored.
            let volume = 1_000_000 * (CONTRACTS - index);
            json!({
                "symbol": symbol(index), "lastPrice": if is_broken { "0".to_owned() } else { last.to_string() },
                "prevPrice24h": "98", "price24hPcnt": format!("{:.6}", last / 98.0 - 1.0), "prevPrice1h": "99", "highPrice24h": "110", "lowPrice24h": "90",
                "volume24h": volume.to_string(), "turnover24h": (100 * volume).to_string(), "fundingRate": funding,
                "fundingIntervalHour": "8", "openInterest": "5000", "openInterestValue": "500000",
                "singleOpenInterestValue": "250000", "markPrice": "100", "indexPrice": "100",
            })
        };
        let list: Vec<_> = (0..CONTRACTS).map(row).collect();
        let body = json!({
            "retCode": 0, "retMsg": "OK", "result": { "category": "linear", "list": list }, "time": now.as_millis(),
        });
        let contracts = (0..CONTRACTS)
            .map(|index| (symbol(index), Some(8.0)))
            .collect();
        Round {
            tickers: TickerTable::Fetched(Fetched {
                body: body.to_string().into(),
                received_at: now,
                sent_at: Ok(now),
                source: SOURCE,
            }),
            universe: Arc::new(Universe::new(NOW, SOURCE, contracts)),
            global_market: Slow::unknown("not_asked"),
            defi_market: Slow::unknown("not_asked"),
            fear_greed: Slow::unknown("not_asked"),
            inputs: HashMap::from([(BITCOIN.to_owned(), Arc::default())]),
            liquidations: StreamedLiquidations::new(),
            interest: InterestRecords::default(),
            analyst: Arc::clone(&self.analyst),
            judge: Arc::clone(&self.judge),
            sequence: now.as_millis(),
            now,
            baseline: Baseline::default(),
            settings: Settings::DEFAULT,
            limits: Limits::DEFAULT,
            demand: Demand::none(),
        }
        .run()
    }
}

/// The kinds of the alerts of a round.
fn alerts(outcome: &Outcome) -> Vec<AlertKind> {
    let section = outcome
        .publication
        .valid()
        .get()
        .alerts
        .value()
        .cloned()
        .unwrap();
    section
        .alerts
        .iter()
        .map(shared::snapshot::alerts::Alert::kind)
        .collect()
}

#[test]
fn an_extreme_funding_in_an_admitted_table_alerts() {
    let process = Process::new();
    assert_eq!(alerts(&process.take(0, CALM, 0).unwrap()), []);
    assert_eq!(
        alerts(&process.take(2, EXTREME, 0).unwrap()),
        [AlertKind::Funding]
    );
    assert_eq!(
        alerts(&process.take(4, CALM, 0).unwrap()),
        [AlertKind::Funding]
    );
}

#[test]
fn a_refused_table_leaves_no_alert_behind() {
    let process = Process::new();
    process.take(0, CALM, 0).unwrap();
    let refused = process.take(2, EXTREME, 3).unwrap_err();
    assert_eq!(refused.labels(), ["too_many_rows_refused"]);
    assert_eq!(alerts(&process.take(4, CALM, 0).unwrap()), []);
    // Nor a cooldown that would silence the true one.
    assert_eq!(
        alerts(&process.take(6, EXTREME, 0).unwrap()),
        [AlertKind::Funding]
    );
}

#[test]
fn a_table_that_is_no_newer_than_the_last_is_not_looked_at() {
    let process = Process::new();
    process.take(2, CALM, 0).unwrap();
    assert_eq!(alerts(&process.take(2, EXTREME, 0).unwrap()), []);
    assert_eq!(alerts(&process.take(1, EXTREME, 0).unwrap()), []);
    assert_eq!(alerts(&process.take(4, CALM, 0).unwrap()), []);
}

/// How unusual the premium of a round is.
fn unusual(outcome: &Outcome) -> Option<f64> {
    outcome.publication.valid().get().perps.premium_unusual
}

#[test]
fn a_premium_is_compared_with_two_hours_of_those_that_this_process_published_or_took_up() {
    let (leader, follower) = (Process::new(), Process::new());
    for minute in 0..FEWEST_PREMIUMS as u64 {
        let published = leader.take(60 * minute, CALM, 0).unwrap();
        assert_eq!(unusual(&published), None, "minute {minute}");
        // Within the same minute another one is no other past.
        if minute < 3 {
            leader.take(60 * minute + 2, CALM, 0).unwrap();
        }
        let mut analyst = follower.analyst.lock().unwrap();
        analyst.take_over(published.publication.valid());
    }
    let next = 60 * FEWEST_PREMIUMS as u64;
    assert_eq!(unusual(&leader.take(next, CALM, 0).unwrap()), Some(0.0));
    assert_eq!(unusual(&follower.take(next, CALM, 0).unwrap()), Some(0.0));
    assert_eq!(unusual(&Process::new().take(next, CALM, 0).unwrap()), None);
}
