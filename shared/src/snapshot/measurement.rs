//! What is measured, whichever part reads it. Parts that read the same figure count once in a
//! score; otherwise a figure that six parts read would decide it.

use super::wire_enum::wire_enum;

/// Defines the enum from one table: a measurement cannot be without name or title.
macro_rules! measurements {
    ($($(#[$doc:meta])* $name:ident $wire:literal $title:literal;)*) => {
        wire_enum! {
            /// What is measured.
            Measurement { $($(#[$doc])* $name $wire;)* }
        }

        impl Measurement {
            /// The name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

measurements! {
    /// What takers bought less what they sold.
    TradeImbalance "trade_imbalance" "Takers' buying less selling";
    /// The sizes of bids less those of asks.
    BookImbalance "book_imbalance" "Bids less asks";
    /// How demand and supply at the best prices changed.
    OrderFlowImbalance "order_flow_imbalance" "Order flow at the best prices";
    /// Sizes that were taken away again within two seconds.
    FleetingOrders "fleeting_orders" "Fleeting orders";
    /// What was put back while takers traded.
    Absorption "absorption" "Absorption";
    /// Where candles close within their ranges, by volume.
    MoneyFlow "money_flow" "Money flow";
    /// The price's place among the prices at which the volume was traded.
    ValueArea "value_area" "Place in the traded volume";
    /// The price's place among its last highs, lows and means.
    PlaceInRange "place_in_range" "Place in the range";
    /// A short moving average less a long one.
    MovingAverages "moving_averages" "Moving averages";
    /// Wilder's relative strength index.
    Rsi "rsi" "RSI";
    /// Directional movement.
    Adx "adx" "Directional movement";
    /// The true range against its mean.
    Atr "atr" "True range";
    /// Volume of rises less that of falls.
    Obv "obv" "On-balance volume";
    /// The last candle's volume against the average.
    RelativeVolume "relative_volume" "Relative volume";
    /// The change of the open interest.
    OpenInterest "open_interest" "Open interest";
    /// Where price and volume delta part.
    DeltaDivergence "delta_divergence" "Delta divergence";
    /// Order blocks.
    OrderBlocks "order_blocks" "Order blocks";
    /// Levels at which the price turned before.
    SupportResistance "support_resistance" "Support and resistance";
    /// Closes beyond earlier highs and lows.
    StructureBreaks "structure_breaks" "Breaks of structure";
    /// Gaps that no later candle filled.
    FairValueGaps "fair_value_gaps" "Fair value gaps";
    /// The funding rate against its own history.
    FundingRate "funding_rate" "Funding rate";
    /// Longs less shorts that were liquidated.
    Liquidations "liquidations" "Liquidations";
    /// Upward less downward variance.
    VarianceSkew "variance_skew" "Skew of the variance";
    /// Long against short accounts.
    LongShortRatio "long_short_ratio" "Long and short accounts";
    /// The day's change, by the day's volume.
    MarketActivity "market_activity" "Activity of the day";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_name_is_what_serde_writes_and_stands_once() {
        let names: std::collections::BTreeSet<_> =
            Measurement::ALL.iter().map(|one| one.wire_name()).collect();
        assert_eq!(names.len(), Measurement::ALL.len());
        for measurement in Measurement::ALL {
            assert_eq!(
                serde_json::to_string(measurement).unwrap(),
                format!("\"{}\"", measurement.wire_name())
            );
        }
    }
}
