//! The sections that rest on all contracts together.

use super::super::inputs::SymbolInputs;
use super::Inputs;
use shared::analysis::alerts::{ContractFacts, open_interest_move};
use shared::analysis::beta::beta;
use shared::analysis::performance::performance;
use shared::analysis::perps::funding_rate_8h;
use shared::analysis::positioning::Holdings;
use shared::assemble::{BITCOIN, Slow};
use shared::market::candles::{Candles, Interval};
use shared::market::{Dated, Ticker, Tickers};
use shared::snapshot::beta::BetaSection;
use shared::snapshot::performance::PerformanceSection;
use shared::snapshot::{Lack, Snapshot};
use shared::units::{Amount, Percent, Score, UnixMs};
use std::collections::HashMap;
use std::sync::Arc;

/// How many contracts a chart shows: those with most turnover, Bitcoin among them.
const CHART_CONTRACTS: usize = 15;

/// The candles that charts are drawn from.
pub(super) const CHART_INTERVALS: [Interval; 3] = [Interval::OneMinute, Interval::FiveMinutes, Interval::ThirtyMinutes];

/// How many candles of these lengths are there, over all contracts.
pub(super) fn loaded(inputs: &Inputs, intervals: &[Interval]) -> usize {
    let of = |inputs: &SymbolInputs| -> usize {
        intervals.iter().filter_map(|interval| candles(inputs, *interval)).map(|candles| candles.closed.len()).sum()
    };
    inputs.values().map(|inputs| of(inputs)).sum()
}

/// Ticker rows by symbol.
pub(super) type Rows<'r, 'a> = HashMap<&'r str, &'r Ticker<'a>>;

/// A ticker table in which rows are found by their symbol.
#[derive(Debug)]
pub(in crate::collect) struct Table<'r, 'a> {
    pub(super) rows: Rows<'r, 'a>,
    pub(super) as_of_ms: UnixMs,
}

impl<'r, 'a> Table<'r, 'a> {
    /// The table of a market that last moved at `as_of_ms`.
    pub(in crate::collect) fn new(tickers: &'r Tickers<'a>, as_of_ms: UnixMs) -> Self {
        Self { rows: tickers.rows.iter().map(|row| (&*row.symbol, row)).collect(), as_of_ms }
    }
}

/// What is known of the positions in every contract.
pub(super) fn holdings<'h>(inputs: &'h Inputs, rows: &Rows<'_, '_>) -> Vec<Holdings<'h>> {
    let holding = |(symbol, inputs): (&String, &'h Arc<SymbolInputs>)| {
        Some(Holdings {
            turnover_24h: rows.get(symbol.as_str())?.turnover_24h?,
            account_ratio: inputs.account_ratio.as_ref().and_then(|ratios| ratios.value.last().copied()),
            fundings: inputs.funding.as_ref().map_or(&[], |fundings| fundings.value.as_slice()),
        })
    };
    inputs.iter().filter_map(holding).collect()
}

fn candles(inputs: &SymbolInputs, interval: Interval) -> Option<&Candles> {
    inputs.candles.get(&interval).map(|dated| &*dated.value)
}

/// Every contract against Bitcoin, as old as Bitcoin's newest hour.
pub(super) fn beta_of(inputs: &Inputs) -> Slow<BetaSection> {
    let Some(bitcoin) = inputs.get(BITCOIN).and_then(|inputs| inputs.candles.get(&Interval::OneHour)) else {
        return Slow::unknown(Lack::CandlesNotLoadedYet.label());
    };
    let hourly =
        inputs.iter().filter_map(|(symbol, inputs)| Some((symbol.as_str(), candles(inputs, Interval::OneHour)?)));
    match (beta(hourly, &bitcoin.value), bitcoin.value.closed.last()) {
        (Some(value), Some(last)) => {
            let as_of_ms = last.end_ms(Interval::OneHour).min(bitcoin.as_of_ms);
            Slow::Known(Dated { value, as_of_ms, source: bitcoin.source })
        }
        _ => Slow::unknown(Lack::TooFewCandles.label()),
    }
}

/// The contracts with most turnover side by side.
pub(super) fn performance_of(inputs: &Inputs, rows: &Rows<'_, '_>) -> Slow<PerformanceSection> {
    let turnover = |symbol: &str| rows.get(symbol).and_then(|row| row.turnover_24h).map_or(0.0, Amount::get);
    let mut symbols: Vec<&str> = inputs.keys().map(String::as_str).collect();
    symbols.sort_by(|a, b| turnover(b).total_cmp(&turnover(a)).then_with(|| a.cmp(b)));
    symbols.truncate(CHART_CONTRACTS);
    let Some(minutes) = inputs.get(BITCOIN).and_then(|inputs| inputs.candles.get(&Interval::OneMinute)) else {
        return Slow::unknown(Lack::CandlesNotLoadedYet.label());
    };
    match performance(&symbols, |symbol, interval| candles(inputs.get(symbol)?, interval)) {
        Some(value) => Slow::Known(Dated { value, as_of_ms: minutes.as_of_ms, source: minutes.source }),
        None => Slow::unknown(Lack::TooFewCandles.label()),
    }
}

/// What can alert about every contract.
pub(super) fn contract_facts<'f>(
    inputs: &'f Inputs,
    rows: &Rows<'_, '_>,
    snapshot: &Snapshot,
    now: UnixMs,
) -> Vec<ContractFacts<'f>> {
    let analysed: HashMap<&str, Score> = snapshot
        .scores
        .iter()
        .filter(|row| row.confluence.is_some())
        .map(|row| (row.symbol.as_str(), row.score))
        .collect();
    let funding = |symbol: &str| {
        let rate = funding_rate_8h(rows.get(symbol)?, &snapshot.universe)?;
        Percent::new(rate * 100.0).ok()
    };
    let open_interest = |inputs: &SymbolInputs| {
        let history = inputs.open_interest.as_ref()?;
        open_interest_move(&history.value, candles(inputs, Interval::FiveMinutes)?, now)
    };
    inputs
        .iter()
        .map(|(symbol, inputs)| ContractFacts {
            symbol,
            score: analysed.get(symbol.as_str()).copied(),
            funding_8h_pct: funding(symbol),
            open_interest: open_interest(inputs),
            trades: inputs.trades.as_ref().map_or(&[], |trades| &trades.value.trades),
        })
        .collect()
}
