//! The operations of Elastic Load Balancing, one a line.

use super::{
    ElasticLoadBalancing, account_limit, listener, load_balancer, load_balancer_settings, rule,
    ssl_policy, tags, target, target_group, target_health, tls,
};
use crate::sim::acm::Acm;
use crate::sim::cloudfront::CloudFront;
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::operation::operations;
use crate::wire::params::Params;

operations! {
    Service::ElasticLoadBalancing: operation(
        elb: &mut ElasticLoadBalancing,
        acm: &Acm,
        ec2: &mut Ec2,
        cloudfront: &CloudFront,
        context: &mut RequestContext<'_>,
        params: &mut Params
    ) {
        "AddListenerCertificates" => tls::add_certificates(elb, acm, context, params),
        "AddTags" => tags::add(elb, params),
        "CreateListener" => listener::create(elb, acm, context, params),
        "CreateLoadBalancer" => load_balancer::create(elb, ec2, context, params),
        "CreateRule" => rule::create(elb, context, params),
        "CreateTargetGroup" => target_group::create(elb, ec2, context, params),
        "DeleteListener" => listener::delete(elb, params),
        "DeleteLoadBalancer" => load_balancer::delete(elb, ec2, cloudfront, context, params),
        "DeleteRule" => rule::delete(elb, params),
        "DeleteTargetGroup" => target_group::delete(elb, params),
        "DeregisterTargets" => target::deregister(elb, ec2, context, params),
        "DescribeAccountLimits" => account_limit::describe(context, params),
        "DescribeListenerAttributes" => listener::describe_attributes(elb, params),
        "DescribeListenerCertificates" => tls::describe_certificates(elb, params),
        "DescribeListeners" => listener::describe(elb, params),
        "DescribeLoadBalancerAttributes" => load_balancer_settings::describe_attributes(elb, params),
        "DescribeLoadBalancers" => load_balancer::describe(elb, context, params),
        "DescribeRules" => rule::describe(elb, params),
        "DescribeSSLPolicies" => ssl_policy::describe(params),
        "DescribeTags" => tags::describe(elb, params),
        "DescribeTargetGroupAttributes" => target_group::describe_attributes(elb, params),
        "DescribeTargetGroups" => target_group::describe(elb, params),
        "DescribeTargetHealth" => target_health::describe(elb, ec2, context, params),
        "ModifyListener" => listener::modify(elb, acm, context, params),
        "ModifyListenerAttributes" => listener::modify_attributes(elb, params),
        "ModifyLoadBalancerAttributes" => load_balancer_settings::modify_attributes(elb, params),
        "ModifyRule" => rule::modify(elb, context, params),
        "ModifyTargetGroup" => target_group::modify(elb, params),
        "ModifyTargetGroupAttributes" => target_group::modify_attributes(elb, params),
        "RegisterTargets" => target::register(elb, ec2, context, params),
        "RemoveListenerCertificates" => tls::remove_certificates(elb, params),
        "RemoveTags" => tags::remove(elb, params),
        "SetIpAddressType" => load_balancer_settings::set_ip_address_type(elb, params),
        "SetRulePriorities" => rule::set_priorities(elb, params),
        "SetSecurityGroups" => load_balancer_settings::set_security_groups(elb, ec2, params),
        "SetSubnets" => load_balancer_settings::set_subnets(elb, ec2, context, params),
    }
}
