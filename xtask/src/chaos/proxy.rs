//! The proxy between `gm` and the server: it passes requests on, unless they meet a fault.

use std::collections::HashMap;
use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use super::fault::{self, Fault, FaultProfile};
use super::http::Message;

/// A proxy on the loopback interface.
#[derive(Clone)]
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
}

struct State {
    profile: FaultProfile,
    /// The number of calls of each operation during this command.
    calls: HashMap<String, u64>,
    requests: u64,
    strike: Option<Injection>,
    /// The process that the signal is for, while it runs.
    process: Option<u32>,
    /// The number of requests that the server is handling, or will get after a delay.
    under_way: usize,
    /// The number of those that arrive late.
    late: usize,
    struck: Vec<String>,
}

/// A signal for the program at one of its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Injection {
    /// The number of the request, counted from one.
    pub(super) request: u64,
    pub(super) moment: Moment,
    pub(super) signal: Signal,
    /// The pause before the same signal comes again.
    pub(super) again: Option<Duration>,
}

/// A point in the life of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeTheServer,
    BeforeTheReply,
    /// This long after the reply.
    After(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Kill,
    Terminate,
}

impl Proxy {
    pub(super) fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let proxy = Self {
            address: listener.local_addr()?,
            shared: Arc::new(Shared {
                server,
                state: Mutex::new(State {
                    profile: FaultProfile::fair(),
                    calls: HashMap::new(),
                    requests: 0,
                    strike: None,
                    process: None,
                    under_way: 0,
                    late: 0,
                    struck: Vec::new(),
                }),
            }),
        };
        let shared = Arc::clone(&proxy.shared);
        // The thread ends with this process, as its connections do.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(proxy)
    }

    pub(super) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Prepares for the next command.
    pub(super) fn begin(&self, profile: FaultProfile, strike: Option<Injection>) {
        let mut state = self.shared.state();
        state.profile = profile;
        state.strike = strike;
        state.calls.clear();
        state.requests = 0;
        state.process = None;
    }

    /// Sets the process that a signal is for. The check whether that process still runs holds the lock, so that no
    /// signal can hit a stranger.
    pub(super) fn watch<T>(&self, process: Option<u32>, look: impl FnOnce() -> T) -> T {
        let mut state = self.shared.state();
        state.process = process;
        look()
    }

    /// Takes the faults and signals since the last call.
    pub(super) fn struck(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().struck)
    }

    /// Returns true if a late request has still to arrive.
    pub(super) fn has_late(&self) -> bool {
        self.shared.state().late > 0
    }

    /// Waits until the server has answered every request, late ones only if asked for.
    pub(super) fn wait_until_idle(&self, with_late: bool) -> Result<()> {
        const LONGEST: Duration = Duration::from_secs(120);
        const STEP: Duration = Duration::from_millis(10);
        for _ in 0..LONGEST.as_millis() / STEP.as_millis() {
            let waited_for = {
                let state = self.shared.state();
                state.under_way - if with_late { 0 } else { state.late }
            };
            if waited_for == 0 {
                return Ok(());
            }
            thread::sleep(STEP);
        }
        bail!("the server does not answer")
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection until either side closes it.
    fn serve(self: &Arc<Self>, stream: TcpStream) {
        let Ok(reader) = stream.try_clone() else {
            return;
        };
        let mut reader = BufReader::new(reader);
        while let Ok(Some(request)) = Message::read(&mut reader) {
            match self.request(&request, &stream) {
                Ok(Next::KeepOpen) => {}
                Ok(Next::Close) | Err(_) => break,
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }

    fn request(self: &Arc<Self>, request: &Message, stream: &TcpStream) -> io::Result<Next> {
        let operation = fault::operation(request);
        let (fault, strike, process) = {
            let mut state = self.state();
            state.requests += 1;
            let nth = state.calls.entry(operation.clone()).or_default();
            *nth += 1;
            let nth = *nth;
            let fault = state.profile.strikes(&operation, nth);
            if let Some(fault) = fault {
                let line = format!("{fault:?} at {operation} {nth}");
                state.struck.push(line);
            }
            let requests = state.requests;
            let strike = state.strike.take_if(|strike| strike.request <= requests);
            if let Some(strike) = strike {
                let line = format!(
                    "{:?} {:?} of {operation} {nth}",
                    strike.signal, strike.moment
                );
                state.struck.push(line);
            }
            (fault, strike, state.process)
        };
        let at = |moment| strike.filter(|strike| strike.moment == moment);
        if let Some(strike) = at(Moment::BeforeTheServer) {
            self.signal(strike, process);
        }
        let outcome = self.suffer(request, fault);
        if let Some(strike) = at(Moment::BeforeTheReply) {
            self.signal(strike, process);
        }
        let next = outcome?.reply(stream);
        if let Some(strike) = strike
            && let Moment::After(pause) = strike.moment
        {
            let shared = Arc::clone(self);
            thread::spawn(move || {
                thread::sleep(pause);
                shared.signal(strike, process);
            });
        }
        next
    }

    fn suffer(self: &Arc<Self>, request: &Message, fault: Option<Fault>) -> io::Result<Reply> {
        Ok(match fault {
            None => Reply::Whole(self.pass(request)?),
            Some(Fault::Delayed(delay)) => {
                let answer = self.pass(request)?;
                thread::sleep(delay);
                Reply::Whole(answer)
            }
            Some(Fault::Denied) => Reply::Whole(fault::denial(request)),
            Some(Fault::Failed(failure)) => Reply::Whole(fault::failure(request, failure)),
            Some(Fault::FailedAfter(failure)) => {
                self.pass(request)?;
                Reply::Whole(fault::failure(request, failure))
            }
            Some(Fault::Late(delay)) => {
                self.pass_late(request.clone(), delay);
                Reply::None
            }
            Some(Fault::ReplyLost) => {
                self.pass(request)?;
                Reply::None
            }
            Some(Fault::Reset) => Reply::None,
            Some(Fault::Stalled { after_effect }) => {
                if after_effect {
                    self.pass(request)?;
                }
                Reply::Never
            }
            Some(Fault::Throttled) => Reply::Whole(fault::throttling(request)),
            Some(Fault::Truncated) => Reply::Part(self.pass(request)?),
        })
    }

    fn pass(&self, request: &Message) -> io::Result<Message> {
        self.state().under_way += 1;
        let answer = request.send(self.server);
        self.state().under_way -= 1;
        answer
    }

    fn pass_late(self: &Arc<Self>, request: Message, delay: Duration) {
        let shared = Arc::clone(self);
        shared.state().under_way += 1;
        shared.state().late += 1;
        thread::spawn(move || {
            thread::sleep(delay);
            // No client waits for the answer any more.
            let _ = request.send(shared.server);
            let mut state = shared.state();
            state.under_way -= 1;
            state.late -= 1;
        });
    }

    fn signal(&self, strike: Injection, process: Option<u32>) {
        self.signal_once(strike.signal, process);
        if let Some(pause) = strike.again {
            thread::sleep(pause);
            self.signal_once(strike.signal, process);
        }
    }

    /// Signals the process that made the request, unless it has ended.
    fn signal_once(&self, signal: Signal, process: Option<u32>) {
        let state = self.state();
        let Some(process) = process.filter(|_| state.process == process) else {
            return;
        };
        let name = match signal {
            Signal::Interrupt => "-INT",
            Signal::Kill => "-KILL",
            Signal::Terminate => "-TERM",
        };
        // The signal fails only if the process has just ended by itself.
        let _ = Command::new("kill")
            .args([name, &process.to_string()])
            .status();
    }
}

/// The reply to the client.
enum Reply {
    Whole(Message),
    /// Half of the reply, and the end of the connection.
    Part(Message),
    None,
    Never,
}

enum Next {
    KeepOpen,
    Close,
}

impl Reply {
    fn reply(self, mut stream: &TcpStream) -> io::Result<Next> {
        match self {
            Self::Whole(answer) => {
                stream.write_all(&answer.bytes())?;
                Ok(match answer.header("connection") {
                    Some("close") => Next::Close,
                    _ => Next::KeepOpen,
                })
            }
            Self::Part(answer) => {
                let bytes = answer.bytes();
                stream.write_all(&bytes[..bytes.len() - answer.body.len().div_ceil(2)])?;
                Ok(Next::Close)
            }
            Self::None => Ok(Next::Close),
            Self::Never => {
                // Waits until the client gives up.
                let mut rest = Vec::new();
                io::Read::read_to_end(&mut stream, &mut rest)?;
                Ok(Next::Close)
            }
        }
    }
}
