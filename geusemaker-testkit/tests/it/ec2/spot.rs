//! Spot requests.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    InstanceMarketOptionsRequest, MarketType, ResourceType, SpotInstanceRequest, SpotMarketOptions,
    Tag, TagSpecification,
};

use super::{code, filter, image, instant};

async fn run(client: &Client) -> RunInstancesFluentBuilder {
    let options = SpotMarketOptions::builder().max_price("0.5").build();
    let spot = InstanceMarketOptionsRequest::builder()
        .market_type(MarketType::Spot)
        .spot_options(options)
        .build();
    client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .instance_market_options(spot)
        .min_count(1)
        .max_count(1)
}

fn named(kind: ResourceType, name: &str) -> TagSpecification {
    let tag = Tag::builder().key("Name").value(name).build();
    TagSpecification::builder()
        .resource_type(kind)
        .tags(tag)
        .build()
}

/// Launches a spot instance and returns its id and the id of its request.
async fn launch(client: &Client) -> (String, String) {
    let run = run(client).await.send().await.unwrap();
    let instance = &run.instances()[0];
    let request = instance.spot_instance_request_id().unwrap();
    (
        instance.instance_id().unwrap().to_owned(),
        request.to_owned(),
    )
}

async fn request(client: &Client, id: &str) -> SpotInstanceRequest {
    let describe = client.describe_spot_instance_requests();
    let found = describe.spot_instance_request_ids(id).send().await.unwrap();
    found.spot_instance_requests()[0].clone()
}

fn state(request: &SpotInstanceRequest) -> (&str, &str) {
    let code = request.status().unwrap().code().unwrap();
    (request.state().unwrap().as_str(), code)
}

#[tokio::test(start_paused = true)]
async fn spot_request_ends_with_its_instance() {
    let (_, client) = instant();
    let (id, request_id) = launch(&client).await;
    let fulfilled = request(&client, &request_id).await;
    assert_eq!(state(&fulfilled), ("active", "fulfilled"));
    assert_eq!(fulfilled.instance_id(), Some(id.as_str()));
    assert_eq!(fulfilled.spot_price(), Some("0.500000"));
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    let closed = request(&client, &request_id).await;
    assert_eq!(state(&closed), ("closed", "instance-terminated-by-user"));
}

#[tokio::test(start_paused = true)]
async fn cancelled_spot_request_keeps_instance() {
    let (aws, client) = instant();
    let (_, request_id) = launch(&client).await;
    let cancel = client.cancel_spot_instance_requests();
    let cancelled = cancel.spot_instance_request_ids(&request_id).send().await;
    let cancelled = cancelled.unwrap();
    let item = &cancelled.cancelled_spot_instance_requests()[0];
    assert_eq!(item.state().unwrap().as_str(), "cancelled");
    assert_eq!(
        state(&request(&client, &request_id).await),
        ("cancelled", "request-canceled-and-instance-running")
    );
    assert_eq!(aws.leftovers()[0].kind, "EC2::Instance");
}

#[tokio::test(start_paused = true)]
async fn unknown_spot_request_is_refused() {
    let (_, client) = instant();
    let describe = client.describe_spot_instance_requests();
    let unknown = describe.spot_instance_request_ids("sir-01234567").send();
    assert_eq!(code(unknown.await), "InvalidSpotInstanceRequestID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn spot_request_is_tagged_at_launch() {
    let (_, client) = instant();
    let tags = named(ResourceType::SpotInstancesRequest, "bid");
    let tagged = run(&client).await.tag_specifications(tags.clone());
    tagged.send().await.unwrap();
    let found = client
        .describe_spot_instance_requests()
        .filters(filter("tag:Name", "bid"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.spot_instance_requests().len(), 1);
    let on_demand = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .tag_specifications(tags)
        .min_count(1)
        .max_count(1);
    assert_eq!(code(on_demand.send().await), "InvalidParameterCombination");
}
