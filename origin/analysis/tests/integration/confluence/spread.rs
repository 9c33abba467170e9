//! Different markets get different scores, and a person can read why.

use super::scene::{NOW, Scene};
use analysis::scores::reading::Basis;
use analysis::scores::six_dimension::{evidence, six_dimension};
use shared::analysis::scores::report::{WIDTH, report};
use shared::snapshot::Sentiment;
use shared::snapshot::confluence::Confluence;

fn markets() -> Vec<Confluence> {
    (0..40)
        .map(|seed| {
            Scene::generate(seed, 0.05 * 1.5_f64.powi(seed as i32))
                .with(|inputs| six_dimension(inputs, NOW))
        })
        .collect()
}

#[test]
fn forty_markets_are_spread_and_not_piled_up_in_the_middle() {
    let scores: Vec<f64> = markets()
        .iter()
        .map(|found| found.score.unwrap().get())
        .collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let variance = scores
        .iter()
        .map(|score| (score - mean).powi(2))
        .sum::<f64>()
        / (scores.len() as f64 - 1.0);
    assert!(
        variance.sqrt() > 5.0,
        "a deviation of {} among {scores:?}",
        variance.sqrt()
    );
    assert!((40.0..60.0).contains(&mean), "the mean is {mean}");
    let near_middle = scores
        .iter()
        .filter(|score| (45.0..55.0).contains(*score))
        .count();
    assert!(
        near_middle < scores.len() / 2,
        "{near_middle} of {scores:?} are about 50"
    );
}

#[test]
fn every_sentence_quotes_a_figure_and_no_line_is_too_wide() {
    for found in markets() {
        assert_eq!(found.interpretations.len(), 6);
        for (dimension, sentence) in &found.interpretations {
            assert!(sentence.starts_with(dimension.title()), "{sentence}");
            let figure = sentence.split_once(": ").unwrap().1;
            assert!(
                figure.chars().any(|c| c.is_ascii_digit()) && sentence.ends_with('.'),
                "{sentence}"
            );
            assert!(
                !sentence.contains("NaN") && !sentence.contains("inf"),
                "{sentence}"
            );
        }
        let report = report("BTCUSDT", &found);
        assert!(
            report.lines().all(|line| line.chars().count() <= WIDTH),
            "{report}"
        );
        assert!(report.contains("MISSING\n  nothing\n"), "{report}");
    }
}

#[test]
fn a_figure_of_candles_is_that_of_the_one_timeframe_that_it_names() {
    for seed in 0..10 {
        let scene = Scene::generate(seed, 100.0);
        for (part, found) in scene.with(|inputs| evidence(inputs, NOW)) {
            let Basis::Candles(timeframe) = found.basis else {
                continue;
            };
            let mut alone = Scene::generate(seed, 100.0);
            alone
                .candles
                .retain(|candles| candles.interval == timeframe.interval());
            let of_one = alone.with(|inputs| evidence(inputs, NOW)[&part]).reading;
            assert_eq!(found.reading.figure, of_one.figure, "{part:?}");
            let way = found.reading.lean.get() * of_one.lean.get();
            assert!(
                way >= 0.0,
                "{part:?} leans the other way on the {} candles",
                timeframe.title()
            );
        }
    }
}

#[test]
fn a_sentence_gives_a_reason_for_a_verdict_alone_and_trades_have_their_window() {
    let mut verdicts = 0;
    for found in markets() {
        for (dimension, sentence) in &found.interpretations {
            let score = dimension.of(&found.components).unwrap();
            let is_neutral = Sentiment::of(score) == Sentiment::Neutral;
            verdicts += usize::from(!is_neutral);
            assert_eq!(sentence.contains("bullish parts"), is_neutral, "{sentence}");
            assert!(
                !sentence.contains("takers") || sentence.contains("of the last "),
                "{sentence}"
            );
        }
    }
    assert!(verdicts > 20, "{verdicts} verdicts among 240");
}
