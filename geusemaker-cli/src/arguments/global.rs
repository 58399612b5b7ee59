//! The options of every command. Each of those that can be set elsewhere is resolved with its other layers in
//! [`Settings`](crate::settings::Settings), so none has a default here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use geusemaker_core::spec::Region;

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Use a simulated AWS account, kept between runs, instead of a real one [env: GM_SANDBOX]
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,

    /// Format of the result on standard output: text, or one JSON document [default: text] [env: GM_OUTPUT]
    #[arg(short, long, global = true, value_enum)]
    pub(crate) output: Option<Output>,

    /// Directory of the journals, the records of all stacks [default: $XDG_STATE_HOME/gm] [env: GM_STATE]
    #[arg(long, global = true, value_name = "DIR", value_parser = clap::builder::OsStringValueParser::new())]
    pub(crate) state: Option<OsString>,

    /// Region of AWS, in place of that of the spec [default: that of the spec, or of the AWS environment] [env: GM_REGION]
    #[arg(long, global = true)]
    pub(crate) region: Option<Region>,

    /// Profile of the AWS configuration, whose credentials are used [default: AWS_PROFILE] [env: GM_PROFILE]
    #[arg(long, global = true, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,

    /// Address of another service in place of AWS [default: AWS_ENDPOINT_URL] [env: GM_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<EndpointUrl>,

    /// File with settings [default: $XDG_CONFIG_HOME/gm/config.toml] [env: GM_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print only errors and results [env: GM_QUIET]
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Show each AWS call, with its outcome and time; -vv shows each attempt and more of the SDK [env: GM_VERBOSE]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

/// The address of a service: a scheme and a host, with a port or a path if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointUrl(String);

impl EndpointUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EndpointUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let is_url = rest.is_some_and(|rest| {
            let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
            !rest.starts_with(['/', ':', '?', '#'])
                && !rest.is_empty()
                && rest.chars().all(is_plain)
        });
        match is_url {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "the endpoint {text:?} is not a URL: expected one such as http://localhost:4566"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_has_scheme_and_host() {
        for url in [
            "http://localhost:4566",
            "https://vpce-1.ec2.us-east-1.vpce.amazonaws.com",
            "http://[::1]:1/a",
        ] {
            assert!(url.parse::<EndpointUrl>().is_ok(), "{url}");
        }
        for text in [
            "",
            "localhost:4566",
            "http://",
            "http://:80",
            "ftp://a",
            "http://a b",
        ] {
            assert!(text.parse::<EndpointUrl>().is_err(), "{text}");
        }
    }
}
