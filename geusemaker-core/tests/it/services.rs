//! The services of a spec in a deployment: what the load balancer serves and checks, and what it does not.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::TargetGroup;
use geusemaker_core::spec::DeploymentSpec;

use crate::scenario::Scenario;

/// Returns a spec of a served service, and of a database that only it uses.
fn spec(load_balancer: &str) -> DeploymentSpec {
    DeploymentSpec::from_toml(&format!(
        r#"
        name = "llm"
        tier = 2
        compute.instance_type = "g5.xlarge"
        {load_balancer}

        [[service]]
        name = "vllm"
        image = "vllm/vllm-openai:v0.11.0"
        port = "80:8000"
        ports = ["8081:8001"]
        health = {{ path = "/health", matcher = "200-299", port = 8081, grace = "30m" }}
        depends_on = ["db"]

        [[service]]
        name = "db"
        image = "postgres:17"
        internal = true
        ports = [5432]
        "#
    ))
    .unwrap()
}

async fn target_groups(scenario: &Scenario) -> Vec<TargetGroup> {
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&scenario.aws.sdk_config());
    let reply = client.describe_target_groups().send().await.unwrap();
    reply.target_groups.unwrap()
}

/// Returns the ports that the instances' security group admits.
async fn admitted_ports(scenario: &Scenario) -> BTreeSet<i32> {
    let client = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let reply = client.describe_security_groups().send().await.unwrap();
    let groups = reply.security_groups.unwrap();
    let group = groups
        .into_iter()
        .find(|group| group.group_name() == Some("llm-instances"))
        .unwrap();
    let permissions = group.ip_permissions().iter();
    permissions
        .map(|permission| permission.from_port().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn load_balancer_serves_ports_of_instance() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec("")).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    assert_eq!(balanced.state().target_groups.len(), 1);

    let [group] = &target_groups(&scenario).await[..] else {
        panic!("an internal service has a target group")
    };
    assert_eq!(group.target_group_name(), Some("llm-vllm"));
    assert_eq!(group.port(), Some(80));
    assert_eq!(group.health_check_path(), Some("/health"));
    assert_eq!(group.health_check_port(), Some("8081"));
    assert_eq!(group.matcher().unwrap().http_code(), Some("200-299"));
    assert_eq!(admitted_ports(&scenario).await, BTreeSet::from([80, 8081]));

    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// Without the grace, the wait would end after ten seconds, before the first check.
#[tokio::test(start_paused = true)]
async fn grace_is_added_to_wait_for_health() {
    let scenario = Scenario::new();
    let hasty = "load_balancer = { wait_timeout = \"10s\", health_check_interval = \"300s\" }";
    let planned = scenario.session.plan(spec(hasty)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}
