//! Market facts → a score in six dimensions: which formula reads which input.
//!
//! Order: facts that agree with the ticker's price → their freshness → bars, flow and books,
//! prepared once → one formula per part → `combine` → the reasons of missing parts.
//!
//! Invariant: a part is as fresh as the oldest input that it needs.

use super::book_flow::{self, SHORTEST_OBSERVED_MS};
use super::charts::Chart;
use super::combine::combine;
use super::flow::{Flow, trade_rate};
use super::inputs::{BOOKS_WINDOW_MS, Limits, OwnHistory, ScoreInputs, TickerFacts, Timed};
use super::missing::reasons;
use super::orderbook::Imbalances;
use super::reading::{Basis, Evidence, Reading};
use super::{orderbook, orderflow, sentiment, volume};
use crate::agreement::Priced;
use crate::book_flow::BookFlow;
use crate::liquidations::LiquidatedLately;
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::OwnTime;
use shared::market::book::Book;
use shared::market::candles::Candles;
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::Trades;
use shared::snapshot::confluence::Confluence;
use shared::snapshot::sub_component::SubComponent;
use shared::units::{Price, UnixMs};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Scores one contract by what is known of it at `now`.
#[must_use]
pub fn six_dimension(inputs: &ScoreInputs<'_>, now: UnixMs) -> Confluence {
    let facts = Facts::new(inputs, now);
    let found = combine(&facts.evidence());
    let last = facts.ticker.as_ref().map(|ticker| ticker.value.last);
    let live: Vec<Timeframe> = facts.timeframes.iter().map(|live| live.timeframe).collect();
    Confluence {
        missing_reasons: reasons(&found.missing, inputs, last, &live, now),
        ..found
    }
}

/// The evidence of every part that has input.
#[must_use]
pub fn evidence(inputs: &ScoreInputs<'_>, now: UnixMs) -> BTreeMap<SubComponent, Evidence> {
    Facts::new(inputs, now).evidence()
}

/// A fact with its freshness, above 0.
struct Fresh<T> {
    value: T,
    freshness: f64,
}

/// A timeframe with enough candles that is not frozen.
struct Live<'a> {
    timeframe: Timeframe,
    candles: &'a Candles,
    chart: Arc<Chart>,
    freshness: f64,
}

/// The mean imbalances of the books in a window.
struct Books {
    mean: Imbalances,
    /// From the first of them to the last, ms.
    span_ms: u64,
}

impl Books {
    fn new(book: &Timed<'_, Book>, history: Option<&OwnHistory<'_>>) -> Option<Self> {
        let at = book.as_of_ms;
        let earlier = || {
            let all = history.into_iter().flat_map(|history| history.imbalances);
            // Without the newest book, which is added once.
            all.filter(move |(time, _)| *time < at && at.millis_since(*time) <= BOOKS_WINDOW_MS)
        };
        let mean = Imbalances::mean(Imbalances::of(book.value)?, earlier().map(|(_, one)| *one));
        let span_ms = earlier()
            .map(|(time, _)| at.millis_since(*time))
            .max()
            .unwrap_or(0);
        Some(Self { mean, span_ms })
    }
}

/// The usable inputs, prepared once for all formulas.
struct Facts<'a> {
    timeframes: Vec<Live<'a>>,
    flow: Option<Fresh<Flow>>,
    trades: Option<Fresh<&'a Trades>>,
    book: Option<Fresh<&'a Book>>,
    imbalances: Option<Fresh<Books>>,
    book_flow: Option<Fresh<&'a BookFlow>>,
    open_interest: Option<Fresh<&'a [OpenInterest]>>,
    account_ratios: Option<Fresh<&'a [AccountRatio]>>,
    fundings: Option<Fresh<&'a [Funding]>>,
    liquidated: Option<Fresh<&'a LiquidatedLately>>,
    ticker: Option<Fresh<&'a TickerFacts>>,
    history: Option<Fresh<&'a OwnHistory<'a>>>,
}

impl<'a> Facts<'a> {
    fn new(inputs: &ScoreInputs<'a>, now: UnixMs) -> Self {
        let ticker = answered(inputs.ticker, Limits::LIVE, now);
        let last = ticker.as_ref().map(|ticker| ticker.value.last);
        let trades = fresh(agreeing(inputs.trades, last), Limits::LIVE, now);
        let live = |timeframe| live(timeframe, inputs, last, now);
        // The books' window needs the book's time, which `Fresh` does not carry.
        let timed_book = agreeing(inputs.book, last);
        let book = fresh(timed_book, Limits::LIVE, now);
        let history = answered(inputs.history, Limits::HISTORY, now);
        Self {
            timeframes: Timeframe::ALL.into_iter().filter_map(live).collect(),
            flow: trades.as_ref().and_then(|trades| {
                Some(Fresh {
                    value: Flow::new(trades.value)?,
                    freshness: trades.freshness,
                })
            }),
            trades,
            imbalances: book
                .as_ref()
                .zip(timed_book.as_ref())
                .and_then(|(book, timed)| {
                    let value = Books::new(timed, history.as_ref().map(|history| history.value))?;
                    Some(Fresh {
                        value,
                        freshness: book.freshness,
                    })
                }),
            book,
            book_flow: fresh(agreeing(inputs.book_flow, last), Limits::LIVE, now),
            open_interest: fresh(inputs.open_interest, Limits::POSITIONING, now),
            account_ratios: fresh(inputs.account_ratios, Limits::POSITIONING, now),
            fundings: fresh(inputs.fundings, Limits::HISTORY, now),
            liquidated: answered(inputs.liquidated, Limits::LIVE, now),
            ticker,
            history,
        }
    }

    fn evidence(&self) -> BTreeMap<SubComponent, Evidence> {
        SubComponent::ALL
            .iter()
            .filter_map(|part| Some((*part, self.read(*part)?)))
            .collect()
    }

    fn read(&self, part: SubComponent) -> Option<Evidence> {
        use SubComponent as P;
        match part {
            P::VolumeDelta => self.by_flow(volume::volume_delta),
            P::Cvd => self.by_flow(orderflow::cvd),
            P::TradeFlow => self.by_flow(orderflow::trade_flow),
            P::OpenInterest => self.open_interest(),
            P::SmartMoneyFlow => self.by_flow(orderflow::smart_money_flow),
            P::TradeImbalance => self.by_flow(orderflow::imbalance),
            P::TradeLiquidity => self.trade_liquidity(),
            P::Pressure => self.by_flow(orderflow::pressure),
            P::Depth => self.by_book(orderbook::depth),
            P::BookImbalance => self.by_book(orderbook::imbalance),
            P::Oir => self.by_book(orderbook::oir),
            P::BookLiquidity => self.book_liquidity(),
            P::Di => self.by_book(orderbook::di),
            P::OrderFlowImbalance => self.by_book_flow(book_flow::order_flow_imbalance),
            P::FleetingOrders => self.by_book_flow(book_flow::fleeting_orders),
            P::Absorption => self.by_book_flow(book_flow::absorption),
            P::FundingRate => self.funding_rate(),
            P::Liquidations => self.liquidations(),
            P::LongShortRatio => self.long_short_ratio(),
            P::MarketActivity => self.market_activity(),
            P::Rsi
            | P::Ao
            | P::Adx
            | P::Atr
            | P::Cci
            | P::WilliamsR
            | P::Adl
            | P::Cmf
            | P::Obv
            | P::RelativeVolume
            | P::VolumeProfile
            | P::Vwap
            | P::InstitutionalZones
            | P::SupportResistance
            | P::TrendPosition
            | P::StructureProfile
            | P::StructureBreaks
            | P::RangeAnalysis
            | P::FairValueGaps
            | P::Volatility => self.by_timeframe(part),
        }
    }

    /// One formula on every timeframe, weighted by the timeframe's weight times its freshness,
    /// renormalised over the timeframes with a reading.
    ///
    /// The quoted figure is that of the timeframe that contributes most to the signal's direction,
    /// because a mean of four RSIs stands on no chart.
    ///
    /// The coverage is not renormalised: a missing timeframe is missing evidence. The freshness is
    /// the weighted mean, so a timeframe that fades out does not lower it.
    fn by_timeframe(&self, part: SubComponent) -> Option<Evidence> {
        let (mut lean, mut freshness, mut coverage) = (0.0, 0.0, 0.0);
        let mut found: Vec<(Timeframe, f64, Reading)> = Vec::new();
        for live in &self.timeframes {
            // A formula may lack bars on one timeframe and have enough on another.
            let Some(reading) = live.chart.reading(part) else {
                continue;
            };
            let weight = live.timeframe.weight() * live.freshness;
            lean += weight * reading.lean.get();
            freshness += weight * live.freshness;
            coverage += weight;
            found.push((live.timeframe, weight, reading));
        }
        let pull = |&(_, weight, reading): &(Timeframe, f64, Reading)| {
            weight * reading.lean.get() * lean.signum()
        };
        let (timeframe, _, quoted) = found
            .into_iter()
            // Nothing was read on any timeframe: the part is missing.
            .max_by(|a, b| pull(a).total_cmp(&pull(b)))?;
        // `coverage` is the sum of the weights.
        let reading = Reading::new(lean / coverage, quoted.figure)?;
        Some(Evidence {
            reading,
            basis: Basis::Candles(timeframe),
            freshness: freshness / coverage,
            coverage,
        })
    }

    fn by_flow(&self, formula: impl Fn(&Flow) -> Option<Reading>) -> Option<Evidence> {
        let flow = self.flow.as_ref()?;
        Some(Evidence::whole(formula(&flow.value)?, flow.freshness).on(flow.value.basis()))
    }

    fn by_book(&self, formula: impl Fn(&Imbalances) -> Option<Reading>) -> Option<Evidence> {
        let books = self.imbalances.as_ref()?;
        let basis = Basis::Books {
            span_ms: books.value.span_ms,
        };
        Some(Evidence::whole(formula(&books.value.mean)?, books.freshness).on(basis))
    }

    fn by_book_flow(&self, formula: impl Fn(&BookFlow) -> Option<Reading>) -> Option<Evidence> {
        let flow = self.book_flow.as_ref()?;
        if flow.value.sums.observed_ms < SHORTEST_OBSERVED_MS {
            return None;
        }
        let basis = Basis::Window {
            span_ms: flow.value.span_ms,
        };
        Some(Evidence::whole(formula(flow.value)?, flow.freshness).on(basis))
    }

    fn open_interest(&self) -> Option<Evidence> {
        let interest = self.open_interest.as_ref()?;
        // The freshest timeframe: the price is read from any that knows it.
        let candles = self
            .timeframes
            .iter()
            .map(|live| live.freshness)
            .fold(0.0, f64::max);
        let reading = orderflow::open_interest(interest.value, |time| self.price_at(time))?;
        // A figure of two inputs is as fresh as the older one.
        Some(Evidence::whole(reading, interest.freshness.min(candles)))
    }

    fn trade_liquidity(&self) -> Option<Evidence> {
        let (flow, history) = (self.flow.as_ref()?, self.history.as_ref()?);
        // All trades, also those without a side: the pace does not depend on it.
        let rate = trade_rate(self.trades.as_ref()?.value)?;
        let reading = orderflow::liquidity(&flow.value, rate, history.value.trade_rates)?;
        Some(Evidence::whole(reading, flow.freshness.min(history.freshness)).on(flow.value.basis()))
    }

    fn book_liquidity(&self) -> Option<Evidence> {
        let (book, history) = (self.book.as_ref()?, self.history.as_ref()?);
        let mean = &self.imbalances.as_ref()?.value.mean;
        let reading = orderbook::liquidity(
            book.value,
            mean,
            history.value.spreads,
            history.value.depths,
        )?;
        Some(Evidence::whole(
            reading,
            book.freshness.min(history.freshness),
        ))
    }

    fn funding_rate(&self) -> Option<Evidence> {
        let (ticker, fundings) = (self.ticker.as_ref()?, self.fundings.as_ref()?);
        // The rate of the next payment is compared with paid ones, all per 8 hours.
        let earlier = sentiment::normalised_to_8h(fundings.value);
        let reading = sentiment::funding_rate(ticker.value.funding_rate_8h?, &earlier)?;
        Some(Evidence::whole(
            reading,
            ticker.freshness.min(fundings.freshness),
        ))
    }

    fn liquidations(&self) -> Option<Evidence> {
        let (liquidated, ticker) = (self.liquidated.as_ref()?, self.ticker.as_ref()?);
        let volume = ticker.value.volume_base_24h?.get();
        let turnover = volume * ticker.value.last.get();
        let reading = sentiment::liquidations(liquidated.value, turnover)?;
        let basis = Basis::Window {
            span_ms: liquidated.value.span_ms,
        };
        let freshness = liquidated.freshness.min(ticker.freshness);
        Some(Evidence::whole(reading, freshness).on(basis))
    }

    fn long_short_ratio(&self) -> Option<Evidence> {
        let ratios = self.account_ratios.as_ref()?;
        Some(Evidence::whole(
            sentiment::long_short_ratio(ratios.value)?,
            ratios.freshness,
        ))
    }

    fn market_activity(&self) -> Option<Evidence> {
        let ticker = self.ticker.as_ref()?;
        // An average day needs thirty days of candles, which only the longest timeframe has.
        let long = self
            .timeframes
            .iter()
            .find(|live| live.timeframe == Timeframe::Long)?;
        let (volume, change) = (ticker.value.volume_base_24h?, ticker.value.change_24h_pct?);
        let reading = sentiment::market_activity(volume.get(), change.get(), &long.chart.bars)?;
        Some(Evidence::whole(
            reading,
            ticker.freshness.min(long.freshness),
        ))
    }

    /// The close of the last candle that had closed at `time`, from the shortest timeframe that
    /// reaches back to it.
    fn price_at(&self, time: UnixMs) -> Option<f64> {
        self.timeframes.iter().find_map(|live| {
            let interval = live.candles.interval;
            let closed = live
                .candles
                .closed
                .iter()
                .rev()
                .find(|candle| candle.end_ms(interval) <= time)?;
            let waited = time.millis_since(closed.end_ms(interval));
            // A close older than one candle length belongs to a gap.
            (waited <= interval.millis()).then_some(closed.close.get())
        })
    }
}

/// The facts, unless they are about another price than the ticker's.
fn agreeing<T: Priced>(timed: Option<Timed<'_, T>>, last: Option<Price>) -> Option<Timed<'_, T>> {
    timed.filter(|timed| timed.value.agrees_with(last))
}

/// The facts with their freshness, by the time of their newest row.
fn fresh<T: OwnTime + ?Sized>(
    timed: Option<Timed<'_, T>>,
    limits: Limits,
    now: UnixMs,
) -> Option<Fresh<&T>> {
    let timed = timed?;
    Some(Fresh {
        value: timed.value,
        freshness: limits.freshness(timed.known_until()?, now)?,
    })
}

/// The same for facts without rows, which are as old as their answer.
fn answered<T>(timed: Option<Timed<'_, T>>, limits: Limits, now: UnixMs) -> Option<Fresh<&T>> {
    let timed = timed?;
    Some(Fresh {
        value: timed.value,
        freshness: limits.freshness(timed.as_of_ms, now)?,
    })
}

fn live<'a>(
    timeframe: Timeframe,
    inputs: &ScoreInputs<'a>,
    last: Option<Price>,
    now: UnixMs,
) -> Option<Live<'a>> {
    let interval = timeframe.interval();
    let timed = inputs
        .candles
        .iter()
        .find(|timed| timed.value.interval == interval)
        .copied();
    let candles = fresh(agreeing(timed, last), Limits::candles(interval), now)?;
    let kept = inputs.charts.and_then(|charts| charts.of(candles.value));
    let chart = kept.unwrap_or_else(|| Chart::new(timeframe, candles.value).map(Arc::new))?;
    Some(Live {
        timeframe,
        candles: candles.value,
        chart,
        freshness: candles.freshness,
    })
}
