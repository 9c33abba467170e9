//! The parts that the dimensions are made of: what each measures, how it reads it, and its weight.
//!
//! One table defines everything about a part, so that no part can lack a property. The wire names
//! are an interface and are never changed.

use super::dimension::Dimension;
use super::measurement::Measurement;
use super::wire_enum::wire_enum;
use serde::Serialize;

/// Which way a part reads what it measures; the same in every market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// More buying, or higher prices, are bullish.
    Following,
    /// More buying, higher prices or a larger crowd are bearish.
    Contrarian,
}

/// Defines the enum from one table: a part cannot be without wire name, dimension, weight,
/// measurement or way of reading.
macro_rules! sub_components {
    ($($(#[$doc:meta])* $name:ident $wire:literal $dimension:ident $percent:literal $measurement:ident $reads:ident;)*) => {
        wire_enum! {
            /// One part of a dimension; its name is `dimension.part`, for some parts of different dimensions share their own. The
            /// order is that of the dimensions, and within one by weight.
            SubComponent { $($(#[$doc])* $name $wire;)* }
        }

        impl SubComponent {
            /// The dimension to which the part belongs.
            #[must_use]
            pub const fn dimension(self) -> Dimension {
                match self {
                    $(Self::$name => Dimension::$dimension,)*
                }
            }

            /// What is measured: parts that rest on the same figure have one voice in the score.
            #[must_use]
            pub const fn measurement(self) -> Measurement {
                match self {
                    $(Self::$name => Measurement::$measurement,)*
                }
            }

            /// Which way the part reads it.
            #[must_use]
            pub const fn reads(self) -> Reads {
                match self {
                    $(Self::$name => Reads::$reads,)*
                }
            }

            /// The weight within the dimension: a share of the sum of those of the dimension.
            #[must_use]
            pub const fn percent(self) -> u32 {
                match self {
                    $(Self::$name => $percent,)*
                }
            }
        }
    };
}

sub_components! {
    /// Wilder's relative strength index.
    Rsi "technical.rsi" Technical 20 Rsi Following;
    /// The awesome oscillator in units of the average true range.
    Ao "technical.ao" Technical 20 MovingAverages Following;
    /// The directional movement, as strong as the trend is.
    Adx "technical.adx" Technical 15 Adx Following;
    /// The average true range against its own mean, signed by the side of the moving average.
    Atr "technical.atr" Technical 15 Atr Following;
    /// The commodity channel index, contrarian.
    Cci "technical.cci" Technical 15 PlaceInRange Contrarian;
    /// Williams' %R, contrarian.
    WilliamsR "technical.williams_r" Technical 15 PlaceInRange Contrarian;

    /// Takers' buying less selling.
    VolumeDelta "volume.volume_delta" Volume 20 TradeImbalance Following;
    /// Accumulation and distribution.
    Adl "volume.adl" Volume 15 MoneyFlow Following;
    /// Chaikin's money flow.
    Cmf "volume.cmf" Volume 15 MoneyFlow Following;
    /// On-balance volume.
    Obv "volume.obv" Volume 15 Obv Following;
    /// The last candle's volume against its average, signed by the price's direction.
    RelativeVolume "volume.relative_volume" Volume 15 RelativeVolume Following;
    /// The share of the volume that was traded below the price.
    VolumeProfile "volume.volume_profile" Volume 10 ValueArea Following;
    /// The distance from the volume-weighted average price.
    Vwap "volume.vwap" Volume 10 ValueArea Following;

    /// The cumulative volume delta.
    Cvd "orderflow.cvd" Orderflow 22 TradeImbalance Following;
    /// The same by value.
    TradeFlow "orderflow.trade_flow" Orderflow 17 TradeImbalance Following;
    /// The change of the open interest against the change of the price.
    OpenInterest "orderflow.open_interest" Orderflow 15 OpenInterest Following;
    /// Divergence of price and volume delta at the price's swings.
    SmartMoneyFlow "orderflow.smart_money_flow" Orderflow 15 DeltaDivergence Following;
    /// The newest trades' imbalance.
    TradeImbalance "orderflow.imbalance" Orderflow 13 TradeImbalance Following;
    /// The pace of trading against its own history.
    TradeLiquidity "orderflow.liquidity" Orderflow 10 TradeImbalance Following;
    /// Who presses: by volume, value, count and large trades.
    Pressure "orderflow.pressure" Orderflow 8 TradeImbalance Following;

    /// Bids against asks, nearer levels more.
    Depth "orderbook.depth" Orderbook 19 BookImbalance Following;
    /// The imbalance of the nearest levels.
    BookImbalance "orderbook.imbalance" Orderbook 19 BookImbalance Following;
    /// The order imbalance ratio of the best levels.
    Oir "orderbook.oir" Orderbook 16 BookImbalance Following;
    /// Spread and depth against their own history.
    BookLiquidity "orderbook.liquidity" Orderbook 13 BookImbalance Following;
    /// The depth imbalance by distance from the middle.
    Di "orderbook.di" Orderbook 5 BookImbalance Following;
    /// How demand and supply at the best prices changed from update to update.
    OrderFlowImbalance "orderbook.order_flow_imbalance" Orderbook 12 OrderFlowImbalance Following;
    /// Sizes that were taken away again within two seconds, untraded; contrarian.
    FleetingOrders "orderbook.fleeting_orders" Orderbook 8 FleetingOrders Contrarian;
    /// What takers traded and makers put back while the price held.
    Absorption "orderbook.absorption" Orderbook 8 Absorption Following;

    /// Order blocks.
    InstitutionalZones "price_structure.institutional_zones" PriceStructure 20 OrderBlocks Following;
    /// Levels at which the price turned before.
    SupportResistance "price_structure.support_resistance" PriceStructure 15 SupportResistance Following;
    /// The short moving average against the long one.
    TrendPosition "price_structure.trend_position" PriceStructure 15 MovingAverages Following;
    /// The price's place in the value area.
    StructureProfile "price_structure.volume_profile" PriceStructure 15 ValueArea Following;
    /// Breaks of structure and changes of character.
    StructureBreaks "price_structure.structure_breaks" PriceStructure 15 StructureBreaks Following;
    /// The place in the range, contrarian.
    RangeAnalysis "price_structure.range_analysis" PriceStructure 10 PlaceInRange Contrarian;
    /// Gaps that no later candle filled.
    FairValueGaps "price_structure.fair_value_gaps" PriceStructure 10 FairValueGaps Following;

    /// Funding against its own history, contrarian.
    FundingRate "sentiment.funding_rate" Sentiment 20 FundingRate Contrarian;
    /// Longs less shorts that were liquidated, contrarian.
    Liquidations "sentiment.liquidations" Sentiment 20 Liquidations Contrarian;
    /// Upward against downward volatility.
    Volatility "sentiment.volatility" Sentiment 18 VarianceSkew Following;
    /// Long against short accounts, contrarian.
    LongShortRatio "sentiment.long_short_ratio" Sentiment 15 LongShortRatio Contrarian;
    /// The day's volume against an average day's, signed by the day's change.
    MarketActivity "sentiment.market_activity" Sentiment 15 MarketActivity Following;
}

impl SubComponent {
    /// The share of its dimension's score; those of one dimension sum to 1.
    #[must_use]
    pub fn weight(self) -> f64 {
        let all: u32 = Self::of(self.dimension()).map(Self::percent).sum();
        // Divided by the sum and not by 100: removing a part must not shrink its dimension.
        f64::from(self.percent()) / f64::from(all)
    }

    /// The name without its dimension.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        self.wire_name()
            .split_once('.')
            .map_or(self.wire_name(), |(_, short)| short)
    }

    /// The parts of one dimension.
    pub fn of(dimension: Dimension) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |part| part.dimension() == dimension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_name_begins_with_its_dimension_and_is_what_serde_writes() {
        for part in SubComponent::ALL {
            let (dimension, short) = part.wire_name().split_once('.').unwrap();
            assert_eq!(dimension, part.dimension().name());
            assert_eq!(short, part.short_name());
            assert_eq!(
                serde_json::to_string(part).unwrap(),
                format!("\"{}\"", part.wire_name())
            );
        }
        for dimension in Dimension::ALL {
            assert_eq!(
                serde_json::to_string(&dimension).unwrap(),
                format!("\"{}\"", dimension.name())
            );
        }
    }

    #[test]
    fn no_wire_name_stands_twice() {
        let names: std::collections::BTreeSet<_> = SubComponent::ALL
            .iter()
            .map(|part| part.wire_name())
            .collect();
        assert_eq!(names.len(), SubComponent::ALL.len());
    }
}
