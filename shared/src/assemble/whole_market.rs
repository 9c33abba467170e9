//! The whole market's figures, checked against the rest of the snapshot: a section that contradicts
//! another part is absent.

use crate::market::whole::Contradiction;
use crate::market::{DefiMarket, GlobalMarket};
use crate::provenance::{Feed, Source};
use crate::snapshot::{Lack, Section};
use crate::units::Price;

/// The whole market's figures, unless they contradict themselves or Bitcoin's price.
pub(super) fn believed(
    section: Section<GlobalMarket>,
    bitcoin: Price,
    tickers_source: Source,
) -> Section<GlobalMarket> {
    unless_contradicted(section, |global, source| {
        global.check()?;
        // A simulated exchange has a Bitcoin price of its own, which real capitalisations rightly
        // contradict.
        if tell_one_market(source, tickers_source) {
            global.check_supply(bitcoin)
        } else {
            Ok(())
        }
    })
}

/// The DeFi figures, unless they cannot be a part of the whole market's.
pub(super) fn believed_part(
    section: Section<DefiMarket>,
    whole: &Section<GlobalMarket>,
) -> Section<DefiMarket> {
    unless_contradicted(section, |defi, source| {
        defi.check()?;
        match whole {
            Section::Present {
                source: other,
                value,
                ..
            } if tell_one_market(source, *other) => defi.check_part_of(value),
            _ => Ok(()),
        }
    })
}

/// Whether figures of two sources describe one market at one time. Two recordings may be of
/// different years.
fn tell_one_market(one: Source, other: Source) -> bool {
    one.feed == other.feed && one.feed != Feed::Replayed
}

fn unless_contradicted<T>(
    section: Section<T>,
    check: impl FnOnce(&T, Source) -> Result<(), Contradiction>,
) -> Section<T> {
    match &section {
        Section::Present { source, value, .. } if check(value, *source).is_err() => {
            Section::absent(Lack::FiguresContradict.label())
        }
        _ => section,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freshness::Freshness;
    use crate::provenance::Venue;
    use crate::units::{Amount, Share, UnixMs};

    const LIVE: Source = Source::live(Venue::CoinGecko);
    const REPLAYED: Source = Source {
        venue: Venue::CoinGecko,
        feed: Feed::Replayed,
    };
    const SIMULATED: Source = Source {
        venue: Venue::CoinGecko,
        feed: Feed::Simulated,
    };

    fn present<T>(value: T, source: Source) -> Section<T> {
        Section::Present {
            source,
            as_of_ms: UnixMs::from_secs(1),
            freshness: Freshness::Fresh,
            value,
        }
    }

    fn global(market_cap: f64) -> GlobalMarket {
        GlobalMarket {
            total_market_cap: Amount::new(market_cap).unwrap(),
            volume_24h: Amount::new(market_cap * 0.05).unwrap(),
            market_cap_change_24h_pct: None,
            btc_dominance: Share::new(60.0).ok(),
            eth_dominance: None,
            stablecoin_dominance: None,
            active_cryptocurrencies: None,
        }
    }

    #[track_caller]
    fn check_global(market_cap: f64, source: Source, tickers: Feed, is_believed: bool) {
        let tickers = Source {
            venue: Venue::Bybit,
            feed: tickers,
        };
        let section = believed(
            present(global(market_cap), source),
            Price::new(60_000.0).unwrap(),
            tickers,
        );
        let reason = (!is_believed).then_some("figures_contradict");
        assert_eq!(
            section.reason(),
            reason,
            "{market_cap} of {source} beside {tickers}"
        );
    }

    #[test]
    fn a_capitalisation_that_bitcoins_price_contradicts_is_absent() {
        check_global(2e12, LIVE, Feed::Live, true);
        check_global(6e12, LIVE, Feed::Live, false);
        check_global(6e12, SIMULATED, Feed::Simulated, false);
    }

    #[test]
    fn figures_of_different_markets_are_not_compared() {
        check_global(6e12, REPLAYED, Feed::Replayed, true);
        check_global(6e12, LIVE, Feed::Simulated, true);
        check_global(6e15, REPLAYED, Feed::Replayed, false);
    }

    #[track_caller]
    fn check_part(market_cap: f64, whole: &Section<GlobalMarket>, is_believed: bool) {
        let market_cap = Amount::new(market_cap).unwrap();
        let defi = DefiMarket {
            market_cap,
            volume_24h: None,
            dominance: Share::new(4.0).ok(),
        };
        let reason = (!is_believed).then_some("figures_contradict");
        assert_eq!(
            believed_part(present(defi, LIVE), whole).reason(),
            reason,
            "{market_cap:?} of {whole:?}"
        );
    }

    #[test]
    fn a_part_that_the_whole_contradicts_is_absent() {
        check_part(8e10, &present(global(2e12), LIVE), true);
        check_part(8e11, &present(global(2e12), LIVE), false);
        check_part(8e11, &present(global(2e12), REPLAYED), true);
        check_part(8e11, &Section::absent("timeout"), true);
        check_part(8e15, &Section::absent("timeout"), false);
    }
}
