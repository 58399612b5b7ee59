//! Instance profiles at the launch of instances.

use std::time::Duration;

use aws_sdk_ec2::types::IamInstanceProfileSpecification;
use geusemaker_testkit::{Aws, Fault, Timings};

use super::{create_profile, create_role, refusal};

const IMAGE: &str = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";

type Launched = Result<
    aws_sdk_ec2::operation::run_instances::RunInstancesOutput,
    aws_sdk_ec2::error::SdkError<aws_sdk_ec2::operation::run_instances::RunInstancesError>,
>;

async fn launch(aws: &Aws, profile: IamInstanceProfileSpecification) -> Launched {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let run = ec2
        .run_instances()
        .image_id(IMAGE)
        .instance_type("t3.micro".into());
    let run = run.min_count(1).max_count(1);
    run.iam_instance_profile(profile).send().await
}

fn named(name: &str) -> IamInstanceProfileSpecification {
    IamInstanceProfileSpecification::builder()
        .name(name)
        .build()
}

fn with_arn(arn: &str) -> IamInstanceProfileSpecification {
    IamInstanceProfileSpecification::builder().arn(arn).build()
}

fn iam(aws: &Aws) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&aws.sdk_config())
}

#[track_caller]
fn message(launched: Launched) -> String {
    let (status, code, message) = refusal(launched);
    assert_eq!((status, &*code), (400, "InvalidParameterValue"));
    message
}

const UNKNOWN: &str = "Value (node) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name";

#[tokio::test(start_paused = true)]
async fn unknown_profile_is_refused() {
    let aws = Aws::new();
    assert_eq!(message(launch(&aws, named("node")).await), UNKNOWN);
    let arn = "arn:aws:iam::123456789012:instance-profile/node";
    assert_eq!(
        message(launch(&aws, with_arn(arn)).await),
        format!(
            "Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN"
        )
    );
    assert!(aws.leftovers().is_empty());
}

/// IAM shows the profile at once.
#[tokio::test(start_paused = true)]
async fn ec2_learns_of_new_profile_later() {
    for (timings, least, most) in [(Timings::Typical, 4, 16), (Timings::Slow, 149, 152)] {
        let aws = Aws::builder().timings(timings).build();
        create_profile(&iam(&aws), "node").await;
        let get = iam(&aws)
            .get_instance_profile()
            .instance_profile_name("node")
            .send();
        get.await.unwrap();
        let since = aws.clock().now();
        let mut messages = Vec::new();
        let launched = loop {
            match launch(&aws, named("node")).await {
                Err(error) => messages.push(message(Err(error))),
                Ok(launched) => break launched,
            }
        };
        let waited = aws.clock().now().duration_since(since).as_secs();
        assert!(
            (least..=most + 6).contains(&waited),
            "{timings:?}: {waited} s"
        );
        assert_eq!(messages[0], UNKNOWN);
        let arn = "arn:aws:iam::123456789012:instance-profile/node";
        let shown = launched.instances()[0].iam_instance_profile().unwrap();
        assert_eq!(shown.arn(), Some(arn));
        assert!(shown.id().unwrap().starts_with("AIPA"));
        launch(&aws, with_arn(arn)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn consistent_account_knows_new_profile() {
    let aws = Aws::builder().timings(Timings::Slow).consistent().build();
    create_profile(&iam(&aws), "node").await;
    launch(&aws, named("node")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn slow_fault_delays_new_profile() {
    let minute = Duration::from_secs(60);
    let aws = Aws::builder()
        .timings(Timings::Instant)
        .fault(Fault::on("CreateInstanceProfile").slow(minute))
        .build();
    create_profile(&iam(&aws), "node").await;
    assert_eq!(message(launch(&aws, named("node")).await), UNKNOWN);
    aws.clock().sleep(minute).await;
    launch(&aws, named("node")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn profile_without_role_is_refused() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let client = iam(&aws);
    create_role(&client, "node").await;
    let create = client.create_instance_profile();
    create.instance_profile_name("node").send().await.unwrap();
    assert_eq!(
        message(launch(&aws, named("node")).await),
        "IAM Instance Profile \"arn:aws:iam::123456789012:instance-profile/node\" has no associated IAM Roles"
    );
}

#[tokio::test(start_paused = true)]
async fn profile_in_use_can_be_deleted() {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let client = iam(&aws);
    create_profile(&client, "node").await;
    let launched = launch(&aws, named("node")).await.unwrap();
    let id = launched.instances()[0].instance_id().unwrap();
    let remove = client.remove_role_from_instance_profile();
    let remove = remove.instance_profile_name("node").role_name("node");
    remove.send().await.unwrap();
    let delete = client.delete_instance_profile();
    delete.instance_profile_name("node").send().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let found = ec2.describe_instances().instance_ids(id).send().await;
    let found = found.unwrap();
    let shown = found.reservations()[0].instances()[0].iam_instance_profile();
    assert!(shown.unwrap().arn().unwrap().ends_with("/node"));
}
