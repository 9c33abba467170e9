//! Facts → [`Snapshot`]: the one place where sections are put together, by origin and edge alike.

mod carried;
mod whole_market;

use crate::analysis::join::{Market, is_most};
use crate::analysis::positioning::Positioning;
use crate::analysis::scores::Analysis;
use crate::analysis::volatility::BitcoinVolatility;
use crate::analysis::{Settings, breadth, movers, overview, perps, regime, scores};
use crate::freshness::{SectionLimits, is_from_the_future};
use crate::market::{
    Dated, DefiMarket, FearGreed, GlobalMarket, RefusedRow, Ticker, Tickers, Universe,
};
use crate::provenance::Source;
use crate::snapshot::alerts::AlertSection;
use crate::snapshot::beta::BetaSection;
use crate::snapshot::performance::PerformanceSection;
use crate::snapshot::statistics::Statistics;
use crate::snapshot::{Lack, Producer, SCHEMA_VERSION, Section, Snapshot, is_reason};
use crate::units::{Amount, Price, UnixMs};
use std::collections::BTreeMap;

pub use carried::with_sections_of;

/// The symbol without which there is no market overview.
pub const BITCOIN: &str = "BTCUSDT";

/// The contract that every market has beside Bitcoin's.
pub const ETHER: &str = "ETHUSDT";

/// Both.
pub const MAJORS: [&str; 2] = [BITCOIN, ETHER];

/// The last known value of a slow source, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Slow<T> {
    /// The last good value.
    Known(Dated<T>),
    /// Nothing was ever received, for this reason.
    Unknown(String),
}

impl<T> Slow<T> {
    /// Nothing was received yet.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::Unknown(reason.to_owned())
    }
}

impl<T: Clone> Slow<T> {
    /// Takes a section of an earlier snapshot back as an input, with the time it had.
    #[must_use]
    pub fn carried_over(section: &Section<T>) -> Self {
        match section {
            Section::Present {
                source,
                as_of_ms,
                value,
                ..
            } => Self::Known(Dated {
                value: value.clone(),
                as_of_ms: *as_of_ms,
                source: *source,
            }),
            Section::Absent { reason } => Self::Unknown(reason.clone()),
        }
    }
}

/// What is derived from candles, books, trades and positions, which only the origin collects.
#[derive(Clone, Debug, PartialEq)]
pub struct LongView {
    /// Scores in six dimensions, by symbol.
    pub analyses: BTreeMap<String, Analysis>,
    /// Who holds the positions.
    pub positioning: Option<Positioning>,
    /// How far Bitcoin's price strays.
    pub bitcoin_volatility: Option<BitcoinVolatility>,
    /// Contracts against Bitcoin.
    pub beta: Slow<BetaSection>,
    /// Contracts side by side.
    pub performance: Slow<PerformanceSection>,
    /// Figures of the monitored contracts' candles.
    pub statistics: Slow<Statistics>,
    /// The last alerts.
    pub alerts: Slow<AlertSection>,
}

impl LongView {
    /// Nothing of it, for this reason.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self {
            analyses: BTreeMap::new(),
            positioning: None,
            bitcoin_volatility: None,
            beta: Slow::unknown(reason),
            performance: Slow::unknown(reason),
            statistics: Slow::unknown(reason),
            alerts: Slow::unknown(reason),
        }
    }

    /// What an earlier snapshot still tells: sections with their own time, but no scores, which
    /// live seconds.
    #[must_use]
    pub fn carried_over(snapshot: &Snapshot) -> Self {
        Self {
            beta: Slow::carried_over(&snapshot.beta),
            performance: Slow::carried_over(&snapshot.performance),
            statistics: Slow::carried_over(&snapshot.statistics),
            alerts: Slow::carried_over(&snapshot.alerts),
            ..Self::unknown(Lack::NotCarriedOver.label())
        }
    }
}

/// Everything that a snapshot is made of.
#[derive(Clone, Debug)]
pub struct Inputs<'i, 'a> {
    /// The ticker table.
    pub tickers: &'i Tickers<'a>,
    /// Who published it.
    pub tickers_source: Source,
    /// When its market last moved, as [`crate::judge::Judge::examine`] tells it.
    pub as_of: UnixMs,
    /// The contracts that count.
    pub universe: &'i Universe,
    /// The whole market's figures.
    pub global_market: &'i Slow<GlobalMarket>,
    /// Decentralised finance.
    pub defi_market: &'i Slow<DefiMarket>,
    /// Fear & greed.
    pub fear_greed: &'i Slow<FearGreed>,
    /// What needs more than tickers.
    pub long_view: &'i LongView,
}

/// What the producer says of itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The snapshot's number.
    pub sequence: u64,
    /// Who assembles it.
    pub producer: Producer,
    /// Why not the origin.
    pub fallback_reason: Option<String>,
    /// The moment of assembly.
    pub now: UnixMs,
}

/// Why the facts make no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// `BTCUSDT` has no usable ticker.
    #[error("{BITCOIN} has no usable ticker among {priced} priced and {refused} refused contracts")]
    BitcoinMissing {
        /// Contracts with a usable ticker.
        priced: usize,
        /// Contracts whose ticker was refused.
        refused: usize,
    },
    /// No contract could be scored.
    #[error("none of {priced} contracts could be scored")]
    NoScores {
        /// Contracts with a usable ticker.
        priced: usize,
    },
    /// The list of contracts that count is so old that it may count others today.
    #[error("the instruments list is {age_ms} ms old")]
    UniverseTooOld {
        /// Its age.
        age_ms: u64,
    },
    /// A figure without which there is no overview is told by too few contracts.
    #[error("{known} of {priced} contracts tell their {figure}, fewer than four fifths")]
    TooFewFigures {
        /// The figure.
        figure: &'static str,
        /// Contracts that tell it.
        known: usize,
        /// Contracts with a usable ticker.
        priced: usize,
    },
    /// A sum or mean over the contracts left the range of numbers.
    #[error("a figure over all contracts is no usable number: {0}")]
    Arithmetic(String),
}

impl AssembleError {
    crate::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(&self) {
            Self::BitcoinMissing { .. } => "bitcoin_missing",
            Self::NoScores { .. } => "no_scores",
            Self::UniverseTooOld { .. } => "universe_too_old",
            Self::TooFewFigures { .. } => "too_few_figures",
            Self::Arithmetic(_) => "arithmetic",
        }
    }
}

/// A snapshot that still has to pass [`crate::validate`], and the rows that it leaves out.
#[derive(Clone, Debug)]
pub struct Assembled<'a> {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Rows of listed contracts that are not used.
    pub refused: Vec<RefusedRow<'a>>,
}

/// Puts a snapshot together.
///
/// # Errors
/// [`AssembleError`] when the tickers cannot carry one.
pub fn assemble<'a>(
    inputs: &Inputs<'_, 'a>,
    identity: Identity,
    settings: &Settings,
) -> Result<Assembled<'a>, AssembleError> {
    let listed_at = inputs.universe.as_of_ms;
    if SectionLimits::universe(listed_at)
        .classify(identity.now)
        .is_none()
    {
        return Err(AssembleError::UniverseTooOld {
            age_ms: identity.now.millis_since(listed_at),
        });
    }
    let market = Market::join(inputs.tickers, inputs.universe);
    let coverage = market.coverage;
    let arithmetic = |error: crate::units::OutOfRange| AssembleError::Arithmetic(error.to_string());
    let bitcoin = market.find(BITCOIN).ok_or(AssembleError::BitcoinMissing {
        priced: coverage.priced,
        refused: coverage.refused,
    })?;
    enough_figures(&market)?;
    let long_view = inputs.long_view;
    let breadth = breadth::breadth(&market);
    let overview = overview::overview(
        &market,
        &breadth,
        bitcoin.last,
        long_view.bitcoin_volatility,
    );
    let overview = overview.map_err(arithmetic)?;
    let scores = scores::rows(&market, settings.monitored_symbols, &long_view.analyses);
    // To the cent, as turnovers are shown: a mover must not seem to be below the floor.
    let floor = Amount::new(settings.mover_turnover_floor)
        .map_err(arithmetic)?
        .rounded(2);
    let now = identity.now;
    let fear_greed = fear_greed(inputs.fear_greed, now);
    let regime = regime::regime(&scores, &breadth, &overview, fear_greed.value()).ok_or(
        AssembleError::NoScores {
            priced: coverage.priced,
        },
    )?;
    let global_market = global_market(
        inputs.global_market,
        bitcoin.last,
        inputs.tickers_source,
        now,
    );
    let defi_market = defi_market(inputs.defi_market, &global_market, now);
    let snapshot = Snapshot {
        schema_version: SCHEMA_VERSION,
        sequence: identity.sequence,
        producer: identity.producer,
        fallback_reason: identity.fallback_reason,
        as_of_ms: inputs.as_of,
        generated_at_ms: now,
        tickers_source: inputs.tickers_source,
        universe: inputs.universe.clone(),
        coverage,
        overview,
        breadth,
        regime,
        movers: movers::movers(&market, floor),
        volume_leaders: movers::volume_leaders(&market),
        scores,
        perps: perps::perps(
            &market,
            inputs.universe,
            long_view.positioning.as_ref(),
            inputs.tickers_source.venue,
        ),
        global_market,
        defi_market,
        fear_greed,
        beta: checked(
            &long_view.beta,
            now,
            SectionLimits::beta,
            BetaSection::check,
        ),
        performance: checked(
            &long_view.performance,
            now,
            SectionLimits::performance,
            PerformanceSection::check,
        ),
        statistics: checked(
            &long_view.statistics,
            now,
            SectionLimits::statistics,
            Statistics::check,
        ),
        alerts: checked(
            &long_view.alerts,
            now,
            SectionLimits::alerts,
            AlertSection::check,
        ),
    };
    Ok(Assembled {
        snapshot,
        refused: market.refused,
    })
}

/// Refuses a market of which a large share does not tell what the overview is made of: its means
/// would be those of a part.
fn enough_figures(market: &Market<'_, '_>) -> Result<(), AssembleError> {
    let priced = market.rows.len();
    let count =
        |is_known: fn(&Ticker<'_>) -> bool| market.rows.iter().filter(|row| is_known(row)).count();
    let figures = [
        ("change", count(|row| row.change_24h_pct.is_some())),
        ("turnover", count(|row| row.turnover_24h.is_some())),
    ];
    match figures
        .into_iter()
        .find(|(_, known)| !is_most(*known, priced))
    {
        Some((figure, known)) => Err(AssembleError::TooFewFigures {
            figure,
            known,
            priced,
        }),
        None => Ok(()),
    }
}

/// What a secondary exchange answered, and what it stands in for.
#[derive(Clone, Copy, Debug)]
pub struct Substitute<'i, 'a> {
    /// The ticker table.
    pub tickers: &'i Tickers<'a>,
    /// Who published it.
    pub tickers_source: Source,
    /// When its market last moved, as [`crate::judge::Judge::examine`] tells it.
    pub as_of: UnixMs,
    /// The contracts that count, from [`crate::exchange::secondary::Secondary::universe`].
    pub universe: &'i Universe,
    /// What is held, of whichever producer: the figures of the whole market come from no exchange
    /// and are carried over with their own time and source. Nothing else is.
    pub held: Option<&'i Snapshot>,
}

/// Puts a snapshot together from a secondary exchange's tickers. What they do not tell stays
/// unknown.
///
/// # Errors
/// [`AssembleError`] when the tickers cannot carry one.
pub fn assemble_secondary<'a>(
    substitute: &Substitute<'_, 'a>,
    sequence: u64,
    fallback_reason: String,
    now: UnixMs,
    settings: &Settings,
) -> Result<Assembled<'a>, AssembleError> {
    let held = substitute.held;
    let inputs = Inputs {
        tickers: substitute.tickers,
        tickers_source: substitute.tickers_source,
        as_of: substitute.as_of,
        universe: substitute.universe,
        global_market: &whole_market(held.map(|held| &held.global_market)),
        defi_market: &whole_market(held.map(|held| &held.defi_market)),
        fear_greed: &whole_market(held.map(|held| &held.fear_greed)),
        long_view: &LongView::unknown(Lack::UnknownToSecondaryExchange.label()),
    };
    let producer = Producer::SecondaryExchange;
    let identity = Identity {
        sequence,
        producer,
        fallback_reason: Some(fallback_reason),
        now,
    };
    assemble(&inputs, identity, settings)
}

fn whole_market<T: Clone>(held: Option<&Section<T>>) -> Slow<T> {
    held.map_or_else(
        || Slow::unknown(Lack::NotCollectedAtEdge.label()),
        Slow::carried_over,
    )
}

/// A slow source's section at `now`: its value within its limits, else the reason for its absence.
fn section<T: Clone>(
    slow: &Slow<T>,
    now: UnixMs,
    limits: impl Fn(&Dated<T>) -> SectionLimits,
) -> Section<T> {
    match slow {
        Slow::Unknown(reason) if is_reason(reason) => Section::absent(reason),
        Slow::Unknown(_) => Section::absent(Lack::Unknown.label()),
        Slow::Known(dated) if is_from_the_future(dated.as_of_ms, now) => {
            Section::absent(Lack::FromTheFuture.label())
        }
        Slow::Known(dated) => match limits(dated).classify(now) {
            None => Section::absent(Lack::TooOld.label()),
            Some(freshness) => Section::Present {
                source: dated.source,
                as_of_ms: dated.as_of_ms,
                freshness,
                value: dated.value.clone(),
            },
        },
    }
}

fn fear_greed(slow: &Slow<FearGreed>, now: UnixMs) -> Section<FearGreed> {
    section(slow, now, |dated| {
        SectionLimits::fear_greed(dated.as_of_ms, &dated.value)
    })
}

fn global_market(
    slow: &Slow<GlobalMarket>,
    bitcoin: Price,
    tickers: Source,
    now: UnixMs,
) -> Section<GlobalMarket> {
    let global_market = section(slow, now, |dated| {
        SectionLimits::global_market(dated.as_of_ms)
    });
    whole_market::believed(global_market, bitcoin, tickers)
}

fn defi_market(
    slow: &Slow<DefiMarket>,
    whole: &Section<GlobalMarket>,
    now: UnixMs,
) -> Section<DefiMarket> {
    let defi_market = section(slow, now, |dated| {
        SectionLimits::defi_market(dated.as_of_ms)
    });
    whole_market::believed_part(defi_market, whole)
}

/// A section that has rules of its own: one that breaks them is dropped, and takes nothing else
/// with it.
fn checked<T: Clone, E>(
    slow: &Slow<T>,
    now: UnixMs,
    limits: impl Fn(UnixMs) -> SectionLimits,
    check: impl Fn(&T) -> Result<(), E>,
) -> Section<T> {
    match slow {
        Slow::Known(dated) if check(&dated.value).is_err() => {
            Section::absent(Lack::FailedValidation.label())
        }
        _ => section(slow, now, |dated| limits(dated.as_of_ms)),
    }
}
