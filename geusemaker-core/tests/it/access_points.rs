//! Stacks whose services mount the shared file system by access points, each as a user of its own.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_efs::types::AccessPointDescription;
use base64::Engine as _;
use flate2::read::GzDecoder;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{
    Deployment, DeploymentSpec, Ec2Ready, ErrorClass, FileSystems, ResourceKind, Session,
};
use geusemaker_testkit::{Aws, Fault};

use crate::scenario::{Scenario, account, census, spec_with_access_points, stack};

async fn launched(scenario: &Scenario, spec: DeploymentSpec) -> Deployment<Ec2Ready> {
    let planned = scenario.session.plan(spec).await.unwrap();
    planned.launch().await.unwrap()
}

async fn committed(scenario: &Scenario) {
    let ready = launched(scenario, spec_with_access_points("")).await;
    ready.commit().await.unwrap();
}

/// Returns the access points in the account by their names.
async fn access_points(aws: &Aws) -> BTreeMap<String, AccessPointDescription> {
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let all = efs.describe_access_points().send().await.unwrap();
    let all = all.access_points.unwrap().into_iter();
    all.map(|it| (it.name.clone().unwrap_or_default(), it))
        .collect()
}

/// Returns the place of the first call of an operation.
fn first(aws: &Aws, operation: &str) -> usize {
    let calls = aws.calls();
    let mut calls = calls.iter();
    calls.position(|call| call.operation == operation).unwrap()
}

/// Creates a file system of another user.
async fn file_system_of_others(aws: &Aws) -> String {
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let created = efs.create_file_system().creation_token("theirs").send();
    let file_system = created.await.unwrap().file_system_id;
    tokio::time::sleep(Duration::from_secs(120)).await;
    aws.reset_baseline();
    file_system
}

/// Each service has the folder that it would have without access points.
#[tokio::test(start_paused = true)]
async fn volumes_have_access_points() {
    let scenario = Scenario::new();
    let ready = launched(&scenario, spec_with_access_points("")).await;
    let instance = ready.state().instances[0].id.to_string();
    ready.commit().await.unwrap();
    let aws = &scenario.aws;
    let found = access_points(aws).await;
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        ["llm-ollama", "llm-webui"]
    );
    for (name, access_point) in &found {
        let user = access_point.posix_user().unwrap();
        assert_eq!((user.uid(), user.gid()), (1000, 1000));
        let root = access_point.root_directory().unwrap();
        assert_eq!(root.path(), Some(&*name.replace("llm-", "/")));
        let creation = root.creation_info().unwrap();
        let owner = (creation.owner_uid(), creation.owner_gid());
        assert_eq!((owner, creation.permissions()), ((1000, 1000), "0750"));
    }
    // Their ids are in the user data.
    assert!(first(aws, "CreateFileSystem") < first(aws, "CreateAccessPoint"));
    assert!(first(aws, "CreateAccessPoint") < first(aws, "RunInstances"));
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let attribute = ec2.describe_instance_attribute().instance_id(instance);
    let attribute = attribute
        .attribute(aws_sdk_ec2::types::InstanceAttributeName::UserData)
        .send()
        .await
        .unwrap();
    let user_data = attribute.user_data().unwrap().value().unwrap();
    let user_data = base64::prelude::BASE64_STANDARD.decode(user_data).unwrap();
    // It is compressed.
    let mut script = String::new();
    GzDecoder::new(&*user_data)
        .read_to_string(&mut script)
        .unwrap();
    for (name, folder) in [("llm-webui", "webui"), ("llm-ollama", "ollama")] {
        let id = found[name].access_point_id().unwrap();
        assert!(
            script.contains(&format!("'{id} /mnt/shared/{folder}'\n")),
            "{script}"
        );
    }
    let status = scenario.session.status(&stack()).await.unwrap();
    let of_kind = status
        .resources
        .iter()
        .filter(|it| it.kind == ResourceKind::AccessPoint);
    let keys: Vec<_> = of_kind.map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["access-point/webui", "access-point/ollama"]);

    scenario.destroy().await;
    assert!(first(aws, "DeleteAccessPoint") < first(aws, "DeleteFileSystem"));
}

/// EFS would delete the access points with the file system, below the teardown that waits for them.
#[tokio::test(start_paused = true)]
async fn file_system_outlasts_access_points() {
    let slow = Fault::on("DeleteAccessPoint").slow(Duration::from_secs(500));
    let scenario = Scenario::on(account().fault(slow).build());
    committed(&scenario).await;
    scenario.destroy().await;
    let calls = scenario.aws.calls();
    let at = |operation: &str| {
        let mut calls = calls.iter();
        calls.find(|call| call.operation == operation).unwrap().at
    };
    let between = at("DeleteFileSystem").duration_since(at("DeleteAccessPoint"));
    assert!(between.as_secs() > 450, "{between:?}");
}

/// A stack removes its own access points, and those of the other one stay.
#[tokio::test(start_paused = true)]
async fn stacks_have_own_access_points() {
    let scenario = Scenario::new();
    let file_system = file_system_of_others(&scenario.aws).await;
    let spec = spec_with_access_points(&format!("file_system = {file_system:?}"));
    for name in ["stack-a", "stack-b"] {
        let spec = spec.to_builder().name(name.parse().unwrap());
        let ready = launched(&scenario, spec.build().unwrap()).await;
        ready.commit().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1200)).await;
    }
    let all = access_points(&scenario.aws).await;
    assert_eq!(all.len(), 4, "{all:#?}");
    assert!(
        all.values()
            .all(|it| it.file_system_id() == Some(&file_system))
    );
    for (removed, left) in [("stack-b", 2), ("stack-a", 0)] {
        let name = removed.parse().unwrap();
        let undone = scenario.session.destroy(&name, FileSystems::Delete).await;
        assert!(undone.unwrap().is_complete(), "{removed}");
        let found = access_points(&scenario.aws).await;
        assert_eq!(found.len(), left, "{removed}: {found:#?}");
        assert!(found.keys().all(|name| !name.starts_with(removed)));
    }
    scenario.assert_nothing_left();
}

/// The outcome of the call is unknown, or the call is refused for a while.
#[tokio::test(start_paused = true)]
async fn access_points_survive_call_faults() {
    for operation in ["CreateAccessPoint", "DeleteAccessPoint"] {
        for nth in [1, 2] {
            let at = || Fault::on(operation).nth(nth);
            let mut faults: Vec<Fault> = vec![
                at().lose_reply().into(),
                at().reset().into(),
                at().stall().into(),
                at().answer("ThrottlingException").times(3).into(),
                at().answer("InternalServerError").times(5).into(),
            ];
            if operation == "CreateAccessPoint" {
                faults.push(at().lose_reply().forever().into());
            }
            for fault in faults {
                let shown = format!("{fault:?}");
                let scenario = Scenario::on(account().fault(fault).build());
                committed(&scenario).await;
                let made = census(&scenario.aws);
                assert_eq!(made["EFS::AccessPoint"], 2, "{shown}");
                scenario.destroy().await;
                assert_eq!(scenario.aws.unfired(), [], "{shown}");
            }
        }
    }
}

/// The file system stays, also for a later stack, which makes access points of its own in the same folders.
#[tokio::test(start_paused = true)]
async fn kept_file_system_has_no_access_points() {
    let scenario = Scenario::new();
    let keeping = spec_with_access_points("keep_on_destroy = true");
    let ready = launched(&scenario, keeping).await;
    let file_system = ready.state().file_system.to_string();
    ready.commit().await.unwrap();
    let name = stack();
    let destroyed = scenario.session.destroy(&name, FileSystems::Delete);
    assert!(destroyed.await.unwrap().is_complete());
    let left = census(&scenario.aws);
    assert_eq!(left, [("EFS::FileSystem".to_owned(), 1)].into());

    let again = spec_with_access_points(&format!("file_system = {file_system:?}"));
    let ready = launched(&scenario, again).await;
    assert_eq!(access_points(&scenario.aws).await.len(), 2);
    ready.rollback().await.into_result().unwrap();
    assert_eq!(census(&scenario.aws), left);
}

#[tokio::test(start_paused = true)]
async fn refused_access_point_undoes_launch() {
    for (fault, class) in [
        (
            Fault::on("CreateAccessPoint").answer("AccessPointLimitExceeded"),
            ErrorClass::Quota,
        ),
        (
            Fault::on("CreateAccessPoint").answer("AccessDeniedException"),
            ErrorClass::Permission,
        ),
    ] {
        let scenario = Scenario::on(account().fault(fault.nth(2)).build());
        let planned = scenario.session.plan(spec_with_access_points("")).await;
        let failed = planned.unwrap().launch().await.unwrap_err();
        let call = failed.error.call().unwrap();
        assert_eq!(
            (call.class, call.operation.as_str()),
            (class, "efs:CreateAccessPoint")
        );
        assert!(
            scenario
                .aws
                .calls()
                .iter()
                .all(|it| it.operation != "RunInstances")
        );
        drop(failed);
        scenario.close_and_assert_nothing_left().await;
    }
}

#[tokio::test(start_paused = true)]
async fn failed_access_point_undoes_launch() {
    let fault = Fault::on("CreateAccessPoint").fails("error");
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec_with_access_points("")).await;
    let failed = planned.unwrap().launch().await.unwrap_err();
    let text = failed.error.to_string();
    assert!(text.contains("access point fsap-"), "{text}");
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

/// The access point of a file system of others is named with the action to allow.
#[tokio::test(start_paused = true)]
async fn undeletable_access_point_is_listed() {
    let scenario = Scenario::new();
    let file_system = file_system_of_others(&scenario.aws).await;
    let spec = spec_with_access_points(&format!("file_system = {file_system:?}"));
    launched(&scenario, spec).await.commit().await.unwrap();
    let refused = Fault::on("DeleteAccessPoint").answer("AccessDeniedException");
    scenario.aws.inject(refused);
    let name = stack();
    let undone = scenario.session.destroy(&name, FileSystems::Delete);
    let undone = undone.await.unwrap();
    let [left] = &undone.left[..] else {
        panic!("{:#?}", undone.left);
    };
    assert_eq!(left.kind, ResourceKind::AccessPoint);
    assert!(left.id.is_some());
    let remedy = left.remedy.as_deref().unwrap();
    assert!(
        remedy.contains("elasticfilesystem:DeleteAccessPoint"),
        "{remedy}"
    );
    assert_eq!(left.command, None);
    scenario.destroy().await;
}

/// Without a journal, access points are found by their tags: a file system of others does not take them along.
#[tokio::test(start_paused = true)]
async fn orphaned_access_points_are_removed() {
    let scenario = Scenario::new();
    let file_system = file_system_of_others(&scenario.aws).await;
    let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
    let theirs = efs.create_access_point().client_token("theirs");
    let theirs = theirs.file_system_id(&file_system).send().await.unwrap();
    let adopting = spec_with_access_points(&format!("file_system = {file_system:?}"));
    launched(&scenario, adopting).await.commit().await.unwrap();

    let session = Session::new(scenario.aws.sdk_config(), Arc::new(InMemory::new()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let orphans = session.orphans(None).await.unwrap();
    let of_kind = |kind| orphans.orphans.iter().filter(move |it| it.kind == kind);
    assert_eq!(
        of_kind(ResourceKind::AccessPoint).count(),
        2,
        "{orphans:#?}"
    );
    let undone = session.remove_orphans(&orphans, FileSystems::Delete).await;
    // The group of the mount target, which has no tags.
    let mut left = undone.unwrap().left.into_iter();
    assert!(left.all(|it| it.kind == ResourceKind::SecurityGroup));
    let left = access_points(&scenario.aws).await;
    let left: Vec<_> = left.values().map(|it| it.access_point_id()).collect();
    assert_eq!(left, [theirs.access_point_id()]);
}
