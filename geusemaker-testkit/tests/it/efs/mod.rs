//! The simulated EFS, driven by the unmodified SDK client.

mod access_point;
mod settings;
mod tags;

use std::time::Duration;

use aws_sdk_efs::Client;
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription, Tag};
use geusemaker_testkit::{Aws, Timings};

use crate::default_network::DefaultNetwork;

fn slow() -> Aws {
    Aws::builder().timings(Timings::Slow).build()
}

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

/// Creates a file system and waits until it is available.
async fn file_system(aws: &Aws, efs: &Client) -> String {
    let created = efs
        .create_file_system()
        .creation_token("one")
        .send()
        .await
        .unwrap();
    while state(efs, created.file_system_id()).await != Some(LifeCycleState::Available) {
        aws.clock().sleep(Duration::from_secs(1)).await;
    }
    created.file_system_id
}

/// Returns the state of a file system, or `None` if it does not exist.
async fn state(efs: &Client, id: &str) -> Option<LifeCycleState> {
    match efs.describe_file_systems().file_system_id(id).send().await {
        Ok(found) => Some(found.file_systems()[0].life_cycle_state.clone()),
        Err(error) => {
            assert!(error.into_service_error().is_file_system_not_found());
            None
        }
    }
}

async fn mount_targets(efs: &Client, file_system: &str) -> Vec<MountTargetDescription> {
    let found = efs
        .describe_mount_targets()
        .file_system_id(file_system)
        .send()
        .await
        .unwrap();
    found.mount_targets.unwrap()
}

#[tokio::test(start_paused = true)]
async fn file_system_passes_through_states() {
    let aws = slow();
    let efs = client(&aws);
    let created = efs
        .create_file_system()
        .creation_token("one")
        .encrypted(true)
        .tags(Tag::builder().key("Name").value("models").build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(created.life_cycle_state, LifeCycleState::Creating);
    assert_eq!(created.name(), Some("models"));
    assert_eq!(created.encrypted, Some(true));
    let id = created.file_system_id();

    aws.clock().sleep(Duration::from_secs(29)).await;
    assert_eq!(state(&efs, id).await, Some(LifeCycleState::Creating));
    aws.clock().sleep(Duration::from_secs(1)).await;
    assert_eq!(state(&efs, id).await, Some(LifeCycleState::Available));

    efs.delete_file_system()
        .file_system_id(id)
        .send()
        .await
        .unwrap();
    assert_eq!(state(&efs, id).await, Some(LifeCycleState::Deleting));
    assert_eq!(aws.leftovers().len(), 1);
    aws.clock().sleep(Duration::from_secs(10)).await;
    assert!(aws.leftovers().is_empty(), "{:?}", aws.leftovers());
    assert_eq!(state(&efs, id).await, None);
}

/// The error names the file system that has the token.
#[tokio::test(start_paused = true)]
async fn creation_token_in_use_is_refused() {
    let aws = slow();
    let efs = client(&aws);
    let first = efs
        .create_file_system()
        .creation_token("one")
        .send()
        .await
        .unwrap();
    let second = efs.create_file_system().creation_token("one").send().await;
    let error = second.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    let error = error.into_service_error();
    assert!(error.is_file_system_already_exists(), "{error:?}");
    let aws_sdk_efs::operation::create_file_system::CreateFileSystemError::FileSystemAlreadyExists(
        exists,
    ) = error
    else {
        unreachable!()
    };
    assert_eq!(exists.file_system_id, first.file_system_id);

    let found = efs
        .describe_file_systems()
        .creation_token("one")
        .send()
        .await
        .unwrap();
    assert_eq!(found.file_systems().len(), 1);
    let found = efs
        .describe_file_systems()
        .creation_token("two")
        .send()
        .await
        .unwrap();
    assert!(found.file_systems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn mount_target_needs_ready_file_system() {
    let aws = slow();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let created = efs
        .create_file_system()
        .creation_token("one")
        .send()
        .await
        .unwrap();
    let refused = efs
        .create_mount_target()
        .file_system_id(created.file_system_id())
        .subnet_id(&network.subnets[0])
        .send()
        .await;
    let error = refused.unwrap_err().into_service_error();
    assert!(
        error.is_incorrect_file_system_life_cycle_state(),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn mount_target_is_unique_per_zone() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    for subnet in &network.subnets[..2] {
        let create = || {
            efs.create_mount_target()
                .file_system_id(&id)
                .subnet_id(subnet)
                .security_groups(&network.security_group)
                .send()
        };
        let made = create().await.unwrap();
        assert_eq!(made.subnet_id(), subnet);
        assert_eq!(made.vpc_id(), Some(network.vpc.as_str()));
        assert!(made.network_interface_id().unwrap().starts_with("eni-"));
        let error = create().await.unwrap_err().into_service_error();
        assert!(error.is_mount_target_conflict(), "{error:?}");
    }
    assert_eq!(mount_targets(&efs, &id).await.len(), 2);
    let described = efs
        .describe_file_systems()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(described.file_systems()[0].number_of_mount_targets, 2);
}

/// The file system and the security group cannot be deleted until the mount target is gone.
#[tokio::test(start_paused = true)]
async fn mount_target_holds_its_dependencies() {
    let aws = slow();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    let made = efs
        .create_mount_target()
        .file_system_id(&id)
        .subnet_id(&network.subnets[0])
        .security_groups(&network.security_group)
        .send()
        .await
        .unwrap();
    assert_eq!(made.life_cycle_state, LifeCycleState::Creating);
    let mount_target = made.mount_target_id();
    let groups = || {
        efs.describe_mount_target_security_groups()
            .mount_target_id(mount_target)
            .send()
    };
    assert_eq!(
        groups().await.unwrap().security_groups(),
        std::slice::from_ref(&network.security_group)
    );
    aws.clock().sleep(Duration::from_secs(720)).await;
    assert_eq!(
        mount_targets(&efs, &id).await[0].life_cycle_state,
        LifeCycleState::Available
    );

    efs.delete_mount_target()
        .mount_target_id(mount_target)
        .send()
        .await
        .unwrap();
    aws.clock().sleep(Duration::from_secs(290)).await;
    assert_eq!(
        mount_targets(&efs, &id).await[0].life_cycle_state,
        LifeCycleState::Deleting
    );
    let error = groups().await.unwrap_err().into_service_error();
    assert!(error.is_incorrect_mount_target_state(), "{error:?}");
    let refused = efs.delete_file_system().file_system_id(&id).send().await;
    let error = refused.unwrap_err().into_service_error();
    assert!(error.is_file_system_in_use(), "{error:?}");
    assert_eq!(
        network.delete_security_group().await,
        Err("DependencyViolation".to_owned())
    );

    aws.clock().sleep(Duration::from_secs(10)).await;
    network.delete_security_group().await.unwrap();
    efs.delete_file_system()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    aws.clock().sleep(Duration::from_secs(10)).await;
    assert!(aws.leftovers().is_empty(), "{:?}", aws.leftovers());
    let gone = efs
        .delete_mount_target()
        .mount_target_id(mount_target)
        .send()
        .await;
    assert!(
        gone.unwrap_err()
            .into_service_error()
            .is_mount_target_not_found()
    );
}

#[tokio::test(start_paused = true)]
async fn mount_target_refuses_unknown_ids() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    let create = |file_system: &str, subnet: &str, group: &str| {
        efs.create_mount_target()
            .file_system_id(file_system)
            .subnet_id(subnet)
            .security_groups(group)
            .send()
    };
    let (subnet, group) = (network.subnets[0].as_str(), network.security_group.as_str());
    let error = create("fs-0", subnet, group)
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_file_system_not_found(), "{error:?}");
    let error = create(&id, "subnet-0", group)
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_subnet_not_found(), "{error:?}");
    let error = create(&id, subnet, "sg-0")
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_security_group_not_found(), "{error:?}");
    let error = efs
        .describe_mount_targets()
        .mount_target_id("fsmt-0")
        .send()
        .await;
    assert!(
        error
            .unwrap_err()
            .into_service_error()
            .is_mount_target_not_found()
    );
}

#[tokio::test(start_paused = true)]
async fn mount_target_uses_default_group() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    let made = efs
        .create_mount_target()
        .file_system_id(&id)
        .subnet_id(&network.subnets[0])
        .send()
        .await
        .unwrap();
    let groups = efs
        .describe_mount_target_security_groups()
        .mount_target_id(made.mount_target_id())
        .send()
        .await
        .unwrap();
    assert_eq!(groups.security_groups().len(), 1);
    assert_ne!(groups.security_groups()[0], network.security_group);
}

/// A mount target that is being deleted refuses the change.
#[tokio::test(start_paused = true)]
async fn mount_target_groups_can_be_changed() {
    let aws = slow();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    let made = efs
        .create_mount_target()
        .file_system_id(&id)
        .subnet_id(&network.subnets[0])
        .send()
        .await
        .unwrap();
    let mount_target = made.mount_target_id();
    let modify = |groups: Vec<String>| {
        efs.modify_mount_target_security_groups()
            .mount_target_id(mount_target)
            .set_security_groups(Some(groups))
            .send()
    };
    let error = modify(vec!["sg-0".to_owned()]).await.unwrap_err();
    assert!(error.into_service_error().is_security_group_not_found());
    let many = vec![network.security_group.clone(); 6];
    let error = modify(many).await.unwrap_err();
    assert!(
        error
            .into_service_error()
            .is_security_group_limit_exceeded()
    );
    modify(vec![network.security_group.clone()]).await.unwrap();
    let groups = efs
        .describe_mount_target_security_groups()
        .mount_target_id(mount_target)
        .send()
        .await
        .unwrap();
    assert_eq!(
        groups.security_groups(),
        std::slice::from_ref(&network.security_group)
    );
    assert_eq!(
        network.delete_security_group().await,
        Err("DependencyViolation".to_owned())
    );
    efs.delete_mount_target()
        .mount_target_id(mount_target)
        .send()
        .await
        .unwrap();
    let error = modify(vec![network.security_group.clone()]).await;
    assert!(
        error
            .unwrap_err()
            .into_service_error()
            .is_incorrect_mount_target_state()
    );
}

#[tokio::test(start_paused = true)]
async fn mount_target_has_requested_address() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let id = file_system(&aws, &efs).await;
    let create = |subnet: usize, address: &str| {
        efs.create_mount_target()
            .file_system_id(&id)
            .subnet_id(&network.subnets[subnet])
            .ip_address(address)
            .send()
    };
    let error = create(0, "10.0.0.9").await.unwrap_err();
    assert!(error.into_service_error().is_bad_request());
    // AWS keeps the first four addresses of a subnet.
    let error = create(0, "172.31.0.3").await.unwrap_err();
    assert!(error.into_service_error().is_bad_request());
    let made = create(0, "172.31.0.77").await.unwrap();
    assert_eq!(made.ip_address(), Some("172.31.0.77"));
    let other = efs
        .create_file_system()
        .creation_token("two")
        .send()
        .await
        .unwrap();
    let taken = efs
        .create_mount_target()
        .file_system_id(other.file_system_id())
        .subnet_id(&network.subnets[0])
        .ip_address("172.31.0.77")
        .send()
        .await;
    assert!(
        taken
            .unwrap_err()
            .into_service_error()
            .is_ip_address_in_use()
    );
}

#[tokio::test(start_paused = true)]
async fn file_systems_come_in_pages() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    for token in ["one", "two", "three"] {
        efs.create_file_system()
            .creation_token(token)
            .send()
            .await
            .unwrap();
    }
    let pages = efs
        .describe_file_systems()
        .into_paginator()
        .page_size(2)
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let sizes: Vec<usize> = pages.iter().map(|page| page.file_systems().len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(pages[1].marker(), pages[0].next_marker());
    let refused = efs.describe_file_systems().marker("no marker").send().await;
    assert!(refused.unwrap_err().into_service_error().is_bad_request());
}

/// The message names the value that is not simulated.
#[tokio::test(start_paused = true)]
async fn unsupported_setting_is_refused() {
    let aws = slow();
    let efs = client(&aws);
    let refused = efs
        .create_file_system()
        .creation_token("one")
        .encrypted(true)
        .kms_key_id("alias/mine")
        .send()
        .await;
    let error = refused.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("SimulatorUnsupported"));
    assert!(error.meta().message().unwrap().contains("alias/mine"));
    assert!(aws.leftovers().is_empty());
}
