//! One request, from the clock to the response.
//!
//! What need not wait is answered at once, without a promise: a hit costs the runtime one call.
//! Only a request that has to wait for the shared refresh becomes a future.

mod request;

mod limit;

mod operator;

mod call;

mod acquire;

mod answer;

use crate::clock;
use crate::config::{Config, Role};
use crate::deployment;
use crate::metrics::{self, Alert, State};
use crate::respond::{self, Extra, Wish, rendered_cache};
use acquire::{Found, Patience, Search, Step};
use answer::Answer;
use call::Call;
use request::{Header, Named};
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

/// Answers a request: with a response where nothing is to be waited for, else with the promise of
/// one.
pub fn serve(request: Request, env: Env, context: Context) -> JsValue {
    let started = clock::now();
    match begin(request, env, context, started) {
        Ok(Begun::Done(response)) => response.into(),
        Ok(Begun::Waits(call, search, reason)) => {
            let waiting = Rc::clone(&call);
            let promise = future_to_promise(async move {
                let response = waiting
                    .finish(search, reason)
                    .await
                    .or_else(|error| broken(&error, started))?;
                Ok(response.into())
            });
            // The runtime never drops the future of a request whose client has left, which would
            // lose its memory for ever; so it is told to run it to its end. It throws only where
            // there is no request to belong to.
            let _ = call.context.as_ref().wait_until(&promise);
            promise.into()
        }
        Err(error) => broken(&error, started).map_or_else(|error| error, Into::into),
    }
}

enum Begun {
    Done(Response),
    Waits(Rc<Call>, Search, (Forward, Patience)),
}

fn begin(request: Request, env: Env, context: Context, started: UnixMs) -> Result<Begun, JsValue> {
    let (method, url) = (request.method(), request.url());
    let found = match request::place(&url).and_then(|place| for_role(place, &env)) {
        Ok(Place::Metrics) if !operator::is_configured(&env) => Err(NoPlace::UnknownPath),
        found => found,
    };
    let (place, head) = match endpoints::asked(&method, found) {
        Ok(Asked::Read { place, head }) => (place, head),
        Ok(Asked::Options) => {
            let requested = request::header(&request, Header::RequestedHeaders);
            return respond::preflight(requested.as_deref(), started).map(Begun::Done);
        }
        Err(none) => {
            metrics::answered(State::Refused, metrics::NO_DATA);
            let wish = Wish::of_head(method == "HEAD");
            return respond::problem(&none.into(), &wish, started, &Extra::new()).map(Begun::Done);
        }
    };
    let deployment = match deployment::of(&env) {
        Ok(deployment) => deployment,
        Err(error) => {
            return failed("bad_configuration", &error.to_string(), head, started).map(Begun::Done);
        }
    };
    match place {
        Place::Live => return operator::live(&env, head, started).map(Begun::Done),
        Place::Metrics => return operator::metrics(&request, &env, head, started).map(Begun::Done),
        Place::Data(_) | Place::Health | Place::Ready | Place::Snapshot => {}
    }
    let place = if place == Place::Snapshot {
        Place::Data(Question::Whole(Endpoint::Snapshot))
    } else {
        place
    };
    let mut search = Search::new(started);
    let named = Named::new(request);
    let step = search.look(&context, &deployment, &named);
    if let (Place::Data(question), false, Step::Found(found)) = (&place, head, &step)
        && let Some(response) = hit(&named.request, &deployment.config, question, found, started)?
    {
        return Ok(Begun::Done(response));
    }
    let wish = Wish {
        head,
        if_none_match: request::header(&named.request, Header::IfNoneMatch),
        if_match: request::header(&named.request, Header::IfMatch),
    };
    let call = Call {
        place: place.into_owned(),
        wish,
        started,
        deployment,
        named,
        env,
        context,
    };
    match step {
        Step::Found(found) => call.answer(&found).map(Begun::Done),
        Step::Wait(reason, patience) => Ok(Begun::Waits(Rc::new(call), search, (reason, patience))),
    }
}

/// The whole snapshot is for Workers of ours, not for clients: only the one that owns the way to
/// the exchanges, which no client reaches, hands it over.
fn for_role<'u>(place: Place<'u>, env: &Env) -> Result<Place<'u>, NoPlace> {
    let hands_over = || deployment::of(env).is_ok_and(|it| it.config.role == Role::Direct);
    if place == Place::Snapshot && !hands_over() {
        Err(NoPlace::UnknownPath)
    } else {
        Ok(place)
    }
}

/// The answer to a GET from what is held, where that is all there is to tell.
fn hit(
    request: &Request,
    config: &Config,
    question: &Question<'_>,
    found: &Found,
    now: UnixMs,
) -> Result<Option<Response>, JsValue> {
    let Found {
        data: Some((valid, class)),
        route,
    } = found
    else {
        return Ok(None);
    };
    // Who owns the way to the exchanges says where it stands, on each answer.
    let is_told_more = config.role == Role::Direct;
    if is_told_more || !route.is_plain_hit() || request::header(request, Header::IfMatch).is_some()
    {
        return Ok(None);
    }
    let Ok(rendered) = rendered_cache::rendered(valid, question, *class, &config.limits)? else {
        return Ok(None);
    };
    let if_none_match = request::header(request, Header::IfNoneMatch);
    let response = rendered.hit(if_none_match.as_deref(), now, &config.limits)?;
    metrics::answered(found.state(), data_source(valid.get(), *class));
    Ok(Some(response))
}

impl Call {
    /// Waits as long as the policy says, and answers.
    async fn finish(
        &self,
        mut search: Search,
        mut wait: (Forward, Patience),
    ) -> Result<Response, JsValue> {
        let address = request::header(&self.named.request, Header::ConnectingIp);
        // The moment that fresh data waits for younger costs less than to look up how often this
        // client asks.
        if wait.1 != Patience::Younger(Freshness::Fresh)
            && !limit::admits(&self.env, address.as_deref()).await
        {
            // Who asks too often gets what is held, where that may be shown.
            search.take_what_is_held();
            if let Step::Found(found) = search.look(&self.context, &self.deployment, &self.named) {
                return self.answer(&found);
            }
            let failure = Failure::TooManyRequests {
                retry_after_secs: jittered_retry_after_secs(self.started),
            };
            return Answer::of(self, clock::now()).refusal(&failure);
        }
        loop {
            search
                .wait(&self.context, &self.deployment, &self.named, wait)
                .await;
            match search.look(&self.context, &self.deployment, &self.named) {
                Step::Found(found) => return self.answer(&found),
                Step::Wait(reason, patience) => wait = (reason, patience),
            }
        }
    }

    fn answer(&self, found: &Found) -> Result<Response, JsValue> {
        Answer::of(self, clock::now()).found(found)
    }
}

/// What the runtime threw at us where it never should.
fn broken(error: &JsValue, now: UnixMs) -> Result<Response, JsValue> {
    failed("defect", &format!("{error:?}"), false, now)
}

/// A plain 500; what is wrong stands in the log.
fn failed(event: &str, reason: &str, head: bool, now: UnixMs) -> Result<Response, JsValue> {
    metrics::answered(State::Failed, metrics::NO_DATA);
    if let Some(left_out) = metrics::admit_log_line(State::Failed, now) {
        let alert = Alert::Failing.name();
        let line = serde_json::json!({"event": event, "reason": reason, "alert": alert, "left_out": left_out});
        worker::console_error!("{line}");
    }
    respond::problem(&Failure::Internal, &Wish::of_head(head), now, &Extra::new())
}
