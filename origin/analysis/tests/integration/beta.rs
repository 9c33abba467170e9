//! Beta against Bitcoin from outside: spans, alignment, and what may be published.

use analysis::beta::{self, WANTED_CLOSES};
use proptest::prelude::*;
use shared::market::candles::{Candle, Candles, Interval};
use shared::market::majors::BITCOIN;
use shared::snapshot::beta::{
    BENCHMARK, BetaFault, BetaRow, BetaSection, BetaSpan, BetaWindow, RiskCategory,
};
use shared::units::{Amount, Price, Ratio, UnixMs};

const EPOCH: UnixMs = UnixMs::from_millis(1_788_825_600_000);

fn hourly(closes: impl IntoIterator<Item = (u64, f64)>) -> Candles {
    let candle = |(hour, close): (u64, f64)| {
        let (price, nothing) = (Price::new(close).unwrap(), Amount::new(0.0).unwrap());
        Candle {
            start_ms: EPOCH.plus_millis(hour * Interval::OneHour.millis()),
            open: price,
            high: price,
            low: price,
            close: price,
            volume_base: nothing,
            turnover: nothing,
        }
    };
    Candles {
        interval: Interval::OneHour,
        closed: closes.into_iter().map(candle).collect(),
    }
}

/// A return in −1 %…1 % that looks random and is the same in every run.
fn noise(seed: u64, hour: u64) -> f64 {
    let mut x =
        (hour + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^= x >> 29;
    ((x >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 0.02
}

/// Closes whose log returns are what a function tells, beginning at hour 0 with `first`.
fn walk(hours: u64, first: f64, returns: impl Fn(u64) -> f64) -> Vec<(u64, f64)> {
    let mut log = first.ln();
    (0..hours)
        .map(|hour| {
            if hour > 0 {
                log += returns(hour);
            }
            (hour, log.exp())
        })
        .collect()
}

fn beta<'c>(
    contracts: impl IntoIterator<Item = (&'c str, &'c Candles)>,
    bitcoin: &Candles,
) -> Option<BetaSection> {
    beta::beta(contracts, bitcoin).map(|found| found.section)
}

const WHOLE: u64 = WANTED_CLOSES as u64;

fn bitcoin() -> Candles {
    hourly(walk(WHOLE, 60_000.0, |hour| noise(1, hour)))
}

#[track_caller]
fn row(candles: &Candles) -> Option<BetaRow> {
    let section = beta([("AUSDT", candles)], &bitcoin())?;
    assert_eq!(section.check(), Ok(()));
    section.rows.into_iter().next()
}

#[test]
fn bitcoin_against_itself_is_one() {
    let bitcoin = bitcoin();
    let section = beta([(BENCHMARK, &bitcoin)], &bitcoin).unwrap();
    for span in BetaSpan::ALL {
        let window = *section.rows[0].window(span).unwrap();
        assert_eq!(
            (
                window.beta.get(),
                window.correlation.get(),
                window.r_squared.get()
            ),
            (1.0, 1.0, 1.0)
        );
        assert_eq!(
            (window.alpha_pct.get(), window.volatility_ratio.get()),
            (0.0, 1.0)
        );
        assert_eq!(window.pairs, span.hours());
    }
    assert_eq!(
        section.rows[0].risk_category(),
        Some(RiskCategory::MarketNeutral)
    );
    assert_eq!(
        section.overview().market_beta,
        None,
        "there is no market but Bitcoin"
    );
    assert_eq!(section.overview().total_symbols, 1);
}

#[test]
fn the_benchmark_is_the_symbol_that_a_snapshot_rests_on() {
    assert_eq!(BENCHMARK, BITCOIN);
}

#[test]
fn a_contract_that_multiplies_bitcoins_returns_has_that_beta_and_its_own_alpha() {
    // Twice Bitcoin's return and 0.001 % an hour on top: 8.76 % a year.
    let contract = hourly(walk(WHOLE, 3.0, |hour| 2.0 * noise(1, hour) + 1e-5));
    let window = row(&contract).unwrap().month.unwrap();
    assert_eq!(
        (
            window.beta.get(),
            window.correlation.get(),
            window.volatility_ratio.get()
        ),
        (2.0, 1.0, 2.0)
    );
    assert_eq!(window.alpha_pct.get(), 8.76);
}

#[test]
fn independent_returns_correlate_little() {
    let contract = hourly(walk(WHOLE, 3.0, |hour| noise(2, hour)));
    let window = row(&contract).unwrap().quarter.unwrap();
    assert!(window.correlation.get().abs() < 0.06, "{window:?}");
    assert!(window.r_squared.get() < 0.004, "{window:?}");
}

#[test]
fn a_span_needs_three_fifths_of_its_hours() {
    let pairs = |hours: u64| {
        let from = WHOLE - 1 - hours;
        let closes = walk(WHOLE, 3.0, |hour| 0.5 * noise(1, hour))
            .into_iter()
            .filter(|(hour, _)| *hour >= from);
        row(&hourly(closes))
            .map(|row| BetaSpan::ALL.map(|span| row.window(span).map(|window| window.pairs)))
    };
    assert_eq!(BetaSpan::ALL.map(BetaSpan::fewest_pairs), [101, 432, 1_296]);
    assert_eq!(pairs(100), None, "a contract without a span is left out");
    assert_eq!(pairs(101), Some([Some(101), None, None]));
    assert_eq!(pairs(431), Some([Some(168), None, None]));
    assert_eq!(pairs(432), Some([Some(168), Some(432), None]));
    assert_eq!(pairs(1_296), Some([Some(168), Some(720), Some(1_296)]));
}

#[test]
fn spans_end_with_bitcoins_last_hour_and_a_contract_that_fell_silent_has_none() {
    let silent_for = |hours: u64| {
        let last = WHOLE - 1 - hours;
        let closes = walk(WHOLE, 3.0, |hour| 0.5 * noise(1, hour))
            .into_iter()
            .filter(|(hour, _)| *hour <= last);
        row(&hourly(closes)).map(|row| row.week.unwrap().pairs)
    };
    assert_eq!(silent_for(0), Some(168));
    assert_eq!(silent_for(2), Some(166));
    assert_eq!(silent_for(3), None);
    assert_eq!(silent_for(168), None);
}

#[test]
fn a_hole_breaks_two_pairs_and_is_never_bridged() {
    let mut closes = walk(WHOLE, 3.0, |hour| 0.5 * noise(1, hour));
    let whole = row(&hourly(closes.clone())).unwrap().week.unwrap();
    // The price jumps tenfold during the hole: a bridged return would be 230 %.
    let gap = closes.len() - 50;
    closes.remove(gap);
    for (_, close) in &mut closes[gap..] {
        *close *= 10.0;
    }
    let holed = row(&hourly(closes)).unwrap().week.unwrap();
    assert_eq!(holed.pairs, whole.pairs - 2);
    assert_eq!((holed.beta.get(), holed.correlation.get()), (0.5, 1.0));
}

#[test]
fn frozen_series_have_no_beta() {
    let frozen = hourly((0..WHOLE).map(|hour| (hour, 7.0)));
    assert_eq!(row(&frozen), None);
    let alive = hourly(walk(WHOLE, 3.0, |hour| noise(2, hour)));
    assert_eq!(beta([("AUSDT", &alive)], &frozen), None);
}

#[test]
fn betas_are_known_until_the_last_hour_that_all_have() {
    let bitcoin = bitcoin();
    let ending = |hours: u64| hourly(walk(WHOLE - hours, 3.0, |hour| noise(2, hour)));
    let known = |hours: u64| {
        let found =
            beta::beta([(BENCHMARK, &bitcoin), ("AUSDT", &ending(hours))], &bitcoin).unwrap();
        (
            found.section.rows.len(),
            (WHOLE * 3_600_000 - found.known_until_ms.millis_since(EPOCH)) / 3_600_000,
        )
    };
    assert_eq!(known(0), (2, 0));
    assert_eq!(known(1), (2, 1));
    assert_eq!(known(2), (2, 2));
    assert_eq!(
        known(3),
        (1, 0),
        "a contract that is three hours behind makes no other old"
    );
}

#[test]
fn nothing_comes_of_nothing_or_of_other_candles() {
    assert_eq!(beta([], &bitcoin()), None);
    assert_eq!(row(&hourly([])), None);
    assert_eq!(row(&hourly([(5, 1.0)])), None);
    assert_eq!(beta([("AUSDT", &bitcoin())], &hourly([])), None);
    let daily = Candles {
        interval: Interval::OneDay,
        ..bitcoin()
    };
    assert_eq!(row(&daily), None);
    assert_eq!(beta([("AUSDT", &bitcoin())], &daily), None);
}

/// Contracts with these multiples of Bitcoin's returns, and Bitcoin.
fn market(multiples: &[f64]) -> BetaSection {
    let contracts: Vec<(String, Candles)> = multiples
        .iter()
        .map(|multiple| {
            (
                format!("X{:.0}USDT", multiple * 100.0),
                hourly(walk(WHOLE, 3.0, |h| multiple * noise(1, h))),
            )
        })
        .collect();
    let bitcoin = bitcoin();
    let series = contracts
        .iter()
        .map(|(symbol, candles)| (symbol.as_str(), candles));
    beta(series.chain([(BENCHMARK, &bitcoin)]), &bitcoin).unwrap()
}

#[test]
fn the_overview_counts_every_row_once_and_averages_all_but_bitcoin() {
    let section = market(&[0.3, 0.8, 1.4, 1.6, 2.0]);
    assert_eq!(section.check(), Ok(()));
    let symbols: Vec<&str> = section.rows.iter().map(|row| row.symbol.as_str()).collect();
    assert_eq!(
        symbols,
        [
            "X200USDT", "X160USDT", "X140USDT", "BTCUSDT", "X80USDT", "X30USDT"
        ]
    );
    let overview = section.overview();
    // (0.3 + 0.8 + 1.4 + 1.6 + 2.0) / 5.
    assert_eq!(overview.market_beta.map(Ratio::get), Some(1.22));
    assert_eq!(overview.avg_correlation.map(f64::from), Some(1.0));
    assert_eq!(
        (
            overview.high_beta_count,
            overview.neutral_beta_count,
            overview.low_beta_count
        ),
        (2, 2, 2)
    );
    assert_eq!(overview.total_symbols, 6);
}

#[test]
fn the_risk_changes_at_its_thresholds() {
    let at = |beta| RiskCategory::of(Ratio::new(beta).unwrap());
    assert_eq!([at(-3.0), at(0.4999)], [RiskCategory::Defensive; 2]);
    assert_eq!([at(0.5), at(0.8999)], [RiskCategory::Low; 2]);
    assert_eq!([at(0.9), at(1.0999)], [RiskCategory::MarketNeutral; 2]);
    assert_eq!([at(1.1), at(1.4999)], [RiskCategory::Moderate; 2]);
    assert_eq!([at(1.5), at(40.0)], [RiskCategory::High; 2]);
}

#[test]
fn a_month_speaks_for_a_row_before_a_week_and_a_week_before_a_quarter() {
    let mut row = market(&[2.0]).rows.remove(0);
    let with = |beta: f64| {
        row.month.map(|window| BetaWindow {
            beta: Ratio::new(beta).unwrap(),
            ..window
        })
    };
    (row.week, row.month, row.quarter) = (with(0.3), with(0.7), with(1.0));
    assert_eq!(row.risk_category(), Some(RiskCategory::Low));
    row.month = None;
    assert_eq!(row.risk_category(), Some(RiskCategory::Defensive));
    row.week = None;
    assert_eq!(row.risk_category(), Some(RiskCategory::MarketNeutral));
}

#[track_caller]
fn check_fault(change: impl FnOnce(&mut BetaSection), expected: BetaFault) {
    let mut section = market(&[0.3, 2.0]);
    change(&mut section);
    assert_eq!(section.check(), Err(expected));
}

#[test]
fn a_section_that_contradicts_itself_is_refused_by_name() {
    check_fault(|section| section.rows.clear(), BetaFault::Empty);
    check_fault(
        |section| section.rows[0].symbol = "SYSTEM_STATUS".to_owned(),
        BetaFault::MalformedSymbol,
    );
    check_fault(
        |section| section.rows[0].symbol = section.rows[1].symbol.clone(),
        BetaFault::RepeatedSymbol,
    );
    check_fault(|section| section.rows.reverse(), BetaFault::OutOfOrder);
    check_fault(
        |section| {
            (
                section.rows[0].week,
                section.rows[0].month,
                section.rows[0].quarter,
            ) = (None, None, None);
        },
        BetaFault::NothingKnown,
    );
    check_fault(
        |section| section.rows[0].month.as_mut().unwrap().pairs = 721,
        BetaFault::PairsOutOfRange,
    );
    check_fault(
        |section| section.rows[0].month.as_mut().unwrap().pairs = 431,
        BetaFault::PairsOutOfRange,
    );
    check_fault(
        |section| section.rows[0].month.as_mut().unwrap().beta = Ratio::new(2.1).unwrap(),
        BetaFault::Contradicted,
    );
    check_fault(
        |section| section.rows = vec![section.rows[0].clone(); 501],
        BetaFault::TooManyRows,
    );
}

#[test]
fn a_section_reads_back_as_it_was_written() {
    let section = market(&[0.3, 2.0]);
    let json = serde_json::to_string(&section).unwrap();
    assert_eq!(serde_json::from_str::<BetaSection>(&json).unwrap(), section);
    for (field, bad) in [
        ("correlation\":1.0", "correlation\":1.5"),
        ("r_squared\":1.0", "r_squared\":-0.1"),
    ] {
        assert!(json.contains(field));
        assert!(
            serde_json::from_str::<BetaSection>(&json.replace(field, bad)).is_err(),
            "{bad} was taken"
        );
    }
}

/// Two series of a week, each with holes, prices of any size.
fn weeks() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<bool>)> {
    let returns = || proptest::collection::vec(-0.5..0.5_f64, 169);
    (
        returns(),
        returns(),
        proptest::collection::vec(proptest::bool::weighted(0.9), 169),
    )
}

fn from_returns(returns: &[f64], first: f64, kept: &[bool]) -> Vec<(u64, f64)> {
    let closes = walk(returns.len() as u64, first, |hour| returns[hour as usize]);
    closes
        .into_iter()
        .filter(|(hour, _)| kept[*hour as usize])
        .collect()
}

fn week_of(own: &Candles, market: &Candles) -> Option<BetaWindow> {
    beta([("AUSDT", own)], market)?.rows[0].week
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_scale_of_prices_does_not_matter((own, market, kept) in weeks(), power in -60..60_i32) {
        let scale = 2_f64.powi(power);
        let scaled = |closes: Vec<(u64, f64)>| hourly(closes.into_iter().map(|(hour, close)| (hour, close * scale)));
        let all = vec![true; 169];
        let (own, market) = (from_returns(&own, 3.0, &kept), from_returns(&market, 60_000.0, &all));
        prop_assert_eq!(
            week_of(&hourly(own.clone()), &hourly(market.clone())),
            week_of(&scaled(own), &scaled(market))
        );
    }

    #[test]
    fn a_multiple_of_bitcoins_returns_is_the_beta((_, market, kept) in weeks(), multiple in -3.0..3.0_f64) {
        prop_assume!(multiple.abs() > 0.01);
        let own: Vec<f64> = market.iter().map(|value| multiple * value).collect();
        let all = vec![true; 169];
        let own = hourly(from_returns(&own, 3.0, &kept));
        if let Some(week) = week_of(&own, &hourly(from_returns(&market, 60_000.0, &all))) {
            prop_assert!((week.beta.get() - multiple).abs() <= 0.0001, "{week:?}");
            prop_assert_eq!(week.correlation.get(), multiple.signum());
        }
    }

    #[test]
    fn every_figure_is_in_bounds_and_passes_the_check((own, market, kept) in weeks()) {
        let all = vec![true; 169];
        let section = beta(
            [("AUSDT", &hourly(from_returns(&own, 1e-9, &kept)))],
            &hourly(from_returns(&market, 1e12, &all)),
        );
        if let Some(section) = section {
            prop_assert_eq!(section.check(), Ok(()));
            let week = section.rows[0].week.unwrap();
            prop_assert!((-1.0..=1.0).contains(&week.correlation.get()));
            prop_assert!(week.volatility_ratio.get() >= 0.0);
        }
    }

    #[test]
    fn the_order_of_candles_and_those_that_only_one_has_do_not_matter((own, market, kept) in weeks()) {
        let all = vec![true; 169];
        let (own, market) = (from_returns(&own, 3.0, &kept), from_returns(&market, 60_000.0, &all));
        let mut shuffled = hourly(own.clone());
        shuffled.closed.reverse();
        let later = own.iter().copied().chain((200..260).map(|hour| (hour, 5.0)));
        let straight = week_of(&hourly(own.clone()), &hourly(market.clone()));
        prop_assert_eq!(straight, week_of(&shuffled, &hourly(market.clone())));
        prop_assert_eq!(straight, week_of(&hourly(later), &hourly(market)));
    }

    #[test]
    fn no_prices_make_a_figure_that_is_no_number(
        own in proptest::collection::vec(f64::MIN_POSITIVE..f64::MAX, 169),
        market in proptest::collection::vec(prop_oneof![Just(1e-300), Just(1e300), Just(1.0)], 169),
    ) {
        let series = |closes: Vec<f64>| hourly((0..).zip(closes));
        if let Some(section) = beta([("AUSDT", &series(own))], &series(market)) {
            prop_assert_eq!(section.check(), Ok(()));
        }
    }
}
