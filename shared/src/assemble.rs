//! Facts → [`Snapshot`]. Origin and edge assemble with the same function.
//!
//! Order: the list's age → join with the universe → Bitcoin and enough figures → breadth, overview
//! and scores → regime (reads those three) → slow sections, each by its own limits and rules →
//! snapshot. The result still has to pass [`crate::validate`].
//!
//! Invariants: tickers decide whether there is a snapshot at all. A slow section never prevents
//! one: it is absent with a reason. Figures of one venue are never mixed with another's.

mod carried;
mod error;
mod long_view;
mod sections;
mod whole_market;

use crate::analysis::contracts::contracts;
use crate::analysis::join::{Market, is_most};
use crate::analysis::{Settings, breadth, movers, overview, perps, regime, scores};
use crate::freshness::SectionLimits;
use crate::market::majors::BITCOIN;
use crate::market::{
    Dated, DefiMarket, FearGreed, GlobalMarket, RefusedRow, Ticker, Tickers, Universe,
};
use crate::provenance::{Delivery, Source};
use crate::snapshot::alerts::AlertSection;
use crate::snapshot::beta::BetaSection;
use crate::snapshot::performance::PerformanceSection;
use crate::snapshot::statistics::Statistics;
use crate::snapshot::{Lack, Producer, SCHEMA_VERSION, Section, Snapshot, Withheld};
use crate::units::{Amount, UnixMs};
use sections::{checked, defi_market, fear_greed, global_market, liquidations, withheld};

pub use carried::with_sections_of;
pub use error::AssembleError;
pub use long_view::{LongView, Slow};

/// The inputs of a snapshot.
#[derive(Clone, Debug)]
pub struct Inputs<'i, 'a> {
    /// The ticker table.
    pub tickers: &'i Tickers<'a>,
    /// The source of the ticker table.
    pub tickers_source: Source,
    /// How it came from there.
    pub tickers_delivery: Delivery,
    /// When its market last moved, as [`crate::judge::Judge::examine`] returns it.
    pub as_of: UnixMs,
    /// The universe.
    pub universe: &'i Universe,
    /// The whole market's figures.
    pub global_market: &'i Slow<GlobalMarket>,
    /// Decentralised finance.
    pub defi_market: &'i Slow<DefiMarket>,
    /// Fear & greed.
    pub fear_greed: &'i Slow<FearGreed>,
    /// Results that need more than tickers.
    pub long_view: &'i LongView,
}

/// What the producer states about itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The snapshot's number.
    pub sequence: u64,
    /// Who assembles it.
    pub producer: Producer,
    /// Why this producer and not the origin.
    pub fallback_reason: Option<String>,
    /// The moment of assembly.
    pub now: UnixMs,
}

/// A snapshot that has not passed [`crate::validate`] yet, and the rows that it leaves out.
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
    // First, because a list that is too old counts contracts that may have been delisted since.
    if SectionLimits::universe(listed_at)
        .classify(identity.now)
        .is_none()
    {
        return Err(AssembleError::UniverseTooOld {
            age_ms: identity.now.millis_since(listed_at),
        });
    }
    // From here on only contracts of the universe are seen.
    let market = Market::join(inputs.tickers, inputs.universe);
    let coverage = market.coverage;
    let arithmetic = |error: crate::units::OutOfRange| AssembleError::Arithmetic(error.to_string());
    // Betas, the regime and the check of the capitalisation all need Bitcoin's price.
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
    // Before the regime, whose direction is the mean of the scores.
    let scores = scores::rows(&market, settings.monitored_symbols, &long_view.analyses);
    // To the cent, like the turnovers: an unrounded floor could lie above a mover's rounded
    // turnover, and the validation boundary would reject the snapshot.
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
    // In this order: the whole market is checked against Bitcoin's price, then DeFi against the
    // whole market.
    let global_market = global_market(
        inputs.global_market,
        bitcoin.last,
        inputs.tickers_source,
        now,
    );
    let defi_market = defi_market(inputs.defi_market, &global_market, now);
    // Only the origin fetches from these publishers and stores its snapshots, so only its withheld
    // figures are of use after a restart.
    let withheld = if identity.producer == Producer::Origin {
        Withheld {
            global_market: withheld(inputs.global_market, &global_market),
            defi_market: withheld(inputs.defi_market, &defi_market),
        }
    } else {
        Withheld::NOTHING
    };
    let snapshot = Snapshot {
        schema_version: SCHEMA_VERSION,
        sequence: identity.sequence,
        producer: identity.producer,
        fallback_reason: identity.fallback_reason,
        as_of_ms: inputs.as_of,
        generated_at_ms: now,
        tickers_source: inputs.tickers_source,
        tickers_delivery: Some(inputs.tickers_delivery),
        universe: inputs.universe.clone(),
        coverage,
        overview,
        breadth,
        regime,
        movers: movers::movers(&market, floor),
        volume_leaders: movers::volume_leaders(&market),
        scores,
        // The venue is passed, because a spot table has no perpetuals to count.
        perps: perps::perps(
            &market,
            inputs.universe,
            long_view.positioning.as_ref(),
            &long_view.past_premiums,
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
        liquidations: liquidations(&long_view.liquidations, now),
        // Secondary exchanges' tables do not tell them.
        contracts: if identity.producer == Producer::SecondaryExchange {
            Section::absent(Lack::UnknownToSecondaryExchange.label())
        } else {
            let value = contracts(
                &market,
                inputs.universe,
                &long_view.past_open_interest,
                inputs.as_of,
            );
            let found = Dated {
                value,
                as_of_ms: inputs.as_of,
                source: inputs.tickers_source,
            };
            sections::contracts(found, now)
        },
        books: sections::books(&long_view.books, now),
        alerts: checked(
            &long_view.alerts,
            now,
            SectionLimits::alerts,
            AlertSection::check,
        ),
        withheld,
    };
    Ok(Assembled {
        snapshot,
        refused: market.refused,
    })
}

/// Refuses a market in which too many contracts lack what the overview is made of: its means would
/// be those of a part.
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
        // The first figure names the error; one is enough to refuse.
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

/// The answer of a secondary exchange, and the snapshot that it replaces.
#[derive(Clone, Copy, Debug)]
pub struct Substitute<'i, 'a> {
    /// The ticker table.
    pub tickers: &'i Tickers<'a>,
    /// The source of the ticker table.
    pub tickers_source: Source,
    /// When its market last moved, as [`crate::judge::Judge::examine`] returns it.
    pub as_of: UnixMs,
    /// The contracts that count, from [`crate::exchange::secondary::Secondary::universe`].
    pub universe: &'i Universe,
    /// The held snapshot, of any producer. The whole market's figures come from no exchange, so
    /// they are carried over with their own time and source. Nothing else is.
    pub held: Option<&'i Snapshot>,
}

/// Assembles a snapshot from a secondary exchange's tickers. What they do not contain stays
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
        tickers_delivery: Delivery::Request,
        as_of: substitute.as_of,
        universe: substitute.universe,
        global_market: &whole_market(held.map(|held| &held.global_market)),
        defi_market: &whole_market(held.map(|held| &held.defi_market)),
        fear_greed: &whole_market(held.map(|held| &held.fear_greed)),
        // Betas, charts and scores are of Bybit's contracts and are never shown beside another
        // venue's prices.
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
