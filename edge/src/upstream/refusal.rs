//! How each exchange turns us away, by status, by page or by a code in its envelope. A refusal is
//! not a failure: it is answered with a pause, not with the circuit breaker.
//!
//! Sources: <https://bybit-exchange.github.io/docs/v5/rate-limit>,
//! <https://www.okx.com/docs-v5/en/#error-code>,
//! <https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits>.

use crate::policy::Refusal;
use shared::exchange::bybit::{self, Forbidden};
use shared::exchange::{binance, okx};
use shared::provenance::Venue;

/// The status whose body alone tells why we are turned away.
pub(super) const FORBIDDEN: u16 = 403;

/// The refusal that a code in the exchange's own envelope stands for, if it stands for one.
pub(super) fn of_code(venue: Venue, code: i64) -> Option<Refusal> {
    let (too_many, regions): (&[i64], &[i64]) = match venue {
        Venue::Bybit => (&bybit::RATE_LIMITED, &bybit::REGION_REFUSED),
        Venue::Okx => (&okx::RATE_LIMITED, &okx::REGION_REFUSED),
        Venue::Binance => (&[binance::RATE_LIMITED], &[]),
        Venue::CoinGecko | Venue::AlternativeMe => (&[], &[]),
    };
    if too_many.contains(&code) {
        Some(Refusal::TooManyRequests {
            retry_after_secs: None,
        })
    } else {
        regions.contains(&code).then_some(Refusal::Region)
    }
}

/// The refusal that a status stands for, if it stands for one. Only a [`FORBIDDEN`] needs the
/// beginning of its body: Bybit and Binance block regions with a page, and a ban lasts longer than
/// a limit.
pub(super) fn of_status(
    venue: Venue,
    status: u16,
    body: &[u8],
    retry_after_secs: Option<u64>,
) -> Option<Refusal> {
    match status {
        // Binance answers 418 to an address that went on after its 429s.
        429 | binance::BANNED => Some(Refusal::TooManyRequests { retry_after_secs }),
        binance::REGION_REFUSED => Some(Refusal::Region),
        FORBIDDEN if venue == Venue::Binance && binance::is_region_refused(body) => {
            Some(Refusal::Region)
        }
        FORBIDDEN if venue == Venue::Bybit => Some(match Forbidden::from_body(body) {
            Forbidden::Region => Refusal::Region,
            Forbidden::RateLimit => Refusal::RateLimit,
            Forbidden::Unexplained => Refusal::Unexplained,
        }),
        FORBIDDEN => Some(Refusal::Unexplained),
        _ => None,
    }
}
