//! The SDK configuration of a program's environment, with credentials that are looked up anew when they run out.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};

/// What every AWS SDK reads: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest.
pub(crate) async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(AnewEachTime)
        .identity_cache(
            IdentityCache::lazy()
                .default_expiration(WITHOUT_EXPIRY)
                .build(),
        )
        .load()
        .await
}

/// The default chain, made anew for every look-up: it reads a profile's keys once in its life, and somebody who signs
/// in again in the middle of a deployment writes new ones.
#[derive(Debug)]
struct AnewEachTime;

impl AnewEachTime {
    async fn look_up() -> Result<Credentials, CredentialsError> {
        let chain = DefaultCredentialsChain::builder()
            .configure(ProviderConfig::with_default_region().await)
            .build()
            .await;
        chain.provide_credentials().await
    }
}

impl ProvideCredentials for AnewEachTime {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(Self::look_up())
    }
}

/// How long keys are used that do not say how long they are good for.
const WITHOUT_EXPIRY: Duration = Duration::from_secs(60);
