//! `--var NAME=VALUE`.

use std::fmt;
use std::str::FromStr;

use clap::Args;
use geusemaker_core::spec::VariableName;

#[derive(Args, Clone, Debug)]
pub(crate) struct Variables {
    /// Value of a variable of the spec, in place of that of the environment: --var STAGE=test for ${STAGE}
    ///
    /// May be given once for each variable. Secrets are never taken from variables.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<Variable>,
}

/// A variable of a spec, and its value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: VariableName,
    pub(crate) value: String,
}

/// The name alone: a value may be a secret that was given by mistake.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Variable").field(&self.name).finish()
    }
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err("expected a name and a value, as in STAGE=test".to_owned());
        };
        let name: Result<VariableName, _> = name.parse();
        Ok(Self {
            name: name.map_err(|error| error.message().to_owned())?,
            value: value.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_has_name_and_value() {
        let variable: Variable = "A_1=b=c".parse().unwrap();
        assert_eq!(
            (variable.name.as_str(), variable.value.as_str()),
            ("A_1", "b=c")
        );
        assert!("A=".parse::<Variable>().is_ok());
        for wrong in ["", "A", "=b", "1=b", "a-b=c"] {
            assert!(wrong.parse::<Variable>().is_err(), "{wrong}");
        }
    }
}
