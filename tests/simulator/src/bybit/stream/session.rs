//! One open connection: it answers what its client asks, tells the topics that the client has
//! subscribed to, and ends when the client leaves, falls silent or does not read.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::pace::Paced;
use super::request::{Answer, Request};
use super::subscription::Subscription;
use super::tick::Tick;
use super::topic::Topic;
use crate::bybit::bucket::bucket;
use crate::connection::Plug;
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

/// Whoever does not read what is sent for this long is cut off.
const MAX_BACKLOG: Duration = Duration::from_secs(10);

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
}

/// Why a connection ends.
enum End {
    /// The other side has left, or cannot be reached.
    Gone,
    /// Without a word.
    Cut(Cut),
    /// With a reason.
    Close(CloseCode, &'static str),
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
        match end {
            End::Gone | End::Cut(Cut::End) => {}
            End::Cut(Cut::Reset) => {
                if let Some(plug) = &self.plug {
                    plug.pull();
                }
                // The connection notices on its next use.
                let _ = timeout(MAX_BACKLOG, socket.next()).await;
            }
            End::Close(code, reason) => {
                let reason = reason.into();
                let close = socket.close(Some(CloseFrame { code, reason }));
                // Who has gone needs no goodbye.
                let _ = timeout(MAX_BACKLOG, close).await;
                let _ = timeout(MAX_BACKLOG, async {
                    while socket.next().await.is_some() {}
                })
                .await;
            }
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<Paced<S>>,
    ) -> End {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut cuts = self.cuts.clone();
        loop {
            let mut out = Vec::new();
            let told = tokio::select! {
                biased;
                // The sender lives as long as the simulator, which this session holds.
                _ = cuts.changed() => {
                    let cut = *cuts.borrow_and_update();
                    if let Some(cut) = cut { Err(End::Cut(cut)) } else { Ok(()) }
                }
                message = socket.next() => {
                    heard = Instant::now();
                    self.hear(message, &mut out)
                }
                _ = look.tick() => {
                    if heard.elapsed() > MAX_SILENCE {
                        Err(End::Gone)
                    } else {
                        self.look(&mut out);
                        Ok(())
                    }
                }
            };
            let sent = tokio::select! {
                biased;
                _ = cuts.changed() => {
                    let cut = *cuts.borrow_and_update();
                    if let Some(cut) = cut { Err(End::Cut(cut)) } else { Ok(()) }
                }
                sent = self.send(socket, out) => sent,
            };
            if let Err(end) = told.and(sent) {
                return end;
            }
        }
    }

    async fn send<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: &mut WebSocketStream<Paced<S>>,
        out: Vec<String>,
    ) -> Result<(), End> {
        if out.is_empty() {
            return Ok(());
        }
        for text in out {
            self.open.count_message();
            deliver(socket, Message::text(text)).await?;
        }
        flush(socket).await
    }

    /// Answers a message of the client.
    fn hear(
        &mut self,
        message: Option<Result<Message, Error>>,
        out: &mut Vec<String>,
    ) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.answer(&text, out);
                Ok(())
            }
            Some(Ok(Message::Binary(_))) => {
                out.push(self.refusal("error:binary messages are not supported"));
                Ok(())
            }
            // Pings are answered and closings confirmed by the protocol itself.
            Some(Ok(_)) => Ok(()),
            Some(Err(Error::Capacity(_))) => Err(End::Close(
                CloseCode::Size,
                "a request may have 65536 bytes",
            )),
            Some(Err(Error::Utf8(_))) => {
                Err(End::Close(CloseCode::Invalid, "a request must be UTF-8"))
            }
            Some(Err(Error::Protocol(_))) => {
                Err(End::Close(CloseCode::Protocol, "this is not WebSocket"))
            }
            Some(Err(_)) | None => Err(End::Gone),
        }
    }

    fn answer(&mut self, text: &str, out: &mut Vec<String>) {
        let request = match Request::read(text) {
            Ok(request) => request,
            Err(error) => return out.push(self.refusal(&error)),
        };
        let result = match request.op.as_str() {
            "ping" => Ok("pong"),
            "subscribe" => self.subscribe(&request.args).map(|()| ""),
            "unsubscribe" => self.unsubscribe(&request.args).map(|()| ""),
            other => Err(format!("error:op is invalid,op:{other}")),
        };
        out.push(self.reply(
            result.as_ref().copied().map_err(String::as_str),
            request.req_id.as_deref().unwrap_or_default(),
            &request.op,
        ));
        if request.op == "subscribe" && result.is_ok() {
            self.look(out);
        }
    }

    fn refusal(&self, error: &str) -> String {
        self.reply(Err(error), "", "")
    }

    fn reply(&self, result: Result<&str, &str>, req_id: &str, op: &str) -> String {
        Answer {
            success: result.is_ok(),
            ret_msg: result.unwrap_or_else(|error| error),
            conn_id: &self.conn_id,
            req_id,
            op,
        }
        .text()
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
            fresh.push(Subscription::new(name, &topic, symbol));
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
    fn look(&mut self, out: &mut Vec<String>) {
        let simulator = Arc::clone(&self.simulator);
        let Some(generated) = generated(&simulator) else {
            return;
        };
        let now_ms = simulator.now_ms();
        let tick = Tick {
            generated,
            now_ms,
            moment: simulator.moment(Link::BybitStream, None),
        };
        let mut has_ticker = false;
        for subscription in &mut self.subscriptions {
            let frames = subscription.look(&tick);
            has_ticker |= !frames.is_empty() && subscription.ticker_sent_ms().is_some();
            out.extend(frames);
        }
        let is_new_bucket = self.looked_at_ms != bucket(now_ms);
        self.looked_at_ms = bucket(now_ms);
        if is_new_bucket && !has_ticker {
            out.extend(self.longest_silent_ticker(&tick));
        }
    }

    /// A connection with tickers is never silent.
    fn longest_silent_ticker(&mut self, tick: &Tick<'_>) -> Option<String> {
        let tickers = self.subscriptions.iter_mut();
        tickers
            .filter(|subscription| subscription.ticker_sent_ms().is_some())
            .min_by_key(|subscription| subscription.ticker_sent_ms())?
            .touch(tick)
    }
}

/// The market, unless recordings are told in its place.
fn generated(simulator: &Simulator) -> Option<&Generated> {
    match simulator.source() {
        Source::Generated(generated) => Some(generated),
        Source::Replayed(_) => None,
    }
}

/// Hands a message to the connection.
async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<Paced<S>>,
    message: Message,
) -> Result<(), End> {
    if socket.get_ref().is_slow() {
        return socket.feed(message).await.map_err(|_| End::Gone);
    }
    match timeout(MAX_BACKLOG, socket.feed(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// Sends what the connection holds back.
async fn flush<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<Paced<S>>,
) -> Result<(), End> {
    if socket.get_ref().is_slow() {
        return socket.flush().await.map_err(|_| End::Gone);
    }
    match timeout(MAX_BACKLOG, socket.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// A name such as Bybit gives to its connections.
fn conn_id(number: u64) -> String {
    format!("d8bu1olkndm7crnfs1e0-{number:05x}")
}
