//! Network interfaces created by callers, with instances and by services.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AttributeValue, NetworkInterface, NetworkInterfaceAttachmentChanges, NetworkInterfaceStatus,
};

use super::{code, filter, group, instance_in, instant, message, subnet};

async fn new_interface(client: &Client, subnet: &str) -> NetworkInterface {
    let created = client
        .create_network_interface()
        .subnet_id(subnet)
        .description("of a test")
        .send()
        .await
        .unwrap();
    created.network_interface().unwrap().clone()
}

async fn described(client: &Client, filter_name: &str, value: &str) -> Vec<NetworkInterface> {
    let found = client
        .describe_network_interfaces()
        .filters(filter(filter_name, value))
        .send();
    found.await.unwrap().network_interfaces().to_vec()
}

/// A new interface has the default group; its description can be changed too.
#[tokio::test(start_paused = true)]
async fn interface_groups_can_be_replaced() {
    let (aws, client) = instant();
    let subnet = subnet(&client, "us-east-1a").await;
    let new = new_interface(&client, &subnet).await;
    let id = new.network_interface_id().unwrap();
    assert_eq!(
        aws.leftovers()[0].to_string(),
        format!("EC2::NetworkInterface {id}")
    );
    assert_eq!(new.status(), Some(&NetworkInterfaceStatus::Available));
    assert_eq!(new.groups()[0].group_name(), Some("default"));
    assert!(new.attachment().is_none());
    let held = group(&client, "held").await;
    let modify = client
        .modify_network_interface_attribute()
        .network_interface_id(id);
    modify.clone().groups(&held).send().await.unwrap();
    for (name, value) in [
        ("group-id", held.as_str()),
        ("status", "available"),
        ("description", "of a *"),
        ("subnet-id", &subnet),
        ("private-ip-address", new.private_ip_address().unwrap()),
        ("mac-address", new.mac_address().unwrap()),
    ] {
        let found = described(&client, name, value).await;
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].network_interface_id(), Some(id), "{name}");
    }
    let delete_group = client.delete_security_group().group_id(&held);
    assert_eq!(
        code(delete_group.clone().send().await),
        "DependencyViolation"
    );
    let text = AttributeValue::builder().value("another text").build();
    modify.description(text).send().await.unwrap();
    let attribute = client
        .describe_network_interface_attribute()
        .network_interface_id(id)
        .attribute("description".into())
        .send()
        .await
        .unwrap();
    let attribute = attribute.description().unwrap();
    assert_eq!(attribute.value(), Some("another text"));
    client
        .delete_network_interface()
        .network_interface_id(id)
        .send()
        .await
        .unwrap();
    delete_group.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn private_address_must_be_free_in_subnet() {
    let (_, client) = instant();
    let subnet = subnet(&client, "us-east-1a").await;
    let create = |address: &str| {
        client
            .create_network_interface()
            .subnet_id(&subnet)
            .private_ip_address(address)
            .send()
    };
    create("172.31.0.9").await.unwrap();
    assert_eq!(code(create("172.31.0.9").await), "InvalidIPAddress.InUse");
    for address in ["172.31.0.1", "10.0.0.9"] {
        assert_eq!(code(create(address).await), "InvalidParameterValue");
    }
}

/// Terminating the instance leaves the second interface behind.
#[tokio::test(start_paused = true)]
async fn second_interface_can_be_attached() {
    let (aws, client) = instant();
    let subnet = subnet(&client, "us-east-1a").await;
    let instance = instance_in(&client, &subnet).await;
    let instance = instance.instance_id().unwrap();
    let second = new_interface(&client, &subnet).await;
    let second = second.network_interface_id().unwrap();
    let attach = client
        .attach_network_interface()
        .instance_id(instance)
        .network_interface_id(second);
    let taken = attach.clone().device_index(0).send();
    assert_eq!(code(taken.await), "InvalidParameterValue");
    attach.clone().device_index(1).send().await.unwrap();
    assert_eq!(
        code(attach.device_index(2).send().await),
        "InvalidNetworkInterface.InUse"
    );
    let attached = described(&client, "attachment.instance-id", instance).await;
    assert_eq!(attached.len(), 2);
    let delete = client
        .delete_network_interface()
        .network_interface_id(second);
    assert_eq!(
        message(delete.clone().send().await),
        format!("Network interface '{second}' is currently in use.")
    );
    let seen = client.describe_instances().instance_ids(instance).send();
    let seen = seen.await.unwrap();
    let seen = seen.reservations()[0].instances()[0].network_interfaces();
    assert_eq!(seen[1].network_interface_id(), Some(second));
    client
        .terminate_instances()
        .instance_ids(instance)
        .send()
        .await
        .unwrap();
    // The interface attached later stays behind; the instance's primary interface is deleted with it.
    let left = described(&client, "status", "available").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].network_interface_id(), Some(second));
    delete.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

/// The interface can be kept when its instance is terminated.
#[tokio::test(start_paused = true)]
async fn primary_interface_cannot_be_detached() {
    let (aws, client) = instant();
    let instance = instance_in(&client, &subnet(&client, "us-east-1a").await).await;
    let id = instance.instance_id().unwrap();
    let own = &instance.network_interfaces()[0];
    let attachment = own.attachment().unwrap().attachment_id().unwrap();
    let detached = client
        .detach_network_interface()
        .attachment_id(attachment)
        .send();
    assert_eq!(code(detached.await), "OperationNotPermitted");
    let keep = NetworkInterfaceAttachmentChanges::builder()
        .attachment_id(attachment)
        .delete_on_termination(false)
        .build();
    let own = own.network_interface_id().unwrap();
    client
        .modify_network_interface_attribute()
        .network_interface_id(own)
        .attachment(keep)
        .send()
        .await
        .unwrap();
    client
        .terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        aws.leftovers()[0].to_string(),
        format!("EC2::NetworkInterface {own}")
    );
    client
        .delete_network_interface()
        .network_interface_id(own)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

/// Only the service that created the interface may change it.
#[tokio::test(start_paused = true)]
async fn service_interface_cannot_be_changed() {
    let (aws, client) = instant();
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let system = efs.create_file_system().creation_token("t").send();
    let system = system.await.unwrap();
    efs.create_mount_target()
        .file_system_id(system.file_system_id())
        .subnet_id(subnet(&client, "us-east-1a").await)
        .send()
        .await
        .unwrap();
    let found = described(&client, "requester-managed", "true").await;
    let interface = &found[0];
    let id = interface.network_interface_id().unwrap();
    let attachment = interface.attachment().unwrap().attachment_id().unwrap();
    assert!(attachment.starts_with("ela-attach-"));
    let detached = client
        .detach_network_interface()
        .attachment_id(attachment)
        .send();
    assert_eq!(
        message(detached.await),
        "You are not allowed to manage 'ela-attach' attachments."
    );
    let deleted = client
        .delete_network_interface()
        .network_interface_id(id)
        .send();
    assert_eq!(code(deleted.await), "InvalidParameterValue");
    let modified = client
        .modify_network_interface_attribute()
        .network_interface_id(id)
        .groups(group(&client, "other").await)
        .send();
    assert_eq!(code(modified.await), "AuthFailure");
}

#[tokio::test(start_paused = true)]
async fn ids_and_pages_exclude_each_other() {
    let (_, client) = instant();
    let found = client
        .describe_network_interfaces()
        .network_interface_ids("eni-0123456789abcdef0")
        .max_results(5)
        .send();
    assert_eq!(code(found.await), "InvalidParameterCombination");
}
