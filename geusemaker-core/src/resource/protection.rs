//! Protections against a deletion: somebody has switched them on, and this program never lifts them.

use crate::aws::error::AwsError;

/// A protection because of which AWS refuses to delete a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// The deletion protection of a load balancer.
    Deletion,
    /// The termination protection of an instance.
    Termination,
    /// The flat-rate pricing plan of a distribution. No call of AWS ends it.
    PricingPlan,
}

impl Protection {
    /// Returns the protection that a refused deletion is about, if it is about one.
    ///
    /// Source: the messages of DeleteLoadBalancer ("cannot be deleted because deletion protection is enabled") and of
    /// TerminateInstances ("Modify its 'disableApiTermination' instance attribute"). Amazon CloudFront Developer Guide,
    /// "Flat-rate pricing plans": a distribution cannot be deleted before its plan has ended; the words of the refusal
    /// are assumed.
    pub(crate) fn of_refusal(error: &AwsError) -> Option<Self> {
        let message = error.message.to_ascii_lowercase();
        match (error.operation.as_str(), error.code.as_deref()) {
            ("elasticloadbalancing:DeleteLoadBalancer", Some("OperationNotPermitted"))
                if message.contains("deletion protection") =>
            {
                Some(Self::Deletion)
            }
            ("ec2:TerminateInstances", Some("OperationNotPermitted"))
                if message.contains("disableapitermination") =>
            {
                Some(Self::Termination)
            }
            ("cloudfront:DeleteDistribution", Some(_)) if message.contains("pricing plan") => {
                Some(Self::PricingPlan)
            }
            _ => None,
        }
    }

    /// Returns the reason why the resource stays.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Deletion => "its deletion protection is on, so AWS refuses to delete it",
            Self::Termination => "its termination protection is on, so AWS refuses to terminate it",
            Self::PricingPlan => {
                "it has a flat-rate pricing plan, and AWS refuses to delete it before the plan has ended"
            }
        }
    }

    /// Returns what the user can do.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Deletion | Self::Termination => {
                "ask whoever has switched the protection on; once it is lifted, remove the stack again"
            }
            Self::PricingPlan => {
                "cancel the plan in the CloudFront console; once it has ended with its billing cycle, remove the stack again"
            }
        }
    }

    /// Returns the AWS CLI command that lifts the protection, if there is one.
    pub(crate) fn lift_command(self, id: &str, region: &str) -> Option<String> {
        match self {
            Self::Deletion => Some(format!(
                "aws elbv2 modify-load-balancer-attributes --load-balancer-arn {id} --attributes \
                 Key=deletion_protection.enabled,Value=false --region {region}"
            )),
            Self::Termination => Some(format!(
                "aws ec2 modify-instance-attribute --instance-id {id} --no-disable-api-termination --region {region}"
            )),
            Self::PricingPlan => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(operation: &str, code: &str, message: &str) -> Option<Protection> {
        Protection::of_refusal(&AwsError::listed(operation, code, message))
    }

    /// Other refusals with the same code are about something else.
    #[test]
    fn refusal_names_its_protection() {
        let deletion =
            "Load balancer 'arn' cannot be deleted because deletion protection is enabled";
        let termination = "The instance 'i-1' may not be terminated. Modify its 'disableApiTermination' instance attribute \
                           and try again.";
        let code = "OperationNotPermitted";
        let delete = "elasticloadbalancing:DeleteLoadBalancer";
        assert_eq!(refused(delete, code, deletion), Some(Protection::Deletion));
        assert_eq!(
            refused("ec2:TerminateInstances", code, termination),
            Some(Protection::Termination)
        );
        assert_eq!(refused(delete, code, "not supported"), None);
        assert_eq!(refused(delete, "AccessDenied", deletion), None);
        assert_eq!(refused("ec2:DeleteVpc", code, deletion), None);
    }
}
