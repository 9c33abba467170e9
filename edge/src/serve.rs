//! One request, from the clock to the response.

use crate::config::{self, Config, ConfigError};
use crate::policy::{self, DEADLINES, Decision, Refresh};
use crate::refresh::{self, Wait};
use crate::respond::route::Route;
use crate::respond::{self, Extra, Wish};
use crate::{clock, memory};
use shared::endpoints::{Endpoint, HEALTH};
use shared::freshness::Freshness;
use shared::headers::cache_status::{self, Forward};
use shared::headers::{age_secs, ttl_secs};
use shared::problem::{Failure, jittered_retry_after_secs};
use shared::projection;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{Request, Response};
use worker::{Context, Env};

/// How often one request waits. Once is the rule; more only when a refresh was replaced while the request waited for it.
const MAX_WAITS: u8 = 3;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Data(Endpoint),
    Health,
}

/// How a request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    Head,
    Options,
}

/// Answers a request.
///
/// # Errors
/// What the runtime throws when it refuses a header; none can occur, for all of them are ours.
pub async fn serve(request: &Request, env: &Env, context: &Context) -> Result<Response, JsValue> {
    let started = clock::now();
    let method = method(&request.method());
    let mut wish = Wish { head: method == Some(Method::Head), if_none_match: None };
    let refuse = |failure: &Failure, wish: &Wish| respond::problem(failure, wish, started, &Extra::new());
    let Some(target) = target(path(&request.url())) else {
        // A HEAD for nothing is answered as a GET would be, without the body.
        return refuse(&Failure::NotFound, &wish);
    };
    match method {
        None => return refuse(&Failure::MethodNotAllowed, &wish),
        Some(Method::Options) => return respond::preflight(started),
        Some(Method::Get | Method::Head) => {}
    }
    let config = match config::of(env) {
        Ok(config) => config,
        Err(error) => {
            log_config(&error);
            return refuse(&Failure::Internal, &wish);
        }
    };
    wish.if_none_match = request.headers().get("if-none-match")?;
    let (found, route) = acquire(context, &config, started).await;
    let now = clock::now();
    let answer = Answer { target, route: &route, now, config: &config };
    let response = match &found {
        Found::Data { valid, class } => answer.data(valid, *class, &wish),
        Found::Nothing { held } => answer.unavailable(*held, &wish),
    }?;
    if !route.is_plain_hit() {
        answer.log(&found, &response, started);
    }
    Ok(response)
}

/// What a request gets.
enum Found {
    Data { valid: Rc<ValidSnapshot>, class: Freshness },
    Nothing { held: Option<UnixMs> },
}

/// Finds what may be shown, waiting for the shared refresh where the policy says so.
async fn acquire(context: &Context, config: &Rc<Config>, started: UnixMs) -> (Found, Route) {
    let mut waited: Option<(Forward, Wait)> = None;
    let mut waits_left = MAX_WAITS;
    loop {
        let now = clock::now();
        let held = memory::snapshot();
        let as_of = held.as_ref().map(|held| held.get().as_of_ms);
        let left_ms = DEADLINES.total_ms.saturating_sub(now.millis_since(started));
        // Whoever has waited long enough takes what there is, as after a failure.
        let refresh = if left_ms == 0 || waits_left == 0 { Refresh::Failed } else { refresh::state(now) };
        let class = match policy::decide(as_of, now, &config.limits, refresh) {
            Decision::WaitForRefresh => {
                let reason = if as_of.is_some() { Forward::Stale } else { Forward::UriMiss };
                let wait = refresh::wait(context, config, left_ms).await;
                waits_left -= 1;
                waited = Some(waited.map_or((reason, wait), |(reason, before)| (reason, before.and_then(wait))));
                continue;
            }
            Decision::Serve(class) => Some(class),
            Decision::ServeAndRefresh(class) => {
                refresh::start(context, config);
                Some(class)
            }
            Decision::LastKnownGood => Some(Freshness::Stale),
            Decision::Unavailable => None,
        };
        let found = match (held, class) {
            (Some(valid), Some(class)) => Found::Data { valid, class },
            _ => Found::Nothing { held: as_of },
        };
        return (found, route(waited, class));
    }
}

fn route(waited: Option<(Forward, Wait)>, class: Option<Freshness>) -> Route {
    let is_servable = matches!(class, Some(Freshness::Fresh | Freshness::Aging));
    let Some((reason, wait)) = waited else {
        return Route::Held { after: refresh::last().filter(|_| !is_servable) };
    };
    match refresh::last().filter(|report| report.generation >= wait.generation) {
        // The colo's cache had something to serve before the refresh was over.
        None if is_servable => Route::Held { after: None },
        report => Route::Waited { reason, role: wait.role, report },
    }
}

/// What all parts of a response need.
struct Answer<'r> {
    target: Target,
    route: &'r Route,
    now: UnixMs,
    config: &'r Config,
}

impl Answer<'_> {
    fn data(&self, valid: &Rc<ValidSnapshot>, class: Freshness, wish: &Wish) -> Result<Response, JsValue> {
        if let Target::Data(endpoint) = self.target
            && let Some(reason) = projection::absence(valid, endpoint)
        {
            // What was made from tickers alone has no analysis.
            let failure = Failure::not_analysed(reason, self.now);
            return respond::problem(&failure, wish, self.now, &self.about_sources());
        }
        let as_of = valid.get().as_of_ms;
        let ttl = ttl_secs(as_of, self.now, &self.config.limits);
        let mut extra = vec![
            ("age", age_secs(as_of, self.now).to_string()),
            ("date", self.now.http_date()),
            (cache_status::NAME, self.route.cache_status(class, ttl)),
        ];
        extra.extend(self.about_sources());
        match self.target {
            Target::Data(endpoint) => respond::data(&memory::rendered(valid, endpoint, class)?, wish, &extra),
            Target::Health => respond::health(&respond::health::body(valid, class, self.now), wish, self.now, &extra),
        }
    }

    fn unavailable(&self, held: Option<UnixMs>, wish: &Wish) -> Result<Response, JsValue> {
        let failure = Failure::NoValidData {
            sources: self.route.outcomes(held),
            retry_after_secs: jittered_retry_after_secs(self.now),
        };
        respond::problem(&failure, wish, self.now, &self.about_sources())
    }

    fn about_sources(&self) -> Extra {
        let proxy_status = self.route.proxy_status().map(|value| ("proxy-status", value));
        let server_timing = self.route.server_timing().map(|value| ("server-timing", value));
        proxy_status.into_iter().chain(server_timing).collect()
    }

    /// One line for every answer that was not simply held.
    fn log(&self, found: &Found, response: &Response, started: UnixMs) {
        let (class, as_of) = match found {
            Found::Data { valid, class } => (Some(class.name()), Some(valid.get().as_of_ms)),
            Found::Nothing { held } => (None, *held),
        };
        let header = |name| response.headers().get(name).ok().flatten();
        let line = serde_json::json!({
            "event": "request",
            "target": match self.target {
                Target::Data(endpoint) => endpoint.name(),
                Target::Health => "health",
            },
            "status": response.status(),
            "class": class,
            "age_ms": as_of.map(|as_of| self.now.millis_since(as_of)),
            "cache_status": header(cache_status::NAME),
            "proxy_status": header("proxy-status"),
            "took_ms": self.now.millis_since(started),
        });
        worker::console_log!("{line}");
    }
}

fn log_config(error: &ConfigError) {
    worker::console_error!("{}", serde_json::json!({"event": "bad_configuration", "reason": error.to_string()}));
}

fn method(name: &str) -> Option<Method> {
    match name {
        "GET" => Some(Method::Get),
        "HEAD" => Some(Method::Head),
        "OPTIONS" => Some(Method::Options),
        _ => None,
    }
}

fn target(path: &str) -> Option<Target> {
    if HEALTH.contains(&path) { Some(Target::Health) } else { Endpoint::at(path).map(Target::Data) }
}

/// The path of an absolute URL, without query and fragment.
fn path(url: &str) -> &str {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    after_scheme.find('/').and_then(|start| after_scheme.get(start..)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::endpoints::CLIENT_ROUTES;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        assert_eq!(path(url), expected, "of {url}");
    }

    #[test]
    fn a_path_is_what_stands_between_host_and_query() {
        check("https://a.example/mobile-data", "/mobile-data");
        check("https://a.example/mobile-data?t=1&x=/other#f", "/mobile-data");
        check("https://a.example/a/b/", "/a/b/");
        check("https://a.example", "/");
        check("https://a.example?x=/y", "/");
        check("", "/");
    }

    #[test]
    fn every_path_of_the_contract_has_its_target() {
        for (path, endpoint) in CLIENT_ROUTES {
            assert_eq!(target(path), Some(Target::Data(endpoint)));
        }
        for path in HEALTH {
            assert_eq!(target(path), Some(Target::Health));
        }
        for path in ["/", "/snapshot", "/metrics", "/health/live", "/mobile-data/", "/MOBILE-DATA"] {
            assert_eq!(target(path), None, "{path}");
        }
    }

    #[test]
    fn only_reading_is_allowed() {
        assert_eq!(method("HEAD"), Some(Method::Head));
        for other in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", ""] {
            assert_eq!(method(other), None, "{other}");
        }
    }
}
