//! What was found → response, counter, log line and data point.
//!
//! Invariant: every answer is counted once; only one that was not a plain hit is also logged, and
//! throttled by its state.

use super::acquisition::Found;
use super::call::Call;
use crate::config::Role;
use crate::metrics::{self, Event, State};
use crate::respond::health::Health;
use crate::respond::{self, Extra, rendered_cache};
use crate::{bindings, memory, refresh};
use shared::endpoints::{Place, Question};
use shared::freshness::Freshness;
use shared::headers::cache_status;
use shared::headers::{
    DIRECT_PLACE, JSON, REQUEST_ID, age_secs, data_source, fails_if_match, ttl_secs,
};
use shared::problem::{Failure, jittered_retry_after_secs};
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Response;
use worker::AnalyticsEngineDataPointBuilder;

/// One answer in the making.
pub(super) struct Answer<'c> {
    call: &'c Call,
    now: UnixMs,
}

/// What is recorded of an answer beside its response.
struct Record {
    state: State,
    source: &'static str,
    class: Option<Freshness>,
    as_of: Option<UnixMs>,
}

impl<'c> Answer<'c> {
    pub(super) fn of(call: &'c Call, now: UnixMs) -> Self {
        Self { call, now }
    }

    /// Answers with what was found.
    pub(super) fn found(&self, found: &Found) -> Result<Response, JsValue> {
        let (response, record) = match (&found.data, &self.call.place) {
            // Readiness fails when only stale data is held, so that load balancers go elsewhere.
            (Some((valid, Freshness::Stale)), Place::Ready) => {
                self.unavailable(found, Some(valid.get().as_of_ms))?
            }
            (Some((valid, class)), _) => self.data(found, valid, *class)?,
            (None, _) => {
                self.unavailable(found, memory::snapshot().map(|held| held.get().as_of_ms))?
            }
        };
        self.record(&response, &record, found.path.is_plain_hit())?;
        Ok(response)
    }

    /// Answers with a failure that has nothing to do with data.
    pub(super) fn refusal(&self, failure: &Failure) -> Result<Response, JsValue> {
        let response = self.problem(failure, &Extra::new())?;
        let record = Record {
            state: State::RateLimited,
            source: metrics::NO_DATA,
            class: None,
            as_of: None,
        };
        self.record(&response, &record, false)?;
        Ok(response)
    }

    fn data(
        &self,
        found: &Found,
        valid: &Rc<ValidSnapshot>,
        class: Freshness,
    ) -> Result<(Response, Record), JsValue> {
        let as_of = valid.get().as_of_ms;
        let source = data_source(valid.get(), class);
        let record = |state| Record {
            state,
            source,
            class: Some(class),
            as_of: Some(as_of),
        };
        let Place::Data(query) = &self.call.place else {
            let health = Health::of(valid, class, self.now, bindings::build(&self.call.env))
                .with_direct_colo(refresh::direct_colo())
                .body();
            let extra = self.about_data(found, as_of, class);
            let response = respond::uncached(JSON, &health, self.call.head, self.now, &extra)?;
            return Ok((response, record(found.state())));
        };
        match self.body(found, valid, query, class)? {
            Ok(response) => Ok((response, record(found.state()))),
            Err(failure) => {
                let is_refusal = matches!(failure, Failure::NotFound | Failure::PreconditionFailed);
                let state = if is_refusal {
                    State::Refused
                } else {
                    State::NotAnalysed
                };
                Ok((
                    self.problem(&failure, &about_sources(found))?,
                    record(state),
                ))
            }
        }
    }

    fn body(
        &self,
        found: &Found,
        valid: &Rc<ValidSnapshot>,
        query: &Question<'_>,
        class: Freshness,
    ) -> Result<Result<Response, Failure>, JsValue> {
        match rendered_cache::rendered(valid, query, class, &self.call.deployment.config.limits)? {
            Ok(_)
                if fails_if_match(
                    self.call
                        .preconditions
                        .if_match
                        .as_deref()
                        .map(str::as_bytes),
                ) =>
            {
                Ok(Err(Failure::PreconditionFailed))
            }
            Ok(rendered) => {
                let extra = self.about_data(found, valid.get().as_of_ms, class);
                rendered
                    .answer(
                        self.call.head,
                        self.call.preconditions.if_none_match.as_deref(),
                        &extra,
                    )
                    .map(Ok)
            }
            Err(absence) => Ok(Err(Failure::absent(absence, self.now))),
        }
    }

    fn unavailable(
        &self,
        found: &Found,
        held: Option<UnixMs>,
    ) -> Result<(Response, Record), JsValue> {
        let failure = Failure::NoValidData {
            sources: found.path.outcomes(held),
            retry_after_secs: jittered_retry_after_secs(self.now),
        };
        let response = self.problem(&failure, &about_sources(found))?;
        let record = Record {
            state: State::Unavailable,
            source: metrics::NO_DATA,
            class: None,
            as_of: held,
        };
        Ok((response, record))
    }

    /// A problem carries the request ID, so that it can be found in the log. Data does not: a cache on
    /// the way would hand one client's ID to others.
    fn problem(&self, failure: &Failure, about: &Extra) -> Result<Response, JsValue> {
        let mut extra = about.clone();
        extra.push((REQUEST_ID, self.call.client.id().as_str().to_owned()));
        respond::problem(failure, self.call.head, self.now, &extra)
    }

    fn about_data(&self, found: &Found, as_of: UnixMs, class: Freshness) -> Extra {
        let ttl = ttl_secs(as_of, self.now, &self.call.deployment.config.limits);
        let mut extra = vec![
            ("age", age_secs(as_of, self.now).to_string()),
            ("date", self.now.http_date()),
            (cache_status::NAME, found.path.cache_status(class, ttl)),
        ];
        if self.call.deployment.config.role == Role::Direct {
            extra.extend(memory::arrival().map(|place| (DIRECT_PLACE, place)));
        }
        extra.extend(about_sources(found));
        extra
    }

    /// Counts the answer. One that was not a plain hit also gets a log line and a data point, unless
    /// its state is throttled.
    fn record(
        &self,
        response: &Response,
        record: &Record,
        is_plain_hit: bool,
    ) -> Result<(), JsValue> {
        metrics::answered(record.state, record.source);
        if is_plain_hit {
            return Ok(());
        }
        let Some(left_out) = metrics::admit_log_line(record.state, self.now) else {
            return Ok(());
        };
        let header = |name| response.headers().get(name);
        let (cache_status, proxy_status) = (header(cache_status::NAME)?, header("proxy-status")?);
        let age_ms = record.as_of.map(|as_of| self.now.millis_since(as_of));
        let took_ms = self.now.millis_since(self.call.started);
        let line = serde_json::json!({
            "event": "request",
            "request_id": self.call.client.id().as_str(),
            "target": self.call.place.name(),
            "state": record.state.name(),
            "alert": record.state.alert().map(metrics::Alert::name),
            "status": response.status(),
            "source": record.source,
            "class": record.class.map(Freshness::name),
            "age_ms": age_ms,
            "cache_status": cache_status,
            "proxy_status": proxy_status,
            "took_ms": took_ms,
            "left_out": left_out,
        });
        if record.state.alert().is_some() {
            worker::console_warn!("{line}");
        } else {
            worker::console_log!("{line}");
        }
        self.data_point(response.status(), record, (age_ms, took_ms), left_out + 1);
        Ok(())
    }

    /// Writes a data point. It is indexed by state: points are sampled per index, so a rare state is
    /// not lost among many of a frequent one.
    fn data_point(
        &self,
        status: u16,
        record: &Record,
        (age_ms, took_ms): (Option<u64>, u64),
        answers: u64,
    ) {
        let Some(dataset) = bindings::analytics(&self.call.env) else {
            return;
        };
        // A data point has no null: −1 stands for an unknown age.
        let age_ms = age_ms.map_or(-1.0, |age_ms| age_ms as f64);
        let class = record.class.map_or("none", Freshness::name);
        let build = bindings::build(&self.call.env).unwrap_or_default();
        let point = AnalyticsEngineDataPointBuilder::new()
            .indexes([record.state.name()])
            .add_blob(record.state.name())
            .add_blob(self.call.place.name())
            .add_blob(record.source)
            .add_blob(class)
            .add_blob(build)
            .add_double(f64::from(status))
            .add_double(age_ms)
            .add_double(took_ms as f64)
            .add_double(answers as f64)
            .build();
        let written = point
            .to_js_object()
            .map_err(JsValue::from)
            .and_then(|point| dataset.write_data_point(point));
        if written.is_err() {
            metrics::event(Event::DataPointFailed);
        }
    }
}

fn about_sources(found: &Found) -> Extra {
    let proxy_status = found
        .path
        .proxy_status()
        .map(|value| ("proxy-status", value));
    let server_timing = found
        .path
        .server_timing()
        .map(|value| ("server-timing", value));
    proxy_status.into_iter().chain(server_timing).collect()
}
