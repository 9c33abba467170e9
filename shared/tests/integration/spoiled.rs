//! Every field of a ticker row spoiled in every way, in one row and in all: what comes of it is
//! written in `docs/spoiled-tickers.md`, and nothing that is served is untrue.
//!
//! What is true is told by the table before it was spoiled: a figure that is served is that of the
//! unspoiled table, or unknown, and a sum over the market is the sum of what is served of its rows.

use crate::support::{BYBIT, NOW, Scene, body};
use serde_json::{Value, json};
use shared::endpoints::Endpoint;
use shared::exchange::bybit::tickers;
use shared::market::{Tickers, Universe};
use shared::snapshot::contracts::ContractRow;
use shared::snapshot::{ScoreRow, Snapshot};
use shared::units::{Amount, Percent, Price};
use shared::validate::{Baseline, ValidSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const ROWS: usize = 60;

/// The row that is spoiled when one is: neither a major nor beyond what is scored.
const SPOILED: usize = 7;

const FIELDS: [&str; 20] = [
    "symbol",
    "lastPrice",
    "bid1Price",
    "ask1Price",
    "markPrice",
    "indexPrice",
    "prevPrice24h",
    "prevPrice1h",
    "price24hPcnt",
    "highPrice24h",
    "lowPrice24h",
    "volume24h",
    "turnover24h",
    "openInterest",
    "openInterestValue",
    "singleOpenInterest",
    "singleOpenInterestValue",
    "fundingRate",
    "fundingIntervalHour",
    "nextFundingTime",
];

const WAYS: [&str; 10] = [
    "absent", "null", "\"\"", "\"0\"", "\"-1\"", "\"NaN\"", "× 1e9", "× 1e-9", "[1]", "twice",
];

fn symbol(index: usize) -> String {
    match index {
        0 => "BTCUSDT".to_owned(),
        1 => "ETHUSDT".to_owned(),
        _ => format!("COIN{index:03}USDT"),
    }
}

/// A row as Bybit sends it, in which every figure agrees with the others.
fn row(index: usize) -> Value {
    let last = 40_000.0 / (index + 1) as f64;
    let (before, volume) = (last / 1.05, 5e8 / (index + 1) as f64 / last);
    let coins = volume * 2.0;
    let text = |value: f64| Value::String(value.to_string());
    json!({
        "symbol": symbol(index), "lastPrice": text(last), "bid1Price": text(last * 0.999_9),
        "ask1Price": text(last * 1.000_1), "markPrice": text(last * 1.000_2), "indexPrice": text(last),
        "prevPrice24h": text(before), "prevPrice1h": text(last / 1.01), "price24hPcnt": "0.05",
        "highPrice24h": text(last * 1.1), "lowPrice24h": text(last * 0.9), "volume24h": text(volume),
        "turnover24h": text(volume * last * 0.99), "openInterest": text(coins),
        "openInterestValue": text(coins * last * 1.000_2), "singleOpenInterest": text(coins / 2.0),
        "singleOpenInterestValue": text(coins / 2.0 * last * 1.000_2), "fundingRate": "0.0001",
        "fundingIntervalHour": "8", "nextFundingTime": (NOW.as_millis() + 3_600_000).to_string(),
    })
}

/// The row as JSON text with one field spoiled.
fn spoil(row: &Value, field: &str, way: &str) -> String {
    let mut row = row.clone();
    let sent = row[field].clone();
    let scaled = |factor: f64| {
        let number: f64 = sent.as_str().unwrap().parse().unwrap_or(f64::NAN);
        // A name has no factor, so it becomes another text.
        Value::String(if number.is_nan() {
            format!("<{factor}>")
        } else {
            (number * factor).to_string()
        })
    };
    match way {
        "absent" => {
            row.as_object_mut().unwrap().remove(field);
        }
        "null" => row[field] = Value::Null,
        "× 1e9" => row[field] = scaled(1e9),
        "× 1e-9" => row[field] = scaled(1e-9),
        "[1]" => row[field] = json!([1]),
        "twice" => {
            let text = row.to_string();
            return format!(
                "{},\"{field}\":\"12345\"}}",
                text.strip_suffix('}').unwrap()
            );
        }
        quoted => row[field] = serde_json::from_str(quoted).unwrap(),
    }
    row.to_string()
}

fn table(rows: &[String]) -> String {
    let list = rows.join(",");
    format!(
        r#"{{"retCode":0,"result":{{"list":[{list}]}},"time":{}}}"#,
        NOW.as_millis()
    )
}

fn universe() -> Universe {
    Universe::new(
        NOW,
        BYBIT,
        (0..ROWS).map(|index| (symbol(index), Some(8.0))).collect(),
    )
}

/// What is made of a table, or why nothing is.
fn made(table: &str) -> (Option<Tickers<'_>>, Result<ValidSnapshot, String>) {
    let tickers = match tickers::parse(table.as_bytes()) {
        Ok(tickers) => tickers,
        Err(error) => return (None, Err(error.label().to_owned())),
    };
    let scene = Scene {
        tickers: tickers.clone(),
        universe: universe(),
        ..Scene::good()
    };
    let snapshot = scene
        .try_assemble()
        .map_err(|error| error.label().to_owned());
    let admitted = snapshot.and_then(|snapshot| {
        ValidSnapshot::admit(snapshot, NOW, Baseline::default())
            .map_err(|rejections| rejections.label().to_owned())
    });
    (Some(tickers), admitted)
}

fn plain() -> Snapshot {
    let rows: Vec<String> = (0..ROWS).map(|index| row(index).to_string()).collect();
    let table = table(&rows);
    made(&table).1.unwrap().get().clone()
}

/// The figures of a score row that are known, rounded as far as they are compared.
fn figures(row: &ScoreRow) -> [(&'static str, Option<f64>); 6] {
    let significant = |value: f64| format!("{value:.6e}").parse::<f64>().unwrap();
    [
        ("price", Some(row.price.get())),
        ("change_24h", row.change_24h.map(Percent::get)),
        ("high_24h", row.high_24h.map(Price::get)),
        ("low_24h", row.low_24h.map(Price::get)),
        ("turnover_24h", row.turnover_24h.map(Amount::get)),
        ("volume_base_24h", row.volume_base_24h.map(Amount::get)),
    ]
    .map(|(name, value)| (name, value.map(significant)))
}

/// The same of a contract's funding and open interest.
fn held(row: &ContractRow) -> [(&'static str, Option<f64>); 6] {
    [
        ("funding_rate_pct", row.funding_rate_pct.map(Percent::get)),
        ("funding_interval_hours", row.funding_interval_hours),
        (
            "next_funding_ms",
            row.next_funding_ms.map(|next| next.as_millis() as f64),
        ),
        (
            "funding_rate_8h_pct",
            row.funding_rate_8h_pct.map(Percent::get),
        ),
        ("open_interest_usd", row.open_interest_usd.map(Amount::get)),
        (
            "open_interest_base",
            row.open_interest_base.map(Amount::get),
        ),
    ]
}

/// Every contract's funding and open interest are those of the unspoiled table, or unknown.
#[track_caller]
fn check_contracts(case: &str, served: &Snapshot, plain: &Snapshot, spoiled: &BTreeSet<String>) {
    let rows = |snapshot: &Snapshot| snapshot.contracts.value().unwrap().rows.clone();
    let truth: BTreeMap<String, ContractRow> = rows(plain)
        .into_iter()
        .map(|row| (row.symbol.clone(), row))
        .collect();
    for row in rows(served) {
        let Some(true_row) = truth.get(&row.symbol) else {
            continue;
        };
        let is_spoiled = spoiled.contains(&row.symbol);
        for ((name, found), (_, expected)) in held(&row).into_iter().zip(held(true_row)) {
            // A rate of nothing is a rate, and open interest has two statements in dollars and two
            // in coins, which need not be equal to agree.
            let is_zero_rate = name.starts_with("funding_rate") && found == Some(0.0);
            let is_near = found.zip(expected).is_some_and(|(found, expected)| {
                name.starts_with("open_interest") && (found / expected - 1.0).abs() < 0.001
            });
            assert!(
                found == expected || (is_spoiled && (found.is_none() || is_zero_rate || is_near)),
                "{case}: {name} of {} is {found:?} and not {expected:?}",
                row.symbol
            );
        }
    }
}

#[track_caller]
fn check_close(what: &str, found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
        "{what} is {found} and not {expected}"
    );
}

/// Nothing that is served is other than in the unspoiled table, and the sums are those of what is
/// served.
#[track_caller]
fn check_true(
    case: &str,
    tickers: &Tickers<'_>,
    served: &Snapshot,
    plain: &Snapshot,
    spoiled: &BTreeSet<String>,
) {
    let truth: BTreeMap<&str, &ScoreRow> =
        plain.scores.iter().map(|row| (&*row.symbol, row)).collect();
    for row in &served.scores {
        let Some(true_row) = truth.get(&*row.symbol) else {
            continue;
        };
        for ((name, found), (_, expected)) in figures(row).into_iter().zip(figures(true_row)) {
            let is_true = found == expected || (found.is_none() && spoiled.contains(&row.symbol));
            assert!(
                is_true,
                "{case}: {name} of {} is {found:?} and not {expected:?}",
                row.symbol
            );
        }
        let may_miss = spoiled.contains(&row.symbol);
        assert!(
            may_miss || row.score == true_row.score,
            "{case}: the score of {}",
            row.symbol
        );
    }
    for symbol in truth.keys().filter(|symbol| !spoiled.contains(**symbol)) {
        let is_there = tickers.rows.iter().any(|row| row.symbol == *symbol);
        assert!(is_there, "{case}: {symbol} was lost with another row");
    }
    let universe = universe();
    let ours = || {
        tickers
            .rows
            .iter()
            .filter(|row| universe.contains(&row.symbol))
    };
    let turnovers = ours().filter_map(|row| row.turnover_24h).map(Amount::get);
    if let Some(turnover) = served.overview.total_turnover {
        check_close(case, turnover.get(), turnovers.sum());
        assert!(
            turnover.get() <= plain.overview.total_turnover.unwrap().get() * 1.001,
            "{case}"
        );
        assert!(
            turnover.get() >= plain.overview.total_turnover.unwrap().get() * 0.75,
            "{case}"
        );
    }
    if let Some(interest) = served.perps.total_open_interest {
        let known: Vec<f64> = ours()
            .filter_map(|row| row.open_interest_usd)
            .map(Amount::get)
            .collect();
        assert_eq!(
            served.perps.open_interest_contracts,
            Some(known.len()),
            "{case}"
        );
        let truth: f64 = plain.perps.total_open_interest.unwrap().get();
        check_close(case, interest.get(), known.iter().sum());
        assert!(
            interest.get() <= truth * 1.001,
            "{case}: the open interest grew to {}",
            interest.get()
        );
    }
    assert_eq!(
        served.overview.btc_price, plain.overview.btc_price,
        "{case}"
    );
    for (what, found, expected) in [
        (
            "funding",
            served.perps.funding_rate,
            plain.perps.funding_rate,
        ),
        ("basis", served.perps.basis_pct, plain.perps.basis_pct),
    ] {
        if let (Some(found), Some(expected)) = (found, expected) {
            // One honest zero among sixty moves a mean by a sixtieth of it at most, weighted or
            // not.
            assert!(
                (found.get() - expected.get()).abs() <= 0.2 * expected.get().abs(),
                "{case}: {what} is {found:?}"
            );
        }
    }
    check_contracts(case, served, plain, spoiled);
    let words = body(
        &ValidSnapshot::admit(served.clone(), NOW, Baseline::default()).unwrap(),
        Endpoint::MobileData,
    );
    assert!(
        !words.to_string().contains(['<', '>']),
        "{case}: markup is served"
    );
}

/// What became of a case, in words.
fn outcome(tickers: Option<&Tickers<'_>>, made: &Result<ValidSnapshot, String>) -> String {
    let mut told: BTreeSet<String> = BTreeSet::new();
    if let Err(reason) = made {
        return format!("table refused: `{reason}`");
    }
    let tickers = tickers.unwrap();
    told.extend(
        tickers
            .refused
            .iter()
            .map(|row| format!("row left out: `{}`", row.reason.label())),
    );
    told.extend(
        tickers
            .odd
            .iter()
            .map(|odd| format!("`{}` unknown: {}", odd.figure.label(), odd.oddity.label())),
    );
    let unknown = |is_unknown: bool, name: &str| is_unknown.then(|| format!("`{name}` unknown"));
    let served = made.as_ref().unwrap().get();
    let missing = |figure: usize| {
        served
            .scores
            .iter()
            .any(|row| figures(row)[figure].1.is_none())
    };
    let names = [
        "price",
        "change_24h",
        "high_24h",
        "low_24h",
        "turnover_24h",
        "volume_24h",
    ];
    for (index, name) in names.into_iter().enumerate().skip(1) {
        let is_told = told
            .iter()
            .any(|told| told.starts_with(&format!("`{name}`")));
        told.extend(unknown(missing(index) && !is_told, name));
    }
    told.extend(unknown(
        served.perps.funding_rate.is_none(),
        "perps.funding_rate",
    ));
    told.extend(unknown(served.perps.basis_pct.is_none(), "perps.basis_pct"));
    told.extend(unknown(
        served.perps.total_open_interest.is_none(),
        "perps.total_open_interest",
    ));
    if told.is_empty() {
        "nothing is lost".to_owned()
    } else {
        told.into_iter().collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn a_spoiled_field_makes_nothing_untrue_and_its_outcome_is_the_documented_one() {
    let plain = plain();
    let good: Vec<Value> = (0..ROWS).map(row).collect();
    let mut document = String::from(
        "# What comes of a spoiled ticker row\n\nMade and checked by `shared/tests/integration/spoiled.rs`: each field \
         of a Bybit ticker row, spoiled in each way, in one row of sixty and in all. In every case the other rows stay, and \
         what is served is true or unknown. The figures are those that `ticker_fields_refused_total` names.\n\n\
         | Field | Way | In one row | In all rows |\n|---|---|---|---|\n",
    );
    for field in FIELDS {
        for way in WAYS {
            let mut outcomes = Vec::new();
            for all in [false, true] {
                let is_spoiled = |index: usize| all || index == SPOILED;
                let spoil = |(index, row): (usize, &Value)| {
                    if is_spoiled(index) {
                        spoil(row, field, way)
                    } else {
                        row.to_string()
                    }
                };
                let rows: Vec<String> = good.iter().enumerate().map(spoil).collect();
                let table = table(&rows);
                let (tickers, made) = made(&table);
                let case = format!(
                    "{field} {way} in {}",
                    if all { "all rows" } else { "one row" }
                );
                if let (Some(tickers), Ok(valid)) = (&tickers, &made) {
                    let spoiled = (0..ROWS)
                        .filter(|index| is_spoiled(*index))
                        .map(symbol)
                        .collect();
                    check_true(&case, tickers, valid.get(), &plain, &spoiled);
                }
                assert!(
                    all || made.is_ok(),
                    "{case}: one row took the market away: {made:?}"
                );
                outcomes.push(outcome(tickers.as_ref(), &made));
            }
            writeln!(document, "| {field} | {way} | {} |", outcomes.join(" | ")).unwrap();
        }
    }
    println!("{document}");
    expect_test::expect_file!["../../../docs/spoiled-tickers.md"].assert_eq(&document);
}

#[test]
fn a_major_whose_figures_are_odd_keeps_its_price_and_the_market() {
    for field in [
        "prevPrice24h",
        "turnover24h",
        "volume24h",
        "highPrice24h",
        "markPrice",
        "openInterestValue",
    ] {
        for major in [0, 1] {
            let spoil = |index: usize| {
                if index == major {
                    spoil(&row(index), field, "\"NaN\"")
                } else {
                    row(index).to_string()
                }
            };
            let rows: Vec<String> = (0..ROWS).map(spoil).collect();
            let table = table(&rows);
            let served = made(&table)
                .1
                .unwrap_or_else(|reason| panic!("{field} of {major}: {reason}"));
            assert_eq!(served.get().overview.btc_price.get(), 40_000.0, "{field}");
            assert_eq!(served.get().coverage.priced, ROWS, "{field}");
        }
    }
}
