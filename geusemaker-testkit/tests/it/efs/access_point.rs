//! Access points.

use std::time::Duration;

use aws_sdk_efs::types::{CreationInfo, LifeCycleState, PosixUser, RootDirectory};
use geusemaker_testkit::{Aws, Timings};

use super::{client, file_system, slow};

#[tokio::test(start_paused = true)]
async fn access_point_is_created_and_deleted() {
    let aws = slow();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let user = PosixUser::builder().uid(1000).gid(1000).build().unwrap();
    let info = CreationInfo::builder()
        .owner_uid(1000)
        .owner_gid(1000)
        .permissions("0755")
        .build()
        .unwrap();
    let root = RootDirectory::builder()
        .path("/models")
        .creation_info(info)
        .build();
    let create = || {
        efs.create_access_point()
            .client_token("one")
            .file_system_id(&id)
            .posix_user(user.clone())
            .root_directory(root.clone())
            .send()
    };
    let made = create().await.unwrap();
    assert_eq!(made.life_cycle_state(), Some(&LifeCycleState::Creating));
    assert_eq!(made.posix_user(), Some(&user));
    assert_eq!(made.root_directory(), Some(&root));
    let error = create().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    assert!(error.into_service_error().is_access_point_already_exists());

    aws.clock().sleep(Duration::from_secs(10)).await;
    let list = || efs.describe_access_points().file_system_id(&id).send();
    let listed = list().await.unwrap();
    let state = listed.access_points()[0].life_cycle_state();
    assert_eq!(state, Some(&LifeCycleState::Available));
    assert_eq!(aws.leftovers().len(), 2);

    efs.delete_access_point()
        .access_point_id(made.access_point_id().unwrap())
        .send()
        .await
        .unwrap();
    aws.clock().sleep(Duration::from_secs(10)).await;
    assert!(list().await.unwrap().access_points().is_empty());
    let error = efs
        .delete_access_point()
        .access_point_id(made.access_point_id().unwrap())
        .send()
        .await;
    assert!(
        error
            .unwrap_err()
            .into_service_error()
            .is_access_point_not_found()
    );
}

#[tokio::test(start_paused = true)]
async fn access_point_goes_with_file_system() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    efs.create_access_point()
        .client_token("one")
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    efs.delete_file_system()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty(), "{:?}", aws.leftovers());
}

#[tokio::test(start_paused = true)]
async fn access_point_path_is_checked() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let create = |path: &str| {
        efs.create_access_point()
            .client_token(path.replace('/', "-").chars().take(64).collect::<String>())
            .file_system_id(&id)
            .root_directory(RootDirectory::builder().path(path).build())
            .send()
    };
    for path in ["/", "/a", "/a+b_.c/d/e/f", &format!("/{}", "a".repeat(99))] {
        create(path).await.unwrap();
    }
    for path in [
        "a",
        "/a/",
        "//a",
        "/a/b/c/d/e",
        "/.a",
        "/a/..",
        "/a*",
        &format!("/{}", "b".repeat(100)),
    ] {
        let error = create(path).await.unwrap_err();
        assert!(error.into_service_error().is_bad_request(), "{path}");
    }
}
