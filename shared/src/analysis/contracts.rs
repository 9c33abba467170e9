//! Funding and open interest of every contract by itself.
//!
//! Everything but the changes of open interest is of the ticker row. A change needs what was held
//! before, which tickers do not tell: the venue's own record does.

use super::join::Market;
use super::perps::{funding_interval_hours, funding_rate_8h};
use crate::market::{Ticker, Universe};
use crate::snapshot::contracts::{ContractRow, Contracts, PastOpenInterest};
use crate::units::{Amount, Percent, UnixMs};
use std::collections::HashMap;

/// The rows of every contract with a price, as of `as_of`. `past` is what is known of each
/// contract's earlier open interest.
#[must_use]
pub fn contracts(
    market: &Market<'_, '_>,
    universe: &Universe,
    past: &HashMap<String, PastOpenInterest>,
    as_of: UnixMs,
) -> Contracts {
    let row = |row: &&Ticker<'_>| {
        let past = past.get(&*row.symbol).copied().unwrap_or_default();
        contract(row, universe, past, as_of)
    };
    Contracts::of(market.rows.iter().map(row).collect())
}

fn contract(
    row: &Ticker<'_>,
    universe: &Universe,
    past: PastOpenInterest,
    as_of: UnixMs,
) -> ContractRow {
    let percent = |fraction: f64| Percent::new(fraction * 100.0).ok().map(|it| it.rounded(6));
    // Only beside the one in USD: a jump that is not confirmed yet takes that one away.
    let held = row.open_interest_usd.and(row.open_interest_base);
    let change = |before: Option<Amount>| change_pct(before?, held?);
    ContractRow {
        symbol: row.symbol.to_string(),
        funding_rate_pct: row.funding_rate.and_then(percent),
        funding_interval_hours: funding_interval_hours(row, universe),
        // The table may be of a moment before the last settlement.
        next_funding_ms: row.next_funding_ms.filter(|next| *next > as_of),
        funding_rate_8h_pct: funding_rate_8h(row, universe).and_then(percent),
        // What would be shown as zero is unknown.
        open_interest_usd: row
            .open_interest_usd
            .map(|interest| interest.rounded(2))
            .filter(|interest| interest.get() > 0.0),
        open_interest_base: held,
        open_interest_change_1h_pct: change(past.one_hour),
        open_interest_change_4h_pct: change(past.four_hours),
        open_interest_change_24h_pct: change(past.day),
    }
}

/// From `before` to `now`, percent; `None` where nothing was held before.
fn change_pct(before: Amount, now: Amount) -> Option<Percent> {
    let change = Percent::new((now.get() / before.get() - 1.0) * 100.0).ok()?;
    Some(change.rounded(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ticker;
    use crate::market::Tickers;
    use crate::provenance::{Source, Venue};

    const AS_OF: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn amount(value: f64) -> Option<Amount> {
        Amount::new(value).ok()
    }

    fn contract_of(row: Ticker<'static>, past: PastOpenInterest) -> ContractRow {
        let symbol = row.symbol.to_string();
        let universe = Universe::new(
            AS_OF,
            Source::live(Venue::Bybit),
            [(symbol.clone(), Some(1.0))].into(),
        );
        let tickers = Tickers {
            server_time: AS_OF,
            rows: vec![row],
            refused: Vec::new(),
            odd: Vec::new(),
        };
        let market = Market::join(&tickers, &universe);
        let found = contracts(&market, &universe, &HashMap::from([(symbol, past)]), AS_OF);
        assert_eq!(found.check(AS_OF), Ok(()));
        found.rows.into_iter().next().unwrap()
    }

    #[test]
    fn a_row_tells_what_holding_costs_and_how_much_is_held() {
        let told = Ticker {
            funding_rate: Some(-0.000_123_45),
            funding_interval_hours: Some(4.0),
            next_funding_ms: Some(AS_OF.plus_millis(5)),
            open_interest_base: amount(110.0),
            ..ticker("BTCUSDT", 2.0, 1.0, 440.0)
        };
        let past = PastOpenInterest {
            one_hour: amount(100.0),
            four_hours: amount(0.0),
            day: None,
        };
        let row = contract_of(told, past);
        let pct = |value: Option<Percent>| value.map(Percent::get);
        assert_eq!(pct(row.funding_rate_pct), Some(-0.012_345));
        assert_eq!(pct(row.funding_rate_8h_pct), Some(-0.024_69));
        assert_eq!(row.funding_interval_hours, Some(4.0));
        assert_eq!(row.next_funding_ms, Some(AS_OF.plus_millis(5)));
        assert_eq!(row.open_interest_usd, amount(220.0));
        assert_eq!(pct(row.open_interest_change_1h_pct), Some(10.0));
        assert_eq!(row.open_interest_change_4h_pct, None, "of nothing");
        assert_eq!(row.open_interest_change_24h_pct, None, "not known");
    }

    #[test]
    fn what_the_row_does_not_tell_is_unknown() {
        let bare = Ticker {
            funding_rate: None,
            funding_interval_hours: None,
            next_funding_ms: Some(AS_OF),
            open_interest_usd: None,
            open_interest_base: amount(110.0),
            ..ticker("BTCUSDT", 2.0, 1.0, 440.0)
        };
        let past = PastOpenInterest {
            one_hour: amount(100.0),
            ..PastOpenInterest::default()
        };
        let row = contract_of(bare, past);
        assert_eq!(row.funding_rate_8h_pct, None);
        assert_eq!(row.funding_interval_hours, Some(1.0), "the list tells it");
        assert_eq!(row.next_funding_ms, None, "it has passed");
        assert_eq!(row.open_interest_base, None, "its sum in USD is doubted");
        assert_eq!(row.open_interest_change_1h_pct, None);
    }
}
