//! Alerts: events that just happened, as facts.
//!
//! Identity, level and sentence are derived from the facts. So nothing that is stored can carry
//! foreign text except the symbol, which is checked.
//!
//! Liquidation cascades have no alert: they need the venue's liquidation stream, which nobody reads
//! yet.

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
    AlertEvent, FUNDING_TIERS_PCT, LARGE_TRADE_USD, MAX_FALLBACK_SHARE,
    OPEN_INTEREST_PRICE_MOVE_PCT, OPEN_INTEREST_TIERS_PCT, STALE_AFTER_MS, ScoreZone, Taker,
};
pub use fault::{AlertFault, MAX_ALERTS};
pub use kind::{AlertKind, AlertLevel, NoTier, Tier};
pub use regime_name::{MalformedRegime, RegimeName};
pub use section::AlertSection;
