//! The calls to CloudFront.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

pub(super) const CLOUDFRONT: &[Permission] = permissions! { "cloudfront":
    CreateDistributionWithTags ["cloudfront:CreateDistribution", "cloudfront:TagResource"] Any for Cdn;
    CreateInvalidation Tagged for Cdn;
    CreateVpcOrigin ["cloudfront:CreateVpcOrigin", "cloudfront:TagResource"] Any for VpcOrigin;
    DeleteDistribution Tagged for Cdn;
    DeleteVpcOrigin Tagged for VpcOrigin;
    GetCachePolicy Any for CdnPolicy;
    GetDistribution Any for Cdn;
    GetDistributionConfig Any for Cdn;
    GetInvalidation Any for Cdn;
    GetOriginRequestPolicy Any for CdnPolicy;
    GetResponseHeadersPolicy Any for CdnPolicy;
    GetVpcOrigin Any for VpcOrigin;
    ListDistributions Any for Cdn;
    ListDistributionsByVpcOriginId Any for VpcOrigin;
    ListTagsForResource Any for Cdn;
    ListVpcOrigins Any for VpcOrigin;
    UpdateDistribution Tagged for Cdn;
};
