//! How long each step of a refresh may take. The steps fit into a client's wait, which a test below
//! adds up.

/// Milliseconds that each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Reading entries of the colo's cache, side by side.
    pub cache_ms: u64,
    /// A client's wait for younger data than aging data, unless `FIRST_WAIT_MS` says otherwise.
    pub first_wait_ms: u64,
    /// A client's wait for younger data than fresh data that wants a refresh.
    pub refresh_wait_ms: u64,
    /// The silence of the origin after which the exchange is asked beside it, unless
    /// `HEDGE_AFTER_MS` says otherwise.
    pub hedge_ms: u64,
    /// The origin's headers, unless `ORIGIN_TIMEOUT_MS` says otherwise.
    pub origin_headers_ms: u64,
    /// The origin's whole answer.
    pub origin_ms: u64,
    /// One exchange's answers together.
    pub exchange_ms: u64,
    /// The silence of an exchange after which the next one is asked beside it.
    pub exchange_hedge_ms: u64,
    /// Less time than this is left: nobody new is asked.
    pub least_ms: u64,
    /// All sources together, from the beginning of the refresh. Every call ends by then.
    pub sources_ms: u64,
    /// What a call that ends at the last moment may take to be told.
    pub grace_ms: u64,
    /// Reading the last good snapshot of all colos.
    pub last_good_ms: u64,
    /// A client's wait, whatever hangs.
    pub total_ms: u64,
}

/// The deadlines in use.
pub const DEADLINES: Deadlines = Deadlines {
    cache_ms: 50,
    first_wait_ms: 600,
    refresh_wait_ms: 100,
    hedge_ms: 300,
    origin_headers_ms: 400,
    origin_ms: 800,
    exchange_ms: 1_200,
    exchange_hedge_ms: 500,
    least_ms: 250,
    sources_ms: 1_500,
    grace_ms: 50,
    last_good_ms: 200,
    total_ms: 1_800,
};

/// With nothing fresh in hand clients wait for the answer, so the exchange is asked after a third
/// of the usual silence.
const COLD_HEDGE_DIVISOR: u64 = 3;

impl Deadlines {
    /// The deadlines of an operator who gives the origin so long for its headers, and has the
    /// exchange asked beside it after such a silence.
    #[must_use]
    pub fn with_origin(origin_timeout_ms: u64, hedge_after_ms: u64) -> Self {
        let origin_ms = DEADLINES.sources_ms.min(2 * origin_timeout_ms);
        Self {
            hedge_ms: hedge_after_ms,
            origin_headers_ms: origin_timeout_ms,
            origin_ms,
            ..DEADLINES
        }
    }

    /// The deadlines of the Worker that owns the way to the exchanges: over soon enough for whoever
    /// asked it to hear why there is nothing.
    #[must_use]
    pub const fn of_direct() -> Self {
        Self {
            exchange_ms: 900,
            exchange_hedge_ms: 400,
            sources_ms: 1_000,
            ..DEADLINES
        }
    }

    /// The deadlines of a refresh that clients wait for. Whoever wants no hedge gets none here
    /// either.
    #[must_use]
    pub const fn cold(self) -> Self {
        if self.hedge_ms >= self.origin_headers_ms {
            return self;
        }
        Self {
            hedge_ms: self.hedge_ms / COLD_HEDGE_DIVISOR,
            ..self
        }
    }

    /// What a call that may take `own_ms` has, so long after the beginning of its refresh.
    #[must_use]
    pub const fn left_ms(&self, own_ms: u64, elapsed_ms: u64) -> u64 {
        let left_ms = self.sources_ms.saturating_sub(elapsed_ms);
        if own_ms < left_ms { own_ms } else { left_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_fit_into_a_client_s_wait() {
        let Deadlines {
            sources_ms,
            grace_ms,
            last_good_ms,
            total_ms,
            ..
        } = DEADLINES;
        assert!(sources_ms + grace_ms + last_good_ms <= total_ms);
    }

    #[test]
    fn whoever_is_asked_last_still_has_time_to_answer() {
        // The latest hedge leaves the least time.
        let d = Deadlines {
            hedge_ms: DEADLINES.origin_headers_ms,
            ..DEADLINES
        };
        // A cold isolate, a silent origin, and every exchange silent until its successor's turn.
        // Looking up the colo's ledger and list of contracts costs another read before the first
        // exchange.
        let bybit = d.cache_ms + d.hedge_ms;
        assert!(d.left_ms(d.exchange_ms, bybit + d.cache_ms) >= 1_000);
        let okx = (d.cache_ms + d.origin_ms).max(bybit + d.exchange_hedge_ms);
        assert!(d.left_ms(d.exchange_ms, okx) >= 2 * d.least_ms);
        // Bybit refuses at once: then all three have their turn even when two of them hang.
        let binance = d.cache_ms + d.origin_headers_ms + d.exchange_hedge_ms;
        assert!(d.left_ms(d.exchange_ms, binance) >= 2 * d.least_ms);
    }

    #[test]
    fn no_step_contradicts_another() {
        let d = DEADLINES;
        assert!(d.hedge_ms < d.origin_headers_ms && d.origin_headers_ms < d.origin_ms);
        assert!(
            d.origin_ms < d.sources_ms
                && d.exchange_ms < d.sources_ms
                && d.exchange_hedge_ms < d.exchange_ms
        );
    }

    #[test]
    fn an_operator_s_times_leave_bybit_enough_of_its_own() {
        assert_eq!(Deadlines::with_origin(400, 300), DEADLINES);
        assert_eq!(Deadlines::with_origin(400, 300).cold().hedge_ms, 100);
        assert_eq!(
            Deadlines::with_origin(400, 400).cold().hedge_ms,
            400,
            "no hedge was wanted"
        );
        let d = Deadlines::with_origin(1_000, 1_000);
        assert_eq!((d.origin_headers_ms, d.origin_ms), (1_000, d.sources_ms));
        assert!(d.left_ms(d.exchange_ms, 2 * d.cache_ms + d.origin_headers_ms) >= d.least_ms);
    }

    #[test]
    fn the_way_to_the_exchanges_ends_before_those_who_asked_for_it_give_up() {
        let (there, here) = (Deadlines::of_direct(), DEADLINES);
        assert!(there.cache_ms + there.sources_ms + there.grace_ms < here.exchange_ms);
        assert!(
            there.left_ms(there.exchange_ms, there.cache_ms + there.exchange_hedge_ms)
                >= 2 * there.least_ms
        );
    }

    #[test]
    fn a_call_ends_with_its_refresh() {
        assert_eq!(DEADLINES.left_ms(1_200, 0), 1_200);
        assert_eq!(DEADLINES.left_ms(1_200, 500), 1_000);
        assert_eq!(DEADLINES.left_ms(1_200, 1_500), 0);
        assert_eq!(DEADLINES.left_ms(1_200, u64::MAX), 0);
    }
}
