//! Which parts rest on which input, and what becomes of them when it is missing, stale or frozen.

use super::scene::{NOW, Scene, ago};
use shared::analysis::scores::inputs::ScoreInputs;
use shared::analysis::scores::six_dimension::{evidence, six_dimension};
use shared::market::candles::Interval;
use shared::snapshot::confluence::MIN_RELIABILITY;
use shared::snapshot::dimension::Dimension;
use shared::snapshot::sub_component::SubComponent as P;
use shared::units::{Amount, UnixMs};
use std::collections::BTreeSet;

/// The parts that need a stream or a definition that there is not.
const ALWAYS_ABSENT: [P; 5] = [P::Mpi, P::Manipulation, P::AbsorptionExhaustion, P::Liquidations, P::Risk];

const OF_TRADES: [P; 7] =
    [P::VolumeDelta, P::Cvd, P::TradeFlow, P::SmartMoneyFlow, P::TradeImbalance, P::TradeLiquidity, P::Pressure];

const OF_BOOK: [P; 5] = [P::Depth, P::BookImbalance, P::Oir, P::BookLiquidity, P::Di];

/// All that reads candles of any timeframe.
fn of_candles() -> Vec<P> {
    let structural = [Dimension::Technical, Dimension::Volume, Dimension::PriceStructure];
    let mut parts: Vec<P> = structural.into_iter().flat_map(P::of).filter(|part| *part != P::VolumeDelta).collect();
    parts.extend([P::OpenInterest, P::Volatility, P::MarketActivity]);
    parts
}

fn scene() -> Scene {
    Scene::generate(7, 60_000.0)
}

/// Only the parts named disappear with the input; every other says what it said.
#[track_caller]
fn check_without(drop: impl FnOnce(&mut Scene), gone: &[P]) {
    let whole = scene();
    let mut reduced = whole.clone();
    drop(&mut reduced);
    let (whole, reduced) = [whole, reduced].map(|scene| scene.with(|inputs| evidence(inputs, NOW))).into();
    let lost: BTreeSet<P> = whole.keys().filter(|part| !reduced.contains_key(part)).copied().collect();
    assert_eq!(lost, gone.iter().copied().collect());
    for (part, found) in reduced {
        assert_eq!(Some(&found), whole.get(&part), "{part:?} changed with an input that is not its own");
    }
}

#[test]
fn everything_that_can_be_polled_is_read() {
    let found = scene().with(|inputs| six_dimension(inputs, NOW));
    assert_eq!(found.missing.iter().copied().collect::<BTreeSet<_>>(), ALWAYS_ABSENT.into_iter().collect());
    // The five weigh .2·(.12 + .08 + .08) + .07·(.20 + .12) = .0784.
    assert_eq!(found.reliability.get(), 0.9216);
    assert_eq!(found.interpretations.len(), 6);
    assert!(found.score.is_some());
}

#[test]
fn without_an_input_only_its_own_parts_are_absent() {
    check_without(|scene| scene.trades = None, &OF_TRADES);
    check_without(|scene| scene.book = None, &OF_BOOK);
    check_without(|scene| scene.open_interest = None, &[P::OpenInterest]);
    check_without(|scene| scene.account_ratios = None, &[P::LongShortRatio]);
    check_without(|scene| scene.fundings = None, &[P::FundingRate]);
    check_without(|scene| scene.ticker = None, &[P::FundingRate, P::MarketActivity]);
    check_without(|scene| scene.history = None, &[P::TradeLiquidity, P::BookLiquidity]);
    check_without(|scene| scene.candles.clear(), &of_candles());
}

#[test]
fn without_a_part_of_an_input_only_what_needs_it_is_absent() {
    let history = |scene: &mut Scene| scene.history.as_mut().unwrap().spreads.truncate(5);
    check_without(history, &[P::BookLiquidity]);
    let funding = |scene: &mut Scene| scene.ticker.as_mut().unwrap().funding_rate_8h = None;
    check_without(funding, &[P::FundingRate]);
    let interest = |scene: &mut Scene| _ = scene.open_interest.as_mut().unwrap().drain(..40);
    check_without(interest, &[P::OpenInterest]);
}

#[test]
fn a_missing_timeframe_leaves_its_weight_to_the_others_and_lowers_the_reliability() {
    let mut scene = scene();
    scene.candles.retain(|candles| candles.interval != Interval::FourHours);
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert!(found.missing.contains(&P::MarketActivity), "it needs an average day");
    assert!(!found.missing.contains(&P::Rsi));
    assert!(found.reliability.get() < 0.9216);
    let rsi = |scene: &Scene| scene.with(|inputs| evidence(inputs, NOW)[&P::Rsi]);
    assert!((rsi(&scene).freshness - 0.9).abs() < 1e-12);
    scene.candles.retain(|candles| candles.interval == Interval::OneMinute);
    let alone = rsi(&scene);
    assert!((alone.freshness - 0.4).abs() < 1e-12);
    assert!((25.0..75.0).contains(&alone.reading.figure), "the figure is an RSI again: {}", alone.reading.figure);
}

#[test]
fn too_little_input_makes_no_score_but_still_its_parts() {
    let mut scene = scene();
    (scene.trades, scene.book) = (None, None);
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert!(found.reliability.get() < MIN_RELIABILITY);
    assert_eq!(found.score, None);
    assert!(found.components.technical.is_some());
    assert_eq!(found.components.orderbook, None);
    let nothing = six_dimension(&ScoreInputs::NONE, NOW);
    assert_eq!((nothing.score, nothing.reliability.get(), nothing.missing.len()), (None, 0.0, P::ALL.len()));
}

#[test]
fn inputs_lose_their_weight_as_they_age() {
    let scene = scene();
    let at = |age: u64| scene.with(|inputs| six_dimension(inputs, NOW.plus_millis(age)));
    assert_eq!(at(10_000).reliability, at(0).reliability);
    // At one minute the live inputs are at about half.
    assert!(at(60_000).reliability.get() < 0.75);
    assert!(at(60_000).score.is_some());
    // At two minutes they are gone: no trades, no book, no score.
    let old = at(125_000);
    assert_eq!(old.score, None);
    assert_eq!(old.components.orderflow.is_some(), old.sub_components[&P::OpenInterest].is_some());
    assert_eq!(old.components.orderbook, None);
    assert_eq!(at(365 * 86_400_000).missing.len(), P::ALL.len());
}

#[test]
fn candles_with_a_hole_at_their_end_are_as_old_as_the_hole() {
    let mut scene = scene();
    // The venue answered now, but its one-minute candles end a quarter of an hour ago.
    let base = scene.candles.iter_mut().find(|candles| candles.interval == Interval::OneMinute).unwrap();
    base.closed.truncate(base.closed.len() - 15);
    let rsi = scene.with(|inputs| evidence(inputs, NOW)[&P::Rsi]);
    assert!((rsi.freshness - 0.6).abs() < 1e-12, "{}", rsi.freshness);
}

#[test]
fn a_halted_contract_has_no_reading_of_its_candles() {
    let halt = |scene: &mut Scene| {
        for candles in &mut scene.candles {
            let price = candles.closed[candles.closed.len() / 2].close;
            for candle in candles.closed.iter_mut().rev().take(20) {
                (candle.open, candle.high, candle.low, candle.close) = (price, price, price, price);
                candle.volume_base = Amount::new(0.0).unwrap();
            }
        }
    };
    check_without(halt, &of_candles());
}

#[test]
fn the_result_does_not_depend_on_the_order_of_candles_or_on_other_intervals() {
    let scene = scene();
    let mut shuffled = scene.clone();
    shuffled.candles.reverse();
    let mut hourly = scene.candles[1].clone();
    hourly.interval = Interval::OneHour;
    shuffled.candles.insert(0, hourly);
    let [found, other] = [scene, shuffled].map(|scene| scene.with(|inputs| six_dimension(inputs, NOW)));
    assert_eq!(found, other);
}

#[test]
fn a_clock_behind_the_venues_does_no_harm() {
    let found = scene().with(|inputs| six_dimension(inputs, ago(60_000)));
    assert_eq!(found.reliability.get(), 0.9216);
    let _ = scene().with(|inputs| six_dimension(inputs, UnixMs::from_millis(0)));
}
