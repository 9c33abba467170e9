//! Alerts: events that just happened, as facts.
//!
//! Identity, level and sentence are derived from the facts. So nothing that is stored can carry
//! foreign text except the symbol, which is checked.

mod kind;
mod regime_name;

mod event;

mod fault;

mod alert;

mod body;

mod section;

pub use alert::Alert;
pub use body::{AlertBody, AlertDetails};
pub use event::{
    AlertEvent, CASCADE_FLOOR_USD, CASCADE_TIERS, FEWEST_CASCADE_WINDOWS, FUNDING_TIERS_PCT,
    LARGE_TRADE_USD, LEAST_CASCADE_DEVIATION_USD, LiquidationCascade, MAX_FALLBACK_SHARE,
    OPEN_INTEREST_PRICE_MOVE_PCT, OPEN_INTEREST_TIERS_PCT, STALE_AFTER_MS, ScoreZone, Taker,
};
pub use fault::{AlertFault, MAX_ALERTS};
pub use kind::{AlertKind, AlertLevel, NoTier, Tier};
pub use regime_name::{MalformedRegime, RegimeName};
pub use section::AlertSection;
