//! NAT gateways.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::types::{
    ConnectivityType, NatGateway, NatGatewayState, ResourceType, RouteState, Tag, TagSpecification,
};
use geusemaker_testkit::{Aws, Fault, Quota, Timings};

use super::{
    account, allocate, attach_gateway, code, default_vpc, filter, instant, message, new_subnet,
    new_vpc, subnet,
};

const PATIENCE: Duration = Duration::from_secs(900);

/// Creates a public NAT gateway and returns its id.
async fn create(client: &Client, subnet: &str, allocation: &str) -> String {
    let created = client
        .create_nat_gateway()
        .subnet_id(subnet)
        .allocation_id(allocation)
        .send()
        .await
        .unwrap();
    let gateway = created.nat_gateway().unwrap();
    gateway.nat_gateway_id().unwrap().to_owned()
}

async fn describe(client: &Client, id: &str) -> NatGateway {
    let found = client.describe_nat_gateways().nat_gateway_ids(id).send();
    found.await.unwrap().nat_gateways()[0].clone()
}

async fn delete(client: &Client, id: &str) {
    let deleted = client.delete_nat_gateway().nat_gateway_id(id).send();
    deleted.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nat_gateway_passes_through_its_states() {
    let (aws, client) = account(Aws::builder().seed(3));
    let allocation = allocate(&client).await;
    let id = create(&client, &subnet(&client, "us-east-1a").await, &allocation).await;
    assert_eq!(
        describe(&client, &id).await.state(),
        Some(&NatGatewayState::Pending)
    );
    let wait = client.wait_until_nat_gateway_available();
    wait.nat_gateway_ids(&id).wait(PATIENCE).await.unwrap();
    let available = describe(&client, &id).await;
    let address = &available.nat_gateway_addresses()[0];
    assert_eq!(address.allocation_id(), Some(allocation.as_str()));
    assert_eq!(
        available.connectivity_type(),
        Some(&ConnectivityType::Public)
    );
    delete(&client, &id).await;
    delete(&client, &id).await;
    assert_eq!(
        describe(&client, &id).await.state(),
        Some(&NatGatewayState::Deleting)
    );
    let wait = client.wait_until_nat_gateway_deleted();
    wait.nat_gateway_ids(&id).wait(PATIENCE).await.unwrap();
    let again = client.delete_nat_gateway().nat_gateway_id(&id).send();
    assert_eq!(code(again.await), "NatGatewayNotFound");
    let release = client.release_address().allocation_id(&allocation);
    release.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
    aws.clock().sleep(Duration::from_secs(3700)).await;
    let gone = client.describe_nat_gateways().nat_gateway_ids(&id).send();
    assert_eq!(code(gone.await), "NatGatewayNotFound");
    let malformed = client.describe_nat_gateways().nat_gateway_ids("nat-1");
    assert_eq!(code(malformed.send().await), "NatGatewayMalformed");
}

/// It holds them until it is deleted.
#[tokio::test(start_paused = true)]
async fn nat_gateway_holds_network_and_address() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow).consistent());
    let vpc = new_vpc(&client).await;
    let gateway = attach_gateway(&client, &vpc).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let allocation = allocate(&client).await;
    let id = create(&client, &subnet, &allocation).await;
    let interfaces = client
        .describe_network_interfaces()
        .filters(filter("interface-type", "nat_gateway"))
        .send()
        .await
        .unwrap();
    let interface = &interfaces.network_interfaces()[0];
    assert_eq!(interface.requester_managed(), Some(true));
    let interface_type = interface.interface_type().unwrap();
    assert_eq!(interface_type.as_str(), "nat_gateway");
    let association = interface.association().unwrap();
    assert_eq!(association.allocation_id(), Some(allocation.as_str()));
    let kinds: Vec<String> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert!(kinds.contains(&"EC2::NatGateway".to_owned()), "{kinds:?}");

    delete(&client, &id).await;
    let release = || client.release_address().allocation_id(&allocation).send();
    assert_eq!(code(release().await), "AuthFailure");
    let disassociate = client
        .disassociate_address()
        .association_id(association.association_id().unwrap());
    assert_eq!(code(disassociate.send().await), "AuthFailure");
    let detach = || {
        let detach = client.detach_internet_gateway().vpc_id(&vpc);
        detach.internet_gateway_id(&gateway).send()
    };
    assert!(message(detach().await).contains("mapped public address"));
    let remove_subnet = || client.delete_subnet().subnet_id(&subnet).send();
    assert_eq!(code(remove_subnet().await), "DependencyViolation");
    aws.clock().sleep(Duration::from_secs(150)).await;
    release().await.unwrap();
    detach().await.unwrap();
    remove_subnet().await.unwrap();
    client
        .delete_internet_gateway()
        .internet_gateway_id(&gateway)
        .send()
        .await
        .unwrap();
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

/// The call succeeds; the state tells of the failure.
#[tokio::test(start_paused = true)]
async fn nat_gateway_without_internet_fails() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    let cut_off = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let allocation = allocate(&client).await;
    let first = create(&client, &cut_off, &allocation).await;
    let failed = describe(&client, &first).await;
    assert_eq!(failed.state(), Some(&NatGatewayState::Failed));
    assert_eq!(failed.failure_code(), Some("Gateway.NotAttached"));
    let expected = format!("Network {vpc} has no Internet gateway attached");
    assert_eq!(failed.failure_message(), Some(expected.as_str()));
    let open = subnet(&client, "us-east-1a").await;
    let working = create(&client, &open, &allocation).await;
    let second = create(&client, &open, &allocation).await;
    let failed = describe(&client, &second).await;
    assert_eq!(failed.failure_code(), Some("Resource.AlreadyAssociated"));
    let found = client
        .describe_nat_gateways()
        .filter(filter("state", "failed"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.nat_gateways().len(), 2);
    delete(&client, &second).await;
    delete(&client, &working).await;
    let release = client.release_address().allocation_id(&allocation);
    release.send().await.unwrap();
    // Nothing holds the network of a failed gateway.
    client
        .delete_subnet()
        .subnet_id(&cut_off)
        .send()
        .await
        .unwrap();
    client.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nat_gateway_fails_by_fault() {
    let (aws, client) = instant();
    aws.inject(Fault::on("CreateNatGateway").fails("InternalError"));
    let allocation = allocate(&client).await;
    let id = create(&client, &subnet(&client, "us-east-1a").await, &allocation).await;
    let failed = describe(&client, &id).await;
    assert_eq!(failed.failure_code(), Some("InternalError"));
    let release = client.release_address().allocation_id(&allocation);
    release.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nat_gateway_request_is_checked() {
    let (_, client) = instant();
    let subnet = subnet(&client, "us-east-1a").await;
    let create = || client.create_nat_gateway().subnet_id(&subnet);
    assert_eq!(code(create().send().await), "MissingParameter");
    let unknown = create().allocation_id("eipalloc-0123456789abcdef0");
    assert_eq!(code(unknown.send().await), "InvalidAllocationID.NotFound");
    let elsewhere = client
        .create_nat_gateway()
        .subnet_id("subnet-0123456789abcdef0");
    assert_eq!(code(elsewhere.send().await), "InvalidSubnetID.NotFound");
    let allocation = allocate(&client).await;
    let private = || create().connectivity_type(ConnectivityType::Private);
    let both = private().allocation_id(&allocation);
    assert_eq!(code(both.send().await), "InvalidParameterCombination");
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::Natgateway)
        .tags(Tag::builder().key("stack").value("demo").build())
        .build();
    let alone = private().tag_specifications(tags).send().await.unwrap();
    let gateway = alone.nat_gateway().unwrap();
    assert_eq!(gateway.nat_gateway_addresses()[0].public_ip(), None);
    assert_eq!(gateway.tags()[0].value(), Some("demo"));

    let named = |token: &str| create().allocation_id(&allocation).client_token(token);
    let dry = named("t").dry_run(true).send().await;
    assert_eq!(code(dry), "DryRunOperation");
    let one = named("t").send().await.unwrap();
    let same = named("t").send().await.unwrap();
    let id = |gateway: Option<&NatGateway>| gateway.unwrap().nat_gateway_id().map(str::to_owned);
    assert_eq!(id(one.nat_gateway()), id(same.nat_gateway()));
    assert_eq!(same.client_token(), Some("t"));
    let other = private().client_token("t").send().await;
    assert_eq!(code(other), "IdempotentParameterMismatch");
}

#[tokio::test(start_paused = true)]
async fn zone_has_five_nat_gateways() {
    let (_, client) = account(
        Aws::builder()
            .timings(Timings::Instant)
            .quota(Quota::NatGatewaysPerZone, 1),
    );
    let create = async |zone: &str| {
        let subnet = subnet(&client, zone).await;
        let private = client.create_nat_gateway().subnet_id(subnet);
        let private = private.connectivity_type(ConnectivityType::Private);
        private.send().await
    };
    let first = create("us-east-1a").await.unwrap();
    let refused = create("us-east-1a").await;
    assert_eq!(code(refused), "NatGatewayLimitExceeded");
    create("us-east-1b").await.unwrap();
    let gateway = first.nat_gateway().unwrap();
    delete(&client, gateway.nat_gateway_id().unwrap()).await;
    create("us-east-1a").await.unwrap();
    assert_eq!(Quota::NatGatewaysPerZone.default_value(), Some(5));
}

/// The route stays when the gateway is gone.
#[tokio::test(start_paused = true)]
async fn route_to_deleted_nat_gateway_is_blackhole() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let allocation = allocate(&client).await;
    let id = create(&client, &subnet(&client, "us-east-1a").await, &allocation).await;
    let table = client.create_route_table().vpc_id(&vpc).send().await;
    let table = table.unwrap().route_table().unwrap().clone();
    let table = table.route_table_id().unwrap();
    let route = |id: &str| {
        let route = client.create_route().route_table_id(table);
        let route = route.destination_cidr_block("0.0.0.0/0");
        route.nat_gateway_id(id).send()
    };
    let unknown = route("nat-0123456789abcdef0").await;
    assert_eq!(code(unknown), "InvalidNatGatewayID.NotFound");
    route(&id).await.unwrap();
    let state = async || {
        let found = client
            .describe_route_tables()
            .filters(filter("route.nat-gateway-id", &id))
            .send()
            .await
            .unwrap();
        let routes = found.route_tables()[0].routes().to_vec();
        let own = routes.iter().find(|it| it.nat_gateway_id() == Some(&*id));
        own.unwrap().state().unwrap().clone()
    };
    assert_eq!(state().await, RouteState::Active);
    delete(&client, &id).await;
    assert_eq!(state().await, RouteState::Blackhole);
    let other = new_vpc(&client).await;
    let far = new_subnet(&client, &other, "10.0.1.0/24").await;
    let far = client.create_nat_gateway().subnet_id(far);
    let far = far.connectivity_type(ConnectivityType::Private).send();
    let far = far.await.unwrap().nat_gateway().unwrap().clone();
    let replace = client
        .replace_route()
        .route_table_id(table)
        .destination_cidr_block("0.0.0.0/0")
        .nat_gateway_id(far.nat_gateway_id().unwrap());
    assert!(message(replace.send().await).contains("belong to different networks"));
}
