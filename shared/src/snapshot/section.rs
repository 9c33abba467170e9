//! A part of a snapshot with its own source and time, or the reason for its absence.
//!
//! An absent section always states a reason, which reaches clients. So an empty list is always a
//! fact, and never hides a failure.

use crate::freshness::Freshness;
use crate::market::Dated;
use crate::provenance::Source;
use crate::units::UnixMs;
use serde::{Deserialize, Serialize};

/// A part with its own source and clock: there with its value, or absent with the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Section<T> {
    /// The part is known.
    Present {
        /// Who said so.
        source: Source,
        /// When it was true.
        as_of_ms: UnixMs,
        /// Its own class by its own limits, when the snapshot was assembled.
        freshness: Freshness,
        /// The part.
        value: T,
    },
    /// The part is unknown.
    Absent {
        /// Why, as a machine-readable word such as `too_old` or `timeout`.
        reason: String,
    },
}

impl<T> Section<T> {
    /// An absent part.
    #[must_use]
    pub fn absent(reason: &str) -> Self {
        Self::Absent {
            // Owned text and not [`Lack`]: a source's own failure label can be the reason, and
            // another release may have other reasons.
            reason: reason.to_owned(),
        }
    }

    /// When the part was true, when it is there.
    #[must_use]
    pub const fn as_of_ms(&self) -> Option<UnixMs> {
        match self {
            Self::Present { as_of_ms, .. } => Some(*as_of_ms),
            Self::Absent { .. } => None,
        }
    }

    /// Who said so, when the part is there.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        match self {
            Self::Present { source, .. } => Some(*source),
            Self::Absent { .. } => None,
        }
    }

    /// Why the part is unknown, when it is.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Present { .. } => None,
            Self::Absent { reason } => Some(reason),
        }
    }

    /// The value, when the part is there.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Present { value, .. } => Some(value),
            Self::Absent { .. } => None,
        }
    }
}

impl<T: Clone> Section<T> {
    /// The value with its own time and publisher.
    ///
    /// # Errors
    /// The reason of its absence.
    pub fn dated(&self) -> Result<Dated<T>, &str> {
        match self {
            Self::Present {
                source,
                as_of_ms,
                value,
                ..
            } => Ok(Dated {
                value: value.clone(),
                as_of_ms: *as_of_ms,
                source: *source,
            }),
            Self::Absent { reason } => Err(reason),
        }
    }
}

/// Why a part is absent where no failure of its source says it. Such a failure gives its own label
/// as the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its source was not asked yet.
    NotFetchedYet,
    /// Nothing was looked at yet, so nothing can have happened.
    NotObservedYet,
    /// This process uses no streams, and nothing else brings it.
    StreamsOff,
    /// The candles that it is made of are not loaded yet.
    CandlesNotLoadedYet,
    /// There are fewer candles than it needs.
    TooFewCandles,
    /// The candles that it is made of tell another price than the ticker.
    CandlesContradictPrice,
    /// Its last value is past its limit.
    TooOld,
    /// Its last value claims a time that is not yet.
    FromTheFuture,
    /// Its last value breaks a rule of its own.
    FailedValidation,
    /// Its last value and another part of the same snapshot cannot both be true.
    FiguresContradict,
    /// An edge made the snapshot, and only the origin collects this part.
    NotCollectedAtEdge,
    /// Another exchange's tickers are shown, and this part is made of Bybit's data.
    UnknownToSecondaryExchange,
    /// It is not taken over from an earlier snapshot.
    NotCarriedOver,
    /// The reason that was given is no machine-readable word.
    Unknown,
}

impl Lack {
    crate::labels! {
        /// The machine-readable word.
        pub const fn label(self) {
            Self::NotFetchedYet => "not_fetched_yet",
            Self::NotObservedYet => "not_observed_yet",
            Self::StreamsOff => "streams_off",
            Self::CandlesNotLoadedYet => "candles_not_loaded_yet",
            Self::TooFewCandles => "too_few_candles",
            Self::CandlesContradictPrice => "candles_contradict_price",
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
            Self::FailedValidation => "failed_validation",
            Self::FiguresContradict => "figures_contradict",
            Self::NotCollectedAtEdge => "not_collected_at_edge",
            Self::UnknownToSecondaryExchange => "unknown_to_secondary_exchange",
            Self::NotCarriedOver => "not_carried_over",
            Self::Unknown => "unknown",
        }
    }
}
