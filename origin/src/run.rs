//! Puts the parts together, and takes them apart when the process ends.
//!
//! Order of the start: bind → read secrets → open the store (no connection yet) → HTTP client →
//! announce the address → tasks → serve. Everything that a configuration can get wrong fails before
//! the first request.
//!
//! Order of the end, by [`serve`]: not ready → give up the lead → drain → close. Tasks end with
//! [`Tasks`].

mod collecting;
mod operator;
mod serve;

use crate::clock::Clock;
use crate::collect::{Endpoint, Gate, Known, Pace, Upstreams};
use crate::config::{Config, RedisAccess};
use crate::context::Context;
use crate::http::App;
use crate::jitter::Jitter;
use crate::leadership::{Candidate, StandInAfter};
use crate::metrics::Metrics;
use crate::publication::Current;
use crate::publication::older::prepare_older;
use crate::server;
use crate::standing::Leadership;
use crate::status::StatusBoard;
use crate::store::Store;
use crate::store::follower::Follower;
use crate::store::writer::{Writer, keep_writing};
use crate::stored::Stored;
use crate::supervise::{EXIT_STORM, Pulse, Storm, supervise};
use crate::upstream::{self, Upstream};
use anyhow::Context as _;
use collecting::Collecting;
use shared::endpoints::store_ttl_ms;
use shared::provenance::Venue;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the end of the process waits for the lead to be given up. Otherwise the lease expires
/// by itself.
const RESIGN_PATIENCE: Duration = Duration::from_secs(2);

/// The exit code: 70 when tasks could not be kept running, 1 for anything else.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<Storm>() { EXIT_STORM } else { 1 })
}

/// Runs the origin until a signal or a storm ends it.
///
/// # Errors
/// When it cannot start, naming the variable and the value; or the [`Storm`] that ended it.
pub async fn run(config: Config) -> anyhow::Result<()> {
    // First: a port that is taken must stop a second process before it bids for the lead.
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("ORIGIN_LISTEN: binding {}", config.listen))?;
    let operators = config.operator_listen.map(|address| {
        std::net::TcpListener::bind(address)
            .with_context(|| format!("ORIGIN_OPERATOR_LISTEN: binding {address}"))
    });
    let operators = operators.transpose()?;
    let (redis, secrets) = (
        config.redis().map_err(anyhow::Error::msg)?,
        config.secrets().map_err(anyhow::Error::msg)?,
    );
    let store = Arc::new(Store::open(redis.as_ref()).context("REDIS_URL")?);
    let context = Context {
        current: Arc::new(Current::new()),
        metrics: Arc::new(Metrics::new()),
        board: Arc::new(StatusBoard::default()),
        settings: config.settings(),
        limits: config.limits()?,
        clock: Clock::system(),
        jitter: Jitter::random(),
    };
    let upstreams = upstreams(&config, &context.clock)?;
    let parts = Parts {
        store,
        context,
        leadership: Arc::default(),
        stored: Arc::new(Stored::empty()),
    };
    let (resigning, resigned) = (CancellationToken::new(), CancellationToken::new());
    // One slot: the first storm ends the process.
    let (storms, storm) = mpsc::channel(1);
    let mut tasks = Tasks {
        running: JoinSet::new(),
        metrics: Arc::clone(&parts.context.metrics),
        storms,
    };
    announce(&config, redis.as_ref(), &listener, operators.as_ref())?;
    tracing::info!(
        asked_for = secrets.is_some(),
        open = config.open,
        "the secret of /snapshot and /metrics"
    );
    // After the address was announced, so that the log shows it before the first failure.
    parts.begin(&config, upstreams, (&resigning, &resigned), &mut tasks);

    let app = App {
        context: parts.context.clone(),
        stored: Arc::clone(&parts.stored),
        store_kind: parts.store.kind(),
        role: config.role,
        leadership: Arc::clone(&parts.leadership),
        draining: Arc::new(AtomicBool::new(false)),
        secrets: secrets.map(Arc::new),
        started_at: parts.context.clock.now(),
    };
    if let Some(operators) = operators {
        operator::serve(operators, app.clone())?;
    }
    let mut limits = config.server_limits();
    // Never more connections than there are file descriptors for.
    limits.connections = server::raise_descriptor_limit(limits.connections);
    let drain_delay = Duration::from_millis(config.drain_delay_ms);
    // The router is served from here on; tasks have been collecting since above.
    let served = serve::serve(listener, app, limits, resigning, drain_delay, storm).await;
    if config.role.collects()
        && timeout(RESIGN_PATIENCE, resigned.cancelled())
            .await
            .is_err()
    {
        tracing::warn!(after = ?RESIGN_PATIENCE, "the lead could not be given up in time; it ends by itself");
    }
    served
}

/// What the tasks share.
struct Parts {
    store: Arc<Store>,
    context: Context,
    leadership: Arc<Leadership>,
    stored: Arc<Stored>,
}

impl Parts {
    /// Starts every task that the role asks for. The follower comes first: the collectors wait for
    /// its first look.
    fn begin(
        &self,
        config: &Config,
        upstreams: Upstreams,
        (resigning, resigned): (&CancellationToken, &CancellationToken),
        tasks: &mut Tasks,
    ) {
        let known = Known::new();
        let stand_in_after = StandInAfter::new(&self.context.limits, config.tickers_interval());
        let looked = watch::Sender::new(false);
        let follower = Follower {
            store: Arc::clone(&self.store),
            context: self.context.clone(),
            known: known.clone(),
            stored: Arc::clone(&self.stored),
            looked: looked.clone(),
        };
        tasks.begin("follower", move |pulse| follower.clone().run(pulse));
        if config.role.serves() {
            let context = self.context.clone();
            tasks.begin("older_bodies", move |pulse| {
                prepare_older(
                    Arc::clone(&context.current),
                    context.limits,
                    context.clock.clone(),
                    pulse,
                )
            });
        }
        // Without collecting there is nothing to lead or to write.
        if !config.role.collects() {
            return;
        }
        let candidate = Candidate {
            store: Arc::clone(&self.store),
            leadership: Arc::clone(&self.leadership),
            context: self.context.clone(),
            lease: Duration::from_millis(config.leader_lease_ms),
            stand_in_after,
            resigning: resigning.clone(),
            resigned: resigned.clone(),
        };
        tasks.begin("candidate", move |pulse| candidate.clone().run(pulse));
        let writer = Writer {
            store: Arc::clone(&self.store),
            context: self.context.clone(),
            leadership: Arc::clone(&self.leadership),
            stored: Arc::clone(&self.stored),
            ttl_ms: store_ttl_ms(config.tickers_interval_ms),
        };
        tasks.begin("writer", move |pulse| keep_writing(writer.clone(), pulse));
        let collecting = Collecting {
            store: Arc::clone(&self.store),
            stored: Arc::clone(&self.stored),
            leadership: Arc::clone(&self.leadership),
            context: self.context.clone(),
            upstreams,
            known,
            pace: pace(config),
            gate: Arc::new(gate(config, self.context.jitter.clone())),
            stand_in_after,
            serves: config.role.serves(),
            looked: looked.subscribe(),
            storms: tasks.storms.clone(),
        };
        tasks.begin("collecting", move |pulse| collecting.clone().run(pulse));
    }
}

/// The supervised tasks. Dropping this aborts them.
struct Tasks {
    running: JoinSet<()>,
    metrics: Arc<Metrics>,
    storms: mpsc::Sender<Storm>,
}

impl Tasks {
    fn begin<F>(&mut self, name: &'static str, begin: impl Fn(Pulse) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (metrics, storms) = (Arc::clone(&self.metrics), self.storms.clone());
        self.running.spawn(async move {
            let storm = supervise(name, metrics, begin).await;
            // Without a receiver the process is ending anyway.
            let _ = storms.send(storm).await;
        });
    }
}

/// Prints the addresses on standard output and logs what the process works with.
fn announce(
    config: &Config,
    redis: Option<&RedisAccess>,
    listener: &TcpListener,
    operators: Option<&std::net::TcpListener>,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("ORIGIN_LISTEN")?;
    let mut lines = format!("origin listening on http://{address}\n");
    if let Some(operators) = operators {
        let address = operators.local_addr().context("ORIGIN_OPERATOR_LISTEN")?;
        lines.push_str(&format!("operators are served on http://{address}\n"));
    }
    // In one write: some readers close the pipe after the first line.
    std::io::stdout()
        .write_all(lines.as_bytes())
        .context("writing to standard output")?;
    match redis {
        Some(access) => {
            tracing::info!(url = %access.url, role = config.role.name(), "working with Redis");
        }
        None => tracing::warn!("without Redis: snapshots are kept in this process's memory only"),
    }
    Ok(())
}

fn upstreams(config: &Config, clock: &Clock) -> anyhow::Result<Upstreams> {
    let transport = upstream::client()
        .context("setting up the HTTP client (are root certificates installed?)")?;
    let (bybit_alternative, key) = (
        config.bybit_alternative(),
        config.coingecko_key().map_err(anyhow::Error::msg)?,
    );
    let stream_url = config.stream_url();
    tracing::info!(
        bybit = %config.bybit_base_url,
        stream = stream_url.as_ref().map(tracing::field::display),
        bybit_alternative = bybit_alternative.as_ref().map(tracing::field::display),
        coingecko = %config.coingecko_base_url,
        coingecko_key = key.is_some(),
        fear_greed = %config.fear_greed_base_url,
        "upstreams"
    );
    let to = |base: &crate::config::BaseUrl, venue| {
        Upstream::new(transport.clone(), base.clone(), venue, clock.clone())
    };
    let stream = stream_url
        .map(|url| Endpoint::new(url.into_url()))
        .transpose()
        .context("setting up TLS for the stream (are root certificates installed?)")?;
    Ok(Upstreams {
        stream,
        bybit: to(&config.bybit_base_url, Venue::Bybit).or_at(bybit_alternative),
        coingecko: to(&config.coingecko_base_url, Venue::CoinGecko).with_key(key),
        fear_greed: to(&config.fear_greed_base_url, Venue::AlternativeMe),
    })
}

fn gate(config: &Config, jitter: Jitter) -> Gate {
    Gate::new(
        usize::from(config.bybit_requests_per_5s),
        config.tickers_interval(),
        jitter,
    )
}

fn pace(config: &Config) -> Pace {
    Pace {
        tickers: config.tickers_interval(),
        rounds: Duration::from_millis(config.publish_interval_ms),
        instruments: Duration::from_secs(config.instruments_interval_s),
        coingecko: Duration::from_secs(config.coingecko_interval_s),
        fear_greed: Duration::from_secs(config.fear_greed_interval_s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_has_an_exit_code_of_its_own() {
        let code = |error: anyhow::Error| format!("{:?}", exit_code(&error));
        let storm = Storm::TooManyRestarts { task: "writer" };
        assert_eq!(code(storm.into()), format!("{:?}", ExitCode::from(70)));
        assert_eq!(
            code(anyhow::Error::from(storm).context("serving")),
            format!("{:?}", ExitCode::from(70))
        );
        assert_eq!(
            code(anyhow::anyhow!("ORIGIN_LISTEN: taken")),
            format!("{:?}", ExitCode::from(1))
        );
    }
}
