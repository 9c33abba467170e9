//! Binance's public market data of the spot market, from the host that serves nothing else.
//! <https://developers.binance.com/docs/binance-spot-api-docs/faqs/market_data_only>
//!
//! Spot is another market than perpetuals: its volumes are not comparable, and it has neither
//! funding nor open interest. Its own list of pairs (`exchangeInfo`, many megabytes) does not tell
//! coins from currencies, so the pairs that count are those with the name of a contract in another
//! venue's list. Pairs trade single coins (`PEPEUSDT`) where Bybit trades lots of a thousand
//! (`1000PEPEUSDT`). Such contracts stay two, and neither is converted into the other.

mod envelope;
pub mod tickers;

/// Path and query of the table of all trading pairs, in the short form. The long form is twice as
/// large and adds nothing that we read. A request weighs 80 of the 6000 that an address may use per
/// minute.
pub const TICKERS: &str = "/api/v3/ticker/24hr?type=MINI&symbolStatus=TRADING";

/// HTTP status of an address that is banned because it continued after a 429. `Retry-After` states
/// for how long.
pub const BANNED: u16 = 418;

/// HTTP status of a country that is not served.
pub const REGION_REFUSED: u16 = 451;

/// Code of "too many requests".
pub const RATE_LIMITED: i64 = -1_003;

/// Whether an answer says that the caller's country is not served, whatever its status: a 451 says
/// it in its body, with code 0.
#[must_use]
pub fn is_region_refused(body: &[u8]) -> bool {
    // By the text: the code beside it is 0, which names no error.
    String::from_utf8_lossy(body).contains("from a restricted location")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_country_is_told_by_its_words() {
        let restricted = br#"{"code":0,"msg":"Service unavailable from a restricted location according to 'b. Eligibility' in
            https://www.binance.com/en/terms. Please contact customer service if you believe you received this message in error."}"#;
        assert!(is_region_refused(restricted));
        assert!(!is_region_refused(
            br#"{"code":-1003,"msg":"Way too many requests; IP banned until 1788870000000."}"#
        ));
        assert!(!is_region_refused(b"\xff\xfe"));
    }
}
