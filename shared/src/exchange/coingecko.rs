//! CoinGecko: figures of the whole market. <https://docs.coingecko.com/reference/crypto-global>
//!
//! The totals and their time are the core of an answer; without them it is refused. Every other
//! field is read by itself, and is absent where it is unusable.
//!
//! Figures are checked against each other here ([`GlobalMarket::check`]), and against Bitcoin's
//! price when a snapshot is assembled ([`crate::assemble`]).

use super::wire::{self, Object, WireNumber};
use super::{Detail, EARLIEST_PUBLISHED, ParseError};
use crate::market::whole::{Contradiction, is_volume_of};
use crate::market::{DefiMarket, GlobalMarket};
use crate::units::{Amount, Percent, Share, UnixMs};

/// Path of the market-wide figures. The publisher renews them every 10 minutes.
pub const GLOBAL: &str = "/api/v3/global";

/// Path of the figures of decentralised finance. The publisher renews them every hour.
pub const DEFI: &str = "/api/v3/global/decentralized_finance_defi";

/// Dollar coins that may stand among the ten largest coins.
const STABLECOINS: [&str; 6] = ["usdt", "usdc", "dai", "usds", "usde", "fdusd"];

/// The most that the shares may sum to, percent: a hundred, and what rounding adds.
const MAX_SUM_OF_SHARES: f64 = 100.5;

/// The most coins that are accepted; in 2026 some 17,000 are counted.
const MAX_COINS: f64 = 1e7;

/// Reads [`GLOBAL`]: the figures, and when the publisher says that it computed them.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Unusable`] when the capitalisation, volume or time is not
/// there or cannot be; [`ParseError::FiguresContradict`] when capitalisation and volume contradict
/// one another.
pub fn parse_global(body: &[u8]) -> Result<(GlobalMarket, UnixMs), ParseError> {
    let text = wire::text(body)?;
    let data = data(&text)?;
    let total = |field: &str| {
        data.object(field)
            .map_or(WireNumber::Absent, |by_currency| by_currency.number("usd"))
    };
    let shares = shares(&data);
    let share = |coin: &str| above_zero::<Share>(&shares.number(coin));
    let facts = GlobalMarket {
        total_market_cap: core("total_market_cap.usd", &total("total_market_cap"))?,
        volume_24h: core("total_volume.usd", &total("total_volume"))?,
        market_cap_change_24h_pct: change(&data.number("market_cap_change_percentage_24h_usd")),
        btc_dominance: share("btc"),
        eth_dominance: share("eth"),
        stablecoin_dominance: stablecoins(&shares),
        active_cryptocurrencies: coins(&data.number("active_cryptocurrencies")),
    };
    facts.check()?;
    Ok((facts, time("updated_at", &data.number("updated_at"))?))
}

/// Reads [`DEFI`]. The answer has no time of its own.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Unusable`] when the capitalisation is not there or not above
/// zero, and [`ParseError::FiguresContradict`] when it is one that cannot be.
pub fn parse_defi(body: &[u8]) -> Result<DefiMarket, ParseError> {
    let text = wire::text(body)?;
    let data = data(&text)?;
    // The DeFi endpoint sends every number as a string of up to sixty decimals.
    let market_cap = core("defi_market_cap", &data.number("defi_market_cap"))?;
    let volume = above_zero(&data.number("trading_volume_24h"));
    let facts = DefiMarket {
        market_cap,
        // A volume that contradicts the capitalisation is dropped alone: it is not part of the
        // core.
        volume_24h: volume.filter(|volume| is_volume_of(*volume, market_cap)),
        dominance: above_zero(&data.number("defi_dominance")),
    };
    facts.check()?;
    Ok(facts)
}

impl From<Contradiction> for ParseError {
    fn from(contradiction: Contradiction) -> Self {
        Self::FiguresContradict(Detail::new(&contradiction.to_string()))
    }
}

fn data(text: &str) -> Result<Object<'_>, ParseError> {
    Object::open(text)?
        .object("data")
        .ok_or(ParseError::ResultMissing)
}

/// The shares of the largest coins; none when they sum to more than the whole, since which of them
/// is wrong cannot be told.
fn shares<'a>(data: &Object<'a>) -> Object<'a> {
    let shares = data.object("market_cap_percentage").unwrap_or_default();
    let sum: f64 = shares
        .numbers()
        .filter_map(|share| share.value())
        .filter(|share| *share > 0.0)
        .sum();
    // Comparisons with NaN are false, so NaN counts as too much.
    if sum <= MAX_SUM_OF_SHARES {
        shares
    } else {
        Object::default()
    }
}

/// The stablecoins' share. One that is sent and unusable makes the sum unknown, because the sum of
/// the rest would be too small.
fn stablecoins(shares: &Object<'_>) -> Option<Share> {
    let sent = STABLECOINS
        .iter()
        .map(|coin| shares.number(coin))
        .filter(|share| *share != WireNumber::Absent);
    let known: Vec<Share> = sent
        .map(|share| above_zero(&share))
        .collect::<Option<_>>()?;
    let sum = known.into_iter().map(Share::get).sum();
    Share::new(sum).ok().filter(|sum| sum.get() > 0.0)
}

/// The change over 24 hours, when it is plausible. No market loses 90 % or doubles in a day, and an
/// exact 0 in a figure of fifteen digits is a placeholder.
fn change(number: &WireNumber) -> Option<Percent> {
    number
        .checked::<Percent>()
        .filter(|change| (-90.0..=100.0).contains(&change.get()) && change.get() != 0.0)
}

fn coins(number: &WireNumber) -> Option<u64> {
    let count = number
        .value()
        .filter(|count| (1.0..=MAX_COINS).contains(count) && count.fract() == 0.0)?;
    Some(count as u64)
}

/// A moment in Unix seconds at which the publisher existed. Whether it is in the past is checked by
/// the caller, who has a clock.
fn time(field: &'static str, secs: &WireNumber) -> Result<UnixMs, ParseError> {
    let moment = secs
        .value()
        .filter(|secs| *secs >= 0.0)
        .map(|secs| UnixMs::from_secs(secs as u64));
    moment
        .filter(|moment| *moment >= EARLIEST_PUBLISHED)
        .ok_or_else(|| ParseError::Unusable {
            field,
            value: secs.quoted(),
        })
}

/// A figure of the core: without it the answer is refused.
fn core(field: &'static str, number: &WireNumber) -> Result<Amount, ParseError> {
    above_zero(number).ok_or_else(|| ParseError::Unusable {
        field,
        value: number.quoted(),
    })
}

/// A figure that cannot truthfully be zero: zero is what a broken publisher sends.
fn above_zero<T: TryFrom<f64> + Copy + Into<f64>>(number: &WireNumber) -> Option<T> {
    number.checked::<T>().filter(|value| (*value).into() > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn global(changed: &[(&str, serde_json::Value)]) -> Vec<u8> {
        let mut data = json!({
            "active_cryptocurrencies": 17_111, "markets": 1_297,
            "total_market_cap": {"btc": 32_693_688.2, "usd": 2_515_268_352_188.766, "idr": 4.27e16},
            "total_volume": {"usd": 198_293_501_804.328_8},
            "market_cap_percentage": {"btc": 60.7, "eth": 7.4, "usdt": 5.7, "usdc": 2.4, "figr_heloc": 0.5},
            "market_cap_change_percentage_24h_usd": -9.999, "updated_at": 1_744_025_333
        });
        for (field, value) in changed {
            data[*field] = value.clone();
        }
        json!({ "data": data }).to_string().into_bytes()
    }

    #[test]
    fn global_figures_are_read_in_dollars_and_percent() {
        let (facts, updated_at) = parse_global(&global(&[])).unwrap();
        assert_eq!(updated_at, UnixMs::from_secs(1_744_025_333));
        assert_eq!(facts.total_market_cap.get(), 2_515_268_352_188.766);
        assert_eq!(facts.btc_dominance.map(Share::get), Some(60.7));
        assert_eq!(
            facts.stablecoin_dominance.map(|s| s.rounded(6).get()),
            Some(8.1)
        );
    }

    #[test]
    fn a_share_that_is_not_sent_is_unknown() {
        let (facts, _) =
            parse_global(&global(&[("market_cap_percentage", json!({"sol": 2.0}))])).unwrap();
        assert_eq!(
            (facts.btc_dominance, facts.stablecoin_dominance),
            (None, None)
        );
    }

    #[track_caller]
    fn check_field(
        changed: (&str, serde_json::Value),
        expected: impl FnOnce(GlobalMarket) -> GlobalMarket,
    ) {
        let (good, _) = parse_global(&global(&[])).unwrap();
        let changed = [changed];
        let found = parse_global(&global(&changed)).map(|(facts, _)| facts);
        assert_eq!(found, Ok(expected(good)), "with {changed:?}");
    }

    #[test]
    fn a_bad_field_costs_itself_alone() {
        let no_count = |good| GlobalMarket {
            active_cryptocurrencies: None,
            ..good
        };
        let no_change = |good| GlobalMarket {
            market_cap_change_24h_pct: None,
            ..good
        };
        let no_shares = |good| GlobalMarket {
            btc_dominance: None,
            eth_dominance: None,
            stablecoin_dominance: None,
            ..good
        };
        let no_stablecoins = |good| GlobalMarket {
            stablecoin_dominance: None,
            ..good
        };
        check_field(("active_cryptocurrencies", json!("17111")), |good| good);
        for bad in [
            json!("many"),
            json!(null),
            json!([]),
            json!(0),
            json!("0"),
            json!(-1),
            json!(7.5),
            json!(1e18),
        ] {
            check_field(("active_cryptocurrencies", bad), no_count);
        }
        for bad in [
            json!(null),
            json!({}),
            json!("x"),
            json!(0),
            json!(-100),
            json!(1e9),
        ] {
            check_field(("market_cap_change_percentage_24h_usd", bad), no_change);
        }
        for bad in [json!(null), json!(7), json!([1, 2]), json!("x"), json!({})] {
            check_field(("market_cap_percentage", bad), no_shares);
        }
        for bad in [
            json!(0),
            json!(null),
            json!("x"),
            json!(-1),
            json!({"a": 1}),
        ] {
            let shares = json!({"btc": 60.7, "eth": bad, "usdt": 5.7, "usdc": 2.4});
            check_field(("market_cap_percentage", shares), |good| GlobalMarket {
                eth_dominance: None,
                ..good
            });
        }
        for bad in [json!(0), json!("x"), json!(-1)] {
            let shares = json!({"btc": 60.7, "eth": 7.4, "usdt": bad, "usdc": 2.4});
            check_field(("market_cap_percentage", shares), no_stablecoins);
        }
        check_field(("metadata", json!({"anything": [1e300, null]})), |good| {
            good
        });
    }

    #[test]
    fn shares_that_sum_to_more_than_there_is_are_unknown() {
        let shares = |sol: f64| {
            (
                "market_cap_percentage",
                json!({"btc": 60.7, "eth": 7.4, "usdt": 5.7, "usdc": 2.4, "sol": sol}),
            )
        };
        check_field(shares(24.2), |good| good);
        check_field(shares(24.4), |good| GlobalMarket {
            btc_dominance: None,
            eth_dominance: None,
            stablecoin_dominance: None,
            ..good
        });
    }

    #[test]
    fn a_repeated_field_and_a_bad_byte_cost_that_field_alone() {
        let body = String::from_utf8(global(&[])).unwrap();
        let repeated = body.replace(
            "\"markets\":1297",
            "\"markets\":1297,\"active_cryptocurrencies\":1",
        );
        assert_ne!(repeated, body);
        let (facts, _) = parse_global(repeated.as_bytes()).unwrap();
        assert_eq!(
            (
                facts.active_cryptocurrencies,
                facts.btc_dominance.map(Share::get)
            ),
            (None, Some(60.7))
        );
        let mut spoiled = body.into_bytes();
        let place = spoiled
            .windows(10)
            .position(|window| window == b"figr_heloc")
            .unwrap();
        spoiled[place] = 0xff;
        assert_eq!(parse_global(&spoiled), parse_global(&global(&[])));
    }

    #[track_caller]
    fn check_contradicted(changed: (&str, serde_json::Value)) {
        let found = parse_global(&global(&[changed]));
        assert!(
            matches!(found, Err(ParseError::FiguresContradict(_))),
            "{found:?}"
        );
    }

    #[test]
    fn totals_that_contradict_one_another_are_refused() {
        check_contradicted(("total_market_cap", json!({"usd": 2.3e19})));
        check_contradicted(("total_market_cap", json!({"usd": 2.3e9})));
        check_contradicted(("total_volume", json!({"usd": 2.6e12})));
        check_contradicted(("total_volume", json!({"usd": 1})));
    }

    #[track_caller]
    fn check_unusable(changed: (&str, serde_json::Value), field: &'static str) {
        match parse_global(&global(&[changed])) {
            Err(ParseError::Unusable { field: found, .. }) => assert_eq!(found, field),
            other => panic!("expected {field} to be named, got {other:?}"),
        }
    }

    #[test]
    fn zero_or_missing_totals_are_refused_by_name() {
        check_unusable(
            ("total_market_cap", json!({"usd": 0})),
            "total_market_cap.usd",
        );
        check_unusable(
            ("total_market_cap", json!({"eur": 1})),
            "total_market_cap.usd",
        );
        check_unusable(("total_volume", json!({"usd": -1})), "total_volume.usd");
        check_unusable(("total_market_cap", json!(null)), "total_market_cap.usd");
        check_unusable(("total_volume", json!({"usd": [1]})), "total_volume.usd");
        for bad in [
            json!(null),
            json!(-1),
            json!("today"),
            json!(0),
            json!(1_356_998_399),
        ] {
            check_unusable(("updated_at", bad), "updated_at");
        }
    }

    #[test]
    fn defi_figures_are_long_strings() {
        let body = br#"{"data":{"defi_market_cap":"105273842288.229620442228701667","eth_market_cap":"1","trading_volume_24h":
            "5046503746.288261648853195485635","defi_dominance":"3.8676503084614763642371703099489945457095080090859886","top_coin_defi_dominance":30.09}}"#;
        let defi = parse_defi(body).unwrap();
        assert_eq!(defi.market_cap.get(), 105_273_842_288.229_62);
        assert_eq!(defi.dominance.map(|d| d.rounded(3).get()), Some(3.868));
    }

    #[track_caller]
    fn check_defi(
        market_cap: &str,
        volume: &str,
        dominance: &str,
        expected: Option<(Option<f64>, Option<f64>)>,
    ) {
        let body = json!({"data": {
            "defi_market_cap": market_cap, "trading_volume_24h": volume, "defi_dominance": dominance
        }});
        let found = parse_defi(body.to_string().as_bytes());
        let side = |facts: DefiMarket| {
            (
                facts.volume_24h.map(Amount::get),
                facts.dominance.map(Share::get),
            )
        };
        assert_eq!(found.clone().ok().map(side), expected, "{found:?}");
    }

    #[test]
    fn side_figures_of_decentralised_finance_that_cannot_be_are_unknown() {
        check_defi("1e11", "5e9", "4", Some((Some(5e9), Some(4.0))));
        check_defi("1e11", "0", "0", Some((None, None)));
        check_defi("1e11", "2e11", "101", Some((None, None)));
        check_defi("1e11", "1e6", "x", Some((None, None)));
        check_defi("1e15", "5e9", "4", None);
        check_defi("0", "5e9", "4", None);
    }

    #[test]
    fn an_error_body_is_no_data() {
        assert_eq!(
            parse_global(br#"{"status":{"error_code":429}}"#),
            Err(ParseError::ResultMissing)
        );
        assert_eq!(parse_defi(b"<html>"), Err(ParseError::Html));
        assert!(matches!(
            parse_defi(br#"{"data":{}}"#),
            Err(ParseError::Unusable {
                field: "defi_market_cap",
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_global(&bytes);
            let _ = parse_defi(&bytes);
        }
    }
}
