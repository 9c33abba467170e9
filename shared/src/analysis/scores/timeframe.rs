//! The lengths of candle that are read, and the weight of each.
//!
//! The weights fit the horizon of a score, `ScoreBasis::horizon_hours`: fourteen to fifty candles
//! of five minutes span one to four hours, of thirty minutes seven to twenty-five. One-minute
//! candles are mostly noise at that horizon.

use crate::market::candles::Interval;

/// A length of candle that the scores rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timeframe {
    /// One minute.
    Base,
    /// Five minutes.
    Short,
    /// Thirty minutes.
    Medium,
    /// Four hours.
    Long,
}

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Self; 4] = [Self::Base, Self::Short, Self::Medium, Self::Long];

    /// The length of one candle.
    #[must_use]
    pub const fn interval(self) -> Interval {
        match self {
            Self::Base => Interval::OneMinute,
            Self::Short => Interval::FiveMinutes,
            Self::Medium => Interval::ThirtyMinutes,
            Self::Long => Interval::FourHours,
        }
    }

    /// The name of its candles.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Base => "1-minute",
            Self::Short => "5-minute",
            Self::Medium => "30-minute",
            Self::Long => "4-hour",
        }
    }

    // Whole percents, so that the sum can be checked exactly when this is compiled.
    const fn percent(self) -> u32 {
        match self {
            Self::Base => 5,
            Self::Short => 20,
            Self::Medium => 40,
            Self::Long => 35,
        }
    }

    /// The weight of the timeframe in a part that reads candles. The four sum to 1 and are
    /// renormalised over the available ones.
    #[must_use]
    pub const fn weight(self) -> f64 {
        self.percent() as f64 / 100.0
    }

    /// The fewest closed candles that are scored.
    #[must_use]
    pub const fn fewest_candles(self) -> usize {
        match self {
            // One-minute candles are noisy, so more of them are needed.
            Self::Base => 100,
            Self::Short | Self::Medium | Self::Long => 50,
        }
    }

    /// How many candles to ask a venue for.
    #[must_use]
    pub const fn wanted_candles(self) -> usize {
        match self {
            Self::Base => 1_000,
            Self::Short | Self::Medium | Self::Long => 200,
        }
    }
}

// `for` and iterators are not available in a constant.
const _: () = {
    let mut sum = 0;
    let mut rest: &[Timeframe] = &Timeframe::ALL;
    while let [first, tail @ ..] = rest {
        sum += first.percent();
        rest = tail;
    }
    assert!(sum == 100, "the weights of the timeframes must sum to 1");
};
