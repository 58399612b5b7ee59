//! The loader of the configuration of the AWS SDK.

use aws_config::SdkConfig;

use crate::aws::environment;
use crate::spec::Region;

/// A loader of the configuration of the AWS SDK; [`Session::config_loader`](crate::Session::config_loader) starts one.
///
/// The environment has the rest, as for every AWS SDK. A value that is set has the meaning that the options of the
/// AWS CLI have:
///
/// | setter | option | comes before |
/// |---|---|---|
/// | [`profile`](Self::profile) | `--profile` | `AWS_PROFILE`, and credentials in variables such as `AWS_ACCESS_KEY_ID` |
/// | [`region`](Self::region) | `--region` | `AWS_REGION`, `AWS_DEFAULT_REGION` and the region of the profile |
/// | [`endpoint_url`](Self::endpoint_url) | `--endpoint-url` | `AWS_ENDPOINT_URL`, and the endpoints of single services |
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// use geusemaker_core::{Journals, Session};
///
/// let config = Session::config_loader()
///     .profile("dev")
///     .region("eu-west-1".parse()?)
///     .load()
///     .await;
/// let session = Session::new(config, Journals::in_folder("journals")?);
/// # session.close().await.into_result()
/// # }
/// ```
#[must_use = "a loader does nothing until `load` is called"]
#[derive(Clone, Debug, Default)]
pub struct ConfigLoader {
    profile: Option<String>,
    region: Option<Region>,
    endpoint_url: Option<String>,
}

impl ConfigLoader {
    /// Sets the profile of the shared configuration files. Credentials come from it alone.
    pub fn profile(self, name: impl Into<String>) -> Self {
        Self {
            profile: Some(name.into()),
            ..self
        }
    }

    /// Sets the Region, which specs without a Region use.
    pub fn region(self, region: Region) -> Self {
        Self {
            region: Some(region),
            ..self
        }
    }

    /// Sets the endpoint of all services.
    pub fn endpoint_url(self, url: impl Into<String>) -> Self {
        Self {
            endpoint_url: Some(url.into()),
            ..self
        }
    }

    /// Returns a configuration with which journals can be read, and AWS cannot be asked. Nothing is looked up for it: no
    /// files, credentials, certificates or region.
    #[must_use]
    pub fn without_aws() -> SdkConfig {
        environment::config_without_aws()
    }

    /// Loads the configuration. Credentials that are no longer accepted are looked up again, so that the user can sign in
    /// while a deployment waits.
    pub async fn load(self) -> SdkConfig {
        let Self {
            profile,
            region,
            endpoint_url,
        } = self;
        let region = region.map(|region| aws_config::Region::new(region.to_string()));
        environment::config(profile, region, endpoint_url).await
    }
}
