//! Orphans are resources that no journal knows: they are found by their tags and removed with the same teardown, and
//! nothing else is touched.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::path::Path;
use geusemaker_core::object_store::{ObjectStore, ObjectStoreExt as _};
use geusemaker_core::spec::Region;
use geusemaker_core::{
    DeploymentSpec, Error, FileSystems, KeepReason, Orphans, ResourceKind, Session, StackName,
};
use geusemaker_testkit::{Aws, Fault};

use crate::scenario::{
    Scenario, account, assert_nothing_left, census, copy_records, deploy_tier_3, others, spec,
    spec_with, stack,
};

/// Creates a session on the same account without journals: another machine, or this one after its disk was lost.
fn without_journals(aws: &Aws) -> Session {
    Session::new(aws.sdk_config(), Arc::new(InMemory::new()))
}

/// Waits until AWS shows everything that exists.
async fn until_tags_are_shown() {
    tokio::time::sleep(Duration::from_secs(60)).await;
}

fn ids(orphans: &Orphans) -> BTreeSet<String> {
    let ids = orphans.orphans.iter().map(|orphan| orphan.id.to_string());
    ids.collect()
}

fn inventory(aws: &Aws) -> BTreeSet<String> {
    aws.inventory().iter().map(ToString::to_string).collect()
}

/// Finds and removes all orphans.
async fn clean(session: &Session) -> geusemaker_core::Undone {
    let orphans = session.orphans(None).await.unwrap();
    session
        .remove_orphans(&orphans, FileSystems::Delete)
        .await
        .unwrap()
}

async fn committed(tier: u8) -> Scenario {
    let scenario = Scenario::new();
    commit(&scenario.session, spec(tier)).await;
    scenario
}

async fn commit(session: &Session, spec: DeploymentSpec) {
    let tier = spec.tier().number();
    let ready = session.plan(spec).await.unwrap().launch().await.unwrap();
    if tier == 1 {
        ready.commit().await.unwrap();
        return;
    }
    let healthy = ready.balance().await.unwrap();
    if tier == 2 {
        healthy.commit().await.unwrap();
        return;
    }
    let published = healthy.publish().await.unwrap();
    published.commit().await.unwrap();
}

/// Returns the spec of a tier-1 stack with another name.
fn another_spec(more: &str) -> DeploymentSpec {
    let text = format!(
        r#"
        name = "other"
        tier = 1
        [compute]
        instance_type = "g5.xlarge"
        [[service]]
        name = "ollama"
        port = 11434
        image = "ollama/ollama:latest"
        {more}
        "#
    );
    DeploymentSpec::from_toml(&text).unwrap()
}

/// All of the stack is found.
#[tokio::test(start_paused = true)]
async fn stack_without_journal_is_removed() {
    let scenario = committed(3).await;
    let made = scenario.aws.leftovers();
    let session = without_journals(&scenario.aws);
    let orphans = session.orphans(None).await.unwrap();
    let undone = session
        .remove_orphans(&orphans, FileSystems::Delete)
        .await
        .unwrap();

    scenario.assert_nothing_left();
    assert!(undone.is_complete(), "{:#?}", undone.left);
    assert_eq!(undone.deleted.len(), orphans.orphans.len());
    assert!(orphans.spared.is_empty(), "{orphans:#?}");
    let found = ids(&orphans);
    for resource in made {
        // Network interfaces disappear with their resource; listeners and their rules disappear with the load balancer.
        let goes_along = ["EC2::NetworkInterface"].contains(&resource.kind.as_str())
            || resource.kind.contains("::Listener");
        assert!(
            goes_along || found.contains(&resource.id),
            "{resource} was not found"
        );
    }
    assert!(orphans.orphans.iter().all(|orphan| {
        orphan.stack == stack()
            && orphan.name.starts_with("llm")
            && orphan.deployment.as_str().len() == 12
    }));
    let with_age = [
        ResourceKind::Instance,
        ResourceKind::FileSystem,
        ResourceKind::LoadBalancer,
        ResourceKind::InstanceProfile,
        ResourceKind::Role,
    ];
    for orphan in &orphans.orphans {
        assert_eq!(
            orphan.since.is_some(),
            with_age.contains(&orphan.kind),
            "{orphan:?}"
        );
        assert!(orphan.since.is_none_or(|since| since < orphans.at));
    }
    assert!(clean(&session).await.deleted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn journaled_resources_are_not_touched() {
    let scenario = committed(3).await;
    let before = inventory(&scenario.aws);
    let orphans = scenario.session.orphans(None).await.unwrap();
    let undone = clean(&scenario.session).await;

    assert_eq!(inventory(&scenario.aws), before);
    assert!(orphans.orphans.is_empty(), "{:#?}", orphans.orphans);
    assert!(undone.deleted.is_empty() && undone.is_complete());
    assert!(orphans.spared.len() >= 9, "{:#?}", orphans.spared);
    for spared in &orphans.spared {
        assert!(
            matches!(&spared.why, KeepReason::BelongsTo { by, .. } if *by == stack()),
            "{spared:?}"
        );
    }
    scenario.destroy().await;
}

/// Of two stacks, only the one without a journal is removed.
#[tokio::test(start_paused = true)]
async fn stack_with_journal_stays() {
    let scenario = committed(2).await;
    let known = inventory(&scenario.aws);
    let elsewhere: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let session = Session::new(scenario.aws.sdk_config(), elsewhere);
    commit(&session, another_spec("")).await;
    let undone = clean(&scenario.session).await;

    assert_eq!(inventory(&scenario.aws), known);
    assert!(undone.is_complete(), "{:#?}", undone.left);
    assert!(undone.deleted.len() >= 4, "{:#?}", undone.deleted);
    assert!(
        undone
            .deleted
            .iter()
            .all(|removed| removed.key.as_str().starts_with("other"))
    );
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn lost_deployment_of_same_name_is_removed() {
    let scenario = Scenario::new();
    let lost = without_journals(&scenario.aws);
    let ready = lost.plan(spec(1)).await.unwrap().launch().await.unwrap();
    let first = ready.state().file_system.to_string();
    ready.commit().await.unwrap();
    // A second deployment finds the names of the lost one taken.
    let refused = scenario.session.plan(spec(1)).await.unwrap_err();
    assert!(matches!(refused, Error::Plan(_)), "{refused}");

    let orphans = scenario.session.orphans(None).await.unwrap();
    assert!(ids(&orphans).contains(&first));
    assert!(clean(&scenario.session).await.is_complete());
    scenario.assert_nothing_left();
    commit(&scenario.session, spec(1)).await;
    assert!(
        scenario
            .session
            .orphans(None)
            .await
            .unwrap()
            .orphans
            .is_empty()
    );
    scenario.destroy().await;
}

/// Resources without both of this program's tags stay.
#[tokio::test(start_paused = true)]
async fn foreign_resources_are_not_touched() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    others::make(&scenario.aws, planned.state().plan.image.id.as_str()).await;
    // Waits until AWS has finished them; otherwise the inventory would still change by itself.
    tokio::time::sleep(Duration::from_secs(1800)).await;
    let theirs = inventory(&scenario.aws);
    assert!(clean(&scenario.session).await.deleted.is_empty());
    assert_eq!(inventory(&scenario.aws), theirs);

    let lost = without_journals(&scenario.aws);
    commit(&lost, spec(3)).await;
    let undone = clean(&scenario.session).await;
    assert_eq!(inventory(&scenario.aws), theirs);
    assert!(undone.is_complete(), "{:#?}", undone.left);
}

/// The process ends at any moment, and its journal is lost.
#[tokio::test(start_paused = true)]
async fn interrupted_deployment_is_removed() {
    for seconds in [1, 4, 30, 60, 180, 400] {
        let scenario = Scenario::new();
        scenario.session.keep_dropped();
        let deploying = deploy_tier_3(&scenario.session, spec(3));
        let ended = tokio::time::timeout(Duration::from_secs(seconds), deploying).await;
        drop(ended);
        let Scenario { aws, session, .. } = scenario;
        let _ = session.close().await;
        until_tags_are_shown().await;
        let undone = clean(&without_journals(&aws)).await;
        assert_nothing_left(&aws);
        assert!(undone.is_complete(), "{seconds}: {:#?}", undone.left);
    }
}

/// The process ends at any moment, and its journal is lost.
#[tokio::test(start_paused = true)]
async fn interrupted_removal_is_finished() {
    for seconds in [1, 5, 20, 60, 150, 300] {
        let scenario = committed(3).await;
        let name = stack();
        let destroying = scenario.session.destroy(&name, FileSystems::Delete);
        let ended = tokio::time::timeout(Duration::from_secs(seconds), destroying).await;
        assert!(ended.is_err() || seconds >= 150, "{seconds}");
        let Scenario { aws, session, .. } = scenario;
        let _ = session.close().await;
        let session = without_journals(&aws);
        // This clean-up may be interrupted too.
        let ended = tokio::time::timeout(Duration::from_secs(seconds), clean(&session)).await;
        drop(ended);
        let undone = clean(&session).await;
        assert_nothing_left(&aws);
        assert!(undone.is_complete(), "{seconds}: {:#?}", undone.left);
    }
}

/// The operations of a removal that change something.
const REMOVALS: [&str; 9] = [
    "DeleteDistribution",
    "UpdateDistribution",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "DeleteMountTarget",
    "DeleteFileSystem",
    "TerminateInstances",
    "RevokeSecurityGroupIngress",
    "DeleteSecurityGroup",
];

/// The next search finds the resource again.
#[tokio::test(start_paused = true)]
async fn undeletable_orphan_is_listed() {
    for refused in REMOVALS {
        let scenario = committed(3).await;
        let session = without_journals(&scenario.aws);
        scenario.aws.inject(
            Fault::on(refused)
                .answer("UnauthorizedOperation")
                .status(403),
        );
        let undone = clean(&session).await;
        let listed: Vec<_> = undone
            .left
            .iter()
            .filter_map(|l| l.id.as_ref())
            .map(ToString::to_string)
            .collect();
        for resource in scenario.aws.leftovers() {
            let goes_along =
                resource.kind == "EC2::NetworkInterface" || resource.kind.contains("::Listener");
            assert!(
                goes_along || listed.contains(&resource.id),
                "{refused}: {resource} is not listed"
            );
        }
        assert!(!undone.is_complete(), "{refused}");
        assert!(
            undone
                .left
                .iter()
                .all(|left| left.command.is_some() || left.remedy.is_some())
        );

        let undone = clean(&session).await;
        scenario.assert_nothing_left();
        assert!(undone.is_complete(), "{refused}: {:#?}", undone.left);
    }
}

#[tokio::test(start_paused = true)]
async fn removal_survives_transient_faults() {
    for faults in [
        |operation| Fault::on(operation).answer("Throttling").times(3).into(),
        |operation| Fault::on(operation).reset().into(),
        |operation| Fault::on(operation).lose_reply().into(),
    ] as [fn(&str) -> Fault; 3]
    {
        let scenario = committed(3).await;
        for operation in REMOVALS {
            scenario.aws.inject(faults(operation));
        }
        let undone = clean(&without_journals(&scenario.aws)).await;
        scenario.assert_nothing_left();
        assert!(undone.is_complete(), "{:#?}", undone.left);
    }
}

/// A search that cannot read everything is an error.
#[tokio::test(start_paused = true)]
async fn incomplete_search_removes_nothing() {
    let scenario = committed(3).await;
    let before = inventory(&scenario.aws);
    let session = without_journals(&scenario.aws);
    for refused in [
        "DescribeSecurityGroups",
        "DescribeInstances",
        "DescribeFileSystems",
        "DescribeLoadBalancers",
        "DescribeTargetGroups",
        "DescribeTags",
        "ListDistributions",
        "ListTagsForResource",
        "DescribeSecurityGroupRules",
        "DescribeMountTargets",
        "DescribeNetworkInterfaces",
    ] {
        let denied = || Fault::on(refused).answer("AccessDenied").status(403);
        scenario.aws.inject(denied());
        let error = session.orphans(None).await.unwrap_err();
        assert!(error.with_sources().contains(refused), "{error}");
        // A removal does not rely on an earlier search either.
        let orphans = session.orphans(None).await.unwrap();
        scenario.aws.inject(denied());
        session
            .remove_orphans(&orphans, FileSystems::Delete)
            .await
            .unwrap_err();
        assert_eq!(inventory(&scenario.aws), before, "{refused}");
    }
    scenario.destroy().await;
}

/// Neither is a file system that another stack has adopted.
#[tokio::test(start_paused = true)]
async fn kept_file_system_is_no_orphan() {
    let scenario = committed(1).await;
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Keep)
        .await
        .unwrap();
    let kept = undone.kept[0].id.clone();
    assert!(clean(&scenario.session).await.deleted.is_empty());
    let why = async |session: &Session| {
        let mut spared = session.orphans(None).await.unwrap().spared;
        spared.retain(|spared| spared.resource.id == kept);
        spared.remove(0).why
    };
    let kept_by = why(&scenario.session).await;
    assert!(matches!(kept_by, KeepReason::KeptBy { .. }), "{kept_by}");

    // Another machine, which does not have the journal that kept the file system, adopts it.
    let elsewhere = without_journals(&scenario.aws);
    let adopting = another_spec(&format!("[storage]\nfile_system = '{kept}'"));
    commit(&elsewhere, adopting).await;
    let before = inventory(&scenario.aws);
    assert!(clean(&elsewhere).await.deleted.is_empty());
    assert_eq!(inventory(&scenario.aws), before);
    let adopted_by = why(&elsewhere).await;
    assert!(
        matches!(adopted_by, KeepReason::AdoptedBy { .. }),
        "{adopted_by}"
    );
    elsewhere
        .destroy(&"other".parse::<StackName>().unwrap(), FileSystems::Delete)
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_eq!(
        census(&scenario.aws),
        [("EFS::FileSystem".to_owned(), 1)].into()
    );
    assert!(clean(&elsewhere).await.is_complete());
}

/// Mount targets have no tags, so in a file system without our tags nothing says whose the mount target is: it stays,
/// and the command that removes it is listed.
#[tokio::test(start_paused = true)]
async fn mount_target_of_foreign_file_system_stays() {
    let scenario = Scenario::new();
    let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
    let theirs = efs.create_file_system().creation_token("theirs");
    let id = theirs.send().await.unwrap().file_system_id;
    until_tags_are_shown().await;
    let before = inventory(&scenario.aws);
    let adopting = || spec_with(1, &format!("[storage]\nfile_system = '{id}'"));
    commit(&scenario.session, adopting()).await;
    let made = census(&scenario.aws);
    assert_eq!(made["EFS::MountTarget"], 1, "{made:?}");
    let session = without_journals(&scenario.aws);

    let orphans = session.orphans(None).await.unwrap();
    let kinds: Vec<_> = orphans.orphans.iter().map(|orphan| orphan.kind).collect();
    assert!(!kinds.contains(&ResourceKind::MountTarget), "{kinds:?}");
    let [held] = orphans.spared.as_slice() else {
        panic!("{:#?}", orphans.spared);
    };
    assert_eq!(held.resource.kind, ResourceKind::SecurityGroup);
    let target = efs.describe_mount_targets().file_system_id(&id);
    let target = target.send().await.unwrap().mount_targets.unwrap();
    let target = target[0].mount_target_id();
    let why = format!(
        "held by {target} of {id}, not tagged as created by gm; delete that mount target if it is not used \
         any more"
    );
    assert_eq!(held.why.to_string(), why);

    for _ in 0..2 {
        // Everything else is removed, and each run lists what is left.
        let undone = clean(&session).await;
        let left: BTreeSet<_> = scenario
            .aws
            .leftovers()
            .into_iter()
            .map(|left| left.kind)
            .collect();
        let remains = [
            "EC2::NetworkInterface",
            "EC2::SecurityGroup",
            "EFS::FileSystem",
            "EFS::MountTarget",
        ];
        assert_eq!(left, remains.map(str::to_owned).into());
        assert_eq!(undone.left.len(), 1, "{:#?}", undone.left);
        assert_eq!(
            undone.left[0].id.as_ref().map(|id| id.as_str()),
            Some(held.resource.id.as_str())
        );
        assert_eq!(undone.left[0].why, why);
        let by_hand =
            format!("aws efs delete-mount-target --mount-target-id {target} --region us-east-1");
        assert_eq!(undone.left[0].command.as_deref(), Some(&*by_hand));
    }

    let by_hand = efs.delete_mount_target().mount_target_id(target);
    by_hand.send().await.unwrap();
    until_tags_are_shown().await;
    let undone = clean(&session).await;
    assert_eq!(inventory(&scenario.aws), before);
    assert!(undone.is_complete(), "{:#?}", undone.left);
}

/// Another user who mounts through one of our security groups has added a rule to it.
#[tokio::test(start_paused = true)]
async fn foreign_rule_stays_with_held_group() {
    let scenario = Scenario::new();
    let config = scenario.aws.sdk_config();
    let efs = aws_sdk_efs::Client::new(&config);
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let theirs = efs.create_file_system().creation_token("theirs");
    let id = theirs.send().await.unwrap().file_system_id;
    until_tags_are_shown().await;
    commit(
        &scenario.session,
        spec_with(1, &format!("[storage]\nfile_system = '{id}'")),
    )
    .await;
    let session = without_journals(&scenario.aws);
    let orphans = session.orphans(None).await.unwrap();
    let held = orphans.spared[0].resource.id.clone();
    let group = ec2
        .create_security_group()
        .group_name("theirs")
        .description("not of gm");
    let group = group.send().await.unwrap().group_id.unwrap();
    until_tags_are_shown().await;
    let pair = aws_sdk_ec2::types::UserIdGroupPair::builder().group_id(&group);
    let nfs = aws_sdk_ec2::types::IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(2049)
        .to_port(2049)
        .user_id_group_pairs(pair.build());
    let rule = ec2
        .authorize_security_group_ingress()
        .group_id(held.as_str());
    rule.ip_permissions(nfs.build()).send().await.unwrap();
    until_tags_are_shown().await;

    let undone = clean(&session).await;
    assert_eq!(undone.left.len(), 1, "{:#?}", undone.left);
    let filter = aws_sdk_ec2::types::Filter::builder()
        .name("group-id")
        .values(held.as_str());
    let rules = ec2.describe_security_group_rules().filters(filter.build());
    let rules = rules.send().await.unwrap().security_group_rules.unwrap();
    let named: Vec<_> = rules
        .iter()
        .filter_map(|rule| rule.referenced_group_info()?.group_id())
        .collect();
    assert_eq!(named, [group]);
}

/// Another stack mounts the file system through the mount target.
#[tokio::test(start_paused = true)]
async fn mount_target_in_use_stays() {
    let scenario = committed(1).await;
    let lost = scenario.session.status(&stack()).await.unwrap();
    let file_system = lost.outputs.file_system.unwrap();
    let session = without_journals(&scenario.aws);
    let adopting = another_spec(&format!("[storage]\nfile_system = '{file_system}'"));
    commit(&session, adopting).await;
    let undone = clean(&session).await;

    let left = census(&scenario.aws);
    assert_eq!(left["EFS::FileSystem"], 1, "{left:?}");
    assert_eq!(left["EFS::MountTarget"], 1, "{left:?}");
    assert_eq!(left["EC2::Instance"], 1, "{left:?}");
    // Its security group stays too, and is not listed as left: it is in use.
    assert!(undone.is_complete(), "{:#?}", undone.left);
    let spared = session.orphans(None).await.unwrap().spared;
    let used: BTreeSet<_> = spared
        .iter()
        .filter(|spared| matches!(spared.why, KeepReason::AdoptedBy { .. }))
        .map(|spared| spared.resource.kind)
        .collect();
    assert_eq!(
        used,
        [ResourceKind::FileSystem, ResourceKind::SecurityGroup].into()
    );

    let name = "other".parse::<StackName>().unwrap();
    session
        .destroy(&name, FileSystems::Delete)
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert!(clean(&session).await.is_complete());
    scenario.assert_nothing_left();
}

/// Their mount targets are removed.
#[tokio::test(start_paused = true)]
async fn file_systems_are_kept_on_request() {
    let scenario = committed(1).await;
    let session = without_journals(&scenario.aws);
    let orphans = session.orphans(None).await.unwrap();
    let undone = session
        .remove_orphans(&orphans, FileSystems::Keep)
        .await
        .unwrap();
    assert_eq!(
        census(&scenario.aws),
        [("EFS::FileSystem".to_owned(), 1)].into()
    );
    assert_eq!(undone.kept.len(), 1);
    assert!(clean(&session).await.is_complete());
    scenario.assert_nothing_left();
}

/// Resources that an unreadable journal may know are kept and listed.
#[tokio::test(start_paused = true)]
async fn unreadable_journal_protects_resources() {
    let scenario = committed(1).await;
    let other = without_journals(&scenario.aws);
    commit(&other, another_spec("")).await;
    let record = Path::from("llm/00000003.json");
    let good = scenario.store.get(&record).await.unwrap();
    let good = good.bytes().await.unwrap();
    scenario.store.put(&record, "{".into()).await.unwrap();

    let orphans = scenario.session.orphans(None).await.unwrap();
    let undone = clean(&scenario.session).await;
    assert!(!undone.is_complete());
    for left in &undone.left {
        assert!(left.why.contains("llm/00000003.json"), "{left}");
        assert_eq!(left.command, None);
    }
    // Everything of the other stack is gone except its file system, which the stack with the unreadable journal may
    // have adopted, and the security group of its mount target.
    let spared = orphans.spared.iter();
    let others: Vec<_> = spared
        .filter(|spared| spared.resource.stack.as_str() == "other")
        .map(|spared| spared.resource.kind)
        .collect();
    assert_eq!(
        others,
        [ResourceKind::FileSystem, ResourceKind::SecurityGroup]
    );
    assert!(
        undone
            .deleted
            .iter()
            .all(|removed| removed.key.as_str().starts_with("other"))
    );

    scenario.store.put(&record, good.into()).await.unwrap();
    assert!(clean(&scenario.session).await.is_complete());
    scenario.destroy().await;
}

/// Resources that a journal lists by the time the user has agreed are kept.
#[tokio::test(start_paused = true)]
async fn resource_journaled_meanwhile_stays() {
    let scenario = committed(1).await;
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let session = Session::new(scenario.aws.sdk_config(), Arc::clone(&store));
    let orphans = session.orphans(None).await.unwrap();
    assert!(!orphans.orphans.is_empty());
    copy_records(scenario.store.as_ref(), store.as_ref()).await;
    let before = inventory(&scenario.aws);
    let undone = session
        .remove_orphans(&orphans, FileSystems::Delete)
        .await
        .unwrap();
    assert_eq!(inventory(&scenario.aws), before);
    assert!(undone.deleted.is_empty() && undone.is_complete());
    scenario.destroy().await;
}

/// The search covers the requested region only.
#[tokio::test(start_paused = true)]
async fn region_is_required_and_respected() {
    let scenario = committed(1).await;
    let region: Region = "eu-central-1".parse().unwrap();
    let elsewhere = scenario.session.orphans(Some(&region)).await.unwrap();
    assert_eq!(elsewhere.region.as_str(), "eu-central-1");
    assert!(elsewhere.orphans.is_empty() && elsewhere.spared.is_empty());

    let nowhere = account().build().sdk_config().into_builder();
    let session = Session::new(nowhere.region(None).build(), Arc::new(InMemory::new()));
    let error = session.orphans(None).await.unwrap_err();
    assert!(matches!(error, Error::NoRegion), "{error}");
    scenario.destroy().await;
}
