//! OKX v5 public market data of the perpetual swaps. <https://www.okx.com/docs-v5/en/>
//!
//! An instrument such as `PEPE-USDT-SWAP` is named `PEPEUSDT` here: base coin and quote coin, as
//! every symbol of ours. Prices and volumes are those of one coin, even where another venue trades
//! lots of a thousand under a name of its own (`1000PEPEUSDT`). Such contracts stay two, and
//! neither is converted into the other.

mod envelope;
pub mod instruments;
pub mod tickers;

/// Path and query of the ticker table of all swaps: one answer, no paging. The venue allows 20
/// requests in 2 s.
pub const TICKERS: &str = "/api/v5/market/tickers?instType=SWAP";

/// Path and query of the list of all swaps: one answer, no paging.
pub const INSTRUMENTS: &str = "/api/v5/public/instruments?instType=SWAP";

/// Codes of "too many requests", "systems are busy" and "too frequent operations"; the first two
/// come with HTTP 429 or 200. <https://www.okx.com/docs-v5/en/#error-code-rest-api-public>
pub const RATE_LIMITED: [i64; 3] = [50_011, 50_013, 50_040];

/// Codes that say that the service is not for the caller's region or address; another source is
/// needed.
pub const REGION_REFUSED: [i64; 2] = [50_051, 50_121];

/// The suffix of the instruments that we read: perpetual, in USDT. Inverse swaps and swaps in other
/// coins have another.
const SUFFIX: &str = "-USDT-SWAP";

/// The symbol of an instrument that is a swap in USDT; nothing for any other instrument.
fn symbol(instrument: &str) -> Option<String> {
    instrument
        .strip_suffix(SUFFIX)
        .map(|base| format!("{base}USDT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(instrument: &str, expected: Option<&str>) {
        assert_eq!(symbol(instrument).as_deref(), expected, "for {instrument}");
    }

    #[test]
    fn only_swaps_in_usdt_have_a_symbol() {
        check("BTC-USDT-SWAP", Some("BTCUSDT"));
        check("PEPE-USDT-SWAP", Some("PEPEUSDT"));
        check("1INCH-USDT-SWAP", Some("1INCHUSDT"));
        for other in [
            "BTC-USD-SWAP",
            "BTC-USDC-SWAP",
            "BTC-USD_UM-SWAP",
            "BTC-USDT",
            "BTC-USDT-250808",
            "SWAP",
            "",
        ] {
            check(other, None);
        }
    }
}
