//! The market overview as clients read it.
//!
//! Several fields repeat one figure under other names: clients in the field read different ones, so
//! none is removed. Absent figures are `null`.

use crate::snapshot::{Regime, Snapshot};
use crate::units::{Amount, Percent, Price, Score, Share, UnixMs, round_to};
use serde::Serialize;

/// All figures of the market, flat. Absent figures are `null`.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct MarketOverview<'s> {
    /// One string, `"Category: Label"`.
    market_regime: String,
    market_regime_details: RegimeDetails<'s>,
    trend_strength: Option<Score>,
    /// How much prices trend, whichever way: ADX(14) of four-hour candles, 0–100.
    trend_adx: Option<Score>,
    /// Contracts in that mean.
    trend_adx_contracts: Option<usize>,
    /// Of hourly returns over 24 hours, percent a day.
    realised_volatility: Option<Amount>,
    /// The mean of the same over 30 days.
    realised_volatility_avg: Option<Amount>,
    /// Contracts in these means.
    realised_volatility_contracts: Option<usize>,
    /// How far the 24-hour changes of the contracts lie apart, percent: 1.4826 × their median
    /// distance from the median.
    dispersion: Option<Amount>,
    volatility: Option<Amount>,
    current_volatility: Option<Amount>,
    market_dispersion: Option<Amount>,
    avg_volatility: Option<Amount>,
    btc_daily_volatility: Option<Amount>,
    btc_volatility: Option<Amount>,
    btc_price: Price,
    btc_dominance: Option<Share>,
    eth_dominance: Option<Share>,
    stablecoin_dominance: Option<Share>,
    altcoin_dominance: Option<Share>,
    /// The share of the stablecoins among the ten largest coins, percent: the source lists no
    /// smaller ones.
    stablecoin_top10_dominance: Option<Share>,
    /// What is left of the capitalisation beside Bitcoin, Ether and those stablecoins, percent.
    remaining_dominance: Option<Share>,
    altcoin_season: Option<&'static str>,
    /// Contracts that did better than Bitcoin over 90 days, percent.
    altcoin_share: Option<Share>,
    /// Contracts that were compared.
    altcoin_share_contracts: Option<usize>,
    total_market_cap: Option<Amount>,
    market_cap_change_24h: Option<Percent>,
    /// All-market volume, USD.
    coingecko_volume_24h: Option<Amount>,
    total_volume: Option<Amount>,
    /// Turnover of our contracts, USD: another quantity than the two above.
    total_volume_24h: Option<Amount>,
    total_turnover: Option<Amount>,
    /// Contracts in that sum.
    turnover_contracts: Option<usize>,
    volume_mcap_ratio: Option<f64>,
    average_change: Percent,
    gainers: usize,
    losers: usize,
    flat: usize,
    fear_greed_value: Option<Share>,
    fear_greed_label: Option<&'s str>,
    defi_market_cap: Option<Amount>,
    defi_volume_24h: Option<Amount>,
    defi_dominance: Option<Share>,
    active_symbols: usize,
    active_cryptocurrencies: Option<u64>,
}

/// What the regime rests on.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct RegimeDetails<'s> {
    category: &'static str,
    label: &'s str,
    mean_score: Score,
    score_basis: crate::snapshot::ScoreBasis,
    breadth: &'s str,
    dispersion: &'s str,
    sentiment: Option<&'s str>,
    as_of_ms: UnixMs,
}

impl<'s> RegimeDetails<'s> {
    pub(super) fn of(regime: &'s Regime, as_of_ms: UnixMs) -> Self {
        Self {
            category: regime.direction.name(),
            label: &regime.label,
            mean_score: regime.mean_score,
            score_basis: regime.score_basis,
            breadth: &regime.breadth,
            dispersion: &regime.dispersion,
            sentiment: regime.sentiment.as_deref(),
            as_of_ms,
        }
    }
}

impl<'s> MarketOverview<'s> {
    pub(super) fn of(snapshot: &'s Snapshot) -> Self {
        let (overview, breadth) = (&snapshot.overview, &snapshot.breadth);
        let global = snapshot.global_market.value();
        let defi = snapshot.defi_market.value();
        let fear_greed = snapshot.fear_greed.value();
        let statistics = snapshot.statistics.value();
        let trend = statistics.and_then(|s| s.trend_adx);
        let volatility = statistics.and_then(|s| s.realised_volatility);
        let season = statistics.and_then(|s| s.altcoin_share);
        let btc_dominance = btc_dominance(snapshot);
        let eth_dominance = global.and_then(|g| g.eth_dominance).and_then(shown);
        let stablecoin_dominance = global.and_then(|g| g.stablecoin_dominance).and_then(shown);
        let remaining_dominance = rest([btc_dominance, eth_dominance, stablecoin_dominance]);
        // Two decimals: the publisher's fifteen digits are no measurement.
        let volume = global.map(|g| g.volume_24h.rounded(2));
        Self {
            market_regime: snapshot.regime.wire_form(),
            market_regime_details: RegimeDetails::of(&snapshot.regime, snapshot.as_of_ms),
            trend_strength: overview.trend_strength,
            trend_adx: trend.map(|found| found.value),
            trend_adx_contracts: trend.map(|found| found.contracts),
            realised_volatility: volatility.map(|found| found.value.day),
            realised_volatility_avg: volatility.map(|found| found.value.month),
            realised_volatility_contracts: volatility.map(|found| found.contracts),
            // The robust dispersion under its own name; the aliases below keep the standard
            // deviation that existing clients know.
            dispersion: overview.robust_dispersion,
            volatility: overview.dispersion,
            current_volatility: overview.dispersion,
            market_dispersion: overview.dispersion,
            avg_volatility: overview.average_range,
            btc_daily_volatility: overview.btc_daily_volatility,
            btc_volatility: overview.btc_volatility,
            btc_price: overview.btc_price,
            btc_dominance,
            eth_dominance,
            stablecoin_dominance,
            altcoin_dominance: remaining_dominance,
            stablecoin_top10_dominance: stablecoin_dominance,
            remaining_dominance,
            // By Bitcoin's share alone, as existing clients know it; `altcoin_share` is the
            // measured figure.
            altcoin_season: btc_dominance.map(altcoin_season),
            altcoin_share: season.map(|found| found.value),
            altcoin_share_contracts: season.map(|found| found.contracts),
            total_market_cap: global.map(|g| g.total_market_cap.rounded(2)),
            market_cap_change_24h: global
                .and_then(|g| g.market_cap_change_24h_pct)
                .map(|p| p.rounded(4)),
            // Named by its source, because the turnover below is another quantity in the same unit.
            coingecko_volume_24h: volume,
            total_volume: volume,
            total_volume_24h: overview.total_turnover,
            total_turnover: overview.total_turnover,
            turnover_contracts: overview.turnover_contracts,
            volume_mcap_ratio: global.and_then(|g| ratio_pct(g.volume_24h, g.total_market_cap)),
            average_change: overview.average_change,
            gainers: breadth.up,
            losers: breadth.down,
            flat: breadth.flat,
            fear_greed_value: fear_greed.map(|index| index.value),
            fear_greed_label: fear_greed.map(|index| &*index.label),
            defi_market_cap: defi.map(|d| d.market_cap.rounded(2)),
            defi_volume_24h: defi.and_then(|d| d.volume_24h).map(|v| v.rounded(2)),
            defi_dominance: defi.and_then(|d| d.dominance).and_then(shown),
            active_symbols: snapshot.coverage.priced,
            active_cryptocurrencies: global.and_then(|g| g.active_cryptocurrencies),
        }
    }
}

pub(super) fn btc_dominance(snapshot: &Snapshot) -> Option<Share> {
    shown(snapshot.global_market.value()?.btc_dominance?)
}

/// A share to four decimals; `None` when it rounds to zero, since no coin's share of the market is
/// zero.
fn shown(share: Share) -> Option<Share> {
    Some(share.rounded(4)).filter(|share| share.get() > 0.0)
}

/// A part of a whole in percent, to four decimals, or unrounded when four would show it as zero.
fn ratio_pct(part: Amount, whole: Amount) -> Option<f64> {
    let ratio = part.get() / whole.get() * 100.0;
    let rounded = round_to(ratio, 4);
    // A ratio of zero would read as a market without volume.
    Some(if rounded > 0.0 { rounded } else { ratio })
        .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
}

/// The rest of the whole: coins other than Bitcoin, Ether and stablecoins. Unknown when one of the
/// three is: the rest would contain it.
fn rest(shares: [Option<Share>; 3]) -> Option<Share> {
    let known: Option<Vec<f64>> = shares
        .into_iter()
        .map(|share| share.map(Share::get))
        .collect();
    Share::new(100.0 - known?.iter().sum::<f64>())
        .ok()
        .and_then(shown)
}

fn altcoin_season(btc_dominance: Share) -> &'static str {
    match btc_dominance.get() {
        share if share < 50.0 => "Active",
        share if share < 55.0 => "Emerging",
        _ => "Dormant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_altcoins_share_is_what_is_left_and_unknown_when_a_part_is() {
        let share = |value| Share::new(value).ok();
        assert_eq!(
            rest([share(60.0), share(10.0), share(8.0)]).map(Share::get),
            Some(22.0)
        );
        assert_eq!(rest([share(60.0), None, share(8.0)]), None);
        assert_eq!(rest([share(90.0), share(10.0), share(8.0)]), None);
        assert_eq!(rest([share(82.0), share(10.0), share(8.0)]), None);
    }

    #[track_caller]
    fn check_ratio(part: f64, whole: f64, expected: Option<f64>) {
        assert_eq!(
            ratio_pct(Amount::new(part).unwrap(), Amount::new(whole).unwrap()),
            expected
        );
    }

    #[test]
    fn a_small_part_of_the_whole_is_never_shown_as_none_of_it() {
        check_ratio(1e11, 2e12, Some(5.0));
        check_ratio(1.0, 2e12, Some(5e-11));
        check_ratio(0.0, 2e12, None);
        check_ratio(1.0, 0.0, None);
        assert_eq!(shown(Share::new(0.000_01).unwrap()), None);
    }

    #[test]
    fn the_season_changes_at_its_thresholds() {
        let at = |share| altcoin_season(Share::new(share).unwrap());
        assert_eq!(
            (at(49.99), at(50.0), at(54.99), at(55.0)),
            ("Active", "Emerging", "Emerging", "Dormant")
        );
    }
}
