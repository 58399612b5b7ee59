//! The kinds of EC2 resources by their ids, and AWS's answers to wrong ids.

use super::Code;
use crate::sim::timings::{Rng, Timings};
use crate::wire::ServiceError;

/// A kind of resource with its own ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    CapacityReservation,
    DhcpOptions,
    ElasticIp,
    Image,
    Instance,
    InternetGateway,
    KeyPair,
    NetworkAcl,
    NatGateway,
    NetworkInterface,
    PrefixList,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    SpotInstanceRequest,
    Subnet,
    Volume,
    Vpc,
    VpcEndpoint,
}

impl ResourceKind {
    const ALL: [Self; 19] = [
        Self::CapacityReservation,
        Self::DhcpOptions,
        Self::ElasticIp,
        Self::Image,
        Self::Instance,
        Self::InternetGateway,
        Self::KeyPair,
        Self::NetworkAcl,
        Self::NatGateway,
        Self::NetworkInterface,
        Self::PrefixList,
        Self::RouteTable,
        Self::SecurityGroup,
        Self::SecurityGroupRule,
        Self::SpotInstanceRequest,
        Self::Subnet,
        Self::Volume,
        Self::Vpc,
        Self::VpcEndpoint,
    ];

    /// Returns the kind to which an id of that form belongs.
    pub(crate) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.is_well_formed(id))
    }

    /// Returns the kind's name in tags, such as `security-group`.
    pub(crate) fn tag_name(self) -> &'static str {
        match self {
            Self::CapacityReservation => "capacity-reservation",
            Self::DhcpOptions => "dhcp-options",
            Self::ElasticIp => "elastic-ip",
            Self::Image => "image",
            Self::Instance => "instance",
            Self::InternetGateway => "internet-gateway",
            Self::KeyPair => "key-pair",
            Self::NetworkAcl => "network-acl",
            Self::NatGateway => "natgateway",
            Self::NetworkInterface => "network-interface",
            Self::PrefixList => "prefix-list",
            Self::RouteTable => "route-table",
            Self::SecurityGroup => "security-group",
            Self::SecurityGroupRule => "security-group-rule",
            Self::SpotInstanceRequest => "spot-instances-request",
            Self::Subnet => "subnet",
            Self::Volume => "volume",
            Self::Vpc => "vpc",
            Self::VpcEndpoint => "vpc-endpoint",
        }
    }

    /// Returns a new id.
    pub(crate) fn new_id(self, rng: &mut Rng) -> String {
        format!("{}-{}", self.prefix(), rng.hex(17))
    }

    /// Returns the id of a resource that exists from the start, which is always the same for the same name.
    pub(crate) fn fixed_id(self, name: &str) -> String {
        // FNV-1a: the ids have to be the same with every compiler, which the hashers of std do not promise.
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.new_id(&mut Rng::new(seed, Timings::Instant))
    }

    /// Returns AWS's answer to an id that is unknown or malformed.
    pub(crate) fn unknown(self, id: &str) -> ServiceError {
        if !self.is_well_formed(id) {
            let message = format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix());
            return ServiceError::new(self.malformed(), message);
        }
        let message = match self {
            Self::CapacityReservation => {
                format!("The capacity reservation ID '{id}' does not exist")
            }
            Self::DhcpOptions => format!("The dhcpOption ID '{id}' does not exist"),
            Self::ElasticIp => format!("The allocation ID '{id}' does not exist"),
            Self::Image => format!("The image id '[{id}]' does not exist"),
            Self::Instance => format!("The instance ID '{id}' does not exist"),
            Self::InternetGateway => format!("The internetGateway ID '{id}' does not exist"),
            Self::KeyPair => format!("The key pair '{id}' does not exist"),
            Self::NetworkAcl => format!("The networkAcl ID '{id}' does not exist"),
            Self::NatGateway => format!("The Nat Gateway {id} was not found"),
            Self::NetworkInterface => format!("The networkInterface ID '{id}' does not exist"),
            Self::PrefixList => format!("The prefix list ID '{id}' does not exist"),
            Self::RouteTable => format!("The routeTable ID '{id}' does not exist"),
            Self::SecurityGroup => format!("The security group '{id}' does not exist"),
            Self::SecurityGroupRule => format!("The security group rule ID '{id}' does not exist"),
            Self::SpotInstanceRequest => {
                format!("The spot instance request ID '{id}' does not exist")
            }
            Self::Subnet => format!("The subnet ID '{id}' does not exist"),
            Self::Volume => format!("The volume '{id}' does not exist."),
            Self::Vpc => format!("The vpc ID '{id}' does not exist"),
            Self::VpcEndpoint => format!("The Vpc Endpoint Id '{id}' does not exist"),
        };
        ServiceError::new(self.not_found(), message)
    }

    /// Returns the code for an id of the wrong form.
    fn malformed(self) -> Code {
        match self {
            Self::CapacityReservation => Code::InvalidCapacityReservationIdMalformed,
            Self::DhcpOptions => Code::InvalidDhcpOptionIDMalformed,
            Self::ElasticIp => Code::InvalidAllocationIDMalformed,
            Self::Image => Code::InvalidAMIIDMalformed,
            Self::Instance => Code::InvalidInstanceIDMalformed,
            Self::InternetGateway => Code::InvalidInternetGatewayIDMalformed,
            Self::KeyPair => Code::InvalidKeyPairMalformed,
            Self::NetworkAcl => Code::InvalidNetworkAclIDMalformed,
            Self::NatGateway => Code::NatGatewayMalformed,
            Self::NetworkInterface => Code::InvalidNetworkInterfaceIDMalformed,
            Self::PrefixList => Code::InvalidPrefixListIDMalformed,
            Self::RouteTable => Code::InvalidRouteTableIDMalformed,
            Self::SecurityGroup => Code::InvalidGroupIdMalformed,
            Self::SecurityGroupRule => Code::InvalidSecurityGroupRuleIdMalformed,
            Self::SpotInstanceRequest => Code::InvalidSpotInstanceRequestIDMalformed,
            Self::Subnet => Code::InvalidSubnetIDMalformed,
            Self::Volume => Code::InvalidVolumeMalformed,
            Self::Vpc => Code::InvalidVpcIDMalformed,
            Self::VpcEndpoint => Code::InvalidVpcEndpointIdMalformed,
        }
    }

    /// Returns the code for an id that no resource has.
    fn not_found(self) -> Code {
        match self {
            Self::CapacityReservation => Code::InvalidCapacityReservationIdNotFound,
            Self::DhcpOptions => Code::InvalidDhcpOptionIDNotFound,
            Self::ElasticIp => Code::InvalidAllocationIDNotFound,
            Self::Image => Code::InvalidAMIIDNotFound,
            Self::Instance => Code::InvalidInstanceIDNotFound,
            Self::InternetGateway => Code::InvalidInternetGatewayIDNotFound,
            Self::KeyPair => Code::InvalidKeyPairNotFound,
            Self::NetworkAcl => Code::InvalidNetworkAclIDNotFound,
            Self::NatGateway => Code::NatGatewayNotFound,
            Self::NetworkInterface => Code::InvalidNetworkInterfaceIDNotFound,
            Self::PrefixList => Code::InvalidPrefixListIDNotFound,
            Self::RouteTable => Code::InvalidRouteTableIDNotFound,
            Self::SecurityGroup => Code::InvalidGroupNotFound,
            Self::SecurityGroupRule => Code::InvalidSecurityGroupRuleIdNotFound,
            Self::SpotInstanceRequest => Code::InvalidSpotInstanceRequestIDNotFound,
            Self::Subnet => Code::InvalidSubnetIDNotFound,
            Self::Volume => Code::InvalidVolumeNotFound,
            Self::Vpc => Code::InvalidVpcIDNotFound,
            Self::VpcEndpoint => Code::InvalidVpcEndpointIdNotFound,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::CapacityReservation => "cr",
            Self::DhcpOptions => "dopt",
            Self::ElasticIp => "eipalloc",
            Self::Image => "ami",
            Self::Instance => "i",
            Self::InternetGateway => "igw",
            Self::KeyPair => "key",
            Self::NetworkAcl => "acl",
            Self::NatGateway => "nat",
            Self::NetworkInterface => "eni",
            Self::PrefixList => "pl",
            Self::RouteTable => "rtb",
            Self::SecurityGroup => "sg",
            Self::SecurityGroupRule => "sgr",
            Self::SpotInstanceRequest => "sir",
            Self::Subnet => "subnet",
            Self::Volume => "vol",
            Self::Vpc => "vpc",
            Self::VpcEndpoint => "vpce",
        }
    }

    /// Returns true for the prefix followed by 8 hexadecimal digits, or by 17 as in ids since 2016.
    fn is_well_formed(self, id: &str) -> bool {
        id.split_once('-').is_some_and(|(prefix, digits)| {
            prefix == self.prefix()
                && [8, 17].contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceKind;

    #[test]
    fn id_names_its_kind() {
        for kind in ResourceKind::ALL {
            assert_eq!(ResourceKind::of(&kind.fixed_id("x")), Some(kind));
        }
        assert_eq!(ResourceKind::of("i-123"), None);
    }

    #[test]
    fn impossible_id_is_malformed() {
        let code = |id| ResourceKind::Instance.unknown(id).code;
        assert_eq!(code("i-1"), "InvalidInstanceID.Malformed");
        assert_eq!(code("i-0123456789abcdef0"), "InvalidInstanceID.NotFound");
    }
}
