//! No input, however absurd, makes a panic, a number out of bounds, or no number at all.

use super::scene::{NOW, Scene, amount, price, ratio};
use analysis::scores::inputs::TickerFacts;
use analysis::scores::six_dimension::{evidence, six_dimension};
use proptest::prelude::*;
use shared::analysis::scores::report::report;
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::book::{Book, Level};
use shared::market::candles::{Candle, Candles};
use shared::market::positioning::{Funding, OpenInterest};
use shared::market::trades::{Side, Trade, Trades};
use shared::snapshot::confluence::Confluence;
use shared::units::{Percent, UnixMs};

/// Prices that a venue might send, prices that it never would, and prices that repeat.
fn prices() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(1.0),
        Just(60_000.0),
        0.9..1.1_f64,
        (-300..300_i32).prop_map(|power| 10.0_f64.powi(power))
    ]
}

/// The same for amounts, which may be 0.
fn amounts() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(1.0),
        0.0..1e3_f64,
        (-300..308_i32).prop_map(|power| 10.0_f64.powi(power))
    ]
}

/// Candles of any shape, though their high is their highest and their low their lowest price.
fn candles(timeframe: Timeframe) -> impl Strategy<Value = Candles> {
    let interval = timeframe.interval();
    let row = (prices(), prices(), prices(), prices(), amounts());
    proptest::collection::vec(row, 0..130).prop_map(move |rows| {
        let count = rows.len() as u64;
        let closed = rows
            .into_iter()
            .zip(0..)
            .map(|((a, b, open, close, volume), index)| Candle {
                start_ms: UnixMs::from_millis(
                    NOW.as_millis() - (count - index) * interval.millis(),
                ),
                open: price(open),
                high: price(a.max(b).max(open).max(close)),
                low: price(a.min(b).min(open).min(close)),
                close: price(close),
                volume_base: amount(volume),
                turnover: amount(volume),
            });
        Candles {
            interval,
            closed: closed.collect(),
        }
    })
}

fn book() -> impl Strategy<Value = Book> {
    let side = || proptest::collection::vec((prices(), amounts()), 0..40);
    let levels = |rows: Vec<(f64, f64)>, sign: f64| {
        let mut rows = rows;
        rows.sort_by(|(a, _), (b, _)| (sign * a).total_cmp(&(sign * b)));
        rows.into_iter()
            .map(|(at, size)| Level {
                price: price(at),
                size_base: amount(size),
            })
            .collect()
    };
    (side(), side()).prop_map(move |(bids, asks)| Book {
        as_of_ms: NOW,
        bids: levels(bids, -1.0),
        asks: levels(asks, 1.0),
    })
}

fn trades() -> impl Strategy<Value = Trades> {
    let side = prop_oneof![Just(None), Just(Some(Side::Buy)), Just(Some(Side::Sell))];
    proptest::collection::vec((prices(), amounts(), side, 0..5_u64), 0..150).prop_map(|rows| {
        let trade = |(at, size, taker, ago)| Trade {
            time_ms: UnixMs::from_millis(NOW.as_millis() - ago),
            price: price(at),
            size_base: amount(size),
            taker,
            id: 0,
        };
        Trades {
            trades: rows.into_iter().map(trade).collect(),
        }
    })
}

fn scene() -> impl Strategy<Value = Scene> {
    let interest = proptest::collection::vec((amounts(), 0..20_u64), 0..80);
    let fundings = proptest::collection::vec((-1e3..1e3_f64, 0..20_u64), 0..40);
    let history = || proptest::collection::vec(amounts(), 0..40);
    let ticker = (
        -100.0..1e6_f64,
        amounts(),
        proptest::option::of(-1e3..1e3_f64),
    );
    let candles = Timeframe::ALL.map(candles);
    let parts = (
        candles,
        book(),
        trades(),
        interest,
        fundings,
        history(),
        history(),
        0.0..=1.0_f64,
        ticker,
    );
    parts.prop_map(
        |(candles, book, trades, interest, fundings, a, b, long, (change, volume, rate))| {
            let mut scene = Scene::generate(0, 1.0);
            scene.candles = candles.into();
            (scene.book, scene.trades) = (Some(book), Some(trades));
            let time = |index: usize, ago: u64| {
                UnixMs::from_millis(NOW.as_millis() - index as u64 * 600_000 - ago)
            };
            let interest = interest.into_iter().enumerate().rev();
            let interest = interest.map(|(i, (base, ago))| OpenInterest {
                time_ms: time(i, ago),
                one_sided_base: amount(base),
            });
            scene.open_interest = Some(interest.collect());
            let fundings = fundings.into_iter().enumerate().rev();
            scene.fundings = Some(
                fundings
                    .map(|(i, (rate, ago))| Funding {
                        time_ms: time(i, ago),
                        rate,
                    })
                    .collect(),
            );
            scene.account_ratios = Some(vec![ratio(long)]);
            scene.ticker = Some(TickerFacts {
                last: price(1.0),
                change_24h_pct: Some(Percent::new(change).unwrap()),
                volume_base_24h: Some(amount(volume)),
                funding_rate_8h: rate,
            });
            let history = scene.history.as_mut().unwrap();
            (history.trade_rates, history.spreads, history.depths) = (a.clone(), a, b);
            scene
        },
    )
}

/// Every number of it is one, and in bounds: its types see to that, and JSON has no other numbers.
fn check_sound(found: &Confluence) {
    let json = serde_json::to_string(found).unwrap();
    assert_eq!(&serde_json::from_str::<Confluence>(&json).unwrap(), found);
    assert!(!json.contains("NaN") && !json.contains("inf "), "{json}");
    assert!(!report("BTCUSDT", found).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn absurd_markets_are_scored_in_bounds_or_not_at_all(scene in scene()) {
        let found = scene.with(|inputs| evidence(inputs, NOW));
        for (part, found) in &found {
            prop_assert!((-1.0..=1.0).contains(&found.reading.lean.get()), "{:?}", part);
            prop_assert!(found.reading.figure.is_finite(), "{:?}", part);
            prop_assert!(found.freshness > 0.0 && found.freshness <= 1.0 + 1e-12, "{:?} {}", part, found.freshness);
        }
        check_sound(&scene.with(|inputs| six_dimension(inputs, NOW)));
    }
}

#[test]
fn the_poorest_inputs_are_not_scored() {
    let mut scene = Scene::generate(1, 1.0);
    for candles in &mut scene.candles {
        candles.closed.truncate(1);
    }
    scene.book = Some(Book {
        as_of_ms: NOW,
        bids: Vec::new(),
        asks: Vec::new(),
    });
    scene.trades = Some(Trades { trades: Vec::new() });
    scene.stream.as_mut().unwrap().books.truncate(1);
    scene.liquidated.as_mut().unwrap().span_ms = 0;
    (scene.open_interest, scene.account_ratios, scene.fundings) =
        (Some(Vec::new()), Some(Vec::new()), Some(Vec::new()));
    let found = scene.with(|inputs| evidence(inputs, NOW));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_market_that_only_rises_and_one_that_only_falls_are_in_bounds() {
    for step in [1.001_f64, 0.999] {
        let mut scene = Scene::generate(1, 1.0);
        for candle in scene
            .candles
            .iter_mut()
            .flat_map(|candles| candles.closed.iter_mut().enumerate())
        {
            let (index, candle) = candle;
            let open = step.powi(index as i32);
            let close = open * step;
            (candle.open, candle.close) = (price(open), price(close));
            (candle.high, candle.low) = (price(open.max(close)), price(open.min(close)));
        }
        let found = scene.with(|inputs| six_dimension(inputs, NOW));
        assert!(found.score.is_some());
        check_sound(&found);
        assert_eq!(
            found.components.price_structure.unwrap().get() > 50.0,
            step > 1.0
        );
    }
}
