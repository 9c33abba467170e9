//! Lists of contracts around a call: which one is used, and its revalidation afterwards.

use super::background::Background;
use super::health;
use crate::config::Config;
use crate::policy::{UniverseUse, Upstream, universe_use};
use crate::upstream::Deadline;
use crate::upstream::{bybit, outlier_filter};
use crate::{cache, clock, memory};
use shared::market::Universe;
use shared::provenance::Venue;
use shared::units::UnixMs;
use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

/// How long fetching the list may take when nobody waits for it, milliseconds.
const RENEW_MS: u64 = 5_000;

thread_local! {
    /// When Bybit's list was last revalidated.
    static RENEWED_AT: Cell<Option<UnixMs>> = const { Cell::new(None) };
}

/// The youngest usable list of Bybit's contracts, and whether it should be renewed afterwards.
pub(super) async fn of_bybit(now: UnixMs) -> (Option<Rc<Universe>>, bool) {
    let (universe, to_do) = at_hand(Venue::Bybit, RENEWED_AT.get(), now).await;
    (universe, to_do == UniverseUse::UseAndRevalidate)
}

/// The youngest usable list of a venue's contracts, from this isolate or the colo, and what to do
/// about it. The colo is looked at only when this isolate has none.
pub(super) async fn at_hand(
    venue: Venue,
    renewed_at: Option<UnixMs>,
    now: UnixMs,
) -> (Option<Rc<Universe>>, UniverseUse) {
    let to_do = |universe: &Option<Rc<Universe>>| {
        universe_use(universe.as_ref().map(|list| list.as_of_ms), renewed_at, now)
    };
    let mut universe = memory::universe(venue);
    // A read of the cache costs up to its deadline, so it is spared while this isolate has a list.
    if to_do(&universe) == UniverseUse::Fetch {
        universe = cache::universe(venue).await.map(Rc::new);
    }
    let to_do = to_do(&universe);
    (universe.filter(|_| to_do != UniverseUse::Fetch), to_do)
}

/// Fetches Bybit's list for the next refreshes. Whatever is wrong with it, the one in use stays.
pub(super) async fn renew(config: &Config, used: &Universe, background: &Background) {
    // Before the call: one that fails is not repeated by every refresh.
    RENEWED_AT.set(Some(clock::now()));
    let deadline = Deadline::after(RENEW_MS);
    let universe = match bybit::get_universe(&config.bybit_base_url, &deadline).await {
        Ok(universe) => universe,
        Err(error) => {
            health::note(
                Upstream::Bybit,
                error.health(Venue::Bybit),
                Some(background),
            );
            return log_not_renewed(&error);
        }
    };
    // A list that lost contracts would silently shrink the market for a day.
    match outlier_filter::examine_list(used, &universe) {
        Ok(()) => {
            cache::keep_universe(&universe).await;
            memory::keep_universe(Rc::new(universe));
        }
        Err(shorter) => log_not_renewed(&shorter),
    }
}

fn log_not_renewed(reason: &dyn Display) {
    let line = serde_json::json!({"event": "universe_not_renewed", "reason": reason.to_string()});
    worker::console_warn!("{line}");
}
