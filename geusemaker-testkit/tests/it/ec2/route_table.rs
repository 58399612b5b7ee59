//! Route tables, routes and associations.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::RouteTable;

use super::{code, filter, instant, new_subnet, new_vpc};

async fn new_table(client: &Client, vpc: &str) -> String {
    let created = client
        .create_route_table()
        .vpc_id(vpc)
        .send()
        .await
        .unwrap();
    let table = created.route_table().unwrap();
    table.route_table_id().unwrap().to_owned()
}

async fn table(client: &Client, id: &str) -> RouteTable {
    let found = client.describe_route_tables().route_table_ids(id).send();
    found.await.unwrap().route_tables()[0].clone()
}

async fn main_table(client: &Client, vpc: &str) -> RouteTable {
    let found = client
        .describe_route_tables()
        .filters(filter("vpc-id", vpc))
        .filters(filter("association.main", "true"))
        .send();
    found.await.unwrap().route_tables()[0].clone()
}

/// Creates an internet gateway and attaches it to the VPC.
async fn gateway(client: &Client, vpc: &str) -> String {
    let created = client.create_internet_gateway().send().await.unwrap();
    let gateway = created.internet_gateway().unwrap();
    let id = gateway.internet_gateway_id().unwrap();
    client
        .attach_internet_gateway()
        .internet_gateway_id(id)
        .vpc_id(vpc)
        .send()
        .await
        .unwrap();
    id.to_owned()
}

fn routes(table: &RouteTable) -> Vec<(String, String, String)> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    table
        .routes()
        .iter()
        .map(|route| {
            (
                text(route.destination_cidr_block()),
                text(route.gateway_id().or(route.network_interface_id())),
                text(route.state().map(|state| state.as_str())),
            )
        })
        .collect()
}

/// A new VPC has only the local route.
#[tokio::test(start_paused = true)]
async fn default_vpc_routes_to_gateway() {
    let (aws, client) = instant();
    let tables = client.describe_route_tables().send().await.unwrap();
    assert!(aws.leftovers().is_empty());
    let [default] = tables.route_tables() else {
        panic!("one table was expected");
    };
    let to = &routes(default)[1];
    assert_eq!(to.0, "0.0.0.0/0");
    assert!(to.1.starts_with("igw-"));
    assert_eq!(default.associations()[0].main(), Some(true));
    let vpc = new_vpc(&client).await;
    let main = main_table(&client, &vpc).await;
    assert_eq!(
        routes(&main),
        [("10.0.0.0/16".into(), "local".into(), "active".into())]
    );
}

#[tokio::test(start_paused = true)]
async fn routes_are_created_replaced_and_deleted() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    let id = new_table(&client, &vpc).await;
    let gateway = gateway(&client, &vpc).await;
    let create = client
        .create_route()
        .route_table_id(&id)
        .destination_cidr_block("0.0.0.0/0");
    create.clone().gateway_id(&gateway).send().await.unwrap();
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let interface = client.create_network_interface().subnet_id(subnet).send();
    let interface = interface.await.unwrap();
    let interface = interface.network_interface().unwrap();
    let interface = interface.network_interface_id().unwrap();
    let other = create.clone().network_interface_id(interface).send();
    assert_eq!(code(other.await), "RouteAlreadyExists");
    client
        .replace_route()
        .route_table_id(&id)
        .destination_cidr_block("0.0.0.0/0")
        .network_interface_id(interface)
        .send()
        .await
        .unwrap();
    // No instance uses the interface, so traffic to it is lost.
    let to = &routes(&table(&client, &id).await)[1];
    assert_eq!((to.1.as_str(), to.2.as_str()), (interface, "blackhole"));
    let delete = client
        .delete_route()
        .route_table_id(&id)
        .destination_cidr_block("0.0.0.0/0");
    delete.clone().send().await.unwrap();
    assert_eq!(code(delete.send().await), "InvalidRoute.NotFound");
    let local = client
        .delete_route()
        .route_table_id(&id)
        .destination_cidr_block("10.0.0.0/16");
    assert_eq!(code(local.send().await), "InvalidParameterValue");
    let nothing = create.gateway_id("igw-0123456789abcdef0");
    assert_eq!(code(nothing.send().await), "InvalidGatewayID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn route_to_detached_gateway_is_blackhole() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    let id = new_table(&client, &vpc).await;
    let gateway = gateway(&client, &vpc).await;
    client
        .create_route()
        .route_table_id(&id)
        .destination_cidr_block("0.0.0.0/0")
        .gateway_id(&gateway)
        .send()
        .await
        .unwrap();
    assert_eq!(routes(&table(&client, &id).await)[1].2, "active");
    client
        .detach_internet_gateway()
        .internet_gateway_id(&gateway)
        .vpc_id(&vpc)
        .send()
        .await
        .unwrap();
    assert_eq!(routes(&table(&client, &id).await)[1].2, "blackhole");
}

#[tokio::test(start_paused = true)]
async fn associated_table_cannot_be_deleted() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let [one, two] = [
        new_table(&client, &vpc).await,
        new_table(&client, &vpc).await,
    ];
    let associate = client.associate_route_table().subnet_id(&subnet);
    let associated = associate.clone().route_table_id(&one).send().await.unwrap();
    let association = associated.association_id().unwrap();
    assert_eq!(
        code(associate.route_table_id(&two).send().await),
        "Resource.AlreadyAssociated"
    );
    let delete = |id: &str| client.delete_route_table().route_table_id(id).send();
    assert_eq!(code(delete(&one).await), "DependencyViolation");
    let replaced = client
        .replace_route_table_association()
        .association_id(association)
        .route_table_id(&two)
        .send()
        .await
        .unwrap();
    let found = client
        .describe_route_tables()
        .filters(filter("association.subnet-id", &subnet))
        .send();
    let found = found.await.unwrap();
    assert_eq!(found.route_tables()[0].route_table_id(), Some(two.as_str()));
    delete(&one).await.unwrap();
    let disassociate = |id: &str| client.disassociate_route_table().association_id(id).send();
    assert_eq!(
        code(disassociate(association).await),
        "InvalidAssociationID.NotFound"
    );
    disassociate(replaced.new_association_id().unwrap())
        .await
        .unwrap();
    let delete_vpc = client.delete_vpc().vpc_id(&vpc);
    client
        .delete_subnet()
        .subnet_id(subnet)
        .send()
        .await
        .unwrap();
    assert_eq!(code(delete_vpc.clone().send().await), "DependencyViolation");
    delete(&two).await.unwrap();
    delete_vpc.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn main_route_table_can_be_replaced() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    let old = main_table(&client, &vpc).await;
    let old_id = old.route_table_id().unwrap();
    let association = old.associations()[0].route_table_association_id().unwrap();
    let disassociated = client
        .disassociate_route_table()
        .association_id(association)
        .send();
    assert_eq!(code(disassociated.await), "InvalidParameterValue");
    let delete = client.delete_route_table().route_table_id(old_id);
    assert_eq!(code(delete.clone().send().await), "DependencyViolation");
    let new = new_table(&client, &vpc).await;
    client
        .replace_route_table_association()
        .association_id(association)
        .route_table_id(&new)
        .send()
        .await
        .unwrap();
    let main = main_table(&client, &vpc).await;
    assert_eq!(main.route_table_id(), Some(new.as_str()));
    delete.send().await.unwrap();
}
