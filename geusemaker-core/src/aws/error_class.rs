//! The closed set of classes of AWS's errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The class of an AWS error, which decides what can be done about it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let fault = Fault::on("RunInstances").answer("InsufficientInstanceCapacity").forever();
/// # let aws = Aws::builder().fault(fault).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::{Error, ErrorClass};
///
/// let failed = session.plan(spec).await?.launch().await.unwrap_err();
/// let class = failed.error.call().map(|call| call.class);
/// if let Some(ErrorClass::Capacity | ErrorClass::Throttled) = class {
///     println!("worth another attempt, later");
/// }
/// # assert_eq!(class, Some(ErrorClass::Capacity));
/// # drop(failed);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// AWS has no capacity for this instance type in this zone now; another zone or type may have some.
    Capacity,
    /// A resource of this name or in this place exists already, or is still in use.
    Conflict,
    /// There are no credentials, or they are wrong or expired.
    Credentials,
    /// AWS rejects the request as invalid.
    Invalid,
    /// A resource that the request names does not exist, or AWS does not show it yet.
    NotFound,
    /// A resource that the request needs is not ready yet.
    NotYet,
    /// The credentials lack the permission.
    Permission,
    /// A quota of the account is reached.
    Quota,
    /// AWS failed on its side; the call may have taken effect.
    ServiceFault,
    /// Too many calls; the call had no effect.
    Throttled,
    /// No answer came; the call may have taken effect.
    Unreachable,
}

impl ErrorClass {
    /// Returns the class of an AWS error code. The HTTP status decides only if the code says nothing:
    /// `InsufficientInstanceCapacity` comes with status 500.
    pub(super) fn of(code: &str, status: u16) -> Self {
        match code {
            "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestLimitExceeded"
            | "RequestThrottled" | "RequestThrottledException" | "TooManyRequestsException"
            | "BandwidthLimitExceeded" | "SlowDown" | "PriorRequestNotComplete"
            | "EC2ThrottledException" => Self::Throttled,

            "InsufficientInstanceCapacity" | "Unsupported" | "UnfulfillableCapacity"
            | "ReservationCapacityExceeded" | "InsufficientFreeAddressesInSubnet"
            | "SpotMaxPriceTooLow" => Self::Capacity,

            "VcpuLimitExceeded" | "InstanceLimitExceeded" | "MaxSpotInstanceCountExceeded"
            | "TooManyLoadBalancers" | "TooManyTargetGroups" | "TooManyListeners" | "TooManyRules"
            | "TooManyTargets" | "TooManyDistributions" | "SecurityGroupLimitExceeded"
            | "RulesPerSecurityGroupLimitExceeded" | "FileSystemLimitExceeded"
            | "AccessPointLimitExceeded"
            | "NetworkInterfaceLimitExceeded" | "TagLimitExceeded" | "TooManyTags"
            | "VolumeLimitExceeded" | "VpcLimitExceeded" | "SubnetLimitExceeded"
            | "RouteTableLimitExceeded" | "RouteLimitExceeded" | "InternetGatewayLimitExceeded"
            | "NatGatewayLimitExceeded" | "AddressLimitExceeded" | "VpcEndpointLimitExceeded"
            | "LimitExceededException" | "TooManyCertificates" | "TooManyDistributionCNAMEs"
            | "TooManyInvalidationsInProgress" | "BatchTooLarge"
            | "EntityLimitExceeded"
            | "LimitExceeded" => Self::Quota,

            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException"
            | "AuthFailure.ServiceLinkedRoleCreationNotPermitted" | "PendingVerification"
            | "OptInRequired" | "Blocked" | "OperationNotPermitted" => Self::Permission,

            "AuthFailure" | "ExpiredToken" | "ExpiredTokenException" | "RequestExpired"
            | "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch"
            | "InvalidSignatureException" | "MissingAuthenticationToken" | "IncompleteSignature"
            | "InvalidAccessKeyId" => Self::Credentials,

            "InvalidGroup.Duplicate" | "InvalidPermission.Duplicate" | "DuplicateLoadBalancerName"
            | "DuplicateTargetGroupName" | "DuplicateListener" | "PriorityInUse"
            | "FileSystemAlreadyExists" | "AccessPointAlreadyExists" | "MountTargetConflict" | "DistributionAlreadyExists"
            | "DependencyViolation" | "ResourceInUse" | "FileSystemInUse" | "PreconditionFailed"
            | "DistributionNotDisabled" | "InvalidIfMatchVersion" | "IpAddressInUse"
            | "IdempotentParameterMismatch" | "EntityAlreadyExists" | "DeleteConflict"
            | "InvalidSubnet.Conflict" | "Resource.AlreadyAssociated" | "RouteAlreadyExists"
            | "InvalidIPAddress.InUse" | "ResourceInUseException" | "InvalidChangeBatch"
            // DeleteVpcOrigin refuses an origin that is in use, or that is still being deployed.
            | "CannotDeleteEntityWhileInUse" | "IllegalDelete"
            | "CNAMEAlreadyExists" => {
                Self::Conflict
            }

            "IncorrectFileSystemLifeCycleState" | "IncorrectMountTargetState"
            | "IncorrectInstanceState" | "DependencyTimeout" | "InvalidTarget"
            | "ConcurrentModification" | "RequestInProgressException" | "UnsupportedCertificate" | "EntityTemporarilyUnmodifiable" => Self::NotYet,

            "NoSuchDistribution" | "EntityNotFound" | "NoSuchEntity" | "ResourceNotFoundException" | "FileSystemNotFound" | "MountTargetNotFound"
            | "AccessPointNotFound"
            | "LoadBalancerNotFound" | "TargetGroupNotFound" | "ListenerNotFound" | "RuleNotFound"
            | "NoSuchHostedZone" | "CertificateNotFound"
            | "SubnetNotFound" | "SecurityGroupNotFound"
            // CreateLoadBalancer's codes for a security group or a subnet that does not exist.
            | "InvalidSecurityGroup" | "InvalidSubnet" | "InvalidSecurityGroupRuleId.NotFound"
            // DetachInternetGateway's code for a gateway that is not attached, and the NAT gateways' own one.
            | "Gateway.NotAttached" | "NatGatewayNotFound" => {
                Self::NotFound
            }
            code if code.starts_with("Invalid") && code.ends_with(".NotFound") => Self::NotFound,
            // Services have many of these: TooManyDistributionCNAMEs, TooManyCertificates.
            code if code.starts_with("TooMany") && status < 500 => Self::Quota,

            _ if status >= 500 => Self::ServiceFault,
            _ => Self::Invalid,
        }
    }

    /// Returns true if repeating a read may succeed.
    pub(crate) fn is_retryable_on_read(self) -> bool {
        match self {
            Self::NotYet | Self::ServiceFault | Self::Throttled | Self::Unreachable => true,
            Self::Capacity
            | Self::Conflict
            | Self::Credentials
            | Self::Invalid
            | Self::NotFound
            | Self::Permission
            | Self::Quota => false,
        }
    }

    /// Returns true if AWS has given no answer to the request itself.
    pub(crate) fn is_no_answer(self) -> bool {
        matches!(
            self,
            Self::ServiceFault | Self::Throttled | Self::Unreachable
        )
    }

    /// Returns true if retrying a create may succeed. The resources that a create names were checked before, or belong
    /// to the deployment, so `NotFound` means not visible yet.
    pub(crate) fn is_retryable_on_create(self) -> bool {
        self == Self::NotFound || self.is_retryable_on_read()
    }

    /// Returns true if retrying a delete may succeed. Resources that are in the way are being deleted too.
    pub(crate) fn is_retryable_on_delete(self) -> bool {
        self == Self::Conflict || self.is_retryable_on_create()
    }

    /// Returns true if AWS only needs a moment to show, or to finish, what it has just created.
    ///
    /// ```
    /// use geusemaker_core::ErrorClass;
    ///
    /// assert!(ErrorClass::NotYet.is_too_early());
    /// ```
    #[must_use]
    pub fn is_too_early(self) -> bool {
        matches!(self, Self::NotFound | Self::NotYet)
    }

    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Capacity => {
                "try again later, or give other instance types in compute.fallback or subnets in other zones"
            }
            Self::Conflict => {
                "a resource of this name exists and is not this stack's: choose another stack name, or remove it"
            }
            Self::Credentials => {
                "sign in again (aws sso login, or new access keys) and check with: aws sts get-caller-identity"
            }
            Self::Invalid => "correct what AWS names in its message",
            Self::NotFound => "check that the id exists in this account and region",
            Self::NotYet => "try again in a minute",
            Self::Permission => {
                "ask for the IAM permission of this operation, or check the account's standing"
            }
            Self::Quota => "ask AWS for a higher quota (Service Quotas console), or use less",
            Self::ServiceFault => {
                "AWS failed on its side: try again; https://health.aws.amazon.com shows incidents"
            }
            Self::Throttled => "too many calls in this account: try again in a minute",
            Self::Unreachable => {
                "check the network, the region's name and AWS_ENDPOINT_URL, then try again"
            }
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capacity => "no capacity",
            Self::Conflict => "conflict",
            Self::Credentials => "credentials",
            Self::Invalid => "invalid request",
            Self::NotFound => "not found",
            Self::NotYet => "not ready yet",
            Self::Permission => "no permission",
            Self::Quota => "quota exceeded",
            Self::ServiceFault => "AWS fault",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorClass;

    #[test]
    fn code_decides_before_status() {
        assert_eq!(
            ErrorClass::of("InsufficientInstanceCapacity", 500),
            ErrorClass::Capacity
        );
        assert_eq!(
            ErrorClass::of("RequestLimitExceeded", 503),
            ErrorClass::Throttled
        );
        assert_eq!(
            ErrorClass::of("InternalError", 500),
            ErrorClass::ServiceFault
        );
        assert_eq!(ErrorClass::of("ValidationError", 400), ErrorClass::Invalid);
    }

    #[test]
    fn ec2_not_found_codes_share_class() {
        for code in [
            "InvalidInstanceID.NotFound",
            "InvalidGroup.NotFound",
            "InvalidAMIID.NotFound",
            "InvalidAssociationID.NotFound",
            "Gateway.NotAttached",
        ] {
            assert_eq!(ErrorClass::of(code, 400), ErrorClass::NotFound, "{code}");
        }
    }
}
