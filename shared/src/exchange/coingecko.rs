//! CoinGecko: figures of the whole market. <https://docs.coingecko.com/reference/crypto-global>

use super::wire::{self, WireNumber};
use super::{Detail, ParseError};
use crate::market::{DefiMarket, GlobalMarket};
use crate::units::UnixMs;
use crate::units::{Amount, Share};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Path of the market-wide figures. The publisher renews them every 10 minutes.
pub const GLOBAL: &str = "/api/v3/global";

/// Path of the figures of decentralised finance. The publisher renews them every hour.
pub const DEFI: &str = "/api/v3/global/decentralized_finance_defi";

/// Dollar coins that may stand among the ten largest coins.
const STABLECOINS: [&str; 6] = ["usdt", "usdc", "dai", "usds", "usde", "fdusd"];

#[derive(Deserialize)]
struct Data<T> {
    data: Option<T>,
}

#[derive(Deserialize)]
struct WireGlobal {
    active_cryptocurrencies: Option<u64>,
    #[serde(default)]
    total_market_cap: BTreeMap<String, WireNumber>,
    #[serde(default)]
    total_volume: BTreeMap<String, WireNumber>,
    #[serde(default)]
    market_cap_percentage: BTreeMap<String, WireNumber>,
    #[serde(default)]
    market_cap_change_percentage_24h_usd: WireNumber,
    /// Unix seconds.
    #[serde(default)]
    updated_at: WireNumber,
}

/// Every number is a string of up to sixty decimals.
#[derive(Deserialize)]
struct WireDefi {
    #[serde(default)]
    defi_market_cap: WireNumber,
    #[serde(default)]
    trading_volume_24h: WireNumber,
    #[serde(default)]
    defi_dominance: WireNumber,
}

/// Reads [`GLOBAL`]: the figures, and when the publisher computed them.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Unusable`] when the capitalisation, volume or time is not there or not above zero.
pub fn parse_global(body: &[u8]) -> Result<(GlobalMarket, UnixMs), ParseError> {
    let data: WireGlobal = wire::owned_json::<Data<WireGlobal>>(body)?.data.ok_or(ParseError::ResultMissing)?;
    let shares = &data.market_cap_percentage;
    let share = |coin: &str| shares.get(coin).and_then(WireNumber::checked::<Share>);
    let stablecoins: Vec<f64> = STABLECOINS.iter().filter_map(|coin| share(coin)).map(Share::get).collect();
    let updated_at = match data.updated_at.value() {
        Some(secs) if secs >= 1.0 => UnixMs::from_secs(secs as u64),
        _ => return Err(ParseError::Unusable { field: "updated_at", value: data.updated_at.quoted() }),
    };
    let facts = GlobalMarket {
        total_market_cap: above_zero("total_market_cap.usd", data.total_market_cap.get("usd"))?,
        volume_24h: above_zero("total_volume.usd", data.total_volume.get("usd"))?,
        market_cap_change_24h_pct: data.market_cap_change_percentage_24h_usd.checked(),
        btc_dominance: share("btc"),
        eth_dominance: share("eth"),
        stablecoin_dominance: if stablecoins.is_empty() { None } else { Share::new(stablecoins.iter().sum()).ok() },
        active_cryptocurrencies: data.active_cryptocurrencies.filter(|count| *count > 0),
    };
    Ok((facts, updated_at))
}

/// Reads [`DEFI`]. The answer has no time of its own.
///
/// # Errors
/// Any [`ParseError`]; [`ParseError::Unusable`] when the capitalisation is not there or not above zero.
pub fn parse_defi(body: &[u8]) -> Result<DefiMarket, ParseError> {
    let data: WireDefi = wire::owned_json::<Data<WireDefi>>(body)?.data.ok_or(ParseError::ResultMissing)?;
    Ok(DefiMarket {
        market_cap: above_zero("defi_market_cap", Some(&data.defi_market_cap))?,
        volume_24h: data.trading_volume_24h.checked(),
        dominance: data.defi_dominance.checked(),
    })
}

/// A figure that cannot honestly be zero: zero is what a broken publisher sends.
fn above_zero(field: &'static str, number: Option<&WireNumber>) -> Result<Amount, ParseError> {
    let amount = number.and_then(WireNumber::checked::<Amount>).filter(|amount| amount.get() > 0.0);
    amount.ok_or_else(|| ParseError::Unusable {
        field,
        value: number.map_or_else(|| Detail::new("nothing"), WireNumber::quoted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn global(changed: &[(&str, serde_json::Value)]) -> Vec<u8> {
        let mut data = serde_json::json!({
            "active_cryptocurrencies": 17_111, "markets": 1_297,
            "total_market_cap": {"btc": 32_693_688.2, "usd": 2_515_268_352_188.766, "idr": 4.27e16},
            "total_volume": {"usd": 198_293_501_804.328_8},
            "market_cap_percentage": {"btc": 60.7, "eth": 7.4, "usdt": 5.7, "usdc": 2.4, "figr_heloc": 0.5},
            "market_cap_change_percentage_24h_usd": -9.999, "updated_at": 1_744_025_333
        });
        for (field, value) in changed {
            data[*field] = value.clone();
        }
        serde_json::json!({ "data": data }).to_string().into_bytes()
    }

    #[test]
    fn global_figures_are_read_in_dollars_and_percent() {
        let (facts, updated_at) = parse_global(&global(&[])).unwrap();
        assert_eq!(updated_at, UnixMs::from_secs(1_744_025_333));
        assert_eq!(facts.total_market_cap.get(), 2_515_268_352_188.766);
        assert_eq!(facts.btc_dominance.map(Share::get), Some(60.7));
        assert_eq!(facts.stablecoin_dominance.map(|s| s.rounded(6).get()), Some(8.1));
    }

    #[test]
    fn a_share_that_is_not_sent_is_unknown() {
        let (facts, _) = parse_global(&global(&[("market_cap_percentage", serde_json::json!({"sol": 2.0}))])).unwrap();
        assert_eq!((facts.btc_dominance, facts.stablecoin_dominance), (None, None));
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
        check_unusable(("total_market_cap", serde_json::json!({"usd": 0})), "total_market_cap.usd");
        check_unusable(("total_market_cap", serde_json::json!({"eur": 1})), "total_market_cap.usd");
        check_unusable(("total_volume", serde_json::json!({"usd": -1})), "total_volume.usd");
        check_unusable(("updated_at", serde_json::json!(null)), "updated_at");
    }

    #[test]
    fn defi_figures_are_long_strings() {
        let body = br#"{"data":{"defi_market_cap":"105273842288.229620442228701667","eth_market_cap":"1","trading_volume_24h":
            "5046503746.288261648853195485635","defi_dominance":"3.8676503084614763642371703099489945457095080090859886","top_coin_defi_dominance":30.09}}"#;
        let defi = parse_defi(body).unwrap();
        assert_eq!(defi.market_cap.get(), 105_273_842_288.229_62);
        assert_eq!(defi.dominance.map(|d| d.rounded(3).get()), Some(3.868));
    }

    #[test]
    fn an_error_body_is_no_data() {
        assert_eq!(parse_global(br#"{"status":{"error_code":429}}"#), Err(ParseError::ResultMissing));
        assert_eq!(parse_defi(b"<html>"), Err(ParseError::Html));
        assert!(matches!(parse_defi(br#"{"data":{}}"#), Err(ParseError::Unusable { field: "defi_market_cap", .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_global(&bytes);
            let _ = parse_defi(&bytes);
        }
    }
}
