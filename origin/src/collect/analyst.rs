//! The long analysis of every monitored contract, and what it remembers of each between two rounds.
//!
//! State: per contract, a memory of its own measures and scores; the alerts; the premiums; results
//! that are too dear to make in every round (`Kept`); and the analysis of the process that led
//! before, shown until this one has loaded as much (`Carried`).
//!
//! Order in a round: `long_view` → (assemble) → `alerts` on a copy of the alert state → (validation
//! boundary) → `keep` and `remember`. A rejected snapshot therefore changes neither alerts nor
//! score histories.

mod carried;
mod kept;
mod memory;
mod sections;

use super::inputs::{Inputs, SymbolInputs};
use analysis::alerts::{AlertState, Observation, RestoreError};
use analysis::liquidations::Lately;
use analysis::positioning::positioning;
use analysis::scores::inputs::{TickerFacts, Timed};
use analysis::volatility::bitcoin_volatility;
use carried::Carried;
use kept::Kept;
use memory::Memory;
use sections::{
    CHART_INTERVALS, STATISTICS_INTERVALS, agreeing, beta_of, books_of, contract_facts, holdings,
    loaded, performance_of, statistics_of,
};
use shared::analysis::perps::funding_rate_8h;
use shared::analysis::premium::PremiumHistory;
use shared::analysis::scores::Analysis;
use shared::assemble::{LongView, Slow};
use shared::endpoints::ALERT_STATE_KEY;
use shared::freshness::Freshness;
use shared::market::candles::Interval;
use shared::market::majors::BITCOIN;
use shared::market::{Ticker, Universe};
use shared::projection::StoredEntry;
use shared::snapshot::alerts::{Alert, AlertSection, LiquidationCascade, RegimeName};
use shared::snapshot::beta::BetaSection;
use shared::snapshot::liquidations::Liquidations;
use shared::snapshot::performance::PerformanceSection;
use shared::snapshot::statistics::Statistics;
use shared::snapshot::{Lack, ScoreBasis, Section, Snapshot};
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) use sections::Table;

/// The analysis and its memory. One for the process, used by one round at a time.
#[derive(Debug)]
pub(super) struct Analyst {
    memories: HashMap<String, Memory>,
    alerts: AlertState,
    premiums: PremiumHistory,
    /// The time of the newest snapshot that was admitted.
    published_ms: Option<UnixMs>,
    analyses: Kept<BTreeMap<String, Analysis>>,
    beta: Kept<Slow<BetaSection>>,
    performance: Kept<Slow<PerformanceSection>>,
    statistics: Kept<Slow<Statistics>>,
    /// The analysis of the last other process that published.
    carried: Carried,
}

impl Default for Analyst {
    fn default() -> Self {
        Self {
            memories: HashMap::new(),
            alerts: AlertState::empty(),
            premiums: PremiumHistory::default(),
            published_ms: None,
            analyses: Kept::EMPTY,
            beta: Kept::EMPTY,
            performance: Kept::EMPTY,
            statistics: Kept::EMPTY,
            carried: Carried::nothing(),
        }
    }
}

/// What was heard of liquidations.
#[derive(Debug)]
pub(super) struct Heard {
    /// The section, or why there is none.
    pub(super) section: Slow<Liquidations>,
    /// The last minutes beside what is usual.
    pub(super) cascade: Option<LiquidationCascade>,
    /// Of every contract, for its score.
    pub(super) lately: Option<Lately>,
}

/// The alerts on a snapshot that may still be refused.
#[derive(Debug)]
pub(super) struct ObservedAlerts {
    state: AlertState,
    new: Vec<Alert>,
}

impl ObservedAlerts {
    /// The alerts as a section of the snapshot that they were observed on.
    pub(super) fn section(&self, snapshot: &Snapshot) -> Section<AlertSection> {
        Section::Present {
            source: snapshot.tickers_source,
            as_of_ms: snapshot.as_of_ms,
            freshness: Freshness::Fresh,
            value: self.state.section().clone(),
        }
    }
}

/// How long scores are reused, ms. Less than a round's usual interval: their inputs change every
/// few seconds.
const ANALYSES_LAST_MS: u64 = 1_500;

/// How long betas are reused, ms: their inputs change once an hour.
const BETA_LASTS_MS: u64 = 60_000;

/// How long statistics are reused, ms: their inputs change once an hour, their weights slowly.
const STATISTICS_LAST_MS: u64 = 60_000;

/// How long charts are reused, ms: their shortest candles are a minute long.
const PERFORMANCE_LASTS_MS: u64 = 15_000;

impl Analyst {
    /// Everything that rests on more than tickers. Pure CPU, milliseconds for a hundred contracts.
    pub(super) fn long_view(
        &mut self,
        inputs: &Inputs,
        heard: &Heard,
        table: &Table<'_, '_>,
        universe: &Universe,
        now: UnixMs,
    ) -> LongView {
        let (rows, as_of_ms) = (&table.rows, table.as_of_ms);
        // Without inputs no contract is chosen yet, and the memories that came from another process
        // would be dropped before they are used.
        if !inputs.is_empty() {
            self.memories
                .retain(|symbol, _| inputs.contains_key(symbol));
        }
        let memories = &mut self.memories;
        let mut analyses = self
            .analyses
            .get_or(inputs.len(), now, ANALYSES_LAST_MS, || {
                let analyse = |(symbol, inputs): (&String, &Arc<SymbolInputs>)| {
                    // A monitored contract without a row is still analysed: its score then lacks
                    // what rests on the ticker.
                    let ticker = rows.get(symbol.as_str()).map(|row| facts(row, universe));
                    let ticker = ticker.as_ref().map(|value| Timed { value, as_of_ms });
                    let lately = heard.lately.as_ref();
                    let liquidated = lately.and_then(|lately| Some((lately.of(symbol)?, lately)));
                    let liquidated = liquidated.as_ref().map(|(value, lately)| Timed {
                        value,
                        as_of_ms: lately.as_of_ms,
                    });
                    (
                        symbol.clone(),
                        memories
                            .entry(symbol.clone())
                            .or_default()
                            .analyse(inputs, ticker, liquidated, now),
                    )
                };
                inputs.iter().map(analyse).collect()
            });
        let history = |symbol: &str| {
            self.memories
                .get(symbol)
                .map(|memory| memory.scores.clone())
                .unwrap_or_default()
        };
        // After `Kept`, so that a carried score is never reused beyond its age.
        self.carried.complete(&mut analyses, table, history, now);
        let beta = self.beta.get_or(
            loaded(inputs, &[Interval::OneHour]),
            now,
            BETA_LASTS_MS,
            || beta_of(inputs, rows),
        );
        let performance = self.performance.get_or(
            loaded(inputs, &CHART_INTERVALS),
            now,
            PERFORMANCE_LASTS_MS,
            || performance_of(inputs, rows, now),
        );
        let statistics = self.statistics.get_or(
            loaded(inputs, &STATISTICS_INTERVALS),
            now,
            STATISTICS_LAST_MS,
            || statistics_of(inputs, rows, now),
        );
        let bitcoin = inputs
            .get(BITCOIN)
            .map(|inputs| inputs.agreeing_with(rows.get(BITCOIN).map(|row| row.last)));
        let daily = bitcoin
            .as_ref()
            .and_then(|inputs| inputs.candles.get(&Interval::OneDay));
        LongView {
            analyses,
            positioning: Some(positioning(&holdings(inputs, rows, universe), now)),
            past_premiums: self.premiums.before(as_of_ms),
            bitcoin_volatility: daily.and_then(|daily| bitcoin_volatility(&daily.value, now)),
            beta: self.carried.beta_or(beta),
            performance: self.carried.performance_or(performance),
            statistics: self.carried.statistics_or(statistics),
            liquidations: self.carried.liquidations_or(heard.section.clone()),
            // The record of them is not the analyst's.
            past_open_interest: HashMap::new(),
            books: books_of(inputs, rows, now),
            // Alerts are observed on the finished snapshot.
            alerts: Slow::unknown(Lack::NotObservedYet.label()),
        }
    }

    /// The alerts on this snapshot, on a copy of the alert state. [`Self::keep`] takes the copy
    /// over once the snapshot is admitted. A table that is no newer than the last admitted one is
    /// not observed, since the same facts would count twice.
    pub(super) fn alerts(
        &self,
        snapshot: &Snapshot,
        table: &Table<'_, '_>,
        inputs: &Inputs,
        heard: &Heard,
        now: UnixMs,
    ) -> ObservedAlerts {
        let mut observed = ObservedAlerts {
            state: self.alerts.clone(),
            new: Vec::new(),
        };
        if self
            .published_ms
            .is_some_and(|published_ms| snapshot.as_of_ms <= published_ms)
        {
            return observed;
        }
        // Inputs at another price than the ticker's are about another market.
        let inputs = &agreeing(inputs, &table.rows);
        let regime = RegimeName::try_from(snapshot.regime.wire_form()).ok();
        let contracts = contract_facts(inputs, &table.rows, snapshot, now);
        let observation = Observation {
            // Until scores of six dimensions are there, the regime rests on momentum. A change of
            // basis is no change of regime.
            regime: regime
                .as_ref()
                .filter(|_| snapshot.regime.score_basis == ScoreBasis::SixDimension),
            liquidations: heard.cascade,
            contracts: &contracts,
            snapshot_age_ms: Some(now.millis_since(snapshot.as_of_ms)),
            fallback_share: None,
        };
        observed.new = observed.state.observe(&observation, now);
        observed
    }

    /// Takes over the alerts that were observed on an admitted snapshot.
    pub(super) fn keep(&mut self, observed: ObservedAlerts) {
        for alert in observed.new {
            tracing::info!(id = alert.id(), "alert");
        }
        self.alerts = observed.state;
    }

    /// The alert state as it is stored for the next leader.
    pub(super) fn remembered_alerts(&self) -> Option<StoredEntry> {
        let value = self.alerts.to_json();
        let value = value
            .inspect_err(|error| tracing::error!(%error, "the alerts could not be encoded"))
            .ok()?;
        Some(StoredEntry {
            key: ALERT_STATE_KEY.to_owned(),
            value,
        })
    }

    /// Continues from another process's alert state.
    pub(super) fn restore_alerts(&mut self, bytes: &[u8], now: UnixMs) -> Result<(), RestoreError> {
        self.alerts = AlertState::restore(bytes, now)?;
        Ok(())
    }

    /// Continues from another process's snapshot: its analysis is shown until this one has as much.
    pub(super) fn take_over(&mut self, valid: &ValidSnapshot) {
        self.remember(valid);
        self.carried = Carried::of(valid.get());
    }

    /// Records the scores and the premium of an admitted snapshot.
    pub(super) fn remember(&mut self, valid: &ValidSnapshot) {
        if let Some(premium) = valid.get().perps.premium {
            self.premiums.put(valid.get().as_of_ms, premium);
        }
        // A snapshot that is taken over may be older than the newest admitted one.
        self.published_ms = self.published_ms.max(Some(valid.get().as_of_ms));
        for row in valid
            .get()
            .scores
            .iter()
            .filter(|row| row.confluence.is_some())
        {
            self.memories
                .entry(row.symbol.clone())
                .or_default()
                .scores
                .clone_from(&row.score_history);
        }
    }
}

fn facts(row: &Ticker<'_>, universe: &Universe) -> TickerFacts {
    TickerFacts {
        last: row.last,
        change_24h_pct: row.change_24h_pct,
        volume_base_24h: row.volume_base_24h,
        funding_rate_8h: funding_rate_8h(row, universe),
    }
}
