//! What the deployment gives this Worker: its variables as text, and the handles of other services.
//! Only this file knows the names of bindings (`wrangler.toml`); [`crate::config`] knows what a
//! variable may say.

use js_sys::{Promise, Reflect};
use std::cell::OnceCell;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::RequestInit;
use worker::worker_sys::{AnalyticsEngineDataset, RateLimiter};
use worker::{Env, KvStore};

/// The Worker that owns the route to the exchanges.
const DIRECT: &str = "DIRECT";

/// The KV namespace of the last good snapshot.
const LAST_GOOD: &str = "LAST_GOOD";

/// The limiter of how often one client may wait.
const RATE_LIMIT: &str = "RATE_LIMIT";

/// The dataset of one data point per notable answer.
const ANALYTICS: &str = "ANALYTICS";

/// The platform's word on the deployed version.
const VERSION: &str = "CF_VERSION_METADATA";

#[wasm_bindgen]
extern "C" {
    /// Another Worker that is bound to this one.
    #[derive(Clone, Debug)]
    pub type Service;

    /// Sends it a request; it ignores the URL's host.
    #[wasm_bindgen(method, catch)]
    pub fn fetch(this: &Service, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// A variable as text. One of another type is rendered as text, so that the error can quote it.
pub fn variable(env: &Env, name: &str) -> Option<String> {
    let value = get(env, name)?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    let number = || value.as_f64().map(|number| number.to_string());
    Some(
        value
            .as_string()
            .or_else(number)
            .unwrap_or_else(|| "no text".to_owned()),
    )
}

/// The deployed version of the Worker, where the platform tells it.
pub fn build(env: &Env) -> Option<&'static str> {
    thread_local! {
        static BUILD: OnceCell<Option<&'static str>> = const { OnceCell::new() };
    }
    let read = || {
        let metadata = get(env, VERSION)?;
        let id = Reflect::get(&metadata, &JsValue::from_str("id"))
            .ok()?
            .as_string()?;
        // Leaked once: the version lasts as long as the isolate.
        (!id.is_empty()).then(|| &*id.leak())
    };
    BUILD.with(|cell| *cell.get_or_init(read))
}

/// The Worker that owns the route to the exchanges, where one is bound.
pub fn direct(env: &Env) -> Option<Service> {
    object(env, DIRECT)
}

/// The KV namespace that all colos share, where one is bound.
pub fn last_good(env: &Env) -> Option<KvStore> {
    let bound = env.kv(LAST_GOOD).ok();
    if bound.is_none() {
        let line = serde_json::json!({"event": "last_good_not_bound", "binding": LAST_GOOD});
        worker::console_log!("{line}");
    }
    bound
}

/// The rate limiter, where one is bound.
pub fn rate_limiter(env: &Env) -> Option<RateLimiter> {
    object(env, RATE_LIMIT)
}

/// The dataset for data points, where one is bound.
pub fn analytics(env: &Env) -> Option<AnalyticsEngineDataset> {
    object(env, ANALYTICS)
}

fn get(env: &Env, name: &str) -> Option<JsValue> {
    Reflect::get(env.as_ref(), &JsValue::from_str(name)).ok()
}

/// A binding that is an object. Its type is the deployment's affair and is not checked: a binding
/// of another type fails at its first call, which every caller outlives.
fn object<T: JsCast>(env: &Env, name: &str) -> Option<T> {
    let bound = get(env, name)?;
    bound.is_object().then(|| bound.unchecked_into())
}
