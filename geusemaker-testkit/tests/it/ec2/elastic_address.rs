//! Elastic IP addresses.

use super::{code, filter, instance_in, instant, message, new_subnet, new_vpc, subnet};

#[tokio::test(start_paused = true)]
async fn elastic_ip_replaces_public_ip() {
    let (aws, client) = instant();
    let instance = instance_in(&client, &subnet(&client, "us-east-1a").await).await;
    let id = instance.instance_id().unwrap();
    let allocated = client.allocate_address().send().await.unwrap();
    let allocation = allocated.allocation_id().unwrap();
    let ip = allocated.public_ip().unwrap();
    let associated = client
        .associate_address()
        .allocation_id(allocation)
        .instance_id(id)
        .send()
        .await
        .unwrap();
    let seen = client
        .describe_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    let seen = &seen.reservations()[0].instances()[0];
    assert_eq!(seen.public_ip_address(), Some(ip));
    let found = client
        .describe_addresses()
        .filters(filter("instance-id", id))
        .send()
        .await
        .unwrap();
    assert_eq!(found.addresses()[0].public_ip(), Some(ip));
    let interfaces = client
        .describe_network_interfaces()
        .filters(filter("association.public-ip", ip))
        .send()
        .await
        .unwrap();
    let interface = &interfaces.network_interfaces()[0];
    let association = interface.association().unwrap();
    assert_eq!(association.allocation_id(), Some(allocation));
    let release = client.release_address().allocation_id(allocation);
    assert_eq!(
        message(release.clone().send().await),
        format!("Address {ip} is in use.")
    );
    client
        .disassociate_address()
        .association_id(associated.association_id().unwrap())
        .send()
        .await
        .unwrap();
    release.send().await.unwrap();
    let by_ip = client.describe_addresses().public_ips(ip).send();
    assert_eq!(code(by_ip.await), "InvalidAddress.NotFound");
    client
        .terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn elastic_ip_is_free_after_termination() {
    let (aws, client) = instant();
    let instance = instance_in(&client, &subnet(&client, "us-east-1a").await).await;
    let id = instance.instance_id().unwrap();
    let allocated = client.allocate_address().send().await.unwrap();
    let allocation = allocated.allocation_id().unwrap();
    client
        .associate_address()
        .allocation_id(allocation)
        .instance_id(id)
        .send()
        .await
        .unwrap();
    client
        .terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    let seen = client
        .describe_addresses()
        .allocation_ids(allocation)
        .send()
        .await
        .unwrap();
    assert_eq!(seen.addresses()[0].association_id(), None);
    assert_eq!(
        aws.leftovers()[0].to_string(),
        format!("EC2::EIP {allocation}")
    );
    let by_ip = client
        .release_address()
        .public_ip(allocated.public_ip().unwrap())
        .send();
    assert_eq!(code(by_ip.await), "InvalidParameterValue");
    client
        .release_address()
        .allocation_id(allocation)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn elastic_ip_needs_internet_gateway() {
    let (_, client) = instant();
    let vpc = new_vpc(&client).await;
    let subnet = new_subnet(&client, &vpc, "10.0.1.0/24").await;
    let instance = instance_in(&client, &subnet).await;
    let allocated = client.allocate_address().send().await.unwrap();
    let associated = client
        .associate_address()
        .allocation_id(allocated.allocation_id().unwrap())
        .instance_id(instance.instance_id().unwrap())
        .send();
    assert_eq!(code(associated.await), "Gateway.NotAttached");
}
