//! The validation boundary: only a [`ValidSnapshot`] is stored or served, and
//! [`ValidSnapshot::admit`] is the only way to make one.
//!
//! Invariant: the field of [`ValidSnapshot`] is private, so the type proves that every rule holds.
//! Bytes that come *back*, from the store or from the origin, are admitted again like a snapshot
//! that was just assembled. They may be of another version, damaged, or written by somebody else.
//!
//! In order: bytes → [`Snapshot`] (version, then shape) → `rules` (every broken rule, by name) →
//! warnings and `quality` → [`ValidSnapshot`].

mod baseline;
mod limits;
mod quality;
mod rejection;
mod rules;

use crate::exchange::Detail;
use crate::freshness::{Limits, is_from_the_future};
use crate::snapshot::{SCHEMA_VERSION, Snapshot};
use crate::units::{Fraction, UnixMs};
use serde::Deserialize;
use std::fmt;

pub use baseline::{Baseline, Counted, Expected};
pub use limits::MIN_SCORES;
pub use quality::coverage;
pub use rejection::{Rejection, Warning};

/// A snapshot that may be stored and served.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidSnapshot {
    snapshot: Snapshot,
    quality: Fraction,
    warnings: Vec<Warning>,
}

impl ValidSnapshot {
    /// The validation boundary.
    ///
    /// Age is not checked here: how old is too old depends on `now` at the time of serving
    /// ([`crate::freshness::Limits`]). Only a time that cannot be true is refused.
    ///
    /// # Errors
    /// Every rule that the snapshot breaks, by name.
    pub fn admit(snapshot: Snapshot, now: UnixMs, baseline: Baseline) -> Result<Self, Rejections> {
        let rejections = rules::rejections(&snapshot, now, baseline);
        if !rejections.is_empty() {
            // Warnings are not looked for: a rejected snapshot has no reader.
            return Err(Rejections(rejections));
        }
        // Computed once here and not at each request: neither changes while the snapshot does not.
        let warnings = rules::warnings(&snapshot);
        let quality = quality::quality(&snapshot);
        Ok(Self {
            snapshot,
            quality,
            warnings,
        })
    }

    /// Reads a snapshot back and admits it by the same rules.
    ///
    /// # Errors
    /// [`Inadmissible`] when the bytes are no snapshot of our version, or the snapshot breaks a
    /// rule.
    pub fn from_json(body: &[u8], now: UnixMs, baseline: Baseline) -> Result<Self, Inadmissible> {
        Self::from_json_with(body, now, baseline, |snapshot| snapshot)
    }

    /// The same for a snapshot to which the reader adds something before it is admitted.
    ///
    /// # Errors
    /// As [`Self::from_json`]; what was added is checked, too.
    pub fn from_json_with(
        body: &[u8],
        now: UnixMs,
        baseline: Baseline,
        add: impl FnOnce(Snapshot) -> Snapshot,
    ) -> Result<Self, Inadmissible> {
        // The addition happens before the rules run: what a reader adds is checked like the rest.
        let snapshot = add(read(body)?);
        Self::admit(snapshot, now, baseline).map_err(Inadmissible::Rejected)
    }

    /// The snapshot as JSON: what [`Self::from_json`] reads.
    ///
    /// # Errors
    /// None that can occur: every number is finite and every key is a string.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.snapshot)
    }

    /// The snapshot.
    #[must_use]
    pub fn get(&self) -> &Snapshot {
        &self.snapshot
    }

    /// How complete and fresh it is, 0–1: [`Self::coverage`] × (0.50 tickers + 0.20 · share of the
    /// scores that rest on six dimensions + 0.10 global market + 0.05 DeFi + 0.05 fear & greed +
    /// 0.05 betas + 0.05 charts). An aging part counts half, an absent part nothing.
    #[must_use]
    pub fn quality(&self) -> Fraction {
        self.quality
    }

    /// The same with its parts in the classes that they have at `moment`; see
    /// [`Snapshot::served_at`].
    #[must_use]
    pub fn quality_at(&self, moment: UnixMs) -> Fraction {
        quality::quality(&self.snapshot.served_at(moment))
    }

    /// The share of the trading contracts that have a usable ticker, as far as the number that
    /// trade is known.
    #[must_use]
    pub fn coverage(&self) -> Fraction {
        coverage(self.snapshot.coverage)
    }

    /// Whether this snapshot replaces `held` in what is shown at `now`.
    ///
    /// The freshness class decides first, then the completeness of its kind (scores in six
    /// dimensions; Bybit's tickers; another exchange's), then its time. So the shown time moves
    /// back by at most one refresh, and only for a more complete answer.
    #[must_use]
    pub fn is_better(&self, held: &Self, now: UnixMs, limits: &Limits) -> bool {
        quality::is_better(&self.snapshot, &held.snapshot, now, limits)
    }

    /// Anomalies that do not make it unusable.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether this snapshot may replace `held`: its data is newer, or as new and assembled later.
    /// A holder that asks this never moves back in time, whatever order answers arrive in.
    ///
    /// A held time in the future loses to any that is not: the clock that dated it was wrong, and
    /// nothing could otherwise replace it before that time comes.
    #[must_use]
    pub fn supersedes(&self, held: &Self, now: UnixMs) -> bool {
        let order = |valid: &Self| (valid.snapshot.as_of_ms, valid.snapshot.sequence);
        is_younger(order(self), order(held), now)
    }
}

/// The rule of [`ValidSnapshot::supersedes`] on the pair of data time and sequence number alone.
pub(crate) fn is_younger(new: (UnixMs, u64), held: (UnixMs, u64), now: UnixMs) -> bool {
    match (
        is_from_the_future(new.0, now),
        is_from_the_future(held.0, now),
    ) {
        // A dated-ahead pair would win every comparison below.
        (false, true) => true,
        (true, false) => false,
        _ => new > held,
    }
}

// The version is read before the whole, so that a snapshot of another version is reported as such
// and not as a missing field.
fn read(body: &[u8]) -> Result<Snapshot, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: Option<u32>,
    }

    let text = std::str::from_utf8(body)
        .map_err(|_| Unreadable::NotJson(Detail::new("no UTF-8")))?
        .trim();
    match text.as_bytes().first() {
        None => return Err(Unreadable::NotJson(Detail::new("no bytes"))),
        // Named apart, because the cause is a writer that serialised a string that already was
        // JSON.
        Some(b'"') => return Err(Unreadable::EncodedTwice),
        Some(b'{') => {}
        Some(_) => return Err(Unreadable::NotJson(Detail::new(text))),
    }
    let version: Version = serde_json::from_str(text)
        .map_err(|error| Unreadable::NotJson(Detail::new(&error.to_string())))?;
    match version.schema_version {
        // Another writer's object under a key that it shares with us. Its own label keeps it apart
        // from a damaged snapshot.
        None => Err(Unreadable::Placeholder),
        Some(SCHEMA_VERSION) => serde_json::from_str(text)
            .map_err(|error| Unreadable::Shape(Detail::new(&error.to_string()))),
        Some(found) => Err(Unreadable::SchemaVersion { found }),
    }
}

/// The rules that a snapshot breaks; at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejections(Vec<Rejection>);

impl Rejections {
    /// Each broken rule.
    #[must_use]
    pub fn all(&self) -> &[Rejection] {
        &self.0
    }

    /// The label of the first broken rule, for a metric or a header that holds one word.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.0.first().map_or("rejected", Rejection::label)
    }
}

impl fmt::Display for Rejections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rejection) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{rejection}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejections {}

/// Why bytes cannot be read as a snapshot.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// No JSON object.
    #[error("no snapshot: {0}")]
    NotJson(Detail),
    /// A JSON string that holds JSON: its writer encoded it twice.
    #[error("no snapshot: JSON encoded twice")]
    EncodedTwice,
    /// An object without a schema version: a placeholder of another writer.
    #[error("no snapshot: an object without schema_version")]
    Placeholder,
    /// A snapshot of another version.
    #[error("schema version {found} is not {SCHEMA_VERSION}")]
    SchemaVersion {
        /// The version found.
        found: u32,
    },
    /// Our version, but fields are missing, of another type or out of range.
    #[error("not of the snapshot's shape: {0}")]
    Shape(Detail),
}

impl Unreadable {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::NotJson(_) => "not_json",
            Self::EncodedTwice => "encoded_twice",
            Self::Placeholder => "placeholder",
            Self::SchemaVersion { .. } => "schema_version",
            Self::Shape(_) => "shape",
        }
    }
}

/// Why bytes are not admitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Inadmissible {
    /// No snapshot of ours.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The snapshot breaks a rule.
    #[error("rejected: {0}")]
    Rejected(Rejections),
}

impl Inadmissible {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unreadable(unreadable) => unreadable.label(),
            Self::Rejected(rejections) => rejections.label(),
        }
    }
}
