//! Connections that can be cut from inside a handler, which an HTTP server does not offer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Accepts connections that can be cut.
#[derive(Debug)]
pub(crate) struct Gate {
    listener: TcpListener,
    cut_all: CancellationToken,
}

impl Gate {
    /// Cancelling `cut_all` cuts every connection.
    pub(crate) fn new(listener: TcpListener, cut_all: CancellationToken) -> Self {
        Self { listener, cut_all }
    }
}

impl Listener for Gate {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        (Line::new(stream, Plug(self.cut_all.child_token())), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Cuts the connection that a request came in on.
#[derive(Clone, Debug)]
pub(crate) struct Plug(CancellationToken);

impl Plug {
    /// Waits until the connection is reset.
    pub(crate) async fn pulled(&self) {
        self.0.cancelled().await;
    }

    /// Resets the connection: whatever was not sent yet is lost.
    pub(crate) fn pull(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, Gate>> for Plug {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.io().plug.clone()
    }
}

/// One TCP connection. It fails for the server as soon as its plug is pulled.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    plug: Plug,
    pulled: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Line {
    fn new(stream: TcpStream, plug: Plug) -> Self {
        let pulled = Box::pin(plug.0.clone().cancelled_owned());
        Self {
            stream,
            plug,
            pulled,
        }
    }

    /// Fails once the plug is pulled, and wakes the reader or writer when that happens.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.pulled.as_mut().poll(context).is_pending() {
            return Ok(());
        }
        // Without lingering, dropping the stream sends RST in place of a polite FIN.
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
