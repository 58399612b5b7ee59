//! A fault as a sentence, and as the Rust code that creates it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::SignedDuration;

use super::{Effect, Fault, Interruption, On, Refusal};
use crate::sim::lifecycle::LifecycleOverride;

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
        if let Some(after) = place.after {
            write!(f, " from {} on", friendly(after))?;
        }
        if let Some((kind, state)) = &place.while_in {
            write!(f, " while some {kind} is {state}")?;
        }
        match &self.effect {
            Effect::Refuse(Refusal::Code(code)) => write!(f, " is refused with {code}")?,
            Effect::Refuse(Refusal::Denied) => f.write_str(" is denied")?,
            Effect::Refuse(Refusal::ServerError) => f.write_str(" fails with a server error")?,
            Effect::Refuse(Refusal::Throttled) => f.write_str(" is throttled")?,
            Effect::Interrupt(Interruption::Reset) if self.after_effect => {
                return f.write_str(" takes effect and its reply is lost");
            }
            Effect::Interrupt(Interruption::Reset) => f.write_str(" is lost on its way")?,
            Effect::Interrupt(Interruption::Stall) => f.write_str(" is never answered")?,
            Effect::Interrupt(Interruption::DropCaller) => {
                f.write_str(" has its caller dropped")?
            }
            Effect::Interrupt(Interruption::Panic) => f.write_str(" panics")?,
            Effect::Delay(by) => write!(f, " is delayed by {}", friendly(*by))?,
            Effect::State(LifecycleOverride::Usual) => f.write_str(" goes as usual")?,
            Effect::State(LifecycleOverride::Stuck) => f.write_str(" leaves its resource stuck")?,
            Effect::State(LifecycleOverride::Slow(by)) => {
                write!(f, " leaves its resource {} slower", friendly(*by))?;
            }
            Effect::State(LifecycleOverride::Fails { reason, .. }) => {
                write!(f, " makes its resource fail with {reason}")?;
                if let Some(later) = self.later {
                    write!(f, " {} after its start", friendly(later))?;
                }
            }
        }
        if self.after_effect {
            f.write_str(" after it took effect")?;
        }
        Ok(())
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
        call(format_args!("{}", self.effect_to_rust()));
        if let Some(later) = self.later {
            call(format_args!(".later({})", rust_duration(later)));
        }
        if let Some(status) = self.status {
            call(format_args!(".status({status})"));
        }
        if let Some(message) = &self.message {
            call(format_args!(".message({message:?})"));
        }
        if self.after_effect && self.effect != Effect::Interrupt(Interruption::Reset) {
            call(format_args!(".after_effect()"));
        }
        if self.optional {
            call(format_args!(".optional()"));
        }
        rust
    }

    fn effect_to_rust(&self) -> String {
        match &self.effect {
            Effect::Refuse(Refusal::Code(code)) => format!(".answer({code:?})"),
            Effect::Refuse(Refusal::Denied) => ".denied()".to_owned(),
            Effect::Refuse(Refusal::ServerError) => ".server_error()".to_owned(),
            Effect::Refuse(Refusal::Throttled) => ".throttled()".to_owned(),
            Effect::Interrupt(Interruption::Reset) if self.after_effect => {
                ".lose_reply()".to_owned()
            }
            Effect::Interrupt(Interruption::Reset) => ".reset()".to_owned(),
            Effect::Interrupt(Interruption::Stall) => ".stall()".to_owned(),
            Effect::Interrupt(Interruption::DropCaller) => ".drop_caller()".to_owned(),
            Effect::Interrupt(Interruption::Panic) => ".panic()".to_owned(),
            Effect::Delay(by) => format!(".delay({})", rust_duration(*by)),
            Effect::State(LifecycleOverride::Usual) => String::new(),
            Effect::State(LifecycleOverride::Stuck) => ".stuck()".to_owned(),
            Effect::State(LifecycleOverride::Slow(by)) => format!(".slow({})", rust_duration(*by)),
            Effect::State(LifecycleOverride::Fails { reason, .. }) => format!(".fails({reason:?})"),
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

fn rust_duration(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("Duration::from_secs({})", duration.as_secs())
    } else {
        format!("Duration::from_nanos({})", duration.as_nanos())
    }
}
