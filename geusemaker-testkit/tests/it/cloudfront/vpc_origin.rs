//! VPC origins: what CloudFront requires of their load balancers, and what holds whom.

use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::ProvideErrorMetadata;
use aws_sdk_cloudfront::types::{
    DistributionConfig, OriginProtocolPolicy, Tag, Tags, VpcIpAddressType, VpcOriginConfig,
    VpcOriginEndpointConfig,
};
use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerSchemeEnum;
use geusemaker_testkit::{Aws, Quota, Timings};

use super::{client, config, create};
use crate::elastic_load_balancing::world::World;

/// A simulated account with an active load balancer.
struct Private {
    world: World,
    cloudfront: Client,
    load_balancer: String,
}

impl Private {
    async fn new(timings: Timings) -> Self {
        Self::on(Aws::builder().timings(timings).build()).await
    }

    async fn on(aws: Aws) -> Self {
        let world = World::on(aws).await;
        let load_balancer = balancer(&world, "inner", LoadBalancerSchemeEnum::Internal).await;
        world.wait_until_active(&load_balancer).await;
        Self {
            cloudfront: client(&world.aws),
            world,
            load_balancer,
        }
    }

    /// Creates a VPC origin, and returns its id and its ETag, or AWS's error code.
    async fn origin(&self, endpoint: VpcOriginEndpointConfig) -> Result<(String, String), String> {
        let tag = Tag::builder().key("a").value("b").build().unwrap();
        let tags = Tags::builder().items(tag).build();
        let request = self.cloudfront.create_vpc_origin();
        let request = request.vpc_origin_endpoint_config(endpoint).tags(tags);
        match request.send().await {
            Ok(made) => Ok((made.vpc_origin.unwrap().id, made.e_tag.unwrap())),
            Err(error) => Err(error.code().unwrap().to_owned()),
        }
    }

    async fn status(&self, id: &str) -> String {
        let found = self.cloudfront.get_vpc_origin().id(id).send().await;
        match found {
            Ok(found) => found.vpc_origin.unwrap().status,
            Err(error) => error.code().unwrap().to_owned(),
        }
    }

    async fn delete(&self, id: &str, etag: &str) -> Result<(), String> {
        let request = self.cloudfront.delete_vpc_origin().id(id).if_match(etag);
        let deleted = request.send().await;
        deleted.map_or_else(|error| Err(error.code().unwrap().to_owned()), |_| Ok(()))
    }

    /// Returns the ids of the groups that CloudFront keeps, and the number of its network interfaces.
    async fn kept(&self) -> (Vec<String>, usize) {
        let ec2 = &self.world.network.ec2;
        let name = "CloudFront-VPCOrigins-Service-SG";
        let named = Filter::builder().name("group-name").values(name).build();
        let groups = ec2.describe_security_groups().filters(named.clone()).send();
        let groups = groups.await.unwrap().security_groups.unwrap();
        let groups = groups.into_iter().map(|it| it.group_id.unwrap());
        let interfaces = ec2.describe_network_interfaces().send().await.unwrap();
        let interfaces = interfaces.network_interfaces.unwrap().into_iter();
        let ours =
            interfaces.filter(|it| it.groups().iter().any(|it| it.group_name() == Some(name)));
        (groups.collect(), ours.count())
    }
}

async fn balancer(world: &World, name: &str, scheme: LoadBalancerSchemeEnum) -> String {
    let request = world.elb.create_load_balancer().name(name).scheme(scheme);
    let request = request
        .subnets(&world.network.subnets[0])
        .subnets(&world.network.subnets[1])
        .security_groups(&world.network.security_group);
    let made = request.send().await.unwrap();
    let arn = made.load_balancers()[0].load_balancer_arn();
    arn.unwrap().to_owned()
}

fn endpoint(name: &str, arn: &str) -> VpcOriginEndpointConfig {
    VpcOriginEndpointConfig::builder()
        .name(name)
        .arn(arn)
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(OriginProtocolPolicy::HttpOnly)
        .build()
        .unwrap()
}

/// Returns the configuration of a distribution with a VPC origin.
fn private(reference: &str, origin: &str) -> DistributionConfig {
    let mut config = config(reference);
    let one = &mut config.origins.as_mut().unwrap().items[0];
    one.custom_origin_config = None;
    let vpc_origin = VpcOriginConfig::builder().vpc_origin_id(origin);
    one.vpc_origin_config = Some(vpc_origin.build().unwrap());
    config
}

async fn refusal(cloudfront: &Client, config: DistributionConfig) -> String {
    let request = cloudfront.create_distribution().distribution_config(config);
    let error = request.send().await.unwrap_err();
    error.code().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn vpc_origin_is_deployed_and_deleted() {
    let private = Private::new(Timings::Slow).await;
    let arn = &private.load_balancer;
    let (id, etag) = private.origin(endpoint("inner", arn)).await.unwrap();
    assert!(id.starts_with("vo_"), "{id}");
    assert_eq!(private.status(&id).await, "Deploying");
    assert_eq!(private.kept().await.1, 2);
    let early = private.delete(&id, &etag).await;
    assert_eq!(early.unwrap_err(), "IllegalDelete");
    private.world.seconds(900).await;
    assert_eq!(private.status(&id).await, "Deployed");

    let list = private.cloudfront.list_vpc_origins().send().await.unwrap();
    let list = list.vpc_origin_list.unwrap();
    let [only] = list.items() else {
        panic!("{list:?}")
    };
    assert_eq!((only.name(), only.origin_endpoint_arn()), ("inner", &**arn));
    let tags = private.cloudfront.list_tags_for_resource();
    let tags = tags.resource(only.arn()).send().await.unwrap();
    assert_eq!(tags.tags.unwrap().items()[0].key(), "a");

    let stale = private.delete(&id, "E0000000000000").await;
    assert_eq!(stale.unwrap_err(), "PreconditionFailed");
    let none = private.delete(&id, "none").await;
    assert_eq!(none.unwrap_err(), "InvalidIfMatchVersion");
    private.delete(&id, &etag).await.unwrap();
    assert_eq!(private.status(&id).await, "Deploying");
    private.world.seconds(900).await;
    assert_eq!(private.status(&id).await, "EntityNotFound");
    let gone = private.delete(&id, &etag).await;
    assert_eq!(gone.unwrap_err(), "EntityNotFound");
    // The interfaces and the group go last.
    let (groups, interfaces) = private.kept().await;
    assert_eq!((groups.len(), interfaces), (1, 2));
    private.world.seconds(300).await;
    assert_eq!(private.kept().await, (Vec::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn used_vpc_origin_and_its_balancer_stay() {
    let private = Private::new(Timings::Instant).await;
    let arn = &private.load_balancer;
    let (id, etag) = private.origin(endpoint("inner", arn)).await.unwrap();
    let config = self::private("one", &id);
    let (distribution, of_distribution) = create(&private.cloudfront, config.clone()).await;
    let used = private
        .cloudfront
        .list_distributions_by_vpc_origin_id()
        .vpc_origin_id(&id);
    let used = used.send().await.unwrap().distribution_id_list.unwrap();
    assert_eq!(used.items(), std::slice::from_ref(&distribution));
    let shown = private.cloudfront.get_distribution_config();
    let shown = shown.id(&distribution).send().await.unwrap();
    let shown = shown.distribution_config.unwrap();
    let origin = shown.origins().unwrap().items()[0].clone();
    let of_origin = origin.vpc_origin_config().unwrap();
    assert_eq!(of_origin.origin_read_timeout(), Some(30));
    let held = private.delete(&id, &etag).await;
    assert_eq!(held.unwrap_err(), "CannotDeleteEntityWhileInUse");
    let delete_balancer = || {
        private
            .world
            .elb
            .delete_load_balancer()
            .load_balancer_arn(arn)
    };
    let held = delete_balancer().send().await.unwrap_err();
    assert_eq!(held.code(), Some("ResourceInUse"));

    let mut disabled = shown;
    disabled.enabled = false;
    let update = private.cloudfront.update_distribution().id(&distribution);
    let update = update
        .if_match(of_distribution)
        .distribution_config(disabled);
    let updated = update.send().await.unwrap().e_tag.unwrap();
    let delete = private.cloudfront.delete_distribution().id(&distribution);
    delete.if_match(updated).send().await.unwrap();
    private.delete(&id, &etag).await.unwrap();
    delete_balancer().send().await.unwrap();
    private.world.network.delete_security_group().await.unwrap();
    let left = private.world.aws.leftovers();
    assert!(left.is_empty(), "{left:?}");
}

/// The rest is asked for in the guide: a load balancer that is active and private, with an internet gateway in its VPC.
#[tokio::test(start_paused = true)]
async fn vpc_origin_needs_private_balancer() {
    let private = Private::new(Timings::Slow).await;
    let world = &private.world;
    let arn = &private.load_balancer;
    let public = balancer(world, "outer", LoadBalancerSchemeEnum::InternetFacing).await;
    world.wait_until_active(&public).await;
    let young = balancer(world, "young", LoadBalancerSchemeEnum::Internal).await;
    let missing = arn.replace("inner", "missing");
    for wrong in [&public, &young, &missing] {
        let refused = private.origin(endpoint("inner", wrong)).await;
        assert_eq!(refused.unwrap_err(), "InvalidArgument", "{wrong}");
    }
    let mut dual = endpoint("inner", arn);
    dual.ip_address_type = Some(VpcIpAddressType::DualStack);
    let refused = private.origin(dual).await;
    assert_eq!(refused.unwrap_err(), "InvalidArgument");

    let ec2 = &world.network.ec2;
    let gateways = ec2.describe_internet_gateways().send().await.unwrap();
    let gateway = gateways.internet_gateways()[0].internet_gateway_id();
    // The public load balancer has addresses that are mapped by the gateway.
    let delete = world.elb.delete_load_balancer().load_balancer_arn(public);
    delete.send().await.unwrap();
    world.seconds(600).await;
    let detach = ec2.detach_internet_gateway().vpc_id(&world.network.vpc);
    let detach = detach.set_internet_gateway_id(gateway.map(str::to_owned));
    detach.send().await.unwrap();
    let refused = private.origin(endpoint("inner", arn)).await;
    assert_eq!(refused.unwrap_err(), "InvalidArgument");
}

#[tokio::test(start_paused = true)]
async fn vpc_origin_names_are_unique_and_limited() {
    let aws = Aws::builder().timings(Timings::Instant);
    let private = Private::on(aws.quota(Quota::VpcOrigins, 2).build()).await;
    let arn = &private.load_balancer;
    private.origin(endpoint("one", arn)).await.unwrap();
    let again = private.origin(endpoint("one", arn)).await;
    assert_eq!(again.unwrap_err(), "EntityAlreadyExists");
    private.origin(endpoint("two", arn)).await.unwrap();
    let third = private.origin(endpoint("three", arn)).await;
    assert_eq!(third.unwrap_err(), "EntityLimitExceeded");
    // The VPC has one group for both.
    assert_eq!(private.kept().await.0.len(), 1);
    let list = private.cloudfront.list_vpc_origins().max_items(1);
    let list = list.send().await.unwrap().vpc_origin_list.unwrap();
    assert!(list.is_truncated());
    let next = private.cloudfront.list_vpc_origins();
    let next = next.set_marker(list.next_marker).send().await.unwrap();
    assert_eq!(next.vpc_origin_list.unwrap().items().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn distribution_needs_deployed_vpc_origin() {
    let private = Private::new(Timings::Slow).await;
    let (id, _) = private
        .origin(endpoint("inner", &private.load_balancer))
        .await
        .unwrap();
    let cloudfront = &private.cloudfront;
    let missing = refusal(cloudfront, self::private("one", "vo_1")).await;
    assert_eq!(missing, "EntityNotFound");
    let early = refusal(cloudfront, self::private("one", &id)).await;
    assert_eq!(early, "InvalidArgument");
    private
        .world
        .aws
        .clock()
        .sleep(Duration::from_secs(900))
        .await;

    let mut both = self::private("one", &id);
    let custom = config("one").origins.unwrap().items[0].clone();
    both.origins.as_mut().unwrap().items[0].custom_origin_config = custom.custom_origin_config;
    assert_eq!(refusal(cloudfront, both).await, "InvalidArgument");
    let mut grpc = self::private("one", &id);
    let enabled = aws_sdk_cloudfront::types::GrpcConfig::builder().enabled(true);
    let behavior = grpc.default_cache_behavior.as_mut().unwrap();
    behavior.grpc_config = Some(enabled.build().unwrap());
    assert_eq!(refusal(cloudfront, grpc).await, "InvalidArgument");
    create(cloudfront, self::private("one", &id)).await;
}

/// A VPC is deleted after CloudFront has taken its interfaces and its group away.
#[tokio::test(start_paused = true)]
async fn service_group_holds_vpc() {
    let private = Private::new(Timings::Slow).await;
    let arn = &private.load_balancer;
    let (id, etag) = private.origin(endpoint("inner", arn)).await.unwrap();
    private.world.seconds(900).await;
    let (groups, _) = private.kept().await;
    let ec2 = &private.world.network.ec2;
    let delete = || ec2.delete_security_group().group_id(&groups[0]).send();
    let held = delete().await.unwrap_err();
    assert_eq!(held.code(), Some("DependencyViolation"));
    private.delete(&id, &etag).await.unwrap();
    private.world.seconds(901).await;
    let subnet = &private.world.network.subnets[0];
    let held = ec2.delete_subnet().subnet_id(subnet).send().await;
    assert_eq!(held.unwrap_err().code(), Some("DependencyViolation"));
    private.world.seconds(300).await;
    let gone = delete().await.unwrap_err();
    assert_eq!(gone.code(), Some("InvalidGroup.NotFound"));
}
