//! The programs on instances: stubs, those of a test, and real ones at an address.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

use super::endpoint::Endpoint;
use super::language_model;
use crate::lock::lock;
use crate::traffic::Stream;
use crate::traffic::body::{self, Body, BodyError};
use crate::traffic::fault_schedule::FaultSchedule;
use crate::traffic::place::Place;

/// The programs on the instances, and their faults.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    /// Of several, the last counts.
    placed: Mutex<Vec<(Place, Program)>>,
    pub(crate) faults: FaultSchedule,
}

/// A ready-made program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stub {
    /// Answers every request with what it got, as JSON. It echoes WebSocket messages too, and streams events to a
    /// client that asks for `text/event-stream`.
    Echo,
    /// A server of language models with the interfaces of OpenAI and Ollama, which streams its words. On other paths it
    /// is an echo.
    LanguageModel,
}

/// A program on a port.
#[derive(Clone)]
pub(super) enum Program {
    Stub(Stub),
    Http(Handler),
    Stream(StreamHandler),
    /// A real program, at an address of this machine or of its network.
    Address(Arc<str>),
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(super) type Handler = Arc<dyn Fn(Request<Incoming>) -> Later<Response<Body>> + Send + Sync>;
pub(super) type StreamHandler = Arc<dyn Fn(Stream) -> Later<()> + Send + Sync>;

impl Program {
    /// Returns the program that a function of requests is.
    pub(super) fn http<H, F, B>(handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self::Http(Arc::new(move |request| {
            let answering = handler(request);
            Box::pin(async move { answering.await.map(body::boxed) })
        }))
    }

    /// Returns the program that a function of connections is.
    pub(super) fn stream<H, F>(handler: H) -> Self
    where
        H: Fn(Stream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::Stream(Arc::new(move |stream| Box::pin(handler(stream))))
    }

    /// Returns the program that a service has by default.
    fn default_of(endpoint: &Endpoint) -> Self {
        let service = endpoint.service.as_ref();
        let is_model = service.is_some_and(language_model::is_likely);
        Self::Stub(if is_model {
            Stub::LanguageModel
        } else {
            Stub::Echo
        })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stub(stub) => stub.fmt(f),
            Self::Http(_) => f.write_str("Http"),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Address(address) => write!(f, "Address({address})"),
        }
    }
}

impl Programs {
    /// Puts a program on the ports of a place, instead of those that are there.
    pub(super) fn place(&self, place: Place, program: Program) {
        let mut placed = lock(&self.placed);
        placed.retain(|(other, _)| *other != place);
        placed.push((place, program));
    }

    /// Takes the program away that has been put on exactly these ports.
    pub(super) fn remove(&self, place: &Place) {
        lock(&self.placed).retain(|(other, _)| other != place);
    }

    /// Returns the program on a port.
    pub(super) fn on(&self, endpoint: &Endpoint) -> Program {
        let placed = lock(&self.placed);
        let mut last_first = placed.iter().rev();
        let found = last_first.find(|(place, _)| place.is_of(endpoint));
        found.map_or_else(
            || Program::default_of(endpoint),
            |(_, program)| program.clone(),
        )
    }
}
