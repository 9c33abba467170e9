//! The order-flow dimension: trades by the taker's side, and open interest.
//!
//! Exactly symmetric when the sides are exchanged and prices are reflected as p → c²/p, each trade
//! keeping what a part weighs it by: its size, or its value.

use super::flow::Flow;
use super::maths::{NET_SHARE_GAIN, net_share, percentile, tail};
use super::reading::Reading;
use super::swings::{BUCKETS, Bucket, divergence};
use shared::market::positioning::OpenInterest;
use shared::units::UnixMs;

/// The windows of the imbalance, ms, and their weights: the newest minute weighs most, the longest
/// steadies it.
const IMBALANCE_WINDOWS: [(u64, f64); 3] = [(60_000, 0.5), (5 * 60_000, 0.3), (15 * 60_000, 0.2)];

/// The fewest trades for a window to count.
const FEWEST_OF_WINDOW: usize = 10;

/// The weights of the four views of pressure.
const PRESSURE_BY_VOLUME: f64 = 0.4;
const PRESSURE_BY_VALUE: f64 = 0.3;
const PRESSURE_BY_COUNT: f64 = 0.2;
const PRESSURE_BY_LARGE: f64 = 0.1;

/// The time over which open interest and price are compared.
const OPEN_INTEREST_WINDOW_MS: u64 = 4 * 3_600_000;

/// How much older the earlier open interest may be, ms; beyond that the history has a gap.
const OPEN_INTEREST_SLACK_MS: u64 = 3_600_000;

/// The change of open interest that gives tanh(1), percent.
const OPEN_INTEREST_SCALE_PCT: f64 = 4.0;

/// The change of price that gives tanh(1), percent: about what goes with 4 % of open interest.
const PRICE_SCALE_PCT: f64 = 2.0;

/// The factor for a move on falling open interest: positions are closed rather than opened.
const FALLING_INTEREST: f64 = 0.4;

/// Cumulative volume delta: tanh(3 · Σ±q/Σq) over the trades whose side is known. Figure: the share
/// bought, 0–1.
#[must_use]
pub fn cvd(flow: &Flow) -> Option<Reading> {
    Reading::new(
        (NET_SHARE_GAIN * flow.net_volume()).tanh(),
        bought(flow.net_volume()),
    )
}

/// Trade flow by value: tanh(3 · Σ±pq/Σpq). Figure: the share bought, 0–1.
#[must_use]
pub fn trade_flow(flow: &Flow) -> Option<Reading> {
    // By value, which differs from the volume when the price moved within the window.
    let net = flow.net(|print| print.price * print.size);
    Reading::new((NET_SHARE_GAIN * net).tanh(), bought(net))
}

/// A net share −1…1 as the share of the buyers 0–1.
fn bought(net: f64) -> f64 {
    (1.0 + net) / 2.0
}

/// Open interest: tanh(ΔP/2 %) · tanh(|ΔOI|/4 %) over four hours, ×0.4 when it falls. Figure: the
/// growth of the open interest in percent, as in the alert.
///
/// Rising open interest confirms a move, because new positions pay for it. The change of open
/// interest is the simple one, as everywhere; that of the price is a log return, so that a fall
/// weighs as much as the rise that undoes it. `price_at` gives the price at a moment. `None` when
/// the history does not reach back four hours, or has a gap of more than an hour there.
#[must_use]
pub fn open_interest(
    history: &[OpenInterest],
    price_at: impl Fn(UnixMs) -> Option<f64>,
) -> Option<Reading> {
    let last = history.last()?;
    let age = |point: &OpenInterest| last.time_ms.millis_since(point.time_ms);
    let first = history
        .iter()
        .rev()
        // The newest point that is old enough, so the span is as close to four hours as the rows
        // allow.
        .find(|point| age(point) >= OPEN_INTEREST_WINDOW_MS)?;
    if age(first) > OPEN_INTEREST_WINDOW_MS + OPEN_INTEREST_SLACK_MS {
        return None;
    }
    let (before, after) = (first.one_sided_base.get(), last.one_sided_base.get());
    let interest_pct = 100.0 * (after / before - 1.0);
    let price_pct = log_return_pct(price_at(first.time_ms)?, price_at(last.time_ms)?);
    Reading::new(open_interest_lean(interest_pct, price_pct), interest_pct)
}

fn open_interest_lean(interest_pct: f64, price_pct: f64) -> f64 {
    let confirms = if interest_pct >= 0.0 {
        1.0
    } else {
        FALLING_INTEREST
    };
    // Continuous at ΔOI = 0, where the factor jumps: the middle term is 0 there.
    (price_pct / PRICE_SCALE_PCT).tanh()
        * (interest_pct.abs() / OPEN_INTEREST_SCALE_PCT).tanh()
        * confirms
}

fn log_return_pct(before: f64, after: f64) -> f64 {
    100.0 * (after / before).ln()
}

/// Divergence of price and cumulative volume delta at the price's swings (module `swings`): tanh(3
/// · divergence). Figure: the divergence, −1…1.
///
/// The trades are cut into 20 runs of equal count; up to 19 of the oldest that fill none are left
/// out. A run's price is the size-weighted mean of log prices. `None` for fewer than 100 trades, or
/// when no price moved.
#[must_use]
pub fn smart_money_flow(flow: &Flow) -> Option<Reading> {
    const FEWEST_PER_BUCKET: usize = 5;
    // Runs of equal count, not of equal time: a quiet minute would be a run of one trade.
    let per_bucket = flow.prints.len() / BUCKETS;
    if per_bucket < FEWEST_PER_BUCKET {
        return None;
    }
    let mut delta = 0.0;
    let runs = tail(&flow.prints, per_bucket * BUCKETS).chunks_exact(per_bucket);
    let buckets: Vec<Bucket> = runs
        .map(|run| {
            let (mut logs, mut volume) = (0.0, 0.0);
            for print in run {
                logs += print.size * print.price.ln();
                volume += print.size;
                delta += print.sign * print.size;
            }
            Bucket {
                log_price: logs / volume,
                delta,
            }
        })
        .collect();
    let divergence = divergence(&buckets)?;
    Reading::new((NET_SHARE_GAIN * divergence).tanh(), divergence)
}

/// Imbalance: (bought − sold) / both by size over the last 1, 5 and 15 minutes before the newest
/// trade, weighted .5/.3/.2 and renormalised over the windows of 10 trades and more. Figure: that
/// share.
#[must_use]
pub fn imbalance(flow: &Flow) -> Option<Reading> {
    let windows = IMBALANCE_WINDOWS.iter().filter_map(|(window_ms, weight)| {
        // Prints are sorted oldest first, so a window is their tail.
        let begin = flow
            .prints
            .partition_point(|print| print.ago_ms > *window_ms);
        let prints = flow
            .prints
            .get(begin..)
            .filter(|prints| prints.len() >= FEWEST_OF_WINDOW)?;
        Some((
            weight,
            net_share(prints.iter().map(|print| (print.sign, print.size))),
        ))
    });
    let (sum, weights) = windows.fold((0.0, 0.0), |(sum, weights), (weight, net)| {
        (sum + weight * net, weights + weight)
    });
    // 0/0 without a window: the part is missing. A mean of shares needs no `tanh`.
    Reading::new(sum / weights, sum / weights)
}

/// Liquidity: the percentile of the pace of trading among its own history, signed by the flow: P ·
/// tanh(3 · Σ±q/Σq). Figure: the percentile, 0–1.
///
/// Much trading is neither bullish nor bearish, and a mirrored market trades as much. It says how
/// much the flow is worth.
#[must_use]
pub fn liquidity(flow: &Flow, rate: f64, earlier_rates: &[f64]) -> Option<Reading> {
    let percentile = percentile(rate, earlier_rates)?;
    Reading::new(
        percentile * (NET_SHARE_GAIN * flow.net_volume()).tanh(),
        percentile,
    )
}

/// Pressure: tanh(3 · (.4 by volume + .3 by value + .2 by count + .1 by large trades)), each
/// (bought − sold) / both. Figure: that sum.
///
/// Large trades enter by the square of their size: a limit for "large" would make the score jump at
/// it.
#[must_use]
pub fn pressure(flow: &Flow) -> Option<Reading> {
    let net = PRESSURE_BY_VOLUME * flow.net_volume()
        + PRESSURE_BY_VALUE * flow.net(|print| print.price * print.size)
        + PRESSURE_BY_COUNT * flow.net(|_| 1.0)
        + PRESSURE_BY_LARGE * flow.net(|print| print.size * print.size);
    Reading::new((NET_SHARE_GAIN * net).tanh(), net)
}

#[cfg(test)]
mod tests {
    use super::super::flow::testing::flow;
    use super::*;
    use crate::scores::maths::testing::check;
    use shared::units::Amount;

    #[test]
    fn cvd_and_trade_flow_weigh_by_size_and_by_value() {
        // Bought 3 at 10, sold 1 at 50: by size (3 − 1)/4 = 0.5, tanh(1.5) = 0.905148;
        // by value (30 − 50)/80 = −0.25, tanh(−0.75) = −0.635149.
        let flow = flow(&[(1.0, 3.0, 10.0), (-1.0, 1.0, 50.0)]);
        check(cvd(&flow).unwrap().lean.get(), 0.905_148);
        check(trade_flow(&flow).unwrap().lean.get(), -0.635_149);
        check(cvd(&flow).unwrap().figure, 0.75);
    }

    #[test]
    fn pressure_adds_its_four_views() {
        // The same two trades: volume 0.5, value −0.25, count 0, squares (9 − 1)/10 = 0.8.
        // 0.4·0.5 − 0.3·0.25 + 0 + 0.1·0.8 = 0.205, tanh(0.615) = 0.547637.
        let pressure = pressure(&flow(&[(1.0, 3.0, 10.0), (-1.0, 1.0, 50.0)])).unwrap();
        check(pressure.figure, 0.205);
        check(pressure.lean.get(), 0.547_637);
    }

    #[test]
    fn imbalance_reads_the_newest_trades_most() {
        // Forty sold two minutes before ten are bought, all of one size: +1 over a minute, −30/50
        // over five and fifteen. 0.5·1 − 0.3·0.6 − 0.2·0.6 = 0.2.
        let prints = [vec![(-1.0, 1.0, 10.0); 40], vec![(1.0, 1.0, 10.0); 10]].concat();
        let mut flow = flow(&prints);
        for print in &mut flow.prints[..40] {
            print.ago_ms = 120_000;
        }
        check(imbalance(&flow).unwrap().figure, 0.2);
        // Nine are no window: only the longer ones count.
        flow.prints.pop();
        check(imbalance(&flow).unwrap().figure, -31.0 / 49.0);
    }

    #[test]
    fn open_interest_confirms_when_it_rises() {
        // tanh(2/2)·tanh(4/4) = 0.761594² = 0.580026; falling as much ×0.4.
        check(open_interest_lean(4.0, 2.0), 0.580_026);
        check(open_interest_lean(4.0, -2.0), -0.580_026);
        check(open_interest_lean(-4.0, 2.0), 0.232_010);
        check(open_interest_lean(0.0, 5.0), 0.0);
    }

    #[test]
    fn open_interest_needs_its_four_hours() {
        let point = |minutes: u64, interest: f64| OpenInterest {
            time_ms: UnixMs::from_secs(60 * minutes),
            one_sided_base: Amount::new(interest).unwrap(),
        };
        let price = |time: UnixMs| Some(if time.as_secs() == 0 { 100.0 } else { 102.0 });
        let whole = open_interest(
            &[point(0, 100.0), point(120, 1.0), point(240, 104.0)],
            price,
        )
        .unwrap();
        // 4 %, and ln(1.02) = 1.980263 %: tanh(0.990131)·tanh(1) = 0.757418·0.761594.
        check(whole.figure, 4.0);
        check(whole.lean.get(), 0.576_845);
        assert_eq!(
            open_interest(&[point(0, 100.0), point(239, 104.0)], price),
            None,
            "too short"
        );
        assert_eq!(
            open_interest(&[point(0, 100.0), point(301, 104.0)], price),
            None,
            "a gap"
        );
        assert_eq!(
            open_interest(&[point(0, 0.0), point(240, 104.0)], price),
            None,
            "nothing was open"
        );
    }

    #[test]
    fn liquidity_is_signed_by_the_flow() {
        // A pace equal to its history: 1/2; a net share of 1/3: tanh(1).
        let flow = flow(&[(1.0, 2.0, 10.0), (-1.0, 1.0, 10.0)]);
        check(
            liquidity(&flow, 5.0, &[5.0; 20]).unwrap().lean.get(),
            0.5 * 0.761_594,
        );
        assert_eq!(liquidity(&flow, 5.0, &[5.0; 19]), None);
    }
}
