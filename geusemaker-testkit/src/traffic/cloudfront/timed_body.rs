//! Bodies with limits of time: the time between two packets of an origin, and the time for all of them.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::lock::lock;
use crate::traffic::body::{Body, BodyError};

/// A body that ends with an error if its next piece does not come in time.
pub(super) struct TimedBody {
    body: Body,
    between: Duration,
    deadline: Option<Instant>,
    sleep: Pin<Box<Sleep>>,
}

impl TimedBody {
    /// Limits the time between the pieces of a body, and the time until its end.
    pub(super) fn new(body: Body, between: Duration, deadline: Option<Instant>) -> Self {
        let first = next(between, deadline);
        Self {
            body,
            between,
            deadline,
            sleep: Box::pin(sleep_until(first)),
        }
    }
}

fn next(between: Duration, deadline: Option<Instant>) -> Instant {
    let next = Instant::now() + between;
    deadline.map_or(next, |deadline| next.min(deadline))
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            let next = next(this.between, this.deadline);
            this.sleep.as_mut().reset(next);
            return Poll::Ready(frame);
        }
        this.sleep
            .as_mut()
            .poll(context)
            .map(|()| Some(Err("the origin has stopped to send".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The time at which a body has moved last.
#[derive(Clone, Debug)]
pub(super) struct LastMove(Arc<Mutex<Instant>>);

impl LastMove {
    pub(super) fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub(super) fn at(&self) -> Instant {
        *lock(&self.0)
    }
}

/// A body that notes when it moves.
pub(super) struct NotedBody {
    pub(super) body: Body,
    pub(super) last_move: LastMove,
}

impl HttpBody for NotedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if polled.is_ready() {
            *lock(&this.last_move.0) = Instant::now();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
