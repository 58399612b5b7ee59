//! Bodies that a task writes piece by piece, as it makes them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use super::body::BodyError;

/// The pieces that can wait until the connection takes them.
const WAITING: usize = 8;

/// The time for the last piece to leave before the connection breaks.
const FLUSH: Duration = Duration::from_millis(1);

/// A body that a task writes piece by piece, for the answers of [`Traffic::program`](super::Traffic::program).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
///
/// use geusemaker_testkit::Aws;
/// use geusemaker_testkit::traffic::StreamedBody;
///
/// let aws = Aws::new();
/// aws.traffic().program(8000, |_request| async {
///     http::Response::new(StreamedBody::new(|pieces| async move {
///         for number in 1..=3 {
///             pieces.send(format!("data: {number}\n\n")).await;
///             tokio::time::sleep(Duration::from_secs(1)).await;
///         }
///     }))
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct StreamedBody {
    pieces: mpsc::Receiver<Result<Bytes, BodyError>>,
}

impl StreamedBody {
    /// Creates a body of the pieces that the task sends. It ends when the task does, or when it drops the sender.
    #[must_use]
    pub fn new<F>(write: impl FnOnce(Pieces) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, pieces) = mpsc::channel(WAITING);
        tokio::spawn(write(Pieces { sender }));
        Self { pieces }
    }
}

/// The sender of the pieces of a [`StreamedBody`].
#[derive(Clone, Debug)]
pub struct Pieces {
    sender: mpsc::Sender<Result<Bytes, BodyError>>,
}

impl Pieces {
    /// Sends a piece. Returns false if nobody waits for it any more.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.sender.send(Ok(piece.into())).await.is_ok()
    }

    /// Breaks the connection off, without the end of the body.
    pub async fn break_off(self) {
        // The pieces before it leave first: a connection that breaks loses what it has not sent.
        tokio::time::sleep(FLUSH).await;
        // Nobody may wait any more.
        let _ = self.sender.send(Err("the program broke off".into())).await;
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let piece = ready!(self.pieces.poll_recv(context));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }
}
