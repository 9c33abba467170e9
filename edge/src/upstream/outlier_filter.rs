//! The outlier filter of this isolate: the origin's own filter (`shared::judge`), applied to tables
//! and lists that are fetched here.
//!
//! State: recently accepted prices and rejected tables. A table is compared with the snapshot in
//! memory, then with previously accepted tables. The state is per isolate, which costs little:
//! after a minute a price says nothing about the next one, so a table is rejected for a minute at
//! most, in which what is held may still be shown.

use super::exchange_error::ExchangeError;
use crate::isolate;
use shared::freshness::table_time;
use shared::judge::{Judge, ListJudge, ShorterList, WildTable};
use shared::market::{Tickers, Universe};
use shared::provenance::Source;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;

thread_local! {
    static PRICES: RefCell<Judge> = RefCell::default();
    static LISTS: RefCell<ListJudge> = RefCell::default();
}

/// Removes prices that jumped from a table, and returns the time of its data.
///
/// # Errors
/// [`ExchangeError::Clock`] when the venue's clock cannot be believed, [`ExchangeError::Wild`] when
/// so many prices jumped that the table is rejected until others confirm it.
pub(super) fn examine(
    held: Option<&ValidSnapshot>,
    tickers: &mut Tickers<'_>,
    universe: &Universe,
    source: Source,
    received_at: UnixMs,
) -> Result<UnixMs, ExchangeError> {
    let as_of = table_time(tickers.server_time, received_at)?;
    let examined = isolate::with(&PRICES, |filter| {
        // A jump is measured against what clients are shown, whatever its source.
        if let Some(held) = held {
            filter.remember(held.get());
        }
        filter.examine(tickers, universe, source, as_of)
    });
    Ok(examined.unwrap_or(Ok(as_of))?)
}

/// Examines a snapshot that the direct Worker assembled.
///
/// # Errors
/// [`WildTable`] when its prices jumped against what is held.
pub(super) fn examine_snapshot(
    held: Option<&ValidSnapshot>,
    new: &ValidSnapshot,
) -> Result<(), WildTable> {
    let examined = isolate::with(&PRICES, |filter| {
        if let Some(held) = held {
            filter.remember(held.get());
        }
        filter.examine_snapshot(new.get())
    });
    examined.unwrap_or(Ok(()))
}

/// Accepts a table that was examined and became a valid snapshot: later ones are compared with it.
pub(super) fn accept(tickers: &Tickers<'_>, as_of: UnixMs) {
    isolate::with(&PRICES, |filter| filter.believe(tickers, as_of));
}

/// Examines a list of contracts that is to replace the one in use.
///
/// # Errors
/// [`ShorterList`] when it lacks contracts of the one in use, until another list confirms that.
pub fn examine_list(used: &Universe, new: &Universe) -> Result<(), ShorterList> {
    let examined = isolate::with(&LISTS, |filter| filter.examine(Some(used), new));
    examined.unwrap_or(Ok(()))
}
