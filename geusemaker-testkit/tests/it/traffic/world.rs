//! A load balancer with running instances behind it, as the tests of traffic need it.

use aws_sdk_elasticloadbalancingv2::client::Waiters;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, LoadBalancerAttribute, ProtocolEnum, RuleCondition, TargetGroupAttribute,
};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType,
};
use geusemaker_testkit::traffic::{Response, Traffic};
use geusemaker_testkit::{Aws, Timings};
use http::Request;
use serde_json::Value;

use crate::elastic_load_balancing::world::{HOUR, World, forward};

/// The parts of a deployment that carry requests.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) traffic: Traffic,
    pub(crate) load_balancer: String,
    /// The host name of the load balancer.
    pub(crate) host: String,
    pub(crate) group: String,
    pub(crate) listener: String,
    pub(crate) instances: Vec<String>,
}

impl Served {
    /// Creates a load balancer that forwards port 80 to healthy instances, and that everybody may connect to.
    pub(crate) async fn with_instances(count: usize) -> Self {
        Self::on(Aws::builder().timings(Timings::Typical).build(), count).await
    }

    /// Creates it in an account.
    pub(crate) async fn on(aws: Aws, count: usize) -> Self {
        let world = World::on(aws).await;
        // A new security group may be unknown at first.
        world.seconds(60).await;
        open(&world, &world.network.security_group).await;
        open(&world, &world.network.default_group().await).await;
        let mut instances = Vec::new();
        for number in 0..count {
            let subnet = &world.network.subnets[number % 2];
            instances.push(world.launch(subnet).await);
        }
        world.seconds(1200).await;
        let load_balancer = world.load_balancer().await;
        let group = world.target_group(2).await;
        let listener = world.listener(&load_balancer, forward(&group)).await;
        world.wait_until_active(&load_balancer).await;
        for instance in &instances {
            world.register(&group, instance).await.unwrap();
        }
        if count > 0 {
            let waiter = world.elb.wait_until_target_in_service();
            waiter.target_group_arn(&group).wait(HOUR).await.unwrap();
        }
        let described = world.elb.describe_load_balancers();
        let described = described.load_balancer_arns(&load_balancer).send().await;
        let described = described.unwrap();
        let host = described.load_balancers()[0].dns_name().unwrap().to_owned();
        Self {
            traffic: world.aws.traffic(),
            world,
            load_balancer,
            host,
            group,
            listener,
            instances,
        }
    }

    /// Sends a GET request to the load balancer.
    pub(crate) async fn get(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.host);
        self.traffic.get(&url).await.unwrap()
    }

    /// Returns the request that the instance has got, as its stub describes it.
    pub(crate) async fn echo(&self, path: &str) -> Value {
        self.echo_of(Request::get(format!("http://{}{path}", self.host)))
            .await
    }

    pub(crate) async fn echo_of(&self, request: http::request::Builder) -> Value {
        let sent = self.traffic.send(request.body("").unwrap()).await.unwrap();
        assert_eq!(sent.status(), 200);
        serde_json::from_str(&sent.text().await.unwrap()).unwrap()
    }

    /// Creates a rule of the listener.
    pub(crate) async fn rule(&self, priority: i32, condition: RuleCondition, action: Action) {
        let create = self.world.elb.create_rule().listener_arn(&self.listener);
        create
            .priority(priority)
            .conditions(condition)
            .actions(action)
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn balancer_attribute(&self, key: &str, value: &str) {
        let attribute = LoadBalancerAttribute::builder().key(key).value(value);
        let modify = self.world.elb.modify_load_balancer_attributes();
        modify
            .load_balancer_arn(&self.load_balancer)
            .attributes(attribute.build())
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn group_attributes(&self, attributes: &[(&str, &str)]) {
        let attributes = attributes.iter().map(|(key, value)| {
            let attribute = TargetGroupAttribute::builder().key(*key).value(*value);
            attribute.build()
        });
        let modify = self.world.elb.modify_target_group_attributes();
        modify
            .target_group_arn(&self.group)
            .set_attributes(Some(attributes.collect()))
            .send()
            .await
            .unwrap();
    }

    /// Creates another target group with an instance.
    pub(crate) async fn second_group(&self, instance: &str) -> String {
        let create = self.world.elb.create_target_group().name("second");
        let created = create
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&self.world.network.vpc)
            .health_check_interval_seconds(10)
            .health_check_timeout_seconds(5)
            .send()
            .await
            .unwrap();
        let group = created.target_groups()[0].target_group_arn().unwrap();
        self.world.register(group, instance).await.unwrap();
        group.to_owned()
    }

    /// Creates an alias of the load balancer in the hosted zone of `example.com`.
    pub(crate) async fn alias(&self, name: &str) {
        let described = self.world.elb.describe_load_balancers().send().await;
        let described = described.unwrap();
        let zone = described.load_balancers()[0].canonical_hosted_zone_id();
        let target = AliasTarget::builder()
            .hosted_zone_id(zone.unwrap())
            .dns_name(&self.host)
            .evaluate_target_health(false);
        let record = ResourceRecordSet::builder()
            .name(name)
            .r#type(RrType::A)
            .alias_target(target.build().unwrap());
        let change = Change::builder()
            .action(ChangeAction::Upsert)
            .resource_record_set(record.build().unwrap());
        let batch = ChangeBatch::builder().changes(change.build().unwrap());
        let route53 = aws_sdk_route53::Client::new(&self.world.aws.sdk_config());
        let zone = self.world.aws.hosted_zone_id("example.com").unwrap();
        let changes = route53.change_resource_record_sets().hosted_zone_id(zone);
        let changes = changes.change_batch(batch.build().unwrap());
        changes.send().await.unwrap();
        self.world.seconds(120).await;
    }
}

/// Lets everybody connect to every port of a security group.
async fn open(world: &World, group: &str) {
    let ec2 = &world.network.ec2;
    ec2.authorize_security_group_ingress()
        .group_id(group)
        .ip_protocol("tcp")
        .from_port(0)
        .to_port(65_535)
        .cidr_ip("0.0.0.0/0")
        .send()
        .await
        .unwrap();
}
