//! The parts of which the dimensions are made, and what each weighs within its dimension.

use super::dimension::Dimension;
use serde::{Deserialize, Serialize};

/// Defines the enum from one table: a part cannot be without wire name, dimension or weight.
macro_rules! sub_components {
    ($($(#[$doc:meta])* $name:ident $wire:literal $dimension:ident $percent:literal;)*) => {
        /// One part of a dimension. The order is that of the dimensions, and within one by weight.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub enum SubComponent {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
        }

        impl SubComponent {
            /// Every part.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire, `dimension.part`: some parts of different dimensions share their own name.
            #[must_use]
            pub const fn wire_name(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)*
                }
            }

            /// The dimension to which the part belongs.
            #[must_use]
            pub const fn dimension(self) -> Dimension {
                match self {
                    $(Self::$name => Dimension::$dimension,)*
                }
            }

            /// The weight within the dimension in percent: whole numbers, so that their sum is exact.
            const fn percent(self) -> u32 {
                match self {
                    $(Self::$name => $percent,)*
                }
            }
        }
    };
}

sub_components! {
    /// Wilder's relative strength index.
    Rsi "technical.rsi" Technical 20;
    /// The awesome oscillator in units of the average true range.
    Ao "technical.ao" Technical 20;
    /// The directional movement, as strong as the trend is.
    Adx "technical.adx" Technical 15;
    /// The average true range against its own mean, signed by the side of the moving average.
    Atr "technical.atr" Technical 15;
    /// The commodity channel index, contrarian.
    Cci "technical.cci" Technical 15;
    /// Williams' %R, contrarian.
    WilliamsR "technical.williams_r" Technical 15;

    /// Takers' buying less selling.
    VolumeDelta "volume.volume_delta" Volume 20;
    /// Accumulation and distribution.
    Adl "volume.adl" Volume 15;
    /// Chaikin's money flow.
    Cmf "volume.cmf" Volume 15;
    /// On-balance volume.
    Obv "volume.obv" Volume 15;
    /// The last candle's volume against its average, signed by the price's direction.
    RelativeVolume "volume.relative_volume" Volume 15;
    /// The share of the volume that was traded below the price.
    VolumeProfile "volume.volume_profile" Volume 10;
    /// The distance from the volume-weighted average price.
    Vwap "volume.vwap" Volume 10;

    /// The cumulative volume delta.
    Cvd "orderflow.cvd" Orderflow 22;
    /// The same by value.
    TradeFlow "orderflow.trade_flow" Orderflow 17;
    /// The change of the open interest against the change of the price.
    OpenInterest "orderflow.open_interest" Orderflow 15;
    /// Divergence of price and volume delta at the price's swings.
    SmartMoneyFlow "orderflow.smart_money_flow" Orderflow 15;
    /// The newest trades' imbalance.
    TradeImbalance "orderflow.imbalance" Orderflow 13;
    /// The pace of trading against its own history.
    TradeLiquidity "orderflow.liquidity" Orderflow 10;
    /// Who presses: by volume, value, count and large trades.
    Pressure "orderflow.pressure" Orderflow 8;

    /// Bids against asks, nearer levels more.
    Depth "orderbook.depth" Orderbook 19;
    /// The imbalance of the nearest levels.
    BookImbalance "orderbook.imbalance" Orderbook 19;
    /// The order imbalance ratio of the best levels.
    Oir "orderbook.oir" Orderbook 16;
    /// Spread and depth against their own history.
    BookLiquidity "orderbook.liquidity" Orderbook 13;
    /// Order-flow imbalance over updates of the book; needs a stream.
    Mpi "orderbook.mpi" Orderbook 12;
    /// Orders that come and go; needs the book's history.
    Manipulation "orderbook.manipulation" Orderbook 8;
    /// Absorption and exhaustion; needs the book's history.
    AbsorptionExhaustion "orderbook.absorption_exhaustion" Orderbook 8;
    /// The depth imbalance by distance from the middle.
    Di "orderbook.di" Orderbook 5;

    /// Order blocks.
    InstitutionalZones "price_structure.institutional_zones" PriceStructure 20;
    /// Levels at which the price turned before.
    SupportResistance "price_structure.support_resistance" PriceStructure 15;
    /// The short moving average against the long one.
    TrendPosition "price_structure.trend_position" PriceStructure 15;
    /// The price's place in the value area.
    StructureProfile "price_structure.volume_profile" PriceStructure 15;
    /// Breaks of structure and changes of character.
    StructureBreaks "price_structure.structure_breaks" PriceStructure 15;
    /// The place in the range, contrarian unless the market trends.
    RangeAnalysis "price_structure.range_analysis" PriceStructure 10;
    /// Gaps that no later candle filled.
    FairValueGaps "price_structure.fair_value_gaps" PriceStructure 10;

    /// Funding against its own history, contrarian.
    FundingRate "sentiment.funding_rate" Sentiment 20;
    /// Liquidations; needs a stream.
    Liquidations "sentiment.liquidations" Sentiment 20;
    /// Upward against downward volatility.
    Volatility "sentiment.volatility" Sentiment 18;
    /// Long against short accounts, contrarian.
    LongShortRatio "sentiment.long_short_ratio" Sentiment 15;
    /// The day's volume against an average day's, signed by the day's change.
    MarketActivity "sentiment.market_activity" Sentiment 15;
    /// Not defined yet, so always absent.
    Risk "sentiment.risk" Sentiment 12;
}

impl SubComponent {
    /// The share of its dimension's score; those of one dimension sum to 1.
    #[must_use]
    pub const fn weight(self) -> f64 {
        self.percent() as f64 / 100.0
    }

    /// The name without its dimension.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        self.wire_name().split_once('.').map_or(self.wire_name(), |(_, short)| short)
    }

    /// The parts of one dimension.
    pub fn of(dimension: Dimension) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |part| part.dimension() == dimension)
    }
}

const fn percent_of(dimension: Dimension) -> u32 {
    let mut sum = 0;
    let mut rest = SubComponent::ALL;
    while let [first, tail @ ..] = rest {
        if first.dimension() as u8 == dimension as u8 {
            sum += first.percent();
        }
        rest = tail;
    }
    sum
}

const _: () = {
    let mut rest: &[Dimension] = &Dimension::ALL;
    while let [first, tail @ ..] = rest {
        assert!(percent_of(*first) == 100, "the weights within a dimension must sum to 1");
        rest = tail;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_name_begins_with_its_dimension_and_is_what_serde_writes() {
        for part in SubComponent::ALL {
            let (dimension, short) = part.wire_name().split_once('.').unwrap();
            assert_eq!(dimension, part.dimension().name());
            assert_eq!(short, part.short_name());
            assert_eq!(serde_json::to_string(part).unwrap(), format!("\"{}\"", part.wire_name()));
        }
        for dimension in Dimension::ALL {
            assert_eq!(serde_json::to_string(&dimension).unwrap(), format!("\"{}\"", dimension.name()));
        }
    }

    #[test]
    fn no_wire_name_stands_twice() {
        let names: std::collections::BTreeSet<_> = SubComponent::ALL.iter().map(|part| part.wire_name()).collect();
        assert_eq!(names.len(), SubComponent::ALL.len());
    }
}
