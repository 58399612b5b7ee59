//! The protocols of application load balancers and their target groups.

use serde::{Deserialize, Serialize};

use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::Params;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Protocol {
    #[default]
    Http,
    Https,
}

impl Protocol {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "HTTP" => Some(Self::Http),
            "HTTPS" => Some(Self::Https),
            _ => None,
        }
    }

    /// Reads the protocol of a listener, if the call names one.
    pub(super) fn read_of_listener(params: &mut Params) -> Result<Option<Self>, ServiceError> {
        let Some(name) = params.optional("Protocol") else {
            return Ok(None);
        };
        Self::from_name(&name).map(Some).ok_or_else(|| {
            validation::error(format!(
                "Listener protocol '{name}' must be one of 'HTTPS, HTTP'"
            ))
        })
    }

    /// Reads a protocol of a target group. The others are for network and gateway load balancers, which are not
    /// simulated.
    pub(super) fn read(params: &mut Params, name: &str) -> Result<Option<Self>, ServiceError> {
        let Some(value) = params.optional(name) else {
            return Ok(None);
        };
        Self::from_name(&value)
            .map(Some)
            .ok_or_else(|| ServiceError::unsupported(format_args!("the value {value} of {name}")))
    }
}
