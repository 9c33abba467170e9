//! The ways in which an exchange turns us away, and how long it is then left alone.

/// The pause after a refusal that names the region or the address, milliseconds: Bybit asks for ten
/// minutes, and a region stays blocked.
const LONG_PAUSE_MS: u64 = 600_000;

/// The pause after a refusal that names neither, milliseconds.
const SHORT_PAUSE_MS: u64 = 60_000;

/// An exchange's word that it does not serve us, as against a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The country is blocked.
    Region,
    /// The address calls too often, as the network in front of the exchange says.
    RateLimit,
    /// Forbidden, without a reason.
    Unexplained,
    /// Too many requests, as the exchange itself says.
    TooManyRequests {
        /// Its `Retry-After`, seconds.
        retry_after_secs: Option<u64>,
    },
}

impl Refusal {
    shared::labels! {
        /// The outcome of a call that is denied because of it.
        pub const fn label(self) {
            Self::Region => "paused_region",
            Self::RateLimit => "paused_rate_limit",
            Self::Unexplained => "paused_forbidden",
            Self::TooManyRequests { .. } => "paused_too_many_requests",
        }
    }

    /// The outcome of the call that was refused; `None` where its status says more.
    #[must_use]
    pub const fn answer_label(self) -> Option<&'static str> {
        match self {
            Self::Region => Some("forbidden_region"),
            Self::RateLimit => Some("forbidden_rate_limit"),
            Self::Unexplained => Some("forbidden"),
            Self::TooManyRequests { .. } => None,
        }
    }

    /// How long the exchange is left alone, milliseconds.
    #[must_use]
    pub fn pause_ms(self) -> u64 {
        match self {
            Self::Region | Self::RateLimit => LONG_PAUSE_MS,
            Self::Unexplained => SHORT_PAUSE_MS,
            Self::TooManyRequests { retry_after_secs } => {
                // No less than a minute, or a venue that names a second would be called at once by
                // every isolate; no more than ten, or a mistake there would silence us for good.
                let wanted_ms = retry_after_secs.unwrap_or(0).saturating_mul(1_000);
                wanted_ms.clamp(SHORT_PAUSE_MS, LONG_PAUSE_MS)
            }
        }
    }
}
