//! A stream that reports to its connection's `vigil` when bytes go through it. It changes nothing.

use super::vigil::Vigil;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The stream of a connection.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    vigil: Arc<Vigil>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, vigil: Arc<Vigil>) -> Self {
        Self { stream, vigil }
    }

    fn noted(&self, written: Poll<Result<usize>>, wanted: usize) -> Poll<Result<usize>> {
        // A partial write means that the socket's buffer is full: the client does not read.
        match &written {
            Poll::Ready(Ok(count)) if *count >= wanted => self.vigil.wrote(Instant::now()),
            _ => self.vigil.cannot_write(Instant::now()),
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        // Pending and errors pass through unnoted: neither is activity.
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        // Zero bytes are the end of the stream, not activity.
        if buffer.filled().len() > before {
            this.vigil.reads(Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.noted(written, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.noted(written, slices.iter().map(|slice| slice.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
