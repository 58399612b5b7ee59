//! A simulated account with a network, and the steps that tests take in it.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, InstanceStateName, InstanceType};
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::client::Waiters;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, PathPatternConditionConfig, ProtocolEnum,
    RuleCondition, TargetDescription, TargetHealth,
};
use geusemaker_testkit::{Aws, Timings};

use crate::default_network::DefaultNetwork;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) aws: Aws,
    pub(crate) elb: Client,
    pub(crate) network: DefaultNetwork,
}

impl World {
    pub(crate) async fn new(timings: Timings) -> Self {
        Self::on(Aws::builder().timings(timings).build()).await
    }

    /// Creates the world in an account.
    pub(crate) async fn on(aws: Aws) -> Self {
        Self {
            elb: Client::new(&aws.sdk_config()),
            network: DefaultNetwork::of(&aws).await,
            aws,
        }
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.aws.clock().sleep(Duration::from_secs(seconds)).await;
    }

    /// Creates a load balancer in the first two zones and returns its ARN without waiting for it.
    pub(crate) async fn load_balancer(&self) -> String {
        let created = self
            .elb
            .create_load_balancer()
            .name("alb")
            .subnets(&self.network.subnets[0])
            .subnets(&self.network.subnets[1])
            .security_groups(&self.network.security_group)
            .send()
            .await
            .unwrap();
        created.load_balancers()[0]
            .load_balancer_arn()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn wait_until_active(&self, load_balancer: &str) {
        self.elb
            .wait_until_load_balancer_available()
            .load_balancer_arns(load_balancer)
            .wait(HOUR)
            .await
            .unwrap();
    }

    /// Creates a target group with a health check every ten seconds.
    pub(crate) async fn target_group(&self, healthy_threshold: i32) -> String {
        let created = self
            .elb
            .create_target_group()
            .name("group")
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&self.network.vpc)
            .health_check_interval_seconds(10)
            .health_check_timeout_seconds(5)
            .healthy_threshold_count(healthy_threshold)
            .unhealthy_threshold_count(2)
            .send()
            .await
            .unwrap();
        created.target_groups()[0]
            .target_group_arn()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn listener(&self, load_balancer: &str, action: Action) -> String {
        let created = self
            .elb
            .create_listener()
            .load_balancer_arn(load_balancer)
            .protocol(ProtocolEnum::Http)
            .port(80)
            .default_actions(action)
            .send()
            .await
            .unwrap();
        created.listeners()[0].listener_arn().unwrap().to_owned()
    }

    pub(crate) async fn launch(&self, subnet: &str) -> String {
        let ec2 = &self.network.ec2;
        let architecture = Filter::builder()
            .name("architecture")
            .values("x86_64")
            .build();
        let images = ec2
            .describe_images()
            .owners("amazon")
            .filters(architecture)
            .send()
            .await
            .unwrap();
        let launched = ec2
            .run_instances()
            .image_id(images.images()[0].image_id().unwrap())
            .instance_type(InstanceType::G4dnXlarge)
            .subnet_id(subnet)
            .min_count(1)
            .max_count(1)
            .send()
            .await
            .unwrap();
        launched.instances()[0].instance_id().unwrap().to_owned()
    }

    pub(crate) async fn wait_until_running(&self, instance: &str) {
        let is_running = async || {
            let Ok(found) = self
                .network
                .ec2
                .describe_instances()
                .instance_ids(instance)
                .send()
                .await
            else {
                return false;
            };
            let instance = found.reservations()[0]
                .instances()
                .iter()
                .find(|i| i.instance_id() == Some(instance));
            let state = instance.unwrap().state().unwrap().name().unwrap();
            *state == InstanceStateName::Running
        };
        while !is_running().await {
            self.seconds(1).await;
        }
    }

    /// Launches an instance and waits until its services have been up for long.
    pub(crate) async fn running_instance(&self, subnet: &str) -> String {
        let instance = self.launch(subnet).await;
        self.seconds(1200).await;
        instance
    }

    pub(crate) async fn terminate(&self, instance: &str) {
        let ec2 = &self.network.ec2;
        ec2.terminate_instances()
            .instance_ids(instance)
            .send()
            .await
            .unwrap();
    }

    /// Registers the instance, or returns AWS's error code.
    pub(crate) async fn register(&self, group: &str, instance: &str) -> Result<(), String> {
        let registered = self
            .elb
            .register_targets()
            .target_group_arn(group)
            .targets(target(instance))
            .send()
            .await;
        registered
            .map(|_| ())
            .map_err(|error| error.code().unwrap().to_owned())
    }

    pub(crate) async fn deregister(&self, group: &str, instance: &str) {
        self.elb
            .deregister_targets()
            .target_group_arn(group)
            .targets(target(instance))
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn health(&self, group: &str, instance: &str) -> TargetHealth {
        let described = self
            .elb
            .describe_target_health()
            .target_group_arn(group)
            .targets(target(instance))
            .send()
            .await
            .unwrap();
        described.target_health_descriptions()[0]
            .target_health
            .clone()
            .unwrap()
    }

    /// Returns the state and the reason of a target, such as `unused Target.NotInUse`.
    pub(crate) async fn state(&self, group: &str, instance: &str) -> String {
        let health = self.health(group, instance).await;
        match health.reason() {
            Some(reason) => format!("{} {reason}", health.state().unwrap()),
            None => health.state().unwrap().to_string(),
        }
    }
}

pub(crate) fn target(instance: &str) -> TargetDescription {
    TargetDescription::builder().id(instance).build()
}

pub(crate) fn forward(group: &str) -> Action {
    Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(group)
        .build()
}

pub(crate) fn forbid() -> Action {
    let response = FixedResponseActionConfig::builder()
        .status_code("403")
        .content_type("text/plain")
        .message_body("no")
        .build();
    Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(response)
        .build()
}

pub(crate) fn paths(pattern: &str) -> RuleCondition {
    let config = PathPatternConditionConfig::builder()
        .values(pattern)
        .build();
    RuleCondition::builder()
        .field("path-pattern")
        .path_pattern_config(config)
        .build()
}
