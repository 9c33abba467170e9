//! What must hold of the ticker table and of the list of contracts, and of what is made of them.

use super::door::check_snapshot;
use super::seeds::now;
use shared::analysis::Settings;
use shared::assemble::{
    Assembled, Identity, Inputs, LongView, Slow, Substitute, assemble, assemble_secondary,
};
use shared::exchange::bybit::{self, Listing, UniverseBuilder};
use shared::exchange::okx;
use shared::exchange::secondary::Secondary;
use shared::market::{Ticker, Tickers, Universe, is_plausible_symbol};
use shared::provenance::{Delivery, Source, Venue};
use shared::snapshot::Producer;
use shared::units::{Amount, Price};
use shared::validate::{Baseline, ValidSnapshot};

const BYBIT: Source = Source::live(Venue::Bybit);

/// Every row that is kept is possible, and so is a snapshot that is made of the table and admitted.
pub fn tickers(body: &[u8]) -> bool {
    let Ok(tickers) = bybit::tickers::parse(body) else {
        return false;
    };
    tickers.rows.iter().for_each(check_ticker);
    let contracts = tickers
        .rows
        .iter()
        .map(|row| (row.symbol.to_string(), row.funding_interval_hours))
        .collect();
    let universe = Universe::new(now(), BYBIT, contracts);
    check_admitted(snapshot(&tickers, &universe));
    true
}

/// The same of OKX's table, which besides tells nothing of funding, open interest and other prices.
pub fn okx_tickers(body: &[u8]) -> bool {
    secondary_tickers(Secondary::Okx, body)
}

/// The same of Binance's.
pub fn binance_tickers(body: &[u8]) -> bool {
    secondary_tickers(Secondary::Binance, body)
}

fn secondary_tickers(exchange: Secondary, body: &[u8]) -> bool {
    let Ok(tickers) = exchange.tickers(body) else {
        return false;
    };
    for row in &tickers.rows {
        check_ticker(row);
        assert!(
            row.funding_rate.is_none() && row.open_interest_usd.is_none(),
            "{row:?} knows what nobody told"
        );
        assert!(
            row.mark.is_none() && row.index.is_none() && row.change_1h_pct.is_none(),
            "{row:?}"
        );
    }
    let contracts = tickers
        .rows
        .iter()
        .map(|row| (row.symbol.to_string(), None))
        .collect();
    // Binance has no list of its own: what counts there is told by OKX's.
    let universe = Universe::new(now(), Source::live(Venue::Okx), contracts);
    let substitute = Substitute {
        tickers: &tickers,
        tickers_source: Source::live(exchange.venue()),
        as_of: now(),
        universe: &universe,
        held: None,
    };
    let assembled = assemble_secondary(
        &substitute,
        1,
        "origin_failed".to_owned(),
        now(),
        &Settings::DEFAULT,
    );
    check_admitted(assembled.ok());
    true
}

/// What the door lets in is possible as a whole.
#[track_caller]
fn check_admitted(assembled: Option<Assembled<'_>>) {
    let admitted =
        assembled.map(|made| ValidSnapshot::admit(made.snapshot, now(), Baseline::default()));
    if let Some(Ok(valid)) = admitted {
        check_snapshot(valid.get());
    }
}

#[track_caller]
fn check_ticker(row: &Ticker<'_>) {
    let is_price = |price: Price| price.get().is_finite() && price.get() > 0.0;
    let is_amount = |amount: Amount| amount.get().is_finite() && amount.get() >= 0.0;
    assert!(is_plausible_symbol(&row.symbol), "{row:?}");
    assert!(
        [Some(row.last), row.high_24h, row.low_24h]
            .into_iter()
            .flatten()
            .all(is_price),
        "{row:?}"
    );
    assert!(
        row.mark.is_none_or(is_price) && row.index.is_none_or(is_price),
        "{row:?}"
    );
    assert!(
        row.change_24h_pct
            .is_none_or(|change| change.get().is_finite() && change.get() >= -101.0),
        "{row:?}"
    );
    assert!(
        row.change_1h_pct
            .is_none_or(|change| change.get().is_finite() && change.get() >= -100.0),
        "{row:?}"
    );
    let amounts = [row.turnover_24h, row.volume_base_24h, row.open_interest_usd];
    assert!(amounts.into_iter().flatten().all(is_amount), "{row:?}");
    assert!(row.funding_rate.is_none_or(f64::is_finite), "{row:?}");
    assert!(
        row.funding_interval_hours
            .is_none_or(|hours| (0.1..=168.0).contains(&hours)),
        "{row:?}"
    );
}

fn snapshot<'a>(tickers: &Tickers<'a>, universe: &Universe) -> Option<Assembled<'a>> {
    let inputs = Inputs {
        tickers,
        tickers_source: BYBIT,
        tickers_delivery: Delivery::Request,
        as_of: now(),
        universe,
        global_market: &Slow::unknown("not_asked"),
        defi_market: &Slow::unknown("not_asked"),
        fear_greed: &Slow::unknown("not_asked"),
        long_view: &LongView::unknown("not_asked"),
    };
    let identity = Identity {
        sequence: 1,
        producer: Producer::Origin,
        fallback_reason: None,
        now: now(),
    };
    assemble(&inputs, identity, &Settings::DEFAULT).ok()
}

/// Only plausible names with possible funding intervals, in a list that is no younger than its
/// arrival, and a cursor that is followed as it was sent.
pub fn instruments(body: &[u8]) -> bool {
    let Ok(page) = Listing::parse(body) else {
        return false;
    };
    let mut builder = UniverseBuilder::new();
    let cursor = builder.add(page).expect("one page is not too many");
    assert!(
        cursor.is_none_or(|cursor| !cursor.is_empty()),
        "an empty cursor was followed"
    );
    assert!(
        builder
            .unknown_types()
            .iter()
            .all(|kind| kind.chars().count() <= 32),
        "a type is quoted at length"
    );
    if let Ok(universe) = builder.finish(BYBIT, now()) {
        assert!(
            !universe.is_empty() && universe.as_of_ms <= now(),
            "{universe:?}"
        );
        for (symbol, hours) in &universe.contracts {
            assert!(is_plausible_symbol(symbol), "{symbol:?}");
            assert!(
                hours.is_none_or(|hours| (0.1..=168.0).contains(&hours)),
                "{symbol} every {hours:?} hours"
            );
        }
    }
    true
}

/// Only plausible names, and none that the list says is no crypto.
pub fn okx_instruments(body: &[u8]) -> bool {
    let Ok(listing) = okx::instruments::Listing::parse(body) else {
        return false;
    };
    assert!(
        listing
            .unknown_categories()
            .iter()
            .all(|kind| kind.chars().count() <= 32),
        "a category is quoted at length"
    );
    let universe = listing.universe(Source::live(Venue::Okx), now());
    assert!(
        !universe.is_empty() && universe.as_of_ms == now(),
        "{universe:?}"
    );
    assert!(
        universe
            .contracts
            .keys()
            .all(|symbol| is_plausible_symbol(symbol)),
        "{universe:?}"
    );
    assert!(
        universe.contracts.values().all(Option::is_none),
        "the list tells no funding interval"
    );
    true
}
