//! The SDK configuration from the environment, with credentials that are looked up again when they expire.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use aws_smithy_async::time::{SystemTimeSource, TimeSource as _};

/// The time for which keys without an expiry time are used.
const WITHOUT_EXPIRY: Duration = Duration::from_secs(60);

/// Loads what every AWS SDK reads: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest.
pub(crate) async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(ReloadingCredentials)
        .load()
        .await
}

/// The default credentials chain, built again for every lookup. A chain reads the keys of a profile only once, but a
/// user who signs in again during a deployment writes new ones.
#[derive(Debug)]
struct ReloadingCredentials;

impl ReloadingCredentials {
    async fn look_up() -> Result<Credentials, CredentialsError> {
        let chain = DefaultCredentialsChain::builder()
            .configure(ProviderConfig::with_default_region().await)
            .build()
            .await;
        let mut credentials = chain.provide_credentials().await?;
        // Without an expiry time, the SDK would use the keys until the program ends.
        credentials
            .expiry_mut()
            .get_or_insert_with(|| SystemTimeSource::new().now() + WITHOUT_EXPIRY);
        Ok(credentials)
    }
}

impl ProvideCredentials for ReloadingCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(Self::look_up())
    }
}
