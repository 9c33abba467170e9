//! The connection below the messages: how things are sent, and how it ends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::out::Out;
use super::pace::Paced;
use crate::connection::Plug;
use crate::faults::AfterHalf;
use crate::streams::{Cut, Open};

/// Whoever does not read what is sent for this long is cut off.
const MAX_BACKLOG: Duration = Duration::from_secs(10);

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The other side has left, or cannot be reached.
    Gone,
    /// Without a word.
    Cut(Cut),
    /// With a reason.
    Close(CloseCode, String),
}

/// Sends all of this, in its order.
pub(super) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    open: &Open,
    socket: &mut WebSocketStream<Paced<S>>,
    out: Vec<Out>,
) -> Result<(), End> {
    if out.is_empty() {
        return Ok(());
    }
    for one in out {
        open.count_message();
        match one {
            Out::Text(text) => within_backlog(socket, Message::text(text)).await?,
            Out::BadText(bytes) => {
                let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
                within_backlog(socket, Message::Frame(frame)).await?;
            }
            Out::Half(bytes, then) => {
                flush(socket).await?;
                let io = socket.get_mut();
                let written = async { io.write_all(&bytes).await.and(io.flush().await) };
                written.await.map_err(|_| End::Gone)?;
                if then == AfterHalf::Hang {
                    discard(io).await;
                }
                return Err(End::Cut(Cut::End));
            }
        }
    }
    flush(socket).await
}

/// Ends the connection in this way.
pub(super) async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    end: End,
    socket: &mut WebSocketStream<Paced<S>>,
    plug: Option<&Plug>,
) {
    // Who has gone needs no goodbye, so what becomes of it does not matter.
    match end {
        End::Gone | End::Cut(Cut::End) => {}
        End::Cut(Cut::Reset) => {
            if let Some(plug) = plug {
                plug.pull();
            }
            // The connection notices on its next use.
            let _ = timeout(MAX_BACKLOG, socket.next()).await;
        }
        End::Close(code, reason) => {
            let reason = reason.into();
            let close = socket.close(Some(CloseFrame { code, reason }));
            let _ = timeout(MAX_BACKLOG, close).await;
            let rest = async { while socket.next().await.is_some_and(|next| next.is_ok()) {} };
            let _ = timeout(MAX_BACKLOG, rest).await;
        }
    }
}

/// Waits until the connection is ended from within. One that hangs would not notice otherwise.
pub(super) async fn ended(cuts: &mut watch::Receiver<Option<Cut>>, plug: Option<&Plug>) -> End {
    let pulled = async {
        match plug {
            Some(plug) => plug.pulled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        cut = next_cut(cuts) => End::Cut(cut),
        () = pulled => End::Gone,
    }
}

/// Waits until all connections are cut.
async fn next_cut(cuts: &mut watch::Receiver<Option<Cut>>) -> Cut {
    loop {
        // The sender lives as long as the simulator, which every session holds.
        if cuts.changed().await.is_err() {
            return Cut::End;
        }
        if let Some(cut) = *cuts.borrow_and_update() {
            return cut;
        }
    }
}

/// Takes what the other side sends until it leaves.
async fn discard(io: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = [0; 1_024];
    while io.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}

/// Hands a message to the connection.
async fn within_backlog<S: AsyncRead + AsyncWrite + Unpin>(
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
