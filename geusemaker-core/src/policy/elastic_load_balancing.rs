//! The calls to Elastic Load Balancing.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

pub(super) const ELASTIC_LOAD_BALANCING: &[Permission] = permissions! { "elasticloadbalancing":
    CreateListener ["elasticloadbalancing:CreateListener", "elasticloadbalancing:AddTags"] Any for LoadBalancer;
    CreateLoadBalancer ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:AddTags"] Any for LoadBalancer;
    CreateRule ["elasticloadbalancing:CreateRule", "elasticloadbalancing:AddTags"] Any for LoadBalancer;
    CreateTargetGroup ["elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags"] Any for LoadBalancer;
    DeleteListener Tagged for LoadBalancer;
    DeleteLoadBalancer Tagged for LoadBalancer;
    DeleteRule Tagged for LoadBalancer;
    DeleteTargetGroup Tagged for LoadBalancer;
    DeregisterTargets Tagged for LoadBalancer;
    DescribeListeners Any for LoadBalancer;
    DescribeLoadBalancerAttributes Any for LoadBalancer;
    DescribeLoadBalancers Any for LoadBalancer;
    DescribeRules Any for LoadBalancer;
    DescribeTags Any for LoadBalancer;
    DescribeTargetGroupAttributes Any for LoadBalancer;
    DescribeTargetGroups Any for LoadBalancer;
    DescribeTargetHealth Any for LoadBalancer;
    ModifyLoadBalancerAttributes Tagged for LoadBalancer;
    ModifyRule Tagged for LoadBalancer;
    ModifyTargetGroupAttributes Tagged for LoadBalancer;
    RegisterTargets Tagged for LoadBalancer;
};
