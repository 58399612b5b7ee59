//! The reasons why a request was never sent, in the words of a user.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;

use crate::error_chain::links;

/// Returns the credentials error in a chain, if there is one. The SDK wraps it in more than one way.
pub(super) fn credentials_error<'a>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a CredentialsError> {
    links(error).find_map(|error| error.downcast_ref::<CredentialsError>())
}

/// Returns the message for credentials that were not found. The SDK lists all providers, most of which nobody uses.
pub(super) fn credentials_message(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "no AWS credentials were found".to_owned(),
        error => {
            let reason = links(error).last().map(ToString::to_string);
            format!(
                "no usable AWS credentials were found: {}",
                reason.unwrap_or_else(|| error.to_string())
            )
        }
    }
}

/// Returns the message for an endpoint that is no URL, from the message of the SDK, which shows the whole request.
pub(super) fn endpoint_message(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("failed to apply endpoint `")?;
    let (endpoint, _) = rest.split_once('`')?;
    Some(format!("the endpoint {endpoint:?} is not a URL"))
}

/// The remedy for an endpoint that is no URL.
pub(super) const ENDPOINT_REMEDY: &str = "set AWS_ENDPOINT_URL (or endpoint_url in the profile) to a URL such as \
     http://localhost:4566, or unset it for AWS itself";

/// The remedy for credentials that were not found.
pub(super) const CREDENTIALS_REMEDY: &str = "run \"aws configure\" or \"aws sso login\", or set AWS_PROFILE to a profile that has credentials";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_not_listed() {
        let none = CredentialsError::not_loaded("Environment: ...\n  Profile: ...");
        assert_eq!(credentials_message(&none), "no AWS credentials were found");
        let expired = CredentialsError::provider_error("the SSO session has expired");
        assert_eq!(
            credentials_message(&expired),
            "no usable AWS credentials were found: the SSO session has expired"
        );
    }

    #[test]
    fn request_is_not_shown() {
        let message = "failed to apply endpoint `nonsense` to request `Request { body: 1 }`: endpoint must contain scheme";
        assert_eq!(
            endpoint_message(message).as_deref(),
            Some("the endpoint \"nonsense\" is not a URL")
        );
        assert_eq!(endpoint_message("dns error"), None);
    }
}
