//! The long analysis of every monitored contract, and what it remembers of each between two rounds.

use super::inputs::SymbolInputs;
use shared::analysis::alerts::{AlertState, ContractFacts, Observation, RestoreError, open_interest_move};
use shared::analysis::beta::beta;
use shared::analysis::performance::performance;
use shared::analysis::perps::funding_rate_8h;
use shared::analysis::positioning::{Holdings, positioning};
use shared::analysis::scores::Analysis;
use shared::analysis::scores::inputs::{Measures, OwnHistory, ScoreInputs, TickerFacts, Timed};
use shared::analysis::scores::six_dimension::six_dimension;
use shared::analysis::volatility::bitcoin_volatility;
use shared::assemble::{BITCOIN, LongView, Slow};
use shared::endpoints::ALERT_STATE_KEY;
use shared::freshness::Freshness;
use shared::market::candles::{Candles, Interval};
use shared::market::{Dated, Ticker, Tickers, Universe};
use shared::projection::StoredEntry;
use shared::snapshot::alerts::{AlertSection, RegimeName};
use shared::snapshot::beta::BetaSection;
use shared::snapshot::performance::PerformanceSection;
use shared::snapshot::{ScoreBasis, Section, Snapshot};
use shared::units::{Percent, Score, UnixMs};
use shared::validate::ValidSnapshot;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// How many measures are kept of each kind: an hour at the usual pace.
const MAX_MEASURES: usize = 360;

/// What is remembered of one contract.
#[derive(Debug, Default)]
struct Memory {
    /// The last distinct scores, oldest first.
    scores: Vec<Score>,
    trade_rates: Series,
    spreads: Series,
    depths: Series,
    /// The times of the book and the trades that were measured last, so that none is measured twice.
    book_at: Option<UnixMs>,
    trades_at: Option<UnixMs>,
    measured_at: Option<UnixMs>,
}

/// Measures of one kind, oldest first.
#[derive(Debug, Default)]
struct Series(VecDeque<f64>);

impl Series {
    fn push(&mut self, measure: Option<f64>) {
        let Some(measure) = measure else { return };
        if self.0.len() >= MAX_MEASURES {
            self.0.pop_front();
        }
        self.0.push_back(measure);
    }

    fn as_slice(&mut self) -> &[f64] {
        self.0.make_contiguous()
    }
}

/// Analyses contracts, and remembers.
#[derive(Debug)]
pub(super) struct Analyst {
    memories: HashMap<String, Memory>,
    alerts: AlertState,
    analyses: Kept<BTreeMap<String, Analysis>>,
    beta: Kept<Slow<BetaSection>>,
    performance: Kept<Slow<PerformanceSection>>,
}

impl Default for Analyst {
    fn default() -> Self {
        Self {
            memories: HashMap::new(),
            alerts: AlertState::empty(),
            analyses: Kept(None),
            beta: Kept(None),
            performance: Kept(None),
        }
    }
}

/// How long scores are kept: their inputs change every few seconds.
const ANALYSES_LAST_MS: u64 = 1_500;

/// How long betas are kept: their inputs change once an hour.
const BETA_LASTS_MS: u64 = 60_000;

/// How long charts are kept: their shortest candles are a minute long.
const PERFORMANCE_LASTS_MS: u64 = 15_000;

/// How many contracts a chart shows: those with most turnover, Bitcoin among them.
const CHART_CONTRACTS: usize = 15;

/// A result that is used again for a while.
#[derive(Debug)]
struct Kept<T>(Option<(UnixMs, T)>);

impl<T: Clone> Kept<T> {
    fn get_or(&mut self, now: UnixMs, lasts_ms: u64, make: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some((made_at, kept)) if *made_at <= now && now.millis_since(*made_at) < lasts_ms => kept.clone(),
            _ => {
                let made = make();
                self.0 = Some((now, made.clone()));
                made
            }
        }
    }
}

/// The inputs of every contract.
pub(super) type Inputs = HashMap<String, Arc<SymbolInputs>>;

impl Analyst {
    /// Everything that needs more than tickers. Pure CPU, milliseconds for forty contracts.
    pub(super) fn long_view(
        &mut self,
        inputs: &Inputs,
        tickers: &Tickers<'_>,
        received_at: UnixMs,
        universe: &Universe,
        now: UnixMs,
    ) -> LongView {
        self.memories.retain(|symbol, _| inputs.contains_key(symbol));
        let rows: HashMap<&str, &Ticker<'_>> = tickers.rows.iter().map(|row| (&*row.symbol, row)).collect();
        let as_of_ms = tickers.server_time.min(received_at);
        let memories = &mut self.memories;
        let analyses = self.analyses.get_or(now, ANALYSES_LAST_MS, || {
            let analyse = |(symbol, inputs): (&String, &Arc<SymbolInputs>)| {
                let ticker = rows.get(symbol.as_str()).map(|row| facts(row, universe));
                let ticker = ticker.as_ref().map(|value| Timed { value, as_of_ms });
                (symbol.clone(), memories.entry(symbol.clone()).or_default().analyse(inputs, ticker, now))
            };
            inputs.iter().map(analyse).collect()
        });
        let bitcoin = inputs.get(BITCOIN);
        let daily = bitcoin.and_then(|inputs| inputs.candles.get(&Interval::OneDay));
        LongView {
            analyses,
            positioning: Some(positioning(&holdings(inputs, &rows), now)),
            bitcoin_volatility: daily.and_then(|daily| bitcoin_volatility(&daily.value)),
            beta: self.beta.get_or(now, BETA_LASTS_MS, || beta_of(inputs)),
            performance: self.performance.get_or(now, PERFORMANCE_LASTS_MS, || performance_of(inputs, &rows)),
            // They are observed on the finished snapshot.
            alerts: Slow::unknown("not_observed_yet"),
        }
    }

    /// What alerts now, and what did before.
    pub(super) fn alerts(
        &mut self,
        snapshot: &Snapshot,
        tickers: &Tickers<'_>,
        inputs: &Inputs,
        now: UnixMs,
    ) -> Section<AlertSection> {
        let regime = RegimeName::try_from(snapshot.regime.wire_form()).ok();
        let rows: HashMap<&str, &Ticker<'_>> = tickers.rows.iter().map(|row| (&*row.symbol, row)).collect();
        let analysed: HashMap<&str, Score> = snapshot
            .scores
            .iter()
            .filter(|row| row.confluence.is_some())
            .map(|row| (row.symbol.as_str(), row.score))
            .collect();
        let contracts: Vec<ContractFacts<'_>> = inputs
            .iter()
            .map(|(symbol, inputs)| ContractFacts {
                symbol,
                score: analysed.get(symbol.as_str()).copied(),
                funding_8h_pct: rows
                    .get(symbol.as_str())
                    .and_then(|row| funding_rate_8h(row, &snapshot.universe))
                    .and_then(|rate| Percent::new(rate * 100.0).ok()),
                open_interest: inputs.open_interest.as_ref().and_then(|interest| {
                    let candles = inputs.candles.get(&Interval::FiveMinutes)?;
                    open_interest_move(&interest.value, &candles.value, now)
                }),
                trades: inputs.trades.as_ref().map_or(&[], |trades| &trades.value.trades),
            })
            .collect();
        let observation = Observation {
            // A regime of momentum scores is not compared with one of confluence.
            regime: regime.as_ref().filter(|_| snapshot.regime.score_basis == ScoreBasis::SixDimension),
            contracts: &contracts,
            snapshot_age_ms: Some(now.millis_since(snapshot.as_of_ms)),
            fallback_share: None,
        };
        for alert in self.alerts.observe(&observation, now) {
            tracing::info!(id = alert.id(), "alert");
        }
        Section::Present {
            source: snapshot.tickers_source,
            as_of_ms: snapshot.as_of_ms,
            freshness: Freshness::Fresh,
            value: self.alerts.section().clone(),
        }
    }

    /// What the next process needs to go on alerting.
    pub(super) fn remembered_alerts(&self) -> Option<StoredEntry> {
        let value = self.alerts.to_json();
        let value = value.inspect_err(|error| tracing::error!(%error, "the alerts could not be encoded")).ok()?;
        Some(StoredEntry { key: ALERT_STATE_KEY.to_owned(), value })
    }

    /// Goes on from what an earlier process remembered.
    pub(super) fn restore_alerts(&mut self, bytes: &[u8], now: UnixMs) -> Result<(), RestoreError> {
        self.alerts = AlertState::restore(bytes, now)?;
        Ok(())
    }

    /// Remembers the scores that were published, or those that an earlier process had published.
    pub(super) fn remember(&mut self, valid: &ValidSnapshot) {
        for row in valid.get().scores.iter().filter(|row| row.confluence.is_some()) {
            self.memories.entry(row.symbol.clone()).or_default().scores.clone_from(&row.score_history);
        }
    }
}

fn facts(row: &Ticker<'_>, universe: &Universe) -> TickerFacts {
    TickerFacts {
        change_24h_pct: row.change_24h_pct,
        volume_base_24h: row.volume_base_24h,
        funding_rate_8h: funding_rate_8h(row, universe),
    }
}

fn holdings<'h>(inputs: &'h Inputs, rows: &HashMap<&str, &Ticker<'_>>) -> Vec<Holdings<'h>> {
    let holding = |(symbol, inputs): (&String, &'h Arc<SymbolInputs>)| {
        Some(Holdings {
            turnover_24h: rows.get(symbol.as_str())?.turnover_24h,
            account_ratio: inputs.account_ratio.as_ref().and_then(|ratios| ratios.value.last().copied()),
            fundings: inputs.funding.as_ref().map_or(&[], |fundings| fundings.value.as_slice()),
        })
    };
    inputs.iter().filter_map(holding).collect()
}

fn candles(inputs: &SymbolInputs, interval: Interval) -> Option<&Candles> {
    inputs.candles.get(&interval).map(|dated| &*dated.value)
}

fn beta_of(inputs: &Inputs) -> Slow<BetaSection> {
    let Some(bitcoin) = inputs.get(BITCOIN).and_then(|inputs| inputs.candles.get(&Interval::OneHour)) else {
        return Slow::unknown("candles_not_loaded_yet");
    };
    let hourly =
        inputs.iter().filter_map(|(symbol, inputs)| Some((symbol.as_str(), candles(inputs, Interval::OneHour)?)));
    match (beta(hourly, &bitcoin.value), bitcoin.value.closed.last()) {
        (Some(value), Some(last)) => {
            let as_of_ms = last.end_ms(Interval::OneHour).min(bitcoin.as_of_ms);
            Slow::Known(Dated { value, as_of_ms, source: bitcoin.source })
        }
        _ => Slow::unknown("too_few_candles"),
    }
}

fn performance_of(inputs: &Inputs, rows: &HashMap<&str, &Ticker<'_>>) -> Slow<PerformanceSection> {
    let turnover = |symbol: &str| rows.get(symbol).map_or(0.0, |row| row.turnover_24h.get());
    let mut symbols: Vec<&str> = inputs.keys().map(String::as_str).collect();
    symbols.sort_by(|a, b| turnover(b).total_cmp(&turnover(a)).then_with(|| a.cmp(b)));
    symbols.truncate(CHART_CONTRACTS);
    let Some(minutes) = inputs.get(BITCOIN).and_then(|inputs| inputs.candles.get(&Interval::OneMinute)) else {
        return Slow::unknown("candles_not_loaded_yet");
    };
    match performance(&symbols, |symbol, interval| candles(inputs.get(symbol)?, interval)) {
        Some(value) => Slow::Known(Dated { value, as_of_ms: minutes.as_of_ms, source: minutes.source }),
        None => Slow::unknown("too_few_candles"),
    }
}

impl Memory {
    fn analyse(&mut self, inputs: &SymbolInputs, ticker: Option<Timed<'_, TickerFacts>>, now: UnixMs) -> Analysis {
        let candles: Vec<Timed<'_, Candles>> = inputs.candles.values().map(timed).collect();
        let history = OwnHistory {
            trade_rates: self.trade_rates.as_slice(),
            spreads: self.spreads.as_slice(),
            depths: self.depths.as_slice(),
        };
        let confluence = six_dimension(
            &ScoreInputs {
                candles: &candles,
                book: inputs.book.as_ref().map(|book| &*book.value),
                trades: inputs.trades.as_ref().map(timed),
                open_interest: inputs
                    .open_interest
                    .as_ref()
                    .map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                account_ratios: inputs
                    .account_ratio
                    .as_ref()
                    .map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                fundings: inputs.funding.as_ref().map(|d| Timed { value: d.value.as_slice(), as_of_ms: d.as_of_ms }),
                ticker,
                history: self.measured_at.map(|as_of_ms| Timed { value: &history, as_of_ms }),
            },
            now,
        );
        self.measure(inputs, now);
        Analysis { confluence, history: self.scores.clone() }
    }

    /// Measures what came since the last time, for later rounds to compare with.
    fn measure(&mut self, inputs: &SymbolInputs, now: UnixMs) {
        let new_book = inputs.book.as_ref().filter(|book| Some(book.as_of_ms) != self.book_at);
        let new_trades = inputs.trades.as_ref().filter(|trades| Some(trades.as_of_ms) != self.trades_at);
        if new_book.is_none() && new_trades.is_none() {
            return;
        }
        let measures = Measures::of(new_book.map(|book| &*book.value), new_trades.map(|trades| &*trades.value));
        self.trade_rates.push(measures.trade_rate);
        self.spreads.push(measures.spread);
        self.depths.push(measures.depth);
        self.book_at = new_book.map_or(self.book_at, |book| Some(book.as_of_ms));
        self.trades_at = new_trades.map_or(self.trades_at, |trades| Some(trades.as_of_ms));
        self.measured_at = Some(now);
    }
}

fn timed<T>(dated: &Dated<Arc<T>>) -> Timed<'_, T> {
    Timed { value: &dated.value, as_of_ms: dated.as_of_ms }
}
