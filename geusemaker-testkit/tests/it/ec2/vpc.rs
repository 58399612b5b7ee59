//! The default VPC and other VPCs: their attributes, and the resources that belong to them.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, VpcAttributeName};

use super::{code, default_vpc, filter, instant, new_vpc};

fn value(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

/// The VPC's route table, network ACL and security group are deleted with the VPC.
#[tokio::test(start_paused = true)]
async fn vpc_comes_with_route_table_and_acl() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    // Resources that are deleted with the VPC are no leftovers of their own.
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

/// The block of a VPC has 16 to 65536 addresses.
#[tokio::test(start_paused = true)]
async fn vpc_block_size_is_limited() {
    let (_, client) = instant();
    for cidr in ["10.0.0.0/15", "10.0.0.0/29"] {
        let created = client.create_vpc().cidr_block(cidr).send().await;
        assert_eq!(code(created), "InvalidVpc.Range");
    }
}

/// In another VPC they are enabled on request.
#[tokio::test(start_paused = true)]
async fn default_vpc_enables_dns_hostnames() {
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
async fn default_vpc_can_be_recreated() {
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
async fn vpcs_share_dhcp_options_of_region() {
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

/// NAT gateways, VPC endpoints, peerings and VPN gateways cannot be created here.
#[tokio::test(start_paused = true)]
async fn empty_kinds_are_listed() {
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
