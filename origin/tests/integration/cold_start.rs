//! From nothing to scores in six dimensions: how soon, with how many requests, and what a part that
//! hangs holds up.
//!
//! Time is the runtime's and passes only while all wait, so the figures are the same on every
//! machine.

use crate::watch::{Watch, scored};
use crate::world::{Asked, Setup, World};
use shared::snapshot::ScoreBasis;
use std::collections::HashSet;

/// What a first score rests on: the endpoint, and the parameter that tells two of one endpoint
/// apart.
const FIRST_STAGE: [&str; 4] = [
    "/v5/market/recent-trade?",
    "/v5/market/orderbook?",
    "/v5/market/kline?interval=30",
    "/v5/market/kline?interval=240",
];

/// Runs until so many contracts are scored in six dimensions, and checks how long that takes at
/// most.
async fn check_all_scored(setup: Setup, contracts: usize, within_ms: u64) {
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    loop {
        let (publication, _) = watch.next(&mut world).await;
        let snapshot = publication.valid().get();
        let took_ms = snapshot.generated_at_ms.millis_since(setup.begins_at);
        let found = scored(snapshot);
        assert!(
            took_ms <= within_ms,
            "{found} contracts are scored after {took_ms} ms, {} requests",
            watch.requests
        );
        if found >= contracts {
            println!(
                "{found} contracts are scored after {took_ms} ms and {} requests",
                watch.requests
            );
            return;
        }
    }
}

/// Runs for as long; gives every request, and how many contracts are then scored in six dimensions.
async fn run(setup: Setup, for_ms: u64) -> (Vec<Asked>, usize) {
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    let ends_at = setup.begins_at.plus_millis(for_ms);
    let (mut all, mut found) = (Vec::new(), 0);
    loop {
        let (publication, asked) = watch.next(&mut world).await;
        all.extend(asked.into_iter().filter(|request| request.at <= ends_at));
        let snapshot = publication.valid().get();
        if snapshot.generated_at_ms > ends_at {
            return (all, found);
        }
        found = scored(snapshot);
    }
}

#[tokio::test(start_paused = true)]
async fn forty_contracts_are_scored_within_fifteen_seconds_and_the_budget() {
    check_all_scored(Setup::USUAL, 40, 15_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_contracts_are_scored_as_soon_as_the_budget_allows() {
    // Four requests for each are 400, of which 55 fit into any five seconds beside the ticker
    // table.
    check_all_scored(
        Setup {
            monitored_symbols: 100,
            ..Setup::USUAL
        },
        100,
        40_000,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_contract_that_hangs_costs_no_other_its_score() {
    let setup = Setup {
        hangs: |target| target.contains("symbol=ETHUSDT"),
        ..Setup::USUAL
    };
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    loop {
        let (publication, _) = watch.next(&mut world).await;
        let snapshot = publication.valid().get();
        let took_ms = snapshot.generated_at_ms.millis_since(setup.begins_at);
        assert!(
            took_ms <= 15_000,
            "{} contracts are scored after {took_ms} ms",
            scored(snapshot)
        );
        if scored(snapshot) == 39 {
            let ether = snapshot
                .scores
                .iter()
                .find(|row| row.symbol == "ETHUSDT")
                .unwrap();
            assert_eq!(ether.score_basis, ScoreBasis::TickerMomentum);
            return;
        }
    }
}

/// What a first score needs of all forty contracts is asked for within fifteen seconds, whatever
/// else hangs.
async fn check_hanging(endpoint: &'static str, hangs: fn(&str) -> bool) {
    let (asked, found) = run(
        Setup {
            hangs,
            ..Setup::USUAL
        },
        15_000,
    )
    .await;
    for needed in FIRST_STAGE {
        let (path, detail) = needed.split_once('?').unwrap();
        let symbols: HashSet<&str> = asked
            .iter()
            .filter(|request| !hangs(&request.target))
            .filter_map(|request| request.target.strip_prefix(path)?.strip_prefix('?'))
            .filter(|query| detail.is_empty() || query.split('&').any(|pair| pair == detail))
            .filter_map(|query| {
                query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("symbol="))
            })
            .collect();
        let expected = if path == endpoint { 0 } else { 40 };
        assert_eq!(symbols.len(), expected, "{needed} while {endpoint} hangs");
    }
    if !FIRST_STAGE
        .iter()
        .any(|needed| needed.starts_with(endpoint))
    {
        assert_eq!(found, 40, "while {endpoint} hangs");
    }
}

macro_rules! hanging {
    ($($name:ident: $endpoint:literal,)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            check_hanging($endpoint, |target| target.starts_with($endpoint)).await;
        }
    )*};
}

hanging! {
    trades_that_hang_hold_up_no_other_input: "/v5/market/recent-trade",
    books_that_hang_hold_up_no_other_input: "/v5/market/orderbook",
    candles_that_hang_hold_up_no_other_input: "/v5/market/kline",
    open_interest_that_hangs_holds_up_no_score: "/v5/market/open-interest",
    account_ratios_that_hang_hold_up_no_score: "/v5/market/account-ratio",
    fundings_that_hang_hold_up_no_score: "/v5/market/funding/history",
}
