//! The contract: one snapshot of the market, from which every endpoint's body is projected.
//!
//! These types are what the origin publishes and the edge holds. One file per section; [`Section`]
//! wraps the parts that have a source and a time of their own.
//!
//! Invariants: unknown is `None`, and no field has a default that looks like data. A field that is
//! added later has `#[serde(default)]` with an unknown value, so that old and new releases read
//! each other's snapshots. The doc comments of serialised types are copied into the generated
//! TypeScript contract.

mod wire_enum;

mod words;

mod producer;

mod section;

mod sentiment;

mod components;

pub mod dimension;

// Names first, then what is built of them: dimensions, measurements and parts make a confluence
// score.
pub mod measurement;
pub mod missing_reason;

pub mod sub_component;

pub mod confluence;

mod score;

mod overview;

mod breadth;

mod regime;

mod movers;

mod perps;

pub mod beta;

pub mod performance;

pub mod statistics;

pub mod liquidations;

pub mod contracts;

pub mod books;

pub mod alerts;

mod served;

use crate::market::{Dated, DefiMarket, FearGreed, GlobalMarket, Universe};
use crate::provenance::{Delivery, Source};
use crate::units::UnixMs;
use alerts::AlertSection;
use beta::BetaSection;
use books::Books;
use contracts::Contracts;
use liquidations::Liquidations;
use performance::PerformanceSection;
use serde::{Deserialize, Serialize};
use statistics::Statistics;

pub use breadth::{Breadth, BreadthMood};
pub use components::Components;
pub use movers::{Mover, Movers};
pub use overview::{Coverage, Overview};
pub use perps::{BasisStatus, Payer, Perps};
pub use producer::Producer;
pub use regime::{Direction, Regime};
pub use score::{ScoreBasis, ScoreRow};
pub use section::{Lack, Section};
pub use sentiment::Sentiment;
pub use words::{display_symbol, is_reason};

/// The version of the snapshot's shape. A reader refuses any other.
///
/// It rises when a reader of the version before would misread what is written. A value that such a
/// reader does not know, such as a new [`Producer`] or venue, does not raise it: the reader refuses
/// that one snapshot by its shape, as it should, and goes on reading all others while old and new
/// run side by side.
pub const SCHEMA_VERSION: u32 = 1;

/// One snapshot of the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Rises with every snapshot, across restarts and producers.
    pub sequence: u64,
    /// Who assembled it.
    pub producer: Producer,
    /// Why this producer and not the origin, as a machine-readable word.
    pub fallback_reason: Option<String>,
    /// When the tickers were true, by the venue's clock.
    pub as_of_ms: UnixMs,
    /// When the snapshot was assembled.
    pub generated_at_ms: UnixMs,
    /// Who published the tickers.
    pub tickers_source: Source,
    /// How the tickers came from there; unknown of a writer that does not say it.
    #[serde(default)]
    pub tickers_delivery: Option<Delivery>,
    /// The contracts that count.
    pub universe: Universe,
    /// How much of the universe the tickers covered.
    pub coverage: Coverage,
    /// Figures over all contracts.
    pub overview: Overview,
    /// Rising against falling contracts.
    pub breadth: Breadth,
    /// The market's state in words.
    pub regime: Regime,
    /// The contracts that moved most.
    pub movers: Movers,
    /// The contracts with most turnover, most first.
    pub volume_leaders: Vec<Mover>,
    /// Scores, highest first.
    pub scores: Vec<ScoreRow>,
    /// Funding, open interest and basis.
    pub perps: Perps,
    /// The whole crypto market.
    pub global_market: Section<GlobalMarket>,
    /// Decentralised finance.
    pub defi_market: Section<DefiMarket>,
    /// Fear & greed.
    pub fear_greed: Section<FearGreed>,
    /// Contracts against Bitcoin.
    pub beta: Section<BetaSection>,
    /// Contracts side by side.
    pub performance: Section<PerformanceSection>,
    /// Figures of the monitored contracts' candles; a writer of before they were there has none.
    #[serde(default = "not_collected")]
    pub statistics: Section<Statistics>,
    /// What was liquidated; a writer of before it was there has none.
    #[serde(default = "not_collected")]
    pub liquidations: Section<Liquidations>,
    /// Funding and open interest of every contract; a writer of before it was there has none.
    #[serde(default = "not_collected")]
    pub contracts: Section<Contracts>,
    /// The tops of the monitored contracts' books; a writer of before it was there has none.
    #[serde(default = "not_collected")]
    pub books: Section<Books>,
    /// The last alerts, newest first.
    pub alerts: Section<AlertSection>,
    /// What slow publishers said last where their sections are absent.
    #[serde(default, skip_serializing_if = "Withheld::is_empty")]
    pub withheld: Withheld,
}

/// What publishers said last that may not be shown, as it is past its limit or contradicted.
///
/// Nothing of it reaches a client's figures. By it a process that goes on from a stored snapshot
/// knows the same figures again, and how old they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// Of the whole crypto market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_market: Option<Dated<GlobalMarket>>,
    /// Of decentralised finance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defi_market: Option<Dated<DefiMarket>>,
}

impl Withheld {
    /// Nothing is withheld.
    pub const NOTHING: Self = Self {
        global_market: None,
        defi_market: None,
    };

    /// Whether nothing is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.global_market.is_none() && self.defi_market.is_none()
    }
}

impl Default for Withheld {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// What a snapshot lacks whose writer did not know the section yet.
fn not_collected<T>() -> Section<T> {
    Section::absent(Lack::NotFetchedYet.label())
}

impl Snapshot {
    /// How many of the scores rest on six dimensions.
    #[must_use]
    pub fn analysed(&self) -> usize {
        self.scores
            .iter()
            // Counted by the analysis itself and not by the basis, so that a row without its parts
            // never counts.
            .filter(|row| row.confluence.is_some())
            .count()
    }
}
