//! The resources that a spec would create, as far as that can be known without asking AWS.

use crate::kind::ResourceKind;
use crate::resource::vpc_endpoint_service::{GATEWAY, INTERFACES};
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Egress, PortMapping, Tier, WantedCertificate};

/// The zones of a new network.
const ZONES: usize = 2;

/// Returns the resources in about the order of their creation.
pub(super) fn resources(spec: &DeploymentSpec) -> Vec<(ResourceKind, ResourceKey)> {
    let mut found = Found::default();
    network(spec, &mut found);
    instances(spec, &mut found);
    if spec.tier() >= Tier::LoadBalancer {
        load_balancer(spec, &mut found);
        certificates(spec, &mut found);
    }
    if spec.tier() == Tier::Cdn {
        cdn(spec, &mut found);
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<(ResourceKind, ResourceKey)>);

impl Found {
    fn add(&mut self, kind: ResourceKind, key: impl Into<String>) {
        let resource = (kind, ResourceKey::new(key));
        if !self.0.contains(&resource) {
            self.0.push(resource);
        }
    }
}

/// Returns the placeholder of a zone that AWS has to name, counted from 0.
fn zone(number: usize) -> String {
    format!("zone-{}", number + 1)
}

fn network(spec: &DeploymentSpec, found: &mut Found) {
    if !spec.network().is_created() {
        return;
    }
    found.add(ResourceKind::Vpc, "vpc");
    found.add(ResourceKind::InternetGateway, "internet-gateway");
    found.add(
        ResourceKind::InternetGatewayAttachment,
        "internet-gateway-attachment",
    );
    found.add(ResourceKind::RouteTable, "route-table/public");
    found.add(ResourceKind::Route, "route/public");
    subnets("public", found);
    let Some(egress) = spec.network().egress() else {
        return;
    };
    subnets("private", found);
    let tables = (0..ZONES).map(|number| format!("private/{}", zone(number)));
    let tables: Vec<_> = tables.collect();
    for table in &tables {
        found.add(ResourceKind::RouteTable, format!("route-table/{table}"));
    }
    match egress {
        Egress::Nat => {
            found.add(ResourceKind::ElasticIp, "elastic-ip");
            found.add(ResourceKind::NatGateway, "nat-gateway");
            for table in &tables {
                found.add(ResourceKind::Route, format!("route/{table}"));
            }
        }
        Egress::Endpoints => {
            found.add(ResourceKind::SecurityGroup, "security-group/endpoints");
            found.add(
                ResourceKind::SecurityGroupRule,
                "security-group-rule/endpoints/https",
            );
            for service in INTERFACES.iter().chain([&GATEWAY]) {
                found.add(ResourceKind::VpcEndpoint, format!("vpc-endpoint/{service}"));
            }
        }
    }
}

fn subnets(role: &str, found: &mut Found) {
    for place in (0..ZONES).map(|number| format!("{role}/{}", zone(number))) {
        found.add(ResourceKind::Subnet, format!("subnet/{place}"));
        found.add(
            ResourceKind::RouteTableAssociation,
            format!("route-table-association/{place}"),
        );
    }
}

fn instances(spec: &DeploymentSpec, found: &mut Found) {
    found.add(ResourceKind::SecurityGroup, "security-group/instances");
    found.add(ResourceKind::SecurityGroup, "security-group/storage");
    found.add(ResourceKind::FileSystem, "file-system");
    for wanted in spec.wanted_access_points() {
        let key = format!("access-point/{}", wanted.name);
        found.add(ResourceKind::AccessPoint, key);
    }
    if spec.creates_role() {
        found.add(ResourceKind::Role, "role");
        found.add(ResourceKind::InstanceProfile, "instance-profile");
        found.add(ResourceKind::RolePolicy, "role-policy");
        found.add(ResourceKind::InstanceProfileRole, "instance-profile-role");
    }
    found.add(
        ResourceKind::SecurityGroupRule,
        "security-group-rule/storage/nfs",
    );
    for number in 0..spec.compute().count() {
        found.add(ResourceKind::Instance, format!("instance/{number}"));
    }
    for number in 0..zones_of_instances(spec) {
        let key = format!("mount-target/{}", zone(number));
        found.add(ResourceKind::MountTarget, key);
    }
    let mut admit = |port: u16, range: &str| {
        let key = format!("security-group-rule/instances/{port}-from-{range}");
        found.add(ResourceKind::SecurityGroupRule, key);
    };
    if spec.tier() == Tier::Instances {
        for service in spec.served_services() {
            let further = service.published_ports().iter().copied();
            for port in service.port().into_iter().chain(further) {
                for range in spec.access().allow() {
                    admit(port.host(), range.as_str());
                }
            }
        }
    }
    for range in spec.access().ssh_from() {
        admit(22, range.as_str());
    }
}

/// Returns the number of zones that the instances are in if AWS has room everywhere: they spread over the zones.
fn zones_of_instances(spec: &DeploymentSpec) -> usize {
    let network = spec.network();
    let most = match network.subnets().len() {
        _ if network.is_created() => ZONES,
        0 => usize::MAX,
        subnets => subnets,
    };
    most.min(spec.compute().count() as usize)
}

fn load_balancer(spec: &DeploymentSpec, found: &mut Found) {
    found.add(ResourceKind::SecurityGroup, "security-group/alb");
    found.add(ResourceKind::LoadBalancer, "alb");
    let is_secure = spec.balancer_certificate().is_some();
    let redirects = is_secure && spec.tier() == Tier::LoadBalancer;
    let serving = if is_secure { 443 } else { 80 };
    let ports = [serving].into_iter().chain(redirects.then_some(80));
    for port in ports {
        admit_to_front(spec, port, found);
        let key = format!("alb/listener/{port}");
        found.add(ResourceKind::Listener, key);
    }
    for route in spec.routes() {
        let rule = format!("alb/listener/{serving}/rule/{}", route.service.name());
        let key = match route.number {
            1 => rule,
            number => format!("{rule}/{number}"),
        };
        found.add(ResourceKind::ListenerRule, key);
    }
    if spec.has_origin_secret() && spec.asks_for_token() {
        let key = format!("alb/listener/{serving}/unauthorized");
        found.add(ResourceKind::ListenerRule, key);
    }
    for service in spec.served_services() {
        let name = service.name();
        found.add(ResourceKind::TargetGroup, format!("target-group/{name}"));
        for number in 0..spec.compute().count() {
            let key = format!("target-registration/{name}/instance-{number}");
            found.add(ResourceKind::TargetRegistration, key);
        }
        let ports = service.port().map(PortMapping::host);
        for port in ports.into_iter().chain(service.health().port()) {
            let key = format!("security-group-rule/instances/{port}");
            found.add(ResourceKind::SecurityGroupRule, key);
        }
    }
}

/// Adds the rules by which requests reach the load balancer.
fn admit_to_front(spec: &DeploymentSpec, port: u16, found: &mut Found) {
    let ranges = spec.access().allow();
    if spec.tier() == Tier::Cdn || ranges.is_empty() {
        let protocol = if port == 80 { "http" } else { "https" };
        let key = format!("security-group-rule/alb/{protocol}");
        return found.add(ResourceKind::SecurityGroupRule, key);
    }
    for range in ranges {
        let key = format!("security-group-rule/alb/{port}-from-{range}");
        found.add(ResourceKind::SecurityGroupRule, key);
    }
}

/// Adds the certificates with the records that validate them, and the record that leads to the load balancer.
fn certificates(spec: &DeploymentSpec, found: &mut Found) {
    let wanted = [
        ("certificate/alb", spec.balancer_certificate()),
        ("certificate/cdn", spec.cdn_certificate()),
    ];
    for (key, wanted) in wanted {
        if let Some(WantedCertificate::Requested { names }) = wanted {
            found.add(ResourceKind::Certificate, key);
            for name in names {
                let key = format!("dns-record/_validation.{name}");
                found.add(ResourceKind::DnsRecord, key);
            }
        }
    }
    let Some(domain) = spec
        .domain()
        .filter(|domain| domain.hosted_zone().is_some())
    else {
        return;
    };
    let name = spec.origin_name().unwrap_or_else(|| domain.name().clone());
    found.add(ResourceKind::DnsRecord, format!("dns-record/{name}/a"));
}

fn cdn(spec: &DeploymentSpec, found: &mut Found) {
    if spec.has_vpc_origin() {
        found.add(ResourceKind::VpcOrigin, "vpc-origin");
    }
    found.add(ResourceKind::Distribution, "distribution");
    if spec.domain().and_then(|it| it.hosted_zone()).is_none() {
        return;
    }
    for name in spec.names() {
        found.add(ResourceKind::DnsRecord, format!("dns-record/{name}/a"));
        if spec.cdn().ipv6() {
            found.add(ResourceKind::DnsRecord, format!("dns-record/{name}/aaaa"));
        }
    }
}

/// Returns sentences about what only AWS can say.
pub(super) fn unknown(spec: &DeploymentSpec) -> Vec<String> {
    let mut sentences = vec![
        "The ids, and the zone of each instance: zone-1 stands for one that offers the type."
            .to_owned(),
    ];
    let mut say = |text: &str| sentences.push(text.to_owned());
    if !spec.network().is_created() {
        say("The VPC and its subnets, which exist and stay.");
    }
    if spec.compute().count() > 1 {
        say("The number of mount targets: instances in the same zone share one.");
    }
    if spec.storage().file_system().is_some() {
        say(
            "The mount targets that the file system has already: those zones get none. If they are another stack's, \
             its security group gets a rule.",
        );
    }
    let has_certificate = |wanted| matches!(wanted, Some(WantedCertificate::Requested { .. }));
    if has_certificate(spec.balancer_certificate()) || has_certificate(spec.cdn_certificate()) {
        say("The names of the records that validate the certificates, and if some exist already.");
    }
    sentences
}
