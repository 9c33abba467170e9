//! What became of a frame.

use crate::exchange::ParseError;

/// What a frame did to the state of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was applied.
    Applied,
    /// It says what is known already, or is older than that; it was dropped.
    Repeated,
    /// A delta without a snapshot to apply it to; it was dropped.
    BeforeSnapshot,
}

impl Applied {
    crate::labels! {
        /// A label for metrics.
        pub const fn label(self) {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::BeforeSnapshot => "before_snapshot",
        }
    }
}

/// Why a frame is not used. The state of its topic stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is no frame of this venue, or one of its fields is unusable.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is about something that cannot be subscribed to.
    #[error("unknown topic {0}")]
    UnknownTopic(crate::exchange::Detail),
}

impl FrameError {
    /// A label for metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.label(),
            Self::UnknownTopic(_) => "unknown_topic",
        }
    }
}
