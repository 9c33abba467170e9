//! The operator's routes: that the Worker answers, and its counters.

use super::client_request::{self, Header};
use crate::metrics::{self, Gauges, State};
use crate::policy::Divergence;
use crate::refresh;
use crate::respond::{self, Extra};
use crate::{bindings, clock, memory};
use shared::headers::{JSON, bearer};
use shared::problem::{Failure, Realm};
use shared::units::UnixMs;
use subtle::ConstantTimeEq;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};
use worker::Env;

/// The bearer token of `/metrics`. Without it there is no such route.
const TOKEN: &str = "METRICS_TOKEN";

/// Whether `/metrics` exists.
pub(super) fn is_configured(env: &Env) -> bool {
    token(env).is_some()
}

fn token(env: &Env) -> Option<String> {
    bindings::variable(env, TOKEN).filter(|token| !token.is_empty())
}

/// Liveness: that the Worker answers, whatever the state of the data.
pub(super) fn live(env: &Env, head: bool, now: UnixMs) -> Result<Response, JsValue> {
    let body = serde_json::json!({"status": "alive", "build": bindings::build(env)}).to_string();
    respond::uncached(JSON, &body, head, now, &Extra::new())
}

/// The counters of this isolate, for a request with the token.
pub(super) fn metrics(
    request: &Request,
    env: &Env,
    head: bool,
    now: UnixMs,
) -> Result<Response, JsValue> {
    let given = client_request::header(request, Header::Authorization);
    // Counters tell the traffic of a deployment, so they are not for everybody.
    if !opens(given.as_deref(), token(env).as_deref()) {
        metrics::answered(State::Refused, metrics::NO_DATA);
        return respond::problem(
            &Failure::Unauthorized {
                realm: Realm::Metrics,
            },
            head,
            now,
            &Extra::new(),
        );
    }
    // Gauges are of this isolate alone, as the counters are.
    let held = memory::snapshot();
    let divergence = refresh::exercise()
        .and_then(|exercise| exercise.outcome.as_ref().ok().map(Divergence::known));
    let page = metrics::page(&Gauges {
        divergence: divergence.as_deref().unwrap_or_default(),
        build: bindings::build(env),
        age_ms: held
            .as_ref()
            .map(|held| clock::now().millis_since(held.get().as_of_ms)),
        quality: held.as_ref().map(|held| held.quality().get()),
        memory_bytes: memory_bytes(),
    });
    respond::uncached(metrics::CONTENT_TYPE, &page, head, now, &Extra::new())
}

/// Whether an `Authorization` value bears the token. Compared in constant time, so that its
/// duration does not tell how much of a guess is right.
fn opens(given: Option<&str>, token: Option<&str>) -> bool {
    let given = given.and_then(|value| bearer::token(value.as_bytes()));
    let (Some(given), Some(token)) = (given, token) else {
        return false;
    };
    given.ct_eq(token.as_bytes()).into()
}

fn memory_bytes() -> Option<f64> {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().dyn_into().ok()?;
    // WASM memory never shrinks, so its size is its peak.
    let buffer: js_sys::ArrayBuffer = memory.buffer().dyn_into().ok()?;
    Some(f64::from(buffer.byte_length()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: Option<&str>, token: Option<&str>, expected: bool) {
        assert_eq!(opens(given, token), expected, "{given:?} for {token:?}");
    }

    #[test]
    fn the_page_opens_to_the_token_alone() {
        check(Some("Bearer s3cret"), Some("s3cret"), true);
        check(Some("bearer  s3cret"), Some("s3cret"), true);
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "s3cret",
            "Basic s3cret",
            "Bearer s3cre",
            "Bearer s3cret2",
            "Bearer S3cret",
        ] {
            check(Some(wrong), Some("s3cret"), false);
        }
        check(None, Some("s3cret"), false);
        check(Some("Bearer s3cret"), None, false);
    }
}
