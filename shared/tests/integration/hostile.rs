//! Answers that are almost right: cut, spoiled, or with a few fields changed. Nothing panics,
//! nothing impossible gets in.
//!
//! What must hold is written once, in `shared/fuzz/src`: the fuzz targets ask the same.

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is a library to the fuzz targets"
)]
mod fuzz;

use fuzz::mutate::{Dice, mutated};
use fuzz::seeds::{SYMBOL, now};
use fuzz::{TARGETS, Target};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use shared::exchange::bybit::{
    Listing, account_ratio, funding_history, klines, open_interest, orderbook, tickers, trades,
};
use shared::exchange::{ParseError, alternative_me, binance, coingecko, okx};
use shared::market::candles::Interval;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

#[track_caller]
fn target(name: &str) -> Target {
    TARGETS
        .into_iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("no target is called {name}"))
}

/// The first seed of a target.
#[track_caller]
fn seed(name: &str) -> &'static [u8] {
    target(name).seeds[0]
}

/// A seed of a target with one to five changes.
fn mutants(target: Target) -> impl Strategy<Value = Vec<u8>> {
    let seed = prop::sample::select(target.seeds);
    (seed, prop::collection::vec(any::<u64>(), 1..6)).prop_map(|(seed, changes)| {
        changes.into_iter().fold(seed.to_vec(), |body, change| {
            mutated(&body, &mut Dice::new(change))
        })
    })
}

/// Whatever is made of the seeds, the property holds; and so much of it is still taken for data
/// that this says something.
#[track_caller]
fn check(name: &str, cases: u32) {
    let (target, taken) = (target(name), Cell::new(0_u32));
    let outcome =
        TestRunner::new(ProptestConfig::with_cases(cases)).run(&mutants(target), |body| {
            taken.set(taken.get() + u32::from((target.property)(&body)));
            Ok(())
        });
    outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
    // The strictest of them takes about one in twenty, so that a fourth of that is no accident.
    assert!(
        taken.get() >= cases / 80,
        "only {} of {cases} spoiled inputs of {name} were looked at",
        taken.get()
    );
}

#[test]
fn every_seed_is_data() {
    for target in TARGETS {
        for (index, seed) in target.seeds.iter().enumerate() {
            assert!(
                (target.property)(seed),
                "seed {index} of {} is refused",
                target.name
            );
        }
    }
}

/// The names in a folder of the fuzz crate.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = entries.filter(|path| path.is_dir() || path.extension().is_some());
    named
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_property_has_its_fuzz_target_and_its_seeds() {
    let expected: BTreeSet<String> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    assert_eq!(names("fuzz_targets"), expected);
    assert_eq!(names("seeds"), expected);
    for target in TARGETS {
        assert_eq!(
            names(&format!("seeds/{}", target.name)).len(),
            target.seeds.len(),
            "{}",
            target.name
        );
    }
}

#[track_caller]
fn check_cut<T>(body: &[u8], parse: impl Fn(&[u8]) -> Result<T, ParseError>) {
    for end in 1..body.trim_ascii_end().len() {
        // A cut right behind a decimal point or the mark of an exponent is told as a malformed
        // number.
        let behind_point = matches!(body[end - 1], b'.' | b'-' | b'+' | b'e' | b'E');
        // A cut within a letter of several bytes leaves no text.
        let within_letter = std::str::from_utf8(&body[..end]).is_err();
        match parse(&body[..end]) {
            Err(ParseError::Truncated) => {}
            Err(ParseError::Malformed(_)) if behind_point => {}
            Err(ParseError::NotUtf8 { .. }) if within_letter => {}
            Err(other) => panic!("{end} bytes of an answer are refused as {other:?}"),
            Ok(_) => panic!("data was read from {end} bytes of an answer"),
        }
    }
}

#[test]
fn an_answer_cut_anywhere_is_no_data() {
    check_cut(seed("bybit_tickers"), |cut| tickers::parse(cut).map(drop));
    check_cut(seed("bybit_instruments"), Listing::parse);
    check_cut(seed("bybit_klines"), |cut| {
        klines::parse(cut, SYMBOL, Interval::FiveMinutes, now())
    });
    check_cut(seed("bybit_orderbook"), |cut| orderbook::parse(cut, SYMBOL));
    check_cut(seed("bybit_trades"), |cut| trades::parse(cut, SYMBOL));
    check_cut(seed("bybit_open_interest"), |cut| {
        open_interest::parse(cut, SYMBOL)
    });
    check_cut(seed("bybit_account_ratio"), |cut| {
        account_ratio::parse(cut, SYMBOL)
    });
    check_cut(seed("bybit_funding_history"), |cut| {
        funding_history::parse(cut, SYMBOL)
    });
    check_cut(seed("okx_tickers"), |cut| {
        okx::tickers::parse(cut).map(drop)
    });
    check_cut(seed("okx_instruments"), okx::instruments::Listing::parse);
    check_cut(seed("binance_tickers"), |cut| {
        binance::tickers::parse(cut).map(drop)
    });
    check_cut(seed("coingecko_global"), coingecko::parse_global);
    check_cut(seed("coingecko_defi"), coingecko::parse_defi);
    check_cut(seed("fear_greed"), |cut| alternative_me::parse(cut, now()));
}

#[test]
fn a_web_page_in_place_of_data_is_named() {
    let page =
        b"<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD></HTML>";
    assert_eq!(tickers::parse(page), Err(ParseError::Html));
    assert_eq!(Listing::parse(page), Err(ParseError::Html));
    assert_eq!(
        klines::parse(page, SYMBOL, Interval::FiveMinutes, now()),
        Err(ParseError::Html)
    );
    assert_eq!(orderbook::parse(page, SYMBOL), Err(ParseError::Html));
    assert_eq!(okx::tickers::parse(page), Err(ParseError::Html));
    assert_eq!(
        okx::instruments::Listing::parse(page),
        Err(ParseError::Html)
    );
    assert_eq!(binance::tickers::parse(page), Err(ParseError::Html));
    assert_eq!(coingecko::parse_global(page), Err(ParseError::Html));
    assert_eq!(coingecko::parse_defi(page), Err(ParseError::Html));
    assert_eq!(alternative_me::parse(page, now()), Err(ParseError::Html));
}

/// How many rows are kept of an answer; 0 of one that is refused.
fn kept<T>(rows: Result<T, ParseError>, count: impl Fn(T) -> usize) -> usize {
    rows.map_or(0, count)
}

#[test]
fn one_source_s_answer_is_never_taken_for_another_s() {
    let exchanges = ["bybit", "okx", "binance"];
    let is_exchange = |target: &&Target| {
        exchanges
            .iter()
            .any(|exchange| target.name.starts_with(exchange))
    };
    for other in TARGETS.iter().filter(is_exchange).map(|target| target.name) {
        let body = seed(other);
        assert!(
            coingecko::parse_global(body).is_err() && coingecko::parse_defi(body).is_err(),
            "{other}"
        );
        assert!(alternative_me::parse(body, now()).is_err(), "{other}");
        let found = [
            (
                "bybit_tickers",
                kept(tickers::parse(body), |table| table.rows.len()),
            ),
            (
                "okx_tickers",
                kept(okx::tickers::parse(body), |table| table.rows.len()),
            ),
            (
                "binance_tickers",
                kept(binance::tickers::parse(body), |table| table.rows.len()),
            ),
            (
                "bybit_klines",
                kept(
                    klines::parse(body, SYMBOL, Interval::FiveMinutes, now()),
                    |r| r.value.closed.len(),
                ),
            ),
            (
                "bybit_orderbook",
                kept(orderbook::parse(body, SYMBOL), |book| book.bids.len()),
            ),
            (
                "bybit_trades",
                kept(trades::parse(body, SYMBOL), |r| r.value.trades.len()),
            ),
            (
                "bybit_open_interest",
                kept(open_interest::parse(body, SYMBOL), |r| r.value.len()),
            ),
            (
                "bybit_account_ratio",
                kept(account_ratio::parse(body, SYMBOL), |r| r.value.len()),
            ),
            (
                "bybit_funding_history",
                kept(funding_history::parse(body, SYMBOL), |r| r.value.len()),
            ),
        ];
        for (reader, rows) in found {
            assert_eq!(
                rows > 0,
                reader == other,
                "{reader} read {rows} rows of {other}"
            );
        }
    }
    let (global, defi, index) = (
        seed("coingecko_global"),
        seed("coingecko_defi"),
        seed("fear_greed"),
    );
    assert!(coingecko::parse_global(defi).is_err() && coingecko::parse_defi(global).is_err());
    assert!(alternative_me::parse(defi, now()).is_err() && coingecko::parse_global(index).is_err());
    assert!(Listing::parse(global).is_err() && tickers::parse(index).is_err());
}

#[test]
fn a_spoiled_ticker_table_gives_possible_facts_or_none() {
    check("bybit_tickers", 512);
}

#[test]
fn a_spoiled_listing_gives_a_possible_universe_or_none() {
    check("bybit_instruments", 512);
}

#[test]
fn a_spoiled_table_of_another_exchange_gives_possible_facts_or_none() {
    check("okx_tickers", 512);
    check("binance_tickers", 512);
}

#[test]
fn a_spoiled_list_of_another_exchange_gives_a_possible_universe_or_none() {
    check("okx_instruments", 512);
}

#[test]
fn spoiled_candles_are_possible_and_in_order_or_none() {
    check("bybit_klines", 1024);
}

#[test]
fn a_spoiled_book_is_sorted_and_uncrossed_or_none() {
    check("bybit_orderbook", 1024);
}

#[test]
fn a_spoiled_session_of_a_stream_has_sorted_books_and_priced_rows_or_none() {
    check("bybit_stream", 1024);
}

#[test]
fn spoiled_trades_are_possible_and_in_order_or_none() {
    check("bybit_trades", 1024);
}

#[test]
fn spoiled_open_interest_is_possible_and_in_order_or_none() {
    check("bybit_open_interest", 1024);
}

#[test]
fn spoiled_account_ratios_are_shares_of_a_whole_or_none() {
    check("bybit_account_ratio", 1024);
}

#[test]
fn spoiled_fundings_are_believable_or_none() {
    check("bybit_funding_history", 1024);
}

#[test]
fn spoiled_global_figures_are_possible_or_none() {
    check("coingecko_global", 1024);
}

#[test]
fn spoiled_figures_of_decentralised_finance_are_possible_or_none() {
    check("coingecko_defi", 1024);
}

#[test]
fn a_spoiled_index_is_possible_or_none() {
    check("fear_greed", 1024);
}

#[test]
fn a_spoiled_snapshot_keeps_its_promises_or_is_none() {
    check("snapshot", 512);
}

#[test]
fn a_spoiled_memory_of_alerts_can_be_gone_on_with_or_is_none() {
    check("alert_state", 512);
}

#[test]
fn spoiled_header_values_match_only_what_they_name() {
    check("headers", 1024);
}

#[test]
fn a_spoiled_path_means_the_same_in_every_form() {
    check("path", 1024);
}

#[test]
fn a_spoiled_query_asks_for_what_there_is_or_nothing() {
    check("query", 1024);
}

#[test]
fn a_spoiled_symbol_can_end_nothing() {
    check("symbol", 1024);
}
