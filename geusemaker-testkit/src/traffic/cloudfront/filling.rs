//! Bodies that fill the cache on their way to the viewer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::cache::{Flight, LARGEST_OBJECT};
use crate::traffic::body::{Body, BodyError};

type Store = Box<dyn FnOnce(Bytes) + Send>;

/// A body that is stored once it is whole. Until then, other requests for the object wait.
pub(super) struct Filling {
    body: Body,
    collected: BytesMut,
    /// The length of the whole, if it is known.
    length: Option<u64>,
    store: Option<Store>,
    flight: Option<Flight>,
}

impl Filling {
    pub(super) fn new(
        body: Body,
        length: Option<u64>,
        flight: Option<Flight>,
        store: impl FnOnce(Bytes) + Send + 'static,
    ) -> Self {
        let mut this = Self {
            body,
            collected: BytesMut::new(),
            length,
            store: Some(Box::new(store)),
            flight,
        };
        // A server does not read a body that it knows to be empty.
        if this.body.is_end_stream() {
            this.finish();
        }
        this
    }

    fn collect(&mut self, data: &Bytes) {
        let length = self.collected.len() + data.len();
        if self.store.is_none() {
            return;
        }
        if u64::try_from(length).is_ok_and(|length| length > LARGEST_OBJECT) {
            self.store = None;
            self.flight = None;
            self.collected = BytesMut::new();
            return;
        }
        self.collected.extend_from_slice(data);
    }

    /// Returns true if everything is there. A server does not read on after the last byte of a known length.
    fn is_whole(&self) -> bool {
        let collected = u64::try_from(self.collected.len()).ok();
        self.body.is_end_stream() || (self.length.is_some() && self.length == collected)
    }

    fn finish(&mut self) {
        if let Some(store) = self.store.take() {
            store(std::mem::take(&mut self.collected).freeze());
        }
        self.flight = None;
    }
}

impl HttpBody for Filling {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.collect(data);
                }
                if this.is_whole() {
                    this.finish();
                }
            }
            // A body that breaks off is not stored.
            Poll::Ready(Some(Err(_))) => {
                this.store = None;
                this.flight = None;
            }
            Poll::Ready(None) => this.finish(),
            Poll::Pending => {}
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
