//! The one door: for each rule, a good snapshot that breaks it and nothing else.

use crate::support::{
    NO_BASELINE, NOW, Scene, admit, ago, amount, fear_greed, global_market, good_snapshot, known,
    percent,
};
use analysis::scores::combine::combine;
use shared::analysis::scores::{MAX_CARRIED_AGE_MS, MAX_HISTORY};
use shared::assemble::Slow;
use shared::freshness::Limits;
use shared::provenance::{Source, Venue};
use shared::snapshot::{
    Breadth, Coverage, Lack, Perps, Producer, ScoreBasis, ScoreRow, Section, Snapshot,
};
use shared::units::{Score, UnixMs};
use shared::validate::{
    Baseline, Counted, Expected, MIN_SCORES, Rejection, Rejections, ValidSnapshot, Warning,
};
use std::collections::BTreeMap;

/// What the door says after one change to a good snapshot.
#[track_caller]
fn verdict(change: impl FnOnce(&mut Snapshot)) -> Result<ValidSnapshot, Rejections> {
    let mut snapshot = good_snapshot();
    change(&mut snapshot);
    admit(snapshot)
}

/// The change breaks this rule and no other.
#[track_caller]
fn check(change: impl FnOnce(&mut Snapshot), expected: Rejection) {
    let rejections = verdict(change).expect_err("the door let it through");
    assert_eq!(
        (rejections.label(), rejections.to_string()),
        (expected.label(), expected.to_string())
    );
    assert_eq!(rejections.all(), [expected]);
}

#[track_caller]
fn check_admitted(change: impl FnOnce(&mut Snapshot)) {
    assert_eq!(verdict(change).err(), None);
}

fn text(symbol: &str) -> String {
    symbol.to_owned()
}

#[test]
fn a_good_snapshot_passes_without_a_warning() {
    let valid = Scene::good().valid();
    assert_eq!(valid.warnings(), []);
    assert_eq!(
        valid.get(),
        &good_snapshot(),
        "the door changed what passed it"
    );
}

#[test]
fn seconds_are_not_taken_for_milliseconds() {
    let seconds = UnixMs::from_millis(NOW.as_secs());
    let implausible = |field| Rejection::ImplausibleTime {
        field,
        found: seconds,
    };
    check(
        |snapshot| snapshot.as_of_ms = seconds,
        implausible("as_of_ms"),
    );
    check(
        |snapshot| snapshot.generated_at_ms = seconds,
        implausible("generated_at_ms"),
    );
    check(
        |snapshot| snapshot.universe.as_of_ms = seconds,
        implausible("universe.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.global_market, seconds),
        implausible("global_market.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.defi_market, seconds),
        implausible("defi_market.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.fear_greed, seconds),
        implausible("fear_greed.as_of_ms"),
    );
}

#[test]
fn a_time_ahead_of_the_reader_is_refused() {
    let ahead = |field| Rejection::FromTheFuture {
        field,
        ahead_ms: 5_001,
    };
    let moment = NOW.plus_millis(5_001);
    check(|snapshot| snapshot.as_of_ms = moment, ahead("as_of_ms"));
    check(
        |snapshot| snapshot.generated_at_ms = moment,
        ahead("generated_at_ms"),
    );
    check(
        |snapshot| snapshot.universe.as_of_ms = moment,
        ahead("universe.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.global_market, moment),
        ahead("global_market.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.defi_market, moment),
        ahead("defi_market.as_of_ms"),
    );
    check(
        |snapshot| move_section(&mut snapshot.fear_greed, moment),
        ahead("fear_greed.as_of_ms"),
    );
}

#[test]
fn clocks_may_differ_a_little() {
    check_admitted(|snapshot| snapshot.as_of_ms = NOW.plus_millis(5_000));
}

fn move_section<T>(section: &mut Section<T>, to: UnixMs) {
    match section {
        Section::Present { as_of_ms, .. } => *as_of_ms = to,
        Section::Absent { .. } => *section = Section::absent("the_good_snapshot_lacks_it"),
    }
}

#[test]
fn age_alone_is_not_judged_at_the_door() {
    check_admitted(|snapshot| snapshot.as_of_ms = ago(86_400_000));
}

#[test]
fn bitcoin_and_ether_must_have_a_price() {
    // Their other figures may be odd, so that they have no score.
    for symbol in ["BTCUSDT", "ETHUSDT"] {
        check_admitted(|snapshot| snapshot.scores.retain(|row| row.symbol != symbol));
    }
    let without_ether = |snapshot: &mut Snapshot| {
        snapshot.scores.retain(|row| row.symbol != "ETHUSDT");
        snapshot.overview.eth_price = None;
    };
    check(without_ether, Rejection::MajorMissing { symbol: "ETHUSDT" });
}

#[test]
fn fewer_scores_than_a_dashboard_needs_are_refused() {
    check(
        |snapshot| keep_scores(snapshot, MIN_SCORES - 1),
        Rejection::TooFewScores {
            found: MIN_SCORES - 1,
        },
    );
    check_admitted(|snapshot| keep_scores(snapshot, MIN_SCORES));
}

/// Shortens the list without losing the two majors.
fn keep_scores(snapshot: &mut Snapshot, count: usize) {
    let is_major = |row: &ScoreRow| ["BTCUSDT", "ETHUSDT"].contains(&row.symbol.as_str());
    let mut room = count - snapshot.scores.iter().filter(|row| is_major(row)).count();
    snapshot.scores.retain(|row| {
        let minor_kept = !is_major(row) && room > 0;
        room -= usize::from(minor_kept);
        minor_kept || is_major(row)
    });
}

#[test]
fn fewer_than_four_fifths_of_the_usual_contracts_are_refused() {
    let at = |contracts| {
        let expected = Some(Expected {
            counted: Counted::BYBIT,
            contracts,
        });
        ValidSnapshot::admit(good_snapshot(), NOW, Baseline { expected })
    };
    assert!(at(75).is_ok(), "60 are exactly four fifths of 75");
    assert_eq!(
        at(76).unwrap_err().all(),
        [Rejection::TooFewContracts {
            found: 60,
            usual: 76
        }]
    );
    assert!(
        ValidSnapshot::admit(good_snapshot(), NOW, NO_BASELINE).is_ok(),
        "nothing is usual at the start"
    );
}

#[test]
fn one_unusable_row_in_twenty_is_borne_and_more_are_not() {
    check(
        |snapshot| snapshot.coverage.refused = 4,
        Rejection::TooManyRowsRefused {
            refused: 4,
            rows: 64,
        },
    );
    check_admitted(|snapshot| snapshot.coverage.refused = 3);
}

#[test]
fn what_is_no_symbol_is_refused_in_every_list() {
    for bad in ["SYSTEM_STATUS", "", "<img src=x>", "BTC USDT"] {
        let malformed = || Rejection::MalformedSymbol { symbol: text(bad) };
        check(|snapshot| rename_minor(snapshot, bad), malformed());
        check(
            |snapshot| snapshot.movers.gainers[0].symbol = text(bad),
            malformed(),
        );
        check(
            |snapshot| snapshot.movers.losers[0].symbol = text(bad),
            malformed(),
        );
        check(
            |snapshot| snapshot.volume_leaders[2].symbol = text(bad),
            malformed(),
        );
    }
}

/// Renames a scored contract that is neither Bitcoin nor Ether.
fn rename_minor(snapshot: &mut Snapshot, symbol: &str) {
    let minor = snapshot
        .scores
        .iter_mut()
        .find(|row| row.symbol.starts_with("COIN"));
    minor.expect("a scored coin").symbol = text(symbol);
}

#[test]
fn what_is_not_listed_is_refused_in_every_list() {
    let foreign = |list| Rejection::ForeignSymbol {
        symbol: text("AAPLUSDT"),
        list,
    };
    check(
        |snapshot| rename_minor(snapshot, "AAPLUSDT"),
        foreign("scores"),
    );
    check(
        |snapshot| snapshot.movers.gainers[0].symbol = text("AAPLUSDT"),
        foreign("gainers"),
    );
    check(
        |snapshot| snapshot.movers.losers[0].symbol = text("AAPLUSDT"),
        foreign("losers"),
    );
    check(
        |snapshot| snapshot.volume_leaders[2].symbol = text("AAPLUSDT"),
        foreign("volume_leaders"),
    );
}

#[test]
fn a_symbol_stands_once_in_every_list() {
    let twice = |list, symbol: &str| Rejection::RepeatedSymbol {
        symbol: text(symbol),
        list,
    };
    let good = good_snapshot();
    let (gainer, loser) = (
        &good.movers.gainers[0].symbol,
        &good.movers.losers[0].symbol,
    );
    check(
        |snapshot| rename_minor(snapshot, "BTCUSDT"),
        twice("scores", "BTCUSDT"),
    );
    check(
        |snapshot| snapshot.movers.gainers[1].symbol.clone_from(gainer),
        twice("gainers", gainer),
    );
    check(
        |snapshot| snapshot.movers.losers[1].symbol.clone_from(loser),
        twice("losers", loser),
    );
    check(
        |snapshot| snapshot.volume_leaders[2].symbol = text("ETHUSDT"),
        twice("volume_leaders", "ETHUSDT"),
    );
}

#[test]
fn every_ordered_list_is_in_its_order() {
    let good = good_snapshot();
    let unordered = |list, symbol: &str| Rejection::OutOfOrder {
        list,
        symbol: text(symbol),
    };
    assert!(
        good.scores[0].score > good.scores[1].score,
        "the test needs two different scores"
    );
    check(
        |snapshot| snapshot.scores.swap(0, 1),
        unordered("scores", &good.scores[0].symbol),
    );
    let rise = |snapshot: &mut Snapshot| snapshot.movers.gainers[1].change_24h = percent(99.0);
    check(rise, unordered("gainers", &good.movers.gainers[1].symbol));
    let fall = |snapshot: &mut Snapshot| snapshot.movers.losers[1].change_24h = percent(-99.0);
    check(fall, unordered("losers", &good.movers.losers[1].symbol));
}

#[test]
fn a_gainer_has_risen_and_a_loser_has_fallen() {
    let good = good_snapshot();
    let wrong = |list, symbol: &str, change_pct| Rejection::WrongSign {
        symbol: text(symbol),
        list,
        change_pct,
    };
    let last = good.movers.gainers.len() - 1;
    let (gainer, loser) = (
        &good.movers.gainers[last].symbol,
        &good.movers.losers[last].symbol,
    );
    check(
        |snapshot| snapshot.movers.gainers[last].change_24h = percent(-1.0),
        wrong("gainers", gainer, -1.0),
    );
    check(
        |snapshot| snapshot.movers.losers[last].change_24h = percent(1.0),
        wrong("losers", loser, 1.0),
    );
}

#[test]
fn a_mover_below_the_turnover_floor_is_refused() {
    let good = good_snapshot();
    let below = |list, symbol: &str| Rejection::BelowFloor {
        symbol: text(symbol),
        list,
        turnover_usd: 999_999.99,
        floor_usd: 1_000_000.0,
    };
    let thin = amount(999_999.99);
    check(
        |snapshot| snapshot.movers.gainers[0].turnover_24h = thin,
        below("gainers", &good.movers.gainers[0].symbol),
    );
    check(
        |snapshot| snapshot.movers.losers[0].turnover_24h = thin,
        below("losers", &good.movers.losers[0].symbol),
    );
    check_admitted(|snapshot| snapshot.movers.losers[0].turnover_24h = amount(1_000_000.0));
}

#[test]
fn breadth_counts_every_priced_contract_once() {
    check(
        |snapshot| snapshot.breadth.flat += 1,
        Rejection::CountsDisagree {
            counted: 61,
            priced: 60,
        },
    );
    check(
        |snapshot| snapshot.coverage.priced = 59,
        Rejection::CountsDisagree {
            counted: 60,
            priced: 59,
        },
    );
    // The change of a few contracts may be unknown: up to one in five.
    let without = |snapshot: &mut Snapshot, contracts: usize| {
        let up = snapshot.breadth.up.min(contracts);
        snapshot.breadth.up -= up;
        snapshot.breadth.down -= contracts - up;
    };
    check_admitted(|snapshot| without(snapshot, 12));
    check(
        |snapshot| without(snapshot, 13),
        Rejection::CountsDisagree {
            counted: 47,
            priced: 60,
        },
    );
    let overflowing = Rejection::CountsDisagree {
        counted: usize::MAX,
        priced: 60,
    };
    check(|snapshot| snapshot.breadth.up = usize::MAX, overflowing);
}

#[test]
fn a_market_without_a_price_is_refused() {
    let emptied = |snapshot: &mut Snapshot| {
        snapshot.coverage = Coverage {
            listed: 60,
            priced: 0,
            refused: 0,
            unlisted: None,
        };
        snapshot.breadth = Breadth {
            up: 0,
            down: 0,
            flat: 0,
            percentage: None,
            mood: None,
        };
    };
    check(
        emptied,
        Rejection::CountsDisagree {
            counted: 0,
            priced: 0,
        },
    );
}

#[test]
fn a_score_never_contradicts_its_basis() {
    let unknown = || Some(Box::new(combine(&BTreeMap::new())));
    let contradicted = || Rejection::BasisContradicted {
        symbol: good_snapshot().scores[0].symbol.clone(),
    };
    check(
        |snapshot| snapshot.scores[0].confluence = unknown(),
        contradicted(),
    );
    check(
        |snapshot| snapshot.scores[0].score_basis = ScoreBasis::SixDimension,
        contradicted(),
    );
    check(
        |snapshot| snapshot.scores[0].momentum_score = None,
        contradicted(),
    );
    check(
        |snapshot| snapshot.scores[0].momentum_score = Score::new(50.0).ok(),
        contradicted(),
    );
}

#[test]
fn a_score_is_not_of_another_time_than_its_prices() {
    let snapshot = good_snapshot();
    let symbol = || snapshot.scores[2].symbol.clone();
    let at = |time: UnixMs| {
        move |snapshot: &mut Snapshot| snapshot.scores[2].score_as_of_ms = Some(time)
    };
    let later = snapshot.as_of_ms.plus_millis(1);
    check(
        at(later),
        Rejection::ScoreOfAnotherTime {
            symbol: symbol(),
            scored_at: later,
        },
    );
    let earlier = |ms| UnixMs::from_millis(snapshot.generated_at_ms.as_millis() - ms);
    let old = earlier(MAX_CARRIED_AGE_MS + 1);
    check(
        at(old),
        Rejection::ScoreOfAnotherTime {
            symbol: symbol(),
            scored_at: old,
        },
    );
    check_admitted(at(earlier(MAX_CARRIED_AGE_MS)));
}

#[test]
fn a_history_longer_than_a_day_of_hours_is_refused() {
    let score = good_snapshot().scores[0].score;
    let with = |count: usize| {
        move |snapshot: &mut Snapshot| snapshot.scores[3].score_history = vec![score; count]
    };
    let symbol = good_snapshot().scores[3].symbol.clone();
    check(
        with(MAX_HISTORY + 1),
        Rejection::HistoryTooLong {
            symbol,
            found: MAX_HISTORY + 1,
        },
    );
    check_admitted(with(MAX_HISTORY));
}

#[test]
fn a_market_in_which_nothing_was_traded_is_refused() {
    check(
        |snapshot| snapshot.overview.total_turnover = Some(amount(0.0)),
        Rejection::NoTurnover { found: 0.0 },
    );
}

#[test]
fn texts_of_others_are_refused_where_ours_belong() {
    let foreign = |field| Rejection::ForeignText { field };
    for bad in ["<b>x</b>", "", "a&b", "{}"] {
        check(
            |snapshot| snapshot.fallback_reason = Some(text(bad)),
            foreign("fallback_reason"),
        );
        check(
            |snapshot| snapshot.global_market = Section::absent(bad),
            foreign("global_market.reason"),
        );
        check(
            |snapshot| snapshot.defi_market = Section::absent(bad),
            foreign("defi_market.reason"),
        );
        check(
            |snapshot| snapshot.fear_greed = Section::absent(bad),
            foreign("fear_greed.reason"),
        );
        check(
            |snapshot| snapshot.regime.label = text(bad),
            foreign("regime.label"),
        );
        check(
            |snapshot| snapshot.regime.breadth = text(bad),
            foreign("regime.breadth"),
        );
        check(
            |snapshot| snapshot.regime.dispersion = text(bad),
            foreign("regime.dispersion"),
        );
        check(
            |snapshot| snapshot.regime.sentiment = Some(text(bad)),
            foreign("regime.sentiment"),
        );
        check(
            |snapshot| relabel(snapshot, bad),
            foreign("fear_greed.label"),
        );
    }
}

fn relabel(snapshot: &mut Snapshot, label: &str) {
    if let Section::Present { value, .. } = &mut snapshot.fear_greed {
        value.label = text(label);
    }
}

#[test]
fn every_broken_rule_is_told_and_not_only_the_first() {
    let broken = verdict(|snapshot| {
        snapshot.overview.total_turnover = Some(amount(0.0));
        snapshot.fallback_reason = Some(text("Origin is down"));
    });
    let rejections = broken.unwrap_err();
    assert_eq!(
        rejections.all(),
        [
            Rejection::NoTurnover { found: 0.0 },
            Rejection::ForeignText {
                field: "fallback_reason"
            }
        ]
    );
    assert_eq!(rejections.label(), "no_turnover");
    assert_eq!(
        rejections.to_string(),
        "total turnover is 0 USD; fallback_reason is no plain text"
    );
}

/// Lists further contracts, which have no ticker.
fn list_more(snapshot: &mut Snapshot, count: usize) {
    snapshot
        .universe
        .contracts
        .extend((0..count).map(|index| (format!("LISTED{index}USDT"), None)));
    snapshot.coverage.listed += count;
}

#[test]
fn counts_beyond_all_counting_are_refused_and_do_not_overflow() {
    let broken = verdict(|snapshot| snapshot.coverage.refused = usize::MAX).unwrap_err();
    assert_eq!(broken.label(), "too_many_rows_refused");
}

#[test]
fn the_number_of_listed_contracts_is_that_of_the_list() {
    check(
        |snapshot| snapshot.coverage.listed += 1,
        Rejection::ListedDisagrees {
            counted: good_snapshot().coverage.listed + 1,
            listed: good_snapshot().coverage.listed,
        },
    );
}

#[test]
fn a_listed_contract_has_a_symbol_and_a_possible_interval() {
    let listed = |symbol: &str, hours| {
        let symbol = symbol.to_owned();
        move |snapshot: &mut Snapshot| {
            snapshot.universe.contracts.insert(symbol, hours);
            snapshot.coverage.listed = snapshot.universe.len();
        }
    };
    check(
        listed("<b>", None),
        Rejection::MalformedSymbol {
            symbol: text("<b>"),
        },
    );
    check(
        listed("NEWUSDT", Some(-5.0)),
        Rejection::ImplausibleInterval {
            symbol: text("NEWUSDT"),
            hours: -5.0,
        },
    );
}

#[test]
fn turnover_leaders_come_most_first() {
    let third = good_snapshot().volume_leaders[2].symbol.clone();
    check(
        |snapshot| snapshot.volume_leaders.swap(2, 3),
        Rejection::OutOfOrder {
            list: "volume_leaders",
            symbol: third,
        },
    );
}

#[test]
fn a_list_is_no_longer_than_it_may_be() {
    let broken = verdict(|snapshot| {
        let mut risen = snapshot.volume_leaders.clone();
        risen.retain(|row| row.change_24h.get() > 0.0);
        risen.sort_by(|a, b| b.change_24h.get().total_cmp(&a.change_24h.get()));
        snapshot.movers.gainers = risen;
    });
    let rows = good_snapshot()
        .volume_leaders
        .iter()
        .filter(|row| row.change_24h.get() > 0.0)
        .count();
    assert!(rows > 5, "the scene has too few gainers for this test");
    assert_eq!(
        broken.unwrap_err().all(),
        [Rejection::ListTooLong {
            list: "gainers",
            rows,
            limit: 5
        }]
    );
}

#[test]
fn a_market_worth_nothing_is_refused() {
    check(
        |snapshot| {
            if let Section::Present { value, .. } = &mut snapshot.global_market {
                value.total_market_cap = amount(0.0);
            }
        },
        Rejection::NotAboveZero {
            field: "global_market.total_market_cap",
        },
    );
}

#[test]
fn a_gainer_that_is_shown_as_zero_is_refused() {
    let broken = verdict(|snapshot| {
        if let Some(last) = snapshot.movers.gainers.last_mut() {
            last.change_24h = percent(0.0);
        }
    });
    assert_eq!(broken.unwrap_err().label(), "wrong_sign");
}

#[test]
fn what_is_unusual_is_told_and_admitted() {
    let thin = verdict(|snapshot| list_more(snapshot, 16)).unwrap();
    assert_eq!(
        thin.warnings(),
        [Warning::ThinCoverage {
            priced: 60,
            listed: 76
        }]
    );
    let refused = verdict(|snapshot| snapshot.coverage.refused = 1).unwrap();
    assert_eq!(refused.warnings(), [Warning::RowsRefused { refused: 1 }]);
    let outside =
        verdict(|snapshot| snapshot.scores[0].high_24h = snapshot.scores[0].low_24h).unwrap();
    assert_eq!(
        outside.warnings(),
        [Warning::OutsideRange {
            symbol: good_snapshot().scores[0].symbol.clone()
        }]
    );
}

#[track_caller]
fn check_quality(scene: &Scene<'_>, expected: f64) {
    assert_eq!(scene.valid().quality().get(), expected);
}

#[test]
fn quality_falls_when_a_part_ages_and_further_when_it_is_gone() {
    // Tickers 0.5, the whole market 0.1, DeFi 0.05, the index 0.05; neither analysis nor betas nor
    // charts.
    check_quality(&Scene::good(), 0.7);
    let aging = known(global_market(), Venue::CoinGecko, 3_600_000);
    check_quality(
        &Scene {
            global_market: aging,
            ..Scene::good()
        },
        0.65,
    );
    check_quality(
        &Scene {
            global_market: Slow::unknown("timeout"),
            ..Scene::good()
        },
        0.6,
    );
    check_quality(
        &Scene {
            defi_market: Slow::unknown("timeout"),
            ..Scene::good()
        },
        0.65,
    );
    let overdue = known(fear_greed(), Venue::AlternativeMe, 47 * 3_600_000);
    let overdue = match overdue {
        Slow::Known(mut dated) => {
            dated.value.next_update_ms = Some(ago(23 * 3_600_000));
            Slow::Known(dated)
        }
        unknown @ Slow::Unknown(_) => unknown,
    };
    check_quality(
        &Scene {
            fear_greed: overdue,
            ..Scene::good()
        },
        0.675,
    );
    check_quality(&Scene::from_tickers_alone(), 0.5);
    let refused = verdict(|snapshot| snapshot.coverage.refused = 3).unwrap();
    assert!(refused.quality() < Scene::good().valid().quality());
}

#[test]
fn quality_falls_with_coverage() {
    let quality = |coverage: Coverage| {
        let valid = verdict(|snapshot| {
            list_more(snapshot, coverage.listed - 60);
            snapshot.coverage.unlisted = coverage.unlisted;
        });
        let valid = valid.unwrap();
        (valid.coverage().get(), valid.quality().get())
    };
    let of = |listed, unlisted| Coverage {
        listed,
        priced: 60,
        refused: 0,
        unlisted,
    };
    assert_eq!(quality(of(60, None)), (1.0, 0.7));
    assert_eq!(quality(of(120, Some(0))), (0.5, 0.35));
    assert_eq!(quality(of(60, Some(20))), (0.75, 0.525));
}

#[test]
fn class_then_completeness_then_time_decide_what_is_shown() {
    const SECOND: u64 = 1_000;
    let of = |age_ms: u64, producer: Producer| {
        verdict(|snapshot| {
            snapshot.as_of_ms = ago(age_ms);
            snapshot.producer = producer;
            if producer == Producer::SecondaryExchange {
                snapshot.tickers_source = Source::live(Venue::Okx);
                snapshot.perps = Perps {
                    contract_count: Some(60),
                    ..Perps::UNKNOWN
                };
                snapshot.contracts = Section::absent(Lack::UnknownToSecondaryExchange.label());
            }
        })
        .unwrap()
    };
    let is_better =
        |one: &ValidSnapshot, other: &ValidSnapshot| one.is_better(other, NOW, &Limits::DEFAULT);
    let (bybit, okx) = (Producer::BybitDirect, Producer::SecondaryExchange);
    let check = |better: ValidSnapshot, worse: ValidSnapshot| {
        assert!(
            is_better(&better, &worse),
            "{:?} is not taken",
            better.get().as_of_ms
        );
        assert!(
            !is_better(&worse, &better),
            "{:?} is taken",
            worse.get().as_of_ms
        );
    };
    check(of(1_000, bybit), of(2_000, bybit));
    // The same class: the fuller answer, although it is older by a little.
    check(of(9 * SECOND, bybit), of(SECOND, okx));
    // Another class: the younger answer, although it is less.
    check(of(SECOND, okx), of(16 * SECOND, bybit));
    // Fuller, but older than one refresh: what is held stays whichever it is.
    let (old, young) = (of(59 * SECOND, bybit), of(20 * SECOND, okx));
    assert!(
        !is_better(&old, &young),
        "it went back by more than a refresh"
    );
    // What lies in the future has no age, and yields to anything that has one.
    let ahead = of(0, bybit);
    let earlier = UnixMs::from_millis(NOW.as_millis() - 600_000);
    let of_then = verdict(|snapshot| snapshot.as_of_ms = earlier).unwrap();
    assert!(
        of_then.is_better(&ahead, earlier, &Limits::DEFAULT),
        "data from the future is kept"
    );
}

#[track_caller]
fn check_order(older: (u64, u64), younger: (u64, u64)) {
    let at = |(as_of, sequence): (u64, u64)| {
        let change = |snapshot: &mut Snapshot| {
            snapshot.as_of_ms = UnixMs::from_millis(as_of);
            snapshot.sequence = sequence;
        };
        verdict(change).unwrap()
    };
    assert!(
        at(younger).supersedes(&at(older), NOW),
        "younger data was not taken"
    );
    assert!(
        !at(older).supersedes(&at(younger), NOW),
        "older data took the place of younger"
    );
}

#[test]
fn older_data_never_supersedes_younger_whatever_its_number() {
    let now = NOW.as_millis();
    check_order((now - 1, 900), (now, 1));
    check_order((now, 1), (now, 2));
    let held = Scene::good().valid();
    assert!(
        !held.supersedes(&held, NOW),
        "the same snapshot was taken for a newer one"
    );
}

#[test]
fn data_from_the_future_yields_to_any_that_is_not() {
    let held = Scene::good().valid();
    let older = verdict(|snapshot| snapshot.as_of_ms = ago(60_000)).unwrap();
    let ahead_by = |ms: u64| UnixMs::from_millis(held.get().as_of_ms.as_millis() - ms);
    assert!(
        !older.supersedes(&held, ahead_by(5_000)),
        "a clock that is a little ahead is not wrong"
    );
    assert!(
        older.supersedes(&held, ahead_by(5_001)),
        "what is from the future stays"
    );
    assert!(
        !held.supersedes(&older, ahead_by(5_001)),
        "what is from the future came back"
    );
}
