//! Resources of other users in the account: the same kinds as a deployment's, without its tags.

use std::time::Duration;

use aws_sdk_cloudfront::types as cloudfront;
use aws_sdk_ec2::types as ec2;
use aws_sdk_efs::types as efs;
use aws_sdk_elasticloadbalancingv2::types as elb;
use aws_sdk_route53::types as route53;
use geusemaker_testkit::Aws;

/// A tag of another user, or none.
type SomeTag = Option<(&'static str, &'static str)>;

/// Creates one resource of each kind without tags, and one with each set of tags that this program does not use.
pub(crate) async fn make(aws: &Aws, image: &str) {
    let client = aws_sdk_efs::Client::new(&aws.sdk_config());
    let mut file_systems = Vec::new();
    for (number, tag) in [
        None,
        Some(("geusemaker:stack", "llm")),
        Some(("geusemaker:deployment", "0123456789ab")),
        Some(("Name", "llm")),
    ]
    .into_iter()
    .enumerate()
    {
        network(aws, number, tag, image).await;
        let tags = tag.map(|(key, value)| {
            let tag = efs::Tag::builder().key(key).value(value);
            vec![tag.build().unwrap()]
        });
        let request = client.create_file_system().set_tags(tags.clone());
        let token = format!("gm-{number}");
        let made = request.creation_token(token).send().await.unwrap();
        file_systems.push((made.file_system_id, tags));
    }
    distribution(aws).await;
    names(aws).await;
    // An access point needs an available file system.
    aws.clock().sleep(Duration::from_secs(120)).await;
    for (file_system, tags) in file_systems {
        let request = client.create_access_point().file_system_id(file_system);
        request.set_tags(tags).send().await.unwrap();
    }
}

/// Creates certificates and a record.
async fn names(aws: &Aws) {
    let client = aws_sdk_acm::Client::new(&aws.sdk_config());
    for (name, tag) in [
        ("other.example.com", None),
        ("another.example.com", Some(("geusemaker:stack", "llm"))),
    ] {
        let tags = tag.map(|(key, value)| {
            let tag = aws_sdk_acm::types::Tag::builder().key(key).value(value);
            vec![tag.build().unwrap()]
        });
        client
            .request_certificate()
            .domain_name(name)
            .validation_method(aws_sdk_acm::types::ValidationMethod::Dns)
            .set_tags(tags)
            .send()
            .await
            .unwrap();
    }
    let record = route53::ResourceRecord::builder()
        .value("192.0.2.1")
        .build();
    let set = route53::ResourceRecordSet::builder()
        .name("other.example.com")
        .r#type(route53::RrType::A)
        .ttl(60)
        .resource_records(record.unwrap())
        .build();
    let change = route53::Change::builder()
        .action(route53::ChangeAction::Create)
        .resource_record_set(set.unwrap())
        .build();
    let batch = route53::ChangeBatch::builder().changes(change.unwrap());
    aws_sdk_route53::Client::new(&aws.sdk_config())
        .change_resource_record_sets()
        .hosted_zone_id(aws.hosted_zone_id("example.com").unwrap())
        .change_batch(batch.build().unwrap())
        .send()
        .await
        .unwrap();
}

async fn network(aws: &Aws, number: usize, tag: SomeTag, image: &str) {
    let client = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let tags = |kind| {
        let (key, value) = tag?;
        let tag = ec2::Tag::builder().key(key).value(value).build();
        let tags = ec2::TagSpecification::builder().resource_type(kind);
        Some(vec![tags.tags(tag).build()])
    };
    client
        .create_security_group()
        .group_name(format!("llm-{number}"))
        .description("not of gm")
        .set_tag_specifications(tags(ec2::ResourceType::SecurityGroup))
        .send()
        .await
        .unwrap();
    client
        .run_instances()
        .image_id(image)
        .instance_type(ec2::InstanceType::G5Xlarge)
        .min_count(1)
        .max_count(1)
        .set_tag_specifications(tags(ec2::ResourceType::Instance))
        .send()
        .await
        .unwrap();
    let subnets = client.describe_subnets().send().await.unwrap();
    let ids = subnets
        .subnets()
        .iter()
        .filter_map(|found| found.subnet_id());
    let ids: Vec<_> = ids.map(str::to_owned).take(2).collect();
    let vpc = subnets.subnets()[0].vpc_id().unwrap();

    let client = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let tags = tag.map(|(key, value)| vec![elb::Tag::builder().key(key).value(value).build()]);
    client
        .create_load_balancer()
        .name(format!("llm-{number}"))
        .set_subnets(Some(ids))
        .set_tags(tags.clone())
        .send()
        .await
        .unwrap();
    client
        .create_target_group()
        .name(format!("llm-{number}"))
        .protocol(elb::ProtocolEnum::Http)
        .port(80)
        .vpc_id(vpc)
        .set_tags(tags)
        .send()
        .await
        .unwrap();
}

/// Creates a distribution whose comment is like this program's, but whose tags are not.
async fn distribution(aws: &Aws) {
    let origin = cloudfront::CustomOriginConfig::builder()
        .http_port(80)
        .https_port(443)
        .origin_protocol_policy(cloudfront::OriginProtocolPolicy::HttpOnly);
    let origin = cloudfront::Origin::builder()
        .id("origin")
        .domain_name("example.com")
        .custom_origin_config(origin.build().unwrap());
    let origins = cloudfront::Origins::builder()
        .quantity(1)
        .items(origin.build().unwrap());
    let behavior = cloudfront::DefaultCacheBehavior::builder()
        .target_origin_id("origin")
        .viewer_protocol_policy(cloudfront::ViewerProtocolPolicy::RedirectToHttps)
        // The managed policy CachingDisabled.
        .cache_policy_id("4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    let config = cloudfront::DistributionConfig::builder()
        .caller_reference("gm-0123456789ab-cdn-1")
        .comment("geusemaker llm [gm-0123456789ab-cdn-1]")
        .enabled(true)
        .origins(origins.build().unwrap())
        .default_cache_behavior(behavior.build().unwrap());
    let tag = cloudfront::Tag::builder().key("Name").value("llm");
    let tags = cloudfront::Tags::builder().items(tag.build().unwrap());
    let with_tags = cloudfront::DistributionConfigWithTags::builder()
        .distribution_config(config.build().unwrap())
        .tags(tags.build());
    aws_sdk_cloudfront::Client::new(&aws.sdk_config())
        .create_distribution_with_tags()
        .distribution_config_with_tags(with_tags.build())
        .send()
        .await
        .unwrap();
}
