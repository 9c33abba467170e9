//! Market facts → a score in six dimensions: which formula reads which input.

use super::bars::Bars;
use super::combine::combine;
use super::flow::{Flow, trade_rate};
use super::inputs::{Limits, OwnHistory, ScoreInputs, TickerFacts, Timed, complete_until};
use super::reading::{Evidence, Reading};
use super::timeframe::Timeframe;
use super::{orderbook, orderflow, price_structure, sentiment, technical, volume};
use crate::market::book::Book;
use crate::market::candles::Candles;
use crate::market::positioning::{AccountRatio, Funding, OpenInterest};
use crate::market::trades::Trades;
use crate::snapshot::confluence::Confluence;
use crate::snapshot::sub_component::SubComponent;
use crate::units::UnixMs;
use std::collections::BTreeMap;

/// Scores one contract by what is known of it at `now`.
#[must_use]
pub fn six_dimension(inputs: &ScoreInputs<'_>, now: UnixMs) -> Confluence {
    combine(&evidence(inputs, now))
}

/// What every part that has input says.
#[must_use]
pub fn evidence(inputs: &ScoreInputs<'_>, now: UnixMs) -> BTreeMap<SubComponent, Evidence> {
    let facts = Facts::new(inputs, now);
    SubComponent::ALL.iter().filter_map(|part| Some((*part, facts.read(*part)?))).collect()
}

/// A fact with its freshness, above 0.
struct Fresh<T> {
    value: T,
    freshness: f64,
}

/// A timeframe that has enough candles and is not frozen.
struct Live<'a> {
    timeframe: Timeframe,
    candles: &'a Candles,
    bars: Bars,
    freshness: f64,
}

/// The inputs that can be used, prepared for the formulas once.
struct Facts<'a> {
    timeframes: Vec<Live<'a>>,
    flow: Option<Fresh<Flow>>,
    trades: Option<Fresh<&'a Trades>>,
    book: Option<Fresh<&'a Book>>,
    open_interest: Option<Fresh<&'a [OpenInterest]>>,
    account_ratios: Option<Fresh<&'a [AccountRatio]>>,
    fundings: Option<Fresh<&'a [Funding]>>,
    ticker: Option<Fresh<&'a TickerFacts>>,
    history: Option<Fresh<&'a OwnHistory<'a>>>,
}

impl<'a> Facts<'a> {
    fn new(inputs: &ScoreInputs<'a>, now: UnixMs) -> Self {
        let trades = fresh(inputs.trades, Limits::LIVE, now);
        let live = |timeframe| live(timeframe, inputs.candles, now);
        Self {
            timeframes: Timeframe::ALL.into_iter().filter_map(live).collect(),
            flow: trades
                .as_ref()
                .and_then(|trades| Some(Fresh { value: Flow::new(trades.value)?, freshness: trades.freshness })),
            trades,
            book: inputs
                .book
                .and_then(|book| Some(Fresh { value: book, freshness: Limits::LIVE.freshness(book.as_of_ms, now)? })),
            open_interest: fresh(inputs.open_interest, Limits::POSITIONING, now),
            account_ratios: fresh(inputs.account_ratios, Limits::POSITIONING, now),
            fundings: fresh(inputs.fundings, Limits::HISTORY, now),
            ticker: fresh(inputs.ticker, Limits::LIVE, now),
            history: fresh(inputs.history, Limits::HISTORY, now),
        }
    }

    fn read(&self, part: SubComponent) -> Option<Evidence> {
        use SubComponent as P;
        match part {
            P::Rsi => self.by_timeframe(technical::rsi),
            P::Ao => self.by_timeframe(technical::ao),
            P::Adx => self.by_timeframe(technical::adx),
            P::Atr => self.by_timeframe(technical::atr),
            P::Cci => self.by_timeframe(technical::cci),
            P::WilliamsR => self.by_timeframe(technical::williams_r),
            P::VolumeDelta => self.by_flow(volume::volume_delta),
            P::Adl => self.by_timeframe(volume::adl),
            P::Cmf => self.by_timeframe(volume::cmf),
            P::Obv => self.by_timeframe(volume::obv),
            P::RelativeVolume => self.by_timeframe(volume::relative_volume),
            P::VolumeProfile => self.by_timeframe(volume::volume_profile),
            P::Vwap => self.by_timeframe(volume::vwap),
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
            P::InstitutionalZones => self.by_timeframe(price_structure::institutional_zones),
            P::SupportResistance => self.by_timeframe(price_structure::support_resistance),
            P::TrendPosition => self.by_timeframe(price_structure::trend_position),
            P::StructureProfile => self.by_timeframe(price_structure::volume_profile),
            P::StructureBreaks => self.by_timeframe(price_structure::structure_breaks),
            P::RangeAnalysis => self.by_timeframe(price_structure::range_analysis),
            P::FairValueGaps => self.by_timeframe(price_structure::fair_value_gaps),
            P::FundingRate => self.funding_rate(),
            P::Volatility => self.by_timeframe(sentiment::volatility),
            P::LongShortRatio => self.long_short_ratio(),
            P::MarketActivity => self.market_activity(),
            // The first four need a stream, and nothing here streams; the risk has no definition.
            P::Mpi | P::Manipulation | P::AbsorptionExhaustion | P::Liquidations | P::Risk => None,
        }
    }

    /// One formula on every timeframe, by the timeframes' weights, renormalised over those that have a reading.
    ///
    /// The freshness is not renormalised: a missing timeframe is missing evidence.
    fn by_timeframe(&self, formula: impl Fn(&Bars) -> Option<Reading>) -> Option<Evidence> {
        let (mut lean, mut figure, mut freshness, mut weights) = (0.0, 0.0, 0.0, 0.0);
        for live in &self.timeframes {
            let Some(reading) = formula(&live.bars) else { continue };
            let weight = live.timeframe.weight();
            lean += weight * reading.lean.get();
            figure += weight * reading.figure;
            freshness += weight * live.freshness;
            weights += weight;
        }
        Some(Evidence { reading: Reading::new(lean / weights, figure / weights)?, freshness })
    }

    fn by_flow(&self, formula: impl Fn(&Flow) -> Option<Reading>) -> Option<Evidence> {
        let flow = self.flow.as_ref()?;
        Some(Evidence { reading: formula(&flow.value)?, freshness: flow.freshness })
    }

    fn by_book(&self, formula: impl Fn(&Book) -> Option<Reading>) -> Option<Evidence> {
        let book = self.book.as_ref()?;
        Some(Evidence { reading: formula(book.value)?, freshness: book.freshness })
    }

    fn open_interest(&self) -> Option<Evidence> {
        let interest = self.open_interest.as_ref()?;
        let candles = self.timeframes.iter().map(|live| live.freshness).fold(0.0, f64::max);
        let reading = orderflow::open_interest(interest.value, |time| self.price_at(time))?;
        Some(Evidence { reading, freshness: interest.freshness.min(candles) })
    }

    fn trade_liquidity(&self) -> Option<Evidence> {
        let (flow, history) = (self.flow.as_ref()?, self.history.as_ref()?);
        let rate = trade_rate(self.trades.as_ref()?.value)?;
        let reading = orderflow::liquidity(&flow.value, rate, history.value.trade_rates)?;
        Some(Evidence { reading, freshness: flow.freshness.min(history.freshness) })
    }

    fn book_liquidity(&self) -> Option<Evidence> {
        let (book, history) = (self.book.as_ref()?, self.history.as_ref()?);
        let reading = orderbook::liquidity(book.value, history.value.spreads, history.value.depths)?;
        Some(Evidence { reading, freshness: book.freshness.min(history.freshness) })
    }

    fn funding_rate(&self) -> Option<Evidence> {
        let (ticker, fundings) = (self.ticker.as_ref()?, self.fundings.as_ref()?);
        let earlier = sentiment::normalised_to_8h(fundings.value);
        let reading = sentiment::funding_rate(ticker.value.funding_rate_8h?, &earlier)?;
        Some(Evidence { reading, freshness: ticker.freshness.min(fundings.freshness) })
    }

    fn long_short_ratio(&self) -> Option<Evidence> {
        let ratios = self.account_ratios.as_ref()?;
        Some(Evidence { reading: sentiment::long_short_ratio(ratios.value)?, freshness: ratios.freshness })
    }

    fn market_activity(&self) -> Option<Evidence> {
        let ticker = self.ticker.as_ref()?;
        let long = self.timeframes.iter().find(|live| live.timeframe == Timeframe::Long)?;
        let (volume, change) = (ticker.value.volume_base_24h.get(), ticker.value.change_24h_pct.get());
        let reading = sentiment::market_activity(volume, change, &long.bars)?;
        Some(Evidence { reading, freshness: ticker.freshness.min(long.freshness) })
    }

    /// The close of the last candle that had closed at `time`, by the shortest timeframe that knows it.
    fn price_at(&self, time: UnixMs) -> Option<f64> {
        self.timeframes.iter().find_map(|live| {
            let interval = live.candles.interval;
            let closed = live.candles.closed.iter().rev().find(|candle| candle.end_ms(interval) <= time)?;
            let waited = time.millis_since(closed.end_ms(interval));
            (waited <= interval.millis()).then_some(closed.close.get())
        })
    }
}

fn fresh<'a, T: ?Sized>(timed: Option<Timed<'a, T>>, limits: Limits, now: UnixMs) -> Option<Fresh<&'a T>> {
    let timed = timed?;
    Some(Fresh { value: timed.value, freshness: limits.freshness(timed.as_of_ms, now)? })
}

fn live<'a>(timeframe: Timeframe, candles: &[Timed<'a, Candles>], now: UnixMs) -> Option<Live<'a>> {
    let interval = timeframe.interval();
    let timed = candles.iter().find(|timed| timed.value.interval == interval)?;
    let freshness = Limits::candles(interval).freshness(complete_until(timed)?, now)?;
    let bars = Bars::new(timeframe, &timed.value.closed)?;
    Some(Live { timeframe, candles: timed.value, bars, freshness })
}
