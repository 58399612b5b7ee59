//! A fault as a sentence, and as the Rust code that creates it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::SignedDuration;

use super::effect::Way;
use super::{
    Disruption, Effect, Fault, Interruption, On, Reason, Refusal, ResourceDelay, ResourceFailure,
};

impl fmt::Display for Fault {
    /// Writes a sentence: `call 2 of RunInstances is refused with InsufficientInstanceCapacity`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match (place.nth, place.times) {
            (nth, 1) => write!(f, "call {nth}")?,
            (1, u32::MAX) => f.write_str("every call")?,
            (nth, u32::MAX) => write!(f, "every call from call {nth} on")?,
            (nth, times) => write!(
                f,
                "each of calls {nth} to {}",
                nth.saturating_add(times - 1)
            )?,
        }
        write!(f, " of {}", place.on)?;
        if let Some(of_type) = &place.of_type {
            write!(f, " for {of_type}")?;
        }
        if let Some(zone) = &place.in_zone {
            write!(f, " in {zone}")?;
        }
        if let Some(after) = place.after {
            write!(f, " from {} on", friendly(after))?;
        }
        if let Some((kind, state)) = &place.while_in {
            write!(f, " while some {kind} is {state}")?;
        }
        match &self.effect.0 {
            Effect::Refuse(refusal) => write!(f, " {refusal}"),
            Effect::Disrupt(disruption) => write!(f, " {disruption}"),
            Effect::Delay(ResourceDelay { by: None }) => f.write_str(" leaves its resource stuck"),
            Effect::Delay(ResourceDelay { by: Some(by) }) => {
                write!(f, " leaves its resource {} slower", friendly(*by))
            }
            Effect::Fail(ResourceFailure { reason, later }) => {
                write!(f, " makes its resource fail with {reason}")?;
                match later {
                    Some(later) => write!(f, " {} after its start", friendly(*later)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Code(code) => write!(f, "is refused with {code}")?,
            Reason::Denied => f.write_str("is denied")?,
            Reason::ServerError => f.write_str("fails with a server error")?,
            Reason::Throttled => f.write_str("is throttled")?,
        }
        f.write_str(after_effect(self.after_effect))
    }
}

impl fmt::Display for Disruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::lost_reply() {
            return f.write_str("takes effect and its reply is lost");
        }
        match self.way {
            Way::Interruption(Interruption::Reset) => f.write_str("is lost on its way")?,
            Way::Interruption(Interruption::Stall) => f.write_str("is never answered")?,
            Way::Interruption(Interruption::DropCaller) => f.write_str("has its caller dropped")?,
            Way::Interruption(Interruption::Panic) => f.write_str("panics")?,
            Way::Delay(by) => write!(f, "is delayed by {}", friendly(by))?,
        }
        f.write_str(after_effect(self.after_effect))
    }
}

fn after_effect(after_effect: bool) -> &'static str {
    if after_effect {
        " after it took effect"
    } else {
        ""
    }
}

impl Fault {
    /// Returns the Rust code that creates the fault, to paste: `Fault::on("RunInstances").nth(2).lose_reply()`.
    #[must_use]
    pub fn to_rust(&self) -> String {
        let place = &self.place;
        let mut rust = if place.on == On::any() {
            "Fault::on_any()".to_owned()
        } else {
            format!("Fault::on({:?})", place.on.to_string())
        };
        let mut call = |text: fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = rust.write_fmt(text);
        };
        call(format_args!(".nth({})", place.nth));
        match place.times {
            1 => {}
            u32::MAX => call(format_args!(".forever()")),
            times => call(format_args!(".times({times})")),
        }
        if let Some(after) = place.after {
            call(format_args!(".after({})", rust_duration(after)));
        }
        if let Some((kind, state)) = &place.while_in {
            call(format_args!(".while_in({kind:?}, {state:?})"));
        }
        if let Some(of_type) = &place.of_type {
            call(format_args!(".of_type({of_type:?})"));
        }
        if let Some(zone) = &place.in_zone {
            call(format_args!(".in_zone({zone:?})"));
        }
        match &self.effect.0 {
            Effect::Refuse(refusal) => call(format_args!("{}", refusal.to_rust())),
            Effect::Disrupt(disruption) => call(format_args!("{}", disruption.to_rust())),
            Effect::Delay(ResourceDelay { by: None }) => call(format_args!(".stuck()")),
            Effect::Delay(ResourceDelay { by: Some(by) }) => {
                call(format_args!(".slow({})", rust_duration(*by)));
            }
            Effect::Fail(ResourceFailure { reason, later }) => {
                call(format_args!(".fails({reason:?})"));
                if let Some(later) = later {
                    call(format_args!(".later({})", rust_duration(*later)));
                }
            }
        }
        if self.optional {
            call(format_args!(".optional()"));
        }
        rust
    }
}

impl Refusal {
    fn to_rust(&self) -> String {
        let mut rust = match &self.reason {
            Reason::Code(code) => format!(".answer({code:?})"),
            Reason::Denied => ".denied()".to_owned(),
            Reason::ServerError => ".server_error()".to_owned(),
            Reason::Throttled => ".throttled()".to_owned(),
        };
        if let Some(status) = self.status {
            rust.push_str(&format!(".status({status})"));
        }
        if let Some(message) = &self.message {
            rust.push_str(&format!(".message({message:?})"));
        }
        if self.after_effect {
            rust.push_str(".after_effect()");
        }
        rust
    }
}

impl Disruption {
    fn to_rust(&self) -> String {
        if *self == Self::lost_reply() {
            return ".lose_reply()".to_owned();
        }
        let mut rust = match self.way {
            Way::Interruption(Interruption::Reset) => ".reset()".to_owned(),
            Way::Interruption(Interruption::Stall) => ".stall()".to_owned(),
            Way::Interruption(Interruption::DropCaller) => ".drop_caller()".to_owned(),
            Way::Interruption(Interruption::Panic) => ".panic()".to_owned(),
            Way::Delay(by) => format!(".delay({})", rust_duration(by)),
        };
        if self.after_effect {
            rust.push_str(".after_effect()");
        }
        rust
    }
}

/// Formats a duration, such as `1h 30m`.
fn friendly(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{duration:?}"),
    }
}

fn rust_duration(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("Duration::from_secs({})", duration.as_secs())
    } else {
        format!("Duration::from_nanos({})", duration.as_nanos())
    }
}
