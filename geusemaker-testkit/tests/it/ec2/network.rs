//! VPCs, subnets, zones and prefix lists.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use super::{code, filter, instant, message};

#[tokio::test(start_paused = true)]
async fn default_vpc_has_subnet_per_zone() {
    let (aws, client) = instant();
    let vpcs = client.describe_vpcs().send().await.unwrap();
    assert!(aws.leftovers().is_empty());
    assert_eq!(vpcs.vpcs().len(), 1);
    assert_eq!(vpcs.vpcs()[0].cidr_block(), Some("172.31.0.0/16"));
    let subnets = client.describe_subnets().send().await.unwrap();
    let mut zones: Vec<_> = subnets
        .subnets()
        .iter()
        .filter_map(|subnet| subnet.availability_zone())
        .collect();
    zones.sort_unstable();
    let expected = ["a", "b", "c", "d", "e", "f"].map(|letter| format!("us-east-1{letter}"));
    assert_eq!(zones, expected);
    for subnet in subnets.subnets() {
        assert_eq!(subnet.available_ip_address_count(), Some(4091));
        assert_eq!(subnet.map_public_ip_on_launch(), Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn zones_are_available_and_have_ids() {
    let (_, client) = instant();
    let zones = client
        .describe_availability_zones()
        .filters(filter("state", "available"))
        .send()
        .await
        .unwrap();
    assert_eq!(zones.availability_zones().len(), 6);
    assert_eq!(zones.availability_zones()[0].zone_id(), Some("use1-az2"));
}

#[tokio::test(start_paused = true)]
async fn vpc_is_deleted_only_when_empty() {
    let (aws, client) = instant();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::Vpc)
        .tags(Tag::builder().key("Name").value("one zone").build())
        .build();
    let vpc = client
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .tag_specifications(tags)
        .send()
        .await
        .unwrap();
    let vpc = vpc.vpc().unwrap();
    assert_eq!(vpc.is_default(), Some(false));
    assert_eq!(vpc.tags()[0].value(), Some("one zone"));
    let vpc = vpc.vpc_id().unwrap();
    let new_subnet = |cidr: &str| client.create_subnet().vpc_id(vpc).cidr_block(cidr);
    let subnet = new_subnet("10.0.1.0/24")
        .availability_zone("us-east-1b")
        .send()
        .await
        .unwrap();
    let subnet = subnet.subnet().unwrap();
    assert_eq!(subnet.availability_zone_id(), Some("use1-az4"));
    assert_eq!(subnet.available_ip_address_count(), Some(251));
    assert_eq!(
        code(new_subnet("10.0.1.128/25").send().await),
        "InvalidSubnet.Conflict"
    );
    assert_eq!(
        code(new_subnet("10.1.0.0/24").send().await),
        "InvalidSubnet.Range"
    );
    assert_eq!(
        code(new_subnet("10.0.9.0").send().await),
        "InvalidParameterValue"
    );
    let delete_vpc = client.delete_vpc().vpc_id(vpc);
    assert_eq!(code(delete_vpc.clone().send().await), "DependencyViolation");
    let delete_subnet = client
        .delete_subnet()
        .subnet_id(subnet.subnet_id().unwrap());
    delete_subnet.clone().send().await.unwrap();
    assert_eq!(code(delete_subnet.send().await), "InvalidSubnetID.NotFound");
    delete_vpc.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

/// A filter that matches nothing succeeds with an empty list.
#[tokio::test(start_paused = true)]
async fn unknown_id_is_refused() {
    let (_, client) = instant();
    let by_id = client
        .describe_vpcs()
        .vpc_ids("vpc-0123456789abcdef0")
        .send();
    assert_eq!(code(by_id.await), "InvalidVpcID.NotFound");
    let malformed = client.describe_subnets().subnet_ids("subnet-1").send();
    assert_eq!(code(malformed.await), "InvalidSubnetID.Malformed");
    let filtered = client
        .describe_vpcs()
        .filters(filter("vpc-id", "vpc-0123456789abcdef0"))
        .send();
    assert!(filtered.await.unwrap().vpcs().is_empty());
}

/// The message names the filter, the parameter or the operation.
#[tokio::test(start_paused = true)]
async fn unsupported_request_is_refused() {
    let (_, client) = instant();
    let filtered = client
        .describe_vpcs()
        .filters(filter("no-such-filter", "x"))
        .send();
    assert!(message(filtered.await).contains("no-such-filter"));
    let parameter = client
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .amazon_provided_ipv6_cidr_block(true)
        .send();
    assert!(message(parameter.await).contains("AmazonProvidedIpv6CidrBlock"));
    let operation = client.describe_carrier_gateways().send();
    assert!(message(operation.await).contains("DescribeCarrierGateways"));
}

#[tokio::test(start_paused = true)]
async fn subnet_pages_have_requested_size() {
    let (_, client) = instant();
    let mut pages = client
        .describe_subnets()
        .max_results(5)
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().subnets().len());
    }
    assert_eq!(sizes, [5, 1]);
    let too_small = client.describe_subnets().max_results(4).send();
    assert_eq!(
        message(too_small.await),
        "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5."
    );
}

#[tokio::test(start_paused = true)]
async fn prefix_list_is_found_by_name() {
    let (_, client) = instant();
    let lists = client
        .describe_managed_prefix_lists()
        .filters(filter(
            "prefix-list-name",
            "com.amazonaws.global.cloudfront.origin-facing",
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(
        lists.prefix_lists()[0].prefix_list_id(),
        Some("pl-3b927c52")
    );
}

#[tokio::test(start_paused = true)]
async fn prefix_list_entries_come_in_pages() {
    let (_, client) = instant();
    let mut pages = client
        .get_managed_prefix_list_entries()
        .prefix_list_id("pl-3b927c52")
        .max_results(4)
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().entries().len());
    }
    assert_eq!(sizes, [4, 2]);
    let services = client.describe_prefix_lists().send().await.unwrap();
    let names: Vec<_> = services
        .prefix_lists()
        .iter()
        .filter_map(|list| list.prefix_list_name())
        .collect();
    let expected = [
        "com.amazonaws.us-east-1.dynamodb",
        "com.amazonaws.us-east-1.s3",
    ];
    assert_eq!(names, expected);
}

/// The parameters are checked all the same.
#[tokio::test(start_paused = true)]
async fn dry_run_changes_nothing() {
    let (aws, client) = instant();
    let good = client
        .create_security_group()
        .group_name("dry")
        .description("dry")
        .dry_run(true)
        .send();
    assert_eq!(code(good.await), "DryRunOperation");
    assert!(aws.leftovers().is_empty());
    let bad = client
        .create_security_group()
        .group_name("sg-dry")
        .description("dry")
        .dry_run(true)
        .send();
    assert_eq!(code(bad.await), "InvalidParameterValue");
}
