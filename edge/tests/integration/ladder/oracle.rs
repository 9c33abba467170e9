//! What a client should get, from tables: written from the rules alone, and knowing nothing of steps, timers or breakers.

use super::{Bybit, Cache, Kept, Origin, Others, Scenario};

/// Who may have brought what is served.
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

/// What may be shown without waiting for anybody.
fn is_shown_at_once(age_ms: Option<u64>) -> bool {
    matches!(class(age_ms), Some("fresh" | "aging"))
}

fn younger(first: Option<u64>, second: Option<u64>) -> Option<u64> {
    first.into_iter().chain(second).min()
}

/// What is held once memory and cache have been looked at.
fn at_hand(of: &Scenario) -> Option<u64> {
    let cached = if let Cache::Holds(age_ms) = of.cache { Some(age_ms) } else { None };
    if is_shown_at_once(of.held) { of.held } else { younger(of.held, cached) }
}

/// Who answers the refresh, if anybody does.
pub(crate) fn winner(of: &Scenario) -> Option<Winner> {
    let at_hand = at_hand(of);
    let is_looked_up = !is_shown_at_once(of.held);
    let is_told_of_failure = is_looked_up && of.cache == Cache::TellsOfFailure;
    if at_hand.is_some_and(|age_ms| age_ms <= 3_000) || is_told_of_failure {
        return None;
    }
    // Another market does not take the place of fresh data.
    let others = if class(at_hand) == Some("fresh") { Others::None } else { of.others };
    let is_slow = matches!(of.origin, Origin::NoHeaders | Origin::NoEnd);
    match (of.origin, of.bybit, others) {
        (Origin::Fresh | Origin::Late, ..) => Some(Winner::Origin),
        (_, Bybit::Fresh, _) => Some(Winner::Bybit),
        // It would come, but others come sooner.
        (_, Bybit::Late, Others::Okx) => Some(Winner::Okx),
        (_, Bybit::Late, Others::Binance) => Some(Winner::Binance),
        (_, Bybit::Late, _) => Some(Winner::Bybit),
        (_, _, Others::Okx) => Some(Winner::Okx),
        (_, _, Others::Binance) => Some(Winner::Binance),
        // Three silent ones in a row leave no time for a fourth, nor do two of which the first takes its whole time.
        (_, Bybit::Silent, Others::BinanceAfterSilence) if is_slow => None,
        (Origin::NoEnd, _, Others::BinanceAfterSilence) => None,
        (_, _, Others::BinanceAfterSilence) => Some(Winner::Binance),
        (_, _, Others::None | Others::Fail | Others::Silent) => None,
    }
}

/// Who brings what the first request is answered with, if anybody is asked for it, and its class.
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
    let old = if let Origin::Old(age_ms) = of.origin { Some(age_ms).filter(|_| was_asked) } else { None };
    let held = younger(at_hand, old);
    match of.kept {
        Kept::Holds(age_ms) if !is_shown_at_once(held) => younger(held, Some(age_ms)),
        _ => held,
    }
}
