//! How a price came to where it is; Bybit's `tickDirection` and `L`.

use std::cmp::Ordering;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    #[default]
    UpBefore,
    Down,
    DownBefore,
}

impl Direction {
    /// The direction after a step from one price to the next.
    pub(super) fn moved(self, from: i64, to: i64) -> Self {
        match (from.cmp(&to), self) {
            (Ordering::Less, _) => Self::Up,
            (Ordering::Greater, _) => Self::Down,
            (Ordering::Equal, Self::Up | Self::UpBefore) => Self::UpBefore,
            (Ordering::Equal, Self::Down | Self::DownBefore) => Self::DownBefore,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Up => "PlusTick",
            Self::UpBefore => "ZeroPlusTick",
            Self::Down => "MinusTick",
            Self::DownBefore => "ZeroMinusTick",
        }
    }
}
