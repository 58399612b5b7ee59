//! Internet gateways.

use super::{code, default_vpc, filter, instance_in, instant, message, new_vpc, subnet};

/// An attached gateway cannot be deleted.
#[tokio::test(start_paused = true)]
async fn gateway_is_attached_to_one_vpc() {
    let (aws, client) = instant();
    let vpc = new_vpc(&client).await;
    let created = client.create_internet_gateway().send().await.unwrap();
    let gateway = created.internet_gateway().unwrap();
    let gateway = gateway.internet_gateway_id().unwrap();
    let attach = client
        .attach_internet_gateway()
        .internet_gateway_id(gateway);
    let detach = client
        .detach_internet_gateway()
        .internet_gateway_id(gateway)
        .vpc_id(&vpc);
    assert_eq!(code(detach.clone().send().await), "Gateway.NotAttached");
    let taken = attach.clone().vpc_id(default_vpc(&client).await).send();
    assert!(message(taken.await).contains("already has an internet gateway attached"));
    attach.clone().vpc_id(&vpc).send().await.unwrap();
    assert_eq!(
        code(attach.vpc_id(&vpc).send().await),
        "Resource.AlreadyAssociated"
    );
    let found = client
        .describe_internet_gateways()
        .filters(filter("attachment.vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    let attachment = &found.internet_gateways()[0].attachments()[0];
    assert_eq!(attachment.state().unwrap().as_str(), "available");
    let delete = client
        .delete_internet_gateway()
        .internet_gateway_id(gateway);
    assert_eq!(code(delete.clone().send().await), "DependencyViolation");
    let delete_vpc = client.delete_vpc().vpc_id(&vpc);
    assert_eq!(code(delete_vpc.clone().send().await), "DependencyViolation");
    detach.send().await.unwrap();
    delete.clone().send().await.unwrap();
    assert_eq!(
        code(delete.send().await),
        "InvalidInternetGatewayID.NotFound"
    );
    delete_vpc.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

/// A public address in the VPC keeps the gateway attached.
#[tokio::test(start_paused = true)]
async fn gateway_in_use_cannot_be_detached() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let instance = instance_in(&client, &subnet(&client, "us-east-1a").await).await;
    let gateways = client.describe_internet_gateways().send().await.unwrap();
    let detach = client
        .detach_internet_gateway()
        .internet_gateway_id(
            gateways.internet_gateways()[0]
                .internet_gateway_id()
                .unwrap(),
        )
        .vpc_id(vpc);
    assert_eq!(code(detach.clone().send().await), "DependencyViolation");
    client
        .terminate_instances()
        .instance_ids(instance.instance_id().unwrap())
        .send()
        .await
        .unwrap();
    detach.send().await.unwrap();
}
