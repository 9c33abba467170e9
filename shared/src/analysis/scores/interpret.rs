//! One plain sentence per dimension: what its score means and the figure that it rests on most.

use super::reading::Evidence;
use crate::snapshot::Sentiment;
use crate::snapshot::dimension::Dimension;
use crate::snapshot::sub_component::SubComponent;
use crate::units::Score;
use std::collections::BTreeMap;

/// The sentence for one dimension; nothing when none of its parts is there.
#[must_use]
pub fn interpret(dimension: Dimension, score: Score, evidence: &BTreeMap<SubComponent, Evidence>) -> Option<String> {
    let pull = |part: &SubComponent, found: &Evidence| part.weight() * found.freshness * found.reading.lean.get().abs();
    let parts = evidence.iter().filter(|(part, _)| part.dimension() == dimension);
    let (part, found) = parts.max_by(|(a, x), (b, y)| pull(a, x).total_cmp(&pull(b, y)))?;
    let says = match Sentiment::of(score) {
        Sentiment::Bullish => "bullish",
        Sentiment::Neutral => "neutral",
        Sentiment::Bearish => "bearish",
    };
    Some(format!("{} is {says} at {:.1}: {}.", dimension.title(), score.get(), phrase(*part, found.reading.figure)))
}

/// A part's figure as a person would say it. Those of candles are means over the timeframes.
fn phrase(part: SubComponent, figure: f64) -> String {
    use SubComponent as P;
    let percent = 100.0 * figure;
    match part {
        P::Rsi => format!("the RSI (14) is {figure:.1}"),
        P::Ao => format!("the awesome oscillator is {figure:+.2} average true ranges"),
        P::Adx => format!("+DI less -DI is {figure:+.1}"),
        P::Atr => format!("the average true range is {figure:.2} times its mean"),
        P::Cci => format!("the CCI (20) is {figure:+.1}"),
        P::WilliamsR => format!("Williams' %R (14) is {figure:.1}"),
        P::VolumeDelta => format!("takers' buying less selling is {percent:+.1} % of the volume"),
        P::Adl => format!("accumulation less distribution is {percent:+.1} % of the volume of 50 candles"),
        P::Cmf => format!("Chaikin's money flow (20) is {figure:+.2}"),
        P::Obv => format!("volume on rises less falls is {percent:+.1} % of the volume of 50 candles"),
        P::RelativeVolume => format!("the last volume is {figure:.2} times its average"),
        P::VolumeProfile => format!("{percent:.1} % of the volume was traded below the price"),
        P::Vwap => format!("the price is {figure:+.2} deviations from its volume-weighted average"),
        P::Cvd => format!("takers bought {percent:.1} % of the volume"),
        P::TradeFlow => format!("takers bought {percent:.1} % of the value traded"),
        P::OpenInterest => format!("open interest changed by {figure:+.2} % in four hours"),
        P::SmartMoneyFlow => format!("the volume delta diverges from the price's swings by {figure:+.2}"),
        P::TradeImbalance => format!("the newest trades are out of balance by {percent:+.1} %"),
        P::TradeLiquidity => format!("the pace of trading is at {percent:.0} % of its own range"),
        P::Pressure => format!("the takers' pressure is {figure:+.2}"),
        P::Depth => format!("the bids are {figure:.2} times the asks"),
        P::BookImbalance => format!("the 10 nearest levels are out of balance by {percent:+.1} %"),
        P::Oir => format!("the 5 best levels are out of balance by {percent:+.1} %"),
        P::BookLiquidity => format!("the book is as liquid as at {percent:.0} % of its own range"),
        P::Di => format!("the depth by distance is out of balance by {percent:+.1} %"),
        P::InstitutionalZones => format!("the net strength of the order blocks is {figure:+.2}"),
        P::SupportResistance => format!("support less resistance is {percent:+.1} % of both"),
        P::TrendPosition => format!("EMA 20 less EMA 50 is {figure:+.2} average true ranges"),
        P::StructureProfile => format!("the price is {figure:+.2} half widths from the middle of its value area"),
        P::StructureBreaks => format!("the breaks of structure sum up to {figure:+.2} average true ranges"),
        P::RangeAnalysis => format!("the price stands at {figure:+.2} in its range of -1 to +1"),
        P::FairValueGaps => format!("the open fair value gaps are {figure:+.2} average true ranges"),
        P::FundingRate => format!("funding is {figure:+.4} % per 8 hours"),
        P::Volatility => format!("{percent:.1} % of the variance is upward"),
        P::LongShortRatio => format!("{percent:.1} % of the accounts are long"),
        P::MarketActivity => format!("the day's volume is {figure:.2} times an average day's"),
        P::Mpi | P::Manipulation | P::AbsorptionExhaustion | P::Liquidations | P::Risk => {
            format!("{} is {figure:+.2}", part.short_name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reading;
    use super::*;

    #[test]
    fn the_sentence_quotes_the_part_that_pulls_most() {
        // The RSI pulls .2·.1, the CCI .15·.9.
        let evidence = [(SubComponent::Rsi, 0.1, 55.0), (SubComponent::Cci, -0.9, 294.4)]
            .map(|(part, lean, figure)| (part, Evidence::whole(Reading::new(lean, figure).unwrap(), 1.0)))
            .into();
        let sentence = |dimension| interpret(dimension, Score::new(34.0).unwrap(), &evidence);
        assert_eq!(sentence(Dimension::Technical).unwrap(), "Technical is bearish at 34.0: the CCI (20) is +294.4.");
        assert_eq!(sentence(Dimension::Volume), None);
    }
}
