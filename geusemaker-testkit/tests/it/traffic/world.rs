//! A load balancer with running instances behind it, as the tests of traffic need it.

use aws_sdk_elasticloadbalancingv2::client::Waiters;
use geusemaker_testkit::traffic::{Response, Traffic};
use geusemaker_testkit::{Aws, Timings};

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
