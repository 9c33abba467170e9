//! What slow sources, candles and streams add to the tickers, as inputs of a snapshot.
//!
//! The origin collects these over minutes to days. Every other producer passes
//! [`LongView::unknown`] with its reason, which each section then carries to the client.

use crate::analysis::overview::BitcoinVolatility;
use crate::analysis::perps::Positioning;
use crate::analysis::scores::Analysis;
use crate::market::Dated;
use crate::snapshot::alerts::AlertSection;
use crate::snapshot::beta::BetaSection;
use crate::snapshot::books::Books;
use crate::snapshot::contracts::PastOpenInterest;
use crate::snapshot::liquidations::Liquidations;
use crate::snapshot::performance::PerformanceSection;
use crate::snapshot::statistics::Statistics;
use crate::snapshot::{Lack, Section, Snapshot};
use crate::units::UnixMs;
use std::collections::{BTreeMap, HashMap};

/// The last known value of a slow source, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Slow<T> {
    /// The last good value.
    Known(Dated<T>),
    /// No value was received, for this reason.
    Unknown(String),
}

impl<T> Slow<T> {
    /// No value, for this reason.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::Unknown(reason.to_owned())
    }
}

impl<T: Clone> Slow<T> {
    /// Makes an input of a section of an earlier snapshot, with its own time.
    #[must_use]
    pub fn carried_over(section: &Section<T>) -> Self {
        section.dated().map_or_else(Self::unknown, Self::Known)
    }

    /// The same, with the `withheld` figures where the section is absent. Figures dated later than
    /// `until` are of unknown age and are dropped.
    #[must_use]
    pub fn taken_over(section: &Section<T>, withheld: Option<&Dated<T>>, until: UnixMs) -> Self {
        match (section, withheld) {
            (Section::Absent { .. }, Some(dated)) if dated.as_of_ms <= until => {
                Self::Known(dated.clone())
            }
            _ => Self::carried_over(section),
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
    /// The premiums that were published before, percent, see
    /// [`crate::analysis::premium::PremiumHistory`].
    pub past_premiums: Vec<f64>,
    /// Bitcoin's volatility.
    pub bitcoin_volatility: Option<BitcoinVolatility>,
    /// Contracts against Bitcoin.
    pub beta: Slow<BetaSection>,
    /// Contracts side by side.
    pub performance: Slow<PerformanceSection>,
    /// Figures of the monitored contracts' candles.
    pub statistics: Slow<Statistics>,
    /// What was liquidated.
    pub liquidations: Slow<Liquidations>,
    /// Earlier open interest, by symbol.
    pub past_open_interest: HashMap<String, PastOpenInterest>,
    /// The tops of the monitored contracts' books.
    pub books: Slow<Books>,
    /// The last alerts.
    pub alerts: Slow<AlertSection>,
}

impl LongView {
    /// Without any of it, for this reason.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self {
            analyses: BTreeMap::new(),
            positioning: None,
            past_premiums: Vec::new(),
            bitcoin_volatility: None,
            beta: Slow::unknown(reason),
            performance: Slow::unknown(reason),
            statistics: Slow::unknown(reason),
            liquidations: Slow::unknown(reason),
            past_open_interest: HashMap::new(),
            books: Slow::unknown(reason),
            alerts: Slow::unknown(reason),
        }
    }

    /// The parts of an earlier snapshot that remain valid: sections with their own times. Scores
    /// are not among them, since they are valid for seconds.
    #[must_use]
    pub fn carried_over(snapshot: &Snapshot) -> Self {
        Self {
            beta: Slow::carried_over(&snapshot.beta),
            performance: Slow::carried_over(&snapshot.performance),
            statistics: Slow::carried_over(&snapshot.statistics),
            liquidations: Slow::carried_over(&snapshot.liquidations),
            alerts: Slow::carried_over(&snapshot.alerts),
            // Best prices are traded within moments.
            books: Slow::unknown(Lack::NotCollectedAtEdge.label()),
            ..Self::unknown(Lack::NotCarriedOver.label())
        }
    }
}
