//! A connection that can be written to at a given pace.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Slow writing comes in so many portions a second.
const PORTIONS_PER_SECOND: u64 = 20;

/// Writes no more than so many bytes a second to `io`.
#[derive(Debug)]
pub(super) struct Paced<S> {
    io: S,
    /// 0 for as fast as the bytes are taken.
    bytes_per_second: Arc<AtomicU64>,
    next: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(super) fn new(io: S, bytes_per_second: Arc<AtomicU64>) -> Self {
        Self {
            io,
            bytes_per_second,
            next: Box::pin(sleep_until(Instant::now())),
        }
    }

    pub(super) fn is_slow(&self) -> bool {
        self.bytes_per_second.load(Ordering::Relaxed) > 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let pace = self.bytes_per_second.load(Ordering::Relaxed);
        if pace == 0 {
            return Pin::new(&mut self.io).poll_write(context, bytes);
        }
        ready!(self.next.as_mut().poll(context));
        let portions = pace.min(PORTIONS_PER_SECOND);
        let portion = usize::try_from(pace / portions).unwrap_or(usize::MAX);
        let bytes = bytes.get(..portion).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.io).poll_write(context, bytes));
        let pause = Duration::from_secs(1) / u32::try_from(portions).unwrap_or(1);
        self.next.as_mut().reset(Instant::now() + pause);
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
