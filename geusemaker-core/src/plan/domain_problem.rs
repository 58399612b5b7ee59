//! The reasons why the names of a spec, or the certificates for them, do not fit an account.

use crate::id::{CertificateArn, HostedZoneId};
use crate::spec::{DomainName, HostedZone, Region};

/// A reason why a name, or a certificate for it, does not fit the account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     domain = { name = 'llm.example.org', hosted_zone = 'example.org' }\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::{Error, PlanProblem};
///
/// // The account has no such hosted zone.
/// let Err(Error::Plan(error)) = session.plan(spec).await else { panic!() };
/// assert!(matches!(error.problems(), [PlanProblem::Domain(_)]));
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainProblem {
    /// The account has no public hosted zone of this name or id.
    #[error("domain.hosted_zone: the account has no hosted zone {zone}")]
    #[non_exhaustive]
    NoHostedZone {
        /// The zone in the spec.
        zone: HostedZone,
    },
    /// Only VPCs see the records of the hosted zone.
    #[error("domain.hosted_zone: {zone} is private, so the internet does not see its records")]
    #[non_exhaustive]
    PrivateHostedZone {
        /// The zone in the spec.
        zone: HostedZone,
    },
    /// The account has several public hosted zones of the name, of which the internet sees one.
    #[error("domain.hosted_zone: the account has {} public hosted zones {name}: {}", .ids.len(), joined(.ids))]
    #[non_exhaustive]
    SeveralHostedZones {
        /// The name in the spec.
        name: DomainName,
        /// The ids of the zones.
        ids: Vec<HostedZoneId>,
    },
    /// A name is not in the hosted zone.
    #[error("{name} is not in the hosted zone {id}, which is {zone}")]
    #[non_exhaustive]
    OutsideOfZone {
        /// The name.
        name: DomainName,
        /// The id of the zone.
        id: HostedZoneId,
        /// The name of the zone.
        zone: String,
    },
    /// A name leads elsewhere already.
    #[error("{name} has a record of type {record_type} already{}", leads_to(.target))]
    #[non_exhaustive]
    NameInUse {
        /// The name.
        name: DomainName,
        /// The type of the record: `CNAME`.
        record_type: &'static str,
        /// The name that the record leads to; empty if it leads to addresses.
        target: String,
    },
    /// The certificate is in another region than the load balancer.
    #[error(
        "load_balancer.certificate_arn: {arn} is in {}, and the load balancer will be in {region}",
        .arn.region()
    )]
    #[non_exhaustive]
    OtherRegion {
        /// The certificate.
        arn: CertificateArn,
        /// The region of the stack.
        region: Region,
    },
    /// The certificate does not exist.
    #[error("{field}: the account has no certificate {arn}")]
    #[non_exhaustive]
    NoCertificate {
        /// The field of the spec: `cdn.certificate_arn`.
        field: &'static str,
        /// The certificate.
        arn: CertificateArn,
    },
    /// The certificate is not issued, or not valid any more.
    #[error("{field}: {arn} is {status}, and only an issued certificate can be used")]
    #[non_exhaustive]
    NotIssued {
        /// The field of the spec.
        field: &'static str,
        /// The certificate.
        arn: CertificateArn,
        /// The status that AWS reports: `PENDING_VALIDATION`.
        status: String,
    },
    /// The certificate is for other names.
    #[error("{field}: {arn} does not cover {}: it is for {}", joined(.missing), joined(.covered))]
    #[non_exhaustive]
    NotCovered {
        /// The field of the spec.
        field: &'static str,
        /// The certificate.
        arn: CertificateArn,
        /// The names that it does not cover.
        missing: Vec<DomainName>,
        /// The names that it is for.
        covered: Vec<String>,
    },
}

impl DomainProblem {
    /// Returns what the user can do about the problem.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoHostedZone { zone } => format!(
                "create it (aws route53 create-hosted-zone --name {} --caller-reference 1) and let the registrar of the \
                 domain name its name servers, or name another one; without hosted_zone, name certificates that exist",
                match zone {
                    HostedZone::Name(name) => name.as_str(),
                    HostedZone::Id(_) => "NAME",
                }
            ),
            Self::PrivateHostedZone { .. } => {
                "name a public hosted zone: its records are what Certificate Manager validates the name by".to_owned()
            }
            Self::SeveralHostedZones { name, .. } => format!(
                "name the id of the one whose name servers dig +short NS {name} lists"
            ),
            Self::OutsideOfZone { zone, .. } => {
                format!("choose a name below {zone}, or correct domain.hosted_zone")
            }
            Self::NameInUse { .. } => {
                "choose another name, or remove the record if nothing needs it any more".to_owned()
            }
            Self::OtherRegion { region, .. } => format!(
                "name a certificate of {region}: load balancers take those of their own region alone"
            ),
            Self::NoCertificate { arn, .. } => format!(
                "check the ARN and the account: aws acm list-certificates --region {}",
                arn.region()
            ),
            Self::NotIssued { arn, .. } => format!(
                "finish its validation, or name another one: aws acm describe-certificate --certificate-arn {arn} \
                 --region {}",
                arn.region()
            ),
            Self::NotCovered { .. } => {
                "name a certificate that covers all of these names, or leave it out and name the domain.hosted_zone, in \
                 which one is requested"
                    .to_owned()
            }
        }
    }
}

fn joined<T: ToString>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn leads_to(target: &str) -> String {
    match target {
        "" => String::new(),
        target => format!(", which leads to {target}"),
    }
}
