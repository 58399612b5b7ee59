//! The agent's way online, and its traps.

use geusemaker_testkit::{Aws, Timings};

use super::{allow, attach, launch, ping, seconds, wait_until_online, with_instance};
use crate::iam::create_profile;

#[tokio::test(start_paused = true)]
async fn instance_comes_online_after_boot() {
    for (timings, least, most) in [(Timings::Typical, 48, 190), (Timings::Slow, 360, 380)] {
        let aws = Aws::builder().timings(timings).build();
        allow(&aws).await;
        aws.clock().sleep(seconds(160)).await;
        let id = launch(&aws, "").await;
        assert_eq!(ping(&aws, &id).await, None);
        let waited = wait_until_online(&aws, &id).await;
        assert!((least..=most).contains(&waited), "{timings:?}: {waited} s");
        let states = aws.states();
        let state = states
            .iter()
            .find(|one| one.resource.kind == "SSM::ManagedInstance");
        assert_eq!(state.map(|one| one.state.as_str()), Some("Online"));
    }
}

/// The agent tries at its boot, and then sleeps.
#[tokio::test(start_paused = true)]
async fn late_policy_delays_agent_by_half_hour() {
    let aws = Aws::new();
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    create_profile(&iam, "node").await;
    aws.clock().sleep(seconds(30)).await;
    let id = launch(&aws, "").await;
    aws.clock().sleep(seconds(240)).await;
    attach(&aws).await;
    aws.clock().sleep(seconds(600)).await;
    assert_eq!(ping(&aws, &id).await, None);
    let waited = 840 + wait_until_online(&aws, &id).await;
    assert!((22 * 60..=36 * 60).contains(&waited), "{waited} s");
}

#[tokio::test(start_paused = true)]
async fn user_data_can_restart_agent() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    create_profile(&iam, "node").await;
    aws.clock().sleep(seconds(160)).await;
    attach(&aws).await;
    let id = launch(&aws, "#!/bin/sh\nsystemctl restart amazon-ssm-agent\n").await;
    let waited = wait_until_online(&aws, &id).await;
    assert!(waited < 400, "{waited} s");
}

#[tokio::test(start_paused = true)]
async fn inline_policy_lets_agent_register() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    create_profile(&iam, "node").await;
    let id = launch(&aws, "").await;
    assert_eq!(ping(&aws, &id).await, None);
    let put = iam.put_role_policy().role_name("node").policy_name("ssm");
    let document = r#"{"Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["ssm:UpdateInstanceInformation", "ssmmessages:Create*"]}]}"#;
    put.policy_document(document).send().await.unwrap();
    assert_eq!(ping(&aws, &id).await.as_deref(), Some("Online"));
    // The policy does not let it open the channel.
    let start = super::client(&aws).start_session().target(&id).send().await;
    assert!(
        start
            .unwrap_err()
            .into_service_error()
            .is_target_not_connected()
    );
}

#[tokio::test(start_paused = true)]
async fn stopped_instance_loses_its_connection() {
    let (aws, id) = with_instance().await;
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    ec2.stop_instances().instance_ids(&id).send().await.unwrap();
    aws.clock().sleep(seconds(120)).await;
    assert_eq!(ping(&aws, &id).await.as_deref(), Some("ConnectionLost"));
    ec2.terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    aws.clock().sleep(seconds(120)).await;
    assert_eq!(ping(&aws, &id).await, None);
}

#[tokio::test(start_paused = true)]
async fn agent_needs_way_to_service() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    allow(&aws).await;
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let subnets = ec2.describe_subnets().send().await.unwrap();
    for subnet in subnets.subnets() {
        let private = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(false);
        let modify = ec2
            .modify_subnet_attribute()
            .subnet_id(subnet.subnet_id().unwrap());
        modify
            .map_public_ip_on_launch(private.build())
            .send()
            .await
            .unwrap();
    }
    let id = launch(&aws, "").await;
    assert_eq!(ping(&aws, &id).await, None);
}

#[tokio::test(start_paused = true)]
async fn managed_instance_is_described() {
    let (aws, id) = with_instance().await;
    let describe = super::client(&aws).describe_instance_information();
    let found = describe.clone().send().await.unwrap();
    let [found] = found.instance_information_list() else {
        panic!("{found:?}")
    };
    assert_eq!(found.instance_id(), Some(id.as_str()));
    assert_eq!(
        found.resource_type().map(|it| it.as_str()),
        Some("EC2Instance")
    );
    assert_eq!(found.platform_type().map(|it| it.as_str()), Some("Linux"));
    let filter = aws_sdk_ssm::types::InstanceInformationFilter::builder();
    let filter = filter
        .key("PingStatus".into())
        .value_set("Inactive")
        .build();
    let none = describe
        .instance_information_filter_list(filter.unwrap())
        .send()
        .await;
    assert!(none.unwrap().instance_information_list().is_empty());
}
