//! VPC endpoints, through which instances reach AWS's services without the internet.

pub(super) mod change;
pub(super) mod creation;
pub(super) mod service;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::service::EndpointService;
use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The policy of an endpoint that was created without one: it allows everything.
const DEFAULT_POLICY: &str = r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}"#;

/// The hosted zone of the endpoints' own names in us-east-1. Other regions have other zones, which no simulated call
/// reads.
const HOSTED_ZONE: &str = "Z7HUB22UULQXV";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VpcEndpoint {
    pub(super) id: String,
    pub(super) vpc: String,
    service: String,
    kind: EndpointType,
    policy: String,
    route_tables: Vec<String>,
    placements: Vec<Placement>,
    security_groups: Vec<String>,
    has_private_dns: bool,
    client_token: Option<String>,
    created_at: Timestamp,
    /// The time at which the state `pending` ends.
    available_at: Timestamp,
    failure: Option<Failure>,
    deletion: Option<Deletion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EndpointType {
    Gateway,
    Interface,
}

/// The place of an interface endpoint in a subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Placement {
    subnet: String,
    zone: String,
    interface: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Failure {
    reason: String,
    at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deletion {
    ends_at: Timestamp,
}

impl EndpointType {
    fn name(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Interface => "Interface",
        }
    }
}

impl VpcEndpoint {
    /// Returns the state. AWS writes it with a small letter, other than its model says.
    pub(super) fn state(&self, now: Timestamp) -> &'static str {
        let failure = self.failure.as_ref();
        if self.deletion.is_some() {
            "deleting"
        } else if failure.is_some_and(|failure| failure.at <= now) {
            "failed"
        } else if now < self.available_at {
            "pending"
        } else {
            "available"
        }
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.deletion.is_some()
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.deletion
            .as_ref()
            .is_some_and(|deletion| deletion.ends_at <= now)
    }

    /// Returns the names under which an interface endpoint is reached.
    fn dns_names(&self, service: &EndpointService) -> Vec<String> {
        let own = self.id.replace("vpce-", "");
        let unique: String = own.chars().rev().take(8).collect();
        let base = service.dns_name.replace("*.", "");
        let (host, domain) = base.split_once(".amazonaws.").unwrap_or((&base, "com"));
        let own = format!("{}-{unique}", self.id);
        let name = |label: &str| format!("{label}.{host}.vpce.amazonaws.{domain}");
        let mut names = vec![name(&own)];
        let zones = self.placements.iter();
        names.extend(zones.map(|placement| name(&format!("{own}-{}", placement.zone))));
        if self.has_private_dns {
            names.push(service.dns_name.clone());
        }
        names
    }

    fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let leaves = |texts: Vec<&String>| -> Vec<Element> {
            let texts = texts.into_iter();
            texts.map(|text| Element::leaf("item", text)).collect()
        };
        let tables = self.route_tables.iter();
        let tables = tables.filter(|id| ec2.route_tables.contains_key(*id));
        let subnets = self.placements.iter().map(|it| &it.subnet).collect();
        let interfaces = self.placements.iter().map(|it| &it.interface).collect();
        let groups = self.security_groups.iter().map(|id| {
            let name = ec2.security_group(id).map(|group| &group.name);
            Element::new("item")
                .with("groupId", id)
                .with_some("groupName", name)
        });
        let names = match (self.kind, service::service(&ec2.region, &self.service)) {
            (EndpointType::Interface, Ok(service)) => self.dns_names(&service),
            _ => Vec::new(),
        };
        let names = names.into_iter().map(|name| {
            Element::new("item")
                .with("dnsName", name)
                .with("hostedZoneId", HOSTED_ZONE)
        });
        let element = Element::new("item")
            .with("vpcEndpointId", &self.id)
            .with("vpcEndpointType", self.kind.name())
            .with("vpcId", &self.vpc)
            .with("serviceName", &self.service)
            .with("serviceRegion", &ec2.region)
            .with("state", self.state(now))
            .with("policyDocument", &self.policy)
            .child(Element::list(
                "routeTableIdSet",
                "item",
                leaves(tables.collect()),
            ))
            .child(Element::list("subnetIdSet", "item", leaves(subnets)))
            .child(Element::list("groupSet", "item", groups))
            .with("ipAddressType", "ipv4")
            .with("privateDnsEnabled", self.has_private_dns)
            .with("requesterManaged", false)
            .child(Element::list(
                "networkInterfaceIdSet",
                "item",
                leaves(interfaces),
            ))
            .child(Element::list("dnsEntrySet", "item", names))
            .with("creationTimestamp", format_args!("{:.3}", self.created_at))
            .with("ownerId", &ec2.account_id)
            .child(ec2.tags.element(&self.id));
        match &self.failure {
            Some(failure) if failure.at <= now => element.child(
                Element::new("lastError")
                    .with("code", &failure.reason)
                    .with("message", "The endpoint could not be created."),
            ),
            Some(_) | None => element,
        }
    }
}

impl Described for VpcEndpoint {
    const IDS: Option<&'static str> = Some("VpcEndpointId");
    const PAGE_SIZES: std::ops::RangeInclusive<usize> = 1..=1000;
    const FIELDS: &'static [Field<Self>] = &[
        ("ip-address-type", |_, _, _| vec!["ipv4".to_owned()]),
        ("service-name", |_, _, endpoint| {
            vec![endpoint.service.clone()]
        }),
        ("service-region", |ec2, _, _| vec![ec2.region.clone()]),
        ("vpc-endpoint-id", |_, _, endpoint| {
            vec![endpoint.id.clone()]
        }),
        ("vpc-endpoint-state", |_, now, endpoint| {
            vec![endpoint.state(now).to_owned()]
        }),
        ("vpc-endpoint-type", |_, _, endpoint| {
            vec![endpoint.kind.name().to_owned()]
        }),
        ("vpc-id", |_, _, endpoint| vec![endpoint.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::VpcEndpoint.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeVpcEndpoints")?;
    let page = selection.choose(ec2, context.now, ec2.vpc_endpoints.values())?;
    Ok(page.reply("vpcEndpointSet", |endpoint: &VpcEndpoint| {
        endpoint.element(ec2, context.now)
    }))
}
