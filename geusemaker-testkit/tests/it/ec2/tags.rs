//! Tags: filters, changes and limits.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use super::{code, default_vpc, filter, group, instant};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[tokio::test(start_paused = true)]
async fn resources_are_found_by_tag() {
    let (_, client) = instant();
    let tagged = group(&client, "tagged").await;
    group(&client, "other").await;
    client
        .create_tags()
        .resources(&tagged)
        .tags(tag("deployment", "llm"))
        .send()
        .await
        .unwrap();
    for filter in [
        filter("tag:deployment", "ll*"),
        filter("tag-key", "deployment"),
    ] {
        let found = client.describe_security_groups().filters(filter).send();
        let found = found.await.unwrap();
        assert_eq!(found.security_groups().len(), 1);
        assert_eq!(found.security_groups()[0].group_id(), Some(tagged.as_str()));
    }
    let described = client
        .describe_tags()
        .filters(filter("resource-type", "security-group"))
        .send()
        .await
        .unwrap();
    assert_eq!(described.tags()[0].resource_id(), Some(tagged.as_str()));
}

#[tokio::test(start_paused = true)]
async fn tag_is_deleted_only_if_value_matches() {
    let (_, client) = instant();
    let id = group(&client, "tagged").await;
    client
        .create_tags()
        .resources(&id)
        .tags(tag("a", "1"))
        .tags(tag("b", "2"))
        .send()
        .await
        .unwrap();
    let delete = client.delete_tags().resources(&id);
    delete.clone().tags(tag("a", "9")).send().await.unwrap();
    delete
        .tags(Tag::builder().key("b").build())
        .send()
        .await
        .unwrap();
    let left = client
        .describe_tags()
        .filters(filter("resource-id", &id))
        .send();
    let left = left.await.unwrap();
    assert_eq!(left.tags().len(), 1);
    assert_eq!(left.tags()[0].key(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn resource_has_at_most_50_tags() {
    let (_, client) = instant();
    let id = group(&client, "tagged").await;
    let tags = (0..50).map(|n| tag(&format!("key{n}"), "x")).collect();
    let create = client.create_tags().resources(&id);
    create.clone().set_tags(Some(tags)).send().await.unwrap();
    create
        .clone()
        .tags(tag("key0", "new value"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        code(create.tags(tag("one more", "x")).send().await),
        "TagLimitExceeded"
    );
}

/// A key that starts with `aws:` is refused too.
#[tokio::test(start_paused = true)]
async fn tag_on_missing_resource_is_refused() {
    let (_, client) = instant();
    let missing = client
        .create_tags()
        .resources("i-0123456789abcdef0")
        .tags(tag("a", "b"))
        .send();
    assert_eq!(code(missing.await), "InvalidInstanceID.NotFound");
    let reserved = client
        .create_tags()
        .resources(group(&client, "tagged").await)
        .tags(tag("aws:name", "b"))
        .send();
    assert_eq!(code(reserved.await), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn network_resources_have_tags() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let gateways = client.describe_internet_gateways().send().await.unwrap();
    let tables = client.describe_route_tables().send().await.unwrap();
    let acls = client.describe_network_acls().send().await.unwrap();
    let options = client.describe_dhcp_options().send().await.unwrap();
    let address = client.allocate_address().send().await.unwrap();
    let ids = [
        vpc.as_str(),
        gateways.internet_gateways()[0]
            .internet_gateway_id()
            .unwrap(),
        tables.route_tables()[0].route_table_id().unwrap(),
        acls.network_acls()[0].network_acl_id().unwrap(),
        options.dhcp_options()[0].dhcp_options_id().unwrap(),
        address.allocation_id().unwrap(),
    ];
    client
        .create_tags()
        .set_resources(Some(ids.map(str::to_owned).to_vec()))
        .tags(tag("part", "network"))
        .tags(tag("other", "network"))
        .send()
        .await
        .unwrap();
    // DescribeTags applies a filter on a key to the tags themselves.
    let described = client
        .describe_tags()
        .filters(filter("tag:part", "network"))
        .send();
    let described = described.await.unwrap();
    let mut kinds: Vec<_> = described
        .tags()
        .iter()
        .map(|tag| tag.resource_type().unwrap().as_str())
        .collect();
    kinds.sort_unstable();
    let expected = [
        "dhcp-options",
        "elastic-ip",
        "internet-gateway",
        "network-acl",
        "route-table",
        "vpc",
    ];
    assert_eq!(kinds, expected);
}

/// A tag specification needs at least one tag and the type of the created resource.
#[tokio::test(start_paused = true)]
async fn tag_lengths_are_limited() {
    let (aws, client) = instant();
    let create = |tags: Option<Vec<Tag>>| {
        let specification = TagSpecification::builder()
            .resource_type(ResourceType::InternetGateway)
            .set_tags(tags);
        client
            .create_internet_gateway()
            .tag_specifications(specification.build())
            .send()
    };
    let longest = tag(&"k".repeat(128), &"v".repeat(256));
    let key_too_long = tag(&"k".repeat(129), "v");
    let value_too_long = tag("k", &"v".repeat(257));
    for refused in [None, Some(vec![key_too_long]), Some(vec![value_too_long])] {
        assert_eq!(code(create(refused).await), "InvalidParameterValue");
    }
    assert!(aws.leftovers().is_empty());
    let created = create(Some(vec![longest])).await.unwrap();
    assert_eq!(created.internet_gateway().unwrap().tags().len(), 1);
    let other_kind = TagSpecification::builder()
        .resource_type(ResourceType::Subnet)
        .tags(tag("a", "b"))
        .build();
    let created = client
        .create_internet_gateway()
        .tag_specifications(other_kind);
    assert_eq!(code(created.send().await), "InvalidParameterValue");
}
