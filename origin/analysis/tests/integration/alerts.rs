//! The alert engine from outside: what alerts, what does not, and what survives a restart.

use analysis::alerts::{
    AlertState, BASELINE_LIFE_MS, ContractFacts, Observation, OpenInterestMove, RestoreError,
    open_interest_move,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::market::candles::{Candle, Candles, Interval};
use shared::market::positioning::OpenInterest;
use shared::market::trades::{Side, Trade};
use shared::snapshot::alerts::{
    Alert, AlertEvent, AlertFault, AlertKind, AlertLevel, AlertSection, FEWEST_CASCADE_WINDOWS,
    LiquidationCascade, MAX_ALERTS, MalformedRegime, RegimeName,
};
use shared::snapshot::liquidations::LiquidatedSides;
use shared::units::{Amount, Fraction, Percent, Price, Score, UnixMs};
use std::collections::HashSet;

const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

fn percent(value: f64) -> Percent {
    Percent::new(value).unwrap()
}

fn regime(name: &str) -> RegimeName {
    RegimeName::try_from(name.to_owned()).unwrap()
}

fn trade(time_ms: UnixMs, price: f64, size: f64, taker: Option<Side>) -> Trade {
    Trade {
        time_ms,
        price: Price::new(price).unwrap(),
        size_base: Amount::new(size).unwrap(),
        taker,
        id: 0,
    }
}

/// Nothing is known.
const SILENCE: Observation<'_> = Observation {
    liquidations: None,
    regime: None,
    contracts: &[],
    snapshot_age_ms: None,
    fallback_share: None,
};

/// A contract of which nothing is known.
fn contract(symbol: &str) -> ContractFacts<'_> {
    ContractFacts {
        symbol,
        score: None,
        funding_8h_pct: None,
        open_interest: None,
        trades: &[],
    }
}

fn scored(score: f64) -> ContractFacts<'static> {
    ContractFacts {
        score: Score::new(score).ok(),
        ..contract("BTCUSDT")
    }
}

fn funded(pct: f64) -> ContractFacts<'static> {
    ContractFacts {
        funding_8h_pct: Some(percent(pct)),
        ..contract("BTCUSDT")
    }
}

fn grown(change: f64, price: f64) -> ContractFacts<'static> {
    let moved = OpenInterestMove {
        change_pct: percent(change),
        price_change_pct: percent(price),
    };
    ContractFacts {
        open_interest: Some(moved),
        ..contract("BTCUSDT")
    }
}

/// An engine and its clock.
struct Engine {
    state: AlertState,
    now: UnixMs,
}

impl Engine {
    fn new() -> Self {
        Self {
            state: AlertState::empty(),
            now: NOW,
        }
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now = self.now.plus_millis(millis);
        self
    }

    /// The sentences of the new alerts.
    fn sees(&mut self, observation: &Observation<'_>) -> Vec<String> {
        let new = self.state.observe(observation, self.now);
        assert_eq!(self.state.section().check(), Ok(()));
        let newest: Vec<Alert> = self
            .state
            .section()
            .alerts
            .iter()
            .take(new.len())
            .rev()
            .cloned()
            .collect();
        assert_eq!(newest, new, "what is told is not what is kept");
        new.iter().map(Alert::message).collect()
    }

    fn sees_contract(&mut self, facts: ContractFacts<'_>) -> Vec<String> {
        self.sees(&Observation {
            contracts: &[facts],
            ..SILENCE
        })
    }

    fn sees_regime(&mut self, name: &str) -> Vec<String> {
        self.sees(&Observation {
            regime: Some(&regime(name)),
            ..SILENCE
        })
    }

    #[track_caller]
    fn body(&self) -> Value {
        serde_json::to_value(self.state.section().alerts[0].body()).unwrap()
    }
}

#[test]
fn what_is_so_at_the_first_observation_is_no_news() {
    let mut engine = Engine::new();
    let old = [trade(NOW, 60_000.0, 100.0, None)];
    let facts = ContractFacts {
        score: Score::new(90.0).ok(),
        funding_8h_pct: Some(percent(0.2)),
        open_interest: grown(20.0, 5.0).open_interest,
        trades: &old,
        ..contract("BTCUSDT")
    };
    let observation = Observation {
        regime: Some(&regime("Bullish: Widespread Rise")),
        contracts: &[facts],
        ..SILENCE
    };
    assert_eq!(engine.sees(&observation), [""; 0]);
    assert_eq!(engine.wait(5 * HOUR_MS / 6).sees(&observation), [""; 0]);
}

#[test]
fn a_change_of_regime_is_told_with_both_names() {
    let mut engine = Engine::new();
    engine.sees_regime("Bullish: Widespread Rise");
    let told = engine.wait(MINUTE_MS).sees_regime("Neutral: No Direction");
    assert_eq!(
        told,
        [
            "The market regime changed from \"Bullish: Widespread Rise\" to \"Neutral: No Direction\"."
        ]
    );
    let body = engine.body();
    assert_eq!(body["alert_type"], "regime_change");
    assert_eq!(
        (&body["level"], &body["severity"], &body["symbol"]),
        (&json!("warning"), &json!("medium"), &Value::Null)
    );
    assert_eq!(
        body["details"],
        json!({"from": "Bullish: Widespread Rise", "to": "Neutral: No Direction"})
    );
}

#[test]
fn another_label_of_the_same_category_counts_less() {
    let mut engine = Engine::new();
    engine.sees_regime("Bullish: Widespread Rise");
    engine.wait(MINUTE_MS).sees_regime("Bullish: Mild Strength");
    assert_eq!(engine.state.section().alerts[0].level(), AlertLevel::Info);
}

#[test]
fn a_regime_that_flaps_is_told_once_and_the_last_word_is_the_truth() {
    let mut engine = Engine::new();
    engine.sees_regime("Bullish: Widespread Rise");
    assert_eq!(
        engine
            .wait(SECOND_MS)
            .sees_regime("Neutral: No Direction")
            .len(),
        1
    );
    for name in [
        "Bullish: Widespread Rise",
        "Neutral: No Direction",
        "Bullish: Widespread Rise",
    ] {
        assert_eq!(engine.wait(SECOND_MS).sees_regime(name), [""; 0]);
    }
    let told = engine
        .wait(15 * MINUTE_MS)
        .sees_regime("Bullish: Widespread Rise");
    assert_eq!(
        told,
        [
            "The market regime changed from \"Neutral: No Direction\" to \"Bullish: Widespread Rise\"."
        ]
    );
    assert_eq!(
        engine
            .wait(50 * MINUTE_MS)
            .sees_regime("Bullish: Widespread Rise"),
        [""; 0]
    );
}

#[test]
fn a_regime_is_words_of_the_form_category_and_label() {
    for bad in [
        "",
        "Bullish",
        "Bullish:Widespread Rise",
        ": Widespread Rise",
        "Bullish: ",
        "Bullish: <b>",
        "A: B: C",
        "Bullish: \u{202e}x",
    ] {
        assert_eq!(
            RegimeName::try_from(bad.to_owned()),
            Err(MalformedRegime),
            "{bad:?}"
        );
    }
    assert_eq!(
        RegimeName::try_from(format!("Bullish: {}", "a".repeat(60))),
        Err(MalformedRegime)
    );
}

#[test]
fn a_score_is_told_when_it_enters_a_zone() {
    let mut engine = Engine::new();
    assert_eq!(engine.sees_contract(scored(69.99)), [""; 0]);
    let told = engine.wait(MINUTE_MS).sees_contract(scored(70.0));
    assert_eq!(
        told,
        ["The score of BTCUSDT rose to 70.00, past the long threshold of 70."]
    );
    let body = engine.body();
    assert_eq!(
        body["id"],
        format!(
            "score_crossing:BTCUSDT:long:{}",
            engine.now.as_millis() / (30 * MINUTE_MS)
        )
    );
    assert_eq!(
        (&body["symbol"], &body["level"]),
        (&json!("BTCUSDT"), &json!("info"))
    );
    assert_eq!(body["unix_timestamp"], engine.now.as_secs());
    assert_eq!(body["timestamp"], engine.now.as_millis());
    assert_eq!(
        body["details"],
        json!({"zone": "long", "score": 70.0, "threshold": 70.0})
    );
    let told = engine.wait(MINUTE_MS).sees_contract(scored(34.5));
    assert_eq!(
        told,
        ["The score of BTCUSDT fell to 34.50, past the short threshold of 35."]
    );
}

#[test]
fn a_score_that_hovers_at_a_threshold_does_not_flap() {
    let mut engine = Engine::new();
    engine.sees_contract(scored(60.0));
    assert_eq!(engine.wait(SECOND_MS).sees_contract(scored(70.1)).len(), 1);
    for (index, score) in [69.9, 70.1, 65.5, 71.0]
        .into_iter()
        .cycle()
        .take(400)
        .enumerate()
    {
        // 40 minutes in all: past the cooldown, which is therefore not what keeps it silent.
        assert_eq!(
            engine.wait(6 * SECOND_MS).sees_contract(scored(score)),
            [""; 0],
            "step {index} at {score}"
        );
    }
    engine.wait(SECOND_MS).sees_contract(scored(64.9));
    assert_eq!(
        engine.wait(SECOND_MS).sees_contract(scored(70.0)).len(),
        1,
        "it left and came back"
    );
}

#[test]
fn an_unknown_score_is_no_change() {
    let mut engine = Engine::new();
    engine.sees_contract(scored(75.0));
    engine.wait(MINUTE_MS).sees_contract(contract("BTCUSDT"));
    assert_eq!(engine.wait(MINUTE_MS).sees_contract(scored(75.0)), [""; 0]);
    let mut engine = Engine::new();
    engine.sees_contract(contract("BTCUSDT"));
    assert_eq!(
        engine.wait(MINUTE_MS).sees_contract(scored(75.0)),
        [""; 0],
        "the first score that is known is the baseline"
    );
}

#[test]
fn funding_is_told_at_each_tier_with_its_urgency() {
    let mut engine = Engine::new();
    engine.sees_contract(funded(0.01));
    let told = engine.wait(MINUTE_MS).sees_contract(funded(0.05));
    assert_eq!(
        told,
        ["Funding of BTCUSDT is +0.0500 % per 8 hours, 0.05 % or more: longs pay shorts."]
    );
    assert_eq!(engine.state.section().alerts[0].level(), AlertLevel::Info);
    assert_eq!(engine.wait(MINUTE_MS).sees_contract(funded(0.12)).len(), 1);
    assert_eq!(
        engine.state.section().alerts[0].level(),
        AlertLevel::Warning
    );
    assert_eq!(engine.wait(MINUTE_MS).sees_contract(funded(0.12)), [""; 0]);
    assert_eq!(engine.wait(MINUTE_MS).sees_contract(funded(0.3)).len(), 1);
    assert_eq!(
        engine.body()["details"],
        json!({"tier": 3, "rate_8h_pct": 0.3, "threshold_pct": 0.15})
    );
    assert_eq!(engine.body()["level"], "critical");
    assert_eq!(
        engine.wait(MINUTE_MS).sees_contract(funded(0.06)),
        [""; 0],
        "falling is no news"
    );
    let told = engine.wait(MINUTE_MS).sees_contract(funded(-0.2));
    assert_eq!(
        told,
        ["Funding of BTCUSDT is -0.2000 % per 8 hours, 0.15 % or more: shorts pay longs."]
    );
}

#[test]
fn the_same_tier_stays_silent_for_four_hours() {
    let mut engine = Engine::new();
    engine.sees_contract(funded(0.0));
    assert_eq!(engine.wait(MINUTE_MS).sees_contract(funded(0.06)).len(), 1);
    let again = |engine: &mut Engine| {
        engine.sees_contract(funded(0.0));
        engine.sees_contract(funded(0.06)).len()
    };
    for _ in 0..8 {
        assert_eq!(again(engine.wait(29 * MINUTE_MS)), 0);
    }
    assert_eq!(again(engine.wait(8 * MINUTE_MS)), 1, "four hours later");
}

#[test]
fn open_interest_is_told_only_while_the_price_moves() {
    let mut engine = Engine::new();
    engine.sees_contract(grown(1.0, 3.0));
    assert_eq!(
        engine.wait(MINUTE_MS).sees_contract(grown(9.0, 1.9)),
        [""; 0]
    );
    let told = engine.wait(MINUTE_MS).sees_contract(grown(9.0, -2.5));
    assert_eq!(
        told,
        ["Open interest of BTCUSDT grew 9.00 % in 4 hours while the price moved -2.50 %."]
    );
    assert_eq!(
        engine.wait(MINUTE_MS).sees_contract(grown(18.5, 2.0)).len(),
        1
    );
    assert_eq!(
        engine.body()["details"],
        json!({"tier": 3, "change_4h_pct": 18.5, "price_change_4h_pct": 2.0, "threshold_pct": 18.0})
    );
    assert_eq!(
        engine.wait(MINUTE_MS).sees_contract(grown(-30.0, 9.0)),
        [""; 0],
        "a fall is no growth"
    );
}

#[test]
fn the_most_valuable_new_trade_is_told_once() {
    let mut engine = Engine::new();
    engine.sees_contract(contract("BTCUSDT"));
    engine.wait(MINUTE_MS);
    let at = engine.now;
    let trades = [
        trade(at, 60_000.0, 12.5, Some(Side::Buy)),
        trade(at, 60_000.0, 20.0, Some(Side::Sell)),
        trade(at, 60_000.0, 12.4, Some(Side::Buy)),
    ];
    let facts = ContractFacts {
        trades: &trades,
        ..contract("BTCUSDT")
    };
    assert_eq!(
        engine.sees_contract(facts),
        ["A taker sold 1200000 USD of BTCUSDT at 60000."]
    );
    assert_eq!(engine.body()["details"]["value_usd"], 1_200_000.0);
    assert_eq!(engine.body()["details"]["taker"], "sell");
    assert_eq!(
        engine.wait(6 * MINUTE_MS).sees_contract(facts),
        [""; 0],
        "the same trades again"
    );
    let small = [trade(engine.now, 60_000.0, 12.499, None)];
    assert_eq!(
        engine.sees_contract(ContractFacts {
            trades: &small,
            ..contract("BTCUSDT")
        }),
        [""; 0]
    );
    let unknown_side = [trade(engine.now.plus_millis(1), 60_000.0, 12.5, None)];
    let told = engine.wait(SECOND_MS).sees_contract(ContractFacts {
        trades: &unknown_side,
        ..contract("BTCUSDT")
    });
    assert_eq!(told, ["One trade moved 750000 USD of BTCUSDT at 60000."]);
}

#[test]
fn a_trade_of_an_impossible_value_is_passed_over() {
    let mut engine = Engine::new();
    engine.sees_contract(contract("BTCUSDT"));
    let trades = [trade(engine.wait(1).now, 1e300, 1e300, None)];
    assert_eq!(
        engine.sees_contract(ContractFacts {
            trades: &trades,
            ..contract("BTCUSDT")
        }),
        [""; 0]
    );
}

#[test]
fn data_alerts_tell_a_fault_at_once_and_once() {
    let mut engine = Engine::new();
    let with = |age_ms, share| Observation {
        snapshot_age_ms: Some(age_ms),
        fallback_share: Fraction::new(share).ok(),
        ..SILENCE
    };
    assert_eq!(engine.sees(&with(120_000, 0.1)), [""; 0]);
    let told = engine.wait(SECOND_MS).sees(&with(121_000, 0.125));
    assert_eq!(
        told,
        [
            "The market data is 121 s old, more than 120 s.",
            "12.5 % of the answers came from a fallback, more than 10 %.",
        ]
    );
    assert_eq!(
        engine.state.section().alerts[0].level(),
        AlertLevel::Warning
    );
    assert_eq!(
        engine.state.section().alerts[1].level(),
        AlertLevel::Critical
    );
    assert_eq!(
        engine.wait(45 * MINUTE_MS).sees(&with(2_821_000, 0.5)),
        [""; 0],
        "it is still so"
    );
    assert_eq!(engine.wait(SECOND_MS).sees(&with(115_000, 0.095)), [""; 0]);
    assert_eq!(
        engine.wait(SECOND_MS).sees(&with(125_000, 0.11)),
        [""; 0],
        "it never recovered"
    );
    engine.wait(SECOND_MS).sees(&with(1_000, 0.0));
    assert_eq!(engine.wait(SECOND_MS).sees(&with(125_000, 0.11)).len(), 2);
    let mut at_start = Engine::new();
    assert_eq!(
        at_start.sees(&with(300_000, 0.0)).len(),
        1,
        "a fault is no crossing: it counts from the start"
    );
}

#[test]
fn what_is_no_symbol_never_reaches_a_sentence() {
    let mut engine = Engine::new();
    for symbol in ["SYSTEM_STATUS", "<script>", "", "BTC USDT"] {
        let facts = |score| ContractFacts {
            symbol,
            ..scored(score)
        };
        engine.sees_contract(facts(50.0));
        assert_eq!(
            engine.wait(MINUTE_MS).sees_contract(facts(90.0)),
            [""; 0],
            "{symbol:?}"
        );
    }
}

#[test]
fn a_contract_that_was_away_for_an_hour_begins_anew() {
    let mut engine = Engine::new();
    engine.sees_contract(scored(50.0));
    assert_eq!(
        engine
            .wait(BASELINE_LIFE_MS - 1)
            .sees_contract(scored(90.0))
            .len(),
        1
    );
    assert_eq!(
        engine.wait(BASELINE_LIFE_MS).sees_contract(scored(10.0)),
        [""; 0]
    );
    engine.sees_regime("Bullish: Widespread Rise");
    assert_eq!(
        engine
            .wait(BASELINE_LIFE_MS)
            .sees_regime("Neutral: No Direction"),
        [""; 0]
    );
}

#[test]
fn the_last_hundred_are_kept_newest_first() {
    let mut engine = Engine::new();
    let names: Vec<String> = (0..70).map(|index| format!("COIN{index}USDT")).collect();
    for score in [50.0, 80.0, 20.0] {
        let facts: Vec<_> = names
            .iter()
            .map(|name| ContractFacts {
                symbol: name,
                ..scored(score)
            })
            .collect();
        engine.wait(MINUTE_MS).sees(&Observation {
            contracts: &facts,
            ..SILENCE
        });
    }
    let alerts = &engine.state.section().alerts;
    assert_eq!(alerts.len(), MAX_ALERTS);
    assert_eq!(alerts[0].symbol.as_deref(), Some("COIN69USDT"));
    let short = |alert: &&Alert| alert.body().message.contains("fell");
    assert_eq!(alerts.iter().filter(short).count(), 70);
}

#[test]
fn two_processes_that_notice_the_same_give_it_the_same_id() {
    let id = |second: u64| {
        let mut engine = Engine::new();
        engine.sees_contract(scored(50.0));
        engine
            .wait(second * SECOND_MS)
            .sees_contract(scored(70.0 + second as f64 / 10.0));
        engine.state.section().alerts[0].id()
    };
    assert_eq!(id(1), id(3));
}

/// A state with alerts of every kind.
fn eventful() -> Engine {
    let mut engine = Engine::new();
    let see = |engine: &mut Engine, second: u64, regime: &RegimeName, loud: bool| {
        let trades = [trade(engine.now, 60_000.0, 50.0, Some(Side::Buy))];
        let facts = ContractFacts {
            score: Score::new(if loud { 81.5 } else { 50.0 }).ok(),
            funding_8h_pct: Some(percent(if loud { 0.11 } else { 0.01 })),
            open_interest: grown(if loud { 13.0 } else { 1.0 }, -4.0).open_interest,
            trades: if loud { &trades } else { &[] },
            ..contract("BTCUSDT")
        };
        let observation = Observation {
            liquidations: liquidated(if loud { 3e6 } else { 0.0 }, 0.0, (0.0, 0.0)).liquidations,
            regime: Some(regime),
            contracts: &[facts],
            snapshot_age_ms: Some(if loud { 130_000 } else { 1_000 }),
            fallback_share: Fraction::new(if loud { 0.2 } else { 0.0 }).ok(),
        };
        engine.wait(second * SECOND_MS).sees(&observation)
    };
    see(&mut engine, 0, &regime("Bullish: Widespread Rise"), false);
    engine.wait(SECOND_MS);
    assert_eq!(
        see(&mut engine, 0, &regime("Bearish: Widespread Fall"), true).len(),
        AlertKind::ALL.len()
    );
    engine
}

#[test]
fn every_kind_has_its_own_name_and_body() {
    let engine = eventful();
    let kinds: HashSet<AlertKind> = engine
        .state
        .section()
        .alerts
        .iter()
        .map(Alert::kind)
        .collect();
    assert_eq!(kinds.len(), AlertKind::ALL.len());
    for alert in &engine.state.section().alerts {
        let body = serde_json::to_value(alert.body()).unwrap();
        assert_eq!(body["alert_type"], alert.kind().name());
        assert!(
            body["id"]
                .as_str()
                .unwrap()
                .starts_with(alert.kind().name())
        );
        assert_eq!(body["symbol"].is_null(), !alert.kind().has_symbol());
        assert!(
            body["details"]
                .as_object()
                .is_some_and(|details| !details.is_empty())
        );
        assert!(body["message"].as_str().unwrap().ends_with('.'));
        let wire = serde_json::to_value(alert).unwrap();
        assert_eq!(
            wire["event"]["kind"],
            alert.kind().name(),
            "the stored and the told name differ"
        );
    }
}

#[test]
fn a_state_survives_a_restart() {
    let mut engine = eventful();
    let json = engine.state.to_json().unwrap();
    let mut restored = Engine {
        state: AlertState::restore(&json, engine.now).unwrap(),
        now: engine.now,
    };
    assert_eq!(restored.state, engine.state);
    let next = |engine: &mut Engine| engine.wait(MINUTE_MS).sees_contract(scored(20.0));
    assert_eq!(next(&mut engine), next(&mut restored));
    assert_eq!(restored.state, engine.state);
    let crossed_while_away = AlertState::restore(&json, NOW.plus_millis(10 * MINUTE_MS)).unwrap();
    let mut late = Engine {
        state: crossed_while_away,
        now: NOW.plus_millis(10 * MINUTE_MS),
    };
    assert_eq!(late.sees_contract(scored(20.0)).len(), 1);
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Value), label: &str) {
    let engine = eventful();
    let mut tree: Value = serde_json::from_slice(&engine.state.to_json().unwrap()).unwrap();
    change(&mut tree);
    let refusal = AlertState::restore(tree.to_string().as_bytes(), engine.now).unwrap_err();
    assert_eq!(refusal.label(), label, "{refusal}");
}

#[test]
fn a_state_that_the_engine_cannot_have_written_is_refused_by_name() {
    let far = NOW.as_millis() + HOUR_MS;
    check_refused(|tree| *tree = json!({}), "alert_state_shape");
    check_refused(|tree| *tree = json!("{}"), "alert_state_shape");
    check_refused(|tree| tree["version"] = json!(2), "alert_state_version");
    check_refused(|tree| tree["regime"] = json!("<b>: x"), "alert_state_shape");
    check_refused(
        |tree| tree["contracts"]["<b>"] = tree["contracts"]["BTCUSDT"].clone(),
        "alert_state_malformed_symbol",
    );
    check_refused(
        |tree| tree["contracts"]["BTCUSDT"]["seen_ms"] = json!(far),
        "alert_state_from_the_future",
    );
    check_refused(
        |tree| tree["contracts"]["BTCUSDT"]["trades_until_ms"] = json!(far),
        "alert_state_from_the_future",
    );
    check_refused(
        |tree| tree["contracts"]["BTCUSDT"]["funding"]["beyond"]["tier"] = json!(4),
        "alert_state_shape",
    );
    check_refused(
        |tree| tree["cooldowns"]["x"] = json!(far),
        "alert_state_from_the_future",
    );
    check_refused(
        |tree| tree["regime_seen_ms"] = json!(far),
        "alert_state_from_the_future",
    );
    check_refused(
        |tree| tree["alerts"][0]["at_ms"] = json!(far),
        "alert_state_from_the_future",
    );
    check_refused(
        |tree| tree["alerts"][0]["symbol"] = json!("<b>"),
        "alerts_malformed_symbol",
    );
    check_refused(
        |tree| tree["alerts"][1] = tree["alerts"][0].clone(),
        "alerts_repeated",
    );
    check_refused(
        |tree| {
            tree["cooldowns"] = (0..10_001)
                .map(|n| (n.to_string(), json!(0)))
                .collect::<serde_json::Map<_, _>>()
                .into();
        },
        "alert_state_too_many_entries",
    );
    assert!(matches!(
        AlertState::restore(b"", NOW),
        Err(RestoreError::Shape(_))
    ));
}

#[test]
fn alerts_whose_numbers_give_no_reason_are_not_published() {
    let alert = |symbol: Option<&str>, event| Alert {
        at_ms: NOW,
        symbol: symbol.map(str::to_owned),
        event,
    };
    let section = |alert: Alert| {
        AlertSection {
            alerts: vec![alert],
        }
        .check()
    };
    let stale = |age_ms| AlertEvent::StaleData { age_ms };
    assert_eq!(section(alert(None, stale(120_001))), Ok(()));
    assert_eq!(
        section(alert(None, stale(120_000))),
        Err(AlertFault::NoReason)
    );
    assert_eq!(
        section(alert(Some("BTCUSDT"), stale(120_001))),
        Err(AlertFault::MisplacedSymbol)
    );
    let large = |value| AlertEvent::LargeTrade {
        taker: None,
        value_usd: Amount::new(value).unwrap(),
        price: Price::new(1.0).unwrap(),
        traded_at_ms: NOW,
    };
    assert_eq!(
        section(alert(Some("BTCUSDT"), large(749_999.0))),
        Err(AlertFault::NoReason)
    );
    assert_eq!(
        section(alert(None, large(750_000.0))),
        Err(AlertFault::MisplacedSymbol)
    );
    assert_eq!(
        section(alert(Some("SYSTEM_STATUS"), large(750_000.0))),
        Err(AlertFault::MalformedSymbol)
    );
    let same = AlertEvent::RegimeChange {
        from: regime("A: B"),
        to: regime("A: B"),
    };
    assert_eq!(section(alert(None, same)), Err(AlertFault::NoReason));
    let later = Alert {
        at_ms: NOW.plus_millis(1),
        ..alert(None, stale(130_000))
    };
    let out_of_order = AlertSection {
        alerts: vec![alert(Some("BTCUSDT"), large(1e6)), later],
    };
    assert_eq!(out_of_order.check(), Err(AlertFault::OutOfOrder));
    let many = AlertSection {
        alerts: vec![alert(None, stale(130_000)); MAX_ALERTS + 1],
    };
    assert_eq!(many.check(), Err(AlertFault::TooMany));
}

#[test]
fn a_clock_that_was_wrong_for_a_while_does_not_silence_the_engine() {
    let mut engine = Engine::new();
    engine.sees_contract(scored(50.0));
    engine.wait(365 * 24 * HOUR_MS).sees_contract(scored(50.0));
    assert_eq!(engine.wait(SECOND_MS).sees_contract(scored(80.0)).len(), 1);
    engine.now = NOW.plus_millis(MINUTE_MS);
    assert_eq!(engine.sees_contract(scored(50.0)), [""; 0]);
    assert_eq!(
        engine.state.section().alerts,
        [],
        "an alert from the future is kept"
    );
    assert_eq!(engine.wait(SECOND_MS).sees_contract(scored(80.0)).len(), 1);
    engine.wait(SECOND_MS).sees_contract(scored(50.0));
    engine.now = NOW;
    assert_eq!(
        engine.sees_contract(scored(80.0)),
        [""; 0],
        "a small step back ends no cooldown"
    );
}

const INTEREST_NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

fn interest(rows: &[(u64, f64)]) -> Vec<OpenInterest> {
    let row = |(minutes_ago, base): &(u64, f64)| OpenInterest {
        time_ms: UnixMs::from_millis(INTEREST_NOW.as_millis() - minutes_ago * MINUTE_MS),
        one_sided_base: Amount::new(*base).unwrap(),
    };
    rows.iter().map(row).collect()
}

/// Five-minute candles that end at the given minutes before now.
fn closes(rows: &[(u64, f64)]) -> Candles {
    let candle = |(minutes_ago, close): &(u64, f64)| {
        let (price, nothing) = (Price::new(*close).unwrap(), Amount::new(0.0).unwrap());
        Candle {
            start_ms: UnixMs::from_millis(INTEREST_NOW.as_millis() - (minutes_ago + 5) * MINUTE_MS),
            open: price,
            high: price,
            low: price,
            close: price,
            volume_base: nothing,
            turnover: nothing,
        }
    };
    Candles {
        interval: Interval::FiveMinutes,
        closed: rows.iter().map(candle).collect(),
    }
}

#[track_caller]
fn check_move(history: &[(u64, f64)], candles: &[(u64, f64)], expected: Option<(f64, f64)>) {
    let found = open_interest_move(&interest(history), &closes(candles), INTEREST_NOW);
    assert_eq!(
        found.map(|found| (found.change_pct.get(), found.price_change_pct.get())),
        expected
    );
}

#[test]
fn open_interest_and_price_are_compared_over_the_same_four_hours() {
    let prices = [
        (300, 50.0),
        (250, 100.0),
        (240, 98.0),
        (30, 97.0),
        (10, 105.0),
        (0, 200.0),
    ];
    check_move(
        &[(300, 9.0), (250, 200.0), (240, 7.0), (10, 225.0)],
        &prices,
        Some((12.5, 5.0)),
    );
    check_move(&[(236, 200.0), (0, 225.0)], &prices, Some((12.5, 104.0816)));
}

#[test]
fn an_end_that_is_not_there_leaves_the_move_unknown() {
    let prices = [(240, 98.0), (0, 100.0)];
    check_move(&[(240, 200.0), (0, 220.0)], &prices, Some((10.0, 2.0408)));
    check_move(&[(220, 200.0), (0, 220.0)], &prices, None);
    check_move(&[(275, 200.0), (35, 220.0)], &prices, None);
    check_move(&[(240, 0.0), (0, 220.0)], &prices, None);
    check_move(&[(240, 200.0), (0, 220.0)], &[(0, 100.0)], None);
    check_move(
        &[(240, 200.0), (0, 220.0)],
        &[(300, 98.0), (0, 100.0)],
        None,
    );
    check_move(&[(0, 220.0)], &prices, None);
    check_move(&[], &prices, None);
    check_move(&[(240, 200.0), (0, 220.0)], &[], None);
}

/// What one step of a wild market shows.
#[derive(Clone, Debug)]
struct Step {
    wait_ms: u64,
    regime: Option<usize>,
    score: Option<f64>,
    funding: Option<f64>,
    interest: Option<(f64, f64)>,
    trade_usd: Option<f64>,
    age_ms: Option<u64>,
    share: Option<f64>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop_oneof![3 => 0..10 * MINUTE_MS, 1 => 0..3 * HOUR_MS],
        proptest::option::of(0..3_usize),
        proptest::option::of(0.0..=100.0_f64),
        proptest::option::of(prop_oneof![
            -0.3..0.3_f64,
            Just(0.05),
            Just(-0.1),
            Just(1e300)
        ]),
        proptest::option::of((-5.0..25.0_f64, -4.0..4.0_f64)),
        proptest::option::of(0.0..2e6_f64),
        proptest::option::of(0..300_000_u64),
        proptest::option::of(0.0..=1.0_f64),
    );
    let step = step.prop_map(
        |(wait_ms, regime, score, funding, interest, trade_usd, age_ms, share)| Step {
            wait_ms,
            regime,
            score,
            funding,
            interest,
            trade_usd,
            age_ms,
            share,
        },
    );
    proptest::collection::vec(step, 1..60)
}

/// Shows one step to an engine at its present moment.
fn show(engine: &mut Engine, step: &Step, trade_at: UnixMs) -> Vec<Alert> {
    let names = [
        "Bullish: Widespread Rise",
        "Bullish: Mild Strength",
        "Neutral: No Direction",
    ]
    .map(regime);
    let trades: Vec<Trade> = step
        .trade_usd
        .map(|usd| trade(trade_at, 1.0, usd, None))
        .into_iter()
        .collect();
    let facts = ContractFacts {
        score: step.score.and_then(|score| Score::new(score).ok()),
        funding_8h_pct: step.funding.map(percent),
        open_interest: step
            .interest
            .and_then(|(change, price)| grown(change, price).open_interest),
        trades: &trades,
        ..contract("BTCUSDT")
    };
    let observation = Observation {
        liquidations: None,
        regime: step.regime.map(|index| &names[index]),
        contracts: &[facts],
        snapshot_age_ms: step.age_ms,
        fallback_share: step.share.and_then(|share| Fraction::new(share).ok()),
    };
    engine.state.observe(&observation, engine.now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_is_told_twice_within_its_cooldown_and_every_id_is_its_own(steps in steps()) {
        let mut engine = Engine::new();
        let mut told: Vec<Alert> = Vec::new();
        for step in &steps {
            engine.wait(step.wait_ms);
            let at = engine.now;
            told.extend(show(&mut engine, step, at));
            prop_assert_eq!(engine.state.section().check(), Ok(()));
        }
        for (index, alert) in told.iter().enumerate() {
            let earlier = told[..index].iter().filter(|earlier| earlier.key() == alert.key());
            for earlier in earlier {
                prop_assert!(alert.at_ms.millis_since(earlier.at_ms) >= alert.kind().cooldown_ms());
            }
        }
        let ids: HashSet<String> = told.iter().map(Alert::id).collect();
        prop_assert_eq!(ids.len(), told.len());
    }

    #[test]
    fn the_same_observation_again_tells_nothing(steps in steps(), wait_ms in 0..14 * MINUTE_MS) {
        let mut engine = Engine::new();
        for step in &steps {
            engine.wait(step.wait_ms);
            let at = engine.now;
            show(&mut engine, step, at);
        }
        let last = steps.last().unwrap();
        let at = engine.now;
        // A regime that a cooldown held back may still come, once.
        let again = show(engine.wait(wait_ms), last, at);
        prop_assert!(again.iter().all(|alert| alert.kind() == AlertKind::RegimeChange) && again.len() <= 1, "{again:?}");
        let again = show(engine.wait(15 * MINUTE_MS), last, at);
        prop_assert!(again.iter().all(|alert| alert.kind() == AlertKind::RegimeChange) && again.len() <= 1, "{again:?}");
        prop_assert_eq!(show(engine.wait(15 * MINUTE_MS), last, at), []);
    }

    #[test]
    fn a_restart_between_any_two_observations_changes_nothing(steps in steps(), cut in 0..60_usize) {
        let mut engine = Engine::new();
        let mut restarted = Engine::new();
        for (index, step) in steps.iter().enumerate() {
            if index == cut {
                let json = restarted.state.to_json().unwrap();
                restarted.state = AlertState::restore(&json, restarted.now).unwrap();
            }
            let at = engine.wait(step.wait_ms).now;
            restarted.wait(step.wait_ms);
            prop_assert_eq!(show(&mut engine, step, at), show(&mut restarted, step, at));
        }
    }

    #[test]
    fn no_bytes_make_restoring_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = AlertState::restore(&bytes, NOW);
    }
}

/// Liquidated in five minutes beside the windows before, USD.
fn liquidated(long: f64, short: f64, (median, mad): (f64, f64)) -> Observation<'static> {
    let usd = |value| Amount::new(value).unwrap();
    Observation {
        liquidations: Some(LiquidationCascade {
            sides: LiquidatedSides {
                long_usd: usd(long),
                short_usd: usd(short),
            },
            median_usd: usd(median),
            mad_usd: usd(mad),
            windows: FEWEST_CASCADE_WINDOWS,
        }),
        ..SILENCE
    }
}

#[test]
fn a_cascade_is_far_above_the_usual_and_worth_a_million() {
    let mut engine = Engine::new();
    let usual = (100_000.0, 40_000.0);
    assert_eq!(engine.sees(&liquidated(60_000.0, 40_000.0, usual)), [""; 0]);
    // (1,000,000 − 100,000) / (1.4826 · 40,000) = 15.18: the second tier begins at 12.
    engine.wait(MINUTE_MS);
    assert_eq!(
        engine.sees(&liquidated(900_000.0, 100_000.0, usual)),
        [
            "Positions worth 1000000 USD were liquidated in 5 minutes, 90 % of it long; 100000 USD is usual."
        ]
    );
    let body = engine.body();
    assert_eq!(body["alert_type"], "liquidation_cascade");
    assert_eq!(
        (&body["level"], &body["symbol"]),
        (&json!("warning"), &Value::Null)
    );
    assert_eq!(
        body["details"],
        json!({
            "tier": 2, "long_usd": 900_000.0, "short_usd": 100_000.0, "median_usd": 100_000.0, "mad_usd": 40_000.0,
            "windows": 12, "deviations": 15.18, "threshold": 12.0, "floor_usd": 1_000_000.0,
        })
    );
    let restored = AlertState::restore(&engine.state.to_json().unwrap(), engine.now);
    assert_eq!(restored, Ok(engine.state));
}

#[test]
fn less_than_a_million_is_no_cascade_however_unusual() {
    let mut engine = Engine::new();
    engine.sees(&liquidated(0.0, 0.0, (0.0, 0.0)));
    engine.wait(MINUTE_MS);
    assert_eq!(
        engine.sees(&liquidated(999_999.0, 0.0, (0.0, 0.0))),
        [""; 0]
    );
    // Nor is a million that is usual.
    let busy = (900_000.0, 300_000.0);
    assert_eq!(
        engine.sees(&liquidated(500_000.0, 500_000.0, busy)),
        [""; 0]
    );
    // In quiet hours the deviation is 50,000: twenty of them.
    engine.sees(&liquidated(0.0, 1_000_000.0, (0.0, 0.0)));
    assert_eq!(engine.body()["details"]["deviations"], 20.0);
}

#[test]
fn a_cascade_that_goes_on_is_told_once_and_one_that_grows_again() {
    let mut engine = Engine::new();
    let quiet = (0.0, 0.0);
    let mut told = |minutes: u64, usd: f64| {
        engine.wait(minutes * MINUTE_MS);
        engine.sees(&liquidated(usd, 0.0, quiet)).len()
    };
    assert_eq!(told(0, 2_000_000.0), 0, "it went on before anybody looked");
    assert_eq!(told(1, 0.0), 0);
    // Twenty deviations: the second tier.
    assert_eq!(told(15, 1_000_000.0), 1);
    assert_eq!(told(1, 1_100_000.0), 0);
    assert_eq!(told(1, 950_000.0), 0, "a cascade that hovers does not end");
    assert_eq!(told(1, 1_000_000.0), 0);
    assert_eq!(told(1, 1_200_000.0), 1, "the third tier");
    assert_eq!(told(1, 0.0), 0);
    assert_eq!(told(1, 1_200_000.0), 0, "its cooldown runs");
    assert_eq!(told(1, 0.0), 0);
    assert_eq!(told(15, 1_200_000.0), 1);
}

#[test]
fn what_is_usual_is_not_known_from_fewer_windows() {
    let mut engine = Engine::new();
    engine.sees(&liquidated(0.0, 0.0, (0.0, 0.0)));
    engine.wait(MINUTE_MS);
    engine.sees(&liquidated(2_000_000.0, 0.0, (0.0, 0.0)));
    let mut stored: Value = serde_json::from_slice(&engine.state.to_json().unwrap()).unwrap();
    stored["alerts"][0]["event"]["windows"] = json!(FEWEST_CASCADE_WINDOWS - 1);
    assert_eq!(
        AlertState::restore(stored.to_string().as_bytes(), engine.now),
        Err(RestoreError::Alerts(AlertFault::NoReason))
    );
}

proptest! {
    #[test]
    fn whatever_is_liquidated_an_alert_says_what_its_numbers_show(
        steps in prop::collection::vec((0..5_u64, 0.0..5e6, 0.0..5e6, 0.0..1e6, 0.0..3e5), 1..40),
    ) {
        let mut engine = Engine::new();
        let mut last_of = std::collections::HashMap::new();
        for (minutes, long, short, median, mad) in steps {
            engine.wait(minutes * MINUTE_MS);
            let cents = |value: f64| (value * 100.0).round() / 100.0;
            let observation = liquidated(cents(long), cents(short), (cents(median), cents(mad)));
            // It checks the alerts that are kept, too.
            for alert in engine.state.observe(&observation, engine.now) {
                prop_assert!(cents(long) + cents(short) >= 1e6);
                let before = last_of.insert(alert.key(), engine.now);
                prop_assert!(before.is_none_or(|before| engine.now.millis_since(before) >= 15 * MINUTE_MS));
            }
            prop_assert_eq!(engine.state.section().check(), Ok(()));
        }
    }
}
