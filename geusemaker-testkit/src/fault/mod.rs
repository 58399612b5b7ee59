//! Faults: where they strike, and what they do.

use std::time::Duration;

/// One thing that goes wrong.
///
/// ```
/// use geusemaker_testkit::Fault;
///
/// // The second RunInstances finds no capacity.
/// let refused = Fault::on("RunInstances").nth(2).answer("InsufficientInstanceCapacity").status(500);
/// // The first CreateLoadBalancer happens, and nobody hears of it.
/// let lost = Fault::on("CreateLoadBalancer").lose_reply();
/// # let _ = (refused, lost);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    operation: String,
    nth: u32,
    times: u32,
    status: Option<u16>,
    effect: Effect,
    optional: bool,
    seen: u32,
    fired: u32,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Refuses the call before it has any effect.
    Answer { code: String, message: String },
    /// The connection ends before the request arrives.
    Reset,
    /// The call takes effect, and then the connection ends without an answer.
    LoseReply,
    /// No answer and no effect until the caller gives up.
    Stall,
    /// The answer comes later.
    Delay(Duration),
}

impl Fault {
    /// A fault at the first call of an operation: `RunInstances`. Without more, the connection ends before the request arrives.
    #[must_use]
    pub fn on(operation: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            nth: 1,
            times: 1,
            status: None,
            effect: Effect::Reset,
            optional: false,
            seen: 0,
            fired: 0,
        }
    }

    /// Strikes at the nth call of the operation, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth.max(1);
        self
    }

    /// Strikes at that many calls in a row.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times.max(1);
        self
    }

    /// Strikes at every call from the nth on.
    #[must_use]
    pub fn forever(mut self) -> Self {
        self.times = u32::MAX;
        self
    }

    /// Answers with an AWS error code, and has no effect. The HTTP status is the one that AWS uses for the code where
    /// that is known, else 400; [`Fault::status`] sets another.
    #[must_use]
    pub fn answer(mut self, code: impl Into<String>) -> Self {
        let code = code.into();
        let message = format!("injected fault: {code}");
        self.effect = Effect::Answer { code, message };
        self
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The message of the answer.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Self {
        if let Effect::Answer { message, .. } = &mut self.effect {
            *message = text.into();
        }
        self
    }

    /// Lets the call take effect and loses the reply: the caller cannot know whether it happened.
    #[must_use]
    pub fn lose_reply(mut self) -> Self {
        self.effect = Effect::LoseReply;
        self
    }

    /// Ends the connection before the request arrives: nothing happens, and the caller cannot know that.
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.effect = Effect::Reset;
        self
    }

    /// Never answers.
    #[must_use]
    pub fn stall(mut self) -> Self {
        self.effect = Effect::Stall;
        self
    }

    /// Answers that much later, in the account's time.
    #[must_use]
    pub fn delay(mut self, by: Duration) -> Self {
        self.effect = Effect::Delay(by);
        self
    }

    /// A fault that may find nothing to strike. Others are reported by [`crate::Aws::unfired`] when they have not.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Counts the call, and says what to do if it is this fault's.
    pub(crate) fn strike(&mut self, operation: &str) -> Option<(Effect, u16)> {
        if self.operation != operation {
            return None;
        }
        self.seen += 1;
        if self.seen < self.nth || self.fired >= self.times {
            return None;
        }
        self.fired += 1;
        let status = match (&self.effect, self.status) {
            (_, Some(status)) => status,
            (Effect::Answer { code, .. }, None) => usual_status(code),
            _ => 500,
        };
        Some((self.effect.clone(), status))
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.fired == 0 && !self.optional
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} at call {} of {}",
            self.effect, self.nth, self.operation
        )
    }
}

/// The HTTP status that AWS sends with a code.
fn usual_status(code: &str) -> u16 {
    match code {
        "InsufficientInstanceCapacity"
        | "InternalError"
        | "InternalFailure"
        | "InternalServerError" => 500,
        "RequestLimitExceeded" | "ServiceUnavailable" | "Unavailable" => 503,
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => 403,
        "FileSystemAlreadyExists"
        | "FileSystemInUse"
        | "MountTargetConflict"
        | "DistributionAlreadyExists"
        | "DistributionNotDisabled"
        | "IncorrectFileSystemLifeCycleState" => 409,
        "NoSuchDistribution" | "FileSystemNotFound" | "MountTargetNotFound" => 404,
        "PreconditionFailed" => 412,
        "DependencyTimeout" => 504,
        _ => 400,
    }
}
