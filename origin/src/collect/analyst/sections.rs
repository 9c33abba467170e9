//! The sections that rest on all contracts together: beta, charts, statistics, positions, and the
//! facts for alerts.
//!
//! All of them use only inputs that agree with the ticker's price. A section is as old as the
//! oldest input that it shows; why one is absent is a [`Lack`].

use super::super::inputs::{Inputs, SymbolInputs};
use analysis::agreement::Priced;
use analysis::alerts::{ContractFacts, open_interest_move};
use analysis::beta::{Betas, beta};
use analysis::performance::performance;
use analysis::positioning::Holdings;
use analysis::statistics::{Monitored, statistics};
use shared::analysis::perps::funding_rate_8h;
use shared::assemble::Slow;
use shared::market::candles::{Candles, Interval};
use shared::market::majors::BITCOIN;
use shared::market::{Dated, Ticker, Tickers, Timed, Universe};
use shared::provenance::Source;
use shared::snapshot::beta::BetaSection;
use shared::snapshot::books::{BookTop, Books, MAX_BOOK_AGE_MS, spread_bps};
use shared::snapshot::performance::PerformanceSection;
use shared::snapshot::statistics::Statistics;
use shared::snapshot::{Lack, Snapshot};
use shared::units::{Amount, Percent, Score, UnixMs};
use std::collections::HashMap;
use std::sync::Arc;

/// The candles that charts are drawn from.
pub(super) const CHART_INTERVALS: [Interval; 3] = [
    Interval::OneMinute,
    Interval::FiveMinutes,
    Interval::ThirtyMinutes,
];

/// The candles that statistics are made of.
pub(super) const STATISTICS_INTERVALS: [Interval; 2] = [Interval::OneHour, Interval::FourHours];

/// How many candles of these lengths are held, over all contracts: the count by which `Kept`
/// notices new ones.
pub(super) fn loaded(inputs: &Inputs, intervals: &[Interval]) -> usize {
    let of = |inputs: &SymbolInputs| -> usize {
        intervals
            .iter()
            .filter_map(|interval| candles(inputs, *interval))
            .map(|candles| candles.closed.len())
            .sum()
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
        Self {
            rows: tickers.rows.iter().map(|row| (&*row.symbol, row)).collect(),
            as_of_ms,
        }
    }
}

/// What is known of the positions in every contract. A contract without turnover has no weight and
/// is left out.
pub(super) fn holdings<'h>(
    inputs: &'h Inputs,
    rows: &Rows<'_, '_>,
    universe: &Universe,
) -> Vec<Holdings<'h>> {
    let holding = |(symbol, inputs): (&String, &'h Arc<SymbolInputs>)| {
        let row = rows.get(symbol.as_str())?;
        Some(Holdings {
            turnover_24h: row.turnover_24h?,
            open_interest: row.open_interest_usd,
            funding_8h: funding_rate_8h(row, universe),
            account_ratios: inputs.account_ratio.as_ref().map(|ratios| Timed {
                value: ratios.value.as_slice(),
                as_of_ms: ratios.as_of_ms,
            }),
            fundings: inputs
                .funding
                .as_ref()
                .map_or(&[], |fundings| fundings.value.as_slice()),
        })
    };
    inputs.iter().filter_map(holding).collect()
}

/// The inputs at about the price that each contract's ticker states.
pub(super) fn agreeing(inputs: &Inputs, rows: &Rows<'_, '_>) -> Inputs {
    let last = |symbol: &str| rows.get(symbol).map(|row| row.last);
    inputs
        .iter()
        .map(|(symbol, inputs)| (symbol.clone(), inputs.agreeing_with(last(symbol))))
        .collect()
}

/// Why Bitcoin's candles of one length are missing: not loaded, or at another price than the
/// ticker's.
fn lack_of_bitcoin(inputs: &Inputs, interval: Interval) -> Lack {
    let is_loaded = inputs
        .get(BITCOIN)
        .is_some_and(|inputs| inputs.candles.contains_key(&interval));
    if is_loaded {
        Lack::CandlesContradictPrice
    } else {
        Lack::CandlesNotLoadedYet
    }
}

fn candles(inputs: &SymbolInputs, interval: Interval) -> Option<&Candles> {
    inputs.candles.get(&interval).map(|dated| &*dated.value)
}

/// Every contract against Bitcoin, as old as the last hour that all have.
pub(super) fn beta_of(inputs: &Inputs, rows: &Rows<'_, '_>) -> Slow<BetaSection> {
    let agreeing = agreeing(inputs, rows);
    let Some(bitcoin) = agreeing
        .get(BITCOIN)
        .and_then(|inputs| inputs.candles.get(&Interval::OneHour))
    else {
        return Slow::unknown(lack_of_bitcoin(inputs, Interval::OneHour).label());
    };
    let hourly = agreeing.iter().filter_map(|(symbol, inputs)| {
        Some((symbol.as_str(), candles(inputs, Interval::OneHour)?))
    });
    match beta(hourly, &bitcoin.value) {
        Some(Betas {
            section,
            known_until_ms,
        }) => {
            // The older of the two: candles may be complete while the answer that brought them is
            // late.
            let as_of_ms = known_until_ms.min(bitcoin.as_of_ms);
            Slow::Known(Dated {
                value: section,
                as_of_ms,
                source: bitcoin.source,
            })
        }
        None => Slow::unknown(Lack::TooFewCandles.label()),
    }
}

/// The contracts with the highest turnover side by side, as old as the oldest chart.
pub(super) fn performance_of(
    inputs: &Inputs,
    rows: &Rows<'_, '_>,
    now: UnixMs,
) -> Slow<PerformanceSection> {
    let agreeing = agreeing(inputs, rows);
    let turnover = |symbol: &str| {
        rows.get(symbol)
            .and_then(|row| row.turnover_24h)
            .map_or(0.0, Amount::get)
    };
    let mut symbols: Vec<&str> = inputs.keys().map(String::as_str).collect();
    // Symbols break ties, so two processes draw the same contracts.
    symbols.sort_by(|a, b| turnover(b).total_cmp(&turnover(a)).then_with(|| a.cmp(b)));
    let Some(bitcoin) = agreeing.get(BITCOIN).and_then(|inputs| {
        CHART_INTERVALS
            .iter()
            .find_map(|interval| inputs.candles.get(interval))
    }) else {
        return Slow::unknown(lack_of_bitcoin(inputs, Interval::OneMinute).label());
    };
    let drawn = performance(
        &symbols,
        |symbol, interval| candles(agreeing.get(symbol)?, interval),
        now,
    );
    match drawn.and_then(|section| Ok((section.as_of_ms().ok_or(Lack::TooFewCandles)?, section))) {
        Ok((as_of_ms, value)) => Slow::Known(Dated {
            value,
            as_of_ms,
            source: bitcoin.source,
        }),
        Err(lack) => Slow::unknown(lack.label()),
    }
}

/// Figures of all contracts' candles, as old as the oldest of their newest candles.
pub(super) fn statistics_of(inputs: &Inputs, rows: &Rows<'_, '_>, now: UnixMs) -> Slow<Statistics> {
    let agreeing = agreeing(inputs, rows);
    let contracts: Vec<Monitored<'_>> = agreeing
        .iter()
        .map(|(symbol, inputs)| Monitored {
            symbol,
            turnover_24h: rows.get(symbol.as_str()).and_then(|row| row.turnover_24h),
            hourly: candles(inputs, Interval::OneHour),
            four_hourly: candles(inputs, Interval::FourHours),
        })
        .collect();
    let source = agreeing
        .values()
        .find_map(|inputs| Some(inputs.candles.values().next()?.source));
    match (statistics(&contracts, now), source) {
        (Ok((value, as_of_ms)), Some(source)) => Slow::Known(Dated {
            value,
            as_of_ms,
            source,
        }),
        (Err(lack), _) => Slow::unknown(lack.label()),
        (Ok(_), None) => Slow::unknown(Lack::CandlesNotLoadedYet.label()),
    }
}

/// The tops of the books that are young enough, as old as the oldest of them, in the order of
/// turnover. A book at another price than the ticker's is left out, and so is one with an empty side.
pub(super) fn books_of(inputs: &Inputs, rows: &Rows<'_, '_>, now: UnixMs) -> Slow<Books> {
    let is_young = |as_of_ms| now.millis_since(as_of_ms) <= MAX_BOOK_AGE_MS;
    let mut tops: Vec<(f64, BookTop, Source)> = inputs
        .iter()
        .filter_map(|(symbol, inputs)| {
            let row = rows.get(symbol.as_str())?;
            let dated = inputs.book.as_ref()?;
            let is_shown = is_young(dated.as_of_ms) && dated.value.agrees_with(Some(row.last));
            let (bid, ask) = dated.value.bids.first().zip(dated.value.asks.first())?;
            let top = BookTop {
                symbol: symbol.clone(),
                as_of_ms: dated.as_of_ms,
                bid: bid.price,
                bid_size_base: bid.size_base,
                ask: ask.price,
                ask_size_base: ask.size_base,
                spread_bps: spread_bps(bid.price, ask.price),
            };
            let turnover = row.turnover_24h.map_or(0.0, Amount::get);
            is_shown.then_some((turnover, top, dated.source))
        })
        .collect();
    // Symbols break ties, so that two processes show the same order.
    tops.sort_by(|(a, one, _), (b, other, _)| {
        b.total_cmp(a).then_with(|| one.symbol.cmp(&other.symbol))
    });
    let oldest = tops.iter().map(|(_, top, _)| top.as_of_ms).min();
    match (oldest, tops.first().map(|(_, _, source)| *source)) {
        (Some(as_of_ms), Some(source)) => Slow::Known(Dated {
            value: Books {
                monitored: inputs.len(),
                rows: tops.into_iter().map(|(_, top, _)| top).collect(),
            },
            as_of_ms,
            source,
        }),
        _ => {
            let held = || inputs.values().filter_map(|inputs| inputs.book.as_ref());
            let lack = if held().any(|dated| is_young(dated.as_of_ms)) {
                Lack::FiguresContradict
            } else if held().next().is_some() {
                Lack::TooOld
            } else {
                Lack::NotFetchedYet
            };
            Slow::unknown(lack.label())
        }
    }
}

/// The facts about every contract that alerts rest on.
pub(super) fn contract_facts<'f>(
    inputs: &'f Inputs,
    rows: &Rows<'_, '_>,
    snapshot: &Snapshot,
    now: UnixMs,
) -> Vec<ContractFacts<'f>> {
    let analysed: HashMap<&str, Score> = snapshot
        .scores
        .iter()
        // A momentum score is not comparable with one of six dimensions, so it raises no alert.
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
    // Sorted by symbol below, so that two processes report the same alerts in the same order.
    let mut facts: Vec<ContractFacts<'f>> = inputs
        .iter()
        .map(|(symbol, inputs)| ContractFacts {
            symbol,
            score: analysed.get(symbol.as_str()).copied(),
            funding_8h_pct: funding(symbol),
            open_interest: open_interest(inputs),
            trades: inputs
                .trades
                .as_ref()
                .map_or(&[], |trades| &trades.value.trades),
        })
        .collect();
    facts.sort_by_key(|contract| contract.symbol);
    facts
}
