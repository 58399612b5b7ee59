//! `GM_CLOCK_SPEED`: the speed of the account that `gm sandbox serve` serves, for the waits of other `gm`s.

use geusemaker_core::{ClockSpeed, Error, Session, SessionBuilder};

use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;

/// The environment variable, which `gm sandbox serve` prints.
pub(crate) const CLOCK_SPEED: &str = "GM_CLOCK_SPEED";

/// Returns the speed that the environment asks for.
pub(crate) fn from_environment() -> Result<Option<ClockSpeed>, Failure> {
    let Some(value) = std::env::var_os(CLOCK_SPEED).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let value = value.to_string_lossy();
    match value.parse() {
        Ok(speed) => Ok(Some(speed)),
        Err(error) => Err(Failure::usage(format!(
            "{CLOCK_SPEED}={value}: {error}; set it to what `gm sandbox serve` prints, or unset it"
        ))),
    }
}

/// Creates the session, and lets it and the display go by the account's time. An account that is not simulated on this
/// machine is left at its own speed: a variable that was forgotten must neither make `gm` poll AWS faster, nor keep it
/// from removing what costs money.
pub(crate) fn session(
    builder: SessionBuilder,
    speed: Option<ClockSpeed>,
    display: &ProgressDisplay,
) -> Result<Session, Failure> {
    let Some(speed) = speed else {
        return Ok(builder.build()?);
    };
    match builder.clone().clock_speed(speed).build() {
        Ok(session) => {
            display.set_speed(speed);
            Ok(session)
        }
        Err(Error::NotSimulated(reason)) => {
            display.note(&format!("{CLOCK_SPEED}={speed} is ignored: {reason}"));
            Ok(builder.build()?)
        }
        Err(error) => Err(error.into()),
    }
}
