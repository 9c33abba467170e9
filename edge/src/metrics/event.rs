//! Events that are counted beside answers.

/// Something that happened beside an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// An entry of the colo's cache was damaged or not admissible, and was deleted.
    CacheRefused,
    /// An entry could not be written.
    CacheWriteFailed,
    /// The last good snapshot of all colos was damaged or not admissible.
    LastGoodRefused,
    /// The last good snapshot of all colos could not be replaced.
    LastGoodNotWritten,
    /// An exercise of the direct path brought data.
    DirectExercised,
    /// An exercise brought no data.
    DirectExerciseFailed,
    /// An exercise brought data that differs from the origin's.
    DataDiverged,
    /// The rate limiter did not answer, and the request went on.
    RateLimiterFailed,
    /// A data point could not be written.
    DataPointFailed,
    /// An answer got neither a log line nor a data point, because its state is throttled.
    AnswerLeftOut,
    /// An exchange listed contracts of a kind that no rule knows; they are ignored.
    UnknownKindListed,
}

impl Event {
    /// Every event. A counter at zero is on the page too, so that its first increase is seen.
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
