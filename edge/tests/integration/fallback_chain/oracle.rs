//! What a client should get, from tables: written from the rules alone, without steps, timers or
//! breakers.

use super::{Bybit, Cache, Kept, Origin, Others, Scenario};

/// The upstream whose data is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Winner {
    Origin,
    Bybit,
    Okx,
    Binance,
}

/// The class of an answer; nothing is a 503.
pub(crate) type Class = Option<&'static str>;

/// The class of data of this age.
pub(crate) fn class(age_ms: Option<u64>) -> Class {
    match age_ms? {
        0..=15_000 => Some("fresh"),
        15_001..=60_000 => Some("aging"),
        60_001..=300_000 => Some("stale"),
        _ => None,
    }
}

/// What may be shown without a wait.
fn is_shown_at_once(age_ms: Option<u64>) -> bool {
    matches!(class(age_ms), Some("fresh" | "aging"))
}

fn younger(first: Option<u64>, second: Option<u64>) -> Option<u64> {
    first.into_iter().chain(second).min()
}

/// What is held once memory and cache have been looked at.
fn at_hand(of: &Scenario) -> Option<u64> {
    let cached = if let Cache::Holds(age_ms) = of.cache {
        Some(age_ms)
    } else {
        None
    };
    if is_shown_at_once(of.held) {
        of.held
    } else {
        younger(of.held, cached)
    }
}

/// What is held by the time that others than the origin are thought of: the cache was looked into,
/// for nothing fresh was held or the origin was given up, and what the origin had was old.
fn beside_the_origin(of: &Scenario) -> Option<u64> {
    let cached = if let Cache::Holds(age_ms) = of.cache {
        Some(age_ms)
    } else {
        None
    };
    let old = if let Origin::Old(age_ms) = of.origin {
        Some(age_ms)
    } else {
        None
    };
    younger(younger(of.held, cached), old)
}

/// The upstream that ends the refresh, if one does.
pub(crate) fn winner(of: &Scenario) -> Option<Winner> {
    let is_looked_up_first = class(of.held) != Some("fresh");
    let is_cached_young = matches!(of.cache, Cache::Holds(0..=2_500));
    if is_cached_young && (is_looked_up_first || of.origin != Origin::Fresh) {
        return None;
    }
    if is_looked_up_first && of.cache == Cache::TellsOfFailure {
        return None;
    }
    let held = class(beside_the_origin(of));
    let is_spent = matches!(of.bybit, Bybit::SpentByIsolate | Bybit::SpentByColo);
    let others = match (held, of.others) {
        // Another market does not take the place of data that is fresh until Bybit's next turn, nor
        // of Bybit while it only waits for that.
        (Some("fresh"), _) if beside_the_origin(of) <= Some(5_000) => Others::None,
        (Some(_), _) if is_spent => Others::None,
        // The spot market takes no perpetual market's place.
        (Some(_), Others::Binance) => Others::Fail,
        (Some(_), Others::BinanceAfterSilence) => Others::Silent,
        (_, others) => others,
    };
    // With nothing fresh in hand Bybit is called that much sooner.
    let is_asked_late = of.origin == Origin::NoHeaders && !is_looked_up_first;
    match (of.origin, of.bybit, others) {
        // Clients wait, so Bybit is called before the origin has had all its time.
        (Origin::Late, Bybit::Fresh, _) if is_looked_up_first => Some(Winner::Bybit),
        (Origin::Late, Bybit::SpentByColo, _) if held.is_none() => Some(Winner::Bybit),
        (Origin::Fresh | Origin::Late, ..) => Some(Winner::Origin),
        // With nothing to show a colo's budget is no reason to wait.
        (_, Bybit::SpentByColo, _) if held.is_none() => Some(Winner::Bybit),
        (_, Bybit::Fresh, _) => Some(Winner::Bybit),
        // It would come, but others come sooner.
        (_, Bybit::Late, Others::Okx) => Some(Winner::Okx),
        (_, Bybit::Late, Others::Binance) => Some(Winner::Binance),
        (_, Bybit::Late, _) => Some(Winner::Bybit),
        (_, _, Others::Okx) => Some(Winner::Okx),
        (_, _, Others::Binance) => Some(Winner::Binance),
        // Three silent ones in a row leave no time for a fourth, nor do two of which the first
        // takes its whole time.
        (_, Bybit::Silent, Others::BinanceAfterSilence) if is_asked_late => None,
        (Origin::NoEnd, _, Others::BinanceAfterSilence) => None,
        (_, _, Others::BinanceAfterSilence) => Some(Winner::Binance),
        (_, _, Others::None | Others::Fail | Others::Silent) => None,
    }
}

/// The upstream whose data answers the first request, if one is called for it, and the class.
pub(crate) fn first(of: &Scenario) -> (Option<Winner>, Class) {
    let at_hand = at_hand(of);
    if is_shown_at_once(at_hand) {
        return (None, class(at_hand));
    }
    let winner = winner(of);
    if winner.is_some() {
        return (winner, Some("fresh"));
    }
    (None, class(after_failure(of, at_hand)))
}

/// What is held after everything failed.
fn after_failure(of: &Scenario, at_hand: Option<u64>) -> Option<u64> {
    let was_asked = of.cache != Cache::TellsOfFailure;
    let old = if let Origin::Old(age_ms) = of.origin {
        Some(age_ms).filter(|_| was_asked)
    } else {
        None
    };
    let held = younger(at_hand, old);
    match of.kept {
        Kept::Holds(age_ms) if !is_shown_at_once(held) => younger(held, Some(age_ms)),
        _ => held,
    }
}
