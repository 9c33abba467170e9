//! What must hold of the ticker table and of the list of contracts, and of what is made of them.

use super::door::check_snapshot;
use super::seeds::now;
use shared::analysis::Settings;
use shared::assemble::{Identity, Inputs, LongView, Slow, assemble};
use shared::exchange::bybit::{self, Listing, UniverseBuilder};
use shared::market::{Ticker, Tickers, Universe, is_plausible_symbol};
use shared::provenance::{Source, Venue};
use shared::snapshot::Producer;
use shared::units::{Amount, Price};
use shared::validate::{Baseline, ValidSnapshot};

const BYBIT: Source = Source::live(Venue::Bybit);

/// Every row that is kept is possible, and so is a snapshot that is made of the table and admitted.
pub fn tickers(body: &[u8]) -> bool {
    let Ok(tickers) = bybit::tickers::parse(body) else { return false };
    tickers.rows.iter().for_each(check_ticker);
    let contracts = tickers.rows.iter().map(|row| (row.symbol.to_string(), row.funding_interval_hours)).collect();
    let universe = Universe { as_of_ms: now(), source: BYBIT, contracts };
    if let Some(valid) = snapshot(&tickers, &universe) {
        check_snapshot(valid.get());
    }
    true
}

#[track_caller]
fn check_ticker(row: &Ticker<'_>) {
    let is_price = |price: Price| price.get().is_finite() && price.get() > 0.0;
    let is_amount = |amount: Amount| amount.get().is_finite() && amount.get() >= 0.0;
    assert!(is_plausible_symbol(&row.symbol), "{row:?}");
    assert!([row.last, row.high_24h, row.low_24h].into_iter().all(is_price), "{row:?}");
    assert!(row.mark.is_none_or(is_price) && row.index.is_none_or(is_price), "{row:?}");
    assert!(row.change_24h_pct.get().is_finite() && row.change_24h_pct.get() >= -101.0, "{row:?}");
    assert!(row.change_1h_pct.is_none_or(|change| change.get().is_finite() && change.get() >= -100.0), "{row:?}");
    assert!(is_amount(row.turnover_24h) && is_amount(row.volume_base_24h), "{row:?}");
    assert!(row.open_interest_usd.is_none_or(is_amount), "{row:?}");
    assert!(row.funding_rate.is_none_or(f64::is_finite), "{row:?}");
    assert!(row.funding_interval_hours.is_none_or(|hours| (0.1..=168.0).contains(&hours)), "{row:?}");
}

fn snapshot(tickers: &Tickers<'_>, universe: &Universe) -> Option<ValidSnapshot> {
    let inputs = Inputs {
        tickers,
        tickers_source: BYBIT,
        received_at: now(),
        universe,
        global_market: &Slow::unknown("not_asked"),
        defi_market: &Slow::unknown("not_asked"),
        fear_greed: &Slow::unknown("not_asked"),
        long_view: &LongView::unknown("not_asked"),
    };
    let identity = Identity { sequence: 1, producer: Producer::Origin, fallback_reason: None, now: now() };
    let assembled = assemble(&inputs, identity, &Settings::DEFAULT).ok()?;
    ValidSnapshot::admit(assembled.snapshot, now(), Baseline::default()).ok()
}

/// Only plausible names with possible funding intervals, in a list that is no younger than its arrival, and a cursor that
/// is followed as it was sent.
pub fn instruments(body: &[u8]) -> bool {
    let Ok(page) = Listing::parse(body) else { return false };
    let mut builder = UniverseBuilder::new();
    let cursor = builder.add(page).expect("one page is not too many");
    assert!(cursor.is_none_or(|cursor| !cursor.is_empty()), "an empty cursor was followed");
    assert!(builder.unknown_types().iter().all(|kind| kind.chars().count() <= 32), "a type is quoted at length");
    if let Ok(universe) = builder.finish(BYBIT, now()) {
        assert!(!universe.is_empty() && universe.as_of_ms <= now(), "{universe:?}");
        for (symbol, hours) in &universe.contracts {
            assert!(is_plausible_symbol(symbol), "{symbol:?}");
            assert!(hours.is_none_or(|hours| (0.1..=168.0).contains(&hours)), "{symbol} every {hours:?} hours");
        }
    }
    true
}
