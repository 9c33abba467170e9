//! Projections of the six-dimension scores: signals of all contracts, and everything about one.

use super::head::Provenance;
use crate::analysis::opportunities::{self, Opportunity};
use crate::analysis::scores::report::report;
use crate::analysis::scores::weights::parts_of;
use crate::analysis::signals::{self, SignalType, Stance, Strength};
use crate::freshness::Freshness;
use crate::snapshot::confluence::{Confluence, Measured};
use crate::snapshot::dimension::Dimension;
use crate::snapshot::measurement::Measurement;
use crate::snapshot::missing_reason::MissingReason;
use crate::snapshot::sub_component::{Reads, SubComponent};
use crate::snapshot::{Components, ScoreRow, Sentiment, Snapshot, display_symbol};
use crate::units::{Amount, Fraction, Percent, Price, Score, UnixMs};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Signals<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    signals: Vec<Signal<'s>>,
    count: usize,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Signal<'s> {
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
    signal_type: SignalType,
    /// How far from neutral; `null` for a neutral score.
    strength: Option<Strength>,
    /// Which side the score takes: from 70 long, to 30 short.
    stance: Stance,
    /// How far from neutral; `null` for a neutral one.
    stance_strength: Option<Strength>,
    has_breakdown: bool,
    timestamp: u64,
    /// When the score was worked out.
    score_as_of_ms: UnixMs,
    /// The time that the score looks at, hours: it says nothing of longer ones.
    horizon_hours: u32,
    /// The version of its weights and formulas: scores of different versions cannot be compared.
    weights: Option<&'s str>,
}

/// Every six-dimension score with what it says, the neutral ones too.
pub(super) fn signals(snapshot: &Snapshot, class: Freshness) -> Signals<'_> {
    let signals = signal_list(snapshot).unwrap_or_default();
    Signals {
        provenance: Provenance::of(snapshot, class),
        count: signals.len(),
        signals,
    }
}

/// The list alone; nothing when no contract has an analysis, which is not the same as none.
pub(super) fn signal_list(snapshot: &Snapshot) -> Option<Vec<Signal<'_>>> {
    let all: Vec<Signal<'_>> = signals::signals(&snapshot.scores)
        .into_iter()
        .filter_map(|signal| Signal::of(signal, snapshot.as_of_ms))
        .collect();
    // The store keeps `null` for "no analysis"; an empty list would mean "no signals".
    (!all.is_empty()).then_some(all)
}

impl<'s> Signal<'s> {
    fn of(signal: signals::Signal<'s>, as_of_ms: UnixMs) -> Option<Self> {
        let row = signal.row;
        Some(Self {
            symbol: &row.symbol,
            display_symbol: display_symbol(&row.symbol),
            score: row.score,
            confluence_score: row.score,
            price: row.price,
            // Some clients draw `null` as a number, so a row without these figures is left out of
            // the list.
            change_24h: row.change_24h?,
            volume_24h: row.turnover_24h?,
            components: row.components()?,
            sentiment: Sentiment::of(row.score),
            reliability: row.reliability,
            signal_type: signal.signal_type,
            strength: signal.strength,
            stance: Stance::of(row.score),
            stance_strength: Stance::strength(row.score),
            // Every row here has a six-dimension score, and with it a breakdown.
            has_breakdown: true,
            timestamp: as_of_ms.as_secs(),
            score_as_of_ms: row.scored_at(as_of_ms),
            horizon_hours: row.score_basis.horizon_hours(),
            weights: row.weights.as_deref(),
        })
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Opportunities<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    opportunities: Vec<Opportunity<'s>>,
    count: usize,
}

/// The contracts that stand out, long and short alike.
pub(super) fn opportunities(snapshot: &Snapshot, class: Freshness) -> Opportunities<'_> {
    let opportunities = opportunities::opportunities(&snapshot.scores);
    Opportunities {
        provenance: Provenance::of(snapshot, class),
        count: opportunities.len(),
        opportunities,
    }
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
        Self::all(snapshot).find(|analysed| analysed.row.symbol == symbol)
    }

    /// Every contract that has an analysis.
    pub(super) fn all(snapshot: &'s Snapshot) -> impl Iterator<Item = Self> {
        snapshot.scores.iter().filter_map(|row| {
            Some(Self {
                row,
                // By the analysis and not by the basis: the breakdown needs its parts.
                confluence: row.confluence.as_deref()?,
            })
        })
    }

    pub(super) fn symbol(&self) -> &'s str {
        &self.row.symbol
    }

    /// Every part of the score.
    pub(super) fn breakdown(&self, snapshot: &Snapshot) -> Breakdown<'s> {
        let Self { row, confluence } = *self;
        Breakdown {
            symbol: &row.symbol,
            overall_score: row.score,
            sentiment: Sentiment::of(row.score),
            reliability: row.reliability,
            consensus: confluence.consensus,
            components: &confluence.components,
            sub_components: &confluence.sub_components,
            measurements: confluence
                .measurements
                .iter()
                .map(MeasurementView::of)
                .collect(),
            interpretations: &confluence.interpretations,
            missing: &confluence.missing,
            missing_reasons: &confluence.missing_reasons,
            // The time of the prices; the score's own time is the next field.
            as_of_ms: snapshot.as_of_ms,
            score_as_of_ms: row.scored_at(snapshot.as_of_ms),
            horizon_hours: row.score_basis.horizon_hours(),
            weights: row.weights.as_deref(),
            score_history: &row.score_history,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Analysis"))]
pub(super) struct AnalysisBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    symbol: &'s str,
    /// The report, sixty columns of monospaced text.
    analysis: String,
    score: Score,
    /// When the score was worked out.
    score_as_of_ms: UnixMs,
    /// The time that the score looks at, hours: it says nothing of longer ones.
    horizon_hours: u32,
    /// The version of its weights and formulas: scores of different versions cannot be compared.
    weights: Option<&'s str>,
    sentiment: Sentiment,
    components: &'s Components,
    interpretations: &'s BTreeMap<Dimension, String>,
    reliability: Fraction,
    price: Price,
    change_24h: Option<Percent>,
    high_24h: Option<Price>,
    low_24h: Option<Price>,
    /// USD.
    volume_24h: Option<Amount>,
}

pub(super) fn analysis<'s>(
    snapshot: &Snapshot,
    analysed: Analysed<'s>,
    class: Freshness,
) -> AnalysisBody<'s> {
    let Analysed { row, confluence } = analysed;
    AnalysisBody {
        provenance: Provenance::of(snapshot, class),
        symbol: &row.symbol,
        // Written when it is needed: a text per contract would multiply the size of the snapshot.
        analysis: report(&row.symbol, confluence),
        score: row.score,
        score_as_of_ms: row.scored_at(snapshot.as_of_ms),
        horizon_hours: row.score_basis.horizon_hours(),
        weights: row.weights.as_deref(),
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
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct BreakdownBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    data: Breakdown<'s>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Breakdown<'s> {
    symbol: &'s str,
    overall_score: Score,
    sentiment: Sentiment,
    reliability: Fraction,
    consensus: Option<Fraction>,
    components: &'s Components,
    sub_components: &'s BTreeMap<SubComponent, Option<Score>>,
    /// What the score is made of: what measures the same has one voice. Empty where a release
    /// before this field worked it out.
    measurements: Vec<MeasurementView>,
    interpretations: &'s BTreeMap<Dimension, String>,
    missing: &'s [SubComponent],
    /// Why each of them has no input. Empty where a release before this field worked it out.
    missing_reasons: &'s BTreeMap<SubComponent, MissingReason>,
    as_of_ms: UnixMs,
    /// When the score was worked out.
    score_as_of_ms: UnixMs,
    /// The time that the score looks at, hours: it says nothing of longer ones.
    horizon_hours: u32,
    /// The version of its weights and formulas: scores of different versions cannot be compared.
    weights: Option<&'s str>,
    score_history: &'s [Score],
}

/// One voice in a score. The score is Σ weight · score over them, to the rounding of both.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "MeasurementView"))]
pub(super) struct MeasurementView {
    name: Measurement,
    /// 0 bearish – 100 bullish.
    score: Score,
    /// The share of the whole score that it has now, 0–0.1 in a score.
    weight: Fraction,
    /// Which way it is read.
    reads: Option<Reads>,
    /// The parts that read it, those without input too.
    parts: Vec<SubComponent>,
}

impl MeasurementView {
    fn of((&name, measured): (&Measurement, &Measured)) -> Self {
        Self {
            name,
            score: measured.score,
            weight: measured.weight,
            // Parts of one measurement read it the same way, so the first stands for all.
            reads: parts_of(name).next().map(SubComponent::reads),
            parts: parts_of(name).collect(),
        }
    }
}

pub(super) fn breakdown<'s>(
    snapshot: &Snapshot,
    analysed: Analysed<'s>,
    class: Freshness,
) -> BreakdownBody<'s> {
    BreakdownBody {
        provenance: Provenance::of(snapshot, class),
        data: analysed.breakdown(snapshot),
    }
}
