//! VPCs of one's own and the default one: attributes, and what comes and goes with them.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, VpcAttributeName};

use super::{code, default_vpc, filter, instant, new_vpc};

fn value(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

#[tokio::test(start_paused = true)]
async fn a_vpc_comes_and_goes_with_its_group_route_table_and_acl() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    // What goes with it is not left over beside it.
    let kinds: Vec<_> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["EC2::VPC"]);
    let tables = client
        .describe_route_tables()
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    assert_eq!(tables.route_tables().len(), 1);
    let acls = client
        .describe_network_acls()
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    let acl = &acls.network_acls()[0];
    assert_eq!(acl.is_default(), Some(true));
    assert_eq!(acl.entries().len(), 4);
    client.delete_vpc().vpc_id(vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_block_has_between_16_and_65536_addresses() {
    let (_, client) = instant();
    for cidr in ["10.0.0.0/15", "10.0.0.0/29"] {
        let created = client.create_vpc().cidr_block(cidr).send().await;
        assert_eq!(code(created), "InvalidVpc.Range");
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_given_in_the_default_vpc_and_elsewhere_on_request() {
    let (_, client) = instant();
    async fn hostnames(client: &Client, vpc: &str) -> Option<bool> {
        let described = client
            .describe_vpc_attribute()
            .vpc_id(vpc)
            .attribute(VpcAttributeName::EnableDnsHostnames)
            .send()
            .await
            .unwrap();
        assert!(described.enable_dns_support().is_none());
        described.enable_dns_hostnames()?.value()
    }
    let default = default_vpc(&client).await;
    assert_eq!(hostnames(&client, &default).await, Some(true));
    let vpc = new_vpc(&client).await;
    assert_eq!(hostnames(&client, &vpc).await, Some(false));
    let modify = client.modify_vpc_attribute().vpc_id(&vpc);
    modify
        .clone()
        .enable_dns_hostnames(value(true))
        .send()
        .await
        .unwrap();
    assert_eq!(hostnames(&client, &vpc).await, Some(true));
    let both = modify
        .enable_dns_hostnames(value(true))
        .enable_dns_support(value(true));
    assert_eq!(code(both.send().await), "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn the_default_vpc_can_be_taken_apart_and_made_again() {
    let (aws, client) = instant();
    let again = client.create_default_vpc();
    assert_eq!(code(again.clone().send().await), "DefaultVpcAlreadyExists");
    let vpc = default_vpc(&client).await;
    let gateways = client.describe_internet_gateways().send().await.unwrap();
    let gateway = gateways.internet_gateways()[0]
        .internet_gateway_id()
        .unwrap();
    client
        .detach_internet_gateway()
        .internet_gateway_id(gateway)
        .vpc_id(&vpc)
        .send()
        .await
        .unwrap();
    client
        .delete_internet_gateway()
        .internet_gateway_id(gateway)
        .send()
        .await
        .unwrap();
    let subnets = client.describe_subnets().send().await.unwrap();
    for subnet in subnets.subnets() {
        client
            .delete_subnet()
            .subnet_id(subnet.subnet_id().unwrap())
            .send()
            .await
            .unwrap();
    }
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
    let no_zone = client
        .create_default_subnet()
        .availability_zone("us-east-1a");
    assert_eq!(code(no_zone.clone().send().await), "DefaultVpcDoesNotExist");
    let made = again.send().await.unwrap();
    assert_eq!(made.vpc().unwrap().is_default(), Some(true));
    assert_eq!(
        code(no_zone.send().await),
        "DefaultSubnetAlreadyExistsInAvailabilityZone"
    );
    let subnets = client.describe_subnets().send().await.unwrap();
    assert_eq!(subnets.subnets().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn all_vpcs_use_the_dhcp_options_of_the_region() {
    let (_, client) = instant();
    let sets = client.describe_dhcp_options().send().await.unwrap();
    let [set] = sets.dhcp_options() else {
        panic!("one set was expected");
    };
    let vpcs = client
        .describe_vpcs()
        .filters(filter("dhcp-options-id", set.dhcp_options_id().unwrap()))
        .send()
        .await
        .unwrap();
    assert_eq!(vpcs.vpcs().len(), 1);
    assert_eq!(
        set.dhcp_configurations()[1].values()[0].value(),
        Some("AmazonProvidedDNS")
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_make_here_is_listed_as_nothing() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let nat = client
        .describe_nat_gateways()
        .filter(filter("vpc-id", &vpc))
        .send();
    assert!(nat.await.unwrap().nat_gateways().is_empty());
    let endpoints = client
        .describe_vpc_endpoints()
        .filters(filter("vpc-id", &vpc))
        .send();
    assert!(endpoints.await.unwrap().vpc_endpoints().is_empty());
    let peerings = client
        .describe_vpc_peering_connections()
        .filters(filter("requester-vpc-info.vpc-id", &vpc))
        .send();
    assert!(peerings.await.unwrap().vpc_peering_connections().is_empty());
    let vpn = client
        .describe_vpn_gateways()
        .filters(filter("attachment.vpc-id", &vpc))
        .send();
    assert!(vpn.await.unwrap().vpn_gateways().is_empty());
    let by_id = client
        .describe_nat_gateways()
        .nat_gateway_ids("nat-0123456789abcdef0")
        .send();
    assert_eq!(code(by_id.await), "NatGatewayNotFound");
}
