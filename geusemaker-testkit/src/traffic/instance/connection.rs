//! Connections to programs: the protocol that the client speaks, and the faults of each request.

use std::fmt;
use std::io;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::TlsAcceptor;

use super::endpoint::Endpoint;
use super::forward::Back;
use super::marred_body::MarredBody;
use super::opening::{self, Protocol};
use super::program::{Program, Stub};
use super::socket::{self, Ended, Socket, Spoiled};
use super::{echo, language_model};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::traffic::body::{self, Body};
use crate::traffic::data_plane::DataPlane;
use crate::traffic::fault_schedule::{End, Verdict};
use crate::traffic::stream::Stream;

/// A connection to a program.
pub(super) struct Connection {
    /// The state of the traffic. A connection does not keep the account itself, so that the end of a test shows its
    /// unfired faults.
    plane: Arc<DataPlane>,
    pub(super) clock: Clock,
    pub(super) endpoint: Endpoint,
    pub(super) ended: Ended,
    spoiled: Spoiled,
    back: Back,
}

/// Opens a connection, and returns the client's end of it.
///
/// # Errors
/// Returns an error if the program does not accept it.
pub(super) async fn open(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    endpoint: Endpoint,
) -> io::Result<Stream> {
    let (programs, clock) = (&plane.programs, aws.clock().clone());
    if programs.faults.refuses(&endpoint, clock.elapsed()) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    let program = programs.on(&endpoint);
    let back = Back::default();
    // A real program can refuse.
    if let Program::Address(address) = &program {
        back.keep(program.clone(), super::forward::connect(address).await?);
    }
    let (weak, place) = (aws.downgrade(), endpoint.clone());
    let ended = socket::shared(async move { place.ended(weak).await });
    let spoiled = Spoiled::default();
    let (client, server) = Stream::pair();
    let server = Stream::new(Socket::new(server, ended.clone(), spoiled.clone()));
    let is_raw = matches!(program, Program::Stream(_)) && !programs.faults.concerns(&endpoint);
    let connection = Arc::new(Connection {
        plane: Arc::clone(plane),
        clock,
        endpoint,
        ended: ended.clone(),
        spoiled,
        back,
    });
    tokio::spawn(async move {
        let serving = async {
            match program {
                Program::Stream(handler) if is_raw => handler(server).await,
                // The client notices a broken connection itself.
                program => drop(connection.serve(server, &program).await),
            }
        };
        tokio::select! {
            () = serving => {}
            () = ended => {}
        }
    });
    Ok(client)
}

/// An end of a connection without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program closes the connection")
    }
}

impl std::error::Error for Cut {}

impl Connection {
    /// Serves whichever protocol the client speaks.
    async fn serve(self: Arc<Self>, server: Stream, program: &Program) -> Served {
        let (protocol, stream) = opening::read(server).await?;
        match (protocol, program) {
            (Protocol::Http1, _) => self.serve_http1(stream).await,
            // It passes on what this layer does not read.
            (Protocol::Http2 | Protocol::Tls, Program::Address(_)) => {
                Ok(self.back.carry(stream).await?)
            }
            (Protocol::Http2, _) => self.serve_http2(stream).await,
            (Protocol::Tls, _) => self.serve_tls(stream).await,
        }
    }

    async fn serve_tls(self: Arc<Self>, stream: Stream) -> Served {
        // Load balancers do not look at the names in the certificates of targets.
        let names = vec![self.endpoint.address.to_string()];
        let authority = self.plane.authority();
        let config = authority.server_config(&[names], &["h2", "http/1.1"])?;
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = Stream::new(stream);
        match is_http2 {
            true => self.serve_http2(stream).await,
            false => self.serve_http1(stream).await,
        }
    }

    async fn serve_http1(self: Arc<Self>, stream: Stream) -> Served {
        let service = service_fn(move |request| Arc::clone(&self).respond(request));
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        Ok(serving.with_upgrades().await?)
    }

    async fn serve_http2(self: Arc<Self>, stream: Stream) -> Served {
        let service = service_fn(move |request| Arc::clone(&self).respond(request));
        let mut builder = http2::Builder::new(TokioExecutor::new());
        // Targets take as many at once as load balancers send.
        builder.max_concurrent_streams(1024);
        Ok(builder
            .serve_connection(TokioIo::new(stream), service)
            .await?)
    }

    /// Answers a request as the faults and the program say.
    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (parts, content) = request.into_parts();
        let programs = &self.plane.programs;
        let verdict = programs
            .faults
            .strike(&self.endpoint, &parts, self.clock.elapsed());
        let request = Request::from_parts(parts, content);
        let Verdict { delay, pause, end } = verdict;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let extent = match end {
            Some(End::Answer(status)) => return Ok(self.dated(failure(status))),
            Some(End::Close) => return Err(Cut),
            Some(End::Hang) => std::future::pending().await,
            Some(End::Malformed) => {
                self.spoiled.set();
                return Ok(Response::new(body::empty()));
            }
            Some(End::BreakOff(extent)) => Some(extent),
            None => None,
        };
        let response = match programs.on(&self.endpoint) {
            Program::Stub(Stub::Echo) => echo::answer(&self, request).await,
            Program::Stub(Stub::LanguageModel) => language_model::answer(&self, request).await,
            Program::Http(handler) => handler(request).await,
            program @ (Program::Stream(_) | Program::Address(_)) => {
                let answered = self.back.answer(&program, request, &self.ended).await;
                answered.map_err(|_| Cut)?
            }
        };
        let response = self.dated(response);
        if pause.is_zero() && extent.is_none() {
            return Ok(response);
        }
        Ok(response.map(|whole| body::boxed(MarredBody::new(whole, pause, extent))))
    }

    /// Adds the date of the account, which caches compare with others of the account.
    fn dated(&self, mut response: Response<Body>) -> Response<Body> {
        let date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT");
        if let Ok(date) = HeaderValue::try_from(date.to_string()) {
            response.headers_mut().entry(header::DATE).or_insert(date);
        }
        response
    }
}

type Served = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn failure(status: http::StatusCode) -> Response<Body> {
    let text = format!("simulated failure: {status}\n");
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
