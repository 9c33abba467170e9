//! What is due next: pure bookkeeping over contracts, kinds of input and time, without I/O.
//!
//! State: for each input (contract and kind), when it is due, whether a request is under way,
//! whether it is loaded completely, and how often it failed in a row.
//!
//! Order: `monitor` sets the contracts. `take_due` hands out the most urgent job and marks it as
//! under way, so at most one request per input is. `succeeded` or `failed` follows and sets the
//! next due time.
//!
//! Due times are instants of the timer, so setting the wall clock does not move them. When the time
//! leaves the timer's course, as when the machine was suspended, candles closed and fundings were
//! paid unseen, so every input becomes due.

use super::kind::InputKind;
use super::monitored::Monitored;
use crate::clock::Moment;
use shared::market::majors::BITCOIN;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// The share of the budget that books and trades may use. The rest is for renewals and first loads,
/// which would starve otherwise.
const FAST_SHARE: f64 = 0.7;

/// Inputs of one contract that change all the time: book and trades.
const FAST_KINDS: f64 = 2.0;

/// How long a stream that lost an input may take to bring it again before it is fetched.
const STREAM_PATIENCE: Duration = Duration::from_secs(2);

/// One input of one contract, to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::collect) struct Job {
    pub(in crate::collect) symbol: String,
    pub(in crate::collect) kind: InputKind,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    due: Instant,
    /// Whether the time left the timer's course since the input was requested. It is due then,
    /// whatever `due` says.
    is_overtaken: bool,
    under_way: bool,
    is_loaded: bool,
    failures: u32,
}

impl Progress {
    // `under_way` comes first: a request that is running is never duplicated, even when the clock
    // stepped meanwhile.
    fn is_due(&self, now: Instant) -> bool {
        !self.under_way && (self.is_overtaken || self.due <= now)
    }
}

/// A monitored contract's rank by turnover (0 is the first) and its funding interval.
#[derive(Clone, Copy, Debug)]
struct Place {
    rank: usize,
    funding_interval_hours: Option<f64>,
}

/// The state of every input of every monitored contract.
#[derive(Debug)]
pub(super) struct Planner {
    requests_per_second: f64,
    places: HashMap<String, Place>,
    progress: BTreeMap<(String, InputKind), Progress>,
}

impl Planner {
    /// A planner without contracts.
    pub(super) fn new(requests_per_second: f64) -> Self {
        Self {
            requests_per_second,
            places: HashMap::new(),
            progress: BTreeMap::new(),
        }
    }

    /// Monitors these contracts, in order of precedence. The progress of contracts that stay is
    /// kept.
    pub(super) fn monitor(&mut self, symbols: &[Monitored], now: Instant) {
        self.places = symbols
            .iter()
            .enumerate()
            .map(|(rank, one)| {
                (
                    one.symbol.clone(),
                    Place {
                        rank,
                        funding_interval_hours: one.funding_interval_hours,
                    },
                )
            })
            .collect();
        let places = &self.places;
        self.progress
            .retain(|(symbol, _), _| places.contains_key(symbol));
        let new = Progress {
            due: now,
            is_overtaken: false,
            under_way: false,
            is_loaded: false,
            failures: 0,
        };
        for one in symbols {
            let of_bitcoin = (one.symbol == BITCOIN).then_some(InputKind::OF_BITCOIN);
            for kind in InputKind::OF_ALL.into_iter().chain(of_bitcoin) {
                self.progress
                    .entry((one.symbol.clone(), kind))
                    // Only inputs that are new start from nothing: a changed list must not reload
                    // what is held.
                    .or_insert(new);
            }
        }
    }

    /// The most urgent due job, marked as under way.
    ///
    /// The order: what a contract needs for its first score, contract by contract; renewals and
    /// retries by due time; first loads that make scores better; the long view. The first contracts
    /// thus get whole scores early, instead of all contracts getting parts. Renewals have a bounded
    /// share of the budget, so the classes below them are reached. A failed input has no precedence
    /// over one that was never tried: an endpoint that hangs would use up the budget of the others.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Job> {
        let due = self
            .progress
            .iter()
            .filter(|(_, progress)| progress.is_due(now));
        let (job, _) = due
            .map(|((symbol, kind), progress)| {
                let rank = self
                    .places
                    .get(symbol)
                    .map_or(usize::MAX, |place| place.rank);
                // (class, due time within a class of renewals, rank). `None` sorts first, but no
                // class mixes it with `Some`.
                let urgency = match (progress.is_loaded, kind.stage()) {
                    // By rank alone: complete the first contract before the second is begun.
                    (false, 0) if progress.failures == 0 => (0, None, rank),
                    // Tried and failed: it queues with the renewals by its backoff.
                    (false, 0) => (1, Some(progress.due), rank),
                    (true, _) => (1, Some(progress.due), rank),
                    (false, stage) => (1 + stage, None, rank),
                };
                ((symbol, *kind), (urgency, *kind))
            })
            // The kind breaks ties, so the order does not depend on the map.
            .min_by_key(|(_, urgency)| *urgency)?;
        let job = Job {
            symbol: job.0.clone(),
            kind: job.1,
        };
        if let Some(progress) = self.of(&job) {
            progress.under_way = true;
            // From here on the flag means that the time changed during this request.
            progress.is_overtaken = false;
        }
        Some(job)
    }

    /// How long until the next job is due; `None` when all are under way or none is monitored.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        let waiting = self
            .progress
            .values()
            .filter(|progress| !progress.under_way);
        waiting
            .map(|one| {
                if one.is_overtaken {
                    Duration::ZERO
                } else {
                    one.due.saturating_duration_since(now)
                }
            })
            .min()
    }

    /// The time left the timer's course, so everything is due. Inputs that failed keep their
    /// backoff, or a stepping clock would turn it into a retry loop. The old due times stay and
    /// order the work, so a clock that steps again and again starves no input.
    pub(super) fn time_changed(&mut self) {
        for progress in self
            .progress
            .values_mut()
            .filter(|progress| progress.failures == 0)
        {
            progress.is_overtaken = true;
        }
    }

    /// The input was fetched. It is due at once when more pages follow or when the time changed
    /// during the request.
    pub(super) fn succeeded(&mut self, job: &Job, now: Moment, is_complete: bool) {
        // The contract left the list while the request was under way.
        let Some(pause) = self.next_in(job, now) else {
            return;
        };
        let due = if is_complete {
            now.instant + pause
        } else {
            now.instant
        };
        if let Some(progress) = self.of(job) {
            // Set only if the time changed during the request, whose answer may then be too old.
            let is_overtaken = progress.is_overtaken;
            *progress = Progress {
                due,
                is_overtaken,
                under_way: false,
                is_loaded: is_complete,
                failures: 0,
            };
        }
    }

    /// The stream delivered the input. It is due as if it had been fetched now, so that a request
    /// follows when the stream does not go on.
    ///
    /// Trades are fetched once all the same: the tape begins with the subscription, and the trades
    /// before it are in an answer.
    pub(super) fn delivered(&mut self, job: &Job, now: Moment) {
        let Some(pause) = self.next_in(job, now) else {
            return;
        };
        let needs_past = job.kind == InputKind::Trades;
        if let Some(progress) = self.of(job)
            && (progress.is_loaded || !needs_past)
        {
            progress.due = now.instant + pause;
            progress.is_overtaken = false;
            progress.is_loaded = true;
            progress.failures = 0;
        }
    }

    /// The stream lost the input. A stream that begins again brings it within a moment, so it is
    /// fetched only after that.
    pub(super) fn lost(&mut self, job: &Job, now: Instant) {
        if let Some(progress) = self.of(job) {
            progress.due = progress.due.min(now + STREAM_PATIENCE);
        }
    }

    /// The input could not be fetched; it is retried after `pause`.
    pub(super) fn failed(&mut self, job: &Job, now: Instant, pause: Duration) {
        if let Some(progress) = self.of(job) {
            progress.due = now.checked_add(pause).unwrap_or(now);
            progress.is_overtaken = false;
            progress.under_way = false;
            progress.failures = progress.failures.saturating_add(1);
        }
    }

    /// Failures in a row.
    pub(super) fn failures(&self, job: &Job) -> u32 {
        self.progress
            .get(&(job.symbol.clone(), job.kind))
            .map_or(0, |progress| progress.failures)
    }

    /// How long until an input that came now can be renewed; `None` for a contract that is not
    /// monitored.
    fn next_in(&self, job: &Job, now: Moment) -> Option<Duration> {
        let place = self.places.get(&job.symbol)?;
        // Contracts are spread by rank: their candles all close at the same moment.
        let share = place.rank as f64 / self.places.len() as f64;
        Some(job.kind.next_in(
            now.time,
            share,
            self.fast_pause_ms(),
            place.funding_interval_hours,
        ))
    }

    /// The interval, in ms, at which all contracts' books and trades together use their share of
    /// the budget and no more.
    fn fast_pause_ms(&self) -> u64 {
        let requests = FAST_KINDS * self.places.len() as f64;
        (requests / (FAST_SHARE * self.requests_per_second) * 1_000.0) as u64
    }

    fn of(&mut self, job: &Job) -> Option<&mut Progress> {
        self.progress.get_mut(&(job.symbol.clone(), job.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::candles::Interval;
    use shared::units::UnixMs;

    /// 12:00:10 UTC on some day.
    fn now() -> Moment {
        Moment {
            time: UnixMs::from_millis(1_788_868_810_000),
            instant: Instant::now(),
        }
    }

    fn later(moment: Moment, ms: u64) -> Moment {
        moment.later(Duration::from_millis(ms))
    }

    fn monitored(symbols: &[&str]) -> Vec<Monitored> {
        let one = |symbol: &&str| Monitored {
            symbol: (*symbol).to_owned(),
            funding_interval_hours: Some(8.0),
        };
        symbols.iter().map(one).collect()
    }

    fn planner(symbols: &[&str], now: Moment) -> Planner {
        let mut planner = Planner::new(12.0);
        planner.monitor(&monitored(symbols), now.instant);
        planner
    }

    fn at(symbols: &[&str]) -> (Moment, Planner) {
        let now = now();
        (now, planner(symbols, now))
    }

    /// Takes and finishes everything that is due.
    fn drain(planner: &mut Planner, now: Moment) -> Vec<Job> {
        let mut done = Vec::new();
        while let Some(job) = planner.take_due(now.instant) {
            planner.succeeded(&job, now, true);
            done.push(job);
        }
        done
    }

    #[test]
    fn what_the_first_scores_need_comes_first_contract_by_contract() {
        let (now, mut planner) = at(&["BTCUSDT", "AUSDT"]);
        let jobs = drain(&mut planner, now);
        let first: Vec<&str> = jobs.iter().take(8).map(|job| job.symbol.as_str()).collect();
        let (bitcoin, other) = first.split_at(4);
        assert!(
            bitcoin.iter().all(|symbol| *symbol == "BTCUSDT")
                && other.iter().all(|symbol| *symbol == "AUSDT")
        );
        assert!(
            jobs.iter().take(8).all(|job| job.kind.stage() == 0),
            "{jobs:?}"
        );
        assert_eq!(
            jobs.last().map(|job| job.kind),
            Some(InputKind::Candles(Interval::OneHour))
        );
        assert_eq!(
            jobs.len(),
            2 * InputKind::OF_ALL.len() + 1,
            "daily candles are Bitcoin's alone"
        );
    }

    #[test]
    fn nothing_is_fetched_twice() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        let job = planner.take_due(now.instant).unwrap();
        assert!(!drain(&mut planner, now).contains(&job));
        planner.succeeded(&job, now, true);
        assert_eq!(planner.take_due(now.instant), None);
        assert_eq!(planner.take_due(later(now, 10_000).instant), Some(job));
    }

    #[test]
    fn renewing_comes_before_the_long_view_of_a_new_contract() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        drain(&mut planner, now);
        planner.monitor(&monitored(&["BTCUSDT", "NEWUSDT"]), now.instant);
        let later = later(now, 10_000);
        let order: Vec<(String, u8)> = drain(&mut planner, later)
            .into_iter()
            .map(|job| (job.symbol, job.kind.stage()))
            .collect();
        let place = |wanted: (&str, u8)| {
            order
                .iter()
                .position(|(symbol, stage)| (symbol.as_str(), *stage) == wanted)
        };
        assert!(place(("NEWUSDT", 0)) < place(("BTCUSDT", 0)));
        assert!(place(("BTCUSDT", 0)) < place(("NEWUSDT", 1)));
        assert!(place(("NEWUSDT", 1)) < place(("NEWUSDT", 2)));
    }

    #[test]
    fn a_failure_waits_its_pause_and_holds_nobody_up() {
        let (now, mut planner) = at(&["BTCUSDT", "AUSDT"]);
        let job = planner.take_due(now.instant).unwrap();
        planner.failed(&job, now.instant, Duration::from_secs(4));
        assert_eq!(planner.failures(&job), 1);
        assert!(!drain(&mut planner, later(now, 3_999)).contains(&job));
        assert_eq!(planner.take_due(later(now, 4_000).instant), Some(job));
    }

    #[test]
    fn what_failed_gives_way_to_what_was_never_tried_but_not_to_the_long_view() {
        let (now, mut planner) = at(&["BTCUSDT", "AUSDT"]);
        let failed = planner.take_due(now.instant).unwrap();
        planner.failed(&failed, now.instant, Duration::ZERO);
        let order = drain(&mut planner, now);
        let place = order.iter().position(|job| *job == failed).unwrap();
        let (before, after) = order.split_at(place);
        assert_eq!(
            before.len(),
            7,
            "the rest of what two first scores need: {before:?}"
        );
        assert!(after.len() > 1, "the long view is not asked for: {after:?}");
        assert!(
            before.iter().all(|job| job.kind.stage() == 0)
                && after.iter().skip(1).all(|job| job.kind.stage() > 0)
        );
    }

    #[test]
    fn what_is_streamed_is_not_fetched_until_the_stream_stops() {
        let (mut now, mut planner) = at(&["BTCUSDT"]);
        let book = Job {
            symbol: "BTCUSDT".to_owned(),
            kind: InputKind::Book,
        };
        // From before the first request on, and for as long as it goes on.
        for _ in 0..100 {
            planner.delivered(&book, now);
            assert!(!drain(&mut planner, now).contains(&book));
            now = later(now, 1_000);
        }
        now = later(now, 60_000);
        assert!(
            drain(&mut planner, now).contains(&book),
            "the stream stopped"
        );
    }

    #[test]
    fn what_the_stream_lost_is_fetched_when_it_does_not_come_again() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        drain(&mut planner, now);
        let book = Job {
            symbol: "BTCUSDT".to_owned(),
            kind: InputKind::Book,
        };
        planner.lost(&book, now.instant);
        assert_eq!(drain(&mut planner, later(now, 1_999)), []);
        let fetched = drain(&mut planner, later(now, 2_000));
        assert_eq!(fetched, std::slice::from_ref(&book));
        planner.lost(&book, later(now, 3_000).instant);
        planner.delivered(&book, later(now, 3_500));
        assert_eq!(drain(&mut planner, later(now, 6_000)), []);
    }

    #[test]
    fn trades_are_fetched_once_although_they_are_streamed() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        let trades = Job {
            symbol: "BTCUSDT".to_owned(),
            kind: InputKind::Trades,
        };
        planner.delivered(&trades, now);
        assert!(drain(&mut planner, now).contains(&trades));
        planner.delivered(&trades, later(now, 9_000));
        assert!(!drain(&mut planner, later(now, 11_000)).contains(&trades));
    }

    #[test]
    fn a_request_that_runs_is_not_doubled_by_what_is_streamed_meanwhile() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        let job = planner.take_due(now.instant).unwrap();
        planner.delivered(&job, now);
        planner.lost(&job, now.instant);
        assert!(!drain(&mut planner, later(now, 60_000)).contains(&job));
    }

    #[test]
    fn more_pages_of_an_input_are_due_at_once() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        let hourly = Job {
            symbol: "BTCUSDT".to_owned(),
            kind: InputKind::Candles(Interval::OneHour),
        };
        drain(&mut planner, now);
        planner.succeeded(&hourly, now, false);
        assert_eq!(planner.take_due(now.instant), Some(hourly));
    }

    #[test]
    fn a_contract_that_is_no_longer_monitored_is_forgotten() {
        let (now, mut planner) = at(&["BTCUSDT", "GONEUSDT"]);
        let gone = Job {
            symbol: "GONEUSDT".to_owned(),
            kind: InputKind::Book,
        };
        planner.monitor(&monitored(&["BTCUSDT"]), now.instant);
        planner.succeeded(&gone, now, true);
        assert!(
            drain(&mut planner, now)
                .iter()
                .all(|job| job.symbol == "BTCUSDT")
        );
    }

    #[test]
    fn many_contracts_stretch_the_pause_so_that_the_budget_lasts() {
        let symbols: Vec<String> = (0..100).map(|index| format!("S{index}USDT")).collect();
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let (now, mut planner) = at(&symbols);
        drain(&mut planner, now);
        let later = |ms| later(now, ms);
        assert!(
            drain(&mut planner, later(20_000))
                .iter()
                .all(|job| job.kind.stage() != 0)
        );
        assert_eq!(drain(&mut planner, later(24_000)).len(), 200);
    }

    #[test]
    fn when_the_time_changed_everything_is_due_and_once() {
        let (now, mut planner) = at(&["BTCUSDT", "AUSDT"]);
        let all = drain(&mut planner, now).len();
        let failed = planner.take_due(later(now, 10_000).instant).unwrap();
        planner.failed(&failed, now.instant, Duration::from_secs(300));
        assert_eq!(planner.due_in(now.instant), Some(Duration::from_secs(10)));
        planner.time_changed();
        assert_eq!(planner.due_in(now.instant), Some(Duration::ZERO));
        let asked = drain(&mut planner, now);
        assert_eq!(asked.len(), all - 1, "what failed has its pause");
        assert!(!asked.contains(&failed));
        assert_eq!(drain(&mut planner, now), []);
    }

    #[test]
    fn what_was_under_way_when_the_time_changed_is_asked_for_again() {
        let (now, mut planner) = at(&["BTCUSDT"]);
        let job = planner.take_due(now.instant).unwrap();
        drain(&mut planner, now);
        planner.time_changed();
        assert!(!drain(&mut planner, now).contains(&job));
        planner.succeeded(&job, now, true);
        assert_eq!(planner.take_due(now.instant), Some(job.clone()));
        planner.succeeded(&job, now, true);
        assert_eq!(planner.take_due(now.instant), None);
    }

    #[test]
    fn a_clock_that_goes_on_stepping_holds_nothing_up() {
        let (now, mut planner) = at(&["BTCUSDT", "AUSDT", "BUSDT"]);
        drain(&mut planner, now);
        let mut asked = HashMap::new();
        for second in 1..=600 {
            planner.time_changed();
            let now = later(now, second * 1_000);
            let job = planner.take_due(now.instant).unwrap();
            planner.succeeded(&job, now, true);
            *asked.entry(job).or_insert(0) += 1;
        }
        for symbol in ["BTCUSDT", "AUSDT", "BUSDT"] {
            for (kind, times) in [
                (InputKind::Book, 30),
                (InputKind::OpenInterest, 1),
                (InputKind::AccountRatio, 1),
            ] {
                let asked = asked
                    .get(&Job {
                        symbol: symbol.to_owned(),
                        kind,
                    })
                    .copied()
                    .unwrap_or(0);
                assert!(asked >= times, "{symbol} {kind:?}: {asked} times");
            }
        }
    }
}
