//! Bodies of answers that a fault slows down or breaks off.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use crate::traffic::body::{Body, BodyError};
use crate::traffic::fault::Extent;

/// The time for the last piece to leave before the connection breaks.
const FLUSH: Duration = Duration::from_millis(1);

/// A body that a fault slows down or breaks off.
pub(super) struct MarredBody {
    inner: Body,
    pause: Duration,
    left: Option<Extent>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// True if the pause before the next piece is over.
    is_rested: bool,
    /// True if the pieces before the break are flushed.
    is_flushed: bool,
}

impl MarredBody {
    /// Waits before each piece, and breaks off after a part.
    pub(super) fn new(inner: Body, pause: Duration, extent: Option<Extent>) -> Self {
        Self {
            inner,
            pause,
            left: extent,
            waiting: None,
            is_rested: false,
            is_flushed: false,
        }
    }

    /// Waits for the end of a pause that has begun.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(context));
            self.waiting = None;
        }
        Poll::Ready(())
    }

    fn poll_break(&mut self, context: &mut Context<'_>) -> Poll<BodyError> {
        if !self.is_flushed {
            self.is_flushed = true;
            self.waiting = Some(Box::pin(tokio::time::sleep(FLUSH)));
        }
        ready!(self.poll_pause(context));
        Poll::Ready("a fault breaks the body off".into())
    }

    /// Returns the part of a piece that arrives.
    fn cut(&mut self, mut piece: Bytes) -> Bytes {
        match &mut self.left {
            Some(Extent::Bytes(left)) => {
                let length = piece.remaining() as u64;
                piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(length);
            }
            Some(Extent::Pieces(left)) => *left = left.saturating_sub(1),
            None => {}
        }
        piece
    }
}

impl hyper::body::Body for MarredBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if matches!(self.left, Some(Extent::Bytes(0) | Extent::Pieces(0))) {
            return self.poll_break(context).map(|error| Some(Err(error)));
        }
        if !self.pause.is_zero() && !self.is_rested && self.waiting.is_none() {
            self.waiting = Some(Box::pin(tokio::time::sleep(self.pause)));
        }
        ready!(self.poll_pause(context));
        self.is_rested = true;
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(context)) else {
            return match self.left {
                // It breaks off before its end, even if it is shorter.
                Some(_) => self.poll_break(context).map(|error| Some(Err(error))),
                None => Poll::Ready(None),
            };
        };
        self.is_rested = false;
        let frame = frame?;
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(piece) => Frame::data(self.cut(piece)),
            Err(other) => other,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none() && self.inner.is_end_stream()
    }

    /// Returns the size of the whole body, which the headers announce.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
