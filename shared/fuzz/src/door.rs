//! What must hold of bytes that come back: a snapshot from the store or another process, what the
//! alerts remembered.

use super::json::{leaves, repeated_key};
use super::seeds::now;
use analysis::alerts::{AlertState, Observation};
use serde_json::Value;
use shared::endpoints::{Endpoint, Question, SymbolEndpoint};
use shared::freshness::{Freshness, Limits};
use shared::market::is_plausible_symbol;
use shared::projection;
use shared::snapshot::Snapshot;
use shared::snapshot::alerts::{Alert, MAX_ALERTS};
use shared::snapshot::performance::ChartTimeframe;
use shared::units::Price;
use shared::validate::{Baseline, ValidSnapshot};
use std::collections::{BTreeMap, HashSet};

/// Names under which clients read a price.
const PRICES: [&str; 2] = ["price", "btc_price"];

/// Those that may be unknown.
const RANGE: [&str; 2] = ["high_24h", "low_24h"];

/// A snapshot that is let through keeps its promises, passes the door again as the same bytes, and
/// so do its bodies.
pub fn snapshot(body: &[u8]) -> bool {
    let Ok(valid) = ValidSnapshot::from_json(body, now(), Baseline::default()) else {
        return false;
    };
    check_snapshot(valid.get());
    assert!(
        (0.0..=1.0).contains(&valid.quality().get()),
        "quality {:?}",
        valid.quality()
    );
    check_door_again(&valid);
    check_bodies(&valid);
    true
}

/// What passed the door passes it again, and neither reading nor writing changes a byte.
#[track_caller]
fn check_door_again(valid: &ValidSnapshot) {
    let written = valid.to_json().expect("a snapshot can be written");
    let again = ValidSnapshot::from_json(&written, now(), Baseline::default());
    let again = again
        .unwrap_or_else(|error| panic!("what passed the door does not pass it again: {error}"));
    assert!(again == *valid, "a snapshot reads back as another");
    assert!(
        again.to_json().expect("it can be written") == written,
        "reading and writing changed a byte"
    );
}

/// What holds of everything that was let through, checked without the door's own rules.
#[track_caller]
pub fn check_snapshot(snapshot: &Snapshot) {
    let mut symbols: Vec<&str> = snapshot.scores.iter().map(|row| &*row.symbol).collect();
    assert!(symbols.len() >= 30, "there are too few scores");
    assert!(
        snapshot.overview.eth_price.is_some() || symbols.contains(&"ETHUSDT"),
        "a market without Ether"
    );
    assert!(
        snapshot.scores.is_sorted_by(|a, b| a.score >= b.score),
        "scores are out of order"
    );
    symbols.sort_unstable();
    assert!(
        symbols.windows(2).all(|pair| pair[0] != pair[1]),
        "a symbol stands twice"
    );
    let movers = &snapshot.movers;
    assert!(
        movers.gainers.iter().all(|row| row.change_24h.get() >= 0.0),
        "a gainer fell"
    );
    assert!(
        movers.losers.iter().all(|row| row.change_24h.get() <= 0.0),
        "a loser rose"
    );
    let mut prices: Vec<Price> = vec![snapshot.overview.btc_price];
    for row in movers
        .gainers
        .iter()
        .chain(&movers.losers)
        .chain(&snapshot.volume_leaders)
    {
        assert!(
            snapshot.universe.contains(&row.symbol) && is_plausible_symbol(&row.symbol),
            "{row:?}"
        );
        prices.push(row.price);
    }
    for row in &snapshot.scores {
        assert!(
            snapshot.universe.contains(&row.symbol) && is_plausible_symbol(&row.symbol),
            "{row:?}"
        );
        assert!((0.0..=100.0).contains(&row.score.get()), "{row:?}");
        prices.extend(
            [Some(row.price), row.high_24h, row.low_24h]
                .into_iter()
                .flatten(),
        );
    }
    assert!(
        prices
            .iter()
            .all(|price| price.get().is_finite() && price.get() > 0.0),
        "a price is none"
    );
}

/// Every body is JSON that a client reads without surprise.
#[track_caller]
fn check_bodies(valid: &ValidSnapshot) {
    let class = Freshness::Fresh;
    for endpoint in Endpoint::ALL {
        check_body(
            &projection::body(valid, endpoint, class, &Limits::DEFAULT)
                .expect("a body can be made"),
        );
    }
    if let Some(row) = valid.get().scores.first() {
        for endpoint in SymbolEndpoint::ALL {
            let body = answered(
                valid,
                &Question::OfSymbol {
                    endpoint,
                    symbol: row.symbol.as_str().into(),
                },
            );
            assert_eq!(
                body.is_some(),
                row.confluence.is_some(),
                "a body about what was not analysed, or none"
            );
            body.iter().for_each(|body| check_body(body));
        }
    }
    let charts = ChartTimeframe::ALL.map(Question::BetaChart);
    for question in charts
        .into_iter()
        .chain([Question::RecentAlerts { limit: 20 }])
    {
        answered(valid, &question)
            .iter()
            .for_each(|body| check_body(body));
    }
}

fn answered(valid: &ValidSnapshot, question: &Question<'_>) -> Option<Vec<u8>> {
    projection::answer(valid, question, Freshness::Fresh, &Limits::DEFAULT)
        .expect("a body can be made")
        .ok()
}

#[track_caller]
fn check_body(body: &[u8]) {
    assert_eq!(repeated_key(body), None, "a key stands twice");
    let tree: Value = serde_json::from_slice(body).expect("a body is JSON");
    leaves(&tree, &mut |path, key, leaf| {
        let is_unknown = RANGE.contains(&key) && leaf.is_null();
        let is_price = PRICES.contains(&key) || RANGE.contains(&key);
        assert!(
            !is_price || is_unknown || leaf.as_f64().is_some_and(|price| price > 0.0),
            "{path} is {leaf}"
        );
        if let Some(text) = leaf.as_str() {
            assert!(!text.contains(['<', '>']), "{path} holds markup: {text}");
        }
    });
}

/// A state that is taken up is written as the same, holds alerts that may be published, and goes on
/// from there.
pub fn alert_state(body: &[u8]) -> bool {
    let Ok(state) = AlertState::restore(body, now()) else {
        return false;
    };
    let written = state.to_json().expect("a state can be written");
    let again = AlertState::restore(&written, now());
    assert_eq!(again.as_ref(), Ok(&state), "a state reads back as another");
    check_alerts(&state.section().alerts);
    let mut next = state;
    let nothing = Observation {
        liquidations: None,
        regime: None,
        contracts: &[],
        snapshot_age_ms: None,
        fallback_share: None,
    };
    assert_eq!(
        next.observe(&nothing, now()),
        [],
        "nothing was seen and something alerts"
    );
    check_alerts(&next.section().alerts);
    true
}

#[track_caller]
fn check_alerts(alerts: &[Alert]) {
    assert!(alerts.len() <= MAX_ALERTS, "{} alerts", alerts.len());
    assert!(
        alerts.is_sorted_by(|a, b| a.at_ms >= b.at_ms),
        "alerts are not newest first"
    );
    let ids: HashSet<String> = alerts.iter().map(Alert::id).collect();
    assert_eq!(ids.len(), alerts.len(), "an id stands twice");
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for alert in alerts {
        assert_eq!(
            alert.symbol.is_some(),
            alert.kind().has_symbol(),
            "{alert:?}"
        );
        assert!(
            alert.symbol.as_deref().is_none_or(is_plausible_symbol),
            "{alert:?}"
        );
        let body = alert.body();
        assert!(
            !body.message.contains(['<', '>']) && body.message.ends_with('.'),
            "{}",
            body.message
        );
        last.insert(alert.key(), alert.at_ms.as_millis());
        serde_json::to_vec(&body).expect("an alert can be written");
    }
}
