//! The plausibility checks of figures of the whole market: among themselves, with Bitcoin's price,
//! and with those of DeFi.
//!
//! The bounds are wide on purpose. They catch a wrong currency, a wrong unit or a placeholder, and
//! must never reject a real market. The checks against other sources run when a snapshot is
//! assembled ([`crate::assemble`]), where both figures are at hand.

use super::{DefiMarket, GlobalMarket};
use crate::units::{Amount, Price, Share};
use std::ops::RangeInclusive;

/// The capitalisation that the whole market can have, USD. It was 0.1 trillion in 2017 and 4
/// trillion in 2025.
const MARKET_CAP_USD: RangeInclusive<f64> = 1e11..=1e14;

/// The capitalisation that DeFi can have, USD. It was a billion in 2020.
const DEFI_MARKET_CAP_USD: RangeInclusive<f64> = 1e8..=1e14;

/// The share of a capitalisation that can be traded in a day.
const TURNED_OVER: RangeInclusive<f64> = 0.001..=1.0;

/// The number of bitcoins that share, capitalisation and price may imply: half to twice of those
/// that exist.
const BITCOINS: RangeInclusive<f64> = 10e6..=42e6;

/// The factor within which the two figures of DeFi must agree: they are computed up to an hour
/// apart.
const MAX_DEFI_FACTOR: f64 = 1.5;

/// Two figures that cannot both be true.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Contradiction {
    /// A capitalisation that no market has.
    #[error("a capitalisation of {usd} USD, beyond {} to {} USD", limits.0, limits.1)]
    Capitalisation {
        /// As stated, USD.
        usd: f64,
        /// The least and the most, USD.
        limits: (f64, f64),
    },
    /// A volume that the capitalisation cannot have.
    #[error("a volume of {volume_usd} USD on a capitalisation of {market_cap_usd} USD")]
    Volume {
        /// Volume of 24 hours, USD.
        volume_usd: f64,
        /// Capitalisation, USD.
        market_cap_usd: f64,
    },
    /// A share of a capitalisation that at this price would be more or fewer coins than there can
    /// be.
    #[error("Bitcoin's share of the capitalisation is {coins} coins at its price")]
    Supply {
        /// The coins that share, capitalisation and price imply.
        coins: f64,
    },
    /// A part that is worth more than the whole.
    #[error("decentralised finance is worth {part_usd} USD of {whole_usd} USD")]
    PartAboveWhole {
        /// Capitalisation of the part, USD.
        part_usd: f64,
        /// Capitalisation of the whole, USD.
        whole_usd: f64,
    },
    /// A part whose share of the whole is another than the stated one.
    #[error(
        "decentralised finance is worth {part_usd} USD, its share of the whole {implied_usd} USD"
    )]
    Dominance {
        /// Capitalisation of the part as stated, USD.
        part_usd: f64,
        /// Capitalisation by the stated share, USD.
        implied_usd: f64,
    },
}

/// Whether a capitalisation can have this volume in a day.
#[must_use]
pub fn is_volume_of(volume: Amount, market_cap: Amount) -> bool {
    TURNED_OVER.contains(&(volume.get() / market_cap.get()))
}

impl GlobalMarket {
    /// Whether the figures of one answer agree.
    ///
    /// # Errors
    /// The first [`Contradiction`] among them.
    pub fn check(&self) -> Result<(), Contradiction> {
        // First, because the volume below is judged by its share of the capitalisation.
        check_capitalisation(self.total_market_cap, &MARKET_CAP_USD)?;
        if is_volume_of(self.volume_24h, self.total_market_cap) {
            return Ok(());
        }
        Err(Contradiction::Volume {
            volume_usd: self.volume_24h.get(),
            market_cap_usd: self.total_market_cap.get(),
        })
    }

    /// Whether Bitcoin's share agrees with its price, as far as the share is known.
    ///
    /// # Errors
    /// [`Contradiction::Supply`].
    pub fn check_supply(&self, bitcoin: Price) -> Result<(), Contradiction> {
        let coins =
            // Three figures of two sources at once: a wrong currency, a wrong share or a wrong
            // price each changes the number of coins, which is known.
            |share: Share| self.total_market_cap.get() * share.get() / 100.0 / bitcoin.get();
        match self.btc_dominance.map(coins) {
            Some(coins) if !BITCOINS.contains(&coins) => Err(Contradiction::Supply { coins }),
            _ => Ok(()),
        }
    }
}

impl DefiMarket {
    /// Whether the figures of one answer agree.
    ///
    /// # Errors
    /// [`Contradiction::Capitalisation`].
    pub fn check(&self) -> Result<(), Contradiction> {
        check_capitalisation(self.market_cap, &DEFI_MARKET_CAP_USD)
    }

    /// Whether this can be a part of the whole market, and the part that it states.
    ///
    /// # Errors
    /// [`Contradiction::PartAboveWhole`] or [`Contradiction::Dominance`].
    pub fn check_part_of(&self, whole: &GlobalMarket) -> Result<(), Contradiction> {
        let (part_usd, whole_usd) = (self.market_cap.get(), whole.total_market_cap.get());
        if part_usd > whole_usd {
            return Err(Contradiction::PartAboveWhole {
                part_usd,
                whole_usd,
            });
        }
        let Some(dominance) = self.dominance else {
            return Ok(());
        };
        let implied_usd = whole_usd * dominance.get() / 100.0;
        let factor = (part_usd / implied_usd).max(implied_usd / part_usd);
        // Comparisons with NaN are false, so NaN is a contradiction, too.
        if factor <= MAX_DEFI_FACTOR {
            Ok(())
        } else {
            Err(Contradiction::Dominance {
                part_usd,
                implied_usd,
            })
        }
    }
}

fn check_capitalisation(
    market_cap: Amount,
    allowed: &RangeInclusive<f64>,
) -> Result<(), Contradiction> {
    let usd = market_cap.get();
    if allowed.contains(&usd) {
        return Ok(());
    }
    Err(Contradiction::Capitalisation {
        usd,
        limits: (*allowed.start(), *allowed.end()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global(market_cap: f64, volume: f64, btc_dominance: Option<f64>) -> GlobalMarket {
        GlobalMarket {
            total_market_cap: Amount::new(market_cap).unwrap(),
            volume_24h: Amount::new(volume).unwrap(),
            market_cap_change_24h_pct: None,
            btc_dominance: btc_dominance.map(|share| Share::new(share).unwrap()),
            eth_dominance: None,
            stablecoin_dominance: None,
            active_cryptocurrencies: None,
        }
    }

    #[track_caller]
    fn check_global(market_cap: f64, volume: f64, is_believed: bool) {
        assert_eq!(
            global(market_cap, volume, None).check().is_ok(),
            is_believed,
            "{volume} of {market_cap}"
        );
    }

    #[test]
    fn a_volume_is_between_a_thousandth_and_the_whole_of_the_capitalisation() {
        check_global(2e12, 1e11, true);
        check_global(2e12, 2e9, true);
        check_global(2e12, 1.9e9, false);
        check_global(2e12, 2e12, true);
        check_global(2e12, 2.1e12, false);
        check_global(2e12, 0.0, false);
    }

    #[test]
    fn a_capitalisation_is_one_that_a_market_can_have() {
        check_global(1e11, 1e10, true);
        check_global(9e10, 1e10, false);
        check_global(1e14, 1e13, true);
        check_global(2.3e19, 1e18, false);
    }

    #[track_caller]
    fn check_supply(btc_dominance: Option<f64>, bitcoin: f64, is_believed: bool) {
        let found = global(2e12, 1e11, btc_dominance).check_supply(Price::new(bitcoin).unwrap());
        assert_eq!(found.is_ok(), is_believed, "{found:?}");
    }

    #[test]
    fn a_share_is_as_many_bitcoins_as_there_can_be() {
        check_supply(Some(60.0), 60_000.0, true);
        check_supply(Some(60.0), 28_000.0, false);
        check_supply(Some(60.0), 121_000.0, false);
        check_supply(None, 1.0, true);
    }

    #[track_caller]
    fn check_part(market_cap: f64, dominance: Option<f64>, is_believed: bool) {
        let defi = DefiMarket {
            market_cap: Amount::new(market_cap).unwrap(),
            volume_24h: None,
            dominance: dominance.map(|share| Share::new(share).unwrap()),
        };
        let found = defi.check_part_of(&global(2e12, 1e11, None));
        assert_eq!(found.is_ok(), is_believed, "{found:?}");
    }

    #[test]
    fn a_part_is_no_more_than_the_whole_and_has_the_share_that_it_says() {
        check_part(8e10, Some(4.0), true);
        check_part(1.19e11, Some(4.0), true);
        check_part(1.21e11, Some(4.0), false);
        check_part(5.4e10, Some(4.0), true);
        check_part(5.3e10, Some(4.0), false);
        check_part(8e10, None, true);
        check_part(2.1e12, None, false);
        check_part(8e10, Some(0.0), false);
    }
}
