//! The SDK configuration from the environment, with credentials that are looked up again when they expire.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource as _};

/// The time for which keys without an expiry time are used.
const WITHOUT_EXPIRY: Duration = Duration::from_secs(60);

/// Loads what every AWS SDK reads, `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and the rest, except for what is given.
pub(crate) async fn config(
    profile: Option<String>,
    region: Option<Region>,
    endpoint_url: Option<String>,
) -> SdkConfig {
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).credentials_provider(Reloading {
            profile: profile.clone(),
            region: region.clone(),
        });
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(region);
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// Makes a configuration that has a clock and nothing else.
pub(crate) fn config_without_aws() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .build()
}

/// The credentials of a profile, or of the default chain, built again for every lookup. Either reads the keys of a
/// profile only once, but a user who signs in again during a deployment writes new ones.
#[derive(Clone, Debug)]
struct Reloading {
    profile: Option<String>,
    /// The region in which roles are assumed.
    region: Option<Region>,
}

impl Reloading {
    async fn look_up(self) -> Result<Credentials, CredentialsError> {
        let mut credentials = match self.profile {
            Some(profile) => of_profile(&profile, self.region).await?,
            None => by_default(self.region).await?,
        };
        // Without an expiry time, the SDK would use the keys until the program ends.
        credentials
            .expiry_mut()
            .get_or_insert_with(|| SystemTimeSource::new().now() + WITHOUT_EXPIRY);
        Ok(credentials)
    }
}

/// Looks up the credentials of this profile alone: whoever names a profile does not want the keys of the environment.
async fn of_profile(
    profile: &str,
    region: Option<Region>,
) -> Result<Credentials, CredentialsError> {
    let region = match region {
        Some(region) => Some(region),
        None => {
            let chain = DefaultRegionChain::builder().profile_name(profile);
            chain.build().region().await
        }
    };
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::without_region().with_region(region))
        .profile_name(profile)
        .build();
    provider.provide_credentials().await
}

async fn by_default(region: Option<Region>) -> Result<Credentials, CredentialsError> {
    let mut chain =
        DefaultCredentialsChain::builder().configure(ProviderConfig::with_default_region().await);
    if let Some(region) = region {
        chain = chain.region(region);
    }
    chain.build().await.provide_credentials().await
}

impl ProvideCredentials for Reloading {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.clone().look_up())
    }
}
