//! A snapshot assembled here from Bybit's own answers, for when the origin has none: tickers now,
//! and what only the origin collects carried over from the held snapshot while it may be shown.

use super::admission::admit;
use super::deadline::Deadline;
use super::exchange;
use super::exchange_error::ExchangeError;
use super::materials::{Assembled, Materials, NOT_COLLECTED, Purpose};
use super::outcome::Refused;
use super::outlier_filter;
use crate::config::Config;
use crate::{clock, memory, policy};
use futures_util::future::try_join;
use shared::analysis::Settings;
use shared::assemble::{Identity, Inputs, LongView, Slow, assemble};
use shared::exchange::bybit::{self, Listing, UniverseBuilder};
use shared::freshness::table_time;
use shared::market::Universe;
use shared::provenance::{Delivery, Venue};
use shared::snapshot::{Producer, Section};
use std::rc::Rc;

/// Assembles a snapshot from what the host at `base` answers.
///
/// # Errors
/// [`Refused`] when what Bybit answered does not end the search.
pub async fn snapshot(
    config: &Config,
    base: &str,
    deadline: &Deadline,
    materials: Materials<'_>,
) -> Result<Assembled, Refused<ExchangeError>> {
    let Materials {
        held,
        universe,
        reason,
        purpose,
    } = materials;
    let is_fetched = universe.is_none();
    let tickers = exchange::get(
        Venue::Bybit,
        base,
        bybit::TICKERS,
        deadline,
        exchange::MAX_TICKERS_BYTES,
    );
    let tickers = async { tickers.await.map_err(ExchangeError::Tickers) };
    // Side by side, and over with the first failure: one is of no use without the other.
    let (answer, universe) = try_join(tickers, known_or_fetched(base, deadline, universe)).await?;
    let mut table = bybit::tickers::parse(&answer.bytes)
        .map_err(|error| ExchangeError::Tickers(error.into()))?;
    let as_of = match purpose {
        Purpose::Show => outlier_filter::examine(
            held,
            &mut table,
            &universe,
            answer.source,
            answer.received_at,
        )?,
        Purpose::Compare => {
            table_time(table.server_time, answer.received_at).map_err(ExchangeError::from)?
        }
    };
    let now = clock::now();
    let inputs = Inputs {
        tickers: &table,
        tickers_source: answer.source,
        tickers_delivery: Delivery::Request,
        as_of,
        universe: &universe,
        // What only the origin collects keeps its own time, and expires by it.
        global_market: &carried_over(held.map(|held| &held.get().global_market)),
        defi_market: &carried_over(held.map(|held| &held.get().defi_market)),
        fear_greed: &carried_over(held.map(|held| &held.get().fear_greed)),
        long_view: &held.map_or_else(
            || LongView::unknown(NOT_COLLECTED),
            |held| LongView::carried_over(held.get()),
        ),
    };
    let identity = Identity {
        sequence: policy::next_sequence(held.map(|held| held.get().sequence), now),
        producer: Producer::BybitDirect,
        fallback_reason: Some(reason),
        now,
    };
    let assembled = assemble(&inputs, identity, &Settings::DEFAULT).map_err(ExchangeError::from)?;
    let snapshot = admit(assembled.snapshot, held, now, &config.limits)?;
    // Only what is shown is a basis for later tables.
    if purpose == Purpose::Show {
        outlier_filter::accept(&table, as_of);
    }
    Ok(Assembled {
        snapshot,
        fetched: is_fetched.then_some(universe),
    })
}

fn carried_over<T: Clone>(section: Option<&Section<T>>) -> Slow<T> {
    section.map_or_else(|| Slow::unknown(NOT_COLLECTED), Slow::carried_over)
}

async fn known_or_fetched(
    base: &str,
    deadline: &Deadline,
    known: Option<Rc<Universe>>,
) -> Result<Rc<Universe>, ExchangeError> {
    match known {
        Some(universe) => Ok(universe),
        None => {
            let universe = Rc::new(get_universe(base, deadline).await?);
            // Kept at once: whatever becomes of the tickers, the next call need not fetch it again.
            memory::keep_universe(Rc::clone(&universe));
            Ok(universe)
        }
    }
}

/// Fetches the list of contracts from the host at `base`, page after page.
///
/// # Errors
/// [`ExchangeError::Instruments`] or [`ExchangeError::Universe`].
pub async fn get_universe(base: &str, deadline: &Deadline) -> Result<Universe, ExchangeError> {
    let mut builder = UniverseBuilder::new();
    let mut path = bybit::INSTRUMENTS.to_owned();
    loop {
        let page = exchange::get(
            Venue::Bybit,
            base,
            &path,
            deadline,
            exchange::MAX_LIST_BYTES,
        )
        .await;
        // A list with a page missing is none: contracts would seem to be delisted.
        let page = page.map_err(ExchangeError::Instruments)?;
        let listing = Listing::parse(&page.bytes)
            .map_err(|error| ExchangeError::Instruments(error.into()))?;
        match builder.add(listing)? {
            Some(cursor) => path = bybit::instruments_after(&cursor),
            None => {
                exchange::report_unknown_kinds(Venue::Bybit, builder.unknown_types());
                return Ok(builder.finish(page.source, page.received_at)?);
            }
        }
    }
}
