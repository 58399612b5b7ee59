//! The access to the instances and to what runs on them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::cidr_block::CidrBlock;
use super::text::validated_text;

/// The access to the instances of a deployment and to what runs on them.
///
/// ```
/// use geusemaker_core::spec::Access;
///
/// let access = Access::default();
/// assert!(access.ssm());
/// assert!(access.allow().is_empty());
/// assert!(!access.containers_use_role());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Access {
    ssm: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_profile: Option<InstanceProfileName>,
    containers_use_role: bool,
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "some_ranges"
    )]
    allow: Vec<CidrBlock>,
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "some_ranges"
    )]
    ssh_from: Vec<CidrBlock>,
}

/// Refuses an empty list, which could be taken for "nobody".
fn some_ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CidrBlock>, D::Error> {
    let ranges = Vec::deserialize(deserializer)?;
    if ranges.is_empty() {
        return Err(D::Error::custom(
            "the list is empty: name the ranges, or leave the key out for its default",
        ));
    }
    Ok(ranges)
}

impl Default for Access {
    fn default() -> Self {
        AccessBuilder::default().finish()
    }
}

impl Access {
    /// Starts the settings from their defaults.
    pub fn builder() -> AccessBuilder {
        AccessBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> AccessBuilder {
        self.clone().into()
    }

    /// Returns true if AWS Systems Manager can reach the instances, for logs, commands and sessions.
    pub fn ssm(&self) -> bool {
        self.ssm
    }

    /// Returns the existing instance profile to adopt, if any. Otherwise a role and a profile are created if something
    /// needs them.
    pub fn instance_profile(&self) -> Option<&InstanceProfileName> {
        self.instance_profile.as_ref()
    }

    /// Returns true if containers, too, can act with the role of their instance.
    pub fn containers_use_role(&self) -> bool {
        self.containers_use_role
    }

    /// Returns the ranges that may reach the services of tier 1, or the load balancer of tier 2. If there are none, the
    /// services of tier 1 admit nobody, and the load balancer of tier 2 admits everybody.
    pub fn allow(&self) -> &[CidrBlock] {
        &self.allow
    }

    /// Returns the ranges that may reach the SSH port of the instances.
    pub fn ssh_from(&self) -> &[CidrBlock] {
        &self.ssh_from
    }
}

/// A builder of the [`Access`] of a spec: from [`Access::builder`], for
/// [`DeploymentSpecBuilder::access`](super::DeploymentSpecBuilder::access).
///
/// ```
/// use geusemaker_core::spec::{Access, Compute, DeploymentSpec, SpecError, Tier};
///
/// fn main() -> Result<(), SpecError> {
///     let access = Access::builder()
///         .ssh_from(["203.0.113.7/32".parse()?])
///         .containers_use_role(true);
///     let compute = Compute::builder("g5.xlarge".parse()?).key_pair("me".parse()?);
///     let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
///         .access(access)
///         .build()?;
///     assert_eq!(spec.access().ssh_from()[0].as_str(), "203.0.113.7/32");
///     Ok(())
/// }
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`ssm`](Self::ssm) | true | never |
/// | [`instance_profile`](Self::instance_profile) | a new one if something needs it | never |
/// | [`containers_use_role`](Self::containers_use_role) | false | never |
/// | [`allow`](Self::allow) | nobody in tier 1, everybody in tier 2 | if a range is repeated, in tier 3, or without a service |
/// | [`ssh_from`](Self::ssh_from) | nobody | if a range is repeated, or without [`key_pair`](super::ComputeBuilder::key_pair) |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct AccessBuilder {
    ssm: bool,
    instance_profile: Option<InstanceProfileName>,
    containers_use_role: bool,
    allow: Vec<CidrBlock>,
    ssh_from: Vec<CidrBlock>,
}

impl Default for AccessBuilder {
    fn default() -> Self {
        Self {
            ssm: true,
            instance_profile: None,
            containers_use_role: false,
            allow: Vec::new(),
            ssh_from: Vec::new(),
        }
    }
}

impl AccessBuilder {
    /// Sets if AWS Systems Manager can reach the instances; true by default. It needs a role, which is created unless
    /// an [`instance_profile`](Self::instance_profile) is named.
    pub fn ssm(mut self, ssm: bool) -> Self {
        self.ssm = ssm;
        self
    }

    /// Sets the existing instance profile to adopt, instead of a new one. Its role must allow what the deployment
    /// needs: the agent of Systems Manager, and the secrets of the services.
    pub fn instance_profile(mut self, name: InstanceProfileName) -> Self {
        self.instance_profile = Some(name);
        self
    }

    /// Sets if containers, too, can act with the role of their instance; false by default. They then read the metadata
    /// of the instance, with the role's credentials.
    pub fn containers_use_role(mut self, use_role: bool) -> Self {
        self.containers_use_role = use_role;
        self
    }

    /// Sets the ranges that may reach the services of tier 1, or the load balancer of tier 2.
    pub fn allow(mut self, ranges: impl IntoIterator<Item = CidrBlock>) -> Self {
        self.allow = ranges.into_iter().collect();
        self
    }

    /// Sets the ranges that may reach the SSH port of the instances; none by default.
    pub fn ssh_from(mut self, ranges: impl IntoIterator<Item = CidrBlock>) -> Self {
        self.ssh_from = ranges.into_iter().collect();
        self
    }

    /// Makes the settings. Nothing in them can be wrong by itself.
    pub(super) fn finish(self) -> Access {
        Access {
            ssm: self.ssm,
            instance_profile: self.instance_profile,
            containers_use_role: self.containers_use_role,
            allow: self.allow,
            ssh_from: self.ssh_from,
        }
    }
}

impl From<Access> for AccessBuilder {
    fn from(access: Access) -> Self {
        Self {
            ssm: access.ssm,
            instance_profile: access.instance_profile,
            containers_use_role: access.containers_use_role,
            allow: access.allow,
            ssh_from: access.ssh_from,
        }
    }
}

validated_text! {
    /// The name of an IAM instance profile: 1 to 128 letters, digits and `_+=,.@-`.
    ///
    /// Source: IAM API, `CreateInstanceProfile`, parameter `InstanceProfileName`.
    ///
    /// ```
    /// use geusemaker_core::spec::InstanceProfileName;
    ///
    /// let profile: InstanceProfileName = "gpu-workers".parse()?;
    /// assert_eq!(profile.as_str(), "gpu-workers");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    InstanceProfileName, check_instance_profile_name
}

fn check_instance_profile_name(text: &str) -> Result<(), String> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    if (1..=128).contains(&text.len()) && text.bytes().all(is_allowed) {
        return Ok(());
    }
    let name = text.rsplit('/').next().filter(|_| text.starts_with("arn:"));
    Err(match name {
        Some(name) => format!("{text:?} is an ARN: write the name alone, \"{name}\""),
        None => format!(
            "{text:?} is not the name of an instance profile: expected 1 to 128 letters, digits and _+=,.@-"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_and_table_share_defaults() {
        assert_eq!(
            serde_json::from_str::<Access>("{}").unwrap(),
            Access::default()
        );
        assert_eq!(Access::default().to_builder().finish(), Access::default());
    }

    /// In tier 2, nobody and everybody are told apart by leaving the key out.
    #[test]
    fn empty_list_is_refused() {
        let error = serde_json::from_str::<Access>(r#"{"allow":[]}"#).unwrap_err();
        assert!(error.to_string().contains("the list is empty"), "{error}");
    }

    #[test]
    fn profile_name_follows_iam_rules() {
        for text in ["a", "gpu_workers+=,.@-1", &"p".repeat(128)] {
            assert!(text.parse::<InstanceProfileName>().is_ok(), "{text}");
        }
        for text in ["", "a b", "é", "a/b", &"p".repeat(129)] {
            assert!(text.parse::<InstanceProfileName>().is_err(), "{text}");
        }
        let arn = "arn:aws:iam::123456789012:instance-profile/ml/gpu-workers";
        assert_eq!(
            arn.parse::<InstanceProfileName>().unwrap_err().to_string(),
            format!("{arn:?} is an ARN: write the name alone, \"gpu-workers\"")
        );
    }
}
