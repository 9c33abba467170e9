//! Which parts rest on which input, and what becomes of them when it is missing, stale or frozen.

use super::scene::{NOW, Scene, ago, amount, price, ratio};
use analysis::positioning::{Holdings, MAX_RATIO_AGE_MS, positioning};
use analysis::scores::charts::Charts;
use analysis::scores::inputs::{ScoreInputs, Timed};
use analysis::scores::six_dimension::{evidence, six_dimension};
use shared::market::candles::{Candles, Interval};
use shared::snapshot::confluence::MIN_RELIABILITY;
use shared::snapshot::dimension::Dimension;
use shared::snapshot::measurement::Measurement;
use shared::snapshot::missing_reason::MissingReason;
use shared::snapshot::sub_component::SubComponent as P;
use shared::units::{Amount, Price, UnixMs};
use std::collections::BTreeSet;
use std::sync::Arc;

const OF_TRADES: [P; 7] = [
    P::VolumeDelta,
    P::Cvd,
    P::TradeFlow,
    P::SmartMoneyFlow,
    P::TradeImbalance,
    P::TradeLiquidity,
    P::Pressure,
];

const NOT_LOADED: Option<MissingReason> = Some(MissingReason::NotLoaded);
const TOO_LITTLE: Option<MissingReason> = Some(MissingReason::TooLittle);
const CONTRADICTS: Option<MissingReason> = Some(MissingReason::ContradictsPrice);

const OF_BOOK: [P; 5] = [P::Depth, P::BookImbalance, P::Oir, P::BookLiquidity, P::Di];

const OF_STREAM: [P; 3] = [P::OrderFlowImbalance, P::FleetingOrders, P::Absorption];

/// All that reads candles of any timeframe.
fn of_candles() -> Vec<P> {
    let structural = [
        Dimension::Technical,
        Dimension::Volume,
        Dimension::PriceStructure,
    ];
    let mut parts: Vec<P> = structural
        .into_iter()
        .flat_map(P::of)
        .filter(|part| *part != P::VolumeDelta)
        .collect();
    parts.extend([P::OpenInterest, P::Volatility, P::MarketActivity]);
    parts
}

fn scene() -> Scene {
    Scene::generate(7, 60_000.0)
}

/// Only the parts named disappear with the input; every other says what it said.
#[track_caller]
fn check_without(drop: impl FnOnce(&mut Scene), gone: &[P]) {
    check_why(drop, gone, None);
}

/// The same, with the reason that stands beside each of them where one is given.
#[track_caller]
fn check_why(drop: impl FnOnce(&mut Scene), gone: &[P], why: Option<MissingReason>) {
    let whole = scene();
    let mut reduced = whole.clone();
    drop(&mut reduced);
    let told = reduced
        .with(|inputs| six_dimension(inputs, NOW))
        .missing_reasons;
    let found: BTreeSet<P> = told.keys().copied().collect();
    assert_eq!(
        found,
        gone.iter().copied().collect(),
        "every one has a reason"
    );
    if let Some(why) = why {
        assert!(told.values().all(|reason| *reason == why), "{told:?}");
    }
    let (whole, reduced) = [whole, reduced]
        .map(|scene| scene.with(|inputs| evidence(inputs, NOW)))
        .into();
    let lost: BTreeSet<P> = whole
        .keys()
        .filter(|part| !reduced.contains_key(part))
        .copied()
        .collect();
    assert_eq!(lost, gone.iter().copied().collect());
    for (part, found) in reduced {
        assert_eq!(
            Some(&found),
            whole.get(&part),
            "{part:?} changed with an input that is not its own"
        );
    }
}

#[test]
fn everything_is_read() {
    let found = scene().with(|inputs| six_dimension(inputs, NOW));
    assert_eq!(found.missing, []);
    assert!(found.missing_reasons.is_empty());
    assert_eq!(found.reliability.get(), 1.0);
    assert_eq!(found.interpretations.len(), 6);
    assert!(found.score.is_some());
}

#[test]
fn without_an_input_only_its_own_parts_are_absent() {
    check_why(|scene| scene.trades = None, &OF_TRADES, NOT_LOADED);
    check_why(|scene| scene.book = None, &OF_BOOK, NOT_LOADED);
    check_why(
        |scene| scene.open_interest = None,
        &[P::OpenInterest],
        NOT_LOADED,
    );
    check_why(
        |scene| scene.account_ratios = None,
        &[P::LongShortRatio],
        NOT_LOADED,
    );
    check_why(|scene| scene.fundings = None, &[P::FundingRate], NOT_LOADED);
    check_why(|scene| scene.stream = None, &OF_STREAM, NOT_LOADED);
    check_why(
        |scene| scene.liquidated = None,
        &[P::Liquidations],
        NOT_LOADED,
    );
    check_why(
        |scene| scene.ticker = None,
        &[P::FundingRate, P::Liquidations, P::MarketActivity],
        NOT_LOADED,
    );
    let measures = |scene: &mut Scene| {
        let history = scene.history.as_mut().unwrap();
        [
            &mut history.trade_rates,
            &mut history.spreads,
            &mut history.depths,
        ]
        .into_iter()
        .for_each(Vec::clear);
    };
    check_why(measures, &[P::TradeLiquidity, P::BookLiquidity], TOO_LITTLE);
    check_why(|scene| scene.candles.clear(), &of_candles(), NOT_LOADED);
}

#[test]
fn without_a_part_of_an_input_only_what_needs_it_is_absent() {
    let history = |scene: &mut Scene| scene.history.as_mut().unwrap().spreads.truncate(5);
    check_why(history, &[P::BookLiquidity], TOO_LITTLE);
    let minute = |scene: &mut Scene| _ = scene.stream.as_mut().unwrap().books.drain(..610);
    check_why(minute, &OF_STREAM, TOO_LITTLE);
    let quarter = |scene: &mut Scene| scene.liquidated.as_mut().unwrap().span_ms = 899_999;
    check_why(quarter, &[P::Liquidations], TOO_LITTLE);
    let funding = |scene: &mut Scene| scene.ticker.as_mut().unwrap().funding_rate_8h = None;
    check_why(funding, &[P::FundingRate], TOO_LITTLE);
    let interest = |scene: &mut Scene| _ = scene.open_interest.as_mut().unwrap().drain(..40);
    check_without(interest, &[P::OpenInterest]);
}

#[test]
fn of_few_trades_it_is_not_told_who_absorbed_them() {
    let mut scene = scene();
    scene.stream.as_mut().unwrap().trades.truncate(29);
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert_eq!(found.missing, [P::Absorption]);
}

#[test]
fn a_missing_timeframe_leaves_its_weight_to_the_others_and_lowers_the_reliability() {
    let mut scene = scene();
    scene
        .candles
        .retain(|candles| candles.interval != Interval::FourHours);
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert!(
        found.missing.contains(&P::MarketActivity),
        "it needs an average day"
    );
    assert!(!found.missing.contains(&P::Rsi));
    assert!(found.reliability.get() < 0.8);
    let rsi = |scene: &Scene| scene.with(|inputs| evidence(inputs, NOW)[&P::Rsi]);
    assert!((rsi(&scene).coverage - 0.65).abs() < 1e-12);
    assert_eq!(rsi(&scene).freshness, 1.0, "what is there is fresh");
    scene
        .candles
        .retain(|candles| candles.interval == Interval::OneMinute);
    let alone = rsi(&scene);
    assert!((alone.coverage - 0.05).abs() < 1e-12);
    assert!(
        (25.0..75.0).contains(&alone.reading.figure),
        "the figure is an RSI again: {}",
        alone.reading.figure
    );
}

#[test]
fn too_little_input_makes_no_score_but_still_its_parts() {
    // Candles alone.
    let mut scene = scene();
    (scene.stream, scene.liquidated) = (None, None);
    (
        scene.trades,
        scene.book,
        scene.open_interest,
        scene.account_ratios,
        scene.fundings,
    ) = (None, None, None, None, None);
    scene.ticker = None;
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert!(found.reliability.get() < MIN_RELIABILITY);
    assert_eq!(found.score, None);
    assert!(found.components.technical.is_some());
    assert_eq!(found.components.orderbook, None);
    let nothing = six_dimension(&ScoreInputs::NONE, NOW);
    assert_eq!(
        (
            nothing.score,
            nothing.reliability.get(),
            nothing.missing.len()
        ),
        (None, 0.0, P::ALL.len())
    );
}

#[test]
fn inputs_lose_their_weight_as_they_age() {
    let scene = scene();
    let at = |age: u64| scene.with(|inputs| six_dimension(inputs, NOW.plus_millis(age)));
    assert_eq!(at(10_000).reliability, at(0).reliability);
    // At one minute trades, book and ticker are at about half: .1 + .1 + .065 for what reads trades
    // and books.
    assert!(at(60_000).reliability.get() < 0.9);
    // At two minutes they are gone, and what is left says so.
    let old = at(125_000);
    assert!(old.reliability.get() < 0.75);
    assert!(old.measurements.keys().all(|one| !matches!(
        one,
        Measurement::TradeImbalance | Measurement::BookImbalance
    )));
    assert!(old.measurements.values().all(|one| one.weight.get() <= 0.1));
    // At six hours the candles of minutes are gone, too.
    assert_eq!(at(6 * 3_600_000).score, None);
    assert_eq!(
        old.components.orderflow.is_some(),
        old.sub_components[&P::OpenInterest].is_some()
    );
    assert_eq!(old.components.orderbook, None);
    let in_a_year = at(365 * 86_400_000);
    assert_eq!(in_a_year.missing.len(), P::ALL.len());
    assert!(
        in_a_year
            .missing_reasons
            .values()
            .all(|reason| *reason == MissingReason::TooOld),
        "{:?}",
        in_a_year.missing_reasons
    );
}

#[test]
fn candles_with_a_hole_at_their_end_are_as_old_as_the_hole() {
    let mut scene = scene();
    // The venue answered now, but its one-minute candles end a quarter of an hour ago.
    let base = scene
        .candles
        .iter_mut()
        .find(|candles| candles.interval == Interval::OneMinute)
        .unwrap();
    base.closed.truncate(base.closed.len() - 15);
    let rsi = scene.with(|inputs| evidence(inputs, NOW)[&P::Rsi]);
    assert!((rsi.coverage - 0.95).abs() < 1e-12, "{}", rsi.coverage);
}

#[test]
fn rows_that_stand_still_are_old_however_new_the_answer_is() {
    const HOUR_MS: u64 = 3_600_000;
    let earlier =
        |time: &mut UnixMs, by_ms: u64| *time = UnixMs::from_millis(time.as_millis() - by_ms);
    let trades = |by_ms| {
        move |scene: &mut Scene| {
            scene
                .trades
                .as_mut()
                .unwrap()
                .trades
                .iter_mut()
                .for_each(|trade| earlier(&mut trade.time_ms, by_ms));
        }
    };
    check_without(trades(6 * HOUR_MS), &OF_TRADES);
    check_without(trades(120_000), &OF_TRADES);
    check_without(
        |scene| earlier(&mut scene.book.as_mut().unwrap().as_of_ms, 120_000),
        &OF_BOOK,
    );
    let streamed = |scene: &mut Scene| {
        let stream = scene.stream.as_mut().unwrap();
        let trades = stream.trades.iter_mut().map(|trade| &mut trade.time_ms);
        let books = stream.books.iter_mut().map(|book| &mut book.as_of_ms);
        trades.chain(books).for_each(|time| earlier(time, 120_000));
    };
    check_without(streamed, &OF_STREAM);
    let interest = |scene: &mut Scene| {
        scene
            .open_interest
            .as_mut()
            .unwrap()
            .iter_mut()
            .for_each(|row| earlier(&mut row.time_ms, 6 * HOUR_MS));
    };
    check_without(interest, &[P::OpenInterest]);
    let ratios = |scene: &mut Scene| {
        scene
            .account_ratios
            .as_mut()
            .unwrap()
            .iter_mut()
            .for_each(|row| earlier(&mut row.time_ms, 6 * HOUR_MS));
    };
    check_without(ratios, &[P::LongShortRatio]);
    let fundings = |scene: &mut Scene| {
        scene
            .fundings
            .as_mut()
            .unwrap()
            .iter_mut()
            .for_each(|row| earlier(&mut row.time_ms, 72 * HOUR_MS));
    };
    check_without(fundings, &[P::FundingRate]);
}

#[test]
fn a_ratio_that_is_too_old_for_the_page_is_too_old_for_the_score() {
    let row = ratio(0.6);
    let known = |age_ms: u64| {
        let now = row.time_ms.plus_millis(5 * 60_000 + age_ms);
        let ratios = [row];
        let account_ratios = Some(Timed {
            value: ratios.as_slice(),
            as_of_ms: now,
        });
        let score = evidence(
            &ScoreInputs {
                account_ratios,
                ..ScoreInputs::NONE
            },
            now,
        );
        let page = positioning(
            &[Holdings {
                turnover_24h: amount(1.0),
                account_ratios,
                fundings: &[],
                open_interest: None,
                funding_8h: None,
            }],
            now,
        );
        (
            score.contains_key(&P::LongShortRatio),
            page.long_pct.is_some(),
        )
    };
    assert_eq!(known(0), (true, true));
    assert_eq!(known(MAX_RATIO_AGE_MS - 1), (true, true));
    assert_eq!(known(MAX_RATIO_AGE_MS), (false, false));
}

#[test]
fn inputs_that_contradict_the_tickers_price_are_absent_and_named() {
    let scaled = |old: Price| price(old.get() * 1_000.0);
    let candles = |interval: Option<Interval>| {
        move |scene: &mut Scene| {
            let meant = |candles: &&mut Candles| {
                interval.is_none_or(|interval| candles.interval == interval)
            };
            for candle in scene
                .candles
                .iter_mut()
                .filter(meant)
                .flat_map(|candles| &mut candles.closed)
            {
                for price in [
                    &mut candle.open,
                    &mut candle.high,
                    &mut candle.low,
                    &mut candle.close,
                ] {
                    *price = scaled(*price);
                }
            }
        }
    };
    check_why(candles(None), &of_candles(), CONTRADICTS);
    let mut scene = scene();
    candles(Some(Interval::FourHours))(&mut scene);
    let found = scene.with(|inputs| six_dimension(inputs, NOW));
    assert!(
        found.missing.contains(&P::MarketActivity) && !found.missing.contains(&P::Rsi),
        "{:?}",
        found.missing
    );
    assert_eq!(
        found.missing_reasons[&P::MarketActivity],
        MissingReason::ContradictsPrice
    );

    let book = |scene: &mut Scene| {
        let book = scene.book.as_mut().unwrap();
        book.bids
            .iter_mut()
            .chain(&mut book.asks)
            .for_each(|level| level.price = scaled(level.price));
    };
    check_why(book, &OF_BOOK, CONTRADICTS);
    let trades = |scene: &mut Scene| {
        scene
            .trades
            .as_mut()
            .unwrap()
            .trades
            .iter_mut()
            .for_each(|trade| trade.price = scaled(trade.price));
    };
    check_why(trades, &OF_TRADES, CONTRADICTS);

    // Nothing can be compared with a ticker that is not known.
    let blind = |change: &dyn Fn(&mut Scene)| {
        let mut scene = self::scene();
        scene.ticker = None;
        change(&mut scene);
        scene
            .with(|inputs| six_dimension(inputs, NOW))
            .missing
            .len()
    };
    assert_eq!(
        blind(&|_| {}),
        blind(&|scene| [&book as &dyn Fn(&mut Scene), &trades]
            .iter()
            .for_each(|f| f(scene)))
    );
}

#[test]
fn the_same_inputs_give_the_same_score_while_they_are_fresh() {
    let scene = scene();
    let at = |millis: u64| scene.with(|inputs| six_dimension(inputs, NOW.plus_millis(millis)));
    assert_eq!(at(0), at(1));
    assert_eq!(at(0), at(12_000));
}

#[test]
fn an_input_that_fades_away_moves_the_score_less_and_less() {
    let scene = scene();
    let mut without = scene.clone();
    without.book = None;
    let score = |scene: &Scene, age_ms: u64| {
        let mut scene = scene.clone();
        if let Some(book) = &mut scene.book {
            book.as_of_ms = ago(age_ms);
        }
        scene
            .with(|inputs| six_dimension(inputs, NOW))
            .score
            .unwrap()
            .get()
    };
    let distance = |age_ms| (score(&scene, age_ms) - score(&without, 0)).abs();
    assert!(
        distance(1_000) > 0.3,
        "the book says something: {}",
        distance(1_000)
    );
    assert!(
        distance(119_000) < 0.05,
        "{} a second before it is gone",
        distance(119_000)
    );
    assert!(distance(100_000) < distance(60_000) && distance(60_000) < distance(20_000));
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
    let [found, other] =
        [scene, shuffled].map(|scene| scene.with(|inputs| six_dimension(inputs, NOW)));
    assert_eq!(found, other);
}

#[test]
fn a_clock_behind_the_venues_does_no_harm() {
    let found = scene().with(|inputs| six_dimension(inputs, ago(60_000)));
    assert_eq!(found.reliability.get(), 1.0);
    let _ = scene().with(|inputs| six_dimension(inputs, UnixMs::from_millis(0)));
}

#[test]
fn a_score_is_the_same_with_charts_that_were_kept() {
    for seed in 0..20 {
        let mut scene = Scene::generate(seed, 100.0);
        // Some with a timeframe that is too short, as after a start.
        if seed % 3 == 0 {
            scene.candles[1].closed.drain(3..);
        }
        let held: Vec<Arc<Candles>> = scene.candles.iter().cloned().map(Arc::new).collect();
        let mut charts = Charts::default();
        charts.renew(&held);
        scene.with(|inputs| {
            let candles: Vec<_> = held
                .iter()
                .zip(inputs.candles)
                .map(|(held, timed)| Timed {
                    value: &**held,
                    as_of_ms: timed.as_of_ms,
                })
                .collect();
            let kept = ScoreInputs {
                candles: &candles,
                charts: Some(&charts),
                ..*inputs
            };
            assert_eq!(six_dimension(&kept, NOW), six_dimension(inputs, NOW));
            // Charts of other candles are not taken for theirs.
            let others = ScoreInputs {
                charts: Some(&charts),
                ..*inputs
            };
            assert_eq!(six_dimension(&others, NOW), six_dimension(inputs, NOW));
        });
    }
}
