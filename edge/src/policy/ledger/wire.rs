//! The ledger's JSON form in the colo's cache. What is read was written by any isolate of any
//! version, so it is checked like foreign input, and bounded.

use super::{Entry, Ledger, SharedFailure};
use crate::policy::refusal::Refusal;
use crate::policy::upstream::Upstream;
use serde::{Deserialize, Serialize};
use shared::snapshot::is_reason;
use shared::units::UnixMs;

/// The most sources whose failures are stored; there are fewer, so more is damage.
const MAX_OUTCOMES: usize = 8;

impl Ledger {
    /// The ledger as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let wire = Wire {
            exchanges: Upstream::EXCHANGES
                .map(|exchange| WireEntry::of(exchange, self.entries.get(exchange)))
                .into(),
            failed: self.failure.as_ref().map(WireFailure::of),
        };
        // Strings and integers always have a JSON form; empty bytes would be refused when read.
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
        // Outcomes are shown to clients, so each must be a reason code.
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
    /// A name that no upstream has.
    #[error("{0:?} is nobody that is asked")]
    Upstream(String),
    /// An outcome that is no reason code, or too many of them.
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
        let refused = entry.refusal.map(|(refusal, at)| match refusal {
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
    use crate::policy::limits::MAX_CALLS;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn ago(ms: u64) -> UnixMs {
        UnixMs::from_millis(NOW.as_millis() - ms)
    }

    fn failure(at: UnixMs) -> SharedFailure {
        SharedFailure {
            at,
            outcomes: vec![(Upstream::Origin, "timeout".to_owned())],
        }
    }

    fn noted(note: impl FnOnce(&mut Entry)) -> Ledger {
        let mut ledger = Ledger::default();
        note(ledger.entry_mut(Upstream::Bybit));
        ledger
    }

    #[test]
    fn a_stored_ledger_reads_back() {
        let mut ledger = noted(|entry| {
            entry.note_call(ago(100));
            entry.note_refusal(
                Refusal::TooManyRequests {
                    retry_after_secs: Some(90),
                },
                ago(50),
            );
        });
        ledger
            .entry_mut(Upstream::Okx)
            .note_refusal(Refusal::Region, ago(9));
        ledger.note_failure(failure(ago(5)));
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
            ledger
                .entry_mut(Upstream::Bybit)
                .note_call(NOW.plus_millis(ms));
        }
        assert!(ledger.to_json().len() < 1_000);
        assert_eq!(
            ledger
                .entry(Upstream::Bybit)
                .calls_in_window(NOW.plus_millis(10_000)),
            MAX_CALLS
        );
    }
}
