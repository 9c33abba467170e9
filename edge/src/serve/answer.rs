//! What was found → response and record.
//!
//! Whether a path has data, a health body or a problem is decided here; statuses and bodies come
//! from `shared`.

use super::acquisition::Found;
use super::call::Call;
use super::record::Record;
use crate::config::Role;
use crate::metrics::{self, State};
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

/// One answer in the making.
pub(super) struct Answer<'c> {
    call: &'c Call,
    now: UnixMs,
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
            // What is held is past the last limit; its time is reported, its data is not shown.
            (None, _) => {
                self.unavailable(found, memory::snapshot().map(|held| held.get().as_of_ms))?
            }
        };
        record.write(self.call, &response, self.now, found.path.is_plain_hit())?;
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
        record.write(self.call, &response, self.now, false)?;
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
        // Health and readiness: derived from the data that a client would get.
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
                // A missing symbol is the client's affair; missing analysis is ours, and counted
                // apart.
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
            // RFC 9110 section 13.2.2: If-Match is evaluated before If-None-Match.
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
            // Jittered, or all clients of an outage would come back in the same second.
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

    /// A problem carries the request ID, so that it can be found in the log. Data does not: a cache
    /// on the way would hand one client's ID to others.
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
            extra.extend(memory::arrival().map(|colo| (DIRECT_PLACE, colo)));
        }
        extra.extend(about_sources(found));
        extra
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
