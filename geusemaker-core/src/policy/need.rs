//! The stacks that need a permission.

use crate::spec::{
    Auth, CdnBehavior, CdnOrigin, DeploymentSpec, Domain, Egress, HostedZone, ImageSource, Market,
    SecretSource, Tier,
};

/// The part of a spec that needs a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Every spec has it.
    Every,
    LoadBalancer,
    Cdn,
    VpcOrigin,
    /// A policy of CloudFront that a behavior names by its id.
    CdnPolicy,
    /// A firewall in front of the CDN.
    WebAcl,
    /// Logs of the CDN in a bucket.
    CdnLogs,
    /// Sign-in at a user pool of Cognito.
    Cognito,
    /// A VPC of the stack's own.
    OwnNetwork,
    Nat,
    Endpoints,
    /// A file system of the stack's own.
    OwnFileSystem,
    AdoptedFileSystem,
    AccessPoints,
    /// A role for the instances.
    Role,
    /// A role or an instance profile, which is passed to the instances.
    PassedRole,
    SystemsManager,
    Spot,
    CapacityReservation,
    KeyPair,
    /// An instance type that the catalog does not list.
    UnlistedType,
    ImageParameter,
    /// Parameters of Systems Manager that services read.
    Parameters,
    /// Secrets of Secrets Manager that services read.
    Secrets,
    /// A client secret for sign-in, in Systems Manager.
    ClientParameter,
    /// A client secret for sign-in, in Secrets Manager.
    ClientSecret,
    /// A name in a hosted zone.
    HostedZone,
    /// A hosted zone that is named by its id.
    HostedZoneById,
    /// A hosted zone that is named, or found, by the name in it.
    HostedZoneByName,
    /// A certificate, new or adopted.
    Certificate,
    /// The search for leftovers in a whole account, which no spec is about.
    Leftovers,
}

impl Need {
    /// Returns true if a stack of this spec makes such calls.
    pub(super) fn is_of(self, spec: &DeploymentSpec) -> bool {
        let is_cdn = spec.tier() >= Tier::Cdn;
        let is_balanced = spec.tier() >= Tier::LoadBalancer;
        let egress = spec.network().egress();
        let client_secret = spec.load_balancer().auth().and_then(Auth::client_secret);
        let zone = spec.domain().map(Domain::hosted_zone);
        match self {
            Self::Every => true,
            Self::LoadBalancer => is_balanced,
            Self::Cdn => is_cdn,
            Self::VpcOrigin => is_cdn && spec.cdn().origin() == CdnOrigin::Vpc,
            Self::CdnPolicy => is_cdn && spec.cdn().behaviors().iter().any(names_policy),
            Self::WebAcl => is_cdn && spec.cdn().web_acl().is_some(),
            Self::CdnLogs => is_cdn && spec.cdn().logging().is_some(),
            Self::Cognito => {
                is_balanced && matches!(spec.load_balancer().auth(), Some(Auth::Cognito(_)))
            }
            Self::OwnNetwork => spec.network().is_created(),
            Self::Nat => egress == Some(Egress::Nat),
            Self::Endpoints => egress == Some(Egress::Endpoints),
            Self::OwnFileSystem => spec.storage().file_system().is_none(),
            Self::AdoptedFileSystem => spec.storage().file_system().is_some(),
            Self::AccessPoints => spec.storage().access_points(),
            Self::Role => spec.creates_role(),
            Self::PassedRole => spec.creates_role() || spec.access().instance_profile().is_some(),
            Self::SystemsManager => spec.access().ssm(),
            Self::Spot => matches!(
                spec.compute().market(),
                Market::Spot | Market::SpotThenOnDemand
            ),
            Self::CapacityReservation => spec.compute().capacity_reservation().is_some(),
            Self::KeyPair => spec.compute().key_pair().is_some(),
            Self::UnlistedType => {
                let mut types = spec.compute().instance_types();
                types.any(|requested| requested.listed().is_none())
            }
            Self::ImageParameter => {
                matches!(spec.compute().ami(), Some(ImageSource::Parameter(_)))
            }
            Self::Parameters => {
                let mut sources = spec.secret_sources();
                sources.any(|source| matches!(source, SecretSource::Parameter(_)))
            }
            Self::Secrets => {
                let mut sources = spec.secret_sources();
                sources.any(|source| matches!(source, SecretSource::SecretsManager { .. }))
            }
            Self::ClientParameter => {
                is_balanced && matches!(client_secret, Some(SecretSource::Parameter(_)))
            }
            Self::ClientSecret => {
                is_balanced && matches!(client_secret, Some(SecretSource::SecretsManager { .. }))
            }
            Self::HostedZone => is_balanced && spec.domain().is_some(),
            Self::HostedZoneById => is_balanced && matches!(zone, Some(Some(HostedZone::Id(_)))),
            Self::HostedZoneByName => {
                is_balanced && matches!(zone, Some(None | Some(HostedZone::Name(_))))
            }
            Self::Certificate => {
                is_balanced
                    && (spec.domain().is_some()
                        || spec.load_balancer().certificate_arn().is_some()
                        || spec.cdn().certificate_arn().is_some())
            }
            Self::Leftovers => false,
        }
    }
}

fn names_policy(behavior: &CdnBehavior) -> bool {
    let headers = behavior.headers();
    behavior.cache().named_by_id().is_some()
        || behavior.origin_request().named_by_id().is_some()
        || headers.is_some_and(|policy| policy.named_by_id().is_some())
}
