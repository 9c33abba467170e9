//! One listed contract and how its price comes about.

use super::noise;
use super::tide::Tide;
use crate::clock::DAY_MS;

/// The periods in which the premium of a contract jitters.
pub(super) const PREMIUM_PERIODS_MS: [i64; 2] = [20_000, 1_800_000];

/// What stands behind the contract; Bybit's `symbolType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Coin,
    Innovation,
    Stock,
    Commodity,
    Forex,
}

impl Class {
    pub(crate) fn symbol_type(self) -> &'static str {
        match self {
            Self::Coin => "",
            Self::Innovation => "innovation",
            Self::Stock => "stock",
            Self::Commodity => "commodity",
            Self::Forex => "forex",
        }
    }
}

/// Where a contract stands before its trading opens; Bybit's `curPreListingPhase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    NotStarted,
    CallAuction,
    CallAuctionNoCancel,
    CrossMatching,
    ContinuousTrading,
}

impl Phase {
    pub(crate) const ALL: [Self; 5] = [
        Self::NotStarted,
        Self::CallAuction,
        Self::CallAuctionNoCancel,
        Self::CrossMatching,
        Self::ContinuousTrading,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::CallAuction => "CallAuction",
            Self::CallAuctionNoCancel => "CallAuctionNoCancel",
            Self::CrossMatching => "CrossMatching",
            Self::ContinuousTrading => "ContinuousTrading",
        }
    }
}

/// The kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    UsdtPerpetual,
    UsdcPerpetual,
    Future { expiry_ms: i64 },
    PreListing(Phase),
}

/// A listed contract.
#[derive(Clone, Debug)]
pub(crate) struct Instrument {
    pub(crate) symbol: String,
    pub(crate) base_coin: String,
    pub(crate) class: Class,
    pub(crate) contract: Contract,
    pub(crate) symbol_id: u32,
    pub(crate) launch_ms: i64,
    /// Hours between fundings; 0 for dated futures.
    pub(crate) funding_interval_hours: i64,
    /// A price is a whole number of ticks of this many decimals.
    pub(crate) price_decimals: u32,
    /// A quantity is a whole number of steps of this many decimals.
    pub(crate) quantity_decimals: u32,
    /// The usual turnover of a day, USD.
    pub(crate) turnover_usd: f64,
    /// What the price wanders around, USDT.
    pub(crate) base_price: f64,
    /// How much of the whole market's move it takes part in.
    pub(crate) beta: f64,
    /// Its own move in a usual day, as a fraction.
    pub(crate) daily_move: f64,
    /// The randomness of the coin, shared by all contracts on it.
    pub(crate) coin_key: u64,
    /// The randomness of this contract alone.
    pub(crate) key: u64,
}

impl Instrument {
    /// The price of the thing itself.
    pub(crate) fn index_price(&self, tide: &Tide, at_ms: i64) -> f64 {
        if self.daily_move == 0.0 {
            return self.base_price;
        }
        let shared = match self.class {
            Class::Stock => tide.stocks,
            Class::Commodity | Class::Forex => 0.0,
            Class::Coin | Class::Innovation => tide.coins,
        };
        self.index_of(shared, noise::wander(self.coin_key, at_ms))
    }

    /// The price of the thing itself when the market's move is `shared` and its own curve stands at
    /// `own`.
    pub(super) fn index_of(&self, shared: f64, own: f64) -> f64 {
        self.base_price * self.beta.mul_add(shared, self.daily_move * own).exp()
    }

    /// By how much the contract trades above the thing itself, as a fraction.
    pub(crate) fn premium(&self, at_ms: i64) -> f64 {
        let jitter = PREMIUM_PERIODS_MS
            .iter()
            .map(|period_ms| noise::wave(self.key, at_ms, *period_ms))
            .sum();
        self.premium_of(jitter, at_ms)
    }

    /// The same when its jitter is known.
    pub(super) fn premium_of(&self, jitter: f64, at_ms: i64) -> f64 {
        const YEARLY_CARRY: f64 = 0.055;
        const YEAR_MS: f64 = 365.25 * DAY_MS as f64;
        let carry = match self.contract {
            Contract::Future { expiry_ms } => {
                YEARLY_CARRY * (expiry_ms - at_ms).max(0) as f64 / YEAR_MS
            }
            _ => 0.0,
        };
        (self.daily_move * 0.004)
            .clamp(0.000_05, 0.000_5)
            .mul_add(jitter, carry)
    }

    /// The price of the last trade.
    pub(crate) fn last_price(&self, tide: &Tide, at_ms: i64) -> f64 {
        self.index_price(tide, at_ms) * (1.0 + self.premium(at_ms))
    }

    /// Whether it can be traded now; before that there is neither a book nor a trade.
    pub(crate) fn is_trading(&self) -> bool {
        !matches!(self.contract, Contract::PreListing(phase) if phase != Phase::ContinuousTrading)
    }

    /// A price in whole ticks, at least one.
    pub(crate) fn ticks(&self, price: f64) -> i64 {
        ((price * 10_f64.powi(self.price_decimals.cast_signed())).round() as i64).max(1)
    }

    /// A quantity in whole steps.
    pub(crate) fn steps(&self, quantity: f64) -> i64 {
        (quantity * 10_f64.powi(self.quantity_decimals.cast_signed())).round() as i64
    }

    /// A price of whole ticks, USDT.
    pub(crate) fn price_of(&self, ticks: i64) -> f64 {
        ticks as f64 * 10_f64.powi(-self.price_decimals.cast_signed())
    }

    /// A quantity of whole steps, in the base coin.
    pub(crate) fn quantity_of(&self, steps: i64) -> f64 {
        steps as f64 * 10_f64.powi(-self.quantity_decimals.cast_signed())
    }

    /// The upper limit of the funding rate per interval, in hundred-millionths.
    pub(crate) fn funding_cap_e8(&self) -> i64 {
        match self.daily_move {
            calm if calm < 0.03 => 500_000,
            lively if lively < 0.06 => 1_000_000,
            wild if wild < 0.10 => 2_000_000,
            _ => 5_000_000,
        }
    }
}

/// Decimals of the price: about five digits in all, which is what the exchange offers.
pub(super) fn price_decimals(base_price: f64) -> u32 {
    let magnitude = base_price.log10().floor() as i64;
    u32::try_from((4 - magnitude).clamp(1, 10)).unwrap_or(1)
}

/// Decimals of the quantity: a step is worth between a tenth of a dollar and a hundred dollars.
pub(super) fn quantity_decimals(base_price: f64) -> u32 {
    let magnitude = base_price.log10().floor() as i64;
    u32::try_from((magnitude - 1).clamp(0, 3)).unwrap_or(0)
}
