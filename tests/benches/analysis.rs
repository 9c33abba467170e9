//! What a round costs: reading the ticker table, scoring contracts in six dimensions, assembling,
//! admitting, projecting.
//!
//! The inputs are the simulated exchange's, fetched over HTTP and read by our own parsers, so a
//! change of either shows.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot do its part fails"
)]

use analysis::scores::inputs::{ScoreInputs, TickerFacts, Timed};
use analysis::scores::six_dimension::six_dimension;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shared::analysis::Settings;
use shared::analysis::scores::Analysis;
use shared::assemble::{Identity, Inputs, LongView, Slow, assemble};
use shared::endpoints::Endpoint;
use shared::exchange::bybit::{
    self, Listing, UniverseBuilder, klines, orderbook, paths, tickers, trades,
};
use shared::freshness::Freshness;
use shared::market::Universe;
use shared::market::book::Book;
use shared::market::candles::{Candles, Interval};
use shared::market::trades::Trades;
use shared::projection;
use shared::provenance::{Delivery, Source, Venue};
use shared::snapshot::Producer;
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};
use simulator::{self, Clock};
use std::collections::BTreeMap;
use std::hint::black_box;

/// A moment at which the market is the same at every run.
const NOW: UnixMs = UnixMs::from_millis(1_788_868_810_000);

const SOURCE: Source = Source::live(Venue::Bybit);

/// How many contracts are fetched; more are the same ones again.
const FETCHED: usize = 20;

/// The timeframes of the scores and how many candles of each are wanted.
const TIMEFRAMES: [(Interval, u16); 4] = [
    (Interval::OneMinute, 1_000),
    (Interval::FiveMinutes, 300),
    (Interval::ThirtyMinutes, 300),
    (Interval::FourHours, 300),
];

struct Contract {
    symbol: String,
    candles: Vec<Candles>,
    book: Book,
    trades: Trades,
}

struct Market {
    tickers: Vec<u8>,
    universe: Universe,
    contracts: Vec<Contract>,
}

/// Asks the simulated exchange for everything that a round needs.
fn market() -> Market {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Clock::stopped_at(NOW.as_millis().cast_signed());
        let running = simulator::start(simulator::Config {
            clock,
            ..simulator::Config::default()
        })
        .await
        .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |path: &str| {
            client
                .get(format!("{}{path}", running.base_url))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap()
                .to_vec()
        };
        let tickers = get(bybit::TICKERS).await;
        let mut builder = UniverseBuilder::new();
        assert_eq!(
            builder
                .add(Listing::parse(&get(bybit::INSTRUMENTS).await).unwrap())
                .unwrap(),
            None
        );
        let universe = builder.finish(SOURCE, NOW).unwrap();
        let mut contracts = Vec::new();
        for symbol in universe.contracts.keys().take(FETCHED) {
            let mut candles = Vec::new();
            for (interval, limit) in TIMEFRAMES {
                let body = get(&paths::klines(symbol, interval, limit, None)).await;
                candles.push(klines::parse(&body, symbol, interval, NOW).unwrap().value);
            }
            let book = orderbook::parse(&get(&paths::orderbook(symbol, 50)).await, symbol).unwrap();
            let trades = trades::parse(&get(&paths::trades(symbol, 1_000)).await, symbol)
                .unwrap()
                .value;
            contracts.push(Contract {
                symbol: symbol.clone(),
                candles,
                book,
                trades,
            });
        }
        Market {
            tickers,
            universe,
            contracts,
        }
    })
}

fn score(contract: &Contract, ticker: &TickerFacts) -> Analysis {
    let candles: Vec<Timed<'_, Candles>> = contract
        .candles
        .iter()
        .map(|value| Timed {
            value,
            as_of_ms: NOW,
        })
        .collect();
    let inputs = ScoreInputs {
        candles: &candles,
        book: Some(Timed {
            value: &contract.book,
            as_of_ms: NOW,
        }),
        trades: Some(Timed {
            value: &contract.trades,
            as_of_ms: NOW,
        }),
        ticker: Some(Timed {
            value: ticker,
            as_of_ms: NOW,
        }),
        ..ScoreInputs::NONE
    };
    Analysis {
        confluence: six_dimension(&inputs, NOW),
        history: Vec::new(),
        carried_from_ms: None,
    }
}

fn snapshot(market: &Market, long_view: &LongView) -> ValidSnapshot {
    let table = tickers::parse(&market.tickers).unwrap();
    let inputs = Inputs {
        tickers: &table,
        tickers_source: SOURCE,
        tickers_delivery: Delivery::Request,
        as_of: NOW,
        universe: &market.universe,
        global_market: &Slow::unknown("not_asked"),
        defi_market: &Slow::unknown("not_asked"),
        fear_greed: &Slow::unknown("not_asked"),
        long_view,
    };
    let identity = Identity {
        sequence: 1,
        producer: Producer::Origin,
        fallback_reason: None,
        now: NOW,
    };
    let assembled = assemble(&inputs, identity, &Settings::DEFAULT).unwrap();
    ValidSnapshot::admit(assembled.snapshot, NOW, Baseline::default()).unwrap()
}

fn bench(c: &mut Criterion) {
    let market = market();
    let table = tickers::parse(&market.tickers).unwrap();
    let row = table
        .rows
        .iter()
        .find(|row| row.symbol == "BTCUSDT")
        .unwrap();
    let ticker = TickerFacts {
        last: row.last,
        change_24h_pct: row.change_24h_pct,
        volume_base_24h: row.volume_base_24h,
        funding_rate_8h: row.funding_rate,
    };

    let mut parse = c.benchmark_group("parse");
    parse.throughput(Throughput::Bytes(market.tickers.len() as u64));
    parse.bench_function("tickers", |b| {
        b.iter(|| tickers::parse(black_box(&market.tickers)).unwrap());
    });
    parse.finish();

    let mut scores = c.benchmark_group("six_dimension");
    scores.sample_size(10);
    for count in [1, 40, 100, 500] {
        scores.throughput(Throughput::Elements(count));
        scores.bench_with_input(BenchmarkId::from_parameter(count), &count, |b, count| {
            let contracts = || {
                market
                    .contracts
                    .iter()
                    .cycle()
                    .take(usize::try_from(*count).unwrap())
            };
            b.iter(|| {
                contracts()
                    .map(|contract| score(black_box(contract), &ticker))
                    .collect::<Vec<_>>()
            });
        });
    }
    scores.finish();

    let analyses: BTreeMap<String, Analysis> = market
        .contracts
        .iter()
        .map(|contract| (contract.symbol.clone(), score(contract, &ticker)))
        .collect();
    let long_view = LongView {
        analyses,
        ..LongView::unknown("not_asked")
    };
    let valid = snapshot(&market, &long_view);
    let bytes = valid.to_json().unwrap();
    let mut round = c.benchmark_group("round");
    round.bench_function("parse, assemble, admit", |b| {
        b.iter(|| snapshot(black_box(&market), &long_view));
    });
    round.bench_function("read back and admit", |b| {
        b.iter(|| ValidSnapshot::from_json(black_box(&bytes), NOW, Baseline::default()).unwrap());
    });
    round.bench_function("project mobile-data", |b| {
        b.iter(|| {
            projection::body(
                black_box(&valid),
                Endpoint::MobileData,
                Freshness::Fresh,
                &shared::freshness::Limits::DEFAULT,
            )
            .unwrap()
        });
    });
    round.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
