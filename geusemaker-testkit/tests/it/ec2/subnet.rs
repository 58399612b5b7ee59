//! Subnets: public addresses, deletion and zones.

use aws_sdk_ec2::types::AttributeBooleanValue;

use super::{code, instance_in, instant, message, new_subnet, new_vpc};

#[tokio::test(start_paused = true)]
async fn subnet_controls_public_addresses() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let before = instance_in(&client, &subnet).await;
    assert_eq!(before.public_ip_address(), None);
    let on = AttributeBooleanValue::builder().value(true).build();
    client
        .modify_subnet_attribute()
        .subnet_id(&subnet)
        .map_public_ip_on_launch(on)
        .send()
        .await
        .unwrap();
    let described = client.describe_subnets().subnet_ids(&subnet).send();
    let described = described.await.unwrap();
    let described = &described.subnets()[0];
    assert_eq!(described.map_public_ip_on_launch(), Some(true));
    assert_eq!(described.available_ip_address_count(), Some(250));
    let after = instance_in(&client, &subnet).await;
    assert!(after.public_ip_address().is_some());
}

#[tokio::test(start_paused = true)]
async fn subnet_with_interface_is_not_deleted() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let interface = client.create_network_interface().subnet_id(&subnet).send();
    let interface = interface.await.unwrap();
    let interface = interface.network_interface().unwrap();
    let delete = client.delete_subnet().subnet_id(&subnet);
    assert_eq!(code(delete.clone().send().await), "DependencyViolation");
    client
        .delete_network_interface()
        .network_interface_id(interface.network_interface_id().unwrap())
        .send()
        .await
        .unwrap();
    delete.send().await.unwrap();
    client.delete_vpc().vpc_id(vpc).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn unknown_zone_error_lists_zones() {
    let (_, client) = instant();
    let created = client
        .create_subnet()
        .vpc_id(new_vpc(&client).await)
        .cidr_block("10.0.1.0/24")
        .availability_zone("us-east-1x")
        .send()
        .await;
    assert!(message(created).contains("us-east-1a, us-east-1b"));
}
