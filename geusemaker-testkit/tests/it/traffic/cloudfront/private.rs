//! Load balancers as origins: public behind CloudFront's prefix list, and private as VPC origins.

use std::time::Duration;

use aws_sdk_cloudfront::client::Waiters as _;
use aws_sdk_cloudfront::types::{
    DistributionConfig, OriginProtocolPolicy, VpcOriginConfig, VpcOriginEndpointConfig,
};
use aws_sdk_ec2::types::{Filter, IpPermission, PrefixListId, UserIdGroupPair};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerSchemeEnum;
use geusemaker_testkit::{Aws, Timings};

use super::world::{config, origin};
use crate::elastic_load_balancing::world::{World, forward};

/// A load balancer whose target group is empty, so that it answers 503.
struct Behind {
    world: World,
    cloudfront: aws_sdk_cloudfront::Client,
    arn: String,
    host: String,
}

impl Behind {
    async fn new(scheme: LoadBalancerSchemeEnum) -> Self {
        let aws = Aws::builder().timings(Timings::Typical).build();
        let world = World::on(aws).await;
        let request = world.elb.create_load_balancer().name("alb").scheme(scheme);
        let request = request
            .subnets(&world.network.subnets[0])
            .subnets(&world.network.subnets[1])
            .security_groups(&world.network.security_group);
        let made = request.send().await.unwrap();
        let made = &made.load_balancers()[0];
        let arn = made.load_balancer_arn().unwrap().to_owned();
        let host = made.dns_name().unwrap().to_owned();
        let group = world.target_group(2).await;
        world.listener(&arn, forward(&group)).await;
        world.wait_until_active(&arn).await;
        Self {
            cloudfront: aws_sdk_cloudfront::Client::new(&world.aws.sdk_config()),
            world,
            arn,
            host,
        }
    }

    /// Lets HTTP in from a peer.
    async fn admit(&self, permission: IpPermission) {
        let ec2 = &self.world.network.ec2;
        ec2.authorize_security_group_ingress()
            .group_id(&self.world.network.security_group)
            .ip_permissions(permission)
            .send()
            .await
            .unwrap();
    }

    /// Creates a distribution, waits until it is deployed, and returns its domain name.
    async fn distribution(&self, config: DistributionConfig) -> String {
        let create = self.cloudfront.create_distribution();
        let made = create.distribution_config(config).send().await.unwrap();
        let made = made.distribution.unwrap();
        let wait = self.cloudfront.wait_until_distribution_deployed();
        let wait = wait.id(made.id).wait(Duration::from_secs(7200));
        wait.await.unwrap();
        made.domain_name
    }

    async fn status(&self, host: &str, path: &str) -> u16 {
        let url = format!("http://{host}{path}");
        let answer = self.world.aws.traffic().get(&url).await;
        answer.unwrap().status().as_u16()
    }
}

fn http() -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(80)
        .to_port(80)
}

/// A security group that drops packets shows as a timeout, the same group with CloudFront's prefix list lets the edge
/// in and nobody else.
#[tokio::test(start_paused = true)]
async fn prefix_list_admits_edge_alone() {
    let behind = Behind::new(LoadBalancerSchemeEnum::InternetFacing).await;
    let mut config = config();
    let host = behind.host.clone();
    origin(|origin| origin.domain_name = host)(&mut config);
    let host = behind.distribution(config).await;
    let start = behind.world.aws.clock().now();
    assert_eq!(behind.status(&host, "/a").await, 504);
    let waited = behind.world.aws.clock().now().duration_since(start);
    assert_eq!(waited.as_secs(), 30);
    let list = PrefixListId::builder()
        .prefix_list_id("pl-3b927c52")
        .build();
    behind.admit(http().prefix_list_ids(list).build()).await;
    assert_eq!(behind.status(&host, "/b").await, 503);
    let traffic = behind.world.aws.traffic();
    let direct = traffic.connect(&behind.host, 80);
    let direct = tokio::time::timeout(Duration::from_secs(60), direct).await;
    assert!(direct.is_err());
}

#[tokio::test(start_paused = true)]
async fn vpc_origin_is_reached_through_its_interfaces() {
    let behind = Behind::new(LoadBalancerSchemeEnum::Internal).await;
    let endpoint = VpcOriginEndpointConfig::builder()
        .name("inner")
        .arn(&behind.arn)
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpOnly)
        .build()
        .unwrap();
    let create = behind.cloudfront.create_vpc_origin();
    let made = create
        .vpc_origin_endpoint_config(endpoint)
        .send()
        .await
        .unwrap();
    let id = made.vpc_origin.unwrap().id;
    behind.world.seconds(1200).await;
    let mut config = config();
    let host = behind.host.clone();
    origin(|origin| {
        origin.domain_name = host;
        origin.custom_origin_config = None;
        let private = VpcOriginConfig::builder().vpc_origin_id(id);
        origin.vpc_origin_config = Some(private.build().unwrap());
    })(&mut config);
    let host = behind.distribution(config).await;
    assert_eq!(behind.status(&host, "/a").await, 504);
    let name = "CloudFront-VPCOrigins-Service-SG";
    let filter = Filter::builder().name("group-name").values(name).build();
    let ec2 = &behind.world.network.ec2;
    let groups = ec2.describe_security_groups().filters(filter).send().await;
    let group = groups.unwrap().security_groups()[0]
        .group_id()
        .unwrap()
        .to_owned();
    let peer = UserIdGroupPair::builder().group_id(group).build();
    behind.admit(http().user_id_group_pairs(peer).build()).await;
    assert_eq!(behind.status(&host, "/b").await, 503);
}
