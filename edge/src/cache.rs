//! The colo's cache (Cache API), which outlives isolates: a snapshot, lists of contracts, and the
//! ledger of calls to exchanges, each under one constant key.
//!
//! Invariants:
//! * Nothing that a client sends reaches a key, so nobody can poison an entry.
//! * What is read passes its seal and then the validation boundary; what fails is deleted.
//! * An entry outlives every age limit, so the age of its data decides, never an HTTP lifetime.
//! * Every read has a deadline; a cache that hangs is a cache without an entry.

use crate::clock;
use crate::config::Role;
use crate::deployment;
use crate::metrics::{self, Event};
use crate::policy::{DEADLINES, Ledger};
use crate::seal::Seal;
use js_sys::{Reflect, Uint8Array};
use shared::freshness::{Limits, is_from_the_future};
use shared::market::{Universe, is_plausible_symbol};
use shared::provenance::Venue;
use shared::units::UnixMs;
use shared::validate::{Baseline, ValidSnapshot};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Response, ResponseInit, WorkerGlobalScope};

/// Keys are absolute URLs that no request can have: the host of a role, and one of these paths.
/// Each ends with the version of what is stored.
const SNAPSHOT: &str = "snapshot/1";
const UNIVERSE: &str = "universe/1";
const OKX_UNIVERSE: &str = "universe-okx/1";
const LEDGER: &str = "ledger/1";

/// The key of an entry. Workers of one zone share its cache, and the snapshots that the direct
/// Worker gives its callers are not those that the others show to clients.
fn key(entry: &str) -> String {
    let host = match deployment::role() {
        Role::Edge => "market-data-edge",
        Role::Direct => "market-data-direct",
    };
    format!("https://{host}.internal/{entry}")
}

/// When the cache may drop an entry: two days, far above every age limit.
const LIFETIME: &str = "max-age=172800";

/// How long a write may take, milliseconds. No client waits for it.
const WRITE_MS: u64 = 2_000;

/// The snapshot that an isolate of this colo stored, if it still passes the validation boundary.
pub async fn snapshot() -> Option<ValidSnapshot> {
    let read = |body: &[u8]| {
        ValidSnapshot::from_json(body, clock::now(), Baseline::default())
            .map_err(|error| error.to_string())
    };
    entry(SNAPSHOT, read).await
}

/// Stores a snapshot, unless what is stored is better. The Cache API has no compare-and-swap, so
/// this narrows the race between isolates and does not close it.
pub async fn keep_snapshot(valid: &ValidSnapshot, limits: &Limits) {
    if snapshot()
        .await
        .is_some_and(|stored| !valid.is_better(&stored, clock::now(), limits))
    {
        return;
    }
    // A snapshot always has a JSON form; without one there would be nothing to share.
    if let Ok(body) = valid.to_json() {
        store(SNAPSHOT, &body).await;
    }
}

/// The list of contracts of this venue that some isolate of this colo fetched.
pub async fn universe(venue: Venue) -> Option<Universe> {
    entry(universe_key(venue)?, |body| {
        read_universe(body, venue, clock::now())
    })
    .await
}

/// Stores a list of contracts for the other isolates.
pub async fn keep_universe(universe: &Universe) {
    if let (Ok(body), Some(key)) = (
        serde_json::to_vec(universe),
        universe_key(universe.source.venue),
    ) {
        store(key, &body).await;
    }
}

/// The entry of a venue's list; `None` where the venue has none that is fetched.
const fn universe_key(venue: Venue) -> Option<&'static str> {
    match venue {
        Venue::Bybit => Some(UNIVERSE),
        Venue::Okx => Some(OKX_UNIVERSE),
        Venue::Binance | Venue::CoinGecko | Venue::AlternativeMe => None,
    }
}

/// The ledger that the isolates of this colo share.
pub async fn ledger() -> Option<Ledger> {
    entry(LEDGER, |body| {
        Ledger::from_json(body).map_err(|error| error.to_string())
    })
    .await
}

/// Stores a ledger's bytes.
pub async fn keep_ledger(body: &[u8]) {
    store(LEDGER, body).await;
}

fn read_universe(body: &[u8], venue: Venue, now: UnixMs) -> Result<Universe, String> {
    let universe: Universe = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if universe.source.venue != venue {
        return Err(format!("the list is of {}", universe.source.venue.name()));
    }
    // Its age would be unknown, and it would be used for longer than a day.
    if is_from_the_future(universe.as_of_ms, now) {
        return Err("the list is from the future".to_owned());
    }
    match universe
        .contracts
        .keys()
        .find(|symbol| !is_plausible_symbol(symbol))
    {
        _ if universe.is_empty() => Err("the list is empty".to_owned()),
        Some(symbol) => Err(format!("{symbol:?} is no symbol")),
        None => Ok(universe),
    }
}

/// Reads an entry within its deadline. One that is damaged, or that `read` refuses, is deleted, or
/// every isolate would read and refuse it again.
async fn entry<T>(name: &str, read: impl FnOnce(&[u8]) -> Result<T, String>) -> Option<T> {
    let key = &key(name);
    // A cache that hangs or throws is one without an entry: the next source answers.
    let bytes = clock::within(DEADLINES.cache_ms, look_up(key))
        .await?
        .ok()
        .flatten()?;
    match bytes.and_then(|body| read(&body)) {
        Ok(value) => Some(value),
        Err(reason) => {
            metrics::event(Event::CacheRefused);
            worker::console_warn!(
                "{}",
                serde_json::json!({"event": "cache_entry_refused", "key": key, "reason": reason})
            );
            // Bounded like the read: this runs while clients wait.
            clock::within(DEADLINES.cache_ms, delete(key)).await;
            None
        }
    }
}

/// The bytes of an entry: `None` when there is none, an error text when they are not those that
/// were stored.
async fn look_up(key: &str) -> Result<Option<Result<Vec<u8>, String>>, JsValue> {
    let found = JsFuture::from(default_cache()?.match_with_str(key)).await?;
    if found.is_undefined() {
        return Ok(None);
    }
    // The runtime returns `undefined` for a miss, and a `Response` for a hit.
    let response: Response = found.dyn_into()?;
    let headers = response.headers();
    let seal = Seal::read(|name| headers.get(name).ok().flatten());
    // Read even without a seal: an answer whose body is never read keeps its connection.
    let body = match JsFuture::from(response.array_buffer()?).await {
        Ok(buffer) => Uint8Array::new(&buffer).to_vec(),
        Err(_) => return Ok(Some(Err("the entry broke off".to_owned()))),
    };
    Ok(Some(match seal {
        Some(seal) if response.status() == 200 => seal.check(&body).map(|()| body),
        _ => Err("the entry has no seal".to_owned()),
    }))
}

async fn delete(key: &str) -> Result<(), JsValue> {
    JsFuture::from(default_cache()?.delete_with_str(key))
        .await
        .map(drop)
}

/// Writes an entry. A write that fails is counted and changes nothing else; the cache does not say
/// whether it kept the entry.
async fn store(name: &str, body: &[u8]) {
    let key = &key(name);
    let put = async {
        let headers = Headers::new()?;
        headers.set("content-type", shared::headers::JSON)?;
        headers.set("cache-control", LIFETIME)?;
        for (name, value) in Seal::of(body, clock::now()).headers() {
            headers.set(name, &value)?;
        }
        let init = ResponseInit::new();
        init.set_headers(&headers);
        let response =
            Response::new_with_opt_js_u8_array_and_init(Some(&Uint8Array::from(body)), &init)?;
        JsFuture::from(default_cache()?.put_with_str(key, &response)).await
    };
    if let Some(Err(error)) = clock::within(WRITE_MS, put).await {
        metrics::event(Event::CacheWriteFailed);
        worker::console_warn!(
            "{}",
            serde_json::json!({"event": "cache_write_failed", "key": key, "reason": format!("{error:?}")})
        );
    }
}

fn default_cache() -> Result<web_sys::Cache, JsValue> {
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    // `caches.default` is Cloudflare's addition to the standard interface, so `web_sys` lacks it.
    Ok(Reflect::get(global.caches()?.as_ref(), &JsValue::from_str("default"))?.unchecked_into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    fn read(json: &str) -> Result<usize, String> {
        read_universe(json.as_bytes(), Venue::Bybit, NOW).map(|universe| universe.len())
    }

    #[test]
    fn a_stored_list_is_checked_again() {
        let at = |millis: u64, contracts: &str| {
            format!(r#"{{"as_of_ms":{millis},"source":"bybit","contracts":{contracts}}}"#)
        };
        assert_eq!(
            read(&at(1_788_869_000_000, r#"{"BTCUSDT":8.0,"ETHUSDT":null}"#)),
            Ok(2)
        );
        assert_eq!(
            read(&at(1_788_869_000_000, "{}")),
            Err("the list is empty".to_owned())
        );
        assert_eq!(
            read(&at(1_788_869_000_000, r#"{"<b>":8.0}"#)),
            Err(r#""<b>" is no symbol"#.to_owned())
        );
        assert_eq!(
            read(&at(1_788_873_600_000, r#"{"BTCUSDT":8.0}"#)),
            Err("the list is from the future".to_owned())
        );
        assert!(read("<html>").is_err());
        let okx = r#"{"as_of_ms":1788869000000,"source":"okx","contracts":{"BTCUSDT":null}}"#;
        assert_eq!(read(okx), Err("the list is of okx".to_owned()));
    }

    #[test]
    fn keys_carry_the_version_of_what_is_stored() {
        let version = format!("/{}", shared::snapshot::SCHEMA_VERSION);
        assert!(SNAPSHOT.ends_with(&version));
        assert_eq!(
            key(SNAPSHOT),
            format!("https://market-data-edge.internal/snapshot{version}")
        );
    }
}
