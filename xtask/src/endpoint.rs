//! The environment of a program whose only AWS is a server on this machine.

use std::process::Command;

/// The region of all tasks.
pub(crate) const REGION: &str = "us-east-1";

/// Points the program to the server at this URI, and removes the user's own AWS settings.
pub(crate) fn direct(program: &mut Command, uri: &str) {
    const LOOPBACK: &str = "127.0.0.1";
    forget_aws(program);
    program
        .env("AWS_ENDPOINT_URL", uri)
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("NO_PROXY", LOOPBACK)
        .env("no_proxy", LOOPBACK);
}

/// Removes the user's AWS settings: a profile, real keys, an endpoint of one service.
pub(crate) fn forget_aws(program: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            program.env_remove(name);
        }
    }
}
