//! IP permissions: the form in which calls name the traffic of security group rules.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SecurityGroup;
use super::rule::{Direction, SecurityGroupRule};
use crate::sim::context::RequestContext;
use crate::sim::ec2::cidr::Cidr;
use crate::sim::ec2::prefix_list::prefix_lists;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;

/// The traffic that one entry of `IpPermissions` allows to one peer.
pub(super) struct Permission {
    pub(super) traffic: Traffic,
    pub(super) peer: Peer,
    pub(super) description: Option<String>,
}

/// A protocol and its ports, or for ICMP its type and code; -1 is any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or -1.
    pub(super) protocol: String,
    pub(super) from_port: i32,
    pub(super) to_port: i32,
}

#[cfg(feature = "traffic")]
impl Traffic {
    /// Returns true if it contains TCP to that port.
    pub(super) fn is_tcp_on(&self, port: u16) -> bool {
        let is_in_range = self.from_port <= port.into() && i32::from(port) <= self.to_port;
        self.protocol == "-1" || (["tcp", "6"].contains(&self.protocol.as_str()) && is_in_range)
    }
}

/// The peer that sends or receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Peer {
    Ipv4(Cidr),
    Ipv6(String),
    Group(String),
    PrefixList(String),
}

impl Peer {
    /// Returns `0.0.0.0/0`.
    pub(super) fn anywhere() -> Self {
        Self::Ipv4(Cidr::holding(Ipv4Addr::UNSPECIFIED, 0))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Ipv4(cidr) => cidr.to_string(),
            Self::Ipv6(id) | Self::Group(id) | Self::PrefixList(id) => id.clone(),
        }
    }
}

impl Permission {
    pub(super) fn read_all(params: &mut Params, ec2: &Ec2) -> Result<Vec<Self>, ServiceError> {
        let mut all: Vec<Self> = Vec::new();
        for structure in params.structures("IpPermissions") {
            let traffic = Traffic::read(params, |member| structure.member(member))?;
            let peers = read_peers(params, &structure, ec2)?;
            if peers.is_empty() {
                return Err(missing("ipRanges, ipv6Ranges, groups or prefixListIds"));
            }
            for (peer, description) in peers {
                if all
                    .iter()
                    .any(|other| other.traffic == traffic && other.peer == peer)
                {
                    return Err(invalid(
                        "The same permission must not appear multiple times",
                    ));
                }
                all.push(Self {
                    traffic: traffic.clone(),
                    peer,
                    description,
                });
            }
        }
        Ok(all)
    }

    /// Reads the request of a call on rules: from `IpPermissions`, or, for ingress, from the older parameters of the
    /// call itself.
    pub(super) fn read_request(
        params: &mut Params,
        ec2: &Ec2,
        direction: Direction,
    ) -> Result<Vec<Self>, ServiceError> {
        if direction == Direction::Egress || params.has("IpPermissions") {
            return Self::read_all(params, ec2);
        }
        let permission = |traffic, peer| Self {
            traffic,
            peer,
            description: None,
        };
        let block = params.optional("CidrIp");
        let source = params.optional("SourceSecurityGroupName");
        if let Some(name) = source {
            let owner = params.optional("SourceSecurityGroupOwnerId");
            if block.is_some() || params.has("IpProtocol") {
                let message = "The parameter SourceSecurityGroupName cannot be used with a CIDR range, a protocol or ports";
                return Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ));
            }
            if owner.is_some_and(|owner| owner != ec2.account_id) {
                return Err(ec2.unknown_group_name(&name));
            }
            let peer = Peer::Group(ec2.group_named(&name, Timestamp::MAX)?);
            // EC2 reference: the rule grants full ICMP, UDP, and TCP access.
            let all = [("tcp", 0, 65_535), ("udp", 0, 65_535), ("icmp", -1, -1)];
            let traffics = all.map(|(protocol, from_port, to_port)| Traffic {
                protocol: protocol.to_owned(),
                from_port,
                to_port,
            });
            return Ok(traffics
                .map(|traffic| permission(traffic, peer.clone()))
                .into());
        }
        match block {
            Some(block) => {
                let traffic = Traffic::read(params, str::to_owned)?;
                Ok(vec![permission(traffic, Peer::Ipv4(block.parse()?))])
            }
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn refuse_unknown_peer(
        &self,
        ec2: &Ec2,
        context: &RequestContext<'_>,
        vpc: &str,
    ) -> Result<(), ServiceError> {
        match &self.peer {
            Peer::Ipv4(_) | Peer::Ipv6(_) => Ok(()),
            Peer::Group(id) => {
                let group = ec2.visible_security_group(id, context.now)?;
                if group.vpc == vpc {
                    return Ok(());
                }
                let message = format!("The security group '{id}' does not exist in VPC '{vpc}'");
                Err(ServiceError::new(Code::InvalidGroupNotFound, message))
            }
            Peer::PrefixList(id) => {
                if prefix_lists(context.region)
                    .iter()
                    .any(|list| &list.id == id)
                {
                    return Ok(());
                }
                Err(ResourceKind::PrefixList.unknown(id))
            }
        }
    }

    pub(super) fn duplicate(&self) -> ServiceError {
        let Traffic {
            protocol,
            from_port,
            to_port,
        } = &self.traffic;
        let what = match protocol.as_str() {
            "-1" => "ALL".to_owned(),
            protocol => format!(
                "{}, from port: {from_port}, to port: {to_port}",
                protocol.to_uppercase()
            ),
        };
        let message = format!(
            "the specified rule \"peer: {}, {what}, ALLOW\" already exists",
            self.peer.text()
        );
        ServiceError::new(Code::InvalidPermissionDuplicate, message)
    }
}

impl Traffic {
    /// Returns any protocol and any port.
    pub(super) fn all() -> Self {
        Self {
            protocol: "-1".to_owned(),
            from_port: -1,
            to_port: -1,
        }
    }

    /// Reads the protocol and the ports; `name` returns the full name of a parameter.
    pub(super) fn read(
        params: &mut Params,
        name: impl Fn(&str) -> String,
    ) -> Result<Self, ServiceError> {
        let protocol = match params.required(&name("IpProtocol"))?.as_str() {
            "1" => "icmp".to_owned(),
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "58" => "icmpv6".to_owned(),
            name @ ("tcp" | "udp" | "icmp" | "icmpv6" | "-1") => name.to_owned(),
            number if number.parse::<u8>().is_ok() => number.to_owned(),
            other => {
                return Err(invalid(&format!(
                    "Invalid value '{other}' for IP protocol. Unknown protocol."
                )));
            }
        };
        let from_port: Option<i32> = params.parsed(&name("FromPort"))?;
        let to_port: Option<i32> = params.parsed(&name("ToPort"))?;
        let (from_port, to_port) = match (protocol.as_str(), from_port, to_port) {
            ("tcp" | "udp", Some(from), Some(to)) => {
                if !(0..=65_535).contains(&from) || !(from..=65_535).contains(&to) {
                    return Err(invalid(&format!(
                        "Invalid TCP/UDP port range ({from}:{to})"
                    )));
                }
                (from, to)
            }
            ("tcp" | "udp", _, _) => {
                return Err(invalid(
                    "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
                ));
            }
            ("icmp" | "icmpv6", from, to) => (from.unwrap_or(-1), to.unwrap_or(-1)),
            // EC2 reference: for the other protocols all ports are open, no matter what the call says.
            _ => (-1, -1),
        };
        Ok(Self {
            protocol,
            from_port,
            to_port,
        })
    }
}

/// Returns one direction of a group's rules as DescribeSecurityGroups shows them: by protocol and ports.
pub(super) fn permissions(ec2: &Ec2, rules: &[SecurityGroupRule], direction: Direction) -> Element {
    let mut by_traffic: BTreeMap<&Traffic, Vec<(&Peer, Option<&str>)>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.direction == direction) {
        by_traffic
            .entry(&rule.traffic)
            .or_default()
            .push((&rule.peer, rule.description.as_deref()));
    }
    let name = match direction {
        Direction::Ingress => "ipPermissions",
        Direction::Egress => "ipPermissionsEgress",
    };
    let items = by_traffic
        .into_iter()
        .map(|(traffic, peers)| permission_element(ec2, traffic, peers));
    Element::list(name, "item", items)
}

pub(super) fn permission_element<'a>(
    ec2: &Ec2,
    traffic: &Traffic,
    peers: impl IntoIterator<Item = (&'a Peer, Option<&'a str>)>,
) -> Element {
    let mut groups = Element::new("groups");
    let mut ipv4 = Element::new("ipRanges");
    let mut ipv6 = Element::new("ipv6Ranges");
    let mut lists = Element::new("prefixListIds");
    for (peer, description) in peers {
        let item = Element::new("item").with_some("description", description);
        match peer {
            Peer::Ipv4(cidr) => ipv4 = ipv4.child(item.with("cidrIp", cidr)),
            Peer::Ipv6(cidr) => ipv6 = ipv6.child(item.with("cidrIpv6", cidr)),
            Peer::PrefixList(id) => lists = lists.child(item.with("prefixListId", id)),
            Peer::Group(id) => {
                let item = item.with("groupId", id).with("userId", &ec2.account_id);
                groups = groups.child(item);
            }
        }
    }
    let mut element = Element::new("item").with("ipProtocol", &traffic.protocol);
    if traffic.protocol != "-1" {
        element = element
            .with("fromPort", traffic.from_port)
            .with("toPort", traffic.to_port);
    }
    element.children([groups, ipv4, ipv6, lists])
}

fn read_peers(
    params: &mut Params,
    permission: &Structure,
    ec2: &Ec2,
) -> Result<Vec<(Peer, Option<String>)>, ServiceError> {
    let mut peers = Vec::new();
    for range in params.structures(&permission.member("IpRanges")) {
        let peer = Peer::Ipv4(params.required(&range.member("CidrIp"))?.parse()?);
        peers.push((
            peer,
            read_description(params, &range.member("Description"))?,
        ));
    }
    for range in params.structures(&permission.member("Ipv6Ranges")) {
        let peer = Peer::Ipv6(ipv6(&params.required(&range.member("CidrIpv6"))?)?);
        peers.push((
            peer,
            read_description(params, &range.member("Description"))?,
        ));
    }
    for group in params.structures(&permission.member("Groups")) {
        let id = params.optional(&group.member("GroupId"));
        let group_name = params.optional(&group.member("GroupName"));
        let vpc = params.optional(&group.member("VpcId"));
        let owner = params.optional(&group.member("UserId"));
        let id = match (id, group_name) {
            (Some(id), _) => id,
            // A group can be named only in the default VPC.
            (None, Some(name)) => ec2.group_named(&name, Timestamp::MAX)?,
            (None, None) => return Err(missing("groupName or groupId")),
        };
        let is_elsewhere =
            |group: &SecurityGroup| vpc.as_ref().is_some_and(|vpc| *vpc != group.vpc);
        if owner.is_some_and(|owner| owner != ec2.account_id)
            || ec2.security_group(&id).is_some_and(is_elsewhere)
        {
            return Err(ResourceKind::SecurityGroup.unknown(&id));
        }
        peers.push((
            Peer::Group(id),
            read_description(params, &group.member("Description"))?,
        ));
    }
    for list in params.structures(&permission.member("PrefixListIds")) {
        let peer = Peer::PrefixList(params.required(&list.member("PrefixListId"))?);
        peers.push((peer, read_description(params, &list.member("Description"))?));
    }
    Ok(peers)
}

pub(super) fn read_description(
    params: &mut Params,
    name: &str,
) -> Result<Option<String>, ServiceError> {
    let description = params.optional(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || ". _-:/()#,@[]+=&;{}!$*".contains(c);
    if let Some(text) = &description
        && (text.len() > 255 || !text.chars().all(allowed))
    {
        return Err(invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        ));
    }
    Ok(description)
}

pub(in crate::sim::ec2) fn ipv6(text: &str) -> Result<String, ServiceError> {
    text.split_once('/')
        .and_then(|(address, prefix)| {
            let address: Ipv6Addr = address.parse().ok()?;
            let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 128)?;
            Some(format!("{address}/{prefix}"))
        })
        .ok_or_else(|| invalid(&format!("CIDR block {text} is malformed")))
}

pub(super) fn missing(parameter: &str) -> ServiceError {
    let message = format!("The request must contain the parameter {parameter}");
    ServiceError::new(Code::MissingParameter, message)
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidParameterValue, message)
}
