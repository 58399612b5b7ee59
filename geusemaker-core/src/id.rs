//! The identifiers of AWS resources and of deployments, one type per kind, so that two kinds cannot be mixed up.
//!
//! Text from a user or a file is validated (`FromStr`, `TryFrom<String>`, `Deserialize`). An id from an AWS reply is
//! not validated: AWS decides the format of its ids.
//!
//! ```
//! use geusemaker_core::id::{InvalidId, SubnetId};
//!
//! let subnet: SubnetId = "subnet-0a1b2c3d".parse()?;
//! assert_eq!(subnet.as_str(), "subnet-0a1b2c3d");
//!
//! let error: InvalidId = "vpc-0a1b2c3d".parse::<SubnetId>().unwrap_err();
//! assert!(error.to_string().starts_with("\"vpc-0a1b2c3d\" is not a subnet id"));
//! # Ok::<(), InvalidId>(())
//! ```

use thiserror::Error;

/// Error returned when a text is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not {kind}: expected {expected}")]
pub struct InvalidId {
    text: String,
    kind: &'static str,
    expected: &'static str,
}

/// The rule for the text of one kind of id.
enum Shape {
    /// Exactly this many decimal digits.
    Decimal(usize),
    /// Exactly this many lower-case hexadecimal digits.
    Digits(usize),
    /// This prefix, then at least one lower-case hexadecimal digit.
    Hexadecimal(&'static str),
    /// This prefix, then at least one character.
    Prefix(&'static str),
    /// The ARN of a certificate in AWS Certificate Manager.
    Certificate,
    /// At least one upper-case letter or digit, and nothing else.
    HostedZone,
    /// Any text that is not empty.
    NonEmpty,
}

impl Shape {
    fn admits(&self, text: &str) -> bool {
        match self {
            Self::Decimal(count) => {
                text.len() == *count && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Digits(count) => text.len() == *count && are_digits(text),
            Self::Hexadecimal(prefix) => text
                .strip_prefix(prefix)
                .is_some_and(|digits| !digits.is_empty() && are_digits(digits)),
            Self::Prefix(prefix) => text
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty()),
            Self::Certificate => region_of_certificate(text).is_some(),
            Self::HostedZone => {
                let is_part = |b| matches!(b, b'A'..=b'Z' | b'0'..=b'9');
                !text.is_empty() && text.bytes().all(is_part)
            }
            Self::NonEmpty => !text.is_empty(),
        }
    }
}

/// Returns true if the text consists of lower-case hexadecimal digits.
fn are_digits(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns the region of a certificate's ARN, `arn:aws:acm:REGION:ACCOUNT:certificate/ID`.
fn region_of_certificate(arn: &str) -> Option<&str> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "acm", region, account, resource] = parts[..] else {
        return None;
    };
    let id = resource.strip_prefix("certificate/")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_full = !partition.is_empty() && !region.is_empty() && !id.is_empty();
    (is_account && is_full).then_some(region)
}

/// An id of any kind of AWS resource, as the journal stores it.
pub(crate) trait AwsId: AsRef<str> + Send + 'static {
    /// Takes an id that came from AWS, without validation.
    fn read(id: String) -> Self;
}

macro_rules! id {
    ($name:ident, $kind:literal, $shape:expr, $expected:expr) => {
        #[doc = concat!("The text of ", $kind, ". The [module](self) shows how to parse one.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if $shape.admits(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId {
                        text,
                        kind: $kind,
                        expected: $expected,
                    })
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! aws_id {
    (@id $name:ident, $kind:literal, hexadecimal $prefix:literal) => {
        id!(
            $name,
            $kind,
            Shape::Hexadecimal($prefix),
            concat!($prefix, " followed by hexadecimal digits")
        );
    };
    (@id $name:ident, $kind:literal, arn) => {
        id!($name, $kind, Shape::Prefix("arn:"), "an ARN, which starts with arn:");
    };
    (@id $name:ident, $kind:literal, certificate) => {
        id!(
            $name,
            $kind,
            Shape::Certificate,
            "arn:aws:acm:REGION:ACCOUNT:certificate/ID, of AWS Certificate Manager"
        );
    };
    (@id $name:ident, $kind:literal, hosted_zone) => {
        id!($name, $kind, Shape::HostedZone, "upper-case letters and digits, such as Z0123456789ABC");
    };
    (@id $name:ident, $kind:literal, non_empty) => {
        id!($name, $kind, Shape::NonEmpty, "a text that is not empty");
    };
    ($($name:ident, $kind:literal, $shape:ident $($prefix:literal)?;)+) => {$(
        aws_id!(@id $name, $kind, $shape $($prefix)?);

        impl $name {
            /// Takes an id from an AWS reply, without validation.
            #[allow(dead_code, reason = "every kind of id has it, read from a reply today or not")]
            pub(crate) fn from_aws(id: impl Into<String>) -> Self {
                Self(id.into())
            }
        }

        impl AwsId for $name {
            fn read(id: String) -> Self {
                Self(id)
            }
        }
    )+};
}

id!(
    AccountId,
    "an account id",
    Shape::Decimal(12),
    "twelve digits"
);

impl AccountId {
    /// Takes an id from an AWS reply, without validation.
    pub(crate) fn from_aws(id: impl Into<String>) -> Self {
        Self(id.into())
    }
}

id!(
    DeploymentId,
    "a deployment id",
    Shape::Digits(DEPLOYMENT_ID_DIGITS),
    "twelve hexadecimal digits"
);

const DEPLOYMENT_ID_DIGITS: usize = 12;

impl DeploymentId {
    /// Returns a new id. In tags and tokens, it distinguishes two deployments of the same name.
    pub(crate) fn random() -> Self {
        Self::from_uuid(uuid::Uuid::new_v4())
    }

    /// Takes the id from the start of a UUID, and makes its first digit a letter: twelve decimal digits are an account
    /// id to those who read it, among them the programs that remove account ids from recordings and logs.
    fn from_uuid(uuid: uuid::Uuid) -> Self {
        let digits = uuid.simple().to_string();
        let letter = match &digits[..1] {
            "0" | "6" => "a",
            "1" | "7" => "b",
            "2" | "8" => "c",
            "3" | "9" => "d",
            "4" => "e",
            "5" => "f",
            letter => letter,
        };
        Self(format!("{letter}{}", &digits[1..DEPLOYMENT_ID_DIGITS]))
    }
}

aws_id! {
    AccessPointId, "an access point id", hexadecimal "fsap-";
    AllocationId, "the id of an Elastic IP address", hexadecimal "eipalloc-";
    AmiId, "an AMI id", hexadecimal "ami-";
    CapacityReservationId, "a capacity reservation id", hexadecimal "cr-";
    CertificateArn, "a certificate ARN", certificate;
    DistributionId, "a CloudFront distribution id", non_empty;
    FileSystemId, "a file system id", hexadecimal "fs-";
    HostedZoneId, "a hosted zone id", hosted_zone;
    InstanceId, "an instance id", hexadecimal "i-";
    InstanceProfileId, "the name of an instance profile", non_empty;
    InternetGatewayId, "an internet gateway id", hexadecimal "igw-";
    ListenerArn, "a listener ARN", arn;
    ListenerRuleArn, "a listener rule ARN", arn;
    LoadBalancerArn, "a load balancer ARN", arn;
    MountTargetId, "a mount target id", hexadecimal "fsmt-";
    NatGatewayId, "a NAT gateway id", hexadecimal "nat-";
    NetworkInterfaceId, "a network interface id", hexadecimal "eni-";
    PrefixListId, "a prefix list id", hexadecimal "pl-";
    ResourceId, "the id of a resource of any kind", non_empty;
    RoleName, "the name of an IAM role", non_empty;
    RouteTableAssociationId, "the id of a route table's association", hexadecimal "rtbassoc-";
    RouteTableId, "a route table id", hexadecimal "rtb-";
    SecurityGroupId, "a security group id", hexadecimal "sg-";
    SecurityGroupRuleId, "a security group rule id", hexadecimal "sgr-";
    SubnetId, "a subnet id", hexadecimal "subnet-";
    TargetGroupArn, "a target group ARN", arn;
    VpcEndpointId, "a VPC endpoint id", hexadecimal "vpce-";
    VpcId, "a VPC id", hexadecimal "vpc-";
    VpcOriginId, "the id of a VPC origin of CloudFront", non_empty;
}

impl CertificateArn {
    /// Returns the region of the certificate.
    ///
    /// ```
    /// use geusemaker_core::id::CertificateArn;
    ///
    /// let arn = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012";
    /// assert_eq!(arn.parse::<CertificateArn>()?.region(), "us-east-1");
    /// # Ok::<(), geusemaker_core::id::InvalidId>(())
    /// ```
    pub fn region(&self) -> &str {
        region_of_certificate(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wrong_id_names_expected_format() {
        assert_eq!(
            "sub-123".parse::<SubnetId>().unwrap_err().to_string(),
            r#""sub-123" is not a subnet id: expected subnet- followed by hexadecimal digits"#
        );
        assert_eq!(
            "my-alb".parse::<LoadBalancerArn>().unwrap_err().to_string(),
            r#""my-alb" is not a load balancer ARN: expected an ARN, which starts with arn:"#
        );
        assert_eq!(
            "".parse::<DistributionId>().unwrap_err().to_string(),
            r#""" is not a CloudFront distribution id: expected a text that is not empty"#
        );
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in [
            "", "i-", "i-0g", "I-0a", "i-0A", "fs-0a", " i-0a", "i-0a ", "xi-0a",
        ] {
            assert!(text.parse::<InstanceId>().is_err(), "{text:?}");
        }
        assert!("arn:".parse::<ListenerArn>().is_err());
    }

    #[test]
    fn deployment_id_has_twelve_digits() {
        let id = DeploymentId::random();
        assert_eq!(id.as_str().parse::<DeploymentId>().unwrap(), id);
        for text in ["", "0123456789a", "0123456789abc", "0123456789AB"] {
            assert!(text.parse::<DeploymentId>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn deployment_id_is_no_account_id(uuid in proptest::num::u128::ANY, digits in "[0-9]{32}") {
            for uuid in [uuid::Uuid::from_u128(uuid), digits.parse().unwrap()] {
                let id = DeploymentId::from_uuid(uuid);
                prop_assert!(id.as_str().parse::<DeploymentId>().is_ok());
                prop_assert!(id.as_str().parse::<AccountId>().is_err());
            }
        }
    }

    #[test]
    fn similar_prefixes_are_told_apart() {
        assert!("sgr-0a".parse::<SecurityGroupId>().is_err());
        assert!("fsmt-0a".parse::<FileSystemId>().is_err());
        assert!("sg-0a".parse::<SecurityGroupId>().is_ok());
    }

    #[test]
    fn deserialised_id_is_validated() {
        assert_eq!(
            serde_json::from_str::<VpcId>(r#""vpc-0a1""#)
                .unwrap()
                .as_str(),
            "vpc-0a1"
        );
        let error = serde_json::from_str::<VpcId>(r#""0a1""#).unwrap_err();
        assert!(error.to_string().contains("is not a VPC id"), "{error}");
    }

    proptest! {
        #[test]
        fn id_survives_text_and_json(digits in "[0-9a-f]{1,17}") {
            let id = FileSystemId::from_aws(format!("fs-{digits}"));
            prop_assert_eq!(&id.to_string().parse::<FileSystemId>().unwrap(), &id);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<FileSystemId>(&json).unwrap(), id);
        }
    }
}
