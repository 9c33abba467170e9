//! A change at one upstream changes exactly what rests on it, in every body that clients read; an
//! upstream that falls silent takes exactly its own figures, and everything else stays as it was to
//! the last byte.
//!
//! The market stands still, so any two origins that have all of it serve the same figures. One sees
//! the market as it is, the others each see it with one change. What is compared, and what cannot
//! be, stands in [`bodies`].

#[path = "dependence/bodies.rs"]
mod bodies;

use super::analysis::{OF_TRADES, later};
use super::support::{Answer, Exchange, Origin, PLENTY, eventually};
use bodies::{Bodies, Expected, differences, served};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

/// As few contracts as there may be, and as few publications as keep data fresh: five origins share
/// a machine.
const CALM: [(&str, &str); 3] = [
    PLENTY,
    ("MONITORED_SYMBOLS", "30"),
    ("TICKERS_INTERVAL_MS", "3000"),
];

/// How long an origin may take to have everything, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// What moves with the score of a contract `{}`; all of it may, for a score that moves by less than
/// its rounding moves nothing, and the order of the lists and the mood of the market with it.
const OF_SCORE: [&str; 16] = [
    "?**/{}/score",
    "?**/{}/confluence_score",
    "?**/{}/sentiment",
    "?**/{}/signal_type",
    "?**/{}/strength",
    "?**/{}/confluence/{score,consensus}",
    "?breakdown/{}/data/{overall_score,sentiment,consensus}",
    "?breakdown/{}/data/measurements/**",
    "?snapshot/scores/{}/confluence/measurements/**",
    "?analysis/{}/analysis",
    "?overview/signals/*",
    "?**/{market_regime,trend_strength,mean_score}",
    "?**/market_regime_details/{direction,label,mean_score}",
    "?snapshot/regime/{direction,label,mean_score}",
    "?*/{confluence_scores,scores,signals,symbols,top_symbols}/(order)",
    "?*/*/{confluence_scores,scores,signals,symbols,top_symbols}/(order)",
];

/// A change of the market.
#[derive(Default)]
struct Change {
    /// Link and fault.
    faults: Vec<(&'static str, Value)>,
    /// What differs by it; see [`Expected`].
    expected: Vec<String>,
}

impl Change {
    /// A change that moves no score.
    fn new(link: &'static str, fault: Value, expected: &[&str]) -> Self {
        Self {
            faults: vec![(link, fault)],
            expected: expected
                .iter()
                .map(|pattern| (*pattern).to_owned())
                .collect(),
        }
    }

    /// A change of one contract's input, which moves these parts of its score (some of them where a
    /// pattern begins with `?`), and the dimensions they belong to.
    fn of_parts(link: &'static str, fault: Value, symbol: &str, parts: &[&str]) -> Self {
        let mut change = Self::new(link, fault, &[]);
        for part in parts {
            let (mark, part) = part
                .strip_prefix('?')
                .map_or(("", *part), |part| ("?", part));
            let dimension = part.split_once('.').unwrap().0;
            change.expected.extend([
                format!("{mark}breakdown/{symbol}/data/sub_components/{part}"),
                format!("{mark}snapshot/scores/{symbol}/confluence/sub_components/{part}"),
                format!("?**/{symbol}/{{components,interpretations}}/{dimension}"),
                format!("?**/{symbol}/*/{{components,interpretations}}/{dimension}"),
            ]);
        }
        change
            .expected
            .extend(OF_SCORE.map(|pattern| pattern.replace("{}", symbol)));
        change
    }

    /// An input of one contract that nobody sends: these parts of its score are absent, and named
    /// as missing.
    fn silent(link: &'static str, symbol: &str, parts: &[&str]) -> Self {
        let mut change = Self::of_parts(link, blocked(&json!({ "symbol": symbol })), symbol, parts);
        for part in parts {
            change.expected.extend([
                format!("breakdown/{symbol}/data/missing/{part}"),
                format!("snapshot/scores/{symbol}/confluence/missing/{part}"),
                format!("breakdown/{symbol}/data/missing_reasons/{part}"),
                format!("snapshot/scores/{symbol}/confluence/missing_reasons/{part}"),
            ]);
        }
        change
    }

    /// Several changes at once, whose differences do not meet: each is of another contract, or of
    /// another section.
    fn all(changes: impl IntoIterator<Item = Self>) -> Self {
        changes
            .into_iter()
            .fold(Self::default(), |mut all, change| {
                all.faults.extend(change.faults);
                all.expected.extend(change.expected);
                all
            })
    }

    /// The same with more that is expected.
    fn and(mut self, expected: &[&str]) -> Self {
        self.expected
            .extend(expected.iter().map(|pattern| (*pattern).to_owned()));
        self
    }
}

fn blocked(of: &Value) -> Value {
    json!({"kind": "status", "status": 500, "where": of})
}

/// An exchange whose market stands still, and an origin that reads it.
async fn market(still_since_ms: i64, faults: &[(&str, Value)]) -> (Exchange, Origin) {
    let config = simulator::Config {
        still_since_ms: Some(still_since_ms),
        ..simulator::Config::default()
    };
    let exchange = Exchange::start_with(config).await;
    for (link, fault) in faults {
        exchange.fault(link, fault.clone()).await;
    }
    let origin = Origin::start(exchange.url(), &CALM);
    (exchange, origin)
}

/// How often each input is fetched until every contract has all: hourly candles come in three
/// pages, daily ones are Bitcoin's alone.
const FETCHES: [(&str, u64); 6] = [
    ("bybit-klines", 30 * 7 + 1),
    ("bybit-orderbook", 30),
    ("bybit-trades", 30),
    ("bybit-open-interest", 30),
    ("bybit-account-ratio", 30),
    ("bybit-funding", 30),
];

/// The bodies of an origin that sees everything, once everything is in.
async fn whole((exchange, origin): &(Exchange, Origin)) -> Bodies {
    eventually("everything was asked for", || async {
        for (link, fetches) in FETCHES {
            if exchange.requests(link).await < fetches {
                return None;
            }
        }
        Some(())
    })
    .await;
    let is_whole = |answer: &Answer| {
        let body = answer.json();
        let rows = body["confluence_scores"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        rows.len() == 30 && rows.iter().all(|row| row["score_basis"] == "six_dimension")
    };
    origin
        .data_where("thirty contracts are analysed", is_whole)
        .await;
    // The record of each contract's open interest comes last.
    eventually("nothing more comes in", || async {
        let before = served(origin).await;
        // Two publications later, so that no result is still kept that was made of less.
        later(origin).await;
        let after = served(origin).await;
        differences(&before, &after).is_empty().then_some(after)
    })
    .await
}

/// Checks that each change makes exactly its differences.
async fn check(changes: Vec<Change>) {
    let still_since_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let still_since_ms = i64::try_from(still_since_ms).unwrap();
    let mut markets = JoinSet::new();
    for change in changes {
        markets.spawn(async move {
            let market = market(still_since_ms, &change.faults).await;
            (change, market)
        });
    }
    let plain = Arc::new(whole(&market(still_since_ms, &[]).await).await);
    let mut checks = JoinSet::new();
    for (change, (exchange, origin)) in markets.join_all().await {
        let plain = Arc::clone(&plain);
        checks.spawn(async move {
            let outcome = differs_as_expected(&plain, &origin, &change).await;
            drop(exchange);
            outcome.err()
        });
    }
    let failures: Vec<String> = checks.join_all().await.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Waits until the bodies differ from the plain ones in exactly what is expected.
async fn differs_as_expected(
    plain: &Bodies,
    origin: &Origin,
    change: &Change,
) -> Result<(), String> {
    let expected = Expected::new(&change.expected);
    let started = tokio::time::Instant::now();
    loop {
        let found = differences(plain, &served(origin).await);
        match expected.check(&found) {
            Ok(()) => return Ok(()),
            Err(failure) if started.elapsed() > PATIENCE => return Err(failure),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

/// An answer about one contract with some of its newest rows rewritten.
fn rewritten(fields: &Value, rows: Option<u8>, of: &Value) -> Value {
    json!({"kind": "rewrite", "fields": fields, "of": {"rows": rows}, "where": of})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_value_moves_exactly_what_rests_on_it() {
    let volume = rewritten(
        &json!({"volume": {"scale": 3.0}}),
        Some(3),
        &json!({"symbol": "SOLUSDT", "interval": "5"}),
    );
    let bids = rewritten(
        &json!({"bid_size": {"scale": 3.0}}),
        None,
        &json!({"symbol": "ETHUSDT"}),
    );
    let interest = rewritten(
        &json!({"singleOpenInterest": {"scale": 1.1}}),
        Some(1),
        &json!({"symbol": "XRPUSDT"}),
    );
    let fundings = rewritten(
        &json!({"fundingRate": {"scale": 3.0}}),
        Some(20),
        &json!({"symbol": "DOGEUSDT"}),
    );
    let accounts = json!({"buyRatio": {"set": "0.9"}, "sellRatio": {"set": "0.1"}});
    let accounts = rewritten(&accounts, None, &json!({"symbol": "BNBUSDT"}));
    let total = json!({"kind": "rewrite", "fields": {"total_volume.usd": {"scale": 1.5}}});
    // In all the ways in which a row tells it: one that contradicts the others would not be
    // believed.
    let held = json!({
        "singleOpenInterestValue": {"scale": 2.0}, "openInterestValue": {"scale": 2.0},
        "singleOpenInterest": {"scale": 2.0}, "openInterest": {"scale": 2.0},
    });
    let held = json!({"kind": "rewrite", "fields": held, "of": {"symbol": "BTCUSDT"}});
    let of_volume = [
        "volume.{obv,adl}",
        "?volume.{cmf,relative_volume,volume_profile,vwap}",
        "?price_structure.{volume_profile,institutional_zones,support_resistance}",
    ];
    let of_book = ["orderbook.{depth,imbalance,oir,di}"];
    check(vec![Change::all([
        Change::of_parts("bybit-klines", volume, "SOLUSDT", &of_volume),
        Change::of_parts("bybit-orderbook", bids, "ETHUSDT", &of_book).and(&[
            "books/books/ETHUSDT/bid_size_base",
            "snapshot/books/value/rows/ETHUSDT/bid_size_base",
        ]),
        Change::of_parts(
            "bybit-open-interest",
            interest,
            "XRPUSDT",
            &["orderflow.open_interest"],
        ),
        Change::of_parts(
            "bybit-funding",
            fundings,
            "DOGEUSDT",
            &["sentiment.funding_rate"],
        )
        .and(&[
            "mobile-data/perps/funding_zscore",
            "?**/{funding_zscore,funding_unusual}",
        ]),
        Change::of_parts(
            "bybit-account-ratio",
            accounts,
            "BNBUSDT",
            &["sentiment.long_short_ratio"],
        )
        .and(&[
            "mobile-data/perps/{long_pct,short_pct}",
            "?**/{long_pct,short_pct,ls_entropy}",
        ]),
        Change::new(
            "coingecko-global",
            total,
            &[
                "mobile-data/market_overview/{coingecko_volume_24h,total_volume,volume_mcap_ratio}",
                "?**/{coingecko_volume_24h,total_volume,volume_mcap_ratio}",
                "snapshot/global_market/value/volume_24h",
            ],
        ),
        Change::new(
            "bybit-tickers",
            held,
            &["mobile-data/perps/{total_open_interest,funding_paid,premium}"],
        )
        .and(&[
            "contracts/contracts/BTCUSDT/{open_interest_usd,open_interest_base}",
            "contracts/contracts/BTCUSDT/open_interest_change_{1h,4h,24h}_pct",
            "snapshot/contracts/value/{open_interest_usd,open_interest_base}/0",
            "snapshot/contracts/value/open_interest_change_{1h,4h,24h}_pct/0",
            "?**/{total_open_interest,funding_paid,premium,premium_unusual,payer,funding_unusual}",
        ]),
        Change::default().and(&[
            "?perpetuals-pulse/signals/**",
            "?perpetuals-pulse/{signals,signal_count}",
        ]),
    ])])
    .await;
}

/// Candles of one contract and length that nobody sends: the parts that read candles lose one of
/// their witnesses and stay.
fn no_candles(symbol: &str, interval: &str) -> Change {
    let parts = [
        "?technical.*",
        "?volume.{adl,cmf,obv,relative_volume,volume_profile,vwap}",
        "?price_structure.*",
        "?sentiment.{volatility,market_activity}",
        "?orderflow.open_interest",
    ];
    let fault = blocked(&json!({"symbol": symbol, "interval": interval}));
    let charts =
        ["?beta-chart-*", "?snapshot/performance"].map(|place| format!("{place}/**/{symbol}/**"));
    let lists = [
        "?beta-chart-*/overview/*",
        "?beta-chart-*/performance_order/*",
        "?beta-chart-*/**/(order)",
    ];
    // In a chart that lacks the contract another one takes its place, whole.
    let successor = [
        "?beta-chart-*/{chart_data,performance_summary}/*",
        "?snapshot/performance/value/charts/*/lines/*",
    ];
    Change::of_parts("bybit-klines", fault, symbol, &parts)
        .and(&charts.each_ref().map(String::as_str))
        .and(&lists)
        .and(&successor)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_input_of_one_contract_takes_exactly_its_parts_and_names_them() {
    let mut of_trades = OF_TRADES.to_vec();
    // It needs more history than there is here.
    of_trades.retain(|part| *part != "orderflow.liquidity");
    let of_book = ["orderbook.{depth,imbalance,oir,di}"];
    check(vec![Change::all([
        // Liquidity is compared with its own history, of which there is too little so soon.
        Change::silent("bybit-orderbook", "ETHUSDT", &of_book).and(&[
            "books/books/{ETHUSDT,(order)}",
            "books/count",
            "snapshot/books/value/rows/{ETHUSDT,(order)}",
            "?{breakdown/ETHUSDT/data,snapshot/scores/ETHUSDT/confluence}/missing_reasons/orderbook.liquidity",
        ]),
        Change::silent("bybit-trades", "SOLUSDT", &of_trades).and(&[
            "?{breakdown/SOLUSDT/data,snapshot/scores/SOLUSDT/confluence}/missing_reasons/orderflow.liquidity",
        ]),
        Change::silent(
            "bybit-open-interest",
            "XRPUSDT",
            &["orderflow.open_interest"],
        )
        .and(&[
            "contracts/contracts/XRPUSDT/open_interest_change_{1h,4h,24h}_pct",
            "snapshot/contracts/value/open_interest_change_{1h,4h,24h}_pct/*",
        ]),
        Change::silent(
            "bybit-account-ratio",
            "BNBUSDT",
            &["sentiment.long_short_ratio"],
        )
        .and(&["?**/{long_pct,short_pct,ls_entropy}"]),
        Change::silent("bybit-funding", "DOGEUSDT", &["sentiment.funding_rate"])
            .and(&["?**/{funding_zscore,funding_unusual}"]),
        no_candles("ADAUSDT", "1"),
        no_candles("AVAXUSDT", "5"),
        no_candles("1000PEPEUSDT", "30"),
        // An average day's volume is told by these alone.
        no_candles("SUIUSDT", "240").and(&[
            "breakdown/SUIUSDT/data/missing/sentiment.market_activity",
            "snapshot/scores/SUIUSDT/confluence/missing/sentiment.market_activity",
            "{breakdown/SUIUSDT/data,snapshot/scores/SUIUSDT/confluence}/missing_reasons/sentiment.market_activity",
            "mobile-data/market_overview/trend_adx_contracts",
            "?**/{trend_adx,trend_adx_contracts}",
            "snapshot/statistics/value/trend_adx/**",
        ]),
        Change::default().and(&[
            "?perpetuals-pulse/signals/**",
            "?perpetuals-pulse/{signals,signal_count}",
        ]),
    ])])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_publisher_takes_exactly_its_own_figures_and_says_why() {
    let all = || blocked(&json!({}));
    let global = Change::new(
        "coingecko-global",
        all(),
        &[
            "mobile-data/degraded/global_market_http_500",
            "?**/degraded/global_market_http_500",
            "mobile-data/sections/global_market/{reason,source,status}",
            "?**/sections/global_market/{reason,source,status}",
            "mobile-data/market_overview/{active_cryptocurrencies,btc_dominance,coingecko_volume_24h,eth_dominance}",
            "mobile-data/market_overview/{market_cap_change_24h,stablecoin_dominance,total_market_cap,total_volume}",
            "mobile-data/market_overview/{volume_mcap_ratio,altcoin_dominance,stablecoin_top10_dominance,remaining_dominance}",
            "?**/{active_cryptocurrencies,btc_dominance,coingecko_volume_24h,eth_dominance,altcoin_season}",
            "?**/{market_cap_change_24h,stablecoin_dominance,total_market_cap,total_volume}",
            "?**/{volume_mcap_ratio,altcoin_dominance,stablecoin_top10_dominance,remaining_dominance}",
            "snapshot/global_market/**",
        ],
    );
    let hourly = Change::new(
        "bybit-klines",
        blocked(&json!({"interval": "60"})),
        &[
            "beta/**",
            "mobile-data/degraded/beta_candles_not_loaded_yet",
            "?**/degraded/beta_candles_not_loaded_yet",
            "mobile-data/sections/beta/{reason,source,status}",
            "?**/sections/beta/*",
            "snapshot/beta/**",
            "mobile-data/market_overview/{realised_volatility,realised_volatility_avg,realised_volatility_contracts}",
            "mobile-data/market_overview/{altcoin_share,altcoin_share_contracts}",
            "?**/{realised_volatility,realised_volatility_avg,realised_volatility_contracts}",
            "?**/{altcoin_share,altcoin_share_contracts}",
            "snapshot/statistics/value/{realised_volatility,altcoin_share}",
        ],
    );
    let defi = Change::new(
        "coingecko-defi",
        all(),
        &[
            "mobile-data/degraded/defi_market_http_500",
            "?**/degraded/defi_market_http_500",
            "mobile-data/sections/defi_market/{reason,source,status}",
            "?**/sections/defi_market/{reason,source,status}",
            "mobile-data/market_overview/{defi_dominance,defi_market_cap,defi_volume_24h}",
            "?**/{defi_dominance,defi_market_cap,defi_volume_24h}",
            "snapshot/defi_market/**",
        ],
    );
    let index = Change::new(
        "fear-greed",
        all(),
        &[
            "mobile-data/degraded/fear_greed_http_500",
            "?**/degraded/fear_greed_http_500",
            "mobile-data/sections/fear_greed/{reason,source,status}",
            "?**/sections/fear_greed/{reason,source,status}",
            "mobile-data/market_overview/{fear_greed_label,fear_greed_value}",
            "mobile-data/market_overview/market_regime_details/sentiment",
            "?**/{fear_greed_label,fear_greed_value}",
            "?**/market_regime_details/{sentiment,label}",
            "?**/market_regime",
            "?dashboard-mobile-data/regime",
            "snapshot/fear_greed/**",
            "snapshot/regime/sentiment",
            "?snapshot/regime/label",
        ],
    );
    let daily = Change::new(
        "bybit-klines",
        blocked(&json!({"interval": "D"})),
        &[
            "mobile-data/market_overview/btc_volatility",
            "?**/{btc_volatility,btc_daily_volatility,volatility,current_volatility}",
            "?snapshot/overview/bitcoin_volatility",
        ],
    );
    check(vec![
        Change::all([global, hourly]),
        Change::all([defi, index, daily]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tickers_or_instruments_there_is_no_data_and_the_problem_names_the_source() {
    for (link, name) in [
        ("bybit-tickers", "bybit_tickers"),
        ("bybit-instruments", "bybit_instruments"),
    ] {
        let exchange = Exchange::start().await;
        exchange.fault(link, blocked(&json!({}))).await;
        let origin = Origin::start(exchange.url(), &CALM);
        let source = eventually(&format!("the problem names {name}"), || async {
            let problem = origin.get("/mobile-data").await;
            assert_eq!(problem.status, 503, "{}", problem.text);
            let body = problem.json();
            body["sources"]
                .as_array()?
                .iter()
                .find(|source| source["name"] == name)
                .cloned()
        })
        .await;
        assert_eq!(source["outcome"], "http_500", "{source}");
        for (path, body) in served(&origin).await {
            assert_eq!(body, json!({ "no_data": 503 }), "{path}");
        }
    }
}
