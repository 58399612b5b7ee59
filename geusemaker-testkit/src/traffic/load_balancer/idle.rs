//! The idle timeout, and bodies that are cut when a time comes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::traffic::body::BodyError;

/// The time since anything has passed on a connection, in either direction.
#[derive(Clone, Debug)]
pub(crate) struct Idle {
    start: Instant,
    /// The time of the latest activity, in milliseconds since the start.
    active_at: Arc<AtomicU64>,
    timeout: Duration,
}

impl Idle {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            start: Instant::now(),
            active_at: Arc::default(),
            timeout,
        }
    }

    /// Notes that something has passed.
    pub(crate) fn touch(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active_at.store(elapsed, Ordering::Relaxed);
    }

    /// Waits until nothing has passed for the time of the timeout.
    pub(crate) async fn expired(self) {
        loop {
            let active_at = Duration::from_millis(self.active_at.load(Ordering::Relaxed));
            let end = self.start + active_at + self.timeout;
            if Instant::now() >= end {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}

/// The event that cuts a body off, if it comes.
pub(crate) type Cut = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body that counts as activity, and that can be cut off.
pub(crate) struct Watched<B> {
    body: B,
    idle: Idle,
    cut: Option<Cut>,
    /// Set when the body has ended.
    ended: Arc<AtomicBool>,
}

impl<B: Body> Watched<B> {
    pub(crate) fn new(body: B, idle: Idle, cut: Option<Cut>) -> Self {
        let ended = Arc::new(AtomicBool::new(body.is_end_stream()));
        Self {
            body,
            idle,
            cut,
            ended,
        }
    }

    /// Returns a flag that is set when the body has ended.
    pub(crate) fn ended(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ended)
    }
}

impl<B> Body for Watched<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(cut) = &mut this.cut
            && cut.as_mut().poll(context).is_ready()
        {
            this.cut = None;
            return Poll::Ready(Some(Err("the connection was cut".into())));
        }
        let frame = Pin::new(&mut this.body).poll_frame(context);
        match &frame {
            Poll::Ready(Some(Ok(_))) => this.idle.touch(),
            Poll::Ready(None) => this.ended.store(true, Ordering::Relaxed),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        if this.body.is_end_stream() {
            this.ended.store(true, Ordering::Relaxed);
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection of which every byte counts as activity.
pub(crate) struct Touching<S> {
    pub(crate) stream: S,
    pub(crate) idle: Idle,
}

impl<S: AsyncRead + Unpin> AsyncRead for Touching<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            this.idle.touch();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Touching<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
