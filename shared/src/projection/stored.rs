//! The value of each key of the store: plain JSON in a versioned envelope.
//!
//! Readers of the store may be other programs, so each value carries its version, number and time,
//! and is understood without any other key.

use super::alerts::alert_list;
use super::body::{body, json};
use super::confluence::{Analysed, signal_list};
use super::market::{MarketOverview, RegimeDetails, btc_dominance};
use super::rows::{MarketBreadth, ScoredSymbol, TopMovers};
use crate::endpoints::{Endpoint, StoreKey, breakdown_key};
use crate::freshness::{Freshness, Limits};
use crate::snapshot::Snapshot;
use crate::units::{Share, UnixMs};
use crate::validate::ValidSnapshot;
use serde::Serialize;

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    /// The key's name.
    pub key: String,
    /// Its value, JSON.
    pub value: Vec<u8>,
}

/// The envelope: readers judge age by `as_of_ms`, never by a key's presence.
#[derive(Serialize)]
struct Envelope<T> {
    schema_version: u32,
    sequence: u64,
    as_of_ms: UnixMs,
    data_source: &'static str,
    data: T,
}

#[derive(Serialize)]
struct RegimeEntry<'s> {
    market_regime: String,
    details: RegimeDetails<'s>,
}

#[derive(Serialize)]
struct DominanceEntry {
    btc_dominance: Option<Share>,
}

/// Every key of one publication.
///
/// # Errors
/// None that can occur, as for [`body()`].
pub fn stored(valid: &ValidSnapshot) -> Result<Vec<StoredEntry>, serde_json::Error> {
    let fixed = StoreKey::ALL.into_iter().map(|key| {
        Ok(StoredEntry {
            key: key.name().to_owned(),
            value: value(valid, key)?,
        })
    });
    let snapshot = valid.get();
    // One key per contract, so that a reader of one contract does not load all of them.
    let breakdowns = Analysed::all(snapshot).map(|analysed| {
        let value = enveloped(snapshot, analysed.breakdown(snapshot))?;
        Ok(StoredEntry {
            key: breakdown_key(analysed.symbol()),
            value,
        })
    });
    fixed.chain(breakdowns).collect()
}

fn value(valid: &ValidSnapshot, key: StoreKey) -> Result<Vec<u8>, serde_json::Error> {
    let snapshot = valid.get();
    match key {
        StoreKey::Overview => enveloped(snapshot, MarketOverview::of(snapshot)),
        StoreKey::Breadth => enveloped(snapshot, MarketBreadth::of(snapshot)),
        StoreKey::Movers => enveloped(snapshot, TopMovers::of(snapshot)),
        StoreKey::Tickers => enveloped(snapshot, ScoredSymbol::whole(snapshot)),
        StoreKey::Regime => enveloped(
            snapshot,
            RegimeEntry {
                market_regime: snapshot.regime.wire_form(),
                details: RegimeDetails::of(&snapshot.regime, snapshot.as_of_ms),
            },
        ),
        StoreKey::BtcDominance => enveloped(
            snapshot,
            DominanceEntry {
                btc_dominance: btc_dominance(snapshot),
            },
        ),
        StoreKey::Signals => enveloped(snapshot, signal_list(snapshot)),
        StoreKey::Alerts => enveloped(snapshot, alert_list(snapshot)),
        // A body and the snapshot carry version, sequence and time themselves, so they have no
        // envelope. The body is that of fresh data: it is stored at the moment of publication.
        StoreKey::MobileData => body(
            valid,
            Endpoint::MobileData,
            Freshness::Fresh,
            &Limits::DEFAULT,
        ),
        StoreKey::Snapshot => valid.to_json(),
    }
}

fn enveloped(snapshot: &Snapshot, data: impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    json(&Envelope {
        schema_version: snapshot.schema_version,
        sequence: snapshot.sequence,
        as_of_ms: snapshot.as_of_ms,
        // The producer and not `last_known_good`: at the time of writing the data is current.
        data_source: snapshot.producer.name(),
        data,
    })
}
