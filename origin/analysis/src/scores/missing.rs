//! Why parts of a score are missing: the first fault of the inputs that they read.
//!
//! It repeats the checks of `six_dimension` in the same order (price, rows, age), so a reason is
//! that of the check that failed. An input without a fault whose part is missing had too little in
//! it for the formula.

use super::inputs::{Limits, ScoreInputs, Timed};
use crate::agreement::Priced;
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::OwnTime;
use shared::snapshot::missing_reason::MissingReason;
use shared::snapshot::sub_component::SubComponent;
use shared::units::{Price, UnixMs};
use std::collections::BTreeMap;

/// Why each of the `missing` parts has no reading. `last` is the price that the inputs were
/// compared with, `live` the timeframes whose candles are used.
pub(super) fn reasons(
    missing: &[SubComponent],
    inputs: &ScoreInputs<'_>,
    last: Option<Price>,
    live: &[Timeframe],
    now: UnixMs,
) -> BTreeMap<SubComponent, MissingReason> {
    // The usual case.
    if missing.is_empty() {
        return BTreeMap::new();
    }
    let lacks = Lacks::of(inputs, last, live, now);
    missing
        .iter()
        .map(|part| {
            let reason = lacks.of_part(*part).unwrap_or(MissingReason::TooLittle);
            (*part, reason)
        })
        .collect()
}

/// The fault of each input; `None` for one that is used.
struct Lacks {
    /// Of the candles of all timeframes; `None` if one of them is used.
    candles: Option<MissingReason>,
    /// Of the longest timeframe's candles.
    long_candles: Option<MissingReason>,
    trades: Option<MissingReason>,
    book: Option<MissingReason>,
    book_flow: Option<MissingReason>,
    open_interest: Option<MissingReason>,
    account_ratios: Option<MissingReason>,
    fundings: Option<MissingReason>,
    liquidated: Option<MissingReason>,
    ticker: Option<MissingReason>,
    history: Option<MissingReason>,
}

impl Lacks {
    fn of(inputs: &ScoreInputs<'_>, last: Option<Price>, live: &[Timeframe], now: UnixMs) -> Self {
        let of_timeframe = |timeframe: Timeframe| {
            if live.contains(&timeframe) {
                return None;
            }
            let interval = timeframe.interval();
            let candles = inputs
                .candles
                .iter()
                .find(|timed| timed.value.interval == interval)
                .copied();
            // Candles at the right price and young enough are too few, or frozen.
            priced(candles, last, Limits::candles(interval), now).or(Some(MissingReason::TooLittle))
        };
        Self {
            candles: if live.is_empty() {
                // The most telling of four reasons, by the order of the enum.
                Timeframe::ALL.into_iter().filter_map(of_timeframe).max()
            } else {
                None
            },
            long_candles: of_timeframe(Timeframe::Long),
            trades: priced(inputs.trades, last, Limits::LIVE, now),
            book: priced(inputs.book, last, Limits::LIVE, now),
            book_flow: priced(inputs.book_flow, last, Limits::LIVE, now),
            open_interest: of_rows(inputs.open_interest, Limits::POSITIONING, now),
            account_ratios: of_rows(inputs.account_ratios, Limits::POSITIONING, now),
            fundings: of_rows(inputs.fundings, Limits::HISTORY, now),
            liquidated: answered(inputs.liquidated, Limits::LIVE, now),
            ticker: answered(inputs.ticker, Limits::LIVE, now),
            history: answered(inputs.history, Limits::HISTORY, now),
        }
    }

    fn of_part(&self, part: SubComponent) -> Option<MissingReason> {
        use SubComponent as P;
        match part {
            P::VolumeDelta
            | P::Cvd
            | P::TradeFlow
            | P::SmartMoneyFlow
            | P::TradeImbalance
            | P::Pressure => self.trades,
            P::TradeLiquidity => self.trades.or(self.history),
            P::Depth | P::BookImbalance | P::Oir | P::Di => self.book,
            P::OrderFlowImbalance | P::FleetingOrders | P::Absorption => self.book_flow,
            P::BookLiquidity => self.book.or(self.history),
            P::OpenInterest => self.open_interest.or(self.candles),
            P::Liquidations => self.liquidated.or(self.ticker),
            P::FundingRate => self.fundings.or(self.ticker),
            P::LongShortRatio => self.account_ratios,
            P::MarketActivity => self.long_candles.or(self.ticker),
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
            | P::Volatility => self.candles,
        }
    }
}

fn priced<T: Priced + OwnTime>(
    timed: Option<Timed<'_, T>>,
    last: Option<Price>,
    limits: Limits,
    now: UnixMs,
) -> Option<MissingReason> {
    match timed {
        // Before the age: another price is the fault even of a young input.
        Some(timed) if !timed.value.agrees_with(last) => Some(MissingReason::ContradictsPrice),
        timed => of_rows(timed, limits, now),
    }
}

fn of_rows<T: OwnTime + ?Sized>(
    timed: Option<Timed<'_, T>>,
    limits: Limits,
    now: UnixMs,
) -> Option<MissingReason> {
    match timed.map(|timed| timed.known_until()) {
        None => Some(MissingReason::NotLoaded),
        // Loaded, but without a single row.
        Some(None) => Some(MissingReason::TooLittle),
        Some(Some(until)) => past(until, limits, now),
    }
}

fn answered<T>(timed: Option<Timed<'_, T>>, limits: Limits, now: UnixMs) -> Option<MissingReason> {
    timed.map_or(Some(MissingReason::NotLoaded), |timed| {
        past(timed.as_of_ms, limits, now)
    })
}

fn past(until: UnixMs, limits: Limits, now: UnixMs) -> Option<MissingReason> {
    limits
        .freshness(until, now)
        .is_none()
        .then_some(MissingReason::TooOld)
}
