//! Another exchange in Bybit's place: from its bytes to every body. Nothing of Bybit stands in what
//! comes out, and what the other exchange does not tell is `null` with a reason.

use crate::support::json::{array, leaves, number, text};
use crate::support::{
    AS_OF, NO_BASELINE, NOW, Scene, admit, body, body_in, bytes, client_endpoints, rows,
    universe_of,
};
use serde_json::{Value, json};
use shared::analysis::Settings;
use shared::assemble::{AssembleError, Slow, Substitute, assemble_secondary};
use shared::endpoints::{Endpoint, Question};
use shared::exchange::okx;
use shared::exchange::secondary::Secondary;
use shared::freshness::{Freshness, Limits};
use shared::headers;
use shared::market::{Ticker, Universe};
use shared::projection;
use shared::provenance::{Feed, Source, Venue};
use shared::snapshot::{Producer, ScoreBasis, Section, Snapshot};
use shared::units::{UnixMs, round_to};
use shared::validate::{Baseline, Rejection, ValidSnapshot};

/// The other exchange's prices in terms of the good market's: a price of Bybit would be seen at
/// once.
const DEARER: f64 = 1.25;

/// The good market's contracts as OKX sends them. The range is ±20 % of the last price.
fn okx_body() -> Vec<u8> {
    let row = |ticker: &Ticker<'_>| {
        let last = ticker.last.get() * DEARER;
        let decimal = |value: f64| json!(format!("{value:.12}"));
        json!({
            "instType": "SWAP", "instId": ticker.symbol.replace("USDT", "-USDT-SWAP"), "last": decimal(last),
            "open24h": decimal(last / (1.0 + ticker.change_24h_pct.unwrap().get() / 100.0)), "high24h": decimal(last * 1.2),
            "low24h": decimal(last * 0.8), "volCcy24h": decimal(ticker.volume_base_24h.unwrap().get()), "vol24h": "7",
            "ts": AS_OF.as_millis().to_string()
        })
    };
    let rows: Vec<Value> = rows(60).iter().map(row).collect();
    json!({"code": "0", "msg": "", "data": rows})
        .to_string()
        .into_bytes()
}

/// The same as Binance sends them.
fn binance_body() -> Vec<u8> {
    let row = |ticker: &Ticker<'_>| {
        let last = ticker.last.get() * DEARER;
        let decimal = |value: f64| json!(format!("{value:.12}"));
        json!({
            "symbol": ticker.symbol, "lastPrice": decimal(last), "highPrice": decimal(last * 1.2), "lowPrice": decimal(last * 0.8),
            "openPrice": decimal(last / (1.0 + ticker.change_24h_pct.unwrap().get() / 100.0)),
            "volume": decimal(ticker.volume_base_24h.unwrap().get()), "quoteVolume": decimal(ticker.turnover_24h.unwrap().get()),
            "closeTime": AS_OF.as_millis(), "count": 9
        })
    };
    json!(rows(60).iter().map(row).collect::<Vec<Value>>())
        .to_string()
        .into_bytes()
}

fn answer(venue: Secondary) -> Vec<u8> {
    match venue {
        Secondary::Okx => okx_body(),
        Secondary::Binance => binance_body(),
    }
}

/// What the edge makes of an answer while it holds `held`.
fn try_assembled(
    venue: Secondary,
    universe: &Universe,
    held: Option<&Snapshot>,
) -> Result<Snapshot, AssembleError> {
    let bytes = answer(venue);
    let tickers = venue.tickers(&bytes).unwrap();
    let substitute = Substitute {
        tickers: &tickers,
        tickers_source: Source::live(venue.venue()),
        as_of: tickers.server_time.min(NOW),
        universe,
        held,
    };
    let reason = "origin_timeout".to_owned();
    assemble_secondary(&substitute, 8, reason, NOW, &Settings::DEFAULT)
        .map(|assembled| assembled.snapshot)
}

#[track_caller]
fn assembled(venue: Secondary, held: Option<&Snapshot>) -> Snapshot {
    try_assembled(venue, &universe_of(&rows(60)), held).unwrap()
}

#[track_caller]
fn valid(venue: Secondary, held: Option<&Snapshot>) -> ValidSnapshot {
    admit(assembled(venue, held)).unwrap()
}

fn absence(valid: &ValidSnapshot, endpoint: Endpoint) -> Option<&str> {
    projection::absence(valid, endpoint, Freshness::Fresh, &Limits::DEFAULT)
}

/// Every body that clients can get, of each venue, while the full good market is held.
#[track_caller]
fn for_every_body(mut check: impl FnMut(Secondary, Endpoint, &Value)) {
    let held = Scene::good().snapshot();
    for venue in Secondary::IN_ORDER {
        let valid = valid(venue, Some(&held));
        for endpoint in client_endpoints().filter(|endpoint| absence(&valid, *endpoint).is_none()) {
            check(venue, endpoint, &body(&valid, endpoint));
        }
    }
}

#[test]
fn every_body_says_that_another_exchange_answered_and_what_that_means() {
    for_every_body(|venue, endpoint, body| {
        assert_eq!(text(body, "/status"), "success", "{endpoint:?}");
        assert_eq!(
            text(body, "/data_source"),
            "secondary_exchange",
            "{endpoint:?}"
        );
        assert_eq!(text(body, "/venue"), venue.venue().name(), "{endpoint:?}");
        assert_eq!(
            number(body, "/as_of_ms") as u64,
            AS_OF.as_millis(),
            "{endpoint:?}"
        );
        let caveat = if venue == Secondary::Okx {
            "turnover_estimated"
        } else {
            "spot_market"
        };
        let degraded = json!([
            "origin_timeout",
            caveat,
            "perpetuals_unknown",
            "analysis_missing",
            "beta_unknown_to_secondary_exchange",
            "performance_unknown_to_secondary_exchange",
            "statistics_unknown_to_secondary_exchange",
            "alerts_unknown_to_secondary_exchange",
        ]);
        assert_eq!(body["degraded"], degraded, "{endpoint:?}");
    });
}

#[test]
fn the_last_known_good_of_another_exchange_still_names_it() {
    for venue in Secondary::IN_ORDER {
        let served = body_in(&valid(venue, None), Endpoint::MobileData, Freshness::Stale);
        assert_eq!(text(&served, "/data_source"), "last_known_good");
        assert_eq!(text(&served, "/venue"), venue.venue().name());
        assert_eq!(text(&served, "/producer"), "secondary_exchange");
    }
}

#[test]
fn headers_and_etags_say_it_too() {
    let mut etags = Vec::new();
    for valid in Secondary::IN_ORDER
        .map(|venue| valid(venue, None))
        .into_iter()
        .chain([Scene::fallback().valid()])
    {
        let sent = headers::of_body(
            &valid,
            &Question::Whole(Endpoint::MobileData),
            Freshness::Fresh,
            &Limits::DEFAULT,
        );
        let source = sent
            .iter()
            .find(|(name, _)| *name == headers::DATA_SOURCE)
            .map(|(_, value)| value.as_str());
        assert_eq!(source, Some(valid.get().producer.name()));
        etags.push(headers::etag(
            valid.get(),
            &Question::Whole(Endpoint::MobileData),
            Freshness::Fresh,
        ));
    }
    assert!(
        etags[0].starts_with("W/\"1-s8-") && etags[2].starts_with("W/\"1-d7-"),
        "{etags:?}"
    );
}

#[test]
fn each_part_names_the_venue_that_it_came_from() {
    let held = Scene::good().snapshot();
    for venue in Secondary::IN_ORDER {
        let served = body(&valid(venue, Some(&held)), Endpoint::MobileData);
        assert_eq!(
            text(&served, "/sections/tickers/source"),
            venue.venue().name()
        );
        assert_eq!(
            text(&served, "/sections/instruments/source"),
            "bybit",
            "which contracts count was Bybit's to say"
        );
        assert_eq!(text(&served, "/sections/global_market/source"), "coingecko");
        assert_eq!(
            text(&served, "/sections/fear_greed/source"),
            "alternative_me"
        );
        for section in ["beta", "performance", "alerts"] {
            assert_eq!(
                text(&served, &format!("/sections/{section}/status")),
                "unavailable"
            );
            assert_eq!(
                text(&served, &format!("/sections/{section}/reason")),
                "unknown_to_secondary_exchange"
            );
        }
        let top = body(&valid(venue, None), Endpoint::TopSymbols);
        assert_eq!(text(&top, "/source"), venue.venue().name());
        assert!(
            array(&top, "/symbols")
                .iter()
                .all(|row| row["data_source"] == venue.venue().name())
        );
    }
}

#[test]
fn every_price_is_the_other_exchanges() {
    let prices: Vec<f64> = rows(60).iter().map(|row| row.last.get()).collect();
    for_every_body(|_, endpoint, body| {
        leaves(body, &mut |path, key, leaf| {
            if ["price", "btc_price"].contains(&key) {
                let price = leaf.as_f64().unwrap();
                let is = |factor: f64| {
                    prices
                        .iter()
                        .any(|ours| (price / (ours * factor) - 1.0).abs() < 1e-5)
                };
                assert!(is(DEARER) && !is(1.0), "{endpoint:?}: {path} is {price}");
            }
        });
    });
}

#[test]
fn turnover_is_the_other_exchanges_in_dollars() {
    let bybit: f64 = rows(60)
        .iter()
        .map(|row| row.turnover_24h.unwrap().get())
        .sum();
    let total = |venue| {
        number(
            &body(&valid(venue, None), Endpoint::MarketOverview),
            "/total_turnover",
        )
    };
    // Volume · (1.2 + 0.8 + 1) / 3 · last, and last is dearer by a quarter.
    assert!((total(Secondary::Okx) / (bybit * DEARER) - 1.0).abs() < 1e-6);
    assert!((total(Secondary::Binance) / bybit - 1.0).abs() < 1e-9);
}

#[test]
fn what_the_table_cannot_tell_is_null_everywhere() {
    for_every_body(|venue, endpoint, body| {
        leaves(body, &mut |path, key, leaf| {
            let of_bybit = [
                "funding_rate",
                "funding_zscore",
                "long_pct",
                "short_pct",
                "ls_entropy",
                "total_open_interest",
                "basis_pct",
                "basis_status",
                "btc_daily_volatility",
                "btc_volatility",
                "components",
            ];
            assert!(
                !of_bybit.contains(&key) || leaf.is_null(),
                "{endpoint:?}: {path} is {leaf}"
            );
            if key == "contract_count" {
                let perpetuals = if venue == Secondary::Okx {
                    json!(60)
                } else {
                    Value::Null
                };
                assert_eq!(
                    leaf, &perpetuals,
                    "{endpoint:?}: spot pairs are no perpetuals"
                );
            }
            assert!(
                key != "score_basis" || leaf == "ticker_momentum",
                "{endpoint:?}: {path} is {leaf}"
            );
        });
    });
}

#[test]
fn what_needs_more_than_the_table_is_absent_with_a_reason() {
    for venue in Secondary::IN_ORDER {
        let valid = valid(venue, Some(&Scene::good().snapshot()));
        let absence = |endpoint| absence(&valid, endpoint);
        assert_eq!(absence(Endpoint::Signals), Some("not_analysed"));
        assert_eq!(absence(Endpoint::Opportunities), Some("not_analysed"));
        assert_eq!(
            absence(Endpoint::Alerts),
            Some("unknown_to_secondary_exchange")
        );
        for endpoint in [
            Endpoint::Liquidations,
            Endpoint::Contracts,
            Endpoint::Books,
            Endpoint::Beta,
        ] {
            assert_eq!(
                absence(endpoint),
                Some("unknown_to_secondary_exchange"),
                "{endpoint:?}"
            );
        }
        assert_eq!(
            absence(Endpoint::PerpetualsPulse),
            Some("perpetuals_unknown")
        );
    }
    assert_eq!(
        absence(&Scene::fallback().valid(), Endpoint::PerpetualsPulse),
        None
    );
}

#[test]
fn a_dashboard_has_its_scores_and_movers_all_the_same() {
    for_every_body(|_, endpoint, body| {
        if endpoint == Endpoint::MobileData {
            assert_eq!(array(body, "/confluence_scores").len(), 40);
            assert_eq!(array(body, "/top_movers/gainers").len(), 5);
            assert_eq!(array(body, "/top_movers/losers").len(), 5);
        }
    });
}

#[test]
fn figures_of_the_whole_market_are_carried_over_with_their_time_and_nothing_else_is() {
    let mut held = Scene::good();
    held.fear_greed = Slow::unknown("timeout");
    let held = held.snapshot();
    let snapshot = assembled(Secondary::Okx, Some(&held));
    assert_eq!(snapshot.global_market, held.global_market);
    assert_eq!(snapshot.defi_market, held.defi_market);
    assert_eq!(snapshot.fear_greed, Section::absent("timeout"));
    let without = assembled(Secondary::Okx, None);
    assert_eq!(
        without.global_market,
        Section::absent("not_collected_at_edge")
    );
    // All else is the same whether something is held or not.
    let rest = Snapshot {
        global_market: without.global_market.clone(),
        defi_market: without.defi_market.clone(),
        fear_greed: without.fear_greed.clone(),
        regime: without.regime.clone(),
        ..snapshot
    };
    assert_eq!(rest, without);
}

#[test]
fn a_simulated_exchange_is_labelled_as_such() {
    let bytes = okx_body();
    let tickers = Secondary::Okx.tickers(&bytes).unwrap();
    let tickers_source = Source {
        venue: Venue::Okx,
        feed: Feed::Simulated,
    };
    let universe = universe_of(&rows(60));
    let substitute = Substitute {
        tickers: &tickers,
        tickers_source,
        as_of: tickers.server_time.min(NOW),
        universe: &universe,
        held: None,
    };
    let made = assemble_secondary(
        &substitute,
        8,
        "origin_timeout".to_owned(),
        NOW,
        &Settings::DEFAULT,
    )
    .unwrap();
    let served = body(&admit(made.snapshot).unwrap(), Endpoint::MobileData);
    assert_eq!(text(&served, "/sections/tickers/source"), "simulated:okx");
    assert_eq!(text(&served, "/degraded/0"), "simulated_data");
}

#[test]
fn a_snapshot_of_another_exchange_is_read_back_as_it_was_written() {
    for venue in Secondary::IN_ORDER {
        let valid = valid(venue, Some(&Scene::good().snapshot()));
        let written = bytes(&valid, Endpoint::Snapshot, Freshness::Fresh);
        assert_eq!(
            ValidSnapshot::from_json(&written, NOW, NO_BASELINE),
            Ok(valid)
        );
    }
}

/// The change makes the door refuse, for this part and for nothing else.
#[track_caller]
fn check_foreign(change: impl FnOnce(&mut Snapshot), part: &'static str, venue: &'static str) {
    let mut snapshot = assembled(Secondary::Okx, None);
    change(&mut snapshot);
    let producer = snapshot.producer.name();
    let rejections = admit(snapshot).expect_err("the door let it through");
    assert_eq!(
        rejections.all(),
        [Rejection::ForeignVenue {
            part,
            venue,
            producer
        }]
    );
}

#[test]
fn no_snapshot_mixes_venues() {
    let good = Scene::good().snapshot();
    check_foreign(
        |snapshot| snapshot.tickers_source = Source::live(Venue::Bybit),
        "tickers",
        "bybit",
    );
    check_foreign(
        |snapshot| snapshot.tickers_source = Source::live(Venue::CoinGecko),
        "tickers",
        "coingecko",
    );
    check_foreign(
        |snapshot| snapshot.universe.source = Source::live(Venue::Binance),
        "universe",
        "binance",
    );
    check_foreign(
        |snapshot| snapshot.perps = good.perps.clone(),
        "perps",
        "bybit",
    );
    check_foreign(
        |snapshot| snapshot.perps.funding_rate = good.perps.funding_rate,
        "perps",
        "bybit",
    );
    let volatility = Some(shared::units::Amount::new(2.0).unwrap());
    check_foreign(
        |snapshot| snapshot.overview.btc_volatility = volatility,
        "btc_volatility",
        "bybit",
    );
    check_foreign(
        |snapshot| snapshot.overview.btc_daily_volatility = volatility,
        "btc_volatility",
        "bybit",
    );
}

#[test]
fn bybits_own_snapshots_hold_nothing_of_another_exchange() {
    for producer in [Producer::Origin, Producer::BybitDirect] {
        let check = |change: &dyn Fn(&mut Snapshot), part| {
            let mut snapshot = Snapshot {
                producer,
                ..Scene::good().snapshot()
            };
            change(&mut snapshot);
            let expected = Rejection::ForeignVenue {
                part,
                venue: "okx",
                producer: producer.name(),
            };
            assert_eq!(admit(snapshot).unwrap_err().all(), [expected]);
        };
        check(
            &|snapshot| snapshot.tickers_source = Source::live(Venue::Okx),
            "tickers",
        );
        check(
            &|snapshot| snapshot.universe.source = Source::live(Venue::Okx),
            "universe",
        );
    }
}

#[test]
fn a_usual_number_of_contracts_says_nothing_about_another_venue_or_another_list() {
    let bybit = Scene::of(rows(100)).snapshot();
    let okx = assembled(Secondary::Okx, None);
    let (after_bybit, after_okx) = (Baseline::after(&bybit), Baseline::after(&okx));
    assert!(
        ValidSnapshot::admit(okx.clone(), NOW, after_bybit).is_ok(),
        "60 were compared with Bybit's 100"
    );
    assert!(ValidSnapshot::admit(assembled(Secondary::Binance, None), NOW, after_okx).is_ok());
    // Within one venue and one list it holds.
    let mut usual = after_okx;
    usual.expected.as_mut().unwrap().contracts = 76;
    let too_few = Rejection::TooFewContracts {
        found: 60,
        usual: 76,
    };
    assert_eq!(
        ValidSnapshot::admit(okx.clone(), NOW, usual)
            .unwrap_err()
            .all(),
        [too_few]
    );
    usual.expected.as_mut().unwrap().counted.listing = Venue::Okx;
    assert!(ValidSnapshot::admit(okx, NOW, usual).is_ok());
}

#[test]
fn the_age_is_the_other_exchanges_too() {
    let bytes = okx_body();
    let old = String::from_utf8(bytes)
        .unwrap()
        .replace(&AS_OF.as_millis().to_string(), "1788869900000");
    let tickers = Secondary::Okx.tickers(old.as_bytes()).unwrap();
    assert_eq!(tickers.server_time, UnixMs::from_millis(1_788_869_900_000));
}

#[test]
fn without_bitcoin_there_is_no_market() {
    let universe = universe_of(&rows(60)[1..]);
    let missing = AssembleError::BitcoinMissing {
        priced: 59,
        refused: 0,
    };
    assert_eq!(
        try_assembled(Secondary::Okx, &universe, None).unwrap_err(),
        missing
    );
}

fn universe_by(venue: Venue) -> Universe {
    Universe {
        source: Source::live(venue),
        ..universe_of(&rows(2))
    }
}

#[test]
fn a_venues_own_list_says_what_counts_and_else_one_that_names_things_alike() {
    let (bybit, okx) = (universe_by(Venue::Bybit), universe_by(Venue::Okx));
    let chosen = |venue: Secondary, at_hand: &[&Universe]| {
        venue
            .universe(at_hand.iter().copied())
            .map(|universe| universe.source.venue)
    };
    for venue in Secondary::IN_ORDER {
        assert_eq!(chosen(venue, &[&bybit, &okx]), Some(Venue::Okx));
        assert_eq!(chosen(venue, &[&bybit]), Some(Venue::Bybit));
        assert_eq!(
            chosen(venue, &[]),
            None,
            "without a list, coins cannot be told from shares"
        );
    }
}

#[test]
fn lots_and_single_coins_are_two_contracts() {
    // Bybit's list has 1000PEPEUSDT, OKX's PEPEUSDT; neither price stands under the other's name.
    let mut tickers = rows(60);
    let pepe = Ticker {
        symbol: "PEPEUSDT".into(),
        ..tickers.remove(59)
    };
    let lots = Ticker {
        symbol: "1000PEPEUSDT".into(),
        ..pepe.clone()
    };
    let bybit = universe_of(&[tickers.clone(), vec![lots]].concat());
    let listing = okx::instruments::Listing::parse(
        json!({"code": "0", "data": tickers.iter().chain([&pepe]).map(|ticker| json!({
            "instId": ticker.symbol.replace("USDT", "-USDT-SWAP"), "ctType": "linear", "settleCcy": "USDT", "state": "live",
            "ruleType": "normal", "instCategory": "1"
        })).collect::<Vec<_>>()})
        .to_string()
        .as_bytes(),
    );
    let okx = listing.unwrap().universe(Source::live(Venue::Okx), NOW);
    let body = String::from_utf8(okx_body())
        .unwrap()
        .replace("COIN059-USDT-SWAP", "PEPE-USDT-SWAP");
    let table = Secondary::Okx.tickers(body.as_bytes()).unwrap();
    let priced = |universe: &Universe| {
        let source = Source::live(Venue::Okx);
        let substitute = Substitute {
            tickers: &table,
            tickers_source: source,
            as_of: table.server_time.min(NOW),
            universe,
            held: None,
        };
        let made = assemble_secondary(
            &substitute,
            8,
            "origin_timeout".to_owned(),
            NOW,
            &Settings::DEFAULT,
        )
        .unwrap();
        admit(made.snapshot).unwrap().get().coverage.priced
    };
    assert_eq!((priced(&okx), priced(&bybit)), (60, 59));
}

#[test]
fn scores_of_another_exchange_are_momentum_and_say_how_little_they_rest_on() {
    let snapshot = assembled(Secondary::Binance, None);
    assert_eq!(snapshot.scores.len(), 40);
    for row in &snapshot.scores {
        assert_eq!(row.score_basis, ScoreBasis::TickerMomentum);
        // The hour's change is not told: 0.5 for the day and 0.2 for the range.
        assert_eq!(round_to(row.reliability.get(), 4), 0.7, "{}", row.symbol);
    }
}
