//! What the six-dimension scores say: signals of all contracts, and all about one.

use super::head::Provenance;
use crate::analysis::scores::combine::Confluence;
use crate::analysis::scores::dimension::Dimension;
use crate::analysis::scores::report::report;
use crate::analysis::scores::sub_component::SubComponent;
use crate::freshness::Freshness;
use crate::snapshot::{Components, ScoreRow, Sentiment, Snapshot, display_symbol};
use crate::units::{Amount, Fraction, Percent, Price, Score};
use serde::Serialize;
use std::collections::BTreeMap;

/// A score at least this far from neutral is a strong signal.
const STRONG_DEVIATION: f64 = 30.0;

/// A score at least this far from neutral is a medium signal.
const MEDIUM_DEVIATION: f64 = 20.0;

#[derive(Serialize)]
pub(super) struct Signals<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    signals: Vec<Signal<'s>>,
    count: usize,
}

#[derive(Serialize)]
struct Signal<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    score: Score,
    confluence_score: Score,
    price: Price,
    change_24h: Percent,
    /// USD.
    volume_24h: Amount,
    components: &'s Components,
    sentiment: Sentiment,
    reliability: Fraction,
    signal_type: &'static str,
    /// How far from neutral; `null` for a neutral score.
    strength: Option<&'static str>,
    has_breakdown: bool,
    timestamp: u64,
}

/// Every six-dimension score with what it says, the neutral ones too.
pub(super) fn signals(snapshot: &Snapshot, class: Freshness) -> Signals<'_> {
    let signals: Vec<Signal<'_>> = snapshot.scores.iter().filter_map(|row| signal(row, snapshot)).collect();
    Signals { provenance: Provenance::of(snapshot, class), count: signals.len(), signals }
}

fn signal<'s>(row: &'s ScoreRow, snapshot: &Snapshot) -> Option<Signal<'s>> {
    let sentiment = Sentiment::of(row.score);
    Some(Signal {
        symbol: &row.symbol,
        display_symbol: display_symbol(&row.symbol),
        score: row.score,
        confluence_score: row.score,
        price: row.price,
        change_24h: row.change_24h,
        volume_24h: row.turnover_24h,
        components: row.components()?,
        sentiment,
        reliability: row.reliability,
        signal_type: match sentiment {
            Sentiment::Bullish => "BUY",
            Sentiment::Bearish => "SELL",
            Sentiment::Neutral => "NEUTRAL",
        },
        strength: strength(row.score, sentiment),
        has_breakdown: true,
        timestamp: snapshot.as_of_ms.as_secs(),
    })
}

fn strength(score: Score, sentiment: Sentiment) -> Option<&'static str> {
    let deviation = (score.get() - 50.0).abs();
    (sentiment != Sentiment::Neutral).then_some(if deviation >= STRONG_DEVIATION {
        "strong"
    } else if deviation >= MEDIUM_DEVIATION {
        "medium"
    } else {
        "weak"
    })
}

/// A row with its analysis.
#[derive(Clone, Copy)]
pub(super) struct Analysed<'s> {
    row: &'s ScoreRow,
    confluence: &'s Confluence,
}

impl<'s> Analysed<'s> {
    /// The contract of this full symbol, if it has an analysis.
    pub(super) fn find(snapshot: &'s Snapshot, symbol: &str) -> Option<Self> {
        let row = snapshot.scores.iter().find(|row| row.symbol == symbol)?;
        Some(Self { row, confluence: row.confluence.as_deref()? })
    }
}

#[derive(Serialize)]
pub(super) struct AnalysisBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    symbol: &'s str,
    /// The report, sixty columns of monospaced text.
    analysis: String,
    score: Score,
    sentiment: Sentiment,
    components: &'s Components,
    interpretations: &'s BTreeMap<Dimension, String>,
    reliability: Fraction,
    price: Price,
    change_24h: Percent,
    high_24h: Price,
    low_24h: Price,
    /// USD.
    volume_24h: Amount,
}

pub(super) fn analysis<'s>(snapshot: &Snapshot, analysed: Analysed<'s>, class: Freshness) -> AnalysisBody<'s> {
    let Analysed { row, confluence } = analysed;
    AnalysisBody {
        provenance: Provenance::of(snapshot, class),
        symbol: &row.symbol,
        analysis: report(&row.symbol, confluence),
        score: row.score,
        sentiment: Sentiment::of(row.score),
        components: &confluence.components,
        interpretations: &confluence.interpretations,
        reliability: row.reliability,
        price: row.price,
        change_24h: row.change_24h,
        high_24h: row.high_24h,
        low_24h: row.low_24h,
        volume_24h: row.turnover_24h,
    }
}

#[derive(Serialize)]
pub(super) struct BreakdownBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    data: Breakdown<'s>,
}

#[derive(Serialize)]
struct Breakdown<'s> {
    symbol: &'s str,
    overall_score: Score,
    sentiment: Sentiment,
    reliability: Fraction,
    consensus: Option<Fraction>,
    components: &'s Components,
    sub_components: &'s BTreeMap<SubComponent, Option<Score>>,
    interpretations: &'s BTreeMap<Dimension, String>,
    missing: &'s [SubComponent],
    as_of_ms: crate::units::UnixMs,
    score_history: &'s [Score],
}

pub(super) fn breakdown<'s>(snapshot: &Snapshot, analysed: Analysed<'s>, class: Freshness) -> BreakdownBody<'s> {
    let Analysed { row, confluence } = analysed;
    BreakdownBody {
        provenance: Provenance::of(snapshot, class),
        data: Breakdown {
            symbol: &row.symbol,
            overall_score: row.score,
            sentiment: Sentiment::of(row.score),
            reliability: row.reliability,
            consensus: confluence.consensus,
            components: &confluence.components,
            sub_components: &confluence.sub_components,
            interpretations: &confluence.interpretations,
            missing: &confluence.missing,
            as_of_ms: snapshot.as_of_ms,
            score_history: &row.score_history,
        },
    }
}
