//! How long each step of a refresh may take.
//!
//! Invariant: the steps together fit into a client's wait ([`Deadlines::total_ms`]); a test below
//! adds them up, for the defaults and for what an operator may choose.

/// Milliseconds that each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Reading entries of the colo's cache, in parallel.
    pub cache_ms: u64,
    /// How long a client waits for younger data while aging data is held; `FIRST_WAIT_MS`.
    pub first_wait_ms: u64,
    /// How long a client waits for younger data while fresh data is held that is due for a refresh.
    pub refresh_wait_ms: u64,
    /// The hedge delay of the origin: if it has not answered by then, Bybit is called beside it;
    /// `HEDGE_AFTER_MS`.
    pub hedge_ms: u64,
    /// The origin's headers; `ORIGIN_TIMEOUT_MS`.
    pub origin_headers_ms: u64,
    /// The origin's whole answer.
    pub origin_ms: u64,
    /// One exchange's answers together.
    pub exchange_ms: u64,
    /// The hedge delay of an exchange: after it the next one is called beside it.
    pub exchange_hedge_ms: u64,
    /// With less time than this left, no call begins.
    pub least_ms: u64,
    /// All sources together, from the beginning of the refresh. Every call ends by then.
    pub sources_ms: u64,
    /// What a call that ends at the last moment may take to report.
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

/// With nothing fresh in hand clients wait for the answer, so the hedge delay is a third of the
/// usual one.
const COLD_HEDGE_DIVISOR: u64 = 3;

impl Deadlines {
    /// The deadlines for an operator's `ORIGIN_TIMEOUT_MS` and `HEDGE_AFTER_MS`.
    #[must_use]
    pub fn with_origin(origin_timeout_ms: u64, hedge_after_ms: u64) -> Self {
        // The whole answer has twice the time of its headers, but never more than all sources.
        let origin_ms = DEADLINES.sources_ms.min(2 * origin_timeout_ms);
        Self {
            hedge_ms: hedge_after_ms,
            origin_headers_ms: origin_timeout_ms,
            origin_ms,
            ..DEADLINES
        }
    }

    /// The deadlines of the Worker that owns the route to the exchanges. They end before its
    /// callers time out, so that those learn why there is no data.
    #[must_use]
    pub const fn of_direct() -> Self {
        Self {
            exchange_ms: 900,
            exchange_hedge_ms: 400,
            sources_ms: 1_000,
            ..DEADLINES
        }
    }

    /// The deadlines of a refresh that clients wait for: a shorter hedge delay. A disabled hedge
    /// stays disabled.
    #[must_use]
    pub const fn cold(self) -> Self {
        // The origin times out before the hedge would act, so the operator has disabled it.
        if self.hedge_ms >= self.origin_headers_ms {
            return self;
        }
        Self {
            hedge_ms: self.hedge_ms / COLD_HEDGE_DIVISOR,
            ..self
        }
    }

    /// The timeout of a call that may take `own_ms`, `elapsed_ms` after its refresh began: cut by
    /// the deadline of all sources.
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
    fn the_last_upstream_of_the_chain_still_has_time_to_answer() {
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
    fn the_direct_worker_answers_before_its_callers_time_out() {
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
