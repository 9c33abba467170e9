//! Why facts make no snapshot. Each error means that the tickers, or the list they are joined with,
//! cannot carry one; the caller keeps the snapshot that it holds.

use crate::market::majors::BITCOIN;

/// Why the facts make no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// `BTCUSDT` has no usable ticker.
    #[error("{BITCOIN} has no usable ticker among {priced} priced and {refused} refused contracts")]
    BitcoinMissing {
        /// Contracts with a usable ticker.
        priced: usize,
        /// Contracts whose ticker was refused.
        refused: usize,
    },
    /// No contract could be scored.
    #[error("none of {priced} contracts could be scored")]
    NoScores {
        /// Contracts with a usable ticker.
        priced: usize,
    },
    /// The list of contracts is so old that others may be listed by now.
    #[error("the instruments list is {age_ms} ms old")]
    UniverseTooOld {
        /// Its age.
        age_ms: u64,
    },
    /// Too few contracts have a figure without which there is no overview.
    #[error("{known} of {priced} contracts tell their {figure}, fewer than four fifths")]
    TooFewFigures {
        /// The figure.
        figure: &'static str,
        /// Contracts that have it.
        known: usize,
        /// Contracts with a usable ticker.
        priced: usize,
    },
    /// A sum or mean over the contracts left the range of numbers.
    #[error("a figure over all contracts is no usable number: {0}")]
    Arithmetic(String),
}

impl AssembleError {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::BitcoinMissing { .. } => "bitcoin_missing",
            Self::NoScores { .. } => "no_scores",
            Self::UniverseTooOld { .. } => "universe_too_old",
            Self::TooFewFigures { .. } => "too_few_figures",
            Self::Arithmetic(_) => "arithmetic",
        }
    }
}
