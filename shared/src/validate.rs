//! The one door: what is stored or served is a [`ValidSnapshot`], and there is no other way to make
//! one.
//!
//! Bytes that come *back*, from the store or from the origin, pass through the same door as what
//! was just assembled.

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
    /// The door.
    ///
    /// Age is not judged here: how old is too old depends on `now` at the time of serving
    /// ([`crate::freshness::Limits`]). Only a time that cannot be true is refused.
    ///
    /// # Errors
    /// Every rule that the snapshot breaks, by name.
    pub fn admit(snapshot: Snapshot, now: UnixMs, baseline: Baseline) -> Result<Self, Rejections> {
        let rejections = rules::rejections(&snapshot, now, baseline);
        if !rejections.is_empty() {
            return Err(Rejections(rejections));
        }
        let warnings = rules::warnings(&snapshot);
        let quality = quality::quality(&snapshot);
        Ok(Self {
            snapshot,
            quality,
            warnings,
        })
    }

    /// Reads a snapshot back and lets it through the same door.
    ///
    /// # Errors
    /// [`Inadmissible`] when the bytes are no snapshot of our version, or the snapshot breaks a
    /// rule.
    pub fn from_json(body: &[u8], now: UnixMs, baseline: Baseline) -> Result<Self, Inadmissible> {
        Self::from_json_with(body, now, baseline, |snapshot| snapshot)
    }

    /// The same for a snapshot to which the reader has something to add.
    ///
    /// # Errors
    /// As [`Self::from_json`]; what was added passes the door too.
    pub fn from_json_with(
        body: &[u8],
        now: UnixMs,
        baseline: Baseline,
        add: impl FnOnce(Snapshot) -> Snapshot,
    ) -> Result<Self, Inadmissible> {
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

    /// How complete and young it is, 0–1: [`Self::coverage`] × (0.50 tickers + 0.20 · share of the
    /// scores that rest on six dimensions + 0.10 global market + 0.05 DeFi + 0.05 fear & greed +
    /// 0.05 betas + 0.05 charts), where an aging part counts half and an absent one nothing.
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

    /// The share of the contracts that trade, as far as they are known, that have a usable ticker.
    #[must_use]
    pub fn coverage(&self) -> Fraction {
        coverage(self.snapshot.coverage)
    }

    /// Whether this snapshot is to be shown in the place of `held` at `now`. First decides the
    /// class of its age, then what it can hold (scores in six dimensions; Bybit's tickers; another
    /// exchange's), then its time. So what is held goes back in time by one refresh at most, and
    /// only for a fuller answer.
    #[must_use]
    pub fn is_better(&self, held: &Self, now: UnixMs, limits: &Limits) -> bool {
        quality::is_better(&self.snapshot, &held.snapshot, now, limits)
    }

    /// What is unusual about it without making it unusable.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether this snapshot may take the place of `held`: its data is younger, or as young and
    /// assembled later. A holder that asks this never moves back in time, whatever order answers
    /// arrive in.
    ///
    /// What is held with a time ahead of `now` is not younger: the clock that it was dated by was
    /// wrong, so it yields to whatever is not.
    #[must_use]
    pub fn supersedes(&self, held: &Self, now: UnixMs) -> bool {
        let order = |valid: &Self| (valid.snapshot.as_of_ms, valid.snapshot.sequence);
        is_younger(order(self), order(held), now)
    }
}

/// Whether data with this time and number takes the place of that with those: see
/// [`ValidSnapshot::supersedes`].
pub(crate) fn is_younger(new: (UnixMs, u64), held: (UnixMs, u64), now: UnixMs) -> bool {
    match (
        is_from_the_future(new.0, now),
        is_from_the_future(held.0, now),
    ) {
        (false, true) => true,
        (true, false) => false,
        _ => new > held,
    }
}

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
        Some(b'"') => return Err(Unreadable::EncodedTwice),
        Some(b'{') => {}
        Some(_) => return Err(Unreadable::NotJson(Detail::new(text))),
    }
    let version: Version = serde_json::from_str(text)
        .map_err(|error| Unreadable::NotJson(Detail::new(&error.to_string())))?;
    match version.schema_version {
        None => Err(Unreadable::Placeholder),
        Some(SCHEMA_VERSION) => serde_json::from_str(text)
            .map_err(|error| Unreadable::Shape(Detail::new(&error.to_string()))),
        Some(found) => Err(Unreadable::SchemaVersion { found }),
    }
}

/// The rules that a snapshot broke; at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejections(Vec<Rejection>);

impl Rejections {
    /// Each broken rule.
    #[must_use]
    pub fn all(&self) -> &[Rejection] {
        &self.0
    }

    /// The first broken rule's label, for where there is room for one word.
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

/// Why bytes are no snapshot of ours.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// No JSON object.
    #[error("no snapshot: {0}")]
    NotJson(Detail),
    /// A JSON string that holds JSON: somebody encoded twice.
    #[error("no snapshot: JSON encoded twice")]
    EncodedTwice,
    /// An object without a schema version: a placeholder of some other writer.
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
