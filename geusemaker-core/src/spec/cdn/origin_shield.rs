//! The Region of Origin Shield.

use crate::spec::text::validated_text;

/// The Regions that have it.
///
/// Source: Amazon CloudFront Developer Guide, "Choose the AWS Region for Origin Shield".
const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "me-central-1",
    "sa-east-1",
];

validated_text! {
    /// The Region of Origin Shield: a cache through which all edge locations ask the load balancer.
    ///
    /// ```
    /// use geusemaker_core::spec::OriginShield;
    ///
    /// assert!("us-east-1".parse::<OriginShield>().is_ok());
    /// let error = "us-west-1".parse::<OriginShield>().unwrap_err();
    /// assert!(error.message().starts_with("CloudFront has no Origin Shield in \"us-west-1\": expected"));
    /// ```
    OriginShield, check
}

fn check(text: &str) -> Result<(), String> {
    if REGIONS.contains(&text) {
        Ok(())
    } else {
        Err(format!(
            "CloudFront has no Origin Shield in {text:?}: expected the nearest to the stack of {}",
            REGIONS.join(", ")
        ))
    }
}
