//! What is made of finished scores: signals and opportunities.

use analysis::scores::combine::combine;
use proptest::prelude::*;
use shared::analysis::opportunities::{
    Direction, MAX_OPPORTUNITIES, Opportunity, Potential, opportunities,
};
use shared::analysis::signals::{SignalCounts, SignalType, Stance, signals};
use shared::snapshot::{ScoreBasis, ScoreRow};
use shared::units::{Amount, Fraction, Percent, Price, Score};
use std::collections::BTreeMap;
use std::collections::HashSet;

fn row(symbol: &str, score: f64, reliability: f64, change: f64) -> ScoreRow {
    let score = Score::new(score).unwrap();
    let price = Price::new(100.0).unwrap();
    ScoreRow {
        score_as_of_ms: None,
        symbol: symbol.to_owned(),
        score,
        score_basis: ScoreBasis::SixDimension,
        weights: None,
        confluence: Some(Box::new(combine(&BTreeMap::new()))),
        momentum_score: None,
        reliability: Fraction::new(reliability).unwrap(),
        score_history: Vec::new(),
        price,
        change_24h: Some(Percent::new(change).unwrap()),
        high_24h: Some(price),
        low_24h: Some(price),
        turnover_24h: Some(Amount::new(1e6).unwrap()),
        volume_base_24h: Some(Amount::new(1e4).unwrap()),
    }
}

fn momentum(row: ScoreRow) -> ScoreRow {
    ScoreRow {
        score_basis: ScoreBasis::TickerMomentum,
        confluence: None,
        momentum_score: Some(row.score),
        ..row
    }
}

#[test]
fn momentum_makes_neither_signals_nor_opportunities() {
    let rows = [
        momentum(row("BTCUSDT", 95.0, 1.0, 9.0)),
        momentum(row("ETHUSDT", 5.0, 1.0, -9.0)),
    ];
    assert_eq!(signals(&rows), []);
    assert_eq!(
        SignalCounts::of(&rows),
        None,
        "no signal is not taken for a count of none"
    );
    assert_eq!(opportunities(&rows), []);
}

#[test]
fn nothing_comes_of_nothing() {
    assert_eq!(signals(&[]), []);
    assert_eq!(SignalCounts::of(&[]), None);
    assert_eq!(opportunities(&[]), []);
}

#[test]
fn neutral_rows_stay_in_the_list_and_out_of_the_counts() {
    let scores = [85.0, 72.0, 50.0, 33.0, 10.0];
    let mut rows: Vec<ScoreRow> = scores
        .iter()
        .enumerate()
        .map(|(index, score)| row(&format!("C{index}USDT"), *score, 1.0, 0.0))
        .collect();
    rows.push(momentum(row("MUSDT", 99.0, 1.0, 0.0)));
    let types: Vec<SignalType> = signals(&rows)
        .iter()
        .map(|signal| signal.signal_type)
        .collect();
    use SignalType::{Buy, Neutral, Sell};
    assert_eq!(types, [Buy, Buy, Neutral, Sell, Sell]);
    assert_eq!(
        SignalCounts::of(&rows),
        Some(SignalCounts {
            total: 4,
            strong: 2,
            medium: 1,
            weak: 1
        })
    );
}

#[track_caller]
fn only(rows: &[ScoreRow]) -> Opportunity<'_> {
    let found = opportunities(rows);
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}

#[test]
fn an_opportunity_is_the_deviation_times_reliability_times_momentum() {
    // 28.4 · 0.9 · (1 + 3.2/10) = 33.7392.
    let rows = [row("BTCUSDT", 78.4, 0.9, -3.2)];
    let found = only(&rows);
    assert_eq!(
        (found.opportunity_score.get(), found.momentum.get()),
        (33.74, 1.32)
    );
    assert_eq!(
        (found.kind, found.direction, found.potential),
        (Direction::Long, Direction::Long, Potential::Medium)
    );
    assert_eq!(
        found.description,
        "BTCUSDT: the score of 78.40 is 28.40 above neutral, rests on 90 % of its inputs, and the price moved -3.20 % in 24 hours."
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["id"], "BTCUSDT-long");
    assert_eq!(
        (json["type"].as_str(), json["direction"].as_str()),
        (Some("long"), Some("long"))
    );
    assert_eq!(
        (json["symbol"].as_str(), json["full_symbol"].as_str()),
        (Some("BTCUSDT"), Some("BTCUSDT"))
    );
    assert_eq!(
        (json["volume"].as_f64(), json["price_change"].as_f64()),
        (Some(1e6), Some(-3.2))
    );
    assert_eq!(
        (json["confidence"].as_f64(), json["potential"].as_str()),
        (Some(0.9), Some("medium"))
    );
}

#[test]
fn the_momentum_factor_ends_at_two_so_the_score_ends_at_a_hundred() {
    assert_eq!(
        only(&[row("AUSDT", 100.0, 1.0, 10.0)])
            .opportunity_score
            .get(),
        100.0
    );
    assert_eq!(
        only(&[row("AUSDT", 0.0, 1.0, -1e300)])
            .opportunity_score
            .get(),
        100.0
    );
    assert_eq!(
        only(&[row("AUSDT", 0.0, 1.0, 0.0)]).opportunity_score.get(),
        50.0
    );
}

#[test]
fn only_a_price_that_moves_the_scores_way_raises_the_aligned_score() {
    let aligned = |score, change| {
        only(&[row("AUSDT", score, 1.0, change)])
            .aligned_score
            .get()
    };
    // 30 from neutral.
    assert_eq!(
        [aligned(80.0, -8.0), aligned(80.0, 0.0), aligned(80.0, 5.0)],
        [30.0, 30.0, 45.0]
    );
    assert_eq!(
        [aligned(20.0, 8.0), aligned(20.0, 0.0), aligned(20.0, -5.0)],
        [30.0, 30.0, 45.0]
    );
    assert_eq!(
        only(&[row("AUSDT", 51.0, 1.0, 9.0)]).stance,
        Stance::Neutral
    );
}

#[test]
fn a_neutral_or_unreliable_score_is_no_opportunity() {
    assert_eq!(opportunities(&[row("AUSDT", 50.0, 1.0, 50.0)]), []);
    assert_eq!(opportunities(&[row("AUSDT", 99.0, 0.5999, 50.0)]), []);
    assert_eq!(opportunities(&[row("AUSDT", 99.0, 0.6, 50.0)]).len(), 1);
}

#[test]
fn the_twenty_that_stand_out_most_are_listed_long_and_short_alike() {
    let rows: Vec<ScoreRow> = (0..60)
        .map(|index| {
            row(
                &format!("C{index:02}USDT"),
                if index % 2 == 0 {
                    50.0 + 0.5 * index as f64
                } else {
                    50.0 - 0.5 * index as f64
                },
                1.0,
                0.0,
            )
        })
        .collect();
    let found = opportunities(&rows);
    assert_eq!(found.len(), MAX_OPPORTUNITIES);
    assert_eq!(found[0].symbol, "C59USDT");
    assert_eq!(
        found
            .iter()
            .filter(|row| row.direction == Direction::Short)
            .count(),
        10
    );
    let tie = [row("BUSDT", 80.0, 1.0, 0.0), row("AUSDT", 20.0, 1.0, 0.0)];
    assert_eq!(
        opportunities(&tie)[0].symbol,
        "AUSDT",
        "symbols settle ties"
    );
}

proptest! {
    #[test]
    fn a_mirrored_score_is_the_same_opportunity_the_other_way(
        score in 0.0..=100.0_f64, reliability in 0.6..=1.0_f64, change in -1e3..1e3_f64
    ) {
        let rows = [row("AUSDT", score, reliability, change)];
        let mirrored = [row("AUSDT", 100.0 - score, reliability, -change)];
        let (found, mirrored) = (opportunities(&rows), opportunities(&mirrored));
        prop_assert_eq!(found.len(), mirrored.len());
        if let (Some(found), Some(mirrored)) = (found.first(), mirrored.first()) {
            prop_assert_ne!(found.direction, mirrored.direction);
            prop_assert_eq!(found.momentum, mirrored.momentum);
            prop_assert!((found.opportunity_score.get() - mirrored.opportunity_score.get()).abs() <= 0.0101);
            prop_assert!((found.aligned_score.get() - mirrored.aligned_score.get()).abs() <= 0.0101);
        }
    }

    #[test]
    fn opportunities_are_in_order_within_bounds_and_do_not_depend_on_the_order_of_rows(
        scores in proptest::collection::vec((0.0..=100.0_f64, 0.0..=1.0_f64, -1e308..1e308_f64), 0..60)
    ) {
        let mut rows: Vec<ScoreRow> = scores
            .iter()
            .enumerate()
            .map(|(index, (score, reliability, change))| row(&format!("C{index}USDT"), *score, *reliability, *change))
            .collect();
        let backwards: Vec<ScoreRow> = rows.iter().rev().cloned().collect();
        let found = opportunities(&rows);
        prop_assert_eq!(&found, &opportunities(&backwards));
        prop_assert!(found.len() <= MAX_OPPORTUNITIES);
        prop_assert!(found.is_sorted_by(|a, b| a.opportunity_score >= b.opportunity_score));
        let ids: HashSet<&str> = found.iter().map(|opportunity| opportunity.id.as_str()).collect();
        prop_assert_eq!(ids.len(), found.len());
        let first_ids: Vec<String> = found.iter().map(|opportunity| opportunity.id.clone()).collect();
        for row in &mut rows {
            row.price = Price::new(7.0).unwrap();
        }
        let later: Vec<String> = opportunities(&rows).into_iter().map(|opportunity| opportunity.id).collect();
        prop_assert_eq!(first_ids, later, "an id changed although symbol and direction did not");
    }
}
