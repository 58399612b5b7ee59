//! AWS's errors, sorted into a closed set of classes.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

/// The class of an AWS error, which decides what can be done about it.
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
    fn of(code: &str, status: u16) -> Self {
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
            | "NetworkInterfaceLimitExceeded" | "TagLimitExceeded" | "TooManyTags"
            | "VolumeLimitExceeded" => Self::Quota,

            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException"
            | "AuthFailure.ServiceLinkedRoleCreationNotPermitted" | "PendingVerification"
            | "OptInRequired" | "Blocked" | "OperationNotPermitted" => Self::Permission,

            "AuthFailure" | "ExpiredToken" | "ExpiredTokenException" | "RequestExpired"
            | "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch"
            | "InvalidSignatureException" | "MissingAuthenticationToken" | "IncompleteSignature"
            | "InvalidAccessKeyId" => Self::Credentials,

            "InvalidGroup.Duplicate" | "InvalidPermission.Duplicate" | "DuplicateLoadBalancerName"
            | "DuplicateTargetGroupName" | "DuplicateListener" | "PriorityInUse"
            | "FileSystemAlreadyExists" | "MountTargetConflict" | "DistributionAlreadyExists"
            | "DependencyViolation" | "ResourceInUse" | "FileSystemInUse" | "PreconditionFailed"
            | "DistributionNotDisabled" | "InvalidIfMatchVersion" | "IpAddressInUse"
            | "IdempotentParameterMismatch" => Self::Conflict,

            "IncorrectFileSystemLifeCycleState" | "IncorrectMountTargetState"
            | "IncorrectInstanceState" | "DependencyTimeout" | "InvalidTarget" => Self::NotYet,

            "NoSuchDistribution" | "FileSystemNotFound" | "MountTargetNotFound"
            | "LoadBalancerNotFound" | "TargetGroupNotFound" | "ListenerNotFound" | "RuleNotFound"
            | "SubnetNotFound" | "SecurityGroupNotFound"
            // CreateLoadBalancer's codes for a security group or a subnet that does not exist.
            | "InvalidSecurityGroup" | "InvalidSubnet" | "InvalidSecurityGroupRuleId.NotFound" => {
                Self::NotFound
            }
            code if code.starts_with("Invalid") && code.ends_with(".NotFound") => Self::NotFound,

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

    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Capacity => {
                "try again later, or give other instance types in compute.fallback or subnets in other zones"
            }
            Self::Conflict => {
                "something of this name exists and is not this stack's: choose another stack name, or remove it"
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

/// Error returned when a call to AWS fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AwsError {
    /// The operation: `ec2:RunInstances`.
    pub operation: String,
    /// The class of the failure.
    pub class: ErrorClass,
    /// AWS's error code; none if no answer came.
    pub code: Option<String>,
    /// AWS's message, or a description of the failure if no answer came.
    pub message: String,
    /// The request id, by which AWS Support finds the request.
    pub request_id: Option<String>,
    /// True if the call may have taken effect nevertheless.
    pub may_have_happened: bool,
}

impl AwsError {
    /// Converts an SDK error of the operation: `.map_err(AwsError::of("ec2:RunInstances"))`.
    pub(crate) fn of<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        move |error| Self::new(operation, &error)
    }

    fn new<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let unanswered = |class, may_have_happened| Self {
            operation: operation.to_owned(),
            class,
            code: None,
            message: chain(error),
            request_id: None,
            may_have_happened,
        };
        if is_credentials_error(error) {
            let mut failed = unanswered(ErrorClass::Credentials, false);
            failed.message = format!("no usable AWS credentials were found: {}", chain(error));
            return failed;
        }
        match error {
            SdkError::ServiceError(context) => {
                let meta = context.err().meta();
                let status = context.raw().status().as_u16();
                let code = meta.code().unwrap_or("unknown error");
                let class = ErrorClass::of(code, status);
                Self {
                    operation: operation.to_owned(),
                    class,
                    code: Some(code.to_owned()),
                    message: meta.message().unwrap_or("no message").to_owned(),
                    request_id: meta
                        .request_id()
                        .or_else(|| error.request_id())
                        .map(str::to_owned),
                    may_have_happened: class == ErrorClass::ServiceFault,
                }
            }
            SdkError::ConstructionFailure(_) => unanswered(ErrorClass::Invalid, false),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                unanswered(ErrorClass::Invalid, false)
            }
            SdkError::ResponseError(_) => unanswered(ErrorClass::ServiceFault, true),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                unanswered(ErrorClass::Unreachable, true)
            }
            // `SdkError` is non-exhaustive; a call that failed with an unknown error may have taken effect.
            _ => unanswered(ErrorClass::Unreachable, true),
        }
    }

    /// Creates the error for a reply without a required field; the call took effect.
    pub(crate) fn incomplete(operation: &str, missing: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            class: ErrorClass::ServiceFault,
            code: None,
            message: format!("the reply has no {missing}"),
            request_id: None,
            may_have_happened: true,
        }
    }

    /// Creates the error for a resource of this name that belongs to another owner.
    pub(crate) fn conflict(operation: &str, message: String) -> Self {
        Self {
            operation: operation.to_owned(),
            class: ErrorClass::Conflict,
            code: None,
            message,
            request_id: None,
            may_have_happened: false,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.class == ErrorClass::NotFound
    }

    /// Returns the id of the resource that exists under the token of this request, if AWS's message ends with it.
    ///
    /// Source: CreateDistribution answers a caller reference in use with "… Already exists: E1ABC".
    pub(crate) fn existing_id(&self) -> Option<&str> {
        match self.code.as_deref() {
            Some("DistributionAlreadyExists") => {
                let (_, id) = self.message.rsplit_once("Already exists: ")?;
                Some(id.trim().trim_end_matches('.')).filter(|id| !id.is_empty())
            }
            _ => None,
        }
    }

    /// Returns true if AWS says that the token of this request has created a resource.
    pub(crate) fn proves_existence(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("DistributionAlreadyExists" | "FileSystemAlreadyExists")
        )
    }

    /// Returns true if a refusal that names the credentials may be about the request itself, so that signing in again
    /// does not help.
    ///
    /// Source: Amazon EC2 API Reference, "Error codes": AuthFailure is also "trying to use an AMI for which you do not
    /// have permissions".
    pub(crate) fn may_be_about_the_request(&self) -> bool {
        self.code.as_deref() == Some("AuthFailure")
    }

    /// Returns true if AWS says that the token of this request was used for a terminated instance, or for another
    /// request.
    pub(crate) fn is_about_a_used_token(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("IdempotentInstanceTerminated" | "IdempotentParameterMismatch")
        )
    }

    /// Returns the action to allow in an IAM policy.
    fn iam_action(&self) -> String {
        self.operation.replacen("efs:", "elasticfilesystem:", 1)
    }

    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self.class {
            ErrorClass::Permission => format!(
                "allow the action {} for these credentials, or check the account's standing",
                self.iam_action()
            ),
            class => class.remedy().to_owned(),
        }
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.operation)?;
        if let Some(code) = &self.code {
            write!(f, " with {code}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl StdError for AwsError {}

/// Joins the messages of an error and its sources, the outermost first. Messages that a later one repeats, or that say
/// nothing, are left out.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let links: Vec<String> = causes(error).map(ToString::to_string).collect();
    let mut said: Vec<&str> = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let is_repeated = links[index + 1..]
            .iter()
            .any(|inner| inner.contains(link.as_str()));
        let is_empty = matches!(link.as_str(), "dispatch failure" | "io error" | "other");
        if !is_repeated && !is_empty && !said.iter().any(|outer| outer.contains(link.as_str())) {
            said.push(link);
        }
    }
    said.join(": ")
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// Returns true if the request was never sent because there are no credentials. The SDK wraps that error in more than
/// one way.
fn is_credentials_error(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|error| error.is::<CredentialsError>())
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
        ] {
            assert_eq!(ErrorClass::of(code, 400), ErrorClass::NotFound, "{code}");
        }
    }
}
