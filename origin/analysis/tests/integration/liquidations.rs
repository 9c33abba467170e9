//! The tape of liquidations: its sums are those of what was heard, and none is of more than that.

use analysis::liquidations::{
    CASCADE_WINDOW_MS, LiquidationTape, MAX_INTERRUPTION_MS, MAX_STALL_MS, Taken,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::market::liquidations::{Liquidation, Position};
use shared::provenance::{Feed, Source, Venue};
use shared::snapshot::liquidations::{LIQUIDATION_DAY_MS, Liquidations};
use shared::units::{Amount, HOUR_MS, MINUTE_MS, Price, UnixMs};

const START: UnixMs = UnixMs::from_millis(1_788_870_000_000);

const SOURCE: Source = Source::live(Venue::Bybit);

/// How often a sign of life comes.
const BEAT_MS: u64 = 2_000;

fn liquidation(at: UnixMs, position: Position, size: f64) -> Liquidation {
    Liquidation {
        time_ms: at,
        symbol: "BTCUSDT".to_owned(),
        position,
        size_base: Amount::new(size).unwrap(),
        bankruptcy_price: Price::new(100.0).unwrap(),
    }
}

/// A tape and its clock.
struct Listener {
    tape: LiquidationTape,
    now: UnixMs,
}

impl Listener {
    fn new() -> Self {
        let mut listener = Self {
            tape: LiquidationTape::default(),
            now: START,
        };
        listener.connect();
        listener
    }

    fn connect(&mut self) -> &mut Self {
        self.tape.opened(SOURCE);
        let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT"].map(str::to_owned);
        self.tape.listens_to(symbols.into());
        self.tape.confirmed(self.now);
        self
    }

    /// Hears signs of life for so long.
    fn listen(&mut self, millis: u64) -> &mut Self {
        let until = self.now.plus_millis(millis);
        while self.now < until {
            self.now = self
                .now
                .plus_millis(BEAT_MS.min(until.millis_since(self.now)));
            self.tape.alive(self.now);
        }
        self
    }

    /// Time passes unheard.
    fn miss(&mut self, millis: u64) -> &mut Self {
        self.now = self.now.plus_millis(millis);
        self
    }

    fn hear(&mut self, position: Position, size: f64) -> Taken {
        self.tape
            .take(&liquidation(self.now, position, size), self.now)
    }

    #[track_caller]
    fn section(&self) -> Liquidations {
        let dated = self.tape.section().unwrap();
        assert_eq!(dated.value.check(dated.as_of_ms), Ok(()));
        dated.value
    }

    /// The sums of the three windows, USD of longs and shorts.
    #[track_caller]
    fn sums(&self) -> [Option<(f64, f64)>; 3] {
        let section = self.section();
        [section.last_1h, section.last_4h, section.last_24h].map(|sum| {
            let sum = sum?;
            Some((sum.long_usd.get(), sum.short_usd.get()))
        })
    }
}

#[test]
fn lately_is_an_hour_or_since_it_is_observed() {
    let mut listener = Listener::new();
    listener.listen(1_000);
    listener.hear(Position::Long, 2.0);
    listener.listen(9_000);
    listener.hear(Position::Short, 3.0);
    let of = |listener: &Listener| {
        let lately = listener.tape.lately().unwrap();
        assert_eq!(lately.as_of_ms, listener.now);
        let of = |symbol| {
            let of = lately.of(symbol)?;
            Some((of.long_usd, of.short_usd, of.span_ms))
        };
        [of("BTCUSDT"), of("ETHUSDT"), of("NEWUSDT")]
    };
    let expected = [Some((200.0, 300.0, 10_000)), Some((0.0, 0.0, 10_000)), None];
    assert_eq!(of(&listener), expected);
    // The first is over an hour ago, the second not.
    listener.listen(HOUR_MS - 9_000);
    let expected = [Some((0.0, 300.0, HOUR_MS)), Some((0.0, 0.0, HOUR_MS)), None];
    assert_eq!(of(&listener), expected);
    assert!(LiquidationTape::default().lately().is_none());
}

#[test]
fn a_sum_is_known_when_its_window_was_observed_and_not_before() {
    let mut listener = Listener::new();
    listener.listen(1_000);
    listener.hear(Position::Long, 2.0);
    listener.hear(Position::Short, 3.0);
    assert_eq!(listener.sums(), [None, None, None]);
    assert_eq!(listener.section().observed_since_ms, START);
    assert_eq!(listener.section().latest.len(), 2);
    listener.listen(HOUR_MS - 1_001);
    assert_eq!(listener.sums(), [None, None, None]);
    listener.listen(1);
    assert_eq!(listener.sums(), [Some((200.0, 300.0)), None, None]);
    listener.listen(3 * HOUR_MS);
    assert_eq!(
        listener.sums(),
        [Some((0.0, 0.0)), Some((200.0, 300.0)), None]
    );
    listener.listen(20 * HOUR_MS);
    let nothing = Some((0.0, 0.0));
    assert_eq!(listener.sums(), [nothing, nothing, Some((200.0, 300.0))]);
    listener.listen(2_000);
    assert_eq!(listener.sums(), [nothing; 3]);
    assert_eq!(listener.section().largest, None);
    assert_eq!(listener.section().observed_since_ms, START);
}

#[test]
fn before_the_venue_has_confirmed_anything_nothing_is_known() {
    let mut tape = LiquidationTape::default();
    assert!(tape.section().is_none());
    tape.opened(SOURCE);
    tape.take(&liquidation(START, Position::Long, 1.0), START);
    assert!(tape.section().is_none());
    tape.confirmed(START.plus_millis(1));
    let section = tape.section().unwrap().value;
    assert_eq!(section.latest, [], "it came before all topics were heard");
}

#[test]
fn a_short_interruption_is_stated_and_a_longer_one_begins_anew() {
    let mut listener = Listener::new();
    listener.listen(2 * HOUR_MS);
    listener.hear(Position::Long, 1.0);
    listener.tape.ended();
    listener.miss(MAX_INTERRUPTION_MS).connect();
    assert_eq!(listener.section().unheard_ms, MAX_INTERRUPTION_MS);
    assert_eq!(listener.sums()[0], Some((100.0, 0.0)));
    listener.tape.ended();
    listener.miss(MAX_INTERRUPTION_MS + 1).connect();
    let section = listener.section();
    assert_eq!(section.observed_since_ms, listener.now);
    assert_eq!((section.unheard_ms, section.latest.len()), (0, 0));
    assert_eq!(listener.sums(), [None; 3]);
}

#[test]
fn an_interruption_is_counted_from_the_last_sign_of_life() {
    let mut listener = Listener::new();
    listener.listen(2 * HOUR_MS);
    // The connection broke long before it was found to be broken.
    listener.miss(MAX_INTERRUPTION_MS + 1);
    listener.tape.ended();
    listener.connect();
    assert_eq!(listener.sums(), [None; 3]);
}

#[test]
fn without_a_connection_the_section_keeps_its_time() {
    let mut listener = Listener::new();
    listener.listen(2 * HOUR_MS);
    let heard = listener.now;
    listener.hear(Position::Long, 1.0);
    listener.tape.ended();
    listener.miss(MINUTE_MS);
    listener.tape.alive(listener.now);
    assert_eq!(listener.tape.section().unwrap().as_of_ms, heard);
    // What the next connection brings before it is confirmed is newer than the section.
    listener.tape.opened(SOURCE);
    listener.hear(Position::Short, 1.0);
    assert_eq!(listener.sums()[0], Some((100.0, 0.0)));
}

#[test]
fn what_a_new_connection_repeats_counts_once_and_equal_ones_of_one_connection_count_each() {
    let mut listener = Listener::new();
    listener.listen(2 * HOUR_MS);
    let one = liquidation(listener.now, Position::Long, 1.0);
    assert_eq!(listener.tape.take(&one, listener.now), Taken::Counted);
    assert_eq!(listener.tape.take(&one, listener.now), Taken::Counted);
    listener.tape.ended();
    listener.miss(1_000).connect();
    assert_eq!(listener.tape.take(&one, listener.now), Taken::Repeated);
    let others = [
        Liquidation {
            position: Position::Short,
            ..one.clone()
        },
        Liquidation {
            size_base: Amount::new(2.0).unwrap(),
            ..one.clone()
        },
        Liquidation {
            symbol: "ETHUSDT".to_owned(),
            ..one.clone()
        },
        Liquidation {
            bankruptcy_price: Price::new(101.0).unwrap(),
            ..one.clone()
        },
        Liquidation {
            time_ms: one.time_ms.plus_millis(1),
            ..one
        },
    ];
    for other in others {
        assert_eq!(listener.tape.take(&other, listener.now), Taken::Counted);
    }
}

#[test]
fn whatever_may_have_hidden_a_liquidation_begins_anew() {
    let began_anew = |change: fn(&mut Listener)| {
        let mut listener = Listener::new();
        listener.listen(2 * HOUR_MS);
        listener.hear(Position::Long, 1.0);
        listener.miss(1);
        change(&mut listener);
        listener.section().observed_since_ms > START
    };
    assert!(began_anew(|it| it.tape.lost(it.now)));
    // The machine slept, or the clock was set.
    assert!(began_anew(|it| {
        it.miss(MAX_STALL_MS + 1);
        it.tape.alive(it.now);
    }));
    assert!(!began_anew(|it| {
        it.miss(MAX_STALL_MS - 1);
        it.tape.alive(it.now);
    }));
    // Another market.
    assert!(began_anew(|it| {
        it.tape.ended();
        it.tape.opened(Source {
            feed: Feed::Simulated,
            ..SOURCE
        });
        it.tape.confirmed(it.now);
    }));
    // Lost between the beginning of a connection and the confirmation.
    assert!(began_anew(|it| {
        it.tape.ended();
        it.tape.opened(SOURCE);
        it.tape.lost(it.now);
        it.tape.confirmed(it.now);
    }));
    let mut back = Listener::new();
    back.listen(2 * HOUR_MS);
    back.now = START;
    back.tape.alive(back.now);
    assert_eq!(back.sums(), [None; 3], "the clock was set back");
}

#[test]
fn a_liquidation_that_could_not_be_read_is_counted_as_such() {
    let mut listener = Listener::new();
    listener.tape.refuse();
    assert_eq!(listener.section().refused, 1);
}

#[test]
fn more_than_can_be_remembered_shortens_what_was_observed() {
    let mut listener = Listener {
        tape: LiquidationTape::with_capacity(10),
        now: START,
    };
    listener.connect().listen(2 * HOUR_MS);
    for _ in 0..10 {
        listener.hear(Position::Long, 1.0);
        listener.listen(1_000);
    }
    assert_eq!(listener.sums()[0], Some((1_000.0, 0.0)));
    let first = START.plus_millis(2 * HOUR_MS);
    listener.hear(Position::Long, 1.0);
    assert_eq!(listener.sums(), [None; 3]);
    assert_eq!(listener.section().observed_since_ms, first.plus_millis(1));
}

#[test]
fn a_venue_clock_ahead_of_ours_puts_nothing_after_the_section() {
    let mut listener = Listener::new();
    let ahead = liquidation(START.plus_millis(3_000), Position::Long, 1.0);
    listener.tape.take(&ahead, START);
    assert_eq!(listener.section().latest[0].time_ms, START);
}

#[test]
fn what_was_liquidated_before_anybody_listened_is_not_counted() {
    let mut listener = Listener::new();
    let before = UnixMs::from_millis(START.as_millis() - 1);
    for (at, taken) in [(before, Taken::Earlier), (START, Taken::Counted)] {
        let one = liquidation(at, Position::Long, 1.0);
        assert_eq!(listener.tape.take(&one, START), taken);
    }
    assert_eq!(listener.section().latest.len(), 1);
}

#[test]
fn a_cascade_is_measured_by_an_hour_of_windows_before_it() {
    let mut listener = Listener::new();
    // Thirteen windows with 100, 200, … 1,300 USD; the last but one is the newest earlier one.
    for window in 1..=13_u32 {
        assert_eq!(listener.tape.cascade(), None, "before window {window}");
        listener.listen(CASCADE_WINDOW_MS / 2);
        listener.hear(Position::Short, f64::from(window));
        listener.listen(CASCADE_WINDOW_MS / 2);
    }
    let cascade = listener.tape.cascade().unwrap();
    assert_eq!(cascade.windows, 12);
    assert_eq!(cascade.sides.short_usd.get(), 1_300.0);
    // The median of 100…1,200 is 650; the distances from it are 50, 50, 150, 150, … 550, 550.
    assert_eq!(cascade.median_usd.get(), 650.0);
    assert_eq!(cascade.mad_usd.get(), 300.0);
}

/// The oracle computes the same figures from the same liquidations by itself
/// (`tests/oracle/liquidations.py`).
#[test]
fn what_the_oracle_checks_is_what_the_tape_makes_of_what_was_heard() {
    const HEARD: &str = include_str!("../../../../tests/oracle/liquidations/heard.json");
    let heard: Value = serde_json::from_str(HEARD).unwrap();
    let time = |value: &Value| UnixMs::from_millis(value.as_u64().unwrap());
    let mut listener = Listener {
        tape: LiquidationTape::default(),
        now: time(&heard["observed_since_ms"]),
    };
    listener.connect();
    for row in heard["rows"].as_array().unwrap() {
        let pause_ms = time(&row[0]).millis_since(listener.now);
        listener.listen(pause_ms);
        let one = Liquidation {
            time_ms: listener.now,
            symbol: row[1].as_str().unwrap().to_owned(),
            position: serde_json::from_value(row[2].clone()).unwrap(),
            size_base: serde_json::from_value(row[3].clone()).unwrap(),
            bankruptcy_price: serde_json::from_value(row[4].clone()).unwrap(),
        };
        assert_eq!(listener.tape.take(&one, listener.now), Taken::Counted);
    }
    assert_eq!(listener.now, time(&heard["as_of_ms"]));
    let cascade = listener.tape.cascade().unwrap();
    let mut with_deviations = serde_json::to_value(cascade).unwrap();
    with_deviations["deviations"] = json!(cascade.deviations());
    let published = json!({ "section": listener.section(), "cascade": with_deviations });
    expect_test::expect_file!["../../../../tests/oracle/liquidations/published.json"]
        .assert_eq(&format!("{published:#}\n"));
}

/// What may happen to a listener.
#[derive(Clone, Debug)]
enum Step {
    Listen(u64),
    Miss(u64),
    Hear(bool, u32, u64),
    End,
    Connect,
    Lose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..3 * HOUR_MS).prop_map(Step::Listen),
        1 => (1..MINUTE_MS).prop_map(Step::Miss),
        1 => (1..MAX_INTERRUPTION_MS).prop_map(Step::Miss),
        12 => (any::<bool>(), 1..1_000_u32, 0..20_000_u64).prop_map(|(long, size, late)| Step::Hear(long, size, late)),
        1 => Just(Step::End),
        3 => Just(Step::Connect),
        1 => Just(Step::Lose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_a_sum_is_that_of_what_was_heard_in_a_window_that_was_observed(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut listener = Listener::new();
        let mut is_connected = true;
        // What counted, whatever became of the tape since.
        let mut counted: Vec<(UnixMs, bool, f64)> = Vec::new();
        for step in steps {
            match step {
                Step::Listen(millis) if is_connected => { listener.listen(millis); }
                Step::Listen(millis) | Step::Miss(millis) => { listener.miss(millis); }
                Step::Hear(is_long, size, late) if is_connected => {
                    let at = UnixMs::from_millis(listener.now.as_millis() - late);
                    let position = if is_long { Position::Long } else { Position::Short };
                    let one = liquidation(at, position, f64::from(size));
                    if listener.tape.take(&one, listener.now) == Taken::Counted {
                        counted.push((at, is_long, f64::from(size) * 100.0));
                    }
                }
                Step::Hear(..) => {}
                Step::End => { listener.tape.ended(); is_connected = false; }
                Step::Connect => { listener.connect(); is_connected = true; }
                Step::Lose => listener.tape.lost(listener.now),
            }
            let Some(dated) = listener.tape.section() else { continue };
            let (section, as_of) = (dated.value, dated.as_of_ms);
            prop_assert_eq!(section.check(as_of), Ok(()));
            prop_assert!(as_of <= listener.now);
            for (window_ms, sum) in [
                (HOUR_MS, section.last_1h),
                (4 * HOUR_MS, section.last_4h),
                (LIQUIDATION_DAY_MS, section.last_24h),
            ] {
                let is_observed = as_of.millis_since(section.observed_since_ms) >= window_ms;
                prop_assert_eq!(sum.is_some(), is_observed);
                let Some(sum) = sum else { continue };
                let total = |long: bool| -> f64 {
                    counted
                        .iter()
                        .filter(|(at, is_long, _)| *is_long == long && *at <= as_of && as_of.millis_since(*at) < window_ms)
                        .map(|(_, _, value)| value)
                        .sum()
                };
                prop_assert_eq!((sum.long_usd.get(), sum.short_usd.get()), (total(true), total(false)));
            }
            if let Some(cascade) = listener.tape.cascade() {
                prop_assert!(as_of.millis_since(section.observed_since_ms) >= CASCADE_WINDOW_MS * (cascade.windows as u64 + 1).min(288));
            }
        }
    }
}
