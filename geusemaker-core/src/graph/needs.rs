//! The needs of the resources, which follow from their names in the journal.

use super::{GraphEdge, GraphNode};
use crate::kind::ResourceKind;
use crate::resource::vpc_endpoint_service::GATEWAY;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Scheme, WantedCertificate};

/// The resources of a stack, among which the needs of each are looked up.
pub(super) struct Parts<'a> {
    spec: &'a DeploymentSpec,
    nodes: &'a [GraphNode],
}

impl<'a> Parts<'a> {
    pub(super) fn new(spec: &'a DeploymentSpec, nodes: &'a [GraphNode]) -> Self {
        Self { spec, nodes }
    }

    pub(super) fn edges(&self) -> Vec<GraphEdge> {
        let edges = self.nodes.iter().flat_map(|node| {
            let needs = self.needs(node).into_iter();
            needs.map(|needed| GraphEdge {
                from: node.key.clone(),
                to: needed.clone(),
            })
        });
        edges.collect()
    }

    /// Returns the resources that a resource needs. What exists already, such as the VPC of an account, is not among
    /// them; neither is what a needed resource needs itself.
    fn needs(&self, node: &GraphNode) -> Vec<&'a ResourceKey> {
        let parts: Vec<_> = node.key.as_str().split('/').collect();
        let part = |place: usize| parts.get(place).copied().unwrap_or_default();
        match node.kind {
            ResourceKind::DnsRecord => self.of_record(part(1), parts.len() > 2),
            ResourceKind::Distribution => {
                let origin = match self.keyed("vpc-origin") {
                    Some(origin) => Some(origin),
                    None => self.keyed("alb"),
                };
                some([origin, self.keyed("certificate/cdn")])
            }
            ResourceKind::VpcOrigin => some([self.keyed("alb")]),
            ResourceKind::TargetRegistration => {
                some([self.target_group(part(1)), self.instance(part(2))])
            }
            ResourceKind::ListenerRule => {
                let listener = self.keyed(&parts[..parts.len().min(3)].join("/"));
                some([listener, self.target_group(part(4))])
            }
            ResourceKind::Listener => self.of_listener(part(2)),
            ResourceKind::LoadBalancer => self.of_load_balancer(),
            ResourceKind::MountTarget => {
                let role = self.role_of_instances();
                let keys = ["file-system", "security-group/storage"];
                self.and_subnets(keys, role, Some(part(1)))
            }
            ResourceKind::AccessPoint => some([self.keyed("file-system")]),
            ResourceKind::Instance => self.of_instance(node),
            ResourceKind::InstanceProfileRole => {
                some(["instance-profile", "role"].map(|key| self.keyed(key)))
            }
            ResourceKind::RolePolicy => some([self.keyed("role")]),
            ResourceKind::SecurityGroupRule => self.of_group_rule(part(1), part(2)),
            ResourceKind::VpcEndpoint => self.of_endpoint(part(1)),
            ResourceKind::NatGateway => {
                let first = self.subnets("public", None).into_iter().next();
                some([self.keyed("elastic-ip"), first])
            }
            ResourceKind::Route => self.of_route(part(1), part(2)),
            ResourceKind::RouteTableAssociation => self.of_association(part(1), part(2)),
            ResourceKind::InternetGatewayAttachment => {
                some(["internet-gateway", "vpc"].map(|key| self.keyed(key)))
            }
            ResourceKind::TargetGroup
            | ResourceKind::SecurityGroup
            | ResourceKind::RouteTable
            | ResourceKind::Subnet => some([self.keyed("vpc")]),
            ResourceKind::Certificate
            | ResourceKind::FileSystem
            | ResourceKind::InstanceProfile
            | ResourceKind::Role
            | ResourceKind::ElasticIp
            | ResourceKind::InternetGateway
            | ResourceKind::Vpc => Vec::new(),
        }
    }

    fn keyed(&self, key: &str) -> Option<&'a ResourceKey> {
        let mut keys = self.nodes.iter().map(|node| &node.key);
        keys.find(|known| **known == *key)
    }

    fn of_kind(&self, kind: ResourceKind) -> impl Iterator<Item = &'a ResourceKey> {
        let nodes = self.nodes.iter().filter(move |node| node.kind == kind);
        nodes.map(|node| &node.key)
    }

    fn target_group(&self, service: &str) -> Option<&'a ResourceKey> {
        self.keyed(&format!("target-group/{service}"))
    }

    /// Returns an instance by its id, or by its number if it has none yet: `instance-0`.
    fn instance(&self, id: &str) -> Option<&'a ResourceKey> {
        let known = self.nodes.iter().find(|node| {
            node.kind == ResourceKind::Instance
                && node.id.as_ref().is_some_and(|known| known.as_str() == id)
        });
        let numbered = || self.keyed(&id.replacen('-', "/", 1));
        known.map(|node| &node.key).or_else(numbered)
    }

    /// Returns the role of the subnets that have the instances.
    fn role_of_instances(&self) -> &'static str {
        match self.subnets("private", None).is_empty() {
            true => "public",
            false => "private",
        }
    }

    /// Returns the subnets with this role, in one zone or in all.
    fn subnets(&self, role: &str, zone: Option<&str>) -> Vec<&'a ResourceKey> {
        let start = format!("subnet/{role}/");
        let keys = self.of_kind(ResourceKind::Subnet);
        keys.filter(|key| match key.as_str().strip_prefix(&start) {
            Some(of) => zone.is_none_or(|zone| of == zone),
            None => false,
        })
        .collect()
    }

    fn and_subnets<const N: usize>(
        &self,
        keys: [&str; N],
        role: &str,
        zone: Option<&str>,
    ) -> Vec<&'a ResourceKey> {
        let keys = keys.into_iter().filter_map(|key| self.keyed(key));
        keys.chain(self.subnets(role, zone)).collect()
    }

    /// A record leads to the distribution or to the load balancer, or else it validates certificates.
    fn of_record(&self, name: &str, leads_to_stack: bool) -> Vec<&'a ResourceKey> {
        if !leads_to_stack {
            return self.validated_by(name);
        }
        let is_of_origin = self
            .spec
            .origin_name()
            .is_some_and(|origin| origin.as_str() == name);
        let distribution = self.keyed("distribution").filter(|_| !is_of_origin);
        some([distribution.or_else(|| self.keyed("alb"))])
    }

    fn validated_by(&self, record: &str) -> Vec<&'a ResourceKey> {
        let wanted = [
            ("certificate/alb", self.spec.balancer_certificate()),
            ("certificate/cdn", self.spec.cdn_certificate()),
        ];
        let record = record.trim_end_matches('.');
        let validated = wanted.into_iter().filter_map(|(key, wanted)| match wanted {
            Some(WantedCertificate::Requested { names }) => {
                // The record for `llm.example.com` is `_0123.llm.example.com`.
                let is_for = |name: &str| record.split_once('.').is_some_and(|it| it.1 == name);
                let is_validated = names.iter().any(|name| is_for(name.as_str()));
                self.keyed(key).filter(|_| is_validated)
            }
            Some(WantedCertificate::Adopted { .. }) | None => None,
        });
        validated.collect()
    }

    fn of_listener(&self, port: &str) -> Vec<&'a ResourceKey> {
        let is_closed = self.spec.has_origin_secret() || self.spec.asks_for_token();
        let is_redirect = port == "80" && self.spec.balancer_certificate().is_some();
        let default = self
            .spec
            .default_service()
            .filter(|_| !is_closed && !is_redirect);
        some([
            self.keyed("alb"),
            self.keyed("certificate/alb").filter(|_| port == "443"),
            default.and_then(|service| self.target_group(service.name().as_str())),
        ])
    }

    fn of_load_balancer(&self) -> Vec<&'a ResourceKey> {
        let role = match self.spec.balancer_scheme() {
            Scheme::Internal => self.role_of_instances(),
            Scheme::InternetFacing => "public",
        };
        self.and_subnets(["security-group/alb"], role, None)
    }

    /// The public subnets have one route table together, and each private one has its own.
    fn table(&self, role: &str, zone: &str) -> Option<&'a ResourceKey> {
        match role {
            "public" => self.keyed("route-table/public"),
            role => self.keyed(&format!("route-table/{role}/{zone}")),
        }
    }

    fn of_route(&self, role: &str, zone: &str) -> Vec<&'a ResourceKey> {
        let gateway = match role {
            "public" => "internet-gateway-attachment",
            _ => "nat-gateway",
        };
        some([self.table(role, zone), self.keyed(gateway)])
    }

    fn of_association(&self, role: &str, zone: &str) -> Vec<&'a ResourceKey> {
        let subnet = self.keyed(&format!("subnet/{role}/{zone}"));
        some([self.table(role, zone), subnet])
    }

    fn of_instance(&self, node: &GraphNode) -> Vec<&'a ResourceKey> {
        let keys = [
            "security-group/instances",
            "instance-profile-role",
            "role-policy",
            "file-system",
        ];
        let mut needs = self.and_subnets(keys, self.role_of_instances(), node.zone.as_deref());
        needs.extend(self.of_kind(ResourceKind::AccessPoint));
        needs
    }

    /// A rule is in a group, and admits the members of another group or other addresses.
    fn of_group_rule(&self, group: &str, what: &str) -> Vec<&'a ResourceKey> {
        let admitted = match (group, what) {
            ("alb", _) => None,
            ("instances", what) if what.contains("-from-") => None,
            ("instances", _) => self.keyed("security-group/alb"),
            _ => self.keyed("security-group/instances"),
        };
        some([self.keyed(&format!("security-group/{group}")), admitted])
    }

    fn of_endpoint(&self, service: &str) -> Vec<&'a ResourceKey> {
        if service != GATEWAY {
            return self.and_subnets(["security-group/endpoints"], "private", None);
        }
        let tables = self.of_kind(ResourceKind::RouteTable);
        tables
            .filter(|key| key.as_str().starts_with("route-table/private/"))
            .collect()
    }
}

fn some<const N: usize>(keys: [Option<&ResourceKey>; N]) -> Vec<&ResourceKey> {
    keys.into_iter().flatten().collect()
}
