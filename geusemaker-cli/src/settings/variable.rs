//! The `GM_` variables of the environment. An empty one counts as unset.

use std::ffi::OsString;

use super::origin::{Origin, Setting};
use crate::failure::Failure;

/// Returns the text of a variable.
pub(super) fn text(name: &'static str) -> Result<Option<String>, Failure> {
    match raw(name).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(text)) => Err(wrong(name, &text.to_string_lossy(), "it is not UTF-8")),
    }
}

/// Returns the value of a variable, as it is.
pub(super) fn raw(name: &'static str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the value that a variable has.
pub(super) fn read<T>(
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<Setting<T>>, Failure> {
    let Some(text) = text(name)? else {
        return Ok(None);
    };
    match parse(&text) {
        Ok(value) => Ok(Some(Setting::new(value, Origin::Variable(name)))),
        Err(why) => Err(wrong(name, &text, &why)),
    }
}

/// Reads the value of a switch.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

fn wrong(name: &str, text: &str, why: &str) -> Failure {
    Failure::usage(format!("{name}={text}: {why}"))
        .remedy(format!("correct {name} in the environment, or unset it"))
}
