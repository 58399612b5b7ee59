//! The sandbox: a simulated AWS account, inside the process or on a socket.

mod in_process;
mod kept_account;
pub(crate) mod secrets;

use geusemaker_testkit::{Aws, AwsBuilder, ServiceGuest};

pub(crate) use self::in_process::open;
pub(crate) use self::kept_account::{KeptAccount, Lock};

/// The domain that every account of the sandbox owns.
pub(crate) const DOMAIN: &str = "example.com";

/// Returns the builder that every account of the sandbox starts from.
pub(crate) fn account() -> AwsBuilder {
    let account = Aws::builder().guest(ServiceGuest::new());
    let account = account.hosted_zone(DOMAIN);
    match region() {
        Some(region) => account.region(region),
        None => account,
    }
}

/// Returns the region of the environment, which counts in the sandbox as it does outside.
pub(crate) fn region() -> Option<String> {
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|region| !region.is_empty())
}
