//! The rate limit of requests that wait for a refresh, per client. What is in memory is given to
//! everybody, so only a request that would wait is counted.
//!
//! Invariant: the limiter can only ever refuse by its own word. A request without an address, and a
//! limiter that fails or hangs, limit no one.

use crate::metrics::{self, Event};
use crate::{bindings, clock};
use js_sys::{Object, Reflect};
use std::net::IpAddr;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use worker::Env;
use worker::worker_sys::RateLimiter;

/// How long the limiter may take, milliseconds. A slower one would cost the client more than it
/// protects.
const WAIT_MS: u64 = 25;

/// Whether this client may go on.
pub(super) async fn admits(env: &Env, address: Option<&str>) -> bool {
    let Some(key) = address.and_then(key) else {
        return true;
    };
    let Some(limiter) = bindings::rate_limiter(env) else {
        return true;
    };
    match clock::within(WAIT_MS, ask(&limiter, &key)).await {
        Some(Ok(admitted)) => admitted,
        Some(Err(_)) | None => {
            // Counted, for a limiter that always fails protects nobody and is not noticed
            // otherwise.
            metrics::event(Event::RateLimiterFailed);
            true
        }
    }
}

async fn ask(limiter: &RateLimiter, key: &str) -> Result<bool, JsValue> {
    let query = Object::new();
    Reflect::set(&query, &JsValue::from_str("key"), &JsValue::from_str(key))?;
    let answer = JsFuture::from(limiter.limit(query)?).await?;
    let success = Reflect::get(&answer, &JsValue::from_str("success"))?;
    success.as_bool().ok_or(success)
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, for one host has a
/// whole such network to itself.
fn key(address: &str) -> Option<String> {
    match address.trim().parse().ok()? {
        IpAddr::V4(v4) => Some(v4.to_string()),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            // An IPv4 client in IPv6 notation has one budget, not two.
            Some(v4) => Some(v4.to_string()),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Option<&str>) {
        assert_eq!(key(address).as_deref(), expected, "{address:?}");
    }

    #[test]
    fn a_client_is_an_address_or_a_network() {
        check("203.0.113.7", Some("203.0.113.7"));
        check("::ffff:203.0.113.7", Some("203.0.113.7"));
        check("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64"));
        check("2001:db8:1:2:ffff::1", Some("2001:db8:1:2::/64"));
    }

    #[test]
    fn what_is_no_address_is_no_client() {
        for bad in [
            "",
            "localhost",
            "1.2.3",
            "1.2.3.4, 5.6.7.8",
            "::1%eth0",
            "<script>",
        ] {
            check(bad, None);
        }
    }
}
