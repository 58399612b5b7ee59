//! The error codes of Elastic Load Balancing, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[],
    denied: "AccessDenied",
    server_error: "InternalFailure",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        CertificateNotFound => 400,
        DuplicateListener => 400,
        DuplicateLoadBalancerName => 400,
        DuplicateTagKeys => 400,
        DuplicateTargetGroupName => 400,
        InvalidConfigurationRequest => 400,
        InvalidLoadBalancerAction => 400,
        InvalidSecurityGroup => 400,
        InvalidSubnet => 400,
        InvalidTarget => 400,
        ListenerNotFound => 400,
        LoadBalancerNotFound => 400,
        OperationNotPermitted => 400,
        PriorityInUse => 400,
        ResourceInUse => 400,
        RuleNotFound => 400,
        SSLPolicyNotFound => 400,
        SubnetNotFound => 400,
        TargetGroupAssociationLimit => 400,
        TargetGroupNotFound => 400,
        ThrottlingException => 400,
        TooManyCertificates => 400,
        TooManyListeners => 400,
        TooManyLoadBalancers => 400,
        TooManyRules => 400,
        TooManyTags => 400,
        TooManyTargetGroups => 400,
        TooManyTargets => 400,
        UnsupportedCertificate => 400,
        ValidationError => 400,
    }
}
