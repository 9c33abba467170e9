//! What the isolates of one colo tell each other: calls to exchanges, refusals, and that everything
//! failed just now.
//!
//! It lies in the colo's cache, which can lose it, hang, or give an old one, and knows no atomic
//! change. So every isolate keeps what it ever read and adds what it did itself. Without the cache
//! each isolate holds to the colo's limit on its own: the exchange is still asked, for a client
//! without data is the greater harm, but no isolate asks more often than a whole colo may. Two
//! isolates that write at once can lose one call of the count, and no more.

use super::decision::NEGATIVE_MS;
use super::limits::{CALLS_WITHIN_MS, MAX_CALLS};
use super::refusal::Refusal;
use super::time::is_within;
use super::upstream::{PerUpstream, Upstream};
use serde::{Deserialize, Serialize};
use shared::snapshot::is_reason;
use shared::units::UnixMs;

/// The most sources whose failures are told.
const MAX_OUTCOMES: usize = 8;

/// What is known of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When the last calls began, oldest first; never more than count.
    calls: Vec<UnixMs>,
    /// The refusal that lasts longest, and when it came.
    refused: Option<(Refusal, UnixMs)>,
}

impl Entry {
    /// How many calls began lately.
    #[must_use]
    pub fn calls_within(&self, now: UnixMs) -> usize {
        self.calls
            .iter()
            .filter(|began| is_within(**began, now, CALLS_WITHIN_MS))
            .count()
    }

    /// Whether a call began within the last `ms`.
    #[must_use]
    pub fn was_called_within(&self, ms: u64, now: UnixMs) -> bool {
        self.calls.iter().any(|began| is_within(*began, now, ms))
    }

    /// The refusal that holds at `now`.
    #[must_use]
    pub fn pause(&self, now: UnixMs) -> Option<Refusal> {
        self.refused
            .filter(|(refusal, since)| is_within(*since, now, refusal.pause_ms()))
            .map(|(refusal, _)| refusal)
    }

    /// Notes a call.
    pub fn called(&mut self, now: UnixMs) {
        self.take_calls(&[now]);
    }

    /// Notes a refusal.
    pub fn refused(&mut self, refusal: Refusal, now: UnixMs) {
        self.take_refusal((refusal, now));
    }

    fn take_calls(&mut self, others: &[UnixMs]) {
        self.calls.extend(others);
        self.calls.sort_unstable();
        self.calls.dedup();
        self.calls
            .drain(..self.calls.len().saturating_sub(MAX_CALLS));
    }

    fn take_refusal(&mut self, other: (Refusal, UnixMs)) {
        let ends = |(refusal, since): (Refusal, UnixMs)| since.plus_millis(refusal.pause_ms());
        if self.refused.is_none_or(|known| ends(other) > ends(known)) {
            self.refused = Some(other);
        }
    }

    /// Forgets what lies ahead of the clock or is long over.
    fn prune(&mut self, now: UnixMs) {
        self.calls
            .retain(|began| is_within(*began, now, CALLS_WITHIN_MS));
        self.refused = self.refused.filter(|_| self.pause(now).is_some());
    }
}

/// That every source failed, for isolates that hold nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFailure {
    /// When.
    pub at: UnixMs,
    /// Who failed, and how in one word.
    pub outcomes: Vec<(Upstream, String)>,
}

/// What a colo knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: PerUpstream<Entry>,
    failure: Option<SharedFailure>,
}

impl Ledger {
    /// What is known of one exchange.
    #[must_use]
    pub const fn of(&self, exchange: Upstream) -> &Entry {
        self.entries.get(exchange)
    }

    /// The same, to note something.
    pub const fn note(&mut self, exchange: Upstream) -> &mut Entry {
        self.entries.get_mut(exchange)
    }

    /// Notes that every source failed.
    pub fn failed(&mut self, failure: SharedFailure) {
        self.failure = Some(failure);
    }

    /// The failure that is still shared at `now`.
    #[must_use]
    pub fn failure(&self, now: UnixMs) -> Option<&SharedFailure> {
        self.failure
            .as_ref()
            .filter(|failure| is_within(failure.at, now, NEGATIVE_MS))
    }

    /// Takes up what another ledger knows. What an isolate did itself is never forgotten for what
    /// it reads.
    pub fn merge(&mut self, other: &Self, now: UnixMs) {
        for exchange in Upstream::EXCHANGES {
            let (mine, theirs) = (self.entries.get_mut(exchange), other.entries.get(exchange));
            mine.prune(now);
            let mut theirs = theirs.clone();
            theirs.prune(now);
            mine.take_calls(&theirs.calls);
            if let Some(refused) = theirs.refused {
                mine.take_refusal(refused);
            }
        }
        let at = |ledger: &Self| ledger.failure(now).map(|failure| failure.at);
        if at(other) > at(self) {
            self.failure.clone_from(&other.failure);
        }
    }

    /// The ledger as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let wire = Wire {
            exchanges: Upstream::EXCHANGES
                .map(|exchange| WireEntry::of(exchange, self.entries.get(exchange)))
                .into(),
            failed: self.failure.as_ref().map(WireFailure::of),
        };
        // Strings and integers always have a JSON form; bytes that are none would be refused when
        // read.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads a stored ledger.
    ///
    /// # Errors
    /// [`BadLedger`] when it is none.
    pub fn from_json(body: &[u8]) -> Result<Self, BadLedger> {
        let wire: Wire =
            serde_json::from_slice(body).map_err(|error| BadLedger::Shape(error.to_string()))?;
        let mut ledger = Self::default();
        for stored in wire.exchanges {
            let entry = ledger.entries.get_mut(upstream(&stored.name)?);
            entry.take_calls(&stored.calls);
            if let Some(WireRefusal {
                kind,
                at,
                retry_after_secs,
            }) = stored.refused
            {
                entry.take_refusal((kind.with(retry_after_secs), at));
            }
        }
        ledger.failure = wire.failed.map(WireFailure::read).transpose()?;
        Ok(ledger)
    }
}

/// Why bytes are no ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLedger {
    /// No JSON of its shape.
    #[error("not of the ledger's shape: {0}")]
    Shape(String),
    /// A name that nobody has.
    #[error("{0:?} is nobody that is asked")]
    Upstream(String),
    /// An outcome that is no word, or too many of them.
    #[error("the outcomes are no words: {0:?}")]
    Outcomes(Vec<String>),
}

fn upstream(name: &str) -> Result<Upstream, BadLedger> {
    let known = Upstream::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| BadLedger::Upstream(name.to_owned()))
}

#[derive(Serialize, Deserialize)]
struct Wire {
    exchanges: Vec<WireEntry>,
    failed: Option<WireFailure>,
}

#[derive(Serialize, Deserialize)]
struct WireEntry {
    name: String,
    calls: Vec<UnixMs>,
    refused: Option<WireRefusal>,
}

#[derive(Serialize, Deserialize)]
struct WireRefusal {
    kind: Kind,
    at: UnixMs,
    retry_after_secs: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Region,
    RateLimit,
    Unexplained,
    TooManyRequests,
}

#[derive(Serialize, Deserialize)]
struct WireFailure {
    at: UnixMs,
    outcomes: Vec<(String, String)>,
}

impl WireEntry {
    fn of(exchange: Upstream, entry: &Entry) -> Self {
        let refused = entry.refused.map(|(refusal, at)| match refusal {
            Refusal::Region => WireRefusal {
                kind: Kind::Region,
                at,
                retry_after_secs: None,
            },
            Refusal::RateLimit => WireRefusal {
                kind: Kind::RateLimit,
                at,
                retry_after_secs: None,
            },
            Refusal::Unexplained => WireRefusal {
                kind: Kind::Unexplained,
                at,
                retry_after_secs: None,
            },
            Refusal::TooManyRequests { retry_after_secs } => WireRefusal {
                kind: Kind::TooManyRequests,
                at,
                retry_after_secs,
            },
        });
        Self {
            name: exchange.name().to_owned(),
            calls: entry.calls.clone(),
            refused,
        }
    }
}

impl Kind {
    const fn with(self, retry_after_secs: Option<u64>) -> Refusal {
        match self {
            Self::Region => Refusal::Region,
            Self::RateLimit => Refusal::RateLimit,
            Self::Unexplained => Refusal::Unexplained,
            Self::TooManyRequests => Refusal::TooManyRequests { retry_after_secs },
        }
    }
}

impl WireFailure {
    fn of(failure: &SharedFailure) -> Self {
        let outcomes = failure.outcomes.iter().take(MAX_OUTCOMES);
        let outcomes = outcomes
            .map(|(upstream, outcome)| (upstream.name().to_owned(), outcome.clone()))
            .collect();
        Self {
            at: failure.at,
            outcomes,
        }
    }

    fn read(self) -> Result<SharedFailure, BadLedger> {
        if self.outcomes.len() > MAX_OUTCOMES
            || !self.outcomes.iter().all(|(_, outcome)| is_reason(outcome))
        {
            return Err(BadLedger::Outcomes(
                self.outcomes
                    .into_iter()
                    .map(|(_, outcome)| outcome)
                    .collect(),
            ));
        }
        let outcomes = self
            .outcomes
            .into_iter()
            .map(|(name, outcome)| Ok((upstream(&name)?, outcome)));
        Ok(SharedFailure {
            at: self.at,
            outcomes: outcomes.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    fn noted(note: impl FnOnce(&mut Entry)) -> Ledger {
        let mut ledger = Ledger::default();
        note(ledger.note(Upstream::Bybit));
        ledger
    }

    fn failure(at: UnixMs) -> SharedFailure {
        SharedFailure {
            at,
            outcomes: vec![(Upstream::Origin, "timeout".to_owned())],
        }
    }

    #[test]
    fn a_stored_ledger_reads_back() {
        let mut ledger = noted(|entry| {
            entry.called(ago(100));
            entry.refused(
                Refusal::TooManyRequests {
                    retry_after_secs: Some(90),
                },
                ago(50),
            );
        });
        ledger.note(Upstream::Okx).refused(Refusal::Region, ago(9));
        ledger.failed(failure(ago(5)));
        assert_eq!(Ledger::from_json(&ledger.to_json()), Ok(ledger));
    }

    #[track_caller]
    fn check_refused(body: &str) -> BadLedger {
        Ledger::from_json(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_no_ledger_is_refused_by_name() {
        for bad in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"exchanges":[{"name":"bybit-direct"}]}"#,
        ] {
            assert!(matches!(check_refused(bad), BadLedger::Shape(_)), "{bad}");
        }
        let foreign =
            r#"{"exchanges":[{"name":"kraken","calls":[],"refused":null}],"failed":null}"#;
        assert_eq!(
            check_refused(foreign),
            BadLedger::Upstream("kraken".to_owned())
        );
        let markup = r#"{"exchanges":[],"failed":{"at":1,"outcomes":[["origin","<b>\r\nx"]]}}"#;
        assert_eq!(
            check_refused(markup),
            BadLedger::Outcomes(vec!["<b>\r\nx".to_owned()])
        );
    }

    #[test]
    fn however_many_calls_are_noted_or_read_the_ledger_stays_small() {
        let times: Vec<String> = (0..10_000)
            .map(|n| (NOW.as_millis() - n).to_string())
            .collect();
        let body = format!(
            r#"{{"exchanges":[{{"name":"bybit-direct","calls":[{}],"refused":null}}],"failed":null}}"#,
            times.join(",")
        );
        let mut ledger = Ledger::from_json(body.as_bytes()).unwrap();
        for ms in 0..10_000 {
            ledger.note(Upstream::Bybit).called(NOW.plus_millis(ms));
        }
        assert!(ledger.to_json().len() < 1_000);
        assert_eq!(
            ledger
                .of(Upstream::Bybit)
                .calls_within(NOW.plus_millis(10_000)),
            MAX_CALLS
        );
    }

    #[test]
    fn what_an_isolate_did_outlives_what_it_reads() {
        let mut own = noted(|entry| {
            entry.called(ago(1_000));
            entry.refused(Refusal::Region, ago(1_000));
        });
        own.merge(&Ledger::default(), NOW);
        assert_eq!(own.of(Upstream::Bybit).calls_within(NOW), 1);
        assert_eq!(own.of(Upstream::Bybit).pause(NOW), Some(Refusal::Region));
        own.merge(&noted(|entry| entry.called(ago(2_000))), NOW);
        assert_eq!(own.of(Upstream::Bybit).calls_within(NOW), 2);
        own.merge(&own.clone(), NOW);
        assert_eq!(
            own.of(Upstream::Bybit).calls_within(NOW),
            2,
            "a call was counted twice"
        );
    }

    #[test]
    fn the_longer_pause_holds() {
        let mut own = noted(|entry| entry.refused(Refusal::Region, ago(10_000)));
        own.note(Upstream::Bybit)
            .refused(Refusal::Unexplained, ago(1));
        assert_eq!(own.of(Upstream::Bybit).pause(NOW), Some(Refusal::Region));
        own.merge(
            &noted(|entry| entry.refused(Refusal::RateLimit, ago(5_000))),
            NOW,
        );
        assert_eq!(own.of(Upstream::Bybit).pause(NOW), Some(Refusal::RateLimit));
    }

    #[test]
    fn a_ledger_that_lies_about_the_future_holds_nobody_off() {
        let ahead = NOW.plus_millis(3_600_000);
        let mut lie = noted(|entry| {
            (0..6).for_each(|n| entry.called(ahead.plus_millis(n)));
            entry.refused(Refusal::Region, ahead);
        });
        lie.failed(failure(ahead));
        let mut own = noted(|entry| entry.called(ago(1)));
        own.merge(&lie, NOW);
        assert_eq!(
            own.of(Upstream::Bybit).calls_within(NOW),
            1,
            "own calls were pushed out"
        );
        assert_eq!(own.of(Upstream::Bybit).pause(NOW), None);
        assert_eq!(own.failure(NOW), None);
    }

    #[test]
    fn a_failure_is_shared_for_two_seconds() {
        let mut own = Ledger::default();
        let told = |ms| {
            let mut other = Ledger::default();
            other.failed(failure(ago(ms)));
            other
        };
        own.merge(&told(2_000), NOW);
        assert_eq!(own.failure(NOW), None);
        own.merge(&told(1_999), NOW);
        assert_eq!(own.failure(NOW), Some(&failure(ago(1_999))));
        own.merge(&told(1_000), NOW);
        assert_eq!(own.failure(NOW).map(|failure| failure.at), Some(ago(1_000)));
        own.merge(&told(1_500), NOW);
        assert_eq!(
            own.failure(NOW).map(|failure| failure.at),
            Some(ago(1_000)),
            "an older failure was taken"
        );
    }
}
