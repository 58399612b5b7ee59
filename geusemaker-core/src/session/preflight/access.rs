//! The key pair, the instance profile and the secrets that the spec names.

use super::Preflight;
use super::report::{Checked, during};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::plan::problem::PlanProblem;
use crate::resource::{client_secret, instance_profile, key_pair, parameter, secret};
use crate::spec::{Auth, SecretSource};

impl Preflight<'_> {
    pub(super) async fn key_pair(&self) -> Checked<()> {
        let Some(name) = self.spec.compute().key_pair() else {
            return Ok(());
        };
        let exists = key_pair::exists(&self.account.reader, name)
            .await
            .map_err(during("looking up the key pair"))?;
        if exists {
            Ok(())
        } else {
            Err(self.missing("compute.key_pair", name).into())
        }
    }

    /// Checks the instance profile that the spec names: it must have a role.
    pub(super) async fn instance_profile(&self) -> Checked<()> {
        let Some(profile) = self.spec.access().instance_profile() else {
            return Ok(());
        };
        let roles = instance_profile::roles(&self.account.reader, profile.as_str())
            .await
            .map_err(during("looking up the instance profile"))?;
        match roles {
            None => Err(self.missing("access.instance_profile", profile).into()),
            Some(roles) if roles.is_empty() => Err(PlanProblem::ProfileWithoutRole {
                profile: profile.clone(),
            }
            .into()),
            Some(_) => Ok(()),
        }
    }

    /// Checks that the places of the secrets exist. Without permission to ask, the instances find out.
    pub(super) async fn secrets(&self) -> Checked<()> {
        match self.missing_secret().await {
            Ok(None) => Ok(()),
            Ok(Some(place)) => Err(self.missing("service.secrets", &place).into()),
            Err(error) if error.class == ErrorClass::Permission => Ok(()),
            Err(error) => Err(during("looking up the secrets")(error)),
        }
    }

    /// Checks that the client secret can be read: the deployment needs it, in a call that it makes late.
    pub(super) async fn client_secret(&self) -> Checked<()> {
        let auth = self.spec.load_balancer().auth();
        let Some(place) = auth.and_then(Auth::client_secret) else {
            return Ok(());
        };
        let read = client_secret::read(&self.account.reader, place).await;
        match read.map_err(during("reading the client secret"))? {
            Ok(_) => Ok(()),
            Err(flaw) => Err(PlanProblem::ClientSecret {
                place: place.clone(),
                reason: flaw.reason().to_owned(),
                remedy: flaw.remedy(place),
            }
            .into()),
        }
    }

    /// Returns the first place that does not exist.
    async fn missing_secret(&self) -> Result<Option<String>, AwsError> {
        let aws = &self.account.reader;
        let parameters = self.spec.secret_sources();
        let parameters = parameters.filter_map(|source| match source {
            SecretSource::Parameter(name) => Some(name),
            SecretSource::SecretsManager { .. } | SecretSource::Generated(_) => None,
        });
        let parameters: Vec<_> = parameters.collect();
        if let Some(name) = parameter::missing(aws, &parameters).await? {
            return Ok(Some(format!("ssm:{name}")));
        }
        for source in self.spec.secret_sources() {
            if let SecretSource::SecretsManager { name, .. } = source
                && !secret::exists(aws, name).await?
            {
                return Ok(Some(format!("secretsmanager:{name}")));
            }
        }
        Ok(None)
    }
}
