//! The programs and faults that a test puts on instances.

use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

use super::endpoint::Endpoint;
use super::program::{Program, Stub};
use crate::traffic::body::BodyError;
use crate::traffic::fault::TrafficFault;
use crate::traffic::place::Place;
use crate::traffic::{Service, Traffic};

/// The programs on instances. Of several at one place, the last counts. By default, a service is a [`Stub`]: a language
/// model if its image is that of a known server of such, and otherwise an echo.
impl Traffic {
    /// Puts a program on the ports of a place: a function from a request to its answer. Its body can be a text, bytes,
    /// or a [`StreamedBody`](crate::traffic::StreamedBody).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::Aws;
    ///
    /// let aws = Aws::new();
    /// aws.traffic().program("web", |request| async move {
    ///     http::Response::new(format!("hello from {}\n", request.uri().path()))
    /// });
    /// # }
    /// ```
    pub fn program<H, F, B>(&self, place: impl Into<Place>, handler: H)
    where
        H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        self.put(place.into(), Program::http(handler));
    }

    /// Puts a program on the ports of a place that gets the bytes of each connection, such as a server of another
    /// library, or one that breaks the rules of HTTP.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::Aws;
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let aws = Aws::new();
    /// aws.traffic().stream_program(8080, |mut stream| async move {
    ///     // The client may have gone.
    ///     let _ = stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhel").await;
    /// });
    /// # }
    /// ```
    pub fn stream_program<H, F>(&self, place: impl Into<Place>, handler: H)
    where
        H: Fn(crate::traffic::Stream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.put(place.into(), Program::stream(handler));
    }

    /// Puts a real program on the ports of a place: connections go to that address, such as `127.0.0.1:8080`. A port
    /// is refused while nothing listens at the address.
    pub fn forward(&self, place: impl Into<Place>, address: impl Into<String>) {
        let address: String = address.into();
        self.put(place.into(), Program::Address(address.into()));
    }

    /// Puts a ready-made program on the ports of a place.
    pub fn stub(&self, place: impl Into<Place>, stub: Stub) {
        self.put(place.into(), Program::Stub(stub));
    }

    /// Takes the program away that has been put on exactly that place.
    pub fn remove_program(&self, place: impl Into<Place>) {
        self.plane.programs.remove(&place.into());
    }

    /// Returns the services that answer now on the account's instances, as far as the
    /// [`Guest`](crate::Guest::services) names them: one for each port.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        let endpoints = Endpoint::all(&self.aws).into_iter();
        endpoints.map(Service::of).collect()
    }

    fn put(&self, place: Place, program: Program) {
        self.plane.programs.place(place, program);
    }
}

/// The faults of the programs on instances.
impl Traffic {
    /// Adds a fault from now on, which counts only the requests that arrive after this.
    ///
    /// It counts for requests of HTTP, over TLS too. A program that gets the bytes of its connections has one only on
    /// those that are made later.
    pub fn fault(&self, fault: TrafficFault) {
        self.plane.programs.faults.add(fault);
    }

    /// Ends all faults of traffic. Returns those that have not fired and are not optional.
    pub fn lift_faults(&self) -> Vec<TrafficFault> {
        self.plane.programs.faults.clear()
    }
}
