//! A snapshot assembled here from a fallback exchange's answers, for when neither the origin nor
//! Bybit has one.

use super::admission::admit;
use super::deadline::Deadline;
use super::exchange;
use super::exchange_error::{AnswerError, ExchangeError};
use super::materials::{Assembled, Materials};
use super::outcome::Refused;
use super::outlier_filter;
use crate::config::Config;
use crate::{clock, policy};
use futures_util::future::{Either, join, ready};
use shared::analysis::Settings;
use shared::assemble::{Substitute, assemble_secondary};
use shared::exchange::okx::instruments::Listing;
use shared::exchange::secondary::Secondary;
use shared::exchange::sent_time;
use shared::market::Universe;
use shared::validate::ValidSnapshot;
use std::rc::Rc;

/// Assembles a snapshot from what the host at `base` answers. `materials.universe` is the
/// exchange's own list of contracts while that is young; without it the list is fetched beside the
/// tickers, where the exchange has one that separates crypto from the rest. `spare` is any other
/// list at hand.
///
/// # Errors
/// [`Refused`] when what the exchange answered does not end the search.
pub async fn snapshot(
    config: &Config,
    secondary: Secondary,
    base: &str,
    deadline: &Deadline,
    materials: Materials<'_>,
    spare: Option<Rc<Universe>>,
) -> Result<Assembled, Refused<ExchangeError>> {
    let Materials {
        held,
        universe,
        reason,
        ..
    } = materials;
    let tickers = exchange::get(
        secondary.venue(),
        base,
        secondary.tickers_path(),
        deadline,
        exchange::MAX_TICKERS_BYTES,
    );
    // Beside the tickers, not before them: a client may be waiting.
    let list = match (&universe, secondary.instruments_path()) {
        (None, Some(path)) => Either::Left(get_list(secondary, base, path, deadline)),
        _ => Either::Right(ready(Ok(None))),
    };
    let (answer, list) = join(tickers, list).await;
    let answer = answer.map_err(ExchangeError::Tickers)?;
    let fetched = match list {
        Ok(list) => list.map(Rc::new),
        // Yesterday's list, or another exchange's, is good enough when the own one does not come.
        Err(_) if spare.is_some() => None,
        Err(error) => return Err(ExchangeError::Instruments(error).into()),
    };
    // The freshest first: just fetched, then the own list at hand, then any other.
    let universe = fetched
        .clone()
        .or(universe)
        .or(spare)
        .ok_or(ExchangeError::NoUniverse)?;
    let mut table = secondary
        .tickers(&answer.bytes)
        .map_err(|error| ExchangeError::Tickers(error.into()))?;
    let as_of = outlier_filter::examine(
        held,
        &mut table,
        &universe,
        answer.source,
        answer.received_at,
    )?;
    // Assembled with the time after the last wait, so that no datum is from the future.
    let now = clock::now();
    let substitute = Substitute {
        tickers: &table,
        tickers_source: answer.source,
        as_of,
        universe: &universe,
        held: held.map(ValidSnapshot::get),
    };
    let sequence = policy::next_sequence(held.map(|held| held.get().sequence), now);
    let assembled = assemble_secondary(&substitute, sequence, reason, now, &Settings::DEFAULT);
    let snapshot = admit(
        assembled.map_err(ExchangeError::from)?.snapshot,
        held,
        now,
        &config.limits,
    )?;
    // Only after admission: a table that was refused must not be a basis for the next one.
    outlier_filter::accept(&table, as_of);
    Ok(Assembled { snapshot, fetched })
}

async fn get_list(
    secondary: Secondary,
    base: &str,
    path: &str,
    deadline: &Deadline,
) -> Result<Option<Universe>, AnswerError> {
    let answer = exchange::get(
        secondary.venue(),
        base,
        path,
        deadline,
        exchange::MAX_LIST_BYTES,
    )
    .await?;
    let listing = Listing::parse(&answer.bytes)?;
    exchange::report_unknown_kinds(secondary.venue(), listing.unknown_categories());
    let sent_at = sent_time(answer.received_at, answer.age.as_deref())?;
    Ok(Some(listing.universe(answer.source, sent_at)))
}
