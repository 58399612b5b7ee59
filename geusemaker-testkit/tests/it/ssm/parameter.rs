//! Parameters.

use aws_sdk_ssm::types::{
    ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging, Tag,
};
use geusemaker_testkit::Aws;

use super::client;
use crate::iam::{code, is};

#[tokio::test(start_paused = true)]
async fn parameter_is_put_and_deleted() {
    let aws = Aws::new();
    let put = |value: &str, overwrite| {
        let put = client(&aws).put_parameter().name("/app/model").value(value);
        put.r#type(ParameterType::String)
            .overwrite(overwrite)
            .send()
    };
    assert_eq!(put("one", false).await.unwrap().version(), 1);
    assert_eq!(
        code(put("two", false).await),
        is(400, "ParameterAlreadyExists")
    );
    assert_eq!(put("two", true).await.unwrap().version(), 2);
    let get = || client(&aws).get_parameter().name("/app/model").send();
    let found = get().await.unwrap().parameter.unwrap();
    assert_eq!((found.value(), found.version()), (Some("two"), 2));
    assert_eq!(
        found.arn(),
        Some("arn:aws:ssm:us-east-1:123456789012:parameter/app/model")
    );
    let left: Vec<String> = aws.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["SSM::Parameter /app/model"]);
    let delete = || client(&aws).delete_parameter().name("/app/model").send();
    delete().await.unwrap();
    assert!(aws.leftovers().is_empty());
    assert_eq!(code(delete().await), is(400, "ParameterNotFound"));
    assert_eq!(code(get().await), is(400, "ParameterNotFound"));
}

#[tokio::test(start_paused = true)]
async fn secure_string_needs_decryption() {
    let aws = Aws::new();
    let put = client(&aws)
        .put_parameter()
        .name("token")
        .value("hf_secret");
    let put = put.r#type(ParameterType::SecureString).send();
    put.await.unwrap();
    let get = |decrypts| {
        let get = client(&aws)
            .get_parameters()
            .names("token")
            .names("missing");
        get.with_decryption(decrypts).send()
    };
    let plain = get(true).await.unwrap();
    assert_eq!(plain.parameters()[0].value(), Some("hf_secret"));
    assert_eq!(plain.invalid_parameters(), ["missing"]);
    let encrypted = get(false).await.unwrap();
    let value = encrypted.parameters()[0].value().unwrap();
    assert!(!value.contains("hf_secret") && !value.is_empty());
}

#[tokio::test(start_paused = true)]
async fn image_is_found_by_public_parameter() {
    let aws = Aws::new();
    let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let found = client(&aws)
        .get_parameter()
        .name(name)
        .send()
        .await
        .unwrap();
    let id = found.parameter().unwrap().value().unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let images = ec2.describe_images().image_ids(id).send().await.unwrap();
    assert!(
        images.images()[0]
            .name()
            .unwrap()
            .starts_with("al2023-ami-")
    );
    let unknown = client(&aws)
        .get_parameter()
        .name("/aws/service/eks/x")
        .send()
        .await;
    assert_eq!(code(unknown), is(501, "SimulatorUnsupported"));
}

#[tokio::test(start_paused = true)]
async fn parameter_names_and_values_are_checked() {
    let aws = Aws::new();
    let put = |name: &str, value: &str, tier| {
        let put = client(&aws).put_parameter().name(name).value(value);
        put.r#type(ParameterType::String).tier(tier).send()
    };
    let standard = ParameterTier::Standard;
    for name in ["aws-x", "/ssm/x", "a/b", "/a//b", "/a/", "/a b"] {
        let refused = put(name, "v", standard.clone()).await;
        assert_eq!(code(refused), is(400, "ValidationException"), "{name}");
    }
    let deep = put(&"/a".repeat(16), "v", standard.clone()).await;
    assert_eq!(code(deep), is(400, "HierarchyLevelLimitExceededException"));
    let long = "x".repeat(4097);
    let refused = put("a", &long, standard.clone()).await;
    assert_eq!(code(refused), is(400, "ValidationException"));
    put("a", &long, ParameterTier::Advanced).await.unwrap();
    let nested = put("b", "{{ssm:a}}", standard).await;
    assert_eq!(code(nested), is(400, "ValidationException"));
    let back = client(&aws)
        .put_parameter()
        .name("a")
        .value("v")
        .overwrite(true);
    let back = back.tier(ParameterTier::Standard).send().await;
    assert_eq!(code(back), is(400, "ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn parameter_has_tags() {
    let aws = Aws::new();
    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let put = client(&aws).put_parameter().name("a").value("v");
    let put = put.r#type(ParameterType::String).tags(tag("k")).send();
    put.await.unwrap();
    let kind = ResourceTypeForTagging::Parameter;
    let add = client(&aws)
        .add_tags_to_resource()
        .resource_type(kind.clone());
    add.resource_id("a").tags(tag("l")).send().await.unwrap();
    let remove = client(&aws)
        .remove_tags_from_resource()
        .resource_type(kind.clone());
    remove.resource_id("a").tag_keys("k").send().await.unwrap();
    let list = |id: &str| {
        let list = client(&aws)
            .list_tags_for_resource()
            .resource_type(kind.clone());
        list.resource_id(id).send()
    };
    assert_eq!(list("a").await.unwrap().tag_list(), [tag("l")]);
    assert_eq!(code(list("b").await), is(400, "InvalidResourceId"));
}

async fn put(aws: &Aws, name: &str, kind: ParameterType) {
    let put = client(aws)
        .put_parameter()
        .name(name)
        .value("v")
        .r#type(kind);
    put.send().await.unwrap();
}

fn names(parameters: &[aws_sdk_ssm::types::Parameter]) -> Vec<&str> {
    let names = parameters.iter().map(|it| it.name().unwrap());
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn parameters_are_described_in_pages() {
    let aws = Aws::new();
    for name in ["/app/a", "/app/b", "/app/deep/c", "/other", "plain"] {
        put(&aws, name, ParameterType::String).await;
    }
    put(&aws, "/app/secret", ParameterType::SecureString).await;
    let found = |key: &str, option: Option<&str>, value: &str| {
        let filter = ParameterStringFilter::builder().key(key).values(value);
        let filter = filter
            .set_option(option.map(str::to_owned))
            .build()
            .unwrap();
        let describe = client(&aws).describe_parameters();
        describe.parameter_filters(filter).send()
    };
    for (key, option, value, expected) in [
        ("Name", None, "/other", &["/other"][..]),
        (
            "Name",
            Some("Contains"),
            "app",
            &["/app/a", "/app/b", "/app/deep/c", "/app/secret"],
        ),
        ("Name", Some("BeginsWith"), "/app/d", &["/app/deep/c"]),
        ("Type", None, "SecureString", &["/app/secret"]),
        ("Path", None, "/app", &["/app/a", "/app/b", "/app/secret"]),
        ("Path", Some("Recursive"), "/app/deep", &["/app/deep/c"]),
    ] {
        let described = found(key, option, value).await.unwrap();
        let described: Vec<_> = described
            .parameters()
            .iter()
            .map(|it| it.name().unwrap())
            .collect();
        assert_eq!(described, expected, "{key} {option:?} {value}");
    }
    let wrong = found("Shade", None, "red").await;
    assert_eq!(code(wrong), is(400, "InvalidFilterKey"));
    let wrong = found("Name", Some("Near"), "red").await;
    assert_eq!(code(wrong), is(400, "InvalidFilterOption"));
    let first = client(&aws)
        .describe_parameters()
        .max_results(4)
        .send()
        .await
        .unwrap();
    let second = client(&aws)
        .describe_parameters()
        .set_next_token(first.next_token.clone());
    let second = second.send().await.unwrap();
    assert_eq!(
        (first.parameters().len(), second.parameters().len()),
        (4, 2)
    );
    assert_eq!(second.next_token(), None);
    assert_eq!(first.parameters()[3].key_id(), Some("alias/aws/ssm"));
}

#[tokio::test(start_paused = true)]
async fn parameters_are_found_below_path() {
    let aws = Aws::new();
    for name in ["/app/a", "/app/deep/c", "/application"] {
        put(&aws, name, ParameterType::String).await;
    }
    let below = |path: &str, recursive| {
        let get = client(&aws).get_parameters_by_path().path(path);
        get.recursive(recursive).send()
    };
    let level = below("/app", false).await.unwrap();
    assert_eq!(names(level.parameters()), ["/app/a"]);
    let all = below("/app/", true).await.unwrap();
    assert_eq!(names(all.parameters()), ["/app/a", "/app/deep/c"]);
    let root = below("/", false).await.unwrap();
    assert_eq!(names(root.parameters()), ["/application"]);
    assert_eq!(
        code(below("app", true).await),
        is(400, "ValidationException")
    );
    let delete = client(&aws)
        .delete_parameters()
        .names("/app/a")
        .names("/none");
    let deleted = delete.send().await.unwrap();
    assert_eq!(deleted.deleted_parameters(), ["/app/a"]);
    assert_eq!(deleted.invalid_parameters(), ["/none"]);
}

#[tokio::test(start_paused = true)]
async fn parameter_is_found_by_arn_and_version() {
    let aws = Aws::new();
    for value in ["one", "two"] {
        let put = client(&aws).put_parameter().name("/app/a").value(value);
        let put = put.r#type(ParameterType::String).overwrite(true);
        put.send().await.unwrap();
    }
    let get = |name: &str| client(&aws).get_parameter().name(name).send();
    let arn = "arn:aws:ssm:us-east-1:123456789012:parameter/app/a";
    for (name, value, version) in [
        (arn.to_owned(), "two", 2),
        (format!("{arn}:1"), "one", 1),
        ("/app/a:1".to_owned(), "one", 1),
        ("/app/a:2".to_owned(), "two", 2),
    ] {
        let found = get(&name).await.unwrap().parameter.unwrap();
        assert_eq!(
            (found.value(), found.version()),
            (Some(value), version),
            "{name}"
        );
        assert_eq!(found.name(), Some("/app/a"));
    }
    assert_eq!(
        code(get("/app/a:3").await),
        is(400, "ParameterVersionNotFound")
    );
    assert_eq!(
        code(get("arn:aws:ssm:us-east-1:123456789012:parameter/b").await),
        is(400, "ParameterNotFound")
    );
    let several = client(&aws)
        .get_parameters()
        .names("/app/a:1")
        .names("/app/a:9");
    let several = several.send().await.unwrap();
    assert_eq!(names(several.parameters()), ["/app/a"]);
    assert_eq!(several.parameters()[0].selector(), Some(":1"));
    assert_eq!(several.invalid_parameters(), ["/app/a:9"]);
}
