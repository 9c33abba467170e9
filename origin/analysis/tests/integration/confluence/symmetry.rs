//! Multiplying all prices changes nothing, and a mirrored market gives the mirrored score.

use super::scene::{NOW, Scene};
use analysis::scores::reading::Evidence;
use analysis::scores::six_dimension::{evidence, six_dimension};
use proptest::prelude::*;
use shared::snapshot::confluence::Confluence;
use shared::snapshot::sub_component::SubComponent;
use std::collections::BTreeMap;

/// The rounding that is left after hundreds of additions.
const ROUNDING: f64 = 1e-7;

const LAST: f64 = 60_000.0;

fn leans(scene: &Scene) -> BTreeMap<SubComponent, Evidence> {
    scene.with(|inputs| evidence(inputs, NOW))
}

/// The parts whose formula is symmetric under p → c²/p, in which ratios turn round, and not under p
/// → 2c − p.
const GEOMETRIC: [SubComponent; 4] = [
    SubComponent::Vwap,
    SubComponent::SmartMoneyFlow,
    SubComponent::OpenInterest,
    SubComponent::Volatility,
];

#[track_caller]
fn check_mirrored(scene: &Scene, mirrored: &Scene, concerned: impl Fn(&SubComponent) -> bool) {
    let (found, opposite) = (leans(scene), leans(mirrored));
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        opposite.keys().collect::<Vec<_>>()
    );
    for (part, found) in found.iter().filter(|(part, _)| concerned(part)) {
        let (lean, other) = (found.reading.lean.get(), opposite[part].reading.lean.get());
        assert!(
            (lean + other).abs() < ROUNDING,
            "{part:?} says {lean}, and {other} in the mirror"
        );
        assert_eq!(found.freshness, opposite[part].freshness);
    }
}

fn published(scene: &Scene) -> Confluence {
    scene.with(|inputs| six_dimension(inputs, NOW))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn scaling_all_prices_changes_no_part(seed in any::<u64>(), scale in 1e-9..1e4_f64) {
        let scene = Scene::generate(seed, LAST);
        let (found, scaled) = (leans(&scene), leans(&scene.clone().map_prices(|price| price * scale)));
        prop_assert_eq!(found.len(), scaled.len());
        for (part, found) in found {
            let (lean, other) = (found.reading.lean.get(), scaled[&part].reading.lean.get());
            prop_assert!((lean - other).abs() < ROUNDING, "{:?} says {}, and {} when scaled", part, lean, other);
        }
    }

    #[test]
    fn a_power_of_two_changes_not_even_the_rounding_of_a_score(seed in any::<u64>(), power in -60..20_i32) {
        let scene = Scene::generate(seed, LAST);
        let scaled = scene.clone().map_prices(|price| price * 2.0_f64.powi(power));
        prop_assert_eq!(published(&scene), published(&scaled));
    }

    #[test]
    fn a_mirrored_market_gives_the_mirrored_parts(seed in any::<u64>()) {
        let scene = Scene::generate(seed, LAST);
        prop_assume!(scene.highest() < 2.0 * LAST, "its mirror image would have no price");
        // The prices of trades are kept: of parts by value the mirror image trades the same values.
        let mut additive = scene.clone().map_prices(|price| 2.0 * LAST - price).swap_sides();
        for (trade, original) in additive.trades.iter_mut().zip(&scene.trades).flat_map(|(a, b)| a.trades.iter_mut().zip(&b.trades)) {
            trade.price = original.price;
        }
        check_mirrored(&scene, &additive, |part| !GEOMETRIC.contains(part));
    }

    #[test]
    fn parts_made_of_ratios_are_mirrored_by_the_inverse(seed in any::<u64>()) {
        let scene = Scene::generate(seed, LAST);
        let geometric = scene.clone().map_prices(|price| LAST / price * LAST).swap_sides();
        check_mirrored(&scene, &geometric, |part| GEOMETRIC.contains(part));
    }

    #[test]
    fn a_mirrored_market_gives_the_mirrored_score(seed in any::<u64>()) {
        let scene = Scene::generate(seed, LAST);
        let mirrored = published(&scene.clone().map_prices(|price| LAST / price * LAST).swap_sides());
        let found = published(&scene);
        // No one reflection is exact for every part: over the 20 % that four-hour candles cover, p → c²/p is not
        // p → 2c − p. The score, of which those candles are a few percent, is mirrored to within a point.
        let (score, other) = (found.score.unwrap().get(), mirrored.score.unwrap().get());
        prop_assert!((score + other - 100.0).abs() < 1.0, "{} and {} in the mirror", score, other);
        prop_assert_eq!(found.reliability, mirrored.reliability);
        let (consensus, other) = (found.consensus.unwrap().get(), mirrored.consensus.unwrap().get());
        prop_assert!((consensus - other).abs() < 0.02, "{} and {} in the mirror", consensus, other);
    }
}
