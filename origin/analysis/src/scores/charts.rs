//! What candles alone say, and how it is kept while they stay the same.
//!
//! More than half of the formulas read nothing but closed candles, which change once a minute at
//! most. Their readings are therefore worked out once for each set of candles and not once for each
//! score.
//!
//! Invariant: a kept chart is of the very candles that it is asked for. [`Charts`] holds them
//! too, so that no others can come to lie in their place.

use super::bars::Bars;
use super::reading::Reading;
use super::{price_structure, sentiment, technical, volume};
use shared::analysis::scores::timeframe::Timeframe;
use shared::market::candles::{Candles, Interval};
use shared::snapshot::sub_component::SubComponent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A formula that reads candles alone.
type Formula = fn(&Bars) -> Option<Reading>;

/// The parts that are read from candles alone.
pub(super) const FORMULAS: [(SubComponent, Formula); 20] = [
    (SubComponent::Rsi, technical::rsi),
    (SubComponent::Ao, technical::ao),
    (SubComponent::Adx, technical::adx),
    (SubComponent::Atr, technical::atr),
    (SubComponent::Cci, technical::cci),
    (SubComponent::WilliamsR, technical::williams_r),
    (SubComponent::Adl, volume::adl),
    (SubComponent::Cmf, volume::cmf),
    (SubComponent::Obv, volume::obv),
    (SubComponent::RelativeVolume, volume::relative_volume),
    (SubComponent::VolumeProfile, volume::volume_profile),
    (SubComponent::Vwap, volume::vwap),
    (
        SubComponent::InstitutionalZones,
        price_structure::institutional_zones,
    ),
    (
        SubComponent::SupportResistance,
        price_structure::support_resistance,
    ),
    (SubComponent::TrendPosition, price_structure::trend_position),
    (
        SubComponent::StructureProfile,
        price_structure::volume_profile,
    ),
    (
        SubComponent::StructureBreaks,
        price_structure::structure_breaks,
    ),
    (SubComponent::RangeAnalysis, price_structure::range_analysis),
    (
        SubComponent::FairValueGaps,
        price_structure::fair_value_gaps,
    ),
    (SubComponent::Volatility, sentiment::volatility),
];

/// One timeframe's candles as the formulas take them, with what those say that read nothing else.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) bars: Bars,
    readings: BTreeMap<SubComponent, Reading>,
}

impl Chart {
    /// `None` for candles that are too few, or frozen.
    pub(super) fn new(timeframe: Timeframe, candles: &Candles) -> Option<Self> {
        let bars = Bars::new(timeframe, &candles.closed)?;
        let readings = FORMULAS
            .iter()
            // A formula may need more bars than there are.
            .filter_map(|(part, formula)| Some((*part, formula(&bars)?)))
            .collect();
        Some(Self { bars, readings })
    }

    /// What a part's formula reads.
    pub(super) fn reading(&self, part: SubComponent) -> Option<Reading> {
        self.readings.get(&part).copied()
    }
}

/// The charts of one contract's candles, kept from score to score.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    held: BTreeMap<Interval, (Arc<Candles>, Option<Arc<Chart>>)>,
}

impl Charts {
    /// Makes the charts of these candles, and keeps those of candles that did not change. Candles of
    /// no timeframe of the scores have none.
    pub fn renew<'c>(&mut self, candles: impl IntoIterator<Item = &'c Arc<Candles>>) {
        let mut before = std::mem::take(&mut self.held);
        for candles in candles {
            let interval = candles.interval;
            let Some(timeframe) = Timeframe::ALL
                .into_iter()
                .find(|timeframe| timeframe.interval() == interval)
            else {
                continue;
            };
            let kept = before
                .remove(&interval)
                .filter(|(held, _)| Arc::ptr_eq(held, candles));
            let held = kept.unwrap_or_else(|| {
                let chart = Chart::new(timeframe, candles).map(Arc::new);
                (Arc::clone(candles), chart)
            });
            self.held.insert(interval, held);
        }
    }

    /// The chart of these candles; `None` when it is not kept, `Some(None)` when they make none.
    pub(super) fn of(&self, candles: &Candles) -> Option<Option<Arc<Chart>>> {
        let (held, chart) = self.held.get(&candles.interval)?;
        // By address: the held ones are alive, so nothing else lies there.
        std::ptr::eq(&raw const **held, candles).then(|| chart.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::candles::Candle;
    use shared::units::{Amount, Price, UnixMs};

    fn candles(interval: Interval, count: usize) -> Arc<Candles> {
        let price = |value: f64| Price::new(value).unwrap();
        let candle = |index: usize| {
            let close = 100.0 + (index as f64 * 0.7).sin();
            Candle {
                start_ms: UnixMs::from_millis(1_788_870_000_000 + index as u64 * interval.millis()),
                open: price(close - 0.1),
                high: price(close + 0.5),
                low: price(close - 0.5),
                close: price(close),
                volume_base: Amount::new(1.0 + index as f64 % 3.0).unwrap(),
                turnover: Amount::new(100.0).unwrap(),
            }
        };
        Arc::new(Candles {
            interval,
            closed: (0..count).map(candle).collect(),
        })
    }

    #[test]
    fn a_chart_is_kept_while_its_candles_are_the_same() {
        let (first, other) = (
            candles(Interval::FiveMinutes, 200),
            candles(Interval::FiveMinutes, 200),
        );
        let mut charts = Charts::default();
        assert!(charts.of(&first).is_none(), "nothing is kept yet");
        charts.renew([&first]);
        let made = charts.of(&first).unwrap().unwrap();
        assert!(
            charts.of(&other).is_none(),
            "equal candles are others: nobody compared them"
        );
        charts.renew([&first]);
        assert!(Arc::ptr_eq(&charts.of(&first).unwrap().unwrap(), &made));
        charts.renew([&other]);
        assert!(charts.of(&first).is_none());
        assert!(!Arc::ptr_eq(&charts.of(&other).unwrap().unwrap(), &made));
    }

    #[test]
    fn candles_that_make_no_chart_are_known_to_make_none() {
        let few = candles(Interval::FiveMinutes, 3);
        let hourly = candles(Interval::OneHour, 200);
        let mut charts = Charts::default();
        charts.renew([&few, &hourly]);
        assert!(charts.of(&few).unwrap().is_none());
        assert!(charts.of(&hourly).is_none(), "no score looks at hours");
        charts.renew([]);
        assert!(charts.of(&few).is_none());
    }

    #[test]
    fn every_formula_of_candles_stands_once() {
        let parts: std::collections::BTreeSet<_> = FORMULAS.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts.len(), FORMULAS.len());
        let whole = candles(Interval::FiveMinutes, 1_000);
        let chart = Chart::new(Timeframe::Short, &whole);
        assert!(chart.is_some_and(|chart| chart.readings.len() > FORMULAS.len() / 2));
    }
}
