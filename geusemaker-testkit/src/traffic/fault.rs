//! Faults of traffic: programs on instances that hang, fail, or answer badly.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::SignedDuration;

use super::place::Place;

/// A fault of the programs on instances, which load balancers and viewers see as they would at AWS. Add it with
/// [`Traffic::fault`](super::Traffic::fault).
///
/// A fault lasts until it is lifted, unless [`times`](Self::times) is given. It counts the requests that arrive after it
/// was added, health checks too.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_testkit::traffic::{Place, TrafficFault};
///
/// let hanging = TrafficFault::hangs("vllm").nth(3);
/// assert_eq!(hanging.to_string(), "every request to vllm from request 3 on is never answered");
/// let failing = TrafficFault::answers(Place::service("web").on_instance(2), 503).times(2).spare_health_checks();
/// assert_eq!(
///     failing.to_string(),
///     "each of requests 1 to 2 to web on instance 2, without health checks, is answered with 503",
/// );
/// ```
///
/// A fault that has not fired when the last handle to its [`Aws`](crate::Aws) is dropped makes the test fail: see
/// [`Aws::unfired_traffic_faults`](crate::Aws::unfired_traffic_faults).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TrafficFault {
    pub(crate) place: Place,
    pub(crate) requests: Requests,
    /// The beginning of the paths.
    pub(crate) path: Option<String>,
    /// The time on the account's clock from which it counts.
    pub(crate) after: Option<Duration>,
    pub(crate) nth: u32,
    pub(crate) times: u32,
    pub(crate) effect: Effect,
    pub(crate) optional: bool,
}

/// The requests that a fault can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requests {
    All,
    HealthChecks,
    Others,
}

/// The effect of a fault on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Answer(StatusCode),
    AnswerLate(Duration),
    BreakOff(Extent),
    CloseEarly,
    Hang,
    Malformed,
    Refuse,
    StreamSlowly(Duration),
}

/// The part of a body that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Bytes(u64),
    Pieces(u32),
}

/// The effects.
impl TrafficFault {
    /// Creates a fault: the program accepts connections and never answers.
    pub fn hangs(place: impl Into<Place>) -> Self {
        Self::of(place.into(), Effect::Hang)
    }

    /// Creates a fault: nothing listens on the port, so that connections are refused. With a condition on requests, or
    /// on a connection that is open already, the connection is closed instead: only then is the request known.
    pub fn refuses(place: impl Into<Place>) -> Self {
        Self::of(place.into(), Effect::Refuse)
    }

    /// Creates a fault: the program answers with that status and a short text.
    ///
    /// # Panics
    /// Panics if the number is no final status: those are from 200 to 999.
    pub fn answers(place: impl Into<Place>, status: u16) -> Self {
        let valid = StatusCode::from_u16(status).ok();
        let valid = valid.filter(|status| !status.is_informational());
        let status = valid.unwrap_or_else(|| panic!("{status} is no status of an answer"));
        Self::of(place.into(), Effect::Answer(status))
    }

    /// Creates a fault: the program closes the connection when it has read the head of a request.
    pub fn closes_early(place: impl Into<Place>) -> Self {
        Self::of(place.into(), Effect::CloseEarly)
    }

    /// Creates a fault: the connection breaks in the middle of the answer, after that many bytes of its body.
    pub fn breaks_off_after_bytes(place: impl Into<Place>, bytes: u64) -> Self {
        Self::of(place.into(), Effect::BreakOff(Extent::Bytes(bytes)))
    }

    /// Creates a fault: the connection breaks in the middle of the answer, after that many pieces of its body, as the
    /// program sends them.
    pub fn breaks_off_after_pieces(place: impl Into<Place>, pieces: u32) -> Self {
        Self::of(place.into(), Effect::BreakOff(Extent::Pieces(pieces)))
    }

    /// Creates a fault: the program begins to answer only after that time, in tokio's time.
    pub fn answers_late(place: impl Into<Place>, by: Duration) -> Self {
        Self::of(place.into(), Effect::AnswerLate(by))
    }

    /// Creates a fault: the program waits for that time, in tokio's time, before each piece of the answer's body.
    pub fn streams_slowly(place: impl Into<Place>, pause: Duration) -> Self {
        Self::of(place.into(), Effect::StreamSlowly(pause))
    }

    /// Creates a fault: the answer is not HTTP.
    pub fn answers_malformed(place: impl Into<Place>) -> Self {
        Self::of(place.into(), Effect::Malformed)
    }

    pub(crate) fn of(place: Place, effect: Effect) -> Self {
        Self {
            place,
            requests: Requests::All,
            path: None,
            after: None,
            nth: 1,
            times: u32::MAX,
            effect,
            optional: false,
        }
    }
}

/// The conditions.
impl TrafficFault {
    /// Begins with the nth request that meets the other conditions, counted from 1.
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth.max(1);
        self
    }

    /// Ends after that many requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times.max(1);
        self
    }

    /// Begins only after the account's clock has run for that long.
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.after = Some(elapsed);
        self
    }

    /// Hits only requests whose paths begin like that.
    pub fn on_path(mut self, beginning: impl Into<String>) -> Self {
        self.path = Some(beginning.into());
        self
    }

    /// Spares the health checks of load balancers, so that the target stays healthy.
    pub fn spare_health_checks(mut self) -> Self {
        self.requests = Requests::Others;
        self
    }

    /// Hits only the health checks of load balancers.
    pub fn only_health_checks(mut self) -> Self {
        self.requests = Requests::HealthChecks;
        self
    }

    /// Allows the fault to never fire. Without this, a fault that never fires makes the test fail.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Returns true if the fault hits connections, whatever the requests on them are.
    pub(super) fn is_of_connections(&self) -> bool {
        self.effect == Effect::Refuse && self.requests == Requests::All && self.path.is_none()
    }
}

impl fmt::Display for TrafficFault {
    /// Writes a sentence: `every request to vllm is never answered`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nth, self.times) {
            (nth, 1) => write!(f, "request {nth}")?,
            (_, u32::MAX) => f.write_str("every request")?,
            (nth, times) => {
                let last = nth.saturating_add(times - 1);
                write!(f, "each of requests {nth} to {last}")?;
            }
        }
        write!(f, " to {}", self.place)?;
        if self.times == u32::MAX && self.nth > 1 {
            write!(f, " from request {} on", self.nth)?;
        }
        if let Some(path) = &self.path {
            write!(f, " for {path}*")?;
        }
        if let Some(after) = self.after {
            write!(f, " from {} on", friendly(after))?;
        }
        match self.requests {
            Requests::All => {}
            Requests::HealthChecks => f.write_str(", of health checks alone,")?,
            Requests::Others => f.write_str(", without health checks,")?,
        }
        write!(f, " {}", self.effect)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(status) => write!(f, "is answered with {}", status.as_u16()),
            Self::AnswerLate(by) => write!(f, "is answered {} late", friendly(*by)),
            Self::BreakOff(Extent::Bytes(bytes)) => {
                write!(f, "gets {bytes} bytes of a body that breaks off")
            }
            Self::BreakOff(Extent::Pieces(pieces)) => {
                write!(f, "gets {pieces} pieces of a body that breaks off")
            }
            Self::CloseEarly => f.write_str("has its connection closed"),
            Self::Hang => f.write_str("is never answered"),
            Self::Malformed => f.write_str("is answered with something that is not HTTP"),
            Self::Refuse => f.write_str("is refused a connection"),
            Self::StreamSlowly(pause) => {
                write!(f, "waits {} for each piece of its answer", friendly(*pause))
            }
        }
    }
}

/// Formats a duration, such as `1h 30m`.
fn friendly(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{duration:?}"),
    }
}
