//! Remedies for refusals whose class says too little: what fits this operation and this code.

use super::error::AwsError;

/// Returns the remedy that fits this refusal, if there is one beside that of its class.
///
/// Source: the errors of the Elastic Load Balancing and CloudFront API References.
pub(super) fn remedy(error: &AwsError) -> Option<&'static str> {
    let (service, operation) = error.operation.split_once(':')?;
    let code = error.code.as_deref()?;
    match service {
        "elasticloadbalancing" => of_load_balancing(operation, code, &error.message),
        "cloudfront" => of_cloudfront(operation, code, &error.message),
        _ => None,
    }
}

fn of_load_balancing(operation: &str, code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "TooManyLoadBalancers" => {
            "delete a load balancer that nobody uses, or ask for more (Service Quotas, Elastic Load Balancing: Application \
             Load Balancers per Region)"
        }
        "TooManyTargetGroups" => {
            "delete target groups that nobody uses, or ask for more (Service Quotas, Elastic Load Balancing: Target Groups \
             per Region)"
        }
        "TooManyTargets" => {
            "use fewer instances or services, or ask for more targets (Service Quotas, Elastic Load Balancing: Targets per \
             Application Load Balancer)"
        }
        "TooManyListeners" | "TooManyRules" => {
            "use fewer services or paths, or ask for more rules (Service Quotas, Elastic Load Balancing)"
        }
        "TooManyCertificates" => "name fewer certificates, or one that covers all names",
        "TargetGroupAssociationLimit" => {
            "remove the listener of the other load balancer that uses this target group"
        }
        "InvalidSubnet" if is_about_gateway(message) => {
            "give the VPC an internet gateway, and the subnets a route to it; network.create = true makes such a network"
        }
        "InvalidSubnet" if is_about_addresses(message) => {
            "name subnets with at least 8 free addresses in network.subnets"
        }
        "InvalidSubnet" | "SubnetNotFound" | "AvailabilityZoneNotSupported" => {
            "name subnets in two availability zones of this region in network.subnets"
        }
        "InvalidSecurityGroup" => "name security groups of the VPC of the load balancer",
        "OperationNotPermitted" if operation == "CreateLoadBalancer" => {
            "AWS has not opened load balancers to this account yet, as is usual for new ones: ask AWS Support to do so \
             (Account and billing), then try again"
        }
        "InvalidTarget" => {
            "check that the instance is running, and is in the VPC of the target group"
        }
        "CertificateNotFound" => {
            "name a certificate of AWS Certificate Manager in the region of the load balancer"
        }
        "UnsupportedCertificate" => {
            "name an issued certificate with an RSA key of 2048 to 4096 bits, or an ECDSA key that load balancers take"
        }
        "SSLPolicyNotFound" => "name a security policy that aws elbv2 describe-ssl-policies lists",
        _ => return None,
    })
}

fn of_cloudfront(operation: &str, code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "AccessDenied" if is_about_verification(message) => {
            "ask AWS Support to verify the account for CloudFront (Account and billing), then try again"
        }
        "CNAMEAlreadyExists" => {
            "remove the alias from the other distribution, perhaps of another account (aws cloudfront \
             list-conflicting-aliases names it), or leave it out of cdn.aliases"
        }
        "InvalidViewerCertificate" => {
            "name an issued certificate of AWS Certificate Manager in us-east-1 that covers every name in cdn.aliases"
        }
        "TooManyDistributions" => {
            "delete a distribution that nobody uses, or ask for more (Service Quotas, CloudFront: Web distributions per AWS \
             account)"
        }
        "TooManyInvalidationsInProgress" => {
            "wait until those in progress are completed, which takes minutes, or name fewer paths: CloudFront takes 3000 at \
             a time, and 15 that end with \"*\""
        }
        "BatchTooLarge" => {
            "name fewer paths, or wider ones, such as \"/static/*\": CloudFront takes 3000 at a time"
        }
        "TooManyDistributionCNAMEs" => "name fewer aliases in cdn.aliases",
        "IllegalUpdate" => {
            "AWS never allows this change of the distribution: change the spec back, or destroy the stack and deploy it anew"
        }
        "DistributionNotDisabled" if operation == "DeleteDistribution" => {
            "somebody has enabled the distribution again: remove the stack again"
        }
        "InvalidArgument" if operation == "CreateVpcOrigin" => {
            "correct what AWS names: the load balancer needs free addresses in its subnets, an internet gateway that is \
             attached to its VPC, and zones that CloudFront supports for VPC origins"
        }
        "EntityLimitExceeded" => {
            "delete a VPC origin that nobody uses, or ask for more (Service Quotas, CloudFront)"
        }
        code if code.starts_with("TooMany") => {
            "use less of what AWS names, or ask for more (Service Quotas, CloudFront)"
        }
        _ => return None,
    })
}

/// Returns true for a subnet that another attempt does not make valid.
pub(super) fn is_invalid_subnet(code: &str, message: &str) -> bool {
    code == "InvalidSubnet" && (is_about_gateway(message) || is_about_addresses(message))
}

/// Returns true if CloudFront wants the account to be verified. The code is that of a missing permission.
fn is_about_verification(message: &str) -> bool {
    message.contains("must be verified")
}

fn is_about_gateway(message: &str) -> bool {
    message.contains("internet gateway")
}

fn is_about_addresses(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("ip space") || message.contains("free ip")
}
