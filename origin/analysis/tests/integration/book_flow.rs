//! What happens between updates of a book: its sums hold together whatever books and trades come.

use analysis::book_flow::{BookFlow, BookFlowTape, Sides, Sums};
use analysis::liquidations::LiquidatedLately;
use analysis::scores::book_flow::{absorption, fleeting_orders, order_flow_imbalance};
use analysis::scores::reading::Reading;
use analysis::scores::sentiment::liquidations;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::market::book::{Book, Level};
use shared::market::trades::{Side, Trade};
use shared::units::{Amount, Price, UnixMs};
use std::collections::BTreeMap;

/// What comes from a stream.
#[derive(Clone, Debug)]
enum Came {
    /// Prices by the number of ticks from the middle, sizes.
    Book(Vec<(u8, f64)>, Vec<(u8, f64)>),
    Trade(i8, f64, Option<Side>),
    Interruption,
}

fn came() -> impl Strategy<Value = Came> {
    let size = || prop_oneof![0.1..10.0_f64, Just(1e-12), Just(1e12)];
    let side = move || proptest::collection::vec((1..30_u8, size()), 0..14);
    let taker = prop_oneof![Just(Some(Side::Buy)), Just(Some(Side::Sell)), Just(None)];
    prop_oneof![
        6 => (side(), side()).prop_map(|(bids, asks)| Came::Book(bids, asks)),
        3 => (-30..30_i8, size(), taker).prop_map(|(tick, size, side)| Came::Trade(tick, size, side)),
        1 => Just(Came::Interruption),
    ]
}

const MIDDLE: f64 = 1_000.0;

fn levels(rows: &[(u8, f64)], sign: f64) -> Vec<Level> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|(tick, _)| *tick);
    rows.dedup_by_key(|(tick, _)| *tick);
    let level = |(tick, size): (u8, f64)| Level {
        price: Price::new(MIDDLE + sign * f64::from(tick)).unwrap(),
        size_base: Amount::new(size).unwrap(),
    };
    rows.into_iter().map(level).collect()
}

/// The sums after everything has come, each so many milliseconds after the one before; mirrored,
/// with bids and asks, and buyers and sellers, exchanged.
fn sums(stream: &[(u64, Came)], is_mirrored: bool) -> Option<Sums> {
    let mut tape = BookFlowTape::default();
    let mut now = 1_800_000_000_000;
    for (after_ms, came) in stream {
        now += after_ms;
        let at = UnixMs::from_millis(now);
        match came {
            Came::Book(below, above) => {
                let (below, above) = if is_mirrored {
                    (above, below)
                } else {
                    (below, above)
                };
                tape.book(&Book {
                    as_of_ms: at,
                    bids: levels(below, -1.0),
                    asks: levels(above, 1.0),
                });
            }
            Came::Trade(tick, size, taker) => {
                let sign = if is_mirrored { -1.0 } else { 1.0 };
                let taker = taker.map(|side| match (side, is_mirrored) {
                    (Side::Buy, false) | (Side::Sell, true) => Side::Buy,
                    (Side::Sell, false) | (Side::Buy, true) => Side::Sell,
                });
                tape.trade(&Trade {
                    time_ms: at,
                    price: Price::new(MIDDLE + sign * f64::from(*tick)).unwrap(),
                    size_base: Amount::new(*size).unwrap(),
                    taker,
                    id: 0,
                });
            }
            Came::Interruption => tape.interrupted(),
        }
    }
    tape.flow().map(|flow| flow.sums)
}

fn is_about(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 1e-9 * scale.max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_part_is_never_more_than_its_whole(stream in proptest::collection::vec((0..3_000_u64, came()), 0..80)) {
        let Some(found) = sums(&stream, false) else { return Ok(()); };
        let all = found.shown.sum() + found.taken.sum();
        prop_assert!(all.is_finite() && found.steps > 0);
        prop_assert!(found.net_flow.abs() <= found.all_flow * (1.0 + 1e-12));
        for of in [|sides: &Sides| sides.bids, |sides: &Sides| sides.asks] {
            let parts = [of(&found.fleeting), of(&found.restored)];
            prop_assert!(parts.iter().all(|part| *part >= 0.0), "{found:?}");
            prop_assert!(parts[0] <= of(&found.shown) + 1e-9 * all, "{found:?}");
            prop_assert!(parts[1] <= of(&found.taken) + 1e-9 * all, "{found:?}");
        }
    }

    #[test]
    fn a_mirrored_stream_has_the_mirrored_sums(stream in proptest::collection::vec((0..3_000_u64, came()), 0..80)) {
        let (found, other) = (sums(&stream, false), sums(&stream, true));
        prop_assert_eq!(found.is_some(), other.is_some());
        let (Some(found), Some(other)) = (found, other) else { return Ok(()); };
        prop_assert_eq!((found.steps, found.trades, found.observed_ms), (other.steps, other.trades, other.observed_ms));
        prop_assert!(is_about(found.net_flow, -other.net_flow, found.all_flow));
        for (one, mirrored) in [
            (found.shown, other.shown),
            (found.fleeting, other.fleeting),
            (found.taken, other.taken),
            (found.restored, other.restored),
        ] {
            prop_assert!(is_about(one.bids, mirrored.asks, one.sum()), "{one:?} {mirrored:?}");
            prop_assert!(is_about(one.asks, mirrored.bids, one.sum()), "{one:?} {mirrored:?}");
        }
    }
}

/// What a stream brought, from the file that the oracle reads.
fn heard(came: &Value) -> BookFlow {
    let mut tape = BookFlowTape::default();
    let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
    let number = |value: &Value| value.as_f64().unwrap();
    for one in came.as_array().unwrap() {
        match one[0].as_str().unwrap() {
            "interruption" => tape.interrupted(),
            "trade" => tape.trade(&Trade {
                time_ms: UnixMs::from_millis(one[1].as_u64().unwrap()),
                taker: Some(if one[2] == "buy" {
                    Side::Buy
                } else {
                    Side::Sell
                }),
                price: Price::new(number(&one[3])).unwrap(),
                size_base: Amount::new(number(&one[4])).unwrap(),
                id: 0,
            }),
            _ => {
                for (side, levels) in [(&mut bids, &one[2]), (&mut asks, &one[3])] {
                    for level in levels.as_array().unwrap() {
                        let (price, size) = (number(&level[0]), number(&level[1]));
                        side.insert(price.to_bits(), (price, size));
                        side.retain(|_, (_, size)| *size > 0.0);
                    }
                }
                let level = |(price, size): &(f64, f64)| Level {
                    price: Price::new(*price).unwrap(),
                    size_base: Amount::new(*size).unwrap(),
                };
                tape.book(&Book {
                    as_of_ms: UnixMs::from_millis(one[1].as_u64().unwrap()),
                    bids: bids.values().rev().map(level).collect(),
                    asks: asks.values().map(level).collect(),
                });
            }
        }
    }
    tape.flow().unwrap()
}

/// The oracle computes the same figures from the same stream by itself (`tests/oracle/streamed.py`).
#[test]
fn what_the_oracle_checks_is_what_is_made_of_what_a_stream_brought() {
    const HEARD: &str = include_str!("../../../../tests/oracle/streamed/heard.json");
    let heard_json: Value = serde_json::from_str(HEARD).unwrap();
    let flow = heard(&heard_json["came"]);
    let (liquidated, ticker) = (&heard_json["liquidated"], &heard_json["ticker"]);
    let liquidated = LiquidatedLately {
        long_usd: liquidated["long_usd"].as_f64().unwrap(),
        short_usd: liquidated["short_usd"].as_f64().unwrap(),
        span_ms: liquidated["span_ms"].as_u64().unwrap(),
    };
    let turnover = ticker["last"].as_f64().unwrap() * ticker["volume_base_24h"].as_f64().unwrap();
    let reading = |reading: Option<Reading>| {
        let reading = reading.unwrap();
        json!([reading.lean.get(), reading.figure])
    };
    let published = json!({
        "order_flow_imbalance": reading(order_flow_imbalance(&flow)),
        "fleeting_orders": reading(fleeting_orders(&flow)),
        "absorption": reading(absorption(&flow)),
        "liquidations": reading(liquidations(&liquidated, turnover)),
    });
    expect_test::expect_file!["../../../../tests/oracle/streamed/published.json"]
        .assert_eq(&format!("{published:#}\n"));
}
