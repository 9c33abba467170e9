//! Bodies that stop, break off or trickle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::io::ReaderStream;

/// The first half of a body.
pub(super) fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}

/// Half of the body, then silence on an open connection.
pub(super) fn half_then_hang(body: &Bytes) -> Body {
    broken(Broken {
        rest: half(body),
        ending: Ending::Hang,
    })
}

/// Half of the body, then the end of the connection.
pub(super) fn half_then_cut(body: &Bytes) -> Body {
    broken(Broken {
        rest: half(body),
        ending: Ending::FlushAndCut,
    })
}

/// The whole body at a given pace.
pub(super) fn drip(body: Bytes, bytes_per_second: u64) -> Body {
    /// Faster drips come in larger drops, not in more of them.
    const MAX_DROPS_PER_SECOND: u64 = 20;
    let drops_per_second = bytes_per_second.clamp(1, MAX_DROPS_PER_SECOND);
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(drops_per_second).unwrap_or(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Body::from_stream(ReaderStream::new(Drip {
        rest: body,
        pace,
        drop_bytes: usize::try_from(bytes_per_second / drops_per_second).unwrap_or(usize::MAX),
    }))
}

fn broken(reader: Broken) -> Body {
    Body::from_stream(ReaderStream::new(reader))
}

enum Ending {
    Hang,
    /// Gives the server a turn to send what it has, then cuts.
    FlushAndCut,
    Cut,
}

struct Broken {
    rest: Bytes,
    ending: Ending,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.has_remaining() {
            pour(&mut self.rest, usize::MAX, buffer);
            return Poll::Ready(Ok(()));
        }
        match self.ending {
            // Nothing wakes it: only the end of the connection ends this body.
            Ending::Hang => Poll::Pending,
            Ending::FlushAndCut => {
                self.ending = Ending::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }
}

struct Drip {
    rest: Bytes,
    pace: Interval,
    drop_bytes: usize,
}

impl AsyncRead for Drip {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.has_remaining() {
            ready!(self.pace.poll_tick(context));
            let drop_bytes = self.drop_bytes;
            pour(&mut self.rest, drop_bytes, buffer);
        }
        Poll::Ready(Ok(()))
    }
}

/// Moves up to `limit` bytes from `rest` into `buffer`.
fn pour(rest: &mut Bytes, limit: usize, buffer: &mut ReadBuf<'_>) {
    let length = rest.len().min(limit).min(buffer.remaining());
    buffer.put_slice(&rest.split_to(length));
}
