//! The kinds of EC2 resources by their ids, and how AWS says that an id is wrong.

use crate::sim::timings::{Dice, Timings};
use crate::wire::ServiceError;

/// A kind of resource that has ids of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Image,
    Instance,
    KeyPair,
    NetworkInterface,
    PrefixList,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Volume,
    Vpc,
}

impl ResourceKind {
    const ALL: [Self; 10] = [
        Self::Image,
        Self::Instance,
        Self::KeyPair,
        Self::NetworkInterface,
        Self::PrefixList,
        Self::SecurityGroup,
        Self::SecurityGroupRule,
        Self::Subnet,
        Self::Volume,
        Self::Vpc,
    ];

    /// The kind to which an id of that form belongs.
    pub(crate) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.is_well_formed(id))
    }

    /// The name under which tags know the kind: `security-group`.
    pub(crate) fn tag_name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Instance => "instance",
            Self::KeyPair => "key-pair",
            Self::NetworkInterface => "network-interface",
            Self::PrefixList => "prefix-list",
            Self::SecurityGroup => "security-group",
            Self::SecurityGroupRule => "security-group-rule",
            Self::Subnet => "subnet",
            Self::Volume => "volume",
            Self::Vpc => "vpc",
        }
    }

    /// A new id.
    pub(crate) fn new_id(self, dice: &mut Dice) -> String {
        format!("{}-{}", self.prefix(), dice.hex(17))
    }

    /// The id of something that is there from the start: always the same for the same name.
    pub(crate) fn fixed_id(self, name: &str) -> String {
        // FNV-1a: the ids have to be the same with every compiler, which std's hashers do not promise.
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.new_id(&mut Dice::new(seed, Timings::Instant))
    }

    /// What AWS answers to an id that it does not know, or that cannot be one.
    pub(crate) fn unknown(self, id: &str) -> ServiceError {
        let stem = match self {
            Self::Image => "InvalidAMIID",
            Self::Instance => "InvalidInstanceID",
            Self::KeyPair => "InvalidKeyPair",
            Self::NetworkInterface => "InvalidNetworkInterfaceID",
            Self::PrefixList => "InvalidPrefixListID",
            Self::SecurityGroup => "InvalidGroup",
            Self::SecurityGroupRule => "InvalidSecurityGroupRuleId",
            Self::Subnet => "InvalidSubnetID",
            Self::Volume => "InvalidVolume",
            Self::Vpc => "InvalidVpcID",
        };
        if !self.is_well_formed(id) {
            // Groups are the exception: a malformed id is an InvalidGroupId.
            let stem = if stem == "InvalidGroup" {
                "InvalidGroupId"
            } else {
                stem
            };
            let message = format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix());
            return ServiceError::new(format!("{stem}.Malformed"), message);
        }
        let message = match self {
            Self::Image => format!("The image id '[{id}]' does not exist"),
            Self::Instance => format!("The instance ID '{id}' does not exist"),
            Self::KeyPair => format!("The key pair '{id}' does not exist"),
            Self::NetworkInterface => format!("The networkInterface ID '{id}' does not exist"),
            Self::PrefixList => format!("The prefix list ID '{id}' does not exist"),
            Self::SecurityGroup => format!("The security group '{id}' does not exist"),
            Self::SecurityGroupRule => format!("The security group rule ID '{id}' does not exist"),
            Self::Subnet => format!("The subnet ID '{id}' does not exist"),
            Self::Volume => format!("The volume '{id}' does not exist."),
            Self::Vpc => format!("The vpc ID '{id}' does not exist"),
        };
        ServiceError::new(format!("{stem}.NotFound"), message)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Image => "ami",
            Self::Instance => "i",
            Self::KeyPair => "key",
            Self::NetworkInterface => "eni",
            Self::PrefixList => "pl",
            Self::SecurityGroup => "sg",
            Self::SecurityGroupRule => "sgr",
            Self::Subnet => "subnet",
            Self::Volume => "vol",
            Self::Vpc => "vpc",
        }
    }

    /// The prefix and 8 hexadecimal digits, or 17 since 2016.
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
    fn an_id_names_its_kind() {
        for kind in ResourceKind::ALL {
            assert_eq!(ResourceKind::of(&kind.fixed_id("x")), Some(kind));
        }
        assert_eq!(ResourceKind::of("i-123"), None);
    }

    #[test]
    fn an_id_that_cannot_be_one_is_malformed() {
        let code = |id| ResourceKind::Instance.unknown(id).code;
        assert_eq!(code("i-1"), "InvalidInstanceID.Malformed");
        assert_eq!(code("i-0123456789abcdef0"), "InvalidInstanceID.NotFound");
    }
}
