//! What is recorded of an answer: its counter, and for one that was not a plain hit a log line and
//! a data point.
//!
//! Invariants: every answer is counted once. Lines and points are throttled by state, so the cost
//! of an outage does not grow with its requests, and each says for how many answers it stands.

use super::call::Call;
use crate::bindings;
use crate::metrics::{self, Alert, Event, State};
use shared::freshness::Freshness;
use shared::headers::cache_status;
use shared::units::UnixMs;
use wasm_bindgen::JsValue;
use web_sys::Response;
use worker::AnalyticsEngineDataPointBuilder;

/// What is recorded of an answer beside its response.
pub(super) struct Record {
    pub(super) state: State,
    /// The producer of the data, as `X-Data-Source` says it.
    pub(super) source: &'static str,
    pub(super) class: Option<Freshness>,
    pub(super) as_of: Option<UnixMs>,
}

impl Record {
    /// Counts the answer; logs it unless it was a plain hit or its state is throttled.
    pub(super) fn write(
        &self,
        call: &Call,
        response: &Response,
        now: UnixMs,
        is_plain_hit: bool,
    ) -> Result<(), JsValue> {
        metrics::answered(self.state, self.source);
        // A line per hit would cost more than the hit, and say nothing that the counter does not.
        if is_plain_hit {
            return Ok(());
        }
        let Some(left_out) = metrics::admit_log_line(self.state, now) else {
            return Ok(());
        };
        // Read back from the response, so that the log says what the client was told.
        let header = |name| response.headers().get(name);
        let (cache_status, proxy_status) = (header(cache_status::NAME)?, header("proxy-status")?);
        let age_ms = self.as_of.map(|as_of| now.millis_since(as_of));
        let took_ms = now.millis_since(call.started);
        let line = serde_json::json!({
            "event": "request",
            "request_id": call.client.id().as_str(),
            "target": call.place.name(),
            "state": self.state.name(),
            "alert": self.state.alert().map(Alert::name),
            "status": response.status(),
            "source": self.source,
            "class": self.class.map(Freshness::name),
            "age_ms": age_ms,
            "cache_status": cache_status,
            "proxy_status": proxy_status,
            "took_ms": took_ms,
            "left_out": left_out,
        });
        if self.state.alert().is_some() {
            worker::console_warn!("{line}");
        } else {
            worker::console_log!("{line}");
        }
        self.data_point(call, response.status(), (age_ms, took_ms), left_out + 1);
        Ok(())
    }

    /// Writes a data point. It is indexed by state: points are sampled per index, so a rare state
    /// is not lost among many of a frequent one.
    fn data_point(
        &self,
        call: &Call,
        status: u16,
        (age_ms, took_ms): (Option<u64>, u64),
        answers: u64,
    ) {
        let Some(dataset) = bindings::analytics(&call.env) else {
            return;
        };
        // A data point has no null: −1 stands for an unknown age.
        let age_ms = age_ms.map_or(-1.0, |age_ms| age_ms as f64);
        let class = self.class.map_or("none", Freshness::name);
        let build = bindings::build(&call.env).unwrap_or_default();
        // Blobs and doubles are columns by position: new ones are appended, or queries break.
        let point = AnalyticsEngineDataPointBuilder::new()
            .indexes([self.state.name()])
            .add_blob(self.state.name())
            .add_blob(call.place.name())
            .add_blob(self.source)
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
        // The answer is ready: statistics that fail must not cost it.
        if written.is_err() {
            metrics::event(Event::DataPointFailed);
        }
    }
}
