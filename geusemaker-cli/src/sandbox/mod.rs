//! The sandbox: a simulated AWS account, inside the process or on a socket.

mod certificate_file;
mod guest_process;
mod guests;
mod in_process;
mod kept_account;
pub(crate) mod secrets;
mod traffic;

use geusemaker_core::spec::Region;
use geusemaker_testkit::{Aws, AwsBuilder, ServiceGuest};

use crate::failure::Failure;
use crate::settings::Settings;

pub(crate) use self::in_process::open;
pub(crate) use self::kept_account::{KeptAccount, Lock};
pub(crate) use self::traffic::ServedTraffic;

/// The domain that every account of the sandbox owns.
pub(crate) const DOMAIN: &str = "example.com";

/// Returns the builder that every account of the sandbox starts from.
pub(crate) fn account(settings: &Settings) -> AwsBuilder {
    let account = Aws::builder().guest(ServiceGuest::new());
    let account = account.hosted_zone(DOMAIN);
    match region(settings) {
        Some(region) => account.region(region),
        None => account,
    }
}

/// Returns a failure for a region that AWS does not have: no stack could be deployed there outside of the sandbox.
pub(crate) fn ensure_known(region: &Region) -> Result<(), Failure> {
    if region.is_known() {
        return Ok(());
    }
    let near = region.near_miss();
    let question = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let failure = Failure::usage(format!("{region} is not a known region of AWS{question}"));
    Err(failure
        .remedy("name a region such as us-east-1 in the spec, with --region or in AWS_REGION"))
}

/// Returns the region of the settings or of the environment, which count in the sandbox as they do outside.
pub(crate) fn region(settings: &Settings) -> Option<String> {
    if let Some(region) = &settings.region {
        return Some(region.value.to_string());
    }
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|region| !region.is_empty())
}
