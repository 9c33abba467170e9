//! What follows a refresh once nobody waits for it any more.

use super::ask::{AfterUse, note_health};
use super::background::Background;
use super::flight;
use crate::config::Config;
use crate::policy::Upstream;
use crate::upstream::fetch::Deadline;
use crate::upstream::{bybit, judged};
use crate::{cache, clock, memory};
use shared::market::Universe;
use shared::provenance::Venue;
use shared::validate::ValidSnapshot;
use std::fmt::Display;
use std::rc::Rc;

/// How long fetching the list of contracts may take when nobody waits for it.
const UNIVERSE_MS: u64 = 5_000;

/// Stores what was found for the other isolates of this colo.
pub(super) async fn for_others(
    config: &Config,
    snapshot: Option<&ValidSnapshot>,
    universe: AfterUse,
    background: &Background,
) {
    if let Some(snapshot) = snapshot {
        cache::keep_snapshot(snapshot, &config.limits).await;
    }
    match universe {
        AfterUse::Nothing => {}
        AfterUse::Store(universe) => cache::keep_universe(&universe).await,
        AfterUse::Renew(used) => renew_universe(config, &used, background).await,
    }
}

/// Fetches a list of contracts for the next refreshes. Whatever is wrong with it, the one in use
/// stays.
async fn renew_universe(config: &Config, used: &Universe, background: &Background) {
    flight::note_universe_tried(clock::now());
    let universe =
        match bybit::get_universe(&config.bybit_base_url, &Deadline::after(UNIVERSE_MS)).await {
            Ok(universe) => universe,
            Err(error) => {
                note_health(
                    Upstream::Bybit,
                    error.health(Venue::Bybit),
                    Some(background),
                );
                return tell_not_renewed(&error);
            }
        };
    match judged::examine_list(used, &universe) {
        Ok(()) => {
            cache::keep_universe(&universe).await;
            memory::keep_universe(Rc::new(universe));
        }
        Err(shorter) => tell_not_renewed(&shorter),
    }
}

fn tell_not_renewed(reason: &dyn Display) {
    let line = serde_json::json!({"event": "universe_not_renewed", "reason": reason.to_string()});
    worker::console_warn!("{line}");
}
