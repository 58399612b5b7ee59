//! Programs that get the bytes of their connections: real ones at an address, and those of a test.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use super::program::Program;
use super::socket::Ended;
use crate::lock::lock;
use crate::traffic::Stream;
use crate::traffic::body::{self, Body, BodyError};

/// Connects to a real program.
///
/// # Errors
/// Returns an error if it does not listen: the port of the instance is refused then, whatever the reason.
pub(super) async fn connect(address: &str) -> io::Result<Stream> {
    let connected = TcpStream::connect(address).await;
    let stream =
        connected.map_err(|error| io::Error::new(io::ErrorKind::ConnectionRefused, error))?;
    // Pieces of a stream are small, and somebody waits for them. Without this option they are only slower.
    let _ = stream.set_nodelay(true);
    Ok(Stream::new(stream))
}

/// The connection to a program behind a client's connection.
#[derive(Default)]
pub(super) struct Back(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    None,
    /// Nothing has been sent yet.
    Fresh(Program, Stream),
    Idle(Program, SendRequest<Incoming>),
}

impl Back {
    /// Keeps a new connection for the first request.
    pub(super) fn keep(&self, program: Program, stream: Stream) {
        *lock(&self.0) = State::Fresh(program, stream);
    }

    /// Carries all bytes of a client's connection.
    pub(super) async fn carry(&self, mut client: Stream) -> io::Result<()> {
        let taken = std::mem::take(&mut *lock(&self.0));
        if let State::Fresh(_, mut stream) = taken {
            copy_bidirectional(&mut client, &mut stream).await?;
        }
        Ok(())
    }

    /// Passes a request on, and returns the program's answer.
    pub(super) async fn answer(
        &self,
        program: &Program,
        mut request: Request<Incoming>,
        ended: &Ended,
    ) -> Result<Response<Body>, BodyError> {
        let mut sender = self.sender(program).await?;
        let upgrade = hyper::upgrade::on(&mut request);
        let mut response = sender.send_request(request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let back = hyper::upgrade::on(&mut response);
            let ended = ended.clone();
            tokio::spawn(async move {
                let carrying = async {
                    if let (Ok(client), Ok(back)) = (upgrade.await, back.await) {
                        let (mut client, mut back) = (TokioIo::new(client), TokioIo::new(back));
                        // Both ends notice themselves that a connection breaks.
                        let _ = copy_bidirectional(&mut client, &mut back).await;
                    }
                };
                tokio::select! {
                    () = carrying => {}
                    () = ended => {}
                }
            });
        } else {
            *lock(&self.0) = State::Idle(program.clone(), sender);
        }
        Ok(response.map(body::boxed))
    }

    /// Returns the connection for the next request.
    async fn sender(&self, program: &Program) -> Result<SendRequest<Incoming>, BodyError> {
        let taken = std::mem::take(&mut *lock(&self.0));
        let stream = match taken {
            State::Idle(of, mut sender) if of.is(program) => {
                // The program may have closed it meanwhile, or may not have finished the answer before.
                match sender.ready().await {
                    Ok(()) => return Ok(sender),
                    Err(_) => open(program).await?,
                }
            }
            State::Fresh(of, stream) if of.is(program) => stream,
            State::None | State::Idle(..) | State::Fresh(..) => open(program).await?,
        };
        let mut builder = http1::Builder::new();
        let handshake = builder.preserve_header_case(true);
        let (sender, connection) = handshake.handshake(TokioIo::new(stream)).await?;
        // The answer shows how it ends.
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }
}

/// Opens a connection to a program.
async fn open(program: &Program) -> io::Result<Stream> {
    match program {
        Program::Address(address) => connect(address).await,
        Program::Stream(handler) => {
            let (client, server) = Stream::pair();
            tokio::spawn(handler(server));
            Ok(client)
        }
        Program::Stub(_) | Program::Http(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Program {
    /// Returns true if it is the same program.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => one == other,
            (Self::Stream(one), Self::Stream(other)) => Arc::ptr_eq(one, other),
            (Self::Stub(one), Self::Stub(other)) => one == other,
            (Self::Http(one), Self::Http(other)) => Arc::ptr_eq(one, other),
            (Self::Stub(_) | Self::Http(_) | Self::Stream(_) | Self::Address(_), _) => false,
        }
    }
}

impl fmt::Debug for Back {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Back").finish_non_exhaustive()
    }
}
