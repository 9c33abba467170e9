//! The collectors: each source on its own task, so that none delays another.
//!
//! The slow sources put their last good value where `tickers` finds it; every ticker table that
//! arrives is joined with what is there at that moment.

mod analyst;
mod expectation;
mod inputs;
mod instruments;
mod known;
mod round;
mod slow;
mod tickers;

use crate::context::Context;
use crate::supervise::{CRASHED, PARKED, Storm, supervise, supervise_optional};
use crate::upstream::{Upstream, UpstreamError};
use inputs::Shelf;
use shared::assemble::Slow;
use shared::exchange::{alternative_me, coingecko};
use shared::market::{Dated, DefiMarket, FearGreed, GlobalMarket, Universe};
use shared::published::{earliest_defi_time, told_time};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub use inputs::Gate;
pub use known::Known;
pub use tickers::TableOutcome;

/// How long the list of contracts is left alone after a storm when none is known.
const PARKED_WITHOUT_A_LIST: Duration = Duration::from_secs(60);

/// The names of the sources, as each has them in its outcomes.
pub const SOURCES: [&str; 5] = [
    "bybit_tickers",
    "bybit_instruments",
    "coingecko_global",
    "coingecko_defi",
    "alternative_me",
];

/// How often each source is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The ticker table.
    pub tickers: Duration,
    /// The instruments list.
    pub instruments: Duration,
    /// Both of CoinGecko's answers.
    pub coingecko: Duration,
    /// The Fear & Greed index.
    pub fear_greed: Duration,
}

/// The upstreams.
#[derive(Clone, Debug)]
pub struct Upstreams {
    /// Tickers and instruments.
    pub bybit: Upstream,
    /// The whole market.
    pub coingecko: Upstream,
    /// Fear & greed.
    pub fear_greed: Upstream,
}

/// Runs every collector, each begun anew by itself when it fails, until one cannot be kept running.
pub async fn collect(
    context: Context,
    upstreams: Upstreams,
    known: Known,
    pace: Pace,
    gate: Arc<Gate>,
) -> Storm {
    let Upstreams {
        bybit,
        coingecko,
        fear_greed,
    } = upstreams;
    let shelf = Arc::new(Shelf::default());
    let monitored = watch::Sender::new(Vec::new());
    let watched = monitored.subscribe();
    let feeds = tickers::Feeds {
        known: known.clone(),
        shelf: Arc::clone(&shelf),
        gate: Arc::clone(&gate),
        monitored,
    };
    let metrics = || Arc::clone(&context.metrics);
    let task = |name, interval, pulse| slow::Task {
        name,
        interval,
        context: context.clone(),
        pulse,
        woken: None,
    };
    tokio::select! {
        storm = supervise("bybit_tickers", metrics(), |pulse| {
            tickers::run(context.clone(), bybit.clone(), feeds.clone(), pace.tickers, pulse)
        }) => storm,
        storm = supervise("bybit_inputs", metrics(), |pulse| {
            let mut watched = watched.clone();
            watched.mark_changed();
            inputs::run(context.clone(), bybit.clone(), Arc::clone(&gate), Arc::clone(&shelf), watched, pulse)
        }) => storm,
        never = supervise_optional("bybit_instruments", metrics(), |pulse| {
            let task = task("bybit_instruments", pace.instruments, pulse);
            instruments::run(task, bybit.clone(), Arc::clone(&gate), known.universe.clone())
        }, || park_list(&context, &known.universe)) => match never {},
        never = supervise_optional("coingecko_global", metrics(), |pulse| {
            let task = task("coingecko_global", pace.coingecko, pulse);
            slow::run(task, known.global_market.clone(), coingecko.clone(), global_market)
        }, || park(&context, "coingecko_global", &known.global_market)) => match never {},
        never = supervise_optional("coingecko_defi", metrics(), |pulse| {
            let task = task("coingecko_defi", pace.coingecko, pulse);
            slow::run(task, known.defi_market.clone(), coingecko.clone(), defi_market)
        }, || park(&context, "coingecko_defi", &known.defi_market)) => match never {},
        never = supervise_optional("alternative_me", metrics(), |pulse| {
            let task = task("alternative_me", pace.fear_greed, pulse);
            slow::run(task, known.fear_greed.clone(), fear_greed.clone(), index)
        }, || park(&context, "alternative_me", &known.fear_greed)) => match never {},
    }
}

/// Leaves a source alone whose task crashed again and again, and forgets what was held of it: that
/// may be what it crashes on. Tells for how long.
fn park<T>(context: &Context, name: &'static str, known: &watch::Sender<Slow<T>>) -> Duration {
    known.send_replace(Slow::unknown(CRASHED));
    context.board.record(name, CRASHED, None);
    PARKED
}

/// The same for the list of contracts: one that is known stays in use. Without any nothing can be
/// served, so it is tried again soon.
fn park_list(context: &Context, known: &watch::Sender<Option<Arc<Universe>>>) -> Duration {
    context.board.record("bybit_instruments", CRASHED, None);
    if known.borrow().is_some() {
        PARKED
    } else {
        PARKED_WITHOUT_A_LIST
    }
}

async fn global_market(upstream: Upstream) -> Result<Dated<GlobalMarket>, UpstreamError> {
    let fetched = upstream.get(coingecko::GLOBAL).await?;
    let (value, updated_at) = coingecko::parse_global(&fetched.body)?;
    Ok(Dated {
        value,
        as_of_ms: told_time(updated_at, fetched.received_at)?,
        source: fetched.source,
    })
}

async fn defi_market(upstream: Upstream) -> Result<Dated<DefiMarket>, UpstreamError> {
    let fetched = upstream.get(coingecko::DEFI).await?;
    let value = coingecko::parse_defi(&fetched.body)?;
    Ok(Dated {
        value,
        as_of_ms: earliest_defi_time(fetched.sent_at?),
        source: fetched.source,
    })
}

async fn index(upstream: Upstream) -> Result<Dated<FearGreed>, UpstreamError> {
    let fetched = upstream.get(alternative_me::FEAR_GREED).await?;
    // When the next value is due is told as a time from when the answer was made.
    let sent_at = fetched.sent_at?;
    let (value, day) = alternative_me::parse(&fetched.body, sent_at)?;
    Ok(Dated {
        value,
        as_of_ms: told_time(day, fetched.received_at)?,
        source: fetched.source,
    })
}
