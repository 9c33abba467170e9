//! What this isolate believes of prices and lists: the judges that the origin uses, asked of what
//! is fetched here.
//!
//! What is held, whoever made it, is what a table is compared with first; then what was served of
//! earlier tables. Isolates do not share their suspicions. That costs little: a price says nothing
//! about one a minute later, so a wild table is held back for that minute at most, in which what is
//! held may still be shown.

use super::exchange_error::ExchangeError;
use shared::freshness::table_time;
use shared::judge::{Judge, ListJudge, ShorterList, WildTable};
use shared::market::{Tickers, Universe};
use shared::provenance::Source;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::cell::RefCell;

thread_local! {
    static JUDGE: RefCell<Judge> = RefCell::default();
    static LIST_JUDGE: RefCell<ListJudge> = RefCell::default();
}

/// Works on the judge. Nothing that is passed here waits or calls back, so it is never in use
/// already.
fn with<R>(work: impl FnOnce(&mut Judge) -> R) -> Option<R> {
    JUDGE.with(|judge| {
        judge
            .try_borrow_mut()
            .ok()
            .map(|mut judge| work(&mut judge))
    })
}

/// Takes what leapt out of a table, and tells when its market last moved.
///
/// # Errors
/// [`ExchangeError::Clock`] when the venue's clock cannot be believed, [`ExchangeError::Wild`] when
/// the table as a whole is not to be believed yet.
pub(super) fn examine(
    held: Option<&ValidSnapshot>,
    tickers: &mut Tickers<'_>,
    universe: &Universe,
    source: Source,
    received_at: UnixMs,
) -> Result<UnixMs, ExchangeError> {
    let told = table_time(tickers.server_time, received_at)?;
    let examined = with(|judge| {
        if let Some(held) = held {
            judge.remember(held.get());
        }
        judge.examine(tickers, universe, source, told)
    });
    Ok(examined.unwrap_or(Ok(told))?)
}

/// Believes a snapshot that another Worker put together, or not yet.
///
/// # Errors
/// [`WildTable`] when prices leapt against what is held.
pub(super) fn examine_snapshot(
    held: Option<&ValidSnapshot>,
    new: &ValidSnapshot,
) -> Result<(), WildTable> {
    let examined = with(|judge| {
        if let Some(held) = held {
            judge.remember(held.get());
        }
        judge.examine_snapshot(new.get())
    });
    examined.unwrap_or(Ok(()))
}

/// Believes a table that was examined and made into a valid snapshot.
pub(super) fn believe(tickers: &Tickers<'_>, as_of: UnixMs) {
    with(|judge| judge.believe(tickers, as_of));
}

/// Believes a list of contracts that is to take the place of the one in use, or not yet.
///
/// # Errors
/// [`ShorterList`] when it lacks contracts that the one before it did not lack.
pub fn examine_list(used: &Universe, new: &Universe) -> Result<(), ShorterList> {
    LIST_JUDGE.with(|judge| {
        judge
            .try_borrow_mut()
            .map_or(Ok(()), |mut judge| judge.examine(Some(used), new))
    })
}
