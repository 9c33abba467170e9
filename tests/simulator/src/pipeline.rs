//! The way of a request: count it, look for a fault, answer it, let the fault at the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::clock::Clock;
use super::connection::Plug;
use super::counters::Counters;
use super::faults::{self, Applied, Board, Fault};
use super::link::{Exchange, Link};
use super::query::Query;
use super::reply::Reply;
use super::source::{Moment, Source};
use super::streams::Streams;

/// The header by which clients tell this market from the real one.
const MARKET_DATA: &str = "x-market-data";

/// Everything that the handlers share.
#[derive(Debug)]
pub(crate) struct Simulator {
    source: Source,
    clock: Clock,
    latency: Duration,
    /// Since when the market stands still while the services' time goes on.
    still_since_ms: Option<i64>,
    pub(crate) faults: Board,
    pub(crate) counters: Counters,
    pub(crate) streams: Arc<Streams>,
}

impl Simulator {
    pub(crate) fn new(
        source: Source,
        clock: Clock,
        latency: Duration,
        still_since_ms: Option<i64>,
    ) -> Self {
        Self {
            source,
            clock,
            latency,
            still_since_ms,
            faults: Board::default(),
            counters: Counters::default(),
            streams: Arc::default(),
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The moment of an answer.
    pub(crate) fn moment(&self, link: Link, set: Option<&Applied>) -> Moment {
        match set {
            Some(Applied {
                fault: Fault::Frozen,
                since_ms,
            }) => {
                return Moment {
                    data_ms: *since_ms,
                    stamp_ms: *since_ms,
                };
            }
            Some(Applied {
                fault: Fault::StillRows { age_ms },
                since_ms,
            }) => {
                let then_ms = since_ms.saturating_sub_unsigned(*age_ms);
                return Moment {
                    data_ms: then_ms,
                    stamp_ms: then_ms,
                };
            }
            _ => {}
        }
        let now_ms = self.now_ms();
        // What lies on a grid of time ends where the market stopped: at any other moment it would
        // be another series.
        let told_ms = self
            .still_since_ms
            .filter(|_| link.is_history())
            .unwrap_or(now_ms);
        Moment {
            data_ms: self.still_since_ms.unwrap_or(now_ms),
            stamp_ms: told_ms.saturating_add(set.map_or(0, |set| set.fault.skew_ms())),
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Lets open streams be written to at the pace that the faults allow.
    pub(crate) fn pace_streams(&self) {
        let standing = self.faults.standing(Link::BybitStream);
        let pace = standing.iter().find_map(|set| match set.applied.fault {
            Fault::StreamSlow { bytes_per_second } => Some(bytes_per_second),
            _ => None,
        });
        self.streams.set_pace(pace.unwrap_or(0));
    }

    /// Says that this is no real market.
    pub(crate) fn label(&self, response: &mut Response) {
        // One moment that is told again and again is a replay: it must not pass for a market whose
        // exchange stands still.
        let is_still = self.still_since_ms.is_some();
        let label = HeaderValue::from_static(if is_still {
            "replayed"
        } else {
            self.source.label()
        });
        response.headers_mut().insert(MARKET_DATA, label);
    }

    /// Dates an answer by the service's own time, which need not be the machine's.
    pub(crate) fn date(&self, response: &mut Response, skew_ms: i64) {
        if let Ok(date) = HeaderValue::try_from(self.clock.http_date(skew_ms)) {
            response.headers_mut().insert(header::DATE, date);
        }
    }
}

/// How an endpoint makes its answer.
pub(crate) type Endpoint = fn(&Source, &Query, Moment) -> Reply;

/// A request for data.
#[derive(Debug)]
pub(crate) struct Request {
    simulator: Arc<Simulator>,
    plug: Option<Plug>,
    query: Query,
    has_body: bool,
}

impl FromRequestParts<Arc<Simulator>> for Request {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        simulator: &Arc<Simulator>,
    ) -> Result<Self, Infallible> {
        let pairs = axum::extract::Query::try_from_uri(&parts.uri)
            .map_or_else(|_| Vec::new(), |query| query.0);
        let length = parts.headers.get(header::CONTENT_LENGTH);
        Ok(Self {
            simulator: Arc::clone(simulator),
            plug: parts
                .extensions
                .get::<ConnectInfo<Plug>>()
                .map(|info| info.0.clone()),
            query: Query::new(pairs),
            has_body: length.is_some_and(|length| length != "0")
                || parts.headers.contains_key(header::TRANSFER_ENCODING),
        })
    }
}

impl Request {
    /// Answers with what `endpoint` makes, unless a fault is set on `link`.
    pub(crate) async fn answer(self, link: Link, endpoint: Endpoint) -> Response {
        let simulator = &self.simulator;
        simulator.counters.count(link);
        let set = simulator
            .faults
            .take(link, &self.query, Fault::is_for_requests);
        tokio::time::sleep(simulator.latency).await;
        let skew_ms = set.as_ref().map_or(0, |set| set.fault.skew_ms());
        let mut response = self.answer_of(link, endpoint, set).await;
        simulator.date(&mut response, skew_ms);
        response
    }

    /// Counts a request for a stream and lets the faults at it: the answer in place of a stream, if
    /// there is one.
    pub(crate) async fn before_stream(&self, link: Link) -> Option<Response> {
        let simulator = &self.simulator;
        simulator.counters.count(link);
        let set = simulator
            .faults
            .take(link, &self.query, Fault::is_for_upgrades);
        tokio::time::sleep(simulator.latency).await;
        let set = set?;
        let (plug, now_ms) = (self.plug.as_ref(), simulator.now_ms());
        let mut answer = faults::before(&set.fault, link.exchange(), plug, now_ms).await?;
        simulator.date(&mut answer, 0);
        Some(answer)
    }

    pub(crate) fn simulator(&self) -> &Arc<Simulator> {
        &self.simulator
    }

    pub(crate) fn plug(&self) -> Option<&Plug> {
        self.plug.as_ref()
    }

    async fn answer_of(&self, link: Link, endpoint: Endpoint, set: Option<Applied>) -> Response {
        let simulator = &self.simulator;
        if let Some(set) = &set
            && let Some(response) = faults::before(
                &set.fault,
                link.exchange(),
                self.plug.as_ref(),
                simulator.now_ms(),
            )
            .await
        {
            return response;
        }
        if self.has_body && link.exchange() == Exchange::Bybit {
            return faults::pages::body_on_get();
        }
        let moment = simulator.moment(link, set.as_ref());
        let reply = endpoint(&simulator.source, &self.query, moment);
        let mut response = match set {
            Some(set) => faults::after(&set.fault, reply, simulator.now_ms()),
            None => reply.into_response(),
        };
        simulator.label(&mut response);
        response
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        (
            self.status,
            [(header::CONTENT_TYPE, self.content_type)],
            self.body,
        )
            .into_response()
    }
}

/// The answer to a path that none of the services has.
pub(crate) async fn unknown_path(
    State(simulator): State<Arc<Simulator>>,
    uri: axum::http::Uri,
) -> Reply {
    simulator.counters.count_unknown();
    Reply::problem(
        StatusCode::NOT_FOUND,
        &format!("no simulated service has the path {}", uri.path()),
    )
}
