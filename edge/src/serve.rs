//! One request, from the clock to the response.
//!
//! What need not wait is answered at once, without a promise: a hit costs the runtime one call.
//! Only a request that has to wait for the shared refresh becomes a future.
//!
//! Order: route → settings → what is held → hit, or wait → answer. A hit reads no header but the
//! preconditions, and makes no request ID.

mod client_request;

mod limit;

mod operator;

mod call;

mod acquisition;

mod record;

mod answer;

use crate::clock;
use crate::config::{Config, Role};
use crate::deployment;
use crate::metrics::{self, Alert, State};
use crate::respond::{self, Extra, Preconditions, rendered_cache};
use acquisition::{Acquisition, Found, Step, WaitFor};
use answer::Answer;
use call::Call;
use client_request::{ClientRequest, Header};
use shared::endpoints::{self, Asked, Endpoint, NoPlace, Place, Question};
use shared::freshness::Freshness;
use shared::headers::cache_status::Forward;
use shared::headers::data_source;
use shared::problem::{Failure, jittered_retry_after_secs};
use shared::units::UnixMs;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Request, Response};
use worker::{Context, Env};

/// Answers a request: with a response where there is nothing to wait for, else with the promise of
/// one.
pub fn serve(request: Request, env: Env, context: Context) -> JsValue {
    let started = clock::now();
    match begin(request, env, context, started) {
        Ok(Progress::Answered(response)) => response.into(),
        Ok(Progress::Waits(call, acquisition, wait)) => {
            let waiting = Rc::clone(&call);
            let promise = future_to_promise(async move {
                let response = waiting
                    .finish(acquisition, wait)
                    .await
                    .or_else(|error| defect(&error, started))?;
                Ok(response.into())
            });
            // The runtime never drops the future of a request whose client has left, which would
            // leak its memory, so it is kept until its end. This throws only where there is
            // no request to belong to.
            let _ = call.context.as_ref().wait_until(&promise);
            promise.into()
        }
        Err(error) => defect(&error, started).map_or_else(|error| error, Into::into),
    }
}

/// How far a request gets without waiting.
enum Progress {
    Answered(Response),
    Waits(Rc<Call>, Acquisition, (Forward, WaitFor)),
}

/// Where a request leads.
enum Route<'u> {
    To { place: Place<'u>, head: bool },
    Answered(Response),
}

/// The route of a request. A method or path that there is not is answered at once.
fn route<'u>(
    request: &Request,
    method: &str,
    url: &'u str,
    env: &Env,
    now: UnixMs,
) -> Result<Route<'u>, JsValue> {
    let place = match client_request::place(url).and_then(|place| for_role(place, env)) {
        Ok(Place::Metrics) if !operator::is_configured(env) => Err(NoPlace::UnknownPath),
        place => place,
    };
    match endpoints::asked(method, place) {
        Ok(Asked::Read { place, head }) => Ok(Route::To { place, head }),
        Ok(Asked::Options) => {
            let requested = client_request::header(request, Header::RequestedHeaders);
            respond::preflight(requested.as_deref(), now).map(Route::Answered)
        }
        Err(none) => {
            // Counted but not logged: scanners would fill the log with paths of their choice.
            metrics::answered(State::Refused, metrics::NO_DATA);
            let head = method == "HEAD";
            respond::problem(&none.into(), head, now, &Extra::new()).map(Route::Answered)
        }
    }
}

fn begin(
    request: Request,
    env: Env,
    context: Context,
    started: UnixMs,
) -> Result<Progress, JsValue> {
    let (method, url) = (request.method(), request.url());
    let (place, head) = match route(&request, &method, &url, &env, started)? {
        Route::To { place, head } => (place, head),
        Route::Answered(response) => return Ok(Progress::Answered(response)),
    };
    let deployment = match deployment::of(&env) {
        Ok(deployment) => deployment,
        Err(error) => {
            return failed("bad_configuration", &error.to_string(), head, started)
                .map(Progress::Answered);
        }
    };
    match place {
        Place::Live => return operator::live(&env, head, started).map(Progress::Answered),
        Place::Metrics => {
            return operator::metrics(&request, &env, head, started).map(Progress::Answered);
        }
        Place::Data(_) | Place::Health | Place::Ready | Place::Snapshot => {}
    }
    // From here on it is data like any other, with its own endpoint.
    let place = if place == Place::Snapshot {
        Place::Data(Question::Whole(Endpoint::Snapshot))
    } else {
        place
    };
    let mut acquisition = Acquisition::new(started);
    let client = ClientRequest::new(request);
    let step = acquisition.next(&context, &deployment, &client);
    // The hot path: everything below this is for answers that are rarer.
    if let (Place::Data(query), false, Step::Found(found)) = (&place, head, &step)
        && let Some(response) = hit(&client.request, &deployment.config, query, found, started)?
    {
        return Ok(Progress::Answered(response));
    }
    let preconditions = Preconditions {
        if_none_match: client_request::header(&client.request, Header::IfNoneMatch),
        if_match: client_request::header(&client.request, Header::IfMatch),
    };
    let call = Call {
        place: place.into_owned(),
        head,
        preconditions,
        started,
        deployment,
        client,
        env,
        context,
    };
    match step {
        Step::Found(found) => call.answer(&found).map(Progress::Answered),
        Step::Wait(reason, wait) => Ok(Progress::Waits(Rc::new(call), acquisition, (reason, wait))),
    }
}

/// The whole snapshot is for Workers of ours and not for clients: only the direct Worker, which no
/// client reaches, hands it over.
fn for_role<'u>(place: Place<'u>, env: &Env) -> Result<Place<'u>, NoPlace> {
    let is_direct =
        || deployment::of(env).is_ok_and(|deployment| deployment.config.role == Role::Direct);
    if place == Place::Snapshot && !is_direct() {
        Err(NoPlace::UnknownPath)
    } else {
        Ok(place)
    }
}

/// The response to a GET from what is held, where no header beyond those of a hit is to be sent.
fn hit(
    request: &Request,
    config: &Config,
    query: &Question<'_>,
    found: &Found,
    now: UnixMs,
) -> Result<Option<Response>, JsValue> {
    let Found {
        data: Some((valid, class)),
        path,
    } = found
    else {
        return Ok(None);
    };
    // The direct Worker names its data centre on every answer.
    let has_more_headers = config.role == Role::Direct;
    if has_more_headers
        || !path.is_plain_hit()
        || client_request::header(request, Header::IfMatch).is_some()
    {
        return Ok(None);
    }
    // A query without an answer is rarer than a hit, and its problem needs the request ID.
    let Ok(rendered) = rendered_cache::rendered(valid, query, *class, &config.limits)? else {
        return Ok(None);
    };
    let if_none_match = client_request::header(request, Header::IfNoneMatch);
    let response = rendered.hit(if_none_match.as_deref(), now, &config.limits)?;
    metrics::answered(found.state(), data_source(valid.get(), *class));
    Ok(Some(response))
}

impl Call {
    /// Waits as long as the policy says, and answers.
    async fn finish(
        &self,
        mut acquisition: Acquisition,
        mut wait: (Forward, WaitFor),
    ) -> Result<Response, JsValue> {
        let address = client_request::header(&self.client.request, Header::ConnectingIp);
        // Fresh data waits so briefly for younger data that asking the rate limiter would cost
        // more.
        if wait.1 != WaitFor::Younger(Freshness::Fresh)
            && !limit::admits(&self.env, address.as_deref()).await
        {
            // A client over its limit gets what is held, where that may be shown.
            acquisition.take_what_is_held();
            let step = acquisition.next(&self.context, &self.deployment, &self.client);
            if let Step::Found(found) = step {
                return self.answer(&found);
            }
            let failure = Failure::TooManyRequests {
                retry_after_secs: jittered_retry_after_secs(self.started),
            };
            return Answer::of(self, clock::now()).refusal(&failure);
        }
        loop {
            acquisition
                .wait(&self.context, &self.deployment, &self.client, wait)
                .await;
            match acquisition.next(&self.context, &self.deployment, &self.client) {
                Step::Found(found) => return self.answer(&found),
                Step::Wait(reason, next) => wait = (reason, next),
            }
        }
    }

    fn answer(&self, found: &Found) -> Result<Response, JsValue> {
        Answer::of(self, clock::now()).found(found)
    }
}

/// The response when the runtime throws where it never should.
fn defect(error: &JsValue, now: UnixMs) -> Result<Response, JsValue> {
    failed("defect", &format!("{error:?}"), false, now)
}

/// A plain 500; the reason stands in the log alone.
fn failed(event: &str, reason: &str, head: bool, now: UnixMs) -> Result<Response, JsValue> {
    metrics::answered(State::Failed, metrics::NO_DATA);
    if let Some(left_out) = metrics::admit_log_line(State::Failed, now) {
        let alert = Alert::Failing.name();
        let line = serde_json::json!({"event": event, "reason": reason, "alert": alert, "left_out": left_out});
        worker::console_error!("{line}");
    }
    respond::problem(&Failure::Internal, head, now, &Extra::new())
}
