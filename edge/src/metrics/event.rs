//! What is counted beside answers.

/// Something that happened beside an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// An entry of the colo's cache was damaged or not admissible, and was deleted.
    CacheRefused,
    /// An entry could not be written.
    CacheWriteFailed,
    /// What was kept for all colos was damaged or not admissible.
    LastGoodRefused,
    /// What was kept for all colos could not be renewed.
    LastGoodNotWritten,
    /// The way to Bybit was taken without need, and led to data.
    DirectExercised,
    /// It led to none.
    DirectExerciseFailed,
    /// It led to data that differs from the origin's.
    DataDiverged,
    /// The rate limiter did not answer, and the request went on.
    RateLimiterFailed,
    /// A data point could not be written.
    DataPointFailed,
    /// An answer was neither logged nor told as a data point, for many like it were just before.
    AnswerLeftOut,
    /// An exchange listed contracts of a kind that no rule knows; they are left out.
    UnknownKindListed,
}

impl Event {
    /// Every event: a counter that stands at zero is on the page too.
    pub const ALL: [Self; 11] = [
        Self::CacheRefused,
        Self::CacheWriteFailed,
        Self::LastGoodRefused,
        Self::LastGoodNotWritten,
        Self::DirectExercised,
        Self::DirectExerciseFailed,
        Self::DataDiverged,
        Self::RateLimiterFailed,
        Self::DataPointFailed,
        Self::AnswerLeftOut,
        Self::UnknownKindListed,
    ];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CacheRefused => "cache_refused",
            Self::CacheWriteFailed => "cache_write_failed",
            Self::LastGoodRefused => "last_good_refused",
            Self::LastGoodNotWritten => "last_good_not_written",
            Self::DirectExercised => "direct_exercised",
            Self::DirectExerciseFailed => "direct_exercise_failed",
            Self::DataDiverged => "data_diverged",
            Self::RateLimiterFailed => "rate_limiter_failed",
            Self::DataPointFailed => "data_point_failed",
            Self::AnswerLeftOut => "answer_left_out",
            Self::UnknownKindListed => "unknown_kind_listed",
        }
    }
}
