//! Which bodies clients ask for, and in which coding.
//!
//! Compression is what a publication costs most, and of three dozen compressed bodies clients ask
//! for a few. Those that were asked for lately are made with each publication, so that no request
//! waits for them; any other is made by the first request for it, and in advance from then on.
//!
//! State: per endpoint and coding, for how many more publications it is made in advance. Each
//! request renews it, each publication takes one away. Clones share it.

use shared::endpoints::Endpoint;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// For how many publications after the last request a body is made in advance: five minutes of one
/// each second.
const PUBLICATIONS: u16 = 300;

/// The demand for every body.
#[derive(Clone, Debug)]
pub struct Demand {
    endpoints: Arc<BTreeMap<Endpoint, Arc<Asked>>>,
}

/// The demand for one endpoint's body.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) gzip: Countdown,
    pub(super) brotli: Countdown,
}

/// For how many more publications something is made in advance.
#[derive(Debug, Default)]
pub(super) struct Countdown(AtomicU16);

impl Countdown {
    /// It was asked for.
    pub(super) fn renew(&self) {
        // Relaxed here and below: the number alone matters, and one more or less is no harm.
        self.0.store(PUBLICATIONS, Ordering::Relaxed);
    }

    /// Whether the next publication makes it in advance.
    pub(super) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

impl Demand {
    /// Nobody asked for anything yet. What edges and phones ask for is made in advance all the same,
    /// for the first of them come together.
    #[must_use]
    pub fn none() -> Self {
        let asked = |endpoint| {
            let asked = Asked::default();
            if matches!(endpoint, Endpoint::Snapshot | Endpoint::MobileData) {
                asked.gzip.renew();
                asked.brotli.renew();
            }
            (endpoint, Arc::new(asked))
        };
        Self {
            endpoints: Arc::new(Endpoint::ALL.map(asked).into_iter().collect()),
        }
    }

    /// The demand for one endpoint's body.
    pub(super) fn of(&self, endpoint: Endpoint) -> Arc<Asked> {
        // Every endpoint has an entry; one without would never be made in advance.
        self.endpoints.get(&endpoint).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_made_in_advance_for_a_while() {
        let demand = Demand::none();
        let asked = demand.of(Endpoint::Symbols);
        assert!(!asked.brotli.take(), "nobody asked yet");
        asked.brotli.renew();
        // Shared by every publication, and of this body in this coding alone.
        let other = demand.clone().of(Endpoint::Symbols);
        for _ in 0..PUBLICATIONS {
            assert!(other.brotli.take());
        }
        assert!(!other.brotli.take(), "nobody asks any more");
        assert!(!other.gzip.take());
        assert!(!demand.of(Endpoint::Beta).brotli.take());
        assert!(
            demand.of(Endpoint::MobileData).brotli.take(),
            "somebody will ask"
        );
    }
}
