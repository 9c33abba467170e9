//! What one part says: a signal between bearish and bullish, the figure on which it rests, what
//! that figure was taken from, and how fresh it is.

use shared::analysis::scores::timeframe::Timeframe;
use shared::units::{OutOfRange, Score};

/// A signal: −1 extreme bearish, 0 neutral, 1 extreme bullish. A score before it is moved to 0–100.
///
/// Formulas give signals because a mirrored market then changes only the sign.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Lean(f64);

impl Lean {
    /// The value limited to −1…1; `None` for NaN, which is how an undefined formula becomes a
    /// missing part.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (!value.is_nan()).then(|| Self(value.clamp(-1.0, 1.0)))
    }

    /// The bare number, −1…1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// 50 + 50 · lean.
    ///
    /// # Errors
    /// Never in fact: a lean is always in range.
    pub fn score(self) -> Result<Score, OutOfRange> {
        // Only here does a signal become a score; formulas never see 0–100.
        Score::new(50.0 + 50.0 * self.0)
    }
}

/// A signal and the figure on which it rests, as a person would quote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What the part says.
    pub lean: Lean,
    /// The figure: an indicator's value, a share, a ratio. Its unit belongs to the part.
    pub figure: f64,
}

impl Reading {
    /// Nothing when either is no finite number.
    #[must_use]
    pub fn new(lean: f64, figure: f64) -> Option<Self> {
        Some(Self {
            lean: Lean::new(lean)?,
            // An infinite figure cannot be quoted, even where its signal saturates.
            figure: figure.is_finite().then_some(figure)?,
        })
    }
}

/// What a figure was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A single fact: a ticker, a history.
    Facts,
    /// The mean of the books that were read.
    Books {
        /// From the first to the last, milliseconds.
        span_ms: u64,
    },
    /// What happened over a time, the last that was observed.
    Window {
        /// Its length, milliseconds.
        span_ms: u64,
    },
    /// The candles of one timeframe.
    Candles(Timeframe),
    /// The last trades whose taker's side is known.
    Trades {
        /// How many.
        count: usize,
        /// From the first to the last, milliseconds.
        span_ms: u64,
    },
}

/// A reading and the freshness of what it was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The reading. A part of several timeframes has the mean of their leans, and the figure of
    /// the one that [`Self::basis`] names.
    pub reading: Reading,
    /// What the figure was taken from.
    pub basis: Basis,
    /// 1 for fresh inputs, falling to 0 where they are no longer used: the weight of the reading
    /// beside others.
    pub freshness: f64,
    /// The share of the part's inputs that was there and fresh: less than the freshness where a
    /// timeframe is missing. Missing inputs lower the reliability, not the weight.
    pub coverage: f64,
}

impl Evidence {
    /// A reading that had all inputs of its part.
    #[must_use]
    pub const fn whole(reading: Reading, freshness: f64) -> Self {
        Self {
            reading,
            basis: Basis::Facts,
            freshness,
            coverage: freshness,
        }
    }

    /// The same with what its figure was taken from.
    #[must_use]
    pub const fn on(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }
}
