//! Roles: names, tags, pages and deletions.

use aws_sdk_iam::Client;
use geusemaker_testkit::{Aws, Fault, Quota};

use super::{TRUST, code, create_profile, create_role, instant, is, refusal, tag};

#[tokio::test(start_paused = true)]
async fn role_is_created_and_deleted() {
    let (aws, client) = instant();
    let created = client
        .create_role()
        .role_name("gpu-node")
        .path("/team/")
        .description("of a test")
        .assume_role_policy_document(TRUST)
        .tags(tag("team", "ml"))
        .send()
        .await
        .unwrap();
    let created = created.role.unwrap();
    assert_eq!(
        created.arn(),
        "arn:aws:iam::123456789012:role/team/gpu-node"
    );
    assert!(created.role_id().starts_with("AROA") && created.role_id().len() == 21);
    let left: Vec<String> = aws.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["IAM::Role gpu-node"]);

    let found = client.get_role().role_name("gpu-node").send().await;
    let found = found.unwrap().role.unwrap();
    assert_eq!(found.description(), Some("of a test"));
    assert_eq!(found.max_session_duration(), Some(3600));
    assert_eq!(found.create_date(), created.create_date());
    assert_eq!(found.tags(), [tag("team", "ml")]);
    let document = found.assume_role_policy_document().unwrap();
    assert!(
        document.starts_with("%7B%22Version%22%3A%20%222012"),
        "{document}"
    );

    let delete = || client.delete_role().role_name("gpu-node").send();
    delete().await.unwrap();
    assert!(aws.leftovers().is_empty());
    let missing = delete().await;
    assert_eq!(
        refusal(missing),
        (
            404,
            "NoSuchEntity".to_owned(),
            "The role with name gpu-node cannot be found.".to_owned()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn role_name_is_unique_ignoring_case() {
    let (_, client) = instant();
    create_role(&client, "Node").await;
    let again = client.create_role().role_name("node");
    let again = again.assume_role_policy_document(TRUST).send().await;
    let (status, code, message) = refusal(again);
    assert_eq!((status, &*code), (409, "EntityAlreadyExists"));
    assert_eq!(message, "Role with name node already exists.");
}

#[tokio::test(start_paused = true)]
async fn role_names_and_paths_are_checked() {
    let (aws, client) = instant();
    let create = |name: &str, path: &str| {
        let create = client.create_role().role_name(name).path(path);
        create.assume_role_policy_document(TRUST).send()
    };
    for (name, path) in [
        ("a b", "/"),
        ("a/b", "/"),
        (&*"a".repeat(65), "/"),
        ("a", ""),
        ("a", "team/"),
        ("a", "/team"),
        ("a", "//"),
        ("a", "/te am/"),
    ] {
        let refused = create(name, path).await;
        assert_eq!(code(refused), is(400, "ValidationError"), "{name} {path}");
    }
    create(&"a".repeat(64), "/a/b/").await.unwrap();
    create("_+=,.@-", "/").await.unwrap();
    assert_eq!(aws.leftovers().len(), 2);
}

/// A role stays while a profile has it, and while it has policies.
#[tokio::test(start_paused = true)]
async fn role_in_use_cannot_be_deleted() {
    let (aws, client) = instant();
    create_profile(&client, "node").await;
    let policy = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy";
    let attach = client.attach_role_policy().role_name("node");
    attach.policy_arn(policy).send().await.unwrap();
    let put = client.put_role_policy().role_name("node").policy_name("p");
    let document = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
    put.policy_document(document).send().await.unwrap();
    let conflict = async |obstacle: &str| {
        let (status, code, message) = refusal(client.delete_role().role_name("node").send().await);
        assert_eq!((status, &*code), (409, "DeleteConflict"));
        assert_eq!(message, format!("Cannot delete entity, {obstacle}."));
    };
    conflict("must remove roles from instance profile first").await;
    let remove = client.remove_role_from_instance_profile();
    let remove = remove.instance_profile_name("node").role_name("node");
    remove.send().await.unwrap();
    conflict("must detach all policies first").await;
    let detach = client.detach_role_policy().role_name("node");
    detach.policy_arn(policy).send().await.unwrap();
    conflict("must delete policies first").await;
    let delete = client.delete_role_policy().role_name("node");
    delete.policy_name("p").send().await.unwrap();
    client.delete_role().role_name("node").send().await.unwrap();
    let delete = client.delete_instance_profile();
    delete.instance_profile_name("node").send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn roles_come_in_pages_without_tags() {
    let (_, client) = instant();
    for (name, path) in [("a", "/x/"), ("b", "/y/"), ("c", "/x/"), ("d", "/x/")] {
        let create = client.create_role().role_name(name).path(path);
        let create = create.assume_role_policy_document(TRUST);
        create.tags(tag("k", "v")).send().await.unwrap();
    }
    let list = client.list_roles().path_prefix("/x").max_items(2);
    let first = list.clone().send().await.unwrap();
    let names = |roles: &[aws_sdk_iam::types::Role]| {
        let names = roles.iter().map(|role| role.role_name().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(first.roles()), ["a", "c"]);
    assert!(first.is_truncated() && first.roles()[0].tags().is_empty());
    let rest = list.set_marker(first.marker).send().await.unwrap();
    assert_eq!(names(rest.roles()), ["d"]);
    assert!(!rest.is_truncated() && rest.marker().is_none());
    let far = client.list_roles().max_items(1001).send().await;
    assert_eq!(code(far), is(400, "ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn role_tags_are_replaced_by_key() {
    let (_, client) = instant();
    create_role(&client, "node").await;
    let add = |key: &str, value: &str| {
        let add = client.tag_role().role_name("node");
        add.tags(tag(key, value)).send()
    };
    add("Team", "ml").await.unwrap();
    add("team", "web").await.unwrap();
    add("env", "").await.unwrap();
    let tags = || client.list_role_tags().role_name("node").send();
    let listed = tags().await.unwrap();
    assert_eq!(listed.tags(), [tag("env", ""), tag("team", "web")]);
    let remove = client.untag_role().role_name("node");
    remove.tag_keys("TEAM").send().await.unwrap();
    assert_eq!(tags().await.unwrap().tags(), [tag("env", "")]);
    assert_eq!(code(add("aws:x", "v").await), is(400, "InvalidInput"));
    assert_eq!(code(add("a;b", "v").await), is(400, "ValidationError"));
    let many = (0..50).map(|n| tag(&format!("k{n}"), "v"));
    let many = client
        .tag_role()
        .role_name("node")
        .set_tags(Some(many.collect()));
    assert_eq!(code(many.send().await), is(409, "LimitExceeded"));
}

#[tokio::test(start_paused = true)]
async fn role_quota_is_enforced() {
    let aws = Aws::builder().quota(Quota::Roles, 1).build();
    let client = Client::new(&aws.sdk_config());
    create_role(&client, "a").await;
    let second = client.create_role().role_name("b");
    let second = second.assume_role_policy_document(TRUST).send().await;
    let (status, code, message) = refusal(second);
    assert_eq!((status, &*code), (409, "LimitExceeded"));
    assert_eq!(message, "Cannot exceed quota for RolesPerAccount: 1");
}

/// The SDK signs for us-east-1 wherever the program runs, and a role is seen from every region.
#[tokio::test(start_paused = true)]
async fn role_belongs_to_no_region() {
    let aws = Aws::builder().region("eu-central-1").build();
    create_role(&Client::new(&aws.sdk_config()), "node").await;
    let elsewhere = aws.sdk_config().into_builder();
    let elsewhere = elsewhere.region(aws_types::region::Region::new("us-west-2"));
    let client = Client::new(&elsewhere.build());
    client.get_role().role_name("node").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn iam_faults_have_its_own_codes() {
    let aws = Aws::builder()
        .fault(Fault::on("iam:CreateRole").denied())
        .fault(Fault::on("GetRole").answer("ConcurrentModification"))
        .build();
    let client = Client::new(&aws.sdk_config());
    let denied = client.create_role().role_name("a");
    let denied = denied.assume_role_policy_document(TRUST).send().await;
    assert_eq!(code(denied), is(403, "AccessDenied"));
    let changed = client.get_role().role_name("a").send().await;
    assert_eq!(code(changed), is(409, "ConcurrentModification"));
}
