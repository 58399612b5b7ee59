//! Instance profiles, and their one role.

use geusemaker_testkit::{Aws, Timings};

use super::{code, create_profile, create_role, instant, is, refusal, tag};

#[tokio::test(start_paused = true)]
async fn profile_has_one_role() {
    let (_, client) = instant();
    create_profile(&client, "node").await;
    create_role(&client, "other").await;
    let add = |profile: &str, role: &str| {
        let add = client.add_role_to_instance_profile();
        add.instance_profile_name(profile).role_name(role).send()
    };
    let (status, error, message) = refusal(add("node", "other").await);
    assert_eq!((status, &*error), (409, "LimitExceeded"));
    assert_eq!(
        message,
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    );
    assert_eq!(code(add("node", "missing").await), is(404, "NoSuchEntity"));
    assert_eq!(code(add("missing", "node").await), is(404, "NoSuchEntity"));
    let found = client.get_instance_profile().instance_profile_name("node");
    let found = found.send().await.unwrap().instance_profile.unwrap();
    assert_eq!(
        found.arn(),
        "arn:aws:iam::123456789012:instance-profile/node"
    );
    assert!(found.instance_profile_id().starts_with("AIPA"));
    assert_eq!(found.roles()[0].role_name(), "node");
    let of_role = client.list_instance_profiles_for_role().role_name("node");
    let of_role = of_role.send().await.unwrap();
    assert_eq!(
        of_role.instance_profiles()[0].instance_profile_name(),
        "node"
    );
    let remove = client.remove_role_from_instance_profile();
    let remove = remove.instance_profile_name("node").role_name("other");
    assert_eq!(code(remove.send().await), is(404, "NoSuchEntity"));
}

#[tokio::test(start_paused = true)]
async fn profile_with_role_cannot_be_deleted() {
    let (_, client) = instant();
    create_profile(&client, "node").await;
    let delete = || {
        let delete = client.delete_instance_profile();
        delete.instance_profile_name("node").send()
    };
    let (status, error, message) = refusal(delete().await);
    assert_eq!((status, &*error), (409, "DeleteConflict"));
    assert_eq!(
        message,
        "Cannot delete entity, must remove roles from instance profile first."
    );
    let remove = client.remove_role_from_instance_profile();
    let remove = remove.instance_profile_name("node").role_name("node");
    remove.send().await.unwrap();
    delete().await.unwrap();
    let (status, error, message) = refusal(delete().await);
    assert_eq!((status, &*error), (404, "NoSuchEntity"));
    assert_eq!(message, "Instance Profile node cannot be found.");
}

#[tokio::test(start_paused = true)]
async fn profile_is_listed_and_tagged() {
    let (_, client) = instant();
    for name in ["a", "b"] {
        let create = client.create_instance_profile();
        let create = create.instance_profile_name(name).path("/x/");
        let created = create.tags(tag("k", name)).send().await.unwrap();
        assert_eq!(created.instance_profile().unwrap().tags(), [tag("k", name)]);
    }
    let again = client.create_instance_profile();
    let again = again.instance_profile_name("A").send().await;
    assert_eq!(code(again), is(409, "EntityAlreadyExists"));
    let list = client
        .list_instance_profiles()
        .path_prefix("/x/")
        .max_items(1);
    let listed = list.send().await.unwrap();
    assert!(listed.is_truncated() && listed.instance_profiles()[0].tags().is_empty());
    let add = client.tag_instance_profile().instance_profile_name("a");
    add.tags(tag("l", "v")).send().await.unwrap();
    let remove = client.untag_instance_profile().instance_profile_name("a");
    remove.tag_keys("k").send().await.unwrap();
    let tags = client
        .list_instance_profile_tags()
        .instance_profile_name("a");
    assert_eq!(tags.send().await.unwrap().tags(), [tag("l", "v")]);
}

#[tokio::test(start_paused = true)]
async fn snapshot_keeps_roles_and_profiles() {
    let (aws, client) = instant();
    create_profile(&client, "node").await;
    let saved = serde_json::to_string(&aws.snapshot()).unwrap();
    let restored = Aws::builder()
        .timings(Timings::Instant)
        .restore(serde_json::from_str(&saved).unwrap())
        .unwrap()
        .build();
    assert_eq!(restored.leftovers(), aws.leftovers());
    assert_eq!(restored.leftovers().len(), 2);
    let without = {
        let mut snapshot: serde_json::Value = serde_json::from_str(&saved).unwrap();
        let account = snapshot["account"].as_object_mut().unwrap();
        account.remove("iam").unwrap();
        let regions = account["regions"].as_object_mut().unwrap();
        for region in regions.values_mut() {
            region.as_object_mut().unwrap().remove("ssm").unwrap();
        }
        serde_json::from_value(snapshot).unwrap()
    };
    let older = Aws::builder().restore(without).unwrap().build();
    assert!(older.leftovers().is_empty());
}
