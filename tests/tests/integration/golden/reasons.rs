//! The words that tell clients, logs and metrics why something is as it is, and the other closed
//! sets of words in bodies.

use super::bodies::{questions, snapshots};
use crate::freeze::freeze;
use analysis::alerts::RestoreError;
use expect_test::expect_file;
use serde_json::Value;
use shared::analysis::regime;
use shared::assemble::AssembleError;
use shared::endpoints::Absence;
use shared::exchange::bybit::Forbidden;
use shared::exchange::bybit::instruments::UniverseError;
use shared::exchange::{Detail, ParseError};
use shared::freshness::{ClockAhead, Freshness, Limits};
use shared::headers::ServedAs;
use shared::judge::{ShorterList, WildTable};
use shared::market::candles::MergeRefusal;
use shared::market::{Figure, Oddity, RowRefusal};
use shared::projection::answer;
use shared::provenance::{Feed, Source, Venue};
use shared::published::Doubt;
use shared::snapshot::alerts::{AlertFault, AlertKind, AlertLevel};
use shared::snapshot::beta::{BetaFault, RiskCategory};
use shared::snapshot::books::BookFault;
use shared::snapshot::contracts::ContractFault;
use shared::snapshot::dimension::Dimension;
use shared::snapshot::liquidations::LiquidationFault;
use shared::snapshot::missing_reason::MissingReason;
use shared::snapshot::performance::{ChartTimeframe, PerformanceFault};
use shared::snapshot::statistics::StatisticsFault;
use shared::snapshot::sub_component::SubComponent;
use shared::snapshot::{Direction, Lack, Producer};
use shared::validate::{Rejection, Unreadable, Warning};
use std::collections::BTreeSet;

fn lines(of: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| format!("{of} {}", word.as_ref()))
        .collect()
}

/// Every label but those of the faults of alerts.
fn restore() -> Vec<&'static str> {
    let all = [
        RestoreError::Shape(Detail::new("")),
        RestoreError::Version { found: 0 },
        RestoreError::TooManyEntries,
        RestoreError::MalformedSymbol,
        RestoreError::FromTheFuture,
    ];
    let _ = |error: &RestoreError| match error {
        RestoreError::Shape(_)
        | RestoreError::Version { .. }
        | RestoreError::Alerts(_)
        | RestoreError::TooManyEntries
        | RestoreError::MalformedSymbol
        | RestoreError::FromTheFuture => {}
    };
    all.iter().map(RestoreError::label).collect()
}

#[test]
fn golden_reason_codes_of_the_contract() {
    let facts = [
        lines("section", Lack::LABELS),
        lines("venue_error", ParseError::LABELS),
        lines("venue_forbids", Forbidden::LABELS),
        lines("instruments", UniverseError::LABELS),
        lines("row_refused", RowRefusal::LABELS),
        lines("figure", Figure::LABELS),
        lines("figure_refused", Oddity::LABELS),
        lines(
            "list_held_back",
            [ShorterList {
                missing: 0,
                held: 0,
                listed: 0,
            }
            .label()],
        ),
        lines("table_refused", [ClockAhead { ahead_ms: 0 }.label()]),
        lines("candles_refused", MergeRefusal::LABELS),
        lines("publisher_doubted", Doubt::LABELS),
        lines("snapshot_not_assembled", AssembleError::LABELS),
        lines(
            "snapshot_quarantined",
            [WildTable {
                leaping: 0,
                compared: 0,
            }
            .label()],
        ),
        lines("snapshot_rejected", Rejection::LABELS),
        lines("snapshot_warning", Warning::LABELS),
        lines("snapshot_unreadable", Unreadable::LABELS),
        lines("alerts_rejected", AlertFault::LABELS),
        lines("alert_state_refused", AlertFault::LABELS),
        lines("alert_state_refused", restore()),
        lines("beta_rejected", BetaFault::LABELS),
        lines("performance_rejected", PerformanceFault::LABELS),
        lines("statistics_rejected", StatisticsFault::LABELS),
        lines("liquidations_rejected", LiquidationFault::LABELS),
        lines("contracts_rejected", ContractFault::LABELS),
        lines("books_rejected", BookFault::LABELS),
        lines(
            "missing",
            SubComponent::ALL.iter().map(|part| part.wire_name()),
        ),
        lines(
            "missing_reason",
            MissingReason::ALL.iter().map(|reason| reason.wire_name()),
        ),
        lines("no_analysis", absences()),
        lines("degraded", degraded()),
    ];
    freeze(&expect_file!["../../../golden/reasons.txt"], facts.concat());
}

/// Why there is no answer although the data is valid, apart from the reason of a section that is
/// absent.
fn absences() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for snapshot in snapshots() {
        for question in questions(&snapshot) {
            if let Err(Absence::NotAnalysed(word)) =
                answer(&snapshot, &question, Freshness::Fresh, &Limits::DEFAULT).unwrap()
            {
                words.insert(
                    if Lack::LABELS.contains(&word) || word == "timeout" {
                        "{section}"
                    } else {
                        word
                    }
                    .to_owned(),
                );
            }
        }
    }
    words
}

/// What `degraded` may hold.
fn degraded() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = [Feed::Replayed, Feed::Simulated]
        .map(|feed| format!("{}_data", feed.name()))
        .into();
    words
        .extend([Freshness::Aging, Freshness::Stale].map(|class| format!("data_{}", class.name())));
    words.extend(
        Venue::ALL
            .into_iter()
            .filter_map(Venue::caveat)
            .map(str::to_owned),
    );
    for snapshot in snapshots() {
        for class in Freshness::ALL {
            let body = shared::projection::body(
                &snapshot,
                shared::endpoints::Endpoint::MobileData,
                class,
                &Limits::DEFAULT,
            )
            .unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            for word in body["degraded"].as_array().unwrap() {
                let word = word.as_str().unwrap();
                words.insert(match word.strip_suffix("_timeout") {
                    Some("origin") => "origin_{outcome}".to_owned(),
                    Some(section) => format!("{section}_{{reason}}"),
                    None => word.to_owned(),
                });
            }
        }
    }
    words
}

#[test]
fn golden_words_in_bodies() {
    let levels = [AlertLevel::Info, AlertLevel::Warning, AlertLevel::Critical];
    let _ = |level: AlertLevel| match level {
        AlertLevel::Info | AlertLevel::Warning | AlertLevel::Critical => {}
    };
    let feeds = [Feed::Live, Feed::Replayed, Feed::Simulated];
    let sources = Venue::ALL
        .into_iter()
        .flat_map(|venue| feeds.map(|feed| Source { venue, feed }.to_string()));
    let mut facts = [
        lines("alert_type", AlertKind::ALL.map(AlertKind::name)),
        lines("alert.severity", levels.map(AlertLevel::severity)),
        lines("altcoin_season", altcoin_seasons()),
        lines("data_source", Producer::LABELS),
        lines("data_source", ["last_known_good"]),
        lines("dimension", Dimension::ALL.map(Dimension::name)),
        lines("freshness", Freshness::ALL.map(Freshness::name)),
        lines("producer", Producer::LABELS),
        lines("served_as", ServedAs::LABELS),
        lines("risk_category", RiskCategory::LABELS),
        lines("sections.status", Freshness::ALL.map(Freshness::name)),
        lines("sections.status", ["unavailable"]),
        lines("source", sources),
        lines("regime.category", Direction::LABELS),
        lines("status", ["success"]),
        lines("timeframe", ChartTimeframe::ALL.map(ChartTimeframe::name)),
        lines(
            "venue",
            [Venue::Bybit, Venue::Okx, Venue::Binance].map(Venue::name),
        ),
    ]
    .concat();
    for (field, words) in regime::vocabulary() {
        facts.extend(lines(&format!("regime.{field}"), words));
    }
    freeze(&expect_file!["../../../golden/words.txt"], facts);
}

/// What Bitcoin's share of the market says of the other coins.
fn altcoin_seasons() -> BTreeSet<String> {
    let mut snapshot: Value =
        serde_json::from_slice(&snapshots().next().unwrap().to_json().unwrap()).unwrap();
    // A share of 0 is none, and says nothing.
    (1..=100)
        .map(|share| {
            snapshot["global_market"]["value"]["btc_dominance"] = share.into();
            let body = super::bodies::market_overview_of(&snapshot);
            body["altcoin_season"].as_str().unwrap().to_owned()
        })
        .collect()
}
