//! The services of AWS to which VPC endpoints lead, and DescribeVpcEndpointServices.

use super::EndpointType;
use crate::sim::context::RequestContext;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::sim::ec2::{Code, Ec2};
use crate::sim::partition::Partition;
use crate::sim::regions;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The services that are simulated, each with the first labels of its usual name.
const SERVICES: [(&str, &str); 14] = [
    ("dynamodb", "dynamodb"),
    ("ec2", "ec2"),
    ("ec2messages", "ec2messages"),
    ("ecr.api", "api.ecr"),
    ("ecr.dkr", "*.dkr.ecr"),
    ("elasticfilesystem", "elasticfilesystem"),
    ("kms", "kms"),
    ("logs", "logs"),
    ("monitoring", "monitoring"),
    ("s3", "*.s3"),
    ("secretsmanager", "secretsmanager"),
    ("ssm", "ssm"),
    ("ssmmessages", "ssmmessages"),
    ("sts", "sts"),
];

/// The services with endpoints of both types.
pub(super) const WITH_GATEWAY: [&str; 2] = ["dynamodb", "s3"];

/// The services whose interface endpoints have names in `cn.com.amazonaws` in the regions of China; the others have
/// `com.amazonaws` there too (AWS CDK, InterfaceVpcEndpointAwsService).
const WITH_CHINESE_NAME: [&str; 7] = [
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "elasticfilesystem",
    "monitoring",
    "s3",
    "sts",
];

/// A service of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EndpointService {
    /// The full name, such as `com.amazonaws.us-east-1.s3`.
    pub(super) name: String,
    /// The short name, such as `s3`.
    pub(super) short: &'static str,
    pub(super) types: Vec<EndpointType>,
    /// The service's usual name, such as `ssm.us-east-1.amazonaws.com`.
    pub(super) dns_name: String,
    region: String,
}

/// Returns the services of a region. In China a gateway and an interface endpoint of one service have different names.
pub(super) fn services(region: &str) -> Vec<EndpointService> {
    let partition = Partition::of(region);
    let (is_chinese, suffix) = (partition == Partition::China, partition.dns_suffix());
    let service = |prefix: &str, short, host: &str, types| EndpointService {
        name: format!("{prefix}.{region}.{short}"),
        short,
        types,
        dns_name: format!("{host}.{region}.{suffix}"),
        region: region.to_owned(),
    };
    let mut all = Vec::new();
    for (short, host) in SERVICES {
        let mut types = Vec::new();
        if WITH_GATEWAY.contains(&short) {
            types.push(EndpointType::Gateway);
        }
        if is_chinese && WITH_CHINESE_NAME.contains(&short) {
            let interface = vec![EndpointType::Interface];
            all.push(service("cn.com.amazonaws", short, host, interface));
        } else {
            types.push(EndpointType::Interface);
        }
        if !types.is_empty() {
            all.push(service("com.amazonaws", short, host, types));
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// Returns the service of that full name.
pub(super) fn service(region: &str, name: &str) -> Result<EndpointService, ServiceError> {
    let mut all = services(region).into_iter();
    all.find(|service| service.name == name)
        .ok_or_else(|| EndpointService::unknown(name))
}

impl EndpointService {
    fn element(&self) -> Element {
        let types = self
            .types
            .iter()
            .map(|kind| Element::new("item").with("serviceType", kind.name()));
        let zones = regions::zones(&self.region);
        let zones = zones.iter().map(|zone| Element::leaf("item", &zone.name));
        let base = self.dns_name.replace("*.", "");
        let private = || self.types.contains(&EndpointType::Interface);
        let names = private().then(|| Element::new("item").with("privateDnsName", &self.dns_name));
        Element::new("item")
            .with("serviceName", &self.name)
            .with("serviceRegion", &self.region)
            .child(Element::list("serviceType", "item", types))
            .child(Element::list("availabilityZoneSet", "item", zones))
            .with("owner", "amazon")
            .child(Element::list(
                "baseEndpointDnsNameSet",
                "item",
                [Element::leaf("item", base)],
            ))
            .with_some("privateDnsName", private().then_some(&self.dns_name))
            .child(Element::list("privateDnsNameSet", "item", names))
            .with("vpcEndpointPolicySupported", true)
            .with("acceptanceRequired", false)
            .with("managesVpcEndpoints", false)
            .child(Element::list(
                "supportedIpAddressTypeSet",
                "item",
                [Element::leaf("item", "ipv4")],
            ))
            .child(Element::new("tagSet"))
    }
}

impl Described for EndpointService {
    const IDS: Option<&'static str> = Some("ServiceName");
    const FIELDS: &'static [Field<Self>] = &[
        ("owner", |_, _, _| vec!["amazon".to_owned()]),
        ("service-name", |_, _, service| vec![service.name.clone()]),
        ("service-region", |_, _, service| {
            vec![service.region.clone()]
        }),
        ("service-type", |_, _, service| {
            let types = service.types.iter();
            types.map(|kind| kind.name().to_owned()).collect()
        }),
    ];

    fn handle(&self) -> &str {
        &self.name
    }

    fn unknown(name: &str) -> ServiceError {
        let message = format!("The Vpc Endpoint Service '{name}' does not exist");
        ServiceError::new(Code::InvalidServiceName, message)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeVpcEndpointServices")?;
    let all = services(context.region);
    let page = selection.choose(ec2, context.now, &all)?;
    let names = page
        .items
        .iter()
        .map(|service| Element::leaf("item", &service.name));
    let names = Element::list("serviceNameSet", "item", names);
    let details = page.items.iter().map(|service| service.element());
    let details = Element::list("serviceDetailSet", "item", details);
    Ok(page.reply_with([names, details]))
}

#[cfg(test)]
mod tests {
    use super::services;

    #[test]
    fn chinese_s3_has_two_names() {
        let names = |region| -> Vec<String> {
            let all = services(region).into_iter();
            let s3 = all.filter(|service| service.short == "s3");
            s3.map(|service| service.name).collect()
        };
        assert_eq!(names("eu-west-1"), ["com.amazonaws.eu-west-1.s3"]);
        assert_eq!(
            names("cn-north-1"),
            [
                "cn.com.amazonaws.cn-north-1.s3",
                "com.amazonaws.cn-north-1.s3"
            ]
        );
    }
}
