//! The operations of CloudFront, one a line.

use std::collections::BTreeMap;

use super::policy::Kind::{Cache, OriginRequest, ResponseHeaders};
use super::{CloudFront, distribution, invalidation, policy, tags, vpc_origin};
use crate::sim::account::Region;
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::rest_xml::Input;

operations! {
    Service::CloudFront: operation(
        cloudfront: &mut CloudFront,
        regions: &mut BTreeMap<String, Region>,
        context: &mut RequestContext<'_>,
        input: &mut Input
    ) {
        "CreateDistribution" => distribution::create(cloudfront, regions, context, input),
        "CreateDistributionWithTags" => distribution::create_with_tags(cloudfront, regions, context, input),
        "CreateInvalidation" => invalidation::create(cloudfront, context, input),
        "CreateVpcOrigin" => vpc_origin::create(cloudfront, regions, context, input),
        "DeleteDistribution" => distribution::delete(cloudfront, context, input),
        "DeleteVpcOrigin" => vpc_origin::delete(cloudfront, regions, context, input),
        "GetCachePolicy" => policy::get(Cache, input),
        "GetCachePolicyConfig" => policy::get_config(Cache, input),
        "GetDistribution" => distribution::get(cloudfront, context, input),
        "GetDistributionConfig" => distribution::get_config(cloudfront, input),
        "GetInvalidation" => invalidation::get(cloudfront, context, input),
        "GetOriginRequestPolicy" => policy::get(OriginRequest, input),
        "GetOriginRequestPolicyConfig" => policy::get_config(OriginRequest, input),
        "GetResponseHeadersPolicy" => policy::get(ResponseHeaders, input),
        "GetResponseHeadersPolicyConfig" => policy::get_config(ResponseHeaders, input),
        "GetVpcOrigin" => vpc_origin::get(cloudfront, context, input),
        "ListCachePolicies" => policy::list(Cache, input),
        "ListDistributions" => distribution::list(cloudfront, context, input),
        "ListDistributionsByCachePolicyId" => policy::list_distributions(cloudfront, Cache, input),
        "ListDistributionsByOriginRequestPolicyId" => policy::list_distributions(cloudfront, OriginRequest, input),
        "ListDistributionsByResponseHeadersPolicyId" => policy::list_distributions(cloudfront, ResponseHeaders, input),
        "ListDistributionsByVpcOriginId" => vpc_origin::list_distributions(cloudfront, input),
        "ListInvalidations" => invalidation::list(cloudfront, context, input),
        "ListOriginRequestPolicies" => policy::list(OriginRequest, input),
        "ListResponseHeadersPolicies" => policy::list(ResponseHeaders, input),
        "ListTagsForResource" => tags::list(cloudfront, context, input),
        "ListVpcOrigins" => vpc_origin::list(cloudfront, context, input),
        "TagResource" => tags::add(cloudfront, context, input),
        "UntagResource" => tags::remove(cloudfront, context, input),
        "UpdateDistribution" => distribution::update(cloudfront, regions, context, input),
    }
}
