//! One open connection: it answers what its client asks, tells the topics that the client has
//! subscribed to, and ends when the client leaves, falls silent or does not read.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::out::Out;
use super::pace::Paced;
use super::request::{Answer, Request};
use super::subscription::Subscription;
use super::tick::Tick;
use super::topic::Topic;
use super::wire::{self, End};
use crate::bybit::bucket::bucket;
use crate::connection::Plug;
use crate::faults::{Fault, Standing};
use crate::link::Link;
use crate::pipeline::Simulator;
use crate::source::{Generated, Source};
use crate::streams::{Cut, Open};

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// The characters of the topics that one connection may have.
const MAX_ARGS: usize = 21_000;

/// The largest message that a client may send.
const MAX_REQUEST_BYTES: usize = 65_536;

/// Whoever sends nothing for this long, not even a ping, is cut off.
const MAX_SILENCE: Duration = Duration::from_secs(600);

/// A connection before and while it is open.
#[derive(Debug)]
pub(super) struct Session {
    simulator: Arc<Simulator>,
    plug: Option<Plug>,
    cuts: watch::Receiver<Option<Cut>>,
    open: Open,
    conn_id: String,
    subscriptions: Vec<Subscription>,
    /// The bucket, by the clock, in which the topics were last looked at.
    looked_at_ms: i64,
    /// Nothing is read nor written.
    hangs: bool,
    /// Nothing is answered but pings.
    is_mute: bool,
}

impl Session {
    pub(super) fn new(
        simulator: Arc<Simulator>,
        plug: Option<Plug>,
        cuts: watch::Receiver<Option<Cut>>,
    ) -> Self {
        let open = simulator.streams.opened();
        Self {
            conn_id: conn_id(open.number),
            simulator,
            plug,
            cuts,
            open,
            subscriptions: Vec::new(),
            looked_at_ms: i64::MIN,
            hangs: false,
            is_mute: false,
        }
    }

    /// Serves the connection until it ends.
    pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, io: S) {
        let io = Paced::new(io, self.simulator.streams.pace());
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_REQUEST_BYTES))
            .max_frame_size(Some(MAX_REQUEST_BYTES));
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
        let end = self.serve(&mut socket).await;
        wire::finish(end, &mut socket, self.plug.as_ref()).await;
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<Paced<S>>,
    ) -> End {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut cuts = self.cuts.clone();
        let plug = self.plug.clone();
        loop {
            let mut out = Vec::new();
            let told = tokio::select! {
                biased;
                end = wire::ended(&mut cuts, plug.as_ref()) => Err(end),
                message = socket.next(), if !self.hangs => {
                    heard = Instant::now();
                    self.hear(message, &mut out)
                }
                _ = look.tick() => {
                    if heard.elapsed() > MAX_SILENCE {
                        Err(End::Gone)
                    } else {
                        self.look(&mut out)
                    }
                }
            };
            let sent = tokio::select! {
                biased;
                end = wire::ended(&mut cuts, plug.as_ref()) => Err(end),
                sent = wire::send(&self.open, socket, out) => sent,
            };
            if let Err(end) = told.and(sent) {
                return end;
            }
        }
    }

    /// Answers a message of the client.
    fn hear(
        &mut self,
        message: Option<Result<Message, Error>>,
        out: &mut Vec<Out>,
    ) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => self.answer(&text, out),
            Some(Ok(Message::Binary(_))) => {
                self.refuse("error:binary messages are not supported", out);
                Ok(())
            }
            // Pings are answered and closings confirmed by the protocol itself.
            Some(Ok(_)) => Ok(()),
            Some(Err(Error::Capacity(error))) => {
                Err(End::Close(CloseCode::Size, error.to_string()))
            }
            Some(Err(Error::Utf8(_))) => Err(End::Close(
                CloseCode::Invalid,
                "a request must be UTF-8".to_owned(),
            )),
            Some(Err(Error::Protocol(error))) => {
                Err(End::Close(CloseCode::Protocol, error.to_string()))
            }
            Some(Err(_)) | None => Err(End::Gone),
        }
    }

    fn answer(&mut self, text: &str, out: &mut Vec<Out>) -> Result<(), End> {
        let request = match Request::read(text) {
            Ok(request) => request,
            Err(error) => {
                self.refuse(&error, out);
                return Ok(());
            }
        };
        let result = match request.op.as_str() {
            "ping" => Ok("pong"),
            "subscribe" => self.subscribe(&request.args).map(|()| ""),
            "unsubscribe" => self.unsubscribe(&request.args).map(|()| ""),
            other => Err(format!("error:op is invalid,op:{other}")),
        };
        if !self.is_mute || request.op == "ping" {
            out.push(self.reply(
                result.as_ref().copied().map_err(String::as_str),
                request.req_id.as_deref().unwrap_or_default(),
                &request.op,
            ));
        }
        if request.op == "subscribe" && result.is_ok() {
            return self.look(out);
        }
        Ok(())
    }

    fn refuse(&self, error: &str, out: &mut Vec<Out>) {
        if !self.is_mute {
            out.push(self.reply(Err(error), "", ""));
        }
    }

    fn reply(&self, result: Result<&str, &str>, req_id: &str, op: &str) -> Out {
        let answer = Answer {
            success: result.is_ok(),
            ret_msg: result.unwrap_or_else(|error| error),
            conn_id: &self.conn_id,
            req_id,
            op,
        };
        Out::Text(answer.text())
    }

    /// Subscribes to all of these topics or to none.
    fn subscribe(&mut self, names: &[String]) -> Result<(), String> {
        let Some(generated) = generated(&self.simulator) else {
            return Err("error:no stream is recorded".to_owned());
        };
        let listing = generated.market.listing(self.simulator.now_ms());
        let mut fresh: Vec<Subscription> = Vec::new();
        for name in names {
            let (topic, symbol) = Topic::named(name)
                .filter(|(_, symbol)| listing.place(symbol).is_some())
                .ok_or_else(|| format!("error:handler not found,topic:{name}"))?;
            let mut known = self.subscriptions.iter().chain(&fresh);
            if known.any(|subscription| subscription.name == *name) {
                return Err(format!("error:already subscribed,topic:{name}"));
            }
            fresh.push(Subscription::new(name, topic, symbol));
        }
        let all = self.subscriptions.iter().chain(&fresh);
        let characters: usize = all.map(|subscription| subscription.name.len()).sum();
        if characters > MAX_ARGS {
            return Err(format!(
                "error:args too long,length:{characters},limit:{MAX_ARGS}"
            ));
        }
        self.open.count_subscriptions(fresh.len());
        self.subscriptions.append(&mut fresh);
        Ok(())
    }

    /// Ends these subscriptions; those that there are none of have ended already.
    fn unsubscribe(&mut self, names: &[String]) -> Result<(), String> {
        if let Some(name) = names.iter().find(|name| Topic::named(name).is_none()) {
            return Err(format!("error:handler not found,topic:{name}"));
        }
        self.subscriptions
            .retain(|subscription| !names.contains(&subscription.name));
        Ok(())
    }

    /// Tells what is to be told of every topic.
    fn look(&mut self, out: &mut Vec<Out>) -> Result<(), End> {
        let simulator = Arc::clone(&self.simulator);
        let Some(generated) = generated(&simulator) else {
            return Ok(());
        };
        let standing = simulator.faults.standing(Link::BybitStream);
        self.let_faults_at(&standing)?;
        if self.hangs {
            return Ok(());
        }
        let tick_of = |set: Option<&Standing>| {
            let applied = set
                .map(|set| &set.applied)
                .filter(|applied| applied.fault.moves_time());
            Tick {
                generated,
                now_ms: simulator.now_ms(),
                moment: simulator.moment(Link::BybitStream, applied),
                history: simulator.moment(Link::BybitKlines, applied),
            }
        };
        let present = tick_of(None);
        let at = |set: Option<&Standing>| match set {
            Some(_) => tick_of(set),
            None => present,
        };
        let mut has_ticker = false;
        for subscription in &mut self.subscriptions {
            let set = subscription.fault(&standing);
            let frames = subscription.look(&at(set), set, &simulator.faults);
            has_ticker |= !frames.is_empty() && subscription.ticker_sent_ms().is_some();
            out.extend(frames);
        }
        let bucket_ms = bucket(present.now_ms);
        if self.looked_at_ms != bucket_ms && !has_ticker {
            out.extend(longest_silent_ticker(
                &mut self.subscriptions,
                &standing,
                at,
            ));
        }
        self.looked_at_ms = bucket_ms;
        Ok(())
    }

    /// Lets the faults at the connection as a whole.
    fn let_faults_at(&mut self, standing: &[Standing]) -> Result<(), End> {
        self.hangs = standing
            .iter()
            .any(|set| set.applied.fault == Fault::Hang && set.is_general());
        self.is_mute = standing
            .iter()
            .any(|set| set.applied.fault == Fault::StreamHeartbeatsOnly && set.is_general());
        for set in standing {
            let Fault::StreamClose { code, reason } = &set.applied.fault else {
                continue;
            };
            let mut topics = self.subscriptions.iter();
            let concerns =
                set.is_general() || topics.any(|topic| set.holds(&topic.name, &topic.symbol));
            if concerns && self.simulator.faults.spend(set.number) {
                return Err(End::Close(CloseCode::from(*code), reason.clone()));
            }
        }
        Ok(())
    }
}

/// A connection with tickers is never silent.
fn longest_silent_ticker<'t>(
    subscriptions: &mut [Subscription],
    standing: &[Standing],
    at: impl Fn(Option<&Standing>) -> Tick<'t>,
) -> Option<Out> {
    let is_silent = |set: &Standing| {
        matches!(
            set.applied.fault,
            Fault::StreamSilentTopic | Fault::StreamHeartbeatsOnly
        )
    };
    let subscription = subscriptions
        .iter_mut()
        .filter(|subscription| !subscription.fault(standing).is_some_and(is_silent))
        .filter(|subscription| subscription.ticker_sent_ms().is_some())
        .min_by_key(|subscription| subscription.ticker_sent_ms())?;
    let set = subscription.fault(standing);
    subscription.touch(&at(set), set)
}

/// The market, unless recordings are told in its place.
fn generated(simulator: &Simulator) -> Option<&Generated> {
    match simulator.source() {
        Source::Generated(generated) => Some(generated),
        Source::Replayed(_) => None,
    }
}

/// A name such as Bybit gives to its connections.
fn conn_id(number: u64) -> String {
    format!("d8bu1olkndm7crnfs1e0-{number:05x}")
}
