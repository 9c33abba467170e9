//! One plain sentence per dimension: what its score means, and the figure on which it rests most.
//!
//! A sentence quotes what can be looked up: the figure of one named timeframe, the number and span
//! of trades, a rank as a rank. A verdict is explained by the part that contributes most to it. A
//! neutral verdict has no such part, so the parts are counted instead. A contrarian part says that
//! it is one.

use super::reading::{Basis, Evidence};
use shared::snapshot::Sentiment;
use shared::snapshot::dimension::Dimension;
use shared::snapshot::sub_component::{Reads, SubComponent};
use shared::units::Score;
use std::collections::BTreeMap;

/// The sentence for one dimension; `None` when none of its parts is there.
#[must_use]
pub fn interpret(
    dimension: Dimension,
    score: Score,
    evidence: &BTreeMap<SubComponent, Evidence>,
) -> Option<String> {
    let parts = || {
        evidence
            .iter()
            .filter(|(part, _)| part.dimension() == dimension)
    };
    parts().next()?;
    let (verdict, side) = match Sentiment::of(score) {
        Sentiment::Bullish => ("bullish", 1.0),
        Sentiment::Neutral => ("neutral", 0.0),
        Sentiment::Bearish => ("bearish", -1.0),
    };
    // The same weights as in `combine`, so that the sentence names what moved the score.
    let pull = |part: &SubComponent, found: &Evidence| {
        part.weight() * found.freshness * found.reading.lean.get() * side
    };
    // Only parts that agree with the verdict can be its reason; with a neutral one (`side` 0) none
    // is.
    let strongest = parts()
        .filter(|(part, found)| pull(part, found) > 0.0)
        .max_by(|(a, x), (b, y)| pull(a, x).total_cmp(&pull(b, y)));
    let reason = match strongest {
        Some((part, found)) => format!("{}{}", phrase(*part, found), contrarian(*part)),
        None => counted(parts().filter_map(|(_, found)| found.reading.lean.score().ok())),
    };
    Some(format!(
        "{} is {verdict} at {:.1}: {reason}.",
        dimension.title(),
        score.get()
    ))
}

/// How many parts are on which side, for a verdict without a reason. Counted by published scores,
/// so that what is read as 50.00 counts for neither side.
fn counted(scores: impl Iterator<Item = Score>) -> String {
    let (mut all, mut up, mut down) = (0, 0, 0);
    for score in scores.map(|score| score.rounded(2).get()) {
        all += 1;
        up += usize::from(score > 50.0);
        down += usize::from(score < 50.0);
    }
    format!("bullish parts {up} of {all}, bearish parts {down} of {all}")
}

/// Marks a part that counts against what it measures: the crowd, the price of leverage, or a move
/// that went far.
const fn contrarian(part: SubComponent) -> &'static str {
    match part.reads() {
        Reads::Contrarian => ", read as contrarian",
        Reads::Following => "",
    }
}

/// A part's figure in words.
fn phrase(part: SubComponent, found: &Evidence) -> String {
    use SubComponent as P;
    let (lean, figure) = (found.reading.lean.get(), found.reading.figure);
    let percent = 100.0 * figure;
    // "30-minute ", where the part is made of candles.
    let of = match found.basis {
        Basis::Candles(timeframe) => format!("{} ", timeframe.title()),
        Basis::Facts | Basis::Books { .. } | Basis::Window { .. } | Basis::Trades { .. } => {
            String::new()
        }
    };
    let (trades, books) = (trades(found.basis), books(found.basis));
    let over = window(found.basis);
    // The direction in words follows the signal, so that sentence and score cannot disagree.
    let either = |up: &'static str, down: &'static str| if lean > 0.0 { up } else { down };
    match part {
        P::Rsi => format!("the {of}RSI (14) is {figure:.1}"),
        P::Ao => format!("the {of}awesome oscillator is {figure:+.2} average true ranges"),
        P::Adx => format!("{of}+DI less -DI (14) is {figure:+.1}"),
        P::Atr => {
            // The signal is the side times (ratio − 1), so this product has the sign of the side.
            let side = if lean * (figure - 1.0) > 0.0 {
                "above"
            } else {
                "below"
            };
            format!(
                "the {of}average true range (14) is {figure:.2} times its mean with the price {side} its average (20)"
            )
        }
        P::Cci => format!("the {of}CCI (20) is {figure:+.1}"),
        P::WilliamsR => format!("the {of}Williams' %R (14) is {figure:.1}"),
        P::VolumeDelta => {
            format!("{trades}takers' buying less selling is {percent:+.1} % of the volume")
        }
        P::Adl => format!(
            "accumulation less distribution is {percent:+.1} % of the volume of 50 {of}candles"
        ),
        P::Cmf => format!("Chaikin's money flow of 20 {of}candles is {figure:+.2}"),
        P::Obv => {
            format!("volume on rises less falls is {percent:+.1} % of that of 50 {of}candles")
        }
        P::RelativeVolume => {
            let way = either("rose", "fell");
            format!(
                "the last {of}candle has {figure:.2} times the average volume (30), and the price {way}"
            )
        }
        P::VolumeProfile => {
            format!("{percent:.1} % of the volume of the {of}candles was traded below the price")
        }
        P::Vwap => {
            format!(
                "the price is {figure:+.2} deviations from the volume-weighted average of the {of}candles"
            )
        }
        P::Cvd => format!("{trades}takers bought {percent:.1} % of the volume"),
        P::TradeFlow => format!("{trades}takers bought {percent:.1} % of the value"),
        P::OpenInterest => {
            let way = either("rose", "fell");
            format!("open interest changed by {figure:+.2} % in four hours while the price {way}")
        }
        P::SmartMoneyFlow => {
            format!(
                "{trades}the volume delta diverges from the price's swings by {figure:+.2} of -1 to +1"
            )
        }
        P::TradeImbalance => {
            format!(
                "{trades}buying less selling is {percent:+.1} % of the volume, the newest minutes weighing more"
            )
        }
        P::TradeLiquidity => {
            let way = either("buy", "sell");
            format!(
                "{trades}takers net {way}, at a pace of percentile rank {percent:.0} in its own history"
            )
        }
        P::Pressure => format!("{trades}the takers' pressure is {figure:+.2} of -1 to +1"),
        P::Depth => format!(
            "{books}the bids of 25 levels are {figure:.2} times the asks, near ones weighing more"
        ),
        P::BookImbalance => {
            format!("{books}bids less asks of the 10 nearest levels are {percent:+.1} % of both")
        }
        P::Oir => format!("{books}bids less asks of the 5 best levels are {percent:+.1} % of both"),
        P::BookLiquidity => {
            let side = either("bids", "asks");
            format!(
                "{side} outweigh in a book whose spread and depth have the mean percentile rank {percent:.0}"
            )
        }
        P::Di => {
            format!("{books}bids less asks of 25 levels by distance are {percent:+.1} % of both")
        }
        P::OrderFlowImbalance => format!(
            "{over}the changes of the best bid and ask net to {percent:+.1} % of all towards buying"
        ),
        P::FleetingOrders => format!(
            "{over}bids less asks that were taken away within 2 s are {percent:+.1} % of what was shown"
        ),
        P::Absorption => format!(
            "{over}bids less asks that were put back at a price that held are {percent:+.1} % of what takers traded"
        ),
        P::InstitutionalZones => {
            format!("the net strength of the {of}order blocks is {figure:+.2}")
        }
        P::SupportResistance => format!("{of}support less resistance is {percent:+.1} % of both"),
        P::TrendPosition => {
            format!("the {of}EMA 20 less EMA 50 is {figure:+.2} average true ranges")
        }
        P::StructureProfile => {
            format!("the price is {figure:+.2} half widths from the middle of the {of}value area")
        }
        P::StructureBreaks => {
            format!("the {of}breaks of structure sum up to {figure:+.2} average true ranges")
        }
        P::RangeAnalysis => {
            format!("the price stands at {figure:+.2} of -1 to +1 in the range of 50 {of}candles")
        }
        P::FairValueGaps => {
            format!("the open {of}fair value gaps are {figure:+.2} average true ranges")
        }
        P::FundingRate => {
            let side = either("below", "above");
            format!("funding is {figure:+.4} % per 8 hours, {side} the mean of its history")
        }
        P::Liquidations => format!(
            "{over}longs less shorts that were liquidated are {percent:+.2} % of the turnover"
        ),
        P::Volatility => {
            format!("{percent:.1} % of the variance of the last 49 {of}returns is upward")
        }
        P::LongShortRatio => format!("{percent:.1} % of the accounts are long"),
        P::MarketActivity => {
            let way = either("rose", "fell");
            format!("the day's volume is {figure:.2} times an average day's, and the price {way}")
        }
    }
}

/// "on average over 15 min, ", where the figure is one of books.
fn books(basis: Basis) -> String {
    match basis {
        Basis::Books { span_ms } if span_ms > 0 => {
            format!("on average over {}, ", duration(span_ms))
        }
        Basis::Books { .. }
        | Basis::Window { .. }
        | Basis::Facts
        | Basis::Candles(_)
        | Basis::Trades { .. } => String::new(),
    }
}

/// "over 15 min, ", where the figure is of what happened in a time.
fn window(basis: Basis) -> String {
    match basis {
        Basis::Window { span_ms } => format!("over {}, ", duration(span_ms)),
        Basis::Facts | Basis::Candles(_) | Basis::Books { .. } | Basis::Trades { .. } => {
            String::new()
        }
    }
}

/// "of the last 1000 trades, over 12 s, ", where the figure is one of trades.
fn trades(basis: Basis) -> String {
    match basis {
        Basis::Trades { count, span_ms } => {
            format!("of the last {count} trades, over {}, ", duration(span_ms))
        }
        Basis::Facts | Basis::Candles(_) | Basis::Books { .. } | Basis::Window { .. } => {
            String::new()
        }
    }
}

/// Seconds up to two minutes, minutes up to two hours, then hours; rounded up, so that no span is
/// said to be zero.
fn duration(ms: u64) -> String {
    match ms.div_ceil(1_000).max(1) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reading;
    use super::*;
    use shared::analysis::scores::timeframe::Timeframe;

    fn found(lean: f64, figure: f64) -> Evidence {
        Evidence::whole(Reading::new(lean, figure).unwrap(), 1.0)
    }

    #[track_caller]
    fn check(
        dimension: Dimension,
        score: f64,
        evidence: &[(SubComponent, Evidence)],
        expected: &str,
    ) {
        let evidence = evidence.iter().copied().collect();
        assert_eq!(
            interpret(dimension, Score::new(score).unwrap(), &evidence).as_deref(),
            Some(expected)
        );
    }

    const MEDIUM: Basis = Basis::Candles(Timeframe::Medium);
    const TRADES: Basis = Basis::Trades {
        count: 1_000,
        span_ms: 11_200,
    };

    #[test]
    fn a_verdict_is_explained_by_the_part_that_pulls_most_its_way() {
        // The CCI pulls .15·.9 down, the RSI .2·.4 up and the oscillator .2·.3 up.
        let parts = [
            (SubComponent::Cci, found(-0.9, 294.4).on(MEDIUM)),
            (SubComponent::Rsi, found(0.4, 70.0).on(MEDIUM)),
            (
                SubComponent::Ao,
                found(0.3, 0.62).on(Basis::Candles(Timeframe::Long)),
            ),
        ];
        let bearish =
            "Technical is bearish at 34.0: the 30-minute CCI (20) is +294.4, read as contrarian.";
        check(Dimension::Technical, 34.0, &parts, bearish);
        check(
            Dimension::Technical,
            71.0,
            &parts,
            "Technical is bullish at 71.0: the 30-minute RSI (14) is 70.0.",
        );
        assert_eq!(
            interpret(
                Dimension::Volume,
                Score::new(34.0).unwrap(),
                &parts.into_iter().collect()
            ),
            None
        );
    }

    #[test]
    fn where_there_is_no_verdict_no_extreme_is_its_reason() {
        let parts = [
            (SubComponent::Cci, found(-0.9, 310.0).on(MEDIUM)),
            (SubComponent::Rsi, found(0.4, 70.0).on(MEDIUM)),
            (SubComponent::Ao, found(-1e-12, 0.0).on(MEDIUM)),
        ];
        let neutral = "Technical is neutral at 49.0: bullish parts 1 of 3, bearish parts 1 of 3.";
        check(Dimension::Technical, 49.0, &parts, neutral);
    }

    #[test]
    fn a_part_that_is_read_against_what_it_measures_says_so() {
        let crowd = [(SubComponent::LongShortRatio, found(-0.76, 0.78))];
        let said =
            "Sentiment is bearish at 12.0: 78.0 % of the accounts are long, read as contrarian.";
        check(Dimension::Sentiment, 12.0, &crowd, said);
        let funding = [(SubComponent::FundingRate, found(0.7, -0.02))];
        let said = "Sentiment is bullish at 85.0: funding is -0.0200 % per 8 hours, below the mean of its history, \
                    read as contrarian.";
        check(Dimension::Sentiment, 85.0, &funding, said);
        let overbought = [(SubComponent::WilliamsR, found(-0.8, -10.0).on(MEDIUM))];
        let said = "Technical is bearish at 30.0: the 30-minute Williams' %R (14) is -10.0, read as contrarian.";
        check(Dimension::Technical, 30.0, &overbought, said);
    }

    #[test]
    fn trades_are_told_with_their_number_and_time() {
        let flow = [(SubComponent::Cvd, found(0.6, 0.61).on(TRADES))];
        let said = "Order flow is bullish at 80.0: of the last 1000 trades, over 12 s, takers bought 61.0 % of the volume.";
        check(Dimension::Orderflow, 80.0, &flow, said);
        let times = [0, 119_000, 119_001, 7_140_000, 7_200_000].map(duration);
        assert_eq!(times, ["1 s", "119 s", "2 min", "119 min", "2 h"]);
    }

    #[test]
    fn what_happened_is_told_with_its_time() {
        let minutes = Basis::Window { span_ms: 890_000 };
        let fleeting = [(SubComponent::FleetingOrders, found(-0.3, 0.1).on(minutes))];
        let said = "Order book is bearish at 35.0: over 15 min, bids less asks that were taken away within 2 s are \
                    +10.0 % of what was shown, read as contrarian.";
        check(Dimension::Orderbook, 35.0, &fleeting, said);
        let hour = Basis::Window { span_ms: 3_600_000 };
        let liquidated = [(SubComponent::Liquidations, found(0.46, 0.005).on(hour))];
        let said = "Sentiment is bullish at 73.0: over 60 min, longs less shorts that were liquidated are +0.50 % of the \
                    turnover, read as contrarian.";
        check(Dimension::Sentiment, 73.0, &liquidated, said);
    }

    #[test]
    fn a_rank_is_called_a_rank_and_what_signs_it_is_said() {
        let pace = [(SubComponent::TradeLiquidity, found(-0.5, 0.55).on(TRADES))];
        let said = "Order flow is bearish at 25.0: of the last 1000 trades, over 12 s, takers net sell, at a pace of \
                    percentile rank 55 in its own history.";
        check(Dimension::Orderflow, 25.0, &pace, said);
        let interest = [(SubComponent::OpenInterest, found(-0.9, 100.0))];
        let said = "Order flow is bearish at 5.0: open interest changed by +100.00 % in four hours while the price fell.";
        check(Dimension::Orderflow, 5.0, &interest, said);
        let ranges = [(
            SubComponent::Atr,
            found(0.6, 1.5).on(Basis::Candles(Timeframe::Base)),
        )];
        let said = "Technical is bullish at 80.0: the 1-minute average true range (14) is 1.50 times its mean with the \
                    price above its average (20).";
        check(Dimension::Technical, 80.0, &ranges, said);
    }
}
