//! VPC endpoints.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, DnsOptionsSpecification, ResourceType, ServiceType, Tag,
    TagSpecification, VpcEndpoint, VpcEndpointType,
};
use geusemaker_testkit::{Aws, Timings};

use super::{
    account, code, default_vpc, filter, group, instant, message, new_subnet, new_vpc, subnet,
};

const S3: &str = "com.amazonaws.us-east-1.s3";
const SSM: &str = "com.amazonaws.us-east-1.ssm";

fn interface(client: &Client, vpc: &str, service: &str) -> CreateVpcEndpointFluentBuilder {
    client
        .create_vpc_endpoint()
        .vpc_id(vpc)
        .service_name(service)
        .vpc_endpoint_type(VpcEndpointType::Interface)
}

async fn create(request: CreateVpcEndpointFluentBuilder) -> VpcEndpoint {
    let created = request.send().await.unwrap();
    created.vpc_endpoint().unwrap().clone()
}

async fn state(client: &Client, id: &str) -> String {
    let found = client.describe_vpc_endpoints().vpc_endpoint_ids(id).send();
    let found = found.await.unwrap();
    found.vpc_endpoints()[0]
        .state()
        .unwrap()
        .as_str()
        .to_owned()
}

/// Deletes an endpoint and returns the codes of what could not be deleted.
async fn delete(client: &Client, id: &str) -> Vec<String> {
    let deleted = client.delete_vpc_endpoints().vpc_endpoint_ids(id).send();
    let deleted = deleted.await.unwrap();
    let failures = deleted.unsuccessful().iter();
    failures
        .map(|item| item.error().unwrap().code().unwrap().to_owned())
        .collect()
}

async fn set_dns(client: &Client, vpc: &str, support: bool, hostnames: bool) {
    let value = |value| AttributeBooleanValue::builder().value(value).build();
    let modify = || client.modify_vpc_attribute().vpc_id(vpc);
    let support = modify().enable_dns_support(value(support));
    support.send().await.unwrap();
    let hostnames = modify().enable_dns_hostnames(value(hostnames));
    hostnames.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn interface_endpoint_passes_through_its_states() {
    let (aws, client) = account(Aws::builder().seed(2));
    let vpc = default_vpc(&client).await;
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::VpcEndpoint)
        .tags(Tag::builder().key("stack").value("demo").build())
        .build();
    let request = interface(&client, &vpc, SSM)
        .subnet_ids(subnet(&client, "us-east-1a").await)
        .subnet_ids(subnet(&client, "us-east-1b").await)
        .tag_specifications(tags);
    let endpoint = create(request).await;
    let id = endpoint.vpc_endpoint_id().unwrap();
    assert_eq!(endpoint.network_interface_ids().len(), 2);
    assert_eq!(endpoint.private_dns_enabled(), Some(true));
    let names = endpoint.dns_entries().iter();
    let names: Vec<_> = names.filter_map(|entry| entry.dns_name()).collect();
    assert!(names.contains(&"ssm.us-east-1.amazonaws.com"), "{names:?}");
    assert_eq!(state(&client, id).await, "pending");
    aws.clock().sleep(Duration::from_secs(120)).await;
    assert_eq!(state(&client, id).await, "available");
    let found = client
        .describe_vpc_endpoints()
        .filters(filter("vpc-endpoint-state", "available"))
        .filters(filter("vpc-endpoint-type", "Interface"))
        .filters(filter("service-name", SSM))
        .filters(filter("tag:stack", "demo"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.vpc_endpoints().len(), 1);
    let kinds: Vec<String> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert!(kinds.contains(&"EC2::VPCEndpoint".to_owned()), "{kinds:?}");
    assert!(delete(&client, id).await.is_empty());
    assert!(delete(&client, id).await.is_empty());
    assert_eq!(state(&client, id).await, "deleting");
    aws.clock().sleep(Duration::from_secs(300)).await;
    let gone = client.describe_vpc_endpoints().vpc_endpoint_ids(id).send();
    assert_eq!(code(gone.await), "InvalidVpcEndpointId.NotFound");
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn interface_endpoint_holds_its_network() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow).consistent());
    let vpc = new_vpc(&client).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let second = new_subnet(&client, &vpc, "10.0.2.0/24").await;
    let group = client
        .create_security_group()
        .group_name("endpoints")
        .description("of a test")
        .vpc_id(&vpc)
        .send()
        .await
        .unwrap();
    let group = group.group_id().unwrap();
    let request = || {
        interface(&client, &vpc, SSM)
            .private_dns_enabled(false)
            .security_group_ids(group)
            .subnet_ids(&subnet)
    };
    let twice = request().subnet_ids(&second).send().await;
    assert_eq!(code(twice), "DuplicateSubnetsInSameZone");
    let endpoint = create(request().client_token("t")).await;
    let same = create(request().client_token("t")).await;
    let id = endpoint.vpc_endpoint_id().unwrap();
    assert_eq!(same.vpc_endpoint_id(), Some(id));
    assert_eq!(endpoint.groups()[0].group_id(), Some(group));
    let found = client
        .describe_network_interfaces()
        .filters(filter("interface-type", "vpc_endpoint"))
        .filters(filter("group-id", group))
        .send()
        .await
        .unwrap();
    assert_eq!(found.network_interfaces().len(), 1);
    assert!(delete(&client, id).await.is_empty());
    let remove_group = || client.delete_security_group().group_id(group).send();
    let remove_subnet = || client.delete_subnet().subnet_id(&subnet).send();
    assert_eq!(code(remove_group().await), "DependencyViolation");
    assert_eq!(code(remove_subnet().await), "DependencyViolation");
    aws.clock().sleep(Duration::from_secs(300)).await;
    remove_group().await.unwrap();
    remove_subnet().await.unwrap();
    let removed = client.delete_subnet().subnet_id(&second).send().await;
    removed.unwrap();
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn gateway_endpoint_adds_routes() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow).consistent());
    let vpc = new_vpc(&client).await;
    let tables = client
        .describe_route_tables()
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    let table = tables.route_tables()[0].route_table_id().unwrap();
    let request = || {
        client
            .create_vpc_endpoint()
            .vpc_id(&vpc)
            .service_name(S3)
            .route_table_ids(table)
    };
    let endpoint = create(request()).await;
    let id = endpoint.vpc_endpoint_id().unwrap();
    assert_eq!(state(&client, id).await, "available");
    assert_eq!(endpoint.route_table_ids(), [table]);
    let again = request().send().await;
    assert!(message(again).contains("already has a route with destination-prefix-list-id pl-"));
    let found = client
        .describe_route_tables()
        .filters(filter("route.gateway-id", id))
        .send()
        .await
        .unwrap();
    let routes = found.route_tables()[0].routes().iter();
    let mut routes = routes.filter(|route| route.gateway_id() == Some(id));
    let list = routes.next().unwrap().destination_prefix_list_id().unwrap();
    let delete_route = client
        .delete_route()
        .route_table_id(table)
        .destination_prefix_list_id(list);
    assert!(message(delete_route.send().await).contains("VPC endpoint route"));
    let to_endpoint = client
        .create_route()
        .route_table_id(table)
        .destination_cidr_block("0.0.0.0/0")
        .gateway_id(id);
    assert_eq!(code(to_endpoint.send().await), "InvalidParameterValue");
    let delete_vpc = || client.delete_vpc().vpc_id(&vpc).send();
    assert_eq!(code(delete_vpc().await), "DependencyViolation");
    assert!(delete(&client, id).await.is_empty());
    let routes = client.describe_route_tables().route_table_ids(table).send();
    assert_eq!(routes.await.unwrap().route_tables()[0].routes().len(), 1);
    delete_vpc().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

/// One endpoint of a service has it; S3 has it beside a gateway endpoint only.
#[tokio::test(start_paused = true)]
async fn private_dns_needs_vpc_attributes() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    for (support, hostnames) in [(true, false), (false, true)] {
        set_dns(&client, &vpc, support, hostnames).await;
        let refused = interface(&client, &vpc, SSM).send().await;
        assert!(message(refused).starts_with("Enabling private DNS requires both"));
    }
    let without = interface(&client, &vpc, SSM).private_dns_enabled(false);
    assert_eq!(create(without).await.private_dns_enabled(), Some(false));
    set_dns(&client, &vpc, true, true).await;
    create(interface(&client, &vpc, SSM)).await;
    let second = interface(&client, &vpc, SSM).send().await;
    assert!(message(second).contains("conflicting DNS domain for ssm.us-east-1"));
    let s3 = || interface(&client, &vpc, S3);
    assert_eq!(create(s3()).await.private_dns_enabled(), Some(false));
    let named = || s3().private_dns_enabled(true);
    assert_eq!(code(named().send().await), "InvalidParameter");
    let everywhere = DnsOptionsSpecification::builder()
        .private_dns_only_for_inbound_resolver_endpoint(false)
        .build();
    let endpoint = create(named().dns_options(everywhere)).await;
    delete(&client, endpoint.vpc_endpoint_id().unwrap()).await;
    let gateway = client.create_vpc_endpoint().vpc_id(&vpc).service_name(S3);
    create(gateway).await;
    create(named()).await;
}

#[tokio::test(start_paused = true)]
async fn endpoint_request_is_checked() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let unknown = interface(&client, &vpc, "com.amazonaws.us-east-1.nothing").send();
    assert_eq!(code(unknown.await), "InvalidServiceName");
    let no_vpc = interface(&client, "vpc-0123456789abcdef0", SSM).send();
    assert_eq!(code(no_vpc.await), "InvalidVpcID.NotFound");
    let gateway = client.create_vpc_endpoint().vpc_id(&vpc).service_name(SSM);
    assert_eq!(
        message(gateway.send().await),
        "Endpoint type (Gateway) does not match available service types ([Interface])."
    );
    let dry = interface(&client, &vpc, SSM).dry_run(true).send().await;
    assert_eq!(code(dry), "DryRunOperation");
    let services = client
        .describe_vpc_endpoint_services()
        .filters(filter("service-type", "Gateway"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        services.service_names(),
        ["com.amazonaws.us-east-1.dynamodb", S3]
    );
    let s3 = client.describe_vpc_endpoint_services().service_names(S3);
    let s3 = s3.send().await.unwrap();
    let types = s3.service_details()[0].service_type().iter();
    let types: Vec<_> = types.filter_map(|it| it.service_type()).collect();
    assert_eq!(types, [&ServiceType::Gateway, &ServiceType::Interface]);
}

#[tokio::test(start_paused = true)]
async fn unknown_endpoints_are_listed() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let endpoint = create(interface(&client, &vpc, SSM)).await;
    let deleted = client
        .delete_vpc_endpoints()
        .vpc_endpoint_ids("vpce-0123456789abcdef0")
        .vpc_endpoint_ids(endpoint.vpc_endpoint_id().unwrap())
        .send()
        .await
        .unwrap();
    let [failure] = deleted.unsuccessful() else {
        panic!("{deleted:?}")
    };
    assert_eq!(failure.resource_id(), Some("vpce-0123456789abcdef0"));
    let error = failure.error().unwrap();
    assert_eq!(error.code(), Some("InvalidVpcEndpointId.NotFound"));
    let left = client.describe_vpc_endpoints().send().await.unwrap();
    assert!(left.vpc_endpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn endpoint_can_be_changed() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let request = interface(&client, &vpc, SSM).subnet_ids(subnet(&client, "us-east-1a").await);
    let endpoint = create(request).await;
    let id = endpoint.vpc_endpoint_id().unwrap();
    let default_group = endpoint.groups()[0].group_id().unwrap();
    let own = group(&client, "own").await;
    let modify = || client.modify_vpc_endpoint().vpc_endpoint_id(id);
    modify()
        .add_security_group_ids(&own)
        .remove_security_group_ids(default_group)
        .private_dns_enabled(false)
        .send()
        .await
        .unwrap();
    let interfaces = client
        .describe_network_interfaces()
        .filters(filter("group-id", &own))
        .send()
        .await
        .unwrap();
    assert_eq!(interfaces.network_interfaces().len(), 1);
    let table = client.create_route_table().vpc_id(&vpc).send().await;
    let table = table.unwrap().route_table().unwrap().clone();
    let table = table.route_table_id().unwrap();
    let wrong = modify().add_route_table_ids(table).send().await;
    assert_eq!(code(wrong), "InvalidParameter");
    let gateway = client.create_vpc_endpoint().vpc_id(&vpc).service_name(S3);
    let gateway = create(gateway).await;
    let id = gateway.vpc_endpoint_id().unwrap();
    let modify = || client.modify_vpc_endpoint().vpc_endpoint_id(id);
    let routes = async || {
        let found = client.describe_route_tables().route_table_ids(table).send();
        found.await.unwrap().route_tables()[0].routes().len()
    };
    let add = modify().add_route_table_ids(table).send().await;
    add.unwrap();
    assert_eq!(routes().await, 2);
    let remove = modify().remove_route_table_ids(table).send().await;
    remove.unwrap();
    assert_eq!(routes().await, 1);
}
