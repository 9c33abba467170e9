//! Answers that are almost right: cut, spoiled, or with one field changed. Nothing panics, nothing impossible gets in.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, in which a panic is how a test fails"
)]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::exchange::bybit::{Listing, UniverseBuilder, tickers};
use shared::exchange::secondary::Secondary;
use shared::exchange::{ParseError, alternative_me, binance, coingecko, okx};
use shared::market::{Tickers, is_plausible_symbol};
use shared::units::{Price, UnixMs};
use support::json::pointers;
use support::{AS_OF, BYBIT, NOW, Scene, bybit_row, bybit_tickers};

fn table() -> Vec<u8> {
    bybit_tickers(&["BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "BTCUSDT-25DEC26"].map(bybit_row))
}

fn listing() -> Vec<u8> {
    let contract = |symbol: &str| {
        json!({
            "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "X", "quoteCoin": "USDT",
            "settleCoin": "USDT", "symbolType": "", "isPreListing": false, "preListingInfo": null, "fundingInterval": 240,
            "priceFilter": {"tickSize": "0.10"}
        })
    };
    let list = ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"].map(contract);
    let result = json!({"category": "linear", "list": list, "nextPageCursor": "first%3DA%26last%3DB"});
    json!({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": AS_OF.as_millis()})
        .to_string()
        .into_bytes()
}

fn okx_table() -> Vec<u8> {
    let row = |instrument: &str| {
        json!({
            "instType": "SWAP", "instId": instrument, "last": "1800.5", "lastSz": "1", "askPx": "1800.6", "bidPx": "1800.5",
            "open24h": "2000.5", "high24h": "2100", "low24h": "1790.5", "volCcy24h": "48000.12", "vol24h": "480001",
            "ts": AS_OF.as_millis().to_string()
        })
    };
    let rows = ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "PEPE-USDT-SWAP", "BTC-USD-SWAP"].map(row);
    json!({"code": "0", "msg": "", "data": rows}).to_string().into_bytes()
}

fn okx_listing() -> Vec<u8> {
    let row = |instrument: &str, category: &str| {
        json!({
            "instType": "SWAP", "instId": instrument, "settleCcy": "USDT", "ctType": "linear", "state": "live",
            "ruleType": "normal", "instCategory": category, "instIdCode": null, "upcChg": []
        })
    };
    let rows = [row("BTC-USDT-SWAP", "1"), row("ETH-USDT-SWAP", "1"), row("TSLA-USDT-SWAP", "3")];
    json!({"code": "0", "msg": "", "data": rows}).to_string().into_bytes()
}

fn binance_table() -> Vec<u8> {
    let row = |symbol: &str| {
        json!({
            "symbol": symbol, "openPrice": "2000.50000000", "highPrice": "2100.00000000", "lowPrice": "1790.50000000",
            "lastPrice": "1800.50000000", "volume": "48000.12000000", "quoteVolume": "90000000.12000000",
            "openTime": AS_OF.as_millis() - 86_400_000, "closeTime": AS_OF.as_millis(), "firstId": 1, "lastId": 9, "count": 9
        })
    };
    json!(["BTCUSDT", "ETHUSDT", "PEPEUSDT", "ETHBTC"].map(row)).to_string().into_bytes()
}

fn secondary_table(venue: Secondary) -> Vec<u8> {
    match venue {
        Secondary::Okx => okx_table(),
        Secondary::Binance => binance_table(),
    }
}

fn global() -> Vec<u8> {
    let data = json!({
        "active_cryptocurrencies": 17_111, "markets": 1_297,
        "total_market_cap": {"btc": 32_693_688.2, "usd": 2_515_268_352_188.766}, "total_volume": {"usd": 198_293_501_804.3},
        "market_cap_percentage": {"btc": 60.7, "eth": 7.4, "usdt": 5.7}, "updated_at": 1_744_025_333,
        "market_cap_change_percentage_24h_usd": -9.999
    });
    json!({ "data": data }).to_string().into_bytes()
}

fn defi() -> Vec<u8> {
    json!({"data": {
        "defi_market_cap": "105273842288.229620442228701667", "trading_volume_24h": "5046503746.28826", "defi_dominance": "3.867",
        "top_coin_name": "Lido Staked Ether", "top_coin_defi_dominance": 30.589
    }})
    .to_string()
    .into_bytes()
}

fn index() -> Vec<u8> {
    json!({"name": "Fear and Greed Index", "metadata": {"error": null}, "data": [
        {"value": "69", "value_classification": "Greed", "timestamp": "1788825600", "time_until_update": "33817"}
    ]})
    .to_string()
    .into_bytes()
}

/// Bytes overwritten, then a stretch cut out.
#[derive(Clone, Debug)]
struct Damage {
    overwritten: Vec<(prop::sample::Index, u8)>,
    cut: Option<(prop::sample::Index, usize)>,
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"0123456789.-eE\"{}[],:n \\".to_vec())];
    (
        prop::collection::vec((any::<prop::sample::Index>(), byte), 0..4),
        prop::option::of((any::<prop::sample::Index>(), 1..40_usize)),
    )
        .prop_map(|(overwritten, cut)| Damage { overwritten, cut })
}

fn damaged(mut body: Vec<u8>, damage: &Damage) -> Vec<u8> {
    for (place, byte) in &damage.overwritten {
        let place = place.index(body.len());
        body[place] = *byte;
    }
    if let Some((place, length)) = damage.cut {
        let from = place.index(body.len());
        let to = (from + length).min(body.len());
        body.drain(from..to);
    }
    body
}

/// One leaf or branch of a body replaced by what does not belong there.
fn replaced(body: &[u8], place: &prop::sample::Index, value: &Value) -> Vec<u8> {
    let mut tree: Value = serde_json::from_slice(body).unwrap();
    let pointers = pointers(&tree);
    let pointer: &String = place.get(&pointers);
    *tree.pointer_mut(pointer).unwrap() = value.clone();
    tree.to_string().into_bytes()
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(0),
            json!(-1),
            json!(1e308),
            json!(u64::MAX),
            json!(true),
            json!([]),
            json!({}),
            json!(""),
            json!("5e-324"),
        ]),
        prop::sample::select(vec!["0", "-1", "NaN", "inf", "1e999", "1e308", "-1e308", "0.0", "<b>", "SYSTEM_STATUS"])
            .prop_map(|text| json!(text)),
    ]
}

fn is_price(price: Price) -> bool {
    price.get().is_finite() && price.get() > 0.0
}

/// Whatever is taken from these bytes is possible.
#[track_caller]
fn check_tickers(body: &[u8]) {
    if let Ok(tickers) = tickers::parse(body) {
        check_table(tickers);
    }
}

#[track_caller]
fn check_secondary(venue: Secondary, body: &[u8]) {
    let Ok(tickers) = venue.tickers(body) else { return };
    for row in &tickers.rows {
        assert!(row.funding_rate.is_none() && row.open_interest_usd.is_none(), "{row:?} knows what nobody told");
        assert!(row.mark.is_none() && row.index.is_none() && row.change_1h_pct.is_none(), "{row:?}");
    }
    check_table(tickers);
}

#[track_caller]
fn check_okx_listing(body: &[u8]) {
    let Ok(listing) = okx::instruments::Listing::parse(body) else { return };
    let universe = listing.universe(BYBIT, NOW);
    assert!(!universe.is_empty() && !universe.contains("TSLAUSDT"), "{universe:?}");
    assert!(universe.contracts.keys().all(|symbol| is_plausible_symbol(symbol)), "{universe:?}");
}

#[track_caller]
fn check_table(tickers: Tickers<'_>) {
    for row in &tickers.rows {
        assert!(is_plausible_symbol(&row.symbol), "{:?}", row.symbol);
        assert!(is_price(row.last) && is_price(row.high_24h) && is_price(row.low_24h));
        assert!(row.mark.is_none_or(is_price) && row.index.is_none_or(is_price));
        assert!(row.change_24h_pct.get().is_finite() && row.change_24h_pct.get() >= -100.0);
        assert!(row.turnover_24h.get() >= 0.0 && row.volume_base_24h.get() >= 0.0);
        assert!(row.funding_rate.is_none_or(f64::is_finite));
        assert!(row.funding_interval_hours.is_none_or(|hours| hours.is_finite() && hours > 0.0));
    }
    // Whether a snapshot comes of it or not, nothing may panic on the way.
    let _ = Scene { tickers, ..Scene::good() }.try_assemble();
}

#[track_caller]
fn check_listing(body: &[u8]) {
    let Ok(page) = Listing::parse(body) else { return };
    let mut builder = UniverseBuilder::new();
    builder.add(page).unwrap();
    if let Ok(universe) = builder.finish(BYBIT, NOW) {
        assert!(universe.as_of_ms <= NOW, "a list is younger than its arrival");
        for (symbol, hours) in &universe.contracts {
            assert!(is_plausible_symbol(symbol), "{symbol:?}");
            assert!(hours.is_none_or(|hours| hours.is_finite() && hours > 0.0));
        }
    }
}

#[track_caller]
fn check_global(body: &[u8]) {
    let Ok((facts, updated_at)) = coingecko::parse_global(body) else { return };
    assert!(updated_at > UnixMs::from_millis(0));
    assert!(facts.total_market_cap.get() > 0.0 && facts.volume_24h.get() > 0.0);
    for share in [facts.btc_dominance, facts.eth_dominance, facts.stablecoin_dominance].into_iter().flatten() {
        assert!((0.0..=100.0).contains(&share.get()));
    }
}

#[track_caller]
fn check_index(body: &[u8]) {
    let Ok((index, as_of)) = alternative_me::parse(body, NOW) else { return };
    assert!((0.0..=100.0).contains(&index.value.get()) && as_of > UnixMs::from_millis(0));
    assert!(index.label.chars().all(|c| c.is_alphabetic() || c == ' '), "{:?}", index.label);
    assert!(index.next_update_ms.is_none_or(|due| due >= NOW));
}

#[test]
fn the_undamaged_bodies_are_read() {
    assert_eq!(tickers::parse(&table()).map(|tickers| tickers.rows.len()), Ok(4));
    assert!(Listing::parse(&listing()).is_ok());
    assert!(coingecko::parse_global(&global()).is_ok());
    assert!(coingecko::parse_defi(&defi()).is_ok());
    assert!(alternative_me::parse(&index(), NOW).is_ok());
    for venue in Secondary::IN_ORDER {
        assert_eq!(venue.tickers(&secondary_table(venue)).map(|tickers| tickers.rows.len()), Ok(3));
    }
    assert!(okx::instruments::Listing::parse(&okx_listing()).is_ok());
}

#[track_caller]
fn check_cut<T>(body: &[u8], parse: impl Fn(&[u8]) -> Result<T, ParseError>) {
    for end in 1..body.len() {
        // A cut right behind a decimal point is told as a malformed number.
        let behind_point = matches!(body[end - 1], b'.' | b'-');
        match parse(&body[..end]) {
            Err(ParseError::Truncated) => {}
            Err(ParseError::Malformed(_)) if behind_point => {}
            other => assert!(other.is_err(), "data was read from {end} bytes of an answer"),
        }
    }
}

#[test]
fn an_answer_cut_anywhere_is_no_data() {
    check_cut(&table(), |cut| tickers::parse(cut).map(drop));
    check_cut(&listing(), Listing::parse);
    check_cut(&global(), coingecko::parse_global);
    check_cut(&defi(), coingecko::parse_defi);
    check_cut(&index(), |cut| alternative_me::parse(cut, NOW));
    check_cut(&okx_table(), |cut| okx::tickers::parse(cut).map(drop));
    check_cut(&okx_listing(), okx::instruments::Listing::parse);
    check_cut(&binance_table(), |cut| binance::tickers::parse(cut).map(drop));
}

#[test]
fn a_web_page_in_place_of_data_is_named() {
    let page = b"<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD></HTML>";
    assert_eq!(tickers::parse(page), Err(ParseError::Html));
    assert_eq!(Listing::parse(page), Err(ParseError::Html));
    assert_eq!(coingecko::parse_global(page), Err(ParseError::Html));
    assert_eq!(alternative_me::parse(page, NOW), Err(ParseError::Html));
    assert_eq!(okx::instruments::Listing::parse(page), Err(ParseError::Html));
    for venue in Secondary::IN_ORDER {
        assert_eq!(venue.tickers(page), Err(ParseError::Html));
    }
}

#[test]
fn one_source_s_answer_is_never_taken_for_another_s() {
    assert!(Listing::parse(&global()).is_err() && tickers::parse(&index()).is_err());
    assert!(coingecko::parse_global(&table()).is_err() && coingecko::parse_global(&defi()).is_err());
    assert!(coingecko::parse_defi(&global()).is_err() && alternative_me::parse(&defi(), NOW).is_err());
    for (venue, foreign) in [(Secondary::Okx, binance_table()), (Secondary::Binance, okx_table())] {
        assert!(venue.tickers(&foreign).is_err() && venue.tickers(&table()).is_err(), "{venue:?}");
        assert!(tickers::parse(&foreign).is_err() && okx::instruments::Listing::parse(&foreign).is_err());
    }
    assert_eq!(okx::tickers::parse(&okx_listing()), Err(ParseError::NoUsableRow { rows: 3 }));
    assert_eq!(tickers::parse(&listing()).map(|tickers| tickers.rows.len()), Ok(0), "a listing gave a price");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn a_damaged_ticker_table_gives_possible_facts_or_none(damage in damage()) {
        check_tickers(&damaged(table(), &damage));
    }

    #[test]
    fn a_ticker_table_with_a_foreign_value_gives_possible_facts_or_none(place in any::<prop::sample::Index>(), junk in junk()) {
        check_tickers(&replaced(&table(), &place, &junk));
    }

    #[test]
    fn another_exchanges_damaged_answer_gives_possible_facts_or_none(
        venue in prop::sample::select(Secondary::IN_ORDER.to_vec()), damage in damage(), place in any::<prop::sample::Index>(), junk in junk()
    ) {
        check_secondary(venue, &damaged(secondary_table(venue), &damage));
        check_secondary(venue, &replaced(&secondary_table(venue), &place, &junk));
        check_okx_listing(&replaced(&okx_listing(), &place, &junk));
    }

    #[test]
    fn a_damaged_listing_gives_a_possible_universe_or_none(damage in damage(), place in any::<prop::sample::Index>(), junk in junk()) {
        check_listing(&damaged(listing(), &damage));
        check_listing(&replaced(&listing(), &place, &junk));
    }

    #[test]
    fn damaged_global_figures_are_possible_or_none(damage in damage(), place in any::<prop::sample::Index>(), junk in junk()) {
        check_global(&damaged(global(), &damage));
        check_global(&replaced(&global(), &place, &junk));
        let _ = coingecko::parse_defi(&damaged(defi(), &damage));
        if let Ok(facts) = coingecko::parse_defi(&replaced(&defi(), &place, &junk)) {
            prop_assert!(facts.market_cap.get() > 0.0);
        }
    }

    #[test]
    fn a_damaged_index_is_possible_or_none(damage in damage(), place in any::<prop::sample::Index>(), junk in junk()) {
        check_index(&damaged(index(), &damage));
        check_index(&replaced(&index(), &place, &junk));
    }
}
