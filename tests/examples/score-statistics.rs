//! What the parts of a score have in common, and how much a score moves: the rank correlation of
//! every pair of parts, and the changes of scores from one step to the next, over a simulated day
//! or any other time.
//!
//! The market is the simulator's, so the correlations are the simulator's too: what rests on the
//! same input shows in them whatever the market is, what moves together in a real market does not.
//! docs/score-statistics.md has the results.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program that measures, and fails where it cannot"
)]

use analysis::scores::inputs::{
    BOOKS_WINDOW_MS, Measures, OwnHistory, ScoreInputs, TickerFacts, Timed,
};
use analysis::scores::orderbook::Imbalances;
use analysis::scores::six_dimension::{evidence, six_dimension};
use clap::Parser;
use shared::analysis::perps::funding_rate_8h;
use shared::exchange::bybit::{
    self, Listing, UniverseBuilder, account_ratio, funding_history, klines, open_interest,
    orderbook, paths, tickers, trades,
};
use shared::market::Universe;
use shared::market::candles::{Candles, Interval};
use shared::market::trades::Trades;
use shared::provenance::{Source, Venue};
use shared::snapshot::measurement::Measurement;
use shared::snapshot::sub_component::SubComponent;
use shared::units::UnixMs;
use simulator::{Clock, Config};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The timeframes of the scores and how many candles of each are read.
const TIMEFRAMES: [(Interval, u16); 4] = [
    (Interval::OneMinute, 200),
    (Interval::FiveMinutes, 200),
    (Interval::ThirtyMinutes, 200),
    (Interval::FourHours, 200),
];

#[derive(Parser)]
#[command(
    about = "Measures the scores of a simulated market: correlations of their parts, and how much they move."
)]
struct Cli {
    /// How many contracts, those with most turnover first.
    #[arg(long, default_value_t = 20)]
    contracts: usize,
    /// How many moments.
    #[arg(long, default_value_t = 288)]
    steps: u64,
    /// Seconds between two moments.
    #[arg(long, default_value_t = 300)]
    step_s: u64,
    /// The market's seed.
    #[arg(long, default_value_t = simulator::DEFAULT_SEED)]
    seed: u64,
    /// Writes every pair's correlation to this file, as comma-separated values.
    #[arg(long)]
    csv: Option<PathBuf>,
}

/// What a contract is remembered by, as the origin does.
#[derive(Default)]
struct Memory {
    trade_rates: Vec<f64>,
    spreads: Vec<f64>,
    depths: Vec<f64>,
    imbalances: Vec<(UnixMs, Imbalances)>,
    trades: Option<Trades>,
}

/// What parts, or measurements, say by their names: one for each contract and moment, where they
/// were there.
type Said = BTreeMap<&'static str, Vec<Option<f64>>>;

/// Two names and the rank correlation of what they say.
type Pair = (&'static str, &'static str, f64);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let begin_ms = 1_788_868_810_000_i64;
    let clock = Clock::stopped_at(begin_ms);
    let market = simulator::start(Config {
        clock: clock.clone(),
        seed: cli.seed,
        ..Config::default()
    })
    .await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let base = market.base_url.clone();
    let get = async |path: String| -> anyhow::Result<Vec<u8>> {
        Ok(client
            .get(format!("{base}{path}"))
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    };
    let now = UnixMs::from_millis(begin_ms.unsigned_abs());
    let mut builder = UniverseBuilder::new();
    builder.add(Listing::parse(&get(bybit::INSTRUMENTS.to_owned()).await?)?)?;
    let universe = builder.finish(Source::live(Venue::Bybit), now)?;
    let table = get(bybit::TICKERS.to_owned()).await?;
    let symbols = largest(&table, &universe, cli.contracts)?;
    let mut memories: BTreeMap<String, Memory> = BTreeMap::new();
    let (mut parts, mut measurements) = (Said::new(), Said::new());
    let mut scores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for step in 0..cli.steps {
        let now = UnixMs::from_millis(begin_ms.unsigned_abs() + step * cli.step_s * 1_000);
        let table = get(bybit::TICKERS.to_owned()).await?;
        let table = tickers::parse(&table)?;
        for symbol in &symbols {
            let Some(row) = table.rows.iter().find(|row| row.symbol == *symbol) else {
                continue;
            };
            let ticker = TickerFacts {
                last: row.last,
                change_24h_pct: row.change_24h_pct,
                volume_base_24h: row.volume_base_24h,
                funding_rate_8h: funding_rate_8h(row, &universe),
            };
            let mut candles: Vec<Candles> = Vec::new();
            for (interval, limit) in TIMEFRAMES {
                let body = get(paths::klines(symbol, interval, limit, None)).await?;
                candles.push(klines::parse(&body, symbol, interval, now)?.value);
            }
            let book = orderbook::parse(&get(paths::orderbook(symbol, 50)).await?, symbol)?;
            let trades = trades::parse(&get(paths::trades(symbol, 1_000)).await?, symbol)?.value;
            let interest =
                open_interest::parse(&get(paths::open_interest(symbol, 60)).await?, symbol)?.value;
            let ratios =
                account_ratio::parse(&get(paths::account_ratio(symbol, 50)).await?, symbol)?.value;
            let fundings = funding_history::parse(
                &get(paths::funding_history(symbol, 200, None)).await?,
                symbol,
            )?
            .value;
            let memory = memories.entry(symbol.clone()).or_default();
            let trades = match &memory.trades {
                Some(held) => held.continued(trades),
                None => trades,
            };
            let history = OwnHistory {
                trade_rates: &memory.trade_rates,
                spreads: &memory.spreads,
                depths: &memory.depths,
                imbalances: &memory.imbalances,
            };
            let candles: Vec<Timed<'_, Candles>> = candles
                .iter()
                .map(|value| Timed {
                    value,
                    as_of_ms: now,
                })
                .collect();
            let inputs = ScoreInputs {
                candles: &candles,
                book: Some(Timed {
                    value: &book,
                    as_of_ms: now,
                }),
                trades: Some(Timed {
                    value: &trades,
                    as_of_ms: now,
                }),
                open_interest: Some(Timed {
                    value: interest.as_slice(),
                    as_of_ms: now,
                }),
                account_ratios: Some(Timed {
                    value: ratios.as_slice(),
                    as_of_ms: now,
                }),
                fundings: Some(Timed {
                    value: fundings.as_slice(),
                    as_of_ms: now,
                }),
                ticker: Some(Timed {
                    value: &ticker,
                    as_of_ms: now,
                }),
                history: Some(Timed {
                    value: &history,
                    as_of_ms: now,
                }),
                // What happens between two updates of a book, and liquidations, are not asked for.
                ..ScoreInputs::NONE
            };
            let found = evidence(&inputs, now);
            for part in SubComponent::ALL {
                let lean = found.get(part).map(|one| one.reading.lean.get());
                parts.entry(part.wire_name()).or_default().push(lean);
            }
            let found = six_dimension(&inputs, now);
            for one in Measurement::ALL {
                let score = found.measurements.get(one).map(|one| one.score.get());
                measurements.entry(one.wire_name()).or_default().push(score);
            }
            if let Some(score) = found.score {
                scores.entry(symbol.clone()).or_default().push(score.get());
            }
            let measures = Measures::of(Some(&book), Some(&trades));
            memory.trade_rates.extend(measures.trade_rate);
            memory.spreads.extend(measures.spread);
            memory.depths.extend(measures.depth);
            memory
                .imbalances
                .extend(measures.imbalances.map(|one| (now, one)));
            memory
                .imbalances
                .retain(|(time, _)| now.millis_since(*time) <= BOOKS_WINDOW_MS);
            memory.trades = Some(trades);
        }
        clock.advance(i64::try_from(cli.step_s * 1_000)?);
        if step % 24 == 0 {
            eprintln!("{step} of {} moments", cli.steps);
        }
    }
    let (of_parts, of_measurements) = (correlations(&parts), correlations(&measurements));
    if let Some(path) = &cli.csv {
        let lines = of_parts
            .iter()
            .chain(&of_measurements)
            .map(|(a, b, rho)| format!("{a},{b},{rho:.3}\n"));
        let head = std::iter::once("one,other,rank_correlation\n".to_owned());
        std::fs::write(path, head.chain(lines).collect::<String>())?;
    }
    report("parts", &of_parts);
    report("measurements", &of_measurements);
    steadiness(&scores);
    market.stop().await;
    Ok(())
}

fn largest(table: &[u8], universe: &Universe, count: usize) -> anyhow::Result<Vec<String>> {
    let table = tickers::parse(table)?;
    let mut rows: Vec<_> = table
        .rows
        .iter()
        .filter(|row| universe.contracts.contains_key(&*row.symbol))
        .collect();
    let turnover =
        |row: &shared::market::Ticker<'_>| row.turnover_24h.map_or(0.0, shared::units::Amount::get);
    rows.sort_by(|a, b| turnover(b).total_cmp(&turnover(a)));
    Ok(rows
        .into_iter()
        .take(count)
        .map(|row| row.symbol.to_string())
        .collect())
}

/// Spearman's rank correlation of every pair, over the moments at which both were there; the
/// strongest first.
fn correlations(said: &Said) -> Vec<Pair> {
    let known: Vec<_> = said
        .iter()
        .filter(|(_, all)| all.iter().flatten().count() > 2)
        .collect();
    let mut pairs = Vec::new();
    for (index, (a, of_a)) in known.iter().enumerate() {
        for (b, of_b) in &known[index + 1..] {
            let both: Vec<(f64, f64)> = of_a
                .iter()
                .zip(of_b.iter())
                .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
                .collect();
            let ranks = (
                ranks(both.iter().map(|pair| pair.0)),
                ranks(both.iter().map(|pair| pair.1)),
            );
            pairs.push((**a, **b, correlation(&ranks.0, &ranks.1)));
        }
    }
    pairs.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    pairs
}

/// Ranks from 0; equal values share the mean of theirs.
fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for run in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let first = order.partition_point(|other| values[*other] < values[run[0]]);
        for place in run {
            ranks[*place] = first as f64 + (run.len() as f64 - 1.0) / 2.0;
        }
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| {
        a.iter()
            .zip(b)
            .map(|(a, b)| f(a - mean_a, b - mean_b))
            .sum::<f64>()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

fn report(what: &str, pairs: &[Pair]) {
    let beyond = |limit: f64| pairs.iter().filter(|(_, _, rho)| rho.abs() > limit).count();
    println!(
        "{} pairs of {what}: median |ρ| {:.2}; beyond 0.9: {}, 0.7: {}, 0.5: {}",
        pairs.len(),
        pairs[pairs.len() / 2].2.abs(),
        beyond(0.9),
        beyond(0.7),
        beyond(0.5)
    );
    for (a, b, rho) in pairs.iter().filter(|(_, _, rho)| rho.abs() > 0.8) {
        println!("{rho:+.2}  {a}  {b}");
    }
}

fn steadiness(scores: &BTreeMap<String, Vec<f64>>) {
    let mut steps: Vec<f64> = scores
        .values()
        .flat_map(|all| all.windows(2).map(|pair| (pair[1] - pair[0]).abs()))
        .collect();
    steps.sort_by(f64::total_cmp);
    let all: Vec<f64> = scores.values().flatten().copied().collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let deviation =
        (all.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt();
    let crossings = |threshold: f64| {
        let side = |score: &f64| *score >= threshold;
        let changes = |all: &Vec<f64>| {
            all.windows(2)
                .filter(|pair| side(&pair[0]) != side(&pair[1]))
                .count()
        };
        scores.values().map(changes).sum::<usize>()
    };
    println!(
        "{} scores, mean {mean:.1}, standard deviation {deviation:.1}; a step moves one by {:.2} in the median, {:.2} at the \
         ninth decile, {:.2} at most; crossings of 70: {}, of 30: {}",
        all.len(),
        steps[steps.len() / 2],
        steps[steps.len() * 9 / 10],
        steps[steps.len() - 1],
        crossings(70.0),
        crossings(30.0),
    );
}
