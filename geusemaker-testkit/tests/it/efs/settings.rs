//! Settings of file systems, and the zones in which file systems can be.

use std::time::Duration;

use aws_sdk_efs::error::ProvideErrorMetadata;
use aws_sdk_efs::types::{
    BackupPolicy, LifeCycleState, LifecyclePolicy, ReplicationOverwriteProtection, Status,
    ThroughputMode, TransitionToIaRules,
};
use geusemaker_testkit::{Aws, Timings};

use super::{client, file_system, slow, state};
use crate::default_network::DefaultNetwork;

#[tokio::test(start_paused = true)]
async fn throughput_mode_changes_once_per_day() {
    let aws = slow();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let update = |mode, amount| {
        efs.update_file_system()
            .file_system_id(&id)
            .throughput_mode(mode)
            .set_provisioned_throughput_in_mibps(amount)
            .send()
    };
    let error = update(ThroughputMode::Provisioned, None).await;
    assert!(error.unwrap_err().into_service_error().is_bad_request());
    let updated = update(ThroughputMode::Provisioned, Some(100.0))
        .await
        .unwrap();
    assert_eq!(updated.life_cycle_state, LifeCycleState::Updating);
    assert_eq!(updated.provisioned_throughput_in_mibps, Some(100.0));
    let error = update(ThroughputMode::Provisioned, Some(200.0)).await;
    assert!(
        error
            .unwrap_err()
            .into_service_error()
            .is_incorrect_file_system_life_cycle_state()
    );
    aws.clock().sleep(Duration::from_secs(30)).await;
    assert_eq!(state(&efs, &id).await, Some(LifeCycleState::Available));

    // An increase is allowed at any time; a decrease or another mode has to wait a day.
    update(ThroughputMode::Provisioned, Some(200.0))
        .await
        .unwrap();
    aws.clock().sleep(Duration::from_secs(60)).await;
    for (mode, amount) in [
        (ThroughputMode::Provisioned, Some(50.0)),
        (ThroughputMode::Elastic, None),
    ] {
        let error = update(mode, amount).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
        assert!(error.into_service_error().is_too_many_requests());
    }
    aws.clock().sleep(Duration::from_secs(24 * 3600)).await;
    let updated = update(ThroughputMode::Elastic, None).await.unwrap();
    assert_eq!(updated.throughput_mode, Some(ThroughputMode::Elastic));
}

#[tokio::test(start_paused = true)]
async fn lifecycle_policy_has_one_transition() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let put = |policies: Vec<LifecyclePolicy>| {
        efs.put_lifecycle_configuration()
            .file_system_id(&id)
            .set_lifecycle_policies(Some(policies))
            .send()
    };
    let after = |rule| LifecyclePolicy::builder().transition_to_ia(rule).build();
    let monthly = after(TransitionToIaRules::After30Days);
    put(vec![monthly.clone()]).await.unwrap();
    let described = efs
        .describe_lifecycle_configuration()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        described.lifecycle_policies(),
        std::slice::from_ref(&monthly)
    );
    for refused in [
        vec![LifecyclePolicy::builder().build()],
        vec![monthly.clone(), monthly],
        vec![after(TransitionToIaRules::from("AFTER_2_DAYS"))],
    ] {
        let error = put(refused).await.unwrap_err();
        assert!(error.into_service_error().is_bad_request());
    }
}

/// These are the backup policy, the overwrite protection and the file system policy.
#[tokio::test(start_paused = true)]
async fn file_system_settings_are_stored() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let backup = async || {
        let described = efs
            .describe_backup_policy()
            .file_system_id(&id)
            .send()
            .await
            .unwrap();
        described.backup_policy.unwrap().status
    };
    assert_eq!(backup().await, Status::Disabled);
    let policy = BackupPolicy::builder().status(Status::Enabled).build();
    let put = efs
        .put_backup_policy()
        .file_system_id(&id)
        .backup_policy(policy.unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(put.backup_policy.unwrap().status, Status::Enabling);
    assert_eq!(backup().await, Status::Enabled);

    efs.update_file_system_protection()
        .file_system_id(&id)
        .replication_overwrite_protection(ReplicationOverwriteProtection::Disabled)
        .send()
        .await
        .unwrap();
    let shown = efs
        .describe_file_systems()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    let protection = shown.file_systems()[0].file_system_protection().unwrap();
    assert_eq!(
        protection.replication_overwrite_protection(),
        Some(&ReplicationOverwriteProtection::Disabled)
    );

    let describe = || efs.describe_file_system_policy().file_system_id(&id).send();
    let error = describe().await.unwrap_err().into_service_error();
    assert!(error.is_policy_not_found(), "{error:?}");
    let put = |policy: &str| {
        efs.put_file_system_policy()
            .file_system_id(&id)
            .policy(policy)
            .send()
    };
    let error = put("no json").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidPolicyException"));
    let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
    put(document).await.unwrap();
    assert_eq!(describe().await.unwrap().policy(), Some(document));
    efs.delete_file_system_policy()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    describe().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn one_zone_file_system_mounts_in_zone() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let network = DefaultNetwork::of(&aws).await;
    let create = |zone: &str| {
        efs.create_file_system()
            .creation_token("one")
            .availability_zone_name(zone)
            .send()
    };
    let error = create("us-east-1z").await.unwrap_err();
    assert!(
        error
            .into_service_error()
            .is_unsupported_availability_zone()
    );
    let made = create("us-east-1b").await.unwrap();
    assert_eq!(made.availability_zone_id(), Some("use1-az4"));
    let id = made.file_system_id();
    let mount = |subnet: &str| {
        efs.create_mount_target()
            .file_system_id(id)
            .subnet_id(subnet)
            .send()
    };
    let error = mount(&network.subnets[0]).await.unwrap_err();
    assert!(error.into_service_error().is_availability_zones_mismatch());
    mount(&network.subnets[1]).await.unwrap();
    let backup = efs
        .describe_backup_policy()
        .file_system_id(id)
        .send()
        .await
        .unwrap();
    assert_eq!(backup.backup_policy.unwrap().status, Status::Enabled);
}

#[tokio::test(start_paused = true)]
async fn encrypted_file_system_shows_its_key() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let mut keys = Vec::new();
    for token in ["one", "two"] {
        let made = efs
            .create_file_system()
            .creation_token(token)
            .encrypted(true)
            .send()
            .await
            .unwrap();
        keys.push(made.kms_key_id().unwrap().to_owned());
    }
    assert!(keys[0].starts_with("arn:aws:kms:us-east-1:"), "{keys:?}");
    assert_eq!(keys[0], keys[1]);
    let create = efs.create_file_system().creation_token("three");
    let refused = create.kms_key_id("1").encrypted(true).send().await;
    assert!(refused.unwrap_err().into_service_error().is_bad_request());
}
