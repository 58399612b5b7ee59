//! The simulated EC2, driven by the unmodified SDK client.

mod capacity_reservation;
mod catalog;
mod elastic_address;
mod instance;
mod internet_gateway;
mod key_pair;
mod launch;
mod lifecycle;
mod nat_gateway;
mod network;
mod network_interface;
mod route_table;
mod security_group;
mod security_group_rule;
mod spot;
mod stopping;
mod subnet;
mod tags;
mod volume;
mod vpc;
mod vpc_endpoint;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::Filter;
use geusemaker_testkit::{Aws, AwsBuilder, Timings};

/// Builds an account and a client for it.
fn account(builder: AwsBuilder) -> (Aws, Client) {
    let aws = builder.build();
    let client = Client::new(&aws.sdk_config());
    (aws, client)
}

/// Builds an account in which nothing takes time, and a client for it.
fn instant() -> (Aws, Client) {
    account(Aws::builder().timings(Timings::Instant))
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Returns AWS's error code of a call that must have been refused.
fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> String {
    let error = result.expect_err("the call was to be refused");
    error.code().unwrap_or_default().to_owned()
}

/// Returns the error message of a call that must have been refused.
fn message<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> String {
    let error = result.expect_err("the call was to be refused");
    error.message().unwrap_or_default().to_owned()
}

/// Returns the newest Deep Learning image for an architecture.
async fn image(client: &Client, architecture: &str) -> String {
    let found = client
        .describe_images()
        .owners("amazon")
        .filters(filter("name", "Deep Learning*(Ubuntu 24.04) 20261009"))
        .filters(filter("architecture", architecture))
        .send()
        .await
        .unwrap();
    found.images()[0].image_id().unwrap().to_owned()
}

/// Returns the default subnet of a zone.
async fn subnet(client: &Client, zone: &str) -> String {
    let found = client
        .describe_subnets()
        .filters(filter("availability-zone", zone))
        .filters(filter("default-for-az", "true"))
        .send()
        .await
        .unwrap();
    found.subnets()[0].subnet_id().unwrap().to_owned()
}

/// Launches an instance with default settings in a subnet and returns its id.
async fn launch_in(client: &Client, subnet: &str) -> String {
    let run = client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .subnet_id(subnet)
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    run.instances()[0].instance_id().unwrap().to_owned()
}

/// Launches an instance in the default subnet of a zone and returns its id.
async fn launch_in_zone(client: &Client, zone: &str) -> String {
    launch_in(client, &subnet(client, zone).await).await
}

/// Returns the present description of an instance.
async fn describe_instance(client: &Client, id: &str) -> aws_sdk_ec2::types::Instance {
    let described = client.describe_instances().instance_ids(id).send();
    described.await.unwrap().reservations()[0].instances()[0].clone()
}

/// Launches an instance in a subnet and returns its description.
async fn instance_in(client: &Client, subnet: &str) -> aws_sdk_ec2::types::Instance {
    describe_instance(client, &launch_in(client, subnet).await).await
}

/// Creates a VPC with the block 10.0.0.0/16.
async fn new_vpc(client: &Client) -> String {
    let created = client.create_vpc().cidr_block("10.0.0.0/16").send().await;
    created.unwrap().vpc().unwrap().vpc_id().unwrap().to_owned()
}

/// Creates a subnet in a VPC.
async fn new_subnet(client: &Client, vpc: &str, cidr: &str) -> String {
    let created = client
        .create_subnet()
        .vpc_id(vpc)
        .cidr_block(cidr)
        .availability_zone("us-east-1a")
        .send()
        .await
        .unwrap();
    created.subnet().unwrap().subnet_id().unwrap().to_owned()
}

/// Returns the default VPC.
async fn default_vpc(client: &Client) -> String {
    let found = client
        .describe_vpcs()
        .filters(filter("is-default", "true"))
        .send()
        .await
        .unwrap();
    found.vpcs()[0].vpc_id().unwrap().to_owned()
}

/// Attaches a new internet gateway to a VPC and returns its id.
async fn attach_gateway(client: &Client, vpc: &str) -> String {
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

/// Allocates an elastic address and returns its allocation id.
async fn allocate(client: &Client) -> String {
    let allocated = client.allocate_address().send().await.unwrap();
    allocated.allocation_id().unwrap().to_owned()
}

/// Creates a security group in the default VPC.
async fn group(client: &Client, name: &str) -> String {
    let created = client
        .create_security_group()
        .group_name(name)
        .description("group of a test")
        .vpc_id(default_vpc(client).await)
        .send()
        .await
        .unwrap();
    created.group_id().unwrap().to_owned()
}
