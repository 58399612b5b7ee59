//! The instance's end of a connection: it breaks when the instance ends, and a fault can spoil what is written to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _, Shared};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::traffic::Stream;

/// Bytes that are neither HTTP/1.1 nor HTTP/2.
const GARBAGE: &[u8] = b"\x00simulated malformed answer\r\n\r\n";

/// The end of an instance, as far as a connection is concerned.
pub(super) type Ended = Shared<BoxFuture<'static, ()>>;

/// Returns the future for several waiters.
pub(super) fn shared(ended: impl Future<Output = ()> + Send + 'static) -> Ended {
    ended.boxed().shared()
}

/// A switch: once it is on, a connection carries no HTTP any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoiled(Arc<AtomicBool>);

impl Spoiled {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The instance's end of a connection.
pub(super) struct Socket {
    stream: Stream,
    ended: Ended,
    is_over: bool,
    spoiled: Spoiled,
    /// The number of bytes that have been written since.
    garbage: usize,
}

impl Socket {
    pub(super) fn new(stream: Stream, ended: Ended, spoiled: Spoiled) -> Self {
        Self {
            stream,
            ended,
            is_over: false,
            spoiled,
            garbage: 0,
        }
    }

    /// Returns an error if the instance has ended; otherwise the task is woken when it does.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        // The future must not be polled again after its end.
        self.is_over = self.is_over || self.ended.poll_unpin(context).is_ready();
        if self.is_over {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        while self.spoiled.is_set() {
            let rest = GARBAGE.get(self.garbage..).unwrap_or_default();
            if rest.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(written)) => self.garbage += written,
                other => return other,
            }
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.spoiled.is_set() || self.is_over {
            return self.poll_write(context, &[]);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
