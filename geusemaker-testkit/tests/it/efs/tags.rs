//! Tags of file systems and access points.

use aws_sdk_efs::types::Tag;
use geusemaker_testkit::{Aws, Timings};

use super::{client, file_system};

#[tokio::test(start_paused = true)]
async fn tags_are_listed_and_replaced_by_key() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    for value in ["1", "2"] {
        let tag = Tag::builder().key("k").value(value).build().unwrap();
        efs.tag_resource()
            .resource_id(&id)
            .tags(tag)
            .send()
            .await
            .unwrap();
    }
    let listed = efs
        .list_tags_for_resource()
        .resource_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.tags().len(), 1);
    assert_eq!(listed.tags()[0].value(), "2");
}

#[tokio::test(start_paused = true)]
async fn tags_are_removed_by_their_keys() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let mut add = efs.tag_resource().resource_id(&id);
    for key in ["a", "b", "c"] {
        add = add.tags(Tag::builder().key(key).value("v").build().unwrap());
    }
    add.send().await.unwrap();
    efs.untag_resource()
        .resource_id(&id)
        .tag_keys("a")
        .tag_keys("c")
        .send()
        .await
        .unwrap();
    let listed = efs
        .list_tags_for_resource()
        .resource_id(&id)
        .send()
        .await
        .unwrap();
    let keys: Vec<&str> = listed.tags().iter().map(Tag::key).collect();
    assert_eq!(keys, ["b"]);
}

#[tokio::test(start_paused = true)]
#[expect(deprecated, reason = "old scripts still call them")]
async fn older_operations_share_tags() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    for key in ["a", "b"] {
        efs.create_tags()
            .file_system_id(&id)
            .tags(Tag::builder().key(key).value("v").build().unwrap())
            .send()
            .await
            .unwrap();
    }
    efs.delete_tags()
        .file_system_id(&id)
        .tag_keys("a")
        .send()
        .await
        .unwrap();
    let listed = efs
        .describe_tags()
        .file_system_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.tags().len(), 1);
    assert_eq!(listed.tags()[0].key(), "b");
}

#[tokio::test(start_paused = true)]
async fn tags_have_limits() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let efs = client(&aws);
    let id = file_system(&aws, &efs).await;
    let add = async |keys: Vec<String>| {
        let tags = keys
            .into_iter()
            .map(|key| Tag::builder().key(key).value("v").build().unwrap());
        efs.tag_resource()
            .resource_id(&id)
            .set_tags(Some(tags.collect()))
            .send()
            .await
            .map_err(|error| error.into_service_error().is_bad_request())
    };
    for refused in [
        vec!["aws:x".to_owned()],
        vec!["k".repeat(129)],
        vec!["k".to_owned(), "k".to_owned()],
        (0..51).map(|n| format!("k{n}")).collect(),
    ] {
        assert!(add(refused).await.unwrap_err());
    }
    add((0..50).map(|n| format!("k{n}")).collect())
        .await
        .unwrap();
    add(vec!["k50".to_owned()]).await.unwrap_err();
}
