//! Nothing jumps: along a path of inputs each part moves by less and less as the steps become
//! finer.

use super::scene::{NOW, Scene, amount, price, ratio};
use analysis::scores::six_dimension::evidence;
use shared::market::candles::Interval;
use shared::snapshot::sub_component::SubComponent;
use shared::units::Percent;
use std::collections::BTreeMap;

/// The steps in which a path is walked, and again with four times as many.
const COARSE: u32 = 240;
const FINE: u32 = 4 * COARSE;

/// The largest step of each part, in leans.
fn largest_steps(steps: u32, at: &impl Fn(f64) -> Scene) -> BTreeMap<SubComponent, f64> {
    let mut largest = BTreeMap::new();
    let mut before: Option<BTreeMap<SubComponent, f64>> = None;
    for index in 0..=steps {
        let scene = at(f64::from(index) / f64::from(steps));
        let now = scene.with(|inputs| evidence(inputs, NOW));
        let now: BTreeMap<_, _> = now
            .into_iter()
            .map(|(part, found)| (part, found.reading.lean.get()))
            .collect();
        for (part, lean) in &now {
            let step = before
                .as_ref()
                .map_or(0.0, |before| (lean - before[part]).abs());
            let so_far = largest.entry(*part).or_insert(0.0);
            *so_far = step.max(*so_far);
        }
        before = Some(now);
    }
    largest
}

/// The one part that does jump: Wilder gives a candle that reaches beyond the one before on both
/// sides wholly to the side where it reaches farther. The most that one candle of fourteen turns
/// round here, far larger than the others.
const WILDERS_JUMP: f64 = 0.4;

/// A jump keeps its size however fine the steps are; the steps of a continuous part shrink with
/// them, if not at once (two moves that cancel one another in a coarse step) then with the next
/// refinement.
#[track_caller]
fn check_continuous(at: impl Fn(f64) -> Scene) {
    let (coarse, mut fine) = (largest_steps(COARSE, &at), largest_steps(FINE, &at));
    let wilders = fine.remove(&SubComponent::Adx);
    assert!(
        wilders.is_none_or(|step| step < WILDERS_JUMP),
        "{wilders:?}"
    );
    fine.retain(|part, fine| !has_shrunk(coarse[part], *fine));
    if fine.is_empty() {
        return;
    }
    let finest = largest_steps(4 * FINE, &at);
    for (part, fine) in fine {
        let finest = finest[&part];
        assert!(
            has_shrunk(fine, finest),
            "{part:?} steps by {fine}, and by {finest} when the steps are a quarter"
        );
    }
}

fn has_shrunk(before: f64, after: f64) -> bool {
    after <= 0.6 * before + 1e-4
}

/// One timeframe is enough, and quick: the others are the same formulas. No path moves a stream, so
/// what is made of its twelve hundred books would only be made again at every step.
fn scene(seed: u64) -> Scene {
    let mut scene = Scene {
        stream: None,
        ..Scene::generate(seed, 100.0)
    };
    scene
        .candles
        .retain(|candles| matches!(candles.interval, Interval::FiveMinutes));
    scene
}

/// The same without what is not made of candles.
fn candles_only(seed: u64) -> Scene {
    Scene {
        book: None,
        trades: None,
        history: None,
        ..scene(seed)
    }
}

/// The same without candles.
fn without_candles(seed: u64) -> Scene {
    Scene {
        candles: Vec::new(),
        ..scene(seed)
    }
}

/// The last candle's close goes from −4 % to +4 %, and its high and low with it where it passes
/// them: through every threshold of RSI, moving averages, swings, levels, gaps and value area.
#[test]
fn no_part_jumps_as_the_price_moves() {
    for seed in [1, 2, 3] {
        let scene = candles_only(seed);
        check_continuous(|share| {
            let mut scene = scene.clone();
            let last = scene.candles[0].closed.last_mut().unwrap();
            last.close = price(100.0 * (0.96 + 0.08 * share));
            last.high = price(last.high.get().max(last.close.get()));
            last.low = price(last.low.get().min(last.close.get()));
            scene
        });
    }
}

/// A candle in the middle of the window is moved as a whole: pivots, blocks and gaps come and go.
#[test]
fn no_part_jumps_as_an_earlier_candle_moves() {
    for seed in [4, 5] {
        let scene = candles_only(seed);
        check_continuous(|share| {
            let mut scene = scene.clone();
            let candle = &mut scene.candles[0].closed[180];
            for value in [
                &mut candle.open,
                &mut candle.high,
                &mut candle.low,
                &mut candle.close,
            ] {
                *value = price(value.get() * (0.97 + 0.06 * share));
            }
            scene
        });
    }
}

#[test]
fn no_part_jumps_as_a_candles_body_turns_round() {
    let scene = candles_only(6);
    check_continuous(|share| {
        let mut scene = scene.clone();
        let candle = &mut scene.candles[0].closed[190];
        let (low, high) = (candle.low.get(), candle.high.get());
        candle.open = price(low + (high - low) * share);
        candle.close = price(high - (high - low) * share);
        scene
    });
}

#[test]
fn no_part_jumps_as_a_trade_grows_or_its_price_moves() {
    let scene = without_candles(7);
    check_continuous(|share| {
        let mut scene = scene.clone();
        let trade = &mut scene.trades.as_mut().unwrap().trades[700];
        trade.size_base = amount(4_000.0 * share);
        scene
    });
    check_continuous(|share| {
        let mut scene = scene.clone();
        for trade in &mut scene.trades.as_mut().unwrap().trades[500..560] {
            trade.price = price(100.0 * (0.99 + 0.02 * share));
        }
        scene
    });
}

#[test]
fn no_part_jumps_as_the_book_changes() {
    let scene = without_candles(8);
    check_continuous(|share| {
        let mut scene = scene.clone();
        scene.book.as_mut().unwrap().bids[3].size_base = amount(1_000.0 * share);
        scene
    });
    check_continuous(|share| {
        let mut scene = scene.clone();
        for level in &mut scene.book.as_mut().unwrap().asks {
            level.price = price(level.price.get() * (1.0 + 0.01 * share));
        }
        scene
    });
}

#[test]
fn no_part_jumps_as_positions_change() {
    let scene = scene(9);
    check_continuous(|share| {
        let mut scene = scene.clone();
        let interest = scene.open_interest.as_mut().unwrap();
        let earlier = interest[24].one_sided_base.get();
        interest.last_mut().unwrap().one_sided_base = amount(earlier * (0.9 + 0.2 * share));
        scene.account_ratios = Some(vec![ratio(0.1 + 0.8 * share)]);
        let ticker = scene.ticker.as_mut().unwrap();
        ticker.change_24h_pct = Some(Percent::new(60.0 * share - 30.0).unwrap());
        ticker.volume_base_24h = Some(amount(1e5 + 1e6 * share));
        ticker.funding_rate_8h = Some(0.002 * share - 0.001);
        scene
    });
}

#[test]
fn no_part_jumps_as_its_history_passes_it() {
    let scene = without_candles(10);
    check_continuous(|share| {
        let mut scene = scene.clone();
        let history = scene.history.as_mut().unwrap();
        for value in history
            .trade_rates
            .iter_mut()
            .chain(&mut history.spreads)
            .chain(&mut history.depths)
        {
            *value *= 0.1 + 4.0 * share;
        }
        scene
    });
}
