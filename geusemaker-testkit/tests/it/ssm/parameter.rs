//! Parameters.

use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
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
