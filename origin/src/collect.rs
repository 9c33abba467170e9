//! The collectors: each source has its own task, so that a slow or failing one delays no other.
//!
//! State: `Known` holds the last good value of every slow source in a `watch` channel, the shelf
//! the inputs of the scores, the gate the request budget for Bybit.
//!
//! Order: the slow sources and the inputs write their values whenever they come. `tickers` drives
//! the rounds: each ticker table that arrives is joined with the values that are held at that
//! moment and becomes one publication. `supervise` restarts a task that panics, ends or stalls.
//! Tickers and inputs are indispensable, so their restart storm ends collecting; any other source
//! is parked.

mod analyst;
mod expectation;
mod inputs;
mod instruments;
mod interest;
mod known;
mod round;
mod slow;
mod stream;
mod tickers;

use crate::context::Context;
use crate::supervise::{CRASHED, PARKED, Storm, supervise, supervise_optional};
use crate::upstream::{Upstream, UpstreamError};
use futures_util::future::select_all;
use inputs::{Mailbox, Monitored, Shelf};
use shared::assemble::Slow;
use shared::exchange::{alternative_me, coingecko};
use shared::market::{Dated, DefiMarket, FearGreed, GlobalMarket, Universe};
use shared::published::{earliest_defi_time, told_time};
use std::sync::Arc;
use std::time::Duration;
use stream::{ConnectionShare, Link, StreamedTickers};
use tickers::TickerPace;
use tokio::sync::watch;

pub use inputs::Gate;
pub use known::Known;
pub use stream::{Endpoint, SILENT_TOPIC, StreamError};
pub use tickers::TableOutcome;

/// How long the instruments task is parked after a restart storm while no list is held. Shorter
/// than [`PARKED`], because nothing can be served without a list.
const PARKED_WITHOUT_A_LIST: Duration = Duration::from_secs(60);

/// The sources' names, as the status board and the metrics label them.
pub fn sources() -> impl Iterator<Item = &'static str> {
    [
        "bybit_tickers",
        "bybit_instruments",
        interest::NAME,
        stream::TICKERS,
        stream::LIQUIDATIONS,
        "coingecko_global",
        "coingecko_defi",
        "alternative_me",
    ]
    .into_iter()
    .chain(stream::SYMBOLS)
}

/// How often each source is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The ticker table, while it is not streamed.
    pub tickers: Duration,
    /// The publications of the streamed ticker table.
    pub rounds: Duration,
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
    /// Bybit's WebSocket; `None` to use requests alone.
    pub stream: Option<Endpoint>,
}

/// Runs every collector and restarts the ones that fail. Returns when tickers or inputs cannot be
/// kept running; dropping it ends all tasks.
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
        stream,
    } = upstreams;
    let shelf = Arc::new(Shelf::default());
    // The ticker task chooses the contracts worth scoring, the input task fetches for them. A new
    // leader begins with its predecessor's choice: before the first table it could choose none, and
    // clients would be without books and trades for seconds more.
    let held = context.current.get();
    let mut chosen_before = held.map_or_else(Vec::new, |held| Monitored::of(held.valid().get()));
    // The predecessor may have been set to monitor more.
    chosen_before.truncate(context.settings.monitored_symbols);
    let monitored = watch::Sender::new(chosen_before);
    let watched = monitored.subscribe();
    let (streamed, mailbox) = (StreamedTickers::default(), Mailbox::default());
    let feeds = tickers::Feeds {
        known: known.clone(),
        shelf: Arc::clone(&shelf),
        gate: Arc::clone(&gate),
        monitored,
        streamed: streamed.clone(),
    };
    let pace_of_tickers = TickerPace {
        fetches: pace.tickers,
        rounds: stream.is_some().then_some(pace.rounds),
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
            tickers::run(context.clone(), bybit.clone(), feeds.clone(), pace_of_tickers, pulse)
        }) => storm,
        storm = supervise("bybit_inputs", metrics(), |pulse| {
            // A restarted task has an empty planner. The clone has seen the current list, so
            // without this mark the task would idle until the list changes.
            let mut watched = watched.clone();
            watched.mark_changed();
            inputs::run(context.clone(), bybit.clone(), Arc::clone(&gate), Arc::clone(&shelf), watched, mailbox.clone(), pulse)
        }) => storm,
        storm = streams(&context, stream, &known, streamed, (&shelf, &watched, &mailbox)) => storm,
        never = supervise_optional("bybit_instruments", metrics(), |pulse| {
            let task = task("bybit_instruments", pace.instruments, pulse);
            instruments::run(task, bybit.clone(), Arc::clone(&gate), known.universe.clone())
        }, || park_list(&context, &known.universe)) => match never {},
        never = supervise_optional(interest::NAME, metrics(), |pulse| {
            // Its own pace decides when it fetches; the interval bounds the backoff alone.
            let task = task(interest::NAME, pace.instruments, pulse);
            let contracts = (known.universe.subscribe(), watched.clone());
            interest::run(task, bybit.clone(), Arc::clone(&gate), contracts, known.interest.clone())
        }, || park_records(&context)) => match never {},
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

/// Keeps the streams open. Returns when they cannot be kept running; never without streams.
async fn streams(
    context: &Context,
    endpoint: Option<Endpoint>,
    known: &Known,
    streamed: StreamedTickers,
    (shelf, monitored, mailbox): (&Arc<Shelf>, &watch::Receiver<Vec<Monitored>>, &Mailbox),
) -> Storm {
    let Some(endpoint) = endpoint else {
        return std::future::pending().await;
    };
    let link = Link::new(endpoint);
    let metrics = || Arc::clone(&context.metrics);
    let symbols = ConnectionShare::all(context.settings.monitored_symbols).map(|connection| {
        let (link, (name, _)) = (&link, connection);
        let begin = move |pulse| {
            let to = (Arc::clone(shelf), mailbox.clone());
            let monitored = monitored.clone();
            stream::run_symbols(
                context.clone(),
                link.clone(),
                monitored,
                connection,
                to,
                pulse,
            )
        };
        Box::pin(supervise(name, metrics(), begin))
    });
    tokio::select! {
        storm = supervise(stream::TICKERS, metrics(), |pulse| {
            let universe = known.universe.subscribe();
            stream::run_tickers(context.clone(), link.clone(), universe, streamed.clone(), pulse)
        }) => storm,
        (storm, ..) = select_all(symbols) => storm,
        never = supervise_optional(stream::LIQUIDATIONS, metrics(), |pulse| {
            let universe = known.universe.subscribe();
            let to = known.liquidations.clone();
            stream::run_liquidations(context.clone(), link.clone(), universe, to, pulse)
        }, || park_liquidations(context, known)) => match never {},
    }
}

/// Parks a slow source whose task crashed again and again. Its held value is dropped, because that
/// value may be what the task crashes on. Returns how long the source stays parked.
fn park<T>(context: &Context, name: &'static str, known: &watch::Sender<Slow<T>>) -> Duration {
    known.send_replace(Slow::unknown(CRASHED));
    context.board.record(name, CRASHED, None);
    PARKED
}

/// Parks the stream of liquidations, which the rest can do without.
fn park_liquidations(context: &Context, known: &Known) -> Duration {
    known.liquidations.crashed();
    context.board.record(stream::LIQUIDATIONS, CRASHED, None);
    PARKED
}

/// Parks the records of open interest, which the rest can do without. Those that are held serve for
/// as long as they reach back far enough.
fn park_records(context: &Context) -> Duration {
    context.board.record(interest::NAME, CRASHED, None);
    PARKED
}

/// Parks the instruments task. The list that is held stays in use. Returns how long the task stays
/// parked.
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
    // This answer carries no time of its own. It is dated one period of the publisher before the
    // answer was made, so that nothing is shown as younger than it is.
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
    // The body states the next value as seconds from when the answer was made, so the answer's own
    // date is needed, not the time of receipt.
    let sent_at = fetched.sent_at?;
    let (value, day) = alternative_me::parse(&fetched.body, sent_at)?;
    Ok(Dated {
        value,
        as_of_ms: told_time(day, fetched.received_at)?,
        source: fetched.source,
    })
}
