//! What one part says: a lean between bearish and bullish, the figure it rests on, what that figure
//! was taken from, and how fresh it is.

use shared::analysis::scores::timeframe::Timeframe;
use shared::units::{OutOfRange, Score};

/// −1 extreme bearish, 0 neutral, 1 extreme bullish: a score before it is moved to 0–100.
///
/// Formulas are written in leans because a mirrored market then changes nothing but the sign.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Lean(f64);

impl Lean {
    /// The nearest lean; nothing for what is no number, which is how an undefined formula becomes
    /// an absent part.
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
        Score::new(50.0 + 50.0 * self.0)
    }
}

/// A lean and the figure that it rests on, as a person would quote it.
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
            figure: figure.is_finite().then_some(figure)?,
        })
    }
}

/// What a figure was taken from, where its name alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What there is once: a ticker, a history.
    Facts,
    /// The mean of the books that were read.
    Books {
        /// From the first to the last, milliseconds.
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
    /// 1 for fresh inputs, falling to 0 where they are no longer used: what the reading weighs
    /// beside others.
    pub freshness: f64,
    /// The share of what the part is made of that was there and fresh: less than the freshness
    /// where a timeframe is missing. What is missing lowers the reliability and no weight.
    pub coverage: f64,
}

impl Evidence {
    /// A reading of all that its part is made of.
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
